"""The scripts of generated conformance suites, as requests. Together they take every row that a
search reaches, with every outcome of its call."""
from __future__ import annotations

import json
from collections import Counter
from typing import Any

from berthc.model import Form, Manager
from berthc.scenarios.edges import DISCARD, Action, perform
from berthc.scenarios.inputs import Environment
from berthc.scenarios.select import Script, Step, scripts
from berthc.semantics import World
from berthc.sim import Simulator

Request = dict[str, Any]


def suite(manager: Manager) -> list[Request]:
    """All scripts, one after the other. Those with what only C can ask are left out."""
    kept = [script for script in scripts(manager).scripts
            if not any(_is_for_c(manager, step) for step in script.steps)]
    found = [requests for script in kept if (requests := _requests(manager, script))]
    assert len(found) > 0.9 * len(kept)
    return [request for requests in found for request in requests]


def _is_for_c(manager: Manager, step: Step) -> bool:
    """A NULL, or a buffer that is too small."""
    operation = next((o for o in manager.operations if o.name == step.action.op), None)
    null = operation is not None and operation.form is Form.WITH and not step.action.reservation
    return step.shrink or step.missing is not None or null


def _requests(manager: Manager, script: Script) -> list[Request]:
    """None where a value is of no type, as only C can have it: a number beyond an enum, a list
    without its items."""
    simulator = Simulator(manager)
    found = [_new(script.environment)]
    simulator.answer(json.dumps(found[0]).encode())
    for step in script.steps:
        found.append(_request(manager, simulator, step.action))
        answer = simulator.answer(json.dumps(found[-1]).encode())
        if "message" in answer:
            return []
        assert answer["error"] == step.error, (found, answer, step)
    return found


def _new(environment: Environment) -> Request:
    return {"op": "new", "options": dict(environment.options),
            "without": list(environment.without)}


def _request(manager: Manager, simulator: Simulator, action: Action) -> Request:
    request: Request = {"op": action.op}
    for config in action.config:
        request[config.resource] = dict(config.fields)
    if action.reservation is not None:
        request["reservation"] = action.reservation
    world = simulator._world  # noqa: SLF001
    assert world is not None
    if action.by is not None:
        by = manager.operation(action.op).by
        assert by is not None
        request[by] = dict(action.by) if isinstance(action.by, tuple) else action.by
    if action.at:
        at = manager.operation(action.op).at
        assert at is not None
        request[at] = dict(action.at)
    if action.op != DISCARD:
        request["fail"] = _fail(world, action)
    return request


def _fail(world: World, action: Action) -> list[Request]:
    """The outcomes of an action's calls, by hook and number."""
    nth: Counter[str] = Counter()
    found = []
    for call, outcome in zip(perform(world.clone(), action).calls, action.outcomes):
        nth[call.hook] += 1
        error = {} if outcome.error is None else {"error": outcome.error}
        asks = bool(world.manager.hook(call.hook).asks)
        outcome = outcome.answer() if asks else outcome
        found.append({"hook": call.hook, "nth": nth[call.hook], "outcome": outcome.kind,
                      "writes": outcome.writes, **error})
    return found
