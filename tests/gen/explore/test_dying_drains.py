"""The process of a manager with a store dies in a drain. Some faults show in no other way."""
from __future__ import annotations

from pathlib import Path

import pytest
from engine_support import in_both, program
from explore_support import FAULTY, Json, manager_of, play, play_c
from programs import simulator

from berthc.explore import search
from berthc.explore.bounds import Bounds
from berthc.explore.report import Finding, explore
from berthc.explore.states import death

SMALL = Bounds(callers=2, keys=1)

ROOM = """\
berth: 1
manager: rooms
backend:
  bus:
    heat: {on: room}
    cool: {on: room, undoes: bus.heat, repeatable: true}
resources:
  room:
    key: [number]
    fields: {number: {type: u8}}
    holders: {drop: leave}
    initial: cold
    states:
      cold:
        resident: true
        on: {use: {call: bus.heat, ok: warm, fail: cold, uncertain: unclear}, leave: gone}
      warm:
        resident: true
        on: {use: stay, leave: {call: bus.cool, ok: gone, fail: warm, uncertain: WARM}}
      unclear:
        resident: true
        on:
          use: {reject: EBUSY}
          leave: {call: bus.cool, ok: gone, fail: unclear, uncertain: unclear}
      gone: {final: true}
operations:
  use: {obtain: [room], do: [room.use]}
"""
"""Nobody lets go of a room, only drain does. After a call of `cool` of which nobody knows how it
ended, WARM is wrong if it says that the room is warm."""

CHECKED = (ROOM.replace("uncertain: WARM", "uncertain: {to: unclear, raise: check}")
           .replace("use: {reject: EBUSY}", "use: {reject: EBUSY}\n          check: AGAIN")
           .replace("use: stay,", "use: stay, check: {reject: EBUSY},")
           .replace(", leave: gone", ", check: {reject: EBUSY}, leave: gone"))
"""The same, but AGAIN decides. Recovery runs it."""

STORED = "\nstore: true\n"


def findings(text: str, tmp_path: Path, bounds: Bounds = SMALL) -> tuple[Finding, ...]:
    """What both engines find. The scripts give the same answers on both simulators."""
    manager = manager_of(text)
    found, in_c = (explore(manager, bounds, program=made) for made in (None, program(manager)))
    assert [(one.fault, len(one.script)) for one in found.findings] == [
        (one.fault, len(one.script)) for one in in_c.findings]
    in_both(manager, bounds)
    for one in [*found.findings, *in_c.findings]:
        assert play_c(simulator(manager, tmp_path), one.requests) == play(manager, one.requests)
    return in_c.findings


def said(found: tuple[Finding, ...]) -> list[tuple[str, str, list[Json]]]:
    return [(one.fault.id, one.fault.where, one.requests) for one in found]


def test_a_room_that_may_be_cold_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = ROOM.replace("WARM", "warm")
    use = {"op": "use", "room": {"number": 1}}
    assert said(findings(wrong + STORED, tmp_path)) == [
        ("missing-effect", "room.warm.use", [use, {"op": "drain", "die": 1}, use])]
    assert findings(ROOM.replace("WARM", "unclear") + STORED, tmp_path / "right") == ()
    assert explore(manager_of(wrong), SMALL).findings == ()  # a drain that ends does not show it
    monkeypatch.setattr(search, "deaths", lambda stepper, local: iter(()))
    assert explore(manager_of(wrong + STORED), SMALL).findings == ()


def test_recovery_goes_on_with_the_drain(tmp_path: Path) -> None:
    again = "{call: bus.cool, ok: OK, fail: unclear, uncertain: unclear}"
    wrong = CHECKED.replace("AGAIN", again).replace("OK", "warm")
    use = {"op": "use", "room": {"number": 1}}
    once = Bounds(callers=2, keys=1, failures=1)
    [(id_, where, requests)] = said(findings(wrong + STORED, tmp_path, once))
    assert (id_, where) == ("missing-effect", "room.warm.use")
    assert requests == [use, {"op": "drain", "die": 1}, {"op": "recover"}, use]
    right = CHECKED.replace("AGAIN", again).replace("OK", "cold")
    assert findings(right + STORED, tmp_path / "right", once) == ()


