#!/usr/bin/env python3
"""How long `berthc gen` takes, the start of the interpreter included: the shipped specs together, and one large synthetic spec.

    bench/compiler.py SPEC...

Prints the best of five runs each; nothing is there to be kept, every run writes into an empty folder.
"""
from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATES, EVENTS = 1000, 20
RUNS = 5


def best(specs: list[str]) -> float:
    """Seconds of the fastest run."""
    seconds = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder:
            begin = time.perf_counter()
            subprocess.run([str(ROOT / "bin/berthc"), "gen", "-q", "-o", folder, *specs], check=True)
            seconds.append(time.perf_counter() - begin)
    return min(seconds)


def main(specs: list[str]) -> int:
    print(f"  {len(specs)} specs: {best(specs):.2f} s")
    with tempfile.TemporaryDirectory() as folder:
        large = Path(folder) / "synthetic.yaml"
        text = subprocess.run([sys.executable, str(ROOT / "bench/synthetic_spec.py"), str(STATES), str(EVENTS)], check=True, capture_output=True)
        large.write_bytes(text.stdout)
        print(f"  {STATES} states x {EVENTS} events: {best([str(large)]):.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
