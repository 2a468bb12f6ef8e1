"""The recorded behaviour of the hand-written managers, against the page's engine."""
from __future__ import annotations

import json

import pytest

from engines import ROOT, answers, job, read
from replay import differences, read_trace

TRACES = ROOT / "tests/data/traces"
MANAGERS = ["plan9_mount", "scsi", "vpci"]


def test_there_are_traces_of_these_managers() -> None:
    assert sorted(path.name for path in TRACES.iterdir()) == MANAGERS


@pytest.mark.parametrize("name", MANAGERS)
def test_the_engine_does_as_recorded(name: str) -> None:
    paths = sorted((TRACES / name).glob("*.jsonl"))
    traces = [read_trace(path) for path in paths]
    given = answers(job(read(ROOT / f"spec/{name}.yaml"),
                        [[json.dumps(step.request) for step in trace] for trace in traces]))
    wrong = [f"{path.name}, {json.dumps(step.request)}: {difference}"
             for path, trace, lines in zip(paths, traces, given, strict=True)
             for step, line in zip(trace, lines, strict=True)
             for difference in differences(step.expect, json.loads(line))]
    assert paths
    assert wrong == []
