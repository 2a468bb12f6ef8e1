"""The sentences of the findings: what happens, and what follows from it. Effects are names of
hooks."""
from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Told(NamedTuple):
    """A sentence, and the effects that it speaks of: those that are there, and those that are not.
    A script shows which rows made them so."""

    message: str
    there: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def effects(names: Iterable[str]) -> str:
    """`vm.add_disk and guest.mount`"""
    return " and ".join(names)


def _are(names: Iterable[str]) -> str:
    """`vm.add_disk is`, `vm.add_disk and guest.mount are`"""
    some = list(names)
    return f"{effects(some)} {'is' if len(some) == 1 else 'are'}"


def there_already(hook: str) -> Told:
    return Told(f"{hook} is called although its effect is there already, and the spec does not "
                "call it repeatable", there=(hook,))


def nothing_to_undo(hook: str, undone: Iterable[str]) -> Told:
    some = tuple(undone)
    return Told(f"{hook} is called although there is no effect of {' or '.join(some)} to undo, and "
                "the spec does not call it repeatable", missing=some)


def takes_from_another(hook: str, lost: Iterable[str], resource: str) -> Told:
    some = tuple(lost)
    return Told(f"{hook} takes back {effects(some)} while another caller still uses the "
                f"{resource}, and that caller is not told", there=some)


def takes_hold(op: str, resource: str) -> Told:
    return Told(f"{op}, tried again, drops the {resource} a second time, and so takes away the "
                "hold of another caller")


def ends_with(resource: str, there: Iterable[str]) -> Told:
    some = tuple(there)
    return Told(f"the {resource} ends and is forgotten while {_are(some)} still in effect, so "
                "nobody takes that back", there=some)


def ends_held(resource: str) -> Told:
    return Told(f"the {resource} ends while another caller holds it, and that caller is not told")


def ends_own(resource: str) -> Told:
    return Told(f"the {resource} ends although its caller holds it and has not dropped it")


def ends_given(resource: str) -> Told:
    return Told(f"the {resource} ends in the request that gives it, so its caller holds nothing")


def ends_above(resource: str, above: str) -> Told:
    return Told(f"the {above} ends while a {resource} is still below it")


def lost_reference(resource: str) -> Told:
    return Told(f"the {resource} keeps a reference that no caller has, so nobody will drop it")


def stays(resource: str, state: str) -> Told:
    return Told(f"nobody holds the {resource} any more, yet it stays tracked in state {state}")


def not_drained(resource: str, there: Iterable[str]) -> Told:
    some = tuple(there)
    return Told(f"nobody holds the {resource} any more while {_are(some)} still in effect, and not "
                "even drain takes that back", there=some)


def kept_by_below(below: str, state: str, there: Iterable[str], resource: str) -> Told:
    some = tuple(there)
    return Told(f"a {below} stays in state {state} whatever drain does, so the {resource} above it "
                f"stays, too, and nobody takes back {effects(some)}", there=some)


def needs(hook: str, lacks: Iterable[str]) -> Told:
    some = tuple(lacks)
    return Told(f"{hook} is called while {effects(some)}, which it needs, "
                f"{'is' if len(some) == 1 else 'are'} not in effect", missing=some)


def takes_needed(hook: str, lost: Iterable[str], needing: str) -> Told:
    return Told(f"{hook} takes back {effects(lost)} while {needing}, which needs it, is still in "
                "effect", there=(needing,))


ABSENT, THERE, UNKNOWN = range(3)
_STATED = ("not in effect, and {} says that it is", "in effect, and {} says that it is not",
           "perhaps in effect from before, and {} says that it knows")


def misstated(resource: str, state: str, made: bool,
              wrong: Iterable[tuple[Iterable[str], int]]) -> Told:
    """`wrong`: effects, each with how they are other than the state says."""
    some = [(tuple(names), how) for names, how in wrong]
    said = "; ".join(f"{_are(names)} {_STATED[how].format(state)}" for names, how in some)
    return Told(f"the {resource} {'is made in' if made else 'comes to'} {state} while {said}",
                there=tuple(name for names, how in some if how == THERE for name in names),
                missing=tuple(name for names, how in some if how == ABSENT for name in names))


def missing_effect(op: str, missing: Iterable[str]) -> Told:
    some = tuple(missing)
    return Told(f"{op} succeeds although {_are(some)} not in effect, so its caller relies on what "
                "is not there", missing=some)


def keeps_slot(resource: str) -> Told:
    return Told(f"nobody holds the {resource} any more, yet its slot stays taken: neither drain "
                "nor any request frees it")


def refused(op: str, error: str) -> Told:
    return Told(f"{op} is refused with {error}, although no hook failed and its caller keeps the "
                "contract")


def fails(op: str, error: str) -> Told:
    return Told(f"{op} gives {error}, although no hook failed and its caller keeps the contract")


def told_of_ended(op: str, teller: str, resource: str) -> Told:
    return Told(f"{op} gives ENOENT, although no hook failed: {teller} told the caller of a "
                f"{resource} that has ended since")


def ambiguous(either: Iterable[str]) -> Told:
    some = tuple(either)
    return Told(f"{_are(some)} in effect in this state at some times and not at others, although "
                "no hook failed, so no row is right for both", there=some, missing=some)


def no_release(resource: str) -> Told:
    return Told(f"a caller holds a {resource}, and no operation drops it")


def stranded(op: str, error: str | None, holds: bool) -> Told:
    answer = error or "success, yet its hold stays"
    harm = ("a caller never gets rid of what it holds" if holds
            else "its try to drop never succeeds")
    return Told(f"{op} gives {answer}, now and for ever, although every hook works: {harm}")


def poisoned(op: str, error: str, resource: str) -> Told:
    return Told(f"{op} gives {error} for this {resource}, now and for ever, although nobody holds "
                "it and every hook works: not even drain ends it")
