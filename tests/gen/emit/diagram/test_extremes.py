"""Diagrams of extreme specs: names of one letter and of sixty, many hook groups, levels, states and
long briefs. Each form is made, text stays aligned, and pictures hold their words."""
from __future__ import annotations

import itertools
import json
import random
import re
import string
from collections.abc import Iterator
from functools import cache
from xml.etree import ElementTree

import pytest
from diagram_support import NO_GRAPHVIZ, made_of, quiet

from berthc.emit import diagram, docs
from berthc.emit.diagram import text
from berthc.emit.diagram.sequence import sequences
from berthc.emit.diagram.sequence import text as text_sequence
from berthc.emit.diagram.svg import render
from berthc.model import Manager

SVG = "{http://www.w3.org/2000/svg}"


KINDS = {"manager": "m", "group": "g", "hook": "h", "resource": "r", "field": "f", "event": "e",
         "state": "s", "operation": "o", "option": "p"}


def words(first: str, letters: int) -> Iterator[str]:
    """Different names of so many letters, or of few more where there are no others."""
    if letters == 1:
        yield first
        pairs = itertools.product(string.ascii_lowercase, repeat=2)
        yield from (f"{first}{a}{b}" for a, b in pairs)
    stem = (first + "bcdefghijk" * 6)[: letters - 5]
    yield from (f"{stem}_n{n:03}" for n in itertools.count())


@cache
def extreme(seed: int) -> Manager:
    """A spec that has too much or too little of something."""
    rng = random.Random(seed)
    name = {kind: words(first, rng.choice((1, 12, 60))) for kind, first in KINDS.items()}
    groups = [next(name["group"]) for _ in range(rng.choice((1, 2, 3, 6, 12, 20)))]
    levels = [next(name["resource"]) for _ in range(rng.choice((1, 2, 4)))]
    option = next(name["option"])
    brief = rng.choice(("B.", "Words that go on and on, as briefs do. " * 20, "w" * 400))
    backend: dict[str, object] = {}
    resources: dict[str, object] = {}
    steps = []
    drops = []
    hooks = {(level, group): next(name["hook"]) for level in levels for group in groups}
    for group in groups:
        backend[group] = {hooks[level, group]: {"on": level, "repeatable": True, "brief": brief}
                          for level in levels}
    for above, level in zip([None, *levels], levels):
        key, take, drop = next(name["field"]), next(name["event"]), next(name["event"])
        states = [next(name["state"]) for _ in range(rng.choice((2, 3, 8)))]
        events = [next(name["event"]) for _ in groups]
        table: dict[str, object] = {}
        for state, following in zip(states, states[1:]):
            row: dict[str, object] = {take: "stay", drop: {"to": states[-1]}}
            for group, event in zip(groups, events):
                on = following if event == events[-1] and following != states[-1] else "stay"
                call = {"call": f"{group}.{hooks[level, group]}", "ok": on, "fail": "stay"}
                guarded = [{"if": f"option.{option}", **call}, {"reject": "ENOTRECOVERABLE"}]
                row[event] = rng.choice([call, guarded])
            table[state] = {"brief": brief, "on": row}
        table[states[-1]] = {"final": True, "brief": brief}
        resources[level] = {
            "key": [key], "fields": {key: {"type": "string", "required": True}}, "brief": brief,
            "holders": {"take": take, "drop": drop}, "initial": states[0], "states": table,
            **({"parent": above} if above else {})}
        steps += [f"{level}.{event}" for event in events]
        drops.insert(0, f"{level}.{drop}")
    held = {"with": "reservation", "brief": brief}
    operations = {next(name["operation"]): {"obtain": levels, "gives": "reservation"},
                  next(name["operation"]): {"do": steps, **held},
                  next(name["operation"]): {"do": drops, "ends": "reservation", **held}}
    return made_of(json.dumps({
        "berth": 1, "manager": next(name["manager"]), "brief": brief,
        "options": {option: {"type": "bool"}}, "backend": backend,
        "resources": resources, "operations": operations}))


SEEDS = range(14)


