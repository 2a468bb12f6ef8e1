"""Small specs that each need one thing of the search."""
from __future__ import annotations

from explore_support import ROOT, manager_of

from berthc.explore.bounds import Bounds
from berthc.explore.report import explore

Told = list[tuple[str, str, str]]


def told(text: str, callers: int = 2, keys: int = 1, failures: int | None = None) -> Told:
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
    denied = RESERVED.replace("[thing.use]}", "[thing.use], deny: [{if: option.frozen, error: EPERM}]}")
    text = spec(ON_AND_OFF + LIVE, denied).replace("manager: small\n", "manager: small\noptions: {frozen: {type: bool}}\n")
    assert told(text) == []


def test_what_only_failures_reach_is_not_unreachable_where_failures_are_left_out() -> None:
    assert told((ROOT / "spec/vpci.yaml").read_text(encoding="utf-8"), failures=0) == []
    unused = spec(ON_AND_OFF + LIVE + "      never: {on: {release: gone}}\n", RESERVED)
    assert [(id_, where) for id_, where, _ in told(unused)] == [("unreachable", "thing.never.release")]
    assert told(unused, failures=0) == []


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
    text = spec(ON_AND_OFF.replace("claim: stay,", "claim: stay, pull: gone,", 1) + LIVE, RESERVED + "  pull: {find: thing, do: [thing.pull]}\n")
    assert ("dangling", "thing.idle.pull", "the thing ends while another caller holds it") in told(text, callers=2)
    assert ("dangling", "thing.idle.pull", "the thing ends while the caller holds it and has not let go of it") in told(text, callers=1)


def test_an_instance_does_not_end_above_what_rests_below_it() -> None:
    more = """  part:
    parent: thing
    key: [number]
    fields: {number: {type: u8}}
    initial: there
    states:
      there: {resident: true, on: {touch: stay}}
"""
    text = spec("      idle: {resident: true, on: {claim: stay, pull: gone, release: gone}}\n", "  pull: {find: thing, do: [thing.pull]}\n"
                "  add: {obtain: [thing, part], do: [part.touch]}\n", more=more)
    assert ("dangling", "thing.idle.pull", "the thing ends while a part is still below it") in told(text, callers=1)


def test_what_a_request_brings_about_and_takes_back_nobody_else_relies_on() -> None:
    """A relies on the effect; B's reset, which is accepted, takes it back; a probe brings it about and takes it back again."""
    states = """      idle: {on: {claim: stay, use: {call: h.on, ok: live, fail: idle, uncertain: live}, probe: {call: h.on, ok: {to: probed, raise: probe}, \
fail: idle, uncertain: {to: probed, raise: probe}}, reset: stay, release: gone}}
      probed: {on: {probe: {call: h.off, ok: idle, fail: broken}}}
      broken: {on: {claim: {reject: EIO}, use: {reject: EIO}, probe: stay, reset: stay, release: {call: h.off, ok: gone, fail: broken}}}
      live: {on: {claim: stay, use: stay, probe: stay, reset: {call: h.off, ok: idle, fail: live}, release: {call: h.off, ok: gone, fail: live}}}
"""
    text = spec(states, RESERVED + "  probe: {find: thing, do: [thing.probe]}\n  reset: {find: thing, do: [thing.reset]}\n")
    accepted = text + "accept:\n  - {finding: interference, at: thing.live.reset, why: Agreed.}\n  - {finding: hollow, why: Agreed.}\n"
    found = [(id_, where) for id_, where, _ in told(accepted)]
    assert ("interference", "thing.live.reset") in found
    assert ("interference", "thing.probed.probe") not in found
