"""Breadth first through everything that can happen to one root, for one valuation.

Every state is kept once, with the state, the move and the outcomes by which it was first reached:
these chains are the shortest scripts. A search does not go on behind a fault that nobody accepted,
because what follows from it would be told as faults of other rows.
"""
from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from typing import NamedTuple

from berthc.explore.bounds import NO_MEMORY, Bounds, memory_used
from berthc.explore.callers.inputs import Valuation, scarce
from berthc.explore.findings.cancelled import try_uses
from berthc.explore.findings.drains import Drains, judge_death
from berthc.explore.findings import texts
from berthc.explore.findings.fault import Fault
from berthc.explore.findings.judge import Accepted, denied, judge, up_to
from berthc.explore.findings.lookups import Lookups
from berthc.explore.findings.missing_effect import Promises
from berthc.explore.findings.poisoned import Poisoned
from berthc.explore.findings.slots import Full, Kept
from berthc.explore.findings.stated import misstated
from berthc.explore.findings.stranded import Stranded
from berthc.explore.meaning import Seen, adopted
from berthc.explore.states.backend import names
from berthc.explore.states.death import RECOVER
from berthc.explore.states.drain import EVERY, Drained, drain
from berthc.explore.states.dying import deaths
from berthc.explore.states.future import Future, nobody_holds
from berthc.explore.states.local import Local
from berthc.explore.states.move import REDUCED, Move, Reduced
from berthc.explore.states.step import Change, Stepper
from berthc.model import Loc, Manager
from berthc.walk.breadth import Breadth

LOOK_AT_MEMORY = 256
"""States after which a search looks again how much memory there is in use."""

RESERVE = 8 << 20  # bytes, with which the report is made where memory has ended

GONE_ON = ("denied", "ambiguous")
"""Findings behind which a search goes on: neither is a fault of the state that it was found in."""


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


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """A state, and the request by which it was first reached from another."""

    local: Local
    before: Node | None
    request: Request | None
    failures: int

    def chain(self) -> tuple[Request, ...]:
        """The requests that lead here."""
        requests: list[Request] = []
        node: Node | None = self
        while node is not None and node.request is not None:
            requests.append(node.request)
            node = node.before
        return tuple(reversed(requests))


class Edge(NamedTuple):
    """For counting: a change between two states, and how many calls of it did not end ok."""

    source: int
    target: int
    failures: int


