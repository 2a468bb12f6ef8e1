"""What an operation may meet: the hooks it may call and the rows that may refuse it, for the manual
in the header.

Errs on the side of more: a state counts as reachable when some order of operations and outcomes may
lead to it.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from berthc.model import Form, Manager, Operation, Resource, Row


@dataclass(frozen=True)
class Refusal:
    """A cell that may refuse an operation with `error` (an errno name)."""

    resource: str
    state: str
    event: str
    error: str
    brief: str
    hook: str = ""  # an optional hook whose absence refuses
    guard: str = ""  # the row's, as the author wrote it


@dataclass
class Met:
    """What one operation may meet, in the order it meets it."""

    hooks: dict[str, None] = field(default_factory=dict)
    refusals: dict[Refusal, None] = field(default_factory=dict)


def holder_gains(manager: Manager, operation: Operation) -> list[str]:
    """Resources that the operation may add holders to: reservations, children, and what its steps
    take."""
    if operation.form is Form.WITH:
        return []
    parents = (
        operation.path[:-1]
        if operation.form is Form.OBTAIN
        else operation.path[-2:-1]
        if operation.form is Form.CREATE
        else ()
    )
    taken = {
        step.resource
        for step in operation.steps
        if step.event == manager.resource(step.resource).take
    }
    return [name for name in operation.path if operation.gives or name in parents or name in taken]


class Reach:
    """The states that instances may rest in, and what each operation may meet in them."""

    def __init__(self, manager: Manager) -> None:
        self._m = manager
        self._rows: dict[tuple[str, str, str], list[Row]] = {}
        for resource in manager.resources:
            for state in resource.states:
                for row in state.rows:
                    self._rows.setdefault((resource.name, state.name, row.event), []).append(row)
        self._final = {(r.name, s.name) for r in manager.resources for s in r.states if s.final}
        self._resting: dict[str, set[str]] = {r.name: set() for r in manager.resources}
        size = -1
        while size != (size := sum(map(len, self._resting.values()))):
            for operation in manager.operations:
                self.met(operation)

    def met(self, operation: Operation) -> Met:
        met = Met()
        now = {name: set(self._resting[name]) for name in operation.path}
        if operation.form is Form.OBTAIN:
            for name in operation.path:
                resource = self._m.resource(name)
                now[name].add(resource.initial)
                if operation.gives and resource.take is not None:
                    now[name] |= self._fire(resource, resource.take, now[name], met)
        if operation.form is Form.CREATE and operation.enter is not None:
            now[operation.target] = {operation.enter}
        for step in operation.steps:
            resource = self._m.resource(step.resource)
            ended_ok = self._fire(resource, step.event, now[step.resource], met)
            now[step.resource] = (
                ended_ok | now[step.resource] if step.event == resource.drop else ended_ok
            )
        for name, states in now.items():
            self._rest(name, states)
        return met

    def _rest(self, resource: str, states: Iterable[str]) -> None:
        self._resting[resource] |= {s for s in states if (resource, s) not in self._final}

    def _fire(self, resource: Resource, event: str, states: Iterable[str], met: Met) -> set[str]:
        """The states after the event ended ok; where it failed, instances rest."""
        ended_ok: set[str] = set()
        order = {s.name: i for i, s in enumerate(resource.states)}
        todo = [
            (state, event, True)
            for state in sorted(states, key=order.__getitem__)
            if (resource.name, state) not in self._final
        ]
        seen = set(todo)
        while todo:
            state, fired, is_ok = todo.pop(0)
            rows = self._rows.get((resource.name, state, fired), [])
            if not rows and resource.otherwise is not None:
                met.refusals[Refusal(resource.name, state, fired, resource.otherwise, "")] = None
            for row in rows:
                guard = row.guard.text if row.guard is not None else ""
                if row.reject is not None:
                    met.refusals[
                        Refusal(resource.name, state, fired, row.reject, row.brief, guard=guard)
                    ] = None
                    self._rest(resource.name, {state})
                    continue
                if row.hook is not None:
                    met.hooks[row.hook] = None
                    hook = self._m.hook(row.hook)
                    absent = hook.absent or ("EOPNOTSUPP" if hook.optional and hook.asks else None)
                    if absent is not None:
                        met.refusals[
                            Refusal(resource.name, state, fired, absent, "", row.hook, guard)
                        ] = None
                for outcome, target in row.targets():
                    goes_on = is_ok and outcome in ("ok", "yes", "no")
                    if target.raise_event is not None:
                        following = (target.state, target.raise_event, goes_on)
                        if following not in seen:
                            seen.add(following)
                            todo.append(following)
                    elif goes_on:
                        ended_ok.add(target.state)
                    else:
                        self._rest(resource.name, {target.state})
        return ended_ok
