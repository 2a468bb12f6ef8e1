"""The tutorial, word for word: its files are written, its commands run against an installed copy,
their output is compared."""
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from installation import ROOT, Installation
from steps import Command, Step, WriteFile, load, name_of, play

PAGE, SECOND = "docs/tutorial.md", "docs/tutorial-backend.md"
STEPS = load(ROOT / PAGE)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Where the reader works, by page; the steps follow each other in it."""
    return {page: tmp_path_factory.mktemp("tutorial") for page in (PAGE, SECOND)}


@pytest.mark.parametrize("step", STEPS, ids=name_of)
def test_step(step: Step, folders: dict[str, Path], installed: Installation) -> None:
    play(step, folders[PAGE], PAGE, installed.run)


@pytest.mark.parametrize("step", load(ROOT / SECOND), ids=name_of)
def test_second_part(step: Step, folders: dict[str, Path], installed: Installation) -> None:
    if isinstance(step, Command) and step.command == "./story":
        done = subprocess.run(["unshare", "-Ur", "true"], capture_output=True, check=False)
        if done.returncode != 0:
            pytest.skip("no network namespace to be had: unshare -Ur true fails")
    play(step, folders[SECOND], SECOND, installed.run)


def test_the_tutorial_has_steps() -> None:
    assert sum(isinstance(step, Command) for step in STEPS) >= 5
    assert sum(isinstance(step, WriteFile) for step in STEPS) >= 2
    assert "./story" in [step.command for step in load(ROOT / SECOND) if isinstance(step, Command)]
