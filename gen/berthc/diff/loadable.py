"""Whether a store of the old spec loads into a manager of the new one, as data. berthc.stored
works it out."""
from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from berthc.model import Loc


class Bar(Enum):
    """Why rows are refused; the value is the reason that the runtime gives."""

    MANAGER = "the store has rows of another manager"
    OPTION = "the store has rows for another value of option"
    WITHOUT = "the store has rows for a backend without"
    WITH = "the store has rows for a backend with"
    RESOURCE = "a row is of a resource that is gone"
    LOST = "a row has a value that is gone"
    PARENT_GONE = "a row has a parent, and its resource has none now"
    PARENT_NEW = "a row has no parent, and its resource has one now"
    PARENT = "an instance has no parent"
    KEY_NEW = "a row has no value for a key field that is new:"
    REQUIRED_NEW = "a row has no value for a required field that is new:"
    ASSIGNED_NEW = "a row was not assigned a value that is new:"
    TYPE = "a row has a value of another type"
    STATE = "a row is in a state that is gone"
    FINAL = "a row is in a state that is final now"
    FIELD = "a field has a value that it may not have:"
    ASSIGNED = "an assigned value is not valid:"
    COUNTER = "a counter has no number, and its resource has rows"
    KEY = "two instances have the same key"
    SLOT = "two instances have the same slot"
    OUTSIDE = "an instance has a slot outside its pool"
    NAME = "a value names an instance that it may not name"
    RESERVED = "a reservation is for a resource that none is for now"
    PATH = "a reservation holds a resource that is not on its path now"
    DROPPED = "a reference is to a resource that nobody drops now"
    INTENT = "an intent is about a call that is not made there:"


@dataclass(frozen=True)
class Condition:
    """`if_any` in words: a store does not load if this is so. `resource` is a name of today, or of
    what is gone. `name` is that of the field, option or hook, where it is about one; `event` that
    of an intent. `loc` is a place of the new spec."""

    bar: Bar
    if_any: str
    resource: str = ""
    name: str = ""
    loc: Loc | None = None
    event: str = ""


@dataclass(frozen=True)
class Loadable:
    """`never`: why no store loads; else all load but those for which a condition holds."""

    never: str = ""
    unless: tuple[Condition, ...] = ()

    @property
    def word(self) -> str:
        return "no" if self.never else "unless" if self.unless else "yes"

    @property
    def headline(self) -> str:
        if self.never:
            return f"no: {self.never}"
        return "yes, unless" if self.unless else "yes"
