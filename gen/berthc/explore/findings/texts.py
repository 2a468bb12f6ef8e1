"""The sentences of the findings. Effects are names of hooks."""
from __future__ import annotations

from collections.abc import Iterable


def effects(names: Iterable[str]) -> str:
    """`vm.add_disk and guest.mount`"""
    return " and ".join(names)


def there_already(hook: str) -> str:
    return f"{hook} is called though its effect is there already, and it is not repeatable"


def nothing_to_undo(hook: str, undone: Iterable[str]) -> str:
    return (f"{hook} is called though there is no effect of {' or '.join(undone)} to undo, "
            "and it is not repeatable")


def takes_from_another(hook: str, lost: Iterable[str], resource: str) -> str:
    return (f"{hook} takes back {effects(lost)} while another caller still relies on the "
            f"{resource}")


def takes_hold(op: str, resource: str) -> str:
    return (f"{op} lets go of the {resource} again and takes the hold of another caller, "
            "its own went before")


def ends_with(resource: str, there: Iterable[str]) -> str:
    return (f"the {resource} ends and is forgotten while the effect of {effects(there)} is still "
            "there")


def ends_held(resource: str) -> str:
    return f"the {resource} ends while another caller holds it"


def ends_own(resource: str) -> str:
    return f"the {resource} ends while the caller holds it and has not let go of it"


def ends_given(resource: str) -> str:
    return f"the {resource} ends while the caller that is given it believes to hold it"


def ends_above(resource: str, above: str) -> str:
    return f"the {above} ends while a {resource} is still below it"


def lost_reference(resource: str) -> str:
    return f"the {resource} keeps a reference that no caller has and nobody will drop"


def stays(resource: str, state: str) -> str:
    return f"nobody holds the {resource} any more, yet it stays tracked in state {state}"


def not_drained(resource: str, there: Iterable[str]) -> str:
    return (f"nobody holds the {resource} any more, and not even drain takes back "
            f"{effects(there)}")


def kept_by_below(below: str, state: str, there: Iterable[str], resource: str) -> str:
    return (f"a {below} stays in state {state}, whatever drain does, so nobody ever takes back "
            f"{effects(there)} of the {resource} above it")


def needs(hook: str, lacks: Iterable[str]) -> str:
    return (f"{hook} is called while the effect of {effects(lacks)}, which it needs, is not "
            "there")


def takes_needed(hook: str, lost: Iterable[str], needing: str) -> str:
    return (f"{hook} takes back {effects(lost)} while the effect of {needing}, which needs it, "
            "is still there")


def misstated(resource: str, state: str, made: bool,
              wrong: Iterable[tuple[Iterable[str], str]]) -> str:
    """`wrong`: effects, each with how they are other than the state says."""
    said = " and ".join(f"{effects(names)} is {word}" for names, word in wrong)
    return (f"the {resource} {'is made in' if made else 'comes to'} {state} while the effect of "
            f"{said}, other than {state} says")


def missing_effect(op: str, missing: Iterable[str]) -> str:
    return f"{op} succeeds though the effect of {effects(missing)} is not there"


def keeps_slot(resource: str) -> str:
    return (f"nobody holds the {resource} any more, and neither drain nor any request ever gives "
            "its slot back")


def refused(op: str, error: str) -> str:
    return f"{op} is refused with {error} though no hook ever failed"


def fails(op: str, error: str) -> str:
    return f"{op} gives {error} though no hook ever failed"


def told_of_ended(op: str, teller: str, resource: str) -> str:
    return (f"{op} gives ENOENT though no hook ever failed: {teller} told the caller of a "
            f"{resource} that has ended meanwhile")


def ambiguous(either: Iterable[str]) -> str:
    return (f"the effect of {effects(either)} is there in this state at some times and not at "
            "others, though no hook ever failed")


def no_release(resource: str) -> str:
    return f"a caller holds a {resource}, and no operation lets go of it"


def stranded(op: str, error: str | None, holds: bool) -> str:
    answer = error or "success, yet its hold stays"
    harm = ("a caller never gets rid of what it holds" if holds
            else "its try to let go never succeeds")
    return f"{op} gives {answer}, now and for ever, though every hook works: {harm}"


def poisoned(op: str, error: str, resource: str) -> str:
    return (f"{op} gives {error} for this {resource}, now and for ever, though nobody holds it "
            "and every hook works; not even drain ends it")
