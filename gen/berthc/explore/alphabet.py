"""What callers say and what the manager is created with: few values, each for a reason.

Two instances behave alike when no condition tells them apart. So the fields of a resource get every combination of values between
which conditions distinguish (a *class*), and within a class as many keys as the bound says. Options are treated in the same way, pools get
their smallest size, and optional hooks are tried present and absent.
"""
from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from berthc.explore.pools import few, with_slots
from berthc.model import Field, Guard, Manager, Ref, Resource, Type
from berthc.scenarios.alphabet import base, limits, zero
from berthc.semantics import Value

Residue = bool | str
"""What is left of a condition once all that is known is put in."""

_MOST = 512  # combinations looked at; beyond, each change is tried on its own
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}


@dataclass(frozen=True)
class Valuation:
    """What a manager is created with: all its options, the optional hooks that the backend leaves out, and sizes of pools."""

    options: tuple[tuple[str, Value], ...]
    without: tuple[str, ...]
    slots: int | None = None  # of each pool, where its size is not an option's; None: as many as the spec says

    def applied(self, manager: Manager) -> Manager:
        """The manager with pools of that many slots."""
        return with_slots(manager, self.slots)


@dataclass(frozen=True, eq=False)
class Choice:
    """What a caller gives for one resource. Instances of one `kind` behave alike; `key` tells instances apart."""

    resource: str
    kind: int
    key: tuple[Value, ...]
    fields: Mapping[str, Value]


def fold(guard: Guard, known: Callable[[Ref], Value | None]) -> Residue:
    """The condition with the known values put in, as True, False or a text that is the same for equal residues."""
    if guard.op in ("and", "or"):
        absorbing = guard.op == "or"
        parts = [fold(arg, known) for arg in guard.args]
        if any(part is absorbing for part in parts):
            return absorbing
        left = [part for part in parts if isinstance(part, str)]
        return f" {guard.op} ".join(left) if len(left) == 1 else f"({f' {guard.op} '.join(left)})" if left else not absorbing
    if guard.op == "not":
        inner = fold(guard.args[0], known)
        return f"not ({inner})" if isinstance(inner, str) else not inner
    assert guard.ref is not None
    value = known(guard.ref)
    literal = True if guard.op == "true" else guard.literal
    op = "==" if guard.op == "true" else guard.op
    return f"{guard.ref} {op} {literal}" if value is None else _COMPARE[op](value, literal)


def guards(manager: Manager) -> Iterator[tuple[str, Guard]]:
    """Every condition that decides what happens, with the resource that it calls `field`."""
    for resource in manager.resources:
        for state in resource.states:
            for row in state.rows:
                if row.guard is not None:
                    yield resource.name, row.guard
    for op in manager.operations:
        for deny in op.deny:
            yield op.target, deny.guard


def _atoms(guard: Guard) -> Iterator[Guard]:
    if guard.ref is not None:
        yield guard
    for arg in guard.args:
        yield from _atoms(arg)


def _sides(manager: Manager, scope: str, fields: tuple[Field, ...]) -> dict[str, list[Value]]:
    """For each field that conditions mention, values on every side of each comparison."""
    known = {f.name: f for f in fields}
    found: dict[str, list[Value]] = {}
    for owner, guard in guards(manager):
        for atom in _atoms(guard):
            assert atom.ref is not None
            if (owner if atom.ref.scope == "field" else atom.ref.scope) == scope and atom.ref.name in known:
                values = found.setdefault(atom.ref.name, [])
                values += [v for v in _around(atom, known[atom.ref.name]) if v not in values]
    return found


def _around(atom: Guard, field: Field) -> list[Value]:
    if field.type is Type.BOOL:
        return [False, True]
    if field.type is Type.ENUM:
        return list(field.values)
    assert isinstance(atom.literal, int)
    low, high = limits(field)
    return [v for d in (0, -1, 1, -2, 2) if low <= (v := atom.literal + d) <= high]


