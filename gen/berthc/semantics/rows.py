"""Rows and the hooks that they call, on a draft of the state.

Methods change only the draft, the calls and the rows. Whether the draft becomes the state is for
the caller to say (S1), who looks at `calls`.
"""
from __future__ import annotations

from collections.abc import Mapping

from berthc.model import Assigned, Row, Type
from berthc.semantics.journal import Fate, Journal
from berthc.semantics.program import BrokenTable, Lookup, Program
from berthc.semantics.result import Call, Fault, Outcomes, Taken
from berthc.semantics.state import Item, State
from berthc.semantics.values import Value, scripted, zero

_LONGEST_CHAIN = 10_000  # rows that raise each other without end would never let go of the root


class Rows:
    """Takes the rows of events, with what they raise."""

    __slots__ = ("program", "state", "outcomes", "calls", "rows", "journal", "owner", "ending",
                 "_nth", "_ended")

    def __init__(self, program: Program, state: State, outcomes: Outcomes,
                 fate: Fate | None = None) -> None:
        """`fate`: of a manager with a store."""
        self.program = program
        self.state = state
        self.outcomes = outcomes
        self.calls: list[Call] = []
        self.rows: list[Taken] = []
        self.journal = None if fate is None else Journal(fate)
        self.owner: str | None = None  # of the references that the caller takes and drops
        self.ending: str | None = None  # the reservation that the operation ends
        self._nth: dict[str, int] = {}
        self._ended: dict[int, Item] = {}  # by this operation, as they were at the end

    def _let_go(self, id_: int, label: str | None, level: int) -> None:
        """The caller's own hold goes, if it has one."""
        if label is not None:
            self.state.unpin(label, level)
            return
        item = self.state.items[id_]
        if self._own(item, label):
            left = tuple(name for name in item.owners if name != self.owner) if item.owners else ()
            self.state.items[id_] = item._replace(anonymous=item.anonymous - 1, owners=left)

    def _own(self, item: Item, label: str | None) -> int:
        """S4: how many of the holds are the caller's own."""
        if label is not None:
            return 1
        return min(item.anonymous, 1) if self.owner is None else self.owner in item.owners

    def _end_if_final(self, id_: int) -> None:
        item = self.state.items[id_]
        if item.state in self.program.resources[item.resource].final:
            self._ended |= {gone.id: gone for gone in self.state.end(item)}

    def _chain(self, id_: int, event: str) -> Fault | None:
        """The event's row and all that it raises; the first error."""
        first: Fault | None = None
        raised: str | None = event
        for _ in range(_LONGEST_CHAIN):
            if raised is None:
                return first
            fault, raised = self._row(self.state.items[id_], raised)
            first = first or fault
        raise BrokenTable(f"{self.state.items[id_].resource} raises events without end")

    def _row(self, item: Item, event: str) -> tuple[Fault | None, str | None]:
        """One row: its error, and the event it raises."""
        resource = self.program.resources[item.resource]
        row = resource.row(item.state, event, self._look(item.resource, item.values, item.parent))
        reject = resource.otherwise if row is None else row.reject
        left_out = row is not None and row.hook in self.program.without
        if row is not None and row.hook is not None and left_out:
            reject = self.program.hooks[row.hook].absent
        if reject is not None:
            self.rows.append(Taken(item.resource, row, "rejected", item.state, event))
            return Fault(reject, _where(item, event)), None
        assert row is not None
        error: str | None = None
        if row.hook is None or left_out and row.call is not None:
            kind = "ok"
        elif left_out:
            kind, error = "unknown", "EOPNOTSUPP"
        else:
            if self.journal is not None:
                self._keep(item, row)
            kind, error, item = self._call(item, row.hook)
        fault = (
            None if error is None else Fault(error, _where(item, event) | {"hook": row.hook or ""})
        )
        self.rows.append(Taken(item.resource, row, kind, item.state, event))
        target = row.target(kind)
        self.state.items[item.id] = item._replace(state=target.state)
        return fault, target.raise_event

    def finish(self) -> None:
        """S13: what has changed since becomes durable. Raises Refused or Died."""
        if self.journal is not None:
            self.journal.end(self.state)

    def _keep(self, item: Item, row: Row) -> None:
        """S13: everything so far becomes durable, and that the hook is being called."""
        assert self.journal is not None
        if self.ending is not None and self.journal.fresh:
            self.state.release(self.ending)
        self.journal.call(self.state, item, row)

    def _call(self, item: Item, hook: str) -> tuple[str, str | None, Item]:
        """Calls the hook: which target follows, the error, and the instance with its values from
        here on."""
        args = self._args(item)
        nth = self._nth[hook] = self._nth.get(hook, 0) + 1
        outcome = self.outcomes(hook, nth, args)
        if self.program.hooks[hook].asks:
            outcome = outcome.answer()
        self.calls.append(Call(hook, outcome.kind, args))
        given = self._written(item, hook, outcome.writes)
        if outcome.kind == "fail" or given is None:
            return outcome.kind, outcome.error, item
        names = {a.name for a in self.program.naming[hook] if a.type is not None
                 and given[a.name] != zero(a.type)}
        taken = {a.name for a in self.program.naming[hook] if a.name in names
                 and self._is_taken(item, a, given[a.name])}
        item = item._replace(values={**item.values, **given},
                             named_by=item.named_by.difference(given) | (names - taken))
        return (("uncertain", "EEXIST", item) if outcome.kind == "ok" and taken
                else (outcome.kind, outcome.error, item))

    def _written(self, item: Item, hook: str, writes: str) -> Mapping[str, Value] | None:
        """The out-values that stand in the hook's struct at the end; None where it has none."""
        outs = [a for a in self.program.resources[item.resource].hook_values if a.hook == hook]
        if not outs:
            return None
        since_new = self.state.hook_calls[hook] = self.state.hook_calls.get(hook, 0) + 1
        zeros = {a.name: zero(a.type) for a in outs if a.type is not None}
        if writes == "new":
            self.state.hook_news[hook] = {
                a.name: self._new_uuid() if a.type is Type.UUID else scripted(a, since_new)
                for a in outs
            }
        if writes in ("new", "last"):
            return self.state.hook_news.get(hook, zeros)
        return zeros if writes == "zero" else {a.name: item.values[a.name] for a in outs}

    def _is_taken(self, item: Item, assigned: Assigned, value: Value) -> bool:
        """Does the value from a hook name another instance?"""
        other = self.state.find_by(item.resource, assigned, {assigned.name: value})
        return other is not None and other.id != item.id

    def _args(self, item: Item) -> dict[str, Value]:
        """What a hook is told: the instance's values, then its parents' where the names do not
        clash."""
        args: dict[str, Value] = {}
        for level in reversed(self.state.path(item)):
            for name, value in level.values.items():
                args.setdefault(name, value)
        return args

    def _look(self, resource: str, values: Mapping[str, Value], parent: int | None) -> Lookup:
        def look(scope: str, name: str) -> Value:
            if scope in ("field", resource):
                return values[name]
            up = parent
            while up is not None:
                item = self.state.items[up]
                if item.resource == scope:
                    return item.values[name]
                up = item.parent
            raise BrokenTable(f"{scope}.{name} is not above {resource}")

        return look

    def _new_uuid(self) -> str:
        label = f"u{self.state.next_uuid}"
        self.state.next_uuid += 1
        return label


def _where(item: Item, event: str) -> dict[str, str]:
    return {"resource": item.resource, "state": item.state, "event": event}
