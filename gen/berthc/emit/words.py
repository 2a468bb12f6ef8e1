"""Rows of the tables in the words of the spec."""
from __future__ import annotations

from berthc.lower import ir


def target_words(resource: ir.Resource, found: ir.Target) -> str:
    words = resource.states[found.state - 1].id.name
    return f"{words}, raise {resource.events[found.raises - 1].name}" if found.raises else words


def row_words(manager: ir.Manager, resource: ir.Resource, row: ir.Row) -> str:
    """What a row does, in the words of the spec."""
    if row.reject is not None:
        does = f"reject {row.reject}"
    elif row.hook:
        verb = "ask " if row.asks else ""
        does = f"{verb}{manager.hooks[row.hook - 1].name}: " + "; ".join(
            f"{w} {target_words(resource, t)}" for w, t in row.outcomes
        )
    elif row.ok == ir.Target(row.state):
        does = "stay"
    else:
        does = target_words(resource, row.ok)
    return f"if {manager.guards[row.guard - 1].text}: {does}" if row.guard else does
