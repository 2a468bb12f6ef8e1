"""Does a changed model behave differently at all? Walks the original and the mutant side by side,
from the empty manager on."""
from __future__ import annotations

from dataclasses import dataclass, replace

from berthc.model import Form, Manager
from berthc.scenarios import inputs
from berthc.scenarios.inputs import Environment
from berthc.scenarios.probes import probes
from berthc.scenarios.edges import Action, Node, perform, with_outcomes
from berthc.scenarios.search import NO_LIMITS, Limits, Search
from berthc.scenarios.select import destroyable, played
from berthc.semantics import BrokenTable, Result, World
from berthc.semantics.world import tracked
from mutate import Line

LIMITS = Limits()
MOST_STEPS = 200000  # of all environments together


@dataclass(frozen=True)
class Difference:
    """A script that tells the two apart."""

    environment: str
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class Seen:
    """One step of the original: what was done, a fingerprint of all that came of it, and the number
    of the state it leads to."""

    action: Action
    print: int
    target: int
    first: bool  # that state was first reached by this step


@dataclass(frozen=True)
class Known:
    """One state of the original: how it was first reached, whether it may be destroyed there, and
    all that can be done there."""

    path: tuple[Action, ...]
    # what rests there; None where it cannot be destroyed anyway
    resting: frozenset[tuple[str, str]] | None
    steps: tuple[Seen, ...]


class Original:
    """All states of a manager in every environment, explored once for all its mutants."""

    def __init__(self, manager: Manager) -> None:
        self.manager = manager
        self.complete = True
        self.steps = 0
        self.graphs = [
            (e, self._explore(Search(manager, e, LIMITS))) for e in inputs.environments(manager)
        ]
        plain = Search(manager, inputs.environments(manager)[0], NO_LIMITS)
        self.probes = [
            (probe.environment, played(manager, probe)) for probe in probes(manager, plain)
        ]

    def _explore(self, search: Search) -> list[Known]:
        start = search.start()
        numbers = {start.world.key(): 0}
        nodes: dict[int, Node] = {0: start}
        found: list[Known] = []
        while nodes:
            if self.steps >= MOST_STEPS:
                self.complete = False
                break
            node = nodes.pop(len(found))
            steps = []
            for action in search.actions(node) if search.allowed(node) else ():
                for edge in with_outcomes(node, action):
                    key = edge.target.world.key()
                    first = key not in numbers
                    if first:
                        numbers[key] = len(numbers)
                        nodes[numbers[key]] = edge.target
                    steps.append(
                        Seen(
                            edge.action,
                            fingerprint(self.manager, edge.result, edge.target.world),
                            numbers[key],
                            first,
                        )
                    )
                    self.steps += 1
            path = () if node.edge is None else tuple(edge.action for edge in node.edge.path())
            found.append(Known(path, resting(node.world), tuple(steps)))
        return found

    def difference(self, mutant: Manager) -> Difference | str:
        """A script on which the mutant differs; else a sentence that says how far the search
        went."""
        for environment, graph in self.graphs:
            for known in graph:
                if known.resting is not None and _may_rest(
                    self.manager, known.resting
                ) != _may_rest(mutant, known.resting):
                    return Difference(environment.name, known.path)
        if _only_resident(self.manager, mutant):
            return f"no state in which it may rest, in a {self._bound()}"
        for environment, graph in self.graphs:
            found = self._walk(mutant, environment, graph)
            if found is not None:
                return found
        for environment, edges in self.probes:
            twin = Search(mutant, environment, NO_LIMITS).start().world
            for edge in edges:
                if self._answer(mutant, edge.action, twin) != fingerprint(
                    self.manager, edge.result, edge.target.world
                ):
                    return Difference(environment.name, tuple(e.action for e in edge.path()))
        return f"no difference in a {self._bound()}"

    def _walk(
        self, mutant: Manager, environment: Environment, graph: list[Known]
    ) -> Difference | None:
        """Takes the mutant along the same paths. A step to a state that is known already must give
        the same in both: it is not followed."""
        try:
            twins = {0: Search(mutant, environment, LIMITS).start().world}
        except (ValueError, BrokenTable):
            return Difference(environment.name, ())
        for number, known in enumerate(graph):
            twin = twins.pop(number)
            for seen in known.steps:
                after = twin.clone()
                if self._answer(mutant, seen.action, after) != seen.print:
                    return Difference(environment.name, (*known.path, seen.action))
                if seen.first:
                    twins[seen.target] = after
        return None

    @staticmethod
    def _answer(mutant: Manager, action: Action, twin: World) -> int | None:
        """The fingerprint of the action in the mutant's world; None where the mutant's table has no
        answer."""
        try:
            return fingerprint(mutant, perform(twin, action), twin)
        except (BrokenTable, ValueError):
            return None

    def _bound(self) -> str:
        return (
            f"{'complete' if self.complete else 'bounded'} search of {self.steps} steps with"
            f" {LIMITS.callers} callers"
        )


def fingerprint(manager: Manager, result: Result, world: World) -> int:
    """One number for all that a caller or backend can see of a step."""
    where = None if result.where is None else sorted(result.where.items())
    calls = [(c.hook, c.outcome, sorted(c.args.items())) for c in result.calls]
    return hash(
        repr(
            (
                result.error,
                where,
                sorted(result.returns.items()),
                calls,
                world.snapshot(),
                destroyable(manager, world),
            )
        )
    )


def same_line(manager: Manager, line: Line) -> str | None:
    """Why nobody sees the change of a line of a function about fields; None where there is no
    reason."""
    if line.function == "hash" and line.what.startswith(("left out", "BERTH_ANY_CASE")):
        return "more keys hash alike, and `equal` tells them apart"
    asked = [o for o in manager.operations if line.resource in o.path and o.by is None]
    by_key = [
        o for o in asked
        if o.form is Form.FIND or (o.form is Form.CREATE and o.target != line.resource)
    ]
    if line.function == "check" and line.what.startswith(
        ("not of keys", "of keys, too")) and not by_key:
        return "no operation looks for the key alone"
    limit = None if manager.limits is None else manager.limits.of(line.resource)
    if line.function == "size" and limit is not None and limit.text is None:
        return "with limits each instance takes what the largest does"
    return None


def resting(world: World) -> frozenset[tuple[str, str]] | None:
    """Resource and state of everything tracked, if nobody holds any of it and nothing is to be
    drained."""
    state = tracked(world)
    if (
        world.has_work()
        or state.reservations
        or any(item.refs or item.children for item in state.items.values())
    ):
        return None
    return frozenset((item.resource, item.state) for item in state.items.values())


def _may_rest(manager: Manager, where: frozenset[tuple[str, str]]) -> bool:
    return all(manager.resource(resource).state(state).resident for resource, state in where)


def _only_resident(manager: Manager, mutant: Manager) -> bool:
    """Whether the two differ in nothing but which states are resident."""
    def plain(one: Manager) -> Manager:
        return replace(
            one,
            resources=tuple(
                replace(r, states=tuple(replace(s, resident=False) for s in r.states))
                for r in one.resources
            ),
        )

    return plain(manager) == plain(mutant)
