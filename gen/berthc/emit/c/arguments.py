"""The functions about the arguments of an operation: why a request is refused before it begins.

Each is straight C: what has to be there, the config of each level, the slot, the buffers, and then
the rules that deny. berth/table.h has their contract (`berth_operation.check`).
"""
from __future__ import annotations

from collections.abc import Iterator

from berthc.emit.ctext import WIDTH, braces, signature, statement
from berthc.emit.c.fields import faults
from berthc.emit.layout import Function
from berthc.lower import ir
from berthc.lower.expr import config_variable
from berthc.model import AssignedKind, Form, Type
from berthc.names import Names, free_name, member


def check(manager: ir.Manager, operation: ir.Operation) -> Function:
    """The function that checks the arguments of `operation`."""
    return _Writer(manager, operation).check()


class _Writer:
    """Writes the function of one operation."""

    def __init__(self, manager: ir.Manager, operation: ir.Operation) -> None:
        self.m = manager
        self.operation = operation
        self.request, self.number = (
            free_name(w, manager.file_scope) for w in ("request", "number")
        )
        by_key = operation.form is Form.FIND and not operation.by
        self.takes_configs = operation.form in (Form.OBTAIN, Form.CREATE) or by_key

    def check(self) -> Function:
        body = list(self.body())
        text = "\n".join(body)
        uses_options = "options->" in text
        lines: list[str] = []
        if uses_options:
            lines.append(f"const {Names(self.m.name).options} *options = given;")
        for level, number in enumerate(self.operation.path):
            resource = self.m.resource(number)
            if self.takes_configs:
                name = config_variable(resource.name)
                lines.append(f"const {resource.config} *{name} = {self.request}->config[{level}];")
        if f"{self.number} = " in text:
            lines.append(f"uint8_t {self.number};")
        lines += [""] if lines else []
        lines += [] if uses_options else ["(void)given;"]
        lines += (
            [] if f"{self.request}->" in "\n".join((*lines, text)) else [f"(void){self.request};"]
        )
        parameters = (f"const berth_request *{self.request}", "const void *given")
        head = f"static berth_refusal {self.operation.check}"
        return Function(signature(head, parameters), (*lines, *body))

    def body(self) -> Iterator[str]:
        if self.operation.form is Form.WITH:
            yield from self.refuse(f"{self.request}->reservation == NULL", "EINVAL")
        if self.operation.gives:
            yield from self.refuse(f"{self.request}->gives == NULL", "EINVAL")
        if self.takes_configs:
            for number in self.operation.path:
                yield from self.config(self.m.resource(number))
        yield from self.value()
        yield from self.results()
        for deny in self.operation.denies:
            yield f"/* {deny.rule.replace('*/', '* /')} */"
            yield from self.refuse(
                self.m.denials[deny.guard - 1].expression, deny.error, rule=deny.c
            )
        yield "return (berth_refusal){0};"

    def refuse(self, condition: str, error: str, **where: object) -> Iterator[str]:
        members = [f".code = -{error}", *(f".{word} = {value}" for word, value in where.items())]
        yield from statement(f"if ({condition})", 4)
        yield from braces("return (berth_refusal)", members, 4, ";", WIDTH - 4)

    def config(self, resource: ir.Resource) -> Iterator[str]:
        """The config of one level: it is there, and its fields may have their values."""
        name = config_variable(resource.name)
        yield from self.refuse(f"{name} == NULL", "EINVAL", resource=resource.c)
        if not any(faults(field) for field in resource.fields):
            return
        target = self.m.resource(self.operation.path[-1])
        only_key = self.operation.form is Form.FIND or (
            self.operation.form is Form.CREATE and resource is not target
        )
        function = resource.functions["check"]
        yield f"{self.number} = {function}({name}, {'true' if only_key else 'false'});"
        yield from self.refuse(
            f"{self.number} > 0", "EINVAL", resource=resource.c, field=self.number
        )

    def value(self) -> Iterator[str]:
        """The value that is looked for, or the slot to make it at."""
        target = self.m.resource(self.operation.path[-1])
        if self.operation.by:
            assigned = target.assigned[self.operation.by - 1]
            is_pool = assigned.kind is AssignedKind.POOL
            # The typed function has a number by value, and so its address.
            if is_pool or assigned.type in (Type.STRING, Type.UUID):
                given = f"{self.request}->{'at' if is_pool else 'by'}"
                yield from self.refuse(f"{given} == NULL", "EINVAL", resource=target.c)
        if self.operation.at:
            at = f"{self.request}->at"
            faulty = [f"{at} == NULL"]
            for number, part in enumerate(target.assigned[self.operation.at - 1].parts):
                size = str(part.size)
                if part.option:
                    size = f"(uint64_t)options->{member(self.m.options[part.option - 1].name)}"
                faulty.append(f"{at}[{number}] >= {size}")
            yield from self.refuse(" || ".join(faulty), "EINVAL", resource=target.c)

    def results(self) -> Iterator[str]:
        """The buffers that texts are written to."""
        results = f"{self.request}->results"
        for number, result in enumerate(self.operation.returns):
            if result.type is Type.STRING:
                wanted = f"{results} != NULL && {results}[{number}] != NULL"
                size = f"{self.request}->result_sizes[{number}] < {result.size_macro}"
                yield from self.refuse(f"{wanted} && {size}", "ENOBUFS")
