"""What the tests of semantics and simulator share: specs as text, backends as small dictionaries,
and one made-up manager.

Specs are read by load and build alone, so that a test can also use a manager that the static rules
refuse.
"""
from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "gen"))

from berthc.model import Manager  # noqa: E402
from berthc.semantics import OK, Outcome, Outcomes, Result, Value, World  # noqa: E402
from berthc.spec.build import build  # noqa: E402
from berthc.spec.load import load  # noqa: E402

SHIPPED = ("plan9", "plan9_mount", "vpci", "scsi")


@cache
def manager(text: str) -> Manager:
    """The model of a spec given as text."""
    root, found, _ = load("test.yaml", text)
    assert root is not None and not found, found
    spec, more = build(root)
    assert not more, more
    assert spec.manager is not None
    return spec.manager


@cache
def shipped(name: str) -> Manager:
    """The model of one of the specs in spec/."""
    return manager((ROOT / "spec" / f"{name}.yaml").read_text(encoding="utf-8"))


def backend(script: Mapping[str, str] | None = None, **nth: str) -> Outcomes:
    """Hooks by name with the error they end with; "?EIO" is uncertain. `hook#2` is the second call
    alone."""
    words = dict(script or {}) | nth

    def outcome(hook: str, number: int, _args: Mapping[str, Value]) -> Outcome:
        word = words.get(f"{hook}#{number}", words.get(hook))
        if word is None:
            return OK
        return Outcome("uncertain", word[1:]) if word.startswith("?") else Outcome("fail", word)

    return outcome


def calls(result: Result) -> list[tuple[str, str]]:
    """Hooks that were called, in order, and how they ended."""
    return [(call.hook, call.outcome) for call in result.calls]


def events(result: Result) -> list[tuple[str, str, str, str]]:
    """Events that reached an instance: resource, state before, event, outcome."""
    return [(t.resource, t.state, t.event, t.outcome) for t in result.rows]


def where(result: Result) -> dict[str, str]:
    assert result.where is not None
    return dict(result.where)


def disk(path: str = "/a", **fields: Value) -> dict[str, Value]:
    return {"host_path": path, **fields}


def reserve(world: World, path: str = "/a", partition: int = 1, **fields: Value) -> str:
    """Reserves a partition of a scsi disk; the reservation's label."""
    result = world.run("reserve",
                       config={"disk": disk(path), "mount": {"partition": partition, **fields}})
    assert result.error is None, result
    return str(result.returns["reservation"])


# A manager with one of everything that the shipped ones do not have. `box` is found by key and by
# each kind of assigned value, counted without reservations, and talks to hooks with out-values;
# `lid` hangs below it and can also be reserved with it.
BOX = """
berth: 1
manager: store
options:
  rows: {type: u8, default: 2, range: [1, 4]}
  mode: {type: enum, values: [plain, fancy]}
  limit: {type: u8, default: 5}
backend:
  b:
    open: {on: box}
    tell: {on: box, optional: true}
    need: {on: box, optional: true, absent: EOPNOTSUPP}
    shut: {on: box, undoes: b.open, repeatable: true}
    fit: {on: lid}
resources:
  box:
    key: [name]
    fields:
      name: {type: string, required: true, max_length: 8, compare: {case: ignored}}
      level: {type: u8, range: [0, 9]}
      weight: {type: i32, default: 3}
      tags: {type: set, of: string, compare: {case: ignored}}
      order: {type: list, of: string}
      kind: {type: enum, values: [small, large]}
      owner: {type: uuid}
    assigned:
      slot: {pool: {row: rows, place: 2}}
      number: {counter: {start: 5}}
      id: {uuid: v4}
      label:
        format:
          - {if: option.mode == fancy, text: '*{name}*'}
          - {text: '{number}/{row}.{place}'}
      code: {from: b.open, type: u8}
      word: {from: b.open, type: string, max_length: 6}
      token: {from: b.open, type: uuid}
      odd: {from: b.open, type: bool}
      signed: {from: b.tell, type: i32}
    holders: {take: hold, drop: leave}
    initial: fresh
    states:
      fresh:
        on:
          hold: stay
          open:
            - {if: field.level > 7, reject: EDOM}
            - {if: field.kind == large and option.mode == fancy, call: b.need, ok: opened, fail: broken}
            - {call: b.open, ok: {to: opened, raise: check}, fail: {to: broken, raise: check}, uncertain: {to: unsure, raise: undo}}
          leave: gone
          kill: gone
      opened:
        on:
          hold: stay
          open: stay
          check: {call: b.tell, ok: stay, fail: broken}
          leave: {call: b.shut, ok: gone, fail: opened}
      broken:
        on:
          hold: {reject: ENOTRECOVERABLE}
          open: {reject: ENOTRECOVERABLE}
          check: {reject: EPROTO}
          leave: gone
      unsure:
        on:
          hold: {reject: ENOTRECOVERABLE}
          open: {reject: ENOTRECOVERABLE}
          undo: {call: b.shut, ok: gone, fail: unsure}
          leave: {call: b.shut, ok: gone, fail: unsure}
      shelf:
        resident: true
        on: {hold: stay, open: stay, leave: stay}
      gone: {final: true}
    otherwise: {reject: ENOTTY}
  lid:
    parent: box
    fields:
      colour: {type: string}
    assigned:
      path: {format: '{option.limit}:{box.label}:{colour}'}
    holders: {take: hold, drop: lift}
    initial: off
    states:
      off:
        on:
          hold: stay
          put: {call: b.fit, ok: on, fail: off}
          lift: gone
      on:
        on:
          hold: stay
          put: stay
          lift: {to: off, raise: lift}
      gone: {final: true}
    otherwise: {reject: EPROTO}
operations:
  make: {obtain: [box], deny: [{if: box.level > 6 and option.mode == plain, error: EPERM}, {if: box.level > 6, error: EACCES}]}
  acquire: {obtain: [box], do: [box.open, box.hold], returns: [box.number, box.label, box.code, box.token]}
  put: {obtain: [box, lid], do: [box.open, lid.put, lid.hold], returns: [lid.path]}
  reserve: {obtain: [box, lid], gives: reservation, returns: [box.id]}
  use: {with: reservation, do: [box.open, lid.put]}
  give_back: {with: reservation, do: [lid.lift, box.leave], ends: reservation, returns: [lid.path]}
  place: {create: {resource: box, at: slot, enter: shelf}, returns: [box.number]}
  cover: {create: {resource: lid, enter: off}}
  release: {find: box, do: [box.leave], returns: [box.number, box.label, box.id]}
  release_quietly: {find: box, absent: ok, do: [box.leave], returns: [box.number, box.label, box.id, box.row]}
  uncover: {find: lid, do: [lid.lift]}
  release_by_number: {find: box, by: number, do: [box.leave]}
  release_by_id: {find: box, by: id, do: [box.leave]}
  release_by_slot: {find: box, by: slot, absent: ok, do: [box.leave]}
  kill: {find: box, do: [box.kill, box.open]}
"""
