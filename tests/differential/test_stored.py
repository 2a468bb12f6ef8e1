"""Managers with a store: both simulators answer alike when the process dies, commits are refused,
and managers recover."""
from __future__ import annotations

import itertools
import json
import random
from functools import cache
from pathlib import Path

import pytest

from berthc.model import Manager
from berthc.pipeline import search_text
from berthc.semantics import BrokenTable
from builds import ROOT, SPECS
from differ import difference_run, run_c, run_model, same
from programs import simulator
from stored_text import with_store
from variants import variants

SCRIPTS = 200
SEED = 13
STORED = ROOT / "tests" / "gen" / "stored"
PATHS = [*SPECS, *sorted(STORED.glob("*.yaml")),
         ROOT / "tests/differential/specs/half_drained.yaml"]


@cache
def stored(path: Path) -> Manager:
    """The spec, with a store. Values that a crash loses (store-value) are for looking only."""
    _, manager = search_text(path.name, with_store(path.read_text(encoding="utf-8")))
    assert manager is not None
    return manager


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_both_simulators_answer_alike(path: Path, tmp_path: Path) -> None:
    manager = stored(path)
    tally = difference_run(manager, [str(simulator(manager, tmp_path))], SEED, SCRIPTS, None)
    assert tally.difference is None, "\n" + tally.difference.show()
    assert tally.errors["ok"] > SCRIPTS and tally.errors["EOWNERDEAD"] > SCRIPTS / 4


@pytest.mark.long
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_both_simulators_answer_alike_in_variants(path: Path, tmp_path: Path) -> None:
    made = variants(with_store(path.read_text(encoding="utf-8")), random.Random(SEED))
    for number, (variant, manager) in enumerate(itertools.islice(made, 2)):
        program = simulator(manager, tmp_path / str(number))
        try:
            tally = difference_run(manager, [str(program)], SEED, 60, None)
        except BrokenTable:
            continue
        assert tally.difference is None, f"{variant}\n{tally.difference.show()}"


@pytest.mark.parametrize("name", ["lamp", "share", "socket", "visits"])
def test_both_play_the_scripts_that_shaped_the_rules(name: str, tmp_path: Path) -> None:
    manager = stored(STORED / f"{name}.yaml")
    program = simulator(manager, tmp_path)
    for script in {"share": ("share", "late"), "lamp": ("lamp", "early")}.get(name, (name,)):
        text = (STORED / f"{script}.jsonl").read_text(encoding="utf-8")
        answers = run_model(manager, text)
        assert any(json.loads(answer)["error"] == "EOWNERDEAD" for answer in answers)
        for c, model in zip(run_c([str(program)], text), answers, strict=True):
            assert same(c, model), f"C: {c}\nmodel: {model}"
