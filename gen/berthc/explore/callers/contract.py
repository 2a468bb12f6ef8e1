"""The callers' contract, read off the operations: who may call what, and when.

A caller is idle or holds something. With reservations it takes one, uses it any number of times
(also again after a failure), and then ends it, again and again until that succeeds. Without, it
acquires a reference by an operation that fires `take`, and drops it by one that fires `drop`, until
that succeeds. It releases only what it acquired, and once it has begun to release it does nothing
else. Operations that neither take nor drop are free: anybody may call them at any time. So are
those without a reservation that drop what no such operation takes: deletion by name, or collection
of garbage. Their rows run where nobody holds the instance (S4).
"""
from __future__ import annotations

from dataclasses import dataclass

from berthc.model import Form, Manager, Operation


@dataclass(frozen=True)
class Contract:
    """The operations on the instances of one root resource, by what they are to a caller."""

    gives: tuple[Operation, ...]
    uses: tuple[Operation, ...]
    ends: tuple[Operation, ...]
    acquires: tuple[Operation, ...]
    releases: tuple[Operation, ...]
    free: tuple[Operation, ...]


def levels_of(manager: Manager, op: Operation, event: str) -> tuple[bool, ...]:
    """For each level of the path: do the steps fire its `take` (or `drop`) event?"""
    fired = {(step.resource, step.event) for step in op.steps}
    return tuple((name, getattr(manager.resource(name), event)) in fired for name in op.path)


def relied_levels(op: Operation) -> int:
    """How many levels of its path, from the root on, a use relies on when it succeeds: down to the
    deepest one that its steps touch, since what is there stands on what is above."""
    touched = {step.resource for step in op.steps}
    return max((n for n, name in enumerate(op.path, 1) if name in touched), default=0)


def asked_of(manager: Manager, op: Operation) -> tuple[str, ...]:
    """The levels at which an operation asks for something: where a step of it does more than to let
    go. The others it only passes by."""
    asked = {step.resource for step in op.steps
             if step.event != manager.resource(step.resource).drop}
    return tuple(name for name in op.path if name in asked)


def calls_of(manager: Manager, op: Operation) -> frozenset[str]:
    """The hooks that rows of its steps may call, raised ones included."""
    events = {(step.resource, step.event) for step in op.steps}
    rows = [(r.name, row) for r in manager.resources for s in r.states for row in s.rows]
    while more := {(name, target.raise_event) for name, row in rows if (name, row.event) in events
                   for _, target in row.targets() if target.raise_event is not None} - events:
        events |= more
    return frozenset(row.call for name, row in rows if (name, row.event) in events
                     and row.call is not None)


def contract(manager: Manager, root: str) -> Contract:
    parts: dict[str, list[Operation]] = {
        name: [] for name in ("gives", "uses", "ends", "acquires", "releases", "free")
    }
    taken = {name for op in manager.operations if op.form is not Form.WITH
             for name, takes in zip(op.path, levels_of(manager, op, "take"), strict=True) if takes}
    for op in manager.operations:
        if op.path[0] == root:
            parts[_part(manager, op, taken)].append(op)
    return Contract(**{name: tuple(ops) for name, ops in parts.items()})


def _part(manager: Manager, op: Operation, taken: set[str]) -> str:
    """`taken`: resources of which somebody may have a reference of their own."""
    if op.form is Form.WITH:
        return "ends" if op.ends else "uses"
    if op.gives:
        return "gives"
    if any(levels_of(manager, op, "take")):
        return "acquires"
    dropped = {name for name, drops in zip(op.path, levels_of(manager, op, "drop"), strict=True)
               if drops}
    return "releases" if dropped & taken else "free"
