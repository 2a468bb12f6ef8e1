"""What callers may say: the values that the exploration gives to fields, options, slots and
lookups.

Few inputs keep the search small, so each value is here for a reason: two keys tell instances apart,
every field gets one value that differs from the base (a conflict), guards get values on both sides
of each of their comparisons, and the edges of ranges and lengths are tried once each.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from berthc.inputs.values import Value, base, limits, zero
from berthc.model import Field, Guard, Manager, Operation, Ref, Resource

MOST_COMBINATIONS = 64


@dataclass(frozen=True)
class Config:
    """What a caller gives for one resource; `name` is unique among the configs of the resource and
    fit for C."""

    resource: str
    name: str
    fields: tuple[tuple[str, Value], ...]  # only those that differ from the field's default

    def mapping(self) -> dict[str, Value]:
        return dict(self.fields)


@dataclass(frozen=True)
class Environment:
    """What a manager is created with: options that differ from their defaults, and the optional
    hooks left out."""

    name: str
    options: tuple[tuple[str, Value], ...] = ()
    without: tuple[str, ...] = ()


def _sides(atom: Guard, field: Field) -> list[Value]:
    """Values of a field on every side of one comparison."""
    if atom.op == "true":
        return [False, True]
    if isinstance(atom.literal, int):
        low, high = limits(field)
        return [v for v in (atom.literal - 1, atom.literal, atom.literal + 1) if low <= v <= high]
    assert isinstance(atom.literal, str)
    return [atom.literal, *[v for v in field.values if v != atom.literal][:1]]


def _tables(manager: Manager) -> Iterator[tuple[str | None, Guard]]:
    """Every guard of the manager with the resource it belongs to (None: an operation's)."""
    for resource in manager.resources:
        for state in resource.states:
            for row in state.rows:
                if row.guard is not None:
                    yield resource.name, row.guard
    for operation in manager.operations:
        for deny in operation.deny:
            yield None, deny.guard
    for resource in manager.resources:
        for assigned in resource.assigned:
            for text in assigned.texts:
                if text.guard is not None:
                    yield resource.name, text.guard


def _sides_of(manager: Manager, wanted: str, names: Mapping[str, Field],
              rows_only: bool) -> dict[str, list[Value]]:
    """For each field (or option) that guards name: values on every side. `wanted` is "option" or a
    resource's name."""
    found: dict[str, list[Value]] = {}
    for owner, guard in _tables(manager):
        if rows_only and owner is None:
            continue
        for atom in guard.atoms():
            ref: Ref | None = atom.ref
            assert ref is not None
            scope = owner if ref.scope == "field" else ref.scope
            if scope != wanted or ref.name not in names:
                continue
            values = found.setdefault(ref.name, [])
            values.extend(v for v in _sides(atom, names[ref.name]) if v not in values)
    return found


def asked_for(manager: Manager, resource: Resource) -> frozenset[str]:
    """The fields of a resource that a guard names."""
    names = {f.name: f for f in resource.fields}
    return frozenset(_sides_of(manager, resource.name, names, rows_only=False)) | frozenset(
        ref.name for o in manager.operations for d in o.deny for ref in d.guard.refs()
        if (o.target if ref.scope == "field" else ref.scope) == resource.name)


def row_variants(manager: Manager, resource: Resource) -> list[dict[str, Value]]:
    """Changes to a base config that bring the guards of rows to both sides; the first changes
    nothing."""
    names = {f.name: f for f in resource.fields}
    return _combinations(_sides_of(manager, resource.name, names, rows_only=True), base(resource),
                         6)


def policy_variants(manager: Manager, resource: Resource) -> list[dict[str, Value]]:
    """The same for every guard, those of `deny` included."""
    names = {f.name: f for f in resource.fields}
    return _combinations(_sides_of(manager, resource.name, names, rows_only=False), base(resource),
                         MOST_COMBINATIONS)


def deny_sides(manager: Manager, operation: Operation, name: str) -> dict[str, list[Value]]:
    """Values of the fields of one level on every side of each comparison of an operation's `deny`
    entries."""
    fields = {f.name: f for f in manager.resource(name).fields}
    sides: dict[str, list[Value]] = {}
    for deny in operation.deny:
        for atom in deny.guard.atoms():
            ref = atom.ref
            if (ref is not None
                and (operation.target if ref.scope == "field" else ref.scope) == name
                and ref.name in fields):
                values = sides.setdefault(ref.name, [])
                values.extend(v for v in _sides(atom, fields[ref.name]) if v not in values)
    return sides


def deny_variants(manager: Manager, operation: Operation, name: str) -> list[dict[str, Value]]:
    """Changes to a base config of one level that bring the guards of an operation's `deny` entries
    to both sides."""
    return _combinations(deny_sides(manager, operation, name), base(manager.resource(name)),
                         MOST_COMBINATIONS)


def _combinations(sides: Mapping[str, list[Value]], usual: Mapping[str, Value],
                  most: int) -> list[dict[str, Value]]:
    """All combinations where they are few, else each change on its own."""
    names = list(sides)
    everything = [dict(zip(names, values)) for values in product(*(sides[n] for n in names))]
    if len(everything) > most:
        everything = [{n: v} for n in names for v in sides[n]]
    changes = [{n: v for n, v in one.items() if v != usual[n]} for one in everything]
    distinct = [one for i, one in enumerate(changes) if one not in changes[:i]]
    distinct.sort(key=len)  # the base itself comes first
    return distinct if distinct and not distinct[0] else [{}, *distinct]


def covers_guards(manager: Manager) -> bool:
    """Whether the search tries every combination of what guards ask about, so that it may say that
    something cannot be."""
    sides = _sides_of(manager, "option", {o.name: o for o in manager.options}, rows_only=False)
    fields = {o.name: o for o in manager.options}
    whole = _all_tried(sides, fields, 8) and len(manager.left_out) <= 2
    apart = 0  # resources whose guards tell fields apart: paths change one level at a time
    for resource in manager.resources:
        fields = {f.name: f for f in resource.fields}
        sides = _sides_of(manager, resource.name, fields, rows_only=True)
        apart += bool(sides)
        denying = [o for o in manager.operations if resource.name in o.path
                   and deny_sides(manager, o, resource.name)]
        whole = whole and _all_tried(sides, fields, 6) and len(denying) <= 1
    return whole and apart <= 1


def _all_tried(sides: Mapping[str, list[Value]], fields: Mapping[str, Field], most: int) -> bool:
    """Whether `_combinations` takes all of them, and no enum has values that are like none of those
    tried."""
    total = 1
    for name, values in sides.items():
        total *= len(values)
        if len(values) > 2 and len(values) < len(fields[name].values):
            return False
    return total <= most


def environments(manager: Manager) -> list[Environment]:
    """The default one, then those with other options, then those with optional hooks left out."""
    changes = _option_changes(manager)
    return ([_environment(manager, change, ()) for change in changes]
            + [_environment(manager, {}, out) for out in _left_out(manager)])


def mixed_environments(manager: Manager) -> list[Environment]:
    """Other options and hooks left out at the same time."""
    return [_environment(manager, change, left_out) for left_out in _left_out(manager)
            for change in _option_changes(manager) if change]


def _option_changes(manager: Manager) -> list[dict[str, Value]]:
    names = {o.name: o for o in manager.options}
    return _combinations(_sides_of(manager, "option", names, rows_only=False),
                         {o.name: zero(o) for o in manager.options}, 8)


def _left_out(manager: Manager) -> list[tuple[str, ...]]:
    """Each set of optional hooks alone, then all of them."""
    sets = list(manager.left_out)
    every = tuple(h.name for h in manager.hooks if h.optional)
    return sets + ([every] if len(sets) > 1 else [])


def _environment(manager: Manager, change: Mapping[str, Value],
                 left_out: tuple[str, ...]) -> Environment:
    words = [_word(n, v) for n, v in change.items()]
    if left_out in manager.left_out:
        words.append("without_"
                     + (manager.hook(left_out[0]).together or left_out[0].replace(".", "_")))
    elif left_out:
        words.append("without_optional_hooks")
    return Environment("_".join(words) or "default", tuple(change.items()), left_out)


def _word(name: str, value: Value) -> str:
    if value is True:
        return name
    if value is False:
        return "no_" + name
    return f"{name}_{value}".replace("-", "minus_")
