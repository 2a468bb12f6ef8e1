"""Row-by-row mutants of two shipped specs: refused, or explained. `make mutants-check` does it for all of them."""
from __future__ import annotations

import subprocess
import sys

import pytest
from explore_support import ROOT


@pytest.mark.parametrize(("spec", "least"), [("plan9", 118), ("vpci", 141)])
def test_mutants_are_refused_or_explained(spec: str, least: int) -> None:
    done = subprocess.run([sys.executable, "tests/checker/mutants.py", f"spec/{spec}.yaml"], cwd=ROOT, capture_output=True, text=True, timeout=600,
                          check=False)
    assert "UNEXPLAINED" not in done.stdout and done.returncode == 0, done.stdout + done.stderr
    refused = int(done.stdout.splitlines()[-1].split(": ")[1].split(" of ")[0])
    assert refused >= least
