"""The page of a manager: everything a reviewer of its spec wants to see at once."""
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePath

from berthc.emit.diagram import dot, mermaid
from berthc.emit.diagram.graph import StateGraph, state_graph, target_text
from berthc.emit.diagram.life import FAILURES, OUTCOMES
from berthc.emit.diagram.sequence import Drawn, sequences
from berthc.emit.diagram.style import LEGEND
from berthc.explore.meaning import in_the_backend
from berthc.explore.report import StateMeanings, meaning_of
from berthc.model import (
    Assigned, AssignedKind, Field, Form, FormatText, Hook, Manager, Operation, Ref, Resource, Row,
    State, Target, Type,
)

from berthc.answers.codes import hooks_called, return_codes
from berthc.emit.docs.markdown import code, codes, md, paragraph, sentence, table


@dataclass(frozen=True)
class Pictures:
    """The files that a page may link to; None: all."""

    files: Collection[str] | None

    def has(self, name: str) -> bool:
        return self.files is None or name in self.files

    def link(self, title: str, name: str) -> str:
        """The picture, or "" where there is none."""
        return f"![{title}]({name})\n" if self.has(name) else ""

    @property
    def other_forms(self) -> str:
        """A sentence about what else is there."""
        forms = [f"[{words}]({name})" for words, name in (
            ("Mermaid", "diagrams.md"), ("plain text", "diagrams.txt")) if self.has(name)]
        dots = ["`.dot` beside each picture of graphviz"] if self.has("ownership.dot") else []
        return f"The pictures in other forms: {', '.join(forms + dots)}." if forms else ""


def _states_picture(manager: Manager, resource: Resource, shown: Pictures) -> list[str]:
    link = shown.link(f"States of {resource.name}", f"states-{resource.name}.svg")
    diagram, note = (("", dot.pictured(manager, resource)[1]) if link
                     else mermaid.pictured(manager, resource))
    return [link or mermaid.fence(diagram),
            *([paragraph(md(sentence(note[0].upper() + note[1:])))] if note else [])]


_LONG_PATH = 20  # states


def type_text(field: Field) -> str:
    words = field.type.value
    if field.type is Type.ENUM:
        words = "one of " + codes(field.values)
    elif field.type in (Type.LIST, Type.SET):
        words = f"{field.type.value} of strings"
    if field.range is not None:
        words += f", {field.range[0]} to {field.range[1]}"
    if field.max_length is not None:
        words += f", at most {field.max_length} bytes"
    return words


def _default(field: Field) -> str:
    if field.default is None or field.default == "" or field.default == ():
        return "empty" if field.type in (Type.STRING, Type.LIST, Type.SET) else ""
    return code(
        str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
    )


def _options(manager: Manager) -> list[str]:
    if not manager.options:
        return []
    rows = [(code(o.name), type_text(o), _default(o), md(o.brief)) for o in manager.options]
    return [
        "## Options\n",
        "Given once, at create.\n",
        table(("option", "type", "default", "meaning"), rows),
    ]


def field_role(resource: Resource, field: Field) -> str:
    words = ["key" if field.name in resource.key else "must match"]
    if field.required:
        words.append("required")
    if field.ignore_case:
        words.append("case ignored")
    if field.default and field.default != (field.values or ("",))[0]:
        words.append(f"default {_default(field)}")
    return ", ".join(words)


def _format_part(part: str | Ref) -> str:
    if isinstance(part, str):
        return part.replace("{", "{{").replace("}", "}}")
    return "{" + (part.name if part.scope == "field" else str(part)) + "}"


def _format_text(text: FormatText) -> str:
    """As the author wrote it."""
    shown = "".join(map(_format_part, text.parts))
    return code(shown) + (f" if {code(text.guard.text)}" if text.guard is not None else "")


def assigned_text(value: Assigned) -> str:
    if value.kind is AssignedKind.POOL:
        sizes = [
            f"{code(p.name)} below {p.size if p.option is None else 'option ' + code(p.option)}"
            for p in value.parts
        ]
        return "the lowest free slot: " + ", ".join(sizes)
    if value.kind is AssignedKind.COUNTER:
        return f"a number, counted from {value.start}" + (
            ", as text" if value.type is Type.STRING else ""
        )
    if value.kind is AssignedKind.UUID:
        return "a version 4 UUID"
    if value.kind is AssignedKind.HOOK:
        return f"from the hook {code(value.hook or '')}"
    return "; else ".join(_format_text(t) for t in value.texts)


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


