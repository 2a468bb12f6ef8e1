"""What the author states, as masks of effects: what hooks need, and what is in place in a state
(docs/decisions, 41)."""
from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from berthc.model import Form, Manager


class Made(NamedTuple):
    """What was in effect before `create` made an instance, by the state that it enters."""

    there: int
    maybe: int  # there or not: each is tried
    unsaid: int  # nothing is said of these


NEW = Made(0, 0, 0)


class Stated:
    """The needs and effects of a manager, as masks. Effects of hooks that are left out are not
    expected."""

    def __init__(self, manager: Manager, without: frozenset[str]) -> None:
        bits = {h.name: 1 << n for n, h in enumerate(manager.hooks) if h.name not in without}
        self.needs = {
            h.name: {on: self._mask(bits, (n for n in h.needs if manager.hook(n).on == on))
                     for on in manager.path(h.on)}
            for h in manager.hooks if h.needs}
        self.needing = [(h, sum(self.needs[h.name].values())) for h in manager.hooks if h.needs]
        self.states = {
            (r.name, s.name): (
                self._mask(bits, s.effects),
                self._mask(bits, s.effects) | self._mask(bits, s.maybe),
            )
            for r in manager.resources
            for s in r.states
            if s.effects is not None
        }
        undone = {name for h in manager.hooks for name in h.undoes}
        self.made: dict[tuple[str, str], Made] = {}
        for op in manager.operations:
            if op.form is Form.CREATE and op.enter is not None:
                one = (op.target, op.enter)
                always, allowed = self.states.get(one, (0, 0))
                every = self._mask(bits, (h.name for h in manager.hooks
                                          if h.on == op.target and h.name in undone))
                unsaid = 0 if one in self.states else every
                self.made[one] = Made(always, allowed & ~always, unsaid)

    @staticmethod
    def _mask(bits: dict[str, int], hooks: Iterable[str]) -> int:
        return sum(bits.get(h, 0) for h in hooks)
