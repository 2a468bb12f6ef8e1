"""What conditions decide, and what is left of them once some values are known."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from berthc.model import COMPARE, Guard, Manager, Ref, Row
from berthc.semantics.values import Value

Residue = bool | str
"""What is left of a condition once all that is known is put in."""

Known = Callable[[str, str], Value | None]
"""Gives the value of an option or field, by `option` or its resource and its name; None where it is
not known."""


def fold(guard: Guard, known: Callable[[Ref], Value | None]) -> Residue:
    """The condition with the known values put in, as True, False or a text that is the same for
    equal residues."""
    if guard.op in ("and", "or"):
        absorbing = guard.op == "or"
        parts = [fold(arg, known) for arg in guard.args]
        if any(part is absorbing for part in parts):
            return absorbing
        left = [part for part in parts if isinstance(part, str)]
        return (f" {guard.op} ".join(left) if len(left) == 1 else f"({f' {guard.op} '.join(left)})"
                if left else not absorbing)
    if guard.op == "not":
        inner = fold(guard.args[0], known)
        return f"not ({inner})" if isinstance(inner, str) else not inner
    assert guard.ref is not None
    value = known(guard.ref)
    if value is not None:
        return COMPARE[guard.op](value, guard.literal)
    return f"{guard.ref}" if guard.op == "true" else f"{guard.ref} {guard.op} {guard.literal}"


def guards(manager: Manager) -> Iterator[tuple[str, Guard]]:
    """Every condition that decides what happens, with the resource that it calls `field`."""
    return ((d.owner, guard) for d in decisions(manager) for guard, _ in d.tried
            if guard is not None)


@dataclass(frozen=True)
class Decision:
    """Conditions that are tried in order until one holds, each with what it decides. They call the
    fields of `owner` simply `field`."""

    owner: str
    tried: tuple[tuple[Guard | None, int | str], ...]

    def whose(self, ref: Ref) -> str:
        """`option`, or the resource of the field."""
        return self.owner if ref.scope == "field" else ref.scope

    def left(self, known: Known) -> tuple[tuple[int | str, Residue], ...]:
        """What it comes to once all that is known is put in."""
        found: list[tuple[int | str, Residue]] = []
        for guard, what in self.tried:
            residue = (True if guard is None
                       else fold(guard, lambda ref: known(self.whose(ref), ref.name)))
            if residue is not False:
                found.append((what, residue))
            if residue is True:
                break
        return tuple(found)

    def names(self, scope: str) -> set[str]:
        """The options, or fields of a resource, that it asks for."""
        return {ref.name for guard, _ in self.tried if guard is not None for ref in guard.refs()
                if self.whose(ref) == scope}


def decisions(manager: Manager) -> Iterator[Decision]:
    """Everything that conditions decide: which row is taken, and whether an operation is denied."""
    for resource in manager.resources:
        for state in resource.states:
            events: dict[str, list[Row]] = {}
            for row in state.rows:
                events.setdefault(row.event, []).append(row)
            for rows in events.values():
                if any(row.guard is not None for row in rows):
                    yield Decision(resource.name,
                                   tuple((row.guard, n) for n, row in enumerate(rows)))
    for op in manager.operations:
        if op.deny:
            yield Decision(op.target, tuple((deny.guard, deny.error) for deny in op.deny))
