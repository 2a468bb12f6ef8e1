"""The functions about the fields of a resource: check, hash, equal, differs, size and copy.

Each is straight C, a statement per field. berth/table.h has their contracts, and berth/fields.h
the helpers that they call. A resource lacks those that would have nothing to do.
"""
from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from berthc.emit.ctext import WIDTH, signature
from berthc.emit.layout import Function
from berthc.lower import ir
from berthc.model import Type
from berthc.names import member

STRINGS = (Type.LIST, Type.SET)
ON_STORAGE = (Type.STRING, *STRINGS)


@dataclass(frozen=True)
class FieldFunction(Function):
    """One function; `word` says what it does and is (but for "check") its member of
    berth_resource."""

    word: str


def functions(resource: ir.Resource) -> list[FieldFunction]:
    """Those that the resource has, in the order of berth_resource."""
    return list(_Writer(resource).functions())


def bound(value: int, kind: Type) -> str:
    """A limit of a range as a constant of the field's own type."""
    if kind is Type.I64 and value == -(1 << 63):
        return "INT64_MIN"
    if kind is Type.I32 and value == -(1 << 31):
        return "INT32_MIN"
    if -(1 << 31) < value < 1 << 31:
        return str(value)
    return f"INT64_C({value})" if kind.signed else f"UINT{kind.bits}_C({value})"


def faults(field: ir.Field) -> list[str]:
    """The conditions, one of which holds where the value may not be."""
    value = f"config->{member(field.name)}"
    found: list[str] = []
    if field.type is Type.STRING:
        if field.required:
            found.append(f"berth_text_is_empty({value})")
        if field.max_length:
            found.append(f"!berth_text_fits({value}, {field.max_length})")
    elif field.type in STRINGS:
        if field.required:
            found.append(f"{value}.count == 0")
        found.append(f"!berth_strings_fit(&{value}, {field.max_length})")
    elif field.type is Type.UUID:
        if field.required:
            found.append(f"uuid_is_null({value})")
    elif field.type is Type.ENUM:
        found.append(f"(unsigned){value} > {field.values[-1].c}")
    elif field.range is not None:
        least, most = field.type.limits
        if field.range[0] > least:
            found.append(f"{value} < {bound(field.range[0], field.type)}")
        if field.range[1] < most:
            found.append(f"{value} > {bound(field.range[1], field.type)}")
    return found


def _letters(field: ir.Field) -> str:
    return "BERTH_ANY_CASE" if field.ignore_case else "BERTH_EXACT_CASE"


def _comparison(field: ir.Field, equal: bool) -> str:
    """The condition that view and config have the same value, or that they have not."""
    view, config = (f"{where}->{member(field.name)}" for where in ("view", "config"))
    if field.type is Type.STRING:
        call = f"berth_text_equal{'_any_case' if field.ignore_case else ''}({view}, {config})"
    elif field.type is Type.LIST:
        call = f"berth_list_equal(&{view}, &{config}, {_letters(field)})"
    elif field.type is Type.SET:
        call = f"berth_set_equal(&{view}, &{config}, {_letters(field)}, sets)"
    elif field.type is Type.UUID:
        call = f"berth_uuid_equal({view}, {config})"
    else:
        return f"{view} {'==' if equal else '!='} {config}"
    return call if equal else f"!{call}"


def _hash(field: ir.Field) -> str:
    value = f"config->{member(field.name)}"
    if field.type is Type.STRING:
        return f"berth_hash_text(to, {value}, {_letters(field)});"
    if field.type is Type.LIST:
        return f"berth_hash_list(to, &{value}, {_letters(field)});"
    if field.type is Type.SET:
        return f"berth_hash_set(to, &{value}, {_letters(field)}, sets);"
    if field.type is Type.UUID:
        return f"berth_hash_uuid(to, {value});"
    return f"berth_hash_number(to, (uint64_t){value});"


def _copy(field: ir.Field) -> str:
    view, config = (f"{where}->{member(field.name)}" for where in ("view", "config"))
    if field.type is Type.STRING:
        return f"{view} = berth_copy_text(to, {config});"
    if field.type in STRINGS:
        return f"{view} = berth_copy_strings(to, &{config});"
    if field.type is Type.UUID:
        return f"uuid_copy({view}, {config});"
    return f"{view} = {config};"


