"""What changes are told with."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from berthc.diff.change import Change, Verdict
from berthc.model import Loc

COSMETIC, COMPATIBLE, BEHAVIOUR = Verdict.COSMETIC, Verdict.COMPATIBLE, Verdict.BEHAVIOUR
API, BACKEND = Verdict.API, Verdict.BACKEND

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
