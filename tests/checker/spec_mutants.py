"""Faulty specs by the hundred: every change of one row, target, hook, holder or step of a spec."""
from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from berthc.spec.load import Mapping, Node, Scalar, Sequence, load

Tree = dict[str, Any]
OUTCOMES = ("ok", "fail", "uncertain", "yes", "no", "unknown")


@dataclass(frozen=True)
class Mutant:
    """One change: `kind` of change, the place, what it was, what it is now, and the text of the
    spec (JSON is YAML too)."""

    kind: str
    where: str
    what: str
    text: str


def tree_of(text: str) -> Tree:
    root, _, _ = load("spec.yaml", text)
    assert root is not None
    tree = plain(root)
    assert isinstance(tree, dict)
    return tree


def plain(node: Node) -> Any:
    if isinstance(node, Mapping):
        return {name: plain(value) for name, value in node.values.items()}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    assert isinstance(node, Scalar)
    return node.value


def mutants(tree: Tree) -> Iterator[Mutant]:
    for name, resource in tree["resources"].items():
        yield from _states(tree, name, resource)
        for word in resource.get("holders", {}):
            yield _made(
                tree,
                "holder",
                f"{name}.holders",
                f"without {word}",
                ("resources", name, "holders", word),
                None,
            )
    for group, hooks in tree["backend"].items():
        for short, hook in hooks.items():
            for word in ("undoes", "repeatable"):
                if word in hook:
                    yield _made(
                        tree,
                        word,
                        f"{group}.{short}",
                        f"without {word}",
                        ("backend", group, short, word),
                        None,
                    )
            asked = hook.get("asks")
            for name in asked if isinstance(asked, list) else ():
                rest = [other for other in asked if other != name]
                path = ("backend", group, short, "asks")
                yield _made(tree, "asks", f"{group}.{short}", f"asks not for {name}", path, rest)
    for name, op in tree["operations"].items():
        yield from _steps(tree, name, op)


def _states(tree: Tree, name: str, resource: Tree) -> Iterator[Mutant]:
    states = list(resource["states"])
    for state, body in resource["states"].items():
        here = ("resources", name, "states", state)
        if body.get("resident"):
            yield _made(
                tree, "resident", f"{name}.{state}", "not resident", (*here, "resident"), None
            )
        for event, cell in body.get("on", {}).items():
            where = f"{name}.{state}.{event}"
            place = (*here, "on", event)
            yield _made(tree, "row", where, "dropped", place, None)
            rows = cell if isinstance(cell, list) else [cell]
            for n, row in enumerate(rows):
                at = (*place, n) if isinstance(cell, list) else place
                yield from _row(tree, where, at, row, state, states)


def _row(
    tree: Tree, where: str, at: tuple[Any, ...], row: Any, state: str, states: list[str]
) -> Iterator[Mutant]:
    if isinstance(row, str):
        for other in states:
            if other != (state if row == "stay" else row):
                yield _made(tree, "target", where, f"{row} -> {other}", at, other)
        yield _made(tree, "refuse", where, f"{row} -> reject", at, {"reject": "EBUSY"})
        return
    if "reject" in row:
        yield _made(tree, "admit", where, "reject -> stay", at, "stay")
        return
    for outcome in OUTCOMES:
        if outcome not in row:
            continue
        target = row[outcome]
        to = target["to"] if isinstance(target, dict) else target
        for other in states:
            if other != (state if to == "stay" else to):
                new = {**target, "to": other} if isinstance(target, dict) else other
                yield _made(
                    tree, "target", where, f"{outcome}: {to} -> {other}", (*at, outcome), new
                )
        if isinstance(target, dict) and "raise" in target:
            yield _made(tree, "raise", where, f"{outcome}: raises nothing", (*at, outcome), to)
    if "uncertain" in row:
        yield _made(
            tree, "uncertain", where, "uncertain counts as failed", (*at, "uncertain"), None
        )
    if "call" in row:
        yield _made(tree, "call", where, f"{row['call']} is not called", at, row["ok"])
    if "ask" in row:
        for answer in ("yes", "no"):
            what = f"{row['ask']} is not asked: {answer}"
            yield _made(tree, "ask", where, what, at, row[answer])


def _steps(tree: Tree, name: str, op: Tree) -> Iterator[Mutant]:
    steps = op.get("do", [])
    for n, step in enumerate(steps):
        yield _made(
            tree,
            "step",
            name,
            f"without {step}",
            ("operations", name, "do"),
            steps[:n] + steps[n + 1 :],
        )
        if n:
            swapped = [*steps[:n - 1], steps[n], steps[n - 1], *steps[n + 1:]]
            yield _made(
                tree,
                "order",
                name,
                f"{step} before {steps[n - 1]}",
                ("operations", name, "do"),
                swapped,
            )


def _made(
    tree: Tree, kind: str, where: str, what: str, path: tuple[Any, ...], value: Any
) -> Mutant:
    """A copy with the value at a path replaced; None: taken away."""
    new = copy.deepcopy(tree)
    node: Any = new
    for part in path[:-1]:
        node = node[part]
    if value is None:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return Mutant(kind, where, what, json.dumps(new))
