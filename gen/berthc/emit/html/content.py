"""What the page says of a manager, as values that the template lays out."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from berthc.answers.codes import hooks_called, return_codes
from berthc.emit.diagram.graph import Node, StateGraph, state_graph, target_text
from berthc.emit.diagram.life import FAILURES, OUTCOMES
from berthc.emit.docs.fields import assigned_text, field_role, type_text
from berthc.emit.docs.markdown import sentence
from berthc.emit.docs.operations import does, gives, hook_facts, takes
from berthc.emit.docs.resources import holders_text
from berthc.emit.docs.rows import endings, guard_words
from berthc.emit.docs.store import SETTLE_FACTS
from berthc.emit.html.coverage import Coverage, Taken
from berthc.emit.html.tables import row_ids
from berthc.emit.html.words import html
from berthc.model import Manager, Operation, Resource, Row, State


@dataclass(frozen=True)
class End:
    """How a row can end: the outcomes, and where they lead. `to` is "" where the state stays."""

    words: str
    to: str
    then: str
    bad: bool


@dataclass(frozen=True)
class RowView:
    """A row of the table. `test` is what the tests took of it, if that is known."""

    id: str
    guard: str
    reject: str
    call: str
    asks: bool
    ends: tuple[End, ...]
    brief: str
    test: Taken | None
    text: str


@dataclass(frozen=True)
class StateView:
    """`kind`: normal, failure (only failures lead there) or final."""

    id: str
    name: str
    kind: str
    initial: bool
    resident: bool
    brief: str
    cells: tuple[tuple[str, tuple[RowView, ...]], ...]
    otherwise: str


@dataclass(frozen=True)
class Trouble:
    """A state that only failures lead to: how instances come there and leave."""

    id: str
    resource: str
    name: str
    brief: str
    comes: tuple[tuple[str, str], ...]  # the rows, and what fails there
    leaves: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Harmless:
    """A call whose failure leaves an instance where it is."""

    row: str
    call: str
    where: str
    words: str


@dataclass(frozen=True)
class ResourceView:
    name: str
    brief: str
    found: Markup
    fields: tuple[tuple[str, Markup, Markup, str], ...]
    assigned: tuple[tuple[str, Markup, str], ...]
    events: tuple[str, ...]
    states: tuple[StateView, ...]
    path: tuple[str, ...]  # the happy path
    under: str
    rows: int


@dataclass(frozen=True)
class OperationView:
    name: str
    brief: str
    takes: Markup
    gives: Markup
    does: Markup
    hooks: tuple[str, ...]
    steps: tuple[str, ...]
    codes: tuple[tuple[str, Markup], ...]
    note: str


@dataclass(frozen=True)
class HookView:
    name: str
    on: str
    brief: str
    facts: tuple[Markup, ...]
    callers: tuple[str, ...]
    rows: tuple[str, ...]


def resource_view(manager: Manager, resource: Resource, coverage: Coverage) -> ResourceView:
    graph = state_graph(manager, resource)
    nodes = {node.name: node for node in graph.nodes}
    events = (*(e for e in resource.events if e != resource.drop),
              *(e for e in resource.events if e == resource.drop))
    ids = row_ids(resource)
    states = tuple(_state(resource, state, nodes, events, ids, coverage)
                   for state in resource.states)
    under = f" under its {resource.parent}" if resource.parent is not None else ""
    if resource.key:
        keys = ", ".join(f"`{name}`" for name in resource.key)
        found = f"Found by its key ({keys}){under}: the same key gives the same instance. "
    else:
        found = f"At most one{f' for each {resource.parent}' if resource.parent else ''}. "
    return ResourceView(
        resource.name, sentence(resource.brief), html(found + holders_text(manager, resource)),
        tuple((f.name, html(type_text(f)), html(field_role(resource, f)), f.brief)
              for f in resource.fields),
        tuple((a.name, html(assigned_text(a)), a.brief) for a in resource.assigned),
        events, states, graph.spine, resource.parent or "", len(ids))


def kind_of(state: State, node: Node) -> str:
    """normal, failure or final"""
    return "final" if state.final else "failure" if node.trouble else "normal"


def _state(resource: Resource, state: State, nodes: Mapping[str, Node], events: tuple[str, ...],
           ids: Mapping[int, str], coverage: Coverage) -> StateView:
    cells = tuple((event, tuple(_row(row, ids[id(row)], len(rows) == 1, coverage)
                                for row in rows))
                  for event in events for rows in [resource.rows(state.name, event)])
    return StateView(f"{resource.name}.{state.name}", state.name, kind_of(state, nodes[state.name]),
                     state.name == resource.initial, state.resident, sentence(state.brief), cells,
                     resource.otherwise or "")


def _row(row: Row, name: str, alone: bool, coverage: Coverage) -> RowView:
    ends = tuple(End(words, "" if target.state == row.state else target.state,
                     target.raise_event or "", bad)
                 for words, target, bad in endings(row))
    return RowView(name, guard_words(row, alone), row.reject or "", row.hook or "",
                   row.ask is not None, ends, sentence(row.brief), coverage.get(name),
                   row_text(row, alone))


def row_text(row: Row, alone: bool) -> str:
    """A row as one sentence: for screen readers and for the line below the tables."""
    start = f"{row.state}, {row.event}"
    if not alone:
        start += f", {guard_words(row, alone)}"
    if row.reject is not None:
        return f"{start}: rejected with {row.reject}"
    ends = []
    for outcome, target in row.targets():
        to = target_text(target)
        if target.state == row.state:
            to = f"stays{f', then {target.raise_event}' if target.raise_event else ''}"
        ends.append((OUTCOMES[outcome], to))
    if row.hook is None:
        return f"{start}: {ends[0][1]}"
    said = "; ".join(f"{words}: {to}" for words, to in ends)
    return f"{start}: {'asks' if row.ask else 'calls'} {row.hook}; {said}"


def troubles(manager: Manager) -> Iterator[Trouble]:
    """The states that only failures lead to, in the order of the spec."""
    for resource in manager.resources:
        failures = {n.name for n in state_graph(manager, resource).nodes if n.trouble}
        ids = row_ids(resource)
        coming: dict[str, list[tuple[str, str]]] = {}
        for other in resource.states:
            for row in other.rows:
                for outcome, target in row.targets():
                    words = f"{row.hook} {OUTCOMES[outcome]}" if row.hook else (
                        f"{row.event} in {row.state}")
                    if target.state != other.name:
                        coming.setdefault(target.state, []).append((ids[id(row)], words))
        for state in resource.states:
            if state.name not in failures or state.final:
                continue
            leaves = tuple(
                (ids[id(row)], f"{row.event}{_way(row, outcome)} → {target.state}")
                for row in state.rows for outcome, target in row.targets()
                if target.state != state.name and outcome not in FAILURES)
            yield Trouble(f"{resource.name}.{state.name}", resource.name, state.name,
                          sentence(state.brief), _once(coming.get(state.name, [])), _once(leaves))


def _way(row: Row, outcome: str) -> str:
    """Which call, and of one that asks, which answer."""
    if row.hook is None:
        return ""
    return f" ({row.hook}{f': {OUTCOMES[outcome]}' if row.ask is not None else ''})"


def _once(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The first row of each text."""
    first: dict[str, str] = {}
    for row, words in pairs:
        first.setdefault(words, row)
    return tuple((row, words) for words, row in first.items())


