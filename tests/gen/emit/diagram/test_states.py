"""State diagrams: nothing of the table is lost, the happy path is the one people mean, every form
escapes what it must."""
from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from diagram_support import LANTERN, SPECS, made_of, spec

from berthc.emit.diagram import dot, mermaid, text
from berthc.emit.diagram.graph import Label, StateGraph, state_graph
from berthc.model import Manager, Resource

RESOURCES = [(path, r.name) for path in SPECS for r in spec(path).resources]


def graph(path: str, resource: str) -> StateGraph:
    return state_graph(spec(path), spec(path).resource(resource))


def labels_of(drawn: StateGraph) -> list[tuple[str, str, Label]]:
    """(state, state after, label) of everything in the picture, inside boxes and on arrows."""
    inside = [(n.name, n.name, x) for n in drawn.nodes for x in n.stays + n.rejects]
    return inside + [(a.source, a.target, x) for a in drawn.arrows for x in a.labels]


@pytest.mark.parametrize(("path", "resource"), RESOURCES)
def test_every_row_and_outcome_is_in_the_graph_once(path: str, resource: str) -> None:
    drawn = labels_of(graph(path, resource))
    reported = [
        (s, t, e, x.call, o, x.error, x.raises)
        for s, t, x in drawn
        for e in x.events
        for o in (x.outcomes or ("",))
    ]
    words = {
        "ok": "",
        "fail": "fails",
        "uncertain": "uncertain",
        "yes": "yes",
        "no": "no",
        "unknown": "cannot tell",
    }
    wanted = []
    for state in spec(path).resource(resource).states:
        for row in state.rows:
            if row.reject is not None:
                wanted.append((state.name, state.name, row.event, "", "", row.reject, ""))
            for outcome, target in row.targets():
                wanted.append(
                    (
                        state.name,
                        target.state,
                        row.event,
                        row.hook or "",
                        words[outcome],
                        "",
                        target.raise_event or "",
                    )
                )
    assert sorted(reported) == sorted(wanted)


@pytest.mark.parametrize(("path", "resource", "wanted"), [
    ("spec/plan9.yaml", "share", ("pending", "added", "removed")),
    ("spec/plan9_mount.yaml", "mount", ("reserved", "mounted", "unmounted")),
    ("spec/vpci.yaml", "device", ("reserved", "assigned", "ready", "removed")),
    ("spec/scsi.yaml", "disk", ("reserved", "attached", "ejected", "detached")),
])
def test_happy_path(path: str, resource: str, wanted: tuple[str, ...]) -> None:
    assert graph(path, resource).spine == wanted


def test_trouble_is_what_only_failures_lead_to() -> None:
    assert [n.name for n in graph("spec/scsi.yaml", "disk").nodes if n.trouble] == [
        "failed",
        "suspect",
        "leaving",
    ]
    assert [n.name for n in graph("spec/vpci.yaml", "device").nodes if n.trouble] == [
        "assigned_invalid",
        "suspect",
        "failed",
    ]
    assert [n.name for n in graph("spec/plan9.yaml", "share").nodes if n.trouble] == [
        "leaving",
        "suspect",
        "invalid",
    ]


def test_failed_and_uncertain_calls_with_one_target_are_one_arrow() -> None:
    arrow = next(
        a
        for a in graph("spec/vpci.yaml", "device").arrows
        if (a.source, a.target) == ("assigned", "assigned_invalid")
    )
    assert arrow.failure and [x.text for x in arrow.labels] == [
        "announce / guest.add_vpci_device fails or uncertain"
    ]


def test_a_call_of_several_rows_says_which_row_it_was() -> None:
    smoking = next(n for n in graph(LANTERN, "lamp").nodes if n.name == "smoking")
    assert [(x.trigger, x.obvious) for x in smoking.stays] == [
        ("cool, release / hand.douse", False)
    ]


def test_operations_that_make_an_instance_point_at_its_first_state() -> None:
    made = {n.name: n.operations for n in graph("spec/scsi.yaml", "disk").nodes if n.operations}
    assert made == {"reserved": ("reserve",), "boot": ("reserve_for_rootfs",)}


@pytest.mark.parametrize(("path", "resource"), RESOURCES)
def test_text_fits_a_source_comment_and_has_every_state_once(path: str, resource: str) -> None:
    drawn = text.state_diagram(spec(path), spec(path).resource(resource))
    assert drawn.isascii() and "*/" not in drawn and drawn.endswith("\n")
    assert max(map(len, drawn.splitlines())) <= 76
    for state in spec(path).resource(resource).states:
        boxes = re.findall(rf"^[|:] {state.name} [|:]", drawn, re.MULTILINE)
        assert len(boxes) == 1, state.name


def test_text_of_a_known_state() -> None:
    drawn = text.state_diagram(spec("spec/scsi.yaml"), spec("spec/scsi.yaml").resource("disk"))
    assert drawn.startswith("""\
   o  reserve
   |
   v
+----------+
| reserved |  claim: stay
+----------+
   |
   +--> detached  detach
   +..> failed    vm.add_disk fails
   +..> suspect   vm.add_disk uncertain
   |
   |  attach / vm.add_disk
   v
+----------+  claim, attach: stay
| attached |  guest.eject fails: stay
+----------+
""")


