"""The life of an instance: which states are failures, and the happy path."""
from __future__ import annotations

import re

import pytest
from diagram_support import ROOT, made_of

from berthc.emit import diagram, docs
from berthc.emit.diagram import dot, mermaid, text
from berthc.emit.diagram.graph import StateGraph, state_graph
from berthc.emit.diagram.life import Life
from berthc.model import Manager, StateKind
from berthc.pipeline import compile_spec

FOLDERS = ("spec", "bench/specs", "examples", "tests/gen/specs", "tests/gen/golden",
           "tests/gen/faulty", "tests/gen/engine", "tests/differential/specs")
EVERY = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.yaml")
               if (ROOT / "examples/small") not in path.parents)  # parts of specs

HEAD = """\
berth: 1
manager: m
backend:
  vm:
    up: {on: x, repeatable: true}
    plug: {on: x, repeatable: true}
    unplug: {on: x, repeatable: true}
    down: {on: x, repeatable: true}
    up_again: {on: x, asks: vm.up}
resources:
  x:
    key: [k]
    fields: {k: {type: string}}
    assigned: {n: {counter: {start: 1}}}
    holders: {take: claim, drop: release}
    otherwise: {reject: EINVAL}
    initial: new
    states:
"""


def of(states: str) -> Manager:
    """A manager of one resource; a line is `state | rows` or `state | marks | rows`. Operations
    fire the events that are in some row."""
    lines, events = [], set()
    for line in states.strip().splitlines():
        name, *marks, rows = (part.strip() for part in line.split("|"))
        events.update(re.findall(r"(\w+): ", re.sub(r"{.*?}", "", rows)))
        table = [*marks, f"on: {{{rows}}}" if rows else ""]
        lines.append(f"      {name}: {{{', '.join(x for x in table if x)}}}\n")
    tail = ["operations:", "  reserve: {obtain: [x], gives: reservation}",
            "  release: {with: reservation, do: [x.release], ends: reservation}"]
    for event in ("start", "plug"):
        if event in events:
            tail.append(f"  {event}_it: {{with: reservation, do: [x.{event}]}}")
    for event in ("pause", "resume", "died"):
        if event in events:
            tail.append(f"  {event}: {{find: x, by: n, do: [x.{event}]}}")
    return made_of(HEAD + "".join(lines) + "\n".join(tail) + "\n")


def graph(manager: Manager) -> StateGraph:
    return state_graph(manager, manager.resources[0])


def failures(manager: Manager) -> set[str]:
    return {node.name for node in graph(manager).nodes if node.trouble}


