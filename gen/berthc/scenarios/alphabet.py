"""What callers may say: the values that the exploration gives to fields, options, slots and lookups.

A small alphabet keeps the search small, so each value is here for a reason: two keys tell instances apart, every field
gets one value that differs from the base (a conflict), guards get values on both sides of each of their comparisons, and
the edges of ranges and lengths are tried once each.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from berthc.model import Field, Guard, Manager, Operation, Ref, Resource, Type
from berthc.semantics.values import NO_ITEMS, is_valid

Value = bool | int | str | tuple[str, ...]

# UUIDs that callers give are labels from 91 on, so that they never look like one that the manager made.
FIRST_GIVEN_UUID = 91

# A word that is no value of any enum; it stands for a number outside the enum in C.
NO_SUCH_VALUE = "no-such-value"

MOST_COMBINATIONS = 64

LONGEST_TEXT = 2000  # compilers need not take longer string literals than 4095 bytes


@dataclass(frozen=True)
class Config:
    """What a caller gives for one resource; `name` is unique among the configs of the resource and fit for C."""

    resource: str
    name: str
    fields: tuple[tuple[str, Value], ...]  # only those that differ from the field's default

    def mapping(self) -> dict[str, Value]:
        return dict(self.fields)


@dataclass(frozen=True)
class Environment:
    """What a manager is created with: options that differ from their defaults, and the optional hooks left out."""

    name: str
    options: tuple[tuple[str, Value], ...] = ()
    without: tuple[str, ...] = ()


def zero(field: Field) -> Value:
    """The value of a field that a caller leaves out."""
    value = field.default
    if isinstance(value, (bool, int, str)):
        return value
    if field.type is Type.BOOL:
        return False
    if field.type.bits:
        return 0
    if field.type is Type.ENUM:
        return field.values[0]
    if field.type is Type.UUID:
        return "nil"
    return () if field.type in (Type.LIST, Type.SET) else ""


def limits(field: Field) -> tuple[int, int]:
    """Least and greatest value of an integer field."""
    return field.range if field.range is not None else field.type.limits


def nth(field: Field, n: int) -> Value | None:
    """The n-th of a series of valid, different values of a field (from 1), or None where there are not so many."""
    if field.type is Type.BOOL:
        return (n == 2) if n <= 2 else None
    if field.type.bits:
        low, high = limits(field)
        first = max(low, 0) if high >= 1 else low
        wrapped = low + (first + n - high - 1)
        return first + n if first + n <= high else wrapped if wrapped <= first else None
    if field.type is Type.ENUM:
        return field.values[n - 1] if n <= len(field.values) else None
    if field.type is Type.UUID:
        return f"u{FIRST_GIVEN_UUID + n - 1}"
    word = "/" + chr(ord("a") + n - 1)
    if field.max_length == 1:
        word = word[1:]
    return (word,) if field.type in (Type.LIST, Type.SET) else word


def base(resource: Resource, key: int = 1) -> dict[str, Value]:
    """A valid config with the key-th key where there are so many; the other fields keep their defaults where these are valid."""
    values: dict[str, Value] = {}
    for field in resource.fields:
        value = nth(field, key) if field.name in resource.key and not _flag_like(resource, field) else None
        value = zero(field) if value is None else value
        if not is_valid(field, value):
            value = nth(field, 1)
            assert value is not None
        values[field.name] = value
    return values


def _flag_like(resource: Resource, field: Field) -> bool:
    """With `key: all` most fields are part of the identity; only the naming ones need two values in the search."""
    wide = [f for f in resource.fields if f.name in resource.key and (f.type is Type.STRING or f.type.bits or f.type is Type.UUID)]
    return bool(wide) and field not in wide


def ordinary_keys(resource: Resource) -> int:
    """How many different keys the search may use: 2, or 1 for a resource of which its parent has only one."""
    first, second = base(resource, 1), base(resource, 2)
    return 2 if any(first[k] != second[k] for k in resource.key) else 1


def differing(field: Field, given: Value) -> Sequence[tuple[str, Value]]:
    """Other valid values of a field with a word for each: those that must conflict, and those that must not."""
    if field.type is Type.BOOL:
        return [("flipped", not given)]
    if field.type.bits and isinstance(given, int):
        low, high = limits(field)
        close = given + 1 if given < high else given - 1
        far = high if given != high else low  # differs in the high bits too
        return [(word, v) for word, v in (("next", close), ("far", far)) if low <= v <= high and v != given]
    if field.type is Type.ENUM:
        return [(str(v), v) for v in field.values if v != given][:2]
    if field.type is Type.UUID:
        return [("other", f"u{FIRST_GIVEN_UUID + 5}")]
    if field.type is Type.STRING:
        return [("other", "x")]
    return [("other", ("x",))]


def pairs(field: Field) -> list[tuple[str, Value, Value]]:
    """(word, first caller's value, second caller's value): what `equal` means for the type, from both sides."""
    if field.type is Type.STRING:
        found: list[tuple[str, Value, Value]] = [("case", "xY", "Xy"), ("prefix", "xY", "x")]
    elif field.type is Type.LIST:
        found = [("order", ("x", "y"), ("y", "x")), ("case", ("xY",), ("Xy",)), ("repeated", ("x",), ("x", "x")),
                 ("shorter", ("x", "y"), ("x",)), ("joined", ("xy",), ("x", "y"))]
    elif field.type is Type.SET:
        found = [("order", ("x", "y"), ("y", "x")), ("case", ("xY",), ("Xy",)), ("repeated", ("x", "y"), ("y", "x", "y")),
                 ("subset", ("x", "y"), ("x",)), ("superset", ("x",), ("x", "y")), ("joined", ("xy",), ("x", "y"))]
    else:
        found = []
    if field.max_length is not None:
        found = [p for p in found if field.type is not Type.STRING or all(len(str(v)) <= field.max_length for v in p[1:])]
    return found


def edges(field: Field) -> list[tuple[str, Value]]:
    """Values at and just beyond what a field may hold."""
    found: list[tuple[str, Value]] = []
    if field.type.bits:
        low, high = limits(field)
        least, greatest = field.type.limits
        found += [("least", low), ("greatest", high)]
        found += [(w, v) for w, v in (("below", low - 1), ("above", high + 1)) if least <= v <= greatest]
    elif field.type is Type.ENUM:
        found += [(v, v) for v in field.values] + [("beyond", NO_SUCH_VALUE)]
    elif field.type is Type.STRING:
        found += [("empty", "")]
        if field.max_length is not None and field.max_length <= LONGEST_TEXT:
            found += [("longest", "l" * field.max_length), ("too_long", "l" * (field.max_length + 1))]
    elif field.type is Type.UUID:
        found += [("nil", "nil")]
    elif field.type in (Type.LIST, Type.SET):
        found += [("empty", ()), ("several", ("x", "y")), ("no_items", NO_ITEMS)]
    return found


def _atoms(guard: Guard) -> Iterator[Guard]:
    if guard.ref is not None:
        yield guard
    for arg in guard.args:
        yield from _atoms(arg)


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


def _sides_of(manager: Manager, wanted: str, names: Mapping[str, Field], rows_only: bool) -> dict[str, list[Value]]:
    """For each field (or option) that guards name: values on every side. `wanted` is "option" or a resource's name."""
    found: dict[str, list[Value]] = {}
    for owner, guard in _tables(manager):
        if rows_only and owner is None:
            continue
        for atom in _atoms(guard):
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
    """Changes to a base config that bring the guards of rows to both sides; the first changes nothing."""
    names = {f.name: f for f in resource.fields}
    return _combinations(_sides_of(manager, resource.name, names, rows_only=True), base(resource), 6)


