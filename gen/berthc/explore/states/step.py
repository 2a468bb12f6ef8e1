"""From one state to the next: what comes of a request, for every way in which the backend can
answer."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from berthc.explore.bounds import Bounds
from berthc.explore.callers.contract import levels_of, relied_levels
from berthc.explore.callers.inputs import Choice
from berthc.explore.callers.pools import helpers
from berthc.explore.states.backend import (
    CANNOT_TELL, DONE_UNCERTAIN, UNDONE_UNCERTAIN, Called, Script, brings, effects,
)
from berthc.explore.states.death import RECOVER, learned, owner, recovered, settle
from berthc.explore.states.local import Holder, Local, holds
from berthc.explore.states.move import REDUCED, Move, Moves, Reduced
from berthc.explore.states.renumber import Renumber
from berthc.explore.states.runs import Answer, Death, Memo, Question, Runs, Way
from berthc.explore.states.stated import NEW, Made, Stated
from berthc.model import Manager, Operation
from berthc.semantics import GOOD, OK, Fate, Outcome, Outcomes, Result, Value, World
from berthc.semantics.journal import DIED
from berthc.semantics.result import Taken
from berthc.semantics.state import Item
from berthc.semantics.world import tracked


class Change(NamedTuple):
    """What came of a move. `levels` are the instances of the operation's path, also those that it
    made or ended; `gone` those that ended, with their truth."""

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


class Stepper(Moves):
    """The moves and changes of one root resource of a manager that was created with given options
    and hooks."""

    def __init__(self, manager: Manager, root: str, options: Mapping[str, Value],
                 without: tuple[str, ...], bounds: Bounds, reduced: Reduced = REDUCED,
                 more: frozenset[str] = frozenset()) -> None:
        """`more`: resources with one key more than the bounds say."""
        self.world = World(manager, options, without)
        super().__init__(manager, root, self.world.options, bounds, reduced, more)
        self.without = frozenset(without)
        self.stored = manager.store is not None
        self.owned = frozenset(o.name for o in manager.operations if manager.has_owner(o))
        self.effects = effects(manager)
        self.stated = Stated(manager, self.without)
        # Effects that callers bring about who have a hold, or come for one; the others
        # are brought about by free operations alone.
        self.asked = 0  # effects that some hook asks for
        for of in self.effects.values():
            self.asked |= of.asked
        self.held = 0
        for op in manager.operations:
            self.held |= 0 if op in self.contract.free else brings(manager, op, self.effects)
        self._choice = {(name, tuple(c.fields[f.name] for f in manager.resource(name).fields)): c
                        for name, some in self.choices.items() for c in some}
        self.path = {r.name: manager.path(r.name) for r in manager.resources}
        self.final = {(r.name, s.name) for r in manager.resources for s in r.states if s.final}
        self._resident = {(r.name, s.name) for r in manager.resources for s in r.states
                          if s.resident}
        self.forget()
        self.takes = {o.name: levels_of(manager, o, "take") for o in manager.operations}
        self.relied = {o.name: relied_levels(o) for o in manager.operations}

    def with_more(self) -> Stepper:
        """With a key more for who helps by making an instance: it does not do without one because
        callers hold as many as the bounds say."""
        made = helpers(self.manager)
        if not made:
            return self
        return Stepper(self.manager, self.root, self.world.options, tuple(self.without),
                       self.bounds, self.reduced, more=made)

    def forget(self) -> None:
        """Lets go of all that is kept only to be quick."""
        self.renumber = Renumber()
        self._runs = Runs(self.effects)
        self._deaths: Memo[tuple[Way, ...]] = Memo()
        self._loose: Memo[tuple[Item, ...]] = Memo()
        self.shape.forget()

    def start(self) -> Local:
        return Local(self.world, (None,) * self.bounds.callers, {})

    def changes(self, local: Local, move: Move, clean: bool = False) -> Iterator[Change]:
        """Every way in which the backend can answer; with `clean`, the one in which every call ends
        ok."""
        for way in self._ways(local, move, clean):
            yield self._change(local, move, way)

    def made(self, op: Operation) -> Made:
        """What is in effect when the operation makes its instance."""
        return self.stated.made.get((op.target, op.enter or ""), NEW)

    def change(self, local: Local, move: Move, chosen: tuple[int, ...],
               clean: bool = False) -> Change:
        """One way."""
        return self._change(local, move,
                            next(way for way in self._ways(local, move, clean)
                                 if way.chosen == chosen))

    def _ways(self, local: Local, move: Move, clean: bool) -> Sequence[Way]:
        by = tuple(move.by.items()) if isinstance(move.by, dict) else move.by
        question = Question(tracked(local.world), move.op.name, move.config, move.reservation, by,
                            move.at, owner(move.who) if move.op.name in self.owned else "")
        ways: list[Way] = []
        for n, found in enumerate(_subsets(self.made(move.op).maybe)):
            truth, open_ = self.levels(local, move.op, move.path, found)
            some = self._runs.ways(question, move.op.path, truth, open_, clean,
                                   lambda script: self._run(local.world, move, script))
            if self.stored and not clean:
                key = (question, truth, open_)
                some = self._deaths.get(key) or self._deaths.put(
                    key, (*some, *self._dying(local, move, some, truth, open_)))
            ways += (way._replace(chosen=(-n, *way.chosen), found=found)
                     for way in some) if n else some
        return ways

    def _dying(self, local: Local, move: Move, ways: Sequence[Way], truth: tuple[int, ...],
               open_: tuple[int, ...]) -> Iterator[Way]:
        """With a store, every commit at which the process can die. What had begun then took effect,
        or not."""
        path, seen = move.op.path, set[tuple[tuple[Called, ...], bool]]()
        for way in ways:
            for n in range(len(way.called) + 1):
                begun = way.called[n].hook if n < len(way.called) else None
                if (way.called[:n], begun is None) in seen:
                    continue
                seen.add((way.called[:n], begun is None))
                script = Script(self.effects, dict(zip(path, truth, strict=True)), way.chosen[:n],
                                open_=dict(zip(path, open_, strict=True)))
                answer = self._run(local.world, move, script, Fate(die=n + 1))
                if answer.result.error != DIED:
                    continue  # it has no such commit
                for late in (False, True) if begun is not None else (False,):
                    after = self._after_death(script, begun, late)
                    if after is None:
                        continue
                    death = Death(n + 1, begun, late)
                    yield Way((*way.chosen[:n], death.number), tuple(after.called),
                              tuple(after.truth[name] for name in path),
                              tuple(after.open[name] for name in path), script.failures + 1,
                              answer, death=death)

    def _after_death(self, script: Script, begun: str | None, late: bool) -> Script | None:
        """The backend when the call that had begun has taken effect, or has not. None: it makes no
        difference."""
        if begun is None:
            return script
        of = self.effects[begun]
        if late and (of.asks or of.after(script.truth[of.on]) == script.truth[of.on]
                     and not script.open[of.on] & (of.own | of.undoes)):
            return None
        after = Script(self.effects, script.truth, open_=script.open)
        after.called += script.called
        after.end(begun, 1 + sum(call.hook == begun for call in script.called), of.on,
                  CANNOT_TELL if of.asks else DONE_UNCERTAIN if late else UNDONE_UNCERTAIN)
        return after

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
        if (result.error is not None and not way.called and way.death is None
            and move.part != RECOVER):
            if "rule" in (result.where or {}):
                self.refused.add((move.op.name, tuple(c.kind for c in move.config)))
            holders = self._holders(local, move, result, move.path, world, {})
            after = local if holders == local.holders else local._replace(holders=holders)
            return Change(move, way, local, after, result, move.path, {})
        there = tracked(world).items
        truth, open_ = dict(local.truth), dict(local.open)
        for id_, mask, uncertain in zip(levels, way.truth, way.open, strict=True):
            if id_ is not None and id_ >= 0:
                truth[id_], open_[id_] = mask, uncertain
        gone = {id_: truth.get(id_, 0) for id_ in ended}
        maybe = {id_: truth.get(id_, 0) | open_.get(id_, 0)
                 for id_ in {*truth, *open_}} if open_ else truth
        holders = (self._holders(local, move, result, levels, world, maybe) if way.death is None
                   else self._learned(local, move, levels, world))
        after = Local(
            world,
            holders,
            *({i: m for i, m in some.items() if m and i in there} for some in (truth, open_)),
        )
        return Change(move, way, local, after, result, levels, gone)

    def _run(self, before: World, move: Move, script: Script, fate: Fate = GOOD) -> Answer:
        """Asks the semantics."""
        world = before.clone()
        if move.part == RECOVER:
            result = world.recover(self._settled(script), fate)
        else:
            result = world.run(move.op.name,
                               config={c.resource: c.fields for c in move.config} or None
                               if move.reservation is None else None, reservation=move.reservation,
                               by=move.by, at=None if move.at is None else dict(move.at),
                               outcomes=script, owner=owner(move.who), fate=fate)
        settle(world)
        levels = self._levels(before, move, world)
        there, was = tracked(world).items, tracked(before)
        ended = (*(i for i in was.items if i not in there),
                 *(i for i in levels if i is not None and i >= was.next_id and i not in there))
        taken = frozenset((id(t.row), t.outcome) for t in result.rows if t.row is not None)
        return Answer(replace(result, calls=()), world, levels, ended, taken)

    def _settled(self, script: Script) -> Outcomes:
        """What settles does so: else recover has done nothing."""
        def outcome(hook: str, nth: int, args: Mapping[str, Value]) -> Outcome:
            return script(hook, nth, args) if hook in self.effects else OK

        return outcome

    def _learned(self, local: Local, move: Move, levels: tuple[int | None, ...],
                 world: World) -> tuple[Holder | None, ...]:
        """What the callers are after a crash; only the one who asked has lost an answer."""
        if move.part == RECOVER:
            return recovered(local._replace(world=world))
        if move.part == "free":
            return local.holders
        path = tuple(-1 if id_ is None else id_ for id_ in levels)
        takes = self.takes[move.op.name] if move.part == "acquires" else ()
        new = Holder(None, path, takes, takes, move.config or self.config(world, path),
                     self._values(world, path) if takes else {}, (0,) * len(path), releasing=False)
        own = learned(local, local._replace(world=world), move.who, move.part, new)
        return (*local.holders[:move.who], own, *local.holders[move.who + 1:])

    @staticmethod
    def _levels(before: World, move: Move, world: World) -> tuple[int | None, ...]:
        """The ids of the path; instances that were made got theirs root first."""
        following = iter(range(tracked(before).next_id, tracked(world).next_id))
        return tuple(next(following, None) if id_ is None else id_ for id_ in move.path)

    def _holders(self, local: Local, move: Move, result: Result, levels: tuple[int | None, ...],
                 world: World, truth: Mapping[int, int]) -> tuple[Holder | None, ...]:
        """What the callers are afterwards; only the one who asked can change."""
        if move.part == RECOVER:
            return recovered(local._replace(world=world))
        own: Holder | None = local.holders[move.who]
        path = tuple(-1 if id_ is None else id_ for id_ in levels)
        if move.part == "gives" and result.ok:
            own = Holder(str(result.returns["reservation"]), path, (), (), move.config, {},
                         (0,) * len(path), releasing=False)
        elif move.part == "acquires" and result.ok:
            own = Holder(None, path, self.takes[move.op.name], self.takes[move.op.name],
                         move.config or self.config(world, path), self._values(world, path),
                         self._relies(move.op, (0,) * len(path), path, truth), releasing=False)
        elif move.part == "uses" and own is not None:
            own = own._replace(
                relies=self._relies(move.op, own.relies, path, truth if result.ok else {})
            )
        elif move.part == "ends" and own is not None:
            own = None if result.ok else own._replace(relies=(0,) * len(path), releasing=True)
        elif move.part == "releases" and own is not None:
            own = self._released(own, move, result, local.world, world)
        return (*local.holders[:move.who], own, *local.holders[move.who + 1:])

    def _relies(self, op: Operation, before: tuple[int, ...], path: tuple[int, ...],
                truth: Mapping[int, int]) -> tuple[int, ...]:
        """After a use: on what is true now, as deep as the use reaches; after a failure (nothing is
        true) on nothing there."""
        relied = self.relied[op.name]
        return (*(truth.get(id_, 0) for id_ in path[:relied]), *before[relied:])

    def config(self, world: World, path: tuple[int | None, ...]) -> tuple[Choice, ...]:
        """What callers give for instances that are tracked; () when one of them is not."""
        items = tracked(world).items
        found = [items[id_] for id_ in path if id_ in items]
        return (
            tuple(
                self._choice[
                    i.resource,
                    tuple(i.values[f.name] for f in self.manager.resource(i.resource).fields),
                ]
                for i in found
            )
            if len(found) == len(path)
            else ()
        )

    @staticmethod
    def _values(world: World, path: tuple[int, ...]) -> Mapping[str, Mapping[str, Any]]:
        items = tracked(world).items
        return {items[id_].resource: items[id_].values for id_ in path if id_ in items}

    def _released(self, own: Holder, move: Move, result: Result, before: World,
                  world: World) -> Holder | None:
        """A success is the end of what the operation drops. A failure may have dropped some
        already, unknown to the caller."""
        drops = self.drops[move.op.name]
        nothing = (0,) * len(own.path)
        if result.ok:
            left, took = (tuple(one and not (n < len(drops) and drops[n])
                                for n, one in enumerate(some)) for some in (own.own, own.took))
            return (own._replace(own=left, took=took, relies=nothing, releasing=True) if any(took)
                    else None)
        left = tuple(held and not self._dropped(id_, before, world)
                     for held, id_ in zip(own.own, own.path, strict=True))
        return own._replace(own=left, relies=nothing, releasing=True)

    @staticmethod
    def _dropped(id_: int, before: World, after: World) -> bool:
        """Has the instance ended, or has it fewer references now?"""
        old, new = tracked(before).items.get(id_), tracked(after).items.get(id_)
        return old is not None and (new is None or new.anonymous < old.anonymous)

    def loose(self, world: World) -> tuple[Item, ...]:
        """Instances that nobody holds though they are not at home where they rest, and those with
        anonymous references, newest first."""
        state = tracked(world)
        known = self._loose.get(state)
        if known is None:
            known = self._loose.put(
                state,
                tuple(
                    i
                    for i in reversed(state.items.values())
                    if i.anonymous
                    or not (i.refs or i.children or (i.resource, i.state) in self._resident)
                ),
            )
        return known

    def dropping(self, change: Change, level: int) -> bool:
        """Did the operation fire the `drop` event at the level?"""
        return (level < len(self.drops[change.move.op.name])
                and self.drops[change.move.op.name][level])


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
