"""Mutants of the shipped specs: refused, or explained. `make mutants-check` looks at all of
them."""
from __future__ import annotations

import subprocess
import sys

import pytest
from explore_support import ROOT

pytestmark = pytest.mark.long


@pytest.mark.parametrize(
    ("spec", "only", "refused", "total"),
    [
        ("plan9", "", 118, 143),
        ("vpci", "", 162, 186),
        ("plan9_mount", "mount.suspect", 29, 33),
        ("scsi", "guest.", 4, 5),
    ],
)
def test_mutants_are_refused_or_explained(spec: str, only: str, refused: int, total: int) -> None:
    command = [sys.executable, "tests/checker/mutants.py", "--only", only, f"spec/{spec}.yaml"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )
    assert "UNEXPLAINED" not in done.stdout and done.returncode == 0, done.stdout + done.stderr
    assert f"{spec}: {refused} of {total} mutants refused" in done.stdout.splitlines()[-1]