class Search:
    """One search. `taken` collects the rows and outcomes that ran; a shared set of `known` faults
    is told once."""

    def __init__(self, manager: Manager, root: str, valuation: Valuation, bounds: Bounds,
                 accepted: Accepted, keep_edges: bool = False, reduced: Reduced = REDUCED) -> None:
        self.root = root
        self.valuation = valuation
        self.bounds = bounds
        self.accepted = accepted
        if scarce(manager, valuation, bounds.keys):  # all roots share the few slots
            reduced = reduced._replace(one_root=False)
        self.stepper = Stepper(valuation.applied(manager), root, dict(valuation.options),
                               valuation.without, bounds, reduced)
        self.found: list[Found] = []
        self.taken: set[tuple[int, str]] = set()
        self.behind: set[tuple[int, str]] = set()  # likewise, after a drain that left something
        self.called: set[str] = set()
        self.asked: set[str] = set()  # operations
        self.nodes: list[Node] = []
        self.edges: set[Edge] | None = set() if keep_edges else None
        self.transitions = 0
        self.cancelled = 0  # uses that were refused because a release had begun
        self.complete = True  # nothing was left out for want of states
        self.limited = False  # something was left out because it has too many failures
        self.cut = False
        # is told how many states were seen, and how many of them wait
        self.watch: Callable[[int, int], None] | None = None
        self.out_of_memory = False
        self.stopped = ""  # why it ended by itself
        self._full = False  # this walk met more states, or needs more memory, than the bounds allow
        self._states: Breadth[int] = Breadth()
        self._reported: set[tuple[str, str, Loc]] = set()
        self._later: list[tuple[Fault, Node, Request]] = []  # told when all drains were judged
        self._stranded = Stranded(self.stepper)
        self._promises = Promises(self.stepper)
        future = Future(self.stepper)
        self._kept = Kept(self.stepper, future)
        self._poisoned = Poisoned(self.stepper, future)
        self._lookups = Lookups(self.stepper)
        self.seen = Seen(self.stepper.shape)
        self._adopted = {r.name: adopted(manager, r) for r in manager.resources}
        self.full = Full(self.stepper)

    @property
    def states(self) -> int:
        """How many states it has seen."""
        return len(self.nodes)

    def run(self) -> None:
        """First with a backend that never fails, for `denied`; then with one that does. Without
        memory it ends in part."""
        reserve = bytearray(RESERVE)
        with suppress(MemoryError):
            self._run()
            return
        del reserve
        self._stop()

    def _stop(self) -> None:
        """There is no memory. What the report does not need goes."""
        self._states, self._later = Breadth(), []
        self.stepper.forget()
        self.seen.forget()
        self.complete, self.stopped = False, NO_MEMORY

    def _run(self) -> None:
        self._walk(clean=True)
        for node in self.nodes:
            self._poisoned.learn(node.local)
        self.nodes, self.transitions = [], 0
        self._walk(clean=False)
        self._drain()
        self.stepper.forget()
        self.seen.forget()

    def _walk(self, clean: bool) -> None:
        self._states = Breadth()
        self._full = False
        self._number(Node(self.stepper.start(), None, None, 0), clean)
        for done, source in enumerate(self._states):
            if self.watch is not None:
                self.watch(len(self.nodes), len(self._states) + 1)
            if done % LOOK_AT_MEMORY == 0:
                self._look_at_memory()
            node = self.nodes[source]
            if not clean and not node.local.world.locked:
                self.cancelled += try_uses(self.stepper, node.local)
                self.full.ask_taken(node.local)
                if self._strands(node) or self._poisons(node):
                    continue
            for move in self.stepper.moves(node.local):
                self._ask(source, move, clean)
            if self.stepper.stored and not clean and not node.local.world.locked:
                self._die_in_drain(source)
            if self._full:
                return

    def _die_in_drain(self, source: int) -> None:
        node, limit = self.nodes[source], self.bounds.failures
        for dying in deaths(self.stepper, node.local):
            change = dying.change
            failures = node.failures + change.way.failures
            if limit is not None and failures > limit:
                self.limited = True
                continue
            self.transitions += 1
            request = Request(change.move, change.way.chosen, False)
            self.taken |= change.way.answer.taken
            self.called.update(call.hook for call in change.called)
            found = list(judge_death(self.stepper, dying))
            # what a whole drain shows is shown by one
            self._later += [(fault, node, request) for fault in found]
            if all(self.accepted(fault) for fault in found):
                self._number(Node(change.after, node, request, failures), False)

    def _drain(self) -> None:
        """Drain in every state. It comes last, so what callers can show is shown by them."""
        drains, limit = Drains(self.stepper, self.seen.look_at_drained), self.bounds.failures
        judged = chain(
            chain.from_iterable(
                drains.judge(number, node.local, None if limit is None else limit - node.failures)
                for number, node in enumerate(self.nodes) if not node.local.world.locked),
            drains.again())
        for origin, fault, some in judged:
            requests = (Request(move, chosen, False) for move, chosen in some)
            self._tell(fault, self.nodes[origin], *requests)
        for fault, node, request in self._later:
            self._tell(fault, node, request)

    def _look_at_memory(self) -> None:
        if self.bounds.memory is not None and memory_used() > self.bounds.memory:
            self.out_of_memory, self._full, self.complete = True, True, False

    def _ask(self, source: int, move: Move, clean: bool) -> None:
        node = self.nodes[source]
        self.asked.add(move.op.name)
        limit = self.bounds.failures
        if not clean and move.part != RECOVER:
            self.full.ask(node.local, move)
        for change in self.stepper.changes(node.local, move, clean):
            failures = node.failures + change.way.failures
            if limit is not None and failures > limit:
                self.limited = True
                continue
            self.transitions += 1
            request = Request(move, change.way.chosen, clean)
            self.taken |= change.way.answer.taken
            self.called.update(call.hook for call in change.called)
            if self.bounds.crash and change.called:
                self.seen.look_at_calls(self.stepper, change)
            if clean:
                self._promises.learn(change)
                self._kept.learn(change)
                for fault in denied(self.stepper, change):
                    self._tell(fault, node, request)
                for fault, moves in self._lookups.judge(node.local, change):
                    self._tell(fault, node, *(Request(one, (), True) for one in moves))
                faults = chain(judge(self.stepper, change, self.accepted),
                             misstated(self.stepper, change))
                stop = not all(self.accepted(fault) for fault in faults)  # the next walk tells it
            else:
                stop = any([self._tell(fault, node, request) for fault in self._judge(change)])
            if not change.nothing and not stop:
                target = self._number(Node(change.after, node, request, failures), clean)
                if self.edges is not None and target is not None:
                    self.edges.add(Edge(source, target, change.way.failures))

    def _judge(self, change: Change) -> Iterator[Fault]:
        if change.after.world.locked:
            return  # until recovery has run, nothing is as it stays
        found = [*judge(self.stepper, change, self.accepted),
                 *up_to(misstated(self.stepper, change), self.accepted)]
        yield from found
        # else an effect is missing for that
        if all(fault.id not in ("needs", "effects") or self.accepted(fault) for fault in found):
            yield from up_to(self._promises.judge(change), self.accepted)
        if all(self.accepted(fault) for fault in found):
            yield from up_to(self._kept.judge(change), self.accepted)

    def _number(self, node: Node, clean: bool) -> int | None:
        """The number of a state, which gets numbers of its own when it is new; None when it is one
        more than the bound allows."""
        key = self.stepper.shape.key(node.local)
        known = self._states.known.get(key)
        if known is None:
            if len(self.nodes) >= self.bounds.states:
                self._full, self.complete = True, False
                return None
            self._states.is_new(key)
            known = len(self.nodes)
            node = self._renumbered(node)
            self.nodes.append(node)
            self._states.wait(known)
            self._means(node, clean)
        elif node.failures < self.nodes[known].failures and self.bounds.failures is not None:
            # more may follow when fewer failures are used up
            self.nodes[known] = self._renumbered(node)
            self._states.wait(known)
        return known

    def _means(self, node: Node, clean: bool) -> None:
        """What is in the backend where instances rest; a fault where that is not one thing while no
        call fails."""
        if node.local.world.locked:
            return
        for one, either in self.seen.look(node.local, clean):
            either &= ~self._adopted[one.resource].get(one.state, 0)
            if clean and either:
                state = self.stepper.manager.resource(one.resource).state(one.state)
                self._tell(Fault("ambiguous", f"{one.resource}.{one.state}", state.loc,
                                 *texts.ambiguous(names(self.stepper.manager, either))), node)

    def _renumbered(self, node: Node) -> Node:
        return replace(node, local=self.stepper.renumber(node.local))

    def _strands(self, node: Node) -> bool:
        stop = False
        for who, holder in enumerate(node.local.holders):
            if holder is not None:
                stuck = self._stranded.stuck(node.local, who)
                if stuck is not None:
                    fault, move = stuck
                    stop = (self._tell(fault, node,
                                       *(() if move is None else (Request(move, (), True),)))
                            or stop)
        return stop

    def _poisons(self, node: Node) -> bool:
        poisoned = self._poisoned.keys(node.local)
        return (poisoned is not None
                and self._tell(poisoned[0], node, Request(poisoned[1], (), True)))

    def _tell(self, fault: Fault, node: Node, *requests: Request) -> bool:
        """Notes a fault that is new; whether the search should stop here."""
        key = (fault.id, fault.where, fault.loc)
        if key not in self._reported:
            self._reported.add(key)
            self.found.append(Found(fault, self.valuation, self.root, node.chain() + requests))
        if fault.id in GONE_ON or self.accepted(fault):
            return False
        self.cut = True
        return True

    def drains(self, missing: Callable[[], bool]) -> None:
        """Drains in every state, with every outcome, as long as rows are missing: for what only
        drain reaches. Of states in which it does the same, one is enough. Then what callers and
        more drains do with what a drain left, which is judged no more: these rows count as
        `behind`. It is in part where memory ends before that."""
        reserve = bytearray(RESERVE)
        with suppress(MemoryError):
            self._drains(missing)
            return
        del reserve
        self._stop()

    def _drains(self, missing: Callable[[], bool]) -> None:
        seen: set[Hashable] = set()
        left: Breadth[Local] = Breadth(self._states.known)

        def drain_at(local: Local, taken: set[tuple[int, str]]) -> None:
            if local.world.locked:  # recover comes first
                return
            tree = self.stepper.shape.tree(local, self.stepper.asked)
            if tree in seen:
                return
            seen.add(tree)
            for done in _drains(self.stepper, local):
                taken |= {(id(t.row), t.outcome) for t in done.result.rows if t.row is not None}
                if nobody_holds(done.after):
                    new(done.after)

        def new(local: Local) -> None:
            key = self.stepper.shape.key(local)
            if len(left.known) < self.bounds.states and left.is_new(key):
                left.wait(self.stepper.renumber(local))

        for node in self.nodes:
            if missing():
                drain_at(node.local, self.taken)
        for local in left:
            if not missing():
                break
            drain_at(local, self.behind)
            for move in self.stepper.moves(local):
                for change in self.stepper.changes(local, move):
                    self.behind |= change.way.answer.taken
                    if not change.nothing:
                        new(change.after)


def _drains(stepper: Stepper, local: Local) -> Iterator[Drained]:
    """A drain with each ending of its calls."""
    chosen: tuple[int, ...] | None = ()
    while chosen is not None:
        done = drain(stepper, local, EVERY, chosen)
        yield done
        chosen = done.script.following()


__all__ = ["Found", "Node", "Request", "Search"]
