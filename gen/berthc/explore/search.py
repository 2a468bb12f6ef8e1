"""Breadth first through everything that can happen to one root, for one valuation.

Every moment is kept once, with the moment, the move and the outcomes by which it was first reached: these chains are the shortest scripts.
A search does not go on behind a fault that nobody accepted, because what follows from it would be told as faults of other rows.
"""
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from typing import NamedTuple

from berthc.explore.alphabet import Valuation
from berthc.explore.backend import Script
from berthc.explore.bounds import Bounds
from berthc.explore.findings import Fault, denied, judge
from berthc.explore.local import Local
from berthc.explore.step import Change, Move, Stepper
from berthc.explore.stranded import Stranded
from berthc.model import Manager

Accepted = Callable[[Fault], bool]


class Request(NamedTuple):
    """One line of a script."""

    move: Move
    chosen: tuple[int, ...]
    clean: bool


class Found(NamedTuple):
    """A fault, with the requests that lead to it and the valuation and root they are for."""

    fault: Fault
    valuation: Valuation
    root: str
    requests: tuple[Request, ...]


class Edge(NamedTuple):
    """For counting: a change between two moments, and how many calls of it did not end ok."""

    source: int
    target: int
    failures: int


class Search:
    """One search. `taken` collects the rows and outcomes that ran; a shared set of `known` faults is told once."""

    def __init__(self, manager: Manager, root: str, valuation: Valuation, bounds: Bounds, accepted: Accepted,
                 keep_edges: bool = False) -> None:
        self.root = root
        self.valuation = valuation
        self.bounds = bounds
        self.accepted = accepted
        self.stepper = Stepper(manager, root, dict(valuation.options), valuation.without, bounds)
        self.found: list[Found] = []
        self.taken: set[tuple[int, str]] = set()
        self.called: set[str] = set()
        self.locals: list[Local] = []
        self.edges: set[Edge] | None = set() if keep_edges else None
        self.transitions = 0
        self.complete = True
        self.cut = False
        self._ids: dict[Hashable, int] = {}
        self._from: list[tuple[int, Request | None]] = []
        self._failures: list[int] = []
        self._told: set[tuple[str, str, int, int]] = set()
        self._stranded = Stranded(self.stepper)

    def run(self) -> None:
        """First with a backend that never fails, for `denied`; then with one that does."""
        self._walk(clean=True)
        self._ids, self._from, self._failures, self.locals, self.transitions = {}, [], [], [], 0
        self._walk(clean=False)

    def _walk(self, clean: bool) -> None:
        queue: deque[int] = deque()
        self._reach(self.stepper.start(), 0, None, 0, queue)
        while queue:
            source = queue.popleft()
            local = self.locals[source]
            if not clean and self._strands(source, local):
                continue
            for move in self.stepper.moves(local):
                self._ask(source, move, clean, queue)
            if len(self.locals) > self.bounds.states:
                self.complete = False
                return

    def _ask(self, source: int, move: Move, clean: bool, queue: deque[int]) -> None:
        local = self.locals[source]
        limit = self.bounds.failures
        for change in self.stepper.changes(local, move, clean):
            failures = self._failures[source] + change.failures
            if limit is not None and failures > limit:
                self.complete = False
                continue
            self.transitions += 1
            request = Request(move, change.script, clean)
            self.taken.update((id(t.row), t.outcome) for t in change.result.rows if t.row is not None)
            self.called.update(call.hook for call in change.called)
            if clean:
                for fault in denied(self.stepper, change):
                    self._tell(fault, source, request)
            stop = False
            for fault in () if clean else judge(self.stepper, change):
                stop = self._tell(fault, source, request) or stop
            if not change.nothing and not stop:
                target = self._reach(change.after, source, request, failures, queue)
                if self.edges is not None:
                    self.edges.add(Edge(source, target, change.failures))

    def _reach(self, local: Local, source: int, request: Request | None, failures: int, queue: deque[int]) -> int:
        key = self.stepper.shape.key(local)
        known = self._ids.get(key)
        if known is None:
            known = self._ids[key] = len(self.locals)
            self.locals.append(local)
            self._from.append((source, request))
            self._failures.append(failures)
            queue.append(known)
        elif failures < self._failures[known] and self.bounds.failures is not None:
            # More may follow when fewer failures are used up. The chain must stay one of moments that follow each other, so it is replaced whole.
            self.locals[known] = local
            self._from[known] = (source, request)
            self._failures[known] = failures
            queue.append(known)
        return known

    def _strands(self, source: int, local: Local) -> bool:
        stop = False
        for who, holder in enumerate(local.holders):
            if holder is not None:
                stuck = self._stranded.stuck(local, who)
                if stuck is not None:
                    fault, move = stuck
                    stop = self._tell(fault, source, None if move is None else Request(move, (), True)) or stop
        return stop

    def _tell(self, fault: Fault, source: int, request: Request | None) -> bool:
        """Notes a fault that is new; whether the search should stop here."""
        key = (fault.id, fault.where, fault.loc.line, fault.loc.column)
        if key not in self._told:
            self._told.add(key)
            requests = self.chain(source)
            self.found.append(Found(fault, self.valuation, self.root, (*requests, request) if request is not None else requests))
        if fault.id == "denied" or self.accepted(fault):
            return False
        self.cut = True
        return True

    def chain(self, source: int) -> tuple[Request, ...]:
        """The requests that lead to a moment."""
        requests: list[Request] = []
        while (step := self._from[source])[1] is not None:
            source, request = step[0], step[1]
            assert request is not None
            requests.append(request)
        return tuple(reversed(requests))

    def drains(self, missing: Callable[[], bool]) -> None:
        """Drains in every moment, with every outcome, as long as rows are missing: for what only drain reaches."""
        for local in self.locals:
            if not missing():
                return
            for rows in _drains(self.stepper, local):
                self.taken.update(rows)


def _drains(stepper: Stepper, local: Local) -> Iterator[set[tuple[int, str]]]:
    chosen: tuple[int, ...] | None = ()
    while chosen is not None:
        script = Script(stepper.effects, {}, chosen)
        result = local.world.clone().drain(script)
        yield {(id(t.row), t.outcome) for t in result.rows if t.row is not None}
        chosen = script.following()


__all__ = ["Change", "Found", "Request", "Search"]
