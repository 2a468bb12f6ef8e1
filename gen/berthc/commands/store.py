"""`berthc store`: what a store holds, and whether it fits together."""
from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator

from berthc.commands.common import BAD, OK, USAGE, report, status_of
from berthc.pipeline import compile_spec
from berthc.stored.checks import problems
from berthc.stored.reading import Row, Stored, StoreError, read_store
from berthc.stored.upgrade import is_same_spec


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
        print(f"berthc: {error}", file=sys.stderr)
        return USAGE if error.unread else BAD
    wrong = problems(stored, manager)
    other = (manager is not None and not wrong and bool(stored.header["epoch"])
             and not is_same_spec(stored, manager))
    if args.format == "json":
        told = {"store": stored.header, "tables": stored.tables, "problems": wrong,
                "spec": None if manager is None else "same" if is_same_spec(stored, manager)
                else "other"}
        print(json.dumps(told, indent=2))
    else:
        for line in _lines(stored):
            print(line)
        if other:
            print("the store is of another version of the spec, and loads into this one")
        for one in wrong:
            print(f"berthc: {one}", file=sys.stderr)
    return BAD if wrong else OK


def _lines(stored: Stored) -> Iterator[str]:
    header = stored.header
    if not header["epoch"]:
        yield "nobody has opened this store yet, or its log is missing"
        return
    yield (f"manager {header['manager']}, spec {header['hash']}, epoch {header['epoch']}, commit "
           f"{header['sequence']}")
    for name in ("backend", "options", "absent", "place"):
        if header[name]:
            yield f"{name}: {header[name]}"
    for table, rows in stored.resources.items():
        yield f"{table}: {_states(rows)}"
    for row in stored.rows("_reservations"):
        yield _reservation(stored, row)
    for row in stored.rows("_references"):
        yield f"reference of {row['_owner']} to {_named(stored, row['_instance'])}"
    for row in stored.rows("_intents"):
        yield (f"open intent: {row['_operation']} calls {row['_hook']} at {row['_event']} of "
               f"{_named(stored, row['_instance'])}")


def _states(rows: list[Row]) -> str:
    live = Counter(str(row["_state"]) for row in rows if not row["_ended"])
    ended = sum(bool(row["_ended"]) for row in rows)
    counts = [f"{n} {state}" for state, n in sorted(live.items())]
    return ", ".join([*counts, *([f"{ended} ended"] if ended else [])]) or "none"


def _named(stored: Stored, instance: object) -> str:
    table, _ = stored.instances.get(instance, ("instance", {}))
    return f"{table} {instance}"


def _reservation(stored: Stored, row: Row) -> str:
    held = ", ".join(row["_held"]) if isinstance(row["_held"], list) else ""
    releasing = ", is being released" if row["_releasing"] else ""
    return (f"reservation {row['_id']} of {row['_owner']} for {_named(stored, row['_instance'])}, "
            f"holds {held or 'nothing'}{releasing}")
