#!/usr/bin/env python3
"""What `make bench` prints: the medians of a results file as tables of ratios, and whether each
target is met.

    bench/report.py [--renew --uuids PROGRAM] RESULTS.json

Cases of one thread count processor time, so that being preempted does not matter; cases of several
threads count the clock's. --renew records the medians in bench/times.json, which
docs/performance.md is made of. The report shows the recorded ratios to the floor beside new ones.
Times depend on the processor, so no ratio is an error.
"""
from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import figures

UNITS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}
CONTENDERS = ("berth", "hand-libuuid", "hand-pool", "floor")
CYCLES = ("plan9_mount", "scsi", "vpci")
MEASURED = (*(f"{row}/{manager}" for row in ("distinct", "held") for manager in CYCLES),
            "add_ready/vpci", "find/stock")
RECORD = "times.json"
COUNTS = (1000, 100000, 1000000)  # of what is tracked
THREADS = (1, 2, 4, 16, 64)
SETS = (100, 1000, 10000)  # names in a set
CROWDS = ("roots", "look-ups", "changes-1000", "changes-100", "changes-10", "one-changes")
UUIDS = ("uuid/libuuid", "uuid/pool")
SINGLE = (
    "slow-hooks/berth", "slow-hooks/one-mutex", "one-root/berth", "one-root/one-mutex",
    "in-flight/vpci/berth", "scale/million/berth", "scale/memory/berth",
    "dispatch/1-row", "dispatch/17-rows",
    "400-slow-cycles/8-threads/berth", "400-slow-cycles/1-thread/berth",
    *(f"scale/{what}/berth/{n}"
      for what in ("come-and-go", "find", "cycle") for n in (1000, 1000000)),
)


@dataclass(frozen=True)
class Case:
    """One case: median time in nanoseconds, and medians of its counters."""

    time: float
    counters: Mapping[str, float]


@dataclass(frozen=True)
class Target:
    """A target, and what was measured. `most`: the value must be no greater than the limit, else
    no smaller."""

    row: str
    what: str
    value: float
    limit: float
    most: bool = True

    @property
    def met(self) -> bool:
        """Is it?"""
        return self.value <= self.limit if self.most else self.value >= self.limit


KNOWN = {
    "name", "family_index", "per_family_instance_index", "run_name", "run_type", "repetitions",
    "repetition_index", "threads", "iterations", "real_time", "cpu_time", "time_unit",
}
ON_THE_CLOCK = ("real_time", "manual_time")


def read(path: Path) -> dict[str, Case]:
    """The cases of a results file by name."""
    runs: dict[str, list[Mapping[str, object]]] = {}
    for run in json.loads(path.read_text(encoding="utf-8"))["benchmarks"]:
        if run["run_type"] == "iteration":
            runs.setdefault(short(run["run_name"]), []).append(run)
    return {name: summary(same) for name, same in runs.items()}


def short(name: str) -> str:
    """A case's name without what Google Benchmark adds."""
    return "/".join(
        part for part in name.split("/")
        if part not in ON_THE_CLOCK and not part.startswith(("iterations:", "repeats:")))


def summary(runs: list[Mapping[str, object]]) -> Case:
    """Medians of the repetitions of one case."""
    parts = str(runs[0]["run_name"]).split("/")
    clock = "real_time" if any(part in parts for part in ON_THE_CLOCK) else "cpu_time"
    counters = sorted(set(runs[0]) - KNOWN)
    return Case(
        statistics.median(float(str(run[clock])) * UNITS[str(run["time_unit"])] for run in runs),
        {name: statistics.median(float(str(run[name])) for run in runs) for name in counters},
    )


def table(head: list[str], rows: list[list[str]]) -> str:
    """Columns as wide as they need, the first to the left, the others to the right."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = []
    for row in [head, *rows]:
        name, *cells = row
        columns = [name.ljust(widths[0]),
                   *(cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))]
        lines.append("  " + "  ".join(columns).rstrip())
    return "\n".join(lines)


def complete(cases: Mapping[str, Case]) -> bool:
    """Was everything measured? Tables that compare need all of it."""
    needed = [f"{name}/{contender}" for name in MEASURED for contender in ("berth", "floor")]
    return all(name in cases for name in [*needed, *SINGLE])


def ratio(cases: Mapping[str, Case], of: str, to: str) -> float:
    """How many times as long the first takes."""
    return cases[of].time / cases[to].time


def ns(cases: Mapping[str, Case], name: str) -> str:
    """A time, or a dash for a case that is not there."""
    return f"{cases[name].time:.1f}" if name in cases else "-"


def cycles(cases: Mapping[str, Case]) -> str:
    """Rows (a) to (d): times, and ours as a multiple of the others'."""
    rows = []
    for name in MEASURED:
        others = [f"{name}/{other}" for other in CONTENDERS[1:]]
        ratios = [
            f"{ratio(cases, f'{name}/berth', other):.2f}" if other in cases else "-"
            for other in others
        ]
        times = [ns(cases, f"{name}/{contender}") for contender in CONTENDERS]
        rows.append([name, *times, *ratios])
    return table(["ns", *CONTENDERS, "berth/libuuid", "/pool", "/floor"], rows)


