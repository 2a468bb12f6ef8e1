"""Values of fields and options that a search gives: a usual one, others that are valid, others that
conflict, and edges."""
from __future__ import annotations

from collections.abc import Sequence

from berthc.model import Field, Resource, Type
from berthc.semantics.values import NO_ITEMS, is_valid

Value = bool | int | str | tuple[str, ...]

# UUIDs that callers give are labels from 91 on, so that they never look like one that the manager
# made.
FIRST_GIVEN_UUID = 91

# A word that is no value of any enum; it stands for a number outside the enum in C.
NO_SUCH_VALUE = "no-such-value"

LONGEST_TEXT = 2000  # compilers need not take longer string literals than 4095 bytes


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
    """The n-th of a series of valid, different values of a field (from 1), or None where there are
    not so many."""
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
    """A valid config with the key-th key where there are so many; the other fields keep their
    defaults where these are valid."""
    values: dict[str, Value] = {}
    for field in resource.fields:
        value = (nth(field, key) if field.name in resource.key and not _flag_like(resource, field)
                 else None)
        value = zero(field) if value is None else value
        if not is_valid(field, value):
            value = nth(field, 1)
            assert value is not None
        values[field.name] = value
    return values


def _flag_like(resource: Resource, field: Field) -> bool:
    """With `key: all` most fields are part of the identity; only the naming ones need two values in
    the search."""
    wide = [f for f in resource.fields if f.name in resource.key
            and (f.type is Type.STRING or f.type.bits or f.type is Type.UUID)]
    return bool(wide) and field not in wide


def ordinary_keys(resource: Resource) -> int:
    """How many different keys the search may use: 2, or 1 for a resource of which its parent has
    only one."""
    first, second = base(resource, 1), base(resource, 2)
    return 2 if any(first[k] != second[k] for k in resource.key) else 1


def differing(field: Field, given: Value) -> Sequence[tuple[str, Value]]:
    """Other valid values of a field with a word for each: those that must conflict, and those that
    must not."""
    if field.type is Type.BOOL:
        return [("flipped", not given)]
    if field.type.bits and isinstance(given, int):
        low, high = limits(field)
        close = given + 1 if given < high else given - 1
        far = high if given != high else low  # differs in the high bits too
        return [(word, v) for word, v in (("next", close), ("far", far)) if low <= v <= high
                and v != given]
    if field.type is Type.ENUM:
        return [(str(v), v) for v in field.values if v != given][:2]
    if field.type is Type.UUID:
        return [("other", f"u{FIRST_GIVEN_UUID + 5}")]
    if field.type is Type.STRING:
        return [("other", "x")]
    return [("other", ("x",))]


def pairs(field: Field) -> list[tuple[str, Value, Value]]:
    """(word, first caller's value, second caller's value): what `equal` means for the type, from
    both sides."""
    if field.type is Type.STRING:
        found: list[tuple[str, Value, Value]] = [("case", "xY", "Xy"), ("prefix", "xY", "x")]
    elif field.type is Type.LIST:
        found = [("order", ("x", "y"), ("y", "x")), ("case", ("xY",), ("Xy",)),
                 ("repeated", ("x",), ("x", "x")), ("shorter", ("x", "y"), ("x",)),
                 ("joined", ("xy",), ("x", "y"))]
    elif field.type is Type.SET:
        found = [("order", ("x", "y"), ("y", "x")), ("case", ("xY",), ("Xy",)),
                 ("repeated", ("x", "y"), ("y", "x", "y")), ("subset", ("x", "y"), ("x",)),
                 ("superset", ("x",), ("x", "y")), ("joined", ("xy",), ("x", "y"))]
    else:
        found = []
    if field.max_length is not None:
        found = [p for p in found if field.type is not Type.STRING
                 or all(len(str(v)) <= field.max_length for v in p[1:])]
    return found


def edges(field: Field) -> list[tuple[str, Value]]:
    """Values at and just beyond what a field may hold."""
    found: list[tuple[str, Value]] = []
    if field.type.bits:
        low, high = limits(field)
        least, greatest = field.type.limits
        found += [("least", low), ("greatest", high)]
        found += [(w, v) for w, v in (("below", low - 1), ("above", high + 1))
                  if least <= v <= greatest]
    elif field.type is Type.ENUM:
        found += [(v, v) for v in field.values] + [("beyond", NO_SUCH_VALUE)]
    elif field.type is Type.STRING:
        found += [("empty", "")]
        if field.max_length is not None and field.max_length <= LONGEST_TEXT:
            found += [("longest", "l" * field.max_length),
                      ("too_long", "l" * (field.max_length + 1))]
    elif field.type is Type.UUID:
        found += [("nil", "nil")]
    elif field.type in (Type.LIST, Type.SET):
        found += [("empty", ()), ("several", ("x", "y")), ("no_items", NO_ITEMS)]
    return found
