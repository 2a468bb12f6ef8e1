"""Where what an author states is broken: which row is blamed."""
from __future__ import annotations

import pytest
from explore_support import found, manager_of
from shared_specs import disk_spec

from berthc.explore.bounds import Bounds
from berthc.explore.callers.inputs import valuations
from berthc.explore.findings.fault import Fault
from berthc.explore.findings.judge import nobody_accepts
from berthc.explore.script import Scripts
from berthc.explore.search import Found, Request, Search
from berthc.explore.states.drain import DRAIN, OPERATION, drain
from berthc.semantics.world import tracked
from berthc.explore.states.move import Move
from berthc.model import NOWHERE

SEALED = disk_spec("sealed", """\
add: {on: disk, repeatable: true}
remove: {on: disk, undoes: vm.add, repeatable: true}""", """\
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
    release: {call: vm.remove, ok: gone, fail: added}""", add="[disk.add, disk.seal]")


def test_the_row_that_led_there_is_blamed_and_not_one_that_rejects_afterwards() -> None:
    assert [where for id_, where in found(SEALED, callers=2, keys=1)
            if id_ == "effects"] == ["disk.fresh.add"]


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
    # the instance that needs it is on the operation's path
    ("down: {with: reservation, do: [ns.down]}", 1, 1),
    ("down: {find: ns, absent: ok, do: [ns.down]}", 2, 1),  # and here it is not
])
def test_what_an_instance_below_needs_is_not_taken_back(down: str, callers: int, keys: int) -> None:
    assert ("needs", "ns.up.down") in found(BELOW.replace("DOWN", down), callers=callers, keys=keys)


def test_what_nobody_below_needs_may_be_taken_back() -> None:
    alone = BELOW.replace("do: [ns.up, nic.add]",
                          "do: [ns.up]").replace("DOWN", "down: {with: reservation, do: [ns.down]}")
    assert [where for id_, where in found(alone, callers=1, keys=1) if id_ == "needs"] == []


def test_a_row_that_stays_and_takes_back_what_the_state_says_is_blamed() -> None:
    reset = BELOW.replace("DOWN", "down: {with: reservation, do: [ns.down]}").replace(
        "      up:\n        on:", "      up:\n        effects: [guest.add_ns]\n        on:")
    stays = reset.replace("down: {call: guest.remove_ns, ok: fresh, fail: up",
                          "down: {call: guest.remove_ns, ok: up, fail: up")
    assert [where for id_, where in found(reset, callers=1, keys=1) if id_ == "effects"] == []
    assert [where for id_, where in found(stays, callers=1, keys=1)
            if id_ == "effects"] == ["ns.up.down"]


def test_of_hooks_that_are_left_out_nobody_waits_for_the_effect() -> None:
    optional = BELOW.replace("  DOWN\n",
                             "").replace("{on: ns, ", "{on: ns, optional: netns, ").replace(
                                 "      up:\n        on:",
                                 "      up:\n        effects: [guest.add_ns]\n        on:")
    assert found(optional, callers=1, keys=1) == []


SUSPECT = disk_spec("unsure", """\
add: {on: disk, repeatable: true}
remove: {on: disk, undoes: vm.add, repeatable: true}""", """\
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
    release: {call: vm.remove, ok: gone, fail: suspect}""")


@pytest.mark.parametrize(("row", "lacking"), [
    ("stay", ["disk.suspect.add"]),
    ("{call: vm.add, ok: added, fail: suspect, uncertain: suspect}", []),
])
def test_maybe_does_not_excuse_an_operation_whose_caller_was_promised_the_effect(
        row: str, lacking: list[str]) -> None:
    assert [
        where for id_, where in found(SUSPECT.replace("ADD", row), callers=2, keys=1)
        if id_ == "missing-effect"
    ] == lacking


DRAINED = """
berth: 1
manager: drained
backend:
  guest:
    add_ns: {on: ns, repeatable: true}
    remove_ns: {on: ns, undoes: guest.add_ns, repeatable: true}
  net:
    add: {on: nic, needs: guest.add_ns, repeatable: true}
    remove: {on: nic, undoes: net.add, repeatable: true}
    has: {on: nic, asks: net.add}
resources:
  ns:
    key: [id]
    fields: {id: {type: string, required: true}}
    holders: {drop: release}
    initial: fresh
    states:
      fresh: {resident: true, on: {up: {call: guest.add_ns, ok: up, fail: fresh, uncertain: unsure}, release: gone}}
      up: {resident: true, on: {up: stay, release: {call: guest.remove_ns, ok: gone, fail: up, uncertain: unsure}}}
      unsure:
        resident: true
        on: {up: {call: guest.add_ns, ok: up, fail: unsure}, release: {call: guest.remove_ns, ok: gone, fail: unsure}}
      gone: {final: true}
  nic:
    parent: ns
    key: [name]
    fields: {name: {type: string, required: true}}
    holders: {drop: release}
    initial: fresh
    states:
      fresh: {resident: true, on: {add: {call: net.add, ok: added, fail: fresh, uncertain: unsure}, release: gone}}
      added:
        resident: true
        effects: [net.add]
        on: {add: stay, release: {call: net.remove, ok: gone, fail: added, uncertain: unsure}}
      unsure:
        resident: true
        maybe: [net.add]
        on: {add: {call: net.add, ok: added, fail: unsure}, release: {ask: net.has, yes: {to: added, raise: release}, no: gone, unknown: unsure}}
      gone: {final: true}
operations:
  attach: {obtain: [ns, nic], do: [ns.up, nic.add]}
"""


