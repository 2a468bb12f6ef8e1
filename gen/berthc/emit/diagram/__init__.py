"""Diagrams of a manager, each in the forms that suit it.

    graph, sequence, ownership   what there is to show, whatever the form
    mermaid                      for Markdown viewers
    dot, dot_ownership, svg      through graphviz
    sequence.svg                 sequences as SVG, laid out here
    text, sequence.text          ASCII that fits a source comment
    style, notes                 colours and words that all forms share

`files` has all of them; `same` is the drift check's idea of an equal file.
"""
from __future__ import annotations

import sys
from collections.abc import Callable, Collection

from berthc.model import Manager

from berthc.emit.diagram import mermaid, text
from berthc.emit.diagram.dot import pictured, state_diagram as dot_state_diagram
from berthc.emit.diagram.dot_ownership import ownership_diagram as dot_ownership_diagram
from berthc.emit.diagram.sequence import Drawn, sequences
from berthc.emit.diagram.sequence import text as text_sequence
from berthc.emit.diagram.sequence.svg import picture
from berthc.emit.diagram.style import wrap
from berthc.emit.diagram.svg import GraphvizError, render, same_picture

Warn = Callable[[str], None]


def to_stderr(message: str) -> None:
    """Where a warning goes when nobody else asks for it."""
    print(f"berthc: warning: {message}", file=sys.stderr)


def dot_sources(manager: Manager) -> dict[str, str]:
    """File name below the manager's folder, without its ending: DOT text."""
    sources = {f"states-{r.name}": dot_state_diagram(manager, r) for r in manager.resources}
    return {**sources, "ownership": dot_ownership_diagram(manager)}


def _mermaid_page(manager: Manager, drawn: dict[str, Drawn]) -> str:
    parts = [
        f"# {manager.name}: diagrams\n",
        "Made from the spec by `berthc diagram`; do not edit.\n",
    ]
    parts.append("\n".join(wrap(mermaid.LEGEND, 120)) + "\n")
    parts += ["## Ownership\n", mermaid.fence(mermaid.ownership_diagram(manager))]
    for resource in manager.resources:
        parts += [
            f"## States of {resource.name}\n",
            mermaid.fence(mermaid.state_diagram(manager, resource)),
        ]
    for name, shown in drawn.items():
        parts.append(f"## {name}\n")
        if shown.note:
            parts.append(f"{shown.note}\n")
        for one in shown.sequences:
            parts += [f"### {name}: {one.title}\n", mermaid.fence(mermaid.sequence_diagram(one))]
    return "\n".join(parts)


def _heading(words: str, line: str) -> str:
    lines = wrap(words, text.WIDTH)
    return "\n".join([*lines, line * max(map(len, lines))])


def _text_page(manager: Manager, drawn: dict[str, Drawn]) -> str:
    parts = [
        _heading(f"{manager.name}: diagrams", "="),
        "Made from the spec by `berthc diagram`; do not edit.",
    ]
    parts += [
        _heading("Ownership", "-"),
        "==> holds   --> asks   ..> calls",
        text_sequence.ownership_diagram(manager),
    ]
    for resource in manager.resources:
        parts += [
            _heading(f"States of {resource.name}", "-"),
            "\n".join(wrap(text.KEY, text.WIDTH)),
            text.state_diagram(manager, resource),
        ]
    for name, shown in drawn.items():
        if shown.note:
            parts += [_heading(name, "-"), text.plain(shown.note)]
        for one in shown.sequences:
            parts += [_heading(f"{name}: {one.title}", "-"), text_sequence.sequence_diagram(one)]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def names(manager: Manager) -> list[str]:
    """The names of all files, without the manager's folder."""
    return _names(manager, sequences(manager))


def _names(manager: Manager, drawn: dict[str, Drawn]) -> list[str]:
    states = [f"states-{resource.name}" for resource in manager.resources]
    graphs = [f"{name}.{ending}" for name in (*states, "ownership") for ending in ("dot", "svg")]
    shown = [f"sequence-{name}.svg" for name, some in drawn.items() if some.sequences]
    return ["diagrams.md", "diagrams.txt", *graphs, *shown]


def files(
    manager: Manager, warn: Warn = to_stderr, program: str = "dot",
    only: Collection[str] | None = None,
) -> dict[str, str]:
    """Every diagram of the manager, or `only` some: file name below the output folder, to its text.

    Without graphviz (`program`) the SVG files that need it are left out and `warn` is told once;
    all else is there. It is told too of what the picture of a large table leaves out.
    """
    drawn, sources = sequences(manager), dot_sources(manager)
    pages = {"diagrams.md": _mermaid_page, "diagrams.txt": _text_page}
    made: dict[str, str] = {}
    has_graphviz = True
    for name in _names(manager, drawn):
        if only is not None and name not in only:
            continue
        stem, _, ending = name.rpartition(".")
        if name in pages:
            made[name] = pages[name](manager, drawn)
        elif ending == "dot":
            made[name] = sources[stem]
        elif stem not in sources:
            operation = stem.removeprefix("sequence-")
            made[name] = picture(f"{manager.name} {operation}", drawn[operation].sequences)
        elif has_graphviz:
            try:
                made[name] = render(_laid_out(manager, stem, sources[stem], warn), f"{stem}.dot",
                                    program)
            except GraphvizError as error:
                warn(f"{manager.name}/{error}")
                has_graphviz = False
    return {f"{manager.name}/{name}": content for name, content in made.items()}


def _laid_out(manager: Manager, stem: str, source: str, warn: Warn) -> str:
    """What graphviz is given for a picture: its source, or of a large table the part that it can
    lay out."""
    resource = manager.by_name.get(
        stem.removeprefix("states-")) if stem.startswith("states-") else None
    if resource is None:
        return source
    part, note = pictured(manager, resource)
    if note:
        warn(f"{manager.name}/{stem}.svg: {note}")
    return part


def same(name: str, committed: str, fresh: str) -> bool:
    """Whether a committed file still says what a fresh one does: to the letter, or for a picture of
    graphviz what it shows."""
    return committed == fresh or (name.endswith(".svg") and same_picture(committed, fresh))


__all__ = ["GraphvizError", "Warn", "dot_sources", "files", "names", "same", "to_stderr"]
