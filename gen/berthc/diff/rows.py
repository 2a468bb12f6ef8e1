"""What changed in the table of a resource, in words: only what is different of a row."""
from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from berthc.diff.change import Change, Verdict
from berthc.diff.defaults import new_defaults, rows_left
from berthc.diff.words import brief
from berthc.model import Guard, Manager, Resource, Row, Target
from berthc.names import shape

NOBODY = ("uncertain", "unknown")


def row_changes(old: Manager, new: Manager, before: Resource, after: Resource) -> Iterator[Change]:
    """Changes of the rows of states that both have."""
    values = new_defaults(old, new, after.name)
    known = {s.name for s in before.states}
    for name in (s.name for s in after.states if s.name in known):
        cells = dict.fromkeys(row.event for s in (after.state(name), before.state(name))
                              for row in s.rows)
        for event in cells:
            then, now = before.rows(name, event), after.rows(name, event)
            kept = _alike(then, rows_left(now, values)) and not _alike(then, now)
            yield from _cell(before, after, name, event, kept)


def _alike(then: Sequence[Row], now: Sequence[Row]) -> bool:
    return [_meaning(r) for r in then] == [_meaning(r) for r in now]


def _meaning(row: Row) -> object:
    return (asks(row), row.hook, row.reject,
            tuple((outcome, t.state, t.raise_event) for outcome, t in row.targets()))


def asks(row: Row) -> object:
    return None if row.guard is None else shape(row.guard)


def _cell(before: Resource, after: Resource, state: str, event: str,
          kept: bool) -> Iterator[Change]:
    """`kept`: nothing changes for those who know only the old spec."""
    then, now = list(before.rows(state, event)), list(after.rows(state, event))
    cell = (after.name, state, event)
    place = f"{after.name}.{state} on {event}"
    several = len(then) > 1 or len(now) > 1 or any(r.guard for r in (*then, *now))
    holes = (_hole(before, state), _hole(after, state))
    pairs = paired(then, now)
    for old, new in pairs:
        same_case = old is None or new is None or asks(old) == asks(new)
        head = place + (_case(new or old) if several and same_case else "")
        least = Verdict.COMPATIBLE if kept else Verdict.BEHAVIOUR
        if old is None and new is not None:
            fresh = event not in before.events
            text = f"is new: {_does(new)}"
            if not then and not fresh and holes[0]:
                text += f"; it {holes[0]}"
            elif then and new.guard is not None:
                text += "; it " + (_did(_else(then, new)))
            yield Change("added", "row", head, text, Verdict.COMPATIBLE if fresh else least,
                         None, new.loc, cell=cell)
        elif new is None and old is not None:
            gone = event not in after.events
            text = f"is gone: it {_did(old)}"
            if not now and not gone and holes[1]:
                text += f", and now {holes[1].replace('was', 'is', 1)}"
            elif now:
                text += f", and now {_does(_else(now, old))}"
            yield Change("removed", "row", head, text, least, old.loc, None, cell=cell)
        elif old is not None and new is not None:
            for text, verdict in _differences(old, new):
                verdict = min(verdict, least)
                yield Change("changed", "row", head, text, verdict, old.loc, new.loc,
                             cell=cell)
    both = [(o, n) for o, n in pairs if o is not None and n is not None]
    order = [then.index(o) for o, _ in both]
    if order != sorted(order):
        yield Change("changed", "row", place, "its rows stand in another order", Verdict.COSMETIC,
                     then[0].loc, now[0].loc, cell=cell)


def paired(then: list[Row], now: list[Row]) -> list[tuple[Row | None, Row | None]]:
    """The rows of one event that are about the same case: by their conditions, then those that are
    left, in order, where they do much the same."""
    left, pairs = list(then), dict[int, Row]()
    for same in (_same_case, _same_work):
        for row in now:
            if id(row) not in pairs:
                other = next((o for o in left if same(o, row)), None)
                if other is not None:
                    left.remove(other)
                    pairs[id(row)] = other
    if len(left) == 1 and len(now) == 1 and not pairs:
        return [(left[0], now[0])]
    return [*((pairs.get(id(row)), row) for row in now), *((row, None) for row in left)]


def _same_case(old: Row, new: Row) -> bool:
    return asks(old) == asks(new)


def _same_work(old: Row, new: Row) -> bool:
    return ((old.guard is None) == (new.guard is None)
            and (old.hook, old.reject) == (new.hook, new.reject))


def _else(rows: list[Row], besides: Row) -> Row:
    """The row that is taken in the case of one that the other spec does not have."""
    return next((r for r in rows if r.guard is None), besides)


def _hole(resource: Resource, state: str) -> str:
    """What happens where a table has no row."""
    if resource.otherwise is None:
        return ""
    return f"was refused with {resource.otherwise}"


def _case(row: Row | None) -> str:
    if row is None:
        return ""
    return f" if {row.guard.text}" if row.guard is not None else " otherwise"