def _combinations(sides: Mapping[str, list[Value]], usual: Mapping[str, Value]) -> list[dict[str, Value]]:
    total = 1
    for values in sides.values():
        total *= len(values)
    if total <= _MOST:
        return [dict(zip(sides, values, strict=True)) for values in product(*sides.values())]
    return [dict(usual)] + [{**usual, name: value} for name, values in sides.items() for value in values]


def valuations(manager: Manager) -> list[Valuation]:
    """The default one first; one for each way in which conditions and absent hooks can make a difference."""
    usual = {o.name: zero(o) for o in manager.options}
    pools = {part.option: limits(manager.option(part.option))[0]
             for r in manager.resources for a in r.assigned for part in a.parts if part.option is not None}
    sides = _sides(manager, "option", manager.options)
    usual.update({name: max(low, 1) for name, low in pools.items() if name not in sides})
    told: dict[tuple[Residue, ...], dict[str, Value]] = {}
    changes: list[dict[str, Value]] = [{}, *_combinations(sides, {n: usual[n] for n in sides})]
    for change in changes:
        options = {**usual, **change}
        residues = tuple(fold(g, lambda ref: options[ref.name] if ref.scope == "option" else None) for _, g in guards(manager))
        told.setdefault(residues, options)
    optional = [h.name for h in manager.hooks if h.optional]
    if len(optional) <= 4:
        missing = [tuple(h for h, out in zip(optional, outs, strict=True) if out) for outs in product((False, True), repeat=len(optional))]
    else:
        missing = [(), *((h,) for h in optional), tuple(optional)]
    sizes: list[int | None] = [None] if few(manager) is None else [None, few(manager)]
    return [Valuation(tuple(options.items()), without, slots) for slots in sizes for options in told.values() for without in missing]


def choices(manager: Manager, resource: Resource, options: Mapping[str, Value], keys: int) -> list[Choice]:
    """The configs of a resource: up to `keys` keys in each class that conditions tell apart."""
    sides = _sides(manager, resource.name, resource.fields)
    kinds: dict[tuple[Residue, ...], int] = {}
    found: dict[int, dict[tuple[Value, ...], Choice]] = {}
    for n in range(1, keys + 1):
        usual = base(resource, n)
        changes: list[dict[str, Value]] = [{}, *_combinations(sides, {f: usual[f] for f in sides})]
        for change in changes:
            fields = {**usual, **change}
            kind = kinds.setdefault(_residues(manager, resource, options, fields), len(kinds))
            key = tuple(fields[name] for name in resource.key)
            mine = found.setdefault(kind, {})
            if key not in mine and len(mine) < keys:
                mine[key] = Choice(resource.name, kind, key, fields)
    return [choice for mine in found.values() for choice in mine.values()]


def _residues(manager: Manager, resource: Resource, options: Mapping[str, Value], fields: Mapping[str, Value]) -> tuple[Residue, ...]:
    residues = []
    for owner, guard in guards(manager):
        def known(ref: Ref, owner: str = owner) -> Value | None:
            if ref.scope == "option":
                return options[ref.name]
            scope = owner if ref.scope == "field" else ref.scope
            return fields[ref.name] if scope == resource.name and ref.name in fields else None

        residues.append(fold(guard, known))
    return tuple(residues)


def conflicting(resource: Resource, choice: Choice) -> Choice | None:
    """The same key with another value in a field that is not of the key; None where there is no such field."""
    for field in resource.fields:
        if field.name not in resource.key:
            given = choice.fields[field.name]
            other = _other(field, given)
            if other is not None:
                return Choice(resource.name, choice.kind, choice.key, {**choice.fields, field.name: other})
    return None


def _other(field: Field, given: Value) -> Value | None:
    if field.type is Type.BOOL:
        return not given
    if field.type is Type.ENUM:
        return next((v for v in field.values if v != given), None)
    if field.type.bits and isinstance(given, int):
        low, high = limits(field)
        return given + 1 if given < high else given - 1 if given > low else None
    if field.type is Type.STRING:
        return "x" if given != "x" and (field.max_length or 1) >= 1 else None
    return None if field.type is Type.UUID else ("x",)
