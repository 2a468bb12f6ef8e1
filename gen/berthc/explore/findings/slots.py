"""What slots can do to callers: a full pool, and a slot that is kept for ever."""
from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from typing import Any

from berthc.explore.callers.inputs import Choice
from berthc.explore.callers.pools import pools, with_slots
from berthc.explore.findings import texts
from berthc.explore.findings.fault import Fault
from berthc.explore.findings.judge import blame
from berthc.explore.states.backend import Script
from berthc.explore.states.future import Future, ends, key_path
from berthc.explore.states.local import Local
from berthc.explore.states.move import Move
from berthc.explore.states.step import Change, Stepper
from berthc.semantics.state import Item
from berthc.model import Operation
from berthc.semantics import World
from berthc.semantics.run import Config
from berthc.semantics.world import tracked


class NotRefused(AssertionError):
    """The semantics let a full pool or a slot that is taken change something: no fault of a spec,
    but of this program."""


class Full:
    """Requests that make an instance with a slot, asked where there is no free slot, or of one that
    is taken: refused, and nothing changes.

    That is no way on of a search, but a promise of the semantics on which the search relies, so
    every state is tried.
    """

    def __init__(self, stepper: Stepper) -> None:
        self._stepper = stepper
        manager = stepper.manager
        self._world = World(with_slots(manager, 0), stepper.world.options, tuple(stepper.without))
        self._pooled = {r.name for r in manager.resources if pools(r)}
        self._named = [op for op in manager.operations if op.at is not None
                       and op.path[0] == stepper.root]
        self.refused: Counter[str] = Counter()  # by error
        # in what is tracked; callers and truth make no difference
        self._tried: set[Hashable] = set()

    def ask(self, local: Local, move: Move) -> None:
        """Raises NotRefused where a request that makes an instance with a slot is not refused, or
        changes something."""
        made = [name for name, id_ in zip(move.op.path, move.path, strict=True) if id_ is None
                and name in self._pooled]
        if not made or move.op.at is not None or not self._new(local, move.op, move.config):
            return
        world = self._world.clone()
        world._state = tracked(
            local.world
        )  # noqa: SLF001  the same state of a manager with other pools
        self._refused(local, world, move.op, {c.resource: c.fields for c in move.config}, None,
                      made[0])

    def ask_taken(self, local: Local) -> None:
        """Every operation that names a slot, with one that somebody has. Raises NotRefused."""
        for op in self._named:
            pool = self._stepper.manager.resource(op.target).value(op.at)
            at = next(({part.name: i.values[part.name] for part in pool.parts}
                       for i in tracked(local.world).items.values() if i.resource == op.target),
                      None)
            if at is not None and self._new(local, op):
                last = self._stepper.choices[op.target][-1]
                config = ({name: self._stepper.choices[name][0].fields for name in op.path[:-1]}
                          | {op.target: last.fields})
                self._refused(local, local.world.clone(), op, config, at, op.target)

    def _new(self, local: Local, op: Operation, config: tuple[Choice, ...] = ()) -> bool:
        question = (tracked(local.world), op.name, config)
        new = question not in self._tried
        self._tried.add(question)
        return new

    def _refused(self, local: Local, world: World, op: Operation, config: Config,
                 at: dict[str, Any] | None, resource: str) -> None:
        script = Script(self._stepper.effects, {}, ())
        result = world.run(op.name, config=config, at=at, outcomes=script)
        if result.error is None or script.called or tracked(world) is not tracked(local.world):
            raise NotRefused(f"{op.name} gives {result.error or 'success'} though there is no "
                             f"slot for the {resource}")
        if result.error in ("ENOSPC", "EBUSY"):
            self.refused[result.error] += 1


class Kept:
    """Slots that are never given back: of instances that rest where nothing rests while no call
    fails, and that neither drain nor any request of anybody ends, though every hook works from now
    on."""

    def __init__(self, stepper: Stepper, future: Future) -> None:
        self._stepper = stepper
        self._future = future
        self._usual: set[tuple[str, int, str]] = set()  # resource, kind, state

    def learn(self, change: Change) -> None:
        """Looks at a change of the search in which every call ends ok."""
        self._usual.update(self._kind(i)
                           for i in tracked(change.after.world).items.values() if i.slots)

    def judge(self, change: Change) -> Iterator[Fault]:
        """Looks at what a change leaves without a holder."""
        if change.nothing:
            return
        for item in tracked(change.after.world).items.values():
            if (item.id in change.levels and self._keeps(change.after, item.id)
                and not self._keeps(change.before, item.id)):
                where, loc = blame(self._stepper, change, item)
                yield Fault("leak", where, loc, *texts.keeps_slot(item.resource))

    def _keeps(self, local: Local, id_: int) -> bool:
        item = tracked(local.world).items.get(id_)
        return (item is not None and not local.world.locked
                and bool(item.slots) and not item.refs and not item.children
                and self._kind(item) not in self._usual and self._for_ever(local, id_))

    def _kind(self, item: Item) -> tuple[str, int, str]:
        return item.resource, self._stepper.shape.kind(item.resource, item.values), item.state

    def _for_ever(self, local: Local, id_: int) -> bool:
        return not self._future.ever(local, ends(key_path(tracked(local.world), id_)))


__all__ = ["Full", "Kept", "NotRefused"]
