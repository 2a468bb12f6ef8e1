"""Specs that are small enough for random scripts to come everywhere: the generated C answers as the
model does, and its suite passes."""
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from berthc.emit import c, sim, tests
from berthc.model import Manager
from berthc.pipeline import read_spec
from berthc.sim import Simulator
from differ import same_answers
from programs import program

SPECS = sorted((Path(__file__).resolve().parent / "specs").glob("*.yaml"))
SCRIPTS = 300


def read(path: Path) -> Manager:
    manager, problems = read_spec(str(path))
    assert manager is not None, problems
    return manager


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_random_scripts_have_the_models_answers(path: Path, tmp_path: Path) -> None:
    manager = read(path)
    built = program(tmp_path, "simulator", {**c.files(manager), **sim.files(manager)})
    same_answers(manager, Simulator(manager), [str(built)], SCRIPTS)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_its_suite_passes(path: Path, tmp_path: Path) -> None:
    manager = read(path)
    built = program(tmp_path, "suite", {**c.files(manager), **tests.files(manager)}, "-lcmocka")
    done = subprocess.run([str(built)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
