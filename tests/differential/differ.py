#!/usr/bin/env python3
"""Runs random scripts on both simulators of a manager, the generated C and the Python model, and
compares every answer.

usage: differ.py [--seconds S | --scripts N] [--seed SEED] SPEC...

Finds the C simulator of SPEC in $BERTH_BUILD (build): <manager>/<manager>-sim. $BERTH_RUN is what
runs it, if it is for another machine. A difference is shrunk to a script of which nothing can be
left out, and printed as JSON lines; feed them to either simulator. Exit status: 0 if all answers
agree, 1 if not, 2 on misuse.
"""
from __future__ import annotations

import argparse
import io
import itertools
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path[:0] = [
    str(Path(__file__).resolve().parents[2] / "gen"),
    str(Path(__file__).resolve().parent),
]

from berthc.model import Manager  # noqa: E402
from berthc.pipeline import read_spec  # noqa: E402
from berthc.sim import Simulator, main as model_main  # noqa: E402
from scripts import Script, scripts  # noqa: E402
from shrink import shrink  # noqa: E402

BATCH = 100  # scripts that one process of the C simulator answers
TIMEOUT = 120


class Broken(Exception):
    """A simulator ended before it had answered everything, or its answer is no JSON."""


@dataclass(frozen=True)
class Difference:
    """The first request that the two answer differently, and the shrunk script that ends with
    it."""

    script: Script
    c: str
    model: str

    def show(self) -> str:
        lines = [_line(request) for request in self.script]
        return "\n".join([*lines, f"  C:     {self.c}", f"  model: {self.model}"])


@dataclass
class Tally:
    """What a run did; `errors` counts answers by error, to show that scripts reach more than the
    happy path."""

    scripts: int
    requests: int
    errors: dict[str, int]
    difference: Difference | None = None

    def show(self) -> str:
        errors = ", ".join(f"{name} {count}" for name, count in sorted(self.errors.items()))
        return f"{self.scripts} scripts, {self.requests} requests ({errors})"


def simulator_of(manager: Manager) -> Path:
    """Where the build puts the C simulator."""
    return Path(os.environ.get("BERTH_BUILD", "build")) / manager.name / f"{manager.name}-sim"


def _line(request: dict[str, Any] | str) -> str:
    return request if isinstance(request, str) else json.dumps(request)


def _text(batch: Sequence[Script]) -> str:
    return "".join(_line(request) + "\n" for script in batch for request in script)


def _lines(text: str) -> list[str]:
    """The lines of a text as the protocol has them; splitlines() would cut at characters that may
    stand in texts, such as U+2028."""
    return text.removesuffix("\n").split("\n") if text else []


def run_c(command: Sequence[str], text: str) -> list[str]:
    """The C simulator's answers. What it wrote before it broke down is given too, with what it said
    last."""
    run = subprocess.run(
        list(command), input=text.encode(), capture_output=True, timeout=TIMEOUT, check=False
    )
    answers = _lines(run.stdout.decode("utf-8", "replace"))
    if run.returncode != 0:
        answers.append(
            f"exit status {run.returncode}: {run.stderr.decode('utf-8', 'replace')[-2000:]}"
        )
    return answers


def run_model(manager: Manager, text: str) -> list[str]:
    """The Python simulator's answers."""
    out = io.StringIO()
    model_main(manager, io.StringIO(text), out)
    return _lines(out.getvalue())


def same(c: str, model: str) -> bool:
    """Whether two answers say the same; the text of a message is each one's own."""
    try:
        left, right = json.loads(c), json.loads(model)
    except ValueError:
        return False
    for answer in (left, right):
        if isinstance(answer, dict) and isinstance(answer.get("message"), str):
            answer["message"] = ""
    return bool(json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True))


def same_answers(manager: Manager, simulator: Simulator, command: list[str], count: int,
                 seed: int = 7) -> list[str]:
    """So many random scripts, asked of the model and of a C simulator: they answer the same. The
    answers."""
    requests: list[str] = []
    model: list[str] = []

    def answer(request: dict[str, Any] | str) -> dict[str, Any]:
        requests.append(request if isinstance(request, str) else json.dumps(request))
        given = simulator.answer(requests[-1].encode())
        model.append(json.dumps(given))
        return given

    assert len(list(itertools.islice(scripts(manager, seed, answer), count))) == count
    made = run_c(command, "".join(f"{request}\n" for request in requests))
    at = first_difference(made, model)
    assert at is None, f"{requests[max(0, at - 20):at + 1]}\nC:     {made[at]}\nmodel: {model[at]}"
    return model


