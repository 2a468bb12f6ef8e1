"""What the page paints: the rows that a request took, and who holds what."""
from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from berthc.emit.html.tables import row_ids
from berthc.model import Manager, Operation
from berthc.semantics import Result, Taken
from berthc.sim import Simulator
from compare import SEED, line, random_script
from engines import SHIPPED, answers, job, read

Step = dict[str, Any]


class Watched(Simulator):
    """Keeps the rows of the last request."""

    rows: tuple[Taken, ...] = ()

    def _show(self, operation: Operation | None, result: Result) -> dict[str, Any]:
        self.rows = result.rows
        return super()._show(operation, result)


def expected(manager: Manager, taken: Taken) -> tuple[object, ...]:
    row = taken.row and row_ids(manager.resource(taken.resource))[id(taken.row)]
    hook = taken.row.hook if taken.row and taken.outcome != "rejected" else None
    return (taken.resource, row, taken.outcome, taken.state, taken.event, hook)


def shown(step: Step) -> tuple[object, ...]:
    outcome = "released" if step["kind"] == "released" else step["outcome"]
    return (step["resource"], step["row"], outcome, step["from"], step["event"], step["hook"])


def play(path: Path) -> tuple[Manager, list[str], list[tuple[str, list[Step], list[Step]]]]:
    manager = read(path)
    lines = [line(one) for one in random_script(manager, SEED, 60)]
    return manager, lines, answers(job(manager, [lines], "painted"))[0]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_trace_has_the_rows_that_the_model_took(path: Path) -> None:
    manager, lines, played = play(path)
    model = Watched(manager)
    kinds: Counter[str] = Counter()
    for asked, (_, trace, _) in zip(lines, played, strict=True):
        model.rows = ()
        model.answer(asked.encode())
        rows = [step for step in trace if step["kind"] in ("row", "released")]
        assert [shown(step) for step in rows] == [expected(manager, t) for t in model.rows], asked
        good = ("ok", "yes", "no", None)
        assert all((step["error"] is None) == (step["outcome"] in good) for step in trace), asked
        kinds.update(step["kind"] for step in trace)
    assert {"row", "made", "ended"} <= set(kinds)


def follow(states: dict[int, str], trace: list[Step]) -> dict[int, str]:
    """What is tracked after the steps of a trace, by the trace alone."""
    now = dict(states)
    for step in trace:
        id_ = step["instance"]
        if step["kind"] == "made":
            assert id_ not in now
        elif id_ is not None:
            assert now[id_] == step["from"], step
        if step["kind"] == "ended":
            del now[id_]
        elif id_ is not None:
            now[id_] = step["to"]
        else:
            assert step["kind"] == "undone"
            now = dict(states)
    return now


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_trace_leads_from_what_was_tracked_to_what_is(path: Path) -> None:
    _, lines, played = play(path)
    states: dict[int, str] = {}
    for asked, (_, trace, tracked) in zip(lines, played, strict=True):
        if asked.startswith('{"op": "new"') and trace == []:
            states = {one["id"]: one["state"] for one in tracked}
        states = follow(states, trace)
        assert states == {one["id"]: one["state"] for one in tracked}, asked


def instances(manager: Manager, state: dict[str, Any], names: tuple[str, ...],
              parent: str | None) -> list[tuple[object, ...]]:
    """Of an answer: resource, state, holders without and with children, those above first."""
    found: list[tuple[object, ...]] = []
    for resource in (r for r in manager.resources if r.parent == parent and r.name in names):
        for item in state[resource.name]:
            children = manager.children(resource.name)
            found.append((resource.name, item["state"], item["refs"],
                          sum(len(item[child]) for child in children)))
            found += instances(manager, item, children, resource.name)
    return found


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_is_tracked_is_what_the_answer_shows(path: Path) -> None:
    manager, _, played = play(path)
    roots = tuple(r.name for r in manager.resources if r.parent is None)
    held = 0
    for given, _, tracked in played:
        answer = json.loads(given)
        if "message" in answer:
            continue
        wanted = instances(manager, answer["state"], roots, None)
        assert sorted(wanted) == sorted(
            (one["resource"], one["state"], one["anonymous"] + len(one["reservations"]),
             one["children"]) for one in tracked)
        named = {label for one in tracked for label in one["reservations"]}
        assert named <= set(answer["state"]["reservations"])
        held += len(named)
    assert held > 0 or not manager.reservation_path


def test_a_malformed_request_has_no_trace() -> None:
    manager = read(SHIPPED[-1])
    resource = next(r.name for r in manager.resources if r.parent is None)
    lines = [line(one) for one in random_script(manager, SEED, 5)]
    (_, _, tracked), (refused, trace, same) = answers(job(
        manager, [[*lines, json.dumps({"op": "drain", resource: {}})]], "painted"))[0][-2:]
    assert "message" in json.loads(refused)
    assert trace == [] and same == tracked
