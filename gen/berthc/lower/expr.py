"""Guards as C expressions, and what a reference of a guard or a format stands for in C."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from berthc.model import AssignedKind, Field, Guard, Manager, Ref, Resource, Type
from berthc.names import Names, member


@dataclass(frozen=True)
class Value:
    """What a reference names: a C expression, its type, an enum's spelling in C, and the bounds of
    its text."""

    c: str
    type: Type
    values: dict[str, str]  # enum: enumerator of each of the spec's words
    table: str = ""  # enum: array of names in the generated source
    limits: tuple[int, int] = (0, 0)  # integers: least and greatest value
    max_length: int | None = None  # strings


Resolve = Callable[[Ref], Value]


def bounds(field: Field) -> tuple[int, int]:
    if field.range is not None:
        return field.range
    return field.type.limits if field.type.bits else (0, 0)


def part_limit(manager: Manager, size: int | None, option: str | None) -> int:
    """Greatest number of values of one part of a pool."""
    if size is not None:
        return size
    assert option is not None
    return bounds(manager.option(option))[1]


def part_type(size: int) -> Type:
    """The narrowest type that holds 0 .. size - 1."""
    return next((t for t in (Type.U8, Type.U16) if size - 1 <= t.limits[1]), Type.U32)


class Scope:
    """Resolves references of guards and formats for one manager."""

    def __init__(self, manager: Manager) -> None:
        self._manager = manager
        self._names = Names(manager.name)

    def option(self, ref: Ref) -> Value:
        option = self._manager.option(ref.name)
        values = {v: self._names.option_value(option.name, v) for v in option.values}
        return Value(
            f"options->{member(option.name)}",
            option.type,
            values,
            f"option_{option.name}_values",
            bounds(option),
            option.max_length,
        )

    def in_view(self, resource: str) -> Resolve:
        """References as seen from an instance of `resource`, whose view is called `view`."""
        path = self._manager.path(resource)

        def resolve(ref: Ref) -> Value:
            if ref.scope == "option":
                return self.option(ref)
            scope = resource if ref.scope == "field" else ref.scope
            above = path[
                path.index(scope) + 1 :
            ]  # the resources whose parents lead there, nearest last
            up = [path[path.index(name) - 1] for name in reversed(above)]
            return self._member(
                "->".join(["view", *map(member, up), member(ref.name)]),
                self._manager.resource(scope),
                ref.name,
            )

        return resolve

    def in_config(self, path: tuple[str, ...]) -> Resolve:
        """References as seen from an operation with a pointer to the config of every level, called
        as its resource."""

        def resolve(ref: Ref) -> Value:
            if ref.scope == "option":
                return self.option(ref)
            scope = path[-1] if ref.scope == "field" else ref.scope
            return self._member(
                f"{config_variable(scope)}->{member(ref.name)}",
                self._manager.resource(scope),
                ref.name,
            )

        return resolve

    def _member(self, c: str, resource: Resource, name: str) -> Value:
        for field in resource.fields:
            if field.name == name:
                values = {v: self._names.field_value(resource.name, name, v) for v in field.values}
                return Value(
                    c,
                    field.type,
                    values,
                    f"{resource.name}_{name}_values",
                    bounds(field),
                    field.max_length,
                )
        for assigned in resource.assigned:
            if assigned.kind is AssignedKind.POOL:
                for part in assigned.parts:
                    if part.name == name:
                        size = part_limit(self._manager, part.size, part.option)
                        return Value(c, part_type(size), {}, limits=(0, size - 1))
            elif assigned.name == name:
                assert assigned.type is not None
                limits = assigned.type.limits if assigned.type.bits else (0, 0)
                return Value(
                    c,
                    assigned.type,
                    {},
                    limits=limits,
                    max_length=text_length(self._manager, resource, assigned.name),
                )
        raise LookupError(f"{resource.name}.{name}")


def config_variable(resource: str) -> str:
    return f"{resource}_config"


def text_length(manager: Manager, resource: Resource, name: str) -> int | None:
    """Greatest length in bytes, without the NUL, of an assigned text; None for other types."""
    assigned = resource.value(name)
    if assigned.type is not Type.STRING:
        return None
    if assigned.kind is AssignedKind.COUNTER:
        return len(str(Type.U64.limits[1]))
    if assigned.kind is AssignedKind.HOOK:
        return assigned.max_length or 0
    resolve = Scope(manager).in_view(resource.name)
    return max(sum(piece_length(p, resolve) for p in text.parts) for text in assigned.texts)


UUID_TEXT = 36


def piece_length(part: str | Ref, resolve: Resolve) -> int:
    """Greatest length of one piece of a format."""
    if isinstance(part, str):
        return len(part.encode())
    value = resolve(part)
    if value.type is Type.BOOL:
        return len("false")
    if value.type is Type.ENUM:
        return max(len(word.encode()) for word in value.values)
    if value.type is Type.UUID:
        return UUID_TEXT
    if value.type.bits:
        return max(len(str(limit)) for limit in value.limits)
    if value.max_length is None:
        raise LookupError(f"{part}: a format needs texts with max_length")
    return value.max_length


def literal(number: int, kind: Type) -> str:
    """An integer constant of C that has the value whatever the width of int."""
    if kind is Type.I64 and number == kind.limits[0]:
        return "INT64_MIN"
    if kind is Type.I32 and number == kind.limits[0]:
        return "INT32_MIN"
    if -(1 << 31) < number < (1 << 31):
        return str(number)
    if kind is Type.U64:
        return f"UINT64_C({number})"
    return f"INT64_C({number})" if kind is Type.I64 else f"{number}u"


def _always(op: str, limits: tuple[int, int], number: int) -> bool | None:
    """What the comparison is for every value of the type; None where it depends. Compilers warn
    about comparisons that are always the same."""
    low, high = limits
    if op in ("==", "!="):
        return None if low <= number <= high else op == "!="
    if op in ("<", ">="):
        if number > high or number <= low:
            return (number > high) == (op == "<")
        return None
    if number >= high or number < low:
        return (number >= high) == (op == "<=")
    return None


def _compare(guard: Guard, value: Value) -> str:
    if value.type is Type.ENUM:
        return f"{value.c} {guard.op} {value.values[str(guard.literal)]}"
    number = int(guard.literal or 0)
    always = _always(guard.op, value.type.limits, number)
    if always is not None:
        return "true" if always else "false"
    return f"{value.c} {guard.op} {literal(number, value.type)}"


def expression(guard: Guard, resolve: Resolve, outer: str = "") -> str:
    """The guard in C, with the parentheses that it needs below an operator `outer`."""
    if guard.op in ("and", "or"):
        symbol = {"and": " && ", "or": " || "}[guard.op]
        text = symbol.join(expression(arg, resolve, guard.op) for arg in guard.args)
        return f"({text})" if outer not in ("", guard.op) else text
    if guard.op == "not":
        return "!" + expression(guard.args[0], resolve, "not")
    assert guard.ref is not None
    value = resolve(guard.ref)
    if guard.op == "true":
        return value.c
    text = _compare(guard, value)
    return f"({text})" if outer == "not" else text