def sets(cases: Mapping[str, Case]) -> str:
    """Comparing large sets."""
    rows = [[order, *(f"{cases[f'sets/{order}/{n}'].time / 1e3:.1f}" for n in SETS)]
            for order in ("same-order", "other-order")]
    return table(["", *(f"{n:,}" for n in SETS)], rows)


def per_second(cases: Mapping[str, Case], name: str) -> float:
    """How many operations a case makes in a second."""
    return cases[name].counters["items_per_second"]


def contention(cases: Mapping[str, Case]) -> str:
    """Millions of operations per second, by number of threads."""
    rows = []
    for what in CROWDS:
        for who in ("berth", "one-mutex"):
            rates = [per_second(cases, f"contention/{what}/{who}/{n}") for n in THREADS]
            rows.append([f"{what}/{who}", *(f"{rate / 1e6:.2f}" for rate in rates)])
    return table(["million/s, by threads", *(str(n) for n in THREADS)], rows)


def one_root(cases: Mapping[str, Case]) -> str:
    """Row (f): when callers that wait for one hook return, after its end."""
    rows = []
    for who in ("berth", "one-mutex"):
        counters = cases[f"one-root/{who}"].counters
        rows.append(
            [who, *(f"{counters[f'{which}_us']:.0f}" for which in ("first", "caller", "last"))])
    return table(["us", "first", "caller of the hook", "last"], rows)


def scale(cases: Mapping[str, Case]) -> str:
    """Times by number of what is tracked."""
    rows = []
    for what in ("come-and-go/berth", "come-and-go/hand", "find/berth", "find/hand", "cycle/berth",
                 "children/berth", "holders/berth"):
        rows.append([what, *(ns(cases, f"scale/{what}/{n}") for n in COUNTS)])
    return table(["ns, by number tracked", *(f"{n:,}" for n in COUNTS)], rows)


def per_row(cases: Mapping[str, Case]) -> float:
    """Row (i): nanoseconds per row of a table."""
    return (cases["dispatch/17-rows"].time - cases["dispatch/1-row"].time) / 16


def targets(cases: Mapping[str, Case]) -> list[Target]:
    """Every target with what was measured."""
    found = []
    for row, case in (("a", "distinct"), ("b", "held")):
        for name in (f"{case}/{manager}" for manager in CYCLES):
            ours = f"{name}/berth"
            found += [
                Target(row,
                       f"{name}: times faster than by hand with libuuid",
                       ratio(cases, f"{name}/hand-libuuid", ours),
                       3,
                       most=False),
                Target(row, f"{name}: time / by hand with our UUIDs",
                       ratio(cases, ours, f"{name}/hand-pool"), 1),
                Target(row, f"{name}: time / floor", ratio(cases, ours, f"{name}/floor"), 1.5),
            ]
    value = ratio(cases, "add_ready/vpci/berth", "add_ready/vpci/floor")
    found.append(Target("c", "add_ready/vpci: time / one lock and one look-up", value, 1.5))
    found.append(Target("d", "find/stock: time / by hand",
                        ratio(cases, "find/stock/berth", "find/stock/hand-pool"), 1.2))
    slow = [per_second(cases, f"slow-hooks/{who}") for who in ("berth", "one-mutex")]
    found.append(Target("e", "64 threads, 1 ms hooks: throughput / one mutex",
                        slow[0] / slow[1], 60, most=False))
    one_root, by_hand = (cases[f"one-root/{who}"].counters for who in ("berth", "one-mutex"))
    found.append(Target("f", "64 callers of one root: calls", one_root["calls"], 1))
    found.append(
        Target("f", "64 callers of one root: first return after the hook's end / time of the hook",
               one_root["first_us"] / 1000, 0.1))
    found.append(
        Target("f", "64 callers of one root: last return / by hand",
               one_root["last_us"] / by_hand["last_us"], 1.5))
    found.append(Target("g", "bytes per started operation",
                        cases["in-flight/vpci/berth"].counters["bytes"], 512))
    for what in ("come-and-go", "find", "cycle"):
        value = ratio(cases, f"scale/{what}/berth/1000000", f"scale/{what}/berth/1000")
        found.append(Target("h", f"{what}: time at a million / at a thousand", value, 2))
    found.append(Target("h", "bytes per root beside its strings",
                        cases["scale/million/berth"].counters["bytes"], 200))
    return found


