"""The typed API: parameters and prototypes of the generated functions, from the IR. Header and
source both take them from here."""
from __future__ import annotations

from dataclasses import dataclass

from berthc.lower import C_TYPES, ir
from berthc.model import AssignedKind, Form, Type
from berthc.names import Names, free_name


@dataclass(frozen=True)
class Parameter:
    """`declaration` as it stands in a prototype. `role` is "manager", "config", "reservation",
    "owner", "slot", "by", "result", "size", "results" (the struct of several), "error",
    "deadline", "op", "done" or "arg"."""

    name: str
    declaration: str
    role: str
    type: str = ""
    resource: int = 0  # config: whose; slot and by: of what
    of: str = ""  # size: the result's parameter
    result: ir.Return | None = None
    is_number: bool = False  # by: the request points to it


@dataclass(frozen=True)
class NameFunction:
    """A function that names the values of an enum."""

    prototype: str
    brief: str
    parameter: str
    last: str | None  # greatest enumerator; None: the enum has no value that has a name
    table: str
    of_type: str = ""  # the runtime's function that finds the name in the descriptor


Prototype = tuple[str, tuple[str, ...]]


class Api:
    def __init__(self, tables_ir: ir.Manager) -> None:
        self.m = tables_ir
        self.names = Names(tables_ir.name)
        self._file_scope = tables_ir.file_scope

    def parameters(self, operation: ir.Operation) -> list[Parameter]:
        """All but the deadline, in the order of the prototype: manager, what is named, results,
        error."""
        m = self.m
        target = m.resource(operation.path[-1])
        single = () if operation.result else operation.returns
        user = [m.resource(n).name for n in operation.path] + [r.leaf for r in single]
        user += [f"{r.leaf}_size" for r in single] + [a.name for a in target.assigned]
        taken = self._file_scope | set(user)
        manager = free_name("manager", taken)
        found = [Parameter(manager, f"{m.name} *{manager}", "manager")]
        if operation.form is Form.WITH:
            reservation = free_name("reservation", taken)
            found.append(Parameter(reservation, f"const uuid_t {reservation}", "reservation"))
        elif operation.by:
            found.append(self._by(target, target.assigned[operation.by - 1]))
        else:
            for number in operation.path:
                resource = m.resource(number)
                name = free_name(resource.name, self._file_scope)
                found.append(
                    Parameter(name, f"const {resource.config} *{name}", "config", resource=number)
                )
        if operation.at:
            found.append(self._by(target, target.assigned[operation.at - 1]))
        if operation.gives:
            reservation = free_name("reservation", taken)
            found.append(Parameter(reservation, f"uuid_t {reservation}", "reservation"))
        if operation.owned or (operation.gives and m.store is not None):
            owner = free_name("owner", taken)
            found.append(Parameter(owner, f"const char *{owner}", "owner"))
        for one in single:
            found += self._result(one)
        if operation.result:
            result = free_name("result", taken)
            found.append(Parameter(result, f"{operation.result} *{result}", "results"))
        error = free_name("error", taken)
        found.append(Parameter(error, f"berth_error *{error}", "error"))
        return found

    def _by(self, target: ir.Resource, assigned: ir.Assigned) -> Parameter:
        name = free_name(assigned.name, self._file_scope)
        if assigned.kind is AssignedKind.POOL:
            return Parameter(name, f"const {assigned.slot} *{name}", "slot", assigned.slot)
        if assigned.type is Type.STRING:
            return Parameter(name, f"const char *{name}", "by", "const char *")
        if assigned.type is Type.UUID:
            return Parameter(name, f"const uuid_t {name}", "by", "const uuid_t")
        assert assigned.type is not None
        kind = C_TYPES[assigned.type]
        return Parameter(name, f"{kind} {name}", "by", kind, is_number=True)

    def _result(self, result: ir.Return) -> list[Parameter]:
        name = free_name(result.leaf, self._file_scope)
        if result.type is Type.STRING:
            size = free_name(f"{result.leaf}_size", self._file_scope)
            return [
                Parameter(name, f"char *{name}", "result", result=result),
                Parameter(size, f"size_t {size}", "size", of=name),
            ]
        if result.type is Type.UUID:
            return [Parameter(name, f"uuid_t {name}", "result", result=result)]
        return [Parameter(name, f"{C_TYPES[result.type]} *{name}", "result", result=result)]

    def deadline(self, operation: ir.Operation) -> Parameter:
        name = free_name(
            "deadline", self._file_scope | {p.name for p in self.parameters(operation)}
        )
        return Parameter(name, f"int64_t {name}", "deadline")

    def started(self, operation: ir.Operation) -> tuple[Parameter, Parameter, Parameter]:
        """What the function that starts it has besides: the block, what to call at the end, and its
        argument."""
        taken = (
            self._file_scope
            | {p.name for p in self.parameters(operation)}
            | {self.deadline(operation).name}
        )
        block, done, arg = (free_name(word, taken) for word in ("op", "done", "arg"))
        return (
            Parameter(block, f"{self.names.op} *{block}", "op"),
            Parameter(done, f"berth_done *{done}", "done"),
            Parameter(arg, f"void *{arg}", "arg"),
        )

    def prototypes(self, operation: ir.Operation) -> tuple[Prototype, Prototype, Prototype]:
        """Without a deadline, with one, and started: head and parameters of each."""
        given = [p.declaration for p in self.parameters(operation)]
        deadline = self.deadline(operation).declaration
        block, done, arg = (p.declaration for p in self.started(operation))
        return (
            (f"int {self.names.function(operation.name)}", tuple(given)),
            (f"int {self.names.until(operation.name)}", (*given[:-1], deadline, given[-1])),
            (
                f"int {self.names.start(operation.name)}",
                (given[0], block, *given[1:-1], deadline, given[-1], done, arg),
            ),
        )

    def discard(self, resource: ir.Resource) -> tuple[Prototype, list[Parameter]]:
        """The function that discards one root of `resource`, and its parameters: manager, config
        and error."""
        config = free_name(resource.name, self._file_scope)
        manager, error = (
            free_name(w, self._file_scope | {config}) for w in ("manager", "error")
        )
        found = [
            Parameter(manager, f"{self.m.name} *{manager}", "manager"),
            Parameter(config, f"const {resource.config} *{config}", "config"),
            Parameter(error, f"berth_error *{error}", "error"),
        ]
        head = f"int {self.names.discard(resource.name)}"
        return (head, tuple(p.declaration for p in found)), found

    def op_size(self) -> str:
        """Size of the block that any operation of the manager fits into, but for its out-values."""
        m = self.m
        levels = max(r.level for r in m.resources) + 1
        returns = max((len(o.returns) for o in m.operations), default=0)
        parts = max((len(a.parts) for r in m.resources for a in r.assigned), default=0)
        stored = " + BERTH_OP_STORED" if m.store is not None else ""
        return f"BERTH_OP_SIZE({levels}, {returns}, {parts}){stored}"

    def local_names(self, operation: ir.Operation) -> dict[str, str]:
        """Names of the local variables of the function, which step aside for the user's."""
        taken = self._file_scope | {
            p.name
            for p in (
                *self.parameters(operation),
                self.deadline(operation),
                *self.started(operation),
            )
        }
        return {
            word: free_name(word, taken)
            for word in ("configs", "parts", "results", "sizes", "request")
        }

    def name_functions(self) -> list[NameFunction]:
        m, names = self.m, self.names
        found: list[NameFunction] = []

        def of_ids(
            words: tuple[str, ...], what: str, ids: tuple[str, ...], table: str, of_type: str = ""
        ) -> None:
            enum = names.id_enum(*words)
            word = free_name(words[-1], {table})
            prototype = f"const char *{enum}_name({enum} {word})"
            last = ids[-1] if ids else None
            found.append(NameFunction(prototype, what, word, last, table, of_type))

        def of_values(enum: str, what: str, field: ir.Field, table: str) -> None:
            prototype = f"const char *{enum}_name({enum} value)"
            found.append(NameFunction(prototype, what, "value", field.values[-1].c, table))

        for word, ids in (
            ("resource", tuple(r.c for r in m.resources)),
            ("operation", tuple(o.c for o in m.operations)),
            ("hook", tuple(h.c for h in m.hooks)),
        ):
            of_ids((word,), word, ids, "", f"berth_name_of_{word}")
        for option in m.options:
            if option.type is Type.ENUM:
                of_values(
                    names.option_enum(option.name),
                    f"value of the option {option.name}",
                    option,
                    f"option_{option.name}_values",
                )
        for r in m.resources:
            of_ids(
                (r.name, "state"),
                f"state of {r.name}",
                tuple(s.id.c for s in r.states),
                f"{r.name}_states",
            )
            of_ids(
                (r.name, "event"),
                f"event of {r.name}",
                tuple(e.c for e in r.events),
                f"{r.name}_events",
            )
            for field in r.fields:
                if field.type is Type.ENUM:
                    of_values(
                        names.field_enum(r.name, field.name),
                        f"value of {r.name}.{field.name}",
                        field,
                        f"{r.name}_{field.name}_values",
                    )
        return found
