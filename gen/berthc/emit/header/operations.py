"""The comment of one operation in the header, always of the same shape: what it does and what a
failure leaves; the hooks; its parameters; each of its return codes with what causes it. What is the
same for all operations is said once, in the template of the header."""
from __future__ import annotations

from collections.abc import Callable, Iterable

from berthc.emit.api import Api, Parameter
from berthc.emit.ctext import WIDTH, columns, wrap
from berthc.answers.reach import Met, Reach, holder_gains
from berthc.lower import expr, ir
from berthc.model import AssignedKind, Form, Manager, Operation, Resource, Type
from berthc.names import Names

AddCause = Callable[[str, str], None]

COMMON = ("manager", "error")  # roles of parameters that every operation has
INNER = WIDTH - 3  # behind " * "


def listed(words: Iterable[str], last: str = "and") -> str:
    """a, b and c."""
    found = list(words)
    return (
        f" {last} ".join([", ".join(found[:-1]), found[-1]]) if len(found) > 1 else "".join(found)
    )


def cut(text: str) -> str:
    """A brief that goes on."""
    return text.rstrip(".")


class Writer:
    """Writes the comments of one manager's operations."""

    def __init__(self, manager: Manager, tables_ir: ir.Manager, api: Api) -> None:
        self._m = manager
        self._api = api
        self._ir = tables_ir
        self._reach = Reach(manager)
        names = Names(manager.name)
        self._enders = [names.function(o.name) for o in manager.operations if o.ends]

    def comment(self, tables: ir.Operation) -> list[str]:
        """The lines of the comment."""
        operation = self._m.operation(tables.name)
        met = self._reach.met(operation)
        lines = [*wrap(operation.brief, "", "", INNER), ""] if operation.brief else []
        lines += wrap(f"{self._does(operation)}{self._failure(operation, met)}", "", "", INNER)
        if met.hooks:
            lines += wrap(f"{listed(met.hooks)}.", "Hooks: ", "       ", INNER)
        parameters: dict[str, list[str]] = {}
        for parameter in self._api.parameters(tables):
            if parameter.role not in COMMON:
                words = self._parameter(operation, parameter)
                parameters.setdefault(words, []).append(parameter.name)
        if parameters:
            found = [(", ".join(names), words) for words, names in parameters.items()]
            lines += ["", *columns(found, INNER)]
        if returns := self._returns(operation, met):
            lines += ["", *columns([(c, "; or ".join(why)) for c, why in returns.items()], INNER)]
        return lines

    # What it does.

    def _does(self, operation: Operation) -> str:
        path = listed(operation.path)
        steps = ", then ".join(f"{s.resource}.{s.event}" for s in operation.steps)
        if operation.form is Form.OBTAIN:
            made = "it" if len(operation.path) == 1 else "what is not there"
            how = f"Finds {self._by_keys(operation.path)}, or makes {made}."
            if operation.gives:
                takes = [
                    f"{r.name}.{r.take}" for r in map(self._m.resource, operation.path) if r.take
                ]
                how += f" Then {listed(takes)} admit{'s' if len(takes) == 1 else ''} the caller,"
                how += f" and the reservation holds {path}."
        elif operation.form is Form.CREATE:
            above = operation.path[:-1]
            how = f"Finds {self._by_keys(above)}, then makes" if above else "Makes"
            how += f" a {operation.target} in state {operation.enter}"
            how += f", at the slot that `{operation.at}` names" if operation.at else ""
            how += ". Nobody holds it."
        elif operation.form is Form.FIND:
            found = f"{operation.target} by its {operation.by}"
            how = f"Finds {found if operation.by else self._by_keys(operation.path)}."
            if operation.absent_ok:
                how += " When there is none, that is success, and nothing is done."
        else:
            how = f"Works on the {path} that the reservation holds."
        if steps:
            how += f" Does {steps}."
        takes = [
            s.resource
            for s in operation.steps
            if s.event == self._m.resource(s.resource).take and operation.form is not Form.WITH
        ]
        if takes:
            how += f" Success takes a reference to {listed(takes)} that the caller must drop."
        if operation.ends:
            how += " The reservation ends when all of that is done."
        return how

    def _by_keys(self, path: Iterable[str]) -> str:
        return listed(
            f"{r.name} by {listed(r.key)}" if r.key else f"the {r.name}"
            for r in map(self._m.resource, path)
        )

    @staticmethod
    def _failure(operation: Operation, met: Met) -> str:
        if not met.hooks:
            return " Calls no hook: a failure changes nothing."
        if operation.ends:
            return (
                " After a failure the reservation stays valid: call again until it returns 0;"
                " it goes on where it stopped."
            )
        if operation.form is Form.WITH:
            return " After a failure the reservation still holds what it held."
        return ""

    # Parameters.

    def _parameter(self, operation: Operation, parameter: Parameter) -> str:
        target = self._m.resource(operation.target)
        if parameter.role == "config":
            resource = self._m.resource(self._ir.resource(parameter.resource).name)
            is_above = operation.form is Form.CREATE and resource is not target
            if operation.form is Form.FIND or is_above:
                keys = listed(resource.key)
                counts = f"only {keys} count{'s' if len(resource.key) == 1 else ''}"
                return f"which it is: {counts}" if keys else "nothing in it counts"
            return "which it is, and how it should be"
        if parameter.role == "reservation":
            if not operation.gives:
                return "names the reservation"
            end = f" until {listed(self._enders, 'or')} returns 0" if self._enders else ""
            wish = "in: its id, or nil for a new one; " if self._ir.store is not None else ""
            return (f"{wish}out: names the reservation, which the caller owns{end};"
                    " zeroed by a failure")
        if parameter.role == "owner":
            whose = "reservation" if operation.gives else "reference"
            return f"whose {whose} it is: 1 to BERTH_OWNER_MAX bytes"
        if parameter.role == "slot":
            return (
                f"the slot: {listed(self._part_bounds(target, operation.at or operation.by or ''))}"
            )
        if parameter.role == "by":
            return f"{operation.by} of the {target.name}"
        if parameter.role == "size":
            return f"bytes of {parameter.of}, at least {self._size_macro(operation, parameter.of)}"
        if parameter.role == "results":
            return "out: what it returns; NULL: not wanted"
        result = parameter.result
        assert result is not None
        return f"out: {self._ir.resource(result.resource).name}.{result.leaf}; NULL: not wanted"

    def _size_macro(self, operation: Operation, result: str) -> str:
        tables = next(o for o in self._ir.operations if o.name == operation.name)
        return next(
            p.result.size_macro
            for p in self._api.parameters(tables)
            if p.result is not None and p.name == result
        )

    def _part_bounds(self, resource: Resource, pool: str) -> list[str]:
        assigned = resource.value(pool)
        return [
            f"{p.name} below {p.size if p.size is not None else f'the option {p.option}'}"
            for p in assigned.parts
        ]

    @staticmethod
    def _no_name(target: Resource, operation: Operation) -> str:
        """A value from a hook that is zero stands for "not given yet"."""
        value = next(
            (a for a in target.assigned if a.name == operation.by and a.kind is AssignedKind.HOOK),
            None,
        )
        if value is None:
            return ""
        zero = {Type.STRING: "the empty text", Type.UUID: "the nil UUID"}
        return f"; {zero.get(value.type, '0') if value.type else '0'} names none"

    # Return codes.

    def _returns(self, operation: Operation, met: Met) -> dict[str, list[str]]:
        causes: dict[str, list[str]] = {}

        def add(error: str, cause: str) -> None:
            found = causes.setdefault(f"-{error}", [])
            if cause not in found:
                found.append(cause)

        for cause in self._invalid(operation):
            add("EINVAL", cause)
        for ref in () if operation.returns_several else operation.returns:
            if self._is_text(operation, ref.scope, ref.name):
                add("ENOBUFS", f"{ref.name}_size is too small")
        for deny in operation.deny:
            add(deny.error, cut(deny.brief) or f"denied: {deny.guard.text}")
        self._lookup(operation, add)
        self._refusals(met, add)
        self._duplicates(met, add)
        return causes

    def _is_text(self, operation: Operation, scope: str, name: str) -> bool:
        resource = self._m.resource(operation.target if scope == "field" else scope)
        return any(name in a.leaves and a.type is Type.STRING for a in resource.assigned)

    def _invalid(self, operation: Operation) -> list[str]:
        found: list[str] = []
        takes_fields = operation.form in (Form.OBTAIN, Form.CREATE) or (
            operation.form is Form.FIND and operation.by is None
        )
        for resource in map(self._m.resource, operation.path if takes_fields else ()):
            is_whole = operation.form is Form.OBTAIN or (
                operation.form is Form.CREATE and resource.name == operation.target
            )
            for field in resource.fields:
                if not is_whole and field.name not in resource.key:
                    continue
                name = f"{resource.name}.{field.name}"
                if field.required:
                    found.append(
                        f"{name} is {'the nil UUID' if field.type is Type.UUID else 'empty'}"
                    )
                if field.range is not None:
                    low, high = expr.bounds(field)
                    found.append(f"{name} is outside {low} to {high}")
                if field.type is Type.ENUM:
                    found.append(f"{name} is no value of its enum")
                if field.max_length is not None:
                    found.append(f"{name} is longer than {field.max_length} bytes")
        if operation.at is not None:
            bounds = self._part_bounds(self._m.resource(operation.target), operation.at)
            found.append(f"the slot is not {listed(bounds)}")
        return found

    def _lookup(self, operation: Operation, add: AddCause) -> None:
        """What getting at the instances may end with."""
        target = self._m.resource(operation.target)
        if operation.form is Form.FIND and not operation.absent_ok:
            none = (
                f"no {operation.target} has this {operation.by}{self._no_name(target, operation)}"
            )
            add(
                "ENOENT",
                none if operation.by else f"no such {listed(operation.path, 'or')} is tracked",
            )
        if operation.gives and self._ir.store is not None:
            add("EEXIST", "a reservation has the id in `reservation`")
        if operation.form is Form.OBTAIN:
            for resource in map(self._m.resource, operation.path):
                others = [f.name for f in resource.fields if f.name not in resource.key]
                if others:
                    same = f" of the same {listed(resource.key)}" if resource.key else ""
                    other = listed(others, "or")
                    add("EEXIST", f"a {resource.name}{same} is tracked with another {other}")
        if operation.form is Form.CREATE:
            for name in operation.path[:-1]:
                add("ENOENT", f"no such {name} is tracked")
            add("EEXIST", f"the {target.name} is tracked already")
            if operation.at is not None:
                add("EBUSY", "the slot is taken")
        made = operation.path if operation.form is Form.OBTAIN else (operation.target,)
        for resource in map(self._m.resource, made):
            for assigned in resource.assigned:
                is_made = operation.form is Form.OBTAIN or (
                    operation.form is Form.CREATE and operation.at != assigned.name
                )
                if assigned.kind is AssignedKind.POOL and is_made:
                    add("ENOSPC", f"every {assigned.name} of {resource.name} is taken")
        if counted := holder_gains(self._m, operation):
            add("EOVERFLOW", f"the {listed(counted, 'or')} has as many holders as can be counted")

    @staticmethod
    def _refusals(met: Met, add: AddCause) -> None:
        """One cause per event, error and reason, with all states that share it."""
        grouped: dict[tuple[str, str, str, str, str, str], list[str]] = {}
        for r in met.refusals:
            key = (r.error, r.resource, r.event, r.hook, r.guard, r.brief)
            grouped.setdefault(key, []).append(r.state)
        for (error, resource, event, hook, guard, brief), states in grouped.items():
            condition = f" if {guard}" if guard else ""
            if hook:
                needs = f"{resource}.{event} needs {hook}{condition}"
                add(error, f"{needs}, which the backend leaves out")
            else:
                why = f": {cut(brief)}" if brief else ""
                where = f"{resource} is {listed(states, 'or')}"
                add(error, f"{where}, where {event} is refused{condition}{why}")

    def _duplicates(self, met: Met, add: AddCause) -> None:
        for hook in met.hooks:
            for value in self._m.naming(hook):
                owner = self._m.hook(hook).on
                gave = f"{hook} gave a {value.name} that another {owner} has"
                add("EEXIST", f"{gave}; it took effect all the same")
