"""Conditions and formats: how they are read, and where their parts stand."""
from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "gen"))

from berthc.model import Guard, Ref  # noqa: E402
from berthc.spec.expr import ExprError, parse_format, parse_guard  # noqa: E402
from berthc.spec.load import Mapping, Scalar, load  # noqa: E402


def node(yaml_value: str) -> Scalar:
    root, _, _ = load("x.yaml", f"if: {yaml_value}\n")
    assert isinstance(root, Mapping)
    value = root.get("if")
    assert isinstance(value, Scalar)
    return value


def tree(guard: Guard) -> str:
    """The condition with every parenthesis."""
    if guard.op in ("and", "or"):
        return "(" + f" {guard.op} ".join(tree(a) for a in guard.args) + ")"
    if guard.op == "not":
        return f"not {tree(guard.args[0])}"
    return str(guard.ref) if guard.op == "true" else f"{guard.ref} {guard.op} {guard.literal!r}"


@pytest.mark.parametrize(("text", "expected"), [
    ("option.a", "option.a"),
    ("not field.a", "not field.a"),
    ("not not field.a", "not not field.a"),
    ("option.a == linux", "option.a == 'linux'"),
    ("field.n >= -3", "field.n >= -3"),
    ("field.n<18446744073709551615", "field.n < 18446744073709551615"),
    ("field.a or field.b and field.c", "(field.a or (field.b and field.c))"),
    ("(field.a or field.b) and field.c", "((field.a or field.b) and field.c)"),
    ("not field.a and field.b", "(not field.a and field.b)"),
    ("not (field.a and disk.b)", "not (field.a and disk.b)"),
    ("field.a and field.b and field.c", "(field.a and field.b and field.c)"),
    ("option.guest == windows and (mount.a or mount.b)",
     "(option.guest == 'windows' and (mount.a or mount.b))"),
    ("field.n != 0", "field.n != 0"),
])
def test_a_condition_binds_not_before_and_before_or(text: str, expected: str) -> None:
    assert tree(parse_guard(node(text))) == expected


def test_only_the_whole_condition_has_its_text() -> None:
    guard = parse_guard(node('"field.a   and\\n not field.b"'))
    assert guard.text == "field.a and not field.b"
    assert [a.text for a in guard.args] == ["", ""]


def test_references_know_their_place_inside_the_text() -> None:
    plain = parse_guard(node("field.a and not disk.lun"))
    assert [(r.loc.column, r.loc.length) for r in plain.refs()] == [(5, 7), (21, 8)]
    quoted = parse_guard(node("'field.a and not disk.lun'"))
    assert [(r.loc.column, r.loc.length) for r in quoted.refs()] == [(6, 7), (22, 8)]
    escaped = parse_guard(node('"field.a\\tand not disk.lun"'))
    assert {(r.loc.column, r.loc.length) for r in escaped.refs()} == {(5, 27)}


@pytest.mark.parametrize(
    ("text", "message", "column"),
    [
        ("field", "'field' does not say of what: write option.field or field.field", 5),
        ("field.", "the condition ends where a name is missing", 10),
        (
            "field.a and",
            "the condition ends where a name such as option.x or field.x is missing",
            15,
        ),
        ("and field.a", "a name such as option.x or field.x is missing before 'and'", 5),
        ("field.a field.b", "'field' cannot follow here", 13),
        ("(field.a", "the condition ends where ')' is missing", 12),
        ("field.a)", "')' cannot follow here", 12),
        ("field.a ==", "the condition ends where a number or a value of an enum is missing", 14),
        ("field.a == and", "a number or a value of an enum is missing before 'and'", 16),
        (
            "field.a == field.b",
            "a comparison is with a number or a value of an enum, not with another name",
            21,
        ),
        ("field.a = 1", "'=' has no meaning in a condition", 13),
        ("field.a == 1.5", "'1' has no meaning in a condition", 16),
        ("field.a == 12abc", "'1' has no meaning in a condition", 16),
        ("field.a == 999999999999999999999", "the number is too long", 16),
        ("field.ä", "'ä' has no meaning in a condition", 11),
        ("'   '", "the condition ends where a name such as option.x or field.x is missing", 6),
        ("not " * 40 + "field.a", "the condition is nested more than 32 levels deep", 133),
        ("(" * 100 + "field.a" + ")" * 100, "the condition is nested more than 32 levels deep", 37),
    ],
)
def test_what_is_no_condition_is_reported_with_its_place(
    text: str, message: str, column: int
) -> None:
    with pytest.raises(ExprError) as caught:
        parse_guard(node(text))
    assert (
        caught.value.diagnostic.message, caught.value.diagnostic.loc.column) == (message, column)
    assert caught.value.diagnostic.id == "guard-syntax"


@pytest.mark.parametrize(("text", "parts"), [
    ("plain", ["plain"]),
    ("'{name}'", ["<field.name>"]),
    ("'/run/{disk.lun}_{part}/x'", ["/run/", "<disk.lun>", "_", "<field.part>", "/x"]),
    ("'{option.a}{b}'", ["<option.a>", "<field.b>"]),
    ("'a {{literal}} b'", ["a {literal} b"]),
    ("'{{{a}}}'", ["{", "<field.a>", "}"]),
    ("'%s \\ \"'", ['%s \\ "']),
])
def test_a_format_is_texts_and_references(text: str, parts: list[str]) -> None:
    got = parse_format(node(text), None).parts
    assert [f"<{p}>" if isinstance(p, Ref) else p for p in got] == parts


@pytest.mark.parametrize(("text", "message", "column"), [
    ("'a {b'", "'{' has no partner", 8),
    ("'a } b'", "'}' has no partner", 8),
    ("'{}'", "'{}' is no reference", 6),
    ("'{a b}'", "'{a b}' is no reference", 6),
    ("'{a.b.c}'", "'{a.b.c}' is no reference", 6),
    ("'{A}'", "'{A}' is no reference", 6),
])
def test_what_is_no_format_is_reported_with_its_place(text: str, message: str, column: int) -> None:
    with pytest.raises(ExprError) as caught:
        parse_format(node(text), None)
    found = caught.value.diagnostic
    assert (found.id, found.message, found.loc.column) == ("format-syntax", message, column)


def test_a_condition_may_be_long_where_it_is_not_deep() -> None:
    assert len(parse_guard(node(" and ".join(["(not field.a)"] * 100))).args) == 100
