"""What changed in hooks."""
from __future__ import annotations

from collections.abc import Iterator

from berthc.diff.change import Change
from berthc.diff.words import (
    BACKEND, BEHAVIOUR, COMPATIBLE, COSMETIC, Told, brief, changed, listed, moved, pairs, said,
    was,
)
from berthc.model import Hook, Manager


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
        yield ((f"may be left out now: then {_left_out(after)}", COMPATIBLE) if after.optional else
               ("must be there now; before, a backend could leave it out", BACKEND))
    elif after.optional:
        if before.absent != after.absent:
            yield (f"where a backend leaves it out, {_left_out(after)}; before, "
                   f"{_left_out(before)}", BEHAVIOUR)
        if before.together != after.together:
            yield (f"is left out only together with all of '{after.together}'" if after.together
                   else f"may be left out without the others of '{before.together}'",
                   BACKEND if after.together else COMPATIBLE)
    for word, nouns, more, less in (
            ("undoes", "undoes", BACKEND, BACKEND), ("asks", "asks for", BACKEND, BACKEND),
            ("needs", "needs", COMPATIBLE, BACKEND)):
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
               if after.repeatable else ("need not be repeatable any more", COMPATIBLE))
    yield from brief(before.brief, after.brief)
