"""Pools, how many slots a search gives them, and who may wait for a slot.

Operations ask for slots before their first call, and `take` rows call nothing. So a full pool, or a
slot that is taken, refuses and leaves everything as it was (S1), and a caller who is refused is
where it was. One thing is left that a full pool can do: what an operation that takes no hold makes
below a root may be what somebody else waits for.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod

from berthc.model import Assigned, AssignedKind, Form, Manager, Operation, PoolPart, Resource
from berthc.semantics import Value


def pools(resource: Resource) -> list[Assigned]:
    return [a for a in resource.assigned if a.kind is AssignedKind.POOL]


def with_slots(manager: Manager, slots: int | None) -> Manager:
    """The manager with pools of so many slots, unless they have fewer; sizes that options give
    count as given. None: as it is."""
    if slots is None:
        return manager
    return replace(
        manager,
        resources=tuple(
            replace(
                r,
                assigned=tuple(
                    replace(a, parts=_parts(a.parts, slots)) if a.parts else a for a in r.assigned
                ),
            )
            for r in manager.resources
        ),
    )


def _parts(parts: tuple[PoolPart, ...], slots: int) -> tuple[PoolPart, ...]:
    """The last part of a literal size gets what there is."""
    if slots == 0:
        return tuple(replace(part, size=0, option=None) for part in parts)
    literal = [n for n, part in enumerate(parts) if part.size is not None]
    most = prod(parts[n].size or 1 for n in literal)
    return tuple(part if part.size is None
                 else replace(part, size=min(slots, most) if n == literal[-1] else 1)
                 for n, part in enumerate(parts))


def helpers(manager: Manager) -> frozenset[str]:
    """Resources below a root of which an operation that takes no hold makes instances. Nobody waits
    for a new root, because an operation changes nothing at another root."""
    return frozenset(name for op in manager.operations if not _takes(manager, op)
                     for name in made(op) if manager.resource(name).parent is not None)


def made(op: Operation) -> tuple[str, ...]:
    """The resources of which an operation may make instances."""
    return op.path if op.form is Form.OBTAIN else op.path[-1:] if op.form is Form.CREATE else ()


def _takes(manager: Manager, op: Operation) -> bool:
    fired = {(step.resource, step.event) for step in op.steps}
    return op.gives or any((name, manager.resource(name).take) in fired for name in op.path)


def sized(manager: Manager) -> tuple[str, ...]:
    """The options that give sizes of pools."""
    return tuple(dict.fromkeys(part.option for r in manager.resources for a in r.assigned
                               for part in a.parts if part.option is not None))


def room(
    manager: Manager, options: Mapping[str, Value], wanted: Mapping[str, int]) -> tuple[bool, int]:
    """Has each pool a slot for each of the instances that are wanted of its resource? And how many
    slots the smallest one has."""
    sizes = [(prod(_size(part, options) for part in a.parts), wanted[r.name])
             for r in manager.resources for a in pools(r)]
    return all(size >= most for size, most in sizes), min((size for size, _ in sizes), default=0)


def _size(part: PoolPart, options: Mapping[str, Value]) -> int:
    size = options[part.option] if part.option is not None else part.size
    assert isinstance(size, int)
    return size


def waited_for(manager: Manager) -> bool:
    """May somebody who holds something wait for a slot?"""
    return any(pools(manager.resource(name)) for name in helpers(manager))


def few(manager: Manager) -> int | None:
    """How many slots pools have in one more setting, where somebody may wait for one; None where a
    full pool makes no difference, or has no more as it is."""
    return 1 if waited_for(manager) and with_slots(manager, 1) != manager else None
