"""What callers are after a crash: both engines say the same of a spec with two levels, for each way
in which callers hold them."""
from __future__ import annotations

import pytest
from engine_support import in_both
from explore_support import FAULTY, manager_of
from random_specs import WITH_STORE

from berthc.explore.bounds import Bounds

SMALL = Bounds(callers=2, keys=1)

LEVELS = """\
berth: 1
manager: levels
store: {settle: vm.settle}
backend:
  vm:
    settle: {on: store}
    add: {on: disk}
    remove: {on: disk, undoes: vm.add, repeatable: true}
    mount: {on: mount}
    unmount: {on: mount, undoes: vm.mount, repeatable: true}
resources:
  disk:
    key: [number]
    fields: {number: {type: u8}}
    holders: {take: claim, drop: drop}
    initial: out
    otherwise: {reject: EIO}
    states:
      out:
        on:
          claim: stay
          add: {call: vm.add, ok: in, fail: out, uncertain: {to: lost, raise: undo}}
          drop: gone
      in:
        on:
          claim: stay
          add: stay
          drop: {call: vm.remove, ok: gone, fail: in, uncertain: {to: lost, raise: finish}}
      lost:
        on:
          undo: UNDO_DISK
          finish: {call: vm.remove, ok: gone, fail: lost}
          drop: {call: vm.remove, ok: gone, fail: lost}
      gone: {final: true}
  mount:
    parent: disk
    key: [number]
    fields: {number: {type: u8}}
    holders: {take: claim, drop: drop}
    initial: out
    otherwise: {reject: EIO}
    states:
      out:
        on:
          claim: stay
          add: {call: vm.mount, ok: in, fail: out, uncertain: {to: lost, raise: undo}}
          drop: gone
      in:
        on:
          claim: stay
          add: stay
          drop: {call: vm.unmount, ok: gone, fail: in, uncertain: {to: lost, raise: finish}}
      lost:
        on:
          undo: UNDO_MOUNT
          finish: {call: vm.unmount, ok: gone, fail: lost}
          drop: {call: vm.unmount, ok: gone, fail: lost}
      gone: {final: true}
operations:
"""

RESERVED = """\
  reserve: {obtain: [disk, mount], gives: reservation}
  use: {with: reservation, do: [disk.add, mount.add]}
  release: {with: reservation, do: [mount.drop, disk.drop], ends: reservation}
"""
REFERENCES = """\
  take: {obtain: [disk, mount], do: [disk.claim, disk.add, mount.claim, mount.add]}
  release: {find: mount, absent: ok, do: [mount.drop, disk.drop]}
  release_disk: {find: disk, absent: ok, do: [disk.drop]}
"""
OF_ONE_LEVEL = """\
  take: {obtain: [disk, mount], do: [disk.claim, disk.add, mount.add]}
  look: {find: mount, do: [mount.claim]}
  release: {find: disk, absent: ok, do: [disk.drop]}
  leave: {find: mount, absent: ok, do: [mount.drop]}
accept:
  - {finding: leak, why: A request that fails keeps what it took.}
"""


def levels(undo: str, operations: str) -> str:
    """`undo`: what recovery does after a call that did not let go."""
    return LEVELS.replace("UNDO_DISK", undo.format("vm.remove")).replace(
        "UNDO_MOUNT", undo.format("vm.unmount")) + operations


STAYS, ENDS = ("{{call: {}, ok: " + state + ", fail: lost}}" for state in ("out", "gone"))
REJECTS = "{{reject: EBUSY}}"


@pytest.mark.parametrize(("undo", "operations"), [
    (STAYS, RESERVED), (ENDS, RESERVED), (REJECTS, RESERVED), (STAYS, REFERENCES),
    (ENDS, REFERENCES), (STAYS, OF_ONE_LEVEL)],
    ids=["reserved, stays", "reserved, ends", "reserved, rejects", "references, stays",
         "references, ends", "one level"])
def test_callers_after_a_crash(undo: str, operations: str) -> None:
    assert in_both(manager_of(levels(undo, operations)), SMALL)[0].states > 30


@pytest.mark.parametrize("name", ["asks-when-unsure", "asks-in-a-drain",
                                  "is-told-of-what-is-there"])
def test_calls_that_ask_and_effects_that_were_there(name: str) -> None:
    text = (FAULTY / f"sound/{name}.yaml").read_text(encoding="utf-8")
    assert not in_both(manager_of(text + WITH_STORE), SMALL, most=1)[0].found
