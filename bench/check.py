#!/usr/bin/env python3
"""Measures the exploration: states and seconds at 2, 3 and 4 callers, beside Spin on the exported model in the same run.

bench/check.py [--callers N...] [--keys N] [--spin-seconds S] SPEC...

The search: all settings of options and hooks together, states of one root up to names. Spin: the first setting, several roots, callers
and keys told apart, so it has many more states for the same question. Seconds are of processor time; compiling the verifier is not counted.
"""
from __future__ import annotations

import argparse
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "gen"))

from berthc.explore.bounds import Bounds  # noqa: E402
from berthc.explore.callers.inputs import valuations  # noqa: E402
from berthc.explore.report import explore  # noqa: E402
from berthc.explore.spin.promela import promela  # noqa: E402
from berthc.explore.spin.promela.base import NotExported  # noqa: E402
from berthc.model import Manager  # noqa: E402
from berthc.pipeline import read_spec  # noqa: E402


def spin(manager: Manager, bounds: Bounds, limit: float) -> str:
    """States and seconds of the verifier, or why there are none."""
    if shutil.which("spin") is None:
        return "spin is not installed"
    root = next(r.name for r in manager.resources if r.parent is None)
    try:
        model = promela(manager, root, valuations(manager)[0], bounds)
    except NotExported as reason:
        return f"no words for {reason}"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "model.pml").write_text(model, encoding="utf-8")
        subprocess.run(["spin", "-a", "model.pml"], cwd=folder, check=True, capture_output=True)
        subprocess.run(["gcc", "-O1", "-w", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=4000", "-o", "pan", "pan.c"], cwd=folder, check=True)
        begin = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        try:
            done = subprocess.run(["./pan", "-E", "-m10000000", "-w24"], cwd=folder, capture_output=True, text=True, timeout=limit,
                                  check=False)
        except subprocess.TimeoutExpired:
            return f"not done after {limit:g} s"
        seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - begin
    states = re.search(r"^\s*(\S+) states, stored", done.stdout, re.M)
    whole = "" if states and "max search depth too small" not in done.stdout and "out of memory" not in done.stdout else " (cut off)"
    return said(int(float(states[1])) if states else 0, seconds) + whole


def said(states: int, seconds: float) -> str:
    return f"{states} states, {seconds:.2f} s, {states / max(seconds, 0.01):.0f} states/s"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--callers", type=int, nargs="+", default=[2, 3, 4])
    parser.add_argument("--keys", type=int, default=2)
    parser.add_argument("--spin-seconds", type=float, default=120)
    parser.add_argument("specs", nargs="+")
    args = parser.parse_args()
    print(f"{'spec':<12} callers  {'search':<48} spin")
    for path in args.specs:
        manager, _ = read_spec(path)
        assert manager is not None, path
        for callers in args.callers:
            bounds = Bounds(callers=callers, keys=args.keys)
            begin = time.process_time()
            report = explore(manager, bounds)
            ours = said(report.states, time.process_time() - begin)
            ours += " (part)" if not report.complete else " NOT CLEAN" if report.findings else ""
            print(f"{manager.name:<12} {callers:>7}  {ours:<48} {spin(manager, bounds, args.spin_seconds)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
