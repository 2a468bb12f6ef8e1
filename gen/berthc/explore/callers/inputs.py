"""What callers say and what the manager is created with: few values, each for a reason.

Two instances behave alike when no condition tells them apart. So the fields of a resource get every
combination of values between which conditions distinguish (a *class*), and within a class as many
keys as the bound says. Options are treated in the same way, pools get room for all that callers can
ask for, and one slot too where a full pool can do harm. Optional hooks are tried present and
absent.
"""
from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod

from berthc.explore.bounds import Bounds
from berthc.explore.callers.pools import few, helpers, room, sized, waited_for, with_slots
from berthc.inputs.conditions import Decision, Known, Residue, decisions, fold
from berthc.inputs.values import base, limits, zero
from berthc.model import Field, Guard, Manager, Resource, Type
from berthc.semantics import Value

_MOST = 4096  # combinations looked at; beyond, each change is tried on its own
# sets of optional hooks of which each may be absent with any others; beyond, alone or with all
_HOOKS = 6


@dataclass(frozen=True)
class Valuation:
    """What a manager is created with: all its options, the optional hooks that the backend leaves
    out, and sizes of pools."""

    options: tuple[tuple[str, Value], ...]
    without: tuple[str, ...]
    # of each pool, where its size is not an option's; None: as many as the spec says
    slots: int | None = None

    def applied(self, manager: Manager) -> Manager:
        """The manager with pools of that many slots."""
        return with_slots(manager, self.slots)


@dataclass(frozen=True, eq=False)
class Choice:
    """What a caller gives for one resource. Instances of one `kind` behave alike; `key` tells
    instances apart."""

    resource: str
    kind: int
    key: tuple[Value, ...]
    fields: Mapping[str, Value]


def _sides(manager: Manager, scope: str, fields: tuple[Field, ...],
           keep: tuple[str, ...]) -> dict[str, list[Value]]:
    """For each field that conditions mention, values on every side of each comparison; of those
    that make no difference the first, unless the field is to `keep`."""
    known = {f.name: f for f in fields}
    asked: dict[str, list[Guard]] = {}
    for decision in decisions(manager):
        for atom in (a for guard, _ in decision.tried if guard is not None for a in guard.atoms()):
            assert atom.ref is not None
            if decision.whose(atom.ref) == scope and atom.ref.name in known:
                asked.setdefault(atom.ref.name, []).append(atom)
    found: dict[str, list[Value]] = {}
    for name, some in asked.items():
        values = list(dict.fromkeys(v for atom in some for v in _around(atom, known[name])))
        distinct: dict[tuple[Residue, ...], Value] = {}
        for value in values:
            left = tuple(
                fold(atom, lambda _, value=value: value) for atom in some  # type: ignore[misc]
            )
            distinct.setdefault(left, value)
        found[name] = values if name in keep else list(distinct.values())
    return found


def _around(atom: Guard, field: Field) -> list[Value]:
    if field.type is Type.BOOL:
        return [False, True]
    if field.type is Type.ENUM:
        return list(field.values)
    assert isinstance(atom.literal, int)
    low, high = limits(field)
    return [v for d in (0, -1, 1, -2, 2) if low <= (v := atom.literal + d) <= high]


def _changes(manager: Manager, scope: str, sides: Mapping[str, list[Value]],
             usual: Mapping[str, Value], keep: tuple[str, ...], most: int,
             known: Known) -> tuple[list[dict[str, Value]], bool]:
    """Combinations of values, the usual ones first: one for each way in which decisions can come
    out, and up to `most` that differ in fields to `keep`. False with it where that is too much, and
    each value was tried on its own only.

    Fields that no decision asks for together make a difference independently of each other, so they
    are looked at group by group.
    """
    deciding = [(d, names) for d in decisions(manager) if (names := d.names(scope) & sides.keys())]
    groups: list[set[str]] = [{name} for name in sides]
    for _, names in deciding:
        groups = ([g for g in groups if not g & names]
                  + [set[str]().union(*(g for g in groups if g & names))])
    by_group: list[list[dict[str, Value]]] = []
    total = 1
    order = list(sides)
    for group in sorted(sorted(g, key=order.index) for g in groups):
        if prod(len(sides[name]) for name in group) > _MOST:
            total = _MOST + 1
            break
        by_group.append(_of_group(scope, [d for d, names in deciding if names <= set(group)],
                                  {n: sides[n] for n in group}, usual, keep, most, known))
        total *= len(by_group[-1])
    if total > _MOST:
        alone = {n: usual[n] for n in sides}
        return [alone, *({**alone, name: value} for name in sides for value in sides[name])], False
    joined = [dict(pair for part in parts for pair in part.items()) for parts in product(*by_group)]
    return joined, True


def _of_group(scope: str, deciding: list[Decision], sides: Mapping[str, list[Value]],
              usual: Mapping[str, Value], keep: tuple[str, ...], most: int,
              known: Known) -> list[dict[str, Value]]:
    found: dict[Hashable, dict[Hashable, dict[str, Value]]] = {}
    for values in (tuple(usual[n] for n in sides), *product(*sides.values())):
        change = dict(zip(sides, values, strict=True))

        def with_change(owner: str, name: str,
                        change: Mapping[str, Value] = change) -> Value | None:
            return change[name] if owner == scope and name in change else known(owner, name)

        same = found.setdefault(tuple(d.left(with_change) for d in deciding), {})
        kept = tuple(change[n] for n in sides if n in keep)
        if len(same) < most:
            same.setdefault(kept, change)
    return [change for same in found.values() for change in same.values()]


