"""Limits in numbers: what a manager within its limits takes, but for the sizes that only C
knows."""
from __future__ import annotations

import math

from berthc.lower import expr, ir
from berthc.model import Assigned, AssignedKind, Form, Manager, Resource, Type

WAYS = 64  # of a node of a pool, and slots of a word: runtime/src/base/store/pool.c
LEAF = WAYS * WAYS
# Chains that a hash table has without memory of its own: MAP_SMALL of runtime/src/base/store/map.h.
SMALL = 16
LOAD = 2  # items per chain: MAP_LOAD there


def limits(manager: Manager) -> ir.Limits | None:
    """None: the spec has none."""
    if manager.limits is None:
        return None
    return ir.Limits(
        resources=tuple(_limit(manager, r) for r in manager.resources),
        reservations=manager.limits.reservations or 0,
        levels=len(manager.reservation_path),
        text=sum((o.max_length or 0) + 1 for o in manager.options if o.type is Type.STRING),
    )


def _limit(manager: Manager, resource: Resource) -> ir.Limit:
    assert manager.limits is not None
    limit = manager.limits.of(resource.name)
    text = limit.text
    if text is None:
        text = sum((f.max_length or 0) + 1 for f in resource.fields if f.type is Type.STRING)
    pools = tuple(
        _pool(manager, resource, a, limit.instances)
        for a in resource.assigned
        if a.kind is AssignedKind.POOL
    )
    return ir.Limit(limit.instances, text, pools)


def _pool(manager: Manager, resource: Resource, pool: Assigned, instances: int) -> ir.Pool:
    """The nodes that are ever made. The lowest free slot is taken, so that without callers who name
    one, none beyond the instances' number is."""
    size = math.prod(expr.part_limit(manager, p.size, p.option) for p in pool.parts)
    if size <= LEAF:
        return ir.Pool(words=-(-size // WAYS))
    named = any(
        o.form is Form.CREATE and o.target == resource.name and o.at == pool.name
        for o in manager.operations
    )
    touched = size if named else min(size, instances)
    nodes, covers = -(-touched // LEAF), LEAF
    while covers < size:
        covers *= WAYS
        nodes += -(-touched // covers)
    return ir.Pool(nodes=nodes)


def chains(count: int) -> int:
    """Chains of a hash table made for `count` items; 0: it needs no memory of its own."""
    n = SMALL
    while n * LOAD < count:
        n *= 2
    return n if n > SMALL else 0
