"""What changed in operations."""
from __future__ import annotations

from collections.abc import Iterator

from berthc.diff.change import Change
from berthc.diff.rows import written
from berthc.diff.words import (
    API, BEHAVIOUR, COMPATIBLE, COSMETIC, Told, brief, listed, moved, pairs, said, was,
)
from berthc.model import Deny, Form, Manager, Operation
from berthc.names import shape


def operation_changes(old: Manager, new: Manager) -> Iterator[Change]:
    for before, after in pairs(old.operations, new.operations):
        if before is None and after is not None:
            yield Change("added", "operation", after.name, f"is new: it {_gets(after)}",
                         COMPATIBLE, None, after.loc, operations=(after.name,),
                         details=said(after.brief))
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
        if old.at != new.at:
            yield f"callers name {new.at or 'no slot'} now; it was {old.at or 'no slot'}", API
        if old.enter != new.enter:
            yield (f"makes it in {new.enter or 'the initial state'} now; it was "
                   f"{old.enter or 'the initial state'}", BEHAVIOUR)
    if [(s.resource, s.event) for s in old.steps] != [(s.resource, s.event) for s in new.steps]:
        yield f"does {steps_of(new)} now; it did {steps_of(old)}", BEHAVIOUR
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
        yield ("ends the reservation now" if new.ends
               else "no longer ends the reservation"), BEHAVIOUR
    if old.absent_ok != new.absent_ok:
        yield ("finding nothing is a success now; it was ENOENT" if new.absent_ok
               else "finding nothing is ENOENT now; it was a success"), BEHAVIOUR
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
        same = next((d for d in left if shape(d.guard) == shape(deny.guard)), None)
        if same is None:
            came.append(deny)
            continue
        left.remove(same)
        if same.error != deny.error:
            yield (f"is refused with {deny.error} if {deny.guard.text}; it was with {same.error}",
                   BEHAVIOUR)
        if same.brief != deny.brief:
            yield f"says another reason for {deny.error}", COSMETIC
        if written(same.guard) != written(deny.guard):
            yield f"its refusal is written {deny.guard.text}, which is the same", COSMETIC
    for deny in came:
        other = next((d for d in left if d.error == deny.error), None)
        if other is not None:
            left.remove(other)
            yield (f"is refused with {deny.error} if {deny.guard.text}; it was if "
                   f"{other.guard.text}", BEHAVIOUR)
        else:
            yield f"is now refused with {deny.error} if {deny.guard.text}", BEHAVIOUR
    for deny in left:
        yield f"is no longer refused with {deny.error} if {deny.guard.text}", BEHAVIOUR
    kept = [shape(d.guard) for d in new if shape(d.guard) in [shape(o.guard) for o in old]]
    if not came and not left and [shape(d.guard) for d in old] != kept:
        yield "asks its refusals in another order: the first that holds decides", BEHAVIOUR
