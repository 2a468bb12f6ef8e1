"""How messages look: the source line, the caret under the right columns, JSON, colours, and nothing
that could confuse a terminal."""
from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "gen"))

from berthc.diag import (  # noqa: E402
    TERMINAL,
    Diagnostic,
    Severity,
    as_json,
    as_text,
    hint,
    in_order,
    listing,
    printable,
    quote,
    show,
    suggest,
)
from berthc.model import Loc  # noqa: E402


def at(line: int, column: int, length: int = 1) -> Diagnostic:
    return Diagnostic("rule", Loc("s.yaml", line, column, length), "it is wrong", "do it right")


def test_a_message_has_place_id_line_caret_and_help() -> None:
    assert as_text(at(2, 4, 3), ["one", "a: foo"]) == "\n".join([
        "s.yaml:2:4: error[rule]: it is wrong",
        " 2 | a: foo",
        "   |    ^^^",
        "  = help: do it right",
    ])


def test_a_message_about_a_whole_file_has_no_line() -> None:
    assert as_text(Diagnostic("file", Loc("s.yaml", 0, 0), "cannot"),
                   None) == "s.yaml: error[file]: cannot"


def test_warnings_and_notes_are_called_so() -> None:
    loc = Loc("s.yaml", 1, 1)
    assert as_text(Diagnostic("r", loc, "m", "", Severity.WARNING),
                   None) == "s.yaml:1:1: warning[r]: m"
    assert as_text(Diagnostic("r", loc, "m", "", Severity.NOTE), None) == "s.yaml:1:1: note[r]: m"


@pytest.mark.parametrize(
    ("line", "column", "length", "shown", "caret"),
    [
        ("abc", 2, 1, "abc", " ^"),
        ("abc", 2, 99, "abc", " ^^"),
        ("abc", 4, 1, "abc", "   ^"),
        ("abc", 99, 1, "abc", "   ^"),
        ("\tabc", 2, 3, "\tabc", "\t^^^"),
        ("名: x", 4, 1, "名: x", "    ^"),
        ("e\u0301: x", 5, 1, "e\u0301: x", "   ^"),
        ("a\x1bb: x", 5, 1, "a\\x1bb: x", "       ^"),
        ("", 1, 1, "", "^"),
    ],
)
def test_the_caret_stands_under_its_columns(
    line: str, column: int, length: int, shown: str, caret: str
) -> None:
    text = as_text(at(1, column, length), [line]).split("\n")
    assert text[1] == f" 1 | {shown}"
    assert text[2] == f"   | {caret}"


def test_a_long_line_is_a_window_around_the_place() -> None:
    line = "x" * 5000 + "HERE" + "y" * 5000
    text = as_text(at(1, 5001, 4), [line]).split("\n")
    assert len(text[1]) < 140
    start = text[2].index("^")
    assert text[1][start:start + 4] == "HERE" and text[2].count("^") == 4


def test_places_outside_of_the_file_do_not_break_the_message() -> None:
    assert as_text(at(9, 1), ["one"]).startswith("s.yaml:9:1: error[rule]")


def test_colours_surround_and_do_not_change_the_text() -> None:
    coloured = as_text(at(1, 1), ["abc"], TERMINAL)
    plain = coloured
    for code in ("\x1b[1;31m", "\x1b[1m", "\x1b[0m"):
        assert code in coloured
        plain = plain.replace(code, "")
    assert plain == as_text(at(1, 1), ["abc"])


def test_control_and_format_characters_are_escaped() -> None:
    assert printable("a\x1b[31mb\u202ec\u200bd\x07é名") == "a\\x1b[31mb\\u202ec\\u200bd\\x07é名"
    assert quote("a\nb") == "'a\\nb'" and quote("x" * 100) == "'" + "x" * 57 + "...'"
    assert printable("\U000e0001") == "\\U000e0001"


def test_json_has_one_object_per_message() -> None:
    assert json.loads(as_json([at(2, 4, 3)])) == [
        {
            "id": "rule",
            "severity": "error",
            "message": "it is wrong",
            "help": "do it right",
            "file": "s.yaml",
            "line": 2,
            "column": 4,
            "length": 3,
            "notes": [],
        }
    ]
    assert as_json([]) == "[]\n"


def test_messages_are_sorted_by_place_and_said_once() -> None:
    first, second, third = at(1, 9), at(2, 1), at(10, 1)
    assert in_order([third, second, first, second]) == [first, second, third]


def test_the_nearest_word_is_suggested_whatever_its_case() -> None:
    valid = ["reserved", "attached", "failed"]
    assert suggest("atached", valid) == "did you mean 'attached'? "
    assert suggest("FAILED", valid) == "did you mean 'failed'? "
    assert suggest("zzz", valid) == "" and suggest("", valid) == "" and suggest("x", []) == ""
    assert hint("faild", valid,
                "states") == "did you mean 'failed'? states: reserved, attached, failed"


def test_long_lists_are_cut() -> None:
    assert listing([]) == "none"
    assert listing([f"n{i}" for i in range(30)], limit=3) == "n0, n1, n2 and 27 more"


def test_show_uses_the_lines_of_the_right_file() -> None:
    other = Diagnostic("r", Loc("t.yaml", 1, 1), "m")
    text = show([at(1, 1), other], {"s.yaml": ["from s"], "t.yaml": ["from t"]})
    assert text.index(
        "from s") < text.index("t.yaml:1:1") < text.index("from t") and text.endswith("\n")
