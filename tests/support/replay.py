#!/usr/bin/env python3
"""Replays recorded traces against a simulator and says where it first differs.

usage: replay.py [-v] TRACE.jsonl... -- SIMULATOR [ARGUMENT...]

A trace has one step per line: {"request": {...}, "expect": {...}}. The requests go to the simulator
(docs/simulator.md), and each answer is held against what its step expects:

    error     the name of the error, null for none, "*" for any
    calls     [[hook, outcome], ...], all of them and in order
    returns   every member that the step names
    state     every member that the step names, at every depth; lists have the same length, in any
              order

What a step does not mention is not compared. -v shows the requests up to the difference. The exit
status is 0 when every step agrees, 1 when one does not, 2 when the command line is wrong.
"""
from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT = 120  # seconds for one trace


@dataclass(frozen=True)
class Step:
    request: dict[str, Any]
    expect: dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """How many steps of a trace agree, of how many; and the first difference, after which nothing
    is compared."""

    agree: int
    steps: int
    difference: str | None


def read_trace(path: Path) -> list[Step]:
    """Raises ValueError, with the line, for what is no trace."""
    steps = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            step = json.loads(line)
            steps.append(Step(dict(step["request"]), dict(step["expect"])))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}:{number}: no step of a trace ({error})") from None
    return steps


def agrees(wanted: object, got: object) -> bool:
    """Whether `got` has everything that `wanted` names."""
    if isinstance(wanted, dict):
        return isinstance(got, dict) and all(
            name in got and agrees(value, got[name]) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(got, list) and len(wanted) == len(got) and _pairs_up(wanted, got)
    return type(wanted) is type(got) and wanted == got


def _pairs_up(wanted: Sequence[object], got: Sequence[object]) -> bool:
    """Whether each wanted item can have an item of its own that agrees. Tries on when the first
    choice leaves another without."""
    if not wanted:
        return True
    return any(
        agrees(wanted[0], item) and _pairs_up(wanted[1:], [*got[:i], *got[i + 1 :]])
        for i, item in enumerate(got)
    )


def differences(expect: dict[str, Any], answer: dict[str, Any]) -> Iterator[str]:
    """Everything in which an answer is not what its step expects."""
    if "error" in expect:
        got = answer.get("error")
        if got is None if expect["error"] == "*" else got != expect["error"]:
            yield _difference("error", expect["error"], got)
    if "calls" in expect:
        calls = [[call["hook"], call["outcome"]] for call in answer.get("calls", [])]
        if calls != expect["calls"]:
            yield _difference("calls", expect["calls"], calls)
    for part in ("returns", "state"):
        if part in expect and not agrees(expect[part], answer.get(part)):
            yield _difference(part, expect[part], answer.get(part))


def _difference(part: str, wanted: object, got: object) -> str:
    return f"{part}: expected {json.dumps(wanted)}, got {json.dumps(got)}"


def replay(steps: Sequence[Step], simulator: Sequence[str]) -> Verdict:
    """Runs a fresh simulator through a trace."""
    script = "".join(json.dumps(step.request) + "\n" for step in steps)
    try:
        run = subprocess.run(
            simulator, input=script, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        return Verdict(0, len(steps), f"no end after {TIMEOUT} s")
    answers = run.stdout.splitlines()
    for number, step in enumerate(steps):
        where = f"step {number + 1}, {json.dumps(step.request)}"
        if number == len(answers):
            return Verdict(
                number,
                len(steps),
                f"{where}: no answer (exit status {run.returncode}) {run.stderr.strip()[-400:]}",
            )
        try:
            answer = json.loads(answers[number])
        except ValueError:
            return Verdict(number, len(steps), f"{where}: no JSON: {answers[number][:200]}")
        difference = next(differences(step.expect, answer), None)
        if difference is not None:
            return Verdict(number, len(steps), f"{where}: {difference}")
    if run.returncode != 0:
        return Verdict(
            len(steps), len(steps), f"exit status {run.returncode} {run.stderr.strip()[-400:]}"
        )
    return Verdict(len(steps), len(steps), None)


def main(arguments: Sequence[str]) -> int:
    if "--" not in arguments:
        return _misuse("no '--' between traces and simulator")
    cut = arguments.index("--")
    verbose = "-v" in arguments[:cut]
    paths = [Path(a) for a in arguments[:cut] if a != "-v"]
    simulator = arguments[cut + 1:]
    if not paths or not simulator:
        return _misuse("at least one trace and a simulator are needed")
    agree = steps = clean = 0
    for path in paths:
        try:
            trace = read_trace(path)
            verdict = replay(trace, simulator)
        except (OSError, ValueError) as error:
            return _misuse(str(error))
        agree, steps, clean = (
            agree + verdict.agree,
            steps + verdict.steps,
            clean + (verdict.difference is None),
        )
        if verdict.difference is not None:
            for step in trace[: verdict.agree + 1] if verbose else ():
                print("    " + json.dumps(step.request))
            print(f"{path}: {verdict.difference}")
    print(f"{clean} of {len(paths)} traces agree, {agree} of {steps} steps")
    return 0 if clean == len(paths) else 1


def _misuse(why: str) -> int:
    print(f"replay.py: {why}", file=sys.stderr)
    print("usage: replay.py [-v] TRACE.jsonl... -- SIMULATOR [ARGUMENT...]", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
