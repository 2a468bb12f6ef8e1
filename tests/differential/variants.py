"""Variants of a spec: a few edits at random, kept when the compiler takes the result.

The shipped specs are sound, so scripts never take some turns of the semantics: a drop that fails
into a final state, a root that ends while somebody holds it, two pools of which the second is full.
Variants do, also those that `berthc check` would warn of: what is bad design has a meaning all the
same, and both simulators must agree on it.
"""
from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from berthc.check import check
from berthc.diag import Severity
from berthc.model import Manager
from berthc.spec.build import build
from berthc.spec.load import Mapping, Node, Scalar, Sequence, load
from berthc.spec.schema import Schema
from berthc.spec.shape import check_shape

Tree = dict[str, Any]
Edit = Callable[[Tree, random.Random], None]

# What these say is that a spec is unwise, not that it has no meaning.
BEARABLE = frozenset(("trap", "leak", "double", "needs", "unreachable", "unused", "no-case",
                      "store-value"))
ERRORS = ("EIO", "EBUSY", "EPERM", "EAGAIN")


def variants(text: str, rng: random.Random) -> Iterator[tuple[str, Manager]]:
    """Variants of a spec without end: their text, which is JSON, and what it means."""
    root, _, _ = load("variant.yaml", text)
    assert root is not None
    original = plain(root)
    while True:
        tree = copy.deepcopy(original)
        for _ in range(rng.choice((2, 4, 8, 12))):
            before = copy.deepcopy(tree)
            rng.choice(EDITS)(tree, rng)
            if meaning(json.dumps(tree)) is None:
                tree = before
        manager = meaning(json.dumps(tree))
        if manager is not None and tree != original:
            yield json.dumps(tree), manager


def meaning(text: str) -> Manager | None:
    """The model, also of a spec that is unwise; None where it has no meaning."""
    root, found, source = load("variant.yaml", text)
    if root is None or found:
        return None
    found = check_shape(Schema.read(), root)
    spec, more = build(root, source.aliased)
    found = [*found, *more, *check(spec, found)]
    if any(d.severity is Severity.ERROR and d.id not in BEARABLE for d in found):
        return None
    return spec.manager


def plain(node: Node) -> Any:
    """A node as Python values."""
    if isinstance(node, Mapping):
        return {key: plain(value) for key, value in node.values.items()}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    assert isinstance(node, Scalar)
    return node.value


# Edits. Each changes the tree in place, or leaves it when it finds nothing to change.


def _resource(tree: Tree, rng: random.Random) -> Tree:
    return tree["resources"][rng.choice(list(tree["resources"]))]  # type: ignore[no-any-return]


def _rows(tree: Tree, rng: random.Random) -> tuple[str, Tree, Tree]:
    """Name of a resource, the resource, and the `on` of one of its states."""
    name = rng.choice(list(tree["resources"]))
    resource = tree["resources"][name]
    return name, resource, rng.choice([s["on"] for s in resource["states"].values() if s.get("on")])


def _events(resource: Tree) -> list[str]:
    return sorted({event for state in resource["states"].values() for event in state.get("on", {})})


def _target(resource: Tree, rng: random.Random) -> Any:
    target = rng.choice([*resource["states"], "stay"])
    return (
        {"to": target, "raise": rng.choice(_events(resource))}
        if target != "stay" and rng.random() < 0.25
        else target
    )


def _hooks_on(tree: Tree, name: str) -> list[str]:
    return [
        f"{group}.{hook}"
        for group, hooks in tree["backend"].items()
        for hook, body in hooks.items()
        if body["on"] == name
    ]


def _a_hook(tree: Tree, rng: random.Random) -> Tree:
    return rng.choice([hook for hooks in tree["backend"].values() for hook in hooks.values()])


def retarget(tree: Tree, rng: random.Random) -> None:
    """Another target for one outcome of a row with a call."""
    _, resource, on = _rows(tree, rng)
    rows = [row for value in on.values() for row in (value if isinstance(value, list) else [value])]
    calls = [row for row in rows if isinstance(row, dict) and ("call" in row or "ask" in row)]
    if calls:
        row = rng.choice(calls)
        row[
            rng.choice(("yes", "no", "unknown") if "ask" in row else ("ok", "fail", "uncertain"))
        ] = _target(resource, rng)


def _calling(tree: Tree, name: str, resource: Tree, rng: random.Random) -> Tree:
    """A row that calls or asks a hook."""
    group, hook = name.split(".")
    if "asks" in tree["backend"][group][hook]:
        return {"ask": name} | {
            answer: _target(resource, rng) for answer in ("yes", "no", "unknown")
        }
    row = {"call": name, "ok": _target(resource, rng), "fail": _target(resource, rng)}
    return row | {"uncertain": _target(resource, rng)} if rng.random() < 0.7 else row


