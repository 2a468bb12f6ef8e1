"""Managers that are compiled with BERTH_SPECIALIZE, as a user compiles them; that they do the same is what the generated suites show, which run in both ways."""
from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from installation import ROOT, Installation
from test_install import PROGRAM, version

GENERATE = "berthc gen -o . '{prefix}/share/berth/spec/scsi.yaml' && "
COMPILE = "{compiler} -std=c11 -O2 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -DBERTH_SPECIALIZE {flags} $(pkg-config --cflags berth) -c scsi/scsi.c && "
LINK = "{compiler} -std=c17 -Iscsi $(pkg-config --cflags berth) main.c scsi.o {linking} $(pkg-config --libs berth) -o program"


def build(installed: Installation, folder: Path, compiler: str = "gcc", flags: str = "", linking: str = "") -> subprocess.CompletedProcess[str]:
    """Generates, compiles and links; the output of all of it."""
    (folder / "main.c").write_text(PROGRAM, encoding="utf-8")
    return installed.run((GENERATE + COMPILE + LINK).format(prefix=installed.prefix, compiler=compiler, flags=flags, linking=linking), folder)


@pytest.mark.parametrize("linking", ["", "-static-libgcc -Wl,-Bstatic -lberth -Wl,-Bdynamic"], ids=["shared", "static"])
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_it_builds_against_an_installed_copy(installed: Installation, tmp_path: Path, compiler: str, linking: str) -> None:
    done = build(installed, tmp_path, compiler, linking=linking)
    assert done.returncode == 0, done.stdout
    ran = installed.run("./program", tmp_path)
    assert (ran.returncode, ran.stdout.split()) == (0, [version()])


def test_its_operations_are_its_own(installed: Installation, tmp_path: Path) -> None:
    assert build(installed, tmp_path).returncode == 0
    wanted = {line.split()[-1] for line in installed.run("nm --undefined-only scsi.o", tmp_path).stdout.splitlines()}
    assert "berth_manager_start" in wanted and "berth_manager_run" not in wanted
    assert {name for name in wanted if name.startswith("berth_private_")} >= {"berth_private_queue_enter_slowly", "berth_private_wait_for"}


def test_another_library_does_not_link(installed: Installation, tmp_path: Path) -> None:
    """Its structs may be other ones."""
    done = build(installed, tmp_path, flags="-DBERTH_NO_FUTEX")
    assert done.returncode != 0
    assert re.search("undefined reference to .berth_private_[0-9_]+_no_futex", done.stdout), done.stdout


def test_the_version_is_in_what_has_to_be_the_same() -> None:
    text = (ROOT / "runtime/src/private.h").read_text(encoding="utf-8")
    names = re.findall(r"#define PRIVATE_VERSION (\w+)", text)
    assert len(names) == 3
    assert {name.removesuffix("_no_threads").removesuffix("_no_futex") for name in names} == {"berth_private_" + version().replace(".", "_")}


def test_nobody_else_includes_it(installed: Installation, tmp_path: Path) -> None:
    done = installed.run("echo '#include <berth/specialize.h>' | gcc -xc $(pkg-config --cflags berth) -fsyntax-only -", tmp_path)
    assert done.returncode != 0 and "this header is for generated files" in done.stdout


def test_its_names_are_those_of_the_sources() -> None:
    made = subprocess.run([sys.executable, str(ROOT / "scripts/own-names")], capture_output=True, text=True, check=True).stdout
    assert made == (ROOT / "runtime/src/own_names.h").read_text(encoding="utf-8"), "runtime/src/own_names.h is out of date, renew it with: make renew-names"


@pytest.mark.parametrize(("old", "new"), [
    ("manager: net", "manager: lock"), ("manager: net", "manager: progress"), ("manager: net", "manager: fail"), ("manager: net", "manager: map"),
    ("manager: net", "manager: hash_word"), ("manager: net", "manager: handover"), ("manager: net", "manager: request_run"), ("open", "run"),
    ("tap", "instance"), ("name", "map_insert"),
])
def test_a_spec_may_have_the_names_of_the_runtime(tmp_path: Path, old: str, new: str) -> None:
    text = re.sub(rf"\b{old}\b", new, (ROOT / "examples/minimal/net.yaml").read_text(encoding="utf-8"))
    (tmp_path / "spec.yaml").write_text(text, encoding="utf-8")
    name = re.findall("^manager: (.*)", text, re.M)[0]
    subprocess.run([str(ROOT / "bin/berthc"), "gen", "-q", "-o", str(tmp_path), str(tmp_path / "spec.yaml")], check=True)
    strict = "-std=c11 -O1 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -DBERTH_SPECIALIZE".split()
    source = tmp_path / name / f"{name}.c"
    done = subprocess.run(["gcc", *strict, f"-I{ROOT}/runtime/include", "-c", str(source), "-o", str(tmp_path / "made.o")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    symbols = subprocess.run(["nm", "--extern-only", "--defined-only", str(tmp_path / "made.o")], capture_output=True, text=True, check=True).stdout
    assert {line.split()[-1].split("_")[0] for line in symbols.splitlines()} == {name.split("_")[0]}
