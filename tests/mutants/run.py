"""Mutation test of the generated suites: changes one thing of a manager at a time, and runs the
suite of the original.

    tests/mutants/run.py [--out DIR] [--sample N] [--jobs N] [--kind KIND] [--only TEXT] [--verbose]
    SPEC…

Changed are cells of the tables, start functions, and lines of the functions about fields. A mutant
is killed when the suite fails, crashes or does not end. A survivor must be shown equivalent: the
model of the semantics explores original and mutant side by side and finds no difference. Where
there are too many states to see all, a survivor without a difference is not decided. Of lines
there is no model: `same_line` knows the reasons. Exit status 1 when a survivor is known to differ,
else 0.
"""
from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "gen"), str(Path(__file__).resolve().parent)]

from berthc.emit import c, tests  # noqa: E402
from berthc.lower import lower  # noqa: E402
from berthc.model import Manager  # noqa: E402
from berthc.pipeline import read_spec  # noqa: E402
from equivalent import Difference, Original, same_line  # noqa: E402
from mutate import Mutant, mutants, without_hashes  # noqa: E402

CC = os.environ.get("CC", "gcc")
INCLUDES = ("runtime/include", "runtime/testing/include", "runtime/testing", "runtime/src")
FLAGS = ["-std=c11", "-O0", "-w", *(f"-I{ROOT}/{folder}" for folder in INCLUDES)]
TIMEOUT = 20  # seconds; a suite takes less than one
MOST_MEMORY = 2 << 30  # bytes, for mutants that go round in circles


@dataclass(frozen=True)
class Verdict:
    mutant: Mutant
    killed: bool
    how: str  # "suite", "timeout", "crash", "compiler"; the reason for a survivor


