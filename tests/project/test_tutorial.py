"""The tutorial, word for word: its files are written, its commands run against an installed copy,
their output is compared."""
from __future__ import annotations

from pathlib import Path

import pytest
from installation import ROOT, Installation
from steps import Command, Step, WriteFile, load, name_of, play

PAGE = "docs/tutorial.md"
STEPS = load(ROOT / PAGE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the reader works; the steps follow each other in it."""
    return tmp_path_factory.mktemp("tutorial")


@pytest.mark.parametrize("step", STEPS, ids=name_of)
def test_step(step: Step, folder: Path, installed: Installation) -> None:
    play(step, folder, PAGE, installed.run)


def test_the_tutorial_has_steps() -> None:
    assert sum(isinstance(step, Command) for step in STEPS) >= 5
    assert sum(isinstance(step, WriteFile) for step in STEPS) >= 2
