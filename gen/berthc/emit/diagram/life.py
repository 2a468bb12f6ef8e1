"""The life of an instance: which states belong to a failure, and the usual way from first to last.

A spec may say of a state what kind it is (`kind`). What it does not say is derived here:

- A state is one of failure if no way leads to it on which nothing fails.
- So is one that is entered from outside only (`died`), leads nowhere but out, and is known as a
  failure: an uncertain call leads to it, too, or it refuses with ENOTRECOVERABLE.

The happy path never enters such a state. So it never ends in one.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from berthc.model import Form, Manager, Resource, Row, State, StateKind

FAILURES = ("fail", "uncertain", "unknown")
OUTCOMES = {"ok": "ok", "fail": "fails", "uncertain": "uncertain", "yes": "yes", "no": "no",
            "unknown": "cannot tell"}
"""How pictures and pages say what a call comes to."""


@dataclass(frozen=True)
class Way:
    """A move on which nothing fails, from a state in which an instance rests to the next. `states`:
    those it comes through, the last one is where the instance rests then."""

    row: Row
    states: tuple[str, ...]
    hooks: int  # calls and questions on the way

    @property
    def rest(self) -> str:
        return self.states[-1]


def makers(manager: Manager, resource: Resource) -> dict[str, tuple[str, ...]]:
    """State: the operations that make an instance in it."""
    made: dict[str, list[str]] = {}
    for operation in manager.operations:
        if operation.form is Form.OBTAIN and resource.name in operation.path:
            made.setdefault(resource.initial, []).append(operation.name)
        elif operation.form is Form.CREATE and operation.target == resource.name:
            made.setdefault(operation.enter or resource.initial, []).append(operation.name)
    return {state: tuple(names) for state, names in made.items()}


class Life:
    """What becomes of the instances of one resource."""

    def __init__(self, manager: Manager, resource: Resource) -> None:
        self.resource = resource
        self.starts = (resource.initial, *makers(manager, resource))
        fired = {s.event for o in manager.operations for s in o.steps
                 if s.resource == resource.name}
        raised = {t.raise_event for s in resource.states for r in s.rows for _, t in r.targets()}
        # events that come from outside; the others are only raised
        self.outside = fired | {resource.take, resource.drop} | (set(resource.events) - raised)

    @cached_property
    def ways(self) -> dict[str, tuple[Way, ...]]:
        """The ways out of each state, in the order of the spec."""
        return {state.name: tuple(way for row in state.rows if row.event in self.outside
                                  for way in self._ways(row) if way.states != (state.name,))
                for state in self.resource.states}

    def _ways(self, row: Row) -> Iterator[Way]:
        for states, hooks in self._follow(row):
            yield Way(row, states, hooks)

    def _follow(self, row: Row) -> Iterator[tuple[tuple[str, ...], int]]:
        """Where a row leads when nothing fails, through all that is raised."""
        for outcome, target in row.targets():
            if outcome in FAILURES:
                continue
            here = (target.state,) if target.state != row.state else ()
            if target.raise_event is None:
                yield here or (target.state,), int(row.hook is not None)
                continue
            for raised in self.resource.rows(target.state, target.raise_event):
                for states, hooks in self._follow(raised):
                    more = states if states[0] != target.state else states[1:]
                    yield (here + more or (target.state,)), hooks + (row.hook is not None)

    @cached_property
    def failures(self) -> frozenset[str]:
        """The states of failure."""
        stated = {s.name for s in self.resource.states if s.kind is StateKind.FAILURE}
        without = self._unreached(stated)
        return self._unreached(
            stated | {s.name for s in self.resource.states
                      if s.name not in without and self._is_known_failure(s, without)})

    def _unreached(self, failures: set[str]) -> frozenset[str]:
        """All states but those that can be entered when nothing fails, `failures` aside."""
        normal = (s.name for s in self.resource.states if s.kind is StateKind.NORMAL)
        todo = [*self.starts, *normal]
        seen: set[str] = set()
        while todo:
            name = todo.pop()
            if name in seen or name in failures:
                continue
            seen.add(name)
            for way in self.ways[name]:
                if not failures.intersection(way.states):
                    todo += way.states
        return frozenset(s.name for s in self.resource.states if s.name not in seen)

    def _is_known_failure(self, state: State, failures: frozenset[str]) -> bool:
        if state.kind is not None or state.final or state.name in self.starts:
            return False
        if not self.refuses(state.name):
            return False
        ways_in = [way for name, ways in self.ways.items() if name not in failures for way in ways
                   if state.name in way.states]
        if any(way.hooks or way.row.event == self.resource.drop for way in ways_in):
            return False
        if any(way.row.event != self.resource.drop and way.rest not in failures | {state.name}
               for way in self.ways[state.name]):
            return False
        return state.name in self._doubtful or any(r.reject == "ENOTRECOVERABLE"
                                                   for r in state.rows)

    @cached_property
    def _doubtful(self) -> frozenset[str]:
        """The states that a call that failed, or is uncertain, leads to from another state."""
        return frozenset(target.state for s in self.resource.states for row in s.rows
                         for outcome, target in row.targets()
                         if outcome in FAILURES and target.state != s.name)

    def refuses(self, name: str) -> bool:
        """Does the state refuse newcomers? Where nobody is one: does it refuse, and do nothing but
        let go?"""
        state = self.resource.state(name)
        if state.final:
            return False
        if self.resource.take is not None:
            rows = self.resource.rows(name, self.resource.take)
            return all(row.reject is not None for row in rows)
        others = [row for row in state.rows if row.event != self.resource.drop]
        return any(row.reject for row in others) and all(
            row.reject or (row.hook is None and row.ok is not None and row.ok.state == name)
            for row in others)

    @cached_property
    def happy_path(self) -> tuple[str, ...]:
        """From the initial state on: what goes well, building up before letting go, to a final
        state if there is a way. A state may be in it twice: on the way in and out.

        The search goes into the depth and turns back where it cannot go on, so it finds an end if
        there is one. At each state it prefers (`_rank`) what a long and usual life does.
        """
        path: list[tuple[str, Way | None, Iterator[Way]]] = []
        seen: set[str] = set()
        longest: tuple[str, ...] = ()

        def enter(state: str, way: Way | None) -> None:
            seen.add(state)
            used = any(w.hooks for _, w, _ in path if w is not None) or bool(way and way.hooks)
            path.append((state, way, iter(self._ranked(state, seen, used))))

        enter(self.resource.initial, None)
        while path:
            state, _, rest = path[-1]
            if self.resource.state(state).final:
                return _spelled(self.resource.initial, (way for _, way, _ in path))
            way = next((w for w in rest if w.rest not in seen), None)
            if way is not None:
                enter(way.rest, way)
                continue
            longest = longest or _spelled(self.resource.initial, (way for _, way, _ in path))
            path.pop()
        return longest

    def _ranked(self, state: str, seen: set[str], used: bool) -> list[Way]:
        """The ways on which nothing fails, the usual one first. `used`: a hook was called before.
        """
        ways = [w for w in self.ways[state] if not self.failures.intersection(w.states)]
        return [way for _, _, way in sorted(
            (self._rank(way, seen, used), n, way) for n, way in enumerate(ways))]

    def _rank(self, way: Way, seen: set[str], used: bool) -> tuple[bool, bool, bool, bool]:
        """Last comes what newcomers have nothing of, and what ends before it was used; then the
        ends, by letting go first; then letting go. What nobody calls a hook for may be an event
        from outside."""
        ends, drops = self.resource.state(way.rest).final, way.row.event == self.resource.drop
        good = used if ends else self._is_promising(way.rest, seen)
        return (not good, ends, drops != ends, not way.hooks)

    def _is_promising(self, state: str, seen: set[str]) -> bool:
        """Are newcomers welcome there, or in a state that comes later (`_FAR` are looked at)?"""
        todo, known = [state], {state}
        while todo:
            name = todo.pop(0)
            if not self.refuses(name):
                return True
            for way in self.ways[name]:
                if (way.rest not in known and way.rest not in seen and way.rest not in self.failures
                    and way.row.event != self.resource.drop and len(known) < _FAR
                        and not self.resource.state(way.rest).final):
                    known.add(way.rest)
                    todo.append(way.rest)
        return False


_FAR = 40


def _spelled(initial: str, ways: Iterable[Way | None]) -> tuple[str, ...]:
    """All states on some ways."""
    return (initial, *(state for way in ways if way is not None for state in way.states))
