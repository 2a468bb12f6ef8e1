#!/usr/bin/env python3
"""Makes docs/performance.md from the recorded measurements.

    bench/performance.py [--check]

The prose is in bench/performance.md.j2. The figures are in times.json, memory.json, budget.json,
states.json, check.json and store.json beside it, and in docs/small.md; the page says which command
renews each. Times appear as ratios only, since they depend on the machine. --check writes nothing,
and fails where the page differs.
"""
from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import jinja2

import figures
import report
import small_page
import store

TEMPLATE = Path(__file__).resolve().parent / "performance.md.j2"
PAGE = TEMPLATE.parents[1] / "docs/performance.md"
RENEW = "make performance"
ROWS = {
    "distinct": "(a) distinct keys",
    "held": "(b) a key that others hold",
    "add_ready": "(c) add where nothing is left to do",
    "find": "(d) find by key",
}
CROWDS = {
    "roots": "cycles of plan9_mount, roots of their own",
    "look-ups": "look-ups of 1,000 names",
    "changes-1000": "one in 1,000 operations makes and ends a root",
    "changes-100": "one in 100",
    "changes-10": "one in 10",
    "one-changes": "one thread only changes, the others look up",
}
SCALE = {
    "come-and-go": "a root comes and goes",
    "find": "find a root at random",
    "cycle": "full cycle of vpci",
    "children": "a child of one root comes and goes",
    "holders": "a holder of one child comes and goes",
}
WHERE = {
    "date": "date", "processor": "processor", "processors": "processors",
    "load": "load before the run", "compiler": "compiler", "flags": "flags",
    "library": "C library", "machine": "architecture",
}

Cases = Mapping[str, report.Case]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in (head, *rows)]
    return "\n".join([lines[0], "|---" * (lines[0].count("|") - 1) + "|", *lines[1:]])


def row_name(case: str) -> str:
    """`distinct/scsi` in words."""
    kind, _, manager = case.partition("/")
    return f"{ROWS[kind]}, {manager}"


def environment(recorded: Mapping[str, object]) -> str:
    """What a record depends on besides the source."""
    rows = []
    for key, name in WHERE.items():
        value = recorded.get(key)
        if value is not None:
            shown = f"{value[0]:.1f}" if isinstance(value, list) else str(value)
            rows.append([name, f"`{shown}`" if key == "flags" else shown])
    return table(["measured with", ""], rows)


def cycles(cases: Cases) -> str:
    """Rows (a) to (d) as multiples of the others."""
    rows = []
    for name in report.MEASURED:
        others = [f"{name}/{who}" for who in report.CONTENDERS[1:]]
        rows.append([row_name(name), *(
            f"{report.ratio(cases, f'{name}/berth', other):.2f}" if other in cases else "-"
            for other in others)])
    return table(["time of Berth, as a multiple of", *report.CONTENDERS[1:]], rows)


def contention(cases: Cases) -> str:
    """Operations per second, as a multiple of what one thread gets done by hand."""
    rows = []
    for what, words in CROWDS.items():
        base = cases[f"contention/{what}/one-mutex/1"].counters["items_per_second"]
        for who, name in (("berth", words), ("one-mutex", "by hand")):
            done = [cases[f"contention/{what}/{who}/{n}"].counters["items_per_second"]
                    for n in report.THREADS]
            rows.append([name, *(f"{one / base:.2f}" for one in done)])
    return table(["throughput; 1.00 is one thread by hand", *(
        f"{n} threads" if n > 1 else "1 thread" for n in report.THREADS)], rows)


def hooks(cases: Cases) -> str:
    """Rows (e) and (f): many threads, and hooks that take a millisecond."""
    slow = [cases[f"slow-hooks/{who}"].counters["items_per_second"]
            for who in ("berth", "one-mutex")]
    alone = report.ratio(cases, "400-slow-cycles/1-thread/berth", "400-slow-cycles/8-threads/berth")
    rows = [
        ["(e) 64 threads with roots of their own: throughput, as a multiple of one mutex",
         f"{slow[0] / slow[1]:.1f}"],
        ["(e) the same with 8 threads, as a multiple of one thread", f"{alone:.1f}"],
    ]
    return table(["hooks of 1 ms", ""], rows)


def one_root(cases: Cases) -> str:
    """Row (f): when callers that wait for one hook return, after its end."""
    rows = []
    for who, name in (("berth", "Berth"), ("one-mutex", "by hand")):
        counters = cases[f"one-root/{who}"].counters
        rows.append([name, *(f"{counters[f'{which}_us'] / 1000:.3f}"
                             for which in ("first", "caller", "last"))])
    return table(["returns after the hook's end; 1.000 is the time of the hook", "first",
                  "caller of the hook", "last"], rows)


