"""Keys that are refused for ever: what is no case though it looks like one. The cases are in
tests/gen/faulty."""
from __future__ import annotations

import pytest
from explore_support import found

PROBED = """
berth: 1
manager: leases
backend:
  net:
    add: {on: lease, repeatable: true}
    has: {on: lease, asks: net.add, optional: true%s}
resources:
  lease:
    key: [mac]
    fields: {mac: {type: string, required: true}}
    initial: fresh
    states:
      fresh: {on: {add: {call: net.add, ok: added, fail: gone, uncertain: suspect}}}
      added: {resident: true, on: {add: stay, forget: gone}}
      suspect:
        resident: true
        on:
          add: {ask: net.has, yes: added, no: {to: fresh, raise: add}, unknown: stay}
          forget: {reject: EIO}
      gone: {final: true}
operations:
  add: {obtain: [lease], do: [lease.add]}
  forget: {find: lease, absent: ok, do: [lease.forget]}
"""


@pytest.mark.parametrize("absent", ["", ", absent: ENOSYS"])
def test_a_probe_that_is_left_out_poisons_nothing(absent: str) -> None:
    assert ("poisoned", "lease.suspect.add") not in found(PROBED % absent, callers=2, keys=1)


def test_a_probe_that_is_there_and_answers_nothing_good_does() -> None:
    always = (PROBED % "").replace(
        "yes: added, no: {to: fresh, raise: add}", "yes: stay, no: stay").replace(
            "add: {ask: net.has", "add: {reject: EIO}\n          look: {ask: net.has"
        ) + "  look: {find: lease, do: [lease.look]}\n"
    always = always.replace("fresh: {on: {", "fresh: {on: {look: {reject: EIO}, ").replace(
        "add: stay, forget", "add: stay, look: stay, forget")
    assert ("poisoned", "lease.suspect.add") in found(always, callers=2, keys=1)
