"""What `make install` puts down is complete, works where it lies, and goes away again."""
from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from installation import ROOT, Installation, make, version

PROGRAM = """\
#include <stdio.h>
#include <scsi.h>
static int ok_disk(void *ctx, berth_call *call, const scsi_disk *disk)
{
    (void)ctx; (void)call; (void)disk;
    return 0;
}
static int ok_mount(void *ctx, berth_call *call, const scsi_mount *mount)
{
    (void)ctx; (void)call; (void)mount;
    return 0;
}
int main()
{
    scsi_backend backend = {};
    backend.version = SCSI_BACKEND_VERSION;
    backend.vm.add_disk = ok_disk;
    backend.vm.remove_disk = ok_disk;
    backend.guest.mount = ok_mount;
    backend.guest.unmount = ok_mount;
    scsi *disks;
    if (scsi_create(NULL, &backend, NULL, &disks, NULL) < 0 || scsi_destroy(disks, NULL) < 0)
        return 1;
    puts(berth_version());
    return 0;
}
"""


def each(*commands: str) -> list[object]:
    """Commands of compilers, for parametrize; those of clang are for `make ci`."""
    return [
        pytest.param(command, marks=pytest.mark.long if command.startswith("clang") else [])
        for command in commands
    ]


@pytest.mark.parametrize(
    "linking", ["", "-static-libgcc -Wl,-Bstatic -lberth -Wl,-Bdynamic"], ids=["shared", "static"]
)
@pytest.mark.parametrize(
    "compiler", each("gcc -std=c17", "clang -std=c17", "g++ -std=c++17", "clang++ -std=c++17")
)
def test_a_program_builds_against_it(
    installed: Installation, tmp_path: Path, compiler: str, linking: str
) -> None:
    source = "main.cc" if "++" in compiler else "main.c"
    (tmp_path / source).write_text(PROGRAM, encoding="utf-8")
    done = installed.run(
        (
            f"berthc gen -o . '{installed.prefix}/share/berth/spec/scsi.yaml' && gcc -std=c11 -Wall"
            f" -Wextra -Werror $(pkg-config --cflags berth) -c scsi/scsi.c && {compiler} -Wall"
            f" -Wextra -Werror -Iscsi $(pkg-config --cflags berth) {source} scsi.o"
            f" {linking} $(pkg-config --libs berth) -o program && ./program"
        ),
        tmp_path,
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1] == version()


def test_pkg_config_knows_the_version(installed: Installation, tmp_path: Path) -> None:
    assert (
        installed.run("pkg-config --modversion berth berth-testing", tmp_path).stdout.split()
        == [version()] * 2
    )


