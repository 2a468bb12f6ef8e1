"""`berthc check` tells the static findings first, how far it is on a terminal, and what it has
found when it is interrupted."""
from __future__ import annotations

import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "gen"))

from explore_support import manager_of  # noqa: E402
from processes import heed_interrupts  # noqa: E402

from berthc.explore.bounds import Bounds  # noqa: E402
from berthc.explore.progress import ERASE, EVERY, NOTE_AFTER, Progress  # noqa: E402
from berthc.explore.messages import claim  # noqa: E402
from berthc.explore.report import explore  # noqa: E402

LONG = ["--callers", "6", "--keys", "3", "--states", "900000"]
FAULTY = "tests/gen/faulty/stranded-failed-mount.yaml"
ENV = {**os.environ, "PYTHONUNBUFFERED": "", "TERM": "xterm", "NO_COLOR": "1"}


def test_a_line_is_written_every_few_seconds_and_erased() -> None:
    seconds = iter([0.0, 1.0, EVERY, EVERY + 1, 2 * EVERY])
    stream = io.StringIO()
    progress = Progress(stream, lambda: next(seconds))
    progress.next(1, 3)
    progress(500)
    assert stream.getvalue() == ""
    progress(1000)
    progress.next(2, 3)
    progress(200)
    progress(3000)
    progress.end()
    assert stream.getvalue() == (f"{ERASE}exploring: 1,000 states, 500/s, setting 1 of 3"
                                 f"{ERASE}exploring: 4,000 states, 1,000/s, setting 2 of 3{ERASE}")


def noted(*looks: tuple[float, int, int]) -> list[str]:
    """The notes of a search with a bound of 1,000 states; each look has a time, the states, and how
    many wait."""
    reported: list[str] = []
    times = iter([0.0, *(time for time, _, _ in looks)])
    progress = Progress(None, lambda: next(times), reported.append, 1000)
    progress.next(1, 1)
    for _, states, waiting in looks:
        progress(states, waiting)
    return reported


def test_a_search_in_which_states_multiply_gives_one_note_of_its_bound() -> None:
    end = 2 * NOTE_AFTER
    reported = noted((0.0, 1, 1), (NOTE_AFTER, 101, 91), (end, 201, 181))
    assert reported == [
        "10 states were looked at and 91 wait, and each leads to 10 new ones: if that goes on, the"
        " bound of 1,000 states comes first, in some 45 s, and the report is in part; fewer"
        " --callers, --keys or --failures may be explored whole, and Ctrl-C tells what was found until then"
    ]


def test_a_search_that_may_end_before_its_bound_gives_no_note() -> None:
    assert noted((0.0, 1, 1), (NOTE_AFTER - 1, 101, 91)) == []  # too early to tell
    assert noted((0.0, 1, 1), (NOTE_AFTER, 101, 1)) == []  # hardly any is left
    assert noted((0.0, 400, 300), (NOTE_AFTER, 1, 1)) == []  # the walk with failures begins anew
    assert noted((0.0, 1, 1), (NOTE_AFTER, 1000, 900)) == []  # it is there already


def test_a_search_stops_at_its_bound_on_memory() -> None:
    report = explore(manager_of((ROOT / "spec/scsi.yaml").read_text(encoding="utf-8")),
                     Bounds(memory=1))
    assert not report.complete and report.out_of_memory and len(report.searched) == 1
    assert claim(report).endswith(", then the bound on memory (1 MB) was reached")


