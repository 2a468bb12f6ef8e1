"""Drains that break what the author states, one instance at a time."""
from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import NamedTuple

from berthc.explore.findings.fault import Fault
from berthc.explore.findings.stated import may_lose, missing, misstated, relied_on, unsaid
from berthc.explore.states.drain import DRAIN, OPERATION, Drained, alone, change_of, drain, fails
from berthc.explore.states.backend import Called
from berthc.explore.states.dying import Dying
from berthc.explore.states.local import Local
from berthc.explore.states.move import Move
from berthc.explore.states.step import Stepper, rows_with_calls
from berthc.semantics.result import Taken
from berthc.semantics.world import tracked

Drain = tuple[Move, tuple[int, ...]]
"""A drain: what is asked, and the endings of the calls."""


class Judged(NamedTuple):
    """A fault of the last of some drains, one after the other; `origin` is the state's number."""

    origin: int
    fault: Fault
    drains: tuple[Drain, ...]


def judge_death(stepper: Stepper, dying: Dying) -> Iterator[Fault]:
    """Faults of a drain in which the process dies: calls without what they need, and instances with
    other effects than their state says."""
    change = dying.change
    rows = rows_with_calls(stepper, change.result)
    for id_ in dict.fromkeys(dying.at):
        yield from _needs(stepper, change.before, id_,
                          [(call, taken) for call, taken, at
                           in zip(change.called, rows, dying.at, strict=True) if at == id_])
    if not change.after.world.locked:
        yield from misstated(stepper, change)


class _Left(NamedTuple):
    """An instance that drain comes to next, with those above it and nothing else."""

    origin: int
    local: Local
    id: int
    most: int | None  # calls that may still fail
    drains: tuple[Drain, ...]


class _State(NamedTuple):
    """A state of which the instances are judged that drain comes to after so many drains. Before,
    calls at those below them fail, and they are left alone."""

    origin: int
    local: Local
    most: int | None  # calls that may fail
    drains: int = 0


class Drains:
    """Looks for calls of drain without what they need, and for states that a drain leaves with
    other effects than they say."""

    def __init__(self, stepper: Stepper, look_at: Callable[[Stepper, Local, int, Drained], None]
                 ) -> None:
        """`look_at` is told of each drain: the state before it, and the number of the instance."""
        self._stepper = stepper
        self._look_at = look_at
        # By situation: how many more drains it takes to come to those above. 0: some ending of the
        # calls there ends the instance, and its drop ends ok; 1: only if it fails.
        self._until_above: dict[Hashable, float] = {}
        self._left: deque[_Left | _State] = deque()  # in the order of their number of drains

    def judge(self, origin: int, local: Local, most: int | None) -> Iterator[Judged]:
        """Faults of a drain in this state, in which at most so many calls fail."""
        stated = self._stepper.stated
        if not (stated.needs or stated.states or self._stepper.bounds.crash):
            return
        yield from self._judge(_State(origin, local, most))

    def again(self) -> Iterator[Judged]:
        """Faults of drains of what drains have left, in the order of their number. For when all
        states have been judged, so that what one drain shows is shown by one."""
        while self._left:
            left = self._left.popleft()
            if isinstance(left, _State):
                yield from self._judge(left)
                continue
            situation = (self._stepper.shape.situations(left.local)[left.id], left.most)
            if situation not in self._until_above:
                yield from self._at(left, situation)

    def _judge(self, state: _State) -> Iterator[Judged]:
        local, tree = state.local, tracked(state.local.world)
        drains: dict[int | None, float] = {}  # before the one that comes to an instance
        waits = False
        situations = self._stepper.shape.situations(local)
        for id_, one in reversed(situations.items()):  # what is below comes first
            situation, above = (one, state.most), drains.get(id_, 0)
            if above <= state.drains and situation not in self._until_above:
                apart = alone(local, tree.path(tree.items[id_]))
                before = ((_move(id_), ()),) * state.drains
                yield from self._at(_Left(state.origin, apart, id_, state.most, before), situation)
            if situation in self._until_above:
                above += self._until_above[situation]
            else:
                waits |= above < math.inf
            parent = tree.items[id_].parent
            drains[parent] = max(drains.get(parent, 0), above)
        if waits:
            self._left.append(state._replace(drains=state.drains + 1))

    def _at(self, left: _Left, situation: Hashable) -> Iterator[Judged]:
        """Every ending of the calls at the last instance of a path."""
        id_, move = left.id, _move(left.id)
        self._until_above[situation] = math.inf
        chosen: tuple[int, ...] | None = ()
        while chosen is not None:
            done = drain(self._stepper, left.local, id_, chosen)
            if left.most is None or done.script.failures <= left.most:
                if self._stepper.bounds.crash:
                    self._look_at(self._stepper, left.local, id_, done)
                drains = (*left.drains, (move, chosen))
                change = change_of(left.local, move, done)
                rows = rows_with_calls(self._stepper, done.result)
                found = [*_needs(self._stepper, left.local, id_,
                                 zip(done.script.called, rows, strict=True)),
                         *misstated(self._stepper, change)]
                yield from (Judged(left.origin, fault, drains) for fault in found)
                self._go_on(left, situation, done, drains, wrong=bool(found))
            chosen = done.script.following()

    def _go_on(self, left: _Left, situation: Hashable, done: Drained, drains: tuple[Drain, ...],
               wrong: bool) -> None:
        """Notes whether the instance has ended, and else comes again to it, unless what is left is
        `wrong`. No parent is judged behind a child that only several drains end: where the parent
        has an effect, that is a leak."""
        state = tracked(done.after.world)
        if left.id not in state.items:
            of = tracked(left.local.world).items[left.id].resource
            self._until_above[situation] = min(self._until_above[situation], fails(done, of))
        elif not wrong:
            most = None if left.most is None else left.most - done.script.failures
            local = alone(done.after, state.path(state.items[left.id]))
            self._left.append(_Left(left.origin, local, left.id, most, drains))


def _needs(stepper: Stepper, local: Local, id_: int,
           calls: Iterable[tuple[Called, Taken]]) -> Iterator[Fault]:
    """Of the calls at an instance, below which nothing is any more."""
    path = tracked(local.world).path(tracked(local.world).items[id_])
    truth, open_ = ({item.resource: some.get(item.id, 0) for item in path}
                    for some in (local.truth, local.open))
    states = {item.resource: item.state for item in path}
    for call, taken in calls:
        if taken.resource != path[-1].resource:
            return  # what is above has its own turn
        maybe = unsaid(stepper, states, open_)
        yield from missing(stepper, call, taken, truth, maybe)
        lost = may_lose(stepper, call)
        yield from relied_on(stepper, call, taken, lost, (call.after,)) if lost else ()
        truth[taken.resource], open_[taken.resource] = call.after, call.open


def _move(id_: int) -> Move:
    return Move(0, DRAIN, OPERATION, path=(id_,))
