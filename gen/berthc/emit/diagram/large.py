"""What a picture of a large table shows, and what it says of the rest.

`viewed` keeps what the reader asks for: some arrows, or the neighbourhood of a state. `collapsed`
makes a large graph readable: an arrow that leads to a failure, or to a state that many lead to, is
a line in the box that it leaves, long lists are counted, and states whose names begin alike stand
in one frame. `laid_out` is the part that graphviz and Mermaid can draw. Each says in `note` what it
left out.
"""
from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from berthc.emit.diagram.graph import Arrow, Label, StateGraph
from berthc.emit.diagram.notes import exit_text

EDGES = ("all", "happy", "failures")


@dataclass(frozen=True)
class View:
    """What the reader asks for: arrows of one kind, and states at most `depth` arrows from `focus`
    ("": all states)."""

    edges: str = "all"
    focus: str = ""
    depth: int = 1

    @property
    def is_whole(self) -> bool:
        return self.edges == "all" and not self.focus

    @property
    def suffix(self) -> str:
        """What file names say of it."""
        near = f"-near-{self.focus}" if self.focus else ""
        far = f"-{self.depth}" if self.focus and self.depth != 1 else ""
        return near + far + (f"-{self.edges}" if self.edges != "all" else "")


WHOLE = View()


def viewed(graph: StateGraph, view: View) -> StateGraph:
    """What the view shows of a graph."""
    shown = _near(_of_kind(graph, view.edges), view.focus, view.depth) if view.focus else _of_kind(
        graph, view.edges)
    if view.is_whole:
        return graph
    words = {"all": "", "happy": "only the happy path", "failures": "only what failures do"}
    parts = [words[view.edges]] if words[view.edges] else []
    if view.focus:
        parts.append(f"only {_count(view.depth, 'step')} around {view.focus}")
    return replace(shown, note=", ".join(parts) + ": " + _part_of(shown, graph))


def _of_kind(graph: StateGraph, edges: str) -> StateGraph:
    if edges == "all":
        return graph
    if edges == "happy":
        arrows = tuple(a for a in graph.arrows if a.spine)
        nodes = tuple(replace(n, stays=(), rejects=()) for n in graph.nodes if n.spine)
        return replace(graph, nodes=nodes, arrows=arrows)
    arrows = tuple(replace(a, spine=False) for a in graph.arrows if a.failure)
    ends = {name for a in arrows for name in (a.source, a.target)}
    nodes = tuple(
        replace(n, stays=tuple(x for x in n.stays if x.outcomes), rejects=(), spine=False)
        for n in graph.nodes if n.name in ends or n.trouble)
    return replace(graph, nodes=nodes, arrows=arrows, spine=())


def _near(graph: StateGraph, focus: str, depth: int) -> StateGraph:
    """The states at most `depth` arrows away, in either direction, and the arrows between them; of
    others a box tells how many it has."""
    near: dict[str, set[str]] = {}
    for arrow in graph.arrows:
        near.setdefault(arrow.source, set()).add(arrow.target)
        near.setdefault(arrow.target, set()).add(arrow.source)
    shown = edge = {focus}
    for _ in range(depth):
        edge = {name for one in edge for name in near.get(one, ())} - shown
        if not edge:
            break
        shown = shown | edge
    part = _only(graph, shown)
    missing = Counter(name for a in graph.arrows if not {a.source, a.target} <= shown
                      for name in (a.source, a.target) if name in shown)
    return replace(part, nodes=tuple(
        replace(n, exits=(*n.exits, _count(missing[n.name], 'more arrow')))
        if missing[n.name] else n for n in part.nodes))


def _only(graph: StateGraph, shown: set[str]) -> StateGraph:
    return replace(
        graph,
        nodes=tuple(n for n in graph.nodes if n.name in shown),
        arrows=tuple(a for a in graph.arrows if {a.source, a.target} <= shown),
        spine=tuple(name for name in graph.spine if name in shown),
        clusters=tuple((title, kept) for title, names in graph.clusters
                       if len(kept := tuple(n for n in names if n in shown)) > 1))


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _part_of(part: StateGraph, whole: StateGraph) -> str:
    return (f"{len(part.nodes)} of {_count(len(whole.nodes), 'state')} and {len(part.arrows)} of "
            f"{_count(len(whole.arrows), 'arrow')}")


MANY_STATES = 20
MANY_ARROWS = 60
"""Beyond one of them a graph is large."""
MANY_WAYS = 4  # into one state
MANY_EVENTS = 4  # in one list
MANY_EXITS = 8  # lines about arrows in one box
LEAST_CLUSTER = 3  # states


