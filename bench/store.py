#!/usr/bin/env python3
"""What a store in SQLite costs: `make bench-store`.

    bench/store.py [--renew] [--rounds N] [--seconds S] PROGRAM

The cases of bench/store run in turn, several rounds of them, and the best of each counts: other
programs use the processors and the disk. NORMAL with one thread, look-ups and loading count
processor time, all else the clock's. Rates depend on the machine, so only ratios within one run
count, and no ratio is an error. --renew records them in bench/store.json, which
docs/performance.md is made of.
"""
from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import figures
from report import Target, table

RECORD = "store.json"
THREADS = (1, 8, 64)
CASES = (
    *((what, mode) for mode in ("normal", "full") for what in ("bare",)),
    *(("cycles", mode, str(n)) for mode in ("normal", "full") for n in THREADS),
    ("append",),
    ("look-ups", "plain"), ("look-ups", "stored"),
)
LOADS = (("load", "boxes"), ("load", "reserved"))
LOAD_ROUNDS = 3


def run(program: Path, seconds: float, case: Sequence[str]) -> list[float]:
    """The figures of one case; it runs beside the program, since the disk counts."""
    done = subprocess.run([program.resolve(), str(seconds), *case], cwd=program.parent,
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"bench/store: {' '.join(case)}: {done.stderr.strip()}")
    return [float(word) for word in done.stdout.split()]


def measure(program: Path, rounds: int, seconds: float) -> dict[str, list[float]]:
    """The best of each case: the highest rates, the shortest loading."""
    found: dict[str, list[float]] = {}
    for turn in range(rounds):
        for case in (*CASES, *(LOADS if turn < LOAD_ROUNDS else ())):
            now, name = run(program, seconds, case), " ".join(case)
            best = found.setdefault(name, now)
            if (now < best) if case in LOADS else (now > best):
                found[name] = now
    return found


def targets(found: Mapping[str, Sequence[float]]) -> list[Target]:
    """What was asked for."""
    def times(slow: str, fast: str) -> float:
        return found[fast][0] / found[slow][0]
    return [
        Target("store", "NORMAL, 1 thread: time / bare transactions",
               times("cycles normal 1", "bare normal"), 1.3),
        Target("store", "FULL, 1 thread: time / bare transactions",
               times("cycles full 1", "bare full"), 1.3),
        Target("store", "FULL, 64 threads: throughput / 1 thread",
               times("cycles full 1", "cycles full 64"), 4, most=False),
        Target("store", "look-ups: time / the same spec without a store",
               times("look-ups stored", "look-ups plain"), 1.1),
        Target("store", "seconds to load a million instances", found["load boxes"][0], 2),
    ]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--renew", action="store_true", help="record what was measured")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1, help="of each case")
    parser.add_argument("program", type=Path)
    options = parser.parse_args(arguments)
    before = os.getloadavg()[0]
    found = measure(options.program, options.rounds, options.seconds)
    reached = targets(found)
    print(f"cycles a second, the best of {options.rounds} rounds; load before: {before:.1f}")
    print(table(["", "bare", *(f"{n} thread{'s' * (n > 1)}" for n in THREADS)], [
        [mode.upper(), *(f"{found[name][0]:,.0f}" for name in
                         (f"bare {mode}", *(f"cycles {mode} {n}" for n in THREADS)))]
        for mode in ("normal", "full")]))
    print(f"append and fdatasync: {found['append'][0]:,.0f} cycles a second, 1 thread with FULL: "
          f"{found['cycles full 1'][0] / found['append'][0]:.2f} of that")
    for case, words in zip(LOADS, ("", ", each with a reservation"), strict=True):
        whole, checked, rows = found[" ".join(case)]
        print(f"a million instances{words} load in {whole:.2f} s: {checked:.2f} s to check the "
              f"file, {rows:.2f} s to read its rows")
    for one in reached:
        print(f"{one.what}: {one.value:.2f}, target {'<=' if one.most else '>='} {one.limit:g}: "
              f"{'met' if one.met else 'MISSED'}")
    if options.renew:
        figures.save(RECORD, {
            "where": {"processor": figures.processor(), "processors": os.cpu_count(),
                      "load": round(before, 1), "rounds": options.rounds},
            "measured": found,
            "targets": {one.what: [round(one.value, 3), one.limit, one.most] for one in reached}})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
