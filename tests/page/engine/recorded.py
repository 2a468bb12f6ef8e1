"""The recorded behaviour of the hand-written managers, as jobs for the page's engine."""
from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engines import ROOT, job, read
from replay import differences, read_trace

TRACES = ROOT / "tests/data/traces"
MANAGERS = ["plan9_mount", "scsi", "vpci"]


def work(name: str) -> dict[str, Any]:
    """The job that has the traces of a manager."""
    requests = [[json.dumps(step.request) for step in read_trace(path)] for path in paths(name)]
    return job(read(ROOT / f"spec/{name}.yaml"), requests)


def paths(name: str) -> list[Path]:
    return sorted((TRACES / name).glob("*.jsonl"))


def wrong(name: str, given: Sequence[Sequence[str]]) -> list[str]:
    """Where answers are not as recorded."""
    return [f"{path.name}, {json.dumps(step.request)}: {difference}"
            for path, lines in zip(paths(name), given, strict=True)
            for step, line in zip(read_trace(path), lines, strict=True)
            for difference in differences(step.expect, json.loads(line))]
