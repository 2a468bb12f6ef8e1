"""Which stores of an old spec load, by the two specs alone: what is told of each edit."""
from __future__ import annotations

import pytest

from berthc.diff.loadable import Bar, Loadable
from berthc.pipeline import search_text
from berthc.stored.loadable import covers, loadable

OLD = """berth: 1
manager: rack
store: true
options:
  rows: {type: u8, default: 2, range: [1, 4]}
  mode: {type: enum, values: [slow, fast]}
backend:
  hw:
    put: {on: box}
    rem: {on: box, undoes: hw.put, repeatable: true}
    blink: {on: box, optional: true, repeatable: true}
    beep: {on: box, optional: true, repeatable: true}
    open: {on: drawer}
    close: {on: drawer, undoes: hw.open, repeatable: true}
resources:
  box:
    key: [name, words]
    fields:
      name: {type: string, required: true, max_length: 15}
      words: {type: list, of: string}
      note: {type: string, max_length: 9}
      free: {type: string}
      colour: {type: enum, values: [red, green]}
      weight: {type: u16, range: [5, 100]}
    assigned:
      place: {pool: {row: rows, column: 3}}
      number: {counter: {start: 1}}
      label: {from: hw.put, type: string, max_length: 7}
      session: {from: hw.put, type: u32}
    holders: {take: hold, drop: leave}
    initial: fresh
    states:
      fresh:
        on:
          hold: stay
          put: {call: hw.put, ok: there, fail: fresh, uncertain: lost}
          shine: stay
          leave: gone
      there:
        on:
          hold: stay
          put: stay
          shine: {call: hw.blink, ok: stay, fail: stay, uncertain: stay}
          leave: {call: hw.rem, ok: gone, fail: there, uncertain: lost}
      lost:
        on:
          hold: {reject: EBUSY}
          put: {reject: EBUSY}
          shine: {reject: EBUSY}
          leave: {call: hw.rem, ok: gone, fail: lost, uncertain: lost}
      gone: {final: true}
  drawer:
    parent: box
    key: [index]
    fields: {index: {type: u16}}
    holders: {take: hold, drop: leave}
    initial: closed
    states:
      closed:
        on:
          hold: stay
          open: {call: hw.open, ok: open, fail: closed, uncertain: stuck}
          leave: gone
      open:
        on:
          hold: stay
          open: stay
          leave: {call: hw.close, ok: gone, fail: open, uncertain: stuck}
      stuck:
        on:
          hold: {reject: EBUSY}
          open: {reject: EBUSY}
          leave: {call: hw.close, ok: gone, fail: stuck, uncertain: stuck}
      gone: {final: true}
  lid:
    key: [id]
    fields: {id: {type: u16}}
    holders: {take: hold, drop: leave}
    initial: on
    states:
      on: {on: {hold: stay, leave: gone}}
      gone: {final: true}
operations:
  rent: {obtain: [box, drawer], gives: reservation}
  use: {with: reservation, do: [box.put, box.shine, drawer.open]}
  give_back: {with: reservation, do: [drawer.leave, box.leave], ends: reservation}
  add: {obtain: [lid], do: [lid.hold]}
  drop: {find: lid, do: [lid.leave]}
  who: {find: box, by: session, returns: [box.number]}
"""


Edit = tuple[str, str]


def edited(edits: tuple[Edit, ...], text: str = OLD) -> str:
    for was, now in edits:
        assert text.count(was) == 1, was
        text = text.replace(was, now)
    return text


def told(edits: tuple[Edit, ...], text: str = OLD) -> Loadable:
    """What is told of the edits of a spec with a store."""
    _, old = search_text("old.yaml", text)
    _, new = search_text("new.yaml", edited(edits, text))
    assert old is not None and new is not None
    found = loadable(old, new)
    assert found is not None
    return found


LABEL = "      label: {from: hw.put, type: string, max_length: 7}\n"
NOTE = "      note: {type: string, max_length: 9}\n"
MAY_NOT = "a box has a value in {} that it may not have now"


