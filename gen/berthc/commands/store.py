"""`berthc store`: what a store holds, and whether it fits together."""
from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator

from berthc.commands.common import BAD, OK, USAGE, report, status_of
from berthc.model import Manager, Naming
from berthc.pipeline import compile_spec
from berthc.stored.checks import problems
from berthc.stored.load import is_same_spec
from berthc.stored.reading import Row, Stored, StoreError, read_store
from berthc.stored.upgrade import Upgrade

Keys = dict[str, list[str]]  # columns of the key, by table


def store_command(args: argparse.Namespace) -> int:
    manager = None
    if args.spec is not None:
        result = compile_spec(args.spec)
        if result.manager is None:
            report(argparse.Namespace(format="text"), [result])
            return status_of([result])
        manager = result.manager
    try:
        stored = read_store(args.file)
    except StoreError as error:
        print(f"berthc: {_plain(str(error))}", file=sys.stderr)
        return USAGE if error.unread else BAD
    wrong = problems(stored, manager)
    other = (manager is not None and not wrong and bool(stored.header["epoch"])
             and not is_same_spec(stored, manager))
    if args.format == "json":
        told = {"store": stored.header, "tables": stored.tables, "problems": wrong,
                "spec": None if manager is None else "same" if is_same_spec(stored, manager)
                else "other"}
        print(json.dumps(told, indent=2, default=_blob))
    else:
        for line in _lines(stored, manager):
            print(_plain(line))
        if other:
            print("the store is of another version of the spec, and loads into this one")
        for one in wrong:
            print(f"berthc: {_plain(one)}", file=sys.stderr)
    return BAD if wrong else OK


def _plain(line: str) -> str:
    """Texts of a store may have control characters, which must not make lines or colours."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode()
                   for one in line)


def _blob(cell: object) -> str:
    """A cell that no manager writes."""
    return f"x'{cell.hex()}'" if isinstance(cell, bytes) else repr(cell)


def _lines(stored: Stored, manager: Manager | None) -> Iterator[str]:
    header = stored.header
    if not header["epoch"]:
        yield ("nothing of a save into this store has arrived" if header["place"] == "arriving"
               else "nobody has opened this store yet, or its log is missing")
        return
    yield (f"manager {header['manager']}, spec {header['hash']}, epoch {header['epoch']}, commit "
           f"{header['sequence']}")
    for name in ("backend", "options", "absent", "place"):
        if header[name]:
            yield f"{name}: {header[name]}"
    for table, rows in stored.resources.items():
        yield f"{table}: {_states(rows)}"
    keys = {} if manager is None else _keys(stored, manager)
    for row in stored.rows("_reservations"):
        yield _reservation(stored, keys, row)
    for row in stored.rows("_references"):
        yield f"reference of {row['_owner']} to {_named(stored, keys, row['_instance'])}"
    for row in stored.rows("_intents"):
        yield (f"open intent: {row['_operation']} calls {row['_hook']} at {row['_event']} of "
               f"{_named(stored, keys, row['_instance'])}")
    if manager is not None and is_same_spec(stored, manager):
        yield from _let_go(stored, manager, keys)


def _states(rows: list[Row]) -> str:
    live = Counter(str(row["_state"]) for row in rows if not row["_ended"])
    ended = sum(bool(row["_ended"]) for row in rows)
    counts = [f"{n} {state}" for state, n in sorted(live.items())]
    return ", ".join([*counts, *([f"{ended} ended"] if ended else [])]) or "none"


def _keys(stored: Stored, manager: Manager) -> Keys:
    """Tables and columns as the store calls them, which may be earlier names."""
    upgrade = Upgrade(stored, manager)
    found: Keys = {}
    for name, table in upgrade.sources.items():
        if name in manager.by_name:
            columns = (upgrade.names.find(Naming.COLUMN, field, stored.types[table], name)
                       for field in manager.resource(name).key)
            found[table] = [column for column in columns if column is not None]
    return found


def _named(stored: Stored, keys: Keys, instance: object) -> str:
    """With the spec, the keys are told as well, from the root on: drawer 2 ("a"/7)."""
    table, _ = stored.instances.get(instance, ("instance", {}))
    path: list[str] = []
    at: object = instance
    while at in stored.instances:
        name, row = stored.instances[at]
        path[:0] = [json.dumps(row.get(column), ensure_ascii=False, default=_blob)
                    for column in keys.get(name, [])]
        at = row.get("_parent")
    return f"{table} {instance} ({'/'.join(path)})" if path else f"{table} {instance}"


def _reservation(stored: Stored, keys: Keys, row: Row) -> str:
    held = ", ".join(row["_held"]) if isinstance(row["_held"], list) else ""
    releasing = ", is being released" if row["_releasing"] else ""
    return (f"reservation {row['_id']} of {row['_owner']} for "
            f"{_named(stored, keys, row['_instance'])}, holds {held or 'nothing'}{releasing}")


def _let_go(stored: Stored, manager: Manager, keys: Keys) -> Iterator[str]:
    """Instances that nobody holds, in states that are not for that."""
    known = stored.instances
    held = {row["_instance"] for row in stored.rows("_references")}
    held |= {row["_root"] for row in stored.rows("_intents")}
    held |= {row.get("_parent") for _, row in known.values() if not row["_ended"]}
    for row in stored.rows("_reservations"):
        at: object = row["_instance"]
        while at in known:
            name, found = known[at]
            if isinstance(row["_held"], list) and name in row["_held"]:
                held.add(at)
            at = found.get("_parent")
    for id_, (name, row) in known.items():
        states = {} if name not in manager.by_name else {
            state.name: state for state in manager.resource(name).states}
        state = states.get(str(row["_state"]))
        if state is not None and not (row["_ended"] or state.resident or id_ in held):
            yield f"nobody holds {_named(stored, keys, id_)}, in state {state.name}"
