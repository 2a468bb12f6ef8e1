"""Parts of the comparison that few specs need: what is new of messages, conditions by default, and
how a terminal shows it."""
from __future__ import annotations

import pytest

from berthc.diag import PLAIN, TERMINAL, Diagnostic
from berthc.diff import compared
from berthc.diff.change import Verdict
from berthc.diff.defaults import new_defaults, rows_left, settled
from berthc.diff.report import Comparison, only_new
from berthc.emit.diff.text import as_terminal
from berthc.model import NOWHERE, Guard
from berthc.pipeline import partly_built
from diff_cases import spec


def message(text: str, where: str = "disk.lit", id_: str = "leak", line: int = 1) -> Diagnostic:
    return Diagnostic(id_, NOWHERE, text, where=where)


@pytest.mark.parametrize(("old", "new", "told"), [
    ([], ["a"], ["a"]),
    (["a"], ["a"], []),
    (["a"], ["in other words"], []),
    (["a"], ["b", "a"], ["b"]),
    (["a", "a"], ["a"], []),
    (["a"], ["a", "a"], ["a"]),
])
def test_a_message_is_new_if_the_old_spec_has_fewer_of_them(
    old: list[str], new: list[str], told: list[str]
) -> None:
    messages = [message(text) for text in new]
    assert [messages[n].message for n in only_new([message(t) for t in old], messages)] == told


def test_a_message_of_another_place_or_id_is_new() -> None:
    old = [message("a")]
    assert only_new(old, [message("b", where="disk.dark")]) == [0]
    assert only_new(old, [message("b", id_="double")]) == [0]
    assert only_new([message("a", where="")], [message("b", where="")]) == [0]


@pytest.mark.parametrize(("condition", "left"), [
    ("option.snow", False), ("not option.snow", True), ("option.depth > 3", True),
    ("option.snow or option.wet", "option.wet"), ("option.snow and option.wet", False),
    ("not option.snow or option.wet", True), ("not option.snow and option.wet", "option.wet"),
    ("option.wet", "option.wet"), ("not (option.snow or option.wet)", "not option.wet"),
    ("option.wet and (option.snow or option.dry)", "option.wet and option.dry"),
    ("not option.snow and option.depth > 3", True), ("option.snow or option.depth > 9", False),
])
def test_a_condition_comes_to_what_defaults_leave(condition: str, left: bool | str) -> None:
    found = settled(guard(condition), {("option", "snow"): False, ("option", "depth"): 5})
    assert (found if isinstance(found, bool) else written(found)) == left


def guard(condition: str) -> Guard:
    options = "".join(f"  {name}: {{type: bool}}\n" for name in ("wet", "dry", "snow"))
    manager = partly_built("a.yaml", "berth: 1\nmanager: a\noptions:\n" + options
                           + "  depth: {type: u8}\nresources:\n  b:\n    initial: c\n    states:\n"
                           f"      c: {{on: {{d: [{{if: '{condition}', reject: EIO}}, stay]}}}}\n")
    assert manager is not None
    found = manager.resources[0].states[0].rows[0].guard
    assert found is not None
    return found


def written(one: Guard) -> str:
    if one.op in ("and", "or"):
        assert len(one.args) > 1
        return f" {one.op} ".join(map(written, one.args))
    return f"not {written(one.args[0])}" if one.op == "not" else str(one.ref)


OLD = """
berth: 1
manager: a
options:
  wet: {type: bool}
resources:
  tub:
    fields:
      name: {type: string}
    initial: dry
    states:
      dry: {on: {use: stay}}
  duck:
    parent: tub
    fields:
      name: {type: string}
    initial: dry
    states:
      dry: {on: {use: stay}}
"""


def later(rows: str) -> str:
    """The spec with an option and fields more, and these rows of ducks."""
    text = OLD.replace("wet: {type: bool}", "wet: {type: bool}\n  snow: {type: bool}")
    text = text.replace("string}", "string}\n      size: {type: u8, default: 3}")
    tub, duck = text.split("  duck:\n")
    return tub + "  duck:\n" + duck.replace("use: stay", f"use: [{rows}]")


@pytest.mark.parametrize(("rows", "left"), [
    ("{if: field.size > 3, reject: EIO}, stay", ["stay"]),
    ("{if: field.size == 3, reject: EIO}, stay", ["EIO"]),
    ("{if: tub.size == 3, reject: EIO}, stay", ["EIO"]),
    ("{if: option.snow, reject: EIO}, {if: option.wet, reject: EBUSY}, stay",
     ["EBUSY if option.wet", "stay"]),
    ("{if: option.wet, reject: EIO}, stay", ["EIO if option.wet", "stay"]),
    ("{if: field.name == x, reject: EIO}, stay", ["EIO if field.name", "stay"]),
])
def test_rows_are_those_that_defaults_leave(rows: str, left: list[str]) -> None:
    old, new = partly_built("old.yaml", OLD), partly_built("new.yaml", later(rows))
    assert old is not None and new is not None
    found = rows_left(new.resource("duck").states[0].rows, new_defaults(old, new, "duck"))
    assert [(row.reject or "stay") + (f" if {written(row.guard)}" if row.guard else "")
            for row in found] == left


def test_a_terminal_has_colours_and_a_file_has_none() -> None:
    text = spec("lantern").read_text(encoding="utf-8")
    old = partly_built("old.yaml", text)
    new = partly_built("new.yaml", text.replace("light: {reject: EBUSY}", "light: {reject: EIO}")
                       .replace("It rains.}", "It rains.}\n  snow: {type: bool}"))
    assert old is not None and new is not None
    alike, changes = compared(old, new)
    one = Comparison("old.yaml", "new.yaml", alike, new, tuple(changes))
    shown = as_terminal(one, TERMINAL)
    assert "\x1b[33m~ lamp.smoking on light: now is refused with EIO" in shown
    assert "\x1b[32m+ option snow is new" in shown
    assert "\x1b" not in as_terminal(one, PLAIN)


def test_statuses_do_not_meet_those_of_all_commands() -> None:
    assert [int(v) for v in Verdict] == [0, 10, 11, 12, 13, 14, 15]
    assert not {int(v) for v in Verdict} & {1, 2, 3, 4, 130}
