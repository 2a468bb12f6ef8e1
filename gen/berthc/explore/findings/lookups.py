"""Is a caller told of something that is gone when it comes for it, though nobody failed?

An operation that gives no hold may return a value by which another one looks up and takes a hold.
Between the two nothing keeps the instance. If it ends while no call fails, a caller that was told
of it before gets ENOENT.
"""
from __future__ import annotations

from collections.abc import Iterator

from berthc.explore.findings import texts
from berthc.explore.findings.fault import Fault
from berthc.explore.states.local import Local
from berthc.explore.states.move import Move
from berthc.explore.states.step import Change, Stepper
from berthc.model import Manager, Operation
from berthc.semantics.state import Item
from berthc.semantics.world import tracked


class Lookups:
    def __init__(self, stepper: Stepper) -> None:
        self._stepper = stepper
        free = stepper.contract.free
        self.pairs = [(teller, op) for op in stepper.contract.acquires
                       if op.by is not None and not op.absent_ok
                       for teller in free if _tells(stepper.manager, teller, op)]

    def judge(self, local: Local, change: Change) -> Iterator[tuple[Fault, tuple[Move, ...]]]:
        """Looks at a change in which every call ends ok. Gives faults, each with the requests that
        show it after `local`."""
        if not change.gone or not self.pairs:
            return
        comer = next((n for n, holder in enumerate(local.holders)
                      if holder is None and n != change.move.who), None)
        items = tracked(local.world).items
        for teller, op in self.pairs if comer is not None else ():
            ended = [items[id_] for id_ in change.gone if id_ in items]
            for item in (item for item in ended if item.resource == op.target):
                moves = self._shown(local, change, teller, op, item, comer or 0)
                if moves:
                    told = texts.told_of_ended(op.name, teller.name, op.target)
                    yield Fault("denied", op.target, op.loc, *told), moves

    def _shown(self, local: Local, change: Change, teller: Operation, op: Operation, item: Item,
               comer: int) -> tuple[Move, ...]:
        """The caller is told, the instance ends, and the caller comes for it; nothing where that
        cannot be."""
        for asks in self._stepper.moves(local):
            if asks.op is not teller or item.id not in asks.path:
                continue
            asks = asks._replace(who=comer, part="told")
            answer = self._stepper.change(local, asks, (), clean=True)
            now = self._stepper.renumber(answer.after)
            end = next((move for move in self._stepper.moves(now) if _alike(move, change.move)),
                       None)
            if answer.result.error is not None or end is None:
                continue
            after = self._stepper.renumber(self._stepper.change(now, end, (), clean=True).after)
            comes = self._stepper.look_up(after, comer, "acquires", op, item.values)
            if self._stepper.change(after, comes, (), clean=True).result.error == "ENOENT":
                return asks, end, comes
        return ()


def _tells(manager: Manager, teller: Operation, op: Operation) -> bool:
    leaves = manager.resource(op.target).value(op.by).leaves
    returned = {(ref.scope, ref.name) for ref in teller.returns}
    return {(op.target, leaf) for leaf in leaves} <= returned


def _alike(one: Move, other: Move) -> bool:
    return ((one.op, one.who, one.part, one.config, one.by)
            == (other.op, other.who, other.part, other.config, other.by))
