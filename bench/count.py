#!/usr/bin/env python3
"""Instructions per operation, counted by callgrind, and the budget that they are held against.

    bench/count.py --program BUILD/bench/instructions [--flags CFLAGS] [--renew]

Cases that grow with the number of instances have no budget. Loading takes as many instructions
per instance when there are many as when there are few.

The counts repeat with the same compiler, C library and flags; then more than 2 % above the budget
is an error. With others the margin is 25 %.
"""
from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import figures

RECORD = "budget.json"
CASES = (
    "distinct/plan9_mount", "distinct/scsi", "distinct/vpci",
    "held/plan9_mount", "held/scsi", "held/vpci", "add_ready/vpci", "find/stock",
)
LINEAR = ("load/locker",)
FEW, MANY = 100, 600
# The maps grow by the same factor, so they do the same work per instance.
SMALL, LARGE = (500, 1000), (4000, 8000)
TIGHT, GENEROUS = 0.02, 0.25


def instructions(program: Path, case: str, times: int) -> int:
    """All instructions of a run that does a case so many times."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out",
                   str(program), case, str(times)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or found is None:
        raise RuntimeError(f"{' '.join(command)}: status {run.returncode}\n{run.stderr}")
    return int(found[1])


def per_time(program: Path, case: str, few: int, many: int) -> int:
    """Instructions of one more time."""
    more = instructions(program, case, many) - instructions(program, case, few)
    return round(more / (many - few))


def count(program: Path) -> dict[str, int]:
    """Instructions per operation of every case."""
    return {case: per_time(program, case, FEW, MANY) for case in CASES}


def growth(program: Path) -> dict[str, tuple[int, int]]:
    """Instructions per instance of every linear case, with few instances and with many."""
    return {case: (per_time(program, case, *SMALL), per_time(program, case, *LARGE))
            for case in LINEAR}


def steep(counted: Mapping[str, tuple[int, int]]) -> list[str]:
    """A line for every case that needs more per instance when there are many."""
    return [
        f"{case}: not linear, {few} instructions per instance up to {SMALL[1]},"
        f" {many} up to {LARGE[1]}"
        for case, (few, many) in counted.items() if many > few * (1 + GENEROUS)
    ]


def excess(budget: Mapping[str, int], counted: Mapping[str, int], margin: float) -> list[str]:
    """A line for every case that needs more than its budget and the margin, or has none."""
    lines = []
    for case, value in counted.items():
        if case not in budget:
            lines.append(f"{case}: {value} instructions, and no budget")
        elif value > budget[case] * (1 + margin):
            more = 100 * (value / budget[case] - 1)
            lines.append(f"{case}: {value} instructions, {more:.1f} % more than the budget of"
                         f" {budget[case]}")
    return lines


def main(arguments: list[str]) -> int:
    """Counts, compares or records."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--compiler", default=os.environ.get("BERTH_CC", "gcc"))
    parser.add_argument("--flags", default=os.environ.get("BERTH_CFLAGS", "-O2 -g"))
    parser.add_argument("--renew", action="store_true", help="record what is counted as the budget")
    options = parser.parse_args(arguments)
    try:
        here, counted = figures.environment(options.compiler, options.flags), count(options.program)
    except (OSError, RuntimeError) as error:
        print(f"count.py: {error}", file=sys.stderr)
        return 2
    if options.renew:
        figures.save(RECORD, {"environment": here, "instructions": counted})
        return 0
    try:
        linear = growth(options.program)
    except RuntimeError as error:
        print(f"count.py: {error}", file=sys.stderr)
        return 2
    for case, (few, many) in linear.items():
        print(f"  {case:<34}{few:>8} per instance, {many} with many")
    for line in steep(linear):
        print(line)
    if steep(linear):
        return 1
    recorded = figures.load(RECORD)
    there = recorded["environment"]
    if here["flags"] != there["flags"]:
        print(f"built with {here['flags']!r}, the budget is for {there['flags']!r}: not compared")
        return 0
    lines = excess(recorded["instructions"], counted, TIGHT if here == there else GENEROUS)
    for case, value in counted.items():
        print(f"  {case:<34}{value:>8}")
    for line in lines:
        print(line)
    if lines:
        print("if that is as it should be, record it in bench/budget.json with: make renew-budget")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
