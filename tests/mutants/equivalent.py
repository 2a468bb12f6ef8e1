"""Does a changed model behave differently at all? Walks the original and the mutant side by side, from the empty manager on."""
from __future__ import annotations

from dataclasses import dataclass, replace

from berthc.model import Manager
from berthc.scenarios import alphabet
from berthc.scenarios.alphabet import Environment
from berthc.scenarios.explore import NO_LIMITS, Action, Edge, Limits, Node, Search, perform, with_outcomes
from berthc.scenarios.probes import probes
from berthc.scenarios.select import destroyable, played
from berthc.semantics import BrokenTable, World

LIMITS = Limits()
MOST_STATES = 4000  # of one environment


@dataclass(frozen=True)
class Difference:
    """A script that tells the two apart."""

    environment: str
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class Known:
    """One state of the original: how it was first reached, and all that can be done there."""

    node: Node
    edges: tuple[tuple[Edge, int], ...]  # with the number of the state that each leads to


class Original:
    """All states of a manager in every environment, explored once for all its mutants."""

    def __init__(self, manager: Manager) -> None:
        self.manager = manager
        self.complete = True
        self.graphs = [(e, self._explore(Search(manager, e, LIMITS))) for e in alphabet.environments(manager)]
        plain = Search(manager, alphabet.environments(manager)[0], NO_LIMITS)
        self.probes = [(probe.environment, played(manager, probe)) for probe in probes(manager, plain)]
        self.steps = sum(len(k.edges) for _, graph in self.graphs for k in graph) + sum(len(edges) for _, edges in self.probes)

    def _explore(self, search: Search) -> list[Known]:
        start = search.start()
        numbers = {start.world.key(): 0}
        nodes = [start]
        found: list[Known] = []
        while len(found) < len(nodes):
            node = nodes[len(found)]
            edges = []
            for action in search.actions(node) if search.allowed(node) else ():
                for edge in with_outcomes(node, action):
                    key = edge.target.world.key()
                    if key not in numbers:
                        if len(nodes) == MOST_STATES:
                            self.complete = False
                            continue
                        numbers[key] = len(nodes)
                        nodes.append(edge.target)
                    edges.append((edge, numbers[key]))
            found.append(Known(node, tuple(edges)))
        return found

    def difference(self, mutant: Manager) -> Difference | str:
        """A script on which the mutant differs; else a sentence that says how far the search went."""
        for environment, graph in self.graphs:
            for known in graph:
                if destroyable(self.manager, known.node.world) != destroyable(mutant, known.node.world):
                    return Difference(environment.name, _actions(known.node))
        if _only_resident(self.manager, mutant):
            return f"no state in which it may rest, in a {self._bound()}"
        for environment, graph in self.graphs:
            found = self._walk(mutant, environment, graph)
            if found is not None:
                return found
        for environment, edges in self.probes:
            twin = Search(mutant, environment, NO_LIMITS).start().world
            for edge in edges:
                if not self._same(mutant, edge, twin):
                    return Difference(environment.name, _actions(edge.target))
        return f"no difference in a {self._bound()}"

    def _walk(self, mutant: Manager, environment: Environment, graph: list[Known]) -> Difference | None:
        """Takes the mutant along the same paths. A step to a state that is known already must give the same in both: it is not followed."""
        try:
            twins = {0: Search(mutant, environment, LIMITS).start().world}
        except (ValueError, BrokenTable):
            return Difference(environment.name, ())
        for number, known in enumerate(graph):
            twin = twins.pop(number)
            for edge, target in known.edges:
                after = twin.clone()
                if not self._same(mutant, edge, after):
                    return Difference(environment.name, (*_actions(known.node), edge.action))
                if edge.target is graph[target].node:
                    twins[target] = after
        return None

    def _same(self, mutant: Manager, edge: Edge, twin: World) -> bool:
        """Runs the edge's action on the mutant's world and compares all that a caller or backend can see."""
        try:
            other = perform(twin, edge.action)
        except (BrokenTable, ValueError):
            return False
        one, world = edge.result, edge.target.world
        return (one.error, one.where, one.returns, one.calls) == (other.error, other.where, other.returns, other.calls) \
            and world.snapshot() == twin.snapshot() and destroyable(self.manager, world) == destroyable(mutant, twin)

    def _bound(self) -> str:
        return f"{'complete' if self.complete else 'bounded'} search of {self.steps} steps with {LIMITS.callers} callers"


def _actions(node: Node) -> tuple[Action, ...]:
    return () if node.edge is None else tuple(edge.action for edge in node.edge.path())


def _only_resident(manager: Manager, mutant: Manager) -> bool:
    """Whether the two differ in nothing but which states are resident."""
    def plain(one: Manager) -> Manager:
        return replace(one, resources=tuple(replace(r, states=tuple(replace(s, resident=False) for s in r.states)) for r in one.resources))

    return plain(manager) == plain(mutant)
