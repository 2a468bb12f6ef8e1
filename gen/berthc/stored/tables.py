"""The tables that a manager has in a store, as runtime/src/model/stored/tables.c makes them."""
from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from berthc.lower import expr
from berthc.model import Assigned, AssignedKind, Field, Manager, Resource, Type


class Cell(Enum):
    """Type of a column. `value` is how SQLite declares it."""

    BOOL = "BOOLEAN INT"
    UNSIGNED = "INTEGER"
    SIGNED = "SIGNED INT"
    TEXT = "TEXT"
    UUID = "UUID TEXT"
    TEXTS = "JSON TEXT"


NIL = "00000000-0000-0000-0000-000000000000"

ZERO: dict[Cell, object] = {Cell.BOOL: False, Cell.UNSIGNED: 0, Cell.SIGNED: 0, Cell.TEXT: "",
                            Cell.UUID: NIL, Cell.TEXTS: []}

OWN = {"_reservations": 1, "_references": 2, "_intents": 1, "_counters": 1}
"""The runtime's own tables, and how many columns their keys have."""


@dataclass(frozen=True)
class Column:
    """`type` is that of the value; of a text, `size` is how many bytes it has at most. The
    runtime's own columns have neither field nor value."""

    name: str
    cell: Cell
    field: Field | None = None
    value: Assigned | None = None
    type: Type | None = None
    size: int | None = None


def cell_of(kind: Type) -> Cell:
    if kind is Type.BOOL:
        return Cell.BOOL
    if kind.bits:
        return Cell.SIGNED if kind.signed else Cell.UNSIGNED
    return {Type.UUID: Cell.UUID, Type.LIST: Cell.TEXTS, Type.SET: Cell.TEXTS}.get(kind, Cell.TEXT)


def is_named(manager: Manager, resource: Resource, value: Assigned) -> bool:
    """Does an operation find by this value, which a hook gives?"""
    return value.kind is AssignedKind.HOOK and any(
        o.by == value.name and o.target == resource.name for o in manager.operations)


def columns(manager: Manager, resource: Resource) -> tuple[Column, ...]:
    """Those of a resource's table, in order."""
    found = [Column("_id", Cell.UNSIGNED)]
    if resource.parent is not None:
        found.append(Column("_parent", Cell.UNSIGNED))
    found += [Column("_state", Cell.TEXT), Column("_ended", Cell.BOOL)]
    if any(is_named(manager, resource, value) for value in resource.assigned):
        found.append(Column("_names", Cell.TEXTS))
    found += [Column(f.name, cell_of(f.type), f, type=f.type) for f in resource.fields]
    for value in resource.assigned:
        for part in value.parts:
            kind = expr.part_type(expr.part_limit(manager, part.size, part.option))
            found.append(Column(part.name, Cell.UNSIGNED, value=value, type=kind))
        if value.type is not None:
            found.append(Column(value.name, cell_of(value.type), value=value, type=value.type,
                                size=expr.text_length(manager, resource, value.name)))
    return tuple(found)
