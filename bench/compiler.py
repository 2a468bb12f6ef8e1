#!/usr/bin/env python3
"""How long `berthc gen` takes, the start of the interpreter included: the shipped specs together,
and one large synthetic spec. And once each, the other commands of the large spec, and the tests of
the spec that takes longest.

    bench/compiler.py SPEC...

Prints the best of five runs each, by the clock and in processor time: on a machine that is busy
with something else only the second says anything. Nothing is there to be kept, every run writes
into an empty folder.
"""
from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import synthetic_spec

ROOT = Path(__file__).resolve().parent.parent
BERTHC = str(ROOT / "bin/berthc")
STATES, EVENTS = 1000, 20
RUNS = 5
LONGEST = ROOT / "spec/scsi.yaml"


def processor_time() -> float:
    """Seconds that child processes which ended have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def best(specs: list[str]) -> str:
    """The fastest run by each measure."""
    clock, processor = [], []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder:
            begin, used = time.perf_counter(), processor_time()
            subprocess.run([BERTHC, "gen", "-q", "-o", folder, *specs], check=True)
            clock.append(time.perf_counter() - begin)
            processor.append(processor_time() - used)
    return f"{min(clock):.2f} s, {min(processor):.2f} s of processor time"


def once(*arguments: str) -> str:
    """One run: processor time, and the most memory that any child had until now."""
    with tempfile.TemporaryDirectory() as folder:
        used = processor_time()
        place = ["-o", folder] if arguments[0] != "check" else []
        done = subprocess.run([BERTHC, *arguments[:1], *place, *arguments[1:]],
                              capture_output=True, check=False)
    if done.returncode > 1:  # 1: check found something
        raise subprocess.CalledProcessError(done.returncode, done.args, done.stdout, done.stderr)
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
    return f"{processor_time() - used:.1f} s of processor time, up to {most} MB"


def main(specs: list[str]) -> int:
    print(f"  {len(specs)} specs: {best(specs)}")
    with tempfile.TemporaryDirectory() as folder:
        large = Path(folder) / "synthetic.yaml"
        large.write_text(synthetic_spec.spec(STATES, EVENTS), encoding="utf-8")
        print(f"  {STATES} states x {EVENTS} events: {best([str(large)])}")
        # those that need least memory first
        for command in (["check", "--static"], ["diagram"], ["check"]):
            print(f"    {' '.join(command)}: {once(*command, str(large))}")
    print(f"  tests of {LONGEST.name}: {once('tests', str(LONGEST))}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
