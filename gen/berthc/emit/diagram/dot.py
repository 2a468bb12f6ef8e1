"""Graphviz: state diagrams and the ownership diagram as DOT, and DOT as SVG."""
from __future__ import annotations

import html

from berthc.model import Manager, Resource

from berthc.emit.diagram.graph import Arrow, Label, Node, StateGraph, state_graph
from berthc.emit.diagram.large import WHOLE, View, collapsed, cut, laid_out, viewed
from berthc.emit.diagram.notes import node_lines
from berthc.emit.diagram.style import (
    BAD, FILL_FINAL, FILL_STATE, FILL_TROUBLE, FONT, FRAME, GOOD, INK, QUIET, wrap,
)

WIDE = 30  # columns from which a label takes one more line


def quote(text: str) -> str:
    """A DOT string; no character of the text has a meaning in it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def rich(text: str) -> str:
    """Text within an HTML-like label."""
    return html.escape(text, quote=True).replace("\n", " ")


def table_rows(lines: list[str], colour: str, size: int) -> str:
    """Small lines of a box, one below the other."""
    return "".join(
        f'<TR><TD ALIGN="LEFT"><FONT POINT-SIZE="{size}"'
        f' COLOR="{colour}">{rich(line)}</FONT></TD></TR>'
        for line in lines
    )


def _node(node: Node) -> str:
    lines = [part for line in node_lines(node) for part in wrap(line, 46)]
    mark = (
        '<TR><TD><FONT POINT-SIZE="9"><I>resident</I></FONT></TD></TR>'
        if node.state.resident
        else ""
    )
    rule = "<HR/>" if lines else ""
    label = (
        f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">{mark}'
        f'<TR><TD><B>{rich(node.name)}</B></TD></TR>{rule}{table_rows(lines, QUIET, 9)}</TABLE>>'
    )
    final = node.state.final
    fill = FILL_FINAL if final else FILL_TROUBLE if node.trouble else FILL_STATE
    look = "rounded,filled,dashed" if node.trouble and not final else "rounded,filled"
    colour = BAD if node.trouble else INK
    extra = ', peripheries=2' if final else ""
    group = ', group="happy"' if node.spine else ""
    tip = quote(node.state.brief or node.name)
    return (
        f'{quote(node.name)} [label={label}, style="{look}", fillcolor="{fill}", color="{colour}",'
        f' tooltip={tip}{extra}{group}];'
    )


def _label_lines(label: Label) -> list[str]:
    """A move that goes well: the event in bold, its guard and call, and what is raised below."""
    event = f"<B>{rich(', '.join(label.events))}&#160;</B>"
    call = f"/ {rich(label.call)}" if label.call else ""
    guard = f"[{rich(label.guard)}]" if label.guard else ""
    if guard and len(label.trigger) > WIDE:
        first, *rest = wrap(f"[{label.guard}]", 2 * WIDE)
        lines = [event + rich(first), *map(rich, rest)] + ([call] if call else [])
    else:
        lines = [event + " ".join(x for x in (guard, call) if x)]
    return lines + ([f"<I>{rich(label.ending)}</I>"] if label.ending else [])


def _failure_lines(labels: tuple[Label, ...]) -> list[str]:
    """The calls, then how they end; said once where several end alike."""
    by_ending: dict[str, list[str]] = {}
    for label in labels:
        by_ending.setdefault(label.ending, []).append(label.lines[0])
    return [
        line
        for ending, calls in by_ending.items()
        for line in (*map(rich, calls), *([f"<I>{rich(ending)}</I>"] if ending else []))
    ]


def _arrow(arrow: Arrow) -> str:
    lines = (
        _failure_lines(arrow.labels)
        if arrow.failure
        else [x for label in arrow.labels for x in _label_lines(label)]
    )
    label = '<<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="1">' + "".join(
        f'<TR><TD WIDTH="5"></TD><TD ALIGN="LEFT">{line}</TD></TR>' for line in lines) + "</TABLE>>"
    if arrow.failure:
        look = f'style="dashed", color="{BAD}", fontcolor="{BAD}", weight=1'
    elif arrow.spine:
        look = f'penwidth=2.4, color="{GOOD}", fontcolor="{GOOD}", weight=100'
    else:
        look = f'color="{INK}", fontcolor="{INK}", weight=1'
    tip = quote("; ".join(x.text for x in arrow.labels))
    return (
        f"{quote(arrow.source)} -> {quote(arrow.target)} [label={label}, {look}, tooltip={tip},"
        f" labeltooltip={tip}];"
    )


def head(name: str) -> list[str]:
    """The opening of every picture."""
    return [
        f"digraph {quote(name)} {{",
        (
            f'  graph [rankdir=TB, nodesep=0.55, ranksep=0.5, bgcolor="white", fontname="{FONT}",'
            f' tooltip={quote(name)}];'
        ),
        (
            f'  node [shape=box, margin="0.12,0.06", fontname="{FONT}", fontsize=12,'
            f' fontcolor="{INK}", penwidth=1.2];'
        ),
        f'  edge [fontname="{FONT}", fontsize=9.5, arrowsize=0.8];',
    ]


def state_diagram(manager: Manager, resource: Resource, view: View = WHOLE) -> str:
    """The states of one resource, the happy path on one vertical line, final states on the last
    rank."""
    return _text(manager, collapsed(viewed(state_graph(manager, resource), view)))


def pictured(manager: Manager, resource: Resource, view: View = WHOLE,
             also: str | None = None) -> tuple[str, str]:
    """The part of that which graphviz is given, and the states that it leaves out, as a sentence
    which the picture shows as well; "" where it has all. `also`: what has the rest, if it is not
    the files beside the picture."""
    whole = collapsed(viewed(state_graph(manager, resource), view))
    beside = f"states-{resource.name}{view.suffix}.dot, diagrams.txt and the tables have all"
    part, said = cut(laid_out(whole), whole, beside if also is None else also)
    return _text(manager, part), said


def _text(manager: Manager, graph: StateGraph) -> str:
    lines = head(f"{manager.name} {graph.resource.name}")
    if graph.note:
        said = "\n".join(wrap(graph.note, 110))
        lines.append(f'  label={quote(said)}; labelloc="t"; labeljust="l"; fontsize=11;'
                     f' fontcolor="{QUIET}";')
    lines += ["  " + line for line in _starts(graph)]
    lines += _nodes(graph)
    lines += ["  " + _arrow(arrow) for arrow in graph.arrows]
    starts = [n.name for n in graph.nodes
              if n.name == graph.resource.initial or (n.operations and not n.spine)]
    framed = {name for _, names in graph.clusters for name in names}
    if len(starts) > 1 and not framed:
        lines.append(
            "  { rank=source; " + " ".join(quote(f"start {s}") + ";" for s in starts) + " }"
        )
    finals = [n.name for n in graph.nodes if n.state.final]
    if finals:
        lines.append("  { rank=sink; " + " ".join(quote(f) + ";" for f in finals) + " }")
    return "\n".join([*lines, "}", ""])


def _nodes(graph: StateGraph) -> list[str]:
    """The states, those of a frame together."""
    by_name = {node.name: node for node in graph.nodes}
    lines = []
    for title, names in graph.clusters:
        lines += [f"  subgraph {quote('cluster ' + title)} {{",
                  f'    label={quote(title)}; labeljust="l"; style="rounded"; fontsize=11;'
                  f' color="{FRAME}"; fontcolor="{QUIET}"; tooltip={quote(title)};']
        lines += ["    " + _node(by_name.pop(name)) for name in names]
        beside = [name for name in names if name not in graph.spine]
        lines += [f"    {quote(one)} -> {quote(other)} [style=invis];"
                  for one, other in zip(beside, beside[1:])]
        lines.append("  }")
    return lines + ["  " + _node(node) for node in by_name.values()]


def _starts(graph: StateGraph) -> list[str]:
    lines = []
    for node in graph.nodes:
        if node.operations or node.name == graph.resource.initial:
            dot = quote(f"start {node.name}")
            group = ', group="happy"' if node.spine else ""
            lines.append(
                f'{dot} [shape=circle, style=filled, fillcolor="{INK}", label="", width=0.16,'
                f' margin=0{group}];'
            )
            label = quote("\n".join(f" {name}" for name in node.operations))
            weight = 100 if node.spine else 1
            lines.append(
                f'{dot} -> {quote(node.name)} [label={label}, color="{INK}", fontcolor="{QUIET}",'
                f' weight={weight}];'
            )
    return lines
