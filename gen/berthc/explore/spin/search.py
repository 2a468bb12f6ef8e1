"""Spin as the engine: for bounds that are too large for the built-in search.

The verifier that Spin makes of the exported model is compiled and run for each setting; for each
finding it leaves a trail, which is played again in the terms of the search, so that what is told
has the same script, row to blame and words. Scripts are short, not always the shortest.

The verifier searches exactly as long as memory lasts. What is larger is searched once more with
states kept as bits of a hash only: that goes much further in the same memory, but passes over
states whose bits are set already, so it may find something and never proves anything.
"""
from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from berthc.explore.bounds import Bounds
from berthc.explore.callers.inputs import Valuation, combined, valuations
from berthc.explore.findings.fault import Fault
from berthc.explore.findings.judge import IDS, denied, judge
from berthc.explore.findings.missing_effect import Promises
from berthc.explore.findings.slots import Kept
from berthc.explore.findings.stranded import Stranded
from berthc.explore.report import Finding, Report, Searched, accepted, finding, missing, unreachable
from berthc.explore.script import Scripts
from berthc.explore.search import Found, Request
from berthc.explore.spin.promela import promela, rows_of
from berthc.explore.states.backend import FAILED, Called
from berthc.explore.states.future import Future
from berthc.explore.states.local import Local
from berthc.explore.states.move import Move, Reduced
from berthc.explore.states.step import Change, Stepper
from berthc.model import Manager

MODES = {"clean": ("denied",),
         "every": ("leak", "dangling", "interference", "double", "missing_effect"),
         "strand": ("stranded", "kept")}
"""What each run is asked for. The first one learns what the others judge by."""
SHOWN = {"kept": "leak", "missing_effect": "missing-effect"}
"""How a report calls what a verifier finds, where it has another name."""
LIMITS = ("max search depth too small", "out of memory", "reached -DMEMLIM bound",
          "GRAPH too large")
"""What a verifier says that did not see everything."""
MEMORY = 2000  # MB
LEAST_MEMORY = 8
LARGE = 10_000  # states in which no call fails
FRAME = 64  # bytes of the verifier's stack for one level of depth, and of bitstate's second stack


class Verdict(NamedTuple):
    """What a verifier says: the findings, its states and transitions, whether it saw everything,
    and whether states were but hashed."""

    found: frozenset[str]
    states: int
    transitions: int
    whole: bool
    hashed: bool
    rows: frozenset[tuple[int, int]]  # that ran, and how they ended, by number


class SpinFailed(Exception):
    """Spin, the C compiler or the verifier did not do what was asked; the text says which."""


class NotReplayed(Exception):
    """A trail of Spin's leads to no such finding in the terms of the search: one of the two
    readings of the semantics is wrong."""


class TrailStep(NamedTuple):
    """One operation of a trail: its name, the caller, key and kind of each level, and the calls
    with their outcomes and effects."""

    op: str
    who: int
    levels: tuple[tuple[int, int], ...]
    calls: tuple[tuple[str, str, bool], ...]


class Learned(NamedTuple):
    """What is left by successes of uses, by operation, resource, kind and state, and in all states;
    and where slots are kept."""

    by_state: dict[tuple[str, str, int, str], int]
    in_all: dict[tuple[str, str, int], int]
    usual: frozenset[tuple[str, int, str]]


def explore_with_spin(manager: Manager, bounds: Bounds, memory: int = MEMORY) -> Report:
    """Explores a manager with Spin, each search in `memory` MB. Raises SpinFailed, and
    promela.NotExported. A finding of which the trail cannot be played again is only named, and the
    others are told all the same."""
    begin = time.perf_counter()
    found: dict[tuple[str, str, int, int], Finding] = {}
    unshown: list[str] = []
    searched: list[Searched] = []
    every, hashed = combined(manager, bounds.keys), False
    complete = every
    taken: set[tuple[int, str]] = set()
    scripts = Scripts(manager, bounds)
    for valuation in valuations(manager, bounds.keys):
        for root in (r.name for r in manager.resources if r.parent is None):
            with tempfile.TemporaryDirectory() as folder:
                verifier = _Verifier(Path(folder), promela(manager, root, valuation, bounds),
                                     memory)
                states = transitions = 0
                for mode, ids in MODES.items():
                    verdict = verifier.verify(mode)
                    complete, hashed = complete and verdict.whole, hashed or verdict.hashed
                    taken |= _outcomes(manager, root, verdict)
                    if mode == "every":
                        states, transitions = verdict.states, verdict.transitions
                    for id_ in (name for name in ids if name in verdict.found):
                        try:
                            one = _found(manager, root, valuation, bounds, id_,
                                         verifier.trail(mode, id_), verifier.learned())
                        except NotReplayed as reason:
                            unshown += [text
                                        for text in [f"Spin's model says {SHOWN.get(id_, id_)}, "
                                                     f"but {reason}"] if text not in unshown]
                            continue
                        key = (one.fault.id, one.fault.where, one.fault.loc.line,
                               one.fault.loc.column)
                        if key not in found:
                            found[key] = finding(manager, one, scripts)
                if (complete and not unshown and _goes_on(found.values())
                    and missing(manager, taken)):
                    taken |= _outcomes(manager, root, verifier.verify("drain"))
                searched.append(Searched(valuation, root, states, transitions))
    reported = list(found.values())
    if complete and not unshown and bounds.callers > 1 and _goes_on(reported):
        reported += [Finding(fault, accepted(manager, fault), ())
                     for fault in unreachable(manager, taken)]
    findings = sorted(reported,
                      key=lambda f: (f.fault.loc.line, f.fault.loc.column, IDS.index(f.fault.id)))
    return Report(manager, bounds, tuple(findings), (), tuple(searched), complete,
                  time.perf_counter() - begin, by_spin=True, hashed=hashed, combined=every,
                  unshown=tuple(unshown))


