"""The tutorial, word for word: its files are written, its commands run against an installed copy, their output is compared."""
from __future__ import annotations

from pathlib import Path

import pytest
from installation import ROOT, Installation
from steps import Command, Step, WriteFile, load, matches

STEPS = load(ROOT / "docs/tutorial.md")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the reader works; the steps follow each other in it."""
    return tmp_path_factory.mktemp("tutorial")


def name_of(step: Step) -> str:
    return f"line {step.line}: " + (step.name if isinstance(step, WriteFile) else step.command)


@pytest.mark.parametrize("step", STEPS, ids=name_of)
def test_step(step: Step, folder: Path, installed: Installation) -> None:
    if isinstance(step, WriteFile):
        path = folder / step.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(step.text, encoding="utf-8")
        return
    assert isinstance(step, Command)
    done = installed.run(step.command, folder)
    wanted = "\n".join(step.output)
    assert matches(step.output, done.stdout.splitlines()), f"docs/tutorial.md:{step.line}: {step.command}\n--- it says\n{wanted}\n--- it printed\n{done.stdout}"
    if "echo $?" not in step.command and "||" not in step.command:
        assert done.returncode == 0, f"docs/tutorial.md:{step.line}: {step.command} ended with status {done.returncode}"


def test_the_tutorial_has_steps() -> None:
    assert sum(isinstance(step, Command) for step in STEPS) >= 5
    assert sum(isinstance(step, WriteFile) for step in STEPS) >= 2
