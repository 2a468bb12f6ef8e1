"""The runs that sequences are drawn from are the ones that `berthc.semantics` has: same rows, same
calls, same end.

The walk is symbolic (it knows no field), so each of its runs is tried with every combination of
values that a guard looks at, until one takes the same rows.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import pytest
from diagram_support import SPECS, spec

from berthc.emit.diagram.graph import FAILURES
from berthc.emit.diagram.sequence.walk import Run, World, all_runs
from berthc.model import AssignedKind, Field, Form, Guard, Manager, Operation, Type
from berthc.semantics import OK, Outcome, Result
from berthc.semantics import World as Model

MOST = 30  # runs of one path that are tried; of more, every other or every third and so on
WAYS = 8
Fields = Mapping[str, Mapping[str, Any]]


def literals(guard: Guard) -> Iterator[tuple[str, int]]:
    """(name compared with, a number on each side of and at the literal)"""
    if isinstance(guard.literal, int) and guard.ref is not None:
        yield from ((guard.ref.name, guard.literal + n) for n in (-1, 0, 1))
    for arg in guard.args:
        yield from literals(arg)


def guards(manager: Manager, path: tuple[str, ...]) -> Iterator[tuple[str, Guard, bool]]:
    """(resource that `field.` means, guard, whether its fields matter too) of all that can happen
    on a path."""
    for name in path:
        for state in manager.resource(name).states:
            yield from ((name, row.guard, True) for row in state.rows if row.guard is not None)
    for operation in manager.operations:
        if operation.target in path:
            yield from ((operation.target, deny.guard, False) for deny in operation.deny)


def choices(
    manager: Manager, path: tuple[str, ...]
) -> Iterator[tuple[dict[str, Any], dict[str, dict[str, Any]]]]:
    """(options, fields by resource): defaults, with every combination of what guards look at."""
    numbers = sorted({n for _, guard, _ in guards(manager, path) for n in literals(guard)})
    seen: dict[tuple[str, str], list[Any]] = {}
    for resource, guard, fields_too in guards(manager, path):
        for ref in guard.refs():
            scope = resource if ref.scope == "field" else ref.scope
            if scope == "option" or fields_too:
                field = (
                    manager.option(ref.name)
                    if scope == "option"
                    else manager.resource(scope).field(ref.name)
                )
                seen[scope, ref.name] = values(
                    field, [n for name, n in numbers if name == ref.name]
                )
    for combination in product(*seen.values()):
        options: dict[str, Any] = {}
        fields = {
            r.name: {f.name: filler(f) for f in r.fields if f.required} for r in manager.resources
        }
        for (scope, name), value in zip(seen, combination):
            (options if scope == "option" else fields[scope])[name] = value
        yield options, fields


def values(field: Field, numbers: list[int]) -> list[Any]:
    if field.type is Type.BOOL:
        return [False, True]
    if field.type is Type.ENUM:
        return list(field.values)
    low, high = field.range or field.type.limits
    return [n for n in numbers if low <= n <= high] or [low]


def filler(field: Field) -> Any:
    if field.type is Type.UUID:
        return "00000000-0000-4000-8000-000000000001"
    return ["x"] if field.type in (Type.LIST, Type.SET) else "x"


def by_value(manager: Manager, operation: Operation, shown: Mapping[str, Any]) -> Any:
    """What a caller that looks something up would give: the value that the instance has."""
    target = manager.resource(operation.target)
    assigned = next(a for a in target.assigned if a.name == operation.by)
    found: Mapping[str, Any] = shown
    for name in operation.path:
        found = found[name][0]
    if assigned.kind is AssignedKind.POOL:
        return {leaf: found[leaf] for leaf in assigned.leaves}
    return found[assigned.name]


def replay(model: Model, manager: Manager, run: Run, fields: Fields) -> Result | None:
    """One run on the model; None if the model makes a call that the run does not."""
    script = [e.outcome for e in run.calls]
    too_many = []

    def outcomes(hook: str, _nth: int, _args: Mapping[str, Any]) -> Outcome:
        if not script:
            too_many.append(hook)
            return OK
        kind = script.pop(0)
        return Outcome(kind, "EIO" if kind in FAILURES else None)

    operation = run.operation
    arguments: dict[str, Any] = {}
    if operation.form is Form.WITH:
        arguments["reservation"] = model.reservations[-1]
    elif operation.by is not None:
        arguments["by"] = by_value(manager, operation, model.snapshot())
    else:
        arguments["config"] = {name: fields[name] for name in operation.path}
    if operation.at is not None:
        arguments["at"] = {}
    result = model.run(operation.name, outcomes=outcomes, **arguments)
    return None if too_many or script else result


def agrees(manager: Manager, run: Run, result: Result | None) -> bool:
    if result is None:
        return False
    taken = []
    for one in result.rows:
        rows = manager.resource(one.resource).rows(one.state, one.event)
        taken.append(
            (
                one.resource,
                one.state,
                one.event,
                one.outcome,
                rows.index(one.row) if one.row is not None else 0,
            )
        )
    words = {"row": "", "reject": "rejected", "keep": "released"}
    walked = [
        (e.resource, e.state, e.event, words[e.kind] or e.outcome or "ok", e.row)
        for e in run.entries
        if e.kind in words
    ]
    error = ("EIO" if run.hook_error else run.error) or None
    return taken == walked and result.error == error


def histories(runs: list[Run], start: World) -> dict[World, list[list[Run]]]:
    """Ways to get to each world, the first that the walk found first: fields may rule one of them
    out."""
    known: dict[World, list[list[Run]]] = {start: [[]]}
    for run in runs:
        if run.after != run.before:
            ways = known.setdefault(run.after, [])
            ways += [[*way, run] for way in known[run.before]][:WAYS - len(ways)]
    return known


def happens(manager: Manager, steps: list[Run], options: Mapping[str, Any], fields: Fields) -> bool:
    model = Model(manager, options)
    return all(agrees(manager, step, replay(model, manager, step, fields)) for step in steps)


PATHS = [(p, path) for p in SPECS for path in dict.fromkeys(
    spec(p).reservation_path if o.form is Form.WITH else o.path for o in spec(p).operations)]


@pytest.mark.parametrize(("file", "path"), PATHS)
def test_the_model_has_every_run(file: str, path: tuple[str, ...]) -> None:
    manager = spec(file)
    open_ = [run for _, run in all_runs(manager, path)]
    ways = histories(open_, World((None,) * len(path)))
    assert open_
    open_ = open_[::len(open_) // MOST + 1]
    for options, fields in choices(manager, path):
        open_ = [
            run
            for run in open_
            if not any(happens(manager, [*way, run], options, fields) for way in ways[run.before])
        ]
        if not open_:
            break
    assert not open_, open_[0]
