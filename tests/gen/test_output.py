"""Writing: only what changed, whole files, and the drift check."""
from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "gen"))

from berthc import output  # noqa: E402
from berthc.output import Drift, OutputError, depfile, drift, write, write_file  # noqa: E402


def test_missing_folders_are_made_and_all_files_are_written(tmp_path: Path) -> None:
    written = write(tmp_path / "out", {"m/m.h": "h\n", "m/m.c": "c\n"})
    assert written == [tmp_path / "out/m/m.c", tmp_path / "out/m/m.h"]
    assert (tmp_path / "out/m/m.h").read_text() == "h\n"


def test_a_file_that_is_right_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "f"
    assert write_file(path, "same\n")
    os.utime(path, (1, 1))
    assert not write_file(path, "same\n")
    assert path.stat().st_mtime == 1
    assert write_file(path, "other\n") and path.read_text() == "other\n" and path.stat().st_mtime > 1


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
    assert (tmp_path / "f").is_symlink() and not (tmp_path / "there/f").is_symlink() and (tmp_path / "there/f").read_text() == "new"
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
        write(tmp_path / "out", {name: "x"})
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f"
    write_file(path, "old")

    def fail(source: str, destination: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(output.os, "replace", fail)
    with pytest.raises(OutputError, match="f: No space left on device"):
        write_file(path, "new")
    assert path.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["f"]


def test_a_folder_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    with pytest.raises(OutputError, match="f: Is a directory"):
        write_file(tmp_path / "f", "x")
    (tmp_path / "g").write_text("")
    with pytest.raises(OutputError, match="Not a directory|File exists"):
        write(tmp_path / "g", {"h": "x"})


def test_drift_tells_what_is_missing_and_what_differs(tmp_path: Path) -> None:
    write(tmp_path, {"same": "a\n", "old": "1\n2\n", "bytes": "x"})
    (tmp_path / "bytes").write_bytes(b"\xff")
    drifts = drift(tmp_path, {"same": "a\n", "old": "1\n3\n", "new": "n\n", "bytes": "x"})
    assert [d.file for d in drifts] == [str(tmp_path / n) for n in ("bytes", "new", "old")]
    assert drifts[1] == Drift(str(tmp_path / "new"), f"--- /dev/null\n+++ {tmp_path}/new\n@@ -0,0 +1 @@\n+n\n")
    assert drifts[2].diff == f"--- {tmp_path}/old\n+++ {tmp_path}/old\n@@ -1,2 +1,2 @@\n 1\n-2\n+3\n"
    assert (tmp_path / "old").read_text() == "1\n2\n" and not (tmp_path / "new").exists()


def test_a_missing_last_line_break_is_shown(tmp_path: Path) -> None:
    write(tmp_path, {"f": "a"})
    assert drift(tmp_path, {"f": "a\n"})[0].diff.endswith("-a\n\\ No newline at end of file\n+a\n")


def test_some_differences_may_be_called_none(tmp_path: Path) -> None:
    write(tmp_path, {"a.svg": "1", "b.md": "1"})
    drifts = drift(tmp_path, {"a.svg": "2", "b.md": "2"}, lambda name, old, new: name.endswith(".svg") and (old, new) == ("1", "2"))
    assert [d.file for d in drifts] == [str(tmp_path / "b.md")]


def test_a_depfile_is_a_rule_that_make_understands(tmp_path: Path) -> None:
    (tmp_path / "a b.yaml").write_text("")
    (tmp_path / "c$d").write_text("")
    rule = depfile([Path("out.c"), Path("out.h")], [Path("a b.yaml"), Path("c$d"), Path("gone")])
    assert rule == "out.c out.h: \\\n a\\ b.yaml \\\n c$$d \\\n gone\n\na\\ b.yaml:\n\nc$$d:\n\ngone:\n"
    (tmp_path / "Makefile").write_text("include out.d\nout.c out.h:\n\t@echo made $(words $^) $@\n")
    (tmp_path / "out.d").write_text(rule)
    done = subprocess.run(["make", "-C", str(tmp_path), "-s", "out.c"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "made 4 out.c\n")  # a blank in a name counts as two words for $(words)