class Bench:
    """One manager with everything compiled that its mutants share."""

    def __init__(self, manager: Manager, out: Path, shared: Path) -> None:
        self.manager = manager
        self.out = out / manager.name
        self.shared = shared
        self.original: Original | None = None  # explored when the first mutant survives
        self.lock = Lock()
        for name, text in {**c.files(manager), **tests.files(manager)}.items():
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.suite = self.out / "suite.o"
        compile_one(self.out / f"{manager.name}-conformance.c", self.suite, self.out)

    def program(self, source: Path, program: Path) -> str:
        """Compiles and links; the compiler's messages, empty if it had none."""
        libraries = ["-lcmocka", "-luuid", "-lpthread"]
        command = [
            CC,
            *FLAGS,
            f"-I{self.out}",
            str(source),
            str(self.suite),
            str(self.shared),
            "-o",
            str(program),
            *libraries,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stderr if done.returncode != 0 else ""

    def originals(self) -> str:
        """What the suite fails on that it must not fail on, and how; empty if there is nothing."""
        source, program = self.out / "original.c", self.out / "original"
        text = c.source(lower(self.manager))
        for what, patch in (("the original", ()), ("keys that hash alike", without_hashes(text))):
            source.write_text(patched(text, patch))
            how = self.program(source, program) or run(program)
            if how:
                return f"{what} ({how})"
        return ""

    def judge(self, number: int, mutant: Mutant) -> Verdict:
        source, program = self.out / f"m{number}.c", self.out / f"m{number}"
        source.write_text(patched(c.source(mutant.tables), mutant.patch))
        messages = self.program(source, program)
        try:
            if messages:
                return Verdict(mutant, False, "does not compile: " + messages.splitlines()[0])
            how = run(program)
            return Verdict(mutant, how != "", how or self.equivalent(mutant))
        finally:
            source.unlink()
            program.unlink(missing_ok=True)

    def equivalent(self, mutant: Mutant) -> str:
        """Why a survivor is equivalent; begins with "MISSED" when it is not."""
        if mutant.line is not None:
            return same_line(self.manager, mutant.line) or "MISSED: no reason is known"
        if mutant.model is None:
            return "MISSED: only the tables differ, no model can tell"
        with self.lock:
            self.original = self.original or Original(self.manager)
        found = self.original.difference(mutant.model)
        if isinstance(found, Difference):
            steps = "; ".join(
                f"{a.op} {[x.name for x in a.config]} {a.reservation or ''} "
                f"{[o.kind for o in a.outcomes]}"
                for a in found.actions
            )
            return f"MISSED: differs in {found.environment} after {steps}"
        return found


def patched(text: str, patch: Sequence[tuple[str, str]]) -> str:
    for old, new in patch:
        assert text.count(old) == 1, f"there is not one {old}"
        text = text.replace(old, new)
    return text


def compile_one(source: Path, target: Path, include: Path | None = None) -> None:
    subprocess.run(
        [CC, *FLAGS, *([f"-I{include}"] if include else []), "-c", str(source), "-o", str(target)],
        check=True,
    )


def run(program: Path) -> str:
    """How the suite noticed; empty if it did not."""
    def limit() -> None:
        import resource
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    try:
        done = subprocess.run(
            [str(program)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT,
            check=False,
            env=os.environ | {"BERTH_SUITE_STOP": "1"},
            preexec_fn=limit,
        )
    except subprocess.TimeoutExpired:
        return "timeout"
    return "" if done.returncode == 0 else "suite" if done.returncode > 0 else "crash"


def build_shared(out: Path) -> Path:
    """Runtime and engine in one relocatable object."""
    out.mkdir(parents=True, exist_ok=True)
    sources = sorted((ROOT / "runtime/src").glob("**/*.c")) + sorted(
        (ROOT / "runtime/testing").glob("*/suite_*.c")
    )
    objects = [out / f"{s.stem}.{s.parent.name}.o" for s in sources]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(compile_one, sources, objects))
    shared = out / "shared.o"
    subprocess.run(["ld", "-r", "-o", str(shared), *map(str, objects)], check=True)
    return shared


def choose(found: Sequence[Mutant], sample: int | None) -> list[tuple[int, Mutant]]:
    """All, or so many of them, spread evenly over the tables: the same ones every time."""
    numbered = list(enumerate(found))
    if sample is None or sample >= len(numbered):
        return numbered
    return [numbered[(2 * n + 1) * len(numbered) // (2 * sample)] for n in range(sample)]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument(
        "--out", default=str(ROOT / "build" / "mutants"), help="folder for what is built"
    )
    parser.add_argument("--sample", type=int, help="so many mutants of each manager instead of all")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="only mutants whose description contains this")
    parser.add_argument("--kind", help="only mutants of this kind; cell: of any kind but line")
    parser.add_argument("--verbose", action="store_true", help="print every mutant")
    parser.add_argument("spec", nargs="+")
    options = parser.parse_args()
    out = Path(options.out)
    shared = build_shared(out / "shared")
    total = killed = missed = undecided = 0
    for spec in options.spec:
        manager, problems = read_spec(spec)
        if manager is None:
            print(f"{spec}: {len(problems)} errors", file=sys.stderr)
            return 1
        bench = Bench(manager, out, shared)
        if (how := bench.originals()) != "":
            print(f"{manager.name}: the suite fails on {how}")
            return 1
        asked = [
            m for m in mutants(manager)
            if options.only in m.what and options.kind in (None, m.kind, m.part)
        ]
        found = choose(asked, options.sample)
        with ThreadPoolExecutor(options.jobs) as pool:
            verdicts = list(pool.map(lambda pair: bench.judge(*pair), found))
        report(manager.name, verdicts, options.verbose)
        total += len(verdicts)
        killed += sum(v.killed for v in verdicts)
        missed += sum(not v.killed and ("MISSED" in v.how or "compile" in v.how) for v in verdicts)
        undecided += sum(not v.killed and "bounded" in v.how for v in verdicts)
    equivalent = total - killed - missed - undecided
    print(
        f"mutants: {killed} killed of {total}; of the survivors {equivalent} are equivalent,"
        f" {undecided} not decided, {missed} not equivalent"
    )
    return 1 if missed else 0


def report(name: str, verdicts: Sequence[Verdict], verbose: bool) -> None:
    kinds = Counter(v.mutant.kind for v in verdicts)
    dead = Counter(v.mutant.kind for v in verdicts if v.killed)
    hows = Counter(v.how for v in verdicts if v.killed)
    for verdict in verdicts:
        if verbose and verdict.killed:
            print(f"{name}: killed by {verdict.how}: {verdict.mutant.what}")
        if not verdict.killed:
            print(f"{name}: survives: {verdict.mutant.what}\n    {verdict.how}")
    table = ", ".join(f"{kind} {dead[kind]}/{n}" for kind, n in kinds.items())
    ways = ", ".join(f"{n} by {how}" for how, n in hows.most_common())
    print(f"{name}: {sum(dead.values())} killed of {len(verdicts)} ({ways}): {table}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
