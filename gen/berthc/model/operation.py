"""Operations: their forms, steps and refusals."""
from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from berthc.model.conditions import Guard, Ref
from berthc.model.values import Loc


@dataclass(frozen=True)
class Step:
    """Fire `event` at the instance of `resource` on the operation's path."""

    resource: str
    event: str
    loc: Loc


@dataclass(frozen=True)
class Deny:
    """Policy: refuse the operation with `error` before anything else. `guard` uses options and
    given fields."""

    guard: Guard
    error: str
    brief: str
    loc: Loc

    @property
    def rule(self) -> str:
        """What errors name it by: its brief, or its condition."""
        return self.brief.rstrip(".") or self.guard.text


class Form(Enum):
    """How an operation gets at its instances."""

    OBTAIN = "obtain"  # find or make each level of the path
    CREATE = "create"  # make one; the levels above it must exist
    FIND = "find"  # find, by keys or by an assigned value
    WITH = "with"  # the path that a reservation pins


@dataclass(frozen=True)
class Operation:
    """A function of the public API.

    `path` runs from the root to the resource the operation is about, with nothing left out. The
    caller gives the fields of every level for OBTAIN and CREATE; for FIND without `by` only the key
    fields of every level count; FIND with `by` and WITH take none.
    """

    name: str
    brief: str
    loc: Loc
    form: Form
    path: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    returns: tuple[Ref, ...] = ()  # leaves of assigned values of resources on the path
    deny: tuple[Deny, ...] = ()
    gives: bool = False  # OBTAIN only, then without steps: the caller gets a reservation
    ends: bool = False  # WITH only: the reservation is gone once every step ended ok
    # FIND only: an assigned value (no format and no bool) of the last resource on the path
    by: str | None = None
    absent_ok: bool = False  # FIND only: finding nothing is success
    at: str | None = None  # CREATE only: the pool whose slot the caller names
    enter: str | None = None  # CREATE only: the state it is made in

    @property
    def target(self) -> str:
        return self.path[-1]

    @property
    def returns_several(self) -> bool:
        """Does it return more than one value? Then they come out together."""
        return len(self.returns) > 1
