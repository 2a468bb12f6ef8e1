"""A manager: its hooks, resources, operations and limits."""
from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from berthc.model.operation import Form, Operation
from berthc.model.resource import Assigned, Resource
from berthc.model.values import Field, Loc


@dataclass(frozen=True)
class Hook:
    """A function of the backend; `name` is "group.name".

    `undoes` names hooks whose effect it takes back; `asks` those of which it says whether one is in
    effect; `needs` those whose effects are in place whenever it is called, and as long as its own
    is. `together`: the optional hooks with the same word are all there or all left out.
    """

    name: str
    on: str
    brief: str
    loc: Loc
    optional: bool = False
    # optional only; errno name that a row calling it rejects with; None: as if it ended ok
    absent: str | None = None
    undoes: tuple[str, ...] = ()
    repeatable: bool = False
    together: str | None = None
    asks: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    was: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        return self.name.split(".")[0]

    @property
    def short(self) -> str:
        return self.name.split(".")[1]


@dataclass(frozen=True)
class Accept:
    """A finding of the checker that the author knows and takes."""

    finding: str
    why: str
    loc: Loc
    where: str  # "resource.state", "resource.state.event" or "" for all of them
    where_loc: Loc


@dataclass(frozen=True)
class Limit:
    """How many instances of a resource take memory at once, and the bytes of the strings and lists
    of one (None: by their max_length)."""

    resource: str
    instances: int
    loc: Loc
    text: int | None = None


@dataclass(frozen=True)
class Limits:
    """What the manager's memory is computed from. They change no behaviour but that beyond them
    there is no memory."""

    resources: tuple[Limit, ...]
    loc: Loc
    reservations: int | None = None

    def of(self, resource: str) -> Limit:
        return next(r for r in self.resources if r.resource == resource)


@dataclass(frozen=True)
class Store:
    """The manager may keep what it tracks in a store. `settle` is a hook of the backend that is on
    no resource; it is not among the manager's hooks."""

    settle: str | None
    loc: Loc
    brief: str = ""  # of the hook


@dataclass(frozen=True)
class Manager:
    name: str
    brief: str
    file: str  # as given on the command line
    loc: Loc
    options: tuple[Field, ...] = ()
    hooks: tuple[Hook, ...] = ()
    resources: tuple[Resource, ...] = ()  # parents before children
    operations: tuple[Operation, ...] = ()
    accept: tuple[Accept, ...] = field(default=())
    limits: Limits | None = None
    store: Store | None = None
    was: tuple[str, ...] = ()

    @cached_property
    def by_name(self) -> dict[str, Resource]:
        """The resources by their names."""
        return {r.name: r for r in self.resources}

    def resource(self, name: str) -> Resource:
        """The resource of that name. Raises KeyError where there is none; so do `operation` and
        `hook`."""
        return self.by_name[name]

    def operation(self, name: str) -> Operation:
        return self._operations[name]

    @cached_property
    def _operations(self) -> dict[str, Operation]:
        return {o.name: o for o in self.operations}

    def hook(self, name: str) -> Hook:
        return self._hooks[name]

    @cached_property
    def _hooks(self) -> dict[str, Hook]:
        return {h.name: h for h in self.hooks}

    def option(self, name: str) -> Field:
        return next(o for o in self.options if o.name == name)

    def naming(self, hook: str) -> tuple[Assigned, ...]:
        """The values that a hook gives and that some operation finds by."""
        found = {(o.target, o.by) for o in self.operations if o.by is not None}
        return tuple(a for r in self.resources for a in r.assigned if a.hook == hook
                     and (r.name, a.name) in found)

    def has_owner(self, operation: Operation) -> bool:
        """Does the caller of the operation say who it is? With a store, a reservation and a
        reference have an owner."""
        if self.store is None or operation.form is Form.WITH:
            return False
        held = {(r.name, event) for r in self.resources for event in (r.take, r.drop)}
        return operation.gives or any((s.resource, s.event) in held for s in operation.steps)

    @cached_property
    def named_references(self) -> frozenset[str]:
        """The resources whose instances may have references with an owner."""
        return frozenset(step.resource for o in self.operations
                         if self.store is not None and o.form is not Form.WITH for step in o.steps
                         if step.event == self.resource(step.resource).take)

    @property
    def left_out(self) -> tuple[tuple[str, ...], ...]:
        """The optional hooks, in sets that a backend leaves out whole or not at all, in the order
        of the spec."""
        sets: dict[tuple[str, str], list[str]] = {}
        for hook in self.hooks:
            if hook.optional:
                sets.setdefault(("word", hook.together) if hook.together else ("hook", hook.name),
                                []).append(hook.name)
        return tuple(tuple(names) for names in sets.values())

    def path(self, name: str) -> tuple[str, ...]:
        """The resource and those above it, root first."""
        up = [name]
        while (parent := self.resource(up[0]).parent) is not None:
            up.insert(0, parent)
        return tuple(up)

    def children(self, name: str) -> tuple[str, ...]:
        return self._below.get(name, ())

    @cached_property
    def _below(self) -> dict[str | None, tuple[str, ...]]:
        below: dict[str | None, list[str]] = {}
        for resource in self.resources:
            below.setdefault(resource.parent, []).append(resource.name)
        return {parent: tuple(names) for parent, names in below.items()}

    @property
    def reservation_path(self) -> tuple[str, ...]:
        """The path that every reservation of this manager pins; empty where it gives none."""
        return next((o.path for o in self.operations if o.gives), ())
