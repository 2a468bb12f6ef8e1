"""One search in C: the program runs with a plan, and what it answers becomes a `Searched`."""
from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from berthc.explore.bounds import KILLED, NO_MEMORY, Bounds
from berthc.explore.callers.inputs import Valuation
from berthc.explore.engine import faults
from berthc.explore.engine.build import NoCompiler
from berthc.explore.engine.plan import Beyond, Plan, write
from berthc.explore.engine.script import Numbers, requests
from berthc.explore.meaning import Class, Range, Seen
from berthc.explore.search import Found
from berthc.explore.states.move import REDUCED, Reduced
from berthc.model import Manager

OUTCOMES = ("", "ok", "fail", "uncertain", "rejected", "released", "yes", "no", "unknown")
"""Words for `berth_outcome`."""

Watch = Callable[[int, int], None]


class BrokenRuntime(AssertionError):
    """The runtime did what it never does. That is a fault of Berth, and not of the spec."""


class Flights(NamedTuple):
    """What a search with operations in flight saw. `resting` states lie between operations. If they
    were `compared`, whole operations lead to the same; else it is a `BrokenRuntime`. `most` is of
    operations in flight, and `waiting` of those that wait."""

    states: int
    resting: int
    transitions: int
    most: int
    waiting: int
    complete: bool
    compared: bool


@dataclass
class Searched:
    """What one search saw. The members are those of `berthc.explore.search.Search`."""

    root: str
    valuation: Valuation
    seen: Seen
    found: list[Found] = field(default_factory=list)
    taken: set[tuple[int, str]] = field(default_factory=set)
    behind: set[tuple[int, str]] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    called: set[str] = field(default_factory=set)
    states: int = 0
    transitions: int = 0
    cancelled: int = 0
    memory: int = 0
    complete: bool = True
    limited: bool = False
    cut: bool = False
    out_of_memory: bool = False
    stopped: str = ""  # why it ended by itself
    ended: bool = False  # too early to tell all of `taken`, `asked` and `seen`
    flights: Flights | None = None


class Running:
    """A search that runs in a process of its own."""

    def __init__(self, program: Path, manager: Manager, root: str, valuation: Valuation,
                 bounds: Bounds, reduced: Reduced = REDUCED,
                 wanted: Sequence[tuple[int, int]] = ()) -> None:
        """Raises Beyond and NoCompiler."""
        self._manager = manager
        self._plan: Plan = write(manager, root, valuation, bounds, reduced, wanted)
        try:
            self._process = subprocess.Popen([program], stdin=subprocess.PIPE,
                                             stdout=subprocess.PIPE, text=True, encoding="utf-8")
        except OSError as error:  # made for another machine, or where no program may run
            raise NoCompiler(f"{program}: {error.strerror}") from error
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended already; result() tells
            self._process.stdin.write(self._plan.text)
            self._process.stdin.close()
        self._result = Searched(root, valuation, Seen(self._plan.stepper.shape))

    def end(self) -> Searched:
        """Ends it before it has found everything; what it has told until then."""
        self._process.kill()
        self._process.wait()
        self._result.complete, self._result.ended = False, True
        return self._result

    def result(self, watch: Watch = lambda _states, _waiting: None) -> Searched:
        """Waits for the end. Where the system ends the search, it is in part. Raises Beyond,
        BrokenRuntime and KeyboardInterrupt."""
        assert self._process.stdout is not None
        numbers = Numbers(self._manager)
        done, flying, stopped = False, 0, ""
        for line in self._process.stdout:
            kind, *words = line.split()
            if kind == "progress":
                self._result.states, self._result.transitions = int(words[0]), int(words[2])
                watch(int(words[0]), int(words[1]))
            elif kind == "flying":
                flying = int(words[0])
                watch(flying, int(words[1]))
            elif kind == "broken":
                raise BrokenRuntime(line.partition(" ")[2].strip())
            elif kind == "limit" and words == ["memory"]:
                stopped = NO_MEMORY
            elif kind == "limit":
                raise Beyond(" ".join(words))
            elif kind == "plan":
                raise AssertionError(f"the search in C does not read its plan at {words}")
            elif line.endswith("\n"):  # else it was ended while it told this
                self._take(kind, words, numbers)
                done = done or kind == "done"
        status = self._process.wait()
        if status in (-signal.SIGINT, -signal.SIGTERM):  # it was told first
            raise KeyboardInterrupt
        if status == -signal.SIGKILL:
            stopped = KILLED
        if stopped:
            self._end_early(stopped, done, flying)
        elif status != 0 or not done:
            raise BrokenRuntime(f"the search ends by itself, with {self._process.returncode}")
        return self._result

    def _end_early(self, why: str, done: bool, flying: int) -> None:
        result = self._result
        result.stopped = why
        if done and result.complete:  # it was with operations in flight
            result.flights = Flights(flying, 0, 0, 0, 0, complete=False, compared=False)
        result.complete, result.ended = result.complete and done, not done

    def _take(self, kind: str, words: list[str], numbers: Numbers) -> None:
        result, manager = self._result, self._manager
        if kind == "taken":
            result.taken |= set(_rows(words, numbers))
        elif kind == "behind":
            result.behind |= set(_rows(words, numbers))
        elif kind == "asked":
            result.asked |= {numbers.operation(int(word)).name for word in words}
        elif kind == "called":
            result.called |= {manager.hooks[int(word) - 1].name for word in words}
        elif kind == "seen":
            self._take_seen([int(word) for word in words])
        elif kind == "found":
            self._take_found([int(word) for word in words], numbers)
        elif kind == "flights":
            states, resting, transitions, most, waiting, complete, compared = (
                int(word) for word in words)
            result.flights = Flights(states, resting, transitions, most, waiting, bool(complete),
                                     bool(compared))
        elif kind == "done":
            (result.states, result.transitions, complete, limited, cut, out_of_memory,
             result.cancelled, result.memory) = (int(word) for word in words)
            result.complete, result.limited = bool(complete), bool(limited)
            result.cut, result.out_of_memory = bool(cut), bool(out_of_memory)
        else:
            raise AssertionError(f"the search in C says {kind}")

    def _take_seen(self, words: list[int]) -> None:
        when, resource, state, always, ever, unknown, _levels, *kinds = words
        of, seen, mask = self._manager.resources[resource - 1], self._result.seen, self._plan.mask
        one = Class(of.name, of.states[state - 1].name, tuple(kind - 1 for kind in kinds))
        tables = (seen.every, seen.clean, seen.calling, seen.drained)
        tables[when][one] = Range(mask(always), mask(ever), mask(unknown))

    def _take_found(self, words: list[int], numbers: Numbers) -> None:
        fault, rest = faults.fault(words, numbers, self._plan.mask)
        self._result.found.append(Found(fault, self._result.valuation, self._result.root,
                                        requests(self._plan, numbers, rest)))


def _rows(words: list[str], numbers: Numbers) -> Iterator[tuple[int, str]]:
    for word in words:
        row, outcome = word.split(".")
        yield id(numbers.rows[int(row) - 1]), OUTCOMES[int(outcome)]


__all__ = ["Beyond", "BrokenRuntime", "Running", "Searched"]
