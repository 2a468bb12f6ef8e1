"""Releases that look for what they end by key or make it anew, and what the findings say of callers
who cannot let go."""
from __future__ import annotations

from explore_support import manager_of, play

from berthc.explore.bounds import Bounds
from berthc.explore.report import Finding, explore

# A close that comes too late finds nothing, makes the thing anew and marks it, and nothing takes
# the mark back.
OBTAINS = """berth: 1
manager: again
backend:
  h:
    on: {on: thing}
    off: {on: thing, undoes: h.on, repeatable: true}
    mark: {on: thing, repeatable: true}
    unmark: {on: thing, undoes: h.mark, repeatable: true}
    log: {on: thing, repeatable: true}
resources:
  thing:
    key: [name]
    fields: {name: {type: string, required: true}}
    holders: {take: claim, drop: release}
    initial: idle
    otherwise: reject
    states:
      idle:
        resident: true
        on:
          up: {call: h.on, ok: live, fail: idle, uncertain: unsure}
          down: {call: h.mark, ok: marked, fail: idle, uncertain: marked}
      unsure:
        resident: true
        on:
          up: {call: h.off, ok: {to: idle, raise: up}, fail: unsure}
          down: stay
          release: {call: h.off, ok: {to: off, raise: release}, fail: unsure}
      live: {on: {claim: stay, up: stay, down: stay, release: {call: h.off, ok: {to: off, raise: release}, fail: unsure}}}
      off: {on: {release: {call: h.log, ok: gone, fail: gone}}}
      marked: {resident: true, on: {claim: stay, up: stay, down: stay, release: stay}}
      gone: {final: true}
operations:
  open: {obtain: [thing], do: [thing.up, thing.claim]}
  close: {obtain: [thing], do: [thing.down, thing.release]}
"""

# Somebody who joined unplugs before leaving, or leaves in part: the port is gone, and leaving again
# finds none.
PORTS = """berth: 1
manager: tap
backend:
  host:
    add: {on: tap, repeatable: true}
    del: {on: tap, undoes: host.add, repeatable: true}
    join: {on: port, repeatable: true}
    leave: {on: port, undoes: host.join, repeatable: true}
resources:
  tap:
    key: [name]
    fields: {name: {type: string, required: true}}
    assigned: {nic: {pool: {number: 8}}}
    holders: {take: claim, drop: remove}
    initial: fresh
    otherwise: {reject: EBUSY}
    states:
      fresh: {on: {add: {call: host.add, ok: up, fail: gone, uncertain: unsure}}}
      up: {on: {claim: stay, add: stay, remove: {call: host.del, ok: gone, fail: up, uncertain: unsure}}}
      unsure:
        resident: true
        on: {add: {call: host.add, ok: up, fail: unsure, uncertain: unsure}, remove: {call: host.del, ok: gone, fail: unsure}}
      gone: {final: true}
  port:
    parent: tap
    key: [bridge]
    fields: {bridge: {type: string, required: true}}
    holders: {take: claim, drop: leave}
    initial: fresh
    otherwise: {reject: EBUSY}
    states:
      fresh: {on: {join: {call: host.join, ok: joined, fail: gone, uncertain: unsure}}}
      joined: {on: {claim: stay, join: stay, leave: {call: host.leave, ok: gone, fail: joined, uncertain: unsure}}}
      unsure:
        resident: true
        on: {join: {call: host.join, ok: joined, fail: unsure, uncertain: unsure}, leave: {call: host.leave, ok: gone, fail: unsure}}
      gone: {final: true}
operations:
  plug: {obtain: [tap], do: [tap.add, tap.claim]}
  unplug: {find: tap, by: nic, do: [tap.remove]}
  join: {obtain: [tap, port], do: [tap.add, tap.claim, port.join, port.claim]}
  leave: {find: port, do: [port.leave, tap.remove]}
"""


def findings(text: str, **bounds: int) -> dict[tuple[str, str], Finding]:
    return {(f.fault.id, f.fault.where): f
            for f in explore(manager_of(text), Bounds(**bounds)).findings}


def test_what_a_release_makes_has_the_effects_of_its_calls() -> None:
    found = findings(OBTAINS, callers=1, keys=1)
    leak = found["leak", "thing.marked.release"]
    assert leak.fault.message.endswith("while h.mark is still in effect, and not even drain takes "
                                       "that back")
    assert [request["op"] for request in leak.requests] == ["open", "close", "close"]


def test_a_stranded_caller_is_shown_by_the_request_that_never_succeeds() -> None:
    found = findings(PORTS, callers=1, keys=1)
    [stranded] = [f for (id_, _), f in found.items() if id_ == "stranded"]
    assert stranded.fault.where == "port" and stranded.fault.message.startswith(
        "leave gives ENOENT, now and for ever")
    assert stranded.fault.message.endswith("a caller never gets rid of what it holds")
    answers = play(manager_of(PORTS), stranded.requests)
    assert answers[-1]["error"] == "ENOENT" and answers[-1]["state"]["tap"][0]["refs"] == 1


def test_a_refusal_behind_a_finding_is_not_reported() -> None:
    """B unplugs what it joined and leaves: A's tap goes. That A cannot unplug any more follows from
    it."""
    found = findings(PORTS, callers=2, keys=1)
    assert ("interference", "tap.up.remove") in found
    assert not [where for id_, where in found if id_ == "denied"]
