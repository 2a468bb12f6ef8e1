#!/usr/bin/env python3
"""Compares the two engines of the checker on random specs.

usage: random_engines.py [--seconds S | --specs N] [--seed SEED]

Spec n of a run has the seed SEED + n, so `--specs 1 --seed N` shows one again. Those of odd seeds
have a store, and their process dies. Differences are shown with their seeds and texts. Needs a C
compiler. Exit status: 0 if the engines agree, 1 if not.
"""
from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "gen"), str(ROOT / "tests/gen/support"), str(ROOT / "tests/support")]

from engine_support import in_both, sentences  # noqa: E402
from random_specs import SMALL, WITH_STORE, random_spec  # noqa: E402

from berthc.explore.engine.run import Beyond  # noqa: E402
from berthc.pipeline import search_text  # noqa: E402


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Compare the checker's engines on random specs.")
    parser.add_argument("--seconds", type=float, help="time for all specs (default: 60)")
    parser.add_argument("--specs", type=int, help="how many specs")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    if options.seconds is None and options.specs is None:
        options.seconds = 60.0
    end = None if options.seconds is None else time.monotonic() + options.seconds
    counts, n, status = Counter[str](), 0, 0
    print(f"random specs from seed {options.seed}", flush=True)
    with sentences() as told:
        while (options.specs is None or n < options.specs) and (end is None
                                                                or time.monotonic() < end):
            seed = options.seed + n
            n += 1
            text = random_spec(seed) + WITH_STORE * (seed % 2)
            manager = search_text("random.yaml", text)[1]
            if manager is None:
                counts["refused"] += 1
                continue
            try:
                for search in in_both(manager, SMALL, most=4):
                    counts["searches"] += 1
                    counts["states"] += search.states
                    counts.update({found.fault.id for found in search.found})
            except Beyond:
                counts["beyond the search in C"] += 1
            except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to this spec
                print(f"seed {seed}: {type(error).__name__}: {error}\n{text}", flush=True)
                status = 1
    print(f"{n} specs: {dict(counts)}\nsentences: {dict(sorted(told.items()))}")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