def test_rows_that_only_drain_plays_may_keep_what_is_stated() -> None:
    assert found(DRAINED, callers=1, keys=2) == []


@pytest.mark.parametrize(
    ("old", "new", "faults"),
    [
        # A call that stayed uncertain counts as failed.
        ("fail: added, uncertain: unsure}", "fail: added}", [("effects", "nic.added.release")]),
        # What is not there is removed once more, and when that fails, it counts as there. Nothing
        # rests there before.
        ("no: gone, ", "no: {to: added, raise: release}, ", [("effects", "nic.added.release")]),
        # Drain calls what needs the mount on a card that never got one.
        (
            "fresh: {resident: true, on: {add: {call: net.add, ok: added, fail: fresh, uncertain: unsure}, release: gone}}",
            (
                "fresh: {resident: true, on: {add: {call: net.add, ok: added, fail: fresh, uncertain: unsure}, "
                "release: {call: net.flush, ok: gone, fail: fresh}}}"
            ),
            [("needs", "nic.fresh.release")],
        ),
    ],
)
def test_what_drain_breaks_is_reported(old: str, new: str, faults: list[tuple[str, str]]) -> None:
    text = DRAINED.replace(old, new).replace(
        "    has: {", "    flush: {on: nic, needs: net.add, repeatable: true}\n    has: {"
        if "flush" in new else "    has: {")
    assert old in DRAINED
    assert [one for one in found(text, callers=1, keys=1)
            if one[0] in ("needs", "effects")] == faults


def test_drain_does_not_come_to_what_keeps_something_below_it() -> None:
    forgets = DRAINED.replace(
        "      up: {resident: true, on: {up: stay, release: {call: guest.remove_ns, ok: gone, fail: up, uncertain: unsure}}}",
        "      up: {resident: true, effects: [guest.add_ns], on: {up: stay, release: {call: guest.remove_ns, ok: gone, fail: up}}}",
    )
    stays = forgets.replace(
        (
            "key: [name]\n"
            "    fields: {name: {type: string, required: true}}\n"
            "    holders: {drop: release}"
        ),
        "key: [name]\n    fields: {name: {type: string, required: true}}",
    )
    assert DRAINED != forgets != stays
    assert ("effects", "ns.up.release") in found(forgets, callers=1, keys=1)
    assert ("effects", "ns.up.release") not in found(stays, callers=1, keys=1)


def test_failures_of_drain_count() -> None:
    """One failure leads there, and one more breaks it."""
    twice = DRAINED.replace("no: gone, ", "no: {to: added, raise: release}, ")
    assert ("effects", "nic.added.release") in found(twice, callers=1, keys=1, failures=2)
    assert ("effects", "nic.added.release") not in found(twice, callers=1, keys=1, failures=1)


def test_every_script_with_a_drain_can_be_played() -> None:
    """Whatever a drain does at one of several instances, the simulator does the same. (To write the
    script is to play it.)"""
    manager, bounds = manager_of(DRAINED), Bounds(callers=1, keys=2)
    search = Search(manager, "ns", valuations(manager, bounds.keys)[0], bounds, nobody_accepts)
    search.run()
    scripts, nth = Scripts(manager, bounds), set()
    for node in search.nodes:
        items = tracked(node.local.world).items
        for id_ in items:
            move = Move(0, DRAIN, OPERATION, path=(id_,))
            chosen: tuple[int, ...] | None = ()
            while chosen is not None:
                reported = Found(Fault("needs", "nic", NOWHERE, ""), search.valuation, "ns",
                             (*node.chain(), Request(move, chosen, False)))
                last = scripts.lines(reported)[-1]
                assert last.request["op"] == "drain" and last.change is not None
                nth |= {
                    one["nth"]
                    for one in last.request.get("fail", ())
                    if isinstance(one, dict) and "nth" in one
                }
                chosen = drain(search.stepper, node.local, id_, chosen).script.following()
    assert nth == {1, 2}
