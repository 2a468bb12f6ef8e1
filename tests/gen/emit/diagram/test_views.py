"""Views of states: arrows of one kind, and the neighbourhood of a state, in every form."""
from __future__ import annotations

import re

import pytest
from command_line import ROOT, berthc
from diagram_support import NO_GRAPHVIZ, quiet, spec

from berthc.emit import diagram
from berthc.emit.diagram import Choice, View, dot, mermaid, text
from berthc.emit.diagram.graph import StateGraph, state_graph
from berthc.emit.diagram.large import viewed

SCSI = "spec/scsi.yaml"
PATH = str(ROOT / SCSI)


def disk(view: View = View()) -> StateGraph:
    manager = spec(SCSI)
    return viewed(state_graph(manager, manager.resource("disk")), view)


def names(graph: StateGraph) -> list[str]:
    return [node.name for node in graph.nodes]


def test_the_happy_path_alone() -> None:
    happy = disk(View("happy"))
    assert names(happy) == ["reserved", "attached", "ejected", "detached"]
    assert len(happy.arrows) == 3 and all(a.spine for a in happy.arrows)
    assert happy.note == "only the happy path: 4 of 8 states and 3 of 12 arrows"


def test_failures_alone() -> None:
    failures = disk(View("failures"))
    whole = disk()
    assert failures.arrows and all(a.failure for a in failures.arrows)
    assert len(failures.arrows) == sum(a.failure for a in whole.arrows)
    assert set(names(failures)) == {n for a in failures.arrows for n in (a.source, a.target)}
    assert not any(n.rejects or any(not x.outcomes for x in n.stays) for n in failures.nodes)


@pytest.mark.parametrize("depth", [0, 1, 2, 10 ** 20])
def test_what_is_near_a_state(depth: int) -> None:
    near, whole = disk(View(focus="attached", depth=depth)), disk()
    far = {"attached": 0}
    for step in range(1, min(depth, len(whole.nodes)) + 1):
        for arrow in whole.arrows:
            for one, other in ((arrow.source, arrow.target), (arrow.target, arrow.source)):
                if far.get(one) == step - 1:
                    far.setdefault(other, step)
    assert set(names(near)) == set(far)
    assert {(a.source, a.target) for a in near.arrows} == {
        (a.source, a.target) for a in whole.arrows if {a.source, a.target} <= set(far)}
    told = sum(int(m[1]) for n in near.nodes for x in n.exits
               if (m := re.fullmatch(r"(\d+) more arrows?", x)))
    assert told == sum(len({a.source, a.target} & set(far)) == 1 for a in whole.arrows) + 2 * sum(
        {a.source, a.target} <= set(far) for a in whole.arrows) - 2 * len(near.arrows)
    assert near.note.startswith(f"only {depth} step{'' if depth == 1 else 's'} around attached: ")


@pytest.mark.parametrize("view", [
    View("happy"), View("failures"), View(focus="attached"), View("failures", "attached", 2),
    View("happy", "detached"), View("happy", "suspect", 0)])
def test_every_form_shows_what_the_view_has_and_says_so(view: View) -> None:
    manager, shown = spec(SCSI), disk(view)
    resource = manager.resource("disk")
    forms = {"dot": dot.state_diagram(manager, resource, view),
             "md": mermaid.state_diagram(manager, resource, view),
             "txt": text.state_diagram(manager, resource, view=view)}
    for state in resource.states:
        there = state.name in names(shown)
        assert (f'"{state.name}" [label=' in forms["dot"]) == there
        assert (f" as s_{state.name}\n" in forms["md"]) == there
        assert bool(re.search(rf"^[|:] {state.name} [|:]", forms["txt"], re.M)) == there
    assert shown.note in " ".join(forms["txt"].split())
    assert shown.note in " ".join(forms["dot"].replace("\\n", " ").split())
    assert mermaid.pictured(manager, resource, view)[1] == shown.note
    assert max(map(len, forms["txt"].splitlines())) <= text.WIDTH


def test_views_go_to_files_of_their_own() -> None:
    manager = spec(SCSI)
    near = Choice(View("failures", "attached", 2), "disk")
    made = diagram.files(manager, quiet, NO_GRAPHVIZ, choice=near)
    stem = "scsi/states-disk-near-attached-2-failures"
    assert sorted(made) == [f"{stem}.dot", f"{stem}.md", f"{stem}.txt"]
    assert diagram.names(manager, Choice(View("happy"))) == [
        f"states-{name}-happy.{ending}" for name in ("disk", "mount")
        for ending in ("md", "txt", "dot", "svg")]
    assert not set(diagram.names(manager)) & set(diagram.names(manager, near))


@pytest.mark.parametrize(("options", "message"), [
    ("--focus dsk.attached", "--focus dsk.attached: there is no resource 'dsk'; did you mean "
     "'disk'? resources: disk, mount"),
    ("--focus disk.atached", "disk has no state 'atached'; did you mean 'attached'? "
     "states of disk: "),
    ("--focus disk", "name one of its states, such as disk.reserved"),
    ("--focus disk.", "name one of its states, such as disk.reserved"),
    ("--focus disk.attached --depth -1", "--depth -1: a number of arrows, such as 2"),
    ("--depth 2", "--depth goes with --focus"),
    ("--only happy", "--only happy: chooses files; for a choice of arrows write --edges happy"),
    ("--edges hapy", "--edges has no value 'hapy'; did you mean 'happy'?"),
    ("--edges happy --all", "--all is about operations, but --edges and --focus draw states only"),
    ("--edges happy --only states-disk.svg", "did you mean 'states-disk-happy.svg'?"),
])
def test_what_makes_no_sense_is_refused(options: str, message: str, tmp_path: object) -> None:
    done = berthc("diagram", "-o", str(tmp_path), *options.split(), PATH)
    assert done.returncode == 2 and message in done.stderr, done.stderr
    assert done.stdout == "" and not list(tmp_path.iterdir())  # type: ignore[attr-defined]


def test_views_and_all_runs_on_the_command_line(tmp_path: object) -> None:
    out = str(tmp_path)
    done = berthc("diagram", "-o", "-", "--focus", "disk.boot", "--depth", "1", "--only", "*.txt",
                  PATH)
    assert done.returncode == 0 and "only 1 step around boot" in done.stdout
    options = ("--all", "--only", "sequence-map_to_guest.svg")
    assert berthc("diagram", "-o", out, *options, PATH).returncode == 0
    assert berthc("diagram", "-o", out, "--check", *options, PATH).returncode == 0
    done = berthc("diagram", "-o", out, "--check", *options[1:], PATH)
    assert done.returncode == 1 and "not up to date" in done.stderr
    done = berthc("diagram", "-o", f"{out}/x", "--check", "--edges", "happy", "--focus",
                  "disk.reserved", "--depth", "3", "--only", "*.dot", PATH)
    assert done.stderr.endswith(f"renew with: berthc diagram -o {out}/x --only '*.dot' --edges "
                                f"happy --focus disk.reserved --depth 3 {PATH}\n")
