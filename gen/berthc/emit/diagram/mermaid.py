"""Mermaid: every diagram in the form that Markdown viewers draw themselves.

Ids are made here (`s_`, `p_`, `n_` and a name), so that no word of a spec meets a keyword of
Mermaid; what a reader sees is text, with the characters that Mermaid takes for syntax written as
entities.
"""
from __future__ import annotations

from berthc.model import Manager, Resource

from berthc.emit.diagram.graph import Arrow, Node, StateGraph, state_graph
from berthc.emit.diagram.large import PART, WHOLE, View, collapsed, cut, first, laid_out, viewed
from berthc.emit.diagram.notes import node_lines
from berthc.emit.diagram.ownership import Box, ownership
from berthc.emit.diagram.sequence import Kind, Message, Sequence
from berthc.emit.diagram.style import BAD, FILL_FINAL, FILL_STATE, FILL_TROUBLE, INK

_ENTITIES = {
    "#": "#35;",
    ";": "#59;",
    ":": "#58;",
    '"': "#quot;",
    "<": "#lt;",
    ">": "#gt;",
    "%": "#37;",
    "|": "#124;",
    "`": "#96;",
    "{": "#123;",
    "}": "#125;",
    "\\": "#92;",
    "*": "#42;",
}
LEGEND = (
    "In state diagrams the arrows with bold words are the happy path. A dashed box is a state of"
    " failure, a thick one a final state. The lines in a box are the events that do"
    " not leave it, and the texts of arrows without one. In sequences a cross ends what is no"
    " success."
)


def text(words: str) -> str:
    """The words, with nothing left that Mermaid would read as syntax; one line."""
    return "".join(_ENTITIES.get(c, c) for c in " ".join(words.split()))


def _id(prefix: str, name: str) -> str:
    """An id from a name of a spec; dots become two underscores."""
    return f"{prefix}_" + name.replace(".", "__").replace(" ", "_")


def _returns(graph: StateGraph) -> frozenset[tuple[str, str]]:
    """Arrows against another one, away from the happy path: Mermaid would lay their labels over
    each other.

    Their arrow has no label; its text is a line in the box that it leaves.
    """
    ends = {(a.source, a.target) for a in graph.arrows}
    order = [node.name for node in graph.nodes]
    return frozenset((s, t) for s, t in ends if (t, s) in ends and order.index(t) < order.index(s))


def _state(node: Node, returning: list[Arrow]) -> str:
    title = node.name + (" (resident)" if node.state.resident else "")
    lines = node_lines(node) + [
        f"{label.text}: {arrow.target}" for arrow in returning for label in arrow.labels
    ]
    label = "<br/>".join([f"<b>{text(title)}</b>", *map(text, lines)])
    return f'state "{label}" as {_id("s", node.name)}'


def _move(arrow: Arrow, returning: bool) -> str:
    """An arrow; the happy path is in bold."""
    line = f"{_id('s', arrow.source)} --> {_id('s', arrow.target)}"
    if returning:
        return line
    parts = ["<br/>".join(map(text, label.lines)) for label in arrow.labels]
    if arrow.spine:
        parts = [f"<b>{part}</b>" for part in parts]
    return f"{line} : {'<br/>'.join(parts)}"


def _start(node: Node) -> str:
    made = " : " + "<br/>".join(map(text, node.operations)) if node.operations else ""
    return f"[*] --> {_id('s', node.name)}{made}"


MOST_LETTERS = 45_000  # of one diagram; viewers of Mermaid take 50,000


def state_diagram(manager: Manager, resource: Resource, view: View = WHOLE) -> str:
    """The states of one resource, or those of a view."""
    return pictured(manager, resource, view)[0]


