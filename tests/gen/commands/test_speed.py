"""The compiler on a table of 1,000 states and 20 events: well within what a build can wait for."""
from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "gen"))

from berthc.explore.bounds import Bounds  # noqa: E402
from berthc.explore.report import explore  # noqa: E402
from berthc.pipeline import compile_text, read_spec  # noqa: E402

pytestmark = pytest.mark.long

# Processor time, since other suites run at the same time; about 1.2 s on the machine this was
# written on.
MOST_SECONDS = 4.0
# At the default bounds; about 1.5 s for scsi, which has the most states.
MOST_SECONDS_EXPLORED = 10.0


def synthetic(states: int, events: int) -> str:
    script = [sys.executable, str(ROOT / "bench/synthetic_spec.py"), str(states), str(events)]
    return subprocess.run(script, capture_output=True, text=True, check=True).stdout


def test_a_thousand_states_are_checked_in_time() -> None:
    text = synthetic(1000, 20)
    start = time.process_time()
    result = compile_text("big.yaml", text)
    seconds = time.process_time() - start
    assert result.manager is not None and result.diagnostics == ()
    resource = result.manager.resources[0]
    assert (len(resource.states), len(resource.events)) == (1001, 22)
    assert sum(len(s.rows) for s in resource.states) == 22_000
    assert seconds < MOST_SECONDS


def test_ten_thousand_mistakes_are_reported_in_time() -> None:
    text = synthetic(500, 20).replace(": s", ": zz").replace("EBUSY", "EBISY")
    start = time.process_time()
    result = compile_text("big.yaml", text)
    assert result.manager is None and len(result.diagnostics) < 1000
    assert time.process_time() - start < MOST_SECONDS


@pytest.mark.parametrize("spec", sorted((ROOT / "spec").glob("*.yaml")), ids=lambda spec: spec.stem)
def test_what_ships_is_explored_in_time(spec: Path) -> None:
    manager, _ = read_spec(str(spec))
    assert manager is not None
    start = time.process_time()
    assert explore(manager, Bounds()).complete
    assert time.process_time() - start < MOST_SECONDS_EXPLORED
