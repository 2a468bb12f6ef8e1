"""An `undoes` that was forgotten: one hook brings an effect about, another one takes it back where
holders let go, and the spec does not say so.

Such a pair is not followed, so nothing is proved about it. The evidence is in the rows: a hook that
is called only where holders let go, and another one of the same resource that is called only
elsewhere. Neither undoes anything, and nothing undoes them.
"""
from __future__ import annotations

from collections.abc import Iterator

from berthc.diag import Diagnostic, Severity
from berthc.model import Hook, Manager, Resource
from berthc.spec.build import Spec

from berthc.check.rule import rule


@rule("undoes", "A hook that is called where holders let go undoes what another hook brought about "
                "on the way in.")
def undoes(spec: Spec) -> Iterator[Diagnostic]:
    if spec.broken:
        return  # what is wrong may be the row that calls it, or its undoes
    m = spec.manager
    for resource in m.resources:
        alone = _unpaired(m, resource)
        going = _letting_go(resource)
        rows = [row for state in resource.states for row in state.rows]
        calls = {name: {row.event in going for row in rows if row.call == name} for name in alone}
        into = [name for name in alone if calls[name] == {False}]
        for name, hook in alone.items():
            if into and calls[name] == {True}:
                yield Diagnostic(
                    "undoes", hook.loc,
                    f"{name} is called where holders let go of a {resource.name} and undoes "
                    f"nothing, and nothing undoes {' or '.join(into)}: no effect of theirs "
                    "is followed",
                    f"say 'undoes: {into[-1]}' if that is what it does", Severity.WARNING)


def _unpaired(m: Manager, resource: Resource) -> dict[str, Hook]:
    """The hooks on a resource that undo nothing and are undone by nobody."""
    undone = {name for hook in m.hooks for name in hook.undoes}
    return {hook.name: hook for hook in m.hooks
            if hook.on == resource.name and not hook.undoes and hook.name not in undone}


def _letting_go(resource: Resource) -> set[str]:
    """The `drop` event, and what is raised only behind it."""
    raised: dict[str, set[str]] = {}
    for state in resource.states:
        for row in state.rows:
            for _, target in row.targets():
                if target.raise_event is not None:
                    raised.setdefault(target.raise_event, set()).add(row.event)
    going = {resource.drop} if resource.drop is not None else set()
    while more := {event for event, by in raised.items() if by <= going} - going:
        going |= more
    return going
