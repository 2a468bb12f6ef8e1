"""Things of an older spec that are one thing now: C and Python agree, and `berthc diff` tells."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stores import Kept, copied, difference, keeper, run, stored

from berthc.diff.loadable import Bar
from berthc.stored.load import loaded
from berthc.stored.loadable import loadable
from berthc.stored.reading import read_store
from berthc.stored.upgrade import Refused

OLD = """berth: 1
manager: merged
store: {settle: hw.settle}
backend:
  hw:
    settle: {on: store}
    put: {on: box}
    rem: {on: box, undoes: hw.put, repeatable: true}
    blink: {on: box, optional: true, repeatable: true}
    beep: {on: box, optional: true, repeatable: true}
resources:
  box:
    key: [kind, name]
    fields:
      kind: {type: enum, values: [wood, steel, glass]}
      name: {type: string, required: true, max_length: 15}
    assigned: {c1: {counter: {start: 3}}, c2: {counter: {start: 9}}}
    holders: {take: hold, drop: leave}
    initial: fresh
    states:
      fresh:
        on:
          hold: stay
          shine: stay
          sound: stay
          put: {call: hw.put, ok: there, fail: fresh, uncertain: lost}
          leave: gone
      there:
        on:
          hold: stay
          put: stay
          shine: {call: hw.blink, ok: stay, fail: stay, uncertain: stay}
          sound: {call: hw.beep, ok: stay, fail: stay, uncertain: stay}
          leave: {call: hw.rem, ok: gone, fail: there, uncertain: missing}
      lost: {on: &lost {hold: {reject: EBUSY}, shine: {reject: EBUSY}, sound: {reject: EBUSY},
                        put: {reject: EBUSY},
                        leave: {call: hw.rem, ok: gone, fail: stay, uncertain: stay}}}
      missing: {on: *lost}
      gone: {final: true}
operations:
  rent: {obtain: [box], gives: reservation}
  use: {with: reservation, do: [box.put]}
  shine: {with: reservation, do: [box.shine]}
  sound: {with: reservation, do: [box.sound]}
  give_back: {with: reservation, do: [box.leave], ends: reservation}
"""
VALUES = [("values: [wood, steel, glass]",
           "values: [hard, glass], was_values: {hard: [wood, steel]}")]
STATES = [("uncertain: lost", "uncertain: unclear"), ("uncertain: missing", "uncertain: unclear"),
          ("      missing: {on: *lost}\n", ""), ("      lost: {on: &lost",
                                                 "      unclear: {was: [lost, missing], on:")]
HOOKS = [("blink: {on: box, optional: true", "blink: {on: box, optional: lights"),
         ("beep: {on: box, optional: true", "beep: {on: box, optional: lights")]
COUNTERS = [("{c1: {counter: {start: 3}}, c2: {counter: {start: 9}}}",
             "{c: {counter: {}, was: [c1, c2]}}")]


def edited(edits: list[tuple[str, str]]) -> str:
    text = OLD
    for was, now in edits:
        assert was in text
        text = text.replace(was, now)
    return text


@pytest.mark.parametrize(("edits", "kinds", "without", "told", "refused"), [
    (VALUES, ["wood", "glass"], [], Bar.KEY, None),
    (VALUES, ["wood", "steel"], [], Bar.KEY, Bar.KEY),
    (STATES, ["wood", "steel"], [], None, None),
    (HOOKS, ["wood"], ["hw.blink", "hw.beep"], Bar.WITHOUT, None),
    (HOOKS, ["wood"], ["hw.beep"], Bar.WITHOUT, Bar.WITHOUT),
    (COUNTERS, [], [], Bar.LOST, None),
    (COUNTERS, ["wood"], [], Bar.LOST, Bar.LOST),
])
def test_what_is_one_thing_now(edits: list[tuple[str, str]], kinds: list[str], without: list[str],
                               told: Bar | None, refused: Bar | None, tmp_path: Path) -> None:
    old, new = stored(OLD), stored(edited(edits))
    expected = loadable(old, new)
    assert expected is not None and not expected.never
    assert {one.bar for one in expected.unless} == ({told} if told else set())
    first: dict[str, Any] = {"op": "new", "options": {}, "without": without}
    script = [first, *({"op": "rent", "owner": kind, "box": {"kind": kind, "name": "n"}}
                       for kind in kinds or ["wood"])]
    if not kinds:  # the counters stay
        script.append({"op": "give_back", "reservation": "r1"})
    run(keeper(old, tmp_path / "old"), tmp_path / "old.db", script)
    rows = read_store(str(tmp_path / "old.db"))
    kept = Kept(copied(tmp_path / "old.db", tmp_path / "new.db"), first, script, rows)
    assert len(rows.rows("_counters")) == 2
    if told is Bar.WITHOUT and refused:
        first = {**first, "without": []}
    try:
        loaded(rows, new, {}, first["without"])
        found = None
    except Refused as error:
        found = error.refusal.bar
    assert found is refused
    wrong = difference(kept, new, keeper(new, tmp_path / "new"), first)
    assert wrong is None, wrong


OPTIONS = """options:
  mode: {type: enum, values: [slow, fast]}
  pace: {type: enum, values: [slow, calm]}
