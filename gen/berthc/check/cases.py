"""Conditions by cases: the finitely many combinations of values that a set of conditions can tell
apart.

A condition compares options and fields with literals only, so a few values of each name stand for
all of them: both of a bool, all of an enum, and for an integer each literal it is compared with,
its neighbours, and the ends of its range.
"""
from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from berthc.model import COMPARE, Field, Guard, Manager, Type

from berthc.check.refs import GuardUse

Name = tuple[str, str]  # scope, name
Case = Mapping[Name, object]

MAX_CASES = 1 << 14


class TooManyCases(Exception):
    """The conditions tell more than MAX_CASES combinations apart."""


def typed(manager: Manager, use: GuardUse, guard: Guard) -> Field | None:
    """The option or field that a part of a condition names; None where there is none in sight."""
    ref = guard.ref
    if ref is None:
        return None
    if ref.scope == "option":
        return next((o for o in manager.options if o.name == ref.name), None)
    owner = use.own if ref.scope == "field" else ref.scope
    if owner not in use.path:
        return None
    resource = next((r for r in manager.resources if r.name == owner), None)
    return next((f for f in resource.fields if f.name == ref.name), None) if resource else None


def values(field: Field, literals: Iterable[int | str | None]) -> Sequence[object]:
    """The values of a field that stand for all its values."""
    if field.type is Type.BOOL:
        return [False, True]
    if field.type is Type.ENUM:
        return list(field.values)
    low, high = field.range or field.type.limits
    near = {n + d for n in literals if isinstance(n, int) for d in (-1, 0, 1)}
    return sorted({low, high} | {n for n in near if low <= n <= high})


def cases(manager: Manager, uses: Iterable[GuardUse]) -> Iterator[Case]:
    """Every case that the conditions tell apart. Raises TooManyCases."""
    fields: dict[Name, Field] = {}
    literals: dict[Name, list[int | str | None]] = {}
    for use in uses:
        for part in use.guard.atoms():
            field = typed(manager, use, part)
            if field is not None:
                name = name_of(use, part)
                fields[name] = field
                literals.setdefault(name, []).append(part.literal)
    axes = [values(field, literals[name]) for name, field in fields.items()]
    count = 1
    for axis in axes:
        count *= len(axis)
    if count > MAX_CASES:
        raise TooManyCases
    for choice in itertools.product(*axes):
        yield dict(zip(fields, choice))


def name_of(use: GuardUse, part: Guard) -> Name:
    """One name for `field.x` and `disk.x` where they are the same."""
    assert part.ref is not None
    return (use.own or "field") if part.ref.scope == "field" else part.ref.scope, part.ref.name


def holds(use: GuardUse, guard: Guard, case: Case) -> bool:
    """Does the condition hold in the case?"""
    if guard.op == "and":
        return all(holds(use, arg, case) for arg in guard.args)
    if guard.op == "or":
        return any(holds(use, arg, case) for arg in guard.args)
    if guard.op == "not":
        return not holds(use, guard.args[0], case)
    return COMPARE[guard.op](case[name_of(use, guard)], guard.literal)
