"""Guards: the options are put in once, and what is left means the same."""
from __future__ import annotations

import itertools

import pytest
from semantics_support import manager

from berthc.semantics import World

SPEC = """
manager: guarded
options:
  on: {{type: bool}}
  level: {{type: u8}}
resources:
  thing:
    key: all
    fields:
      flag: {{type: bool}}
      size: {{type: i32}}
      kind: {{type: enum, values: [a, b]}}
    initial: s
    states:
      s: {{resident: true}}
operations:
  make:
    obtain: [thing]
    deny:
      - {{if: '{guard}', error: EPERM}}
"""

GUARDS = {
    "option.on": lambda on, level, flag, size, kind: on,
    "not option.on": lambda on, level, flag, size, kind: not on,
    "thing.flag": lambda on, level, flag, size, kind: flag,
    "not thing.flag and option.on": lambda on, level, flag, size, kind: not flag and on,
    "option.on or thing.flag": lambda on, level, flag, size, kind: on or flag,
    "option.on and option.level > 1": lambda on, level, flag, size, kind: on and level > 1,
    "option.on or option.level >= 2": lambda on, level, flag, size, kind: on or level >= 2,
    "option.level < 2 and thing.size <= -1": lambda on, level, flag, size, kind: level < 2
    and size <= -1,
    "option.level != 2 or thing.size > 0 or thing.flag": lambda on, level, flag, size, kind: level
    != 2
    or size > 0
    or flag,
    "thing.size == 1 and thing.kind == b and thing.flag": lambda on, level, flag, size, kind: size
    == 1
    and kind == "b"
    and flag,
    "thing.kind != a": lambda on, level, flag, size, kind: kind != "a",
    "not (option.on and (thing.flag or thing.size < 0))": lambda on, level, flag, size, kind: not (
        on and (flag or size < 0)
    ),
    "not (option.level == 1 or not thing.flag)": lambda on, level, flag, size, kind: not (
        level == 1 or not flag
    ),
}


@pytest.mark.parametrize("guard", GUARDS)
def test_a_guard_means_what_it_says_for_all_options_and_fields(guard: str) -> None:
    spec = manager(SPEC.format(guard=guard))
    for on, level in itertools.product((False, True), (0, 1, 2)):
        for flag, size, kind in itertools.product((False, True), (-1, 0, 1), ("a", "b")):
            world = World(spec, {"on": on, "level": level})
            result = world.run("make", config={"thing": {"flag": flag, "size": size, "kind": kind}})
            denied = GUARDS[guard](on, level, flag, size, kind)  # type: ignore[no-untyped-call]
            assert result.error == ("EPERM" if denied else None), (on, level, flag, size, kind)
