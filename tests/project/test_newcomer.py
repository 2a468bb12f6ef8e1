"""The newcomer's way: `berthc init`, and the commands that it says next, word for word."""
from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from installation import BUILD, ROOT, Installation, clean_environment, make

SHOWS = """\
    host.attach disk0
first has disk0, as number 0
second has disk0, as number 0
first has let go
    host.detach disk0
second has let go
"""
STRICT = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"


def commands(said: str) -> list[str]:
    """What `berthc init` says to do: the lines with two blanks before them, without comments."""
    return [line[2:].split("  #")[0].strip() for line in said.splitlines() if line.startswith("  ")]


def followed(said: str, folder: Path, environment: dict[str, str]) -> str:
    """Runs them one after the other in one shell, which ends at the first failure."""
    done = subprocess.run(
        ["sh", "-exc", "\n".join(commands(said))], cwd=folder, env=environment, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        timeout=300)
    assert done.returncode == 0, done.stdout
    return done.stdout


def without_berth() -> dict[str, str]:
    """An environment in which nothing of Berth is found."""
    return clean_environment({"PKG_CONFIG_PATH": "", "LD_LIBRARY_PATH": ""})


@pytest.mark.parametrize("build", ["make", pytest.param("cmake", marks=pytest.mark.long),
                                   pytest.param("meson", marks=pytest.mark.long)])
@pytest.mark.parametrize("compiler", ["gcc", pytest.param("clang", marks=pytest.mark.long)])
def test_the_next_commands_work_with_an_installed_berth(
    installed: Installation, tmp_path: Path, build: str, compiler: str
) -> None:
    """No LD_LIBRARY_PATH: the program finds the library where it was linked."""
    flags = {"CC": compiler, "CFLAGS": f"-O1 {STRICT}", "LD_LIBRARY_PATH": ""}
    said = installed.run(f"berthc init gadget --build {build}", tmp_path)
    assert said.returncode == 0 and "Berth is" not in said.stdout, said.stdout
    out = followed(said.stdout, tmp_path, {**installed.environment, **flags})
    assert "100% tests passed" in out or "Ok:" in out or "[  PASSED  ] 64 test(s)." in out
    program = tmp_path / "gadget/build/gadget"
    done = subprocess.run([program], env=without_berth(), capture_output=True, text=True,
                          check=False)
    assert (done.returncode, done.stdout) == (0, SHOWS)


def test_the_page_shows_what_is_said(installed: Installation, tmp_path: Path) -> None:
    page = (ROOT / "docs/adopt.md").read_text(encoding="utf-8")
    shown = page.split("$ berthc init gadget\n")[1].split("```")[0]
    assert installed.run("berthc init gadget", tmp_path).stdout == shown


def test_an_installation_elsewhere_says_how_it_is_found(
    installed: Installation, tmp_path: Path
) -> None:
    done = subprocess.run([installed.prefix / "bin/berthc", "init", "gadget"], cwd=tmp_path,
                          env=without_berth(), capture_output=True, text=True, check=False)
    assert "Berth is installed where this shell does not look. First, once:" in done.stdout
    assert SHOWS in followed(done.stdout, tmp_path, without_berth())


def test_the_next_commands_work_with_a_clone(tmp_path: Path) -> None:
    """One that was built: its libraries are used as they lie."""
    assert make("in-place").returncode == 0
    said = subprocess.run([ROOT / "bin/berthc", "init", "gadget"], cwd=tmp_path,
                          env=without_berth(), capture_output=True, text=True, check=False).stdout
    if BUILD.resolve() != ROOT / "build":
        said = said.replace(f"{ROOT}/build/pkgconfig", f"{BUILD}/pkgconfig")
        said = re.sub(r"  make -C .*\n", "", said)
    assert "To use this clone" in said
    assert SHOWS in followed(said, tmp_path, without_berth())


BUILT = {"make": "make", "cmake": "cmake --build build", "meson": "meson compile -C build"}


@pytest.mark.parametrize("build", ["make", pytest.param("cmake", marks=pytest.mark.long),
                                   pytest.param("meson", marks=pytest.mark.long)])
def test_a_project_with_a_store_goes_on_after_it_died(tmp_path: Path, build: str) -> None:
    assert make("in-place").returncode == 0
    if not (BUILD / "pkgconfig/berth-sqlite.pc").exists():
        pytest.skip("SQLite is not there")
    environment = without_berth() | {"PATH": f"{ROOT}/bin:{os.environ['PATH']}",
                                     "PKG_CONFIG_PATH": str(BUILD / "pkgconfig"),
                                     "CFLAGS": f"-O1 {STRICT}"}
    said = subprocess.run(["berthc", "init", "gadget", "--store", "--build", build], cwd=tmp_path,
                          env=environment, capture_output=True, text=True, check=False).stdout
    followed(said, tmp_path, environment)
    folder = tmp_path / "gadget"
    main = folder / "main.c"
    whole = main.read_text(encoding="utf-8")
    assert "_discard(" not in whole

    def run() -> str:
        subprocess.run(["sh", "-c", BUILT[build]], cwd=folder, env=environment, check=True,
                       capture_output=True, timeout=300)
        return subprocess.run(["build/gadget"], cwd=folder, env=without_berth(),
                              capture_output=True, text=True, check=False).stdout

    dies = whole.replace("#include <stdio.h>", "#include <stdio.h>\n#include <stdlib.h>")
    dies = dies.replace('printf("%s has let go\\n", who);', "_Exit(who[0]);")
    main.write_text(dies, encoding="utf-8")
    run()
    main.write_text(whole, encoding="utf-8")
    assert run() == ("second of an earlier run has left a reservation\n"
                     "    host.detach disk0\n" + SHOWS)
    assert run() == SHOWS


def test_a_clone_whose_variables_are_set_says_nothing_of_them(tmp_path: Path) -> None:
    assert make("in-place").returncode == 0
    if BUILD.resolve() != ROOT / "build":
        pytest.skip("built in another folder than berthc looks at")
    environment = without_berth() | {"PATH": f"{ROOT}/bin:{os.environ['PATH']}",
                                     "PKG_CONFIG_PATH": str(BUILD / "pkgconfig")}
    said = subprocess.run(["berthc", "init", "gadget"], cwd=tmp_path, env=environment,
                          capture_output=True, text=True, check=False).stdout
    assert "clone" not in said and commands(said)[0] == "cd gadget"


def test_only_what_has_a_reason_is_made_again(installed: Installation, tmp_path: Path) -> None:
    assert installed.run("berthc init gadget && cd gadget && make", tmp_path).returncode == 0
    folder = tmp_path / "gadget"
    assert "Nothing to be done" in installed.run("make", folder).stdout
    spec = folder / "gadget.yaml"
    spec.write_text(spec.read_text(encoding="utf-8").replace("max_length: 31", "max_length: 3"),
                    encoding="utf-8")
    done = installed.run("make", folder)
    assert "berthc gen" in done.stdout and "main.o" in done.stdout
    assert "gadget_reserve: device: name" in installed.run("build/gadget", folder).stdout
    assert "Nothing to be done" in installed.run("make", folder).stdout


def test_a_backend_that_is_not_written_yet_fails_with_words(
    installed: Installation, tmp_path: Path
) -> None:
    done = installed.run(
        "berthc init gadget && cd gadget && berthc gen --stub --force -q gadget.yaml && make run",
        tmp_path)
    assert done.returncode != 0 and "host.attach: Operation not supported" in done.stdout
