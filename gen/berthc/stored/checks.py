"""What is wrong with the rows of a store: references that lead nowhere, and, with the spec, states,
values, calls and keys that it does not allow."""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from functools import partial

from berthc.diff.loadable import Bar
from berthc.model import AssignedKind, Field, Manager, Resource, Type
from berthc.semantics.values import comparable
from berthc.stored.reading import Row, Stored
from berthc.stored.upgrade import Refused, is_same_spec, upgraded


def problems(stored: Stored, manager: Manager | None) -> list[str]:
    found = [f"{one} is damaged (after a change by hand, set its _sum to NULL)"
             for one in stored.damaged]
    found += _references(stored)
    if manager is None or stored.header.get("epoch") == 0:
        return found
    if not found and not is_same_spec(stored, manager):
        return [*found, *_older(stored, manager)]
    for resource in manager.resources:
        found += _resource(stored, resource)
    return [*found, *_intents(stored, manager), *_holds(stored, manager)]


def _older(stored: Stored, manager: Manager) -> Iterator[str]:
    """Does the manager take the rows of another version of its spec?"""
    try:
        upgraded(stored, manager)
    except Refused as refused:
        if refused.refusal.bar is Bar.MANAGER:
            yield (f"the store is of manager {stored.header['manager']}, and the spec of "
                   f"{manager.name}")
        else:
            yield f"the store does not load into this spec: {refused}"
    else:
        if manager.store is None:
            yield "the store does not load into this spec: the spec has no store"


def _references(stored: Stored) -> Iterator[str]:
    known = stored.instances
    counts = Counter(row["_id"] for rows in stored.resources.values() for row in rows)
    for repeated, n in counts.items():
        if n > 1:
            yield f"instance {repeated} is there more than once"
    for table, row in known.values():
        if row.get("_parent") is None:
            continue
        if row["_parent"] not in known:
            yield f"{table} {row['_id']}: its parent {row['_parent']} is not there"
        elif not row["_ended"] and known[row["_parent"]][1]["_ended"]:
            yield f"{table} {row['_id']}: its parent {row['_parent']} has ended"
    for name, column, what in (("_reservations", "_instance", "_id"),
                               ("_references", "_instance", "_owner"),
                               ("_intents", "_instance", "_hook"), ("_intents", "_root", "_hook")):
        for row in stored.rows(name):
            if row[column] not in known:
                yield f"{name}: {row[what]} names instance {row[column]}, which is not there"


def _resource(stored: Stored, resource: Resource) -> Iterator[str]:
    rows = stored.tables.get(resource.name)
    if rows is None:
        yield f"{resource.name}: the store has no such table"
        return
    leaves = [leaf for value in resource.assigned for leaf in value.leaves]
    wanted = {field.name for field in resource.fields} | set(leaves)
    if rows and (missing := sorted(wanted - set(rows[0]))):
        yield f"{resource.name}: the table has no column {', '.join(missing)}"
        return
    states = {state.name: state for state in resource.states}
    for row in rows:
        where = f"{resource.name} {row['_id']}"
        if row["_state"] not in states:
            yield f"{where}: {row['_state']} is no state of it"
        elif not _may_have_ended(stored, row, states[str(row["_state"])].final):
            yield f"{where}: {'ended' if row['_ended'] else 'not ended'} in state {row['_state']}"
        for field in resource.fields:
            if not _allows(field, row[field.name]):
                yield f"{where}: {row[field.name]!r} is no value of {field.name}"
    yield from _twice(resource, rows)


def _may_have_ended(stored: Stored, row: Row, final: bool) -> bool:
    """What is below an instance that ends, ends in any state. Reservations may name it still."""
    if final or not row["_ended"]:
        return final == row["_ended"]
    parent = stored.instances.get(row.get("_parent"))
    return parent is not None and bool(parent[1]["_ended"])


def _allows(field: Field, value: object) -> bool:
    if field.type is Type.ENUM:
        return value in field.values
    if field.range is not None and isinstance(value, int):
        return field.range[0] <= value <= field.range[1]
    if field.max_length is not None and isinstance(value, str):
        return len(value.encode("utf-8", "surrogateescape")) <= field.max_length
    return True


def _twice(resource: Resource, rows: list[Row]) -> Iterator[str]:
    """Instances that live with the same key, or in the same slot."""
    live = [row for row in rows if not row["_ended"]]
    keys = [resource.field(name) for name in resource.key]
    yield from _same(resource.name, live, "key",
                     lambda row: (row.get("_parent"), *(_plain(row[f.name], f) for f in keys)))
    for value in resource.assigned:
        if value.kind is AssignedKind.POOL:
            yield from _same(resource.name, live, value.name, partial(_slot, value.leaves))


def _slot(leaves: tuple[str, ...], row: Row) -> Hashable:
    """Pools belong to the manager, whatever the parents are."""
    return tuple(row[leaf] for leaf in leaves)


def _plain(value: object, field: Field) -> Hashable:
    return comparable(field, tuple(value) if isinstance(value, list) else str(value))


def _same(name: str, rows: list[Row], what: str,
          of: Callable[[Row], Hashable]) -> Iterator[str]:
    seen: dict[Hashable, object] = {}
    for row in rows:
        first = seen.setdefault(of(row), row["_id"])
        if first != row["_id"]:
            yield f"{name} {row['_id']}: it has the same {what} as {name} {first}"


def _intents(stored: Stored, manager: Manager) -> Iterator[str]:
    known = stored.instances
    for row in stored.rows("_intents"):
        if row["_instance"] not in known:
            continue  # told already
        name, instance = known[row["_instance"]]
        if name not in manager.by_name:
            continue
        called = {one.call or one.ask for state in manager.resource(name).states
                  if state.name == instance["_state"] for one in state.rows
                  if one.event == row["_event"]}
        if row["_hook"] not in called:
            yield (f"_intents: {name} {row['_instance']} in {instance['_state']} does not call "
                   f"{row['_hook']} at {row['_event']}")


def _holds(stored: Stored, manager: Manager) -> Iterator[str]:
    known = stored.instances
    for row in stored.rows("_reservations"):
        if row["_instance"] not in known:
            continue
        name = known[row["_instance"]][0]
        held = row["_held"] if isinstance(row["_held"], list) else []
        path = manager.path(name) if name in manager.by_name else ()
        for one in held:
            if one not in path:
                yield f"_reservations: {row['_id']} holds {one}, which is not on the path of {name}"
