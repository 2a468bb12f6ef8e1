"""Writing: only what changed, whole files, and the drift check."""
from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "gen"))

from berthc.files import output  # noqa: E402
from berthc.files.output import (  # noqa: E402
    Drift, OutputError, depfile, drift, placed, write, write_file,
)


def test_missing_folders_are_made_and_all_files_are_written(tmp_path: Path) -> None:
    written = write(placed(tmp_path / "out", {"m/m.h": "h\n", "m/m.c": "c\n"}))
    assert written == [tmp_path / "out/m/m.c", tmp_path / "out/m/m.h"]
    assert (tmp_path / "out/m/m.h").read_text() == "h\n"


def test_a_file_that_is_right_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "f"
    assert write_file(path, "same\n")
    os.utime(path, (1, 1))
    assert not write_file(path, "same\n")
    assert path.stat().st_mtime == 1
    assert write_file(path,
                      "other\n") and path.read_text() == "other\n" and path.stat().st_mtime > 1


def test_modes_are_those_of_new_files_and_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "f"
    before = os.umask(0o027)
    try:
        write_file(path, "a")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o640
    path.chmod(0o600)
    write_file(path, "b")
    assert path.stat().st_mode & 0o777 == 0o600


def test_links_are_followed_and_stay(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there/f").write_text("old")
    (tmp_path / "f").symlink_to("there/f")
    assert write_file(tmp_path / "f", "new")
    assert (
        (tmp_path / "f").is_symlink()
        and not (tmp_path / "there/f").is_symlink()
        and (tmp_path / "there/f").read_text() == "new"
    )
    (tmp_path / "g").symlink_to("there/g")  # which is not there yet
    assert write_file(tmp_path / "g", "made")
    assert (tmp_path / "g").is_symlink() and (tmp_path / "there/g").read_text() == "made"
    (tmp_path / "h").symlink_to("nowhere/h")
    with pytest.raises(OutputError, match="h: no such directory: .*nowhere"):
        write_file(tmp_path / "h", "lost")
    assert sorted(path.name for path in (tmp_path / "there").iterdir()) == ["f", "g"]


@pytest.mark.parametrize("linked", [False, True])
def test_what_is_no_regular_file_is_written_to_and_stays(linked: bool, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    path = fifo
    if linked:
        path = tmp_path / "link"
        path.symlink_to("fifo")
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert write_file(path, "through\n")
        assert os.read(reader, 100) == b"through\n"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(fifo.stat().st_mode) and path.is_symlink() == linked
    assert {one.name for one in tmp_path.iterdir()} <= {"fifo", "link"}


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="Is a directory"):
        write_file(tmp_path, "x")
    assert list(tmp_path.iterdir()) == []


def test_a_named_file_makes_no_folders(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="x.c: no such directory: .*missing"):
        write_file(tmp_path / "missing/x.c", "x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../up", "/abs", "a/../../up"])
