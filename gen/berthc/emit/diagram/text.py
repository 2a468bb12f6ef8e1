"""State diagrams as plain ASCII boxes that fit a source comment.

The happy path is one column of boxes; what leaves it to the side is listed between two boxes,
dotted where a call has failed. The states beside the path follow, then the final ones.
"""
from __future__ import annotations

from berthc.model import Manager, Resource

from berthc.emit.diagram.graph import Arrow, Node, StateGraph, state_graph
from berthc.emit.diagram.large import WHOLE, View, viewed
from berthc.emit.diagram.notes import node_lines
from berthc.emit.diagram.style import wrap

WIDTH = 76
KEY = (
    "--> goes well   ..> a failure leads there   :dots: a state of failure   =double= final"
)


def plain(words: str) -> str:
    """ASCII that cannot end a C comment."""
    ascii_words = (
        words.replace("→", "->").replace("×", "x").encode("ascii", "replace").decode("ascii")
    )
    return ascii_words.replace("*/", "* /").replace("/*", "/ *")


def _frame(node: Node) -> tuple[str, str]:
    """The horizontal and the vertical line of a box."""
    if node.state.final:
        return "=", "|"
    return (".", ":") if node.trouble else ("-", "|")


def _box(node: Node, width: int) -> list[str]:
    """A box around the name; beside it what does not leave the state."""
    across, down = _frame(node)
    name = _fit(node.name, width // 2)
    edge = "+" + across * (len(name) + 2) + "+"
    marks = ["resident"] if node.state.resident else []
    notes = [
        part for line in marks + node_lines(node) for part in wrap(line, width - len(edge) - 2)
    ]
    rows = [edge, f"{down} {name} {down}", edge]
    first = 1 if len(notes) == 1 else 0
    while len(rows) < len(notes) + first:
        rows.append(" " * len(edge))
    return [
        row + ("  " + notes[n - first] if first <= n < len(notes) + first else "")
        for n, row in enumerate(rows)
    ]


def _fit(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 2] + ".."


def _exits(arrows: list[Arrow], width: int) -> list[str]:
    """`   +..> failed   vm.add_disk fails`, the causes in one column."""
    column = max((len(_fit(a.target, width // 3)) for a in arrows), default=0)
    lines = []
    for arrow in arrows:
        head = (
            f"   +{'..' if arrow.failure else '--'}> {_fit(arrow.target, width // 3):<{column}}  "
        )
        texts = [" ".join(x.lines) if x.outcomes else x.text for x in arrow.labels]
        parts = [part for text in texts for part in wrap(text, width - len(head))]
        lines += [
            (head if n == 0 else "   |" + " " * (len(head) - 4)) + part
            for n, part in enumerate(parts)
        ]
    return lines


def _start(node: Node, width: int) -> list[str]:
    names = wrap(", ".join(node.operations), width - 6)
    return [f"   o  {names[0]}".rstrip(), *("      " + name for name in names[1:]), "   |", "   v"]


def _below(arrow: Arrow, width: int) -> list[str]:
    """The step of the happy path to the next box."""
    lines = [part for label in arrow.labels for part in wrap(label.text, width - 6)]
    return ["   |", *("   |  " + line for line in lines), "   v"]


def _path(graph: StateGraph, nodes: dict[str, Node], width: int) -> list[str]:
    lines = _start(nodes[graph.column[0]], width) if graph.column else []
    for name, following in zip(graph.column, (*graph.column[1:], "")):
        lines += _box(nodes[name], width)
        leaving = graph.leaving(name)
        below = [a for a in leaving if a.spine and a.target == following]
        side = [a for a in leaving if a not in below]
        if side:
            lines += ["   |", *_exits(side, width)]
        for arrow in below:
            lines += _below(arrow, width)
    return lines


def _beside(graph: StateGraph, node: Node, width: int) -> list[str]:
    lines = _start(node, width) if node.operations else []
    lines += _box(node, width)
    exits = _exits(list(graph.leaving(node.name)), width)
    return [*lines, *(["   |"] if exits else []), *exits]


def state_diagram(manager: Manager, resource: Resource, width: int = WIDTH,
                  view: View = WHOLE) -> str:
    """The states of one resource; no line is longer than `width`, and none ends in a blank."""
    graph = viewed(state_graph(manager, resource), view)
    nodes = {node.name: node for node in graph.nodes}
    blocks = [wrap(graph.note, width)] if graph.note else []
    blocks += [_path(graph, nodes, width)] if graph.column else []
    blocks += [_beside(graph, node, width) for node in graph.nodes
               if node.name not in graph.column]
    return "\n".join("\n".join(plain(line).rstrip() for line in [*block, ""]) for block in blocks)
