"""A script as people read it and as simulators run it.

The requests are played on the simulator's own reader and writer as they are made, so what is
printed is what `berthc sim` answers; an answer other than the search saw would be a fault of this
program and ends it.
"""
from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from berthc.explore.bounds import Bounds
from berthc.inputs.values import zero
from berthc.explore.callers.inputs import Valuation
from berthc.explore.findings.judge import caller
from berthc.explore.search import Found, Request
from berthc.explore.states.backend import ENDS_OK, Called
from berthc.explore.states.death import RECOVER, owner
from berthc.explore.states.drain import DRAIN, change as drains
from berthc.explore.states.dying import death
from berthc.explore.states.local import Local
from berthc.explore.states.move import Move
from berthc.explore.states.runs import DEATH
from berthc.explore.states.step import Change, Stepper
from berthc.model import Manager, Resource
from berthc.semantics import Value
from berthc.sim.server import Simulator

Json = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """One request: who asked, what the backend did, what was answered, and what is tracked then."""

    who: str
    asked: str
    backend: str
    answer: str
    states: str
    request: Json
    change: Change | None


class Scripts:
    """Writes the scripts of the findings of one manager. What all those of one setting and root
    begin with is made once: it takes as long as the tables are large."""

    def __init__(self, manager: Manager, bounds: Bounds) -> None:
        self._manager, self._bounds = manager, bounds
        self._begun: dict[tuple[Valuation, str], _Begun] = {}

    def lines(self, found: Found) -> list[Line]:
        """The script of a finding, from the creation of the manager on."""
        key = (found.valuation, found.root)
        if key not in self._begun:
            self._begun[key] = _begin(self._manager, found, self._bounds)
        return _played(self._begun[key], found)


class _Begun(NamedTuple):
    """A manager that was created, in the search and in a simulator, and nothing else."""

    stepper: Stepper
    simulator: Simulator
    first: tuple[Line, ...]


def _begin(manager: Manager, found: Found, bounds: Bounds) -> _Begun:
    manager = found.valuation.applied(manager)
    options = dict(found.valuation.options)
    stepper = Stepper(manager, found.root, options, found.valuation.without, bounds)
    simulator = Simulator(manager)
    new = _new(manager, options, found.valuation.without)
    _answer(simulator, new)
    if len(new) == 1:  # a simulator does that by itself
        return _Begun(stepper, simulator, ())
    return _Begun(stepper, simulator, (Line("", _created(new), "", "", "", new, None),))


def _played(begun: _Begun, found: Found) -> list[Line]:
    stepper, simulator = begun.stepper, begun.simulator.again()
    manager = stepper.manager
    labels: dict[str, str] = {}
    out = list(begun.first)
    local = stepper.renumber(stepper.start())
    names: dict[int, str] = {}
    known: list[str] = []  # reservations
    given: dict[int, str] = {}  # by caller: what the simulator calls its reservation
    for request in found.requests:
        change = _change(stepper, local, request)
        change = change._replace(
            move=change.move._replace(
                reservation=given.get(request.move.who) if request.move.reservation else None
            )
        )
        asked = _request(manager, change, labels)
        answer = _answer(simulator, asked)
        if answer["error"] != change.result.error:
            raise AssertionError(f"the simulator answers {answer['error']} where the search saw "
                                 f"{change.result.error}")
        if request.move.part == "gives":
            given |= {request.move.who: label for label in answer["state"]["reservations"]
                      if label not in known}
        known = answer["state"]["reservations"]
        # The search has done at once what only waits for settle.
        settled = (_answer(simulator, {"op": RECOVER})
                   if simulator.locked and not change.after.world.locked else None)
        _match({**change.after.world.snapshot(), "reservations": [], "owners": {}, "releasing": []},
               (settled or answer)["state"], labels)
        # What anybody may ask, the first caller asks.
        who = ("" if request.move.part in (DRAIN, RECOVER)
               else owner(request.move.who) if stepper.stored
               else caller(0) if request.move.part == "free"
               else names.setdefault(request.move.who, caller(len(names))))
        out.append(Line(who, describe(manager, asked, change.move), _backend(change), _said(answer),
                        states(manager, answer["state"]), asked, change))
        if settled is not None:
            out.append(Line("", RECOVER, f"{settled['calls'][0]['hook']} ok", _said(settled),
                            states(manager, settled["state"]), {"op": RECOVER}, None))
        # Whole drains come last, and name instances by the numbers from before the first one.
        local = (change.after if request.move.part == DRAIN and change.way.death is None
                 else stepper.renumber(change.after))
    return out


