"""How far `berthc check` goes: more callers where that stays small, and a budget of time."""
from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import berthc
from explore_support import FAULTY, ROOT, manager_of

from berthc.emit.c import files
from berthc.explore import reach
from berthc.explore.bounds import LADDER, Bounds
from berthc.explore.engine import searches as engine
from berthc.explore.engine.build import program
from berthc.explore.engine.run import Running, Searched, Watch
from berthc.explore.messages import claim
from berthc.explore.progress import Progress
from berthc.explore.reach import SMALL, explore_by_default, explore_within
from berthc.explore.report import Report, explore
from berthc.explore.search import Search
from berthc.model import Manager

PLAN9 = ROOT / "spec/plan9.yaml"
SCSI = "spec/scsi.yaml"


def model(path: Path) -> tuple[Manager, Path]:
    manager = manager_of(path.read_text(encoding="utf-8"))
    return manager, program(manager.name, files(manager))


# Default bounds.

@pytest.mark.parametrize(("small", "callers"), [(SMALL, 4), (20, 3)])
def test_few_transitions_bring_one_caller_more(small: int, callers: int,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "SMALL", small)
    manager, made = model(PLAN9)
    report = explore_by_default(manager, Bounds(), Progress(), made)
    assert report.bounds.callers == callers
    alone = explore(manager, Bounds(callers=callers), program=made)
    assert (report.states, report.transitions) == (alone.states, alone.transitions)


@pytest.mark.parametrize(("transitions", "callers"),
                         [(47_339, 4), (100_000, 4), (100_001, 3)])
def test_as_many_transitions_are_few(transitions: int, callers: int,
                                     monkeypatch: pytest.MonkeyPatch) -> None:
    def counted(manager: Manager, bounds: Bounds, *_: object) -> Report:
        return replace(found, bounds=bounds, searched=(
            replace(found.searched[0], transitions=transitions),))

    manager, made = model(PLAN9)
    found = explore(manager, Bounds(callers=2), program=made)
    monkeypatch.setattr(reach, "explore", counted)
    assert explore_by_default(manager, Bounds(), Progress(), made).bounds.callers == callers


def test_a_bound_on_states_that_four_callers_reach_is_kept_with_three() -> None:
    manager, made = model(PLAN9)
    with_three = explore(manager, Bounds(), program=made)
    bounds = Bounds(states=with_three.states)
    report = explore_by_default(manager, bounds, Progress(), made)
    assert report.complete and report.bounds == bounds


def test_what_four_callers_show_is_told_though_their_search_is_in_part() -> None:
    """Here three callers show it, too; elsewhere they may not."""
    manager, made = model(FAULTY / "stranded-failed-mount.yaml")
    with_three = explore(manager, Bounds(), program=made)
    report = explore_by_default(manager, Bounds(states=with_three.states), Progress(), made)
    assert report.refused and not report.complete and report.bounds.callers == 4


def test_bounds_that_are_given_are_kept() -> None:
    for flags in (("--keys", "2"), ("--failures", "1"), ("--states", "5000")):
        assert " up to 3 callers " in berthc("check", *flags, str(PLAN9)).stdout
    assert " up to 3 callers " in berthc("check", "--engine", "python", str(PLAN9)).stdout
    assert " up to 4 callers " in berthc("check", str(PLAN9)).stdout


