"""What a state means: the effects that are in place in the backend while an instance rests there.

An effect is there always, never, or sometimes; over runs in which no call fails (*clean*), and over
all. It is noted for each state and for each class of instances that conditions tell apart, because
a field or an option may decide what a state means. A state in which an effect is there sometimes
while nothing fails means two things. A row that relies on one of them is wrong for the other.

What was in place before the manager made an instance (create) is not known. `adopted` gives the
states and effects where that is so.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from berthc import model
from berthc.explore.states.backend import Called, Effects, effects
from berthc.explore.states.drain import Drained
from berthc.explore.states.local import Local, Shape
from berthc.explore.states.runs import Memo, Way
from berthc.explore.states.step import Change, Stepper, rows_with_calls
from berthc.model import Form, Manager, Resource
from berthc.semantics.state import Item, State
from berthc.semantics.world import tracked


class Class(NamedTuple):
    """Instances in a state that conditions do not tell apart; `kinds` along the path, root
    first."""

    resource: str
    state: str
    kinds: tuple[int, ...]


@dataclass(slots=True)
class Range:
    """The effects that were there each time, and those that were there at any time. Of the
    `unknown` ones nobody knew at some time whether they were there."""

    always: int
    ever: int
    unknown: int

    @property
    def either(self) -> int:
        return self.ever & ~self.always

    def take(self, truth: int, open_: int) -> None:
        self.always &= truth
        self.ever |= truth
        self.unknown |= open_ & ~truth


@dataclass
class Seen:
    """What was seen in one search: at rest, before and after calls (`calling`), and of what drains
    left (`drained`)."""

    shape: Shape
    clean: dict[Class, Range] = field(default_factory=dict)
    every: dict[Class, Range] = field(default_factory=dict)
    calling: dict[Class, Range] = field(default_factory=dict)
    drained: dict[Class, Range] = field(default_factory=dict)
    _classes: Memo[tuple[tuple[int, Class], ...]] = field(default_factory=Memo)
    _looked_at: Memo[Way] = field(default_factory=Memo)

    def look(self, local: Local, clean: bool) -> tuple[tuple[Class, int], ...]:
        """Takes a state; gives what is both there and not for the first time."""
        table = self.clean if clean else self.every
        new: list[tuple[Class, int]] = []
        state = tracked(local.world)
        for id_, one in self._classes.get(state) or self._classes.put(state, self._of(state)):
            truth, open_ = local.truth.get(id_, 0), local.open.get(id_, 0)
            known = table.get(one)
            if known is None:
                table[one] = Range(truth, truth, open_ & ~truth)
            elif open_ or truth != known.always or truth != known.ever:
                was = known.either
                known.take(truth, open_)
                if known.either & ~was:
                    new.append((one, known.either & ~was))
        return tuple(new)

    def look_at_calls(self, stepper: Stepper, change: Change) -> None:
        """Takes what was there before and after each call: a crash may leave either."""
        way = change.way  # it is of one request in one tracked state, so once is enough
        if self._looked_at.get(id(way)) is not None:
            return
        self._looked_at.put(id(way), way)
        for call, row in zip(way.called, rows_with_calls(stepper, change.result), strict=True):
            kinds = self._kinds(change, change.move.op.path.index(row.resource) + 1)
            one = Class(row.resource, row.state, kinds)
            self._take_call(one, call)

    def look_at_drained(self, stepper: Stepper, local: Local, id_: int, done: Drained) -> None:
        """The same of a drain's calls at one instance, and what the drain left of it."""
        state = tracked(local.world)
        path = state.path(state.items[id_])
        kinds = tuple(self.shape.kind(item.resource, item.values) for item in path)
        of = path[-1].resource
        rows = rows_with_calls(stepper, done.result)
        for call, row in zip(done.script.called, rows, strict=True):
            if row.resource == of:
                self._take_call(Class(of, row.state, kinds), call)
        left = tracked(done.after.world).items.get(id_)
        if left is not None:
            truth = done.after.truth.get(id_, 0)
            known = self.drained.setdefault(Class(of, left.state, kinds), Range(truth, 0, 0))
            known.take(truth, done.after.open.get(id_, 0))

    def _take_call(self, one: Class, call: Called) -> None:
        known = self.calling.setdefault(one, Range(call.before, 0, 0))
        known.take(call.before, call.open_before)
        known.take(call.after, call.open)

    def _kinds(self, change: Change, levels: int) -> tuple[int, ...]:
        """Along the path of a request, with the kinds of what it makes."""
        items = tracked(change.before.world).items
        return tuple(change.move.config[n].kind if id_ is None
                     else self.shape.kind(items[id_].resource, items[id_].values)
                     for n, id_ in enumerate(change.move.path[:levels]))

    def forget(self) -> None:
        """Lets go of what is kept only to be quick."""
        self._classes, self._looked_at = Memo(), Memo()

    def _of(self, state: State) -> tuple[tuple[int, Class], ...]:
        kind = self.shape.kind

        def class_of(item: Item) -> Class:
            kinds = tuple(kind(up.resource, up.values) for up in state.path(item))
            return Class(item.resource, item.state, kinds)

        return tuple((item.id, class_of(item)) for item in state.items.values())


