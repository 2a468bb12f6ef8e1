"""Recovery: what the calls raise whose ends a crash has hidden (S13)."""
from __future__ import annotations

from berthc.semantics.result import Call, Fault, Refused
from berthc.semantics.rows import Rows


class Recovery(Rows):
    """One recovery, while it runs."""

    __slots__ = ()

    def recover(self) -> Fault | None:
        """Settles, and then runs what waits for it, root by root; the first error. Where nothing is
        raised, the root only waits until that has ended ok."""
        first = self._settle()
        if first is not None:
            return first
        for root, (id_, event) in sorted(self.state.raised.items()):
            fault = self._recover(root, id_, event)
            first = first or fault
        return first

    def _settle(self) -> Fault | None:
        store = self.program.manager.store
        if store is None or store.settle is None:
            return None
        outcome = self.outcomes(store.settle, 1, {})
        self.calls.append(Call(store.settle, outcome.kind, {}))
        return None if outcome.error is None else Fault(outcome.error, {"hook": store.settle})

    def _recover(self, root: int, id_: int, event: str | None) -> Fault | None:
        """One root. It stays locked where its first commit fails."""
        assert self.journal is not None
        before = self.state.copy()
        self.journal.begin(before)
        self.state.raised = {other: raised for other, raised in self.state.raised.items()
                             if other != root}
        try:
            fault = None if event is None else self._chain(id_, event)
            self._end_if_final(id_)
            self.finish()
        except Refused as refused:
            self.state = before
            return refused.fault
        return fault
