"""Every change of one cell of a manager's tables, of what its start functions hand on, and of a
line of its functions about fields.

A generated suite must notice each of them.

Most mutants are changed models, which the model of the semantics can run too. A few change the
tables alone, where the change would also change the typed functions that the suite was compiled
against.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import argument_lines
import field_lines
from berthc import model
from berthc.emit import c
from berthc.lower import ir, lower
from berthc.model import (
    AssignedKind, Form, Guard, Manager, Operation, Resource, Row, State, Target, Type,
)
from started import starts


@dataclass(frozen=True)
class Line:
    """What was done to a line of a function about a resource's fields."""

    resource: str
    function: str  # "check", "hash", …
    what: str


@dataclass(frozen=True)
class Mutant:
    """One change. `what` says what was done to which cell; `model` is None where only the tables
    changed."""

    what: str
    kind: str
    tables: ir.Manager
    model: Manager | None = None
    # in the text of the source, where the typed functions must stay as they are
    patch: tuple[tuple[str, str], ...] = ()
    line: Line | None = None  # of a function about fields

    @property
    def part(self) -> str:
        """Where it is."""
        return "cell" if self.line is None else "line"


OTHER_ERRORS = ("EBADF", "EPIPE")  # that no spec of ours uses


def mutants(manager: Manager) -> Iterator[Mutant]:
    """All of them, in the order of the spec."""
    original = lower(manager)
    for what, kind, changed in _models(manager):
        yield Mutant(
            what,
            kind,
            replace(lower(changed), version=original.version, file=original.file),
            changed,
        )
    for what, kind, tables in _tables(original):
        yield Mutant(what, kind, tables)
    for operation in original.operations:
        if operation.gives:
            yield Mutant(f"{operation.name}: gives -> False",
                         "flag",
                         original,
                         patch=(("BERTH_GIVES", "0"),))
    source = c.source(original)
    for what, patch in starts(source):
        yield Mutant(what, "start", original, patch=(patch,))
    yield from _lines(original, source)
    yield from _checks(original, source)


def without_hashes(source: str) -> tuple[tuple[str, str], ...]:
    """The patch after which all keys of a resource hash alike."""
    found = [f for f in field_lines.functions(source) if field_lines.silent(f) != f]
    return tuple((function, field_lines.silent(function)) for function in found)


def _lines(tables: ir.Manager, source: str) -> Iterator[Mutant]:
    """Changes of a line of a function about fields. Keys hash alike where `equal` is changed: it is
    hardly asked else."""
    texts = {field_lines.name(text): text for text in field_lines.functions(source)}
    silent = without_hashes(source)
    for resource in tables.resources:
        for word, name in resource.functions.items():
            for what, changed in field_lines.changes(texts[name]) if name in texts else ():
                patch = ((texts[name], changed), *(silent if word == "equal" else ()))
                line = Line(resource.name, word, what)
                yield Mutant(f"{resource.name}.{word}: {what}",
                             "line",
                             tables,
                             patch=patch,
                             line=line)


def _checks(tables: ir.Manager, source: str) -> Iterator[Mutant]:
    """Changes of a line of a function about an operation's arguments."""
    texts = {field_lines.name(text): text for text in field_lines.functions(source)}
    for operation in tables.operations:
        for what, changed in argument_lines.changes(texts[operation.check], texts):
            yield Mutant(f"{operation.name}.check: {what}",
                         "line",
                         tables,
                         patch=((texts[operation.check], changed),),
                         line=Line(tables.resource(operation.path[-1]).name, operation.name, what))


Change = tuple[str, str, Manager]


def _models(manager: Manager) -> Iterator[Change]:
    for resource in manager.resources:
        def put(changed: Resource, old: Resource = resource) -> Manager:
            return replace(
                manager, resources=tuple(changed if r is old else r for r in manager.resources)
            )

        yield from _resource(manager, resource, put)
    for operation in manager.operations:
        def put_operation(changed: Operation, old: Operation = operation) -> Manager:
            return replace(
                manager, operations=tuple(changed if o is old else o for o in manager.operations)
            )

        yield from _operation(manager, operation, put_operation)
    for hook in manager.hooks:
        if hook.optional:
            for error in (None, OTHER_ERRORS[0]):
                if error != hook.absent:
                    changed = replace(
                        manager,
                        hooks=tuple(
                            replace(h, absent=error) if h is hook else h for h in manager.hooks
                        ),
                    )
                    yield f"hook {hook.name}: absent {hook.absent} -> {error}", "absent", changed
    for option in manager.options:
        for what, kind, new in _field(option, None):
            changed = replace(
                manager, options=tuple(new if o is option else o for o in manager.options)
            )
            yield f"option {option.name}: {what}", kind, changed


