"""`berthc init`: what it writes is right whatever the name, and nothing is ever written over."""
from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from command_line import ROOT, berthc, process
from emit_c_support import COMPILERS, INCLUDE, STRICT, run

from berthc.files import output
from berthc.files.output import OutputError, create

FILES = {"Makefile": "make", "CMakeLists.txt": "cmake", "meson.build": "meson"}


def names(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


@pytest.mark.parametrize(("name", "says"), [
    ("my-disk", "a letter first; did you mean 'my_disk'?"),
    ("MyDisk", "did you mean 'my_disk'?"),
    ("9p", "cannot name a manager: a name has lower-case words, digits and single underscores"),
    ("a/b", "cannot name a manager"),
    ("../x", "cannot name a manager"),
    ("", "cannot name a manager"),
    ("dïsk", "cannot name a manager"),
    ("int", "'int' cannot name a manager: manager int: 'int' is a reserved word in C or C++"),
    ("pthread_disk", "names that begin with 'pthread_' belong to others in C"),
    ("berth_x", "names that begin with 'berth_'"),
    ("size", "the generated C uses this word itself"),
    ("main", "the generated C uses this word itself"),
    ("printf", "as the C library's"),
    ("a" * 200, "cannot name a manager"),
])
def test_a_name_that_c_does_not_allow_is_refused(name: str, says: str, tmp_path: Path) -> None:
    done = berthc("init", name, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr and "berthc init --help" in done.stderr
    assert names(tmp_path) == []


@pytest.mark.parametrize("there", ["gadget.yaml", "gadget-backend.c", "gadget-backend.h", "main.c",
                                   "Makefile"])
def test_nothing_is_written_where_one_of_the_files_is(there: str, tmp_path: Path) -> None:
    (tmp_path / there).write_text("mine\n", encoding="utf-8")
    done = berthc("init", "gadget", "-o", ".", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"berthc: {there}: is there already; nothing is written\n"
    assert names(tmp_path) == [there]
    assert (tmp_path / there).read_text(encoding="utf-8") == "mine\n"


def test_a_link_that_leads_nowhere_is_there(tmp_path: Path) -> None:
    (tmp_path / "main.c").symlink_to("elsewhere.c")
    done = berthc("init", "gadget", "-o", ".", cwd=tmp_path)
    assert done.returncode == 2 and "main.c: is there already; nothing is written" in done.stderr
    assert names(tmp_path) == ["main.c"]


def test_other_files_of_the_folder_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine\n", encoding="utf-8")
    assert berthc("init", "gadget", "-o", ".", "--build", "meson", cwd=tmp_path).returncode == 0
    assert names(tmp_path) == ["README.md", "gadget-backend.c", "gadget-backend.h", "gadget.yaml",
                               "main.c", "meson.build"]


def test_a_failure_on_the_way_takes_away_what_was_written(tmp_path: Path) -> None:
    """The third file cannot be created: its name is too long."""
    wanted = {tmp_path / "a/b/one": "1", tmp_path / "a/two": "2", tmp_path / ("n" * 300): "3"}
    with pytest.raises(OutputError, match="File name too long; nothing is written"):
        create(wanted)
    assert names(tmp_path) == []


def test_a_file_that_appears_meanwhile_is_not_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "two").write_text("mine", encoding="utf-8")
    monkeypatch.setattr(output.os.path, "lexists", lambda path: False)
    with pytest.raises(OutputError, match="File exists"):
        create({tmp_path / "one": "1", tmp_path / "two": "2"})
    assert names(tmp_path) == ["two"] and (tmp_path / "two").read_text(encoding="utf-8") == "mine"


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / "gadget").write_text("a file\n", encoding="utf-8")
    done = berthc("init", "gadget", cwd=tmp_path)
    assert done.returncode == 2 and "nothing is written" in done.stderr
    assert names(tmp_path) == ["gadget"]


@pytest.mark.parametrize("file", FILES)
def test_the_next_commands_are_told(file: str, tmp_path: Path) -> None:
    done = berthc("init", "gadget", "--build", FILES[file], "-o", "a folder", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    written, _, after = done.stdout.partition("\n\n")
    assert sorted(line.removeprefix("wrote ") for line in written.splitlines()) == sorted(
        f"a folder/{name}" for name in names(tmp_path / "a folder"))
    following = after.split("next:\n")[1].splitlines()
    assert following[0] == "  cd 'a folder'" and len(following) == 4
    assert file in names(tmp_path / "a folder")


def test_a_clone_says_how_it_is_found(tmp_path: Path) -> None:
    done = process("init", "gadget", cwd=tmp_path)
    assert "Berth is not installed. To use this clone, first, once for this shell:" in done.stdout
    assert "export PATH=" in done.stdout and "PKG_CONFIG_PATH=" in done.stdout


@pytest.mark.parametrize(("name", "options"), [
    *((name, ()) for name in ("gadget", "device", "host", "take", "first", "main_c", "test", "disk0",
                              "build", "x")),
    *((name, ("--store",)) for name in ("gadget", "kept", "look", "give_back"))])
def test_the_spec_is_right_whatever_the_name(
    name: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    assert berthc("init", name, "-o", ".", *options, cwd=tmp_path).returncode == 0
    checked = berthc("check", "--engine", "python", f"{name}.yaml", cwd=tmp_path)
    assert checked.returncode == 0
    assert "error" not in checked.stderr
    assert checked.stderr.count("warning") == len(options)  # store-settle
    made = berthc("gen", "-q", "-o", f"build/{name}.c", f"{name}.yaml", cwd=tmp_path)
    assert made.returncode == 0
    for compiler in COMPILERS:
        for source in ("main.c", f"{name}-backend.c"):
            run(compiler, *STRICT, f"-I{INCLUDE}", f"-I{ROOT}/contrib/sqlite/include",
                f"-I{tmp_path}", f"-I{tmp_path}/build",
                "-fsyntax-only", tmp_path / source)
    assert all(len(line) <= 100 for file in names(tmp_path) if (tmp_path / file).is_file()
               and not file.startswith("build/")
               for line in (tmp_path / file).read_text(encoding="utf-8").splitlines()
               if "berthc gen" not in line)


def test_an_unknown_build_system_is_told_which_there_are(tmp_path: Path) -> None:
    done = berthc("init", "gadget", "--build", "mesn", cwd=tmp_path)
    assert done.returncode == 2 and "meson" in done.stderr


def test_make_stops_with_what_to_do_where_berth_is_not_found(tmp_path: Path) -> None:
    assert berthc("init", "gadget", "-o", ".", cwd=tmp_path).returncode == 0
    nowhere = {**os.environ, "PKG_CONFIG_LIBDIR": str(tmp_path), "PKG_CONFIG_PATH": ""}
    make = ["make", f"BERTHC={ROOT / 'bin/berthc'}"]
    for goal in ("all", "test"):
        done = subprocess.run([*make, goal], cwd=tmp_path, env=nowhere, capture_output=True,
                              text=True, check=False)
        last = done.stderr.splitlines()[-1]
        assert done.returncode == 2 and "*** berth is not found: install Berth" in last
        assert 'run "make in-place" in its clone' in last and "No such file" not in done.stderr
    assert subprocess.run([*make, "clean"], cwd=tmp_path, env=nowhere, check=False).returncode == 0