UP = "claim: stay, start: {call: vm.up, ok: up, fail: %s, uncertain: %s}"
LET_GO = "release: {call: vm.down, ok: gone, fail: %s, uncertain: %s}"
DEAD = f"claim: {{reject: ENOTRECOVERABLE}}, died: stay, {LET_GO % ('stay', 'stay')}"
LIVES = {
    "what is reported from outside comes after what a hook does": (
        f"""
        new | {UP % ('failed', 'lost')}, release: gone
        up | claim: stay, died: dead, {LET_GO % ('stay', 'lost')}
        dead | {DEAD}
        failed | claim: {{reject: EIO}}, release: gone
        lost | claim: {{reject: EBUSY}}, {LET_GO % ('stay', 'stay')}
        gone | final: true |
        """, "new up gone", {"dead", "failed", "lost"}),
    "a death that looks like any other move is no failure until the spec says so": (
        f"""
        new | {UP % ('stay', 'stay')}, release: gone
        up | claim: stay, died: dead, {LET_GO % ('stay', 'stay')}
        dead | claim: {{reject: EBUSY}}, died: stay, {LET_GO % ('stay', 'stay')}
        gone | final: true |
        """, "new up gone", set()),
    "a state that welcomes newcomers comes before one that does not, and is no failure": (
        f"""
        new | {UP % ('stay', 'stay')}, release: gone
        up | claim: stay, pause: paused, {LET_GO % ('stay', 'stay')}
        paused | claim: {{reject: EBUSY}}, resume: up, {LET_GO % ('stay', 'stay')}
        gone | final: true |
        """, "new up gone", set()),
    "a state that refuses newcomers is passed where one that welcomes them comes behind it": (
        f"""
        new | claim: stay, start: {{call: vm.up, ok: half, fail: stay}}, release: gone
        half | claim: {{reject: EAGAIN}}, plug: {{call: vm.plug, ok: up, fail: stay}}, {LET_GO
               % ('stay', 'stay')}
        up | claim: stay, release: {{call: vm.unplug, ok: {{to: half, raise: release}}, fail: stay}}
        gone | final: true |
        """, "new half up half gone", set()),
    "what one holder has alone is used before it ends": (
        f"""
        new | {UP % ('stay', 'lost')}, release: gone
        up | claim: {{reject: EBUSY, meant: true}}, start: stay, {LET_GO % ('stay', 'stay')}
        lost | claim: {{reject: EBUSY}}, start: {{reject: EBUSY}}, {LET_GO % ('stay', 'stay')}
        gone | final: true |
        """, "new up gone", {"lost"}),
    "what was used ends before it is used in a way that refuses newcomers": (
        f"""
        new | {UP % ('stay', 'stay')}, release: gone
        up | claim: stay, pause: paused, {LET_GO % ('stay', 'stay')}
        paused | claim: {{reject: EBUSY, meant: true}}, resume: up, {LET_GO % ('stay', 'stay')}
        gone | final: true |
        """, "new up gone", set()),
    "an end by letting go comes before another end": (
        f"""
        new | {UP % ('stay', 'stay')}, release: gone
        up | claim: stay, died: lost, {LET_GO % ('stay', 'stay')}
        lost | final: true |
        gone | final: true |
        """, "new up gone", set()),
    "a way that leads to no end is left": (
        f"""
        new | {UP % ('stay', 'stay')}, release: gone
        up | claim: stay, plug: {{call: vm.plug, ok: stuck, fail: stay}}, {LET_GO
               % ('stay', 'stay')}
        stuck | resident: true | claim: stay, plug: stay
        gone | final: true |
        """, "new up gone", set()),
    "no failure is passed on the way to the only end": (
        f"""
        new | {UP % ('stay', 'lost')}
        up | resident: true | claim: stay, start: stay, died: lost
        lost | {DEAD}
        gone | final: true |
        """, "new up", {"lost", "gone"}),
    "the spec says that an end is a failure": (
        f"""
        new | {UP % ('stay', 'stay')}, release: gone
        up | claim: stay, {LET_GO.replace('gone', 'lost') % ('stay', 'stay')}, pause: gone
        lost | kind: failure, final: true |
        gone | final: true |
        """, "new up gone", {"lost"}),
    "the spec says that a state is a failure": (
        f"""
        new | {UP % ('stay', 'stay')}, release: gone
        up | claim: stay, plug: {{call: vm.plug, ok: worn, fail: stay}}, {LET_GO
               % ('stay', 'stay')}
        worn | kind: failure | claim: stay, plug: stay, start: torn, {LET_GO % ('stay', 'stay')}
        torn | claim: stay, {LET_GO % ('stay', 'stay')}
        gone | final: true |
        """, "new up gone", {"worn", "torn"}),
    "the spec says that a state is normal, though only failures lead there": (
        f"""
        new | {UP % ('retry', 'stay')}, release: gone
        retry | kind: normal | claim: stay, start: {{call: vm.up, ok: up, fail: stay}}, release: gone
        up | claim: stay, {LET_GO % ('stay', 'stay')}
        gone | final: true |
        """, "new up gone", set()),
    "an event that only a failure raises leads to failures": (
        f"""
        new | claim: stay, start: {{call: vm.up, ok: up, fail: {{to: stay, raise: give_up}}}}, {''
             }give_up: tired, release: gone
        up | claim: stay, {LET_GO % ('stay', 'stay')}
        tired | claim: stay, release: gone
        gone | final: true |
        """, "new up gone", {"tired"}),
    "a way through a failure is a failure": (
        f"""
        new | {UP % ('stay', 'stay')}, plug: {{to: torn, raise: mend}}, release: gone
        torn | kind: failure | mend: calm
        calm | claim: stay, {LET_GO % ('stay', 'stay')}
        up | claim: stay, {LET_GO % ('stay', 'stay')}
        gone | final: true |
        """, "new up gone", {"torn", "calm"}),
    "a state that a hook or letting go leads to is no failure, whatever it refuses": (
        f"""
        new | {UP % ('stay', 'stay')}, release: gone
        up | claim: stay, plug: {{call: vm.plug, ok: full, fail: stay}}, {''
             }release: {{call: vm.unplug, ok: {{to: leaving, raise: leave}}, fail: stay}}
        full | claim: {{reject: ENOTRECOVERABLE}}, plug: stay, {LET_GO % ('stay', 'stay')}
        leaving | claim: {{reject: ENOTRECOVERABLE}}, leave: {{call: vm.down, ok: gone, fail: stay{''
                  }}}, {LET_GO % ('stay', 'stay')}
        gone | final: true |
        """, "new up leaving gone", set()),
    "what a question answers is no failure, what it cannot is": (
        f"""
        new | claim: stay, start: {{ask: vm.up_again, yes: up, no: off, unknown: lost}}, {''
             }release: gone
        up | claim: stay, {LET_GO % ('stay', 'stay')}
        off | claim: stay, start: {{call: vm.up, ok: up, fail: stay}}, release: gone
        lost | claim: {{reject: EIO}}, {LET_GO % ('stay', 'stay')}
        gone | final: true |
        """, "new up gone", {"lost"}),
}


