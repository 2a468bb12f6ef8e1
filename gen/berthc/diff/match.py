"""Finds what has another name: the same structure under a name that only one of the specs has.

Each thing has features: what it is, and where it stands among things that both specs know. The more
features it has, the more they count against the words of name and brief. What a spec tells (`was`)
counts more than all of that.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import product

from berthc.diff.renames import leaves, renamed
from berthc.model import (
    Assigned, Field, Guard, Hook, Loc, Manager, Naming, Operation, Resource, State, earlier_names,
)
from berthc.names import shape

ALIKE = 0.6  # from which similarity on a thing is the same under another name
TEXT_WEIGHT = 4.0  # how many features the words of name and brief count as
MOST_PAIRS = 10_000  # beyond, only things near each other in the two specs are compared
NEAR = 5


@dataclass(frozen=True)
class Rename:
    """`scope` is the resource, by its new name; "" for what belongs to none."""

    kind: str
    scope: str
    old: str
    new: str
    old_loc: Loc
    new_loc: Loc


Features = Counter[tuple[object, ...]]


@dataclass(frozen=True)
class _Thing:
    name: str
    brief: str
    loc: Loc
    features: Features


KINDS = ("resource", "option", "hook", "field", "assigned", "state", "event", "operation")


_NAMINGS = {"resource": (Naming.RESOURCE,), "option": (Naming.OPTION,), "hook": (Naming.HOOK,),
            "field": (Naming.COLUMN,), "assigned": (Naming.COLUMN,), "state": (Naming.STATE,),
            "event": (Naming.EVENT,)}


def match(old: Manager, new: Manager) -> tuple[Manager, list[Rename]]:
    """The old manager under the new names, and what was renamed."""
    found: list[Rename] = []
    again = True
    while again:  # one rename may let another be seen
        again = False
        for kind in KINDS:
            for scope in _scopes(kind, old, new):
                some = _renames(kind, scope, old, new)
                names = {(kind, scope, r.old) if scope else (kind, r.old): r.new for r in some}
                if kind == "assigned":
                    for one in some:
                        names |= {("leaf", scope, a): b for a, b in leaves(
                            old.resource(scope).value(one.old), new.resource(scope).value(one.new))}
                old = renamed(old, names)
                found += some
                again = again or bool(some)
    return old, [r for kind in KINDS for r in found if r.kind == kind]


def _scopes(kind: str, old: Manager, new: Manager) -> list[str]:
    if kind in ("resource", "option", "hook", "operation"):
        return [""]
    return [r.name for r in new.resources if r.name in old.by_name]


def _renames(kind: str, scope: str, old: Manager, new: Manager) -> list[Rename]:
    gone, came = _only(kind, scope, old, new), _only(kind, scope, new, old)
    if not gone or not came:
        return []
    before, after = _things(kind, scope, old, new, gone), _things(kind, scope, new, old, came)
    told = {(e.was, e.name) for e in earlier_names(new)
            if e.kind in _NAMINGS.get(kind, ()) and e.owner == scope}
    pairs = [(i, j) for i, j in product(range(len(before)), range(len(after)))
             if len(before) * len(after) <= MOST_PAIRS or abs(i - j) <= NEAR]
    scored = sorted((-2.0 if (before[i].name, after[j].name) in told else
                     -_alike(before[i], after[j]), i, j) for i, j in pairs)
    found: list[Rename] = []
    used: set[tuple[str, int]] = set()
    for score, i, j in scored:
        if -score < ALIKE or ("old", i) in used or ("new", j) in used:
            continue
        used |= {("old", i), ("new", j)}
        found.append(Rename(kind, scope, before[i].name, after[j].name, before[i].loc,
                            after[j].loc))
    return sorted(found, key=lambda r: [t.name for t in after].index(r.new))


def _only(kind: str, scope: str, here: Manager, there: Manager) -> list[str]:
    known = set(_named(kind, scope, there))
    return [name for name in _named(kind, scope, here) if name not in known]


def _named(kind: str, scope: str, manager: Manager) -> list[str]:
    if kind in ("resource", "option", "hook", "operation"):
        return [str(one.name) for one in getattr(manager, f"{kind}s")]
    resource = manager.resource(scope)
    if kind == "event":
        return list(resource.events)
    if kind == "state":
        return [s.name for s in resource.states]
    if kind == "field":
        return [f.name for f in resource.fields]
    return [a.name for a in resource.assigned]


def _alike(old: _Thing, new: _Thing) -> float:
    both = sum((old.features & new.features).values())
    most = sum(old.features.values()) + sum(new.features.values())
    structure = 2 * both / most if most else 1.0
    if structure == 1.0 and not old.brief and not new.brief:
        return 0.8 + 0.2 * _ratio(old.name, new.name)
    text = _ratio(old.name, new.name)
    if old.brief and new.brief:
        text = 0.3 * text + 0.7 * _ratio(old.brief, new.brief)
    weight = most / (most + 2 * TEXT_WEIGHT)
    return weight * structure + (1 - weight) * text


def _ratio(one: str, other: str) -> float:
    return 1.0 if one == other else SequenceMatcher(None, one[:200], other[:200], False).ratio()


def _things(kind: str, scope: str, here: Manager, there: Manager,
            names: list[str]) -> list[_Thing]:
    return [_Side(here, there).thing(kind, scope, name) for name in names]


class _Side:
    """One of two managers. A name that the other does not have says nothing of a structure."""

    def __init__(self, here: Manager, there: Manager) -> None:
        self.here = here
        self.known = {(k, s, n) for k in KINDS for s in _scopes(k, there, here)
                      for n in _named(k, s, there)}

    def word(self, kind: str, scope: str, name: str | None) -> str:
        return "" if name is None else name if (kind, scope, name) in self.known else "?"

    def thing(self, kind: str, scope: str, name: str) -> _Thing:
        if kind == "event":
            resource = self.here.resource(scope)
            loc = next((row.loc for s in resource.states for row in s.rows if row.event == name),
                       resource.loc)
            return _Thing(name, "", loc, Counter(self.event(resource, name)))
        if kind == "option":
            option = self.here.option(name)
            return _Thing(name, option.brief, option.loc, Counter(self.option(option)))
        if kind == "hook":
            hook = self.here.hook(name)
            return _Thing(name, hook.brief, hook.loc, Counter(self.hook(hook)))
        if kind == "operation":
            operation = self.here.operation(name)
            return _Thing(name, operation.brief, operation.loc, Counter(self.operation(operation)))
        if kind == "resource":
            resource = self.here.resource(name)
            return _Thing(name, resource.brief, resource.loc, Counter(self.resource(resource)))
        return self.member(kind, self.here.resource(scope), name)

    def member(self, kind: str, resource: Resource, name: str) -> _Thing:
        if kind == "field":
            field = resource.field(name)
            return _Thing(name, field.brief, field.loc, Counter(self.field(resource, field)))
        if kind == "assigned":
            value = resource.value(name)
            return _Thing(name, value.brief, value.loc, Counter(self.assigned(resource, value)))
        state = resource.state(name)
        return _Thing(name, state.brief, state.loc, Counter(self.state(resource, state)))

    def resource(self, r: Resource) -> Iterator[tuple[object, ...]]:
        yield "parent", self.word("resource", "", r.parent)
        yield from (("child", self.word("resource", "", c)) for c in self.here.children(r.name))
        yield from (("field", f.name, f.type) for f in r.fields)
        yield from (("key", name) for name in r.key)
        yield from (("assigned", a.name, a.kind) for a in r.assigned)
        yield from (("holders", r.take), ("holders", r.drop), ("initial", r.initial))
        yield from (("state", s.name, s.final, s.resident) for s in r.states)
        yield from (("row", row.state, row.event) for s in r.states for row in s.rows)
        yield from (("hook", self.word("hook", "", h.name)) for h in self.here.hooks
                    if h.on == r.name)
        yield from (("path", self.word("operation", "", o.name), n) for o in self.here.operations
                    for n, name in enumerate(o.path) if name == r.name)

    def _kind(self, f: Field) -> Iterator[tuple[object, ...]]:
        yield "type", f.type
        yield from (("value", v) for v in f.values)
        yield from (pair for pair in (
            ("default", f.default), ("range", f.range), ("longest", f.max_length),
            ("required", f.required), ("case", f.ignore_case)) if pair[1])

    def option(self, o: Field) -> Iterator[tuple[object, ...]]:
        yield from self._kind(o)
        yield from self._uses("option", "", o.name)
        yield from (("pool", r.name, a.name) for r in self.here.resources for a in r.assigned
                    for p in a.parts if p.option == o.name)

    def field(self, r: Resource, f: Field) -> Iterator[tuple[object, ...]]:
        yield from self._kind(f)
        if f.name in r.key:
            yield "key", r.key.index(f.name)
        yield from self._uses("field", r.name, f.name)

    def assigned(self, r: Resource, a: Assigned) -> Iterator[tuple[object, ...]]:
        yield "kind", a.kind
        yield from (pair for pair in (
            ("type", a.type), ("start", a.start), ("longest", a.max_length),
            ("hook", self.word("hook", "", a.hook))) if pair[1])
        yield from (("part", p.size, p.option) for p in a.parts)
        yield from (("text", *(p if isinstance(p, str) else str(p) for p in t.parts))
                    for t in a.texts)
        for leaf in a.leaves:
            yield from self._uses("leaf", r.name, leaf)
        for o in self.here.operations:
            if o.target == r.name and a.name in (o.by, o.at):
                yield "named", self.word("operation", "", o.name)

    def _uses(self, kind: str, own: str, name: str) -> Iterator[tuple[object, ...]]:
        """Where conditions, formats and results name something."""

        def in_guard(guard: Guard | None, of: str) -> bool:
            return guard is not None and any(
                ref.name == name and (ref.scope == "option" if kind == "option" else
                                      (of if ref.scope == "field" else ref.scope) == own)
                for ref in guard.refs())

        for r in self.here.resources:
            yield from (("row", r.name, row.event, row.hook, row.reject) for s in r.states
                        for row in s.rows if in_guard(row.guard, r.name))
            for a in r.assigned:
                for text in a.texts:
                    if in_guard(text.guard, r.name) or any(
                            not isinstance(p, str) and p.name == name
                            and (p.scope == "option") == (kind == "option") for p in text.parts):
                        yield "format", r.name, self.word("assigned", r.name, a.name)
        for o in self.here.operations:
            yield from (("deny", o.name, d.error) for d in o.deny if in_guard(d.guard, ""))
            if kind == "leaf":
                yield from (("returns", o.name) for ref in o.returns
                            if (ref.scope, ref.name) == (own, name))

    def hook(self, h: Hook) -> Iterator[tuple[object, ...]]:
        yield from (("group", h.group), ("on", h.on))
        yield from (pair for pair in (
            ("optional", h.optional), ("absent", h.absent), ("together", h.together),
            ("repeatable", h.repeatable)) if pair[1])
        for word in ("undoes", "asks", "needs"):
            yield from ((word, self.word("hook", "", n)) for n in getattr(h, word))
            yield from ((f"{word} by", self.word("hook", "", other.name))
                        for other in self.here.hooks if h.name in getattr(other, word))
        for r in self.here.resources:
            yield from (("row", r.name, self.word("state", r.name, s.name), row.event)
                        for s in r.states for row in s.rows if row.hook == h.name)
            yield from (("gives", r.name, self.word("assigned", r.name, a.name))
                        for a in r.assigned if a.hook == h.name)

    def state(self, r: Resource, s: State) -> Iterator[tuple[object, ...]]:
        def name(of: str) -> str:
            return "itself" if of == s.name else self.word("state", r.name, of)

        yield from (pair for pair in (
            ("final", s.final), ("resident", s.resident), ("initial", r.initial == s.name))
            if pair[1])
        yield from (("effect", hook) for hook in (*(s.effects or ()), *s.maybe))
        yield from (("enter", self.word("operation", "", o.name)) for o in self.here.operations
                    if o.target == r.name and o.enter == s.name)
        for row in s.rows:
            event, hook = self.word("event", r.name, row.event), self.word("hook", "", row.hook)
            guard = None if row.guard is None else shape(row.guard)
            yield "row", event, guard, hook, row.reject
            yield from (("to", event, hook, outcome, name(t.state),
                         self.word("event", r.name, t.raise_event)) for outcome, t in row.targets())
        for other in r.states:
            yield from (("from", self.word("state", r.name, other.name),
                         self.word("event", r.name, row.event), outcome)
                        for row in other.rows for outcome, t in row.targets()
                        if other is not s and t.state == s.name)

    def event(self, r: Resource, event: str) -> Iterator[tuple[object, ...]]:
        yield from (("holders", n) for n, name in enumerate((r.take, r.drop)) if name == event)
        for s in r.states:
            here = self.word("state", r.name, s.name)
            for row in s.rows:
                if row.event == event:
                    yield "row", here, self.word("hook", "", row.hook), row.reject
                    yield from (("to", here, outcome, self.word("state", r.name, t.state))
                                for outcome, t in row.targets())
                yield from (("raised", here, outcome) for outcome, t in row.targets()
                            if t.raise_event == event)
        yield from (("step", self.word("operation", "", o.name), n) for o in self.here.operations
                    for n, step in enumerate(o.steps) if (step.resource, step.event)
                    == (r.name, event))

    def operation(self, o: Operation) -> Iterator[tuple[object, ...]]:
        yield "form", o.form
        yield from (("path", name) for name in o.path)
        yield from (("step", n, step.resource, self.word("event", step.resource, step.event))
                    for n, step in enumerate(o.steps))
        yield from (("returns", str(ref)) for ref in o.returns)
        yield from (("deny", shape(d.guard), d.error) for d in o.deny)
        yield from (pair for pair in (
            ("gives", o.gives), ("ends", o.ends), ("by", o.by), ("absent", o.absent_ok),
            ("at", o.at), ("enter", o.enter)) if pair[1])
