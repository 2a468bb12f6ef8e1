"""What changed, as a picture: both state graphs of each resource laid out as one, so that what did
not change stands in the same place in the picture of either spec."""
from __future__ import annotations

from collections.abc import Sequence

from berthc.diff.report import Comparison
from berthc.emit.diagram.dot import quote, rich
from berthc.emit.diagram.style import FILL_FINAL, FONT, INK, QUIET, wrap
from berthc.emit.diagram.svg import render
from berthc.emit.diff.union import (
    ADDED, CHANGED, REMOVED, SAME, Box, Line, Link, Union, unions,
)

GREEN, RED, AMBER = "#116329", "#b3261e", "#8a5300"
COLOURS = {SAME: "#6e7781", ADDED: GREEN, REMOVED: RED, CHANGED: AMBER}
FILLS = {SAME: "#ffffff", ADDED: "#e6f4ea", REMOVED: "#fdf0ef", CHANGED: "#fff4db"}
LOOKS = {SAME: "penwidth=1", ADDED: "penwidth=3", REMOVED: 'style="dashed", penwidth=1.6',
         CHANGED: "penwidth=2.2"}
LEGEND = ("+ thick green: added      − dashed red: removed      ~ amber: changed"
          "      thin grey: as before")
SIDES = {"both": (), "old": (ADDED,), "new": (REMOVED,)}
UNSEEN = "#ffffff00"


def picture(every: Sequence[Comparison], side: str = "both", program: str = "dot") -> str:
    """SVG. `side`: both specs in one, or what one of them has, each thing in the same place. Raises
    GraphvizError."""
    return render(source(every, side), "diff.dot", program)


def source(every: Sequence[Comparison], side: str = "both") -> str:
    """The same as DOT."""
    hidden = SIDES[side]
    lines = ['digraph "diff" {',
             f'  graph [rankdir=TB, nodesep=0.5, ranksep=0.55, bgcolor="white", fontname="{FONT}",'
             ' fontsize=13, labelloc="t", compound=true];',
             f'  node [shape=box, margin="0.12,0.06", fontname="{FONT}", fontsize=12,'
             f' fontcolor="{INK}"];',
             f'  edge [fontname="{FONT}", fontsize=9.5, arrowsize=0.8];']
    drawn = 0
    titles = []
    for one in every:
        titles.append(f"{one.new_file}: {one.headline} (compared with {one.old_file})")
        for union in unions(one):
            drawn += 1
            lines += _cluster(one, union, drawn, hidden)
    if not drawn:
        titles.append("no state and no row changed")
        lines.append('  nothing [label="", style=invis];')
    lines.append(f"  label={quote(chr(10).join([*titles, LEGEND, ' ']))};")
    return "\n".join([*lines, "}", ""])


def _cluster(one: Comparison, union: Union, number: int, hidden: Sequence[str]) -> list[str]:
    name = one.new.name if one.new is not None else ""
    title = f"{name} {union.resource}" + (f"\n{union.left_out}" if union.left_out else "")
    lines = [f"  subgraph cluster_{number} {{",
             f'    label={quote(title)}; color="#d0d7de"; fontname="{FONT}"; fontsize=14;'
             ' margin=16;']
    for state, mark in union.start:
        dot = quote(f"{number} start {state}")
        look = _hidden(mark, hidden) or f'{LOOKS[mark]}, color="{COLOURS[mark]}"'
        lines.append(f'    {dot} [shape=circle, style={"invis" if mark in hidden else "filled"},'
                     f' fillcolor="{INK}", label="", width=0.16, margin=0];')
        lines.append(f"    {dot} -> {_id(number, state)} [{look}];")
    lines += [f"    {_box(number, box, hidden)}" for box in union.boxes]
    lines += [f"    {_link(number, link, hidden)}" for link in union.links]
    return [*lines, "  }"]


def _id(number: int, state: str) -> str:
    return quote(f"{number} {state}")


def _hidden(mark: str, hidden: Sequence[str]) -> str:
    return "style=invis" if mark in hidden else ""


def _box(number: int, box: Box, hidden: Sequence[str]) -> str:
    rule = "<HR/>" if box.lines else ""
    rows = "".join(_row(line, hidden, 46, QUIET) for line in box.lines)
    label = (f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2"><TR><TD><B>'
             f'{_title(box, hidden)}</B></TD></TR>{rule}{rows}</TABLE>>')
    if box.mark in hidden:
        return f"{_id(number, box.name)} [label={label}, style=invis];"
    fill = FILL_FINAL if box.final and box.mark == SAME else FILLS[box.mark]
    width = {SAME: 1, ADDED: 3, REMOVED: 1.6, CHANGED: 2.2}[box.mark]
    style = "rounded,filled" + (",dashed" if box.mark == REMOVED else "")
    return (f'{_id(number, box.name)} [label={label}, style="{style}", fillcolor="{fill}",'
            f' color="{COLOURS[box.mark]}", penwidth={width}'
            f'{", peripheries=2" if box.final else ""}];')


def _title(box: Box, hidden: Sequence[str]) -> str:
    """The name, and an earlier one. The name of the other side is there, but transparent."""
    colour = INK if box.mark == SAME else COLOURS[box.mark]
    if not box.was or not hidden:
        return _coloured(box.title, colour)
    now, was = (UNSEEN, colour) if ADDED in hidden else (colour, UNSEEN)
    parts = ((f"{box.mark} " * bool(box.mark), colour), (box.name, now), (" (was ", UNSEEN),
             (box.was, was), (")", UNSEEN))
    return "".join(_coloured(part, of) for part, of in parts if part)


def _coloured(text: str, colour: str) -> str:
    return f'<FONT COLOR="{colour}">{rich(text)}</FONT>'


def _row(line: Line, hidden: Sequence[str], width: int, quiet: str) -> str:
    colour = UNSEEN if line.mark in hidden else quiet if line.mark == SAME else COLOURS[line.mark]
    return "".join(
        f'<TR><TD ALIGN="LEFT"><FONT POINT-SIZE="9" COLOR="{colour}">'
        f'{"<B>" if line.mark else ""}{rich(part)}{"</B>" if line.mark else ""}</FONT></TD></TR>'
        for part in wrap(line.text, width))


def _link(number: int, link: Link, hidden: Sequence[str]) -> str:
    rows = "".join(_row(line, hidden, 34, COLOURS[SAME]) for line in link.lines)
    label = f'<<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="1">{rows}</TABLE>>'
    ends = f"{_id(number, link.source)} -> {_id(number, link.target)}"
    look = _hidden(link.mark, hidden) or f'{LOOKS[link.mark]}, color="{COLOURS[link.mark]}"'
    return f"{ends} [label={label}, {look}];"
