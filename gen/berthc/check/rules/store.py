"""What a manager with a store asks of its spec."""
from __future__ import annotations

from collections.abc import Iterator, Set

from berthc.check import refs
from berthc.check.flow import Flow
from berthc.check.rule import rule
from berthc.check.rules.table import Tables
from berthc.diag import Diagnostic, Severity, listing
from berthc.model import Earlier, Manager, Naming, Row, Target, earlier_names
from berthc.spec.build import ON_STORE, Spec
from berthc.spec.load import Mapping

_KEYS = ("on", "brief")


@rule("store-settle",
      "A spec with a store names the hook that settles. That hook is on the store, and no other is;"
      " it has no keys but on and brief.")
def settle(spec: Spec) -> Iterator[Diagnostic]:
    store = spec.manager.store
    if store is None:
        return
    if store.settle is None:
        yield Diagnostic(
            "store-settle", store.loc,
            "a call of a process that died may take effect after recovery has undone it",
            "name a hook that waits until none can: store: {settle: group.hook}, and "
            "settle: {on: store} in the group; or make sure of it in another way",
            Severity.WARNING)
    hooks = [(group, name) for group in refs.keys(spec, "backend")
             for name in refs.keys(spec, "backend", group)]
    if store.settle is not None and tuple(store.settle.split(".", 1)) not in hooks:
        return  # unknown-hook tells
    for group, name in hooks:
        hook = f"{group}.{name}"
        node = spec.node("backend", group, name)
        on = next((word for word, _ in refs.named(spec, "backend", group, name, "on")), "")
        if on == ON_STORE and hook != store.settle:
            yield Diagnostic("store-settle", spec.at("backend", group, name, "on"),
                             f"hook {hook} is on the store, and does not settle",
                             f"write store: {{settle: {hook}}}, or let it be on a resource")
        elif on != ON_STORE and on and hook == store.settle:
            yield Diagnostic("store-settle", spec.at("store", "settle"),
                             f"hook {hook} settles, and is on {on}",
                             f"it is about no instance: write {name}: {{on: store}}")
        elif on == ON_STORE and isinstance(node, Mapping):
            for key in node.keys:
                if key not in _KEYS:
                    yield Diagnostic("store-settle", spec.key("backend", group, name, key),
                                     f"hook {hook} settles, so {key} has no meaning",
                                     f"remove {key}")


@rule("store-limits",
      "A spec with a store has no limits: what a store needs for owners has no bound.")
def no_limits(spec: Spec) -> Iterator[Diagnostic]:
    if spec.manager.store is not None and spec.manager.limits is not None:
        yield Diagnostic("store-limits", spec.key("limits"),
                         "a manager with a store cannot have limits: its owners have no bound",
                         "remove limits, or remove store")


@rule("store-value",
      "In a spec with a store, what undoes a hook is not called after that stayed uncertain, if it "
      "gives a value: a crash loses it.")
def value(tables: Tables) -> Iterator[Diagnostic]:
    spec = tables.spec
    if spec.manager.store is None:
        return
    for flow in tables.whole():
        resource = flow.resource
        for row in (row for state in resource.states for row in state.rows):
            values = [a.name for a in resource.assigned if a.hook and a.hook == row.call]
            if not values or row.uncertain is None:
                continue
            undo = _undone_without(spec.manager, flow, row, row.uncertain)
            if undo is not None:
                yield Diagnostic(
                    "store-value", row.uncertain.loc,
                    f"if the process dies in {row.call}, {refs.cell(resource, undo)} calls "
                    f"{undo.call} without {listing(values)}",
                    f"let {undo.call} need a uuid or a counter instead, which are kept before the "
                    "call; or accept store-value if it needs no such value",
                    where=f"{resource.name}.{row.state}.{row.event}")