def probe(tree: Tree, rng: random.Random) -> None:
    """A hook that asks for another one, and a row that asks it."""
    name, resource, on = _rows(tree, rng)
    asked = [
        h
        for h in _hooks_on(tree, name)
        if "asks" not in tree["backend"][h.split(".")[0]][h.split(".")[1]]
    ]
    if not asked:
        return
    of = rng.choice(asked)
    probe_: Tree = {"on": name, "asks": of}
    if rng.random() < 0.5:
        probe_ |= {"optional": True} | (
            {"absent": rng.choice(ERRORS)} if rng.random() < 0.5 else {}
        )
    tree["backend"].setdefault("probes", {})["has_" + of.replace(".", "_")] = probe_
    on[rng.choice(list(on))] = _calling(tree, "probes.has_" + of.replace(".", "_"), resource, rng)


def replace_row(tree: Tree, rng: random.Random) -> None:
    """Another row for one event."""
    name, resource, on = _rows(tree, rng)
    hooks = _hooks_on(tree, name)
    row: Any = rng.choice((_target(resource, rng), {"reject": rng.choice(ERRORS)}))
    if hooks and rng.random() < 0.6:
        row = _calling(tree, rng.choice(hooks), resource, rng)
    take = resource.get("holders", {}).get("take")
    on[take if take in on and rng.random() < 0.2 else rng.choice(list(on))] = row


def state_flags(tree: Tree, rng: random.Random) -> None:
    resource = _resource(tree, rng)
    state = rng.choice(list(resource["states"].values()))
    what = rng.randrange(4)
    if what == 0:
        state["resident"] = not state.get("resident", False)
    elif what == 1:
        resource["initial"] = rng.choice(list(resource["states"]))
    elif what == 2 and "on" in state:
        del state["on"]
        state["final"] = True
    else:
        resource["otherwise"] = {"reject": rng.choice(ERRORS)}


def holders(tree: Tree, rng: random.Random) -> None:
    resource = _resource(tree, rng)
    resource.setdefault("holders", {})[rng.choice(("take", "drop"))] = rng.choice(_events(resource))


def key(tree: Tree, rng: random.Random) -> None:
    """Other fields as the key; none: at most one below its parent."""
    resource = _resource(tree, rng)
    names = list(resource.get("fields", {}))
    chosen = rng.sample(names, rng.randint(0, min(3, len(names))))
    resource.pop("key", None)
    if chosen:
        resource["key"] = chosen


def _limits(field_: Tree, rng: random.Random) -> Tree:
    """What a field of the type may have besides."""
    kind = field_["type"]
    if kind in ("string", "list", "set"):
        return {"required": True, "compare": {"case": "ignored"}, "max_length": rng.randint(1, 6)}
    if kind == "uuid":
        return {"required": True}
    if kind == "bool":
        return {"default": True}
    return {"default": field_["values"][-1]} if kind == "enum" else {"range": [0, 3], "default": 1}


def field(tree: Tree, rng: random.Random) -> None:
    """Another limit for a field."""
    fields = list(_resource(tree, rng).get("fields", {}).values())
    if not fields:
        return
    one = rng.choice(fields)
    limits = _limits(one, rng)
    what = rng.choice(list(limits))
    if one.pop(what, None) is None:
        one[what] = limits[what]


def pool(tree: Tree, rng: random.Random) -> None:
    """A smaller pool, or one more."""
    name = rng.choice(list(tree["resources"]))
    assigned = tree["resources"][name].setdefault("assigned", {})
    pools = [value["pool"] for value in assigned.values() if "pool" in value]
    if pools and rng.random() < 0.6:
        parts = rng.choice(pools)
        parts[rng.choice(list(parts))] = rng.randint(1, 3)
    else:
        assigned[f"extra_{len(assigned)}"] = rng.choice(
            (
                {"pool": {f"{name}_slot_{len(assigned)}": rng.randint(1, 4)}, "brief": "One more."},
                {"uuid": "v4", "brief": "One more."},
                {"counter": {"start": rng.randint(0, 9)}, "brief": "One more."},
            )
        )


