"""The tables that the page's simulator runs, and what the page shows beside them, as JSON.

One reading of the model, for `engine/*.js`. Two rules for all members:

- An integer that a manager may compute with (a default, a bound, the start of a counter) is a text
  of decimal digits. JavaScript's numbers are exact up to 2^53 only.
- What does not apply is left out, and so is `false`.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from berthc.errnos import ERRNO_NAMES
from berthc.model import (
    Assigned, Deny, Field, FormatText, Guard, Hook, Limits, Manager, Operation, PoolPart, Ref,
    Resource, Row, State, Target,
)

VERSION = 1
"""Of the shape of the tables. The engine refuses others."""

Table = dict[str, Any]


def tables(manager: Manager) -> Table:
    """Everything of a manager that the engine needs and the page shows."""
    return _members(
        version=VERSION,
        name=manager.name,
        brief=manager.brief,
        file=PurePath(manager.file).name,
        line=manager.loc.line,
        options=[_field(o) for o in manager.options],
        hooks=[_hook(h) for h in manager.hooks],
        left_out=[list(names) for names in manager.left_out],
        resources=[_resource(r) for r in manager.resources],
        operations=[_operation(manager, o) for o in manager.operations],
        store=manager.store is not None,
        limits=None if manager.limits is None else _limits(manager.limits),
        errors=list(ERRNO_NAMES),
    )


def row_ids(resource: Resource) -> dict[int, str]:
    """The ids of the rows, by what Python knows them by: `disk.attached.detach.0`. The number
    counts the rows of one state and event."""
    return {id(row): f"{resource.name}.{state.name}.{event}.{n}"
            for state in resource.states
            for event in dict.fromkeys(row.event for row in state.rows)
            for n, row in enumerate(resource.rows(state.name, event))}


def _members(**members: object) -> Table:
    return {name: value for name, value in members.items()
            if value is not None and value is not False}


def _number(value: int | None) -> str | None:
    return None if value is None else str(value)


def _field(field: Field) -> Table:
    """Without `default`, the zero of its type is the default."""
    default = field.default
    if isinstance(default, int) and not isinstance(default, bool):
        default = str(default)
    elif isinstance(default, Sequence) and not isinstance(default, str):
        default = None  # lists have no other default than the empty one
    return _members(
        name=field.name,
        type=field.type.value,
        brief=field.brief,
        line=field.loc.line,
        values=list(field.values) if field.values else None,
        default=default,
        range=[str(bound) for bound in field.range] if field.range else None,
        max_length=field.max_length,
        required=field.required,
        ignore_case=field.ignore_case,
    )


def _hook(hook: Hook) -> Table:
    return _members(
        name=hook.name,
        on=hook.on,
        brief=hook.brief,
        line=hook.loc.line,
        optional=hook.optional,
        absent=hook.absent,
        together=hook.together,
        repeatable=hook.repeatable,
        undoes=list(hook.undoes),
        asks=list(hook.asks),
        needs=list(hook.needs),
    )


def _resource(resource: Resource) -> Table:
    ids = row_ids(resource)
    return _members(
        name=resource.name,
        brief=resource.brief,
        line=resource.loc.line,
        parent=resource.parent,
        key=list(resource.key),
        fields=[_field(f) for f in resource.fields],
        assigned=[_assigned(a) for a in resource.assigned],
        take=resource.take,
        drop=resource.drop,
        initial=resource.initial,
        otherwise=resource.otherwise,
        events=list(resource.events),
        states=[_state(resource, s, ids) for s in resource.states],
    )


def _assigned(assigned: Assigned) -> Table:
    return _members(
        name=assigned.name,
        kind=assigned.kind.value,
        type=None if assigned.type is None else assigned.type.value,
        brief=assigned.brief,
        line=assigned.loc.line,
        start=str(assigned.start),
        parts=[_part(p) for p in assigned.parts],
        texts=[_text(t) for t in assigned.texts],
        hook=assigned.hook,
        max_length=assigned.max_length,
    )


def _part(part: PoolPart) -> Table:
    return _members(name=part.name, line=part.loc.line, size=_number(part.size),
                    option=part.option)


def _text(text: FormatText) -> Table:
    parts = [part if isinstance(part, str) else _ref(part) for part in text.parts]
    return _members(parts=parts, line=text.loc.line, guard=_guard(text.guard))


def _ref(ref: Ref) -> Table:
    return {"scope": ref.scope, "name": ref.name}


def _guard(guard: Guard | None) -> Table | None:
    """`integer` or `word` is what `ref` is compared with."""
    if guard is None:
        return None
    literal = guard.literal
    return _members(
        op=guard.op,
        args=[_guard(arg) for arg in guard.args] if guard.args else None,
        ref=None if guard.ref is None else _ref(guard.ref),
        integer=str(literal) if isinstance(literal, int) else None,
        word=literal if isinstance(literal, str) else None,
        text=guard.text or None,
    )


def _state(resource: Resource, state: State, ids: Mapping[int, str]) -> Table:
    return _members(
        id=f"{resource.name}.{state.name}",
        name=state.name,
        brief=state.brief,
        line=state.loc.line,
        final=state.final,
        resident=state.resident,
        effects=None if state.effects is None else list(state.effects),
        maybe=list(state.maybe),
        rows=[_row(r, ids[id(r)]) for r in state.rows],
    )


def _row(row: Row, name: str) -> Table:
    """`targets` has the outcomes in their order."""
    return _members(
        id=name,
        event=row.event,
        line=row.loc.line,
        brief=row.brief,
        guard=_guard(row.guard),
        call=row.call,
        ask=row.ask,
        reject=row.reject,
        meant=row.meant,
        targets={outcome: _target(target) for outcome, target in row.targets()},
        uncertain_given=row.uncertain_given,
    )


def _target(target: Target) -> Table:
    return _members(state=target.state, raises=target.raise_event, line=target.loc.line,
                    stay=target.stay)


def _operation(manager: Manager, operation: Operation) -> Table:
    return _members(
        name=operation.name,
        brief=operation.brief,
        line=operation.loc.line,
        form=operation.form.value,
        path=list(operation.path),
        steps=[_members(resource=s.resource, event=s.event, line=s.loc.line)
               for s in operation.steps],
        returns=[_ref(ref) for ref in operation.returns],
        deny=[_deny(d) for d in operation.deny],
        gives=operation.gives,
        ends=operation.ends,
        owner=manager.has_owner(operation),
        by=operation.by,
        absent_ok=operation.absent_ok,
        at=operation.at,
        enter=operation.enter,
    )


def _deny(deny: Deny) -> Table:
    return _members(guard=_guard(deny.guard), error=deny.error, rule=deny.rule, brief=deny.brief,
                    line=deny.loc.line)


def _limits(limits: Limits) -> Table:
    resources = [_members(resource=r.resource, instances=r.instances, text=r.text, line=r.loc.line)
                 for r in limits.resources]
    return _members(resources=resources, reservations=limits.reservations, line=limits.loc.line)
