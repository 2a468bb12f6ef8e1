#!/usr/bin/env python3
"""Measures the search of the model: states and seconds of processor time at 2, 3 and 4 callers.

bench/check.py [--callers N...] [--keys N] SPEC...

All settings of options and hooks together, states of one root up to names.
"""
from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "gen"))

from berthc.explore.bounds import Bounds  # noqa: E402
from berthc.explore.report import explore  # noqa: E402
from berthc.pipeline import read_spec  # noqa: E402


def said(states: int, seconds: float) -> str:
    return f"{states} states, {seconds:.2f} s, {states / max(seconds, 0.01):.0f} states/s"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--callers", type=int, nargs="+", default=[2, 3, 4])
    parser.add_argument("--keys", type=int, default=2)
    parser.add_argument("specs", nargs="+")
    args = parser.parse_args()
    print(f"{'spec':<12} callers  search")
    for path in args.specs:
        manager, _ = read_spec(path)
        assert manager is not None, path
        for callers in args.callers:
            bounds = Bounds(callers=callers, keys=args.keys)
            begin = time.process_time()
            report = explore(manager, bounds)
            ours = said(report.states, time.process_time() - begin)
            ours += " (part)" if not report.complete else " NOT CLEAN" if report.findings else ""
            print(f"{manager.name:<12} {callers:>7}  {ours}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
