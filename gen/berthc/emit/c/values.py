"""The functions about single values: what guards ask, how formats are written, and how the
out-values of hooks are copied."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from berthc.emit.c import tables
from berthc.emit.ctext import WIDTH, signature, statement, string, wrap
from berthc.emit.layout import Function
from berthc.lower import ir
from berthc.model import AssignedKind, Type
from berthc.names import Names, member


@dataclass(frozen=True)
class Case:
    """One case of a switch, label included."""

    lines: tuple[str, ...]


def case(label: str, statements: Iterable[str], declarations: Iterable[str] = ()) -> Case:
    """A case; one with declarations gets a block of its own."""
    declared = [f"    {line}" if line else "" for line in declarations]
    inside = [f"    {line}" for line in statements]
    if declared:
        return Case((f"case {label}: {{", *declared, *inside, "}"))
    return Case((f"case {label}:", *inside))


class Values:
    """Writes the functions of one manager."""

    def __init__(self, tables_ir: ir.Manager) -> None:
        self.m = tables_ir
        self.names = Names(tables_ir.name)

    def guard(self, guard: ir.Guard) -> Function:
        """The function that asks it."""
        lines = self.given(guard.expression, "const ", self.m.resource(guard.owner).view)
        lines += statement(f"return {guard.expression};", 4)
        head = f"static bool {guard.c}"
        note = wrap(guard.text, "/* ", " * ", WIDTH - 3)
        note[-1] += " */"
        prototype = signature(head, ("const void *given", "const void *instance"))
        return Function((*note, *prototype), tuple(lines))

    def given(self, expression: str, const: str, view: str) -> list[str]:
        """First lines of a function of the options and a view: what it uses of them."""
        options, instance = "options->" in expression, "view->" in expression
        lines = [f"const {self.names.options} *options = given;"] if options else []
        lines += [f"{const}{view} *view = instance;"] if instance else []
        lines += [""] if lines else []
        lines += [] if options else ["(void)given;"]
        return lines + ([] if instance else ["(void)instance;"])

    def formats(self, resource: ir.Resource) -> list[Function]:
        """One static function per format."""
        found: list[Function] = []
        for assigned in resource.assigned:
            if assigned.kind is not AssignedKind.FORMAT:
                continue
            every = " ".join(
                (t.guard or "") + " ".join(p.value for p in t.pieces) for t in assigned.texts
            )
            name = member(assigned.name)
            lines = self.given(every + "view->", "", resource.view)
            end = lines.index("")
            lines[end:end] = [
                f"char *at = view->{name};",
                f"const char *const end = at + sizeof view->{name} - 1;",
            ]
            lines += [*self.alternatives(assigned.texts), "*at = '\\0';"]
            head = f"static void {tables.format_function(resource, assigned)}"
            found.append(
                Function(signature(head, ("const void *given", "void *instance")), tuple(lines))
            )
        return found

    def alternatives(self, texts: tuple[ir.FormatText, ...]) -> list[str]:
        lines: list[str] = []
        for index, text in enumerate(texts):
            puts = [f"at = {self.put(p)};" for p in text.pieces]
            if len(texts) == 1:
                return puts
            if text.guard is None:
                lines.append("} else {")
            else:
                lines.append(
                    f"if ({text.guard}) {{" if index == 0 else f"}} else if ({text.guard}) {{"
                )
            lines += [f"    {put}" for put in puts]
        return [*lines, "}"]

    @staticmethod
    def put(piece: ir.Piece) -> str:
        if piece.type is None:
            return f"berth_append_text(at, end, {string(piece.text)})"
        if piece.type is Type.BOOL:
            return f'berth_append_text(at, end, {piece.value} ? "true" : "false")'
        if piece.type is Type.ENUM:
            return f"berth_append_text(at, end, {piece.values}[{piece.value}])"
        if piece.type is Type.UUID:
            return f"berth_append_uuid(at, end, {piece.value})"
        if piece.type.bits:
            kind = "signed" if piece.type.signed else "number"
            return f"berth_append_{kind}(at, end, {piece.value})"
        return f"berth_append_text(at, end, {piece.value})"

    def preset(self, hook: ir.Hook) -> Case:
        return self.copy_outs(
            hook,
            f"const {self.m.resource(hook.resource).view} *from = view;",
            f"{hook.out} *to = out;",
        )

    def accept(self, hook: ir.Hook) -> Case:
        return self.copy_outs(
            hook,
            f"const {hook.out} *from = out;",
            f"{self.m.resource(hook.resource).view} *to = view;",
        )

    @staticmethod
    def copy_outs(hook: ir.Hook, *declarations: str) -> Case:
        """Copies the out-values of a hook between `from` and `to`, as they are declared."""
        lines: list[str] = []
        for found in hook.outs:
            name = member(found.name)
            if found.type is Type.STRING:
                lines.append(f"berth_copy_chars(to->{name}, from->{name}, {found.size_macro});")
            elif found.type is Type.UUID:
                lines.append(f"uuid_copy(to->{name}, from->{name});")
            else:
                lines.append(f"to->{name} = from->{name};")
        return case(hook.c, (*lines, "break;"), (*declarations, ""))
