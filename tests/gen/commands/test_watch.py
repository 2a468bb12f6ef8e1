"""`berthc watch`: real processes, and saves as editors do them."""
from __future__ import annotations

import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import ENV, ROOT, SCSI, berthc
from processes import heed_interrupts

from berthc.commands import watch as command
from berthc.files import watch
from berthc.files.watch import Watch

NET = ROOT / "examples/minimal/net.yaml"
WAIT = 180.0  # seconds for a line; far more than it takes on a machine that has nothing else to do


class Watcher:
    """A running `berthc watch`, whose lines can be waited for."""

    def __init__(self, folder: Path, *args: str, **variables: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "berthc", "watch", *args], cwd=folder,
            env={**ENV, "PYTHONUNBUFFERED": "", **variables},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            preexec_fn=heed_interrupts)
        self.lines: queue.Queue[str] = queue.Queue()
        self.said: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)

    def until(self, pattern: str) -> list[str]:
        """The lines from now on, up to one that matches."""
        found: list[str] = []
        end = time.monotonic() + WAIT
        while not (found and re.search(pattern, found[-1])):
            try:
                found.append(self.lines.get(timeout=max(0.01, end - time.monotonic())))
            except queue.Empty:
                raise AssertionError(f"no {pattern!r} in {self.said + found}") from None
        self.said += found
        return found

    def silent(self, seconds: float) -> bool:
        """Is nothing said for this time?"""
        time.sleep(seconds)
        return self.lines.empty()

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        """Ends it; a traceback is never right."""
        self.process.send_signal(how)
        status = self.process.wait(WAIT)
        time.sleep(0.1)
        while not self.lines.empty():
            self.said.append(self.lines.get())
        assert "Traceback" not in "".join(self.said)
        return status


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    shutil.copy(NET, tmp_path / "net.yaml")
    return tmp_path / "net.yaml"


@pytest.fixture
def started() -> Iterator[list[Watcher]]:
    found: list[Watcher] = []
    yield found
    for one in found:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()


def begin(started: list[Watcher], spec: Path, *args: str) -> Watcher:
    started.append(Watcher(spec.parent, *args, spec.name))
    return started[-1]


def replace(spec: Path, old: str, new: str) -> str:
    text = spec.read_text(encoding="utf-8")
    assert old in text
    return text.replace(old, new)


def save_by_rename(spec: Path, text: str) -> None:
    """As vim does it, and most editors."""
    new = spec.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, spec)


def save_in_place(spec: Path, text: str) -> None:
    """Truncates, and writes in two pieces with time between."""
    with spec.open("w", encoding="utf-8") as stream:
        time.sleep(0.3)
        stream.write(text)


def save_after_delete(spec: Path, text: str) -> None:
    spec.unlink()
    time.sleep(0.3)
    spec.write_text(text, encoding="utf-8")


OK = r"net.yaml: explored every order"


@pytest.mark.parametrize("save", [save_by_rename, save_in_place, save_after_delete])
def test_each_save_gives_one_report(save: object, spec: Path, started: list[Watcher]) -> None:
    assert callable(save)
    run = begin(started, spec)
    first = "".join(run.until(OK))
    assert re.match(r"\d\d:\d\d:\d\d net.yaml\nnet.yaml: no errors by the static rules; searching\n"
                    r"net.yaml: ok: 1 resource, 4 states, 9 rows", first), first
    good = spec.read_text(encoding="utf-8")
    save(spec, replace(spec, "ok: up", "ok: upp"))
    wrong = run.until("by the static rules")
    assert re.match(r"\d\d:\d\d:\d\d net.yaml$", wrong[0])
    assert "error[unknown-state]" in wrong[1] and wrong[-1] == (
        "net.yaml: 1 error by the static rules\n")
    save(spec, good)
    right = run.until(OK)
    assert len([line for line in right if re.match(r"\d\d:", line)]) == 1
    assert not any("error[" in line for line in right)
    assert run.silent(1.3)
    assert run.end() == 130


def test_findings_of_the_search_have_their_script(spec: Path, started: list[Watcher]) -> None:
    spec.write_text(replace(spec, "fail: idle, uncertain: unsure", "fail: idle, uncertain: idle"),
                    encoding="utf-8")
    run = begin(started, spec)
    said = "".join(run.until("explored every order"))
    assert "error[leak]" in said and "the shortest script:" in said
    assert said.index("searching\n") < said.index("error[leak]")
    assert run.end() == 130


