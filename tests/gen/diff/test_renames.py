"""Another name is found and said as that: of each thing of each spec, and of several at once."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import pytest

from berthc.diff import compare
from berthc.diff.match import KINDS, match
from berthc.diff.renames import leaves, renamed
from berthc.model import Manager
from berthc.pipeline import search_text
from diff_cases import SPECS, spec

Key = tuple[str, ...]


def model(path: Path) -> Manager:
    manager = search_text(path.name, path.read_text(encoding="utf-8"))[1]
    assert manager is not None
    return manager


def things(manager: Manager) -> list[Key]:
    """All that can have another name."""
    found: list[Key] = [(kind, one.name) for kind in ("option", "hook", "resource", "operation")
                        for one in getattr(manager, f"{kind}s")]
    for r in manager.resources:
        found += [("field", r.name, f.name) for f in r.fields]
        found += [("assigned", r.name, a.name) for a in r.assigned]
        found += [("state", r.name, s.name) for s in r.states]
        found += [("event", r.name, event) for event in r.events]
    return found


def under(manager: Manager, *keys: Key) -> Manager:
    """The manager in which things have other names, which say nothing."""
    names: dict[Key, str] = {}
    for n, key in enumerate(keys):
        group = key[1].split(".")[0] if key[0] == "hook" else ""
        new = f"{group}.zz{n}" if group else f"zz{n}"
        names[key] = new
        if key[0] == "assigned":
            value = manager.resource(key[1]).value(key[2])
            names |= {("leaf", key[1], a): b
                      for a, b in leaves(value, replace(value, name=new))}
    return renamed(manager, names)


WORDS = {"brief", "loc", "values", "default", "literal", "together", "finding", "why"}
"""Members that have words, and no names."""


def names_in(thing: object) -> Iterator[str]:
    """All texts of a model that may be names."""
    if isinstance(thing, str):
        yield thing
    elif isinstance(thing, tuple):
        for one in thing:
            yield from names_in(one)
    elif is_dataclass(thing):
        for member in fields(thing):
            value = getattr(thing, member.name)
            if member.name == "where" and isinstance(value, str):
                yield from value.split(".")
            elif member.name not in WORDS:
                yield from names_in(value)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_no_old_name_is_left(path: Path) -> None:
    manager = model(path)
    keys = things(manager)
    parts = {part.name for r in manager.resources for a in r.assigned for part in a.parts}
    made = under(manager, *keys)
    made = replace(made, name="", file="", store=None)
    assert not ({key[-1] for key in keys} - parts).intersection(names_in(made))


def without_briefs(manager: Manager) -> Manager:
    return replace(
        manager, brief="", options=tuple(replace(o, brief="") for o in manager.options),
        hooks=tuple(replace(h, brief="") for h in manager.hooks),
        operations=tuple(replace(o, brief="") for o in manager.operations),
        resources=tuple(replace(
            r, brief="", fields=tuple(replace(f, brief="") for f in r.fields),
            assigned=tuple(replace(a, brief="") for a in r.assigned),
            states=tuple(replace(s, brief="") for s in r.states)) for r in manager.resources))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_each_name_alone_is_found_and_found_back(path: Path) -> None:
    manager = model(path)
    wrong = []
    for key in things(manager):
        other = under(manager, key)
        for old, new, was in ((manager, other, key[-1]), (other, manager, "zz0")):
            said = [(c.kind, c.was.split(".")[-1]) for c in compare(old, new)]
            if said != [("renamed", was.split(".")[-1])]:
                wrong.append((key, said))
    assert wrong == []


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_names_are_found_without_briefs(path: Path) -> None:
    manager = without_briefs(model(path))
    lost = [key for key in things(manager)
            if [c.kind for c in compare(manager, under(manager, key))] != ["renamed"]]
    assert lost == []


@pytest.mark.parametrize("kind", KINDS)
def test_all_names_of_a_kind_at_once_are_found(kind: str) -> None:
    manager = model(spec("scsi"))
    keys = [key for key in things(manager) if key[0] == kind]
    changes = compare(manager, under(manager, *keys))
    assert [c.kind for c in changes] == ["renamed"] * len(keys)


def test_every_name_at_once_is_found_and_the_old_model_is_the_new_one() -> None:
    manager = model(spec("scsi"))
    keys = [key for key in things(manager) if key[0] in ("option", "hook", "operation")]
    new = under(manager, *keys)
    alike, renames = match(manager, new)
    assert len(renames) == len(keys) and alike == new


def test_what_is_different_is_no_rename() -> None:
    manager = model(spec("lantern"))
    [lamp] = manager.resources
    fields = tuple(replace(f, name="weight", brief="Grams.") if f.name == "tall" else f
                   for f in lamp.fields)
    new = replace(manager, resources=(replace(lamp, fields=fields),))
    assert [(c.kind, c.name) for c in compare(manager, new)] == [
        ("added", "lamp.weight"), ("removed", "lamp.tall")]


def test_which_of_two_is_meant_does_not_depend_on_chance() -> None:
    manager = model(spec("scsi"))
    keys = [key for key in things(manager) if key[0] == "state"]
    new = under(manager, *keys)
    assert compare(manager, new) == compare(manager, new)


def test_a_group_of_hooks_has_another_name() -> None:
    manager = model(spec("scsi"))
    names = {("hook", h.name): h.name.replace("guest.", "inside.") for h in manager.hooks}
    changes = compare(manager, renamed(manager, names))
    assert [(c.kind, c.name) for c in changes] == [
        ("renamed", name) for name in names.values() if name.startswith("inside.")]