def _goes_on(found: Iterable[Finding]) -> bool:
    """Did the searches see everything? They stop at each finding but `denied`."""
    return all(one.fault.id == "denied" for one in found)


def _outcomes(manager: Manager, root: str, verdict: Verdict) -> set[tuple[int, str]]:
    rows = rows_of(manager, root)
    return {(id(rows[n]), ("ok", "fail", "uncertain")[outcome]) for n, outcome in verdict.rows}


class _Verifier:
    """The verifiers of one model. Each is compiled when it is first needed, and answers every
    question."""

    def __init__(self, folder: Path, text: str, memory: int) -> None:
        self._folder = folder
        self._memory = memory
        # so that optimizing is worth its time, which is much longer than that of small searches
        self._large = False
        (folder / "model.pml").write_text(text, encoding="utf-8")
        self._run(["spin", "-a", "model.pml"])

    def verify(self, mode: str) -> Verdict:
        """Exactly, as far as memory goes; then by bits, keeping what both found."""
        exact = self._verify(mode, "exact", "-DCOLLAPSE", slots=8)
        if exact.whole:
            return exact
        hashed = self._verify(mode, "hashed", "-DBITSTATE", slots=1 / 8)
        most = max(exact, hashed, key=lambda verdict: verdict.states)
        if mode == "clean":  # what is true of some states is no promise
            (self._folder / "learned").unlink(missing_ok=True)
        return Verdict(exact.found | hashed.found, most.states, most.transitions, whole=False,
                       hashed=True, rows=exact.rows | hashed.rows)

    def _verify(self, mode: str, name: str, flag: str, slots: float) -> Verdict:
        """One search: a quarter of the memory for the stack, at most a quarter for the table, whose
        slots have so many bytes."""
        fast = "-O1" if self._large else "-O0"
        pan = self._built(name + fast, fast, f"-DMEMLIM={self._memory}", flag)
        quarter = self._memory * 1_000_000 // 4
        table = int(quarter / slots).bit_length() - 1
        said = self._run([pan, "-E", "-n", f"-m{quarter // FRAME}", f"-w{table}"], ASK=mode,
                         STOP="", ROOM=str(self._memory * 1_000_000))
        states = re.search(r"^\s*(\S+) states, stored", said, re.M)
        moves = re.search(r"^\s*(\S+) transitions", said, re.M)
        if states is None or moves is None:
            raise SpinFailed("the verifier gave no count of states; it may need more memory")
        if float(states[1]) == 0:
            raise SpinFailed(f"the verifier did not start with {self._memory} MB; this machine "
                             f"may have less (--memory)")
        whole = not any(words in said for words in LIMITS)
        rows = frozenset((int(n), int(outcome))
                         for n, outcome in re.findall(r"^ROW (\d+) (\d)$", said, re.M))
        found = frozenset(re.findall(r"^FOUND (\w+)$", said, re.M))
        # where the search breaks off, a way out may not have been seen yet
        if mode == "strand" and not whole:
            found = frozenset()
        if mode == "clean":  # the first run, and the smallest
            self._large = self._large or float(states[1]) > LARGE
        return Verdict(found, int(float(states[1])), int(float(moves[1])), whole, name == "hashed",
                       rows)

    def trail(self, mode: str, id_: str) -> list[TrailStep]:
        """A short way to a finding."""
        mode = "every" if mode == "strand" else mode
        pan = self._built("trail", "-O0", "-DREACH")
        self._run([pan, "-E", "-i", "-m20000", "-w22"], ASK=mode, STOP=id_)
        said = self._run([pan, "-r", "-n"], ASK=mode, STOP=id_)
        steps: list[TrailStep] = []
        calls: list[tuple[str, str, bool]] = []
        for line in said.splitlines():
            words = line.split()
            if words[:1] == ["CALL"] and len(words) == 4:
                calls.append((words[1], words[2], words[3] == "1"))
            elif words[:1] == ["STEP"] and len(words) >= 3:
                levels = tuple((int(k), int(v)) for k, v in (word.split("/") for word in words[3:]))
                steps.append(TrailStep(words[1], int(words[2]), levels, tuple(calls)))
                calls = []
        return steps

    def learned(self) -> Learned:
        """What the run in which no call fails has learned."""
        file = self._folder / "learned"
        lines = ([line.split() for line in file.read_text(encoding="utf-8").splitlines()]
                 if file.exists() else [])
        return Learned({(op, name, int(kind), state): int(mask)
                        for what, op, name, kind, state, mask in lines if what == "state"},
                       {(op, name, int(kind)): int(mask) for what, op, name, kind, _, mask in lines
                        if what == "all"},
                       frozenset((name, int(kind), state)
                                 for what, _, name, kind, state, _ in lines if what == "usual"))

    def _built(self, name: str, *flags: str) -> str:
        if not (self._folder / name).exists():
            self._run(["gcc", "-w", "-DSAFETY", *flags, "-o", name, "pan.c"])
        return f"./{name}"

    def _run(self, command: list[str], **environment: str) -> str:
        try:
            done = subprocess.run(command, cwd=self._folder, env={**os.environ, **environment},
                                  capture_output=True, text=True, check=False)
        except OSError as error:
            raise SpinFailed(f"cannot run {command[0]}: {error.strerror}") from None
        if done.returncode != 0 and not command[0].startswith("./"):
            raise SpinFailed(f"{command[0]} gives status {done.returncode}: "
                             f"{' '.join((done.stderr or done.stdout).split())[:200]}")
        return done.stdout