def test_between_two_drops_a_state_is_what_it_says(tmp_path: Path) -> None:
    """A whole drain never rests there."""
    text = ROOM.replace("WARM", "unclear").replace("ok: gone, fail: warm", "ok: empty, fail: warm")
    empty = "empty: {resident: true, effects: EFFECTS, on: {use: {reject: EBUSY}, leave: gone}}"
    text = text.replace("      gone:", f"      {empty}\n      gone:")
    wrong = text.replace("EFFECTS", "[bus.heat]")
    assert explore(manager_of(wrong), SMALL).findings == ()
    [(id_, where, requests)] = said(findings(wrong + STORED, tmp_path))
    assert (id_, where) == ("effects", "room.warm.leave")
    assert requests[1:] == [{"op": "drain", "die": 2}]
    assert findings(text.replace("EFFECTS", "[]") + STORED, tmp_path / "right") == ()


@pytest.mark.parametrize("name", ["needs-drain-stops-first", "needs-daemon-stopped-first",
                                  "effects-drain-where-a-child-may-stay",
                                  "effects-drain-forgets-what-it-could-not-remove"])
def test_what_a_whole_drain_shows_is_shown_by_one(name: str, tmp_path: Path) -> None:
    """And nothing that follows from it is told."""
    text = (FAULTY / f"{name}.yaml").read_text(encoding="utf-8")
    without = explore(manager_of(text), SMALL).findings
    found = findings(text + STORED, tmp_path)
    assert [(one.fault, len(one.script)) for one in found] == [
        (one.fault, len(one.script)) for one in without]
    assert not any("die" in request for one in found for request in one.requests)


def test_each_instance_has_its_own_needs(tmp_path: Path) -> None:
    """A drain calls hooks for a tag before it comes to the share above, which lacks something."""
    text = (FAULTY / "needs-drain-stops-first.yaml").read_text(encoding="utf-8")
    text = text.replace("  vm:\n", """\
  guest:
    tag: {on: tag}
    untag: {on: tag, undoes: guest.tag, repeatable: true}
  vm:
""").replace("operations:\n", """\
  tag:
    parent: share
    key: [number]
    fields: {number: {type: u8}}
    holders: {drop: release}
    initial: out
    states:
      out:
        resident: true
        on: {mark: {call: guest.tag, ok: in, fail: out, uncertain: lost}, release: gone}
      in:
        resident: true
        on: {mark: stay, release: {call: guest.untag, ok: gone, fail: in, uncertain: lost}}
      lost:
        resident: true
        on: {mark: {reject: EBUSY}, release: {call: guest.untag, ok: gone, fail: lost}}
      gone: {final: true}
operations:
  mark: {obtain: [share, tag], do: [tag.mark]}
""")
    found = findings(text + STORED, tmp_path)
    assert {one.fault.id for one in found} == {"needs"}
    assert not any("die" in request for one in found for request in one.requests)


def test_a_state_says_nothing_until_recovery_has_run(tmp_path: Path) -> None:
    again = "{call: bus.cool, ok: cold, fail: warm, uncertain: warm}"
    text = CHECKED.replace("uncertain: unclear", "uncertain: cold").replace("AGAIN", again)
    text = text.replace("unclear:\n        resident: true",
                        "unclear:\n        effects: []\n        resident: true")
    ids = {(one.fault.id, one.fault.where) for one in findings(text + STORED, tmp_path)}
    assert ids and not any(id_ == "effects" for id_, _ in ids)


@pytest.mark.parametrize(("failures", "found"), [(0, 0), (1, 1), (2, 1)])
def test_a_death_is_a_call_that_did_not_end_ok(failures: int, found: int, tmp_path: Path) -> None:
    bounds = Bounds(callers=2, keys=1, failures=failures)
    assert len(findings(ROOM.replace("WARM", "warm") + STORED, tmp_path, bounds)) == found


def test_who_held_something_releases(monkeypatch: pytest.MonkeyPatch) -> None:
    """A drain releases for all holders. One that went on to use would find its lamp dark."""
    text = (FAULTY.parent / "stored/lamp.yaml").read_text(encoding="utf-8")
    assert explore(manager_of(text), SMALL).findings == ()
    released = death._released
    monkeypatch.setattr(death, "_released", lambda local, who, own: None if (
        left := released(local, who, own)) is None else left._replace(releasing=own.releasing))
    [(id_, where, requests)] = said(explore(manager_of(text), SMALL).findings)
    assert (id_, where) == ("missing-effect", "lamp.lit.use")
    assert [request.get("die") for request in requests] == [None, None, 1, None, None]
