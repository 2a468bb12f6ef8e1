"""Specs of real shape and any size: `python3 tests/gen/support/large_specs.py STATES EVENTS`.

A life in phases: in each one the steps follow each other by calls that may fail, a step may be
taken back, the phase may pause, and a death is reported from outside. Each phase has states of
failure, and from everywhere an instance can be let go of.
"""
from __future__ import annotations

import sys

PHASES = ("setup", "disk", "net", "boot", "run", "move", "check", "save")
STEPS = 6  # usual states of a phase; with those of failure and of pause it has 9
FIXED = ("claim", "release", "back", "pause", "resume", "died")


def _phase(number: int) -> str:
    return PHASES[number] if number < len(PHASES) else f"part{number}"


def _steps(states: int) -> list[str]:
    """The usual states, so that all states together are as many as wanted."""
    names: list[str] = []
    phase = total = 0
    while total < states - 1:
        here = min(STEPS, states - 1 - total - 3)
        if here < 1:
            names += [f"rest_{n}" for n in range(states - 1 - total)]
            break
        names += [f"{_phase(phase)}_{n}" for n in range(here)]
        phase, total = phase + 1, total + here + 3
    return names


def large(states: int, events: int) -> str:
    """The text of a spec with so many states and events."""
    own = [f"do_{n}" for n in range(events - len(FIXED))]
    steps = _steps(states)
    table: dict[str, dict[str, str]] = {}
    for n, name in enumerate(steps):
        phase = name.rsplit("_", 1)[0]
        rows = {"claim": "stay", "back": "{reject: EBUSY}", "resume": "stay",
                "pause": "{reject: EAGAIN}", "died": "stay"}
        for k, event in enumerate(own):
            rows[event] = "stay" if k < n % len(own) else "{reject: EINVAL}"
        if phase == "rest":
            rows.update({"release": "gone", own[0]: steps[n + 1] if n + 1 < len(steps) else "stay"})
        else:
            lost = f"{phase}_unclear"
            rows.update(died=f"{phase}_failed", pause=f"{phase}_paused",
                        release=f"{{call: vm.undo, ok: gone, fail: stay, uncertain: {lost}}}")
            if n % STEPS:
                rows["back"] = (
                    f"{{call: vm.undo, ok: {steps[n - 1]}, fail: stay, uncertain: {lost}}}")
            if n + 1 < len(steps):
                rows[own[n % len(own)]] = (
                    f"{{call: vm.do_{n % 8}, ok: {steps[n + 1]}, fail: {phase}_failed,"
                    f" uncertain: {lost}}}")
            if n % 7 == 3 and n + 3 < len(steps):
                rows[own[(n + 1) % len(own)]] = steps[n + 3]
        table[name] = rows
        if n % STEPS == 0 and phase != "rest":
            others = dict.fromkeys(own, "{reject: EAGAIN}")
            stays = {"back": "{reject: EAGAIN}", "pause": "stay", "died": f"{phase}_failed"}
            table[f"{phase}_paused"] = {
                "claim": "{reject: EAGAIN}", "resume": name, **stays, **others,
                "release": f"{{call: vm.undo, ok: gone, fail: stay, uncertain: {phase}_unclear}}"}
            for word, error in (("failed", "ENOTRECOVERABLE"), ("unclear", "EBUSY")):
                table[f"{phase}_{word}"] = {
                    **{event: f"{{reject: {error}}}" for event in ("claim", "back", *own)},
                    "pause": "stay", "resume": "stay", "died": "stay",
                    "release": "{call: vm.undo, ok: gone, fail: stay}"}
    lines = ["berth: 1", "manager: large", "brief: A large life.", "backend:", "  vm:"]
    lines += [f"    do_{n}: {{on: thing, repeatable: true, brief: Does thing {n}.}}"
              for n in range(8)]
    lines += ["    undo: {on: thing, repeatable: true, brief: Undoes it.}",
              "resources:", "  thing:", "    brief: One thing.", "    key: [name]", "    fields:",
              "      name: {type: string, required: true}",
              "    assigned: {number: {counter: {start: 1}}}",
              "    holders: {take: claim, drop: release}",
              f"    initial: {steps[0]}", "    states:"]
    for name, rows in table.items():
        lines += [f"      {name}:", f"        brief: The thing is in {name}.", "        on:",
                  *(f"          {event}: {row}" for event, row in rows.items())]
    lines += ["      gone: {final: true}", "operations:",
              "  reserve: {brief: Hold a thing., obtain: [thing], gives: reservation}",
              "  let_go: {brief: Let go., with: reservation, do: [thing.release],"
              " ends: reservation}",
              "  died: {brief: It died., find: thing, by: number, do: [thing.died], absent: ok}"]
    lines += [f"  {e}: {{brief: Fires {e}., with: reservation, do: [thing.{e}]}}"
              for e in ("back", "pause", "resume", *own)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(large(int(sys.argv[1]), int(sys.argv[2])))
