"""Stored managers whose process is killed come back as the model says, and leave nothing behind.

BERTH_KILLS kills so often instead, for each spec, and BERTH_SEED begins elsewhere.
"""
from __future__ import annotations

import os
from pathlib import Path

import pytest

from kills import ROOT, kill, lives, stored

SHORT, LONG = 40, 1000
SEED = int(os.environ.get("BERTH_SEED", "16"))
SPECS = [*sorted((ROOT / "spec").glob("*.yaml")),
         *(ROOT / "tests/gen/specs" / f"{name}.yaml"
           for name in ("kitchen", "lantern", "probe", "workers")),
         *(ROOT / "tests/gen/stored" / f"{name}.yaml" for name in ("lamp", "share")),
         ROOT / "tests/runtime/stored/depository.yaml"]


@pytest.mark.parametrize("times", [SHORT, pytest.param(LONG, marks=pytest.mark.long)])
@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_killed_managers_come_back(spec: Path, times: int, tmp_path: Path) -> None:
    manager = stored(spec)
    times = int(os.environ.get("BERTH_KILLS", times))
    tally = kill(manager, [str(lives(manager, tmp_path))], SEED + times, times)
    assert tally.problem is None, f"\n{tally.problem}\n(seed {SEED + times})"
    assert tally.kills >= times and tally.kept < tally.scripts
