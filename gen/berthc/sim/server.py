"""Requests in, answers out."""
from __future__ import annotations

import copy
import json
import sys
from collections.abc import Mapping
from typing import Any, BinaryIO, TextIO

from berthc.model import Manager, Operation, Type
from berthc.semantics import MAX_HOLDERS, BrokenTable, Result, Value, World, replace_uuids
from berthc.sim.labels import Labels, ReservationLabels
from berthc.sim.request import Request, bind, read_request
from berthc.sim.text import LINE_MAX, Malformed, lines, parse

Answer = dict[str, Any]


class Simulator:
    """One conversation: the manager that the last `new` made, and the labels its UUIDs go by."""

    def __init__(self, manager: Manager, max_holders: int = MAX_HOLDERS) -> None:
        self._manager = manager
        self._max_holders = max_holders
        self._world: World | None = None
        self._labels = Labels()
        self._reservations = ReservationLabels()
        self._count = 0
        self._own_uuids = {r.name: _uuid_leaves(manager, (r.name,)) for r in manager.resources}
        self._args_uuids = {h.name: _uuid_leaves(manager, manager.path(h.on))
                            for h in manager.hooks}

    def again(self) -> Simulator:
        """Another conversation, which begins where this one is; neither sees what the other does
        from here on."""
        other = copy.copy(self)
        other._world = None if self._world is None else self._world.clone()
        other._labels = copy.deepcopy(self._labels)
        other._reservations = copy.deepcopy(self._reservations)
        return other

    @property
    def locked(self) -> bool:
        """Does recover come first?"""
        return self._world is not None and self._world.locked

    def answer(self, line: bytes | None) -> Answer:
        """The answer to one line (None: one that was too long)."""
        self._count += 1
        try:
            if line is None:
                raise Malformed(f"a line of more than {LINE_MAX} bytes")
            return self._perform(read_request(self._manager, parse(line)))
        except Malformed as malformed:
            return {"n": self._count, "ok": False, "error": "EINVAL", "message": str(malformed)}

    def _perform(self, request: Request) -> Answer:
        if request.verb == "new":
            self._renew(request)
            return self._show(None, Result(None, None))
        if self._world is None:
            self._renew(Request("new"))
        world = self._world
        assert world is not None
        if request.verb == "recover":
            return self._show(None, world.recover(request.outcomes(), request.fate))
        if world.locked and (request.verb != "discard" or request.config):
            raise Malformed("recover first")
        if request.verb == "drain":
            return self._show(None, world.drain(request.outcomes(), request.fate))
        config = {resource: {name: bind(value, self._labels) for name, value in fields.items()}
                  for resource, fields in request.config.items()}
        if request.verb == "discard":
            roots = [world.discard_root(name, fields, request.fate)
                     for name, fields in config.items()]
            return self._show(None, roots[0] if roots else world.discard(request.fate))
        operation = request.operation
        assert operation is not None
        by = (request.by if request.by is None or isinstance(request.by, Mapping)
              else bind(request.by, self._labels))
        reservation = (None if request.reservation is None
                       else self._reservations.meaning(request.reservation))
        id_ = None if request.id is None else self._reservations.chosen(request.id)
        result = world.run(operation.name, config=config, reservation=reservation, by=by,
                           at=request.at, outcomes=request.outcomes(), owner=request.owner,
                           id=id_, fate=request.fate)
        return self._show(operation, result)

    def _renew(self, request: Request) -> None:
        """A fresh manager and fresh labels; the old ones stay when it cannot be made."""
        labels = Labels()
        try:
            world = World(self._manager,
                          {name: bind(value, labels) for name, value in request.options.items()},
                          request.without, self._max_holders)
        except ValueError as error:
            raise Malformed(str(error)) from None
        self._world, self._labels, self._reservations = world, labels, ReservationLabels()

    # Showing: UUIDs get their labels in the order of the text

    def _show(self, operation: Operation | None, result: Result) -> Answer:
        assert self._world is not None
        calls = [{"hook": call.hook, "outcome": call.outcome,
                  "args": self._values(call.args, self._args_uuids.get(call.hook, frozenset()))}
                 for call in result.calls]
        refs = operation.returns if operation is not None else ()
        uuids = frozenset(ref.name for ref in refs if ref.name in self._own_uuids[ref.scope])
        returns = self._values(result.returns, uuids)
        if operation is not None and operation.gives and result.ok:
            returns["reservation"] = self._reservations.shown(returns["reservation"])
        answer: Answer = {"n": self._count, "ok": result.ok, "error": result.error}
        if result.where is not None:
            answer["where"] = dict(result.where)
        return (answer
                | {"returns": returns, "calls": calls,
                   "state": self._state(self._world.snapshot())})

    def _values(self, values: Mapping[str, Value], uuids: frozenset[str]) -> dict[str, Any]:
        return {name: self._value(value, name in uuids) for name, value in values.items()}

    def _value(self, value: Any, is_uuid: bool) -> Any:
        if isinstance(value, str):
            return (self._labels.shown(value) if is_uuid
                    else replace_uuids(value, self._labels.shown) if "\0" in value else value)
        return list(value) if isinstance(value, tuple) else value

    def _state(self, snapshot: dict[str, Any]) -> dict[str, Any]:
        label = self._reservations.shown
        shown: dict[str, Any] = {"reservations": [label(r) for r in snapshot.pop("reservations")]}
        if self._manager.store is not None:
            shown["owners"] = {label(r): who for r, who in snapshot.pop("owners").items()}
            shown["releasing"] = [label(r) for r in snapshot.pop("releasing")]
        return shown | {name: [self._instance(name, item) for item in value]
                        for name, value in snapshot.items()}

    def _instance(self, resource: str, item: dict[str, Any]) -> dict[str, Any]:
        children = self._manager.children(resource)
        uuids = self._own_uuids[resource]
        return {name: [self._instance(name, child) for child in value] if name in children
                else self._value(value, name in uuids)
                for name, value in item.items()}


def _uuid_leaves(manager: Manager, path: tuple[str, ...]) -> frozenset[str]:
    """Names that hold UUIDs in a view of the last resource of a path; nearer ones hide those
    further up."""
    kinds: dict[str, Type | None] = {}
    for resource in (manager.resource(name) for name in path):
        kinds |= {f.name: f.type for f in resource.fields}
        kinds |= {leaf: a.type for a in resource.assigned for leaf in a.leaves}
    return frozenset(name for name, kind in kinds.items() if kind is Type.UUID)


def main(manager: Manager, stdin: BinaryIO | TextIO, stdout: TextIO,
         max_holders: int = MAX_HOLDERS) -> int:
    """Answers every line of `stdin` on `stdout` until the input ends; the exit status."""
    simulator = Simulator(manager, max_holders)
    for line in lines(stdin):
        try:
            answer = simulator.answer(line)
        except BrokenTable as error:
            print(f"{manager.file}: {error}", file=sys.stderr)
            return 1
        stdout.write(json.dumps(answer) + "\n")
        stdout.flush()
    return 0