Put = Callable[[Resource], Manager]


def _resource(manager: Manager, resource: Resource, put: Put) -> Iterator[Change]:
    name = resource.name
    for state in resource.states:
        for flag in ("final", "resident"):
            changed = replace(state, **{flag: not getattr(state, flag)})
            yield f"{name}.{state.name}: {flag} -> {getattr(changed, flag)}", flag, put(
                _with_state(resource, state, changed)
            )
        for row in state.rows:
            where = f"{name}.{state.name} {row.event}" + (
                f" if {row.guard.text}" if row.guard else ""
            )
            for what, kind, new in _row(manager, resource, row):
                rows = tuple(new if r is row else r for r in state.rows)
                yield f"{where}: {what}", kind, put(
                    _with_state(resource, state, replace(state, rows=rows))
                )
        for n, (first, second) in enumerate(zip(state.rows, state.rows[1:])):
            if first.event == second.event:
                swapped = replace(state, rows=state.rows[:n] + (second, first) + state.rows[n + 2:])
                what = f"{name}.{state.name} {first.event}: rows {n + 1} and {n + 2} swapped"
                yield what, "guard", put(_with_state(resource, state, swapped))
    for word in ("take", "drop"):
        for event in (None, *resource.events):
            if event != getattr(resource, word):
                yield f"{name}: {word} -> {event}", word, put(replace(resource, **{word: event}))
    for state in resource.states:
        if state.name != resource.initial:
            yield f"{name}: initial -> {state.name}", "initial", put(
                replace(resource, initial=state.name)
            )
    if resource.otherwise is not None:
        yield f"{name}: otherwise -> {OTHER_ERRORS[0]}", "reject", put(
            replace(resource, otherwise=OTHER_ERRORS[0])
        )
    for field in resource.fields:
        for what, kind, new_field in _field(field, resource):
            fields = tuple(new_field if f is field else f for f in resource.fields)
            yield f"{name}.{field.name}: {what}", kind, put(replace(resource, fields=fields))
        key = tuple(f.name for f in resource.fields if (f is field) != (f.name in resource.key))
        yield f"{name}.{field.name}: key -> {field.name in key}", "key", put(
            replace(resource, key=key)
        )
    for assigned in resource.assigned:
        for what, kind, new_assigned in _assigned(assigned):
            values = tuple(new_assigned if a is assigned else a for a in resource.assigned)
            yield f"{name}.{assigned.name}: {what}", kind, put(replace(resource, assigned=values))


def _with_state(resource: Resource, old: State, new: State) -> Resource:
    return replace(resource, states=tuple(new if s is old else s for s in resource.states))


def _row(manager: Manager, resource: Resource, row: Row) -> Iterator[tuple[str, str, Row]]:
    if row.guard is not None:
        yield "guard dropped", "guard", replace(row, guard=None)
        yield from (
            (f"guard: {what}", "guard", replace(row, guard=guard))
            for what, guard in _guards(row.guard)
        )
    if row.reject is not None:
        yield f"reject {row.reject} -> {OTHER_ERRORS[0]}", "reject", replace(
            row, reject=OTHER_ERRORS[0]
        )
        yield "reject -> stay", "reject", replace(
            row, reject=None, ok=Target(row.state, None, row.loc, True)
        )
        return
    yield "reject instead", "reject", replace(
        row,
        reject=OTHER_ERRORS[0],
        call=None,
        ok=None,
        fail=None,
        uncertain=None,
        ask=None,
        yes=None,
        no=None,
        unknown=None,
    )
    for word, target in row.targets():
        for state in resource.states:
            if state.name != target.state:
                other = replace(target, state=state.name, stay=False)
                yield f"{word} {target.state} -> {state.name}", "target", replace(
                    row, **{word: other}
                )
        for event in (None, *resource.events):
            if event != target.raise_event and (event is None or target.raise_event is not None):
                other = replace(target, raise_event=event)
                yield f"{word} raise {target.raise_event} -> {event}", "raise", replace(
                    row, **{word: other}
                )
    if row.ask is not None:
        yield f"ask {row.ask} dropped", "hook", replace(
            row, ask=None, ok=row.yes, yes=None, no=None, unknown=None
        )
        return
    hooks = [h.name for h in manager.hooks if h.on == resource.name and not h.asks]
    for hook in hooks:
        if row.call is not None and hook != row.call:
            yield f"call {row.call} -> {hook}", "hook", replace(row, call=hook)
        if row.call is None and hook == hooks[0]:
            yield f"call {hook} added", "hook", replace(
                row, call=hook, fail=row.ok, uncertain=row.ok
            )
    if row.call is not None:
        yield f"call {row.call} dropped", "hook", replace(row, call=None, fail=None, uncertain=None)


