"""The page of a manager in Markdown: options, fields, states, tables, hooks, operations and their
return codes.

It shows the pictures that `berthc.emit.diagram` makes into the same folder.
"""
from __future__ import annotations

from berthc.model import Manager

from berthc.emit.docs.page import page, state_table


def files(manager: Manager) -> dict[str, str]:
    """File name relative to the output folder, to its text."""
    return {f"{manager.name}/README.md": page(manager)}


__all__ = ["files", "state_table"]