def scale(cases: Cases) -> str:
    """Row (h): times by number of what is tracked. The base is by hand if there is such a case."""
    first = report.COUNTS[0]
    rows = []
    for what, words in SCALE.items():
        by_hand = f"scale/{what}/hand/{first}" in cases
        base = cases[f"scale/{what}/{'hand' if by_hand else 'berth'}/{first}"].time
        for who, name in [("berth", words)] + [("hand", "by hand")] * by_hand:
            found = [cases.get(f"scale/{what}/{who}/{n}") for n in report.COUNTS]
            rows.append([name, *(f"{one.time / base:.2f}" if one else "-" for one in found)])
    return table(["(h) time with so many tracked", *(f"{n:,}" for n in report.COUNTS)], rows)


def sets(cases: Cases) -> str:
    """Comparing large sets, as multiples of the smallest in the same order."""
    base = cases[f"sets/same-order/{report.SETS[0]}"].time
    rows = [[words, *(f"{cases[f'sets/{order}/{n}'].time / base:.1f}" for n in report.SETS)]
            for order, words in (("same-order", "in the same order"),
                                 ("other-order", "in another order"))]
    return table(["a set is given again; 1.0 is 100 names in the same order",
                  *(f"{n:,} names" for n in report.SETS)], rows)


def singles(cases: Cases) -> str:
    """Ratios that stand alone."""
    come = cases["scale/come-and-go/berth/1000"].time
    million = cases["scale/million/berth"].counters
    more = report.ratio(cases, "dispatch/17-rows", "dispatch/1-row")
    return table(["ratio of times", ""], [
        ["(i) an operation that goes through 17 rows of a table, to one that goes through 1",
         f"{more:.2f}"],
        ["a root is made among a million, to one that comes and goes among 1,000",
         f"{million['fill_ns'] / come:.2f}"],
        ["a root is drained among a million, to the same", f"{million['drain_ns'] / come:.2f}"],
        ["a UUID of the runtime's pool, to one of libuuid",
         f"{report.ratio(cases, *reversed(report.UUIDS)):.3f}"],
    ])


def mapped(record: Mapping[str, Mapping[str, list[int]]]) -> str:
    """Bytes of a mapped root."""
    numbers = list(next(iter(record.values())))
    rows = []
    for what, found in record.items():
        rows.append([what, *(str(found[n][0]) for n in numbers),
                     *(f"{found[n][0] / found[n][1]:.2f}" for n in numbers)])
    counts = [f"{int(n):,}" for n in numbers]
    return table(["bytes of each mapped", *counts, f"as a multiple of by hand: {counts[0]}",
                  *counts[1:]], rows)


def blocks(cases: Cases) -> str:
    """Bytes of what is tracked."""
    flight = cases["in-flight/vpci/berth"].counters
    memory = cases["scale/memory/berth"].counters
    million = cases["scale/million/berth"].counters
    return table(["allocated bytes of", ""], [
        ["(g) a started operation of vpci, 100,000 in flight", f"{flight['bytes']:.0f}"],
        ["(g) the same, with the device and its reservation", f"{flight['bytes_with_device']:.0f}"],
        ["a root beside its strings", f"{million['bytes']:.0f}"],
        ["a child", f"{memory['child_bytes']:.0f}"],
        ["a reservation of two levels", f"{memory['reservation_bytes']:.0f}"],
    ])


def targets(cases: Cases, record: Mapping[str, Mapping[str, list[int]]]) -> str:
    """Every target with what was measured."""
    most = max(berth / hand for found in record.values() for berth, hand in found.values())
    found = [*report.targets(cases), report.Target("memory", "a mapped root / by hand", most, 1.15)]
    rows = [[f"({t.row}) {t.what}", f"{t.value:.2f}", f"{'≤' if t.most else '≥'} {t.limit:g}",
             "met" if t.met else "**missed**"] for t in found]
    return table(["target", "measured", "limit", ""], rows)


def budget(record: Mapping[str, int]) -> str:
    """Instructions of the counted cases."""
    rows = [[row_name(name), f"{value:,}"] for name, value in record.items()]
    return table(["case", "budget of instructions"], rows)


def searches(record: Mapping[str, Mapping[str, object]]) -> str:
    """How far the checker goes."""
    rows = [[f"spec/{name}.yaml", f"{one['states']:,}", f"{one['transitions']:,}"]
            for name, one in record.items()]
    return table(["spec", "states", "transitions"], rows)


