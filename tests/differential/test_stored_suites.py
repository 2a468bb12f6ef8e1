"""The generated suites of specs with a store: they play managers without a store of their own,
whose callers have owners."""
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from programs import suite
from test_stored import PATHS, stored

QUICK = ("vpci", "share")


@pytest.mark.parametrize("path", [
    pytest.param(path, id=path.stem, marks=[] if path.stem in QUICK else pytest.mark.long)
    for path in PATHS])
def test_its_suite_passes(path: Path, tmp_path: Path) -> None:
    done = subprocess.run([str(suite(stored(path), tmp_path))], capture_output=True, text=True,
                          check=False, timeout=300)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