def combined(manager: Manager, keys: int) -> bool:
    """Is every way in which conditions and absent hooks can come out tried, whatever the options
    are?"""
    usual = {o.name: zero(o) for o in manager.options}
    return (len(manager.left_out) <= _HOOKS and _option_changes(manager, keys, usual)[1]
            and all(_field_changes(manager, resource, {}, base(resource, 1), keys)[1]
                    for resource in manager.resources))


def valuations(manager: Manager, keys: int = Bounds().keys) -> list[Valuation]:
    """The default one first; one for each way in which conditions, sizes of pools and absent hooks
    can make a difference."""
    sets = manager.left_out
    if len(sets) <= _HOOKS:
        missing = [tuple(h for names, out in zip(sets, outs, strict=True) if out for h in names)
                   for outs in product((False, True), repeat=len(sets))]
    else:
        missing = [(), *sets, tuple(h for names in sets for h in names)]
    usual = {o.name: zero(o) for o in manager.options}
    classes: dict[Hashable, list[dict[str, Value]]] = {}
    for change in _option_changes(manager, keys, usual)[0]:
        options = {**usual, **change}
        left = tuple(
            d.left(
                lambda scope, name, known=options: (  # type: ignore[misc]
                    known[name] if scope == "option" else None
                )
            )
            for d in decisions(manager)
        )
        classes.setdefault(left, []).append(options)
    want = wanted(manager, keys)
    settings: list[tuple[dict[str, Value], int | None]] = [
        (_roomy(manager, same, want), None) for same in classes.values()
    ]
    if waited_for(manager):
        settings += [(options, slots) for same in classes.values()
                     for options in (_roomy(manager, same, want), _tight(manager, same, want))
                     for slots in (None, few(manager))]
    distinct = {Valuation(tuple(options.items()), without, slots): None
                for options, slots in settings for without in missing}
    return list(distinct)


def _option_changes(manager: Manager, keys: int,
                    usual: Mapping[str, Value]) -> tuple[list[dict[str, Value]], bool]:
    """Sizes of pools are tried as given, as small as may be, and with room for all that callers can
    ask for."""
    pooled = sized(manager)
    sides = _sides(manager, "option", manager.options, pooled)
    enough = max(wanted(manager, keys).values())
    for name in pooled:
        low, high = limits(manager.option(name))
        sides[name] = list(
            dict.fromkeys([usual[name], low, max(low, min(high, enough)), *sides.get(name, [])])
        )
    return _changes(manager, "option", sides, usual, pooled, _MOST, lambda scope, name: None)


def wanted(manager: Manager, keys: int) -> dict[str, int]:
    """How many instances of each resource there can be when callers ask for all keys."""
    helped = helpers(manager)
    each = {r.name: len(choices(manager, r, {}, keys + (r.name in helped)))
            for r in manager.resources}
    return {name: prod(each[up] for up in manager.path(name)) for name in each}


def scarce(manager: Manager, valuation: Valuation, keys: int) -> bool:
    """Is there too little room for all that callers can ask for, and may somebody wait for it?"""
    return (waited_for(manager)
            and not room(valuation.applied(manager), dict(valuation.options),
                         wanted(manager, keys))[0])


def _roomy(
    manager: Manager, same: list[dict[str, Value]], want: Mapping[str, int]) -> dict[str, Value]:
    """The first with room for all, or the one with most."""
    def most(options: Mapping[str, Value]) -> tuple[bool, int]:
        enough, slots = room(manager, options, want)
        return enough, 0 if enough else slots

    return max(same, key=most)


def _tight(
    manager: Manager, same: list[dict[str, Value]], want: Mapping[str, int]) -> dict[str, Value]:
    """The one with the fewest slots."""
    return min(same, key=lambda options: room(manager, options, want)[1])


def choices(manager: Manager, resource: Resource, options: Mapping[str, Value],
            keys: int) -> list[Choice]:
    """The configs of a resource: up to `keys` keys in each class that conditions tell apart.
    Options that are not given are unknown."""
    kinds: dict[Hashable, int] = {}
    found: dict[int, dict[tuple[Value, ...], Choice]] = {}
    for n in range(1, keys + 1):
        usual = base(resource, n)
        for change in _field_changes(manager, resource, options, usual, keys)[0]:
            fields = {**usual, **change}

            def known(scope: str, name: str, fields: Mapping[str, Value] = fields) -> Value | None:
                return (options.get(name) if scope == "option" else fields.get(name)
                        if scope == resource.name else None)

            kind = kinds.setdefault(tuple(d.left(known) for d in decisions(manager)), len(kinds))
            key = tuple(fields[name] for name in resource.key)
            mine = found.setdefault(kind, {})
            if key not in mine and len(mine) < keys:
                mine[key] = Choice(resource.name, kind, key, fields)
    return [choice for mine in found.values() for choice in mine.values()]


def _field_changes(manager: Manager, resource: Resource, options: Mapping[str, Value],
                   usual: Mapping[str, Value], keys: int) -> tuple[list[dict[str, Value]], bool]:
    sides = _sides(manager, resource.name, resource.fields, resource.key)
    return _changes(manager, resource.name, sides, usual, resource.key, keys,
                    lambda scope, name: options.get(name) if scope == "option" else None)


def conflicting(resource: Resource, choice: Choice) -> Choice | None:
    """The same key with another value in a field that is not of the key; None where there is no
    such field."""
    for field in resource.fields:
        if field.name not in resource.key:
            given = choice.fields[field.name]
            other = _other(field, given)
            if other is not None:
                return Choice(resource.name, choice.kind, choice.key,
                              {**choice.fields, field.name: other})
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
