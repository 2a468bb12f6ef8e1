"""What drain does: with a backend that works, and at one instance with every ending of its calls.

Drain comes to an instance when all that was below it has ended, and none of their drops failed. So
what it does there depends on that instance and those above it alone. One instance at a time has all
endings of its calls; at the others every call ends ok.
"""
from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import NamedTuple

from berthc.explore.backend import Script
from berthc.explore.fault import Fault
from berthc.explore.local import Local, tracked
from berthc.explore.runs import Answer, Way
from berthc.explore.stated_faults import may_lose, missing, misstated, relied_on, unsaid
from berthc.explore.step import Change, Move, Stepper, rows_with_calls
from berthc.model import NOWHERE, Form, Operation
from berthc.semantics import Outcome, Result, Value, World
from berthc.semantics.state import Item, State

DRAIN = "drain"
"""The part and the operation of a move that drains; no operation of a spec has the name."""

OPERATION = Operation(DRAIN, "", NOWHERE, Form.FIND, ())
_WHICH = ""


class Drained(NamedTuple):
    """What a drain did."""

    result: Result
    script: _Script
    after: Local


class _Script(Script):
    """Every call ends ok but those at one instance."""

    __slots__ = ("_free",)

    def __init__(self, stepper: Stepper, local: Local, free: int | None,
                 chosen: tuple[int, ...]) -> None:
        super().__init__(stepper.effects, local.truth, chosen, open_=local.open)
        self._free = free

    def __call__(self, hook: str, nth: int, args: Mapping[str, Value]) -> Outcome:
        of, id_ = self.effects[hook], args[_WHICH]
        possible = self.endings(of, id_)
        return self.end(hook, nth, id_, self.choose(possible) if id_ == self._free else possible[0])


def drain(stepper: Stepper, local: Local, free: int | None = None,
          chosen: tuple[int, ...] = ()) -> Drained:
    """A drain in which every call ends ok, but those at the instance `free`, whose endings are
    `chosen`."""
    world = local.world.clone()
    state = tracked(world).copy()
    # Instances below different parents may have equal values. One more value, which no spec can
    # name, tells them apart.
    state.items = {id_: item._replace(values={**item.values, _WHICH: id_})
                   for id_, item in state.items.items()}
    world._state = state  # noqa: SLF001
    script = _Script(stepper, local, free, chosen)
    result = world.drain(script)
    left = tracked(world).items
    for id_, item in left.items():
        left[id_] = item._replace(values={n: v for n, v in item.values.items() if n != _WHICH})
    truth, open_ = ({id_: mask for id_ in left if (mask := some.get(id_, 0))}
                    for some in (script.truth, script.open))
    return Drained(result, script, Local(world, (None,) * len(local.holders), truth, open_))


def drained(stepper: Stepper, local: Local) -> Mapping[Hashable, int]:
    """The truth after a drain in which every call ends ok, by instance, of those too that end."""
    return drain(stepper, local).script.truth


def change(stepper: Stepper, local: Local, move: Move, chosen: tuple[int, ...]) -> Change:
    """What comes of a drain."""
    return _change(local, move, drain(stepper, local, move.path[0], chosen))


def _change(local: Local, move: Move, done: Drained) -> Change:
    script, after = done.script, done.after
    answer = Answer(done.result, after.world, move.path, (), frozenset())
    way = Way(script.chosen, tuple(script.called), (), (), script.failures, answer)
    return Change(move, way, local, after, done.result, move.path, {})


_Judged = tuple[Fault, Move, tuple[int, ...]]


class Drains:
    """Looks for calls of drain without what they need, and for states that a drain leaves with
    other effects than they say."""

    def __init__(self, stepper: Stepper) -> None:
        self._stepper = stepper
        self._seen: set[Hashable] = set()

    def judge(self, local: Local, most: int | None) -> Iterator[_Judged]:
        """Faults of a drain at this moment, in which at most so many calls fail: with the move, and
        the endings of the calls."""
        if not self._stepper.stated.needs and not self._stepper.stated.states:
            return
        state = tracked(local.world)
        left: State | None = None  # by a drain in which every call ends ok
        for id_, place in self._stepper.shape.places(local).items():
            if (place, most) in self._seen:
                continue
            if state.items[id_].children:
                left = left or tracked(drain(self._stepper, local).after.world)
                if left.items.get(id_, state.items[id_]).children and id_ in left.items:
                    continue  # drain does not come to it
            self._seen.add((place, most))
            yield from self._at(_alone(local, state.path(state.items[id_])), id_, most)

    def _at(self, alone: Local, id_: int, most: int | None) -> Iterator[_Judged]:
        """Every ending of the calls at the last instance of a path."""
        move = Move(0, DRAIN, OPERATION, path=(id_,))
        chosen: tuple[int, ...] | None = ()
        while chosen is not None:
            done = drain(self._stepper, alone, id_, chosen)
            if most is None or done.script.failures <= most:
                yield from ((fault, move, chosen) for fault in self._needs(alone, id_, done))
                left = _change(alone, move, done)
                yield from ((fault, move, chosen) for fault in misstated(self._stepper, left))
            chosen = done.script.following()

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
            lost = may_lose(self._stepper, call, open_[taken.resource])
            yield from relied_on(self._stepper, call, taken, lost, (call.after,)) if lost else ()
            truth[taken.resource], open_[taken.resource] = call.after, call.open


def _alone(local: Local, path: list[Item]) -> Local:
    """The moment with nothing but a path, and nothing below it any more."""
    world = local.world.clone()
    state = tracked(world).copy()
    state.items = {item.id: item._replace(children=int(item is not path[-1]), pins=0)
                   for item in path}
    state.reservations = {}
    world._state = state  # noqa: SLF001
    return Local(world, (), local.truth, local.open)
