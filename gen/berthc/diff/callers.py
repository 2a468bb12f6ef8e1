"""What changes of a spec mean for those who call operations, and for backends."""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from berthc.answers.codes import fired, return_codes
from berthc.diff.change import Change, Reason, Verdict
from berthc.model import Manager

DRAIN = "drain"


@dataclass(frozen=True)
class Errors:
    """Errors that callers of an operation can get now and could not before, and the other way
    round; each with its reasons."""

    operation: str
    gained: tuple[tuple[str, str], ...]
    lost: tuple[tuple[str, str], ...]


def touched(manager: Manager, changes: Iterable[Change]) -> list[Change]:
    """The changes of rows, with the operations that may come to them."""
    events = {o.name: fired(manager, o) for o in manager.operations}
    drops = _dropped(manager)
    return [change if change.cell is None else replace(change, operations=tuple([
        *(name for name, of in events.items() if change.cell[2] in of.get(change.cell[0], ())),
        *([DRAIN] if (change.cell[0], change.cell[2]) in drops else [])])) for change in changes]


def _dropped(manager: Manager) -> set[tuple[str, str]]:
    """Resources and events that a drain fires, raised ones included."""
    todo = [(r.name, r.drop) for r in manager.resources if r.drop is not None]
    found: set[tuple[str, str]] = set()
    while todo:
        one = todo.pop()
        if one not in found:
            found.add(one)
            todo += [(one[0], t.raise_event) for s in manager.resource(one[0]).states
                     for row in s.rows if row.event == one[1]
                     for _, t in row.targets() if t.raise_event is not None]
    return found


def errors(old: Manager, new: Manager) -> list[Errors]:
    """For each operation that both have. `old` has the names of `new`."""
    had = {o.name for o in old.operations}
    found = []
    for operation in new.operations:
        if operation.name in had:
            before = _codes(old, operation.name)
            after = _codes(new, operation.name)
            one = Errors(operation.name,
                         tuple((e, w) for e, w in after.items() if e not in before),
                         tuple((e, w) for e, w in before.items() if e not in after))
            found += [one] if one.gained or one.lost else []
    return found


def _codes(manager: Manager, operation: str) -> dict[str, str]:
    return {c.error or "errors of hooks": _plain(c.when)
            for c in return_codes(manager, manager.operation(operation)) if c.error != "0"}


def _plain(markdown: str) -> str:
    """Reasons in one line: without the marks of Markdown."""
    return re.sub(r"\\(.)", r"\1", markdown.replace("<br>", " ").replace("`", ""))


def calls(old: Manager, new: Manager) -> Iterator[Reason]:
    """Hooks that are called where they were not, or no longer: for backends that both fit."""
    known = {h.name for h in old.hooks} & {h.name for h in new.hooks}
    then, now = _called(old), _called(new)
    for hook in (h for h in new.hooks if h.name in known):
        before, after = then.get(hook.name, {}), now.get(hook.name, {})
        came, gone = [c for c in after if c not in before], [c for c in before if c not in after]
        if came:
            yield Reason(Verdict.BACKEND,
                         f"{hook.name} is now called in {_listed(came)}, too", hook.loc)
        if gone:
            yield Reason(Verdict.BACKEND,
                         f"{hook.name} is no longer called in {_listed(gone)}", hook.loc)


def _called(manager: Manager) -> dict[str, dict[str, None]]:
    found: dict[str, dict[str, None]] = {}
    for resource in manager.resources:
        for state in resource.states:
            for row in state.rows:
                if row.hook is not None:
                    found.setdefault(row.hook, {})[
                        f"{resource.name}.{state.name} on {row.event}"] = None
    return found


def _listed(names: list[str], most: int = 4) -> str:
    shown = names[:most] + ([f"{len(names) - most} more"] if len(names) > most else [])
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def views(old: Manager, new: Manager) -> Iterator[Reason]:
    """What hooks are given, where that is another."""
    for resource in new.resources:
        if resource.name not in old.by_name or not any(h.on == resource.name for h in new.hooks):
            continue
        before = old.resource(resource.name)
        then = [(f.name, f.type) for f in before.fields] + [
            (leaf, a.type) for a in before.assigned for leaf in a.leaves]
        now = [(f.name, f.type) for f in resource.fields] + [
            (leaf, a.type) for a in resource.assigned for leaf in a.leaves]
        lost = [name for name, kind in then if (name, kind) not in now]
        if lost:
            yield Reason(Verdict.BACKEND, f"hooks on {resource.name} are no longer given "
                         f"{_listed(lost)} as before", resource.loc)
