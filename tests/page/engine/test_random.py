"""The page's engine answers random scripts as the C simulators do, and as the model does.

$BERTH_ENGINE_SEEDS=N tries N seeds more, which change with every run.
"""
from __future__ import annotations

from pathlib import Path

import pytest

from compare import SEED, built, compare, engine, model, random_script, seeds
from engines import ROOT, SHIPPED, read

SMALL = sorted((ROOT / "tests/differential/specs").glob("*.yaml"))
SCRIPTS = 80
LEAST = 10_000 // 8  # requests of a spec, so that the eight of spec/ and tests/gen give 10,000


@pytest.mark.parametrize("seed", seeds())
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_engine_answers_as_the_c_simulator(path: Path, seed: int) -> None:
    manager = read(path)
    reference = built(manager)
    assert reference is not None, "make simulators"
    compared = compare(random_script(manager, seed, SCRIPTS), engine(manager), reference)
    assert compared.difference is None, compared.difference
    assert compared.requests > LEAST
    assert compared.errors["ok"] > SCRIPTS  # scripts that only ever fail would compare nothing
    assert len(compared.errors) > 3


@pytest.mark.parametrize("seed", seeds())
@pytest.mark.parametrize("path", SMALL, ids=lambda path: path.stem)
def test_the_engine_answers_as_the_model(path: Path, seed: int) -> None:
    manager = read(path)
    compared = compare(random_script(manager, seed, SCRIPTS), engine(manager), model(manager))
    assert compared.difference is None, compared.difference
    assert compared.errors["ok"] > SCRIPTS


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_objects_are_answered_as_lines(path: Path) -> None:
    """The page gives objects, in which integers are numbers."""
    manager = read(path)
    script = [one for one in random_script(manager, SEED, 30) if isinstance(one, dict)]
    compared = compare(script, engine(manager, "objects"), model(manager))
    assert compared.difference is None, compared.difference


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_simulator_that_went_ahead_comes_back(path: Path) -> None:
    """It is saved before each request, and restored twice after a few more."""
    manager = read(path)
    compared = compare(random_script(manager, SEED, 10), engine(manager, "again"), model(manager))
    assert compared.difference is None, compared.difference


@pytest.mark.parametrize(("name", "most"), [("spec/plan9.yaml", 1), ("spec/scsi.yaml", 2),
                                            ("tests/gen/specs/kitchen.yaml", 1),
                                            ("tests/gen/specs/kitchen.yaml", 3)])
def test_holders_that_cannot_be_counted_are_refused(name: str, most: int) -> None:
    manager = read(ROOT / name)
    script = random_script(manager, SEED, 60, most)
    compared = compare(script, engine(manager, max_holders=most), model(manager, most))
    assert compared.difference is None, compared.difference
    assert compared.errors["EOVERFLOW"] > 4