def _statement(text: str, indent: int = 4) -> list[str]:
    """A statement of the body in lines of at most the width; what goes on is indented once more."""
    return textwrap.wrap(
        text,
        WIDTH - 4,
        initial_indent=" " * (indent - 4),
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


class _Writer:
    """The functions of one resource."""

    def __init__(self, resource: ir.Resource) -> None:
        self.resource = resource
        self.key = [field for field in resource.fields if field.key]
        self.rest = [field for field in resource.fields if not field.key]
        self.config = f"const {resource.config} *config = given;"

    def functions(self) -> Iterator[FieldFunction]:
        if any(faults(field) for field in self.resource.fields):
            yield self.check()
        if self.key:
            yield self.hash()
            yield self.equal()
        if self.rest:
            yield self.differs()
        if any(field.type in ON_STORAGE for field in self.resource.fields):
            yield self.size()
        if self.resource.fields:
            yield self.copy()

    def function(
        self, word: str, result: str, parameters: tuple[str, ...], lines: list[str]
    ) -> FieldFunction:
        head = f"static {result} {self.resource.functions[word]}"
        return FieldFunction(signature(head, parameters), tuple(lines), word)

    def number(self, field: ir.Field) -> str:
        """How the function tells which field it was."""
        return f"    return {field.c};"

    def check(self) -> FieldFunction:
        lines: list[str] = []
        if not any(faults(field) for field in self.rest):
            lines.append("(void)only;")
        for field in self.resource.fields:
            found = faults(field)
            if not found:
                continue
            condition = " || ".join(found)
            if not field.key:
                condition = f"({condition})" if len(found) > 1 else condition
                condition = f"!only && {condition}"
            lines += [*_statement(f"if ({condition})"), self.number(field)]
        lines.append("return 0;")
        parameters = (f"const {self.resource.config} *config", "bool only")
        return self.function("check", "uint8_t", parameters, lines)

    def unused(self, fields: list[ir.Field]) -> list[str]:
        return [] if any(field.type is Type.SET for field in fields) else ["(void)sets;"]

    def hash(self) -> FieldFunction:
        lines = [self.config, "", *self.unused(self.key)]
        for field in self.key:
            lines += _statement(_hash(field))
        parameters = ("const void *given", "berth_hash *to", "const berth_sets *sets")
        return self.function("hash", "void", parameters, lines)

    def compared(self, fields: list[ir.Field]) -> list[str]:
        view = f"const {self.resource.view} *view = instance;"
        return [view, self.config, "", *self.unused(fields)]

    COMPARED = ("const void *instance", "const void *given", "const berth_sets *sets")

    def equal(self) -> FieldFunction:
        conditions = [_comparison(field, True) for field in self.key]
        whole = "return " + " &&\n       ".join(conditions) + ";"
        lines = [*self.compared(self.key), *whole.split("\n")]
        return self.function("equal", "bool", self.COMPARED, lines)

    def differs(self) -> FieldFunction:
        lines = self.compared(self.rest)
        for field in self.rest:
            lines += [*_statement(f"if ({_comparison(field, False)})"), self.number(field)]
        return self.function("differs", "uint8_t", self.COMPARED, [*lines, "return 0;"])

    def size(self) -> FieldFunction:
        lines = [self.config, "berth_storage_size size = {0, 0};", ""]
        for field in self.resource.fields:
            if field.type is Type.STRING:
                lines.append(f"berth_size_text(&size, config->{member(field.name)});")
            elif field.type in STRINGS:
                lines.append(f"berth_size_strings(&size, &config->{member(field.name)});")
        lines.append("return size;")
        return self.function("size", "berth_storage_size", ("const void *given",), lines)

    def copy(self) -> FieldFunction:
        lines = [f"{self.resource.view} *view = instance;", self.config, ""]
        if not any(field.type in ON_STORAGE for field in self.resource.fields):
            lines.append("(void)to;")
        for field in self.resource.fields:
            lines += _statement(_copy(field))
        parameters = ("void *instance", "const void *given", "berth_storage *to")
        return self.function("copy", "void", parameters, lines)