def test_nothing_is_written_outside_of_the_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="outside of the output folder"):
        write(placed(tmp_path / "out", {name: "x"}))
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "f"
    write_file(path, "old")

    def fail(source: str, destination: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(output.os, "replace", fail)
    with pytest.raises(OutputError, match="f: No space left on device"):
        write_file(path, "new")
    assert path.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["f"]


def test_a_folder_in_the_way_is_reported(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    with pytest.raises(OutputError, match="f: Is a directory"):
        write_file(tmp_path / "f", "x")
    (tmp_path / "g").write_text("")
    with pytest.raises(OutputError, match="Not a directory|File exists"):
        write(placed(tmp_path / "g", {"h": "x"}))


def test_drift_tells_what_is_missing_and_what_differs(tmp_path: Path) -> None:
    write(placed(tmp_path, {"same": "a\n", "old": "1\n2\n", "bytes": "x"}))
    (tmp_path / "bytes").write_bytes(b"\xff")
    drifts = drift(placed(tmp_path, {"same": "a\n", "old": "1\n3\n", "new": "n\n", "bytes": "x"}))
    assert [d.file for d in drifts] == [str(tmp_path / n) for n in ("bytes", "new", "old")]
    assert drifts[1] == Drift(str(tmp_path / "new"),
                              f"--- /dev/null\n+++ {tmp_path}/new\n@@ -0,0 +1 @@\n+n\n")
    assert drifts[
        2].diff == f"--- {tmp_path}/old\n+++ {tmp_path}/old\n@@ -1,2 +1,2 @@\n 1\n-2\n+3\n"
    assert (tmp_path / "old").read_text() == "1\n2\n" and not (tmp_path / "new").exists()


def test_a_missing_last_line_break_is_shown(tmp_path: Path) -> None:
    write(placed(tmp_path, {"f": "a"}))
    assert drift(placed(tmp_path,
                        {"f": "a\n"}))[0].diff.endswith("-a\n\\ No newline at end of file\n+a\n")


def test_some_differences_may_be_called_none(tmp_path: Path) -> None:
    write(placed(tmp_path, {"a.svg": "1", "b.md": "1"}))
    drifts = drift(placed(tmp_path, {"a.svg": "2", "b.md": "2"}), lambda name, old,
                   new: name.endswith(".svg") and (old, new) == ("1", "2"))
    assert [d.file for d in drifts] == [str(tmp_path / "b.md")]


def test_a_depfile_has_the_outputs_in_order_and_a_rule_for_each_input() -> None:
    rule = depfile([Path("z.c"), Path("a.h")], [Path("b.yaml"), Path("a.py"), Path("b.yaml")])
    assert rule == "z.c a.h: \\\n a.py \\\n b.yaml\n\na.py:\n\nb.yaml:\n"


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


# What make and Ninja give a meaning of their own, and what only looks so.
ODD = ["a b", "c$d", "e#f", "g\\h", "i\\ j", "k:l", "m%n", "o\\#p", "r'(s)&t"]


@pytest.mark.parametrize("name", ODD)
def test_make_reads_the_names_of_a_depfile_as_they_are(name: str, tmp_path: Path) -> None:
    rule = depfile([Path(f"{name}.c"), Path("x.h")], [Path(f"{name}.yaml"), Path("z.py")])
    (tmp_path / "out.d").write_text(rule)
    done = run("make", "-npqrR", "-f", "out.d", cwd=tmp_path)
    assert done.stderr == ""
    lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    rules = {line for line in lines if ": " in line and line.endswith("z.py") or line == "z.py:"}
    assert rules == {f"{name}.c: {name}.yaml z.py", f"x.h: {name}.yaml z.py", "z.py:"}


@pytest.mark.parametrize("deps", ["", "  deps = gcc\n"], ids=["depfile", "deps"])
@pytest.mark.parametrize("name", ["a b", "c$d", "e#f", "g\\h", "i\\ j", "k:l", "m%n"])
def test_ninja_reads_the_names_of_a_depfile_as_they_are(
    name: str, deps: str, tmp_path: Path
) -> None:
    out, spec = tmp_path / f"{name.replace('%', '')}.c", tmp_path / f"{name}.yaml"
    spec.write_text("")
    os.utime(spec, (1, 1))
    (tmp_path / "kept.d").write_text(depfile([Path(out.name), Path("x.h")], [Path(spec.name)]))
    quoted = out.name.replace("$", "$$").replace(" ", "$ ").replace(":", "$:")
    (tmp_path / "build.ninja").write_text(
        "rule gen\n  command = cp kept.d out.d && touch $out\n  depfile = out.d\n"
        f"{deps}build {quoted} x.h: gen\n"
    )

    def built() -> bool:
        done = run("ninja", cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        return "no work to do" not in done.stdout

    assert [built(), built()] == [True, False]
    os.utime(spec, (2**31 - 1, 2**31 - 1))
    assert built()


def test_make_goes_on_when_an_input_has_gone(tmp_path: Path) -> None:
    (tmp_path / "out.d").write_text(depfile([Path("out.c")], [Path("gone")]))
    (tmp_path / "out.c").write_text("")
    (tmp_path / "Makefile").write_text("include out.d\nout.c:\n\t@echo made $@\n")
    done = run("make", "-s", "out.c", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "made out.c\n")
