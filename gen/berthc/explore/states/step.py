"""What callers can do at one moment, and what comes of it."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from berthc.explore.bounds import Bounds
from berthc.explore.callers.contract import contract, levels_of, reach_of
from berthc.explore.callers.inputs import Choice, choices, conflicting
from berthc.explore.states.backend import Called, Script, brings, effects
from berthc.explore.states.local import Holder, Local, Shape, holds, symmetric, tracked
from berthc.explore.states.renumber import Settle
from berthc.explore.states.runs import Answer, Memo, Question, Runs, Way
from berthc.explore.states.stated import NEW, Made, Stated
from berthc.model import Assigned, Form, Manager, Operation
from berthc.semantics import Result, Value, World
from berthc.semantics.result import Taken
from berthc.semantics.state import Item, State


class Move(NamedTuple):
    """One request. `who` is the caller's number; `part` says what the operation is to the caller, in the words of `contract.Contract`."""

    who: int
    part: str
    op: Operation
    config: tuple[Choice, ...] = ()
    reservation: str | None = None
    by: Any = None
    at: tuple[tuple[str, int], ...] | None = None
    path: tuple[int | None, ...] = ()  # the instances it is about; None: made by it


class Change(NamedTuple):
    """What came of a move. `levels` are the instances of the operation's path, also those that it made or ended; `gone` those that ended,
    with their truth."""

    move: Move
    way: Way
    before: Local
    after: Local
    result: Result
    levels: tuple[int | None, ...]
    gone: Mapping[int, int]

    @property
    def called(self) -> tuple[Called, ...]:
        return self.way.called

    @property
    def nothing(self) -> bool:
        """The operation left everything as it was, also what its caller is."""
        return self.after is self.before


class Reduced(NamedTuple):
    """What a search leaves out because it cannot show anything new; tests switch these off to see that it does not."""

    one_root: bool = True  # other roots than the one looked at
    symmetric: bool = True  # moments that differ from others in names only


REDUCED = Reduced()


