"""The public functions of operations, and what shows an item to a visitor."""
from __future__ import annotations

from collections.abc import Callable, Iterable

from berthc.emit.api import Api, Parameter
from berthc.emit.c.fields import faults
from berthc.emit.c.values import Case, case
from berthc.emit.ctext import WIDTH, braces, signature
from berthc.emit.layout import Function
from berthc.lower import ir
from berthc.model import Type
from berthc.names import Names, free_name, member

INSIDE = WIDTH - 4  # of a function

Role = Callable[[str], list[Parameter]]  # the parameters of one role


class Requests:
    """Writes the functions of one manager."""

    def __init__(self, tables_ir: ir.Manager) -> None:
        self.m = tables_ir
        self.names = Names(tables_ir.name)
        self.api = Api(tables_ir)

    def functions(self, operation: ir.Operation) -> list[Function]:
        """The three functions of one operation."""
        plain, until, start = self.api.prototypes(operation)
        parameters = self.api.parameters(operation)
        passed = [*(p.name for p in parameters[:-1]), "BERTH_NO_DEADLINE", parameters[-1].name]
        return [
            Function(signature(*until), tuple(self.body(operation, parameters, "run", []))),
            Function(
                signature(*plain),
                signature(f"return {self.names.until(operation.name)}", passed, ";", INSIDE),
            ),
            Function(
                signature(*start),
                tuple(
                    self.body(
                        operation,
                        parameters,
                        "start",
                        [p.name for p in self.api.started(operation)],
                    )
                ),
            ),
        ]

    def discard(self, resource: ir.Resource) -> Function:
        """The function that discards one root."""
        prototype, parameters = self.api.discard(resource)
        manager, config, error = (p.name for p in parameters)
        request = free_name("request", self.m.file_scope | {manager, config, error})
        members = [f'.operation = "discard_{resource.name}"', f".config = {config}"]
        members.append(f".resource = {resource.c}")
        if any(faults(field) for field in resource.fields):
            check = resource.functions["check"]
            members.append(f".wrong = {config} != NULL ? {check}({config}, true) : 0")
        passed = [f"(berth_manager *){manager}", f"&{request}", error]
        lines = [*braces(f"const berth_root {request} = ", members, 0, ";", INSIDE), ""]
        lines += signature("return berth_manager_discard_root", passed, ";", INSIDE)
        return Function(signature(*prototype), tuple(lines))

    def body(
        self, operation: ir.Operation, parameters: list[Parameter], function: str, more: list[str]
    ) -> list[str]:
        """Fills the request, and passes it with `more` to berth_manager_<function>."""
        name_of = self.api.local_names(operation)
        role: Role = lambda word: [p for p in parameters if p.role == word]
        manager = role("manager")[0].name
        lines: list[str] = []
        members = [f".operation = {operation.c}"]
        if configs := role("config"):
            lines += self.pointers(
                f"const void *const {name_of['configs']}", (p.name for p in configs)
            )
            members.append(f".config = {name_of['configs']}")
        if given := role("reservation"):
            members.append(f".{'gives' if operation.gives else 'reservation'} = {given[0].name}")
        if slots := role("slot"):
            pool = self.m.resource(operation.path[-1]).assigned[(operation.at or operation.by) - 1]
            given_slot = slots[0].name
            sets = [
                f"{given_slot} != NULL ? {given_slot}->{member(p.name)} : 0u" for p in pool.parts
            ]
            lines += self.pointers(f"const uint32_t {name_of['parts']}", sets)
            members.append(f".at = {slots[0].name} != NULL ? {name_of['parts']} : NULL")
        if by := role("by"):
            value = by[0]
            members.append(f".by = {'&' if value.is_number else ''}{value.name}")
        if operation.returns:
            lines += self.results(operation, role, name_of)
            members.append(f".results = {name_of['results']}")
        if any(r.type is Type.STRING for r in operation.returns):
            lines += self.sizes(operation, role, name_of)
            members.append(f".result_sizes = {name_of['sizes']}")
        members.append(f".deadline = {self.api.deadline(operation).name}")
        request = name_of["request"]
        kind, owner = ("manager", [])
        if self.m.store is not None:
            kind, owner = ("stored", [f".owner = {p.name}" for p in role("owner")])
            members = [f".request = {{{', '.join(members)}}}", *owner]
        of = "berth_stored_request" if kind == "stored" else "berth_request"
        lines += [*braces(f"const {of} {request} = ", members, 0, ";", INSIDE), ""]
        passed = [f"(berth_manager *){manager}", f"&{request}", parameters[-1].name, *more]
        return [*lines, *signature(f"return berth_{kind}_{function}", passed, ";", INSIDE)]

    def results(self, operation: ir.Operation, role: Role, name_of: dict[str, str]) -> list[str]:
        """Where each value goes that the operation returns."""
        name = name_of["results"]
        if not operation.result:
            return self.pointers(f"void *const {name}", (p.name for p in role("result")))
        result = role("results")[0].name
        places = [
            f"{'' if r.type in (Type.STRING, Type.UUID) else '&'}{result}->{member(r.leaf)}"
            for r in operation.returns
        ]
        several = f"void *const *{name} = {result} == NULL ? NULL : (void *const[])"
        return braces(several, places, 0, ";", INSIDE)

    def sizes(self, operation: ir.Operation, role: Role, name_of: dict[str, str]) -> list[str]:
        """The bytes that there are for each text that it returns."""
        if operation.result:
            result = role("results")[0].name
            found = [
                f"sizeof {result}->{member(r.leaf)}" if r.type is Type.STRING else "0"
                for r in operation.returns
            ]
        else:
            found = [p.name for p in role("size")]
        return self.pointers(f"const size_t {name_of['sizes']}", found)

    @staticmethod
    def pointers(name: str, elements: Iterable[str]) -> list[str]:
        """An array of the body, with its elements."""
        return braces(f"{name}[] = ", elements, 0, ";", INSIDE)

    def visit(self, resource: ir.Resource) -> Case:
        """How an item of this resource gets its typed views: its own, then up from child to
        parent."""
        lines = [f"seen.{member(resource.name)} = item->view;"]
        below, number = resource.name, resource.parent
        while number:
            above = self.m.resource(number)
            lines.append(f"seen.{member(above.name)} = seen.{member(below)}->{member(above.name)};")
            below, number = above.name, above.parent
        return case(resource.c, (*lines, "break;"))

    def name_functions(self) -> list[Function]:
        """<m>_disk_state_name and so on; the prototypes are those of the header."""
        found: list[Function] = []
        for name in self.api.name_functions():
            value = f"(unsigned){name.parameter}"
            if name.last is None:
                lines: tuple[str, ...] = (f"(void){name.parameter};", 'return "?";')
            elif name.of_type:
                lines = (f"return {name.of_type}(&{self.names.descriptor}, {value});",)
            else:
                lines = signature("return berth_name", (name.table, name.last, value), ";", INSIDE)
            found.append(Function((name.prototype,), lines))
        return found
