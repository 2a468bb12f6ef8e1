"""Random walks on the generated C: callers who keep the contract, and a backend that fails at
random.

A walk shares nothing with the search. It reads the contract off the operations by itself, and
follows the effects from the calls. A fault of the spec, or of the search that let it pass, is an
AssertionError.
"""
from __future__ import annotations

import json
import random
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import NamedTuple

from backend_support import Backend, key_of, key_path_of, together
from explore_support import Json

from berthc.model import Form, Hook, Manager, Operation, Row, Type

Gives = Mapping[str, tuple[Json, ...]]
"""What callers give for each resource: no more keys than the search has."""


class Contract:
    """What each operation is to a caller."""

    def __init__(self, manager: Manager) -> None:
        self.manager = manager
        self.gives = [op for op in manager.operations if op.gives]
        self.uses = [op for op in manager.operations if op.form is Form.WITH and not op.ends]
        self.ends = [op for op in manager.operations if op.ends]
        others = [op for op in manager.operations if op.form is not Form.WITH and not op.gives]
        self.acquires = [op for op in others if self._fired(op, "take")]
        taken = {name for op in self.acquires for name in self._fired(op, "take")}
        others = [op for op in others if op not in self.acquires]
        self.releases = [op for op in others if self._fired(op, "drop") & taken]
        self.free = [op for op in others if op not in self.releases and op.by is None]

    def _fired(self, op: Operation, word: str) -> set[str]:
        """The levels at which a step fires `take`, or `drop`."""
        fired = {(step.resource, step.event) for step in op.steps}
        events = {name: getattr(self.manager.resource(name), word) for name in op.path}
        return {name for name in op.path if (name, events[name]) in fired}


class Held(NamedTuple):
    """What a caller holds: by a reservation, or by references."""

    reservation: str | None
    given: Mapping[str, Json]
    returns: Json


class Lied(Exception):
    """A request changed what a hook had been told to answer before it was asked: this walk shows
    nothing more."""


