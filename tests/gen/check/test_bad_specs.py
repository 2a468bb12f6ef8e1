"""Every rule finds what it is for, says it in exactly these words, and nothing else is said."""
from __future__ import annotations

import re
from pathlib import Path

import bad_specs
import pytest

from berthc.diag import Severity
from berthc.reference.rules import catalogue

# More than one mistake, on purpose, or a message that is no error.
SPECIAL = {"several", "accepted", "unused", "old-id", "undoes", "double-undoes", "store-settle"}
# What no file in a folder can show; test_cli.py, test_load.py and test_many.py do.
ELSEWHERE = {"file", "size", "more"}


def rule_of(path: Path) -> str:
    """The id that a bad spec is named after: the longest id that its name begins with."""
    return max((id for id in catalogue() if path.stem == id or path.stem.startswith(id + "-")),
               key=len, default="")


@pytest.mark.parametrize("path", bad_specs.specs(), ids=lambda p: p.stem)
def test_a_bad_spec_gives_its_exact_message(path: Path) -> None:
    assert bad_specs.message(path) == path.with_suffix(".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [p for p in bad_specs.specs() if p.stem not in SPECIAL],
                         ids=lambda p: p.stem)
def test_a_bad_spec_breaks_the_rule_it_is_named_after_and_no_other(path: Path) -> None:
    result = bad_specs.compiled(path)
    assert result.manager is None
    assert {d.id for d in result.diagnostics} == {rule_of(path)}
    assert all(d.severity is Severity.ERROR for d in result.diagnostics)


def test_every_rule_has_a_bad_spec() -> None:
    assert {rule_of(p) for p in bad_specs.specs()
            if p.stem not in {"several", "accepted"}} == set(catalogue()) - ELSEWHERE


def test_every_id_in_the_code_is_in_the_catalogue_and_the_other_way_round() -> None:
    code = "".join(p.read_text(encoding="utf-8")
                   for folder in ("spec", "check")
                   for p in sorted((bad_specs.ROOT / "gen/berthc" / folder).rglob("*.py")))
    code += (bad_specs.ROOT / "gen/berthc/diag.py").read_text(encoding="utf-8")
    used = set(re.findall(r'(?:Diagnostic|report)\(\s*"([a-z-]+)"', code))
    used |= set(re.findall(r'(?:rule = |self\.report\()"([a-z-]+)" if [^"]* else "([a-z-]+)"',
                           code)[0])
    assert used == set(catalogue())


def test_no_message_text_is_left_over() -> None:
    assert {p.stem for p in bad_specs.FOLDER.glob("*.txt")} == {p.stem for p in bad_specs.specs()}


def test_several_mistakes_are_reported_in_one_pass_in_the_order_of_the_file() -> None:
    result = bad_specs.compiled(bad_specs.FOLDER / "several.yaml")
    assert [(d.loc.line, d.id) for d in result.diagnostics] == [
        (3, "unknown-key"), (14, "unknown-state"), (19, "unknown-state"), (36, "unknown-event"),
    ]


def test_an_accepted_finding_is_a_note_and_the_spec_is_good() -> None:
    result = bad_specs.compiled(bad_specs.FOLDER / "accepted.yaml")
    assert result.manager is not None
    assert [(d.id, d.severity, d.help) for d in result.diagnostics] == [
        ("double", Severity.NOTE, "accepted in line 34: Adding twice is harmless on this bus."),
    ]
