"""Lowering: `model.Manager` to the table IR. Everything that C needs to know and the model does not
say is decided here."""
from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import PurePath

from berthc import model
from berthc.lower import expr, ir, room
from berthc.model import AssignedKind, Type
from berthc.names import (
    FIELD_FUNCTIONS, Names, field_functions, file_scope, guard_functions, numbers, operation_checks,
    outs, shape,
)

__all__ = ["ir", "lower"]

C_TYPES = {
    Type.BOOL: "bool",
    Type.U8: "uint8_t",
    Type.U16: "uint16_t",
    Type.U32: "uint32_t",
    Type.U64: "uint64_t",
    Type.I32: "int32_t",
    Type.I64: "int64_t",
    Type.STRING: "const char *",
    Type.UUID: "uuid_t",
    Type.LIST: "berth_strings",
    Type.SET: "berth_strings",
}
VIEWS = 2  # how a view is laid out; a backend that was compiled for another layout must be refused


def lower(manager: model.Manager) -> ir.Manager:
    """The tables of a manager that passed the static rules."""
    return _Lowering(manager).run()


class _Guards:
    """Numbers guards from 1; equal ones of one owner get the same number."""

    def __init__(self) -> None:
        self.found: list[ir.Guard] = []
        self._numbers: dict[tuple[int, str], int] = {}

    def number(self, owner: int, expression: str, text: str, c: str) -> int:
        key = (owner, expression)
        if key not in self._numbers:
            self.found.append(ir.Guard(owner, expression, text, c))
            self._numbers[key] = len(self.found)
        return self._numbers[key]


