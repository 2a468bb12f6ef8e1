"""A resource: what finds and holds it, its fields, its states, and their table."""
from __future__ import annotations

from berthc.emit.diagram import dot, mermaid
from berthc.emit.diagram.graph import StateGraph, state_graph
from berthc.emit.diagram.style import LEGEND
from berthc.emit.docs.fields import assigned_text, field_role, type_text
from berthc.emit.docs.markdown import code, codes, md, paragraph, sentence, table
from berthc.emit.docs.pictures import Pictures
from berthc.emit.docs.rows import endings, guard_words, target_words
from berthc.explore.meaning import in_the_backend
from berthc.explore.report import StateMeanings
from berthc.model import Form, Manager, Resource, Row, State, Target


def _states_picture(manager: Manager, resource: Resource, shown: Pictures) -> list[str]:
    link = shown.link(f"States of {resource.name}", f"states-{resource.name}.svg")
    diagram, note = (("", dot.pictured(manager, resource)[1]) if link
                     else mermaid.pictured(manager, resource))
    return [link or mermaid.fence(diagram),
            *([paragraph(md(sentence(note[0].upper() + note[1:])))] if note else [])]


_LONG_PATH = 20  # states


def holders_text(manager: Manager, resource: Resource) -> str:
    holders = []
    if resource.name in manager.reservation_path:
        holders.append("reservations")
    holders += [f"each {child}" for child in manager.children(resource.name)]
    free = [o for o in manager.operations if o.form is not Form.WITH]
    if any((s.resource, s.event) == (resource.name, resource.take) for o in free for s in o.steps):
        holders.append("anonymous references")
    words = f"Held by {' and '.join(md(h) for h in holders)}. " if holders else "Nothing holds it. "
    if resource.take is not None and holders:
        words += f"A new holder fires {code(resource.take)}. "
    if resource.drop is not None and holders:
        words += f"A holder lets go with {code(resource.drop)}; only the last one's runs."
    return words.rstrip()


def _target(row: Row, target: Target) -> str:
    words = target_words(row, target)
    return words if words == "stay" else f"→ {words}"


def _row(row: Row, alone: bool) -> str:
    """One row as lines of a cell."""
    guard = "" if alone else f"{guard_words(row, alone, code)}: "
    if row.reject is not None:
        return f"{guard}**{row.reject}**" + (f"<br>{md(row.brief)}" if row.brief else "")
    if row.hook is None:
        assert row.ok is not None
        return guard + _target(row, row.ok)
    ends = [f"{words}: {_target(row, target)}" for words, target, _ in endings(row)]
    return "<br>".join([guard + ("ask " if row.ask else "") + code(row.hook), *ends])


def _cell(resource: Resource, state: State, event: str) -> str:
    rows = resource.rows(state.name, event)
    if not rows:
        return (
            f"**{resource.otherwise}**"
            if resource.otherwise is not None and not state.final
            else "–"
        )
    return "<br>".join(_row(row, len(rows) == 1) for row in rows)


def _marks(manager: Manager, resource: Resource, state: State, failure: bool) -> str:
    marks = ["initial"] if state.name == resource.initial else []
    marks += ["resident"] if state.resident else []
    marks += ["final"] if state.final else []
    marks += ["failure"] if failure else []
    creators = [
        o.name
        for o in manager.operations
        if o.form is Form.CREATE
        and o.target == resource.name
        and o.enter == state.name != resource.initial
    ]
    return ", ".join(marks + [f"made by {code(c)}" for c in creators])


def events_of(resource: Resource) -> list[str]:
    """The events in the order of tables: the one that lets go is last."""
    return sorted(resource.events, key=lambda event: event == resource.drop)


def state_table(resource: Resource) -> str:
    """Every state by every event, the one that lets go last."""
    events = events_of(resource)
    rows = [
        [code(s.name), *(_cell(resource, s, e) for e in events)]
        for s in resource.states
        if not s.final
    ]
    return table(["state", *map(code, events)], rows)


def _happy_path(graph: StateGraph) -> str:
    """A sentence; of a long path the middle is counted."""
    names = [code(name) for name in graph.spine]
    if len(names) > _LONG_PATH:
        names[_LONG_PATH // 2:-_LONG_PATH // 2] = [f"({len(names) - _LONG_PATH} more states)"]
    line = paragraph(f"Happy path: {' → '.join(names)}.")
    if not any(node.state.final for node in graph.nodes) or _ends(graph):
        return line
    return line.rstrip() + " Only failures lead from there to an end.\n"


def _ends(graph: StateGraph) -> bool:
    return graph.resource.state(graph.spine[-1]).final


def described(manager: Manager, resource: Resource, meaning: StateMeanings,
              shown: Pictures) -> list[str]:
    parts = (
        [f"## {md(resource.name)}\n", paragraph(md(sentence(resource.brief)))]
        if resource.brief
        else [f"## {md(resource.name)}\n"]
    )
    under = f" under its {md(resource.parent)}" if resource.parent is not None else ""
    if resource.key:
        found = (
            f"Found by its key ({codes(resource.key)}){under}: the same key gives the same"
            " instance. "
        )
        parts.append(paragraph(found + holders_text(manager, resource)))
    else:
        each = f" for each {md(resource.parent)}" if resource.parent is not None else ""
        parts.append(paragraph(f"At most one{each}. " + holders_text(manager, resource)))
    if resource.fields:
        rows = [
            (code(f.name), type_text(f), field_role(resource, f), md(f.brief))
            for f in resource.fields
        ]
        parts.append(table(("field", "type", "role", "meaning"), rows))
    if resource.assigned:
        rows3 = [(code(a.name), assigned_text(a), md(a.brief)) for a in resource.assigned]
        parts.append(table(("assigned value", "set to", "meaning"), rows3))
    parts += [
        f"### States of {md(resource.name)}\n", *_states_picture(manager, resource, shown),
    ]
    if resource is manager.resources[0]:
        parts.append(paragraph(LEGEND))
    graph = state_graph(manager, resource)
    parts.append(_happy_path(graph))
    failures = {node.name for node in graph.nodes if node.trouble}
    meant = in_the_backend(meaning.manager, meaning.seen, resource)
    rows4 = [
        (
            code(s.name),
            _marks(manager, resource, s, s.name in failures),
            "" if s.final else md("; or ".join(meant[s.name]) or "–"),
            md(s.brief),
        )
        for s in resource.states
    ]
    parts.append(table(("state", "", "in the backend", "meaning"), rows4))
    parts += [
        f"### State × event table of {md(resource.name)}\n",
        state_table(resource),
        _table_key(resource),
    ]
    return parts


def _table_key(resource: Resource) -> str:
    words = (
        "`stay`: nothing is called and nothing changes. A name in capitals: the event is rejected"
        " with that error."
    )
    if (
        any(
            not resource.rows(s.name, e)
            for s in resource.states
            if not s.final
            for e in resource.events
        )
        and resource.otherwise is None
    ):
        words += " –: the event cannot arrive in this state."
    if any(t.raise_event for s in resource.states for r in s.rows for _, t in r.targets()):
        words += " “then”: the event that is raised in the new state, within the same step."
    return paragraph(words)