def _differences(old: Row, new: Row) -> Iterator[tuple[str, Verdict]]:
    """What is different between two rows of one case."""
    if asks(old) != asks(new):
        yield (f"its condition is now {_condition(new)}; it was {_condition(old)}",
               Verdict.BEHAVIOUR)
    elif written(old.guard) != written(new.guard):
        yield f"its condition is written {_condition(new)}, which is the same", Verdict.COSMETIC
    if (old.hook, old.reject, bool(old.ask)) != (new.hook, new.reject, bool(new.ask)):
        yield f"now {_does(new)}; it {_did(old)}", Verdict.BEHAVIOUR
    else:
        yield from _outcomes(old, new)
        if old.meant != new.meant:
            yield ("the refusal is now " + ("meant: callers count on it" if new.meant
                                            else "no longer meant"), Verdict.COMPATIBLE)
        if (old.hook is not None and old.uncertain_given != new.uncertain_given
                and _to(old.uncertain) == _to(new.uncertain)):
            yield ("says what an uncertain call leads to, which is the same as before"
                   if new.uncertain_given else
                   "says no longer what an uncertain call leads to; it is the same as before",
                   Verdict.COSMETIC)
    yield from brief(old.brief, new.brief)


def _condition(row: Row) -> str:
    return row.guard.text if row.guard is not None else "none"


def written(guard: Guard | None) -> str:
    """A condition as its author wrote it, but for names, which may be others, and blanks."""
    if guard is None:
        return ""
    text = "".join(re.findall(r"\w+(?:\.\w+)?|\S", guard.text))
    for ref in guard.refs():
        text = text.replace(str(ref), "?", 1)
    return re.sub(r"[a-z_]\w*\.\w+", "?", text)


def _to(target: Target | None) -> tuple[str, str | None] | None:
    return None if target is None else (target.state, target.raise_event)


def _outcomes(old: Row, new: Row) -> Iterator[tuple[str, Verdict]]:
    """The outcomes that lead elsewhere; those that change alike are told together."""
    alike: dict[tuple[object, object], list[str]] = {}
    for outcome, target in new.targets():
        was = old.target(outcome)
        if _to(was) != _to(target):
            alike.setdefault((_to(was), _to(target)), []).append(outcome)
    for outcomes in alike.values():
        was, now = old.target(outcomes[0]), new.target(outcomes[0])
        yield (f"{_subject(new, outcomes)} now {_leads(now, new.state)}; "
               f"it {_led(was, old.state)}".strip(), Verdict.BEHAVIOUR)


def _subject(row: Row, outcomes: list[str]) -> str:
    """`a failed eject`, `a failed or uncertain eject`, `the answer no of has_disk`"""
    if row.hook is None:
        return ""
    short = row.hook.split(".")[-1]
    words = {"ok": "successful", "fail": "failed", "uncertain": "uncertain"}
    if row.call is not None:
        told = " or ".join(words[o] for o in outcomes)
        return f"{'an' if told[0] == 'u' else 'a'} {told} {short}"
    return " or ".join("no answer" if o == "unknown" else f"the answer {o}"
                       for o in outcomes) + f" of {short}"


def _leads(target: Target, state: str) -> str:
    to = f"leaves it {state}" if target.state == state else f"leads to {target.state}"
    return to + (f" and raises {target.raise_event}" if target.raise_event else "")


def _led(target: Target, state: str) -> str:
    to = f"stayed {state}" if target.state == state else f"led to {target.state}"
    return to + (f" and raised {target.raise_event}" if target.raise_event else "")


def _does(row: Row) -> str:
    """What a row does: `stays attached`, `is refused with EBUSY`, `calls guest.eject (…)`."""
    if row.reject is not None:
        return f"is refused with {row.reject}"
    if row.hook is None and row.ok is not None:
        to = "stays" if row.ok.state == row.state else f"leads to {row.ok.state}"
        return to + (f" and raises {row.ok.raise_event}" if row.ok.raise_event else "")
    return f"{'asks' if row.ask else 'calls'} {row.hook} ({_ends(row)})"


def _did(row: Row) -> str:
    if row.reject is not None:
        return f"was refused with {row.reject}"
    if row.hook is None and row.ok is not None:
        return _led(row.ok, row.state) if row.ok.state != row.state else (
            "stayed" + (f" and raised {row.ok.raise_event}" if row.ok.raise_event else ""))
    return f"{'asked' if row.ask else 'called'} {row.hook} ({_ends(row)})"


def _ends(row: Row) -> str:
    """`ok: ejected, then detach; fail or uncertain: stays`"""
    alike: dict[object, list[str]] = {}
    for outcome, target in row.targets():
        alike.setdefault(_to(target), []).append(outcome)
    if len(alike) == 1:
        (_, target), *_ = row.targets()
        return f"in any case: {arrives(target, row.state)}"
    return "; ".join(f"{' or '.join(outcomes)}: {arrives(row.target(outcomes[0]), row.state)}"
                     for outcomes in alike.values())


def arrives(target: Target, state: str) -> str:
    to = "stays" if target.state == state else target.state
    return f"{to}, then {target.raise_event}" if target.raise_event else to


def in_words(row: Row) -> str:
    """A row of a state that is new or gone: `detach if option.wet calls guest.eject (…)`."""
    return f"{row.event}{_case(row) if row.guard is not None else ''} {_does(row)}"
