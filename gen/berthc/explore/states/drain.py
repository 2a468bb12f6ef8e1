"""What drain does: with a backend that works, and at one instance with every ending of its calls.

Drain comes to an instance when all that was below it has ended. So what it does there depends on
that instance and those above it alone. One instance at a time has all endings of its calls; at the
others every call ends ok. Whether drain can come to an instance is seen below it: each instance
there has an ending that ends it. If its drop fails then, drain leaves those above alone, and the
next drain comes to them.
"""
from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import NamedTuple

from berthc.explore.states.backend import Script
from berthc.explore.states.death import settle
from berthc.explore.states.local import Holder, Local
from berthc.explore.states.runs import Answer, Way
from berthc.explore.states.move import Move
from berthc.explore.states.step import Change, Stepper
from berthc.model import NOWHERE, Form, Operation
from berthc.semantics import GOOD, Fate, Outcome, Result, Value, World
from berthc.semantics.state import Item
from berthc.semantics.world import tracked

DRAIN = "drain"
"""The part and the operation of a move that drains; no operation of a spec has the name."""

OPERATION = Operation(DRAIN, "", NOWHERE, Form.FIND, ())
_ERRORS = ("fail", "uncertain", "unknown", "rejected")  # outcomes
_WHICH = ""
EVERY = -1  # instance


class Drained(NamedTuple):
    """What a drain did."""

    result: Result
    script: _Script
    after: Local


class _Script(Script):
    """Every call ends ok but those at one instance (or, with EVERY, all of them), and those below
    it, which end as `below` says by instance."""

    __slots__ = ("_below", "_free", "at")

    def __init__(self, stepper: Stepper, local: Local, free: int | None,
                 chosen: tuple[int, ...], below: Mapping[int, tuple[int, ...]]) -> None:
        super().__init__(stepper.effects, local.truth, chosen, open_=local.open)
        self._free = free
        self._below = {id_: iter(endings) for id_, endings in below.items()}
        self.at: list[int] = []  # by call: its instance

    def __call__(self, hook: str, nth: int, args: Mapping[str, Value]) -> Outcome:
        of, id_ = self.effects[hook], args[_WHICH]
        assert isinstance(id_, int)
        self.at.append(id_)
        possible = self.endings(of, id_)
        if self._free in (id_, EVERY):
            return self.end(hook, nth, id_, self.choose(possible))
        return self.end(hook, nth, id_, possible[next(self._below.get(id_, iter(())), 0)])


def drain(stepper: Stepper, local: Local, free: int | None = None,
          chosen: tuple[int, ...] = (), below: bool = True, fate: Fate = GOOD) -> Drained:
    """A drain in which every call ends ok, but those at the instance `free`, whose endings are
    `chosen`, and with `below` those below it, which end it where any ending does. With EVERY,
    `chosen` has the endings of all calls."""
    world = local.world.clone()
    state = tracked(world).copy()
    # Instances below different parents may have equal values. One more value, which no spec can
    # name, tells them apart.
    state.items = {id_: item._replace(values={**item.values, _WHICH: id_})
                   for id_, item in state.items.items()}
    world._state = state  # noqa: SLF001
    endings = (_endings_below(stepper, local, free)
               if below and free is not None and free != EVERY else {})
    script = _Script(stepper, local, free, chosen, endings)
    result = world.drain(script, fate)
    settle(world)
    for some in (tracked(world).items, tracked(world).ended):
        for id_, item in some.items():
            some[id_] = item._replace(values={n: v for n, v in item.values.items() if n != _WHICH})
    return Drained(result, script, what_is_left(world, script, (None,) * len(local.holders)))


def what_is_left(world: World, script: Script, holders: tuple[Holder | None, ...]) -> Local:
    """The state after a drain, and what is there then."""
    truth, open_ = ({id_: mask for id_ in tracked(world).items if (mask := some.get(id_, 0))}
                    for some in (script.truth, script.open))
    return Local(world, holders, truth, open_)


def _endings_below(stepper: Stepper, local: Local, id_: int) -> dict[int, tuple[int, ...]]:
    """For each instance below `id_` the endings of its calls that end it, without a failure if
    there are some."""
    state = tracked(local.world)
    found: dict[int, tuple[int, ...]] = {}
    for item in state.items.values():
        path = state.path(item)
        if item.id == id_ or all(above.id != id_ for above in path):
            continue
        apart = alone(local, path)
        chosen: tuple[int, ...] | None = ()
        while chosen is not None:
            done = drain(stepper, apart, item.id, chosen)
            if item.id not in tracked(done.after.world).items:
                found.setdefault(item.id, chosen)
                if not fails(done, item.resource):  # else what is above is left alone this time
                    found[item.id] = chosen
                    break
            chosen = done.script.following()
    return found


def fails(done: Drained, resource: str) -> bool:
    """Did a drop fail of the one instance of the resource? Then drain left those above it alone."""
    return any(row.resource == resource and row.outcome in _ERRORS for row in done.result.rows)


def drained(stepper: Stepper, local: Local) -> Mapping[Hashable, int]:
    """The truth after a drain in which every call ends ok, by instance, of those too that end."""
    return drain(stepper, local).script.truth


def change(stepper: Stepper, local: Local, move: Move, chosen: tuple[int, ...]) -> Change:
    """What comes of a drain."""
    return change_of(local, move, drain(stepper, local, move.path[0], chosen))


def change_of(local: Local, move: Move, done: Drained) -> Change:
    script, after = done.script, done.after
    answer = Answer(done.result, after.world, move.path, (), frozenset())
    way = Way(script.chosen, tuple(script.called), (), (), script.failures, answer)
    return Change(move, way, local, after, done.result, move.path, {})


def alone(local: Local, path: list[Item]) -> Local:
    """The state with nothing but a path, and nothing below it any more."""
    world = local.world.clone()
    state = tracked(world).copy()
    state.items = {item.id: item._replace(children=int(item is not path[-1]), pins=0)
                   for item in path}
    state.reservations = {}
    world._state = state  # noqa: SLF001
    return Local(world, (), local.truth, local.open)
