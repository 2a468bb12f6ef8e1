"""Everything in a spec that names something declared elsewhere, with its place. The rules about
unknown names go through these."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from berthc.diag import snake
from berthc.model import (
    AssignedKind, Form, Guard, Loc, Manager, Operation, Ref, Resource, Row, Target,
)
from berthc.spec.build import Spec
from berthc.spec.load import Mapping, Node, Scalar, Sequence


@dataclass(frozen=True)
class Use:
    """A name where it is used. `by` says in words what uses it; `own` is the resource that it is
    used in, where that matters."""

    name: str
    loc: Loc
    by: str
    own: str = ""


@dataclass(frozen=True)
class GuardUse:
    """A condition: what may stand in it depends on whose it is. `path` are the resources whose
    fields it sees, root first."""

    guard: Guard
    by: str
    path: tuple[str, ...]
    own: str | None  # the resource that `field` stands for
    keys_only: bool = False  # only key fields are given


def named(spec: Spec, *path: str) -> Iterator[tuple[str, Loc]]:
    """The texts at a path, with their places. "*" in the path stands for every item of a list, and
    for a value that is no list itself."""
    for node in _nodes(spec.root, path):
        for item in node.items if isinstance(node, Sequence) else (node,):
            if isinstance(item, Scalar) and isinstance(item.value, str) and item.value:
                yield item.value, item.loc


def _nodes(node: Node | None, path: tuple[str, ...]) -> Iterator[Node]:
    if node is None:
        return
    if not path:
        yield node
    elif path[0] == "*":
        for item in node.items if isinstance(node, Sequence) else (node,):
            yield from _nodes(item, path[1:])
    elif isinstance(node, Mapping):
        yield from _nodes(node.get(path[0]), path[1:])


def keys(spec: Spec, *path: str) -> list[str]:
    """The keys at a path, also those whose values are malformed: what is declared badly is
    declared."""
    node = spec.node(*path)
    return list(node.keys) if isinstance(node, Mapping) else []


def meant(names: Iterable[str]) -> set[str]:
    """Declared names, and those that bad ones among them are told to become: both are right to be
    used."""
    return {word for name in names for word in (name, snake(name)) if word}


def row_path(spec: Spec, resource: Resource, row: Row) -> tuple[str | int, ...]:
    """Where a row is in the spec, for `Spec.at`."""
    where = ("resources", resource.name, "states", row.state, "on", row.event)
    node = spec.node(*where)
    if isinstance(node, Sequence):
        return (*where, next((i for i, item in enumerate(node.items) if item.loc == row.loc), 0))
    return where


def resources_by_name(manager: Manager) -> dict[str, Resource]:
    return manager.by_name


def path_of(manager: Manager, name: str) -> tuple[str, ...]:
    """The resource and those above it, root first; cut where a parent is unknown or a circle
    closes."""
    up: dict[str, None] = {}
    current: str | None = name
    while current is not None and current in manager.by_name and current not in up:
        up[current] = None
        current = manager.by_name[current].parent
    return tuple(reversed(up))


def rows(manager: Manager) -> Iterator[tuple[Resource, Row]]:
    for resource in manager.resources:
        for state in resource.states:
            for row in state.rows:
                yield resource, row


def cell(resource: Resource, row: Row) -> str:
    """How messages name a row: disk.attached on detach."""
    return f"{resource.name}.{row.state} on {row.event}"


def targets(resource: Resource) -> Iterator[tuple[Row, str, Target]]:
    """Every target of a resource with its row and outcome; an `uncertain` that only repeats `fail`
    is left out."""
    for state in resource.states:
        for row in state.rows:
            for outcome, target in row.targets():
                if outcome != "uncertain" or row.uncertain_given:
                    yield row, outcome, target


def guards(manager: Manager) -> Iterator[GuardUse]:
    """Every condition of the spec."""
    for resource, row in rows(manager):
        if row.guard is not None:
            yield GuardUse(row.guard, cell(resource, row), path_of(manager, resource.name),
                           resource.name)
    for resource in manager.resources:
        for assigned in resource.assigned:
            for text in assigned.texts:
                if text.guard is not None:
                    yield GuardUse(text.guard, f"the format of {resource.name}.{assigned.name}", (),
                                   None)
    for operation in manager.operations:
        for deny in operation.deny:
            path = given_path(operation)
            yield GuardUse(deny.guard, f"operation {operation.name}", path,
                           path[-1] if path else None, operation.form is Form.FIND)


def given_path(operation: Operation) -> tuple[str, ...]:
    """The resources whose fields the caller of an operation gives."""
    return () if operation.form is Form.WITH or operation.by else operation.path


def leaves(resource: Resource) -> dict[str, str]:
    """Names of the leaves of assigned values, each with the assigned value's own name."""
    return {leaf: a.name for a in resource.assigned for leaf in a.leaves}


def formats(manager: Manager) -> Iterator[tuple[Resource, str, Ref]]:
    """Every reference in a format, with the resource and the assigned value that it stands in."""
    for resource in manager.resources:
        for assigned in resource.assigned:
            for text in assigned.texts:
                for part in text.parts:
                    if isinstance(part, Ref):
                        yield resource, assigned.name, part


def pool_options(manager: Manager) -> Iterator[tuple[Resource, str, str, Loc]]:
    """Every option that a pool takes a size from: resource, pool, option, place of the part."""
    for resource in manager.resources:
        for assigned in resource.assigned:
            if assigned.kind is AssignedKind.POOL:
                for part in assigned.parts:
                    if part.option is not None:
                        yield resource, assigned.name, part.option, part.loc


def end_only_if_ok(row: Row, outcome: str) -> str:
    """What to write in place of an end after a call that did not end ok."""
    if outcome == "uncertain" and row.uncertain_given:
        return (f"do not end when {row.call} stays uncertain: lead 'uncertain:' to a state that "
                "tries again")
    return (f"do not end when {row.call} fails: lead 'fail:' to a state that tries again "
            "(fail: stay)")
