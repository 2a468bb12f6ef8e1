"""What the scripts of the page know: the places of everything in the spec, and how operations are
asked for."""
from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from berthc.answers.codes import hooks_called
from berthc.emit.diagram.graph import state_graph
from berthc.emit.html.content import kind_of, row_text
from berthc.emit.html.findings import Checked
from berthc.emit.html.source import span
from berthc.emit.html.tables import row_ids
from berthc.inputs.values import base, zero
from berthc.model import (
    Assigned, AssignedKind, Field, Form, Manager, Operation, Resource, Step,
)

Json = dict[str, Any]


def data(manager: Manager, lines: Sequence[str], checked: Checked) -> Json:
    """Everything but the tables of the simulator."""
    return {
        "manager": manager.name,
        "items": _items(manager, lines),
        "options": [_field(o, zero(o)) for o in manager.options],
        "resources": [_resource(manager, r) for r in manager.resources],
        "operations": [_operation(manager, o) for o in manager.operations],
        "hooks": [{"name": h.name, "asks": bool(h.asks), "optional": h.optional,
                   "together": h.together or "", "outs": _has_outs(manager, h.name)}
                  for h in manager.hooks],
        "findings": [
            {"id": m.id, "text": m.text, "script": [] if m.unplayed else [
                {"who": s.who, "asked": s.asked, "request": s.request} for s in m.script]}
            for m in checked.messages],
    }


def _items(manager: Manager, lines: Sequence[str]) -> Json:
    """States, rows, hooks, operations and resources by id: what they are, and their lines."""
    items: Json = {}

    def add(name: str, kind: str, line: int, text: str, **more: object) -> None:
        place = span(lines, line)
        items[name] = {"kind": kind, "first": place.first, "last": place.last, "text": text, **more}

    for resource in manager.resources:
        add(resource.name, "resource", resource.loc.line, resource.brief)
        nodes = {node.name: node for node in state_graph(manager, resource).nodes}
        ids = row_ids(resource)
        for state in resource.states:
            add(f"{resource.name}.{state.name}", "state", state.loc.line, state.brief,
                state=kind_of(state, nodes[state.name]))
            for row in state.rows:
                alone = len(resource.rows(state.name, row.event)) == 1
                add(ids[id(row)], "row", row.loc.line, row_text(row, alone),
                    state=f"{resource.name}.{state.name}")
    for hook in manager.hooks:
        add(f"hook:{hook.name}", "hook", hook.loc.line, hook.brief)
    for operation in manager.operations:
        add(f"operation:{operation.name}", "operation", operation.loc.line, operation.brief)
    return items


def _field(field: Field, value: object) -> Json:
    return {"name": field.name, "type": field.type.value, "values": list(field.values),
            "default": _plain(zero(field)), "usual": _plain(value), "brief": field.brief,
            "range": list(field.range or (field.type.limits if field.type.bits else ())),
            "case": field.ignore_case}


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _resource(manager: Manager, resource: Resource) -> Json:
    usual = base(resource)
    return {"name": resource.name, "parent": resource.parent or "", "key": list(resource.key),
            "fields": [_field(f, usual[f.name])
                       | {"needed": f.name in resource.key and len(resource.key) <= 3 or f.required}
                       for f in resource.fields],
            "assigned": [leaf for a in resource.assigned for leaf in a.leaves]}


def _operation(manager: Manager, operation: Operation) -> Json:
    target = manager.resource(operation.target)
    by = target.value(operation.by) if operation.by is not None else None
    at = target.value(operation.at) if operation.at is not None else None

    def fires(step: Step, event: str | None) -> bool:
        return event is not None and step.event == event

    takes = [s.resource for s in operation.steps
             if fires(s, manager.resource(s.resource).take) and operation.form is not Form.WITH]
    drops = [s.resource for s in operation.steps
             if fires(s, manager.resource(s.resource).drop) and operation.form is not Form.WITH]
    return {
        "name": operation.name, "brief": operation.brief, "form": operation.form.value,
        "path": list(operation.path), "gives": operation.gives, "ends": operation.ends,
        "by": None if by is None else _value(by), "at": None if at is None else _value(at),
        "hooks": list(hooks_called(manager, operation)),
        "takes": takes[0] if takes else "", "drops": drops[0] if drops else "",
        "returns": [ref.name for ref in operation.returns],
        "owner": manager.has_owner(operation),
    }


def _value(assigned: Assigned) -> Json:
    """How an operation names a value: a slot by its parts, anything else by itself."""
    parts = list(assigned.leaves) if assigned.kind is AssignedKind.POOL else []
    kind = assigned.type.value if assigned.type is not None else "slot"
    return {"name": assigned.name, "type": kind, "parts": parts}


def _has_outs(manager: Manager, hook: str) -> bool:
    return any(a.hook == hook for r in manager.resources for a in r.assigned)


def as_script(value: object) -> Markup:
    """JSON that can stand inside a script element: no text of a spec can end it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=False)
    for char, escaped in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"),
                          ("\u2028", "\\u2028"), ("\u2029", "\\u2029")):
        text = text.replace(char, escaped)
    return Markup(text)