def policy_variants(manager: Manager, resource: Resource) -> list[dict[str, Value]]:
    """The same for every guard, those of `deny` included."""
    names = {f.name: f for f in resource.fields}
    return _combinations(_sides_of(manager, resource.name, names, rows_only=False), base(resource), MOST_COMBINATIONS)


def deny_sides(manager: Manager, operation: Operation, name: str) -> dict[str, list[Value]]:
    """Values of the fields of one level on every side of each comparison of an operation's `deny` entries."""
    fields = {f.name: f for f in manager.resource(name).fields}
    sides: dict[str, list[Value]] = {}
    for deny in operation.deny:
        for atom in _atoms(deny.guard):
            ref = atom.ref
            if ref is not None and (operation.target if ref.scope == "field" else ref.scope) == name and ref.name in fields:
                values = sides.setdefault(ref.name, [])
                values.extend(v for v in _sides(atom, fields[ref.name]) if v not in values)
    return sides


def deny_variants(manager: Manager, operation: Operation, name: str) -> list[dict[str, Value]]:
    """Changes to a base config of one level that bring the guards of an operation's `deny` entries to both sides."""
    return _combinations(deny_sides(manager, operation, name), base(manager.resource(name)), MOST_COMBINATIONS)


def _combinations(sides: Mapping[str, list[Value]], usual: Mapping[str, Value], most: int) -> list[dict[str, Value]]:
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
    """Whether the search tries every combination of what guards ask about, so that it may say that something cannot be."""
    sides = _sides_of(manager, "option", {o.name: o for o in manager.options}, rows_only=False)
    fields = {o.name: o for o in manager.options}
    whole = _all_tried(sides, fields, 8) and len(manager.left_out) <= 2
    told = 0  # resources whose guards tell fields apart: paths change one level at a time
    for resource in manager.resources:
        fields = {f.name: f for f in resource.fields}
        sides = _sides_of(manager, resource.name, fields, rows_only=True)
        told += bool(sides)
        denying = [o for o in manager.operations if resource.name in o.path and deny_sides(manager, o, resource.name)]
        whole = whole and _all_tried(sides, fields, 6) and len(denying) <= 1
    return whole and told <= 1