FLIPPED = {"==": "!=", "!=": "==", "<": "<=", "<=": "<", ">": ">=", ">=": ">"}


def _guards(guard: Guard) -> Iterator[tuple[str, Guard]]:
    """Guards that differ in one place."""
    yield "negated", Guard("not", guard.loc, (guard,), text=f"not ({guard.text})")
    if guard.op in ("and", "or"):
        other = "or" if guard.op == "and" else "and"
        yield f"{guard.op} -> {other}", replace(guard, op=other)
        for n in range(len(guard.args)):
            rest = guard.args[:n] + guard.args[n + 1:]
            yield f"term {n + 1} dropped", replace(guard, args=rest) if len(rest) > 1 else replace(
                rest[0], text=guard.text
            )
    if guard.op in FLIPPED:
        yield f"{guard.op} -> {FLIPPED[guard.op]}", replace(guard, op=FLIPPED[guard.op])
    if isinstance(guard.literal, int):
        yield "literal + 1", replace(guard, literal=guard.literal + 1)
    for n, arg in enumerate(guard.args):
        for what, changed in _guards(arg):
            yield f"term {n + 1} {what}", replace(
                guard, args=guard.args[:n] + (changed,) + guard.args[n + 1 :]
            )


def _field(field: model.Field, resource: Resource | None) -> Iterator[tuple[str, str, model.Field]]:
    if resource is not None and field.type in (Type.STRING, Type.LIST, Type.SET, Type.UUID):
        yield f"required -> {not field.required}", "required", replace(
            field, required=not field.required
        )
    if resource is not None and field.type in (Type.STRING, Type.LIST, Type.SET):
        yield f"ignore_case -> {not field.ignore_case}", "ignore_case", replace(
            field, ignore_case=not field.ignore_case
        )
    if resource is not None and field.type in (Type.LIST, Type.SET):
        other = Type.SET if field.type is Type.LIST else Type.LIST
        yield f"{field.type.value} -> {other.value}", "type", replace(field, type=other)
    if field.range is not None:
        low, high = field.range
        least, greatest = field.type.limits
        for new in ((low - 1, high), (low + 1, high), (low, high - 1), (low, high + 1)):
            if least <= new[0] <= new[1] <= greatest:
                yield f"range {low}..{high} -> {new[0]}..{new[1]}", "range", replace(
                    field, range=new
                )
        yield "range dropped", "range", replace(field, range=None)
    if field.max_length is not None:
        yield "max_length - 1", "max_length", replace(field, max_length=field.max_length - 1)
        yield "max_length + 1", "max_length", replace(field, max_length=field.max_length + 1)


def _assigned(assigned: model.Assigned) -> Iterator[tuple[str, str, model.Assigned]]:
    if assigned.kind is AssignedKind.COUNTER:
        yield "start + 1", "counter", replace(assigned, start=assigned.start + 1)
    for n, part in enumerate(assigned.parts):
        def put(new: model.PoolPart, n: int = n) -> model.Assigned:
            return replace(assigned, parts=assigned.parts[:n] + (new,) + assigned.parts[n + 1:])

        if part.size is not None:
            yield f"size of {part.name} - 1", "pool", put(replace(part, size=part.size - 1))
            if part.size not in (1 << 8, 1 << 16):
                yield f"size of {part.name} + 1", "pool", put(replace(part, size=part.size + 1))
        else:
            yield f"size of {part.name} -> 1", "pool", put(replace(part, size=1, option=None))
    for n, text in enumerate(assigned.texts):
        def put_text(new: model.FormatText, n: int = n) -> model.Assigned:
            return replace(assigned, texts=assigned.texts[:n] + (new,) + assigned.texts[n + 1:])

        if text.guard is not None:
            rest = assigned.texts[:n] + (
                replace(text, guard=None),
            )  # what comes after an unguarded text is never reached
            yield f"text {n + 1}: guard dropped", "format", replace(assigned, texts=rest)
            for what, guard in _guards(text.guard):
                yield f"text {n + 1}: guard {what}", "format", put_text(replace(text, guard=guard))
        for m, part_ in enumerate(text.parts):
            pieces = (chr(ord(part_[0]) ^ 1) + part_[1:],) if isinstance(part_, str) else ()
            what = f"-> {pieces[0]!r}" if pieces else "dropped"
            changed = replace(text, parts=text.parts[:m] + pieces + text.parts[m + 1:])
            yield f"text {n + 1}: piece {m + 1} {what}", "format", put_text(changed)