def _target(target: Target, state: str) -> str:
    if target.state == state and target.raise_event is None:
        return "stay"
    return "→ " + target_text(target)


def _row(row: Row, alone: bool) -> str:
    """One row as lines of a cell."""
    guard = "" if alone else f"if {code(row.guard.text)}: " if row.guard is not None else "else: "
    if row.reject is not None:
        return f"{guard}**{row.reject}**" + (f"<br>{md(row.brief)}" if row.brief else "")
    if row.hook is None:
        assert row.ok is not None
        return guard + _target(row.ok, row.state)
    by_target: dict[tuple[bool, str], list[str]] = {}
    for outcome, target in row.targets():
        by_target.setdefault((outcome in FAILURES, _target(target, row.state)), []).append(
            OUTCOMES[outcome]
        )
    ends = [f"{' or '.join(words)}: {target}" for (_, target), words in by_target.items()]
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


def _resource(manager: Manager, resource: Resource, meaning: StateMeanings,
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


def hook_facts(manager: Manager, hook: Hook) -> list[str]:
    """What the spec says of a hook, in Markdown."""
    facts = []
    if hook.optional:
        then = (
            f"reject with {hook.absent}"
            if hook.absent is not None
            else "go on as unknown, with EOPNOTSUPP"
            if hook.asks
            else "go on as if it ended ok"
        )
        facts.append(
            f"may be left out: rows that {'ask' if hook.asks else 'call'} it then {then}"
        )
    if hook.together:
        others = [
            h.name for h in manager.hooks if h.together == hook.together and h is not hook
        ]
        facts.append(f"only together with {codes(others)}" if others else "")
    if hook.asks:
        facts.append(f"asks whether the effect of {codes(hook.asks)} is there")
    if hook.needs:
        facts.append(f"needs the effect of {codes(hook.needs)}")
    if hook.undoes:
        facts.append(f"undoes {codes(hook.undoes)}")
    if hook.repeatable:
        facts.append("repeatable: doing it again does no harm")
    return [fact for fact in facts if fact]


def _hooks(manager: Manager) -> list[str]:
    if not manager.hooks:
        return []
    rows = []
    called = {o.name: hooks_called(manager, o) for o in manager.operations}
    for hook in manager.hooks:
        callers = [name for name, hooks in called.items() if hook.name in hooks]
        rows.append(
            (
                code(hook.name),
                md(hook.on),
                "; ".join(hook_facts(manager, hook)),
                codes(callers),
                md(hook.brief),
            )
        )
    return [
        "## Hooks\n",
        "What the backend implements.\n",
        table(("hook", "on", "facts", "called by", "what it does"), rows),
    ]


def takes(manager: Manager, operation: Operation) -> str:
    return ", ".join(_given(operation) + (["owner"] if manager.has_owner(operation) else []))


def _given(operation: Operation) -> list[str]:
    if operation.form is Form.WITH:
        return ["reservation"]
    if operation.form is Form.FIND and operation.by is not None:
        return [code(operation.by)]
    keys = (
        operation.path
        if operation.form is Form.FIND
        else operation.path[:-1]
        if operation.form is Form.CREATE
        else ()
    )
    words = [md(name) + (" key" if name in keys else " config") for name in operation.path]
    return words + ([code(operation.at)] if operation.at else [])


def gives(operation: Operation) -> str:
    return (
        ", ".join(
            (["reservation"] if operation.gives else [])
            + [code(str(ref)) for ref in operation.returns]
        )
        or "–"
    )


def does(manager: Manager, operation: Operation) -> str:
    """What an operation does, in the words of the spec."""
    path = " and ".join(f"the {md(name)}" for name in operation.path)
    words = {
        Form.OBTAIN: f"Finds or makes {path}",
        Form.CREATE: f"Makes the {md(operation.target)} in the state {code(operation.enter or '')}",
        Form.FIND: f"Finds the {md(operation.target)}"
        + (f" by {code(operation.by)}" if operation.by else ""),
        Form.WITH: "Takes the instances that the reservation holds",
    }[operation.form]
    if operation.gives:
        words += " and gives a reservation that holds " + (
            "it" if len(operation.path) == 1 else "them"
        )
    if operation.steps:
        words += "; then, in this order: " + ", ".join(
            code(f"{s.resource}.{s.event}") for s in operation.steps
        )
    words += ". "
    called = hooks_called(manager, operation)
    words += f"May call {codes(called)}." if called else "Calls nothing."
    if operation.ends:
        words += (
            " The reservation ends when all of it ended ok, and stays valid for another try until"
            " then."
        )
    return words


def _operation(manager: Manager, operation: Operation, drawn: Drawn,
               shown: Pictures) -> list[str]:
    parts = [f"### {md(operation.name)}\n"]
    if operation.brief:
        parts.append(paragraph(md(sentence(operation.brief))))
    parts.append(paragraph(does(manager, operation)))
    rows = [
        (code(c.error) if c.error else "negative", c.when) for c in return_codes(manager, operation)
    ]
    parts.append(table(("returns", "when"), rows))
    link = shown.link(f"Runs of {operation.name}", f"sequence-{operation.name}.svg")
    if drawn.sequences and link:
        parts.append(link)
    return parts


def _operations(manager: Manager, shown: Pictures) -> list[str]:
    rows = [
        (
            f"[{code(o.name)}](#{o.name})",
            takes(manager, o),
            codes(f"{s.resource}.{s.event}" for s in o.steps) or "–",
            gives(o),
            md(o.brief),
        )
        for o in manager.operations
    ]
    parts = ["## Operations\n", table(("operation", "takes", "steps", "gives", "what for"), rows)]
    parts.append(paragraph("Errors are negative errno values; the names below stand for them."))
    drawn = sequences(manager)
    for operation in manager.operations:
        parts += _operation(manager, operation, drawn[operation.name], shown)
    return parts


def _store(manager: Manager) -> list[str]:
    if manager.store is None:
        return []
    settle = manager.store.settle
    words = (
        f"{code(manager.name + '_open')} takes a store, which keeps what is tracked when the"
        " process dies. Who holds something says who it is: the owner. After a restart the manager"
        " tells the owners of its reservations."
    )
    if settle is not None:
        words += (
            f" Recovery first calls {code(settle)}: no call of an earlier epoch can take effect"
            " after it."
        )
    parts = ["## Store\n", paragraph(words)]
    return parts + ([paragraph(md(sentence(manager.store.brief)))] if manager.store.brief else [])


def _accepted(manager: Manager) -> list[str]:
    if not manager.accept:
        return []
    rows = [
        (code(a.finding), code(a.where) if a.where else "everywhere", md(a.why))
        for a in manager.accept
    ]
    return [
        "## Accepted findings\n",
        "What the checker finds and the author takes.\n",
        table(("finding", "where", "why"), rows),
    ]


def page(manager: Manager, pictures: Collection[str] | None = None) -> str:
    """The whole page as Markdown. `pictures`: the files beside it that it may link to (None: all
    that `berthc diagram` makes). Mermaid stands where a picture of states or owners is missing."""
    shown = Pictures(pictures)
    source = PurePath(manager.file).name
    parts = [
        f"# {md(manager.name)}\n",
        paragraph(md(sentence(manager.brief))) if manager.brief else "",
    ]
    parts.append(
        paragraph(
            f"Made from {code(source)} by `berthc docs`; do not edit. {shown.other_forms}".rstrip()
        )
    )
    parts += [
        "## Who holds what\n",
        shown.link(f"Ownership in {manager.name}", "ownership.svg")
        or mermaid.fence(mermaid.ownership_diagram(manager)),
        (
            "Thick arrows hold, thin ones ask, dashed ones call the backend. What is held cannot"
            " end.\n"
        ),
    ]
    parts += _options(manager)
    meaning = meaning_of(manager)
    for resource in manager.resources:
        parts += _resource(manager, resource, meaning, shown)
    if not meaning.complete:
        parts.append("Column \"in the backend\" is from a search in part: there may be more.\n")
    parts += [*_hooks(manager), *_store(manager), *_operations(manager, shown),
              *_accepted(manager)]
    return "\n".join(part for part in parts if part)
