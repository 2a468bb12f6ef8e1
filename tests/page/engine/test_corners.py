"""Corners that random scripts seldom reach, on small specs of their own."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from compare import compare, engine, model
from berthc.pipeline import partly_built
from engines import ROOT, answers, job
from programs import simulator
from differ import run_c
from variants import meaning

FIELDS = {"name": {"type": "string", "required": True}}


def spec(states: dict[str, Any], hooks: dict[str, Any] | None = None, **more: Any) -> str:
    """A resource `box` with these states; `put` makes one, `drop` drops it."""
    box = {"key": ["name"], "fields": FIELDS, "holders": {"drop": "drop"},
           "initial": next(iter(states)), "states": states}
    return json.dumps({
        "berth": 1, "manager": "corner", "brief": "A corner.",
        "backend": {"hw": hooks or {"on": {"on": "box", "brief": "On."}}},
        "resources": {"box": {**box, **more}},
        "operations": {"put": {"obtain": ["box"], "do": ["box.put"]},
                       "drop": {"find": "box", "do": ["box.drop"]}}})


def agree(text: str, script: list[Any], tmp_path: Path) -> list[dict[str, Any]]:
    """The answers, which are those of the model, and of the C simulator."""
    manager = meaning(text)
    assert manager is not None, text
    compared = compare(script, engine(manager), model(manager))
    assert compared.difference is None, compared.difference
    program = simulator(manager, tmp_path)

    def c(requests: list[Any]) -> list[str]:
        return run_c([str(program)], "".join(json.dumps(one) + "\n" for one in requests))

    compared = compare(script, engine(manager), c)
    assert compared.difference is None, compared.difference
    return [json.loads(line) for line in engine(manager)(script)]


def test_a_drain_drops_as_often_as_there_are_states(tmp_path: Path) -> None:
    """A drop leads from one state to the other and back."""
    text = spec({"left": {"resident": True, "on": {"put": "stay", "drop": "right"}},
                 "right": {"resident": True, "on": {"put": "stay", "drop": "left"}},
                 "over": {"resident": True, "on": {
                     "put": {"call": "hw.on", "ok": "gone", "fail": "stay"}, "drop": "gone"}},
                 "gone": {"final": True}})
    _, drained = agree(text, [{"op": "put", "box": {"name": "a"}}, {"op": "drain"}], tmp_path)
    assert drained["state"]["box"][0]["state"] == "left"  # after four drops


def test_a_drop_of_a_drain_that_is_refused_after_a_raise_is_undone(tmp_path: Path) -> None:
    text = spec({"here": {"resident": True, "on": {
                     "put": {"call": "hw.on", "ok": "here", "fail": "stay"},
                     "drop": {"to": "there", "raise": "put"}}},
                 "there": {"on": {"put": {"reject": "EBUSY"}, "drop": "gone"}},
                 "gone": {"final": True}})
    script = [{"op": "put", "box": {"name": "a"}}, {"op": "drain"}]
    put, drained = agree(text, script, tmp_path)
    assert drained["error"] == "EBUSY"
    assert drained["state"] == put["state"]
    manager = meaning(text)
    assert manager is not None
    lines = [json.dumps(one) for one in script]
    trace = answers(job(manager, [lines], "painted"))[0][-1][1]
    assert [(step["kind"], step["from"], step["to"]) for step in trace] == [
        ("row", "here", "there"), ("row", "there", "there"), ("undone", "there", "here")]


@pytest.mark.parametrize("character", ["\x7f", "\x80", "\u07ff", "\u0800", "\uffff", "\U00010000"])
def test_lengths_are_bytes(character: str, tmp_path: Path) -> None:
    size = len(character.encode())
    text = spec({"here": {"resident": True, "on": {
        "put": {"call": "hw.on", "ok": "here", "fail": "stay"}, "drop": "gone"}},
        "gone": {"final": True}},
        fields={"name": {"type": "string", "required": True, "max_length": 12}})
    fits = character * (12 // size)
    given = agree(text, [{"op": "put", "box": {"name": name}}
                         for name in (fits, fits + "x", fits + character)], tmp_path)
    assert [one["error"] for one in given] == [
        None, None if len(fits.encode()) < 12 else "EINVAL", "EINVAL"]


@pytest.mark.parametrize(("row", "told"), [
    ({"to": "here", "raise": "drop"}, "BrokenTable: box raises events without end"),
    ({"to": "gone", "raise": "put"}, "BrokenTable: box.gone has no row for put"),
])
def test_a_spec_without_meaning_is_no_answer(row: dict[str, Any], told: str) -> None:
    """berthc refuses both; the engine says so, and can go on."""
    manager = partly_built("corner.yaml", spec({
        "here": {"resident": True, "on": {"put": "stay", "drop": row}}, "gone": {"final": True}}))
    assert manager is not None
    box = {"name": "a"}
    script: list[Any] = [{"op": "put", "box": box}, {"op": "drop", "box": box},
                         {"op": "put", "box": box}]
    first, broken, after = answers(job(
        manager, [[json.dumps(one) for one in script]], "broken"))[0]
    assert broken == told
    assert json.loads(after) == {**json.loads(first), "n": 3}


def test_nothing_is_tracked_before_the_first_request() -> None:
    manager = meaning((ROOT / "spec/scsi.yaml").read_text(encoding="utf-8"))
    assert manager is not None
    assert answers(job(manager, [[" \t"]], "painted")) == [[["", [], []]]]


def test_a_reservation_may_hold_only_part_of_its_path(tmp_path: Path) -> None:
    """Its hold on the lid is released; then a call for the box fails."""
    rest = {"here": {"resident": True, "on": {
        "put": {"call": "hw.on", "ok": "stay", "fail": "stay"}, "drop": "gone"}},
        "gone": {"final": True}}
    lid = {"here": {"resident": True, "on": {"drop": "stay"}}}
    one = {"key": ["name"], "fields": FIELDS, "holders": {"drop": "drop"}, "initial": "here"}
    text = json.dumps({
        "berth": 1, "manager": "corner", "brief": "A corner.",
        "backend": {"hw": {"on": {"on": "box", "repeatable": True, "brief": "On."}}},
        "resources": {"box": {**one, "states": rest},
                      "lid": {**one, "parent": "box", "states": lid}},
        "operations": {
            "take": {"obtain": ["box", "lid"], "gives": "reservation"},
            "look": {"with": "reservation", "do": ["box.put"]},
            "finish": {"with": "reservation", "ends": "reservation",
                       "do": ["lid.drop", "box.put", "box.drop"]}}})
    script: list[Any] = [{"op": "take", "box": {"name": "a"}, "lid": {"name": "b"}},
                         {"op": "finish", "reservation": "r1", "fail": ["hw.on"]},
                         {"op": "look", "reservation": "r1"}]
    manager = meaning(text)
    assert manager is not None, text
    assert [a["error"] for a in agree(text, script, tmp_path)] == [None, "EIO", "ECANCELED"]
    lines = [json.dumps(request) for request in script]
    tracked = answers(job(manager, [lines], "painted"))[0][-1][2]
    assert [(t["resource"], t["reservations"]) for t in tracked] == [("box", ["r1"]), ("lid", [])]
