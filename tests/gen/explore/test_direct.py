"""Small specs that each need one thing of the search."""
from __future__ import annotations

import pytest
from explore_support import FAULTY, ROOT, manager_of

from berthc.explore.bounds import Bounds
from berthc.explore.report import explore
from berthc.explore.states.drain import drained
from berthc.explore.states.local import Local
from berthc.explore.states.step import Stepper
from berthc.semantics import OK, Outcome
from berthc.semantics.world import tracked

Reported = list[tuple[str, str, str]]


def reported(text: str, callers: int = 2, keys: int = 1, failures: int | None = None) -> Reported:
    report = explore(manager_of(text), Bounds(callers, keys, failures))
    return [(f.fault.id, f.fault.where, f.fault.message) for f in report.findings]


def spec(states: str, operations: str, hooks: str = "", more: str = "") -> str:
    return f"""berth: 1
manager: small
backend:
  h:
    on: {{on: thing}}
    off: {{on: thing, undoes: h.on, repeatable: true}}
{hooks}
resources:
  thing:
    key: [name]
    fields: {{name: {{type: string, required: true}}, kept: {{type: bool}}}}
    holders: {{take: claim, drop: release}}
    initial: idle
    otherwise: reject
    states:
{states}
      gone: {{final: true}}
{more}
operations:
{operations}
"""


RESERVED = """  reserve: {obtain: [thing], gives: reservation}
  use: {with: reservation, do: [thing.use]}
  end: {with: reservation, do: [thing.release], ends: reservation}
"""
ON_AND_OFF = """      idle: {on: {claim: stay, use: {call: h.on, ok: live, fail: idle, uncertain: unsure}, release: gone}}
      unsure: {on: {claim: {reject: EIO}, use: {reject: EIO}, release: {call: h.off, ok: gone, fail: unsure}}}
"""
LIVE = "      live: {on: {claim: stay, use: stay, release: {call: h.off, ok: gone, fail: live, uncertain: unsure}}}\n"


def test_who_is_denied_by_policy_is_not_denied() -> None:
    denied = RESERVED.replace("[thing.use]}",
                              "[thing.use], deny: [{if: option.frozen, error: EPERM}]}")
    text = spec(ON_AND_OFF + LIVE, denied).replace(
        "manager: small\n", "manager: small\noptions: {frozen: {type: bool}}\n"
    )
    assert reported(text) == []


def test_what_only_failures_reach_is_not_unreachable_where_failures_are_left_out() -> None:
    assert reported((ROOT / "spec/vpci.yaml").read_text(encoding="utf-8"), failures=0) == []
    unused = spec(ON_AND_OFF + LIVE + "      never: {on: {release: gone}}\n", RESERVED)
    assert [(id_, where)
            for id_, where, _ in reported(unused)] == [("unreachable", "thing.never")]
    assert reported(unused, failures=0) == []


def test_more_may_fail_where_a_longer_way_needs_fewer_failures() -> None:
    """Ready after two uses, or at once when the first fails; the next one to fail strands."""
    states = """      idle: {on: {claim: stay, use: {call: h.warm, ok: warm, fail: ready}, release: gone}}
      warm: {on: {claim: stay, use: ready, release: gone}}
      ready: {on: {claim: stay, use: {call: h.warm, ok: ready, fail: stuck}, release: gone}}
      stuck: {on: {claim: {reject: EIO}, use: {reject: EIO}, release: {reject: EIO}}}
"""
    text = spec(states, RESERVED, hooks="    warm: {on: thing, repeatable: true}")
    report = explore(manager_of(text), Bounds(callers=1, keys=1, failures=1))
    [one] = [f for f in report.findings if f.fault.id == "stranded"]
    assert [request["op"] for request in one.requests] == ["reserve", "use", "use", "use", "end"]


def test_an_instance_that_anybody_may_end_ends_under_its_holder() -> None:
    text = spec(ON_AND_OFF.replace("claim: stay,", "claim: stay, pull: gone,", 1) + LIVE,
                RESERVED + "  pull: {find: thing, do: [thing.pull]}\n")
    assert ("dangling", "thing.idle.pull",
            "the thing ends while another caller holds it, and that caller is not told"
            ) in reported(text, callers=2)
    assert (
        "dangling",
        "thing.idle.pull",
        "the thing ends although its caller holds it and has not dropped it",
    ) in reported(text, callers=1)


