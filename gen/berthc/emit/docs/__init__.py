"""The page of a manager in Markdown: options, fields, states, tables, hooks, operations and their
return codes. `parts`: the table or the diagram of a resource, for other files.

The page shows the pictures that `berthc.emit.diagram` makes into the same folder.
"""
from __future__ import annotations

from collections.abc import Collection

from berthc.model import Manager

from berthc.emit.docs.page import page
from berthc.emit.docs.resources import state_table


def files(manager: Manager, pictures: Collection[str] | None = None) -> dict[str, str]:
    """File name relative to the output folder, to its text. `pictures`: the names of files beside
    it that it may link to; None: all diagrams."""
    return {f"{manager.name}/README.md": page(manager, pictures)}


__all__ = ["files", "state_table"]
