#!/usr/bin/env python3
"""Measures the search of `berthc check`: in C and, in the same run, in Python.

    bench/check.py [--renew] [--python-seconds N]

For each spec and number of callers: states and transitions, seconds of the search without
compiling, transitions per second and processor, and the peak of memory. Then the targets. --renew
records all that in bench/check.json, for docs/performance.md. The search in Python is ended after
--python-seconds.
"""
from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import figures

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "gen"))

from berthc.emit.c import files  # noqa: E402
from berthc.explore.bounds import STATES_IN_C, Bounds  # noqa: E402
from berthc.explore.engine.build import program  # noqa: E402
from berthc.explore.report import explore  # noqa: E402
from berthc.pipeline import read_spec  # noqa: E402

RECORD = "check.json"
SHIPPED = ("spec/plan9.yaml", "spec/plan9_mount.yaml", "spec/scsi.yaml", "spec/vpci.yaml")
CASES = (*((spec, 3) for spec in SHIPPED), ("spec/scsi.yaml", 4), ("spec/scsi.yaml", 5),
         ("bench/specs/virtiofs.yaml", 3), ("bench/specs/virtiofs.yaml", 4),
         ("bench/specs/storage.yaml", 3), ("bench/specs/levels.yaml", 3))
MANY = 100_000  # transitions; fewer say nothing of the speed


class Measured(NamedTuple):
    """One search."""

    states: int
    transitions: int
    seconds: float
    processor: float  # seconds of all processors
    megabytes: float  # of the largest process
    complete: bool


class Target(NamedTuple):
    what: str
    value: float
    limit: float
    most: bool = True

    @property
    def met(self) -> bool:
        return self.value <= self.limit if self.most else self.value >= self.limit


def search(spec: str, callers: int, engine: str) -> Measured:
    """In this process."""
    manager, _ = read_spec(str(ROOT / spec))
    assert manager is not None, spec
    made = program(manager.name, files(manager)) if engine == "c" else None
    whose = resource.RUSAGE_CHILDREN if engine == "c" else resource.RUSAGE_SELF
    before, begin = resource.getrusage(whose), time.perf_counter()
    report = explore(manager, Bounds(callers=callers, states=STATES_IN_C), program=made)
    seconds, after = time.perf_counter() - begin, resource.getrusage(whose)
    return Measured(report.states, report.transitions, seconds, after.ru_utime - before.ru_utime,
                    after.ru_maxrss / 1024, report.complete)


def measure(spec: str, callers: int, engine: str, limit: float | None = None) -> Measured | None:
    """In a process of its own, for its memory; None: it was ended."""
    command = [sys.executable, __file__, "--one", spec, str(callers), engine]
    if engine == "c":  # what the compiler takes must not count
        manager, _ = read_spec(str(ROOT / spec))
        assert manager is not None, spec
        program(manager.name, files(manager))
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return None
    return Measured(*json.loads(done.stdout))


def command(*arguments: str) -> float:
    """Seconds of `berthc check`, in all."""
    begin = time.perf_counter()
    done = subprocess.run([ROOT / "bin/berthc", "check", *arguments], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr  # virtiofs has a finding
    return time.perf_counter() - begin


def targets(found: Mapping[tuple[str, int], Measured]) -> list[Target]:
    many = [one for one in found.values() if one.transitions >= MANY]
    slowest = min(one.transitions / one.processor for one in many)
    fastest = max(one.transitions / one.processor for one in many)
    with tempfile.TemporaryDirectory() as cache:
        os.environ["BERTH_CACHE"] = cache
        command(*SHIPPED)  # compiles the search and these tables
        return [
            Target("transitions a second and processor, in millions, fastest spec", fastest / 1e6,
                   1, most=False),
            Target("the same, slowest spec", slowest / 1e6, 1, most=False),
            Target("seconds of scsi, 3 callers", found["spec/scsi.yaml", 3].seconds, 0.2),
            Target("seconds of scsi, 5 callers", found["spec/scsi.yaml", 5].seconds, 1),
            Target("seconds of virtiofs, 3 callers, its tables compiled",
                   command("--callers", "3", "bench/specs/virtiofs.yaml"), 3),
            Target("seconds of storage, three levels and 24 settings, default bounds",
                   command("bench/specs/storage.yaml"), 30),
            Target("seconds of levels, four levels, likewise", command("bench/specs/levels.yaml"),
                   60),
            Target("seconds of the specs that ship, compiled before", command(*SHIPPED), 2),
        ]


def line(spec: str, callers: int, engine: str, one: Measured | None, limit: float) -> str:
    if one is None:
        return f"{Path(spec).stem:<12} {callers:>7}  {engine:<6} ended after {limit:g} s"
    return (f"{Path(spec).stem:<12} {callers:>7}  {engine:<6} {one.states:>9,} "
            f"{one.transitions:>11,} {one.seconds:>8.2f} "
            f"{one.transitions / max(one.processor, 0.001) / 1e6:>8.2f} {one.megabytes:>6.0f}"
            f"{'' if one.complete else '  NOT WHOLE'}")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--renew", action="store_true", help="record what was measured")
    parser.add_argument("--python-seconds", type=float, default=60)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one is not None:
        spec, callers, engine = options.one
        print(json.dumps(search(spec, int(callers), engine)))
        return 0
    found: dict[tuple[str, int], Measured] = {}
    rows: dict[str, dict[str, object]] = {}
    load = os.getloadavg()[0]
    print(f"{'spec':<12} callers  engine    states transitions  seconds M tr./s     MB")
    for spec, callers in CASES:
        in_c = measure(spec, callers, "c")
        in_python = measure(spec, callers, "python", options.python_seconds)
        assert in_c is not None
        found[spec, callers] = in_c
        for engine, one in (("c", in_c), ("python", in_python)):
            print(line(spec, callers, engine, one, options.python_seconds), flush=True)
        rows[f"{Path(spec).stem}, {callers} callers"] = {
            "states": in_c.states, "transitions": in_c.transitions,
            "megabytes": round(in_c.megabytes), "seconds": round(in_c.seconds, 3),
            "python": None if in_python is None else round(in_python.seconds, 3),
            "python_megabytes": None if in_python is None else round(in_python.megabytes)}
    reached = targets(found)
    for one in reached:
        print(f"{one.what}: {one.value:.2f}, target {'<' if one.most else '>'} {one.limit:g}: "
              f"{'met' if one.met else 'MISSED'}")
    if options.renew:
        figures.save(RECORD, {
            "where": {"processor": figures.processor(), "processors": os.cpu_count(),
                      "load": round(load, 1), "python_seconds": options.python_seconds},
            "searches": rows,
            "targets": {one.what: [round(one.value, 3), one.limit, one.most] for one in reached}})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
