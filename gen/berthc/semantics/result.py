"""What goes into an operation from the backend's side, and what comes out."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from berthc.model import Row
from berthc.semantics.values import Value


WRITES = ("new", "last", "zero", "nothing")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ends: "ok", or "fail" or "uncertain" with the hook's error. A hook that asks
    answers "yes", "no", or "unknown" with its error.

    `writes` says which out-values the hook writes: "new" ones, those of the "last" call of the hook
    that wrote new ones (zeros before the first), "zero"s, or "nothing".
    """

    kind: str
    error: str | None = None
    writes: str = "new"

    def __post_init__(self) -> None:
        good = self.kind in ("ok", "yes", "no")
        known = good or self.kind in ("fail", "uncertain", "unknown")
        if not known or good != (self.error is None) or self.writes not in WRITES:
            raise ValueError(
                f"no outcome: {self.kind} with error {self.error}, writes {self.writes}")

    def answer(self) -> Outcome:
        """The same from a hook that asks: a backend that lets everything end well says yes, and one
        that fails cannot tell."""
        kind = {"ok": "yes", "fail": "unknown", "uncertain": "unknown"}.get(self.kind, self.kind)
        return Outcome(kind, self.error)


OK = Outcome("ok")

Outcomes = Callable[[str, int, Mapping[str, Value]], Outcome]
"""The backend's script: hook, number of its call within this operation (from 1), what the call is
told."""


def all_ok(_hook: str, _nth: int, _args: Mapping[str, Value]) -> Outcome:
    """A backend that never fails."""
    return OK


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a hook: what it was told (its instance, then its parents where names do not
    clash), and how it ended."""

    hook: str
    outcome: str
    args: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Taken:
    """One event that reached an instance.

    `outcome` is "ok", "fail" or "uncertain" (a row ran; "ok" without a call too), "yes", "no" or
    "unknown" (a row asked), "rejected" (a row, or for want of one the resource's `otherwise`), or
    "released" (S4: somebody else still holds it; no row). `state` is the one before. A call that
    had begun when the process died counts as uncertain or unknown.
    """

    resource: str
    row: Row | None
    outcome: str
    state: str
    event: str


@dataclass(frozen=True, slots=True)
class Result:
    """The answer of an operation. `where` is None exactly when `error` is, `returns` is empty
    unless it is."""

    error: str | None
    where: Mapping[str, str] | None
    returns: Mapping[str, Value] = field(default_factory=dict)
    calls: tuple[Call, ...] = ()
    rows: tuple[Taken, ...] = ()

    @property
    def ok(self) -> bool:
        return self.error is None


@dataclass(frozen=True, slots=True)
class Fault:
    """An error and where it happened."""

    error: str
    where: Mapping[str, str]


class Refused(Exception):
    """The operation cannot go on; for the inside only."""

    def __init__(self, error: str, **where: str) -> None:
        super().__init__(error)
        self.fault = Fault(error, where)
