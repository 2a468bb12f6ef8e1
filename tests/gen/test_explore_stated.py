"""Where what an author states is broken: which row is blamed."""
from __future__ import annotations

from explore_support import found

SEALED = """
berth: 1
manager: sealed
backend:
  vm:
    add: {on: disk, repeatable: true}
    remove: {on: disk, undoes: vm.add, repeatable: true}
resources:
  disk:
    key: [path]
    fields: {path: {type: string, required: true}}
    holders: {take: claim, drop: release}
    initial: fresh
    states:
      fresh:
        on:
          claim: stay
          add: {call: vm.add, ok: added, fail: fresh, uncertain: fresh}
          release: {call: vm.remove, ok: gone, fail: fresh}
      added:
        effects: []
        on:
          claim: stay
          add: stay
          seal: {reject: EPERM, meant: true}
          release: {call: vm.remove, ok: gone, fail: added}
      gone: {final: true}
operations:
  reserve: {obtain: [disk], gives: reservation}
  add: {with: reservation, do: [disk.add, disk.seal]}
  release: {with: reservation, do: [disk.release], ends: reservation}
"""


def test_the_row_that_led_there_is_blamed_and_not_one_that_rejects_afterwards() -> None:
    assert [where for id_, where in found(SEALED, callers=2, keys=1) if id_ == "effects"] == ["disk.fresh.add"]