@pytest.mark.parametrize("header", ["berth", "backend", "table"])
@pytest.mark.parametrize(
    "compiler",
    each(
        "gcc -xc -std=c11", "clang -xc -std=c11", "g++ -xc++ -std=c++11", "clang++ -xc++ -std=c++11"
    ),
)
def test_each_header_stands_alone(
    installed: Installation, tmp_path: Path, compiler: str, header: str
) -> None:
    done = installed.run(
        (
            f"echo '#include <berth/{header}.h>' | {compiler} -Wall -Wextra -Wpedantic -Werror"
            " $(pkg-config --cflags berth) -fsyntax-only -"
        ),
        tmp_path,
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("library", [("-D", "libberth.so"), ("-g", "libberth.a")])
def test_the_libraries_export_what_the_headers_declare(
    installed: Installation, library: tuple[str, str]
) -> None:
    """And nothing else: a program may have a map_insert() of its own."""
    symbols = subprocess.run(
        ["nm", library[0], "--defined-only", str(installed.prefix / "lib" / library[1])],
        capture_output=True,
        text=True,
        check=True,
    )
    exported = {
        line.split()[2].split("@")[0]
        for line in symbols.stdout.splitlines()
        if re.match("[0-9a-f]+ [TDBRVW] ", line)
    }
    headers = "".join(
        path.read_text(encoding="utf-8")
        for path in (installed.prefix / "include/berth").glob("*.h")
    )
    assert {"berth_manager_run", "berth_complete", "berth_error_text", "berth_now"} <= exported
    assert {name for name in exported if f"{name}(" not in headers} == set()


def test_the_soname_is_the_major_version(installed: Installation) -> None:
    dynamic = subprocess.run(
        ["objdump", "-p", str(installed.prefix / "lib/libberth.so")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"libberth.so.{version().split('.')[0]}" in dynamic.stdout.split("SONAME")[1].split()[0]


def test_the_compiler_survives_a_move(installed: Installation, tmp_path: Path) -> None:
    subprocess.run(["cp", "-a", str(installed.prefix), str(tmp_path / "moved")], check=True)
    done = installed.run(
        f"'{tmp_path}/moved/bin/berthc' check '{tmp_path}/moved/share/berth/spec/vpci.yaml'",
        tmp_path,
    )
    assert done.returncode == 0, done.stdout


def test_the_schema_for_editors_is_where_the_compiler_says(
        installed: Installation, tmp_path: Path) -> None:
    done = installed.run("berthc schema", tmp_path)
    path = Path(done.stdout.rstrip("\n"))
    assert path == installed.prefix / "share/berth/spec/schema/berth.schema.json"
    assert path.read_bytes() == (ROOT / "spec/schema/berth.schema.json").read_bytes()
    page = (ROOT / "docs/editor.md").read_text(encoding="utf-8")
    command = page.split("```sh\n")[1].split("```")[0]
    shutil.copy(ROOT / "examples/minimal/net.yaml", tmp_path)
    done = installed.run(f"{command}berthc check --static net.yaml", tmp_path)
    assert done.returncode == 0, done.stdout
    first, rest = (tmp_path / "net.yaml").read_text(encoding="utf-8").split("\n", 1)
    assert first == f"# yaml-language-server: $schema={path}"
    assert rest == (ROOT / "examples/minimal/net.yaml").read_text(encoding="utf-8")


def test_the_compiler_searches_the_runtime_that_comes_with_it(
    installed: Installation, tmp_path: Path
) -> None:
    """With another cache than the user's: the search is compiled from what is installed."""
    done = installed.run(
        f"BERTH_CACHE='{tmp_path}/cache' berthc check --engine c"
        f" '{installed.prefix}/share/berth/spec/scsi.yaml'", tmp_path)
    assert done.returncode == 0, done.stdout
    assert any(path.name.startswith("search-") for path in (tmp_path / "cache").iterdir())


def files(folder: Path) -> set[str]:
    """Files and links below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def test_a_staged_installation_names_the_final_prefix(tmp_path: Path) -> None:
    assert make("install", f"DESTDIR={tmp_path}", "PREFIX=/opt/berth").returncode == 0
    text = (tmp_path / "opt/berth/lib/pkgconfig/berth.pc").read_text(encoding="utf-8")
    assert "prefix=/opt/berth\n" in text and str(tmp_path) not in text


def test_a_relative_prefix_counts_from_the_current_folder(tmp_path: Path) -> None:
    relative = os.path.relpath(tmp_path / "here", ROOT)
    done = make("install-runtime", f"PREFIX={relative}")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "here/lib/pkgconfig/berth.pc").read_text(encoding="utf-8")
    assert f"prefix={tmp_path}/here\n" in text
    assert (
        make("install-runtime", f"DESTDIR={tmp_path}/stage", f"PREFIX={relative}").returncode == 0
    )
    assert files(tmp_path / f"stage{tmp_path}/here") == files(tmp_path / "here")
    assert make("uninstall", f"PREFIX={relative}").returncode == 0
    assert files(tmp_path / "here") == set()


@pytest.mark.parametrize(
    "part", ["install", "install-runtime", "install-compiler", "install-testing", "install-docs"]
)
def test_the_source_tree_is_no_place_to_install_into(part: str, tmp_path: Path) -> None:
    """A clone at ~/berth, and PREFIX=$HOME/berth; also by another name."""
    (tmp_path / "link").symlink_to(ROOT)
    for prefix in (ROOT, tmp_path / "link"):
        done = make(part, f"PREFIX={prefix}")
        assert done.returncode != 0
        assert "PREFIX is this source tree: choose another folder" in done.stderr
        assert not (ROOT / "share").exists()


@pytest.mark.parametrize("name", ["with a blank", "it's && here", "back|slash & more"])
def test_prefixes_may_have_blanks_and_other_characters_of_the_shell(
    name: str, tmp_path: Path
) -> None:
    prefix = tmp_path / name
    done = make("install", f"PREFIX={prefix}")
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {name}
    one = Installation(prefix)
    done = one.run(f'berthc gen -q -o net.c "{ROOT}/examples/minimal/net.yaml" && '
                   'eval "cc net.c -c $(pkg-config --cflags berth)"', tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / "net.o").exists()
    assert make("uninstall", f"PREFIX={prefix}").returncode == 0
    assert files(prefix) == set()


def test_a_folder_of_packagers_may_have_blanks(tmp_path: Path) -> None:
    stage = tmp_path / "a stage"
    assert make("install", f"DESTDIR={stage}", "PREFIX=/opt/my berth").returncode == 0
    assert "lib/libberth.a" in files(stage / "opt/my berth")
    assert make("uninstall", f"DESTDIR={stage}", "PREFIX=/opt/my berth").returncode == 0
    assert files(stage) == set()


def test_what_only_tests_need_comes_with_their_pkg_config_file(
    installed: Installation, tmp_path: Path
) -> None:
    """Whoever names berth-testing and nothing else can link a generated test and a simulator."""
    done = installed.run(
        f"berthc gen -q --sim -o net.c '{ROOT}/examples/minimal/net.yaml' && "
        f"berthc tests -q -o t.c '{ROOT}/examples/minimal/net.yaml' && "
        "cc t.c net.c $(pkg-config --cflags --libs berth-testing) -o t && ./t >t.log 2>&1 && "
        "cc net-sim.c net.c $(pkg-config --cflags --libs berth-testing) -o sim && "
        "echo '{\"op\": \"drain\"}' | ./sim", tmp_path)
    assert done.returncode == 0 and '"ok":true' in done.stdout, done.stdout
    assert "net: rows taken in full" in (tmp_path / "t.log").read_text(encoding="utf-8")


def test_the_runtime_alone_has_nothing_of_tests_and_compiler(tmp_path: Path) -> None:
    assert make("install-runtime", f"PREFIX={tmp_path}").returncode == 0
    made = files(tmp_path)
    assert {"include/berth/berth.h", "lib/libberth.a", "lib/libberth.so", "lib/pkgconfig/berth.pc",
            "share/doc/berth/LICENSE"} <= made
    other = ("testing", "bin/", "python", "spec/", "suite.h", "sim.h")
    assert [name for name in made if any(word in name for word in other)] == []


@pytest.fixture(scope="module")
def without_json(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Settings of make for a machine that has no json-c, with a build folder of its own."""
    folder = tmp_path_factory.mktemp("without")
    (folder / "json-c").mkdir()
    (folder / "json-c/json.h").write_text("#error not here\n", encoding="utf-8")
    return [f"CPPFLAGS=-I{folder}", f"BUILD={os.path.relpath(folder / 'build', ROOT)}"]


def test_without_json_c_installing_all_fails_before_anything_is_there(
    without_json: list[str], tmp_path: Path
) -> None:
    for target in ("install", "install-testing"):
        done = make(target, *without_json, f"PREFIX={tmp_path}")
        assert done.returncode != 0
        assert done.stderr.startswith("<json-c/json.h> is missing, which libberth-testing needs")
        assert "make install-runtime install-compiler install-docs" in done.stderr
        assert files(tmp_path) == set()


def test_without_json_c_all_else_can_be_installed(without_json: list[str], tmp_path: Path) -> None:
    parts = ("install-runtime", "install-compiler", "install-docs")
    done = make(*parts, *without_json, f"PREFIX={tmp_path}")
    assert done.returncode == 0, done.stderr
    assert not any("testing" in name for name in files(tmp_path) if name.startswith("lib/"))
    done = Installation(tmp_path).run(
        "berthc gen -q -o net.c share/doc/berth/examples/minimal/net.yaml && "
        "cc share/doc/berth/examples/minimal/main.c net.c -I. "
        "$(pkg-config --cflags --libs berth) -o net && ./net", tmp_path)
    assert done.returncode == 0 and "second is gone" in done.stdout, done.stdout


def test_the_program_of_the_page_about_qemu_builds_against_what_is_installed(
    tmp_path: Path,
) -> None:
    parts = ("install-runtime", "install-compiler", "install-qemu")
    done = make(*parts, f"PREFIX={tmp_path}/to")
    assert done.returncode == 0, done.stderr
    page = (ROOT / "docs/qemu.md").read_text(encoding="utf-8")
    program = page.split("<!-- program -->\n```c\n")[1].split("```")[0]
    (tmp_path / "main.c").write_text(program, encoding="utf-8")
    done = Installation(tmp_path / "to").run(
        f"berthc gen -q -o . '{tmp_path}/to/share/berth/spec/scsi.yaml' && "
        "gcc -std=c11 -Wall -Wextra -Werror -Iscsi main.c scsi/scsi.c "
        "$(pkg-config --cflags --libs berth-qemu) -o share && "
        "{ ./share none.sock none.sock none.img; echo $?; "
        "$(pkg-config --variable=agent berth-qemu) --fd; echo $?; }", tmp_path)
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines() == [
        "none.sock: No such file or directory", "1", "usage: berth-agent [FILE | --fd NUMBER]", "2"
    ]
    assert make("uninstall", f"PREFIX={tmp_path}/to").returncode == 0
    assert files(tmp_path / "to") == set()


def test_without_json_c_the_backend_for_qemu_is_refused(
    without_json: list[str], tmp_path: Path
) -> None:
    done = make("install-qemu", *without_json, f"PREFIX={tmp_path}")
    assert done.returncode != 0 and "<json-c/json.h> is missing" in done.stderr
    assert files(tmp_path) == set()


STORED = """\
berth: 1
manager: net
brief: Taps that survive.
store: true
backend:
  host:
    up: {on: tap, repeatable: true, brief: Make the tap.}
    down: {on: tap, undoes: host.up, repeatable: true, brief: Take it away.}
resources:
  tap:
    brief: A tap.
    key: [name]
    fields:
      name: {type: string, required: true, max_length: 15, brief: Its name.}
    holders: {take: hold, drop: leave}
    initial: fresh
    states:
      fresh:
        brief: Not there.
        on:
          hold: stay
          use: {call: host.up, ok: there, fail: fresh, uncertain: lost}
          leave: gone
      there:
        brief: There.
        on:
          hold: stay
          use: stay
          leave: {call: host.down, ok: gone, fail: there, uncertain: lost}
      lost:
        brief: Nobody knows.
        on:
          hold: {reject: EBUSY}
          use: {call: host.up, ok: there, fail: lost, uncertain: lost}
          leave: {call: host.down, ok: gone, fail: lost, uncertain: lost}
      gone: {final: true, brief: Over.}
operations:
  open_tap: {brief: Reserve a tap., obtain: [tap], gives: reservation}
  use: {brief: Make it., with: reservation, do: [tap.use]}
  close: {brief: Let go., with: reservation, do: [tap.leave], ends: reservation}
"""
SURVIVOR = """\
#include <errno.h>
#include <stdio.h>
#include <berth_sqlite.h>
#include "net.h"

static int up(void *ctx, berth_call *call, const net_tap *tap) { return 0; }

int main(void)
{
    const net_backend backend = {.version = NET_BACKEND_VERSION, .host = {.up = up, .down = up}};
    berth_sqlite *store = berth_sqlite_create("net.db", NULL);
    net_tap_config tap = {.name = "tap0"};
    net *manager;
    uuid_t id = {7};
    int rc = net_open(NULL, &backend, NULL, berth_sqlite_store(store), &manager, NULL);

    if (rc == 0)
        rc = net_recover(manager, BERTH_NO_DEADLINE, NULL);
    if (rc == 0)
        rc = net_open_tap(manager, &tap, id, "first", NULL);
    puts(rc == 0 ? "ok" : berth_errno_name(rc));
    return 0;
}
"""


def test_a_manager_survives_with_the_installed_store(tmp_path: Path) -> None:
    parts = ("install-runtime", "install-compiler", "install-sqlite")
    done = make(*parts, f"PREFIX={tmp_path}/to")
    assert done.returncode == 0, done.stderr
    (tmp_path / "main.c").write_text(SURVIVOR, encoding="utf-8")
    (tmp_path / "net.yaml").write_text(STORED, encoding="utf-8")
    done = Installation(tmp_path / "to").run(
        "berthc gen -q -o net.c net.yaml && "
        "cc main.c net.c -I. $(pkg-config --cflags --libs berth-sqlite) -o net && "
        "./net && ./net && berthc store net.db net.yaml", tmp_path)
    assert done.returncode == 0, done.stdout
    ok, exists, whose, *_ = done.stdout.splitlines()
    assert (ok, exists) == ("ok", "EEXIST")
    assert whose.startswith("manager net, ") and "epoch 2, commit 1" in whose
    assert make("uninstall", f"PREFIX={tmp_path}/to").returncode == 0
    assert files(tmp_path / "to") == set()


def test_licence_documentation_and_examples_are_installed(installed: Installation) -> None:
    there = files(installed.prefix / "share/doc/berth")
    assert {
        "LICENSE", "README.md", "CHANGELOG.md", "docs/tutorial.md", "docs/managers/scsi/README.md",
        "examples/minimal/net.yaml", "examples/minimal/main.c",
    } <= there
    wanted = {f"{folder}/{name}" for folder in ("docs", "examples")
              for name in files(ROOT / folder) if "build" not in Path(name).parts}
    assert wanted == {name for name in there if name.startswith(("docs/", "examples/"))}
    assert not any(path.is_symlink() for path in (installed.prefix / "share").rglob("*"))


def test_uninstall_takes_away_what_was_installed_and_nothing_else(tmp_path: Path) -> None:
    own = {"bin/mine", "include/berth/mine.h", "lib/libmine.a", "lib/pkgconfig/mine.pc",
           "share/berth/spec/mine.yaml", "share/doc/berth/mine.txt", "share/mine"}
    for name in own:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("mine\n", encoding="utf-8")
    for _ in range(2):  # installing again changes nothing
        assert make("install", f"PREFIX={tmp_path}").returncode == 0
    assert len(files(tmp_path)) > 150
    compiled = Installation(tmp_path).run(
        "env -u PYTHONDONTWRITEBYTECODE -u PYTHONPYCACHEPREFIX berthc --version", tmp_path)
    assert compiled.returncode == 0 and any(tmp_path.rglob("__pycache__"))
    done = make("uninstall", f"PREFIX={tmp_path}")
    assert (done.returncode, done.stderr) == (0, "")
    assert files(tmp_path) == own
    done = make("uninstall", f"PREFIX={tmp_path}")
    assert done.returncode != 0 and f"nothing is installed below {tmp_path}" in done.stderr


def test_uninstall_removes_its_folders(tmp_path: Path) -> None:
    assert make("install", f"DESTDIR={tmp_path}", "PREFIX=/usr").returncode == 0
    assert len(files(tmp_path)) > 20
    assert make("uninstall", f"DESTDIR={tmp_path}", "PREFIX=/usr").returncode == 0
    left = {str(path.relative_to(tmp_path / "usr")) for path in (tmp_path / "usr").rglob("*")}
    assert left == {
        "bin", "include", "lib", "lib/pkgconfig", "share", "share/doc", "share/man",
        "share/man/man1", "share/man/man3", "share/man/man5", "share/bash-completion",
        "share/bash-completion/completions", "share/zsh", "share/zsh/site-functions", "share/fish",
        "share/fish/vendor_completions.d"}


def test_uninstall_takes_away_what_an_older_version_installed(tmp_path: Path) -> None:
    """The lists say what there is, not the files that this version has."""
    assert make("install-runtime", f"PREFIX={tmp_path}").returncode == 0
    (tmp_path / "include/berth/older.h").write_text("", encoding="utf-8")
    with (tmp_path / "share/berth/files-runtime").open("a", encoding="utf-8") as stream:
        stream.write("include/berth/older.h\n")
    assert make("install-runtime", f"PREFIX={tmp_path}").returncode == 0
    assert make("uninstall", f"PREFIX={tmp_path}").returncode == 0
    assert files(tmp_path) == set()
