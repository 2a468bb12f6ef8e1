"""What callers are after a crash: both engines say the same of a spec with two levels, for each way
in which callers hold them."""
from __future__ import annotations

import pytest
from engine_support import in_both
from explore_support import manager_of

from berthc.explore.bounds import Bounds

LEVELS = """\
berth: 1
manager: levels
store: true
backend:
  vm:
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
          undo: {call: vm.remove, ok: UNDONE, fail: lost}
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
          undo: {call: vm.unmount, ok: UNDONE, fail: lost}
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


@pytest.mark.parametrize(("operations", "undone"), [
    (RESERVED, "out"), (RESERVED, "gone"), (REFERENCES, "out"), (REFERENCES, "gone"),
    (OF_ONE_LEVEL, "out")], ids=["reserved", "reserved, ends", "references", "references, ends",
                                 "one level"])
def test_callers_after_a_crash(operations: str, undone: str) -> None:
    text = LEVELS.replace("UNDONE", undone) + operations
    assert in_both(manager_of(text), Bounds(callers=2, keys=1))[0].states > 30
