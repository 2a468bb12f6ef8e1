#!/usr/bin/env python3
"""Does bench/memory.json still say how many bytes a mapped root takes?

    bench/memory.py [--renew] [--compiler CC] [--flags CFLAGS] PROGRAM

PROGRAM is build/bench/memory. The bytes repeat with the same compiler, flags and C library; then
every difference is an error. With others nothing is compared.
"""
from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

import figures

RECORD = "memory.json"
ROW = re.compile(r"^(\w+: .*?) +(\d+) +(\d+) +(\d+) +\S+$", re.M)


def bytes_of(report: str) -> dict[str, dict[str, list[int]]]:
    """What is mapped, and for each number of them the bytes of one: with Berth, and by hand."""
    found: dict[str, dict[str, list[int]]] = {}
    for what, number, berth, hand in ROW.findall(report):
        found.setdefault(what, {})[number] = [int(berth), int(hand)]
    return found


def main(arguments: list[str]) -> int:
    """Compares or records."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=Path)
    parser.add_argument("--compiler", default=os.environ.get("BERTH_CC", "gcc"))
    parser.add_argument("--flags", default=os.environ.get("BERTH_CFLAGS", "-O2 -g"))
    parser.add_argument("--renew", action="store_true", help="record what is measured")
    options = parser.parse_args(arguments)
    here = figures.environment(options.compiler, options.flags)
    recorded = {} if options.renew else figures.load(RECORD)
    if recorded and recorded["environment"] != here:
        print(f"bench/{RECORD}: not compared, it is of another environment:"
              f" {recorded['environment']}")
        return 0
    done = subprocess.run([options.program], capture_output=True, text=True, check=False)
    found = bytes_of(done.stdout)
    if done.returncode != 0 or not found:
        print(f"{options.program}: status {done.returncode}\n{done.stdout}{done.stderr}",
              file=sys.stderr)
        return 2
    if options.renew:
        figures.save(RECORD, {"environment": here, "bytes": found})
        return 0
    return figures.tell_drift(RECORD, recorded["bytes"], found, "make renew-memory")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
