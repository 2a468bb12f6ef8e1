"""What drain does: with a backend that works, and at one instance with every ending of its calls.

Drain comes to an instance when all that was below it has ended. So what it does there depends on
that instance and those above it alone. One instance at a time has all endings of its calls; at the
others every call ends ok. Whether drain can come to an instance is seen below it: each instance
there has an ending that ends it.
"""
from __future__ import annotations

from collections import deque
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
from berthc.semantics.state import Item

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
    """Every call ends ok but those at one instance, and those below it, which end as `below` says
    by instance."""

    __slots__ = ("_below", "_free")

    def __init__(self, stepper: Stepper, local: Local, free: int | None,
                 chosen: tuple[int, ...], below: Mapping[int, tuple[int, ...]]) -> None:
        super().__init__(stepper.effects, local.truth, chosen, open_=local.open)
        self._free = free
        self._below = {id_: iter(endings) for id_, endings in below.items()}

    def __call__(self, hook: str, nth: int, args: Mapping[str, Value]) -> Outcome:
        of, id_ = self.effects[hook], args[_WHICH]
        assert isinstance(id_, int)
        possible = self.endings(of, id_)
        if id_ == self._free:
            return self.end(hook, nth, id_, self.choose(possible))
        return self.end(hook, nth, id_, possible[next(self._below.get(id_, iter(())), 0)])


def drain(stepper: Stepper, local: Local, free: int | None = None,
          chosen: tuple[int, ...] = ()) -> Drained:
    """A drain in which every call ends ok, but those at the instance `free`, whose endings are
    `chosen`, and those below it, which end it where any ending does."""
    world = local.world.clone()
    state = tracked(world).copy()
    # Instances below different parents may have equal values. One more value, which no spec can
    # name, tells them apart.
    state.items = {id_: item._replace(values={**item.values, _WHICH: id_})
                   for id_, item in state.items.items()}
    world._state = state  # noqa: SLF001
    below = {} if free is None else _endings_below(stepper, local, free)
    script = _Script(stepper, local, free, chosen, below)
    result = world.drain(script)
    left = tracked(world).items
    for id_, item in left.items():
        left[id_] = item._replace(values={n: v for n, v in item.values.items() if n != _WHICH})
    truth, open_ = ({id_: mask for id_ in left if (mask := some.get(id_, 0))}
                    for some in (script.truth, script.open))
    return Drained(result, script, Local(world, (None,) * len(local.holders), truth, open_))


def _endings_below(stepper: Stepper, local: Local, id_: int) -> dict[int, tuple[int, ...]]:
    """For each instance below `id_` the endings of its calls that end it."""
    state = tracked(local.world)
    found: dict[int, tuple[int, ...]] = {}
    for item in state.items.values():
        path = state.path(item)
        if item.id == id_ or all(above.id != id_ for above in path):
            continue
        alone = _alone(local, path)
        chosen: tuple[int, ...] | None = ()
        while chosen is not None:
            done = drain(stepper, alone, item.id, chosen)
            if item.id not in tracked(done.after.world).items:
                found[item.id] = chosen
                break
            chosen = done.script.following()
    return found


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


Drain = tuple[Move, tuple[int, ...]]
"""A drain: what is asked, and the endings of the calls."""


class Judged(NamedTuple):
    """A fault of the last of some drains, one after the other; `origin` is the moment's number."""

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

    def __init__(self, stepper: Stepper) -> None:
        self._stepper = stepper
        # Does some ending of the calls there end the instance? So drain may come to what is above.
        self._ends: dict[Hashable, bool] = {}
        self._left: deque[_Left] = deque()

    def judge(self, origin: int, local: Local, most: int | None) -> Iterator[Judged]:
        """Faults of a drain at this moment, in which at most so many calls fail."""
        if not self._stepper.stated.needs and not self._stepper.stated.states:
            return
        items = tracked(local.world).items
        places = {id_: (place, most) for id_, place in self._stepper.shape.places(local).items()}
        stays = set[int | None]()  # has something below it that no drain ends
        for id_, place in reversed(places.items()):  # what is below comes first
            if id_ not in stays and place not in self._ends:
                path = tracked(local.world).path(items[id_])
                yield from self._at(_Left(origin, _alone(local, path), id_, most, ()), place)
            if id_ in stays or not self._ends[place]:
                stays.add(items[id_].parent)

    def again(self) -> Iterator[Judged]:
        """Faults of drains that come again to what drains have left, in the order of their number.
        For when all moments have been judged, so that what one drain shows is shown by one."""
        while self._left:
            left = self._left.popleft()
            place = (self._stepper.shape.places(left.local)[left.id], left.most)
            if place not in self._ends:
                yield from self._at(left, place)

    def _at(self, left: _Left, place: Hashable) -> Iterator[Judged]:
        """Every ending of the calls at the last instance of a path."""
        move = Move(0, DRAIN, OPERATION, path=(left.id,))
        self._ends[place] = False
        chosen: tuple[int, ...] | None = ()
        while chosen is not None:
            done = drain(self._stepper, left.local, left.id, chosen)
            if left.most is None or done.script.failures <= left.most:
                drains = (*left.drains, (move, chosen))
                change_ = _change(left.local, move, done)
                found = [*self._needs(left.local, left.id, done),
                         *misstated(self._stepper, change_)]
                yield from (Judged(left.origin, fault, drains) for fault in found)
                self._go_on(left, place, done, drains, wrong=bool(found))
            chosen = done.script.following()

    def _go_on(self, left: _Left, place: Hashable, done: Drained, drains: tuple[Drain, ...],
               wrong: bool) -> None:
        """Notes whether the instance has ended, and else comes again to it, unless what is left is
        `wrong`. No parent is judged behind a child that only several drains end: where the parent
        has an effect, that is a leak."""
        state = tracked(done.after.world)
        if left.id not in state.items:
            self._ends[place] = True
        elif not wrong:
            most = None if left.most is None else left.most - done.script.failures
            alone = _alone(done.after, state.path(state.items[left.id]))
            self._left.append(_Left(left.origin, alone, left.id, most, drains))

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