def test_nothing_is_written_without_a_terminal() -> None:
    done = subprocess.run(["bin/berthc", "check", "--callers", "2", "spec/vpci.yaml"], cwd=ROOT,
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stderr == ""


def read_until(fd: int, pattern: str, seconds: float = 120) -> str:
    """What comes from a terminal until it matches."""
    text = ""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not re.search(pattern, text):
        try:
            text += os.read(fd, 4096).decode()
        except OSError:  # the other side has gone
            break
    return text


def test_a_terminal_sees_static_messages_then_progress_then_the_report_after_ctrl_c(
        tmp_path: Path) -> None:
    """Of the static messages, those that a finding may tell better come with the findings."""
    faulty = tmp_path / "faulty.yaml"
    faulty.write_text((ROOT / FAULTY).read_text() + "options: {spare: {type: bool}}\n")
    control, terminal = pty.openpty()
    process = subprocess.Popen(["bin/berthc", "check", *LONG, str(faulty), "spec/scsi.yaml"],
                               cwd=ROOT, stdout=subprocess.PIPE, stderr=terminal, text=True,
                               env=ENV, start_new_session=True, preexec_fn=heed_interrupts)
    os.close(terminal)
    try:
        first = read_until(control, r"exploring: [\d,]+ states, [\d,]+/s, setting \d+ of \d+")
        assert first.index("warning[unused]") < first.index("exploring: ")
        process.send_signal(signal.SIGINT)
        rest = read_until(control, r"may have findings.*\n")
        out = process.communicate(timeout=60)[0]
    finally:
        process.kill()
        os.close(control)
    assert process.returncode == 130 and "exit status" not in rest
    assert re.search(r"error\[(trap|stranded)\]", first + rest)
    assert ERASE in rest and "Traceback" not in first + rest
    assert re.search(
        r": interrupted \(.*\): after \d+ states, \d+ transitions, setting \d+ of \d+; "
        r"nothing is proved\n", out)
    assert "scsi.yaml: explored every" not in out


def test_what_the_search_in_c_found_until_ctrl_c_is_told() -> None:
    control, terminal = pty.openpty()
    process = subprocess.Popen(["bin/berthc", "check", "--engine", "c", "--callers", "12", "--keys",
                                "5", "--states", "90000000", FAULTY],
                               cwd=ROOT, stdout=subprocess.PIPE, stderr=terminal, text=True,
                               env=ENV, start_new_session=True, preexec_fn=heed_interrupts)
    os.close(terminal)
    try:
        # far enough to have come to a fault
        read_until(control, r"exploring: (\d+,)?\d{3},\d{3} states")
        os.killpg(process.pid, signal.SIGINT)
        rest = read_until(control, r"may have findings.*\n")
        out = process.communicate(timeout=60)[0]
    finally:
        process.kill()
        os.close(control)
    assert process.returncode == 130
    assert "error[stranded]" in rest and "the shortest script:" in rest
    states = re.search(r": interrupted \(.*\): after (\d+) states", out)
    assert states is not None and int(states[1]) > 0
    assert "never played" not in out  # it had not told what it had played


def wait_until_used(process: subprocess.Popen[str], seconds: float) -> None:
    """Waits until the process has used a processor for so long, however loaded the machine is."""
    while process.poll() is None:
        stat = Path(
            f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        user, system = int(stat[11]), int(stat[12])
        if user + system >= seconds * os.sysconf("SC_CLK_TCK"):
            return
        time.sleep(0.02)


@pytest.mark.parametrize("used", [1.0, 3.0])
def test_json_is_whole_after_ctrl_c(used: float) -> None:
    process = subprocess.Popen(["bin/berthc", "check", "--engine", "python", "--format", "json",
                                *LONG, "spec/scsi.yaml"], cwd=ROOT, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True,
                               env=ENV, preexec_fn=heed_interrupts)
    wait_until_used(process, used)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in err
    if out:  # else it had not begun to search
        assert json.loads(out)["complete"] is False
    assert out or used < 3


def test_ctrl_c_while_modules_are_loaded_is_no_traceback() -> None:
    code = """\
import runpy, sys
class Interrupted:
    def find_spec(self, name, *_):
        if name == "berthc.pipeline":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupted())
runpy.run_module("berthc", run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
                          env={**ENV, "PYTHONPATH": str(ROOT / "gen")}, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


class Stop(Progress):
    """Counts how often it is asked, and interrupts at one of the times."""

    def __init__(self, at: int = -1) -> None:
        super().__init__()
        self.times, self.at = 0, at

    def __call__(self, states: int, waiting: int = 0) -> None:
        self.times += 1
        if self.times == self.at:
            raise KeyboardInterrupt


def test_what_was_found_until_then_is_reported() -> None:
    manager = manager_of((ROOT / FAULTY).read_text(encoding="utf-8"))
    whole = Stop()
    found = explore(manager, Bounds(), whole)
    assert found.findings and found.interrupted is None
    late = explore(manager, Bounds(), Stop(whole.times))
    assert [f.fault for f in late.findings] == [f.fault for f in found.findings]
    assert late.interrupted == (1, 1) and not late.complete and "nothing is proved" in claim(late)
    early = explore(manager, Bounds(), Stop(1))
    assert early.findings == () and not early.complete and early.unused == ()


@pytest.mark.parametrize("command", ["html", "docs", "diagram"])
def test_a_terminal_is_told_where_files_are(command: str, tmp_path: Path) -> None:
    def told(*more: str) -> str:
        control, terminal = pty.openpty()
        done = subprocess.run(["bin/berthc", command, "-o", str(tmp_path), *more, "spec/vpci.yaml"],
                              cwd=ROOT, stdout=subprocess.PIPE, stderr=terminal, text=True, env=ENV,
                              check=False, timeout=60)
        os.write(terminal, b"end")
        os.close(terminal)
        said = read_until(control, "end").removesuffix("end").strip()
        os.close(control)
        assert (done.returncode, done.stdout) == (0, "")
        return said

    place = f"{tmp_path}/vpci.html" if command == "html" else str(tmp_path)
    assert re.fullmatch(rf"berthc: wrote (\d+ files to )?{place}", told())
    assert told() == f"berthc: {place}: is up to date"
    assert told("--check") == ""
    assert command == "html" or told("-q") == ""
