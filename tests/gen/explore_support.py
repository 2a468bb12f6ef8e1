"""What the tests of the search share: reports of specs, and simulators to run scripts on."""
from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "gen"))

from berthc.emit import c, sim  # noqa: E402
from berthc.explore.bounds import Bounds  # noqa: E402
from berthc.explore.report import Report, explore  # noqa: E402
from berthc.explore.spec import search_text  # noqa: E402
from berthc.model import Manager  # noqa: E402
from berthc.sim.server import Simulator  # noqa: E402

FAULTY = ROOT / "tests/gen/faulty"
FLAGS = ("-std=c11", "-O0", f"-I{ROOT / 'runtime/include'}", f"-I{ROOT / 'runtime/testing/include'}")
BUILD = Path(os.environ.get("BERTH_BUILD", ROOT / "build"))

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
    return [(f.fault.id, f.fault.where) for f in explore(manager_of(text), Bounds(**bounds)).findings]


def play(manager: Manager, requests: list[Json]) -> list[Json]:
    """The answers of `berthc sim`."""
    simulator = Simulator(manager)
    return [simulator.answer(json.dumps(request).encode()) for request in requests]


def c_simulator(manager: Manager, folder: Path) -> Path:
    """The C simulator of a manager, built below `folder` with the libraries of the build; also of one that `berthc gen` would refuse."""
    sources = []
    for name, text in {**c.files(manager), **sim.files(manager)}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if path.suffix == ".c":
            sources.append(str(path))
    program = folder / "simulator"
    libraries = [str(BUILD / "libberth-testing.a"), str(BUILD / "libberth.a"), "-ljson-c", "-luuid", "-pthread"]
    subprocess.run([os.environ.get("BERTH_CC", "cc"), *FLAGS, "-o", str(program), *sources, *libraries], check=True)
    return program


def play_c(program: Path, requests: list[Json]) -> list[Json]:
    """The answers of a C simulator."""
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    done = subprocess.run([str(program)], input=lines, capture_output=True, text=True, timeout=60, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]
