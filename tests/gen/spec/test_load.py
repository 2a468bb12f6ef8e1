"""Text to nodes: YAML 1.2 meaning, places, and everything hostile that a file can hold."""
from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "gen"))

from berthc.spec.load import (  # noqa: E402
    MAX_BYTES, MAX_DEPTH, Mapping, Node, Scalar, Sequence, decode, load, read, resolve,
)


def root(text: str) -> Mapping:
    node, found, _ = load("x.yaml", text)
    assert found == [] and isinstance(node, Mapping)
    return node


def scalar(node: Node | None) -> Scalar:
    assert isinstance(node, Scalar)
    return node


def failure(text: str) -> tuple[str, int, int]:
    """Id and place of the one thing that is wrong with a text."""
    node, found, _ = load("x.yaml", text)
    assert len(found) == 1, found
    return found[0].id, found[0].loc.line, found[0].loc.column


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # The core schema of YAML 1.2, section 10.3.2.
        ("null", None),
        ("Null", None),
        ("NULL", None),
        ("~", None),
        ("true", True),
        ("True", True),
        ("TRUE", True),
        ("false", False),
        ("False", False),
        ("FALSE", False),
        ("0", 0),
        ("-19", -19),
        ("+12", 12),
        ("0o7", 7),
        ("0x3A", 58),
        ("010", 10),
        ("0.", 0.0),
        ("-0.0", 0.0),
        (".5", 0.5),
        ("+12e03", 12000.0),
        ("-2E+05", -200000.0),
        (".inf", float("inf")),
        ("-.INF", float("-inf")),
        # Words that YAML 1.1 reads as something else.
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("no", "no"),
        ("y", "y"),
        ("n", "n"),
        ("Yes", "Yes"),
        ("nUll", "nUll"),
        ("tRue", "tRue"),
        ("1_000", "1_000"),
        ("0b1", "0b1"),
        ("12:30:45", "12:30:45"),
        ("2001-12-14", "2001-12-14"),
        ("0o8", "0o8"),
        ("0xg", "0xg"),
        ("1e", "1e"),
        ("=", "="),
        ("-", "-"),
        (".", "."),
        ("-0x1", "-0x1"),
    ],
)
def test_plain_scalars_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    got = resolve(text)
    assert got == value and type(got) is type(value)


def test_not_a_number_is_a_float() -> None:
    got = resolve(".nan")
    assert isinstance(got, float) and got != got


def test_numbers_with_thousands_of_digits_are_text() -> None:
    assert resolve("9" * 100_000) == "9" * 100_000
    assert resolve("9" * 41) == "9" * 41
    assert resolve("9" * 40) == 10**40 - 1


def test_quoted_scalars_are_text() -> None:
    node = root("a: 'true'\nb: \"12\"\nc: |\n  null\nd: ''\n")
    assert [scalar(node.get(k)).value for k in "abcd"] == ["true", "12", "null\n", ""]


def test_on_is_a_word_as_a_key_too() -> None:
    assert list(root("on: 1\nno: 2\n").keys) == ["on", "no"]


def test_every_node_knows_its_place() -> None:
    node = root("first: 1\nsecond:\n  - one\n  - {three: 'four'}\n")
    assert (node.line, node.column) == (1, 1)
    assert node.keys["second"].loc.line == 2 and node.keys["second"].loc.length == 6
    items = node.get("second")
    assert isinstance(items, Sequence)
    assert [(i.line, i.column) for i in items.items] == [(3, 5), (4, 5)]
    inner = items.items[1]
    assert isinstance(inner, Mapping)
    four = scalar(inner.get("three"))
    assert (four.line, four.column, four.length, four.offset, four.exact) == (4, 13, 6, 1, True)


def test_folded_and_escaped_texts_are_not_exact() -> None:
    node = root('a: "x\\ty"\nb: >-\n  one\n  two\nc: plain\n')
    assert [scalar(node.get(k)).exact for k in "abc"] == [False, False, True]


def test_the_last_line_of_a_block_is_that_of_what_is_in_it() -> None:
    node = root("a:\n  b:\n    c: 1\n\n# comment\n  d: 2\ne: 3\n")
    a = node.get("a")
    assert isinstance(a, Mapping) and a.last_line == 6
    b = a.get("b")
    assert b is not None and b.last_line == 3


def test_line_breaks_of_every_kind_count_alike_in_places_and_in_excerpts() -> None:
    for breaks in ("\n", "\r\n", "\r", "\u2028", "\x85"):
        text = f"a: 1{breaks}b: 2{breaks}c: {{}}"
        node, _, source = load("x.yaml", text)
        assert isinstance(node, Mapping)
        place = node.keys["c"]
        assert source.lines[place.line - 1].startswith("c:"), repr(breaks)