def adopted(manager: Manager, resource: Resource) -> Mapping[str, int]:
    """For each state, the effects that are not known there: a created instance may come there
    before a call settles them."""
    hooks = effects(manager)
    every = sum(of.own for of in hooks.values() if of.on == resource.name)
    creates = [op for op in manager.operations
               if op.form is Form.CREATE and op.target == resource.name]
    found: dict[str, int] = {op.enter: _unsaid(manager, resource.state(op.enter), every)
                             for op in creates if op.enter is not None}
    waiting = list(found)
    while waiting:
        state = waiting.pop()
        for row in resource.state(state).rows:
            for outcome, target in row.targets():
                decided = 0 if row.hook is None else _decided(hooks[row.hook], outcome)
                reached = found.get(target.state, 0) | found[state] & ~decided
                if reached != found.get(target.state, 0):
                    found[target.state] = reached
                    waiting.append(target.state)
    return found


def _decided(hook: Effects, outcome: str) -> int:
    """The effects that are known once a call has ended so. Of several that a hook asks for, yes
    says that one is there, and not which."""
    several = hook.asked & (hook.asked - 1)
    if outcome == "no" or outcome == "yes" and not several:
        return hook.asked
    return hook.own | hook.undoes if outcome == "ok" else 0


def _unsaid(manager: Manager, state: model.State, every: int) -> int:
    """The effects of which a state does not say whether they are there."""
    if state.effects is None:
        return every
    return sum(1 << n for n, hook in enumerate(manager.hooks) if hook.name in state.maybe)


class Meaning(NamedTuple):
    """One effect in one state: is it there `clean`, while no call fails, and over all runs? True,
    False, or None: sometimes. Where only failures lead there, `clean` is None and `seen_clean` is
    False."""

    hook: str
    seen_clean: bool
    clean: bool | None
    every: bool | None


def meanings(manager: Manager, seen: Seen) -> dict[Class, tuple[Meaning, ...]]:
    """What was seen, in words of the model: for each class the effects that are ever there."""
    return {one: tuple(_meanings(manager, seen, one)) for one in seen.every}


def _meanings(manager: Manager, seen: Seen, one: Class) -> Iterator[Meaning]:
    every, clean = seen.every[one], seen.clean.get(one)
    for n, hook in enumerate(manager.hooks):
        if every.ever >> n & 1:
            is_clean = None if clean is None else _of_bit(clean, n)
            yield Meaning(hook.name, clean is not None, is_clean, _of_bit(every, n))


def _of_bit(of: Range, n: int) -> bool | None:
    return None if of.either >> n & 1 else bool(of.always >> n & 1)


# As text

def in_the_backend(manager: Manager, found: Sequence[Seen],
                   resource: Resource) -> dict[str, list[str]]:
    """What each state means: each text that is true of some class of instances; none where no run
    rests there."""
    said: dict[str, dict[str, None]] = {state.name: {} for state in resource.states}
    for seen in found:
        for at, one in meanings(manager, seen).items():
            if at.resource == resource.name:
                said[at.state][_text(one)] = None
    unknown = adopted(manager, resource)
    return {state: [_AS_MADE if unknown.get(state) and text == _NOTHING else text for text in texts]
            for state, texts in said.items()}


NOT_SEEN = "not seen"
_NOTHING = "nothing"
_AS_MADE = "what was there when it was made"


def _text(said: tuple[Meaning, ...]) -> str:
    return ", ".join(_words(one) for one in said) or _NOTHING


def _words(one: Meaning) -> str:
    if one.every:
        return one.hook
    if not one.seen_clean:
        return f"perhaps {one.hook}"
    if one.clean is None:
        return f"{one.hook} or not"
    if one.clean:
        return f"{one.hook}, after a failure perhaps not"
    return f"after a failure perhaps {one.hook}"


def explained(manager: Manager, found: Sequence[Seen], whole: bool) -> Iterator[str]:
    """The table as lines of text. `whole`: what was not seen does not occur."""
    missing = "nothing ever rests here" if whole else NOT_SEEN
    for resource in manager.resources:
        names_ = [f"{resource.name}.{state.name}" for state in resource.states if not state.final]
        width = max(map(len, names_), default=0)
        meant = in_the_backend(manager, found, resource)
        for state, name in zip((s for s in resource.states if not s.final), names_, strict=True):
            yield f"  {name.ljust(width)}  {'; or '.join(meant[state.name] or [missing])}"
