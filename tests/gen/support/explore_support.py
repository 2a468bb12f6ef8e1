"""What the tests of the search share: reports of specs, and simulators to run scripts on."""
from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "gen"), str(ROOT / "tests/support")]

from berthc.explore.bounds import Bounds  # noqa: E402
from berthc.explore.report import Report, explore  # noqa: E402
from berthc.pipeline import search_text  # noqa: E402
from berthc.model import Manager  # noqa: E402
from berthc.sim.server import Simulator  # noqa: E402

FAULTY = ROOT / "tests/gen/faulty"

Json = dict[str, Any]


def manager_of(text: str, file: str = "test.yaml") -> Manager:
    """The model of a spec that the search takes."""
    result, manager = search_text(file, text)
    assert manager is not None, result.diagnostics
    return manager


@cache
def report_of(path: Path, bounds: Bounds = Bounds()) -> Report:
    return explore(manager_of(path.read_text(encoding="utf-8"), path.name), bounds)


def found(text: str, **bounds: int) -> list[tuple[str, str]]:
    """Ids and places of what the search finds in a spec given as text."""
    return [(f.fault.id, f.fault.where)
            for f in explore(manager_of(text), Bounds(**bounds)).findings]


def play(manager: Manager, requests: list[Json]) -> list[Json]:
    """The answers of `berthc sim`."""
    simulator = Simulator(manager)
    return [simulator.answer(json.dumps(request).encode()) for request in requests]


def play_c(program: Path, requests: list[Json]) -> list[Json]:
    """The answers of a C simulator."""
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    done = subprocess.run([str(program)], input=lines, capture_output=True, text=True, timeout=60,
                          check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]
