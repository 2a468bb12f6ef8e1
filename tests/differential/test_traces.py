"""The recorded behaviour of the hand-written managers, against the generated C."""
from __future__ import annotations

from pathlib import Path

import pytest

from builds import ROOT, simulator
from replay import read_trace, replay

TRACES = sorted((ROOT / "tests/data/traces").glob("*/*.jsonl"))


def test_there_are_traces() -> None:
    assert {path.parent.name for path in TRACES} == {"plan9_mount", "scsi", "vpci"}


@pytest.mark.parametrize("trace", TRACES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_generated_manager_does_as_recorded(trace: Path) -> None:
    verdict = replay(read_trace(trace), [str(simulator(trace.parent.name))])
    assert verdict.difference is None
    assert verdict.agree == verdict.steps > 0
