"""What changed between two specs, in a reviewer's words.

    compare(old, new)   all changes of the model; see change.Change
    match, renames      what has another name; the old model under the new names
    declared, rows      the changes of declarations and of tables
    defaults            what rows do while new options keep their defaults
    callers             what it means for operations and for the backend
    header              what C programs see, from the text of two headers
    change, report      one change, its verdict; all that is told of two specs
    words               what changes are told with
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence

from berthc.diff.change import Change, Reason, Verdict, greatest
from berthc.diff.declared import (
    accept_changes, earlier_changes, hook_changes, limit_changes, manager_changes,
    operation_changes, option_changes, resource_changes, store_changes,
)
from berthc.diff.match import Rename, match
from berthc.diff.rows import row_changes
from berthc.diff.words import pairs, said
from berthc.model import Manager

__all__ = ["Change", "Reason", "Verdict", "compare", "compared", "greatest"]


def compare(old: Manager, new: Manager) -> list[Change]:
    """The changes that lead from `old` to `new`, in the order of the new spec."""
    return compared(old, new)[1]


def compared(old: Manager, new: Manager) -> tuple[Manager, list[Change]]:
    """The old manager under the new names, too."""
    alike, renames = match(old, new)
    return alike, [*_renamed(renames), *_changes(alike, new)]


_SHOWN = {"assigned": "value"}


def _renamed(renames: Sequence[Rename]) -> Iterator[Change]:
    for r in renames:
        dot = f"{r.scope}." if r.scope else ""
        verdict = Verdict.BACKEND if r.kind == "hook" else Verdict.API
        yield Change("renamed", _SHOWN.get(r.kind, r.kind), dot + r.new, f"was called {r.old}",
                     verdict, r.old_loc, r.new_loc, was=dot + r.old)


def _changes(old: Manager, new: Manager) -> Iterator[Change]:
    yield from manager_changes(old, new)
    yield from option_changes(old, new)
    yield from hook_changes(old, new)
    for before, after in pairs(old.resources, new.resources):
        if before is None and after is not None:
            yield Change("added", "resource", after.name, "is new", Verdict.COMPATIBLE, None,
                         after.loc, details=said(after.brief))
        elif after is None and before is not None:
            yield Change("removed", "resource", before.name, "is gone", Verdict.API, before.loc)
        elif before is not None and after is not None:
            yield from resource_changes(before, after)
            yield from row_changes(old, new, before, after)
    yield from operation_changes(old, new)
    yield from store_changes(old, new)
    yield from earlier_changes(old, new)
    yield from limit_changes(old, new)
    yield from accept_changes(old, new)
