"""Drains that break what the author states, one instance at a time."""
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from typing import NamedTuple

from berthc.explore.findings.fault import Fault
from berthc.explore.findings.stated import may_lose, missing, misstated, relied_on, unsaid
from berthc.explore.states.drain import DRAIN, OPERATION, Drained, alone, change_of, drain
from berthc.explore.states.local import Local
from berthc.explore.states.move import Move
from berthc.explore.states.step import Stepper, rows_with_calls
from berthc.semantics.world import tracked

Drain = tuple[Move, tuple[int, ...]]
"""A drain: what is asked, and the endings of the calls."""


class Judged(NamedTuple):
    """A fault of the last of some drains, one after the other; `origin` is the state's number."""

    origin: int
    fault: Fault
    drains: tuple[Drain, ...]


class _Left(NamedTuple):
    """An instance that some drains have left, with those above it and nothing else."""

    origin: int
    local: Local
    id: int
    most: int | None  # calls that may still fail
    drains: tuple[Drain, ...]


class Drains:
    """Looks for calls of drain without what they need, and for states that a drain leaves with
    other effects than they say."""

    def __init__(self, stepper: Stepper, look_at: Callable[[Stepper, Local, int, Drained], None]
                 ) -> None:
        """`look_at` is told of each drain: the state before it, and the number of the instance."""
        self._stepper = stepper
        self._look_at = look_at
        # Does some ending of the calls there end the instance? So drain may come to what is above.
        self._ends: dict[Hashable, bool] = {}
        self._left: deque[_Left] = deque()

    def judge(self, origin: int, local: Local, most: int | None) -> Iterator[Judged]:
        """Faults of a drain in this state, in which at most so many calls fail."""
        stated = self._stepper.stated
        if not (stated.needs or stated.states or self._stepper.bounds.crash):
            return
        items = tracked(local.world).items
        situations = {id_: (situation, most)
                      for id_, situation in self._stepper.shape.situations(local).items()}
        stays = set[int | None]()  # has something below it that no drain ends
        for id_, situation in reversed(situations.items()):  # what is below comes first
            if id_ not in stays and situation not in self._ends:
                path = tracked(local.world).path(items[id_])
                yield from self._at(_Left(origin, alone(local, path), id_, most, ()), situation)
            if id_ in stays or not self._ends[situation]:
                stays.add(items[id_].parent)

    def again(self) -> Iterator[Judged]:
        """Faults of drains that come again to what drains have left, in the order of their number.
        For when all states have been judged, so that what one drain shows is shown by one."""
        while self._left:
            left = self._left.popleft()
            situation = (self._stepper.shape.situations(left.local)[left.id], left.most)
            if situation not in self._ends:
                yield from self._at(left, situation)

    def _at(self, left: _Left, situation: Hashable) -> Iterator[Judged]:
        """Every ending of the calls at the last instance of a path."""
        move = Move(0, DRAIN, OPERATION, path=(left.id,))
        self._ends[situation] = False
        chosen: tuple[int, ...] | None = ()
        while chosen is not None:
            done = drain(self._stepper, left.local, left.id, chosen)
            if left.most is None or done.script.failures <= left.most:
                if self._stepper.bounds.crash:
                    self._look_at(self._stepper, left.local, left.id, done)
                drains = (*left.drains, (move, chosen))
                change = change_of(left.local, move, done)
                found = [*self._needs(left.local, left.id, done),
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
            self._ends[situation] = True
        elif not wrong:
            most = None if left.most is None else left.most - done.script.failures
            local = alone(done.after, state.path(state.items[left.id]))
            self._left.append(_Left(left.origin, local, left.id, most, drains))

    def _needs(self, alone: Local, id_: int, done: Drained) -> Iterator[Fault]:
        path = tracked(alone.world).path(tracked(alone.world).items[id_])
        truth, open_ = ({item.resource: some.get(item.id, 0) for item in path}
                        for some in (alone.truth, alone.open))
        states = {item.resource: item.state for item in path}
        rows = rows_with_calls(self._stepper, done.result)
        for call, taken in zip(done.script.called, rows, strict=True):
            if taken.resource != path[-1].resource:
                return  # what is above has its own turn
            maybe = unsaid(self._stepper, states, open_)
            yield from missing(self._stepper, call, taken, truth, maybe)
            lost = may_lose(self._stepper, call)
            yield from relied_on(self._stepper, call, taken, lost, (call.after,)) if lost else ()
            truth[taken.resource], open_[taken.resource] = call.after, call.open
