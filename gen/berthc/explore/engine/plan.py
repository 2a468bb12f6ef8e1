"""The plan of one search in C: what the generated tables do not say, as a text of words.

`runtime/explore/plan.c` reads it. Numbers of resources, states, events, hooks, operations and rows
are those of the generated tables. Effects are numbered from 0.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from berthc.explore.bounds import Bounds
from berthc.explore.callers.contract import asked_of
from berthc.explore.callers.inputs import Choice, Valuation, scarce
from berthc.explore.findings.judge import IDS
from berthc.explore.findings.lookups import Lookups
from berthc.explore.findings.poisoned import Poisoned
from berthc.explore.meaning import adopted
from berthc.explore.states.backend import brings
from berthc.explore.states.future import Future
from berthc.explore.states.move import REDUCED, Reduced
from berthc.explore.states.step import Stepper
from berthc.explore.states.stated import NEW
from berthc.model import AssignedKind, Field, Manager, Resource, StateKind, Type
from berthc.semantics import Value

PARTS = ("none", "gives", "uses", "ends", "acquires", "releases", "free", "told", "drain",
         "recover")
"""The roles of operations for their callers, in the order of `enum part`."""

_ANY = (1 << 64) - 1


class Beyond(Exception):
    """The spec is beyond what the search in C can do; the message says what is too many."""


@dataclass(frozen=True)
class Plan:
    """A plan, and what its numbers mean. `effects` are the numbers of hooks, by effect."""

    text: str
    stepper: Stepper
    choices: tuple[Choice, ...]
    effects: tuple[int, ...]

    def mask(self, mask: int) -> int:
        """A mask of effects, in hooks' numbers."""
        return sum(1 << hook for n, hook in enumerate(self.effects) if mask >> n & 1)


def write(manager: Manager, root: str, valuation: Valuation, bounds: Bounds,
          reduced: Reduced = REDUCED, wanted: Iterable[tuple[int, int]] = ()) -> Plan:
    """The plan of a search. `wanted`: rows with outcomes, as numbers, that drains look for.
    Raises Beyond."""
    if scarce(manager, valuation, bounds.keys):  # all roots share the few slots
        reduced = reduced._replace(one_root=False)
    return _Writer(manager, root, valuation, bounds, reduced).plan(wanted)


