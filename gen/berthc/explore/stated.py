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
        self.states = {(r.name, s.name): (self._mask(bits, s.effects),
                                          self._mask(bits, s.effects) | self._mask(bits, s.maybe))
                       for r in manager.resources for s in r.states if s.effects is not None}
        # What was in effect before `create` made the instance is not known, as long as it rests where it was made and the state does not say.
        entered = {(o.target, o.enter) for o in manager.operations if o.form is Form.CREATE and o.enter is not None}
        self.found_in = {one for one in entered if one not in self.states}
        self.made = {one: self.states[one][0] for one in entered if one in self.states}

    @staticmethod
    def _mask(bits: dict[str, int], hooks: Iterable[str]) -> int:
        return sum(bits.get(h, 0) for h in hooks)