# Back to a script of ours


def _found(manager: Manager, root: str, valuation: Valuation, bounds: Bounds, id_: str,
           trail: list[TrailStep], learned: Learned) -> Found:
    manager = valuation.applied(manager)
    stepper = Stepper(manager, root, dict(valuation.options), valuation.without, bounds,
                      Reduced(one_root=False, symmetric=False))
    promises, kept = Promises(stepper), Kept(stepper, Future(stepper))
    promises.know(learned.by_state, learned.in_all)
    kept.know(learned.usual)
    local = stepper.start()
    requests: list[Request] = []
    fault: Fault | None = None
    for step in trail:
        change = _play(stepper, local, step)
        requests.append(Request(change.move, change.way.chosen, False))
        local = stepper.renumber(change.after)
        if id_ == "kept":
            fault = next(kept.judge(change), None)
        elif id_ == "stranded":
            fault, move = _stranded(stepper, local)
            requests += [] if move is None else [Request(move, (), True)]
        else:
            faults = [*judge(stepper, change), *promises.judge(change), *denied(stepper, change)]
            fault = next((one for one in faults if one.id == SHOWN.get(id_, id_)), None)
        if fault is not None:
            return Found(fault, valuation, root, tuple(requests))
    raise NotReplayed("played again, its trail does not lead there")


def _stranded(stepper: Stepper, local: Local) -> tuple[Fault | None, Move | None]:
    """The fault, and the request that shows it."""
    judge_ = Stranded(stepper)
    for who, holder in enumerate(local.holders):
        stuck = judge_.stuck(local, who) if holder is not None else None
        if stuck is not None:
            return stuck
    return None, None


def _play(stepper: Stepper, local: Local, step: TrailStep) -> Change:
    """The change of ours that a line of a trail tells of."""
    for move in stepper.moves(local):
        if _same_move(stepper, local, move, step):
            for change in stepper.changes(local, move):
                if _same_calls(stepper, change.called, step.calls):
                    return change
    raise NotReplayed(f"the built-in search knows no such step as its trail has: {step.op}")


def _same_move(stepper: Stepper, local: Local, move: Move, step: TrailStep) -> bool:
    if move.op.name != step.op or (move.part != "free" and move.who != step.who):
        return False
    config = move.config or stepper.config(local.world, move.path)
    if move.part not in ("gives", "acquires", "free") or not config:
        return True
    for choice, (key, kind) in zip(config, step.levels, strict=True):
        keys = list(dict.fromkeys(c.key for c in stepper.choices[choice.resource]))
        if (keys[key] != choice.key or choice.kind != kind
            or choice not in stepper.choices[choice.resource]):
            return False
    return True


def _same_calls(stepper: Stepper, called: tuple[Called, ...],
                trail: tuple[tuple[str, str, bool], ...]) -> bool:
    """Where it makes no difference, the search takes uncertain without effect for failed, and
    without effect what changes nothing."""
    if len(called) != len(trail):
        return False
    for mine, (hook, kind, effect) in zip(called, trail, strict=True):
        of = stepper.effects[mine.hook]
        effect = effect and (kind == "ok" or of.after(mine.before) != mine.before)
        if kind == "uncertain" and not effect and not of.tells:
            kind = FAILED.kind
        if mine.hook != hook or mine.ending.outcome.kind != kind or mine.ending.effect != effect:
            return False
    return True