def test_a_save_without_a_change_says_nothing(spec: Path, started: list[Watcher]) -> None:
    run = begin(started, spec, "--static")
    run.until("static rules")
    save_by_rename(spec, spec.read_text(encoding="utf-8"))
    spec.touch()
    assert run.silent(1.0)
    assert run.end() == 130


def test_a_spec_that_goes_and_comes_back_is_waited_for(spec: Path, started: list[Watcher]) -> None:
    run = begin(started, spec, "--static")
    run.until("static rules")
    text = spec.read_text(encoding="utf-8")
    spec.unlink()
    gone = run.until("waiting for it")
    assert "cannot read the spec: No such file" in gone[1]
    spec.write_text(text, encoding="utf-8")
    assert "no errors" in run.until("static rules")[-1]
    assert run.end() == 130


def test_errors_that_the_search_will_tell_are_named_before_it_ends(
        spec: Path, started: list[Watcher]) -> None:
    spec.write_text(replace(spec, "ok: up, fail: idle, uncertain: unsure",
                            "ok: up, fail: idle, uncertain: idle"), encoding="utf-8")
    run = begin(started, spec)
    assert run.until("searching")[-1] == (
        "net.yaml: 2 errors by the static rules (double in line 23, leak in line 24); searching\n")
    assert run.until(r"error\[leak")


def test_a_change_during_a_search_ends_it(tmp_path: Path, started: list[Watcher]) -> None:
    """The search of scsi with that budget takes longer than the test may."""
    spec = tmp_path / "scsi.yaml"
    shutil.copy(ROOT / SCSI, spec)
    run = Watcher(tmp_path, "--budget", "1h", spec.name, BERTH_CACHE=str(tmp_path / "cache"))
    started.append(run)
    run.until("searching")
    time.sleep(2)
    children = running(run.process.pid)
    assert children
    save_by_rename(spec, replace(spec, "ok: mounted", "ok: mountd"))
    said = "".join(run.until("errors by the static rules"))
    assert "explored" not in said and "interrupted" not in said
    assert all_end(children)
    save_by_rename(spec, replace(spec, "ok: mountd", "ok: mounted"))
    run.until("searching")
    time.sleep(0.5)
    children = running(run.process.pid)
    assert children
    assert run.end() == 130
    assert all_end(children)
    assert not list((tmp_path / "cache").glob("build-*"))


