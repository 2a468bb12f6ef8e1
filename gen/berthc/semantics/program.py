"""A manager made ready to run, for given options and a given set of hooks.

Options never change during a manager's life, so guards over them are decided here once.
"""
from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from berthc.model import (
    COMPARE, Assigned, AssignedKind, Deny, FormatText, Guard, Manager, Operation, Ref, Resource,
    Row, Type,
)
from berthc.semantics.values import (
    Value, default, in_text, is_of_type, is_valid, replace_uuids, zero,
)

Lookup = Callable[[str, str], Value]
"""Scope and name of a reference, to its value."""

Test = Callable[[Lookup], bool]


class BrokenTable(Exception):
    """The table has a hole where an event arrived, rows that raise each other for ever, or a `take`
    that ends what it takes.

    `berthc check` refuses all of these.
    """


def compile_guard(guard: Guard, options: Mapping[str, Value]) -> bool | Test:
    """A guard with the options put in: decided, or a test of what is left."""
    if guard.op in ("and", "or"):
        absorbing = guard.op == "or"
        parts = [compile_guard(arg, options) for arg in guard.args]
        if any(part is absorbing for part in parts):
            return absorbing
        tests = [part for part in parts if not isinstance(part, bool)]
        if not tests:
            return not absorbing
        if absorbing:
            return lambda look: any(test(look) for test in tests)
        return lambda look: all(test(look) for test in tests)
    if guard.op == "not":
        inner = compile_guard(guard.args[0], options)
        return (
            (not inner)
            if isinstance(inner, bool)
            else (lambda look, test=inner: not test(look))  # type: ignore[misc]
        )
    assert guard.ref is not None
    scope, name = guard.ref.scope, guard.ref.name
    literal, compare = guard.literal, COMPARE[guard.op]
    if scope == "option":
        return compare(options[name], literal)
    return lambda look: compare(look(scope, name), literal)


class ResourceProgram:
    """One resource: fields in groups, pools with their sizes, rows by state and event."""

    __slots__ = ("spec", "name", "key", "key_in_order", "rest", "defaults", "final", "cells",
                 "pools", "otherwise", "hook_values")

    def __init__(self, spec: Resource, options: Mapping[str, Value]) -> None:
        self.spec = spec
        self.name = spec.name
        self.key = tuple(spec.field(name) for name in spec.key)
        self.key_in_order = tuple(f for f in spec.fields if f.name in spec.key)  # of the fields
        self.rest = tuple(f for f in spec.fields if f.name not in spec.key)
        self.defaults = {f.name: default(f) for f in spec.fields}
        self.final = frozenset(s.name for s in spec.states if s.final)
        self.otherwise = spec.otherwise
        self.pools = {a.name: tuple(_pool_size(part.size, part.option, options) for part in a.parts)
                      for a in spec.assigned if a.kind is AssignedKind.POOL}
        self.hook_values = tuple(a for a in spec.assigned if a.kind is AssignedKind.HOOK)
        self.cells: dict[tuple[str, str], list[tuple[Test | None, Row]]] = {}
        for state in spec.states:
            for row in state.rows:
                test = True if row.guard is None else compile_guard(row.guard, options)
                if test is not False:
                    self.cells.setdefault((state.name, row.event),
                                          []).append((None if test is True else test, row))

    def row(self, state: str, event: str, look: Lookup) -> Row | None:
        """The first row of the cell whose guard holds; None where `otherwise` takes its place."""
        for test, row in self.cells.get((state, event), ()):
            if test is None or test(look):
                return row
        if self.otherwise is None:
            raise BrokenTable(f"{self.name}.{state} has no row for {event}")
        return None


def _pool_size(size: int | None, option: str | None, options: Mapping[str, Value]) -> int:
    value = size if option is None else options[option]
    assert isinstance(value, int)
    return value


def leaf_zeros(assigned: Assigned) -> dict[str, Value]:
    """The leaves of an assigned value, all zero."""
    if assigned.kind is AssignedKind.POOL:
        return {leaf: 0 for leaf in assigned.leaves}
    assert assigned.type is not None
    return {assigned.name: zero(assigned.type)}


MAX_HOLDERS = (1 << 32) - 1  # of an instance (S3)


class Program:
    """A manager, its options and the hooks it has been left without."""

    __slots__ = ("manager", "options", "without", "max_holders", "resources", "operations", "hooks",
                 "deny", "naming", "owned", "_uuids")

    def __init__(self, manager: Manager, options: Mapping[str, Value], without: Collection[str],
                 max_holders: int = MAX_HOLDERS) -> None:
        """Raises ValueError for an option or hook that is unknown, a value the option does not
        take, or a hook that is required."""
        self.manager = manager
        self.options = ({o.name: default(o) for o in manager.options}
                        | _checked_options(manager, options))
        for option in manager.options:
            if not is_valid(option, self.options[option.name]):
                raise ValueError(f"option {option.name} cannot be {self.options[option.name]!r}")
        self.hooks = {hook.name: hook for hook in manager.hooks}
        self.naming = {hook.name: manager.naming(hook.name) for hook in manager.hooks}
        for name in without:
            if name not in self.hooks:
                raise ValueError(f"there is no hook {name}")
            if not self.hooks[name].optional:
                raise ValueError(f"hook {name} is not optional")
        self.without = frozenset(without)
        self.max_holders = max_holders
        for names in manager.left_out:
            if 0 < len(self.without.intersection(names)) < len(names):
                here = next(n for n in names if n not in self.without)
                gone = next(n for n in names if n in self.without)
                raise ValueError(f"hook {gone} cannot be left out without {here}")
        self.resources = {r.name: ResourceProgram(r, self.options) for r in manager.resources}
        self.operations: dict[str, Operation] = {o.name: o for o in manager.operations}
        self.owned = frozenset(o.name for o in manager.operations if manager.has_owner(o))
        self.deny: dict[str, tuple[tuple[bool | Test, Deny], ...]] = {
            o.name: tuple((compile_guard(d.guard, self.options), d) for d in o.deny)
            for o in manager.operations
        }
        self._uuids = frozenset(
            [(r.name, f.name) for r in manager.resources for f in r.fields if f.type is Type.UUID]
            + [(r.name, a.name) for r in manager.resources for a in r.assigned
               if a.type is Type.UUID])

    def render(self, resource: str, assigned: Assigned, look: Lookup) -> str:
        """The text of a format of a resource: the first whose guard holds, references filled in.
        UUIDs are written by in_text()."""
        for text in assigned.texts:
            if text.guard is None or self._holds(text, look):
                made = "".join(part if isinstance(part, str) else self._text(resource, part, look)
                               for part in text.parts)
                return replace_uuids(made, in_text)
        raise BrokenTable(f"no text of {assigned.name} applies")

    def _holds(self, text: FormatText, look: Lookup) -> bool:
        assert text.guard is not None
        test = compile_guard(text.guard, self.options)
        return test if isinstance(test, bool) else test(look)

    def _text(self, resource: str, ref: Ref, look: Lookup) -> str:
        value = self.options[ref.name] if ref.scope == "option" else look(ref.scope, ref.name)
        if (resource if ref.scope == "field" else ref.scope, ref.name) in self._uuids:
            return in_text(str(value))
        return str(value).lower() if isinstance(value, bool) else str(value)


def _checked_options(manager: Manager, options: Mapping[str, Value]) -> dict[str, Value]:
    known = {o.name: o for o in manager.options}
    for name, value in options.items():
        if name not in known:
            raise ValueError(f"there is no option {name}")
        if not is_of_type(known[name], value):
            raise ValueError(f"option {name} cannot be {value!r}")
    return dict(options)
