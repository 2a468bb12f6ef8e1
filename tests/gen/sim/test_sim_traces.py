"""The recorded traces agree with the Python simulator."""
from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from semantics_support import ROOT, shipped

from berthc.sim import Simulator

sys.path.insert(0, str(ROOT / "tests" / "support"))
import replay  # noqa: E402

TRACES = sorted((ROOT / "tests" / "data" / "traces").glob("*/*.jsonl"))


def test_the_traces_are_all_there() -> None:
    counts = {name: sum(path.parent.name == name for path in TRACES)
              for name in ("scsi", "plan9_mount", "vpci")}
    assert counts == {"scsi": 20, "plan9_mount": 25, "vpci": 16}
    assert sum(len(replay.read_trace(path)) for path in TRACES) == 571 + 979 + 389


@pytest.mark.parametrize("path", TRACES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_trace(path: Path) -> None:
    simulator = Simulator(shipped(path.parent.name))
    for number, step in enumerate(replay.read_trace(path), 1):
        answer = simulator.answer(json.dumps(step.request).encode())
        assert (
            list(replay.differences(step.expect, answer)) == []
        ), f"step {number}: {json.dumps(step.request)}"