@pytest.mark.parametrize(("was", "now", "expected"), [
    ("type: u16, range: [5, 100]", "type: u16, range: [5, 99]", MAY_NOT.format("weight")),
    ("type: u16, range: [5, 100]", "type: u16, range: [6, 100]", MAY_NOT.format("weight")),
    ("type: u16, range: [5, 100]", "type: u16, range: [4, 101]", ""),
    ("type: u16, range: [5, 100]", "type: i32, range: [5, 100]",
     "a box has a value in weight that its type cannot have now"),
    ("type: u16, range: [5, 100]", "type: i32, range: [5, 99]",
     f"a box has a value in weight that its type cannot have now; {MAY_NOT.format('weight')}"),
    ("note: {type: string, max_length: 9", "note: {type: string, max_length: 8",
     MAY_NOT.format("note")),
    ("note: {type: string, max_length: 9", "note: {type: string, max_length: 10", ""),
    ("note: {type: string,", "note: {required: true, type: string,", MAY_NOT.format("note")),
    ("free: {type: string}", "free: {type: string, max_length: 9}", MAY_NOT.format("free")),
    ("free: {type: string}", "free: {type: enum, values: [a, b]}", MAY_NOT.format("free")),
    ("free: {type: string}", "free: {type: list, of: string}",
     "there is a box: free has another type"),
    ("colour: {type: enum, values: [red, green]}", "colour: {type: enum, values: [red]}",
     MAY_NOT.format("colour")),
    ("values: [red, green]", "values: [rose, green], was_values: {rose: red}", ""),
    ("colour: {type: enum, values: [red, green]}", "colour: {type: string, max_length: 5}", ""),
    ("colour: {type: enum, values: [red, green]}", "colour: {type: string, max_length: 4}",
     MAY_NOT.format("colour")),
    ("colour: {", "paint: {was: colour, ", ""),
    ("colour: {", "paint: {", "a box has a value in colour, which is gone"),
    ("index: {type: u16}", "index: {type: u32}", ""),
    ("index: {type: u16}", "index: {type: u8}",
     "a drawer has a value in index that it may not have now"),
    (NOTE, NOTE + "      more: {type: string}\n", ""),
    (NOTE, NOTE + "      more: {type: string, required: true}\n",
     "there is a box: required field more is new"),
    (NOTE, "", "a box has a value in note, which is gone"),
    ("key: [name, words]", "key: [name]", "two of box differ only in words"),
    ("key: [name, words]", "key: [name, words, note]", ""),
    ("words: {type: list,", "words: {type: set,", "two of box differ only in words"),
    ("words: {", "words: {compare: {case: ignored}, ", "two of box differ only in words"),
])
def test_fields(was: str, now: str, expected: str) -> None:
    assert "; ".join(one.if_any for one in told(((was, now),)).unless) == expected


@pytest.mark.parametrize(("was", "now"), [("type: list,", "type: set,"),
                                          ("words: {", "words: {compare: {case: ignored}, ")])
def test_a_key_that_compares_as_before(was: str, now: str) -> None:
    old = edited(((was, now),))
    assert told((("type: u16, range: [5, 100]", "type: u16"),), old) == Loadable()


def test_values_of_a_key_that_are_one_now() -> None:
    old = edited((("key: [name, words]", "key: [name, colour]"),))
    merged = (("values: [red, green]", "values: [any], was_values: {any: [red, green]}"),)
    assert [one.if_any for one in told(merged, old).unless] == ["two of box differ only in colour"]


