"""What is wrong with the rows of a store: references that lead nowhere, and, with the spec, all
that its manager refuses."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from berthc.diff.loadable import Bar
from berthc.model import Manager
from berthc.stored.load import is_same_spec, refusals
from berthc.stored.reading import Stored


def problems(stored: Stored, manager: Manager | None) -> list[str]:
    found = [f"{one} is damaged (after a change by hand, set its _sum to NULL)"
             for one in stored.damaged]
    if found or manager is None:
        return [*found, *_references(stored)]
    return [] if stored.header["epoch"] == 0 else list(_refusals(stored, manager))


def _refusals(stored: Stored, manager: Manager) -> Iterator[str]:
    other = "the store does not load into this spec: "
    about = "" if is_same_spec(stored, manager) else other
    found = refusals(stored, manager)
    for refusal in found:
        if refusal.bar is Bar.MANAGER:
            yield (f"the store is of manager {stored.header['manager']}, and the spec of "
                   f"{manager.name}")
        else:
            yield f"{about}{refusal}"
    if not found and manager.store is None:
        yield f"{other}the spec has no store"


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
