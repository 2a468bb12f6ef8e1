"""Where what an author states is broken: which row is blamed."""
from __future__ import annotations

import pytest
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


BELOW = """
berth: 1
manager: below
backend:
  guest:
    add_ns: {on: ns, repeatable: true}
    remove_ns: {on: ns, undoes: guest.add_ns, repeatable: true}
  net:
    add: {on: nic, needs: guest.add_ns, repeatable: true}
    remove: {on: nic, undoes: net.add, repeatable: true}
resources:
  ns:
    key: [id]
    fields: {id: {type: string, required: true}}
    holders: {take: claim, drop: release}
    initial: fresh
    states:
      fresh:
        on:
          claim: stay
          up: {call: guest.add_ns, ok: up, fail: fresh, uncertain: unsure}
          down: stay
          release: gone
      up:
        on:
          claim: stay
          up: stay
          down: {call: guest.remove_ns, ok: fresh, fail: up, uncertain: unsure}
          release: {call: guest.remove_ns, ok: gone, fail: up, uncertain: unsure}
      unsure:
        on:
          claim: {reject: EIO}
          up: {call: guest.add_ns, ok: up, fail: unsure}
          down: {call: guest.remove_ns, ok: fresh, fail: unsure}
          release: {call: guest.remove_ns, ok: gone, fail: unsure}
      gone: {final: true}
  nic:
    parent: ns
    key: [name]
    fields: {name: {type: string, required: true}}
    holders: {take: claim, drop: release}
    initial: fresh
    states:
      fresh: {on: {claim: stay, add: {call: net.add, ok: added, fail: fresh, uncertain: unsure}, release: gone}}
      added: {on: {claim: stay, add: stay, release: {call: net.remove, ok: gone, fail: added, uncertain: unsure}}}
      unsure:
        on:
          claim: {reject: EIO}
          add: {call: net.add, ok: added, fail: unsure}
          release: {call: net.remove, ok: gone, fail: unsure}
      gone: {final: true}
operations:
  reserve: {obtain: [ns, nic], gives: reservation}
  attach: {with: reservation, do: [ns.up, nic.add]}
  DOWN
  release: {with: reservation, do: [nic.release, ns.release], ends: reservation}
"""


@pytest.mark.parametrize(("down", "callers", "keys"), [
    ("down: {with: reservation, do: [ns.down]}", 1, 1),  # the instance that needs it is on the operation's path
    ("down: {find: ns, absent: ok, do: [ns.down]}", 2, 1),  # and here it is not
])
def test_what_an_instance_below_needs_is_not_taken_back(down: str, callers: int, keys: int) -> None:
    assert ("needs", "ns.up.down") in found(BELOW.replace("DOWN", down), callers=callers, keys=keys)


def test_what_nobody_below_needs_may_be_taken_back() -> None:
    alone = BELOW.replace("do: [ns.up, nic.add]", "do: [ns.up]").replace("DOWN", "down: {with: reservation, do: [ns.down]}")
    assert [where for id_, where in found(alone, callers=1, keys=1) if id_ == "needs"] == []


def test_a_row_that_stays_and_takes_back_what_the_state_says_is_blamed() -> None:
    reset = BELOW.replace("DOWN", "down: {with: reservation, do: [ns.down]}").replace("      up:\n        on:", "      up:\n        effects: [guest.add_ns]\n        on:")
    stays = reset.replace("down: {call: guest.remove_ns, ok: fresh, fail: up", "down: {call: guest.remove_ns, ok: up, fail: up")
    assert [where for id_, where in found(reset, callers=1, keys=1) if id_ == "effects"] == []
    assert [where for id_, where in found(stays, callers=1, keys=1) if id_ == "effects"] == ["ns.up.down"]


def test_of_hooks_that_are_left_out_nobody_waits_for_the_effect() -> None:
    optional = BELOW.replace("  DOWN\n", "").replace("{on: ns, ", "{on: ns, optional: netns, ").replace(
        "      up:\n        on:", "      up:\n        effects: [guest.add_ns]\n        on:")
    assert found(optional, callers=1, keys=1) == []


SUSPECT = """
berth: 1
manager: unsure
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
          add: {call: vm.add, ok: added, fail: fresh, uncertain: suspect}
          release: gone
      suspect:
        maybe: [vm.add]
        on:
          claim: stay
          add: ADD
          release: {call: vm.remove, ok: gone, fail: suspect}
      added:
        effects: [vm.add]
        on:
          claim: stay
          add: stay
          release: {call: vm.remove, ok: gone, fail: suspect}
      gone: {final: true}
operations:
  reserve: {obtain: [disk], gives: reservation}
  add: {with: reservation, do: [disk.add]}
  release: {with: reservation, do: [disk.release], ends: reservation}
"""


@pytest.mark.parametrize(("row", "hollow"), [
    ("stay", ["disk.suspect.add"]),
    ("{call: vm.add, ok: added, fail: suspect, uncertain: suspect}", []),
])
def test_maybe_does_not_excuse_an_operation_whose_caller_was_promised_the_effect(row: str, hollow: list[str]) -> None:
    assert [where for id_, where in found(SUSPECT.replace("ADD", row), callers=2, keys=1) if id_ == "hollow"] == hollow
