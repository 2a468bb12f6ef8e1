"""What the backend holds: whether the effect of each hook is there, along every way through the
table.

For each hook one of three things is known in a state: it is not in effect, it may be, it is. Sets
of hooks are bit masks, so that all hooks are followed at once; per state three masks say for which
hooks each of the three is possible.
"""
from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations, product

from berthc.model import Form, Manager, Resource, Row, Target

from berthc.check import refs
from berthc.check.cases import Case, TooManyCases, cases, holds
from berthc.check.flow import Flow

MAX_EFFECT_CASES = 256


@dataclass(frozen=True)
class Effect:
    """For each hook, by its bit: can it be not in effect (`off`), uncertain (`maybe`), in effect
    (`on`)?"""

    off: int
    maybe: int
    on: int

    def join(self, other: Effect) -> Effect:
        return Effect(self.off | other.off, self.maybe | other.maybe, self.on | other.on)


NONE = Effect(0, 0, 0)


@dataclass(frozen=True)
class Trouble:
    """A call that repeats or undoes wrongly ("again", "before"), that lacks what it needs
    ("needs"), or an end that forgets ("forgotten")."""

    kind: str
    row: Row
    hook: str
    target: Target | None = None
    uncertain: bool = False  # it is never certain that the effect is there: a call stayed uncertain


def troubles(manager: Manager, resource: Resource, flow: Flow) -> list[Trouble]:
    """What the rows of a resource do to the backend that they should not; each once."""
    uses = [refs.GuardUse(row.guard, "", refs.path_of(manager, resource.name), resource.name)
            for state in resource.states for row in state.rows if row.guard is not None]
    try:
        every = list(cases(manager, uses))
    except TooManyCases:
        return []
    if len(every) > MAX_EFFECT_CASES:
        # a condition may decide alike in two states, so rows cannot be followed without cases
        return []
    words = list(dict.fromkeys(h.together for h in manager.hooks if h.on == resource.name
                               and h.together))
    absences = [frozenset(absent) for n in range(len(words) + 1)
                for absent in combinations(words, n)]
    if len(every) * len(absences) > MAX_EFFECT_CASES:
        return []
    found: dict[Trouble, None] = {}
    for case, absent in product(every, absences):
        found.update(dict.fromkeys(_Walk(manager, resource, flow, case, absent).run()))
    return [t for t in found if not t.uncertain or replace(t, uncertain=False) not in found]