def pictured(manager: Manager, resource: Resource, view: View = WHOLE) -> tuple[str, str]:
    """The diagram, and what it leaves out; "" for nothing."""
    whole = collapsed(viewed(state_graph(manager, resource), view))
    graph = laid_out(whole)
    states = len(graph.nodes)
    while True:
        shown = _text(resource, graph)
        if len(shown) <= MOST_LETTERS or states < 2:
            said = cut(graph, whole, f"diagrams.txt and states-{resource.name}.dot have all")[0]
            return shown, said.note
        states = min(PART, states * 3 // 4)
        graph = first(whole, states)


def _text(resource: Resource, graph: StateGraph) -> str:
    returns = _returns(graph)
    lines = ["stateDiagram-v2", "    direction TB"]
    lines.append(
        f"    classDef trouble fill:{FILL_TROUBLE},stroke:{BAD},stroke-dasharray:5 3,color:{INK}"
    )
    lines.append(f"    classDef usual fill:{FILL_STATE},stroke:{INK},color:{INK}")
    lines.append(f"    classDef last fill:{FILL_FINAL},stroke:{INK},stroke-width:3px,color:{INK}")
    for node in graph.nodes:
        lines.append(
            "    "
            + _state(node, [a for a in graph.leaving(node.name) if (a.source, a.target) in returns])
        )
    starts = [n for n in graph.nodes if n.operations or n.name == resource.initial]
    lines += ["    " + _start(n) for n in starts if n.spine]
    lines += [
        "    " + _move(a, (a.source, a.target) in returns)
        for a in sorted(graph.arrows, key=lambda a: not a.spine)
    ]
    lines += ["    " + _start(n) for n in starts if not n.spine]
    for node in graph.nodes:
        if node.state.final:
            lines.append(f"    {_id('s', node.name)} --> [*]")
    for node in graph.nodes:
        look = "last" if node.state.final else "trouble" if node.trouble else "usual"
        lines.append(f"    class {_id('s', node.name)} {look}")
    return "\n".join([*lines, ""])


def _message(message: Message, caller: str, manager: str) -> str:
    group = _id("p", "hooks." + message.group)
    words = text(message.text)
    if message.kind is Kind.REQUEST:
        return f"{caller}->>{manager}: {words}"
    if message.kind is Kind.REPLY:
        return f"{manager}-{'-x' if message.bad else '->>'}{caller}: {words}"
    if message.kind is Kind.CALL:
        return f"{manager}->>{group}: {words}"
    if message.kind is Kind.ANSWER:
        return f"{group}-{'-x' if message.bad else '->>'}{manager}: {words}"
    return f"Note over {manager}: {words}"


def sequence_diagram(sequence: Sequence) -> str:
    """One run of an operation; what went wrong ends in a cross."""
    caller, manager, *groups = sequence.participants
    lines = [
        "sequenceDiagram",
        f"    participant p_caller as {text(caller)}",
        f"    participant p_manager as {text(manager)}",
    ]
    lines += [f"    participant {_id('p', 'hooks.' + g)} as {text('backend ' + g)}" for g in groups]
    lines += ["    " + _message(m, "p_caller", "p_manager") for m in sequence.messages]
    return "\n".join([*lines, ""])


_SHAPE = {
    "caller": ('(["', '"])'),
    "reservation": ('>"', '"]'),
    "resource": ('["', '"]'),
    "store": ('[("', '")]'),
    "hooks": ('[["', '"]]'),
}
_LINE = {"holds": ("==", "==>"), "asks": ("--", "-->"), "calls": ("-.", ".->")}


def _box(box: Box) -> str:
    left, right = _SHAPE[box.kind]
    return (
        _id("n", box.id)
        + left
        + "<br/>".join([f"<b>{text(box.title)}</b>", *map(text, box.lines)])
        + right
    )


def ownership_diagram(manager: Manager) -> str:
    """Thick arrows hold, dashed ones call the backend."""
    picture = ownership(manager)
    lines = ["flowchart TB", *("    " + _box(box) for box in picture.boxes)]
    for link in picture.links:
        start, end = _LINE[link.kind]
        label = "<br/>".join(map(text, link.label.split("\n")))
        lines.append(f'    {_id("n", link.source)} {start} "{label}" {end} {_id("n", link.target)}')
    return "\n".join([*lines, ""])


def fence(diagram: str) -> str:
    """A diagram as Markdown."""
    return f"```mermaid\n{diagram}```\n"
