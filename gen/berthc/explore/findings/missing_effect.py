"""Does a success mean what it says?

While nothing fails, every success of a use, or of an operation that needs no hold, leaves certain
effects in the backend on the instances of its path. A success that leaves less,
after failures, lacks an effect: the caller believes to have what is not there.
"""
from __future__ import annotations

from collections.abc import Iterator

from berthc.explore.callers.contract import asked_of
from berthc.explore.findings import texts
from berthc.explore.findings.fault import Fault
from berthc.explore.states.backend import brings, names
from berthc.explore.states.local import Local
from berthc.explore.states.step import Change, Stepper
from berthc.model import Loc
from berthc.semantics.state import Item
from berthc.semantics.world import tracked

_USES = ("uses", "acquires")


class Promises:
    """What successes of uses are seen to leave in the backend while nothing fails."""

    def __init__(self, stepper: Stepper) -> None:
        self._stepper = stepper
        self._asked = {op.name: asked_of(stepper.manager, op) for op in stepper.contract.free}
        # Where a state was never seen while nothing fails, a free operation promises no more than
        # it brings about by itself.
        self._brings = {op.name: brings(stepper.manager, op, stepper.effects)
                        for op in stepper.contract.free}
        # operation, resource, kind of instance, state it is left in
        self._by_state: dict[tuple[str, str, int, str], int] = {}
        self._in_all: dict[tuple[str, str, int],
                           # leaving out states in which an instance is made for good, such as a
                           # root disk's
                           int] = {}

    def learn(self, change: Change) -> None:
        """Looks at a change of the search in which every call ends ok."""
        for item in self._items(change):
            truth = _may_be(change.after, item)
            key = self._key(change, item)
            state = (*key, item.state)
            self._by_state[state] = self._by_state.get(state, truth) & truth
            if not self._stepper.manager.resource(item.resource).state(item.state).resident:
                self._in_all[key] = self._in_all.get(key, truth) & truth

    def judge(self, change: Change) -> Iterator[Fault]:
        """Looks at a change of the search in which calls fail."""
        for item in self._items(change):
            key = self._key(change, item)
            promised = self._by_state.get(
                (*key, item.state),
                self._in_all.get(key, 0) & self._brings.get(change.move.op.name, -1),
            )
            stated = self._stepper.stated.states.get((item.resource, item.state))
            if stated is not None:
                # What a state says is promised. It takes nothing back from one who asked to use it.
                promised = stated[0] if change.move.part == "free" else promised | stated[0]
            missing = promised & ~_may_be(change.after, item)
            if missing:
                where, loc = self._blame(change, item)
                yield Fault("missing-effect", where, loc,
                            *texts.missing_effect(change.move.op.name,
                                                 names(self._stepper.manager, missing)))

    def _key(self, change: Change, item: Item) -> tuple[str, str, int]:
        return change.move.op.name, item.resource, self._stepper.shape.kind(
            item.resource, item.values)

    def _items(self, change: Change) -> list[Item]:
        if change.result.error is not None or change.move.part not in (*_USES, "free"):
            return []
        there = tracked(change.after.world).items
        left = [there[id_] for id_ in change.levels if id_ is not None and id_ in there]
        return (left if change.move.part != "free"
                else [item for item in left if item.resource in self._asked[change.move.op.name]])

    @staticmethod
    def _blame(change: Change, item: Item) -> tuple[str, Loc]:
        for taken in change.result.rows:
            if taken.resource == item.resource and taken.row is not None:
                return f"{item.resource}.{taken.row.state}.{taken.row.event}", taken.row.loc
        return f"{item.resource}.{item.state}", change.move.op.loc


def _may_be(local: Local, item: Item) -> int:
    """The effects that are there, and those of which nobody knows."""
    return local.truth.get(item.id, 0) | local.open.get(item.id, 0)
