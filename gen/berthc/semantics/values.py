"""Values of options, fields and assigned values: zero, limits, equality.

A value is a plain Python one: bool, int, str (text; the word of an enum; the label of a UUID) or a
tuple of str.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Hashable

from berthc.model import Assigned, Field, Type

Value = bool | int | str | tuple[str, ...]

NIL = "nil"
"""The all-zero UUID. Every other UUID is a label that means nothing but itself."""

ZERO_UUID = "00000000-0000-0000-0000-000000000000"

_UUID_IN_TEXT = re.compile("\0([^\0]*)\0"
                           "|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

NO_ITEMS = ("\0",)
"""A list or set that has a number of items, and no items. No text in C has a NUL."""

_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def zero(kind: Type, values: tuple[str, ...] = ()) -> Value:
    """What a value of a type is before anybody sets it."""
    if kind is Type.BOOL:
        return False
    if kind.bits:
        return 0
    if kind is Type.ENUM:
        return values[0]
    if kind is Type.UUID:
        return NIL
    return "" if kind is Type.STRING else ()


def in_full(text: str) -> str:
    """The label of a UUID that is written in full."""
    return NIL if text == ZERO_UUID else f"uuid:{text.lower()}"


def in_text(uuid: str) -> str:
    """A UUID within a text, where its label is not yet known."""
    return f"\0{uuid}\0"


def replace_uuids(text: str, shown: Callable[[str], str]) -> str:
    """A text with each UUID in it, in full or by in_text(), as it is shown."""
    return _UUID_IN_TEXT.sub(
        lambda found: shown(in_full(found[0]) if found[1] is None else found[1]), text)


def default(field: Field) -> Value:
    """What a field or option is when the caller leaves it out."""
    given = field.default
    if given is None or (field.type is Type.UUID and given == ""):
        return zero(field.type, field.values)
    if isinstance(given, (list, tuple)):
        return tuple(given)
    assert isinstance(given, (bool, int, str))
    return given


def is_of_type(field: Field, value: object) -> bool:
    """Whether a Python value can stand for the field at all; its range, length and so on are
    another matter."""
    kind = field.type
    if kind is Type.BOOL:
        return isinstance(value, bool)
    if kind.bits:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind in (Type.LIST, Type.SET):
        return isinstance(value, tuple) and all(isinstance(item, str) for item in value)
    return isinstance(value, str)


def is_valid(field: Field, value: Value) -> bool:
    """Whether an operation takes the value; EINVAL where not (rule 1 of "An operation, in
    order")."""
    kind = field.type
    if isinstance(value, int) and kind.bits:
        low, high = field.range or kind.limits
        return max(low, kind.limits[0]) <= value <= min(high, kind.limits[1])
    if kind is Type.ENUM:
        return value in field.values
    if value == NO_ITEMS:
        return False
    if field.required and value in ("", (), NIL if kind is Type.UUID else ""):
        return False
    if field.max_length is not None:
        texts = value if isinstance(value, tuple) else (value,)
        return all(len(text.encode("utf-8", "surrogatepass")) <= field.max_length for text in texts
                   if isinstance(text, str))
    return True


def comparable(field: Field, value: Value) -> Hashable:
    """What two values of a field have in common exactly when they count as equal."""
    if isinstance(value, tuple):
        texts = tuple(text.translate(_LOWER) for text in value) if field.ignore_case else value
        if field.type is Type.SET:
            return frozenset(texts)
        return texts
    if isinstance(value, str) and field.ignore_case:
        return value.translate(_LOWER)
    return value


def scripted(assigned: Assigned, nth: int) -> Value:
    """The out-value that the scripted backend yields with the n-th call of a hook since the manager
    was made; not for UUIDs."""
    kind = assigned.type
    assert kind is not None and kind is not Type.UUID
    if kind is Type.BOOL:
        return nth % 2 == 1
    if kind.bits:
        low, high = kind.limits
        return (nth - low) % (high - low + 1) + low
    text = f"{assigned.name}-{nth}"
    return (text if assigned.max_length is None
            else text.encode()[: assigned.max_length].decode("utf-8", "ignore"))
