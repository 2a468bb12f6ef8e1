"""The page of a manager: everything a reviewer of its spec wants to see at once."""
from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePath

from berthc.emit.diagram import mermaid
from berthc.emit.docs.fields import options
from berthc.emit.docs.markdown import code, md, paragraph, sentence, table
from berthc.emit.docs.operations import hooks, operations
from berthc.emit.docs.pictures import Pictures
from berthc.emit.docs.resources import described
from berthc.emit.docs.store import store_words
from berthc.explore.report import meaning_of
from berthc.model import Manager


def _store(manager: Manager) -> list[str]:
    words = store_words(manager)
    return ["## Store\n", *map(paragraph, words)] if words else []


def _accepted(manager: Manager) -> list[str]:
    if not manager.accept:
        return []
    rows = [
        (code(a.finding), code(a.where) if a.where else "everywhere", md(a.why))
        for a in manager.accept
    ]
    return [
        "## Accepted findings\n",
        "What the checker finds and the author takes.\n",
        table(("finding", "where", "why"), rows),
    ]


def page(manager: Manager, pictures: Collection[str] | None = None) -> str:
    """The whole page as Markdown. `pictures`: the files beside it that it may link to (None: all
    that `berthc diagram` makes). Mermaid stands where a picture of states or owners is missing."""
    shown = Pictures(pictures)
    source = PurePath(manager.file).name
    parts = [
        f"# {md(manager.name)}\n",
        paragraph(md(sentence(manager.brief))) if manager.brief else "",
    ]
    parts.append(
        paragraph(
            f"Made from {code(source)} by `berthc docs`; do not edit. {shown.other_forms}".rstrip()
        )
    )
    parts += [
        "## Who holds what\n",
        shown.link(f"Ownership in {manager.name}", "ownership.svg")
        or mermaid.fence(mermaid.ownership_diagram(manager)),
        (
            "Thick arrows hold, thin ones ask, dashed ones call the backend. What is held cannot"
            " end.\n"
        ),
    ]
    parts += options(manager)
    meaning = meaning_of(manager)
    for resource in manager.resources:
        parts += described(manager, resource, meaning, shown)
    if not meaning.complete:
        parts.append("Column \"in the backend\" is from a search in part: there may be more.\n")
    parts += [*hooks(manager), *_store(manager), *operations(manager, shown),
              *_accepted(manager)]
    return "\n".join(part for part in parts if part)