@dataclass
class Walk:
    """One manager with its backend and callers."""

    manager: Manager
    gives: Gives
    rng: random.Random
    pipe: subprocess.Popen[str]
    callers: int
    options: Json
    without: frozenset[str]
    clean: bool  # no call fails
    held: dict[int, Held] = field(default_factory=dict)
    releasing: set[int] = field(default_factory=set)
    failed: bool = False  # some call did not end ok
    drained: bool = False  # and something was left
    unseen: bool = False  # callers asked for more after that: the checker did not look there

    def __post_init__(self) -> None:
        self.backend = Backend(self.manager, self.without)
        self.contract = Contract(self.manager)
        self._send({"op": "new", "options": self.options, "without": sorted(self.without)})

    # One request

    def ask(self, request: Json, given: Mapping[str, Json], failing: bool = True,
            held: bool = False) -> Json:
        """`given`: what it names. `held`: by a caller that keeps the contract, for a hold or with
        one."""
        fail = self._endings(given, failing and not self.clean)
        effects = {h.name: self.rng.random() < 0.5 for h in self.manager.hooks}
        may_be = sorted(self.backend.may_be(request["op"], given))
        there = {name for name in may_be if self.rng.random() < 0.5}
        self.backend.create(request["op"], given, there)
        states, draining = self.backend.states, request["op"] == "drain"
        self.unseen |= self.drained and not draining
        answer = self._send({**request, "fail": fail})
        uncertain = [effects[call["hook"]] for call in answer["calls"]]
        for breach in self.backend.answered(answer, uncertain):
            if breach.id == "lied":
                raise Lied
            # The checker looks at leaks of drains with working calls only, at `double` in none.
            passed_over = draining and (breach.id == "double" or breach.id == "leak" and failing)
            assert passed_over or self.unseen, breach
        self.drained |= draining and bool(self.backend.states)
        self.failed |= any(call["outcome"] not in ("ok", "yes", "no") for call in answer["calls"])
        if answer["error"] == "ENOSPC" and not answer["calls"]:
            full = self.backend.states == states and any(len(path) == 1 for path in states)
            assert full, "refused for want of a slot"
            self.backend.counts["full"] += 1
        if held and not self.failed and not answer["ok"]:
            self._may_refuse(answer)
        return answer

    def _endings(self, given: Mapping[str, Json], failing: bool) -> list[Json]:
        found: list[Json] = []
        for hook in self.manager.hooks:
            fails = failing and self.rng.random() < 0.3
            if hook.asks:
                answer = "unknown" if fails else self._truly(hook, given)
                found.append({"hook": hook.name, "outcome": answer})
            elif fails:
                found.append({"hook": hook.name, "outcome": self.rng.choice(("fail", "uncertain")),
                              **self.rng.choice(({}, {}, {}, {"nth": 1}))})
        return found

    def _truly(self, hook: Hook, given: Mapping[str, Json]) -> str:
        if hook.on not in given:
            return "no"
        return self.backend.truly(hook, key_path_of(self.manager, hook.on, together(given)))

    def _send(self, request: Json) -> Json:
        assert self.pipe.stdin is not None and self.pipe.stdout is not None
        self.pipe.stdin.write(json.dumps(request) + "\n")
        self.pipe.stdin.flush()
        answer: Json = json.loads(self.pipe.stdout.readline())
        assert "message" not in answer, answer
        return answer

    def _may_refuse(self, answer: Json) -> None:
        """While nothing failed: who keeps the contract is refused for want of a slot, by policy, or
        because the row means it."""
        if self._is_policy(answer):
            return
        meant = any(row.meant for row in self._rows(answer))
        assert meant, f"denied: {answer['error']} at {answer['where']}"
        self.backend.counts["meant"] += 1

    def _is_policy(self, answer: Json) -> bool:
        if answer["error"] in ("ENOSPC", "EEXIST") or "rule" in answer["where"]:
            return True
        rows = self._rows(answer)
        return any(row.guard is not None or row.hook in self.without for row in rows)

    def _rows(self, answer: Json) -> tuple[Row, ...]:
        """The rows of the event that was refused."""
        where = answer["where"]
        if "event" not in where:
            return ()
        return tuple(self.manager.resource(where["resource"]).rows(where["state"], where["event"]))

    # What callers do

    def step(self) -> None:
        if self.contract.free and self.rng.random() < 0.3:
            self.ask(*self._request(self.rng.choice(self.contract.free)))
            return
        who = self.rng.randrange(self.callers)
        if who not in self.held:
            takes = [op for op in (*self.contract.gives, *self.contract.acquires) if op.by is None]
            if takes:
                self.take(who, *self._request(self.rng.choice(takes)))
        elif self.contract.uses and who not in self.releasing and self.rng.random() < 0.5:
            self._use(who)
        else:
            self.release(who)

    def _request(self, op: Operation) -> tuple[Json, Mapping[str, Json]]:
        given = {name: self.rng.choice(self.gives[name]) for name in op.path}
        request = self._named(op, given)
        if op.at is not None:
            assigned = self.manager.resource(op.target).assigned
            parts = next(one.parts for one in assigned if one.name == op.at)
            request[op.at] = {part.name: self.rng.randrange(2) for part in parts if part.size != 1}
        return request, given

    def _named(self, op: Operation, given: Mapping[str, Json]) -> Json:
        """A request by what callers give."""
        request: Json = {"op": op.name}
        for name in op.path:
            key = self.manager.resource(name).key
            request[name] = {field_: value for field_, value in given[name].items()
                             if op.form is not Form.FIND or field_ in key}
        return request

    def take(self, who: int, request: Json, given: Mapping[str, Json],
             failing: bool = True) -> Json:
        answer = self.ask(request, given, failing, held=True)
        if answer["ok"]:
            self.held[who] = Held(answer["returns"].get("reservation"), given, answer["returns"])
        return answer

    def _use(self, who: int) -> None:
        held, op = self.held[who], self.rng.choice(self.contract.uses)
        if held.reservation is not None:
            self.ask({"op": op.name, "reservation": held.reservation}, held.given, held=True)

    def release(self, who: int, failing: bool = True) -> bool:
        held = self.held[who]
        if held.reservation is not None:
            op = self.rng.choice(self.contract.ends)
            request: Json = {"op": op.name, "reservation": held.reservation}
        else:
            mine = [op for op in self.contract.releases if set(op.path) <= set(held.given)]
            op = self.rng.choice(mine)
            request = (self._named(op, held.given) if op.by is None
                       else {"op": op.name, op.by: held.returns[op.by]})
        answer = self.ask(request, held.given, failing, held=True)
        self.releasing.add(who)
        if answer["ok"]:
            del self.held[who]
            self.releasing.discard(who)
        return bool(answer["ok"])

    # How it ends

    def end(self) -> None:
        """Everybody lets go with a backend that works. What lingers then, drain or anybody takes
        away, and everybody may come again."""
        for _ in range(16):
            for who in list(self.held):
                self.release(who, failing=False)
            if self.held:
                self._free()
        assert not self.held, "stranded"
        for path, state in self.backend.states.items():
            home = self.manager.resource(path[-1][0]).state(state).resident
            home |= any(below[:-1] == path for below in self.backend.states)
            assert self.backend.refs[path] == 0 and home, f"leak: {path} rests in {state}"
        self.clear()
        assert not self.backend.left(), f"leak: {self.backend.left()}"
        for op in (*self.contract.gives, *self.contract.acquires):
            if op.form is Form.OBTAIN:
                for values in product(*(self.gives[name] for name in op.path)):
                    self._comes_again(op, dict(zip(op.path, values, strict=True)))

    def clear(self) -> None:
        self.drain(failing=False)
        for _ in range(24):
            if self.backend.left():
                self._free()
                self.drain(failing=False)

    def drain(self, failing: bool) -> None:
        self.ask({"op": "drain"}, {name: values[0] for name, values in self.gives.items()}, failing)

    def _free(self) -> None:
        """Anybody asks for all that there is, in any order; some ask for nothing."""
        free = [op for op in self.contract.free if op.form is not Form.CREATE]
        for op in self.rng.sample(free, self.rng.randint(min(1, len(free)), len(free))):
            for path in list(self.backend.states):
                if tuple(name for name, _ in path) == op.path:
                    given = {name: self._values(name, key) for name, key in path}
                    self.ask(self._named(op, given), given, failing=False)

    def _values(self, name: str, key: tuple[str, ...]) -> Json:
        """What callers give for the instance with a key."""
        return next(one for one in self.gives[name] if key_of(self.manager, name, one) == key)

    def _comes_again(self, op: Operation, given: Mapping[str, Json]) -> None:
        for _ in range(16):
            answer = self.take(0, self._named(op, given), given, failing=False)
            if answer["ok"]:
                assert any(self.release(0, failing=False) for _ in range(4)), "stranded"
                return
            if self._is_policy(answer):
                return
            self.clear()
            self._free()
        raise AssertionError(f"poisoned: {given}")


def walk(manager: Manager, gives: Gives, program: Path, seed: int, callers: int,
         steps: int = 25) -> Counter[str]:
    """One random walk to its end, and how often each word was put to the test."""
    rng = random.Random(seed)
    absent = [names for names in manager.left_out if rng.random() < 0.3]
    without = frozenset(name for names in absent for name in names)
    options = {o.name: rng.choice(o.values or (False, True)) for o in manager.options
               if o.type in (Type.BOOL, Type.ENUM)}
    clean = rng.random() < 0.3
    with subprocess.Popen([str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as pipe:
        try:
            one = Walk(manager, gives, rng, pipe, callers, options, without, clean)
            for _ in range(steps):
                one.step()
            if rng.random() < 0.3:
                for _ in range(3):
                    one.drain(failing=True)
            else:
                one.end()
        except Lied:
            one.backend.counts["lied"] += 1
        finally:
            assert pipe.stdin is not None
            pipe.stdin.close()
        return one.backend.counts