@pytest.mark.parametrize(("was", "now", "expected"), [
    ("column: 3", "column: 4", []),
    ("column: 3", "column: 2", ["a box is in a slot of place that is gone"]),
    ("column: 3", "column: rows", ["a box is in a slot of place that is gone"]),
    ("row: rows", "row: 4", []),
    ("row: rows", "row: 3", ["a box is in a slot of place that is gone"]),
    ("place: {pool: {row: rows, column: 3}}", "place: {pool: {row: rows}}",
     ["a box has a value in column, which is gone", "two of box have the same place",
      "a box is in a slot of place that is gone"]),
    ("place: {pool", "seat: {pool", []),
    ("max_length: 7}", "max_length: 8}", []),
    ("max_length: 7}", "max_length: 6}", ["a box has a value in label that does not fit now"]),
    ("session: {from: hw.put, type: u32}", "session: {from: hw.put, type: u64}",
     ["two of box have the same session"]),
    ("session: {from: hw.put, type: u32}", "session: {from: hw.put, type: u16}",
     ["a box has a value in session that does not fit now", "two of box have the same session"]),
    ("  who: {find: box, by: session, returns: [box.number]}\n", "", []),
    ("session: {from: hw.put, type: u32}", "session: {counter: {start: 1}}",
     ["there is a box: session was no counter"]),
    ("number: {counter: {start: 1}}", "number: {counter: {start: 5}}", []),
    (LABEL, LABEL + "      extra: {counter: {start: 1}}\n",
     ["there is a box: extra is new, and only a new one is assigned it",
      "there is a box: extra was no counter"]),
    (LABEL, LABEL + "      extra: {uuid: v4}\n",
     ["there is a box: extra is new, and only a new one is assigned it"]),
    (LABEL, LABEL + "      extra: {from: hw.put, type: u32}\n", []),
    (LABEL, LABEL + "      extra: {format: '{name}!'}\n", []),
])
def test_assigned_values(was: str, now: str, expected: list[str]) -> None:
    assert [one.if_any for one in told(((was, now),)).unless] == expected


def test_a_value_that_is_a_field_now() -> None:
    field = "      label: {type: string}\n"
    found = [told(((LABEL, ""), (NOTE, NOTE + text))) for text in (
        field, field.replace("}", ", required: true}"), field.replace("}", ", max_length: 6}"))]
    assert [[one.if_any for one in each.unless] for each in found] == [
        [], [MAY_NOT.format("label")], [MAY_NOT.format("label")]]


@pytest.mark.parametrize(("was", "now", "expected"), [
    ("range: [1, 4]", "range: [1, 5]", ""),
    ("range: [1, 4]", "range: [2, 4]", "option rows had a value that it cannot have now"),
    ("range: [1, 4]", "range: [1, 3]", "option rows had a value that it cannot have now"),
    ("default: 2", "default: 3",
     "option rows was left out then and now: its default is another one"),
    ("values: [slow, fast]", "values: [slow]", "option mode had a value that it cannot have now"),
    ("values: [slow, fast]", "values: [fast, slow]",
     "option mode was left out then and now: its default is another one"),
    ("values: [slow, fast]", "values: [calm, fast], was_values: {calm: slow}", ""),
    ("mode: {type: enum, values: [slow, fast]}", "mode: {type: bool}",
     "option mode had a value that it cannot have now; "
     "option mode was left out then and now: its default is another one"),
    ("mode: {", "pace: {was: mode, ", ""),
    ("mode: {type: enum, values: [slow, fast]}", "pace: {was: mode, type: enum, values: [slow]}",
     "option pace had a value that it cannot have now"),
    ("blink: {on: box, optional: true,", "blink: {on: box,",
     "the backend lacked hw.blink, which it must have now"),
    ("open: {on: drawer}", "open: {on: drawer}\n    more: {on: drawer, optional: true}", ""),
])
def test_options_and_hooks(was: str, now: str, expected: str) -> None:
    assert "; ".join(one.if_any for one in told(((was, now),)).unless) == expected


STUCK = """      stuck:
        on:
          hold: {reject: EBUSY}
          open: {reject: EBUSY}
          leave: {call: hw.close, ok: gone, fail: stuck, uncertain: stuck}
"""
TO_STUCK = (("uncertain: stuck}\n          leave: gone", "uncertain: odd}\n          leave: gone"),
            ("fail: open, uncertain: stuck", "fail: open, uncertain: odd"),
            ("fail: stuck, uncertain: stuck", "fail: odd, uncertain: odd"))
COVERS = (("obtain: [lid], do: [lid.hold]", "obtain: [cover], do: [cover.hold]"),
          ("find: lid, do: [lid.leave]", "find: cover, do: [cover.leave]"))


