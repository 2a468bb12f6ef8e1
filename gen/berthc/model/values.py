"""Positions in a file, and the types of fields."""
from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, order=True)
class Loc:
    """A place in a spec: 1-based line and column; `length` characters are underlined in a
    message."""

    file: str
    line: int
    column: int
    length: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


NOWHERE = Loc("<built in>", 0, 0)


class Type(Enum):
    """Type of an option, a field or an assigned value. `value` is its word in the spec."""

    BOOL = "bool"
    U8 = "u8"
    U16 = "u16"
    U32 = "u32"
    U64 = "u64"
    I32 = "i32"
    I64 = "i64"
    STRING = "string"
    ENUM = "enum"
    UUID = "uuid"
    LIST = "list"  # of strings; order counts
    SET = "set"  # of strings; neither order nor repetition counts

    @property
    def bits(self) -> int:
        """Width of an integer type; 0 for every other type."""
        return {"u8": 8, "u16": 16, "u32": 32, "u64": 64, "i32": 32, "i64": 64}.get(self.value, 0)

    @property
    def signed(self) -> bool:
        return self in (Type.I32, Type.I64)

    @property
    def limits(self) -> tuple[int, int]:
        """Least and greatest value of an integer type."""
        if self.signed:
            return -(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1
        return 0, (1 << self.bits) - 1


@dataclass(frozen=True)
class Field:
    """An option of the manager, or a field that the caller gives for a resource.

    `default` is a Python bool, int, str (string; for an enum the value's word), or tuple of str
    (list, set; always empty). It is the zero value of the type where the spec names none; for an
    enum that is the first value. `range` is inclusive and None where the whole type is allowed.
    `max_length` counts bytes without the NUL and is None where it is not limited. `required`
    refuses the empty string, list or set and the nil UUID with EINVAL.
    """

    name: str
    type: Type
    brief: str
    loc: Loc
    values: tuple[str, ...] = ()
    default: object = None
    range: tuple[int, int] | None = None
    max_length: int | None = None
    required: bool = False
    ignore_case: bool = False  # ASCII letters compare equal in either case (string, list, set)
    was: tuple[str, ...] = ()  # earlier names
    was_values: tuple[tuple[str, str], ...] = ()  # earlier names of values: today's, earlier
