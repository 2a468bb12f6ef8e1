"""Features of an edge: small facts that a suite shows once each."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from berthc.inputs.values import Value, zero
from berthc.model import AssignedKind, Form, Manager
from berthc.scenarios.edges import DISCARD, DRAIN, OK, Edge, Feature, slot_of
from berthc.semantics.state import Item
from berthc.semantics.world import tracked


def count_class(n: int) -> str:
    return "no" if n == 0 else "one" if n == 1 else "several"


def path_items(manager: Manager, edge: Edge) -> list[Item]:
    """The instances that an edge's operation works on and that were there before, root first."""
    state = tracked(edge.source.world)
    if edge.action.op in (DRAIN, DISCARD):
        return []
    operation = manager.operation(edge.action.op)
    items: list[Item] = []
    if operation.form is Form.WITH:
        reservation = state.reservations.get(edge.action.reservation or "")
        items = ([state.items[i] for i, held in zip(reservation.path, reservation.held) if held
                  and i in state.items] if reservation else [])
    elif operation.by is not None:
        by: dict[str,
                 Value] = (dict(slot_of(edge.action))
                           or {operation.by: cast("Value", edge.action.by)})
        assigned = manager.resource(operation.target).value(operation.by)
        found = state.find_by(operation.target, assigned, by)
        items = [] if found is None else state.path(found)
    else:
        parent: int | None = None
        for config in edge.action.config:
            fields = ({f.name: zero(f) for f in manager.resource(config.resource).fields}
                      | config.mapping())
            key = manager.resource(config.resource).key
            item_here = next((i for i in state.items.values() if i.resource == config.resource
                              and i.parent == parent
                              and all(i.values[k] == fields[k] for k in key)), None)
            if item_here is None:
                break
            items.append(item_here)
            parent = item_here.id
    return items


def before(manager: Manager, edge: Edge) -> dict[str, tuple[str, str, bool]]:
    """For each resource on the path of an edge's operation: state, holders (no, one, several) and
    whether it has children."""
    return {i.resource: (i.state, count_class(i.refs), i.children > 0)
            for i in path_items(manager, edge)}


Guarded = Mapping[tuple[str, str, str], tuple[tuple[str, str], ...]]
"""Resource, state and event of every cell with guards, to scope and name of everything that they
ask about."""


def guarded_cells(manager: Manager) -> Guarded:
    """See `Guarded`; "field" is resolved to the resource's name."""
    found: dict[tuple[str, str, str], dict[tuple[str, str], None]] = {}
    for resource in manager.resources:
        for state in resource.states:
            for row in state.rows:
                for ref in row.guard.refs() if row.guard is not None else ():
                    scope = resource.name if ref.scope == "field" else ref.scope
                    found.setdefault(
                        (resource.name, row.state, row.event), {})[scope, ref.name] = None
    return {cell: tuple(refs) for cell, refs in found.items()}


def consulted(guarded: Guarded, edge: Edge, items: Sequence[Item]) -> Iterator[Feature]:
    """For each row taken in a cell with guards: the value of everything that the cell's guards
    name."""
    if not guarded:
        return
    values: dict[str, Mapping[str, object]] = {c.resource: c.mapping() for c in edge.action.config}
    values |= {item.resource: item.values for item in items}
    options = edge.source.world.options
    for taken in edge.result.rows:
        refs = guarded.get((taken.resource, taken.state, taken.event))
        if refs:
            seen = tuple(options[name] if scope == "option" else values.get(scope, {}).get(name)
                         for scope, name in refs)
            yield "guards", taken.resource, taken.state, taken.event, seen


def slots(manager: Manager, edge: Edge) -> Iterator[Feature]:
    """Parts of slots that an operation returns: a part that is always 0 could be any other."""
    operation = manager.operation(edge.action.op)
    for ref in operation.returns:
        if ref.name in edge.result.returns:
            assigned = manager.resource(ref.scope).value_with(ref.name)
            if assigned.kind is AssignedKind.POOL:
                yield "slot", operation.name, ref.name, edge.result.returns[ref.name]


def _rows(edge: Edge) -> tuple[tuple[str, str, str, int, str], ...]:
    """Resource, state, event, identity and outcome of every row of a step. The model outlives the
    search, so an id names one row."""
    without = edge.source.environment.without
    return tuple((t.resource, t.state, t.event, id(t.row),
                  "left out" if t.row is not None and t.outcome in ("ok", "unknown")
                  and t.row.hook in without else t.outcome) for t in edge.result.rows)


def rows_reported(edge: Edge) -> tuple[tuple[str, str, str, int, str], ...]:
    """The rows of a step that the suite counts: those that the trace tells, and the one that
    refused an operation before its first call."""
    if edge.result.error is None or edge.result.calls:
        return _rows(edge)
    refusing = [n for n, taken in enumerate(edge.result.rows)
                if taken.outcome in ("rejected", "unknown")]
    return tuple(_rows(edge)[n] for n in refusing[:1])


def features(manager: Manager, edge: Edge, guarded: Guarded) -> frozenset[Feature]:
    """The facts that an edge shows."""
    action, result = edge.action, edge.result
    rows = _rows(edge)
    reported = rows_reported(edge)
    where = None if result.where is None else tuple(
        sorted((word, of) for word, of in result.where.items() if word != "field"))
    found: set[Feature] = {("answer", action.op, result.error, where)}
    if result.error is None:
        found.add(("works", edge.source.environment.name, action.op))
    if action.op in (DRAIN, DISCARD):
        there = [i.resource for i in tracked(edge.source.world).items.values()]
        if len(there) == len(set(there)):
            found.add(("chain", action.op, rows, result.error))
        return frozenset(found | {("row", row) for row in reported}
                         | {("row", action.op, row) for row in rows})
    found.add(("chain", action.op, rows, result.error))
    plain = not edge.source.environment.options and not edge.source.environment.without
    items = path_items(manager, edge)
    found.update(consulted(guarded, edge, items))
    found.update(slots(manager, edge))
    for item in items:
        resource, shape = item.resource, (item.state, count_class(item.refs), item.children > 0)
        here = tuple(row[1:] for row in rows if row[0] == resource)
        # In other environments holders make the same difference as in the default one, but for rows
        # that are not taken there.
        if plain or any(row[-1] in ("left out", "rejected") for row in here):
            found.add(("level", action.op, resource, shape, here, result.error))
    for taken in reported:
        found.add(("row", taken))
    return frozenset(found | set(_reported(manager, edge)))


def _reported(manager: Manager, edge: Edge) -> Iterator[Feature]:
    """For each call whose values may name an instance: how it ended, what it wrote, and what names
    how many instances then."""
    outcomes = edge.action.outcomes + (OK,) * len(edge.result.calls)
    for call, outcome in zip(edge.result.calls, outcomes):
        if manager.naming(call.hook):
            named = sorted(tuple(sorted(i.named_by))
                           for i in tracked(edge.target.world).items.values() if i.named_by)
            yield "written", call.hook, outcome.kind, outcome.writes, edge.result.error, tuple(
                named)


def rows_only(_manager: Manager, edge: Edge, _guarded: Guarded) -> frozenset[Feature]:
    """Nothing but the rows that were taken: for a search that only asks which can be."""
    return frozenset(("row", row) for row in rows_reported(edge))
