"""Random specs, with deny, conditions, fields in conflict and operations without a hold."""
from __future__ import annotations

import random

FIELDS = ("fast", "fixed")
STATES = ("out", "in", "lost", "idle", "bad")


def target(rng: random.Random, *likely: str) -> str:
    return rng.choice((*likely, *likely, "gone")) if rng.random() < 0.9 else rng.choice(STATES)


def condition(rng: random.Random, scope: str) -> str:
    one = f"{scope}.{rng.choice(FIELDS)}"
    return rng.choice((one, f"not {one}", f"{scope}.{FIELDS[0]} and {scope}.{FIELDS[1]}"))


def row(rng: random.Random, call: str | None, *likely: str) -> str:
    if call is None:
        return rng.choice((f"{{to: {target(rng, *likely)}}}", "{reject: EBUSY}"))
    outcomes = f"ok: {target(rng, *likely)}, fail: {target(rng, *likely)}"
    return (f"{{call: {call}, {outcomes}"
            + (f", uncertain: {target(rng, *likely)}}}" if rng.random() < 0.7 else "}"))


def cell(rng: random.Random, call: str | None, *likely: str) -> str:
    """One row, or one with a condition and one without."""
    if rng.random() < 0.25:
        first = row(rng, call, *likely)[1:]
        return f"[{{if: {condition(rng, 'field')}, {first}, {row(rng, call, *likely)}]"
    return row(rng, call, *likely)


def spec(rng: random.Random) -> str:
    """A disk that callers hold by a reservation, or that nobody holds."""
    held = rng.random() < 0.7
    states = []
    for name in STATES:
        there = name in ("in", "lost", "idle")
        resident = "resident: true, " if name == "idle" or not held or rng.random() < 0.2 else ""
        claim = "claim: stay, " if rng.random() < 0.6 else "claim: {reject: EBUSY}, "
        add = cell(rng, "vm.add" if name == "out" or rng.random() < 0.2 else None, "in", "lost")
        drop = cell(rng, "vm.remove" if there or rng.random() < 0.2 else None, "gone", name, "idle")
        states.append(
            f"      {name}: {{{resident}on: {{{claim if held else ''}add: {add}, drop: {drop}}}}}")
    deny = (f", deny: [{{if: {condition(rng, 'disk')}, error: {rng.choice(('EPERM', 'EEXIST'))}}}]"
            if rng.random() < 0.6 else "")
    if held:
        operations = [f"  take: {{obtain: [disk], gives: reservation{deny}}}",
                      "  use: {with: reservation, do: [disk.add]}",
                      "  end: {with: reservation, do: [disk.drop], ends: reservation}"]
        operations += (["  collect: {find: disk, absent: ok, do: [disk.drop]}"]
                       if rng.random() < 0.4 else [])
    else:
        operations = [f"  make: {{obtain: [disk], do: [disk.add]{deny}}}",
                      "  delete: {find: disk, absent: ok, do: [disk.drop]}"]
    repeatable = ", repeatable: true" if rng.random() < 0.8 else ""
    fields = ", ".join(f"{name}: {{type: bool}}" for name in FIELDS)
    return "\n".join(
        ["berth: 1", "manager: random_disk", "backend:", "  vm:",
         f"    add: {{on: disk{repeatable}}}",
         "    remove: {on: disk, undoes: vm.add, repeatable: true}", "resources:", "  disk:",
         "    key: [path]", f"    fields: {{path: {{type: string, required: true}}, {fields}}}",
         f"    holders: {{{'take: claim, ' if held else ''}drop: drop}}", "    initial: out",
         "    states:", *states, "      gone: {final: true}", "operations:", *operations, ""])