def _change(stepper: Stepper, local: Local, request: Request) -> Change:
    move, chosen = request.move, request.chosen
    if move.part != DRAIN:
        return stepper.change(local, move, chosen, request.clean)
    if chosen and chosen[-1] >= DEATH:
        return death(stepper, local, move.path[0] or 0, chosen)
    return drains(stepper, local, move, chosen)


def _new(manager: Manager, options: Mapping[str, Value], without: tuple[str, ...]) -> Json:
    changed = {o.name: options[o.name] for o in manager.options if options[o.name] != zero(o)}
    return ({"op": "new"} | ({"options": changed} if changed else {})
            | ({"without": list(without)} if without else {}))


def _created(new: Json) -> str:
    options = ", ".join(f"{name} = {_word(value)}"
                        for name, value in new.get("options", {}).items())
    without = ", ".join(new.get("without", ()))
    return ("create" + (f" with {options}" if options else "")
            + (f" without {without}" if without else ""))


def _request(manager: Manager, change: Change, labels: Mapping[str, str]) -> Json:
    move, called = change.move, _ended(change)
    asked: Json = {"op": move.op.name}
    if move.part not in (DRAIN, RECOVER) and manager.has_owner(move.op):
        asked["owner"] = owner(move.who)
    for choice in move.config:
        resource = manager.resource(choice.resource)
        of_use = ({f.name for f in resource.fields} if move.op.form.value != "find"
                  else set(resource.key))
        asked[choice.resource] = {f.name: _json(choice.fields[f.name]) for f in resource.fields
                                  if f.name in of_use
                                  and (choice.fields[f.name] != zero(f) or f.name in resource.key)}
    if move.reservation is not None:
        asked["reservation"] = move.reservation
    if move.op.by is not None:
        asked[move.op.by] = labels.get(move.by, move.by) if isinstance(move.by, str) else move.by
    if move.op.at is not None:
        asked[move.op.at] = dict(move.at or ())
    failing = [call for call in called if call.ending.outcome.kind not in ("ok", "yes")]
    if failing:
        asked["fail"] = [_failure(call, called) for call in failing]
    if change.way.death is not None:
        asked["die"] = change.way.death.commits
    return asked


def _failure(call: Called, called: tuple[Called, ...]) -> str | Json:
    alone = sum(1 for other in called if other.hook == call.hook) == 1
    outcome = call.ending.outcome
    usual = outcome.kind in ("fail", "unknown")  # what a simulator takes where nothing is said
    if alone and usual:
        return call.hook
    return ({"hook": call.hook} | ({} if alone else {"nth": call.nth})
            | ({"error": outcome.error} if outcome.error not in (None, "EIO") else {})
            | ({} if usual else {"outcome": outcome.kind})
            | ({"writes": outcome.writes} if outcome.writes != "new" else {}))


def _json(value: Value) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _answer(simulator: Simulator, request: Json) -> Json:
    answer = simulator.answer(json.dumps(request).encode())
    if "message" in answer:
        raise AssertionError(f"the simulator refuses {request}: {answer['message']}")
    return answer


