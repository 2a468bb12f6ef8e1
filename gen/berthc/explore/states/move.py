"""What callers can ask in one state: the requests that keep the contract."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from berthc.explore.bounds import Bounds
from berthc.explore.callers.contract import contract, levels_of
from berthc.explore.callers.inputs import Choice, choices, conflicting
from berthc.explore.states.death import RECOVER, keeps, locked, recovery
from berthc.explore.states.local import Local, Shape, symmetric
from berthc.model import Assigned, Form, Manager, Operation
from berthc.semantics import Value
from berthc.semantics.state import State
from berthc.semantics.world import tracked


class Move(NamedTuple):
    """One request. `who` is the caller's number; `part` says what the operation is to the caller,
    in the words of `contract.Contract`."""

    who: int
    part: str
    op: Operation
    config: tuple[Choice, ...] = ()
    reservation: str | None = None
    by: Any = None
    at: tuple[tuple[str, int], ...] | None = None
    path: tuple[int | None, ...] = ()  # the instances it is about; None: made by it


class Reduced(NamedTuple):
    """What a search leaves out because it cannot show anything new; tests switch these off to see
    that it does not."""

    one_root: bool = True  # other roots than the one looked at
    symmetric: bool = True  # states that differ from others in names only


REDUCED = Reduced()


class Moves:
    """The requests about one root resource of a manager that was created with given options."""

    def __init__(self, manager: Manager, root: str, options: Mapping[str, Value], bounds: Bounds,
                 reduced: Reduced, more: frozenset[str]) -> None:
        """`more`: resources with one key more than the bounds say."""
        self.manager = manager
        self.root = root
        self.options = options
        self.bounds = bounds
        self.contract = contract(manager, root)
        self.choices = {r.name: choices(manager, r, options, bounds.keys + (r.name in more))
                        for r in manager.resources}
        self.shape = Shape(manager, self.choices, plain=not reduced.symmetric)
        # By a slot, which all roots share, a caller of one root may come to another.
        self.reduced = reduced._replace(one_root=False) if self.shape.slots else reduced
        self.drops = {o.name: levels_of(manager, o, "drop") for o in manager.operations}
        # By policy, which asks for nothing but options and fields: operations, and kinds of what
        # was given.
        self.refused: set[tuple[str, tuple[int, ...]]] = set()
        self._conflicts: dict[Choice, Choice | None] = {}

    def moves(self, local: Local) -> Iterator[Move]:
        """Everything that a caller who keeps the contract may ask now; of callers that cannot be
        told apart, one asks."""
        waits = locked(local)
        if waits is not None:
            last = tracked(local.world).items[waits[-1]]
            yield Move(-1, RECOVER, recovery(self.manager, last.resource), path=waits)
            return
        every = [n for n, holder in enumerate(local.holders) if holder is None]
        parts = self.contract
        for idle in self._apart(local, every) if self.reduced.symmetric else every:
            for op in parts.gives:
                yield from self._by_config(local, idle, "gives", op)
            for op in parts.acquires:
                yield from self._asked(local, idle, "acquires", op)
        anyone = every[0] if every else 0
        for op in parts.free:
            yield from self._asked(local, anyone, "free", op)
        for who in (
            symmetric(local, self.shape)
            if local.busy > 1 and self.reduced.symmetric
            else [n for n, h in enumerate(local.holders) if h is not None]
        ):
            yield from self.uses(local, who)
            yield from self.releases(local, who)

    def _apart(self, local: Local, idle: list[int]) -> list[int]:
        """Of idle callers one, and those that have references all the same."""
        if not self.manager.named_references:
            return idle[:1]
        known: dict[tuple[int, ...], int] = {}
        for who in idle:
            known.setdefault(keeps(local, who), who)
        return list(known.values())

    def uses(self, local: Local, who: int) -> Iterator[Move]:
        holder = local.holders[who]
        assert holder is not None
        if holder.label is not None and not holder.releasing:
            for op in self.contract.uses:
                yield Move(who, "uses", op, reservation=holder.label, path=holder.path)

    def releases(self, local: Local, who: int) -> Iterator[Move]:
        """Every way in which the caller may let go of what it holds."""
        holder = local.holders[who]
        assert holder is not None
        if holder.label is not None:
            for op in self.contract.ends:
                yield Move(who, "ends", op, reservation=holder.label, path=holder.path)
            return
        for op in self.contract.releases:
            drops = self.drops[op.name]
            same = (len(op.path) <= len(holder.config)
                    and all(c.resource == name
                            for c, name in zip(holder.config, op.path, strict=False)))
            if (not same
                or not any(drop and took for drop, took in zip(drops, holder.took, strict=False))):
                continue
            if op.by is None:
                path = self._find(tracked(local.world), holder.config[:len(op.path)],
                                  op.form is Form.OBTAIN)
                yield Move(who, "releases", op, config=holder.config[:len(op.path)], path=path)
            elif op.target in holder.values:
                yield self.look_up(local, who, "releases", op, holder.values[op.target])

    def look_up(self, local: Local, who: int, part: str, op: Operation,
                values: Mapping[str, Any]) -> Move:
        """A request by a value that the caller was told."""
        assigned = self._assigned(op)
        by = ({leaf: values[leaf] for leaf in assigned.leaves} if assigned.parts
              else values[assigned.name])
        state = tracked(local.world)
        found = state.find_by(op.target, assigned, {leaf: values[leaf] for leaf in assigned.leaves})
        path = (-1,) * len(op.path) if found is None else tuple(i.id for i in state.path(found))
        return Move(who, part, op, by=by, path=path)

    def _assigned(self, op: Operation) -> Assigned:
        """The value that an operation finds by."""
        return self.manager.resource(op.target).value(op.by)

    def _asked(self, local: Local, who: int, part: str, op: Operation) -> Iterator[Move]:
        """By what callers give; or by a value of anything that is there, which somebody may have
        told them."""
        if op.by is None:
            yield from self._by_config(local, who, part, op)
            return
        for item in tracked(local.world).items.values():
            if item.resource == op.target:
                yield self.look_up(local, who, part, op, item.values)

    def _by_config(self, local: Local, who: int, part: str, op: Operation) -> Iterator[Move]:
        state = tracked(local.world)
        at = self.free_slot(state, op)
        if op.at is not None and at is None:
            return
        named = self.shape.named(local)
        for config, path in self._paths(state, op, 0, None, named):
            if (op.name, tuple(c.kind for c in config)) in self.refused:
                continue
            yield Move(who, part, op, config=config, at=at, path=path)
            if op.form is Form.OBTAIN and None not in path:
                other = self.conflicting(config[-1])
                if other is not None:
                    yield Move(who, part, op, config=(*config[:-1], other), path=path)

    def conflicting(self, choice: Choice) -> Choice | None:
        """The same one each time, since questions are known by their choices."""
        if choice not in self._conflicts:
            other = conflicting(self.manager.resource(choice.resource), choice)
            # Policy may treat it in another way than the one that it conflicts with, so it is of a
            # kind of its own.
            self._conflicts[choice] = (
                None
                if other is None
                else replace(other, kind=self.shape.kind(choice.resource, other.fields))
            )
        return self._conflicts[choice]

    def _paths(
        self, state: State, op: Operation, level: int, parent: int | None, named: frozenset[str]
    ) -> Iterator[tuple[tuple[Choice, ...], tuple[int | None, ...]]]:
        """Every path that the operation may name: what is there, and one new instance of each kind;
        `parent` is 0 below a new one."""
        if level == len(op.path):
            yield (), ()
            return
        resource = self.manager.resource(op.path[level])
        last = level == len(op.path) - 1
        there = ({} if parent == 0
                 else {tuple(i.values[f] for f in resource.key): i for i in state.children(parent)
                       if i.resource == resource.name})
        found: list[tuple[Choice, int | None]] = []
        new: set[int] = set()
        for choice in self.choices[resource.name]:
            item = there.get(choice.key)
            if item is not None:
                if not (op.form is Form.CREATE and last):
                    found.append((choice, item.id))
            elif ((choice.kind not in new or not self.reduced.symmetric or resource.name in named)
                  and (op.form is Form.OBTAIN or op.form is Form.CREATE and last)):
                # Locally there is one root at a time, and new instances of one kind differ in name
                # only.
                if not (level == 0 and state.items and self.reduced.one_root):
                    new.add(choice.kind)
                    found.append((choice, None))
        for choice, id_ in found:
            for configs, ids in self._paths(state, op, level + 1, 0 if id_ is None else id_, named):
                yield (choice, *configs), (id_, *ids)

    def _find(
        self, state: State, config: tuple[Choice, ...], makes: bool) -> tuple[int | None, ...]:
        """Where a lookup by keys leads. Where nothing is there it fails (-1), or makes it."""
        path: list[int] = []
        for choice in config:
            key = self.manager.resource(choice.resource).key
            parent = path[-1] if path else None
            found = next((i.id for i in state.children(parent) if i.resource == choice.resource
                          and tuple(i.values[f] for f in key) == choice.key), None)
            if found is None:
                return ((*path, *(None,) * (len(config) - len(path))) if makes
                        else (-1,) * len(config))
            path.append(found)
        return tuple(path)

    def free_slot(self, state: State, op: Operation) -> tuple[tuple[str, int], ...] | None:
        """The lowest free slot of the pool that the operation names one of."""
        if op.at is None:
            return None
        pool = self.manager.resource(op.target).value(op.at)
        sizes = [p.size if p.size is not None else self.options[p.option or ""] for p in pool.parts]
        taken = {slot for i in state.items.values() if i.resource == op.target
                 for name, slot in i.slots if name == op.at}
        slot = next(n for n in range(len(taken) + 1) if n not in taken)
        parts: list[tuple[str, int]] = []
        for part, size in zip(reversed(pool.parts), reversed(sizes), strict=True):
            assert isinstance(size, int)
            slot, digit = divmod(slot, size)
            parts.insert(0, (part.name, digit))
        return None if slot else tuple(parts)