def test_an_instance_does_not_end_above_what_rests_below_it() -> None:
    more = """  part:
    parent: thing
    key: [number]
    fields: {number: {type: u8}}
    initial: there
    states:
      there: {resident: true, on: {touch: stay}}
"""
    text = spec("      idle: {resident: true, on: {claim: stay, pull: gone, release: gone}}\n",
                "  pull: {find: thing, do: [thing.pull]}\n"
                "  add: {obtain: [thing, part], do: [part.touch]}\n", more=more)
    assert ("dangling", "thing.idle.pull",
            "the thing ends while a part is still below it") in reported(text, callers=1)


def test_what_a_request_brings_about_and_takes_back_nobody_else_relies_on() -> None:
    """A relies on the effect; B's reset, which is accepted, takes it back; a probe brings it about
    and takes it back again."""
    states = """      idle: {on: {claim: stay, use: {call: h.on, ok: live, fail: idle, uncertain: live}, \
probe: {call: h.on, ok: {to: probed, raise: probe}, \
fail: idle, uncertain: {to: probed, raise: probe}}, reset: stay, release: gone}}
      probed: {on: {probe: {call: h.off, ok: idle, fail: broken}}}
      broken: {on: {claim: {reject: EIO}, use: {reject: EIO}, probe: stay, reset: stay, release: {call: h.off, ok: gone, fail: broken}}}
      live: {on: {claim: stay, use: stay, probe: stay, reset: {call: h.off, ok: idle, fail: live}, \
release: {call: h.off, ok: gone, fail: live}}}
"""
    text = spec(
        states,
        RESERVED
        + "  probe: {find: thing, do: [thing.probe]}\n  reset: {find: thing, do: [thing.reset]}\n")
    accepted = (
        text + "accept:\n"
        "  - {finding: interference, at: thing.live.reset, why: Agreed.}\n"
        "  - {finding: missing-effect, why: Agreed.}\n"
    )
    found = [(id_, where) for id_, where, _ in reported(accepted)]
    assert ("interference", "thing.live.reset") in found
    assert ("interference", "thing.probed.probe") not in found


ANONYMOUS = """  open: {obtain: [thing], do: [thing.use, thing.claim]}
  close: {find: thing, do: [thing.release]}
"""


def test_who_acquires_is_promised_what_others_get_while_nothing_fails() -> None:
    """The effect is not there after a failure, yet opening succeeds."""
    states = """      idle: {on: {use: {call: h.on, ok: live, fail: live, uncertain: live}}}
      live: {on: {claim: stay, use: stay, release: {call: h.off, ok: gone, fail: live}}}
"""
    found = reported(spec(states, ANONYMOUS), callers=2)
    assert ("missing-effect", "thing.live.use",
            "open succeeds although h.on is not in effect, so its caller relies on what is not "
            "there") in found


def test_a_state_that_is_there_for_good_promises_nothing_elsewhere() -> None:
    """Where an instance is put by hand nothing was called; a use elsewhere still promises what it
    does while nothing fails."""
    states = """      idle: {on: {claim: stay, use: {call: h.on, ok: live, fail: half}, release: gone}}
      half: {on: {claim: stay, use: stay, release: {call: h.off, ok: gone, fail: half}}}
      live: {on: {claim: stay, use: stay, release: {call: h.off, ok: gone, fail: live}}}
      rest: {resident: true, on: {claim: stay, use: stay, release: stay}}
"""
    put = RESERVED + "  put: {create: {resource: thing, enter: rest}}\n"
    assert (
        "missing-effect",
        "thing.half.use",
        "use succeeds although h.on is not in effect, so its caller relies on what is not there",
    ) in reported(spec(states, put), callers=1)


def test_a_reference_that_went_with_a_try_that_failed_is_nobodys_any_more() -> None:
    """A's first try drops its reference and fails afterwards. The second one drops B's, and ends
    what B holds."""
    states = """      idle: {on: {claim: stay, use: {call: h.on, ok: live, fail: idle, uncertain: live}, tick: stay, release: gone}}
      live: {on: {claim: stay, use: stay, tick: {call: h.tick, ok: live, fail: live}, release: {call: h.off, ok: gone, fail: live}}}
"""
    more = """  part:
    parent: thing
    key: [number]
    fields: {number: {type: u8}}
    holders: {take: claim, drop: release}
    initial: there
    states:
      there: {resident: true, on: {claim: stay, release: gone}}
      gone: {final: true}
"""
    operations = """  open: {obtain: [thing, part], do: [thing.use, part.claim]}
  close: {find: part, do: [part.release, thing.tick]}
"""
    text = spec(
        states.replace("idle: {on:", "idle: {resident: true, on:").replace(
            "live: {on:", "live: {resident: true, on:"
        ),
        operations,
        hooks="    tick: {on: thing, repeatable: true}",
        more=more,
    )
    found = reported(text, callers=2)
    assert (
        "interference",
        "part.there.release",
        "close, tried again, drops the part a second time, and so takes away the hold of another "
        "caller",
    ) in found