@pytest.mark.parametrize("name", LIVES)
def test_lives(name: str) -> None:
    states, path, failing = LIVES[name]
    manager = of(states)
    assert graph(manager).spine == tuple(path.split())
    assert failures(manager) == failing


@pytest.mark.parametrize("path", EVERY, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_happy_path_meets_a_failure_and_it_ends_if_there_is_a_way(path: object) -> None:
    manager = compile_spec(str(path)).manager
    for resource in manager.resources if manager else ():
        life = Life(manager, resource)  # type: ignore[arg-type]
        drawn = state_graph(manager, resource)  # type: ignore[arg-type]
        assert drawn.spine[0] == resource.initial
        assert not {n.name for n in drawn.nodes if n.trouble}.intersection(drawn.spine)
        steps = set(zip(drawn.spine, drawn.spine[1:]))
        thick = {(a.source, a.target) for a in drawn.arrows if a.spine}
        assert thick == steps and not any(a.failure for a in drawn.arrows if a.spine)
        reached, todo = set(), [resource.initial]
        while todo:
            name = todo.pop()
            if name not in reached:
                reached.add(name)
                todo += [w.rest for w in life.ways[name]
                         if not life.failures.intersection(w.states)]
        ends = {s.name for s in resource.states if s.final} & reached
        assert (drawn.spine[-1] in ends) == bool(ends)


def test_a_way_in_and_out_through_one_state_is_drawn_once_in_each_form() -> None:
    manager = of(LIVES["a state that refuses newcomers is passed where one that welcomes them "
                       "comes behind it"][0])
    resource = manager.resources[0]
    drawn = graph(manager)
    assert drawn.column == ("new", "half", "up") and [n.name for n in drawn.nodes] == [
        "new", "half", "up", "gone"]
    words = text.state_diagram(manager, resource)
    for state in ("new", "half", "up", "gone"):
        assert words.count(f"| {state} |") == 1
    assert "   +--> half  release / vm.unplug, then release" in words
    assert "   +--> gone  release / vm.down" in words
    assert dot.state_diagram(manager, resource).count("penwidth=2.4") == 4
    assert mermaid.state_diagram(manager, resource).count("\n    state ") == 4
    assert ("Happy path: `new` → `half` → `up` → `half` → `gone`.\n"
            in docs.files(manager)["m/README.md"])


def test_a_failure_that_is_reported_from_outside_is_dashed() -> None:
    manager = of(LIVES["what is reported from outside comes after what a hook does"][0])
    resource = manager.resources[0]
    arrow = next(a for a in graph(manager).arrows if (a.source, a.target) == ("up", "dead"))
    assert arrow.failure
    assert "   +..> dead  died" in text.state_diagram(manager, resource)
    line = next(line for line in dot.state_diagram(manager, resource).splitlines()
                if line.startswith('  "up" -> "dead"'))
    assert 'style="dashed"' in line and "<I></I>" not in line
    assert "| `dead` | failure |" in docs.files(manager)["m/README.md"]


def test_the_page_says_that_only_failures_lead_to_an_end() -> None:
    manager = of(LIVES["no failure is passed on the way to the only end"][0])
    assert ("Happy path: `new` → `up`. Only failures lead from there to an end.\n"
            in docs.files(manager)["m/README.md"])


def test_a_long_happy_path_is_shortened_on_the_page() -> None:
    states = "".join(f"s{n} | claim: stay, release: gone, start: s{n + 1}\n" for n in range(50))
    manager = of(f"new | claim: stay, release: gone, start: s0\n{states}"
                 "s50 | claim: stay, release: gone\ngone | final: true |")
    page = docs.files(manager)["m/README.md"]
    line = page[page.index("Happy path"):].partition("\n\n")[0]
    assert len(graph(manager).spine) == 53 and "(33 more states)" in line
    assert line.replace("\n", " ").endswith("`s50` → `gone`.") and line.count("→") == 20


def test_what_the_spec_says_is_in_the_model() -> None:
    resource = of("new | claim: stay, release: gone, died: dead, start: calm\n"
                  "dead | kind: failure | release: gone\n"
                  "calm | kind: normal | release: gone\ngone | final: true |").resources[0]
    assert [s.kind for s in resource.states] == [None, StateKind.FAILURE, StateKind.NORMAL, None]


def test_the_case_that_was_wrong() -> None:
    manager = compile_spec(str(ROOT / "bench/specs/virtiofs.yaml")).manager
    assert manager is not None
    share = state_graph(manager, manager.resource("share"))
    assert share.spine == ("reserved", "running", "plugged", "running", "gone")
    assert [n.name for n in share.nodes if n.trouble] == ["suspect", "dead", "unclear", "failed"]
    assert diagram.names(manager)