backend:
"""
RENAMED = OPTIONS.replace("values: [slow, fast]",
                          "values: [calm, fast], was_values: {calm: slow}")


@pytest.mark.parametrize(("then", "now", "refused"), [
    ({"mode": "slow", "pace": "slow"}, {"mode": "calm", "pace": "slow"}, False),
    ({"mode": "slow", "pace": "slow"}, {"mode": "calm", "pace": "calm"}, True),
    ({"mode": "fast", "pace": "calm"}, {"mode": "calm", "pace": "calm"}, True),
])
def test_an_earlier_value_is_that_of_its_option(then: dict[str, str], now: dict[str, str],
                                                refused: bool, tmp_path: Path) -> None:
    old, new = (stored(OLD.replace("backend:\n", text)) for text in (OPTIONS, RENAMED))
    first: dict[str, Any] = {"op": "new", "options": then, "without": []}
    run(keeper(old, tmp_path / "old"), tmp_path / "old.db", [first])
    rows = read_store(str(tmp_path / "old.db"))
    found = None
    try:
        loaded(rows, new, now, [])
    except Refused as error:
        found = error.refusal.bar
    assert found is (Bar.OPTION if refused else None)
    wrong = difference(Kept(tmp_path / "old.db", first, [first], rows), new,
                       keeper(new, tmp_path / "new"), {**first, "options": now})
    assert wrong is None, wrong


TEXTS = """options:
  first: {type: string}
  mode: {type: enum, values: [slow, fast]}
  last: {type: string}
backend:
"""
ODD = ["a b", ' mode=fast last="x" ', '"', "\\", '\\" mode=fast', "x" * 300]


def test_texts_of_options_are_read_whole(tmp_path: Path) -> None:
    """The header has all options in one line."""
    old = stored(OLD.replace("backend:\n", TEXTS))
    new = stored(OLD.replace("backend:\n", TEXTS).replace("max_length: 15", "max_length: 16"))
    kept_by, program = keeper(old, tmp_path / "old"), keeper(new, tmp_path / "new")
    for i, text in enumerate(ODD):
        then = {"first": text, "mode": "slow", "last": text}
        first: dict[str, Any] = {"op": "new", "options": then, "without": []}
        file = tmp_path / f"{i}.db"
        run(kept_by, file, [first])
        rows = read_store(str(file))
        for j, now in enumerate((then, {**then, "mode": "fast"}, {**then, "last": text + "y"})):
            found = None
            try:
                loaded(rows, new, now, [])
            except Refused as error:
                found = error.refusal.bar
            assert found is (Bar.OPTION if j else None)
            copy = copied(file, tmp_path / f"{i}.{j}.db")
            wrong = difference(Kept(copy, first, [first], rows), new, program,
                               {**first, "options": now})
            assert wrong is None, wrong


INTENT = [("put: {on: box}", "set: {was: hw.put, on: box}"), ("undoes: hw.put", "undoes: hw.set"),
          ("    initial: fresh\n", "    was_events: {fill: put}\n    initial: fresh\n"),
          ("put: {call: hw.put, ok: there", "fill: {call: hw.set, ok: there"),
          ("          put: stay\n", "          fill: stay\n"),
          ("put: {reject: EBUSY}", "fill: {reject: EBUSY}"), ("do: [box.put]", "do: [box.fill]")]


@pytest.mark.parametrize(("edits", "refused"), [
    (INTENT, None),
    (INTENT[:2] + [("call: hw.put", "call: hw.set")], None),
    ([("put: {on: box}", "put: {on: box}\n    set: {on: box}"), ("call: hw.put", "call: hw.set"),
      ("undoes: hw.put", "undoes: [hw.put, hw.set]")], Bar.INTENT),
])
def test_calls_under_way_have_their_names_of_today(edits: list[tuple[str, str]],
                                                   refused: Bar | None, tmp_path: Path) -> None:
    old, new = stored(OLD), stored(edited(edits))
    first: dict[str, Any] = {"op": "new", "options": {}, "without": []}
    script: list[dict[str, Any]] = [
        first, {"op": "rent", "owner": "ann", "box": {"kind": "wood", "name": "n"}},
        {"op": "use", "reservation": "r1", "die": 1}]
    run(keeper(old, tmp_path / "old"), tmp_path / "old.db", script)
    rows = read_store(str(tmp_path / "old.db"))
    assert len(rows.rows("_intents")) == 1
    found = None
    try:
        loaded(rows, new, {}, [])
    except Refused as error:
        found = error.refusal.bar
    assert found is refused
    wrong = difference(Kept(tmp_path / "old.db", first, script, rows), new,
                       keeper(new, tmp_path / "new"), first)
    assert wrong is None, wrong
