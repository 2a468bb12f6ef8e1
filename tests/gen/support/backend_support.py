"""A backend that is followed from outside: which effects it has after the calls of each answer, and
whether that is what the spec says. It shares nothing with the search.
"""
from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import NamedTuple

from explore_support import Json

from berthc.model import Form, Hook, Manager, Resource, State

KeyPath = tuple[tuple[str, tuple[str, ...]], ...]
"""An instance: its resource and key, and those of the instances above it, root first."""


class Breach(NamedTuple):
    """Something that must not be: the id of its finding, and what its message has to say."""

    id: str
    words: tuple[str, ...]


def key_of(manager: Manager, resource: str, values: Json) -> tuple[str, ...]:
    return tuple(json.dumps(values[name]) for name in manager.resource(resource).key)


def key_path_of(manager: Manager, resource: str, values: Json) -> KeyPath:
    """The instance with such values; those of the instances above it are among them."""
    return tuple((name, key_of(manager, name, values)) for name in manager.path(resource))


def together(given: Mapping[str, Json]) -> Json:
    """The values of all levels. No two levels of the specs here have a key of one name."""
    return {name: value for level in given.values() for name, value in level.items()}


class Backend:
    """Effects by instance."""

    def __init__(self, manager: Manager, without: Iterable[str] = ()) -> None:
        self.manager = manager
        self.without = frozenset(without)
        self.undoable = {name for h in manager.hooks for name in h.undoes}
        self.truth: dict[KeyPath, set[str]] = {}
        self.unknown: dict[KeyPath, set[str]] = {}
        """Effects that were there before `create` or not; no call told yet."""
        self.before: dict[KeyPath, set[str]] = {}
        """Effects that were there before `create`, and that no call touched yet."""
        self.states: dict[KeyPath, str] = {}
        self.refs: dict[KeyPath, int] = {}
        self.counts: Counter[str] = Counter()
        """How often each word was put to the test."""

    # What is there

    def has(self, path: KeyPath) -> set[str]:
        return self.truth.setdefault(path, set())

    def truly(self, hook: Hook, path: KeyPath) -> str:
        """What a hook that asks must answer."""
        return "yes" if self.has(path) & set(hook.asks) else "no"

    def left(self) -> dict[KeyPath, set[str]]:
        """What calls brought about and did not take back."""
        return {path: left for path, has in self.truth.items()
                if (left := has - self.unknown.get(path, set()) - self.before.get(path, set()))}

    def may_be(self, name: str, given: Mapping[str, Json]) -> set[str]:
        """The effects that may be there of an instance that the operation makes by `create`."""
        made = self._made(name, given)
        if made is None:
            return set()
        path, state = made
        every = {h.name for h in self.manager.hooks if h.on == path[-1][0]} & self.undoable
        return (every if state.effects is None else set(state.maybe)) - self.without

    def create(self, name: str, given: Mapping[str, Json], there: set[str]) -> None:
        """Before an operation: what `create` makes has some of the effects that may be there."""
        made = self._made(name, given)
        if made is None:
            return
        path, state = made
        self.truth[path] = there | set(state.effects or ()) - self.without
        self.before[path] = set(self.truth[path])
        self.unknown[path] = self.may_be(name, given) if state.effects is None else set()

    def _made(self, name: str, given: Mapping[str, Json]) -> tuple[KeyPath, State] | None:
        """What an operation makes by `create`, and the state that it enters."""
        for op in self.manager.operations:
            if op.name == name and op.form is Form.CREATE:
                path = key_path_of(self.manager, op.target, together(given))
                state = self.manager.resource(op.target).state(op.enter or "")
                return None if path in self.states else (path, state)
        return None

    # What comes of an answer

    def answered(self, answer: Json, effects: Sequence[bool],
                 found: Iterable[Sequence[str]] = repeat(())) -> Iterator[Breach]:
        """Follows the calls, and looks at what rests then. `effects` says of each call, if it is
        uncertain, whether it had its effect; `found` what turns out to be there, which was not
        known before."""
        for call, effect, new in zip(answer["calls"], effects, found, strict=False):
            path = key_path_of(self.manager, self.manager.hook(call["hook"]).on, call["args"])
            self.has(path).update(new)
            self.unknown.setdefault(path, set()).difference_update(new)
            yield from self._called(call, path, effect)
        there = {key_path_of(self.manager, resource.name, item): (resource, item)
                 for resource, item in self.instances(answer["state"])}
        self.states = {path: item["state"] for path, (_, item) in there.items()}
        self.refs = {path: item["refs"] for path, (_, item) in there.items()}
        for path in [path for path in self.truth if path not in there]:
            if self.truth[path] - self.unknown.get(path, set()):
                yield Breach("leak", (path[-1][0], "ends"))
            for known in (self.truth, self.unknown, self.before):
                known.pop(path, None)
        for path, (resource, item) in there.items():
            yield from self._rests(resource, path, item["state"])

    def _called(self, call: Json, path: KeyPath, effect: bool) -> Iterator[Breach]:
        hook = self.manager.hook(call["hook"])
        has, unknown = self.has(path), self.unknown[path]
        if hook.asks:
            yield from self._reported(hook, path, call["outcome"])
            return
        if not hook.repeatable and hook.name in has - unknown:
            yield Breach("double", (hook.name,))
        if not hook.repeatable and hook.undoes and not (has | unknown) & set(hook.undoes):
            yield Breach("double", (hook.name,))
        yield from self._lacks(hook, path)
        if not (call["outcome"] == "ok" or call["outcome"] == "uncertain" and effect):
            return
        lost = has & set(hook.undoes)
        has -= set(hook.undoes)
        has |= {hook.name} & self.undoable
        for known in (unknown, self.before.setdefault(path, set())):
            known -= {hook.name, *hook.undoes}
        yield from self._relied_on(hook, path, lost)

    def _reported(self, hook: Hook, path: KeyPath, answer: str) -> Iterator[Breach]:
        """An answer is the truth. Where it was not known, the answer tells it."""
        if answer == "no" or answer == "yes" and len(hook.asks) == 1:
            self.unknown[path].difference_update(hook.asks)
        if answer not in ("unknown", self.truly(hook, path)):
            yield Breach("lied", (hook.name,))

    def _lacks(self, hook: Hook, path: KeyPath) -> Iterator[Breach]:
        for needed in set(hook.needs) - self.without:
            above = path[:self.manager.path(hook.on).index(self.manager.hook(needed).on) + 1]
            self.counts["needs"] += 1
            if needed not in self.has(above) | self.unknown.get(above, set()):
                yield Breach("needs", (hook.name, "is called", needed))

    def _relied_on(self, hook: Hook, path: KeyPath, lost: set[str]) -> Iterator[Breach]:
        """Effects that need what was lost, at the instance or below it."""
        for other in self.manager.hooks:
            for needed in set(other.needs) & lost:
                if any(other.name in has - self.unknown.get(at, set())
                       for at, has in self.truth.items() if at[:len(path)] == path):
                    yield Breach("needs", (hook.name, "takes back", needed, other.name))

    def _rests(self, resource: Resource, path: KeyPath, state: str) -> Iterator[Breach]:
        said = resource.state(state)
        if said.effects is None:
            return
        has = self.has(path)
        effects, maybe = set(said.effects) - self.without, set(said.maybe) - self.without
        self.counts["effects"] += bool(effects)
        self.counts["maybe"] += len(maybe & has)
        self.counts["maybe not"] += len(maybe - has)
        for name in effects - has:
            yield Breach("effects", (state, name, "not in effect, and"))
        unknown = self.unknown.get(path, set())
        for name in (has | unknown) - effects - maybe:
            yield Breach("effects", (state, name, "perhaps in effect" if name in unknown
                                     else "says that it is not"))

    def instances(self, state: Json) -> Iterator[tuple[Resource, Json]]:
        """Everything that is tracked, with the values of what is above it."""
        for root in self.manager.resources:
            if root.parent is None:
                yield from self._below(root.name, state[root.name], {})

    def _below(self, name: str, items: list[Json], above: Json) -> Iterator[tuple[Resource, Json]]:
        for item in items:
            yield self.manager.resource(name), {**above, **item}
            for child in self.manager.children(name):
                yield from self._below(child, item[child], {**above, **item})