def report(cases: Mapping[str, Case]) -> str:
    """All of it."""
    flight = cases["in-flight/vpci/berth"].counters
    million, memory = cases["scale/million/berth"].counters, cases["scale/memory/berth"].counters
    lines = [
        "(a) distinct keys, (b) a held key, (c) add where nothing is left to do, (d) find by key",
        cycles(cases), "",
        "sets of names that are given again, us by number of names", sets(cases), "",
        "contention: cycles of roots, hooks that take no time; look-ups, one in so many a change, "
        "or all of the first thread's",
        contention(cases), "",
        "(e) 400 cycles with a hook of 1 ms: "
        f"{cases['400-slow-cycles/8-threads/berth'].time / 1e6:.0f} ms with 8 threads,"
        f" {cases['400-slow-cycles/1-thread/berth'].time / 1e6:.0f} ms with one", "",
        "(f) 64 callers of one root with a hook of 1 ms: when they return after its end",
        one_root(cases), "",
        f"(g) 100,000 started operations: {flight['bytes']:.0f} bytes each,"
        f" {flight['bytes_with_device']:.0f} with the device and its reservation;"
        f" start {flight['start_ns']:.0f} ns, complete {flight['complete_ns']:.0f} ns", "",
        "(h) scale", scale(cases),
        f"  a million roots: filled in {million['fill_ns']:.0f} ns each,"
        f" drained in {million['drain_ns']:.0f} ns each",
        f"  bytes: {million['bytes']:.0f} per root beside its strings,"
        f" {memory['child_bytes']:.0f} per child,"
        f" {memory['reservation_bytes']:.0f} per reservation of two levels", "",
        f"(i) dispatch: {per_row(cases):.1f} ns per row", "",
    ]
    rows = []
    for t in targets(cases):
        limit = f"{'<=' if t.most else '>='} {t.limit:g}"
        verdict = "met" if t.met else "MISSED"
        rows.append([f"({t.row}) {t.what}", f"{t.value:.2f}", limit, verdict])
    return "\n".join([*lines, table(["targets", "measured", "target", ""], rows)])


def part(cases: Mapping[str, Case]) -> str:
    """What a run with a filter measured: medians, and nothing is compared."""
    rows = []
    for name, case in cases.items():
        counters = " ".join(f"{key}={value:.4g}" for key, value in case.counters.items())
        rows.append([name, f"{case.time:.1f}", counters])
    return table(["a part of the cases, so no ratios and targets; ns", "median", ""], rows)


def ratios(cases: Mapping[str, Case]) -> dict[str, float]:
    """Ours as a multiple of the floor, of rows (a) to (d)."""
    return {name: round(ratio(cases, f"{name}/berth", f"{name}/floor"), 2) for name in MEASURED}


def recorded() -> dict[str, Case]:
    """The medians of the run that docs/performance.md shows."""
    cases = figures.load(RECORD)["cases"]
    return {name: Case(time, counters) for name, (time, counters) in cases.items()}


def rounded(value: float) -> float:
    """Four digits are more than a measurement repeats."""
    return float(f"{value:.4g}")


def uuids(program: Path) -> dict[str, Case]:
    """Times of the two sources of UUIDs."""
    done = subprocess.run([program], capture_output=True, text=True, check=True)
    return {name: Case(float(time), {})
            for name, time in zip(UUIDS, re.findall(r": (\d+) ns", done.stdout), strict=True)}


def record(results: Path, cases: Mapping[str, Case], here: Mapping[str, str]) -> None:
    """Writes the medians of a whole run, with its day and its machine."""
    context = json.loads(results.read_text(encoding="utf-8"))["context"]
    machine = {"date": context["date"][:10], "processor": figures.processor(),
               "processors": context["num_cpus"], "load": context["load_avg"][:1], **here}
    figures.save(RECORD, {"environment": machine, "cases": {
        name: [rounded(case.time), {key: rounded(v) for key, v in case.counters.items()}]
        for name, case in sorted(cases.items())}})


def beside(recorded: Mapping[str, float], measured: Mapping[str, float]) -> str:
    """Ratios to the floor, and the recorded ones; a dash for a case that has none."""
    rows = []
    for name, value in measured.items():
        old = recorded.get(name)
        known = ["-", "-"] if old is None else [f"{old:.2f}", f"{100 * (value / old - 1):+.0f} %"]
        rows.append([name, f"{value:.2f}", *known])
    return table(["berth / floor", "measured", "recorded", "change"], rows)


def main(arguments: list[str]) -> int:
    """Prints the report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--renew", action="store_true", help="record the medians, print nothing")
    parser.add_argument("--uuids", type=Path, help="program that measures the sources of UUIDs")
    parser.add_argument("--compiler", default=os.environ.get("BERTH_CC", "gcc"))
    parser.add_argument("--flags", default=os.environ.get("BERTH_CFLAGS", "-O2 -g"))
    options = parser.parse_args(arguments)
    try:
        cases = read(options.results)
    except (OSError, ValueError, KeyError) as error:
        print(f"{options.results}: no results of a run ({error!r}):"
              " does the filter match any case?", file=sys.stderr)
        return 2
    if not complete(cases):
        if options.renew:
            print(f"{options.results}: not a whole run: run make bench without a filter first",
                  file=sys.stderr)
            return 2
        print(part(cases))
        return 0
    if options.renew:
        if options.uuids is None:
            parser.error("--renew needs --uuids")
        here = figures.environment(options.compiler, options.flags)
        record(options.results, cases | uuids(options.uuids), here)
        return 0
    print(report(cases))
    print(beside(ratios(recorded()), ratios(cases)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
