"""What `make install` puts down is complete, works where it lies, and goes away again."""
from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from installation import ROOT, Installation, make

PROGRAM = """\
#include <stdio.h>
#include <scsi.h>
static int ok_disk(void *ctx, berth_call *call, const scsi_disk *disk) { (void)ctx; (void)call; (void)disk; return 0; }
static int ok_mount(void *ctx, berth_call *call, const scsi_mount *mount) { (void)ctx; (void)call; (void)mount; return 0; }
int main()
{
    scsi_backend backend = {};
    backend.version = SCSI_BACKEND_VERSION;
    backend.vm.add_disk = ok_disk;
    backend.vm.remove_disk = ok_disk;
    backend.guest.mount = ok_mount;
    backend.guest.unmount = ok_mount;
    scsi *disks;
    if (scsi_create(NULL, &backend, NULL, &disks) < 0 || scsi_destroy(disks) < 0)
        return 1;
    puts(berth_version());
    return 0;
}
"""


def version() -> str:
    text = (ROOT / "runtime/include/berth/berth.h").read_text(encoding="utf-8")
    return text.split('#define BERTH_VERSION "')[1].split('"')[0]


@pytest.mark.parametrize("linking", ["", "-static-libgcc -Wl,-Bstatic -lberth -Wl,-Bdynamic"], ids=["shared", "static"])
@pytest.mark.parametrize("compiler", ["gcc -std=c17", "clang -std=c17", "g++ -std=c++17", "clang++ -std=c++17"])
def test_a_program_builds_against_it(installed: Installation, tmp_path: Path, compiler: str, linking: str) -> None:
    source = "main.cc" if "++" in compiler else "main.c"
    (tmp_path / source).write_text(PROGRAM, encoding="utf-8")
    done = installed.run(
        f"berthc gen -o . '{installed.prefix}/share/berth/spec/scsi.yaml' && "
        "gcc -std=c11 -Wall -Wextra -Werror $(pkg-config --cflags berth) -c scsi/scsi.c && "
        f"{compiler} -Wall -Wextra -Werror -Iscsi $(pkg-config --cflags berth) {source} scsi.o {linking} $(pkg-config --libs berth) -o program && "
        "./program", tmp_path)
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1] == version()


def test_pkg_config_knows_the_version(installed: Installation, tmp_path: Path) -> None:
    assert installed.run("pkg-config --modversion berth berth-testing", tmp_path).stdout.split() == [version()] * 2


@pytest.mark.parametrize("header", ["berth", "backend", "table"])
@pytest.mark.parametrize("compiler", ["gcc -xc -std=c11", "clang -xc -std=c11", "g++ -xc++ -std=c++11", "clang++ -xc++ -std=c++11"])
def test_each_header_stands_alone(installed: Installation, tmp_path: Path, compiler: str, header: str) -> None:
    done = installed.run(f"echo '#include <berth/{header}.h>' | {compiler} -Wall -Wextra -Wpedantic -Werror $(pkg-config --cflags berth) -fsyntax-only -", tmp_path)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("library", [("-D", "libberth.so"), ("-g", "libberth.a")])
def test_the_libraries_export_what_the_headers_declare(installed: Installation, library: tuple[str, str]) -> None:
    """And what specialized managers need, but nothing else: a program may have a map_insert() of its own."""
    symbols = subprocess.run(["nm", library[0], "--defined-only", str(installed.prefix / "lib" / library[1])], capture_output=True, text=True, check=True)
    exported = {line.split()[2].split("@")[0] for line in symbols.stdout.splitlines() if re.match("[0-9a-f]+ [TDBRVW] ", line)}
    headers = "".join(path.read_text(encoding="utf-8") for path in (installed.prefix / "include/berth").glob("*.h"))
    assert {"berth_manager_run", "berth_complete", "berth_error_text", "berth_now"} <= exported
    assert {name for name in exported if f"{name}(" not in headers and not name.startswith("berth_private_")} == set()


def test_the_soname_is_the_major_version(installed: Installation) -> None:
    dynamic = subprocess.run(["objdump", "-p", str(installed.prefix / "lib/libberth.so")], capture_output=True, text=True, check=True)
    assert f"libberth.so.{version().split('.')[0]}" in dynamic.stdout.split("SONAME")[1].split()[0]


def test_the_compiler_survives_a_move(installed: Installation, tmp_path: Path) -> None:
    subprocess.run(["cp", "-a", str(installed.prefix), str(tmp_path / "moved")], check=True)
    done = installed.run(f"'{tmp_path}/moved/bin/berthc' check '{tmp_path}/moved/share/berth/spec/vpci.yaml'", tmp_path)
    assert done.returncode == 0, done.stdout


def test_a_staged_installation_names_the_final_prefix(tmp_path: Path) -> None:
    assert make("install", f"DESTDIR={tmp_path}", "PREFIX=/opt/berth").returncode == 0
    text = (tmp_path / "opt/berth/lib/pkgconfig/berth.pc").read_text(encoding="utf-8")
    assert "prefix=/opt/berth\n" in text and str(tmp_path) not in text


def test_uninstall_leaves_nothing(tmp_path: Path) -> None:
    assert make("install", f"DESTDIR={tmp_path}", "PREFIX=/usr").returncode == 0
    assert sum(path.is_file() for path in tmp_path.rglob("*")) > 20
    assert make("uninstall", f"DESTDIR={tmp_path}", "PREFIX=/usr").returncode == 0
    assert [path for path in tmp_path.rglob("*") if not path.is_dir()] == []