class Stepper:
    """The moves and changes of one root resource of a manager that was created with given options and hooks."""

    def __init__(self, manager: Manager, root: str, options: Mapping[str, Value], without: tuple[str, ...], bounds: Bounds,
                 reduced: Reduced = REDUCED, more: frozenset[str] = frozenset()) -> None:
        """`more`: resources with one key more than the bounds say."""
        self.manager = manager
        self.root = root
        self.world = World(manager, options, without)
        self.without = frozenset(without)
        self.bounds = bounds
        self.contract = contract(manager, root)
        self.effects = effects(manager)
        self.stated = Stated(manager, self.without)
        # Effects that callers bring about who have a hold, or come for one; the others
        # are brought about by free operations alone.
        self.held = 0
        for op in manager.operations:
            self.held |= 0 if op in self.contract.free else brings(manager, op, self.effects)
        self.choices = {r.name: choices(manager, r, options, bounds.keys + (r.name in more)) for r in manager.resources}
        self.shape = Shape(manager, self.choices, plain=not reduced.symmetric)
        # By a slot, which all roots share, a caller of one root may come to another.
        self.reduced = reduced._replace(one_root=False) if self.shape.slots else reduced
        self._choice = {(name, tuple(c.fields[f.name] for f in manager.resource(name).fields)): c
                        for name, some in self.choices.items() for c in some}
        self.path = {r.name: manager.path(r.name) for r in manager.resources}
        self.final = {(r.name, s.name) for r in manager.resources for s in r.states if s.final}
        self._resident = {(r.name, s.name) for r in manager.resources for s in r.states if s.resident}
        self.forget()
        self._conflicts: dict[Choice, Choice | None] = {}
        self._refused: set[tuple[str, tuple[int, ...]]] = set()  # by policy, which asks for nothing but options and fields
        self._takes = {o.name: levels_of(manager, o, "take") for o in manager.operations}
        self._drops = {o.name: levels_of(manager, o, "drop") for o in manager.operations}
        self._reach = {o.name: reach_of(o) for o in manager.operations}

    def forget(self) -> None:
        """Lets go of all that is kept only to be quick."""
        self.settle = Settle()
        self._runs = Runs(self.effects)
        self._loose: Memo[tuple[Item, ...]] = Memo()
        self.shape.forget()

    def start(self) -> Local:
        return Local(self.world, (None,) * self.bounds.callers, {})

    # What can be asked

    def moves(self, local: Local) -> Iterator[Move]:
        """Everything that a caller who keeps the contract may ask now; of callers that cannot be told apart, one asks."""
        every = [n for n, holder in enumerate(local.holders) if holder is None]
        parts = self.contract
        for idle in every[:1] if self.reduced.symmetric else every:
            for op in parts.gives:
                yield from self._by_config(local, idle, "gives", op)
            for op in parts.acquires:
                yield from self._asked(local, idle, "acquires", op)
        anyone = every[0] if every else 0
        for op in parts.free:
            yield from self._asked(local, anyone, "free", op)
        for who in symmetric(local, self.shape) if local.busy > 1 and self.reduced.symmetric else [n for n,
            h in enumerate(local.holders) if h is not None]:
            yield from self.uses(local, who)
            yield from self.releases(local, who)

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
            drops = self._drops[op.name]
            same = len(op.path) <= len(holder.config) and all(c.resource == name for c, name in zip(holder.config, op.path, strict=False))
            if not same or not any(drop and took for drop, took in zip(drops, holder.took, strict=False)):
                continue
            if op.by is None:
                path = self._find(tracked(local.world), holder.config[:len(op.path)], op.form is Form.OBTAIN)
                yield Move(who, "releases", op, config=holder.config[:len(op.path)], path=path)
            elif op.target in holder.values:
                yield self.look_up(local, who, "releases", op, holder.values[op.target])

    def look_up(self, local: Local, who: int, part: str, op: Operation, values: Mapping[str, Any]) -> Move:
        """A request by a value that the caller was told."""
        assigned = self._assigned(op)
        by = {leaf: values[leaf] for leaf in assigned.leaves} if assigned.parts else values[assigned.name]
        state = tracked(local.world)
        found = state.find_by(op.target, assigned, {leaf: values[leaf] for leaf in assigned.leaves})
        path = (-1,) * len(op.path) if found is None else tuple(i.id for i in state.path(found))
        return Move(who, part, op, by=by, path=path)

    def _assigned(self, op: Operation) -> Assigned:
        """The value that an operation finds by."""
        return next(a for a in self.manager.resource(op.target).assigned if a.name == op.by)

    def _asked(self, local: Local, who: int, part: str, op: Operation) -> Iterator[Move]:
        """By what callers give; or by a value of anything that is there, which somebody may have told them."""
        if op.by is None:
            yield from self._by_config(local, who, part, op)
            return
        for item in tracked(local.world).items.values():
            if item.resource == op.target:
                yield self.look_up(local, who, part, op, item.values)

    def _by_config(self, local: Local, who: int, part: str, op: Operation) -> Iterator[Move]:
        state = tracked(local.world)
        at = self._free_slot(state, op)
        if op.at is not None and at is None:
            return
        named = self.shape.named(local)
        for config, path in self._paths(state, op, 0, None, named):
            if (op.name, tuple(c.kind for c in config)) in self._refused:
                continue
            yield Move(who, part, op, config=config, at=at, path=path)
            if op.form is Form.OBTAIN and None not in path:
                other = self._conflicting(config[-1])
                if other is not None:
                    yield Move(who, part, op, config=(*config[:-1], other), path=path)

    def _conflicting(self, choice: Choice) -> Choice | None:
        """The same one each time, since questions are known by their choices."""
        if choice not in self._conflicts:
            other = conflicting(self.manager.resource(choice.resource), choice)
            # Policy may treat it in another way than the one that it conflicts with, so it is of a kind of its own.
            self._conflicts[choice] = None if other is None else replace(other, kind=self.shape.kind(choice.resource, other.fields))
        return self._conflicts[choice]

    def _paths(self, state: State, op: Operation, level: int, parent: int | None,
               named: frozenset[str]) -> Iterator[tuple[tuple[Choice, ...], tuple[int | None, ...]]]:
        """Every path that the operation may name: what is there, and one new instance of each kind; `parent` is 0 below a new one."""
        if level == len(op.path):
            yield (), ()
            return
        resource = self.manager.resource(op.path[level])
        last = level == len(op.path) - 1
        there = {} if parent == 0 else {tuple(i.values[f] for f in resource.key): i
                                        for i in state.children(parent) if i.resource == resource.name}
        found: list[tuple[Choice, int | None]] = []
        new: set[int] = set()
        for choice in self.choices[resource.name]:
            item = there.get(choice.key)
            if item is not None:
                if not (op.form is Form.CREATE and last):
                    found.append((choice, item.id))
            elif (choice.kind not in new or not self.reduced.symmetric
                  or resource.name in named) and (op.form is Form.OBTAIN or op.form is Form.CREATE and last):
                # Locally there is one root at a time, and new instances of one kind differ in name only.
                if not (level == 0 and state.items and self.reduced.one_root):
                    new.add(choice.kind)
                    found.append((choice, None))
        for choice, id_ in found:
            for configs, ids in self._paths(state, op, level + 1, 0 if id_ is None else id_, named):
                yield (choice, *configs), (id_, *ids)

    def _find(self, state: State, config: tuple[Choice, ...], makes: bool) -> tuple[int | None, ...]:
        """Where a lookup by keys leads. Where nothing is there it fails (-1), or makes it."""
        path: list[int] = []
        for choice in config:
            key = self.manager.resource(choice.resource).key
            parent = path[-1] if path else None
            found = next((i.id for i in state.children(parent) if i.resource == choice.resource
                          and tuple(i.values[f] for f in key) == choice.key), None)
            if found is None:
                return (*path, *(None,) * (len(config) - len(path))) if makes else (-1,) * len(config)
            path.append(found)
        return tuple(path)

    def _free_slot(self, state: State, op: Operation) -> tuple[tuple[str, int], ...] | None:
        """The lowest free slot of the pool that the operation names one of."""
        if op.at is None:
            return None
        pool = next(a for a in self.manager.resource(op.target).assigned if a.name == op.at)
        sizes = [p.size if p.size is not None else self.world.options[p.option or ""] for p in pool.parts]
        taken = {slot for i in state.items.values() if i.resource == op.target for name, slot in i.slots if name == op.at}
        slot = next(n for n in range(len(taken) + 1) if n not in taken)
        parts: list[tuple[str, int]] = []
        for part, size in zip(reversed(pool.parts), reversed(sizes), strict=True):
            assert isinstance(size, int)
            slot, digit = divmod(slot, size)
            parts.insert(0, (part.name, digit))
        return None if slot else tuple(parts)

    # What comes of it

    def changes(self, local: Local, move: Move, clean: bool = False) -> Iterator[Change]:
        """Every way in which the backend can answer; with `clean`, the one in which every call ends ok."""
        for way in self._ways(local, move, clean):
            yield self._change(local, move, way)

    def made(self, op: Operation) -> Made:
        """What is in effect when the operation makes its instance."""
        return self.stated.made.get((op.target, op.enter or ""), NEW)

    def change(self, local: Local, move: Move, chosen: tuple[int, ...], clean: bool = False) -> Change:
        """One way."""
        return self._change(local, move, next(way for way in self._ways(local, move, clean) if way.chosen == chosen))

    def _ways(self, local: Local, move: Move, clean: bool) -> Sequence[Way]:
        by = tuple(move.by.items()) if isinstance(move.by, dict) else move.by
        question = Question(tracked(local.world), move.op.name, move.config, move.reservation, by, move.at)
        ways: list[Way] = []
        for n, found in enumerate(_subsets(self.made(move.op).maybe)):
            truth, open_ = self.levels(local, move.op, move.path, found)
            some = self._runs.ways(question, move.op.path, truth, open_, clean,
                                   lambda script: self._run(local.world, move, script))
            ways += (way._replace(chosen=(-n, *way.chosen), found=found)
                     for way in some) if n else some
        return ways

    def levels(self, local: Local, op: Operation, path: tuple[int | None, ...],
               found: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """What is true and what is open, by level of the path, when the operation has made what it
        makes. `found`: the effects that were there of those that may be."""
        there, made = tracked(local.world).items, self.made(op)
        truth, open_ = ([0 if id_ is None else some.get(id_, 0) for id_ in path]
                        if some else [0] * len(path) for some in (local.truth, local.open))
        if made is not NEW and path[-1] not in there:
            truth[-1], open_[-1] = made.there | found, made.there | found | made.unsaid
        return tuple(truth), tuple(open_)

    def _change(self, local: Local, move: Move, way: Way) -> Change:
        result, world, levels, ended, _ = way.answer
        if result.error is not None and not way.called:
            if "rule" in (result.where or {}):
                self._refused.add((move.op.name, tuple(c.kind for c in move.config)))
            holders = self._holders(local, move, result, move.path, world, local.truth)
            after = local if holders == local.holders else local._replace(holders=holders)
            return Change(move, way, local, after, result, move.path, {})
        there = tracked(world).items
        truth, open_ = dict(local.truth), dict(local.open)
        for id_, mask, not_settled in zip(levels, way.truth, way.open, strict=True):
            if id_ is not None and id_ >= 0:
                truth[id_], open_[id_] = mask, not_settled
        gone = {id_: truth.get(id_, 0) for id_ in ended}
        holders = self._holders(local, move, result, levels, world, truth)
        after = Local(world, holders, *({i: m for i, m in some.items() if m and i in there}
                                        for some in (truth, open_)))
        return Change(move, way, local, after, result, levels, gone)

    def _run(self, before: World, move: Move, script: Script) -> Answer:
        """Asks the semantics."""
        world = before.clone()
        result = world.run(move.op.name, config={c.resource: c.fields for c in move.config} or None if move.reservation is None else None,
                           reservation=move.reservation, by=move.by, at=None if move.at is None else dict(move.at), outcomes=script)
        levels = self._levels(before, move, world)
        there, was = tracked(world).items, tracked(before)
        ended = (*(i for i in was.items if i not in there), *(i for i in levels if i is not None and i >= was.next_id and i not in there))
        taken = frozenset((id(t.row), t.outcome) for t in result.rows if t.row is not None)
        return Answer(replace(result, calls=()), world, levels, ended, taken)

    @staticmethod
    def _levels(before: World, move: Move, world: World) -> tuple[int | None, ...]:
        """The ids of the path; instances that were made got theirs root first."""
        following = iter(range(tracked(before).next_id, tracked(world).next_id))
        return tuple(next(following, None) if id_ is None else id_ for id_ in move.path)

    def _holders(self, local: Local, move: Move, result: Result, levels: tuple[int | None, ...], world: World,
                 truth: Mapping[int, int]) -> tuple[Holder | None, ...]:
        """What the callers are afterwards; only the one who asked can change."""
        own: Holder | None = local.holders[move.who]
        path = tuple(-1 if id_ is None else id_ for id_ in levels)
        if move.part == "gives" and result.ok:
            own = Holder(str(result.returns["reservation"]), path, (), (), move.config, {}, (0,) * len(path), releasing=False)
        elif move.part == "acquires" and result.ok:
            own = Holder(None, path, self._takes[move.op.name], self._takes[move.op.name], move.config or self.config(world, path),
                         self._told(world, path), self._relies(move.op, (0,) * len(path), path, truth), releasing=False)
        elif move.part == "uses" and own is not None:
            own = own._replace(relies=self._relies(move.op, own.relies, path, truth if result.ok else {}))
        elif move.part == "ends" and own is not None:
            own = None if result.ok else own._replace(relies=(0,) * len(path), releasing=True)
        elif move.part == "releases" and own is not None:
            own = self._released(own, move, result, local.world, world)
        return (*local.holders[:move.who], own, *local.holders[move.who + 1:])

    def _relies(self, op: Operation, before: tuple[int, ...], path: tuple[int, ...], truth: Mapping[int, int]) -> tuple[int, ...]:
        """After a use: on what is true now, as deep as the use reaches; after a failure (nothing is true) on nothing there."""
        reach = self._reach[op.name]
        return (*(truth.get(id_, 0) for id_ in path[:reach]), *before[reach:])

    def config(self, world: World, path: tuple[int | None, ...]) -> tuple[Choice, ...]:
        """What callers give for instances that are tracked; () when one of them is not."""
        items = tracked(world).items
        found = [items[id_] for id_ in path if id_ in items]
        return tuple(self._choice[i.resource, tuple(i.values[f.name] for f in self.manager.resource(i.resource).fields)]
                     for i in found) if len(found) == len(path) else ()

    @staticmethod
    def _told(world: World, path: tuple[int, ...]) -> Mapping[str, Mapping[str, Any]]:
        items = tracked(world).items
        return {items[id_].resource: items[id_].values for id_ in path if id_ in items}

    def _released(self, own: Holder, move: Move, result: Result, before: World, world: World) -> Holder | None:
        """A success is the end of what the operation drops. A failure may have dropped some already, unknown to the caller."""
        drops = self._drops[move.op.name]
        nothing = (0,) * len(own.path)
        if result.ok:
            left, took = (tuple(one and not (n < len(drops) and drops[n]) for n, one in enumerate(some)) for some in (own.own, own.took))
            return own._replace(own=left, took=took, relies=nothing, releasing=True) if any(took) else None
        left = tuple(held and not self._dropped(id_, before, world) for held, id_ in zip(own.own, own.path, strict=True))
        return own._replace(own=left, relies=nothing, releasing=True)

    @staticmethod
    def _dropped(id_: int, before: World, after: World) -> bool:
        """Has the instance ended, or has it fewer references now?"""
        old, new = tracked(before).items.get(id_), tracked(after).items.get(id_)
        return old is not None and (new is None or new.anonymous < old.anonymous)

    def loose(self, world: World) -> tuple[Item, ...]:
        """Instances that nobody holds though they are not at home where they rest, and those with anonymous references, newest first."""
        state = tracked(world)
        known = self._loose.get(state)
        if known is None:
            known = self._loose.put(state, tuple(
                i for i in reversed(state.items.values())
                if i.anonymous or not (i.refs or i.children or (i.resource, i.state) in self._resident)))
        return known

    def dropping(self, change: Change, level: int) -> bool:
        """Did the operation fire the `drop` event at the level?"""
        return level < len(self._drops[change.move.op.name]) and self._drops[change.move.op.name][level]


def _subsets(mask: int) -> Iterator[int]:
    """Every choice of effects, none first."""
    chosen = 0
    yield chosen
    while chosen != mask:
        chosen = (chosen - mask) & mask
        yield chosen


def rows_with_calls(stepper: Stepper, result: Result) -> list[Taken]:
    """The rows of the calls, in their order."""
    return [t for t in result.rows if t.row is not None and t.row.hook is not None
            and t.row.hook not in stepper.without and t.outcome != "rejected"]


__all__ = ["Change", "Move", "Stepper", "holds", "rows_with_calls"]
