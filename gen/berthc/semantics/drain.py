"""Drain: drops everything, children before their parents."""
from __future__ import annotations

from berthc.semantics.result import Fault, Refused
from berthc.semantics.rows import Rows
from berthc.semantics.state import Item

_MOST_DROPS = 255  # of one instance in one drain, where it has more states


class Drain(Rows):
    """One drain, while it runs."""

    __slots__ = ()

    def drain(self) -> Fault | None:
        """Lets go of everything; the first error."""
        first: Fault | None = None
        for root in list(self.state.children(None)):
            _, fault = self._drain(root.id)
            first = first or fault
        fault = self._end_empty_reservations()
        return first or fault

    def _drain(self, id_: int) -> tuple[bool, Fault | None]:
        """The tree below and then the instance: whether none of its drops failed, and the first
        error."""
        first: Fault | None = None
        clear = True
        for child in list(self.state.children(id_)):
            child_clear, fault = self._drain(child.id)
            clear = clear and child_clear
            first = first or fault
        item = self.state.items[id_]
        drop = self.program.resources[item.resource].spec.drop
        if not clear or item.children or drop is None:
            return clear, first
        for _ in range(min(len(self.program.resources[item.resource].spec.states), _MOST_DROPS)):
            item = self.state.items[id_]
            fault = self._drop(item, drop)
            first = first or fault
            there = self.state.items.get(id_)
            if fault is not None or there is None or there.state == item.state:
                return fault is None, first
        return True, first

    def has_work(self, item: Item) -> bool:
        """Would a drop of the instance, or one that drain does next, call a hook and lead
        elsewhere?"""
        resource = self.program.resources[item.resource].spec
        if resource.drop is None:
            return False
        for _ in resource.states:
            before = self.state.items[item.id].state
            self._chain(item.id, resource.drop)
            now = self.state.items[item.id].state
            if now == before or any(taken.outcome == "rejected" for taken in self.rows):
                return False
            if self.calls:
                return True
            if resource.state(now).final:
                return False
        return False

    def _drop(self, item: Item, event: str) -> Fault | None:
        """One drop for all holders. With a store its commits are its own."""
        if self.journal is None:
            return self._drop_once(item, event)
        before = self.state.copy()
        self.journal.begin(before)
        try:
            fault = self._drop_once(item, event)
            self.finish()
        except Refused as refused:
            self.state = before
            return refused.fault
        return fault

    def _drop_once(self, item: Item, event: str) -> Fault | None:
        calls = len(self.calls)
        fault = self._chain(item.id, event)
        if fault is None:
            self._release_all(item.id)
        elif len(self.calls) == calls:
            self.state.items[item.id] = item  # S1, for each drop by itself
        self._end_if_final(item.id)
        return fault

    def _release_all(self, id_: int) -> None:
        for label, reservation in list(self.state.reservations.items()):
            for level, pinned in enumerate(reservation.path):
                if pinned == id_:
                    self.state.unpin(label, level)
                    if self.journal is not None and self.state.holds_nothing(label):
                        self.state.end_reservation(label)
        self.state.items[id_] = self.state.items[id_]._replace(anonymous=0, owners=())

    def _end_empty_reservations(self) -> Fault | None:
        before = self.state if self.journal is None else self.state.copy()
        if self.journal is not None:
            self.journal.begin(before)
        for label in list(self.state.reservations):
            if self.state.holds_nothing(label):
                self.state.end_reservation(label)
        try:
            self.finish()
        except Refused as refused:
            self.state = before
            return refused.fault
        return None