def steps(tree: Tree, rng: random.Random) -> None:
    """Other steps for an operation."""
    with_steps = [op for op in tree["operations"].values() if op.get("do")]
    if not with_steps:
        return
    do = rng.choice(with_steps)["do"]
    what = rng.randrange(3)
    if what == 0:
        rng.shuffle(do)
    elif what == 1 and len(do) > 1:
        del do[rng.randrange(len(do))]
    else:
        name = rng.choice(list(tree["resources"]))
        do.insert(rng.randint(0, len(do)), f"{name}.{rng.choice(_events(tree['resources'][name]))}")


def operation(tree: Tree, rng: random.Random) -> None:
    """Another condition of an operation."""
    one = rng.choice(list(tree["operations"].values()))
    what = rng.randrange(4)
    if what == 0:
        one.pop("deny", None)
    elif what == 1 and "find" in one:
        one["absent"] = "ok"
    elif what == 2:
        one.pop("absent", None)
    elif "create" in one and isinstance(one["create"], dict):
        one["create"]["enter"] = rng.choice(
            list(tree["resources"][one["create"]["resource"]]["states"])
        )


def hook_value(tree: Tree, rng: random.Random) -> None:
    """One more value from a hook, by which an operation finds its resource."""
    finds = [op for op in tree["operations"].values() if "find" in op]
    if not finds:
        return
    op = rng.choice(finds)
    hooks = _hooks_on(tree, op["find"])
    if not hooks:
        return
    assigned = tree["resources"][op["find"]].setdefault("assigned", {})
    kind = rng.choice(("u8", "u16", "u32", "u64", "i32", "i64", "string", "uuid"))
    limit = {"max_length": rng.randint(12, 20)} if kind == "string" else {}
    op["by"] = f"extra_{len(assigned)}"
    assigned[op["by"]] = {"from": rng.choice(hooks), "type": kind, "brief": "One more."} | limit


def hook(tree: Tree, rng: random.Random) -> None:
    one = _a_hook(tree, rng)
    if "asks" not in one:
        one["repeatable"] = True
    if rng.random() < 0.5:
        one["optional"] = True
        if rng.random() < 0.5:
            one["absent"] = rng.choice(ERRORS)


def together(tree: Tree, rng: random.Random) -> None:
    """Two hooks that are left out only together."""
    for _ in range(2):
        _a_hook(tree, rng)["optional"] = "pair"


def _undone(tree: Tree, names: Iterable[str]) -> list[str]:
    """Hooks on the resources that some hook undoes: only of their effects anything is known."""
    found = (hook.get("undoes", []) for hooks in tree["backend"].values()
             for hook in hooks.values())
    undone = {
        name
        for undoes in found for name in ([undoes] if isinstance(undoes, str) else undoes)
    }
    return [hook for name in names for hook in _hooks_on(tree, name) if hook in undone]


def _path(tree: Tree, name: str | None) -> list[str]:
    """The resource and those above it; none for the hook that settles."""
    if name not in tree["resources"]:
        return []
    return [name, *_path(tree, tree["resources"][name].get("parent"))]


def needs(tree: Tree, rng: random.Random) -> None:
    """What must be in place when a hook is called."""
    one = _a_hook(tree, rng)
    needed = _undone(tree, _path(tree, one["on"]))
    if needed and "asks" not in one:
        one["needs"] = rng.sample(needed, rng.randint(1, min(2, len(needed))))


def effects(tree: Tree, rng: random.Random) -> None:
    """What is in place in a state, for certain or perhaps."""
    name = rng.choice(list(tree["resources"]))
    state = rng.choice(
        [s for s in tree["resources"][name]["states"].values() if not s.get("final")])
    said = {hook: rng.choice(("effects", "maybe", "")) for hook in _undone(tree, [name])}
    for word in ("effects", "maybe"):
        state.pop(word, None)
        if word in said.values() or rng.random() < 0.2:
            state[word] = [hook for hook, where in said.items() if where == word]


def meant(tree: Tree, rng: random.Random) -> None:
    """A rejection that is part of the protocol, or that is not any more."""
    _, _, on = _rows(tree, rng)
    rows = [row for value in on.values() for row in (value if isinstance(value, list) else [value])]
    rejects = [row for row in rows if isinstance(row, dict) and "reject" in row]
    if rejects:
        row = rng.choice(rejects)
        row["meant"] = not row.get("meant", False)


STATEMENTS: tuple[Edit, ...] = (needs, effects, meant)
"""What an author states for the checker: at run time it means nothing."""

EDITS: tuple[Edit, ...] = (
    retarget,
    retarget,
    retarget,
    replace_row,
    replace_row,
    replace_row,
    state_flags,
    holders,
    key,
    field,
    field,
    pool,
    steps,
    operation,
    hook,
    hook_value,
    probe,
    probe,
    together,
    *STATEMENTS,
)