def test_drains_are_not_looked_at_for_what_no_search_tries(
        monkeypatch: pytest.MonkeyPatch) -> None:
    """In scsi some rows say the same for uncertain as for failed. All others are taken."""
    def drained(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(engine, "drained", drained)
    manager, made = model(ROOT / SCSI)
    assert not explore(manager, Bounds(), program=made).findings


@pytest.mark.parametrize("in_c", [True, False])
def test_ctrl_c_during_drains_ends_the_search_and_not_the_report(
        in_c: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = list[bool]()

    class Interrupted(Running):
        def result(self, watch: Watch = lambda _states, _waiting: None) -> Searched:
            raise KeyboardInterrupt

        def end(self) -> Searched:
            ended.append(True)
            return super().end()

    def drains(*_: object) -> None:
        monkeypatch.setattr(engine, "Running", Interrupted)
        drained(*_)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    drained = engine.drained
    monkeypatch.setattr(engine, "drained", drains)
    monkeypatch.setattr(Search, "drains", interrupted)
    manager, made = model(FAULTY / "unreachable-attach-while-leaving.yaml")
    report = explore(manager, Bounds(callers=2, keys=1), program=made if in_c else None)
    assert report.interrupted and not report.complete and not report.findings
    assert bool(ended) == in_c


# A budget of time.

def test_a_budget_ends_in_time_and_tells_what_was_covered() -> None:
    begin = time.monotonic()
    done = berthc("check", "--budget", "2s", "--format", "json", SCSI)
    assert time.monotonic() - begin < 20
    answer = json.loads(done.stdout)
    covered = [(one["callers"], one["keys"]) for one in answer["covered"]]
    assert covered == list(LADDER[:len(covered)])
    assert all(one["complete"] for one in answer["covered"][:-1])
    assert done.returncode == (0 if answer["covered"][0]["complete"] else 4)


def test_what_was_covered_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    manager, made = model(PLAN9)
    monkeypatch.setattr(reach, "LADDER", ((3, 2), (4, 2), (3, 3)))
    report = explore_within(manager, time.monotonic() + 100, Bounds(), Progress(), lambda: made)
    assert report.complete and [one.complete for one in report.covered] == [True] * 3
    assert claim(report).startswith(
        "explored every order of calls of up to 4 callers with 2 keys per level and of up to "
        "3 callers with 3 keys per level (any number of failures, ")
    part = replace(report, covered=(report.covered[0], report.covered[1]._replace(complete=False)))
    assert claim(part).startswith(
        "explored every order of calls of up to 3 callers with 2 keys per level (")
    assert claim(part).endswith("; and in part, until time or memory ran out, of 4 callers with "
                                f"2 keys per level: {part.covered[1].states} states")


@pytest.mark.parametrize("engine", ["c", "python"])
def test_without_time_nothing_is_claimed(engine: str) -> None:
    manager, made = model(ROOT / SCSI)
    report = explore_within(manager, time.monotonic(), Bounds(), Progress(),
                            (lambda: made) if engine == "c" else None)
    assert not report.complete and [one.complete for one in report.covered] == [False]
    if report.states == 0:
        assert claim(report) == "explored nothing: the bound on time was reached first"
    else:
        assert claim(report).startswith("explored in part (3 callers, 2 keys per level, ")
        assert claim(report).endswith(", then the bound on time was reached")


def test_a_budget_ends_the_compiler_and_its_processes(tmp_path: Path,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    script, child = tmp_path / "cc", tmp_path / "child"
    script.write_text(f"#!/bin/sh\nsleep 300 &\necho $! >{child}\nwait\n", encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("BERTH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CC", str(script))
    begin = time.monotonic()
    done = berthc("check", "--budget", "1s", str(PLAN9))
    assert time.monotonic() - begin < 20
    assert done.returncode == 4
    assert ": explored nothing: the bound on time was reached first\n" in done.stdout
    assert "ok" not in done.stdout and "explored in part" in done.stderr
    assert ended(int(child.read_text(encoding="utf-8")))
    assert not [*(tmp_path / "cache").iterdir()]


def ended(process: int) -> bool:
    """Does the process end soon? Nobody may have asked for its status yet."""
    for _ in range(100):
        try:
            stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
        except FileNotFoundError:
            return True
        if stat.rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_a_finding_ends_the_search() -> None:
    manager, made = model(FAULTY / "stranded-failed-mount.yaml")
    report = explore_within(manager, time.monotonic() + 100, Bounds(), Progress(), lambda: made)
    assert len(report.covered) == 1 and {f.fault.id for f in report.findings} == {"stranded"}


@pytest.mark.parametrize(("given", "sentence"), [
    ("30", "'30' is no time: write 30s, 5m or 1h"),
    ("-1s", "must be at least 1s, and at most 24h"),
    ("1.5s", "'1.5s' is no time"),
    ("0s", "must be at least 1s, and at most 24h"),
    ("25h", "must be at least 1s, and at most 24h"),
])
def test_what_is_no_budget_is_refused(given: str, sentence: str) -> None:
    done = berthc("check", f"--budget={given}", str(PLAN9))
    assert done.returncode == 2 and sentence in done.stderr


def test_a_negative_budget_needs_no_equals_sign() -> None:
    done = berthc("check", "--budget", "-1s", str(PLAN9))
    assert done.returncode == 2 and "must be at least 1s, and at most 24h" in done.stderr


def test_the_largest_bounds_of_a_budget_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    manager, made = model(PLAN9)
    monkeypatch.setattr(reach, "LADDER", LADDER[:3])
    report = explore_within(manager, time.monotonic() + 100, Bounds(), Progress(), lambda: made)
    most = report.covered[-1]._replace(callers=8, keys=3)
    assert "no further" not in claim(replace(report, covered=report.covered[:1]))
    whole = claim(replace(report, covered=(*report.covered[:2], most)))
    assert whole.startswith("explored every order of calls of up to 8 callers with 3 keys per "
                            "level (any number of failures, ")  # what it includes is not told
    assert whole.endswith("; --budget searches no further")
    assert "up to 8 callers and 3 keys" in " ".join(berthc("check", "--help").stdout.split())


@pytest.mark.parametrize("flags", [("--callers", "4"), ("--keys", "2"), ("--states", "9"),
                                   ("--static",),
                                   ("--states", "9", "--failures", "2")])
def test_a_budget_does_not_go_with_bounds(flags: tuple[str, ...]) -> None:
    done = berthc("check", "--budget", "1s", *flags, str(PLAN9))
    ignored = "--budget" if flags[0] == "--static" else flags[0]
    assert done.returncode == 2 and f"so {ignored} does not go with it" in done.stderr
