"""The state graph of a resource, as every picture of it needs it.

The table has a row for each state and event; a picture that drew an arrow for each of them would
show nothing. Here the rows become few: what leaves a state where it is (`stay`, a rejection, a call
that fails and changes nothing) is a line inside the state; arrows with the same ends and the same
mood are one arrow with several lines of label. No row is lost: each one is in an arrow or in a
state's lines.
"""
from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from berthc.emit.diagram.life import FAILURES, OUTCOMES, Life, makers
from berthc.model import Manager, Resource, Row, State, Target


@dataclass(frozen=True)
class Label:
    """Why an arrow is taken: one or more events, the guard, the call and how it ended.

    `outcomes` is empty for a row without a call and for a call that ended ok; otherwise it has
    "fails", "uncertain" (for a hook that asks: "yes", "no", "cannot tell") or both. `error` is the
    errno name of a rejection. `raises` is the event that the arrival raises.
    """

    events: tuple[str, ...]
    guard: str = ""
    call: str = ""
    outcomes: tuple[str, ...] = ()
    error: str = ""
    raises: str = ""
    obvious: bool = (
        False  # no other row of the state makes this call: the call alone says which row it was
    )

    @property
    def trigger(self) -> str:
        """`attach [option.x] / vm.add_disk`"""
        text = ", ".join(self.events)
        if self.guard:
            text += f" [{self.guard}]"
        return f"{text} / {self.call}" if self.call else text

    @property
    def ending(self) -> str:
        """`fails or uncertain`, `then detach`, both or nothing."""
        parts = []
        if self.outcomes:
            parts.append(" or ".join(self.outcomes))
        if self.raises:
            parts.append(f"then {self.raises}")
        return ", ".join(parts)

    @property
    def text(self) -> str:
        """All of it on one line."""
        if self.outcomes:
            return f"{self.trigger} {self.ending}"
        return f"{self.trigger}, {self.ending}" if self.ending else self.trigger

    @property
    def lines(self) -> tuple[str, ...]:
        """For a picture: what happens, then how it ends; a failure is told from its call where that
        is enough."""
        if self.outcomes:
            return (self.call if self.obvious else self.trigger, self.ending)
        return (self.trigger, self.ending) if self.ending else (self.trigger,)


@dataclass(frozen=True)
class Arrow:
    """A move between two different states. `failure`: calls that fail or are uncertain take it, or
    it leads from a usual state to one of failure."""

    source: str
    target: str
    labels: tuple[Label, ...]
    failure: bool
    spine: bool  # a step of the happy path


@dataclass(frozen=True)
class Node:
    """A state with all that does not leave it."""

    state: State
    stays: tuple[
        Label, ...
    ]  # events that change nothing and succeed; calls that leave the state as it is
    rejects: tuple[Label, ...]
    spine: bool
    trouble: bool  # only failures lead here, or the spec says that it is one
    operations: tuple[str, ...]  # public operations that make an instance in this state
    exits: tuple[str, ...] = ()  # lines about arrows that are not drawn

    @property
    def name(self) -> str:
        return self.state.name


@dataclass(frozen=True)
class StateGraph:
    resource: Resource
    nodes: tuple[
        Node, ...
    ]  # the happy path first, then the other states in the order of the spec, final states last
    arrows: tuple[
        Arrow, ...
    ]  # by source in the order of `nodes`; the step of the happy path before the others
    spine: tuple[str, ...]  # the happy path; a state may be in it twice
    clusters: tuple[tuple[str, tuple[str, ...]], ...] = ()  # title, states in one frame
    note: str = ""  # what the graph leaves out

    def leaving(self, state: str) -> tuple[Arrow, ...]:
        return self._leaving.get(state, ())

    @cached_property
    def column(self) -> tuple[str, ...]:
        """The happy path up to where it comes back to a state."""
        steps = {(a.source, a.target) for a in self.arrows if a.spine}
        names = list(self.spine[:1])
        for name in self.spine[1:]:
            if name in names or (names[-1], name) not in steps:
                break
            names.append(name)
        return tuple(names)

    @cached_property
    def _leaving(self) -> dict[str, tuple[Arrow, ...]]:
        found: dict[str, list[Arrow]] = {}
        for arrow in self.arrows:
            found.setdefault(arrow.source, []).append(arrow)
        return {state: tuple(arrows) for state, arrows in found.items()}