def boxes_are_closed(page: str) -> None:
    """Below each edge of a box its lines end where the edge does."""
    lines = page.splitlines()
    for above, line in zip(lines, lines[1:]):
        edge = re.match(r"\+([-=.])\1+\+", above)
        inside = re.match(r"[|:] ", line)
        if edge and inside:
            assert line[edge.end() - 1] in "|:", (above, line)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_form_is_made_and_text_keeps_to_its_width(seed: int) -> None:
    manager = extreme(seed)
    made = diagram.files(manager, quiet, NO_GRAPHVIZ)
    assert {"diagrams.md", "diagrams.txt", "ownership.dot"} <= {name.split("/")[1] for name in made}
    assert docs.files(manager)
    states = [text.state_diagram(manager, r) for r in manager.resources]
    for page in (text_sequence.ownership_diagram(manager), *states):
        assert max(map(len, page.splitlines())) <= text.WIDTH
        boxes_are_closed(page)
    for name, content in made.items():
        assert content.endswith("\n")
        if name.endswith(".txt"):
            assert content.isascii() and not re.search(r" $", content, re.M)


@pytest.mark.parametrize("seed", SEEDS)
def test_lifelines_of_text_stay_in_their_columns_below_their_names(seed: int) -> None:
    for shown in sequences(extreme(seed)).values():
        for one in shown.sequences:
            lines = text_sequence.sequence_diagram(one).splitlines()
            first = next(n for n, line in enumerate(lines) if re.match(r"   \|-+>\|", line))
            columns = [n for n, char in enumerate(lines[first]) if char == "|"]
            assert len(columns) == len(one.participants)
            body = next(n for n, line in enumerate(lines) if line.startswith("   |"))
            assert all(line[column] == "|" for line in lines[body:] for column in columns[:2])
            half = min(b - a for a, b in zip(columns, columns[1:])) // 2
            for column, name in zip(columns, one.participants):
                left = max(0, column - half)
                reported = "".join(line[left:column + half].strip() for line in lines[:body])
                assert reported == name or any(name in line for line in lines[:body])
            for line in lines[body:]:
                shaft = re.search(r"[<x]?(-{3,}|\.{3,})[>x]?(?=\|)", line)
                assert shaft is None or (shaft.start() - 1 in columns and shaft.end() in columns)


@pytest.mark.parametrize("seed", SEEDS)
def test_pictures_of_sequences_hold_their_words(seed: int) -> None:
    made = diagram.files(extreme(seed), quiet, NO_GRAPHVIZ)
    for name, content in made.items():
        if not name.endswith(".svg"):
            continue
        root = ElementTree.fromstring(content)
        width = float(root.attrib["width"])
        for group in root.iter(f"{SVG}g"):
            shift = float(group.attrib["transform"].split("(")[1].split(",")[0])
            for one in group.iter(f"{SVG}text"):
                long, at = len(one.text or "") * 6.0, float(one.attrib["x"]) + shift
                left = at - long / 2 if one.attrib["text-anchor"] == "middle" else at
                assert left >= 0 and left + long <= width + 1, (name, one.text)


@pytest.mark.parametrize("seed", list(SEEDS)[::4])
def test_graphviz_takes_what_is_made(seed: int) -> None:
    made = diagram.files(extreme(seed), quiet, NO_GRAPHVIZ)
    for name, content in made.items():
        if name.endswith(".dot"):
            assert "<svg" in render(content, name)


@pytest.mark.parametrize("seed", SEEDS)
def test_mermaid_has_a_line_for_each_message_and_balanced_quotes(seed: int) -> None:
    manager = extreme(seed)
    page = diagram.files(manager, quiet, NO_GRAPHVIZ)[f"{manager.name}/diagrams.md"]
    for fenced in re.findall(r"```mermaid\n(.*?)```", page, re.S):
        assert all(line.count('"') % 2 == 0 for line in fenced.splitlines())
    for shown in sequences(manager).values():
        for one in shown.sequences:
            assert all(f"as {n}\n" in page or f"as backend {n}\n" in page
                       for n in one.participants)