def test_what_only_drain_ends_does_not_keep_its_slot() -> None:
    text = (FAULTY / "leak-broken-keeps-its-number.yaml").read_text(encoding="utf-8")
    assert [id_ for id_, _, _ in reported(text)] == ["leak"]
    drained_at_last = text.replace(
        "open: {reject: EIO}, release: stay", "open: {reject: EIO}, release: gone"
    )
    assert drained_at_last != text and reported(drained_at_last) == []


@pytest.mark.parametrize("failing", [1, 2])
def test_drain_is_followed_to_the_right_one_of_two_instances_of_equal_values(failing: int) -> None:
    """Two parts of one number below different shelves: drain takes back the effect of one, and
    leaves that of the other."""
    more = """  shelf:
    parent: thing
    key: [place]
    fields: {place: {type: u8}}
    initial: there
    states:
      there: {resident: true, on: {touch: stay}}
  part:
    parent: shelf
    key: [number]
    fields: {number: {type: u8}}
    holders: {drop: release}
    initial: new
    states:
      new: {resident: true, on: {add: {call: p.add, ok: there, fail: lost}, release: gone}}
      there: {resident: true, on: {add: stay, release: {call: p.remove, ok: gone, fail: there}}}
      lost: {resident: true, on: {add: stay, release: stay}}
      gone: {final: true}
"""
    text = spec(
        "      idle: {resident: true, on: {claim: stay, release: gone}}\n",
        (
            "  add: {obtain: [thing, shelf, part], do: [part.add]}\n"
            "  remove: {find: part, do: [part.release]}\n"
        ),
        hooks="  p:\n"
        "    add: {on: part, repeatable: true}\n"
        "    remove: {on: part, undoes: p.add, repeatable: true}",
        more=more,
    )
    manager = manager_of(text)
    stepper = Stepper(manager, "thing", {}, (), Bounds(callers=1, keys=2))
    world = stepper.world.clone()
    for place in (1, 2):
        outcome = Outcome("uncertain", "EIO") if place == failing else OK
        world.run("add",
                  config={"thing": {"name": "a"}, "shelf": {"place": place}, "part": {"number": 1}},
                  outcomes=lambda *_, outcome=outcome: outcome)
    parts = {item.state: id_ for id_, item in tracked(world).items.items()
             if item.resource == "part"}
    mask = stepper.effects["p.add"].own
    local = Local(world, (None,), {parts["there"]: mask, parts["lost"]: mask})
    assert drained(stepper, local) == {parts["there"]: 0, parts["lost"]: mask}


def test_instances_that_ended_keep_their_numbers_apart() -> None:
    """Its last try ended both instances and failed, so the reservation stays, for both."""
    more = """  part:
    parent: thing
    key: [number]
    fields: {number: {type: u8}}
    holders: {take: claim, drop: release}
    initial: there
    states:
      there: {on: {claim: stay, release: gone}}
      gone: {final: true}
"""
    text = spec(
        (
            "      idle: {on: {claim: stay, use: {call: h.on, ok: live, fail: idle}, release: gone}}\n"
            "      live: {on: {claim: stay, use: stay, release: {call: h.off, ok: gone, fail: gone}}}\n"
        ),
        (
            "  reserve: {obtain: [thing, part], gives: reservation}\n"
            "  use: {with: reservation, do: [thing.use]}\n"
            "  end: {with: reservation, do: [part.release, thing.release], ends: reservation}\n"
        ),
        more=more,
    )
    stepper = Stepper(manager_of(text), "thing", {}, (), Bounds(callers=1, keys=1))
    local = stepper.start()
    for op, failing in (("reserve", False), ("use", False), ("end", True)):
        move = next(m for m in stepper.moves(local) if m.op.name == op)
        change = next(c for c in stepper.changes(local, move) if (c.way.failures > 0) == failing)
        local = stepper.renumber(change.after)
    state = tracked(local.world)
    [reservation] = state.reservations.values()
    assert not state.items and len(set(reservation.path)) == 2
    assert {state.ended[id_].resource for id_ in reservation.path} == {"thing", "part"}