def harmless(manager: Manager) -> Iterator[Harmless]:
    """Calls that fail, are uncertain or cannot tell, and leave an instance where it is, in states
    that are no failure themselves."""
    for resource in manager.resources:
        graph: StateGraph = state_graph(manager, resource)
        good = {node.name for node in graph.nodes if not node.trouble}
        ids = row_ids(resource)
        for state in resource.states:
            for row in state.rows if state.name in good else ():
                words = [OUTCOMES[outcome] for outcome, target in row.targets()
                         if outcome in FAILURES and target.state == state.name]
                if words and row.hook:
                    yield Harmless(ids[id(row)], row.hook, f"{resource.name}.{state.name}",
                                   " or ".join(words))


def operation_view(manager: Manager, operation: Operation, note: str) -> OperationView:
    codes = tuple((one.error or "negative", html(one.when))
                  for one in return_codes(manager, operation))
    return OperationView(
        operation.name, sentence(operation.brief), html(takes(manager, operation)),
        html(gives(operation)),
        html(does(manager, operation)), hooks_called(manager, operation),
        tuple(f"{s.resource}.{s.event}" for s in operation.steps), codes, note)


def hook_views(manager: Manager) -> Iterator[HookView]:
    ids = {row: name for r in manager.resources for row, name in row_ids(r).items()}
    for hook in manager.hooks:
        callers = tuple(o.name for o in manager.operations
                        if hook.name in hooks_called(manager, o))
        rows = tuple(ids[id(row)] for r in manager.resources for s in r.states
                     for row in s.rows if row.hook == hook.name)
        yield HookView(hook.name, hook.on, sentence(hook.brief),
                       tuple(html(fact) for fact in hook_facts(manager, hook)), callers, rows)
    if manager.store is not None and manager.store.settle is not None:
        yield HookView(manager.store.settle, "the store", sentence(manager.store.brief),
                       (*map(html, SETTLE_FACTS), Markup("called by recovery, first of all")),
                       (), ())


def hook_count(manager: Manager) -> int:
    """With the hook that settles."""
    return len(manager.hooks) + (manager.store is not None and manager.store.settle is not None)


def options(manager: Manager) -> tuple[tuple[str, Markup, str, str], ...]:
    """Name, type, default and meaning of every option."""
    return tuple((o.name, html(type_text(o)), _default(o.default), o.brief)
                 for o in manager.options)


def _default(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