@pytest.mark.parametrize("width", [40, 60, 100])
def test_text_keeps_to_any_width(width: int) -> None:
    drawn = text.state_diagram(spec(SPECS[4]), spec(SPECS[4]).resource("burner"), width)
    assert max(map(len, drawn.splitlines())) <= width


@pytest.mark.parametrize(("path", "resource"), RESOURCES)
def test_dot_has_every_state_and_arrow_once(path: str, resource: str) -> None:
    drawn, shown = graph(path, resource), dot.state_diagram(
        spec(path), spec(path).resource(resource)
    )
    for node in drawn.nodes:
        assert len(re.findall(rf'^  "{node.name}" \[', shown, re.MULTILINE)) == 1
    arrows = re.findall(r'^  "(\w+)" -> "(\w+)" \[(.*)\];$', shown, re.MULTILINE)
    assert sorted((s, t) for s, t, _ in arrows) == sorted(
        (a.source, a.target) for a in drawn.arrows
    )
    looks = {(s, t, "dashed" in look, "penwidth=2.4" in look) for s, t, look in arrows}
    assert looks == {(a.source, a.target, a.failure, a.spine) for a in drawn.arrows}
    for state in (n.state for n in drawn.nodes if n.state.final):
        assert re.search(rf'^  "{state.name}" \[.*peripheries=2', shown, re.MULTILINE)


@pytest.mark.parametrize(("path", "resource"), RESOURCES)
def test_mermaid_has_every_state_and_arrow_once(path: str, resource: str) -> None:
    drawn, shown = graph(path, resource), mermaid.state_diagram(
        spec(path), spec(path).resource(resource)
    )
    assert shown.startswith("stateDiagram-v2\n    direction TB\n")
    for node in drawn.nodes:
        assert (
            len(
                re.findall(
                    rf'^    state "<b>{node.name}\b.*" as s_{node.name}$', shown, re.MULTILINE
                )
            )
            == 1
        )
        assert (f"    s_{node.name} --> [*]\n" in shown) == node.state.final
    arrows = re.findall(r"^    s_(\w+) --> s_(\w+)(?: : .+)?$", shown, re.MULTILINE)
    assert sorted(arrows) == sorted((a.source, a.target) for a in drawn.arrows)


@pytest.mark.parametrize(("path", "resource"), RESOURCES)
def test_every_hook_of_the_table_is_named_in_every_form(path: str, resource: str) -> None:
    manager = spec(path)
    what = manager.resource(resource)
    for form in (text.state_diagram, dot.state_diagram, mermaid.state_diagram):
        words = form(manager, what)
        for call in {row.call for s in what.states for row in s.rows if row.call}:
            assert call in words, (form.__module__, call)


def hostile() -> tuple[Manager, Resource]:
    """The lantern with a state whose brief and guard hold what each form could take for syntax."""
    manager = spec(LANTERN)
    lamp = manager.resource("lamp")
    nasty = 'a "b" <c> & {d} | e; f: g # h % i `j` */ \\ k'
    rows = tuple(
        replace(r, guard=replace(r.guard, text=nasty)) if r.guard is not None else r
        for r in lamp.states[0].rows
    )
    states = (replace(lamp.states[0], brief=nasty, rows=rows), *lamp.states[1:])
    changed = replace(lamp, states=states)
    return replace(manager, resources=(changed,)), changed


def test_dot_escapes() -> None:
    shown = dot.state_diagram(*hostile())
    assert 'tooltip="a \\"b\\" <c> & {d} | e; f: g # h % i `j` */ \\\\ k"' in shown
    label = re.search(r'"dark" -> "lit" \[label=<(.*?)>, penwidth', shown)
    assert label is not None and "<c>" not in label.group(1)
    assert 'a "b" <c> & {d}' in html.unescape(re.sub(r"<[^>]*>", "", label.group(1)))


def test_mermaid_escapes() -> None:
    shown = mermaid.state_diagram(*hostile())
    assert (
        "#quot;b#quot; #lt;c#gt; & #123;d#125; #124; e#59; f#58; g #35; h #37; i #96;j#96;" in shown
    )
    assert mermaid.text("two\nlines") == "two lines"


def test_text_cannot_end_a_comment() -> None:
    shown = text.state_diagram(*hostile())
    assert "*/" not in shown and "* /" in shown


def test_a_resource_that_never_ends_has_a_path_too() -> None:
    manager = made_of("""\
berth: 1
manager: m
brief: Lives for ever.
resources:
  thing:
    brief: A thing.
    key: [k]
    fields: {k: {type: string, brief: Key.}}
    initial: here
    states:
      here: {brief: It is here., resident: true, on: {poke: stay}}
operations:
  poke: {brief: Poke it., obtain: [thing], do: [thing.poke]}
""")
    assert graph_of(manager).spine == ("here",)
    assert text.state_diagram(manager, manager.resource("thing")) == """\
   o  poke
   |
   v
+------+  resident
| here |  poke: stay
+------+
"""


def graph_of(manager: Manager) -> StateGraph:
    return state_graph(manager, manager.resources[0])