def engines(record: Mapping[str, Mapping[str, float | None]], ended: float) -> str:
    """The search in C beside that in Python."""
    rows = []
    for name, one in record.items():
        seconds, by_python = one["seconds"], one["python"]
        assert seconds is not None
        ratio = (f"more than {ended / seconds:.0f}" if by_python is None
                 else f"{by_python / seconds:.0f}")
        memory = one["python_megabytes"]
        rows.append([name, f"{one['states']:,}", f"{one['transitions']:,}", ratio,
                     f"{one['megabytes']:.0f}", "-" if memory is None else f"{memory:.0f}"])
    return table(["spec", "states", "transitions", "time in Python, as a multiple of C",
                  "MB of the largest process in C", "in Python"], rows)


def search_targets(record: Mapping[str, tuple[float, float, bool]]) -> str:
    """What `make bench-check` asks for, as a share of each limit."""
    rows = [[what, f"{value / limit:.2f}", "at most 1" if most else "at least 1",
             "met" if (value <= limit if most else value >= limit) else "**missed**"]
            for what, (value, limit, most) in record.items()]
    return table(["target", "measured / limit", "wanted", ""], rows)


def store_rates(found: Mapping[str, Sequence[float]]) -> str:
    """Cycles with a store, as multiples of bare transactions."""
    rows = []
    for mode in ("normal", "full"):
        bare = found[f"bare {mode}"][0]
        rows.append([mode.upper(), *(f"{found[f'cycles {mode} {n}'][0] / bare:.2f}"
                                     for n in store.THREADS)])
    return table(["cycles a second; 1.00 is bare transactions of one thread", *(
        f"{n} threads" if n > 1 else "1 thread" for n in store.THREADS)], rows)


def store_targets(record: Mapping[str, tuple[float, float, bool]]) -> str:
    """What `make bench-store` asks for."""
    rows = [[what, f"{value:.2f}", f"{'≤' if most else '≥'} {limit:g}",
             "met" if (value <= limit if most else value >= limit) else "**missed**"]
            for what, (value, limit, most) in record.items()
            if not what.startswith("seconds")]
    rows += [[what.replace("seconds", "time") + ", as a share of 2 s", f"{value / limit:.2f}",
              "≤ 1", "met" if value <= limit else "**missed**"]
             for what, (value, limit, _) in record.items() if what.startswith("seconds")]
    return table(["target", "measured", "limit", ""], rows)


def small(page: str) -> str:
    """Bytes on a small machine."""
    found = small_page.figures(small_page.recorded(page))
    columns = ("program: code", "RAM: arena", "stack")
    managers = [who for who, what in found if what == columns[0]]
    return table(["manager", *columns], [[who, *(f"{found[who, what]:,}" for what in columns)]
                                         for who in managers])


def page() -> str:
    """The whole page."""
    times, memory = figures.load(report.RECORD), figures.load("memory.json")
    instructions, cases = figures.load("budget.json"), report.recorded()
    kept = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True,
                              trim_blocks=True, autoescape=False)
    return kept.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        renew=RENEW,
        environment=environment(times["environment"]),
        cycles=cycles(cases),
        hooks=hooks(cases),
        one_root=one_root(cases),
        contention=contention(cases),
        scale=scale(cases),
        sets=sets(cases),
        singles=singles(cases),
        mapped=mapped(memory["bytes"]),
        blocks=blocks(cases),
        targets=targets(cases, memory["bytes"]),
        budget=budget(instructions["instructions"]),
        budget_environment=environment(instructions["environment"]),
        searches=searches(figures.load("states.json")["specs"]),
        engines=engines(figures.load("check.json")["searches"],
                        figures.load("check.json")["where"]["python_seconds"]),
        search_load=figures.load("check.json")["where"]["load"],
        search_processors=figures.load("check.json")["where"]["processors"],
        search_targets=search_targets(figures.load("check.json")["targets"]),
        store_rates=store_rates(figures.load(store.RECORD)["measured"]),
        store_targets=store_targets(figures.load(store.RECORD)["targets"]),
        store_rounds=figures.load(store.RECORD)["where"]["rounds"],
        store_load=figures.load(store.RECORD)["where"]["load"],
        store_processors=figures.load(store.RECORD)["where"]["processors"],
        small=small(small_page.PAGE.read_text(encoding="utf-8")),
    )


def main(arguments: list[str]) -> int:
    """Writes or compares."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args(arguments)
    text = page()
    if not options.check:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    old = PAGE.read_text(encoding="utf-8").splitlines() if PAGE.exists() else []
    changes = [line for line in difflib.unified_diff(old, text.splitlines(), lineterm="", n=0)
               if line[0] in "+-" and not line.startswith(("+++", "---"))]
    if not changes:
        return 0
    print("docs/performance.md: not what the records say:", file=sys.stderr)
    for line in changes[:10]:
        print(f"  {line}", file=sys.stderr)
    print(f"renew it with: {RENEW}; its prose is in bench/performance.md.j2", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