class _Lowering:
    def __init__(self, manager: model.Manager) -> None:
        self.m = manager
        self.names = Names(manager.name)
        self.scope = expr.Scope(manager)
        self.guards = _Guards()
        self.denials = _Guards()
        self.resource_ids = {r.name: i for i, r in enumerate(manager.resources, 1)}
        self.hook_ids = {h.name: i for i, h in enumerate(manager.hooks, 1)}
        self.field_functions = field_functions(manager)
        self.operation_checks = operation_checks(manager)
        self.guard_functions = guard_functions(manager)
        self.numbers = numbers(manager)
        self.option_ids = {o.name: i for i, o in enumerate(manager.options, 1)}

    def run(self) -> ir.Manager:
        resources: list[ir.Resource] = []
        rows = 0
        for resource in self.m.resources:
            resources.append(self.resource(resource, rows))
            rows += len(resources[-1].rows)
        hooks = tuple(self.hook(h) for h in self.m.hooks)
        return ir.Manager(
            name=self.m.name,
            file=PurePath(self.m.file).name,
            version=backend_version(self.m),
            options=tuple(self.field(o, None) for o in self.m.options),
            resources=tuple(resources),
            hooks=hooks,
            operations=tuple(self.operation(o) for o in self.m.operations),
            guards=tuple(self.guards.found),
            denials=tuple(self.denials.found),
            limits=room.limits(self.m),
            store=None
            if self.m.store is None
            else ir.Store(self.m.store.settle, earlier=tuple(self.earlier())),
            file_scope=file_scope(self.m),
            together=tuple(
                tuple(self.hook_ids[h] for h in names)
                for names in self.m.left_out
                if len(names) > 1
            ),
        )

    def earlier(self) -> Iterator[ir.Earlier]:
        """Earlier names, which rows of a store may have."""
        for one in model.earlier_names(self.m):
            index = 0
            if one.kind is model.Naming.OPTION_VALUE:
                index = self.option_ids[one.of]
            elif one.kind is model.Naming.VALUE:
                fields = self.m.resource(one.owner).fields
                index = next(i for i, f in enumerate(fields, 1) if f.name == one.of)
            yield ir.Earlier(one.kind.name, self.resource_ids.get(one.owner, 0), index, one.was,
                             one.name)

    def field(self, field: model.Field, resource: model.Resource | None) -> ir.Field:
        """A field of a resource, or an option of the manager."""
        if resource is None:
            values = {v: self.names.option_value(field.name, v) for v in field.values}
            enum = self.names.option_enum(field.name)
        else:
            values = {v: self.names.field_value(resource.name, field.name, v) for v in field.values}
            enum = self.names.field_enum(resource.name, field.name)
        default: int | str = 0
        if field.type is Type.ENUM and field.default is not None:
            default = field.values.index(str(field.default))
        elif field.type is Type.STRING:
            default = str(field.default or "")
        elif isinstance(field.default, int):
            default = int(field.default)
        low = expr.bounds(field)[0]
        high = expr.bounds(field)[1]
        is_outside = field.range is not None and not low <= 0 <= high
        return ir.Field(
            name=field.name,
            c=self.numbers["field", resource.name, field.name]
            if resource is not None
            else self.numbers["option", field.name],
            type=field.type,
            c_type=C_TYPES.get(field.type, enum),
            values=tuple(ir.Id(v, c) for v, c in values.items()),
            key=resource is not None and field.name in resource.key,
            required=field.required,
            ignore_case=field.ignore_case,
            range=field.range,
            max_length=field.max_length or 0,
            default=default,
            zero_default=resource is None
            and default != 0
            and (is_outside or (field.type is Type.STRING and default != "")),
        )

    def resource(self, resource: model.Resource, first_row: int) -> ir.Resource:
        states = {s.name: i for i, s in enumerate(resource.states, 1)}
        events = {e: i for i, e in enumerate(resource.events, 1)}
        number = self.resource_ids[resource.name]
        resolve = self.scope.in_view(resource.name)

        def target(found: model.Target | None) -> ir.Target:
            if found is None:
                return ir.Target()
            return ir.Target(
                states[found.state], events[found.raise_event] if found.raise_event else 0
            )

        rows: list[ir.Row] = []
        cells: list[ir.Cell] = []
        for state in resource.states:
            for row in state.rows:
                guard = 0
                if row.guard is not None:
                    text = row.guard.text
                    guard = self.guards.number(
                        number, expr.expression(row.guard, resolve), text,
                        self.guard_functions[resource.name, shape(row.guard)])
                rows.append(
                    ir.Row(
                        state=states[row.state],
                        event=events[row.event],
                        guard=guard,
                        hook=self.hook_ids[row.hook] if row.hook else 0,
                        reject=row.reject,
                        ok=target(row.yes or row.ok),
                        fail=target(row.unknown or row.fail),
                        uncertain=target(row.no or row.uncertain),
                        asks=row.ask is not None,
                    )
                )
                if not cells or (cells[-1].state, cells[-1].event) != (
                    rows[-1].state,
                    rows[-1].event,
                ):
                    cells.append(ir.Cell(rows[-1].state, rows[-1].event, len(rows)))
        names = self.names
        return ir.Resource(
            name=resource.name,
            c=names.resource_id(resource.name),
            view=names.view(resource.name),
            config=names.config(resource.name),
            parent=self.resource_ids[resource.parent] if resource.parent is not None else 0,
            level=len(self.m.path(resource.name)) - 1,
            take=events[resource.take] if resource.take else 0,
            drop=events[resource.drop] if resource.drop else 0,
            initial=states[resource.initial],
            otherwise=resource.otherwise,
            states=tuple(
                ir.State(ir.Id(s.name, names.state_id(resource.name, s.name)), s.final, s.resident)
                for s in resource.states
            ),
            events=tuple(ir.Id(e, names.event_id(resource.name, e)) for e in resource.events),
            rows=tuple(rows),
            cells=tuple(cells),
            fields=tuple(self.field(f, resource) for f in resource.fields),
            assigned=tuple(self.assigned(a, resource) for a in resource.assigned),
            first_row=first_row,
            functions={word: self.field_functions[resource.name, word] for word in FIELD_FUNCTIONS},
        )

    def assigned(self, assigned: model.Assigned, resource: model.Resource) -> ir.Assigned:
        length = expr.text_length(self.m, resource, assigned.name)
        return ir.Assigned(
            name=assigned.name,
            c=self.numbers["assigned", resource.name, assigned.name],
            kind=assigned.kind,
            type=assigned.type,
            indexed=any(
                o.by == assigned.name and o.target == resource.name for o in self.m.operations
            ),
            size=0 if length is None else length + 1,
            size_macro="" if length is None else self.names.size(resource.name, assigned.name),
            start=assigned.start,
            parts=tuple(self.part(p) for p in assigned.parts),
            slot=self.names.slot(resource.name, assigned.name)
            if assigned.kind is AssignedKind.POOL
            else "",
            texts=tuple(self.format_text(t, resource) for t in assigned.texts),
            hook=self.hook_ids[assigned.hook] if assigned.hook else 0,
        )

    def part(self, part: model.PoolPart) -> ir.Part:
        size = expr.part_limit(self.m, part.size, part.option)
        return ir.Part(
            part.name,
            expr.part_type(size),
            self.option_ids[part.option] if part.option else 0,
            size,
        )

    def format_text(self, text: model.FormatText, resource: model.Resource) -> ir.FormatText:
        resolve = self.scope.in_view(resource.name)
        pieces: list[ir.Piece] = []
        for part in text.parts:
            if isinstance(part, str):
                pieces.append(ir.Piece(text=part))
            else:
                value = resolve(part)
                pieces.append(ir.Piece(value=value.c, type=value.type, values=value.table))
        guard = expr.expression(text.guard, resolve) if text.guard is not None else None
        return ir.FormatText(guard, tuple(pieces))

    def hook(self, hook: model.Hook) -> ir.Hook:
        members: list[ir.Out] = []
        for assigned in outs(self.m, hook):
            assert assigned.type is not None
            macro = self.names.size(hook.on, assigned.name) if assigned.type is Type.STRING else ""
            members.append(ir.Out(assigned.name, assigned.type, macro))
        return ir.Hook(
            name=hook.name,
            c=self.names.hook_id(hook.name),
            resource=self.resource_ids[hook.on],
            optional=hook.optional,
            absent=hook.absent,
            asks=bool(hook.asks),
            out=self.names.out(hook.name) if members else "",
            outs=tuple(members),
        )

    def operation(self, operation: model.Operation) -> ir.Operation:
        target = self.m.resource(operation.target)
        assigned = {a.name: i for i, a in enumerate(target.assigned, 1)}
        states = {s.name: i for i, s in enumerate(target.states, 1)}
        number = next(i for i, o in enumerate(self.m.operations, 1) if o is operation)
        resolve = self.scope.in_config(operation.path)
        return ir.Operation(
            name=operation.name,
            c=self.names.operation_id(operation.name),
            check=self.operation_checks[operation.name],
            form=operation.form,
            path=tuple(self.resource_ids[name] for name in operation.path),
            gives=operation.gives,
            ends=operation.ends,
            absent_ok=operation.absent_ok,
            by=assigned[operation.by] if operation.by else 0,
            at=assigned[operation.at] if operation.at else 0,
            enter=states[operation.enter] if operation.enter else 0,
            steps=tuple(self.step(s, operation) for s in operation.steps),
            returns=tuple(self.returned(r, operation) for r in operation.returns),
            result=self.names.result(operation.name) if operation.returns_several else "",
            owned=self.m.has_owner(operation) and not operation.gives,
            denies=tuple(
                self.deny(d, number, expr.expression(d.guard, resolve),
                          self.numbers["deny", operation.name, str(i)])
                for i, d in enumerate(operation.deny, 1)
            ),
        )

    def deny(self, deny: model.Deny, number: int, expression: str, c: str) -> ir.Deny:
        guard = self.denials.number(number, expression, deny.guard.text, c)
        return ir.Deny(guard, deny.error, deny.rule, c)

    def step(self, step: model.Step, operation: model.Operation) -> ir.Step:
        events = self.m.resource(step.resource).events
        return ir.Step(
            operation.path.index(step.resource),
            self.resource_ids[step.resource],
            events.index(step.event) + 1,
        )

    def returned(self, ref: model.Ref, operation: model.Operation) -> ir.Return:
        scope = operation.target if ref.scope == "field" else ref.scope
        resource = self.m.resource(scope)
        assigned = resource.value_with(ref.name)
        if assigned.kind is AssignedKind.POOL:
            part = next(p for p in assigned.parts if p.name == ref.name)
            kind = expr.part_type(expr.part_limit(self.m, part.size, part.option))
        else:
            assert assigned.type is not None
            kind = assigned.type
        macro = self.names.size(scope, ref.name) if kind is Type.STRING else ""
        return ir.Return(
            operation.path.index(scope), self.resource_ids[scope], ref.name, kind, macro
        )


def backend_version(manager: model.Manager) -> int:
    """A number that changes whenever a hook, or what hooks are given, changes in a way that C would
    not notice."""
    words = [f"views {VIEWS}"]
    for hook in manager.hooks:
        words.append(
            f"hook {hook.name} {hook.on} "
            + " ".join(f"{a.name}:{a.type}:{a.max_length}" for a in outs(manager, hook))
        )
    for resource in manager.resources:
        words.append(f"resource {resource.name} {resource.parent}")
        words += [f"field {f.name} {f.type} {' '.join(f.values)}" for f in resource.fields]
        words += [
            "assigned"
            f" {a.name} {a.type} {expr.text_length(manager, resource, a.name)} {' '.join(a.leaves)}"
            for a in resource.assigned
        ]
        words += [
            f"part {p.name} {expr.part_type(expr.part_limit(manager, p.size, p.option))}"
            for a in resource.assigned
            for p in a.parts
        ]
    return zlib.crc32("\n".join(words).encode()) or 1
