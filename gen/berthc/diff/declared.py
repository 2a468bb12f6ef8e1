"""What changed in declarations: options, hooks, resources, fields, values, states, operations,
limits, accepted findings."""
from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from berthc.diff.change import Change, Verdict
from berthc.diff.rows import told, written
from berthc.model import (
    Accept, Assigned, AssignedKind, Deny, Field, Form, FormatText, Guard, Hook, Loc, Manager,
    Operation, Resource, State, Type,
)
from berthc.names import shape

C, B = Verdict.COMPATIBLE, Verdict.BEHAVIOUR
API, BACKEND, COSMETIC = Verdict.API, Verdict.BACKEND, Verdict.COSMETIC

Told = Iterator[tuple[str, Verdict]]


class _Declared(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def loc(self) -> Loc: ...


Thing = TypeVar("Thing", bound=_Declared)


def pairs(old: Sequence[Thing], new: Sequence[Thing]) -> Iterator[tuple[Thing | None,
                                                                        Thing | None]]:
    """By name: those of today in their order, then those that are gone."""
    before, names = {one.name: one for one in old}, {one.name for one in new}
    yield from ((before.get(one.name), one) for one in new)
    yield from ((one, None) for one in old if one.name not in names)


def moved(what: str, name: str, old: Sequence[Thing], new: Sequence[Thing],
          place: Loc) -> Iterator[Change]:
    """What both have stands in another order. Where that numbers something, the header differs."""
    then, now = [one.name for one in old], [one.name for one in new]
    if [n for n in then if n in now] != [n for n in now if n in then]:
        yield Change("changed", "spec", name, f"the {what} stand in another order", COSMETIC,
                     old[0].loc if old else None, place)


def changed(what: str, name: str, old: Loc, new: Loc, told: Told) -> Iterator[Change]:
    for text, verdict in told:
        yield Change("changed", what, name, text, verdict, old, new)


def was(what: str, new: object, old: object) -> str:
    return f"its {what} is now {new}; it was {old}"


def listed(names: Sequence[object]) -> str:
    return ", ".join(str(name) for name in names) or "nothing"


def brief(old: str, new: str) -> Told:
    if old and new and old != new:
        now, then = _other_words(new, old)
        yield f"its brief says {now}; it said {then}", COSMETIC
    elif old != new:
        yield (f'its brief says "{new}"' if new else f'no longer says "{old}"'), COSMETIC


def said(brief: str) -> tuple[str, ...]:
    """The brief of what is new, as a detail of it."""
    return (f'"{brief}"',) if brief else ()


def _other_words(one: str, other: str) -> tuple[str, str]:
    """The words in which two texts differ, with one on either side; the rest as dots."""
    a, b = one.split(), other.split()
    same = next((n for n, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    tail = next((n for n, (x, y) in enumerate(zip(a[same:][::-1], b[same:][::-1])) if x != y),
                min(len(a), len(b)) - same)
    first, last = max(same - 1, 0), max(tail - 1, 0)

    def shown(words: list[str]) -> str:
        middle = " ".join(words[first:len(words) - last])
        return f'"{"… " * (first > 0)}{middle}{" …" * (last > 0)}"'

    return shown(a), shown(b)


# options and fields

def value_text(field: Field) -> str:
    words = [field.type.value + (f" of {listed(field.values)}" if field.values else "")]
    if field.default not in ("", (), 0, None, False):
        words.append(f"default {_shown(field.default)}")
    words += [f"{field.range[0]} to {field.range[1]}"] if field.range else []
    return ", ".join(words + (["required"] if field.required else []))


def field_told(old: Field, new: Field) -> Told:
    if old.type is not new.type:
        yield was("type", new.type.value, old.type.value), API
    else:
        swapped = _swapped(old.values, new.values)
        yield from _values(old.values, new.values, swapped)
        if old.default != new.default and (old.default, new.default) != swapped:
            yield was("default", _shown(new.default), _shown(old.default)), B
    if old.type is new.type and old.range != new.range:
        low, high = new.range or new.type.limits
        least, most = old.range or old.type.limits
        yield (was("range", f"{low} to {high}", f"{least} to {most}"),
               C if low <= least and high >= most else B)
    if old.max_length != new.max_length:
        wider = new.max_length is None or (
            old.max_length is not None and new.max_length > old.max_length)
        sentence = was("greatest length", _bytes(new.max_length), _bytes(old.max_length))
        yield sentence, C if wider else B
    if old.required != new.required:
        yield ("is required now: callers who leave it out get EINVAL", B) if new.required else (
            "may be left out now", C)
    if old.ignore_case != new.ignore_case:
        yield "its case " + ("is ignored now" if new.ignore_case else "counts now"), B
    yield from brief(old.brief, new.brief)


def _shown(value: object) -> str:
    return "empty" if value in ("", ()) else str(value).lower() if isinstance(
        value, bool) else str(value)


def _bytes(length: int | None) -> str:
    return "not limited" if length is None else f"{length} bytes"


def _swapped(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[str, str] | None:
    """The one value that has another name, where that is all."""
    came, gone = [v for v in new if v not in old], [v for v in old if v not in new]
    one = len(came) == len(gone) == 1 and new.index(came[0]) == old.index(gone[0])
    return (gone[0], came[0]) if one else None


def _values(old: tuple[str, ...], new: tuple[str, ...],
            swapped: tuple[str, str] | None) -> Told:
    came, gone = [v for v in new if v not in old], [v for v in old if v not in new]
    if swapped is not None:
        yield f"its value {swapped[0]} is called {swapped[1]} now", API
        return
    if came:
        yield f"has the new value{'s' * (len(came) > 1)} {listed(came)}", C
    if gone:
        yield f"no longer has the value{'s' * (len(gone) > 1)} {listed(gone)}", API
    if [v for v in old if v in new] != [v for v in new if v in old]:
        yield "its values stand in another order", COSMETIC


def option_changes(old: Manager, new: Manager) -> Iterator[Change]:
    for before, after in pairs(old.options, new.options):
        yield from _field("option", "", before, after)
    yield from moved("options", new.name, old.options, new.options, new.loc)


def _field(what: str, prefix: str, before: Field | None, after: Field | None,
           key: bool = False) -> Iterator[Change]:
    if before is None and after is not None:
        told = f"is new: {value_text(after)}"
        if after.required:
            told += "; callers who leave it out get EINVAL"
        yield Change("added", what, prefix + after.name, told,
                     B if key or after.required else C, None, after.loc,
                     details=said(after.brief))
    elif after is None and before is not None:
        yield Change("removed", what, prefix + before.name, "is gone", API, before.loc)
    elif before is not None and after is not None:
        yield from changed(what, prefix + after.name, before.loc, after.loc,
                           field_told(before, after))


# hooks

def hook_changes(old: Manager, new: Manager) -> Iterator[Change]:
    for before, after in pairs(old.hooks, new.hooks):
        if before is None and after is not None:
            yield Change("added", "hook", after.name, f"is new on {after.on}: {_must(after)}",
                         BACKEND, None, after.loc, details=said(after.brief))
        elif after is None and before is not None:
            yield Change("removed", "hook", before.name, "is gone; nothing calls it any more",
                         BACKEND, before.loc)
        elif before is not None and after is not None:
            yield from changed("hook", after.name, before.loc, after.loc,
                               _hook(old, new, before, after))
    yield from moved("hooks", new.name, old.hooks, new.hooks, new.loc)


def _must(hook: Hook) -> str:
    if not hook.optional:
        return "every backend must have it"
    with_ = f" together with all of '{hook.together}'" if hook.together else ""
    return f"a backend may leave it out{with_}; then {_left_out(hook)}"


def _left_out(hook: Hook) -> str:
    if hook.absent:
        return f"what needs it is refused with {hook.absent}"
    return ("what asks it fails with EOPNOTSUPP" if hook.asks else "it counts as ended ok")


def _hook(old: Manager, new: Manager, before: Hook, after: Hook) -> Told:
    if before.on != after.on:
        yield was("resource", after.on, before.on), BACKEND
    if before.optional != after.optional:
        yield ((f"may be left out now: then {_left_out(after)}", C) if after.optional else
               ("must be there now; before, a backend could leave it out", BACKEND))
    elif after.optional:
        if before.absent != after.absent:
            yield (f"where a backend leaves it out, {_left_out(after)}; before, "
                   f"{_left_out(before)}", B)
        if before.together != after.together:
            yield (f"is left out only together with all of '{after.together}'" if after.together
                   else f"may be left out without the others of '{before.together}'",
                   BACKEND if after.together else C)
    for word, nouns, more, less in (
            ("undoes", "undoes", BACKEND, BACKEND), ("asks", "asks for", BACKEND, BACKEND),
            ("needs", "needs", C, BACKEND)):
        came = [n for n in getattr(after, word) if n not in getattr(before, word)]
        gone = [n for n in getattr(before, word) if n not in getattr(after, word)]
        if came:
            yield f"{nouns} {listed(came)} now", more
        if gone:
            yield f"{nouns} {listed(gone)} no longer", less
        if not came and not gone and getattr(before, word) != getattr(after, word):
            yield f"names what it {word} in another order", COSMETIC
    if before.repeatable != after.repeatable:
        yield (("must be repeatable now: it ends ok where its work is done already", BACKEND)
               if after.repeatable else ("need not be repeatable any more", C))
    yield from brief(before.brief, after.brief)


# resources

def resource_changes(old: Resource, new: Resource) -> Iterator[Change]:
    """All but the rows."""
    yield from changed("resource", new.name, old.loc, new.loc, _resource(old, new))
    dot = f"{new.name}."
    for before, after in pairs(old.fields, new.fields):
        yield from _field("field", dot, before, after, key=after is not None
                          and after.name in new.key)
    for a, b in pairs(old.assigned, new.assigned):
        if a is None and b is not None:
            yield Change("added", "value", dot + b.name, f"is new: {value_of(b)}", C, None, b.loc,
                         details=said(b.brief))
        elif b is None and a is not None:
            yield Change("removed", "value", dot + a.name, f"is gone: it was {value_of(a)}", API,
                         a.loc)
        elif a is not None and b is not None:
            yield from changed("value", dot + b.name, a.loc, b.loc, _assigned(a, b))
    for s, t in pairs(old.states, new.states):
        if s is None and t is not None:
            yield Change("added", "state", dot + t.name, f"is new{_look(t)}", C, None, t.loc,
                         details=(*said(t.brief), *map(told, t.rows)))
        elif t is None and s is not None:
            yield Change("removed", "state", dot + s.name, "is gone", B, s.loc,
                         details=tuple(map(told, s.rows)))
        elif s is not None and t is not None:
            yield from changed("state", dot + t.name, s.loc, t.loc, _state(s, t))
    yield from moved("fields", new.name, old.fields, new.fields, new.loc)
    yield from moved("values", new.name, old.assigned, new.assigned, new.loc)
    yield from moved("states", new.name, old.states, new.states, new.loc)


def _resource(old: Resource, new: Resource) -> Told:
    if old.parent != new.parent:
        yield was("parent", new.parent or "none", old.parent or "none"), API
    if old.key != new.key:
        yield (was("key", listed(new.key), listed(old.key)),
               COSMETIC if sorted(old.key) == sorted(new.key) else B)
    for word, event in (("take", "a new holder fires"), ("drop", "letting go fires")):
        then, now = getattr(old, word), getattr(new, word)
        if then != now:
            yield f"{event} {now or 'nothing'} now; it was {then or 'nothing'}", B
    if old.initial != new.initial:
        yield f"begins in {new.initial} now; it began in {old.initial}", B
    if old.otherwise != new.otherwise:
        now, then = (f"refused with {r.otherwise}" if r.otherwise else "a mistake in the spec"
                     for r in (new, old))
        yield f"an event without a row is {now} now; it was {then}", B
    yield from brief(old.brief, new.brief)


def value_of(a: Assigned) -> str:
    if a.kind is AssignedKind.COUNTER:
        return f"a counter from {a.start}" + (", as text" if a.type is Type.STRING else "")
    if a.kind is AssignedKind.POOL:
        return "a pool of " + " x ".join(
            f"{p.name} {p.size if p.size is not None else p.option}" for p in a.parts)
    if a.kind is AssignedKind.FORMAT:
        return " or ".join(_format(t.parts) + (f" if {t.guard.text}" if t.guard else "")
                           for t in a.texts)
    if a.kind is AssignedKind.HOOK and a.type is not None:
        return f"{a.type.value} from {a.hook}" + (
            f", at most {a.max_length} bytes" if a.max_length else "")
    return "a UUID"


def _format(parts: Sequence[object]) -> str:
    return '"' + "".join(p if isinstance(p, str) else
                         f"{{{str(p).removeprefix('field.')}}}" for p in parts) + '"'


def _assigned(old: Assigned, new: Assigned) -> Told:
    if old.kind is new.kind is AssignedKind.FORMAT:
        yield from _texts(old, new)
    elif value_of(old) != value_of(new):
        leaves = old.kind is not new.kind or old.type is not new.type or old.leaves != new.leaves
        yield (f"is now {value_of(new)}; it was {value_of(old)}",
               API if leaves else BACKEND if old.hook != new.hook else B)
    yield from brief(old.brief, new.brief)


def _texts(old: Assigned, new: Assigned) -> Told:
    """The alternatives of a format that are others."""
    def case(text: FormatText) -> str:
        return "" if text.guard is None else f" if {text.guard.text}"

    def key(text: FormatText) -> object:
        return None if text.guard is None else shape(text.guard)

    then, now = {key(t): t for t in old.texts}, {key(t): t for t in new.texts}
    gone = [asked for asked in then if asked not in now]
    for asked, text in now.items():
        other = next((g for g in gone if _format(then[g].parts) == _format(text.parts)), None)
        if asked not in then and other is not None:
            yield (f"is {_format(text.parts)}{case(text)} now; it was{case(then[other])}", B)
            gone.remove(other)
            continue
        before = then.get(asked) or then.get(None)
        if before is None or _format(before.parts) != _format(text.parts):
            yield (f"is now {_format(text.parts)}{case(text)}"
                   + (f"; it was {_format(before.parts)}" if before else ""), B)
    for asked in gone:
        yield f"is no longer {_format(then[asked].parts)}{case(then[asked])}", B


def _look(state: State) -> str:
    words = [word for word, holds in (("final", state.final), ("resident", state.resident))
             if holds]
    return f": {', '.join(words)}" if words else ""


_STATE = {"name", "brief", "loc", "final", "resident", "effects", "maybe", "rows"}


def _state(old: State, new: State) -> Told:
    if old.final != new.final:
        yield "is final now: instances end here" if new.final else "is no longer final", B
    if old.resident != new.resident:
        yield ("may rest without a holder now" if new.resident
               else "may no longer rest without a holder"), B
    if (old.effects, old.maybe) != (new.effects, new.maybe):
        yield (f"is said to mean {_effects(new)} now; it was {_effects(old)}",
               COSMETIC if _effects(new) == _effects(old) else C)
    for field in dataclasses.fields(State):  # words for people, such as the kind of a state
        if field.name not in _STATE and getattr(old, field.name) != getattr(new, field.name):
            yield was(field.name, _plain(getattr(new, field.name)),
                      _plain(getattr(old, field.name))), COSMETIC
    yield from brief(old.brief, new.brief)


def _plain(value: object) -> str:
    return str(getattr(value, "value", value) or "not said")


def _effects(state: State) -> str:
    if state.effects is None:
        return "not said"
    return listed(sorted(state.effects)) + (
        f", perhaps {listed(sorted(state.maybe))}" if state.maybe else "")


# operations

def operation_changes(old: Manager, new: Manager) -> Iterator[Change]:
    for before, after in pairs(old.operations, new.operations):
        if before is None and after is not None:
            yield Change("added", "operation", after.name, f"is new: it {_gets(after)}", C, None,
                         after.loc, operations=(after.name,), details=said(after.brief))
        elif after is None and before is not None:
            yield Change("removed", "operation", before.name, "is gone", API, before.loc)
        elif before is not None and after is not None:
            for text, verdict in _operation(before, after):
                yield Change("changed", "operation", after.name, text, verdict, before.loc,
                             after.loc, operations=(after.name,) if verdict > COSMETIC else ())
    yield from moved("operations", new.name, old.operations, new.operations, new.loc)


def _gets(o: Operation) -> str:
    target = o.path[-1] if o.path else "nothing"
    words = {Form.OBTAIN: f"obtains {'.'.join(o.path)}", Form.CREATE: f"creates {target}",
             Form.FIND: f"finds {target}" + (f" by {o.by}" if o.by else ""),
             Form.WITH: "works with a reservation"}[o.form]
    more = [f"at {o.at}"] * bool(o.at) + [f"in {o.enter}"] * bool(o.enter)
    return " ".join([words, *more])


def steps_of(o: Operation) -> str:
    return listed([f"{s.resource}.{s.event}" for s in o.steps])


def _operation(old: Operation, new: Operation) -> Told:
    if (old.form, old.path) != (new.form, new.path) and (
            old.form is not Form.WITH or new.form is not Form.WITH):
        yield f"now {_gets(new)}; it {_past(_gets(old))}", API
    else:
        if old.by != new.by:
            yield f"finds by {new.by or 'its key'} now; it was by {old.by or 'its key'}", API
        if bool(old.at) != bool(new.at) or old.at != new.at:
            yield (f"callers name {new.at or 'no slot'} now; it was {old.at or 'no slot'}", API)
        if old.enter != new.enter:
            yield (f"makes it in {new.enter or 'the initial state'} now; it was "
                   f"{old.enter or 'the initial state'}", B)
    if [(s.resource, s.event) for s in old.steps] != [(s.resource, s.event) for s in new.steps]:
        yield f"does {steps_of(new)} now; it did {steps_of(old)}", B
    if [str(r) for r in old.returns] != [str(r) for r in new.returns]:
        then, now = list(map(str, old.returns)), list(map(str, new.returns))
        came, gone = [r for r in now if r not in then], [r for r in then if r not in now]
        yield " and ".join(filter(None, [
            f"returns {listed(came)} now" if came else "",
            f"returns {listed(gone)} no longer" if gone else "",
            "returns its values in another order" if not came and not gone else ""])), API
    if old.gives != new.gives:
        yield "gives a reservation now" if new.gives else "gives no reservation any more", API
    if old.ends != new.ends:
        yield "ends the reservation now" if new.ends else "no longer ends the reservation", B
    if old.absent_ok != new.absent_ok:
        yield ("finding nothing is a success now; it was ENOENT" if new.absent_ok
               else "finding nothing is ENOENT now; it was a success"), B
    yield from _deny(old.deny, new.deny)
    yield from brief(old.brief, new.brief)


def _past(words: str) -> str:
    verb, _, rest = words.partition(" ")
    past = {"finds": "found", "obtains": "obtained", "creates": "created", "works": "worked"}
    return f"{past[verb]} {rest}"


def _deny(old: tuple[Deny, ...], new: tuple[Deny, ...]) -> Told:
    left = list(old)
    came: list[Deny] = []
    for deny in new:
        same = next((d for d in left if _shape(d.guard) == _shape(deny.guard)), None)
        if same is None:
            came.append(deny)
            continue
        left.remove(same)
        if same.error != deny.error:
            yield (f"is refused with {deny.error} if {deny.guard.text}; it was with {same.error}",
                   B)
        if same.brief != deny.brief:
            yield f"says another reason for {deny.error}", COSMETIC
        if written(same.guard) != written(deny.guard):
            yield f"its refusal is written {deny.guard.text}, which is the same", COSMETIC
    for deny in came:
        other = next((d for d in left if d.error == deny.error), None)
        if other is not None:
            left.remove(other)
            yield (f"is refused with {deny.error} if {deny.guard.text}; it was if "
                   f"{other.guard.text}", B)
        else:
            yield f"is now refused with {deny.error} if {deny.guard.text}", B
    for deny in left:
        yield f"is no longer refused with {deny.error} if {deny.guard.text}", B
    kept = [_shape(d.guard) for d in new if _shape(d.guard) in [_shape(o.guard) for o in old]]
    if not came and not left and [_shape(d.guard) for d in old] != kept:
        yield "asks its refusals in another order: the first that holds decides", B


def _shape(guard: Guard) -> object:
    return shape(guard)


# the rest

def manager_changes(old: Manager, new: Manager) -> Iterator[Change]:
    if old.name != new.name:
        yield Change("renamed", "manager", new.name,
                     f"was called {old.name}: every name of the C API changes", API, old.loc,
                     new.loc, was=old.name)
    yield from changed("manager", new.name, old.loc, new.loc, brief(old.brief, new.brief))


def store_changes(old: Manager, new: Manager) -> Iterator[Change]:
    if old.store is None or new.store is None:
        if new.store is not None:
            yield Change("added", "spec", "store", "is new: callers that hold something give their"
                         " owner, and the manager may be opened with a store", API, None,
                         new.store.loc)
        elif old.store is not None:
            yield Change("removed", "spec", "store", "is gone: callers give no owner any more, and"
                         " nothing survives the process", API, old.store.loc)
        return
    if old.store.settle != new.store.settle:
        yield Change("changed", "spec", "store", was("hook that settles", new.store.settle or "none",
                                                     old.store.settle or "none"),
                     BACKEND, old.store.loc, new.store.loc)
    yield from changed("spec", "store", old.store.loc, new.store.loc,
                       brief(old.store.brief, new.store.brief))


def limit_changes(old: Manager, new: Manager) -> Iterator[Change]:
    if old.limits is None or new.limits is None:
        if old.limits is not new.limits:
            loc = (new.limits or old.limits)
            assert loc is not None
            has = new.limits is not None
            yield Change("added" if has else "removed", "spec", "limits",
                         "are new: beyond them operations return ENOMEM" if has
                         else "are gone: only the allocator limits the manager", B if has else C,
                         None if has else loc.loc, loc.loc if has else None)
        return
    if old.limits.reservations != new.limits.reservations:
        then, now = old.limits.reservations, new.limits.reservations
        yield Change("changed", "limit", "reservations", was("number", now or "none",
                                                             then or "none"),
                     C if (now or 0) > (then or 0) else B, old.limits.loc, new.limits.loc)
    before = {one.resource: one for one in old.limits.resources}
    for one in new.limits.resources:
        then_ = before.get(one.resource)
        if then_ is None:
            yield Change("added", "limit", one.resource, f"is new: {one.instances} instances", C,
                         None, one.loc)
            continue
        if then_.instances != one.instances:
            yield Change("changed", "limit", one.resource,
                         was("number of instances", one.instances, then_.instances),
                         C if one.instances > then_.instances else B, then_.loc, one.loc)
        if then_.text != one.text:
            yield Change("changed", "limit", one.resource,
                         was("text", _bytes(one.text), _bytes(then_.text)),
                         C if one.text is not None and one.text > (then_.text or one.text)
                         else B, then_.loc, one.loc)
    names = {one.resource for one in new.limits.resources}
    yield from (Change("removed", "limit", one.resource, "is gone", C, one.loc)
                for one in old.limits.resources if one.resource not in names)


def accept_changes(old: Manager, new: Manager) -> Iterator[Change]:
    def key(a: Accept) -> tuple[str, str]:
        return a.finding, a.where

    def name(a: Accept) -> str:
        return f"{a.finding}{f' at {a.where}' if a.where else ''}"

    before, after = {key(a): a for a in old.accept}, {key(a): a for a in new.accept}
    for one, a in after.items():
        if one not in before:
            yield Change("added", "finding", name(a), f"is accepted now: {a.why}", C, None, a.loc)
        elif before[one].why != a.why:
            yield Change("changed", "finding", name(a), "another reason is given to accept it",
                         COSMETIC, before[one].loc, a.loc)
    yield from (Change("removed", "finding", name(a), "is no longer accepted", C, a.loc)
                for one, a in before.items() if one not in after)

