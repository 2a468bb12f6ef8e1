"""Searches with operations in flight: the states between them are those of whole operations, and
faults of the runtime's queues are seen."""
from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import berthc
from engine_support import plant, program
from explore_support import FAULTY, ROOT, manager_of

from berthc.explore.bounds import Bounds
from berthc.explore.callers.inputs import valuations
from berthc.explore.engine.run import BrokenRuntime, Flights, Running, Searched
from berthc.explore.findings.judge import IDS
from berthc.explore.report import explore
from berthc.model import Accept, Manager

# Behind a holder that dangles nothing is compared.
SOUND = [path for path in sorted([*(ROOT / "spec").glob("*.yaml"), *FAULTY.glob("sound/*.yaml"),
                                  *(ROOT / "tests/differential/specs").glob("*.yaml")])
         if "{finding: dangling" not in path.read_text(encoding="utf-8")]
FAULTS = sorted([*FAULTY.glob("*.yaml"), *FAULTY.glob("several/*.yaml")])
TWO = Bounds(callers=2, keys=1, in_flight=2)
THREE = Bounds(callers=3, keys=1, in_flight=3)


def model(path: Path) -> Manager:
    return manager_of(path.read_text(encoding="utf-8"), path.name)


def searched(manager: Manager, bounds: Bounds) -> list[Searched]:
    made = program(manager)
    return [Running(made, manager, root.name, valuation, bounds).result()
            for valuation in valuations(manager, bounds.keys)
            for root in manager.resources if root.parent is None]


def flights_of(manager: Manager, bounds: Bounds) -> list[Flights]:
    """The states at rest are the same in digest too, else the search breaks."""
    found = [one.flights for one in searched(manager, bounds) if is_same(one)]
    assert all(one is not None for one in found)
    return [one for one in found if one is not None]


def is_same(one: Searched) -> bool:
    assert one.flights is not None and one.flights.complete and one.flights.compared
    assert one.flights.resting == one.states
    return True


@pytest.mark.parametrize(("name", "keys"), [("scsi", 1), ("vpci", 2)])
def test_whole_operations_are_enough(name: str, keys: int) -> None:
    flights = flights_of(model(ROOT / f"spec/{name}.yaml"), replace(TWO, keys=keys))
    assert max(one.most for one in flights) == 2
    assert max(one.waiting for one in flights) == 1
    assert all(one.states > one.resting for one in flights)


def test_several_wait_for_one_root() -> None:
    flights = flights_of(model(ROOT / "spec/scsi.yaml"), THREE)
    assert max(one.waiting for one in flights) == 2


def test_one_operation_at_a_time_is_whole() -> None:
    flights = flights_of(model(ROOT / "spec/scsi.yaml"), replace(TWO, in_flight=1))
    assert {(one.most, one.waiting) for one in flights} == {(1, 0)}


@pytest.mark.long
@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.stem)
def test_whole_operations_are_enough_for_three_callers(path: Path) -> None:
    flights_of(model(path), replace(THREE, keys=1 if path.stem == "retries-its-own-plug" else 2,
                                    states=1_000_000))


def accepting(manager: Manager) -> Manager:
    """The manager, whose search goes on behind every finding."""
    loc = manager.loc
    return replace(manager, accept=tuple(Accept(id, "It is only a test.", loc, "", loc)
                                         for id in IDS))


@pytest.mark.long
@pytest.mark.parametrize("path", FAULTS, ids=lambda path: path.stem)
def test_whole_operations_are_enough_behind_findings(path: Path) -> None:
    for one in searched(accepting(model(path)), replace(TWO, states=20_000)):
        assert one.flights is not None or not one.complete
        if one.flights is not None and one.flights.complete and one.flights.compared:
            assert one.flights.resting == one.states


@pytest.mark.long
def test_the_queues_of_the_kitchen_hold() -> None:
    manager = accepting(model(ROOT / "tests/gen/specs/kitchen.yaml"))
    one = Running(program(manager), manager, "stove", valuations(manager, 1)[10],
                  replace(TWO, states=1_000_000)).result()
    assert one.flights is not None and one.flights.complete and one.flights.waiting == 1


def test_behind_a_dangling_holder_nothing_is_compared() -> None:
    manager = accepting(model(FAULTY / "dangling-failed-add.yaml"))
    flights = [one.flights for one in searched(manager, TWO)]
    assert [one is not None and (one.complete, one.compared) for one in flights] == [(True, False)]


VPCI = ("check", "spec/vpci.yaml", "--callers", "2")