def _undone_without(manager: Manager, flow: Flow, lost: Row, first: Target) -> Row | None:
    """A row that undoes a hook before that ended ok again."""
    fired: dict[str, Set[str]] = {}
    for state, event in flow.fired:
        fired[state] = {*fired.get(state, ()), event}
    seen: dict[tuple[str, str | None], None] = {}
    waiting = [(first.state, first.raise_event)]
    while waiting:
        at = waiting.pop(0)
        if at in seen:
            continue
        seen[at] = None
        state, raised = at
        for event in sorted(fired.get(state, ())) if raised is None else [raised]:
            for row in flow.chains.cells.get((state, event), ()):
                hook = None if row.call is None else manager.hook(row.call)
                if hook is not None and lost.call in hook.undoes:
                    return row
                waiting += [(target.state, target.raise_event) for outcome, target in row.targets()
                            if row.call != lost.call or outcome != "ok"]
    return None


@rule("store-was",
      "Earlier names are of specs with a store, and each is of one thing. It is no name of today, "
      "and what has it exists.")
def was(spec: Spec) -> Iterator[Diagnostic]:
    manager = spec.manager
    seen: dict[tuple[Naming, str, str, str], str | None] = {}
    for one in earlier_names(manager):
        if manager.store is None:
            yield Diagnostic("store-was", one.loc,
                             f"{one.was} is an earlier name, and the spec has no store",
                             "nothing is kept under it: remove it, or write store: true")
            return
        today = _names_today(manager, one)
        if one.was in today:
            yield Diagnostic("store-was", one.loc,
                             f"{one.was} is an earlier name, and {_kind(one)}{one.was} exists",
                             "rows with this name are of what has it today: remove the earlier "
                             "name")
        elif one.name is not None and one.name not in today:
            yield Diagnostic("store-was", one.loc,
                             f"{_kind(one)}{one.name} has an earlier name, and does not exist",
                             "write today's name in front of the earlier one")
        key = (one.kind, one.owner, one.of, one.was)
        if key in seen:
            first, then = seen[key] or "what is forgotten", one.name or "what is forgotten"
            yield Diagnostic("store-was", one.loc,
                             f"{one.was} is an earlier name of {first}" +
                             (" twice" if first == then else f" and of {then}"),
                             "rows with this name are of one thing only: remove one of both")
        seen[key] = one.name
    yield from _unknown_parts(spec)


def _unknown_parts(spec: Spec) -> Iterator[Diagnostic]:
    for resource in spec.manager.resources:
        for value in resource.assigned:
            path = ("resources", resource.name, "assigned", value.name, "was_parts")
            for name in refs.keys(spec, *path):
                if name not in value.leaves:
                    yield Diagnostic("store-was", spec.key(*path, name),
                                     f"part {name} has an earlier name, and does not exist",
                                     "write today's name in front of the earlier one")


_SHOWN = {Naming.COLUMN: "field or value"}


def _kind(one: Earlier) -> str:
    """"state " of a state."""
    return f"{_SHOWN.get(one.kind, one.kind.value)} "


def _names_today(manager: Manager, one: Earlier) -> Set[str]:
    """All names of today that are of the same kind, at the same place."""
    if one.kind is Naming.MANAGER:
        return {manager.name}
    if one.kind is Naming.OPTION:
        return {option.name for option in manager.options}
    if one.kind is Naming.OPTION_VALUE:
        return set(manager.option(one.of).values)
    if one.kind is Naming.HOOK:
        return {hook.name for hook in manager.hooks}
    if one.kind is Naming.RESOURCE:
        return set(manager.by_name)
    resource = manager.resource(one.owner)
    if one.kind is Naming.COLUMN:
        return {*(f.name for f in resource.fields), *(n for a in resource.assigned
                                                      for n in a.leaves)}
    if one.kind is Naming.VALUE:
        return set(resource.field(one.of).values)
    if one.kind is Naming.STATE:
        return {state.name for state in resource.states}
    return set(resource.events)
