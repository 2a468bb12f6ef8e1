"""Values: zero, limits, equality, and what the scripted backend gives."""
from __future__ import annotations

import json
import string
from typing import Any

import pytest
from semantics_support import manager

from berthc.model import NOWHERE, Assigned, AssignedKind, Field, Type
from berthc.semantics import NIL, Value
from berthc.semantics.values import comparable, default, is_of_type, is_valid, scripted, zero
from berthc.sim import Simulator


def a_field(kind: Type, **more: Any) -> Field:
    return Field("f", kind, "", NOWHERE, **more)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Type.BOOL, False),
        (Type.U8, 0),
        (Type.I64, 0),
        (Type.STRING, ""),
        (Type.ENUM, "x"),
        (Type.UUID, NIL),
        (Type.LIST, ()),
        (Type.SET, ()),
    ],
)
def test_zero_values_and_defaults(kind: Type, value: Value) -> None:
    assert zero(kind, ("x", "y")) == value
    assert default(a_field(kind, values=("x", "y"))) == value
    assert type(zero(kind, ("x",))) is type(value)


@pytest.mark.parametrize(("kind", "empty", "filled"), [
    (Type.STRING, "", "nil"), (Type.UUID, NIL, "u1"), (Type.LIST, (), ("",)), (Type.SET, (), ("",)),
])
def test_required_refuses_what_is_empty(kind: Type, empty: Value, filled: Value) -> None:
    assert not is_valid(a_field(kind, required=True), empty)
    assert is_valid(a_field(kind, required=True), filled)
    assert is_valid(a_field(kind), empty)


@pytest.mark.parametrize("kind", [t for t in Type if t.bits])
def test_integers_have_the_limits_of_their_type_and_range(kind: Type) -> None:
    low, high = kind.limits
    for value, valid in ((low - 1, False), (low, True), (high, True), (high + 1, False)):
        assert is_valid(a_field(kind), value) is valid
    for value, valid in ((1, False), (2, True), (5, True), (6, False)):
        assert is_valid(a_field(kind, range=(2, 5)), value) is valid


def test_a_greatest_length_counts_bytes() -> None:
    field = a_field(Type.STRING, max_length=4)
    assert [is_valid(field, text) for text in ("", "abcd", "abcde", "éé", "ééa", "😀")] == [
        True, True, False, True, False, True,
    ]


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Type.BOOL, True, 1),
        (Type.U8, 1, True),
        (Type.U8, 1, "1"),
        (Type.STRING, "a", ("a",)),
        (Type.LIST, ("a",), "a"),
        (Type.SET, ("a",), (1,)),
        (Type.SET, (), []),
        (Type.ENUM, "a", 0),
        (Type.UUID, "u1", None),
        (Type.I32, -1, 1.0),
    ],
)
def test_types(kind: Type, good: object, bad: object) -> None:
    assert is_of_type(a_field(kind), good)
    assert not is_of_type(a_field(kind), bad)


def test_ascii_letters_alone_are_equal_in_either_case() -> None:
    field = a_field(Type.STRING, ignore_case=True)
    assert comparable(field, string.ascii_uppercase) == comparable(field, string.ascii_lowercase)
    for one, other in (("@", "`"), ("[", "{"), ("É", "é"), ("\u212a", "k"), ("ß", "SS"),
                       ("0", "P")):
        assert comparable(field, one) != comparable(field, other)
    assert comparable(a_field(Type.STRING), "A") != comparable(a_field(Type.STRING), "a")


def test_lists_and_sets() -> None:
    def same(kind: Type, one: tuple[str, ...], other: tuple[str, ...], **more: bool) -> bool:
        return comparable(a_field(kind, **more), one) == comparable(a_field(kind, **more), other)

    assert same(Type.LIST, ("a", "B"), ("A", "b"), ignore_case=True)
    assert not same(Type.LIST, ("a", "B"), ("A", "b"))
    assert not same(Type.LIST, ("a", "b"), ("b", "a"), ignore_case=True)
    assert same(Type.SET, ("a", "B", "b"), ("b", "A"), ignore_case=True)
    assert not same(Type.SET, ("a", "B"), ("A", "b"))
    assert same(Type.SET, ("a", "b"), ("b", "a", "a"))
    assert not same(Type.SET, (), ("",))
    assert not same(Type.LIST, ("ab",), ("a", "b"))


@pytest.mark.parametrize(
    ("kind", "nth", "value"),
    [
        (Type.U8, 255, 255),
        (Type.U8, 256, 0),
        (Type.U16, 65537, 1),
        (Type.I32, 2147483647, 2147483647),
        (Type.I32, 2147483648, -2147483648),
        (Type.I64, 3, 3),
        (Type.BOOL, 1, True),
        (Type.BOOL, 2, False),
        (Type.STRING, 7, "out-7"),
        (Type.STRING, 12, "out-1"),
    ],
)
def test_the_scripted_backends_values(kind: Type, nth: int, value: Value) -> None:
    out = Assigned("out", AssignedKind.HOOK, kind, "", NOWHERE, hook="a.b",
                   max_length=5 if kind is Type.STRING else None)
    assert scripted(out, nth) == value


POOLS = """
manager: pools
options:
  narrow: {type: u16, default: 2, range: [1, 256]}
  wide: {type: u16, default: 2}
resources:
  thing:
    initial: s
    assigned: {slot: {pool: {a: narrow, b: wide, c: 256, d: 257, e: 70000}}}
    states: {s: {resident: true}}
operations:
  make: {create: {resource: thing, at: slot, enter: s}}
"""


@pytest.mark.parametrize(("part", "most"),
                         [("a", 255), ("b", 65535), ("c", 255), ("d", 65535), ("e", 4294967295)])
def test_a_part_of_a_slot_is_of_the_narrowest_type_that_holds_it(part: str, most: int) -> None:
    simulator = Simulator(manager(POOLS))
    for number, malformed in ((most, False), (most + 1, True)):
        answer = simulator.answer(json.dumps({"op": "make", "slot": {part: number}}).encode())
        assert ("message" in answer) is malformed
