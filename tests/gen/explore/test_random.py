"""Random specs, with deny, conditions, fields in conflict and operations without a hold: Spin's
model and the search say the same of each.

A few run here; BERTH_RANDOM_SPECS=N runs N, with BERTH_RANDOM_SEED another series. A spec is right
when both name the same findings and, where there are none, count the same states.
"""
from __future__ import annotations

import os
import random
import shutil
import tempfile
from pathlib import Path

import pytest
from explore_support import manager_of
from test_spin import NOT_LOOKED_FOR, states, searched, verifier, verify

from berthc.explore.bounds import Bounds
from berthc.explore.callers.inputs import valuations
from berthc.pipeline import search_text
from berthc.explore.spin.promela import NotExported, promela

NEEDS_SPIN = pytest.mark.skipif(shutil.which("spin") is None, reason="spin is not installed")
pytestmark = [pytest.mark.long, NEEDS_SPIN]

COUNT = int(os.environ.get("BERTH_RANDOM_SPECS", "3"))
SEED = int(os.environ.get("BERTH_RANDOM_SEED", "2"))
BOUNDS = Bounds(callers=2, keys=1)
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


def agrees(text: str) -> bool:
    """Do both say the same? False where the spec has no meaning, or the model no words for it."""
    manager = search_text("random.yaml", text)[1]
    if manager is None:
        return False
    valuation = valuations(manager, BOUNDS.keys)[0]
    try:
        model = promela(manager, "disk", valuation, BOUNDS)
    except NotExported:
        return False
    search = searched(manager_of(text), valuation, BOUNDS)
    with tempfile.TemporaryDirectory() as folder:
        pan = verifier(model, Path(folder))
        clean, every, strand = (verify(pan, ask) for ask in ("clean", "", "strand"))
    reported = every.found | clean.found & {"denied"} | strand.found & {"stranded"}
    ours = {found.fault.id for found in search.found} - NOT_LOOKED_FOR
    if not search.cut:
        assert reported == ours, text
        assert every.states == states(manager, valuation, BOUNDS, search), text
    elif "stranded" not in ours and not NOT_LOOKED_FOR & {found.fault.id for found in search.found}:
        # Behind a finding neither goes on, and neither tells what stands behind another's.
        assert reported == ours, text
    else:
        assert ours <= reported, text
    return True


def test_spin_agrees_on_random_specs() -> None:
    rng = random.Random(SEED)
    agreed = 0
    for _ in range(200 * COUNT):
        agreed += agrees(spec(rng))
        if agreed == COUNT:
            return
    raise AssertionError("hardly any random spec has a meaning")
