"""One step of a search: an action on a world, with every outcome of its calls."""
from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from berthc.inputs.values import Value
from berthc.scenarios.inputs import Config, Environment
from berthc.semantics import Outcome, Result, World

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
    backend contribute."""

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


def perform(world: World, action: Action) -> Result:
    """Run an action on a world."""
    calls = iter(action.outcomes)

    def outcomes(_hook: str, _nth: int, _args: Mapping[str, Value]) -> Outcome:
        return next(calls, OK)

    if action.op == DRAIN:
        return world.drain(outcomes)
    if action.op == DISCARD:
        return world.discard()
    return world.run(action.op, config={c.resource: c.mapping() for c in action.config} or None,
                     reservation=action.reservation,
                     by=dict(slot_of(action)) or cast("Value | None", action.by),
                     at=dict(action.at) if action.at else None, outcomes=outcomes)


def step(node: Node, action: Action, edge: Edge | None = None) -> Edge:
    """The edge that an action makes from a node."""
    world = node.world.clone()
    result = perform(world, action)
    ended = node.ended
    if action.reservation is not None and result.error is None and _ends(world, action):
        ended = action.reservation
    target = Node(world, node.environment, None, node.depth + 1, ended)
    made = Edge(node, action, result, target)
    target.edge = made
    return made


def _ends(world: World, action: Action) -> bool:
    return action.reservation not in world.reservations


def with_outcomes(node: Node, action: Action) -> Iterator[Edge]:
    """The action with every outcome of every call that it makes."""
    pending: list[tuple[Outcome, ...]] = [()]
    while pending:
        given = pending.pop()
        edge = step(node, replace(action, outcomes=given) if given else action)
        yield edge
        calls = len(edge.result.calls)
        failed = any(o.error is not None for o in given)
        for n in range(len(edge.action.outcomes), calls):
            ahead = edge.action.outcomes + (OK,) * (n - len(edge.action.outcomes))
            hook = node.world.manager.hook(edge.result.calls[n].hook)
            written = WRITTEN if not failed and node.world.manager.naming(hook.name) else ()
            pending += [ahead + (o,)
                        for o in (OTHER_ANSWERS if hook.asks else FAILED_AGAIN if failed else FAILED
                                  + written)]
