"""Specs that went wrong in random ways: the compiler gives a verdict on every one, and never fails
itself.

The seeds are fixed, so a failure can be repeated. BERTH_FUZZ=N multiplies the number of specs.
"""
from __future__ import annotations

import copy
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "gen"))

from berthc.diag import as_json, show  # noqa: E402
from berthc.emit import c  # noqa: E402
from berthc.pipeline import compile_text  # noqa: E402
from berthc.spec.load import decode  # noqa: E402

SPECS = sorted([*(ROOT / "spec").glob("*.yaml"), *(ROOT / "tests/gen/specs").glob("*.yaml"),
                *(ROOT / "tests/gen/bad").glob("*.yaml")])
GOOD = sorted([*(ROOT / "spec").glob("*.yaml"), *(ROOT / "tests/gen/specs").glob("*.yaml")])
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
DUMPER = getattr(yaml, "CDumper", yaml.Dumper)
TIMES = int(os.environ.get("BERTH_FUZZ", "1"))

PIECES = ["\t", "\n", " ", ":", "- ", "{", "}", "[", "]", "'", '"', "#", "&a ", "*a", "<<", "!!",
          "|", ">", "stay", "null", "true", "0", "-1", "1e9", "é", "\u202e", "\ufeff", "\x00",
          "final: true", "on:", "raise: ", "{to: x, raise: y}", "option.x", "field.y == 3", "EBUSY",
          "999999999999999999999999", "%", "@", "`", "? "]
VALUES: list[Any] = [None, True, False, 0, -1, 2 ** 70, 1.5, "", "stay", "x", "a.b", "EBUSY", [],
                     {}, [[]], {"a": {}}, "field.x", "{x}", "é", "all", "reservation"]


def verdict(text: str) -> None:
    """The stages run to their end, and what they say can be shown."""
    result = compile_text("x.yaml", text)
    assert (result.manager is None) == any(d.severity.value == "error" for d in result.diagnostics)
    shown = show(result.diagnostics, {"x.yaml": result.source.lines})
    assert "\x1b" not in shown and "\x00" not in shown
    as_json(result.diagnostics)
    if result.manager is not None:
        c.files(result.manager)  # what passes the rules can be compiled


def flip(rng: random.Random, text: str) -> str:
    """Text changed in one place without knowing what it means."""
    at = rng.randrange(len(text) + 1)
    to = min(len(text), at + rng.choice([0, 1, 1, 2, 5, 40]))
    return text[:at] + rng.choice([*PIECES, "", text[to:to + rng.randrange(1, 30)]]) + text[to:]


def lines(rng: random.Random, text: str) -> str:
    """Lines left out, doubled, moved or indented."""
    rows = text.splitlines(keepends=True)
    i, j = rng.randrange(len(rows)), rng.randrange(len(rows))
    row = rows[i]
    action = rng.randrange(4)
    if action == 0:
        del rows[i]
    elif action == 1:
        rows.insert(j, row)
    elif action == 2:
        rows[i] = "  " + row if rng.random() < 0.5 else row[2:]
    else:
        rows[i], rows[j] = rows[j], rows[i]
    return "".join(rows)


def swap_words(rng: random.Random, text: str) -> str:
    """A word of the spec where another one stood: well formed, and usually meaningless."""
    words = text.replace(
        ",", " ").replace("{", " ").replace("}", " ").replace("[", " ").replace("]", " ").split()
    old, new = rng.choice(words), rng.choice(words).rstrip(":")
    places = [i for i in range(len(text)) if text.startswith(old, i)]
    at = rng.choice(places)
    return text[:at] + (new + ":" if old.endswith(":") else new) + text[at + len(old):]


@pytest.mark.parametrize("change", [flip, lines, swap_words])
def test_changed_text_gets_a_verdict(change: Callable[[random.Random, str], str]) -> None:
    rng = random.Random(change.__name__)
    good = [p.read_text(encoding="utf-8") for p in GOOD]
    every = [text for p in SPECS if (text := decode(p.name, p.read_bytes())[0])]
    for _ in range(300 * TIMES):
        text = rng.choice(good if rng.random() < 0.7 else every)
        for _ in range(rng.choice([1, 1, 2, 5])):
            text = change(rng, text) or "x"
        data = text.encode("utf-8", "surrogatepass")
        clean, found = decode("x.yaml", data)
        if clean is None:
            assert found
        else:
            verdict(clean)


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    out = [here]
    items = (value.items() if isinstance(value, dict) else enumerate(value)
             if isinstance(value, list) else ())
    for key, inner in items:
        out += paths(inner, (*here, key))
    return out


def parent_of(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path[:-1]:
        value = value[key]
    return value


def test_changed_nodes_get_a_verdict() -> None:
    rng = random.Random("nodes")
    for _ in range(300 * TIMES):
        text = rng.choice(GOOD).read_text(encoding="utf-8")
        tree = yaml.load(text, Loader=LOADER)  # every scalar as text, so that nothing is lost
        for _ in range(rng.choice([1, 1, 1, 2, 4])):
            path = rng.choice(paths(tree)[1:])
            parent = parent_of(tree, path)
            action = rng.randrange(4)
            if action == 0:
                del parent[path[-1]]
            elif action == 1:
                parent[path[-1]] = rng.choice(VALUES)
            elif action == 2:
                other = rng.choice(paths(tree)[1:])
                parent[path[-1]] = copy.deepcopy(parent_of(tree, other)[other[-1]])
            elif isinstance(parent, dict):
                parent[rng.choice(["x", "on", "call", "to", "final", "by", "with", "obtain",
                                   "default", "int"])] = parent.pop(path[-1])
        # BaseLoader made everything text; plain words and numbers are written without quotes again.
        dumped = yaml.dump(tree, Dumper=DUMPER, sort_keys=False, allow_unicode=True)
        verdict(dumped.replace("'", ""))
        verdict(dumped)
