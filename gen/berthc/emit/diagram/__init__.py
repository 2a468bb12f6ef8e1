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
from dataclasses import dataclass

from berthc.model import Manager, Resource

from berthc.emit.diagram import mermaid, text
from berthc.emit.diagram.dot import pictured, state_diagram as dot_state_diagram
from berthc.emit.diagram.dot_ownership import ownership_diagram as dot_ownership_diagram
from berthc.emit.diagram.large import WHOLE, View
from berthc.emit.diagram.sequence import Drawn, sequences
from berthc.emit.diagram.sequence import text as text_sequence
from berthc.emit.diagram.sequence.svg import picture
from berthc.emit.diagram.style import wrap
from berthc.emit.diagram.svg import GraphvizError, render, same_picture

Warn = Callable[[str], None]


def to_stderr(message: str) -> None:
    """Where a warning goes when nobody else asks for it."""
    print(f"berthc: warning: {message}", file=sys.stderr)


@dataclass(frozen=True)
class Choice:
    """What of a manager is drawn. `view`: the states of all resources, or of `resource`, in a form
    that leaves things out; then nothing else is drawn. `every`: all runs of operations."""

    view: View = WHOLE
    resource: str = ""
    every: bool = False

    def resources(self, manager: Manager) -> list[Resource]:
        return [r for r in manager.resources if self.resource in ("", r.name)]


ALL = Choice()


def dot_sources(manager: Manager, choice: Choice = ALL) -> dict[str, str]:
    """File name below the manager's folder, without its ending: DOT text."""
    sources = {f"states-{r.name}{choice.view.suffix}": dot_state_diagram(manager, r, choice.view)
               for r in choice.resources(manager)}
    if not choice.view.is_whole:
        return sources
    return {**sources, "ownership": dot_ownership_diagram(manager)}


def _mermaid_page(manager: Manager, drawn: dict[str, Drawn]) -> str:
    parts = [
        f"# {manager.name}: diagrams\n",
        "Made from the spec by `berthc diagram`; do not edit.\n",
    ]
    parts.append("\n".join(wrap(mermaid.LEGEND, 120)) + "\n")
    parts += ["## Ownership\n", mermaid.fence(mermaid.ownership_diagram(manager))]
    for resource in manager.resources:
        parts += [f"## States of {resource.name}\n", *_mermaid_states(manager, resource, WHOLE)]
    for name, shown in drawn.items():
        parts.append(f"## {name}\n")
        if shown.note:
            parts.append(f"{shown.note}\n")
        for one in shown.sequences:
            parts += [f"### {name}: {one.title}\n", mermaid.fence(mermaid.sequence_diagram(one))]
    return "\n".join(parts)


def _mermaid_states(manager: Manager, resource: Resource, view: View) -> list[str]:
    shown, note = mermaid.pictured(manager, resource, view)
    return [mermaid.fence(shown), *([f"{note[0].upper()}{note[1:]}.\n"] if note else [])]


def _text_states(manager: Manager, resource: Resource, view: View) -> list[str]:
    return [
        _heading(f"States of {resource.name}", "-"),
        "\n".join(wrap(text.KEY, text.WIDTH)),
        text.state_diagram(manager, resource, view=view),
    ]


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
        parts += _text_states(manager, resource, WHOLE)
    for name, shown in drawn.items():
        if shown.note:
            parts += [_heading(name, "-"), text.plain(shown.note)]
        for one in shown.sequences:
            parts += [_heading(f"{name}: {one.title}", "-"), text_sequence.sequence_diagram(one)]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def names(manager: Manager, choice: Choice = ALL) -> list[str]:
    """The names of all files, without the manager's folder."""
    if not choice.view.is_whole:
        return [f"states-{r.name}{choice.view.suffix}.{ending}" for r in choice.resources(manager)
                for ending in ("md", "txt", "dot", "svg")]
    return _names(manager, sequences(manager, choice.every))


