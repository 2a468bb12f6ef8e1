"""Resources: their assigned values, states and rows."""
from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from berthc.model.conditions import FormatText, Guard
from berthc.model.values import Field, Loc, Type


class AssignedKind(Enum):
    COUNTER = "counter"
    UUID = "uuid"
    POOL = "pool"
    FORMAT = "format"
    HOOK = "hook"


@dataclass(frozen=True)
class PoolPart:
    """One digit of a slot: `lun` below 64, or `controller` below the value of the option
    `controllers`.

    The first part of a pool is the most significant one. Exactly one of `size` and `option` is set.
    """

    name: str
    loc: Loc
    size: int | None = None
    option: str | None = None
    was: tuple[str, ...] = ()


@dataclass(frozen=True)
class Assigned:
    """A value that the runtime sets.

    counter: `start`; `type` is U64 or STRING (decimal). uuid: `type` is UUID. pool: `parts`, each a
    leaf of its own (see `leaves`). format: `texts`, the last unguarded; `type` is STRING. hook:
    `hook` is "group.name", whose out-value it is; `type` is a bool, integer, UUID or STRING type
    (then `max_length` is set), zero until that hook has given it.
    """

    name: str
    kind: AssignedKind
    type: Type | None
    brief: str
    loc: Loc
    start: int = 0
    parts: tuple[PoolPart, ...] = ()
    texts: tuple[FormatText, ...] = ()
    hook: str | None = None
    max_length: int | None = None
    was: tuple[str, ...] = ()  # not of a pool: its parts have them

    @property
    def leaves(self) -> tuple[str, ...]:
        """Names under which the value appears in views, snapshots and references."""
        return tuple(p.name for p in self.parts) if self.kind is AssignedKind.POOL else (self.name,)


@dataclass(frozen=True)
class Target:
    """Where an outcome leads: the next state (the row's own for `stay`) and an event to raise
    there, or None."""

    state: str
    raise_event: str | None
    loc: Loc
    stay: bool = False  # the author wrote `stay`


@dataclass(frozen=True)
class Row:
    """What one state does with one event, where `guard` holds (None: always; the last row of an
    event has none).

    One of four forms: `reject` is an errno name, and nothing happens; `call` names a hook
    ("group.name"), with `ok`, `fail` and `uncertain`; `ask` names a hook that asks, with `yes`,
    `no` and `unknown`; or only `ok` is set.
    """

    state: str
    event: str
    loc: Loc
    guard: Guard | None = None
    call: str | None = None
    ok: Target | None = None
    fail: Target | None = None
    uncertain: Target | None = None  # the `fail` target where the spec leaves it out
    uncertain_given: bool = False  # the spec names it
    reject: str | None = None
    meant: bool = False  # a rejection that is part of the protocol
    ask: str | None = None
    yes: Target | None = None
    no: Target | None = None
    unknown: Target | None = None
    brief: str = ""

    @property
    def hook(self) -> str | None:
        """The hook that the row calls or asks."""
        return self.call or self.ask

    def targets(self) -> tuple[tuple[str, Target], ...]:
        """(outcome, target) of every outcome the row has: of ok, fail, uncertain, or of yes, no,
        unknown."""
        return self._targets

    @cached_property
    def _targets(self) -> tuple[tuple[str, Target], ...]:
        named = (("ok", self.ok), ("fail", self.fail), ("uncertain", self.uncertain),
                 ("yes", self.yes), ("no", self.no), ("unknown", self.unknown))
        return tuple((name, t) for name, t in named if t is not None)

    def target(self, outcome: str) -> Target:
        """Where an outcome of the row leads. Raises KeyError where the row has no such outcome."""
        for name, target in self._targets:
            if name == outcome:
                return target
        raise KeyError(outcome)


class StateKind(Enum):
    NORMAL = "normal"
    FAILURE = "failure"


@dataclass(frozen=True)
class State:
    name: str
    brief: str
    loc: Loc
    final: bool = False
    resident: bool = False
    kind: StateKind | None = None  # as the author says; None: says nothing
    # hooks whose effects are in place here, as the author says; None: says nothing
    effects: tuple[str, ...] | None = None
    maybe: tuple[str, ...] = ()  # hooks whose effects may be in place here, as the author says
    # in the order of the spec; the rows of one event are next to each other
    rows: tuple[Row, ...] = ()
    was: tuple[str, ...] = ()


@dataclass(frozen=True)
class Resource:
    """A type of thing the manager tracks. `parent` is None for a root. `fields` holds the key
    fields too."""

    name: str
    brief: str
    loc: Loc
    parent: str | None
    key: tuple[str, ...]  # names of fields; empty: at most one under its parent
    fields: tuple[Field, ...]
    assigned: tuple[Assigned, ...]
    take: str | None  # event that a new holder fires
    drop: str | None  # event that a holder fires to let go
    initial: str
    states: tuple[State, ...]
    otherwise: str | None = None  # errno name for the holes of the table; None: a hole is an error
    was: tuple[str, ...] = ()
    was_events: tuple[tuple[str, str], ...] = ()  # today's name, an earlier one
    forgets: tuple[str, ...] = ()  # columns of a store that are gone

    def field(self, name: str) -> Field:
        return next(f for f in self.fields if f.name == name)

    def value(self, name: str | None) -> Assigned:
        """The assigned value of that name."""
        return next(a for a in self.assigned if a.name == name)

    def value_with(self, leaf: str) -> Assigned:
        """The assigned value that the leaf is of."""
        return next(a for a in self.assigned if leaf in a.leaves)

    def state(self, name: str) -> State:
        """The state of that name. Raises KeyError where there is none."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, State]:
        return {s.name: s for s in self.states}

    @cached_property
    def events(self) -> tuple[str, ...]:
        """Every event of the resource, in order of first mention: take and drop, then as the rows
        have them."""
        seen = dict.fromkeys(e for e in (self.take, self.drop) if e)
        for state in self.states:
            seen.update(dict.fromkeys(row.event for row in state.rows))
        return tuple(seen)

    def refuses_on_purpose(self, state: str, row: Row | None) -> bool:
        """Is a rejection by the row (None: a hole), in the state, what its author intends? It says
        `meant`, or something has gone wrong in the state."""
        return (row is not None and row.meant) or self.state(state).kind is StateKind.FAILURE

    def rows(self, state: str, event: str) -> tuple[Row, ...]:
        """The rows of one cell in the order they are tried; empty where the table has a hole."""
        return self._cells.get((state, event), ())

    @cached_property
    def _cells(self) -> dict[tuple[str, str], tuple[Row, ...]]:
        cells: dict[tuple[str, str], tuple[Row, ...]] = {}
        for state in self.states:
            for row in state.rows:
                cell = (state.name, row.event)
                cells[cell] = (*cells.get(cell, ()), row)
        return cells