def is_alive(pid: int) -> bool:
    """A process that has ended may stay until somebody asks for its status."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False


def all_end(processes: list[int]) -> bool:
    """A compiler that was killed is dead some moments later."""
    end = time.monotonic() + 10
    while any(map(is_alive, processes)) and time.monotonic() < end:
        time.sleep(0.01)
    return not any(map(is_alive, processes))


def running(parent: int) -> list[int]:
    """The descendants of a process."""
    found = [int(pid) for pid in
             Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="utf-8").split()]
    return found + [below for pid in found if is_alive(pid) for below in running(pid)]


@pytest.mark.parametrize(("how", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_other_signals_end_the_search_too(
    how: signal.Signals, status: int, tmp_path: Path, started: list[Watcher]
) -> None:
    shutil.copy(ROOT / SCSI, tmp_path / "scsi.yaml")
    run = begin(started, tmp_path / "scsi.yaml", "--budget", "1h")
    run.until("searching")
    time.sleep(1)
    children = running(run.process.pid)
    assert run.end(how) == status
    assert children and all_end(children)


@pytest.fixture
def watcher(monkeypatch: pytest.MonkeyPatch) -> command._Watcher:
    """One in this process, whose searches take as long as the test does."""
    monkeypatch.setattr(command, "explored_text", lambda *_: time.sleep(WAIT))
    return command._Watcher([str(NET)], Namespace(static=False, budget=None), None)


def test_an_interrupt_while_a_search_is_told_finds_nothing_to_end(
    watcher: command._Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    pid = os.fork()
    if pid == 0:
        os._exit(0)
    watcher._running = command._Search(pid, "a", tempfile.TemporaryFile())
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    monkeypatch.setattr(sys.stdout, "flush", interrupted)
    with pytest.raises(KeyboardInterrupt):
        watcher._search()
    monkeypatch.undo()
    watcher._stop()
    command._end(pid)  # neither is it an error where the interrupt came even earlier


def test_an_interrupt_while_a_search_begins_ends_it(
    watcher: command._Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = os.setpgid

    def setpgid(pid: int, to: int) -> None:
        group(pid, to)
        if pid != 0:  # the parent, before it knows of its child
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(os, "setpgid", setpgid)
    watcher._waiting["a"] = (None, None)  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        watcher._search()
    assert watcher._running is not None and is_alive(watcher._running.pid)
    pid = watcher._running.pid
    watcher._stop()
    assert not is_alive(pid)


def test_code_is_written_when_the_spec_is_right(spec: Path, started: list[Watcher]) -> None:
    run = begin(started, spec, "--static", "--gen", "out")
    assert [line for line in run.until("static rules") if line.startswith("wrote")] == [
        "wrote out/net/net.c\n", "wrote out/net/net.h\n"]
    before = (spec.parent / "out/net/net.c").read_text(encoding="utf-8")
    save_by_rename(spec, replace(spec, "ok: up", "ok: upp"))
    run.until("1 error by the static rules")
    assert (spec.parent / "out/net/net.c").read_text(encoding="utf-8") == before
    save_by_rename(spec, replace(spec, "ok: upp", "ok: up").replace("length: 15", "length: 14"))
    assert any(line.startswith("wrote out/net/net.c") for line in run.until("static rules"))
    assert run.end() == 130


def test_code_that_cannot_be_written_does_not_end_it(spec: Path, started: list[Watcher]) -> None:
    (spec.parent / "out").write_text("", encoding="utf-8")
    run = begin(started, spec, "--static", "--gen", "out")
    assert any("cannot create this folder" in line for line in run.until("static rules"))
    assert run.end() == 130


def test_several_specs_are_told_apart(spec: Path, started: list[Watcher]) -> None:
    shutil.copy(ROOT / "tests/gen/specs/lantern.yaml", spec.parent)
    run = begin(started, spec, "--static", "lantern.yaml")
    run.until("lantern.yaml: no errors")
    run.until("net.yaml: no errors")
    save_by_rename(spec, replace(spec, "ok: up", "ok: upp"))
    said = "".join(run.until("1 error"))
    assert "lantern" not in said
    assert run.end() == 130


@pytest.mark.parametrize(("args", "says"), [
    (["missing.yaml"], "missing.yaml: error[file]"),
    (["-"], "standard input is no file that can be watched"),
    (["--gen", "x.c", SCSI], "--gen x.c: name a folder"),
    (["--budget", "soon", SCSI], "'soon' is no time"),
    ([], "the following arguments are required: SPEC"),
])
def test_bad_usage_ends_at_once(args: list[str], says: str) -> None:
    done = berthc("watch", *args)
    assert done.returncode == 2 and says in done.stderr


def test_a_reader_that_goes_away_ends_it(spec: Path, started: list[Watcher]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "berthc", "watch", "--static", spec.name], cwd=spec.parent, env=ENV,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline()
    process.stdout.close()
    time.sleep(0.3)
    save_by_rename(spec, replace(spec, "ok: up", "ok: upp"))
    assert process.wait(WAIT) == 141 and process.stderr.read() == ""


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr(watch.time, "monotonic", lambda: self.now)


def test_a_file_is_changed_once_it_is_quiet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, path = Clock(monkeypatch), tmp_path / "a"
    path.write_text("1", encoding="utf-8")
    files = Watch([str(path)])
    assert files.changed() == []
    for n in range(4):  # still being written
        path.write_text("2" * (n + 2), encoding="utf-8")
        clock.now += watch.SETTLED / 2
        assert files.changed() == []
    clock.now += watch.SETTLED
    assert files.changed() == [str(path)] and files.changed() == []
    path.write_text("", encoding="utf-8")
    assert files.changed() == []
    clock.now += watch.GONE / 2
    assert files.changed() == []  # empty for a moment
    path.unlink()
    assert files.changed() == []
    clock.now += watch.GONE
    assert files.changed() == [str(path)]
