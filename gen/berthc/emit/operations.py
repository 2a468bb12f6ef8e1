"""The comment of one operation in the header, always of the same shape: what it does; the state after a failure; Ownership; Threads; Hooks;
parameters; each return code with what causes it."""
from __future__ import annotations

from collections.abc import Callable, Iterable

from berthc.emit.api import Api, Parameter
from berthc.emit.ctext import WIDTH, wrap
from berthc.emit.reach import Met, Reach, holder_gains
from berthc.lower import expr, ir
from berthc.model import AssignedKind, Form, Manager, Operation, Resource, Type
from berthc.names import Names

AddCause = Callable[[str, str], None]

MUST = ("manager", "config", "reservation", "slot")  # roles of pointers that must not be NULL
INNER = WIDTH - 3  # behind " * "


def listed(words: Iterable[str], last: str = "and") -> str:
    """a, b and c."""
    found = list(words)
    return f" {last} ".join([", ".join(found[:-1]), found[-1]]) if len(found) > 1 else "".join(found)


class Writer:
    """Writes the comments of one manager's operations."""

    def __init__(self, manager: Manager, tables_ir: ir.Manager, api: Api) -> None:
        self._m = manager
        self._api = api
        self._ir = tables_ir
        self._names = Names(manager.name)
        self._reach = Reach(manager)
        self._enders = [self._names.function(o.name) for o in manager.operations if o.ends]

    def comment(self, tables: ir.Operation) -> list[str]:
        """The lines of the comment."""
        operation = self._m.operation(tables.name)
        met = self._reach.met(operation)
        lines = [*wrap(operation.brief, "", "", INNER), ""] if operation.brief else []
        lines += [*wrap(f"{self._does(operation)} {self._after_failure(operation, met)}", "", "", INNER), ""]
        for word, text in (
            ("Ownership", self._ownership(operation)),
            ("Threads", self._threads(operation)),
            ("Hooks", self._hooks(operation, met)),
        ):
            lines += wrap(text, f"{word + ':':11}", " " * 11, INNER)
        parameters = self._api.parameters(tables)
        parameters = [*parameters[:-1], self._api.deadline(tables), parameters[-1]]
        width = max(len(p.name) for p in parameters) + 2
        lines.append("")
        for parameter in parameters:
            lines += wrap(self._parameter(operation, parameter), f"{parameter.name:{width}}", " " * width, INNER)
        lines.append("")
        returns = self._returns(operation, met, [f"`{p.name}`" for p in parameters if p.role in MUST or (p.role == "by" and not p.is_number)])
        width = max(len(code) for code in returns) + 2
        for code, causes in returns.items():
            lines += wrap("; or ".join(causes), f"{code:{width}}", " " * width, INNER)
        return lines

    # What it does.

    def _does(self, operation: Operation) -> str:
        path = listed(operation.path)
        steps = ", then ".join(f"{s.resource}.{s.event}" for s in operation.steps)
        if operation.form is Form.OBTAIN:
            how = f"Finds {self._by_keys(operation.path)}, or makes {'it' if len(operation.path) == 1 else 'what is not there'}."
            if operation.gives:
                takes = [f"{r.name}.{r.take}" for r in map(self._m.resource, operation.path) if r.take]
                how += f" Then {listed(takes)} admit{'s' if len(takes) == 1 else ''} the caller, and the reservation holds {path}."
        elif operation.form is Form.CREATE:
            above = operation.path[:-1]
            how = f"Finds {self._by_keys(above)}, then makes" if above else "Makes"
            how += f" a {operation.target} in state {operation.enter}, at the slot that `{operation.at}` names" if operation.at else (
                f" a {operation.target} in state {operation.enter}"
            )
            how += ". Nobody holds it."
        elif operation.form is Form.FIND:
            how = f"Finds {operation.target} by its {operation.by}." if operation.by else f"Finds {self._by_keys(operation.path)}."
            if operation.absent_ok:
                how += " When there is none, that is success, and nothing is done."
        else:
            how = f"Works on the {path} that the reservation holds; what it holds no more is skipped."
        if steps:
            how += f" Does {steps}."
        if any(s.event == self._m.resource(s.resource).drop for s in operation.steps):
            how += " While somebody else still holds an instance, letting go of it calls nothing; the last holder's call does the work."
        if operation.ends:
            how += " The reservation ends when all of that is done."
        return how

    def _by_keys(self, path: Iterable[str]) -> str:
        found: list[str] = []
        for resource in map(self._m.resource, path):
            found.append(f"{resource.name} by {listed(resource.key)}" if resource.key else f"the {resource.name}")
        return listed(found)

    @staticmethod
    def _after_failure(operation: Operation, met: Met) -> str:
        if not met.hooks:
            return "After a failure everything is as it was."
        text = (
            "A failure before the first hook call leaves everything as it was. When a hook fails, the instance goes to the state that the table above "
            "names, and no later step is done"
        )
        if operation.ends:
            return f"{text}; the reservation stays valid: call again until it returns 0, it goes on where it stopped."
        if operation.form is Form.WITH:
            return f"{text}; the reservation still holds what it held."
        return f"{text}."

    # Ownership, threads, hooks.

    def _ownership(self, operation: Operation) -> str:
        words = ["what the pointers lead to is read, or written, during the call only; by the started function until `done` is called."]
        if operation.gives:
            end = listed(self._enders, "or")
            words.append(f"The caller owns the reservation until {end} returns 0." if end else "The caller owns the reservation.")
        takes = [s.resource for s in operation.steps if s.event == self._m.resource(s.resource).take and operation.form is not Form.WITH]
        if takes:
            words.append(f"Success takes a reference to {listed(takes)} that the caller must drop.")
        if operation.ends:
            words.append("Success ends the caller's reservation.")
        return " ".join(words)

    def _with_deadline(self, operation: Operation) -> str:
        return f"{self._names.until(operation.name)} and {self._names.start(operation.name)}"

    @staticmethod
    def _threads(operation: Operation) -> str:
        root = operation.path[0]
        shared = "" if operation.form is Form.CREATE else f" When that one fails and ends the {root}, this one returns its error."
        return f"any. Waits, or is queued when it was started, while another operation works on the same {root}, in order of arrival.{shared}"

    def _hooks(self, operation: Operation, met: Met) -> str:
        if not met.hooks:
            return "none run."
        return f"may call {listed(met.hooks, 'or')}. They may call this manager about another {operation.path[0]}; about this one they get -EDEADLK."

    # Parameters.

    def _parameter(self, operation: Operation, parameter: Parameter) -> str:
        target = self._m.resource(operation.target)
        if parameter.role == "manager":
            return f"from {self._names.function('create')}"
        if parameter.role == "config":
            resource = self._m.resource(self._ir.resource(parameter.resource).name)
            if operation.form is Form.FIND or (operation.form is Form.CREATE and resource is not target):
                keys = listed(resource.key)
                return f"which {resource.name}: only {keys} count{'s' if len(resource.key) == 1 else ''}" if keys else f"the {resource.name}; nothing in it counts"
            return f"which {resource.name}, and how it should be"
        if parameter.role == "reservation":
            return "out: names the reservation; all zero after a failure" if operation.gives else "what names it"
        if parameter.role == "slot":
            return f"the slot: {listed(self._part_bounds(target, operation.at or operation.by or ''))}"
        if parameter.role == "by":
            return f"{operation.by} of the {target.name}"
        if parameter.role == "result":
            result = parameter.result
            assert result is not None
            what = f"{self._ir.resource(result.resource).name}.{result.leaf}; NULL: not wanted"
            return f"out: {what}" + (". Always NUL-terminated with success" if result.type is Type.STRING else "")
        if parameter.role == "size":
            return f"bytes of {parameter.of}, at least {self._size_macro(operation, parameter.of)}"
        if parameter.role == "deadline":
            return (
                f"{self._with_deadline(operation)} only: when to give up waiting, in nanoseconds of CLOCK_MONOTONIC; BERTH_NO_DEADLINE: never. "
                "Hooks are told of it"
            )
        return "out: where it failed, zeroed with success; NULL: not wanted"

    def _size_macro(self, operation: Operation, result: str) -> str:
        tables = next(o for o in self._ir.operations if o.name == operation.name)
        return next(p.result.size_macro for p in self._api.parameters(tables) if p.result is not None and p.name == result)

    def _part_bounds(self, resource: Resource, pool: str) -> list[str]:
        assigned = next(a for a in resource.assigned if a.name == pool)
        return [f"{p.name} below {p.size if p.size is not None else f'the option {p.option}'}" for p in assigned.parts]

    @staticmethod
    def _no_name(target: Resource, operation: Operation) -> str:
        """A value from a hook that is zero stands for "not given yet"."""
        value = next((a for a in target.assigned if a.name == operation.by and a.kind is AssignedKind.HOOK), None)
        if value is None:
            return ""
        zero = {Type.STRING: "the empty text", Type.UUID: "the nil UUID"}
        return f"; {zero.get(value.type, '0') if value.type else '0'} names none"

    # Return codes.

    def _returns(self, operation: Operation, met: Met, pointers: list[str]) -> dict[str, list[str]]:
        causes: dict[str, list[str]] = {"0": [self._success(operation)]}

        def add(error: str, cause: str) -> None:
            found = causes.setdefault(f"-{error}", [])
            if cause not in found:
                found.append(cause)

        if pointers:
            add("EINVAL", f"{listed(pointers, 'or')} is NULL")
        for cause in self._invalid(operation):
            add("EINVAL", cause)
        if texts := [r for r in operation.returns if self._is_text(operation, r.scope, r.name)]:
            for ref in texts:
                add("ENOBUFS", f"{ref.name}_size is too small")
        for deny in operation.deny:
            add(deny.error, deny.brief.rstrip(".") or f"denied: {deny.guard.text}")
        self._lookup(operation, add)
        self._refusals(met, add)
        self._duplicates(met, add)
        self._general(operation, add)
        if met.hooks:
            causes["other"] = [f"what {listed(met.hooks, 'or')} failed with; error->hook says which"]
        return causes

    def _success(self, operation: Operation) -> str:
        if operation.gives:
            return "the reservation is given"
        if operation.ends:
            return "let go of; the reservation has ended"
        return "done" + (", or there was nothing to do it to" if operation.absent_ok else "")

    def _is_text(self, operation: Operation, scope: str, name: str) -> bool:
        resource = self._m.resource(operation.target if scope == "field" else scope)
        return any(name in a.leaves and a.type is Type.STRING for a in resource.assigned)

    def _invalid(self, operation: Operation) -> list[str]:
        found: list[str] = []
        takes_fields = operation.form in (Form.OBTAIN, Form.CREATE) or (operation.form is Form.FIND and operation.by is None)
        for resource in map(self._m.resource, operation.path if takes_fields else ()):
            is_whole = operation.form is Form.OBTAIN or (operation.form is Form.CREATE and resource.name == operation.target)
            for field in resource.fields:
                if not is_whole and field.name not in resource.key:
                    continue
                name = f"{resource.name}.{field.name}"
                if field.required:
                    found.append(f"{name} is {'the nil UUID' if field.type is Type.UUID else 'empty'}")
                if field.range is not None:
                    low, high = expr.bounds(field)
                    found.append(f"{name} is outside {low} to {high}")
                if field.type is Type.ENUM:
                    found.append(f"{name} is no value of its enum")
                if field.max_length is not None:
                    found.append(f"{name} is longer than {field.max_length} bytes")
        if operation.at is not None:
            found.append(f"the slot is not {listed(self._part_bounds(self._m.resource(operation.target), operation.at))}")
        return found

    def _lookup(self, operation: Operation, add: AddCause) -> None:
        """What getting at the instances may end with."""
        target = self._m.resource(operation.target)
        if operation.form is Form.WITH:
            add("ENOENT", "the UUID names no reservation: ended, of another manager, or never given")
            if not operation.ends:
                ender = listed(self._enders, "or")
                add("ECANCELED", f"the reservation has begun to let go; only {ender} takes it now" if ender else "the reservation has begun to let go")
        if operation.form is Form.FIND and not operation.absent_ok:
            add("ENOENT", f"no such {listed(operation.path, 'or')} is tracked" if operation.by is None else f"no {operation.target} has this {operation.by}{self._no_name(target, operation)}")
        if operation.form is Form.OBTAIN:
            for resource in map(self._m.resource, operation.path):
                others = [f.name for f in resource.fields if f.name not in resource.key]
                if others:
                    same = f" of the same {listed(resource.key)}" if resource.key else ""
                    add("EEXIST", f"a {resource.name}{same} is tracked with another {listed(others, 'or')}")
        if operation.form is Form.CREATE:
            for name in operation.path[:-1]:
                add("ENOENT", f"no such {name} is tracked")
            add("EEXIST", f"the {target.name} is tracked already")
            if operation.at is not None:
                add("EBUSY", "the slot is taken")
        for resource in map(self._m.resource, operation.path if operation.form is Form.OBTAIN else (operation.target,)):
            for assigned in resource.assigned:
                is_made = operation.form is Form.OBTAIN or (operation.form is Form.CREATE and operation.at != assigned.name)
                if assigned.kind is AssignedKind.POOL and is_made:
                    add("ENOSPC", f"every {assigned.name} of {resource.name} is taken")
        if counted := holder_gains(self._m, operation):
            add("EOVERFLOW", f"the {listed(counted, 'or')} has as many holders as can be counted; everything is as it was")

    @staticmethod
    def _refusals(met: Met, add: AddCause) -> None:
        """One cause per event, error and reason, with all states that share it."""
        grouped: dict[tuple[str, str, str, str, str, str], list[str]] = {}
        for r in met.refusals:
            grouped.setdefault((r.error, r.resource, r.event, r.hook, r.guard, r.brief), []).append(r.state)
        for (error, resource, event, hook, guard, brief), states in grouped.items():
            condition = f" if {guard}" if guard else ""
            if hook:
                add(error, f"{resource}.{event} needs {hook}{condition}, which the backend leaves out")
            else:
                why = f": {brief.rstrip('.')}" if brief else ""
                add(error, f"{resource} is {listed(states, 'or')}, where {event} is refused{condition}{why}")

    def _duplicates(self, met: Met, add: AddCause) -> None:
        for hook in met.hooks:
            for value in self._m.naming(hook):
                add("EEXIST", f"{hook} gave a {value.name} that another {self._m.hook(hook).on} has; it took effect all the same")

    def _general(self, operation: Operation, add: AddCause) -> None:
        root = operation.path[0]
        add("ENOMEM", "out of memory; everything is as it was")
        add("ECANCELED", f"{self._names.function('discard')} was called meanwhile; or, started, it was cancelled before it began")
        add("EDEADLK", f"called by a hook about the {root} it works for, in a circle of such calls, or by a trace callback or visitor")
        add("ETIMEDOUT", f"{self._with_deadline(operation)} only: the deadline passed while waiting; nothing has happened")
