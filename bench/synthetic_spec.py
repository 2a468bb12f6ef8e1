"""Writes a legal spec of any size, for measuring the compiler:

    python3 bench/synthetic_spec.py STATES EVENTS > big.yaml

One resource whose states form a ladder: each event of a state leads on to another state, some
through calls, and every state can be left. All of it is reachable and handled, so the whole
compiler has work to do.
"""
from __future__ import annotations

import sys

HOOKS = 8
BEGIN = """\
berth: 1
manager: synthetic
brief: A large table.
backend:
  vm:
"""
THING = """\
resources:
  thing:
    brief: One thing.
    key: [name]
    fields:
      name: {type: string, required: true}
    holders: {take: claim, drop: release}
    initial: s0
    states:
"""
STATE = """\
      s{state}:
        brief: Step {state}.
        on:
          claim: stay
          release: gone
"""
END = """\
      gone: {final: true}
operations:
  reserve: {brief: Hold a thing., obtain: [thing], gives: reservation}
"""
LET_GO = ("  let_go: {brief: Lets go., with: reservation, do: [thing.release],"
          " ends: reservation}")


def spec(states: int, events: int) -> str:
    """A spec of `states` states and one final one, and of `events` events beside taking and
    dropping."""
    lines = BEGIN.splitlines()
    lines += [f"    hook{h}: {{on: thing, repeatable: true, brief: Does thing {h}.}}"
              for h in range(HOOKS)]
    lines += THING.splitlines()
    for state in range(states):
        lines += STATE.format(state=state).splitlines()
        lines += [f"          e{event}: {row(state, event, states)}" for event in range(events)]
    lines += END.splitlines()
    lines += [f"  do{e}: {{brief: Fires e{e}., with: reservation, do: [thing.e{e}]}}"
              for e in range(events)]
    return "\n".join([*lines, LET_GO]) + "\n"


def row(state: int, event: int, states: int) -> str:
    """What a state does with an event."""
    ladder = state * 7 + event * 13 + 1 if event else state + 1
    to = f"s{ladder % states}"
    if (state + event) % 5 == 0:
        return (f"{{call: vm.hook{event % HOOKS}, ok: {to}, fail: s{state},"
                f" uncertain: s{(state + 2) % states}}}")
    return "{reject: EBUSY}" if (state + event) % 7 == 0 else to


def main(argv: list[str]) -> int:
    if len(argv) != 3 or not all(word.isdigit() and int(word) > 0 for word in argv[1:]):
        print("usage: synthetic_spec.py STATES EVENTS", file=sys.stderr)
        return 2
    sys.stdout.write(spec(int(argv[1]), int(argv[2])))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
