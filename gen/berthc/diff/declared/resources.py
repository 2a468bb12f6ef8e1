"""What changed in resources, their assigned values and their states; rows are apart."""
from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from berthc.diff.change import Change
from berthc.diff.declared.fields import field_changes
from berthc.diff.rows import in_words
from berthc.diff.words import (
    API, BACKEND, BEHAVIOUR, COMPATIBLE, COSMETIC, Told, brief, changed, listed, moved, pairs,
    said, was,
)
from berthc.model import Assigned, AssignedKind, FormatText, Resource, State, Type
from berthc.names import shape


def resource_changes(old: Resource, new: Resource) -> Iterator[Change]:
    """All but the rows."""
    yield from changed("resource", new.name, old.loc, new.loc, _resource(old, new))
    dot = f"{new.name}."
    for before, after in pairs(old.fields, new.fields):
        yield from field_changes("field", dot, before, after, key=after is not None
                          and after.name in new.key)
    for a, b in pairs(old.assigned, new.assigned):
        if a is None and b is not None:
            yield Change("added", "value", dot + b.name, f"is new: {value_of(b)}", COMPATIBLE, None,
                         b.loc, details=said(b.brief))
        elif b is None and a is not None:
            yield Change("removed", "value", dot + a.name, f"is gone: it was {value_of(a)}", API,
                         a.loc)
        elif a is not None and b is not None:
            yield from changed("value", dot + b.name, a.loc, b.loc, _assigned(a, b))
    for s, t in pairs(old.states, new.states):
        if s is None and t is not None:
            yield Change("added", "state", dot + t.name, f"is new{_look(t)}", COMPATIBLE, None,
                         t.loc, details=(*said(t.brief), *map(in_words, t.rows)))
        elif t is None and s is not None:
            yield Change("removed", "state", dot + s.name, "is gone", BEHAVIOUR, s.loc,
                         details=tuple(map(in_words, s.rows)))
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
               COSMETIC if sorted(old.key) == sorted(new.key) else BEHAVIOUR)
    for word, event in (("take", "a new holder fires"), ("drop", "letting go fires")):
        then, now = getattr(old, word), getattr(new, word)
        if then != now:
            yield f"{event} {now or 'nothing'} now; it was {then or 'nothing'}", BEHAVIOUR
    if old.initial != new.initial:
        yield f"begins in {new.initial} now; it began in {old.initial}", BEHAVIOUR
    if old.otherwise != new.otherwise:
        now, then = (f"refused with {r.otherwise}" if r.otherwise else "a mistake in the spec"
                     for r in (new, old))
        yield f"an event without a row is {now} now; it was {then}", BEHAVIOUR
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
               API if leaves else BACKEND if old.hook != new.hook else BEHAVIOUR)
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
            yield (f"is {_format(text.parts)}{case(text)} now; it was{case(then[other])}",
                   BEHAVIOUR)
            gone.remove(other)
            continue
        before = then.get(asked) or then.get(None)
        if before is None or _format(before.parts) != _format(text.parts):
            yield (f"is now {_format(text.parts)}{case(text)}"
                   + (f"; it was {_format(before.parts)}" if before else ""), BEHAVIOUR)
    for asked in gone:
        yield f"is no longer {_format(then[asked].parts)}{case(then[asked])}", BEHAVIOUR


def _look(state: State) -> str:
    words = [word for word, holds in (("final", state.final), ("resident", state.resident))
             if holds]
    return f": {', '.join(words)}" if words else ""


_STATE = {"name", "brief", "loc", "final", "resident", "effects", "maybe", "rows", "was"}


def _state(old: State, new: State) -> Told:
    if old.final != new.final:
        yield "is final now: instances end here" if new.final else "is no longer final", BEHAVIOUR
    if old.resident != new.resident:
        yield ("may rest without a holder now" if new.resident
               else "may no longer rest without a holder"), BEHAVIOUR
    if (old.effects, old.maybe) != (new.effects, new.maybe):
        yield (f"is said to mean {_effects(new)} now; it was {_effects(old)}",
               COSMETIC if _effects(new) == _effects(old) else COMPATIBLE)
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
