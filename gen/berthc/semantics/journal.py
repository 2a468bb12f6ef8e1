"""What a store has of a manager: the commits of one request, and what a crash leaves (S13).

The state of the store is not kept apart. Between requests it is the state of the manager; while one
runs, only the commit at which the process dies needs to be known.
"""
from __future__ import annotations

from dataclasses import dataclass

from berthc.model import Row
from berthc.semantics.program import Program
from berthc.semantics.result import Refused, Taken
from berthc.semantics.state import Item, State

REFUSED = "EIO"  # of a commit that certainly failed
DIED = "EOWNERDEAD"  # of what runs when the process dies


@dataclass(frozen=True, slots=True)
class Fate:
    """What the store does in one request. Commits count from 1.

    `die`: the process dies when so many are durable, and another one is due if it is 0. `refuse`:
    this one certainly fails.
    """

    die: int | None = None
    refuse: int | None = None


GOOD = Fate()


class Died(Exception):
    """The process is dead; `state` is what the store has, with the call that had begun."""

    def __init__(self, state: State, intent: tuple[int, Row] | None) -> None:
        super().__init__()
        self.state = state
        self.intent = intent

    @property
    def begun(self) -> Taken | None:
        """The row of the call that had begun, which counts as uncertain."""
        if self.intent is None:
            return None
        id_, row = self.intent
        outcome = "uncertain" if row.ask is None else "unknown"
        return Taken(self.state.items[id_].resource, row, outcome, row.state, row.event)


class Journal:
    """Counts the commits of a request, of which each part is atomic by itself: an operation, a drop
    of a drain, the recovery of a root."""

    __slots__ = ("_fate", "_commits", "_before", "_durable", "_fresh")

    def __init__(self, fate: Fate) -> None:
        self._fate = fate
        self._commits = 0
        self._fresh = True  # nothing of this part is durable
        self._before: State
        self._durable: Died  # what there is without the commit that is refused

    def begin(self, state: State) -> None:
        """A part begins in this state, which is not changed any more."""
        self._before = state
        self._durable = Died(state, None)
        self._fresh = True

    @property
    def fresh(self) -> bool:
        """Has the part made nothing durable yet?"""
        return self._fresh

    def call(self, state: State, item: Item, row: Row) -> None:
        """The row is about to call its hook. Raises Refused or Died."""
        self._commit(state, (item.id, row))

    def end(self, state: State) -> None:
        """The part ends. Raises Refused or Died."""
        if not self._fresh or _differs(state, self._before):
            self._commit(state, None)

    def forget(self, state: State) -> None:
        """The rows of a discard go, even if there were none. Raises Refused or Died."""
        self._commit(state, None)

    def _commit(self, state: State, intent: tuple[int, Row] | None) -> None:
        self._commits += 1
        fate = self._fate
        if fate.die == 0:
            raise self._durable
        if fate.refuse == self._commits:
            if self._fresh:
                raise Refused(REFUSED)
            raise self._durable
        self._fresh = False
        if fate.die == self._commits:
            raise Died(state, intent)
        if fate.refuse == self._commits + 1:
            self._durable = Died(state.copy(), intent)


def _differs(state: State, before: State) -> bool:
    """Would the rows of a store differ?"""
    return (state.items != before.items or state.reservations != before.reservations
            or state.ended != before.ended or state.counters != before.counters
            or state.raised != before.raised)


def loaded(program: Program, died: Died) -> State:
    """What a manager is that is loaded from the store: the call counts as uncertain. What its row
    raises is left to recover; everything is, if the backend has to settle first."""
    state = died.state.copy()
    begun = died.begun
    if died.intent is None or begun is None:
        return state
    id_, row = died.intent
    item = state.items[id_]
    target = row.target(begun.outcome)
    state.items[id_] = item._replace(state=target.state)
    store = program.manager.store
    if target.raise_event is not None or (store is not None and store.settle is not None):
        state.raised = {**state.raised, state.path(item)[0].id: (id_, target.raise_event)}
    elif target.state in program.resources[item.resource].final:
        state.end(state.items[id_])
    return state
