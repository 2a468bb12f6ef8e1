"""One step of a search: an action on a world, with every outcome of its calls."""
from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from berthc.inputs.values import Value
from berthc.model import Manager
from berthc.scenarios.inputs import Config, Environment
from berthc.semantics import Outcome, Outcomes, Result, World
from berthc.walk.choices import Choices

FAILED = (Outcome("fail", "EIO"), Outcome("uncertain", "ETIMEDOUT"))
# of a second failing call: the first error must stay
FAILED_AGAIN = (Outcome("fail", "ENODEV"), Outcome("uncertain", "ECONNRESET"))
OTHER_ANSWERS = (Outcome("no"), Outcome("unknown", "EPIPE"))  # than yes
OK = Outcome("ok")
# of a hook whose values name instances
WRITTEN = (Outcome("ok", writes="last"), Outcome("ok", writes="zero"),
           Outcome("ok", writes="nothing"), Outcome("uncertain", "ETIMEDOUT", "last"),
           Outcome("uncertain", "ETIMEDOUT", "nothing"))

DRAIN, DISCARD = "drain", "discard"


@dataclass(frozen=True)
class Action:
    """One step of a script: an operation, or drain or discard, with everything the caller and the
    backend contribute. A discard of one root has its config."""

    op: str
    config: tuple[Config, ...] = ()
    reservation: str | None = None
    by: Value | tuple[tuple[str, int], ...] | None = None
    at: tuple[tuple[str, int], ...] = ()
    outcomes: tuple[Outcome, ...] = ()  # of the step's calls in order; those beyond end ok


Feature = Hashable


@dataclass(eq=False)
class Node:
    """A state of the manager, reached by the path of edges that leads to it."""

    world: World
    environment: Environment
    edge: Edge | None = None
    depth: int = 0
    ended: str | None = None  # a reservation that has ended on the path


@dataclass(eq=False)
class Edge:
    source: Node
    action: Action
    result: Result
    target: Node
    features: frozenset[Feature] = field(default_factory=frozenset)

    def path(self) -> list[Edge]:
        """From the beginning to this edge."""
        found = [self]
        while (before := found[-1].source.edge) is not None:
            found.append(before)
        return found[::-1]


def slot_of(action: Action) -> tuple[tuple[str, int], ...]:
    """The parts of the slot that an action looks up by; empty where it looks up by something
    else."""
    return cast("tuple[tuple[str, int], ...]", action.by) if isinstance(action.by, tuple) else ()


def perform(world: World, action: Action, backend: Outcomes | None = None) -> Result:
    """Run an action on a world, with the outcomes that it says where there is no `backend`."""
    calls = iter(action.outcomes)
    outcomes = backend or (lambda _hook, _nth, _args: next(calls, OK))
    if action.op == DRAIN:
        return world.drain(outcomes)
    if action.op == DISCARD and action.config:
        root, = action.config
        return world.discard_root(root.resource, root.mapping())
    if action.op == DISCARD:
        return world.discard()
    return world.run(action.op, config={c.resource: c.mapping() for c in action.config} or None,
                     reservation=action.reservation,
                     by=dict(slot_of(action)) or cast("Value | None", action.by),
                     at=dict(action.at) if action.at else None, outcomes=outcomes)


def step(node: Node, action: Action, backend: Outcomes | None = None) -> Edge:
    """The edge that an action makes from a node."""
    world = node.world.clone()
    result = perform(world, action, backend)
    ended = node.ended
    if action.reservation is not None and result.error is None and _ends(world, action):
        ended = action.reservation
    target = Node(world, node.environment, None, node.depth + 1, ended)
    made = Edge(node, action, result, target)
    target.edge = made
    return made


def _ends(world: World, action: Action) -> bool:
    return action.reservation not in world.reservations


class _Backend(Choices):
    """Ends each call in one of the ways that a suite shows. `told` has the outcomes."""

    def __init__(self, manager: Manager, chosen: tuple[int, ...]) -> None:
        super().__init__(chosen)
        self._manager = manager
        self.told: list[Outcome] = []

    def __call__(self, hook: str, _nth: int, _args: Mapping[str, Value]) -> Outcome:
        failed = any(one.error is not None for one in self.told)
        others = (OTHER_ANSWERS if self._manager.hook(hook).asks else FAILED_AGAIN if failed
                  else (*FAILED, *(WRITTEN if self._manager.naming(hook) else ())))
        self.told.append(self.choose((OK, *reversed(others))))
        return self.told[-1]

    def outcomes(self) -> tuple[Outcome, ...]:
        """Those up to the last call that did not simply end ok."""
        last = max((n for n, one in enumerate(self.told, 1) if one is not OK), default=0)
        return tuple(self.told[:last])


def with_outcomes(node: Node, action: Action) -> Iterator[Edge]:
    """The action with every outcome of every call that it makes."""
    chosen: tuple[int, ...] | None = ()
    while chosen is not None:
        backend = _Backend(node.world.manager, chosen)
        edge = step(node, action, backend)
        edge.action = replace(action, outcomes=backend.outcomes())
        yield edge
        chosen = backend.following()
