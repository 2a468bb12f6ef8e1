#!/usr/bin/env python3
"""Makes variants of specs, builds the C simulator of each, and compares it with the model on random
scripts.

usage: vary.py [--seconds S | --variants N] [--scripts N] [--seed SEED] SPEC...

Needs libberth.a and libberth-testing.a in $BERTH_BUILD (build) and a C compiler ($BERTH_CC, $CC,
cc). A difference is shown with the variant's text, which is JSON and so YAML too. Exit status: 0 if
all answers agree, 1 if not, 2 on misuse.
"""
from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [
    str(ROOT / "gen"),
    str(ROOT / "tests/support"),
    str(Path(__file__).resolve().parent),
]

from berthc.model import Manager  # noqa: E402
from berthc.semantics import BrokenTable  # noqa: E402
from differ import Tally, difference_run  # noqa: E402
from programs import build_dir, simulator  # noqa: E402
from variants import variants  # noqa: E402


@dataclass
class Sum:
    """What a run did."""

    variants: int = 0
    requests: int = 0
    difference: str | None = None


def compare_variant(manager: Manager, seed: int, scripts: int) -> Tally | None:
    """Both simulators of one variant on random scripts; None where the model finds its table
    broken."""
    with tempfile.TemporaryDirectory() as folder:
        program = simulator(manager, Path(folder))
        try:
            return difference_run(manager, [str(program)], seed, scripts, None)
        except BrokenTable:
            return None


def vary(spec: Path, seed: int, count: int | None, seconds: float | None, scripts: int) -> Sum:
    """Compares until `count` variants or `seconds` are over, or a difference is found."""
    total = Sum()
    end = None if seconds is None else time.monotonic() + seconds
    endless = variants(spec.read_text(encoding="utf-8"), random.Random(seed))
    while (count is None or total.variants < count) and (end is None or time.monotonic() < end):
        text, manager = next(endless)
        tally = compare_variant(manager, seed + total.variants, scripts)
        total.variants += 1
        if tally is None:
            continue
        total.requests += tally.requests
        if tally.difference is not None:
            total.difference = f"{text}\n{tally.difference.show()}"
            break
    return total


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        description="Compare the two simulators of variants of each SPEC on random scripts."
    )
    parser.add_argument("specs", metavar="SPEC", nargs="+", type=Path)
    parser.add_argument(
        "--seconds",
        type=float,
        help="time for all specs together (default: 60, unless --variants is given)",
    )
    parser.add_argument("--variants", type=int, help="variants per spec")
    parser.add_argument(
        "--scripts", type=int, default=100, help="scripts per variant (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    for path in (*options.specs, build_dir() / "libberth.a", build_dir() / "libberth-testing.a"):
        if not path.is_file():
            print(f"there is no {path}", file=sys.stderr)
            return 2
    seconds = (
        options.seconds if options.seconds is not None or options.variants is not None else 60.0
    )
    status = 0
    for spec in options.specs:
        total = vary(
            spec,
            options.seed,
            options.variants,
            None if seconds is None else seconds / len(options.specs),
            options.scripts,
        )
        print(f"{spec}: {total.variants} variants, {total.requests} requests")
        if total.difference is not None:
            print(total.difference)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
