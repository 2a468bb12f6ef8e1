"""What a crash leaves: the effects that the backend has when the process dies and the manager is
lost, by the state that an instance was in.

Between operations it is what is true while instances rest there. While a call is under way, the
backend may have done it or not. It is no finding, but the ground for recovery.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from berthc.explore.meaning import NOT_SEEN, Class, Range, Seen
from berthc.explore.states.backend import effects, names
from berthc.model import Manager, Resource, State


class Left(NamedTuple):
    """What a crash leaves of the effects that an instance can have."""

    always: tuple[str, ...]
    sometimes: tuple[str, ...]
    never: tuple[str, ...]

    def text(self) -> str:
        """In the words of the table of what states mean; `never` goes without saying."""
        return ", ".join([*self.always, *(f"perhaps {name}" for name in self.sometimes)]) or NOTHING


class InState(NamedTuple):
    """What a crash leaves of instances in one state, between operations and during a call. Of
    several, a field, an option or an absent hook decides. If there is none, it was not seen."""

    resource: str
    state: str
    rest: tuple[Left, ...]
    call: tuple[Left, ...]
    calls: bool  # some row of the state calls a hook


NOTHING = "nothing"
NEVER = "-"


def left_by_crash(manager: Manager, found: Sequence[Seen]) -> Iterator[InState]:
    """For each state but those in which instances end."""
    for resource in manager.resources:
        for state in resource.states:
            if not state.final:
                yield InState(resource.name, state.name,
                              _left(manager, resource, state, [_resting(seen) for seen in found]),
                              _left(manager, resource, state, [seen.calling for seen in found]),
                              any(row.hook is not None for row in state.rows))


def _resting(seen: Seen) -> Mapping[Class, Range]:
    """Left by callers and drains alike."""
    found = dict(seen.every)
    for one, drained in seen.drained.items():
        known = found.get(one)
        found[one] = drained if known is None else Range(
            known.always & drained.always, known.ever | drained.ever,
            known.unknown | drained.unknown)
    return found


def _left(manager: Manager, resource: Resource, state: State,
          tables: Sequence[Mapping[Class, Range]]) -> tuple[Left, ...]:
    own = sum(of.own for of in effects(manager).values() if of.on == resource.name)
    return tuple(dict.fromkeys(
        Left(*(tuple(names(manager, mask)) for mask in _masks(seen, own)))
        for table in tables for at, seen in table.items()
        if (at.resource, at.state) == (resource.name, state.name)))


def _masks(seen: Range, own: int) -> tuple[int, int, int]:
    """Those that are always there, those that are or may be, and the others."""
    ever = seen.ever | seen.unknown
    return seen.always, ever & ~seen.always, own & ~ever


def crash_lines(manager: Manager, found: Sequence[Seen], whole: bool) -> Iterator[str]:
    """The table as lines of text. `whole`: what was not seen does not occur."""
    missing = NEVER if whole else NOT_SEEN
    table = [("", "between operations", "during a call")]
    for one in left_by_crash(manager, found):
        table.append((f"{one.resource}.{one.state}", _text(one.rest) or missing,
                      _text(one.call) or (missing if one.calls else NEVER)))
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for name, rest, call in table:
        yield f"  {name.ljust(widths[0])}  {rest.ljust(widths[1])}  {call}"


def _text(some: tuple[Left, ...]) -> str:
    return "; or ".join(dict.fromkeys(one.text() for one in some))


def crash_objects(manager: Manager, found: Sequence[Seen], whole: bool) -> list[dict[str, Any]]:
    """The table for tools."""
    return [{"file": manager.loc.file, "resource": one.resource, "state": one.state,
             "between_operations": [left._asdict() for left in one.rest],
             "during_call": [left._asdict() for left in one.call], "in_part": not whole}
            for one in left_by_crash(manager, found)]
