"""`berthc docs`: pages with the pictures that they show."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from berthc.emit import diagram, docs
from berthc.files.place import Place
from berthc.model import Manager


def pages(place: Place, managers: Sequence[Manager]) -> dict[Path, str]:
    """The pages and all their pictures. A page links to a picture that cannot be drawn only if the
    folder has it."""
    files: dict[str, str] = {}
    for manager in managers:
        drawn = diagram.files(manager)
        folder = place.path(f"{manager.name}/README.md").parent
        there = {name for name in diagram.names(manager) if (folder / name).is_file()}
        files |= docs.files(manager, there | {name.partition("/")[2] for name in drawn}) | drawn
    return {place.path(name): text for name, text in files.items()}


def page(manager: Manager) -> dict[Path, str]:
    """The page alone, with no links to pictures."""
    return {Path(name): text for name, text in docs.files(manager, ()).items()}
