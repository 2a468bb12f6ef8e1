"""What changed in options and fields."""
from __future__ import annotations

from collections.abc import Iterator

from berthc.diff.change import Change
from berthc.diff.words import (
    API, BEHAVIOUR, COMPATIBLE, COSMETIC, Told, brief, changed, listed, moved, pairs, said, was,
)
from berthc.model import Field, Manager


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
            yield was("default", _shown(new.default), _shown(old.default)), BEHAVIOUR
    if old.type is new.type and old.range != new.range:
        low, high = new.range or new.type.limits
        least, most = old.range or old.type.limits
        yield (was("range", f"{low} to {high}", f"{least} to {most}"),
               COMPATIBLE if low <= least and high >= most else BEHAVIOUR)
    if old.max_length != new.max_length:
        wider = new.max_length is None or (
            old.max_length is not None and new.max_length > old.max_length)
        sentence = was("greatest length", bytes_text(new.max_length), bytes_text(old.max_length))
        yield sentence, COMPATIBLE if wider else BEHAVIOUR
    if old.required != new.required:
        yield ("is required now: callers who leave it out get EINVAL",
               BEHAVIOUR) if new.required else ("may be left out now", COMPATIBLE)
    if old.ignore_case != new.ignore_case:
        yield "its case " + ("is ignored now" if new.ignore_case else "counts now"), BEHAVIOUR
    yield from brief(old.brief, new.brief)


def _shown(value: object) -> str:
    return "empty" if value in ("", ()) else str(value).lower() if isinstance(
        value, bool) else str(value)


def bytes_text(length: int | None) -> str:
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
        yield f"has the new value{'s' * (len(came) > 1)} {listed(came)}", COMPATIBLE
    if gone:
        yield f"no longer has the value{'s' * (len(gone) > 1)} {listed(gone)}", API
    if [v for v in old if v in new] != [v for v in new if v in old]:
        yield "its values stand in another order", COSMETIC


def option_changes(old: Manager, new: Manager) -> Iterator[Change]:
    for before, after in pairs(old.options, new.options):
        yield from field_changes("option", "", before, after)
    yield from moved("options", new.name, old.options, new.options, new.loc)


def field_changes(what: str, prefix: str, before: Field | None, after: Field | None,
           key: bool = False) -> Iterator[Change]:
    if before is None and after is not None:
        told = f"is new: {value_text(after)}"
        if after.required:
            told += "; callers who leave it out get EINVAL"
        yield Change("added", what, prefix + after.name, told,
                     BEHAVIOUR if key or after.required else COMPATIBLE, None, after.loc,
                     details=said(after.brief))
    elif after is None and before is not None:
        yield Change("removed", what, prefix + before.name, "is gone", API, before.loc)
    elif before is not None and after is not None:
        yield from changed(what, prefix + after.name, before.loc, after.loc,
                           field_told(before, after))
