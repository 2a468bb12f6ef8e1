"""Is a key refused to everybody for ever, although every hook works from now on, and even after a
drain?

The question is put for every instance that nobody holds. The answer is no if a drain ends the
instance, or if a newcomer gets it. Both depend only on the states and kinds along the path, so
answers are kept.
"""
from __future__ import annotations

from collections.abc import Hashable

from berthc.explore.fault import Fault
from berthc.explore.findings import lacks_hook
from berthc.explore.future import Future, newcomers, opens, place
from berthc.explore.local import Local, tracked
from berthc.explore.step import Change, Move, Stepper
from berthc.semantics.state import Item


class Poisoned:
    def __init__(self, stepper: Stepper, future: Future) -> None:
        self._stepper = stepper
        self._future = future
        self._operations = {r.name: newcomers(stepper, r.name) for r in stepper.manager.resources}
        free = set(stepper.contract.free)
        self._free = {name for name, asks in self._operations.items() if set(asks) <= free}
        self._good: set[Hashable] = set()

    def learn(self, local: Local) -> None:
        """Looks at a moment to which no failure led. If a caller that wants a hold is refused
        there, that is `denied`, or policy."""
        for item in tracked(local.world).items.values():
            if item.resource not in self._free and not (item.refs or item.children):
                self._good.add(self._kind(local, item))

    def keys(self, local: Local) -> tuple[Fault, Move] | None:
        """A fault for the first key that is refused for ever, with the request that shows it."""
        for item in tracked(local.world).items.values():
            if item.refs or item.children or not self._operations[item.resource]:
                continue
            kind = self._kind(local, item)
            if kind in self._good:
                continue
            asked = self._asked(local, item)
            if not asked:
                continue  # nobody may ask now
            refused = next((change for change in asked if change.result.error is not None), None)
            wanted = opens(self._operations[item.resource], place(tracked(local.world), item.id))
            taken = any(change.result.ok for change in asked)
            if refused is None or taken or self._future.ever(local, wanted):
                self._good.add(kind)
            else:
                return self._fault(refused, item), refused.move
        return None

    def _kind(self, local: Local, item: Item) -> Hashable:
        kind = self._stepper.shape.kind
        path = tracked(local.world).path(item)
        return tuple((up.resource, kind(up.resource, up.values), up.state) for up in path)

    def _asked(self, local: Local, item: Item) -> list[Change]:
        """What newcomers who ask for the instance get, policy and absent hooks aside."""
        operations = self._operations[item.resource]
        changes = [self._stepper.change(local, move, (), clean=True)
                   for move in self._stepper.moves(local)
                   if move.op in operations and item.id in move.path and self._same(move, item)]
        return [change for change in changes if change.result.ok or self._by_row(change)]

    def _by_row(self, change: Change) -> bool:
        result = change.result
        return bool(result.where) and bool(result.rows) and not lacks_hook(self._stepper, result)

    def _same(self, move: Move, item: Item) -> bool:
        """Are the fields that are asked for those of the instance? Others are in conflict."""
        choice = move.config[move.op.path.index(item.resource)]
        return all(item.values[name] == value for name, value in choice.fields.items())

    def _fault(self, change: Change, item: Item) -> Fault:
        last = change.result.rows[-1]
        where = f"{last.resource}.{last.state}.{last.event}"
        state = self._stepper.manager.resource(last.resource).state(last.state)
        return Fault("poisoned", where, state.loc if last.row is None else last.row.loc,
                     f"{change.move.op.name} gives {change.result.error} for this {item.resource}, "
                     "now and for ever, though nobody holds it and every hook works; not even "
                     "drain ends it")
