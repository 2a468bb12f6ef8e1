"""References, conditions and texts with references in them."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from berthc.model.values import Loc


@dataclass(frozen=True)
class Ref:
    """A name in a guard, a format or `returns`.

    `scope` is "option", "field" (the instance itself) or the name of a resource on the path; `name`
    is an option, a field, or a leaf of an assigned value (`controller` and `lun`, not `address`).
    """

    scope: str
    name: str
    loc: Loc

    def __str__(self) -> str:
        return f"{self.scope}.{self.name}"


@dataclass(frozen=True)
class Guard:
    """A boolean expression over options and fields.

    `op` is "and" or "or" (two or more `args`), "not" (one arg), "true" (the bool that `ref` names),
    or one of "==", "!=", "<", "<=", ">", ">=" comparing `ref` with `literal` (an int, or an enum
    value's word; enums have only == and !=).
    """

    op: str
    loc: Loc
    args: tuple[Guard, ...] = ()
    ref: Ref | None = None
    literal: int | str | None = None
    text: str = ""  # as the author wrote it; only the outermost guard has it

    def refs(self) -> Iterator[Ref]:
        """Every reference in the expression, left to right."""
        if self.ref is not None:
            yield self.ref
        for arg in self.args:
            yield from arg.refs()


@dataclass(frozen=True)
class FormatText:
    """One alternative of a format: literal text (str) and references, in order; `guard` uses
    options only."""

    parts: tuple[str | Ref, ...]
    loc: Loc
    guard: Guard | None = None
