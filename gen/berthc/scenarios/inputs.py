"""What callers may say: the values that the exploration gives to fields, options, slots and
lookups.

Few inputs keep the search small, so each value is here for a reason: two keys tell instances apart,
every field gets one value that differs from the base (a conflict), guards get values on both sides
of each of their comparisons, and the edges of ranges and lengths are tried once each.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from berthc.inputs.conditions import decisions
from berthc.inputs.values import Value, base, limits, zero
from berthc.model import Field, Guard, Manager, Operation, Resource

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


def _sides_of(guards: Iterable[tuple[str | None, Guard]], wanted: str,
              fields: Iterable[Field]) -> dict[str, list[Value]]:
    """For each of the fields (or options) that guards name: values on every side. `wanted` is
    "option" or a resource's name."""
    known = {f.name: f for f in fields}
    found: dict[str, list[Value]] = {}
    for owner, guard in guards:
        for atom in guard.atoms():
            assert atom.ref is not None
            name = atom.ref.name
            if (owner if atom.ref.scope == "field" else atom.ref.scope) == wanted and name in known:
                values = found.setdefault(name, [])
                values.extend(v for v in _sides(atom, known[name]) if v not in values)
    return found


def _of_rows(manager: Manager) -> Iterator[tuple[str | None, Guard]]:
    return (one for one in _tables(manager) if one[0] is not None)


def asked_for(manager: Manager, resource: Resource) -> set[str]:
    """The fields of a resource that a guard names."""
    return set().union(*(one.names(resource.name) for one in decisions(manager)))


def row_variants(manager: Manager, resource: Resource) -> list[dict[str, Value]]:
    """Changes to a base config that bring the guards of rows to both sides; the first changes
    nothing."""
    return _combinations(_sides_of(_of_rows(manager), resource.name, resource.fields),
                         base(resource), 6)


def policy_variants(manager: Manager, resource: Resource) -> list[dict[str, Value]]:
    """The same for every guard, those of `deny` included."""
    return _combinations(_sides_of(_tables(manager), resource.name, resource.fields),
                         base(resource), MOST_COMBINATIONS)


def deny_sides(manager: Manager, operation: Operation, name: str) -> dict[str, list[Value]]:
    """Values of the fields of one level on every side of each comparison of an operation's `deny`
    entries."""
    return _sides_of(((operation.target, deny.guard) for deny in operation.deny), name,
                     manager.resource(name).fields)


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
    sides = _sides_of(_tables(manager), "option", manager.options)
    fields = {o.name: o for o in manager.options}
    whole = _all_tried(sides, fields, 8) and len(manager.left_out) <= 2
    apart = 0  # resources whose guards tell fields apart: paths change one level at a time
    for resource in manager.resources:
        fields = {f.name: f for f in resource.fields}
        sides = _sides_of(_of_rows(manager), resource.name, resource.fields)
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
    return _combinations(_sides_of(_tables(manager), "option", manager.options),
                         {o.name: zero(o) for o in manager.options}, 8)


def _left_out(manager: Manager) -> list[tuple[str, ...]]:
    """Each set of optional hooks alone, then all of them."""
    sets = list(manager.left_out)
    every = tuple(h.name for h in manager.hooks if h.optional)
    return sets + ([every] if len(sets) > 1 else [])


def _environment(manager: Manager, change: Mapping[str, Value],
                 left_out: tuple[str, ...]) -> Environment:
    words = [word(n, v) for n, v in change.items()]
    if left_out in manager.left_out:
        words.append("without_"
                     + (manager.hook(left_out[0]).together or left_out[0].replace(".", "_")))
    elif left_out:
        words.append("without_optional_hooks")
    return Environment("_".join(words) or "default", tuple(change.items()), left_out)


def word(name: str, value: Value) -> str:
    """What is special about a field or option, fit for C."""
    if isinstance(value, bool):
        return name if value else "no_" + name
    text = "_".join(value) if isinstance(value, tuple) else str(value)
    if isinstance(value, int):
        text = text.replace("-", "minus_")
    return name + "_" + "".join(c if c.isalnum() else "_" for c in text)
