"""The backend's side of one operation: every way in which its calls can end, and what is true
afterwards.

A call ends ok, fails without effect, or stays uncertain, and then it took effect or it did not: the
manager hears the same, the backend differs. Effects are those of hooks that some other hook undoes.

Where an operation finds by a value from the hook, an uncertain call gave it or did not. The latter
stands for an ok call too whose value names another instance: the row takes the same target, there
is the effect, and the value names nothing.
"""
from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from berthc.explore.callers.contract import calls_of
from berthc.model import Manager, Operation
from berthc.semantics import OK, Outcome, Value
from berthc.walk.choices import Choices

K = TypeVar("K", bound=Hashable)

FAILED = Outcome("fail", "EIO")
UNCERTAIN = Outcome("uncertain", "ETIMEDOUT")


class Ending(NamedTuple):
    """How a call ends. `found`: the effect that an answer shows for the first time."""

    outcome: Outcome
    effect: bool
    found: int = 0


ENDS_OK = Ending(OK, True)
SAYS_YES = Ending(Outcome("yes"), False)
SAYS_NO = Ending(Outcome("no"), False)
CANNOT_TELL = Ending(Outcome("unknown", "EIO"), False)
FAILS = Ending(FAILED, False)
DONE_UNCERTAIN = Ending(UNCERTAIN, True)
UNDONE_UNCERTAIN = Ending(UNCERTAIN, False)
UNNAMED = Ending(Outcome("uncertain", "ETIMEDOUT", "zero"), True)


@dataclass(frozen=True)
class Effects:
    """One hook: its own effect and those it undoes, as masks."""

    on: str
    own: int
    undoes: int
    repeatable: bool
    tells: bool  # some row that calls it treats uncertain in another way than failed
    names: bool = False  # some operation finds by a value that it gives
    asks: bool = False
    asked: int = 0  # the effects that it looks for, as far as they are followed
    asks_more: bool = False  # it looks for effects that are not followed

    def after(self, truth: int) -> int:
        return truth & ~self.undoes | self.own


class Called(NamedTuple):
    """One call: the hook, its number among the calls of that hook in the operation, how it ended,
    the truth before and after, and which effects are open before and after it."""

    hook: str
    nth: int
    ending: Ending
    before: int
    after: int
    open_before: int = 0
    open: int = 0


def effects(manager: Manager) -> dict[str, Effects]:
    undone = [name for h in manager.hooks for name in h.undoes]
    bits = {h.name: 1 << n for n, h in enumerate(manager.hooks) if h.name in undone}
    rows = [row for r in manager.resources for s in r.states for row in s.rows
            if row.call is not None]
    tells = {
        row.call
        for row in rows
        if row.uncertain
        and row.fail
        and (row.uncertain.state, row.uncertain.raise_event)
        != (row.fail.state, row.fail.raise_event)
    }
    return {
        h.name: Effects(h.on, bits.get(h.name, 0), sum(bits[u] for u in set(h.undoes)),
                        h.repeatable or bool(h.asks), h.name in tells, bool(manager.naming(h.name)),
                        bool(h.asks), sum(bits.get(a, 0) for a in set(h.asks)),
                        any(a not in bits for a in h.asks))
        for h in manager.hooks
    }


def names(manager: Manager, mask: int) -> list[str]:
    """The hooks whose effects a mask has."""
    return [h.name for n, h in enumerate(manager.hooks) if mask >> n & 1]


def brings(manager: Manager, op: Operation, hooks: Mapping[str, Effects]) -> int:
    """The effects that an operation can bring about by itself."""
    return sum(hooks[name].own for name in calls_of(manager, op))


def answers(of: Effects, truth: int, open_: int, clean: bool) -> list[Ending]:
    """What a hook that asks can say: the truth, as far as it is followed and known; or that it
    cannot tell. Of open effects that are not known to be there, each may be."""
    if of.asked & truth:
        found = [SAYS_YES]
    else:
        mine = of.asked & open_
        bits = [1 << n for n in range(mine.bit_length()) if mine >> n & 1]
        maybe = [Ending(SAYS_YES.outcome, False, bit) for bit in bits]
        found = [*maybe, *([SAYS_YES] if of.asks_more else []), SAYS_NO]
    return found if clean else [*found, CANNOT_TELL]


def still_open(of: Effects, open_: int, ending: Ending) -> int:
    """The effects that are open after a call: those that it neither brought about nor took back,
    and of which it told nothing."""
    if ending.effect:
        return open_ & ~(of.own | of.undoes)
    return open_ & ~(of.asked if ending is SAYS_NO else ending.found)


class Script(Choices):
    """The outcomes of one run, of which the choices are endings."""

    __slots__ = ("effects", "truth", "open", "called", "clean")

    def __init__(self, hooks: Mapping[str, Effects], truth: Mapping[K, int],
                 chosen: tuple[int, ...] = (), clean: bool = False,
                 open_: Mapping[K, int] = MappingProxyType({})) -> None:
        """`truth` by resource, for the instances of the operation's path; likewise `open_`, as in
        Local. `clean`: everything ends ok."""
        super().__init__(chosen)
        self.effects = hooks
        self.truth: dict[Hashable, int] = {at: mask for at, mask in truth.items()}
        self.open: dict[Hashable, int] = {at: mask for at, mask in open_.items()}
        self.called: list[Called] = []
        self.clean = clean

    def __call__(self, hook: str, nth: int, _args: Mapping[str, Value]) -> Outcome:
        of = self.effects[hook]
        return self.end(hook, nth, of.on, self.choose(self.endings(of, of.on)))

    def endings(self, of: Effects, at: Hashable) -> list[Ending]:
        """How a call can end that comes now; `at` is where its truth is kept. The first is the
        good one."""
        before = self.truth.get(at, 0)
        if of.asks:
            return answers(of, before, self.open.get(at, 0), self.clean)
        return [ENDS_OK] if self.clean else self._endings(of, before, self.open.get(at, 0))

    def end(self, hook: str, nth: int, at: Hashable, ending: Ending) -> Outcome:
        """Notes how a call ends."""
        of = self.effects[hook]
        before, open_before = self.truth.get(at, 0), self.open.get(at, 0)
        open_ = still_open(of, open_before, ending)
        after = of.after(before) if ending.effect else before | ending.found
        self.truth[at], self.open[at] = after, open_
        self.called.append(Called(hook, nth, ending, before, after, open_before, open_))
        return ending.outcome

    @staticmethod
    def _endings(of: Effects, before: int, open_: int) -> list[Ending]:
        """Those that can make a difference. Where a row treats both alike, uncertain without effect
        is the same as failed."""
        endings = [ENDS_OK, FAILS]
        if of.names:
            endings += [DONE_UNCERTAIN, UNNAMED]
        elif of.after(before) != before or open_ & (of.own | of.undoes):
            endings.append(DONE_UNCERTAIN)
        if of.tells:
            endings.append(UNDONE_UNCERTAIN)
        return endings

    @property
    def failures(self) -> int:
        return sum(1 for call in self.called if call.ending.outcome.error is not None)