@pytest.mark.parametrize(("edits", "expected"), [
    ((("      stuck:\n", "      odd:\n"), *TO_STUCK),
     ["a drawer is in state stuck, which is gone"]),
    ((("      stuck:\n", "      odd:\n        was: stuck\n"), *TO_STUCK), []),
    (((STUCK, "      stuck: {final: true}\n"),),
     ["a drawer is in state stuck, which is final now",
      "hw.close was under way at leave of a drawer in stuck"]),
    ((("call: hw.put", "call: hw.beep"),), ["hw.put was under way at put of a box in fresh"]),
    ((("{call: hw.blink, ok: stay, fail: stay, uncertain: stay}", "stay"),),
     ["hw.blink was under way at shine of a box in there"]),
    ((("  lid:\n", "  cover:\n"), *COVERS), ["there is a lid"]),
    ((("  lid:\n", "  cover:\n    was: lid\n"), *COVERS), []),
    ((("key: [id]", "parent: box\n    key: [id]"), ("obtain: [lid]", "obtain: [box, lid]")),
     ["there is a lid: it has a parent now"]),
    ((("    parent: box\n", ""), ("obtain: [box, drawer]", "obtain: [drawer]"),
      ("box.put, box.shine, ", ""), (", box.leave]", "]")),
     ["there is a drawer: it has no parent now",
      "there is a reservation: its path is another one"]),
    ((("parent: box", "parent: lid"), ("obtain: [box, drawer]", "obtain: [lid, drawer]"),
      ("box.put, box.shine, ", ""), (", box.leave]", ", lid.leave]")),
     ["there is a drawer: its parent is another one",
      "there is a reservation: its path is another one"]),
    ((("obtain: [box, drawer]", "obtain: [box]"), (", drawer.open]", "]"), ("drawer.leave, ", "")),
     ["there is a reservation of a drawer"]),
    ((("    holders: {take: hold, drop: leave}\n    initial: on\n", "    initial: on\n"),
      ("hold: stay, leave: gone}}\n      gone: {final: true}", "hold: stay}}"),
      ("  drop: {find: lid, do: [lid.leave]}\n", "")),
     ["a lid is in state gone, which is gone", "somebody has a reference to a lid"]),
    ((("blink: {on: box, optional: true", "blink: {on: box, optional: lights"),
      ("beep: {on: box, optional: true", "beep: {on: box, optional: lights")),
     ["the backend lacked some of hw.blink, hw.beep, and not all"]),
    (((NOTE, NOTE + "      more: {type: string}\n"), ("key: [name, ", "key: [more, name, ")),
     ["there is a box: key field more is new"]),
    (((NOTE, ""), ("key: [name, words]", "key: [name, words]\n    forgets: [note]")), []),
])
def test_states_calls_and_resources(edits: tuple[Edit, ...], expected: list[str]) -> None:
    assert [one.if_any for one in told(edits).unless] == expected


def test_another_manager() -> None:
    assert told((("manager: rack", "manager: shelf"),)).never == (
        "the manager was called rack, which no was tells")
    assert told((("store: true\n", ""),)).never == "the new spec has no store"
    assert told((("manager: rack", "manager: shelf\nwas: rack"),)).headline == "yes"
    assert told(()) == Loadable()
    _, stateless = search_text("old.yaml", edited((("store: true\n", ""),)))
    _, new = search_text("new.yaml", OLD)
    assert stateless is not None and new is not None
    assert loadable(stateless, new) is None


@pytest.mark.parametrize(("bar", "resource", "word", "expected"), [
    (Bar.LOST, "box", "note", True),
    (Bar.LOST, "box", "", True),
    (Bar.LOST, "", "note", True),
    (Bar.LOST, "lid", "note", False),
    (Bar.LOST, "box", "free", False),
    (Bar.FIELD, "box", "note", False),
])
def test_covers(bar: Bar, resource: str, word: str, expected: bool) -> None:
    assert covers(told(((NOTE, ""),)), bar, resource, word) is expected


def test_covers_what_is_about_no_name() -> None:
    keys = told((("key: [name, words]", "key: [name]"),))
    assert covers(keys, Bar.KEY, "box", "words")
    backend = told((("blink: {on: box, optional: true,", "blink: {on: box,"),))
    assert covers(backend, Bar.WITHOUT, "box", "hw.blink")
