"""Pictures in the page: the SVG of emit/diagram, so that a click on a state or an arrow finds its
rows.

Colours stay as emit/diagram gives them; the page's style sheet maps them to its own, for the dark
mode. Ids go, because one page has many pictures; each state and arrow gets `data-` members instead.
"""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree as Xml

from markupsafe import Markup

from berthc.emit.diagram.graph import state_graph
from berthc.emit.diagram.life import FAILURES
from berthc.emit.diagram.style import BAD
from berthc.emit.html.tables import row_ids
from berthc.model import Manager, Resource

_SVG = "http://www.w3.org/2000/svg"
_LINK = "http://www.w3.org/1999/xlink"
_DIGEST = re.compile(r"<!-- made from \S+, sha256 [0-9a-f]{64} -->")
SCALE = 1.2  # pixels for each unit of a picture: the smallest letters are then 11 pixels high


Ends = dict[tuple[str, str, bool], list[tuple[str, str]]]


def arrows(manager: Manager, resource: Resource) -> Ends:
    """The rows of each arrow with their outcomes. An arrow is known by where it begins and ends,
    and by whether it is drawn as a failure."""
    ids = row_ids(resource)
    failures = {n.name for n in state_graph(manager, resource).nodes if n.trouble}
    found: Ends = {}
    for state in resource.states:
        for row in state.rows:
            for outcome, target in row.targets():
                drawn = outcome in FAILURES or (
                    target.state in failures and state.name not in failures)
                found.setdefault((state.name, target.state, drawn), []).append(
                    (ids[id(row)], outcome))
    return found


def states_picture(svg: str, manager: Manager, resource: Resource, label: str) -> Markup:
    """A state diagram whose states and arrows can be chosen."""
    root = Xml.fromstring(svg)
    ends = arrows(manager, resource)
    names = {state.name: state for state in resource.states}
    for group in [g for g in root.iter(f"{{{_SVG}}}g") if g.get("class") in ("node", "edge")]:
        title = "".join(t.text or "" for t in group.findall(f"{{{_SVG}}}title"))
        source, arrow, target = title.partition("->")
        failure = any(part.get("stroke") == BAD for part in group.iter())
        if group.get("class") == "node" and title in names:
            state = names[title]
            _choosable(group, "a state", {"data-state": f"{resource.name}.{title}"})
            if title == resource.initial:
                group.set("data-initial", "")
            _tooltip(group, state.brief)
        elif arrow and (source, target, failure) in ends:
            here = ends[source, target, failure]
            said = next((a.get(f"{{{_LINK}}}title") for a in group.iter(f"{{{_SVG}}}a")), None)
            _choosable(group, f"from {source} to {target}", {
                "data-rows": " ".join(dict.fromkeys(row for row, _ in here)),
                "data-ends": " ".join(f"{row}:{outcome}" for row, outcome in here)})
            _tooltip(group, said or "")
        else:
            _tooltip(group, "")
    root.set("role", "group")
    root.set("data-picture", resource.name)
    return _inlined(root, svg, label)


def plain_picture(svg: str, label: str) -> Markup:
    """Any other picture."""
    root = Xml.fromstring(svg)
    root.set("role", "img")
    return _inlined(root, svg, label)


def _choosable(group: Xml.Element, label: str, data: Mapping[str, str]) -> None:
    """Makes a button of a group. Its name is what can be read in it, and what it is."""
    words = [" ".join((part.text or "").split()) for part in group.iter(f"{{{_SVG}}}text")]
    for name, value in {"role": "button", "tabindex": "-1", "aria-pressed": "false",
                        "aria-label": ", ".join([" ".join(words), label]), **data}.items():
        group.set(name, value)


def _tooltip(group: Xml.Element, words: str) -> None:
    for title in group.findall(f"{{{_SVG}}}title"):
        group.remove(title)
    if words:
        title = Xml.Element(f"{{{_SVG}}}title")
        title.text = words
        group.insert(0, title)


def _inlined(root: Xml.Element, svg: str, label: str) -> Markup:
    for title in root.findall(f"{{{_SVG}}}title"):
        root.remove(title)
    for graph in root.iter(f"{{{_SVG}}}g"):
        if graph.get("class") == "graph":
            _tooltip(graph, "")
            _without_background(graph)
    _unwrap_links(root)
    for part in root.iter():
        part.attrib.pop("id", None)
        part.attrib.pop("font-family", None)
    width = float((root.get("viewBox") or "0 0 0 0").split()[2])
    root.attrib.pop("height", None)
    root.set("width", f"{width * SCALE:.0f}")
    root.set("aria-label", label)
    Xml.register_namespace("", _SVG)
    text = Xml.tostring(root, encoding="unicode").replace(f' xmlns="{_SVG}"', "")
    text = re.sub(r' xmlns:\w+="[^"]*"', "", text)
    digest = _DIGEST.search(svg)
    return Markup(f"{digest[0] if digest else ''}{text}")


def _without_background(graph: Xml.Element) -> None:
    """The white sheet behind a picture: the page has its own. Frames are white, too, and stay."""
    for parent in list(graph.iter()):
        for part in list(parent):
            if part.get("fill") != "white":
                continue
            if part.get("stroke") in ("transparent", "none"):
                parent.remove(part)
            else:
                part.set("fill", "none")


def _unwrap_links(root: Xml.Element) -> None:
    """Graphviz makes a link of what has a tooltip, and it leads nowhere."""
    for parent in list(root.iter()):
        parts: list[Xml.Element] = []
        for part in list(parent):
            parts += list(_unwrapped(part))
        parent[:] = parts


def _unwrapped(part: Xml.Element) -> Iterator[Xml.Element]:
    if part.tag != f"{{{_SVG}}}a":
        yield part
        return
    for inner in part:
        yield from _unwrapped(inner)