def _guard_text(row: Row, siblings: tuple[Row, ...]) -> str:
    """The guard as the author wrote it; `else` for the last of several rows."""
    if row.guard is not None:
        return row.guard.text
    return "else" if len(siblings) > 1 else ""


@dataclass(frozen=True)
class _Move:
    target: str
    label: Label
    failure: bool


def _moves(resource: Resource, state: State) -> list[_Move]:
    """One move per row and outcome; rejections come back to their own state."""
    moves = []
    calls = [row.hook for row in state.rows]
    for row in state.rows:
        guard = _guard_text(row, resource.rows(state.name, row.event))
        if row.reject is not None:
            moves.append(_Move(state.name, Label((row.event,), guard, error=row.reject), False))
        for outcome, target in row.targets():
            words = () if outcome == "ok" else (OUTCOMES[outcome],)
            label = Label((row.event,), guard, row.hook or "", words,
                          raises=target.raise_event or "", obvious=calls.count(row.hook) == 1)
            moves.append(_Move(target.state, label, outcome in FAILURES))
    return moves


def _merge(labels: list[Label]) -> tuple[Label, ...]:
    """Join labels that differ only in the outcome, then those that differ only in the event."""
    by_row: dict[tuple[object, ...], Label] = {}
    for label in labels:
        row_key = (
            label.events,
            label.guard,
            label.call,
            label.error,
            label.raises,
            bool(label.outcomes),
        )
        old = by_row.get(row_key)
        by_row[row_key] = (
            label if old is None else replace(label, outcomes=old.outcomes + label.outcomes)
        )
    by_cause: dict[tuple[object, ...], Label] = {}
    for label in by_row.values():
        key = (label.guard, label.call, label.outcomes, label.error, label.raises)
        old = by_cause.get(key)
        by_cause[key] = label if old is None else replace(label, events=old.events + label.events)
    return tuple(by_cause.values())


def state_graph(manager: Manager, resource: Resource) -> StateGraph:
    """The graph of one resource of the manager."""
    life = Life(manager, resource)
    spine = life.happy_path
    steps = set(zip(spine, spine[1:]))
    made = makers(manager, resource)
    on_path = set(spine)
    final_last = sorted((s for s in resource.states if s.name not in on_path),
                        key=lambda s: s.final)
    order = [resource.state(n) for n in dict.fromkeys(spine) if not resource.state(n).final] + [
        s for s in final_last if not s.final
    ]
    order += [s for s in resource.states if s.final]
    nodes, arrows = [], []
    for state in order:
        moves = _moves(resource, state)
        here = [m.label for m in moves if m.target == state.name]
        nodes.append(Node(
            state, _merge([x for x in here if not x.error]), _merge([x for x in here if x.error]),
            state.name in on_path, state.name in life.failures, made.get(state.name, ())))
        ends: dict[tuple[bool, bool, str], list[Label]] = {}
        for move in moves:
            if move.target != state.name:
                failure = move.failure or (
                    move.target in life.failures and state.name not in life.failures)
                on_spine = not failure and (state.name, move.target) in steps
                ends.setdefault((not on_spine, failure, move.target), []).append(move.label)
        for (off_spine, failure, target), labels in sorted(
            ends.items(), key=lambda item: item[0][:2]
        ):
            arrows.append(Arrow(state.name, target, _merge(labels), failure, not off_spine))
    return StateGraph(resource, tuple(nodes), tuple(arrows), spine)


def target_text(target: Target) -> str:
    """`ejected, then detach`"""
    return f"{target.state}, then {target.raise_event}" if target.raise_event else target.state
