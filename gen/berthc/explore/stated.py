"""What the author states, as masks of effects: what hooks need, and what is in place in a state
(docs/decisions, 41)."""
from __future__ import annotations

from collections.abc import Iterable

from berthc.model import Form, Manager


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
        # Effects of before `create` are not known while an instance rests where it was made.
        self.found_in = {(o.target, o.enter) for o in manager.operations if o.form is Form.CREATE}
        self.states = {(r.name, s.name): (self._mask(bits, s.effects),
                                          self._mask(bits, s.effects) | self._mask(bits, s.maybe))
                       for r in manager.resources for s in r.states if s.effects is not None}

    @staticmethod
    def _mask(bits: dict[str, int], hooks: Iterable[str]) -> int:
        return sum(bits.get(h, 0) for h in hooks)