def first_difference(c: Sequence[str], model: Sequence[str]) -> int | None:
    """Index of the first answer that differs or that only one of them gave."""
    for index, (left, right) in enumerate(zip(c, model)):
        if not same(left, right):
            return index
    return None if len(c) == len(model) else min(len(c), len(model))


def compare(
    manager: Manager,
    command: Sequence[str],
    batch: Sequence[Script],
    model: Sequence[str],
    tally: Tally,
) -> None:
    """Runs the scripts on the C simulator, one after the other in one process, and counts; `model`
    has the other's answers."""
    c = run_c(command, _text(batch))
    tally.scripts += len(batch)
    tally.requests += len(model)
    for answer in model:
        error = json.loads(answer)["error"] or "ok"
        tally.errors[error] = tally.errors.get(error, 0) + 1
    at = first_difference(c, model)
    if at is not None:
        tally.difference = _explain(manager, command, batch, at)


def _explain(
    manager: Manager, command: Sequence[str], batch: Sequence[Script], at: int
) -> Difference:
    def differs(script: Script) -> bool:
        text = _text([script])
        return first_difference(run_c(command, text), run_model(manager, text)) is not None

    flat: Script = [request for script in batch for request in script][: at + 1]
    start = max(
        (
            i
            for i, request in enumerate(flat)
            if isinstance(request, dict) and request.get("op") == "new"
        ),
        default=0,
    )
    script = (
        flat[start:] if differs(flat[start:]) else flat
    )  # the whole, when it matters what went before
    if differs(script):
        script = shrink(script, differs)
    c, model = run_c(command, _text([script])), run_model(manager, _text([script]))
    at = first_difference(c, model) or 0
    return Difference(
        script, c[at] if at < len(c) else "no answer", model[at] if at < len(model) else "no answer"
    )


def difference_run(
    manager: Manager, command: Sequence[str], seed: int, count: int | None, seconds: float | None
) -> Tally:
    """Compares until `count` scripts or `seconds` are over, or a difference is found."""
    tally = Tally(0, 0, {})
    end = None if seconds is None else time.monotonic() + seconds
    while (
        tally.difference is None
        and (count is None or tally.scripts < count)
        and (end is None or time.monotonic() < end)
    ):
        size = BATCH if count is None else min(BATCH, count - tally.scripts)
        simulator = Simulator(manager)
        model: list[str] = []

        def answer(request: dict[str, Any] | str) -> dict[str, Any]:
            given = simulator.answer(_line(request).encode())
            model.append(json.dumps(given))
            return given

        batch = list(itertools.islice(scripts(manager, seed + tally.scripts, answer), size))
        compare(manager, command, batch, model, tally)
    return tally


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        description="Compare the two simulators of each SPEC on random scripts."
    )
    parser.add_argument("specs", metavar="SPEC", nargs="+")
    parser.add_argument(
        "--seconds",
        type=float,
        help="time for all specs together (default: 30, unless --scripts is given)",
    )
    parser.add_argument("--scripts", type=int, help="scripts per spec")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    seconds = (
        options.seconds if options.seconds is not None or options.scripts is not None else 30.0
    )
    status = 0
    for spec in options.specs:
        manager, diagnostics = read_spec(spec)
        if manager is None:
            print(
                f"{spec}: {diagnostics[0].message if diagnostics else 'no manager'}",
                file=sys.stderr,
            )
            return 2
        simulator = simulator_of(manager)
        command = [*shlex.split(os.environ.get("BERTH_RUN", "")), str(simulator)]
        if not simulator.is_file():
            print(f"{simulator} is not built", file=sys.stderr)
            return 2
        tally = difference_run(
            manager,
            command,
            options.seed,
            options.scripts,
            None if seconds is None else seconds / len(options.specs),
        )
        print(f"{spec}: {tally.show()}")
        if tally.difference is not None:
            print(tally.difference.show())
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