class _Writer:
    def __init__(self, manager: Manager, root: str, valuation: Valuation, bounds: Bounds,
                 reduced: Reduced) -> None:
        self.manager = valuation.applied(manager)
        self.valuation = valuation
        self.bounds = bounds
        self.stepper = Stepper(self.manager, root, dict(valuation.options), valuation.without,
                               bounds, reduced)
        self.resources = {r.name: n for n, r in enumerate(self.manager.resources, 1)}
        self.operations = {o.name: n for n, o in enumerate(self.manager.operations, 1)}
        hooks = {h.name: n for n, h in enumerate(self.manager.hooks)}
        self.effects = tuple(hooks[name] for name, of in self.stepper.effects.items() if of.own)
        if len(self.effects) > 64:
            raise Beyond(f"{len(self.effects)} effects")
        self.choices: list[Choice] = []
        self.keys: dict[str, dict[tuple[Value, ...], int]] = {}

    def mask(self, mask: int) -> int:
        return sum(1 << n for n, hook in enumerate(self.effects) if mask >> hook & 1)

    def plan(self, wanted: Iterable[tuple[int, int]]) -> Plan:
        lines = [line for part in (self._bounds(), self._hooks(), self._operations(),
                                   self._choices(), self._resources(), self._rest(wanted))
                 for line in part]
        text = "".join(" ".join(str(word) for word in line) + "\n" for line in lines)
        return Plan(text, self.stepper, tuple(self.choices), self.effects)

    def _bounds(self) -> Iterator[list[object]]:
        bounds, reduced = self.bounds, self.stepper.reduced
        failures = _ANY if bounds.failures is None else bounds.failures
        yield ["berth-plan-1"]
        yield ["bounds", bounds.callers, failures, bounds.states, bounds.memory or 0,
               int(reduced.symmetric), int(reduced.one_root), int(bounds.crash),
               self.resources[self.stepper.root], bounds.in_flight]
        options = self.stepper.world.options
        yield ["options", *(w for o in self.manager.options for w in _words(o, options[o.name]))]
        numbers = {o.name: n for n, o in enumerate(self.manager.options, 1)}
        yield ["pools", *(word for r in self.manager.resources for a in r.assigned
                          for part in a.parts
                          for word in ((0, part.size) if part.option is None
                                       else (numbers[part.option], 0)))]

    def _hooks(self) -> Iterator[list[object]]:
        yield ["hooks"]
        for hook in self.manager.hooks:
            of = self.stepper.effects[hook.name]
            needs = sum(self.stepper.stated.needs.get(hook.name, {}).values())
            yield [self.mask(of.own), self.mask(of.undoes), self.mask(of.asked), self.mask(needs),
                   *(int(flag) for flag in (of.repeatable, of.tells, of.names, of.asks,
                                            of.asks_more, hook.name in self.stepper.without))]

    def _operations(self) -> Iterator[list[object]]:
        parts = {op.name: PARTS.index(part) for part in PARTS[1:7]
                 for op in getattr(self.stepper.contract, part)}
        yield ["operations"]
        for op in self.manager.operations:
            stepper, made = self.stepper, self.stepper.made(op)
            asked = asked_of(self.manager, op)
            yield [parts.get(op.name, 0), _levels(stepper.takes[op.name]),
                   _levels(stepper.drops[op.name]), _levels(name in asked for name in op.path),
                   stepper.relied[op.name], self.mask(brings(self.manager, op, stepper.effects)),
                   self.mask(made.there), self.mask(made.maybe), self.mask(made.unsaid)]

    # What callers give

    def _choices(self) -> Iterator[list[object]]:
        more = self.stepper.with_more().choices
        self.lists: dict[str, tuple[list[int], list[int]]] = {}
        known: dict[object, int] = {}
        conflicts: list[int] = []
        for resource in self.manager.resources:
            fields = [f.name for f in resource.fields]

            def number(choice: Choice, fields: list[str] = fields) -> int:
                values = (choice.resource, *(choice.fields[name] for name in fields))
                if values not in known:
                    known[values] = len(self.choices)
                    self.choices.append(choice)
                    conflicts.append(-1)
                return known[values]

            lists = ([number(choice) for choice in self.stepper.choices[resource.name]],
                     [number(choice) for choice in more[resource.name]])
            self.lists[resource.name] = lists
            for n in sorted({*lists[0], *lists[1]}):
                other = self.stepper.conflicting(self.choices[n])
                if other is not None:
                    conflicts[n] = number(other)
        yield ["choices", len(self.choices)]
        for choice, conflict in zip(self.choices, conflicts, strict=True):
            kinds = self.keys.setdefault(choice.resource, {})
            resource = self.manager.resource(choice.resource)
            yield [self.resources[choice.resource], choice.kind + 1,
                   kinds.setdefault(choice.key, len(kinds)), conflict + 1,
                   *(word for f in resource.fields for word in _words(f, choice.fields[f.name]))]

    # What the author states

    def _resources(self) -> Iterator[list[object]]:
        poisoned = Poisoned(self.stepper, Future(self.stepper))
        shape = self.stepper.shape
        for resource in self.manager.resources:
            newcomers = poisoned.operations[resource.name]
            makers = [op for _, op in poisoned.makers[resource.name]]
            numbers = {a.name: n for n, a in enumerate(resource.assigned, 1)}
            slot = next((numbers[o.by] for o in self.manager.operations
                         if o.target == resource.name and resource.name in shape.slots
                         and o.by is not None and resource_pool(resource, o.by)), 0)
            names = [numbers[a.name] for a in shape.names.get(resource.name, ())]
            yield ["resource", *_list(self.lists[resource.name][0]),
                   *_list(self.lists[resource.name][1]),
                   *_list([self.operations[op.name] for op in newcomers]),
                   *_list([self.operations[op.name] for op in makers]),
                   int(resource.name in poisoned.free), slot, *_list(names)]
            yield from self._states(resource)

    def _states(self, resource: Resource) -> Iterator[list[object]]:
        unknown = adopted(self.manager, resource)
        yield ["states"]
        for state in resource.states:
            one = (resource.name, state.name)
            always, allowed = self.stepper.stated.states.get(one, (0, ~0))
            yield [int(one in self.stepper.stated.states), self.mask(always), self.mask(allowed),
                   self.mask(unknown.get(state.name, 0)),
                   self.mask(self.stepper.stated.made.get(one, NEW).unsaid),
                   int(state.kind is StateKind.FAILURE)]
        yield ["meant", *(int(row.meant) for state in resource.states for row in state.rows)]

    def _rest(self, wanted: Iterable[tuple[int, int]]) -> Iterator[list[object]]:
        yield ["masks", self.mask(self.stepper.held), self.mask(self.stepper.asked),
               int(self.stepper.shape.by_key)]
        pairs = Lookups(self.stepper).pairs
        yield ["pairs", len(pairs),
               *(self.operations[op.name] for pair in pairs for op in pair)]
        accepts = [words for accept in self.manager.accept
                   if accept.finding in IDS[:-1]
                   for words in [self._where(accept.where)] if words is not None]
        yield ["accept", len(accepts)]
        for finding, words in zip((a.finding for a in self.manager.accept
                                   if a.finding in IDS[:-1]
                                   and self._where(a.where) is not None), accepts, strict=True):
            yield [IDS.index(finding), *words]
        rows = list(wanted)
        yield ["wanted", len(rows), *(word for row in rows for word in row)]
        yield ["end"]

    def _where(self, where: str | None) -> tuple[int, int, int] | None:
        """Resource, state and event as numbers, 0 for any; None where there is no such place."""
        name, state, event = (*(where or "").split("."), "", "", "")[:3]
        if not name:
            return 0, 0, 0
        if name not in self.resources:
            return None
        resource = self.manager.resource(name)
        states, events = [s.name for s in resource.states], list(resource.events)
        if state and state not in states or event and event not in events:
            return None
        return (self.resources[name], states.index(state) + 1 if state else 0,
                events.index(event) + 1 if event else 0)


def resource_pool(resource: Resource, name: str) -> bool:
    """Is the assigned value a slot of a pool?"""
    return any(a.name == name and a.kind is AssignedKind.POOL for a in resource.assigned)


def _levels(flags: Iterable[bool]) -> int:
    return sum(1 << n for n, flag in enumerate(flags) if flag)


def _list(numbers: list[int]) -> list[int]:
    return [len(numbers), *numbers]


def _words(field: Field, value: Value) -> list[object]:
    if field.type in (Type.LIST, Type.SET):
        assert isinstance(value, tuple)
        return [len(value), *(_text(item) for item in value)]
    if field.type is Type.STRING:
        return [_text(str(value))]
    if field.type is Type.ENUM:
        return [field.values.index(str(value))]
    if field.type is Type.UUID:
        return [0 if value in ("", "nil") else int(str(value)[1:])]
    assert isinstance(value, int)
    return [int(value)]


def _text(text: str) -> str:
    """The text in one word."""
    return "=" + "".join(chr(byte) if 0x21 <= byte <= 0x7e and byte != 0x25 else f"%{byte:02x}"
                         for byte in text.encode("utf-8", "surrogatepass"))


__all__ = ["PARTS", "Beyond", "Plan", "write"]