def _names(manager: Manager, drawn: dict[str, Drawn]) -> list[str]:
    states = [f"states-{resource.name}" for resource in manager.resources]
    graphs = [f"{name}.{ending}" for name in (*states, "ownership") for ending in ("dot", "svg")]
    shown = [f"sequence-{name}.svg" for name, some in drawn.items() if some.sequences]
    return ["diagrams.md", "diagrams.txt", *graphs, *shown]


def files(
    manager: Manager, warn: Warn = to_stderr, program: str = "dot",
    only: Collection[str] | None = None, choice: Choice = ALL, also: str | None = None,
) -> dict[str, str]:
    """Every diagram of the manager, or `only` some: file name below the output folder, to its text.

    Without graphviz (`program`) the SVG files that need it are left out and `warn` is told once;
    all else is there. It is told too of what the picture of a large table leaves out, and what has
    that: `also`, or the files beside it.
    """
    drawn = sequences(manager, choice.every) if choice.view.is_whole else {}
    texts = _texts(manager, drawn) if choice.view.is_whole else _views(manager, choice)
    laid = {f"states-{r.name}{choice.view.suffix}": r for r in choice.resources(manager)}
    made: dict[str, str] = {}
    has_graphviz = True
    for name in _names(manager, drawn) if choice.view.is_whole else names(manager, choice):
        if only is not None and name not in only:
            continue
        stem, _, ending = name.rpartition(".")
        if name in texts:
            made[name] = texts[name]()
        elif has_graphviz:
            source = dot_ownership_diagram(manager)
            if stem in laid:
                source, note = pictured(manager, laid[stem], choice.view, also)
                if note:
                    warn(f"{manager.name}/{name}: {note}")
            try:
                made[name] = render(source, f"{stem}.dot", program)
            except GraphvizError as error:
                warn(f"{manager.name}/{error}")
                has_graphviz = False
    return {f"{manager.name}/{name}": content for name, content in made.items()}


def _texts(manager: Manager, drawn: dict[str, Drawn]) -> dict[str, Callable[[], str]]:
    """File name: what makes it without graphviz."""

    def sequence(name: str) -> Callable[[], str]:
        return lambda: picture(f"{manager.name} {name}", drawn[name].sequences, drawn[name].note)

    return {
        "diagrams.md": lambda: _mermaid_page(manager, drawn),
        "diagrams.txt": lambda: _text_page(manager, drawn),
        "ownership.dot": lambda: dot_ownership_diagram(manager),
        **{f"states-{r.name}.dot": _source(manager, r, WHOLE) for r in manager.resources},
        **{f"sequence-{name}.svg": sequence(name) for name in drawn},
    }


def _source(manager: Manager, resource: Resource, view: View) -> Callable[[], str]:
    return lambda: dot_state_diagram(manager, resource, view)


def _views(manager: Manager, choice: Choice) -> dict[str, Callable[[], str]]:
    """The same for a view of states."""
    made: dict[str, Callable[[], str]] = {}
    for resource in choice.resources(manager):
        stem = f"states-{resource.name}{choice.view.suffix}"

        def markdown(resource: Resource = resource) -> str:
            return "\n".join([f"# {manager.name}: states of {resource.name}\n",
                              *_mermaid_states(manager, resource, choice.view)])

        def plain(resource: Resource = resource) -> str:
            parts = _text_states(manager, resource, choice.view)
            return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"

        made[f"{stem}.md"], made[f"{stem}.txt"] = markdown, plain
        made[f"{stem}.dot"] = _source(manager, resource, choice.view)
    return made


def same(name: str, committed: str, fresh: str) -> bool:
    """Whether a committed file still says what a fresh one does: to the letter, or for a picture of
    graphviz what it shows."""
    return committed == fresh or (name.endswith(".svg") and same_picture(committed, fresh))


__all__ = [
    "ALL", "Choice", "GraphvizError", "View", "Warn", "dot_sources", "files", "names", "same",
    "to_stderr",
]
