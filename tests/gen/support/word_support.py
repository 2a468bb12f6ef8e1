"""What an author may state, at random: `needs`, `effects`, `maybe` and `meant`, most of it true.

Words that are chosen blindly are nearly always wrong. So what a search saw without them is stated,
said more weakly here and there, and sometimes disturbed at one place.
"""
from __future__ import annotations

import copy
import random
from collections.abc import Mapping
from typing import Any, NamedTuple

from berthc.explore.meaning import adopted
from berthc.explore.report import Report
from berthc.explore.states.backend import names
from berthc.model import Manager

Tree = dict[str, Any]


class Ranges(NamedTuple):
    """The effects that are always in place in a state, and those that are ever."""

    always: frozenset[str]
    ever: frozenset[str]


Known = Mapping[tuple[str, str], Ranges]
"""By resource and state."""

NOTHING = Ranges(frozenset(), frozenset())


def ranges(manager: Manager, report: Report) -> dict[tuple[str, str], Ranges]:
    """What each state means, by all searches. Of a hook that one left out, that one says nothing.
    What was there before `create` may be there."""
    found: dict[tuple[str, str], Ranges] = {}
    for searched, seen in zip(report.searched, report.seen, strict=True):
        absent = frozenset(searched.valuation.without)
        for one, of in seen.every.items():
            unsaid = adopted(manager, manager.resource(one.resource)).get(one.state, 0)
            always = frozenset(names(manager, of.always)) | absent
            ever = frozenset(names(manager, of.ever | unsaid))
            known = found.get((one.resource, one.state), Ranges(always, ever))
            found[one.resource, one.state] = Ranges(known.always & always, known.ever | ever)
    return {at: Ranges(of.always & of.ever, of.ever) for at, of in found.items()}


def bare(tree: Tree) -> Tree:
    """The spec without `needs`, `effects` and `maybe`. What is `meant` stays: without it the spec
    would be another one."""
    tree = copy.deepcopy(tree)
    for hooks in tree["backend"].values():
        for hook in hooks.values():
            hook.pop("needs", None)
    for resource in tree["resources"].values():
        for state in resource["states"].values():
            state.pop("effects", None)
            state.pop("maybe", None)
    return tree


def rejecting(tree: Tree, where: str) -> list[Tree]:
    """The rows of a cell that reject."""
    resource, state, event = where.split(".")
    cell = tree["resources"][resource]["states"][state].get("on", {}).get(event)
    rows = cell if isinstance(cell, list) else [cell]
    return [row for row in rows if isinstance(row, dict) and "reject" in row]


def mean(tree: Tree, refused: list[str], rng: random.Random) -> None:
    """Rejections that are meant: those at the places, and some others."""
    for name, resource in tree["resources"].items():
        for state, body in resource["states"].items():
            for event in body.get("on", {}):
                where = f"{name}.{state}.{event}"
                for row in rejecting(tree, where):
                    if where in refused or rng.random() < 0.2:
                        row["meant"] = True


def state_words(tree: Tree, manager: Manager, known: Known, rng: random.Random) -> None:
    """States what is in place, and what hooks need. Every other spec has one word too many, too few
    or at the wrong place."""
    for resource in manager.resources:
        for state in resource.states:
            if not state.final and rng.random() < 0.6:
                of = known.get((resource.name, state.name), NOTHING)
                doubted = {h for h in _undone_on(manager, resource.name)
                           if h in of.ever - of.always or rng.random() < 0.1}
                body = tree["resources"][resource.name]["states"][state.name]
                _say(body, {h for h in of.always if h not in doubted}, doubted, rng)
    likely = _likely(manager, known)
    for hook, needed in rng.sample(likely, min(len(likely), rng.choice((0, 1, 1, 2)))):
        _need(tree, hook, needed)
    if rng.random() < 0.5:
        _disturb(tree, manager, rng)


def _undone_on(manager: Manager, resource: str) -> list[str]:
    undone = {name for h in manager.hooks for name in h.undoes}
    return [h.name for h in manager.hooks if h.on == resource and h.name in undone]


def _say(body: Tree, effects: set[str], maybe: set[str], rng: random.Random) -> None:
    for word in ("effects", "maybe"):
        body.pop(word, None)
    if effects or not maybe or rng.random() < 0.5:
        body["effects"] = sorted(effects)
    if maybe:
        body["maybe"] = sorted(maybe)


def _need(tree: Tree, hook: str, needed: str) -> None:
    group, name = hook.split(".")
    words = tree["backend"][group][name].setdefault("needs", [])
    if needed not in words:
        words.append(needed)


def _pairs(manager: Manager) -> list[tuple[str, str]]:
    """Hooks, each with one that it can need."""
    return [(h.name, needed) for h in manager.hooks if not h.asks
            for above in manager.path(h.on) for needed in _undone_on(manager, above)
            if needed != h.name]


def _likely(manager: Manager, known: Known) -> list[tuple[str, str]]:
    """Hooks with what is there wherever they are called, as far as their own states say it."""
    calling: dict[str, list[tuple[str, str]]] = {}
    for resource in manager.resources:
        for state in resource.states:
            for row in state.rows:
                if row.call is not None:
                    calling.setdefault(row.call, []).append((resource.name, state.name))
    return [(hook, needed) for hook, needed in _pairs(manager)
            if manager.hook(hook).on != manager.hook(needed).on
            or all(needed in known[at].always for at in calling.get(hook, ()) if at in known)]


def _disturb(tree: Tree, manager: Manager, rng: random.Random) -> None:
    """One effect more, less or in the other list; or one need more."""
    stated = [(hooks, body) for r in manager.resources if (hooks := _undone_on(manager, r.name))
              for body in tree["resources"][r.name]["states"].values()
              if "effects" in body or "maybe" in body]
    pairs = _pairs(manager)
    if stated and (not pairs or rng.random() < 0.5):
        hooks, body = rng.choice(stated)
        hook = rng.choice(hooks)
        lists = {word: set(body.get(word, ())) for word in ("effects", "maybe")}
        old = next((word for word, said in lists.items() if hook in said), None)
        new = rng.choice([word for word in ("effects", "maybe", None) if word != old])
        for word, said in lists.items():
            said.discard(hook)
            said.update({hook} if word == new else ())
        _say(body, lists["effects"], lists["maybe"], rng)
    elif pairs:
        _need(tree, *rng.choice(pairs))