def _operation(
    manager: Manager, operation: Operation, put: Callable[[Operation], Manager]
) -> Iterator[Change]:
    name = operation.name
    for n, step in enumerate(operation.steps):
        def put_steps(*steps: model.Step, n: int = n, used: int = 1) -> Manager:
            return put(
                replace(operation, steps=operation.steps[:n] + steps + operation.steps[n + used :])
            )

        yield f"{name}: step {n + 1} dropped", "step", put_steps()
        for event in manager.resource(step.resource).events:
            if event != step.event:
                yield f"{name}: step {n + 1} {step.event} -> {event}", "step", put_steps(
                    replace(step, event=event)
                )
        if n + 1 < len(operation.steps):
            yield f"{name}: steps {n + 1} and {n + 2} swapped", "step", put_steps(
                operation.steps[n + 1], step, used=2
            )
    for n, deny in enumerate(operation.deny):
        def put_deny(*denies: model.Deny, n: int = n) -> Manager:
            return put(
                replace(operation, deny=operation.deny[:n] + denies + operation.deny[n + 1 :])
            )

        yield f"{name}: deny {n + 1} dropped", "deny", put_deny()
        yield f"{name}: deny {n + 1} {deny.error} -> {OTHER_ERRORS[0]}", "deny", put_deny(
            replace(deny, error=OTHER_ERRORS[0])
        )
        for what, guard in _guards(deny.guard):
            yield f"{name}: deny {n + 1} guard {what}", "deny", put_deny(replace(deny, guard=guard))
    for n in range(len(operation.deny) - 1):
        swapped = (
            operation.deny[:n]
            + (operation.deny[n + 1], operation.deny[n])
            + operation.deny[n + 2 :]
        )
        yield f"{name}: denies {n + 1} and {n + 2} swapped", "deny", put(
            replace(operation, deny=swapped)
        )
    if operation.form is Form.WITH:
        yield f"{name}: ends -> {not operation.ends}", "flag", put(
            replace(operation, ends=not operation.ends)
        )
    if operation.form is Form.FIND:
        yield f"{name}: absent_ok -> {not operation.absent_ok}", "flag", put(
            replace(operation, absent_ok=not operation.absent_ok)
        )
    if operation.enter is not None:
        for state in manager.resource(operation.target).states:
            if state.name != operation.enter:
                yield f"{name}: enter -> {state.name}", "enter", put(
                    replace(operation, enter=state.name)
                )


def _tables(tables: ir.Manager) -> Iterator[tuple[str, str, ir.Manager]]:
    """Changes to the tables alone."""
    for n, operation in enumerate(tables.operations):
        def put(new: ir.Operation, n: int = n) -> ir.Manager:
            return replace(
                tables, operations=tables.operations[:n] + (new,) + tables.operations[n + 1 :]
            )

        for m, result in enumerate(operation.returns):
            for other in _same_shape(tables, operation, result):
                returns = operation.returns[:m] + (other,) + operation.returns[m + 1:]
                yield f"{operation.name}: returns {result.leaf} -> {other.leaf}", "returns", put(
                    replace(operation, returns=returns)
                )
        target = tables.resource(operation.path[-1])
        for word in ("by", "at"):
            number: int = getattr(operation, word)
            if number == 0:
                continue
            now = target.assigned[number - 1]
            for index, assigned in enumerate(target.assigned, 1):
                if index != number and (assigned.kind, assigned.type) == (now.kind, now.type):
                    changed = replace(operation, **{word: index})
                    yield f"{operation.name}: {word} {now.name} -> {assigned.name}", word, put(
                        changed
                    )
    for n, hook in enumerate(tables.hooks):
        for m, out in enumerate(hook.outs):
            hooks = (
                tables.hooks[:n]
                + (replace(hook, outs=hook.outs[:m] + hook.outs[m + 1 :]),)
                + tables.hooks[n + 1 :]
            )
            yield f"hook {hook.name}: out-value {out.name} dropped", "out", replace(
                tables, hooks=hooks
            )


def _same_shape(
    tables: ir.Manager, operation: ir.Operation, result: ir.Return
) -> Iterator[ir.Return]:
    """Other leaves of the path that fit the same C parameter."""
    taken = {r.leaf for r in operation.returns}  # parameters of the typed function
    if operation.by:
        taken.add(tables.resource(operation.path[-1]).assigned[operation.by - 1].name)
    for level, number in enumerate(operation.path):
        for assigned in tables.resource(number).assigned:
            leaves = [(p.name, p.type, "") for p in assigned.parts]
            leaves += (
                [(assigned.name, assigned.type, assigned.size_macro)]
                if assigned.type is not None
                else []
            )
            for leaf, kind, macro in leaves:
                if kind is result.type and leaf not in taken:
                    yield replace(result, level=level, resource=number, leaf=leaf, size_macro=macro)
