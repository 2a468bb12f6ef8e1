"""Both simulators also agree on variants of the specs. `vary.py` and `make soak` do the same for
longer."""
from __future__ import annotations

import copy
import itertools
import json
import random
from pathlib import Path

import pytest

from berthc.check import RULES
from berthc.spec.load import load
from builds import BUILD, ROOT, SPECS
from differ import difference_run
from programs import simulator
from variants import BEARABLE, EDITS, STATEMENTS, Edit, meaning, plain, variants
from vary import main, vary

SEED = 4


@pytest.mark.parametrize("spec", SPECS, ids=[path.stem for path in SPECS])
def test_both_simulators_answer_alike(spec: Path) -> None:
    total = vary(spec, SEED, 2, None, 40)
    assert total.difference is None, "\n" + total.difference
    assert total.variants == 2


def test_a_seed_names_its_variants() -> None:
    text = (ROOT / "spec/scsi.yaml").read_text(encoding="utf-8")
    first, again, other = (
        [t for t, _ in itertools.islice(variants(text, random.Random(seed)), 3)]
        for seed in (1, 1, 2)
    )
    assert first == again != other
    assert len(set(first)) == 3


def test_a_variant_is_a_spec_with_a_meaning() -> None:
    text = (ROOT / "spec/vpci.yaml").read_text(encoding="utf-8")
    for changed, manager in itertools.islice(variants(text, random.Random(1)), 3):
        assert meaning(changed) == manager
        assert manager.name == "vpci"


def test_what_has_no_meaning_is_no_variant() -> None:
    root, _, _ = load("scsi.yaml", (ROOT / "spec/scsi.yaml").read_text(encoding="utf-8"))
    assert root is not None
    tree = plain(root)
    assert meaning(json.dumps(tree)) is not None
    tree["resources"]["disk"]["states"]["attached"]["on"]["attach"] = "nowhere"
    assert meaning(json.dumps(tree)) is None
    assert meaning("{") is None


def test_the_findings_that_are_borne_exist() -> None:
    assert BEARABLE <= {rule.id for rule in RULES}


@pytest.mark.parametrize("edit", EDITS)
def test_every_edit_changes_something_that_keeps_its_meaning(edit: Edit) -> None:
    root, _, _ = load(
        "kitchen.yaml", (ROOT / "tests/gen/specs/kitchen.yaml").read_text(encoding="utf-8")
    )
    assert root is not None
    original = plain(root)
    for seed in range(60):
        tree = copy.deepcopy(original)
        edit(tree, random.Random(seed))
        if tree != original and meaning(json.dumps(tree)) is not None:
            return
    pytest.fail("60 tries gave no variant")


def stated(text: str, rng: random.Random, times: int) -> str:
    """The spec with what an author states at random; each edit was taken so often."""
    root, _, _ = load("stated.yaml", text)
    assert root is not None
    tree = plain(root)
    for edit in STATEMENTS:
        taken = 0
        while taken < times:
            changed = copy.deepcopy(tree)
            edit(changed, rng)
            if changed != tree and meaning(json.dumps(changed)) is not None:
                tree, taken = changed, taken + 1
    return json.dumps(tree)


@pytest.mark.parametrize("name", ["scsi", "plan9_mount"])
def test_what_an_author_states_means_nothing_at_run_time(name: str, tmp_path: Path) -> None:
    """The C of a spec with statements, against the model of the spec without them."""
    text = (ROOT / f"spec/{name}.yaml").read_text(encoding="utf-8")
    with_words, without = meaning(stated(text, random.Random(SEED), 8)), meaning(text)
    assert with_words is not None and without is not None
    assert any(h.needs for h in with_words.hooks)
    assert any(s.effects for r in with_words.resources
               for s in r.states) and any(s.maybe for r in with_words.resources for s in r.states)
    assert any(row.meant for r in with_words.resources for s in r.states for row in s.rows)
    tally = difference_run(without, [str(simulator(with_words, tmp_path))], SEED, 60, None)
    assert tally.difference is None, "\n" + tally.difference.show()
    assert tally.requests > 60


def test_misuse_of_the_command_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "none.yaml")]) == 2
    assert capsys.readouterr().err == f"there is no {tmp_path}/none.yaml\n"
    monkeypatch.setenv("BERTH_BUILD", str(tmp_path))
    assert main([str(ROOT / "spec/scsi.yaml")]) == 2
    assert capsys.readouterr().err == f"there is no {tmp_path}/libberth.a\n"


def test_the_libraries_are_built() -> None:
    assert (BUILD / "libberth.a").is_file() and (BUILD / "libberth-testing.a").is_file()
