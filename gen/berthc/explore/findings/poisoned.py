"""Is a key refused to everybody for ever, although every hook works from now on, and even after a
drain?

The question is put for every instance that nobody holds, nor anything below it. The answer is no if
a drain ends the instance, or if a newcomer gets it. Both depend on the states and kinds along the
path and below it, and on the effects that hooks ask for, so answers are kept by these.
"""
from __future__ import annotations

from collections.abc import Hashable, Iterator

from berthc.explore.findings import texts
from berthc.explore.findings.fault import Fault
from berthc.explore.findings.judge import lacks_hook
from berthc.explore.states.future import Future, Seen, at, key_path, newcomers, opens
from berthc.explore.states.local import Local
from berthc.explore.states.move import Move
from berthc.explore.states.step import Change, Stepper
from berthc.model import Form
from berthc.semantics.state import Item
from berthc.semantics.world import tracked


class Poisoned:
    def __init__(self, stepper: Stepper, future: Future) -> None:
        self._stepper = stepper
        self._future = future
        self.operations = {r.name: newcomers(stepper, r.name) for r in stepper.manager.resources}
        parts = stepper.contract
        self.makers = {
            r.name: tuple(
                (part, op) for part, ops in (("acquires", parts.acquires), ("free", parts.free))
                for op in ops
                if op.form is Form.CREATE and op.target == r.name and not self.operations[r.name])
            for r in stepper.manager.resources
        }
        self.free = {
            r.name
            for r in stepper.manager.resources
            if set(self.operations[r.name]) <= set(parts.free) and not self.makers[r.name]
        }
        self._usual: set[Hashable] = set()  # without a failure
        self._good: set[Hashable] = set()

    def learn(self, local: Local) -> None:
        """Looks at a state to which no failure led. Where a caller who wants a hold is refused
        there, that is `denied`, or policy; but a refusal on purpose is neither. Where every
        caller is busy elsewhere, nobody may ask, and nothing is learned."""
        for item in tracked(local.world).items.values():
            if item.resource in self.free or self._is_held(local, item):
                continue
            kinds = self._kinds(local, item)
            if kinds in self._usual or (self.operations[item.resource]
                                        and not any(self._moves(local, item))):
                continue
            if not any(self._is_meant(change) for change in self._asked(local, item)):
                self._usual.add(kinds)

    def keys(self, local: Local) -> tuple[Fault, Move] | None:
        """A fault for the first key that is refused for ever, with the request that shows it."""
        for item in tracked(local.world).items.values():
            if self._is_held(local, item):
                continue
            kind = self._kind(local, item)
            if kind in self._good or self._kinds(local, item) in self._usual:
                continue
            if self.makers[item.resource]:
                fault = self._taken(local, item, kind)
                if fault is not None:
                    return fault
            if not self.operations[item.resource]:
                continue
            asked = self._asked(local, item)
            if not asked:
                continue  # nobody may ask now
            refused = next((change for change in asked if change.result.error is not None), None)
            wanted = opens(self.operations[item.resource], key_path(tracked(local.world), item.id))
            taken = any(change.result.ok for change in asked)
            if refused is None or taken or self._future.ever(local, wanted):
                self._good.add(kind)
            else:
                return self._fault(refused, item), refused.move
        return None

    def _taken(self, local: Local, item: Item, kind: Hashable) -> tuple[Fault, Move] | None:
        """A fault where only `create` makes such instances and this one never ends, nor gets where
        instances are while nothing fails."""
        there = key_path(tracked(local.world), item.id)

        def wanted(seen: Seen) -> bool:
            now = at(tracked(seen.local.world), there)
            return (now is None or self._kind(seen.local, now) in self._good
                    or self._kinds(seen.local, now) in self._usual)

        if self._future.ever(local, wanted):
            self._good.add(kind)
            return None
        path = tuple(up.id for up in tracked(local.world).path(item))
        for part, op in self.makers[item.resource]:
            parts = [
                p.name for a in self._stepper.manager.resource(item.resource).assigned
                if a.name == op.at for p in a.parts
            ]
            slot = tuple((name, n) for name in parts if isinstance(n := item.values[name], int))
            move = Move(0,
                        part,
                        op,
                        config=self._stepper.config(local.world, path),
                        at=slot or None,
                        path=path)
            change = self._stepper.change(local, move, (), clean=True)
            if change.result.error == "EEXIST":
                state = self._stepper.manager.resource(item.resource).state(item.state)
                place = f"{item.resource}.{item.state}"
                return Fault("poisoned", place, state.loc, *_ever(change, item)), move
        return None

    @staticmethod
    def _is_held(local: Local, item: Item) -> bool:
        """Does somebody hold the instance, or one below it?"""
        state = tracked(local.world)
        return bool(item.refs) or bool(item.children) and any(
            one.refs and item.id in (up.id for up in state.path(one))
            for one in state.items.values())

    def _kinds(self, local: Local, item: Item) -> Hashable:
        """Kinds and states along the path."""
        kind = self._stepper.shape.kind
        return tuple((up.resource, kind(up.resource, up.values), up.state)
                     for up in tracked(local.world).path(item))

    def _kind(self, local: Local, item: Item) -> Hashable:
        """All that the answer depends on."""
        shape, asked = self._stepper.shape, self._stepper.asked
        below = shape.below(local, item.id, asked) if item.children else ()
        return below, self._kinds(local, item), tuple(
            (local.truth.get(up.id, 0) & asked, local.open.get(up.id, 0) & asked)
            for up in tracked(local.world).path(item))

    def _asked(self, local: Local, item: Item) -> list[Change]:
        """What newcomers who ask for the instance get, policy and absent hooks aside."""
        changes = [self._stepper.change(local, move, (), clean=True)
                   for move in self._moves(local, item)]
        return [change for change in changes if change.result.ok or self._by_row(change)]

    def _moves(self, local: Local, item: Item) -> Iterator[Move]:
        operations = self.operations[item.resource]
        return (move for move in self._stepper.moves(local)
                if move.op in operations and item.id in move.path and self._same(move, item))

    def _by_row(self, change: Change) -> bool:
        result = change.result
        return bool(result.where) and bool(result.rows) and not lacks_hook(self._stepper, result)

    def _is_meant(self, change: Change) -> bool:
        """Is it refused on purpose?"""
        rows = change.result.rows
        return (change.result.error is not None and bool(rows) and rows[-1].outcome == "rejected"
                and self._stepper.manager.resource(rows[-1].resource).refuses_on_purpose(
                    rows[-1].state, rows[-1].row))

    def _same(self, move: Move, item: Item) -> bool:
        """Are the fields that are asked for those of the instance? Others are in conflict."""
        choice = move.config[move.op.path.index(item.resource)]
        return all(item.values[name] == value for name, value in choice.fields.items())

    def _fault(self, change: Change, item: Item) -> Fault:
        last = change.result.rows[-1]
        where = f"{last.resource}.{last.state}.{last.event}"
        state = self._stepper.manager.resource(last.resource).state(last.state)
        return Fault("poisoned", where, state.loc if last.row is None else last.row.loc,
                     *_ever(change, item))


def _ever(change: Change, item: Item) -> texts.Told:
    assert change.result.error is not None
    return texts.poisoned(change.move.op.name, change.result.error, item.resource)
