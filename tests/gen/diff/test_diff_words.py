"""What is said of each change that the language allows, and that nothing is said of none."""
from __future__ import annotations

import sys
from pathlib import Path

import pytest

from berthc.diff import Verdict, compare
from berthc.pipeline import partly_built, search_text
from diff_cases import ROOT, SPECS, Case, cases

sys.path.insert(0, str(ROOT / "tests/checker"))

from spec_mutants import Mutant, mutants, tree_of  # noqa: E402


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_a_change_is_told_in_these_words(case: Case) -> None:
    old = search_text("old.yaml", case.old)[1]
    new = search_text("new.yaml", case.new)[1]
    assert (new is None) == (case.c == "errors")
    new = new or partly_built("new.yaml", case.new)
    assert old is not None and new is not None
    assert [f"{change.verdict.word} {change}" for change in compare(old, new)] == case.said


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_spec_is_the_same_as_itself(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    one, other = search_text("a.yaml", text)[1], search_text("b.yaml", "# moved\n\n" + text)[1]
    assert one is not None and other is not None
    assert compare(one, other) == []


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_every_mutant_of_a_spec_is_told(path: Path) -> None:
    tree = tree_of(path.read_text(encoding="utf-8"))
    old = partly_built("old.yaml", path.read_text(encoding="utf-8"))
    assert old is not None
    untold, found = [], 0
    for mutant in mutants(tree):
        new = partly_built("new.yaml", mutant.text)
        assert new is not None
        found += 1
        changes = compare(old, new)
        if not changes or max(c.verdict for c in changes) < least(mutant):
            untold.append(f"{mutant.where}: {mutant.what}: {changes}")
    assert untold == [] and found > 20


def least(mutant: Mutant) -> Verdict:
    """An uncertain that counts as failed may have led where a failure leads."""
    return Verdict.COSMETIC if mutant.kind == "uncertain" else Verdict.COMPATIBLE


@pytest.mark.parametrize("path", sorted((ROOT / "tests/gen/bad").glob("*.yaml")),
                         ids=lambda path: path.stem)
def test_a_spec_with_a_mistake_is_compared_as_far_as_it_can_be(path: Path) -> None:
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError:
        return
    bad = partly_built(path.name, text)
    good = partly_built("lantern.yaml", SPECS[1].read_text(encoding="utf-8"))
    assert good is not None
    if bad is not None:
        assert compare(good, bad) and compare(bad, good) and compare(bad, bad) == []
