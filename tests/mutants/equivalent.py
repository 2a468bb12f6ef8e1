"""Does a changed model behave differently at all? Walks the original and the mutant side by side, from the empty manager on."""
from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from berthc.model import Manager
from berthc.scenarios import alphabet
from berthc.scenarios.explore import FAILED, FAILED_AGAIN, NO_LIMITS, OK, Action, Limits, Node, Search, perform, step
from berthc.scenarios.probes import probes
from berthc.scenarios.select import destroyable
from berthc.semantics import BrokenTable, Result, World

LIMITS = Limits()


@dataclass(frozen=True)
class Difference:
    """The shortest script that tells the two apart."""

    environment: str
    actions: tuple[Action, ...]


def difference(manager: Manager, mutant: Manager, most: int = 60000) -> Difference | str:
    """A script on which the two differ; else a sentence that says how far the search went."""
    searched = 0
    complete = True
    for environment in alphabet.environments(manager) + alphabet.mixed_environments(manager):
        search = Search(manager, environment, LIMITS)
        try:
            other = Search(mutant, environment, LIMITS).start()
        except (ValueError, BrokenTable):
            return Difference(environment.name, ())
        start = search.start()
        known = {(start.world.key(), other.world.key())}
        queue: deque[tuple[Node, World]] = deque([(start, other.world)])
        while queue and searched < most:
            node, twin = queue.popleft()
            for action in search.actions(node):
                for edge_action in variants(node, action):
                    searched += 1
                    edge = step(node, edge_action)
                    after = twin.clone()
                    if not same(manager, mutant, edge.target.world, edge.result, after, edge_action):
                        return Difference(environment.name, tuple(e.action for e in edge.path()))
                    key = (edge.target.world.key(), after.key())
                    if key not in known and search.allowed(edge.target):
                        known.add(key)
                        queue.append((edge.target, after))
        complete = complete and not queue
    for probe in probes(manager, Search(manager, alphabet.environments(manager)[0], NO_LIMITS)):
        node = Search(manager, probe.environment, NO_LIMITS).start()
        twin = Search(mutant, probe.environment, NO_LIMITS).start().world
        for action in probe.actions:
            searched += 1
            edge = step(node, action)
            if not same(manager, mutant, edge.target.world, edge.result, twin, action):
                return Difference(probe.environment.name, tuple(e.action for e in edge.path()))
            node = edge.target
    return f"{'complete' if complete else 'bounded'} search of {searched} steps with {LIMITS.callers} callers"


def variants(node: Node, action: Action) -> Iterator[Action]:
    """The action with every outcome of every call that the original makes."""
    pending = [action]
    while pending:
        now = pending.pop()
        yield now
        calls = len(perform(node.world.clone(), now).calls)
        failed = any(o.kind != "ok" for o in now.outcomes)
        for n in range(len(now.outcomes), calls):
            ahead = now.outcomes + (OK,) * (n - len(now.outcomes))
            pending += [replace(now, outcomes=ahead + (o,)) for o in (FAILED_AGAIN if failed else FAILED)]


def same(manager: Manager, mutant: Manager, world: World, result: Result, twin: World, action: Action) -> bool:
    """Runs the action on the mutant's world and compares all that a caller or backend can see."""
    try:
        other = perform(twin, action)
    except (BrokenTable, ValueError):
        return False
    return (result.error, result.where, result.returns, result.calls) == (other.error, other.where, other.returns, other.calls) \
        and world.snapshot() == twin.snapshot() and destroyable(manager, world) == destroyable(mutant, twin)