class _Walk:
    """One case: it is fixed which of the rows with conditions are taken, and which hooks that come
    together are left out."""

    def __init__(self, manager: Manager, resource: Resource, flow: Flow, case: Case,
                 absent: frozenset[str]) -> None:
        self.resource, self.flow, self.case, self.absent = resource, flow, case, absent
        self.path = refs.path_of(manager, resource.name)
        hooks = [h for h in manager.hooks if h.on == resource.name]
        self.bits = {h.name: 1 << i for i, h in enumerate(hooks)}
        self.hooks = {h.name: h for h in hooks}
        self.undone = {h.name: self.mask(h.undoes) for h in hooks}
        # Doing a thing again is what makes undoing it again right, so each resets the other.
        self.opposite = {h.name: self.undone[h.name]
                         | self.mask(u.name for u in hooks if h.name in u.undoes) for h in hooks}
        self.undoable = 0
        for h in hooks:
            self.undoable |= self.undone[h.name]
        starts = ({resource.initial}
                  if any(resource.name in o.path and o.form is Form.OBTAIN
                         for o in manager.operations) else set())
        every = self.mask(self.bits)
        self.at: dict[str, Effect] = {state: Effect(every, 0, 0) for state in starts}
        for operation in manager.operations:
            if operation.enter and operation.target == resource.name:
                # What was there before the manager is not known; nothing is said about it.
                self.at.setdefault(operation.enter, NONE)
        self.events: dict[str, list[str]] = {}
        for state, event in flow.fired:
            self.events.setdefault(state, []).append(event)
        self.found: dict[Trouble, None] = {}

    def mask(self, names: Iterable[str]) -> int:
        out = 0
        for name in names:
            out |= self.bits.get(name, 0)
        return out

    def run(self) -> list[Trouble]:
        waiting = deque(self.at)
        queued = set(waiting)
        while waiting:
            state = waiting.popleft()
            queued.discard(state)
            for event in self.events.get(state, ()):
                for reached, effect in self.fire(state, event, self.at[state]):
                    known = self.at.get(reached)
                    joined = effect if known is None else known.join(effect)
                    if joined != known:
                        self.at[reached] = joined
                        if reached not in queued:
                            queued.add(reached)
                            waiting.append(reached)
        # Only now it is known what is never in effect.
        self.found = {trouble: None for trouble in self.found if trouble.kind != "needs"}
        for state, effect in self.at.items():
            for event in self.events.get(state, ()):
                list(self.fire(state, event, effect))
        return list(self.found)

    def fire(self, state: str, event: str, effect: Effect) -> Iterator[tuple[str, Effect]]:
        """Where an event ends, with what was raised; the raises form no circle."""
        open_: list[tuple[str, str, Effect]] = [(state, event, effect)]
        while open_:
            state, event, effect = open_.pop()
            row = self.row(state, event)
            if row is None or row.reject is not None or self.is_refused(row):
                yield state, effect
                continue
            for target, after in self.outcomes(row, effect):
                if target.raise_event is not None:
                    open_.append((target.state, target.raise_event, after))
                else:
                    if target.state in self.flow.final:
                        self.check_end(row, target, after)
                    yield target.state, after

    def row(self, state: str, event: str) -> Row | None:
        for row in self.flow.chains.cells.get((state, event), ()):
            if (row.guard is None
                or holds(refs.GuardUse(row.guard, "", self.path, self.resource.name), row.guard,
                         self.case)):
                return row
        return None

    def is_refused(self, row: Row) -> bool:
        """Does the row reject, since its hook is left out?"""
        hook = self.hooks.get(row.hook or "")
        return hook is not None and hook.absent is not None and hook.together in self.absent

    def outcomes(self, row: Row, before: Effect) -> Iterator[tuple[Target, Effect]]:
        if row.ask is not None:
            yield from self.answers(row, before)
            return
        assert row.ok is not None
        if row.call is None or row.call not in self.hooks:
            yield row.ok, before
            return
        assert row.fail is not None and row.uncertain is not None
        hook = self.hooks[row.call]
        if hook.together in self.absent:
            yield row.ok, before  # there is nothing to do, and nothing to undo
            return
        self.check_call(row, before)
        me, opposite = self.bits[hook.name], self.opposite[hook.name]
        any_ = before.off | before.maybe | before.on
        rest = ~(me | opposite)
        yield row.ok, Effect((before.off & rest) | (any_ & opposite), before.maybe & rest,
                             (before.on & rest) | (any_ & me))
        yield row.fail, before
        yield row.uncertain, Effect(before.off & ~me,
                                    (before.maybe | (before.off & me) | (before.on & opposite)),
                                    before.on & ~opposite)
        if hook.optional and hook.absent is None and not hook.together:
            # Left out: there is nothing to do, and nothing to undo.
            yield row.ok, Effect((before.off & ~opposite) | (any_ & opposite),
                                 before.maybe & ~opposite, before.on & ~opposite)

    def answers(self, row: Row, before: Effect) -> Iterator[tuple[Target, Effect]]:
        """A hook that asks tells the truth, or cannot tell."""
        assert (
            row.ask is not None
            and row.yes is not None
            and row.no is not None
            and row.unknown is not None
        )
        hook = self.hooks.get(row.ask)
        me = self.mask(hook.asks) if hook is not None else 0
        any_ = before.off | before.maybe | before.on
        back = self.mask(h for asked in (hook.asks if hook is not None else ()) for h in self.hooks
                         if asked in self.hooks[h].undoes)
        rest = ~(me | back)
        if hook is not None and hook.together in self.absent:
            yield row.unknown, before
            return
        # of several, one is in effect and the others may be not
        others = before.off & me if me & (me - 1) else 0
        if not any_ & me or (before.maybe | before.on) & me:
            there = (before.maybe | before.on) & me or me
            yield row.yes, Effect((before.off & rest) | (any_ & back) | others, before.maybe & rest,
                                  (before.on & rest) | there)
        if not any_ & me or (before.off | before.maybe) & me:
            yield row.no, Effect(before.off | me, before.maybe & rest,
                                 (before.on | (before.maybe & back)) & ~me)
        yield row.unknown, before

    def check_call(self, row: Row, before: Effect) -> None:
        assert row.call is not None
        hook = self.hooks[row.call]
        for needed in hook.needs:
            bit = self.bits.get(needed, 0)
            if (bit & before.off and not bit & (before.maybe | before.on)
                and self.hooks[needed].together not in self.absent):
                self.found[Trouble("needs", row, needed)] = None
        if hook.repeatable:
            return
        if (before.maybe | before.on) & self.bits[hook.name]:
            self.found[Trouble("again", row, hook.name,
                               uncertain=not before.on & self.bits[hook.name])] = None
        undone = self.undone[hook.name]
        if len(hook.undoes) == 1 and (before.off | before.maybe) & undone:
            self.found[Trouble("before", row, hook.name)] = None

    def check_end(self, row: Row, target: Target, after: Effect) -> None:
        left = (after.maybe | after.on) & self.undoable
        for name, bit in self.bits.items():
            if left & bit and not self.undone[name]:
                self.found[Trouble("forgotten", row, name, target,
                                   uncertain=not after.on & bit)] = None
