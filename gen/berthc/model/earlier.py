"""Earlier names, as the `was` keys of a spec give them."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from berthc.model.manager import Manager
from berthc.model.resource import AssignedKind, Resource
from berthc.model.values import Loc


class Naming(Enum):
    """What a name is of."""

    MANAGER = "manager"
    OPTION = "option"
    OPTION_VALUE = "value of option"
    HOOK = "hook"
    RESOURCE = "resource"
    COLUMN = "column"  # a field, or a leaf of an assigned value
    VALUE = "value"
    STATE = "state"
    EVENT = "event"


@dataclass(frozen=True)
class Earlier:
    """`was` is an earlier name of what is `name` today, or of what is forgotten (None). `owner` is
    the resource that it belongs to, and `of` the field or option whose value it is."""

    kind: Naming
    was: str
    name: str | None
    loc: Loc
    owner: str = ""
    of: str = ""


def earlier_names(manager: Manager) -> Iterator[Earlier]:
    """All of a spec, in its order."""
    yield from (Earlier(Naming.MANAGER, was, manager.name, manager.loc) for was in manager.was)
    for option in manager.options:
        yield from (Earlier(Naming.OPTION, was, option.name, option.loc) for was in option.was)
        yield from (Earlier(Naming.OPTION_VALUE, was, name, option.loc, of=option.name)
                    for name, was in option.was_values)
    for hook in manager.hooks:
        yield from (Earlier(Naming.HOOK, was, hook.name, hook.loc) for was in hook.was)
    for resource in manager.resources:
        yield from (Earlier(Naming.RESOURCE, was, resource.name, resource.loc)
                    for was in resource.was)
        yield from _of_resource(resource)


def _of_resource(resource: Resource) -> Iterator[Earlier]:
    own = resource.name
    for field in resource.fields:
        yield from (Earlier(Naming.COLUMN, was, field.name, field.loc, own) for was in field.was)
        yield from (Earlier(Naming.VALUE, was, name, field.loc, own, field.name)
                    for name, was in field.was_values)
    for value in resource.assigned:
        if value.kind is AssignedKind.POOL:
            yield from (Earlier(Naming.COLUMN, was, part.name, part.loc, own)
                        for part in value.parts for was in part.was)
        else:
            yield from (Earlier(Naming.COLUMN, was, value.name, value.loc, own)
                        for was in value.was)
    yield from (Earlier(Naming.COLUMN, was, None, resource.loc, own) for was in resource.forgets)
    for state in resource.states:
        yield from (Earlier(Naming.STATE, was, state.name, state.loc, own) for was in state.was)
    yield from (Earlier(Naming.EVENT, was, name, resource.loc, own)
                for name, was in resource.was_events)
