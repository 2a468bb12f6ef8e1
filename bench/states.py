#!/usr/bin/env python3
"""Does bench/states.json still say how far the search of `berthc check` goes?

    bench/states.py [--renew] LOG...

The logs are the output of `berthc check` for each spec that ships, with its default bounds. The
counts depend on nothing but specs and compiler, so every difference is an error.
"""
from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import figures

RECORD = "states.json"
EXPLORED = re.compile(
    r"^(?:\S*/)?(\w+)\.yaml: explored every order of calls of (.*):"
    r" (\d+) states, (\d+) transitions$", re.M)


def counts(log: str) -> dict[str, dict[str, object]]:
    """What a log says of each spec."""
    return {name: {"bounds": bounds, "states": int(states), "transitions": int(transitions)}
            for name, bounds, states, transitions in EXPLORED.findall(log)}


def main(arguments: list[str]) -> int:
    """Compares or records."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--renew", action="store_true", help="record what the logs say")
    parser.add_argument("logs", type=Path, nargs="+")
    options = parser.parse_args(arguments)
    found: dict[str, dict[str, object]] = {}
    for path in options.logs:
        one = counts(path.read_text(encoding="utf-8"))
        if not one:
            print(f"{path}: names no search", file=sys.stderr)
            return 2
        found |= one
    if options.renew:
        figures.save(RECORD, {"specs": found})
        return 0
    return figures.tell_drift(RECORD, figures.load(RECORD)["specs"], found, "make renew-states")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
