"""The rules that follow events never think of less than can happen: random walks of the semantics
stay inside what they foresaw.

Walked are the good specs, and broken ones that the rules let pass. What is seen on a walk, rows
taken and states rested in, must have been foreseen, and no walk may meet a hole or a circle.
"""
from __future__ import annotations

import random
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "gen"))

import test_fuzz  # noqa: E402

from berthc.check.flow import Flow, analyse, calling  # noqa: E402
from berthc.model import Field, Form, Manager, Operation, Type  # noqa: E402
from berthc.pipeline import compile_text  # noqa: E402
from berthc.semantics import World  # noqa: E402
from berthc.semantics.result import Outcome  # noqa: E402

STEPS = 60


def some_value(rng: random.Random, field: Field) -> object:
    if field.type is Type.BOOL:
        return rng.random() < 0.5
    if field.type is Type.ENUM:
        return rng.choice(field.values)
    if field.type.bits:
        low, high = field.range or field.type.limits
        return rng.choice([low, high, min(high, max(low, 1)), min(high, low + 3)])
    if field.type is Type.STRING:
        return rng.choice(["a", "b"])
    return () if field.type in (Type.LIST, Type.SET) else "u90"


class Walk:
    """A manager, some callers who do what they like, and a backend that fails when it likes."""

    def __init__(self, manager: Manager, rng: random.Random) -> None:
        self.manager, self.rng = manager, rng
        options = {o.name: some_value(rng, o) for o in manager.options}
        without = [name for names in manager.left_out if rng.random() < 0.5 for name in names]
        self.world = World(manager, options, without)  # type: ignore[arg-type]
        self.troubled = rng.choice([0.0, 0.2, 0.6])

    def outcome(self, hook: str, nth: int, args: Mapping[str, object]) -> Outcome:
        if self.rng.random() >= self.troubled:
            return Outcome("ok", None)
        return Outcome(self.rng.choice(["fail", "uncertain"]), "EIO")

    def step(self) -> list[tuple[str, str, str]]:
        """One operation; returns resource, state and event of each row that ran."""
        if self.rng.random() < 0.05:
            result = self.world.drain(self.outcome)
        else:
            operation = self.rng.choice(self.manager.operations)
            arguments = self.arguments(operation)
            if arguments is None:
                return []
            result = self.world.run(operation.name, outcomes=self.outcome, **arguments)
        return [(t.resource, t.state, t.event) for t in result.rows if t.outcome != "released"]

    def arguments(self, operation: Operation) -> dict[str, object] | None:
        if operation.form is Form.WITH:
            return ({"reservation": self.rng.choice(self.world.reservations)}
                    if self.world.reservations else None)
        target = self.manager.resource(operation.path[-1])
        if operation.by is not None:
            assigned = next(a for a in target.assigned if a.name == operation.by)
            values = {part.name: self.rng.randrange(2) for part in assigned.parts}
            known = {Type.UUID: ["u1", "u2"],
                     Type.STRING: ["0", "1"]}.get(assigned.type or Type.U64, [0, 1])
            return {"by": values or self.rng.choice(known)}
        config = {name: {f.name: some_value(self.rng, f)
                         for f in self.manager.resource(name).fields} for name in operation.path}
        out: dict[str, object] = {"config": config}
        if operation.at is not None:
            out["at"] = {p.name: self.rng.randrange(2)
                         for p in next(a for a in target.assigned if a.name == operation.at).parts}
        return out

    def resting(self) -> list[tuple[str, str]]:
        """Resource and state of every instance that is tracked."""
        out: list[tuple[str, str]] = []
        waiting = [(r.name, item) for r in self.manager.resources if r.parent is None
                   for item in self.world.snapshot()[r.name]]
        while waiting:
            name, item = waiting.pop()
            out.append((name, item["state"]))
            waiting += [(child, inner) for child in self.manager.children(name)
                        for inner in item[child]]
        return out


def walk(manager: Manager, rng: random.Random, seen: set[tuple[str, str, str]]) -> None:
    flows = {r.name: analyse(manager, r, calling(manager)) for r in manager.resources
             if any(r.name in o.path for o in manager.operations)}
    for flow in flows.values():
        assert flow.holes() == []
    one = Walk(manager, rng)
    for _ in range(STEPS):
        for resource, state, event in one.step():
            assert flows[resource].meets((state, event)), (resource, state, event)
            seen.add((resource, state, event))
        for resource, state in one.resting():
            assert state in flows[resource].rest, (resource, state)


@pytest.mark.parametrize("path", test_fuzz.GOOD, ids=lambda p: p.stem)
def test_walks_of_good_specs_stay_inside_what_was_foreseen(path: Path) -> None:
    manager = compile_text(path.name, path.read_text(encoding="utf-8")).manager
    assert manager is not None
    rng = random.Random(path.stem)
    seen: set[tuple[str, str, str]] = set()
    for _ in range(60):
        walk(manager, rng, seen)
    flows: list[Flow] = [analyse(manager, r, calling(manager)) for r in manager.resources]
    foreseen = {(f.resource.name, *cell) for f in flows for cell in (*f.fired, *f.raised)}
    # Not everything foreseen can happen, and not everything that can happens on a few walks; but
    # most does.
    assert len(seen) >= 0.5 * len(foreseen)


def test_walks_of_broken_specs_that_pass_stay_inside_what_was_foreseen() -> None:
    rng = random.Random("soundness")
    good = [p.read_text(encoding="utf-8") for p in test_fuzz.GOOD]
    passed = 0
    for _ in range(300 * test_fuzz.TIMES):
        text = rng.choice(good)
        for _ in range(rng.choice([1, 1, 2])):
            text = test_fuzz.swap_words(rng, text)
        manager = compile_text("x.yaml", text).manager
        if manager is not None:
            passed += 1
            for _ in range(3):
                walk(manager, rng, set())
    assert passed >= 30
