"""Rows as they are while options and fields that the old spec does not have keep their defaults."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from berthc.model import COMPARE, Guard, Manager, Row

Values = Mapping[tuple[str, str], object]
"""(scope of a reference, name) to the value that it has."""


def new_defaults(old: Manager, new: Manager, resource: str) -> Values:
    """Values that callers who know only the old spec leave alone: by how the guards of a resource
    name them."""
    had = {o.name for o in old.options}
    values: dict[tuple[str, str], object] = {
        ("option", o.name): o.default for o in new.options if o.name not in had}
    for r in new.resources:
        if r.name in old.by_name:
            had = {f.name for f in old.resource(r.name).fields}
            scope = "field" if r.name == resource else r.name
            values |= {(scope, f.name): f.default for f in r.fields if f.name not in had}
    return values


def settled(guard: Guard, values: Values) -> Guard | bool:
    """The condition with these values put in: what is left of it, or what it comes to."""
    if guard.ref is not None:
        key = (guard.ref.scope, guard.ref.name)
        return COMPARE[guard.op](values[key], guard.literal) if key in values else guard
    parts = [settled(arg, values) for arg in guard.args]
    if guard.op == "not":
        return not parts[0] if isinstance(parts[0], bool) else replace(guard, args=(parts[0],))
    ends = guard.op == "or"  # the value that decides the whole
    if any(part is ends for part in parts):
        return ends
    left = [part for part in parts if isinstance(part, Guard)]
    if len(left) < 2:
        return left[0] if left else not ends
    return replace(guard, args=tuple(left))


def rows_left(rows: tuple[Row, ...], values: Values) -> tuple[Row, ...]:
    """The rows that can be taken, up to the first that always is."""
    found: list[Row] = []
    for row in rows:
        guard = None if row.guard is None else settled(row.guard, values)
        if guard is False:
            continue
        found.append(replace(row, guard=guard if isinstance(guard, Guard) else None))
        if found[-1].guard is None:
            break
    return tuple(found)
