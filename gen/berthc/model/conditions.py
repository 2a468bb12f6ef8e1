"""References, conditions and texts with references in them."""
from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from berthc.model.values import Loc

COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "true": lambda value, _: bool(value),
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
"""What each `op` of an atom asks of a value and the atom's literal."""


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
        return (atom.ref for atom in self.atoms() if atom.ref is not None)

    def atoms(self) -> Iterator[Guard]:
        """The parts that name something, left to right."""
        if self.ref is not None:
            yield self
        for arg in self.args:
            yield from arg.atoms()


@dataclass(frozen=True)
class FormatText:
    """One alternative of a format: literal text (str) and references, in order; `guard` uses
    options only."""

    parts: tuple[str | Ref, ...]
    loc: Loc
    guard: Guard | None = None