def _all_tried(sides: Mapping[str, list[Value]], fields: Mapping[str, Field], most: int) -> bool:
    """Whether `_combinations` takes all of them, and no enum has values that are like none of those tried."""
    total = 1
    for name, values in sides.items():
        total *= len(values)
        if len(values) > 2 and len(values) < len(fields[name].values):
            return False
    return total <= most


def environments(manager: Manager) -> list[Environment]:
    """The default one, then those with other options, then those with optional hooks left out."""
    changes = _option_changes(manager)
    return [_environment(manager, change, ()) for change in changes] + [_environment(manager, {}, out) for out in _left_out(manager)]


def mixed_environments(manager: Manager) -> list[Environment]:
    """Other options and hooks left out at the same time."""
    return [_environment(manager, change, left_out) for left_out in _left_out(manager) for change in _option_changes(manager) if change]


def _option_changes(manager: Manager) -> list[dict[str, Value]]:
    names = {o.name: o for o in manager.options}
    return _combinations(_sides_of(manager, "option", names, rows_only=False), {o.name: zero(o) for o in manager.options}, 8)


def _left_out(manager: Manager) -> list[tuple[str, ...]]:
    """Each set of optional hooks alone, then all of them."""
    sets = list(manager.left_out)
    every = tuple(h.name for h in manager.hooks if h.optional)
    return sets + ([every] if len(sets) > 1 else [])


def _environment(manager: Manager, change: Mapping[str, Value], left_out: tuple[str, ...]) -> Environment:
    words = [_word(n, v) for n, v in change.items()]
    if left_out in manager.left_out:
        words.append("without_" + (manager.hook(left_out[0]).together or left_out[0].replace(".", "_")))
    elif left_out:
        words.append("without_optional_hooks")
    return Environment("_".join(words) or "default", tuple(change.items()), left_out)


def _word(name: str, value: Value) -> str:
    if value is True:
        return name
    if value is False:
        return "no_" + name
    return f"{name}_{value}".replace("-", "minus_")
