"""<MANAGER>_ARENA_SIZE: the memory that a manager within its limits takes at worst, as a sum that a
reader can follow."""
from __future__ import annotations

from dataclasses import dataclass

from berthc.emit.ctext import WIDTH, comment, wrap
from berthc.emit.header.operations import listed
from berthc.lower import ir
from berthc.lower.room import chains
from berthc.names import Names


@dataclass(frozen=True)
class Arena:
    """The lines of the comment, and those of the macro's value."""

    notes: tuple[str, ...]
    lines: tuple[str, ...]


def context(names: Names, tables: ir.Manager) -> Arena:
    """The macro of a manager with limits."""
    limits = tables.limits
    assert limits is not None
    whats = [
        f"{k.instances} {r.name} with {k.text} bytes of strings and lists each"
        for r, k in zip(tables.resources, limits.resources)
    ]
    if limits.reservations:
        whats.append(f"{limits.reservations} reservations")
    text = (
        "Bytes of memory for an arena (berth/arena.h) in which a manager that keeps within the"
        f" limits of the spec never runs out: {listed(whats, 'and')}. An instance that has ended"
        " counts until no reservation, child or running operation remembers it. Hooks and callers"
        " need stack besides."
    )
    notes = ("/*", *wrap(comment(text), " * ", " * ", WIDTH), " */")
    return Arena(notes, tuple(_sum(list(_parts(names, tables, limits)))))


def _parts(names: Names, tables: ir.Manager, limits: ir.Limits) -> list[tuple[str, str]]:
    """(expression, what it is for) of each summand."""
    values = sum(len(r.assigned) for r in tables.resources)
    manager = (
        f"BERTH_ROOM_MANAGER({len(tables.resources)}, {values}, {names.backend}, {names.options},"
        f" {limits.text})"
    )
    found = [("BERTH_ROOM_START", "alignment"), (manager, "the manager")]
    keyed = sum(
        k.instances
        for r, k in zip(tables.resources, limits.resources)
        if not tables.is_only_child(r)
    )
    found += _table(keyed, "instances by key")
    found += _table(limits.reservations, "reservations")
    for number, (resource, limit) in enumerate(zip(tables.resources, limits.resources), 1):
        indexed = [a for a in resource.assigned if a.indexed]
        kind = "ONLY_CHILD" if tables.is_only_child(resource) else "INSTANCE"
        below = int(bool(tables.below(number)))
        found.append(
            (
                f"{limit.instances} * BERTH_ROOM_{kind}("
                f"{resource.view}, {below}, {len(indexed)}, {limit.text})",
                resource.name,
            )
        )
        for assigned in indexed:
            found += _table(limit.instances, f"{resource.name} by {assigned.name}")
        for pool in limit.pools:
            room = (
                f"BERTH_ROOM_POOL({pool.words})"
                if pool.words
                else f"{pool.nodes} * BERTH_ROOM_POOL_NODE"
            )
            found.append((room, f"a pool of {resource.name}"))
    if limits.reservations:
        found.append(
            (f"{limits.reservations} * BERTH_ROOM_RESERVATION({limits.levels})", "reservations")
        )
    return found


def _table(count: int, what: str) -> list[tuple[str, str]]:
    n = chains(count)
    return [(f"BERTH_ROOM_CHAINS({n})", f"hash table: {what}")] if n else []


def _sum(parts: list[tuple[str, str]]) -> list[str]:
    """The summands, one per line, with what each is for."""
    lines = []
    for index, (text, what) in enumerate(parts):
        head = "    (" if index == 0 else "     "
        tail = ")" if index == len(parts) - 1 else " +"
        end = "" if index == len(parts) - 1 else " \\"
        lines.append(f"{head}{text}{tail} /* {what} */{end}")
    return lines