@pytest.mark.parametrize(
    ("text", "rule", "line", "column"),
    [
        ("", "empty", 1, 1),
        ("   \n\n", "empty", 1, 1),
        ("# only\n# comments\n", "empty", 1, 1),
        ("---\n...\n", "empty", 1, 1),
        ("~\n", "empty", 1, 1),
        ("a: 1\n---\nb: 2\n", "documents", 2, 1),
        ("a:\n\tb: 1\n", "yaml", 2, 1),
        ("a: [1, 2\n", "yaml", 2, 1),
        ("a: {b: 1\nc: 2\n", "yaml", 2, 2),
        ("a: 'open\n", "yaml", 2, 1),
        ("a: b: c\n", "yaml", 1, 5),
        ("%YAML 3.0\n---\na: 1\n", "yaml", 1, 1),
        ("a: @b\n", "yaml", 1, 4),
        ("a: *b\n", "alias", 1, 4),
        ("a: &a\n  b: *a\n", "alias", 2, 6),
        ("a: 1\na: 2\n", "duplicate-key", 2, 1),
        ("{a: 1, 'a': 2}\n", "duplicate-key", 1, 8),
        ("<<: {a: 1}\n", "merge-key", 1, 1),
        ("? [a, b]\n: 1\n", "key", 1, 3),
        ("a: !!int 3\n", "tag", 1, 4),
        ("a: !own {b: 1}\n", "tag", 1, 4),
    ],
)
def test_what_is_wrong_is_reported_with_its_place(
    text: str, rule: str, line: int, column: int
) -> None:
    assert failure(text) == (rule, line, column)


def test_a_key_that_is_twice_is_reported_with_both_places_and_the_first_one_counts() -> None:
    node, found, _ = load("x.yaml", "a: 1\nb: 2\na: 3\n")
    assert isinstance(node, Mapping) and scalar(node.get("a")).value == 1
    assert [(d.loc.line, d.help) for d in found] == [(3, "the first one is in line 1, column 1")]


def test_aliases_stand_for_the_node_they_name() -> None:
    node, found, source = load("x.yaml", "a: &x {b: 1}\nc: *x\n")
    assert found == [] and source.aliased
    assert isinstance(node, Mapping) and node.get("c") is node.get("a")


def test_aliases_of_aliases_are_counted_before_they_are_followed() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 40)]
    rule, line, _ = failure("\n".join(lines) + "\n")
    assert (rule, line) == ("alias", 6)


@pytest.mark.parametrize("text",
                         ["[" * 100_000, "{a: " * 50_000, "- " * 50_000 + "x",
                          "\n".join(" " * i + "a:" for i in range(1000))])
def test_deep_nesting_is_refused_before_anything_recursive_sees_it(text: str) -> None:
    assert failure(text)[0] == "depth"


def test_the_deepest_nesting_that_is_allowed_is_read() -> None:
    _, found, _ = load("x.yaml", "[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert found == []


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [
        (b"a: \xff", 1, 4),
        (b"ok: 1\nb\xc3(: 2", 2, 2),
        ("a: 1".encode("utf-16"), 1, 1),
        (b"a: \xed\xa0\x80", 1, 4),
        (b"a: \x00", 1, 4),
        (b"a: 1\nb: \x1b[31m", 2, 4),
        ("a: \ufeff".encode(), 1, 4),
        (b"a: \x7f", 1, 4),
    ],
)
def test_bytes_that_are_no_text_are_refused_with_their_place(
    data: bytes, line: int, column: int
) -> None:
    text, found = decode("x.yaml", data)
    assert text is None
    assert [(d.id, d.loc.line, d.loc.column) for d in found] == [("encoding", line, column)]


def test_a_byte_order_mark_at_the_start_is_no_text() -> None:
    text, found = decode("x.yaml", b"\xef\xbb\xbfa: 1\n")
    assert (text, found) == ("a: 1\n", [])


def test_a_file_of_ten_megabytes_is_refused_without_being_parsed(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    path.write_bytes(b"a: 1\n" * (10 * 1024 * 1024 // 5))
    text, found = read(str(path))
    assert text is None and [d.id for d in found] == ["size"]
    assert decode("x.yaml", b"#" * MAX_BYTES)[1] == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.yaml", "No such file or directory"),
        (".", "Is a directory"),
        ("a\0b", "not a file name"),
        ("x" * 5000, "File name too long"),
    ],
)
def test_what_cannot_be_read_is_reported_with_the_reason(
    name: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text, found = read(name)
    assert text is None
    assert [(d.id, d.message) for d in found] == [("file", f"cannot read the spec: {reason}")]


def test_python_yaml_and_libyaml_give_the_same_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    for path in sorted((ROOT / "spec").glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        fast = load(path.name, text)
        with monkeypatch.context() as patch:
            patch.delattr(yaml, "CSafeLoader", raising=False)
            assert load(path.name, text) == fast
