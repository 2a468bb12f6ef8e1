"""What changed in the manager as a whole: its name, store, limits, accepted findings."""
from __future__ import annotations

from collections.abc import Iterator

from berthc.diff.change import Change
from berthc.diff.declared.fields import bytes_text
from berthc.diff.words import (
    API, BACKEND, BEHAVIOUR, COMPATIBLE, COSMETIC, brief, changed, was,
)
from berthc.model import Accept, Manager, earlier_names


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
        now, then = new.store.settle or "none", old.store.settle or "none"
        yield Change("changed", "spec", "store", was("hook that settles", now, then), BACKEND,
                     old.store.loc, new.store.loc)
    yield from changed("spec", "store", old.store.loc, new.store.loc,
                       brief(old.store.brief, new.store.brief))


def limit_changes(old: Manager, new: Manager) -> Iterator[Change]:
    if old.limits is None or new.limits is None:
        if new.limits is not None:
            yield Change("added", "spec", "limits", "are new: beyond them operations return ENOMEM",
                         BEHAVIOUR, None, new.limits.loc)
        if old.limits is not None:
            yield Change("removed", "spec", "limits",
                         "are gone: only the allocator limits the manager", COMPATIBLE,
                         old.limits.loc)
        return
    if old.limits.reservations != new.limits.reservations:
        then, now = old.limits.reservations, new.limits.reservations
        yield Change("changed", "limit", "reservations", was("number", now or "none",
                                                             then or "none"),
                     COMPATIBLE if (now or 0) > (then or 0) else BEHAVIOUR, old.limits.loc,
                     new.limits.loc)
    before = {one.resource: one for one in old.limits.resources}
    for one in new.limits.resources:
        then_ = before.get(one.resource)
        if then_ is None:
            yield Change("added", "limit", one.resource, f"is new: {one.instances} instances",
                         COMPATIBLE, None, one.loc)
            continue
        if then_.instances != one.instances:
            yield Change("changed", "limit", one.resource,
                         was("number of instances", one.instances, then_.instances),
                         COMPATIBLE if one.instances > then_.instances else BEHAVIOUR, then_.loc,
                         one.loc)
        if then_.text != one.text:
            yield Change("changed", "limit", one.resource,
                         was("text", bytes_text(one.text), bytes_text(then_.text)),
                         COMPATIBLE if one.text is not None and one.text > (then_.text or one.text)
                         else BEHAVIOUR, then_.loc, one.loc)
    names = {one.resource for one in new.limits.resources}
    yield from (Change("removed", "limit", one.resource, "is gone", COMPATIBLE, one.loc)
                for one in old.limits.resources if one.resource not in names)


def earlier_changes(old: Manager, new: Manager) -> Iterator[Change]:
    before, after = ({(e.kind, e.owner, e.of, e.was): e for e in earlier_names(m)}
                     for m in (old, new))
    for key, one in after.items():
        if key not in before or before[key].name != one.name:
            yield Change("added", "earlier name", one.was,
                         f"is told: {one.kind.value} {one.name} was called so" if one.name else
                         "is told: stores may have it, and it is forgotten", COSMETIC, None,
                         one.loc)
    yield from (Change("removed", "earlier name", one.was, "is told no more", COSMETIC, one.loc)
                for key, one in before.items() if key not in after)


def accept_changes(old: Manager, new: Manager) -> Iterator[Change]:
    def key(a: Accept) -> tuple[str, str]:
        return a.finding, a.where

    def name(a: Accept) -> str:
        return f"{a.finding}{f' at {a.where}' if a.where else ''}"

    before, after = {key(a): a for a in old.accept}, {key(a): a for a in new.accept}
    for one, a in after.items():
        if one not in before:
            yield Change("added", "finding", name(a), f"is accepted now: {a.why}", COMPATIBLE,
                         None, a.loc)
        elif before[one].why != a.why:
            yield Change("changed", "finding", name(a), "another reason is given to accept it",
                         COSMETIC, before[one].loc, a.loc)
    yield from (Change("removed", "finding", name(a), "is no longer accepted", COMPATIBLE, a.loc)
                for one, a in before.items() if one not in after)
