"""Stored managers whose process is killed come back as the model says, and leave nothing behind.

BERTH_KILLS kills so often instead, for each spec, and BERTH_SEED begins elsewhere.
"""
from __future__ import annotations

import os
from pathlib import Path

import pytest

from kills import ROOT, command, kill, lives, stored

SHORT, LONG = 40, 1000
SEED = int(os.environ.get("BERTH_SEED", "16"))
SPECS = [*sorted((ROOT / "spec").glob("*.yaml")),
         *(ROOT / "tests/gen/specs" / f"{name}.yaml"
           for name in ("kitchen", "lantern", "probe", "workers")),
         *(ROOT / "tests/gen/stored" / f"{name}.yaml" for name in ("lamp", "share", "visits")),
         *sorted((ROOT / "tests/differential/specs").glob("*.yaml")),
         *sorted((ROOT / "tests/runtime/stored").glob("*.yaml")),
         ROOT / "tests/killing/theatre.yaml"]


@pytest.mark.parametrize("background", [False, True], ids=["", "background"])
@pytest.mark.parametrize("times", [SHORT, pytest.param(LONG, marks=pytest.mark.long)])
@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_killed_managers_come_back(spec: Path, times: int, background: bool,
                                   tmp_path: Path) -> None:
    manager = stored(spec)
    times = int(os.environ.get("BERTH_KILLS", times))
    if background:  # its kills are the same, but for the thread
        times = times // 4
    tally = kill(manager, command(lives(manager, tmp_path), background), SEED + times, times)
    assert tally.problem is None, f"\n{tally.problem}\n(seed {SEED + times})"
    assert tally.kills >= times and tally.kept < tally.scripts


def test_a_difference_is_found(tmp_path: Path) -> None:
    """The manager takes a lost call for one that failed; the model does not."""
    path = ROOT / "tests/gen/stored/lamp.yaml"
    wrong = tmp_path / path.name
    wrong.write_text(path.read_text().replace("fail: dark, uncertain: unclear", "fail: dark, "
                                              "uncertain: dark"))
    tally = kill(stored(path), [str(lives(stored(wrong), tmp_path))], 16, LONG)
    assert tally.problem is not None
    script, c, model = tally.problem.rsplit("\n", 2)
    assert len(script.splitlines()) == 3 and '"die": 1' in script, tally.problem
    assert '"state":"dark"' in c and '"state":"unclear"' in model


def test_a_leak_is_found(tmp_path: Path) -> None:
    """Spec and model agree that a lamp is off if nobody knows whether it is. The backend does
    not."""
    path = ROOT / "tests/gen/stored/lamp.yaml"
    leaky = tmp_path / path.name
    leaky.write_text(path.read_text().replace("fail: dark, uncertain: unclear", "fail: dark, "
                                              "uncertain: dark"))
    manager = stored(leaky)
    tally = kill(manager, [str(lives(manager, tmp_path))], 16, LONG)
    assert tally.problem is not None
    assert ("the backend is not empty" in tally.problem
            or '"holds":["bus.switch_on"]' in tally.problem)