def collapsed(graph: StateGraph) -> StateGraph:
    """A graph that is large, made readable; others stay as they are."""
    if len(graph.nodes) <= MANY_STATES and len(graph.arrows) <= MANY_ARROWS:
        return graph
    # at both ends of the happy path an arrow is clear; beside it only some are
    ways = Counter(a.target for a in graph.arrows if not a.spine and not a.failure)
    lines: dict[str, list[Arrow]] = {}
    drawn = []
    for arrow in graph.arrows:
        if not arrow.spine and (arrow.failure or ways[arrow.target] > MANY_WAYS):
            lines.setdefault(arrow.source, []).append(arrow)
        else:
            drawn.append(replace(arrow, labels=_fewer(arrow.labels)))
    into = Counter(a.target for some in lines.values() for a in some)
    nodes = []
    for node in graph.nodes:
        exits = [exit_text(replace(arrow, labels=_fewer(arrow.labels)))
                 for arrow in lines.get(node.name, ())]
        if len(exits) > MANY_EXITS + 1:
            exits[MANY_EXITS:] = [f"→ {_count(len(exits) - MANY_EXITS, 'more state')}"]
        if into[node.name]:
            exits.append(f"entered from {_count(into[node.name], 'state')}")
        nodes.append(replace(node, stays=_fewer(node.stays), rejects=_fewer(node.rejects),
                             exits=(*exits, *node.exits)))
    moved = sum(into.values())
    note = (f"{_count(moved, 'arrow')} to failures and to states that many lead to: a line each, "
            "in the box that it leaves" if moved else "")
    return replace(graph, nodes=tuple(nodes), arrows=tuple(drawn), clusters=_clusters(graph),
                   note="; ".join(part for part in (graph.note, note) if part))


def _fewer(labels: tuple[Label, ...]) -> tuple[Label, ...]:
    """The same with long lists of events counted."""
    return tuple(
        replace(x, events=(*x.events[:MANY_EVENTS - 1],
                           f"{len(x.events) - MANY_EVENTS + 1} more"))
        if len(x.events) > MANY_EVENTS + 1 else x for x in labels)


def _clusters(graph: StateGraph) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Frames of states whose names begin with the same word; none where one would have all."""
    by_word: dict[str, list[str]] = {}
    for node in graph.nodes:
        word, sign, _ = node.name.partition("_")
        if sign and not node.state.final:
            by_word.setdefault(word, []).append(node.name)
    found = tuple((word, tuple(names)) for word, names in by_word.items()
                  if len(names) >= LEAST_CLUSTER)
    return found if len(found) > 1 else ()


MOST_STATES = 100
MOST_ARROWS = 250
"""What graphviz lays out in seconds."""
PART = 50  # states of a picture that cannot show all: more of them tell a reader nothing more


def laid_out(graph: StateGraph) -> StateGraph:
    """The first states of a graph, whole frames of them, and the arrows between them; all where a
    picture can show them."""
    if len(graph.nodes) <= MOST_STATES and len(graph.arrows) <= MOST_ARROWS:
        return graph
    return first(graph, PART)


def first(graph: StateGraph, states: int) -> StateGraph:
    """So many states, with no more arrows than a picture can show."""
    frame = {name: names for _, names in graph.clusters for name in names}
    order = list(dict.fromkeys(
        name for node in graph.nodes for name in frame.get(node.name, (node.name,))))
    place = {name: n for n, name in enumerate(order)}
    arrows_up_to = [0] * len(order)  # how many arrows a state has with those before it
    for arrow in graph.arrows:
        arrows_up_to[max(place[arrow.source], place[arrow.target])] += 1
    most = drawn = 0
    while most < min(states, len(order)) and drawn + arrows_up_to[most] <= MOST_ARROWS:
        drawn += arrows_up_to[most]
        most += 1
    return _only(graph, set(order[:most]))


def cut(graph: StateGraph, whole: StateGraph, also: str) -> tuple[StateGraph, str]:
    """A part with a note, and that note; "" where it is all of the whole. `also`: what has the
    rest."""
    if len(graph.nodes) == len(whole.nodes) and len(graph.arrows) == len(whole.arrows):
        return graph, ""
    said = f"the picture has {_part_of(graph, whole)}: {also}"
    return replace(graph, note="; ".join(x for x in (said, graph.note) if x)), said