def _match(mine: Any, shown: Any, labels: dict[str, str]) -> None:
    """Notes what the simulator calls the UUIDs."""
    if isinstance(mine, dict) and isinstance(shown, dict):
        for name in mine:
            _match(mine[name], shown.get(name), labels)
    elif isinstance(mine, list) and isinstance(shown, list):
        for one, other in zip(mine, shown, strict=False):
            _match(one, other, labels)
    elif isinstance(mine, str) and isinstance(shown, str) and mine != shown:
        labels[mine] = shown


# For people


def describe(manager: Manager, asked: Json, move: Move) -> str:
    """`reserve disk "/a", mount 1`"""
    words: list[str] = []
    for choice in move.config:
        resource = manager.resource(choice.resource)
        given = asked[choice.resource]
        rest = [f"{name} {_word(value)}" for name, value in given.items()
                if name not in resource.key]
        words.append(" ".join([choice.resource, "/".join(_word(_json(v)) for v in choice.key),
                               *rest]).strip())
    if move.reservation is not None:
        words.append(move.reservation)
    if move.op.by is not None:
        words.append(f"{move.op.by} {_word(asked[move.op.by])}")
    if move.op.at is not None:
        words.append(f"at {_word(asked[move.op.at])}")
    return " ".join([move.op.name, ", ".join(words)]).strip()


def _word(value: Any) -> str:
    if isinstance(value, dict):
        return "/".join(str(v) for v in value.values())
    return json.dumps(value, ensure_ascii=False)


def _backend(change: Change) -> str:
    return ", ".join([*(f"{call.hook} {_how(call)}" for call in _ended(change)), *_death(change)])


def _ended(change: Change) -> tuple[Called, ...]:
    """Its calls, but for one in which the process died."""
    death = change.way.death
    return change.called if death is None or death.hook is None else change.called[:-1]


def _death(change: Change) -> Iterator[str]:
    death = change.way.death
    if death is None:
        return
    if death.hook is None:
        yield "the process dies before it answers"
    else:
        yield (f"the process dies in {death.hook}, which "
               + ("took effect" if death.late else "had no effect"))


def _how(call: Called) -> str:
    if call.ending is ENDS_OK or call.ending.outcome.kind == "ok":
        return "ok"
    plain = {"fail": "fails", "yes": "says yes", "no": "says no",
             "unknown": "cannot tell"}.get(call.ending.outcome.kind)
    if plain is not None:
        return plain
    if call.before == call.after and not call.ending.effect:
        return "uncertain, no effect"
    words = "uncertain, took effect" if call.ending.effect else "uncertain"
    return words if call.ending.outcome.writes == "new" else f"{words}, gave no values"


def _said(answer: Json) -> str:
    if answer["error"] is not None:
        return str(answer["error"])
    return f"ok {answer['returns']['reservation']}" if "reservation" in answer["returns"] else "ok"


def states(manager: Manager, state: Json) -> str:
    """What is tracked, in one line: `disk "/a" attached 2 (mount 1 failed 1)`; the number says who
    refers to it, reservations included."""
    roots = [r for r in manager.resources if r.parent is None]
    return ("; ".join(text for r in roots for text in _instances(manager, r, state[r.name]))
            or "nothing")


def _instances(manager: Manager, resource: Resource, items: list[Json]) -> Iterator[str]:
    for item in items:
        name = " ".join([resource.name,
                         "/".join(_word(item[k]) for k in resource.key
                                  if item[k] not in (False, []))]).strip()
        below = [text for child in manager.children(resource.name)
                 for text in _instances(manager, manager.resource(child), item[child])]
        yield (f"{name} {item['state']} ({item['refs']})"
               + (f" [{'; '.join(below)}]" if below else ""))


def table(script: list[Line]) -> list[str]:
    """The script as a table of text."""
    rows = [("", "who", "asks", "backend", "answer", "tracked then (references)")]
    rows += [(str(n), line.who, line.asked, line.backend, line.answer, line.states)
             for n, line in enumerate(script, 1)]
    widths = [max(len(row[n]) for row in rows) for n in range(5)]
    return ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)),
                       row[5]]).rstrip() for row in rows]
