"""The first change of CONTRIBUTING.md, word for word, in a copy of what it needs."""
from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from installation import ROOT, clean_environment
from steps import Command, Insert, Step, WriteFile, load, name_of, play

PAGE = "CONTRIBUTING.md"
STEPS = load(ROOT / PAGE)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clone")
    for name in ("bin", "gen", "scripts", "spec", "tests/gen", "pyproject.toml"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    return folder


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=clean_environment({"NO_COLOR": "1"}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("step", STEPS, ids=name_of)
def test_step(step: Step, clone: Path) -> None:
    play(step, clone, PAGE, run)


def test_the_page_changes_a_rule_and_adds_its_test() -> None:
    assert [type(step) for step in STEPS if not isinstance(step, Command)] == [
        WriteFile,
        WriteFile,
        Insert,
    ]
    assert sum(isinstance(step, Command) for step in STEPS) >= 4