def test_the_report_says_how_far_it_went() -> None:
    done = berthc(*VPCI, "--in-flight", "2")
    assert done.returncode == 0
    assert ("spec/vpci.yaml: explored with up to 2 operations in flight: 360 states, 1424 "
            "transitions; the 72 states between operations are those of whole ones\n"
            ) in done.stdout
    assert "in flight" not in berthc(*VPCI).stdout


def test_json_says_how_far_it_went() -> None:
    found = json.loads(berthc(*VPCI, "--in-flight", "2", "--format", "json").stdout)
    assert found["in_flight"] == {"operations": 2, "states": 360, "transitions": 1424,
                                  "resting": found["states"], "complete": True}
    assert "in_flight" not in json.loads(berthc(*VPCI, "--format", "json").stdout)


def test_a_bound_is_told_with_status_4() -> None:
    done = berthc(*VPCI, "--in-flight", "2", "--states", "80")
    assert done.returncode == 4
    assert "explored in part with up to 2 operations in flight: " in done.stdout


def test_findings_come_first() -> None:
    done = berthc("check", str(FAULTY / "leak-forgets-on-failure.yaml"), "--in-flight", "2")
    assert done.returncode == 1
    assert "not explored with up to 2 operations in flight: whole operations have findings" in (
        done.stdout)


@pytest.mark.parametrize(("flags", "why"), [
    (("1",), "--in-flight is at least 2"),
    (("3",), "at most the number of callers (2)"),
    (("2", "--engine", "python"), "--engine python has none"),
    (("2", "--failures", "1"), "--failures does not go with it"),
])
def test_flags_that_do_not_go_together_are_refused(flags: tuple[str, ...], why: str) -> None:
    done = berthc(*VPCI, "--in-flight", *flags)
    assert done.returncode == 2 and why in done.stderr


def test_without_a_compiler_there_is_no_such_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "/nowhere/cc")
    done = berthc(*VPCI, "--in-flight", "2")
    assert done.returncode == 2 and "--in-flight: /nowhere/cc is not there" in done.stderr


# Faults of the runtime.

PLANTED = [
    ("the last comes first", "core/waiting/queue.c", "join_lines(*first, operation);",
     "join_lines(operation, *first), *first = operation;"),
    ("a waiter is not woken", "sched/waiters.c",
     "if (!next->waits)\n            waiters_resume(next, woken);", ""),
    ("a root has two owners", "core/waiting/queue.h",
     "if (operation->root || root->instance.locked)", "if (operation->root)"),
]
MORE = [
    ("those with a reservation come first", "core/waiting/queue.h",
     "by_key->turn < other->turn", "by_key->turn > other->turn"),
    ("only one is woken", "sched/waiters.c", "root->instance.waking && (next =",
     "n < 1 && root->instance.waking && (next ="),
    ("a hold is released twice", "core/operation.c",
     "operation_undo(operation);\n    if (operation->type->flags & BERTH_GIVES)",
     "if (operation->type->flags & BERTH_GIVES)"),
    ("a waiter forgets its first step", "core/operation.c", "operation->step = 0;", ";"),
    ("a waiter keeps its error", "core/operation.c", "operation->code = 0;", ";"),
    ("a cancelled waiter stays in the queue", "sched/waiters.c",
     "if (operation->waits)\n        queue_leave(operation);", ""),
]


def see(spec: str, bounds: Bounds, where: str, old: str, new: str, folder: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    plant(where, old, new, folder, monkeypatch)
    manager = model(ROOT / spec)
    whole = explore(manager, replace(bounds, in_flight=0), program=program(manager))
    assert whole.complete and not whole.refused
    with pytest.raises(BrokenRuntime):
        explore(manager, bounds, program=program(manager))


@pytest.mark.parametrize(("where", "old", "new"), [one[1:] for one in PLANTED],
                         ids=[one[0] for one in PLANTED])
def test_a_fault_of_the_queues_is_seen(where: str, old: str, new: str, tmp_path: Path,
                                       monkeypatch: pytest.MonkeyPatch) -> None:
    see("spec/scsi.yaml", THREE, where, old, new, tmp_path, monkeypatch)


@pytest.mark.long
@pytest.mark.parametrize(("where", "old", "new"), [one[1:] for one in MORE],
                         ids=[one[0] for one in MORE])
def test_more_faults_of_the_queues_are_seen(where: str, old: str, new: str, tmp_path: Path,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    see("tests/gen/specs/probe.yaml", replace(THREE, keys=2), where, old, new, tmp_path,
        monkeypatch)
