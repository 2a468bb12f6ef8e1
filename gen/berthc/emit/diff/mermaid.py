"""What changed of the states of a resource, as Mermaid: added arrows thick and green, removed ones
dashed and red, changed ones amber. What is as before has no words."""
from __future__ import annotations

from berthc.emit.diagram.mermaid import text
from berthc.emit.diff.svg import COLOURS, FILLS
from berthc.emit.diff.union import ADDED, CHANGED, REMOVED, SAME, Box, Link, Union

_CLASS = {SAME: "same", ADDED: "added", REMOVED: "removed", CHANGED: "changed"}
_LINE = {SAME: "stroke-width:1px", ADDED: "stroke-width:4px",
         REMOVED: "stroke-width:2px,stroke-dasharray:6 4", CHANGED: "stroke-width:3px"}
_ARROW = {SAME: "-->", ADDED: "==>", REMOVED: "-.->", CHANGED: "-->"}


def flowchart(union: Union) -> str:
    """The graph, without a fence around it."""
    lines = ["flowchart TB"]
    lines += [f"    classDef {_CLASS[mark]} fill:{FILLS[mark]},stroke:{COLOURS[mark]},"
              f"{_LINE[mark]},color:#1b1f24" for mark in _CLASS]
    lines += [f"    {_box(box)}" for box in union.boxes]
    arrows: dict[str, list[int]] = {}
    number = 0
    for n, (state, mark) in enumerate(union.start):
        lines.append(f'    begin{n}(( )) {_ARROW[mark]} s_{state}')
        arrows.setdefault(mark, []).append(number)
        number += 1
    for link in union.links:
        lines.append(f"    {_link(link)}")
        arrows.setdefault(link.mark, []).append(number)
        number += 1
    lines += [f"    linkStyle {','.join(map(str, numbers))} stroke:{COLOURS[mark]},{_LINE[mark]}"
              for mark, numbers in arrows.items()]
    return "\n".join([*lines, ""])


def _box(box: Box) -> str:
    rows = [text(line.text) for line in box.lines if line.mark]
    label = "<br/>".join([f"<b>{text(box.title)}</b>", *rows])
    left, right = ('[["', '"]]') if box.final else ('("', '")')
    return f"s_{box.name}{left}{label}{right}:::{_CLASS[box.mark]}"


def _link(link: Link) -> str:
    words = "<br/>".join(text(line.text) for line in link.lines if line.mark)
    label = f'|"{words}"|' if words else ""
    return f"s_{link.source} {_ARROW[link.mark]}{label} s_{link.target}"
