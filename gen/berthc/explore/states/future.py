"""What callers can still bring about, with drain too, if every hook works from now on.

Instances get new numbers in every state, so an instance is followed by its path of keys: its
resource and key, and those of the instances above it. Callers and keys are told apart, because
another instance that is alike has another path.
"""
from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import NamedTuple

from berthc.explore.states.drain import drain
from berthc.explore.states.local import Local, Shape, loses
from berthc.explore.states.step import Change, Stepper
from berthc.model import Form, Operation
from berthc.semantics.state import Item, State
from berthc.semantics.world import tracked
from berthc.walk.breadth import Breadth

KeyPath = tuple[tuple[str, Hashable], ...]


class Seen(NamedTuple):
    """A state, with the one before it; the change that led there, None for the beginning and for a
    drain; and what ended meanwhile, with its truth."""

    local: Local
    before: Local
    change: Change | None
    gone: Mapping[int, int]


def key_path(state: State, id_: int) -> KeyPath:
    return tuple((item.resource, item.key) for item in state.path(state.items[id_]))


def at(state: State, path: KeyPath) -> Item | None:
    """The instance with a path of keys."""
    item: Item | None = None
    for resource, key in path:
        item = state.find(resource, None if item is None else item.id, key)
        if item is None:
            return None
    return item


class Future:
    """The states that follow one, nearest first."""

    def __init__(self, stepper: Stepper) -> None:
        self._stepper = stepper
        self._shape = Shape(stepper.manager, stepper.choices, plain=True)

    def ever(self, local: Local, wanted: Callable[[Seen], bool]) -> bool:
        """Is there a way to what is wanted?"""
        return any(wanted(seen) for seen in self._from(local))

    def _from(self, local: Local) -> Iterator[Seen]:
        states: Breadth[Local] = Breadth()
        first: Local | None = None

        def new(now: Local) -> bool:
            is_new = states.is_new(self._shape.key(now))
            if is_new:
                states.wait(self._stepper.renumber(now))
            return is_new

        new(local)
        yield Seen(local, local, None, {})
        for now in states:
            first = first or now
            done = drain(self._stepper, now)
            # The first drain may leave anonymous references: what was there at the beginning.
            known_callers = nobody_holds(done.after) or (
                now is first and not tracked(done.after.world).reservations)
            if known_callers and new(done.after):
                left = tracked(done.after.world).items
                yield Seen(done.after, now, None,
                           {id_: done.script.truth.get(id_, 0)
                            for id_ in tracked(now.world).items if id_ not in left})
            for move in self._stepper.moves(now):
                change = self._stepper.change(now, move, (), clean=True)
                yield Seen(change.after, now, change, change.gone)
                if not change.nothing and not loses(now, change.after):
                    new(change.after)


def nobody_holds(local: Local) -> bool:
    """Did a drain leave no hold? Else the caller that has it is not known any more."""
    state = tracked(local.world)
    return not state.reservations and not any(item.refs for item in state.items.values())


def ends(path: KeyPath) -> Callable[[Seen], bool]:
    """The instance is gone."""
    return lambda seen: at(tracked(seen.local.world), path) is None


def takes_back(path: KeyPath, mask: int) -> Callable[[Seen], bool]:
    """The effects are gone, in one state or the other each."""
    left = mask

    def wanted(seen: Seen) -> bool:
        nonlocal left
        item = at(tracked(seen.local.world), path)
        if item is not None:
            left &= seen.local.truth.get(item.id, 0)
        else:
            left &= _forgotten(seen, path)
        return not left

    return wanted


def _forgotten(seen: Seen, path: KeyPath) -> int:
    """The effects with which the instance ended."""
    before = at(tracked(seen.before.world), path)
    return -1 if before is None else seen.gone.get(before.id, -1)


def opens(operations: tuple[Operation, ...], path: KeyPath) -> Callable[[Seen], bool]:
    """The instance is gone, or one of the operations comes to it and succeeds."""
    gone = ends(path)

    def wanted(seen: Seen) -> bool:
        change = seen.change
        if gone(seen):
            return True
        if change is None or change.result.error is not None or change.move.op not in operations:
            return False
        item = at(tracked(seen.local.world), path)
        return item is not None and item.id in change.levels

    return wanted


def newcomers(stepper: Stepper, resource: str) -> tuple[Operation, ...]:
    """The operations by which a newcomer comes to an instance: those that give a hold; if there are
    none, those that anybody may call."""
    parts = stepper.contract

    def come(operations: tuple[Operation, ...]) -> tuple[Operation, ...]:
        return tuple(op for op in operations if op.form is Form.OBTAIN and resource in op.path)

    free = tuple(op for op in come(parts.free) if any(s.resource == resource for s in op.steps))
    return come((*parts.gives, *parts.acquires)) or free
