"""Breadth-first search through the model, and what each step of it shows.

A few callers do everything that the interface allows, with every outcome of every hook, over a few
inputs. Each step (an *edge*) yields features: small facts such as "disk.attached, detach, eject
failed, one holder, no child". A suite is a choice of edges that has every feature once.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from berthc.inputs.values import Value, base, ordinary_keys, zero
from berthc.model import Assigned, AssignedKind, Form, Manager, Operation, Type
from berthc.scenarios import inputs
from berthc.scenarios.edges import DRAIN, Action, Edge, Feature, Node, with_outcomes
from berthc.scenarios.features import Guarded, features, guarded_cells
from berthc.scenarios.inputs import Config, Environment
from berthc.scenarios.policy import Given, Policy, changes, same_key
from berthc.semantics import World
from berthc.semantics.world import tracked
from berthc.walk.breadth import Breadth


@dataclass(frozen=True)
class Limits:
    """Bounds of one search."""

    callers: int = 2  # reservations at a time, and anonymous references of one instance
    edges: int = 40000
    patience: int = 6000  # edges without a new feature after which the search ends


NO_LIMITS = Limits()  # where nothing is searched


class Search:
    """The actions that one manager offers in one environment."""

    def __init__(self, manager: Manager, environment: Environment, limits: Limits) -> None:
        self.manager = manager
        self.environment = environment
        self.limits = limits
        self.gives = next((o for o in manager.operations if o.gives), None)
        self.configs = {r.name: self._configs(r.name) for r in manager.resources}
        options = self.start().world.options
        makers = [o for o in manager.operations if o.form in (Form.OBTAIN, Form.CREATE)]
        policies = {o.name: Policy(manager, o, options) for o in makers}
        self._made = {o.name: self._making(o, policies[o.name]) for o in makers}
        # no config was left out for want of tries
        self.tried_all = all(p.complete for p in policies.values())

    def _configs(self, name: str) -> list[Config]:
        """Two keys, the first one with every variant that the guards of rows tell apart."""
        resource = self.manager.resource(name)
        found = []
        for key in range(1, ordinary_keys(resource) + 1):
            for change in inputs.row_variants(self.manager, resource) if key == 1 else [{}]:
                found.append(make_config(self.manager, name, key, change))
        return found

    def start(self) -> Node:
        """A fresh manager."""
        return Node(World(self.manager, dict(self.environment.options), self.environment.without),
                    self.environment)

    def paths(self, operation: Operation) -> list[tuple[Config, ...]]:
        """Configs for every level of an operation: both keys at each level, yet not all
        combinations of keys and variants."""
        if operation.name in self._made:
            return self._made[operation.name]
        found = self._plain_paths(operation)
        end = len(operation.path)
        found += [path[:end] for o in self.manager.operations if o.name in self._made
                  and o.path[:end] == operation.path for path in self._made[o.name]]
        return list(dict.fromkeys(found))

    def _plain_paths(self, operation: Operation) -> list[tuple[Config, ...]]:
        levels = [self.configs[name] for name in operation.path]
        first = [level[0] for level in levels]
        found = [tuple(first)]
        for n, level in enumerate(levels):
            found += [tuple(first[:n] + [other] + first[n + 1:]) for other in level[1:]]
        return found

    def _making(self, operation: Operation, policy: Policy) -> list[tuple[Config, ...]]:
        """The paths of an operation that makes instances; for each that its policy refuses, also
        the nearest one that it lets through."""
        found = self._plain_paths(operation)
        usual: Given = self._fields(found[0])
        if not policy.allows(usual):
            usual = policy.nearest(usual, frozenset(), lambda _: True) or usual
        more = [self._path(operation, usual)]
        for path in found:
            if policy.allows(self._fields(path)):
                continue
            level = next((n for n in range(len(path)) if path[n] != found[0][n]), 0)
            name = operation.path[level]
            changed, first = self._fields(path)[name], self._fields(found[0])[name]
            keys = self.manager.resource(name).key
            other_key = not same_key(keys, changed, first)

            def distinct(given: Given, name: str = name, keys: tuple[str, ...] = keys) -> bool:
                return not same_key(keys, given[name], usual[name])

            if other_key:
                nearest = policy.nearest(dict(usual) | {name: changed}, frozenset(), distinct)
            else:
                fixed = frozenset((name, f) for f, v in changed.items() if v != first[f])
                level_start = {f: changed[f] if (name, f) in fixed else v
                               for f, v in usual[name].items()}
                nearest = policy.nearest(dict(usual) | {name: level_start}, fixed, lambda _: True)
            if nearest is not None:
                more.append(self._path(operation, nearest))
        return list(dict.fromkeys(([] if policy.allows(self._fields(found[0])) else more[:1])
                                  + found + more[1:]))

    def _fields(self, path: tuple[Config, ...]) -> Given:
        """Every field of every level."""
        found: dict[str, Mapping[str, Value]] = {}
        for config in path:
            plain = {f.name: zero(f) for f in self.manager.resource(config.resource).fields}
            found[config.resource] = {**plain, **config.mapping()}
        return found

    def _path(self, operation: Operation, given: Given) -> tuple[Config, ...]:
        return tuple(make_config(self.manager, name, 1,
                                 changes(base(self.manager.resource(name)), given[name]))
                     for name in operation.path)

    def actions(self, node: Node) -> Iterator[Action]:
        state = tracked(node.world)
        for operation in self.manager.operations:
            if operation.form in (Form.OBTAIN, Form.CREATE):
                if operation.gives and len(state.reservations) >= self.limits.callers:
                    continue
                for configs in self.paths(operation):
                    for at in self._slots(operation):
                        yield Action(operation.name, configs, at=at)
            elif operation.form is Form.WITH:
                for label in state.reservations:
                    yield Action(operation.name, reservation=label)
            elif operation.by is None:
                for configs in self.paths(operation):
                    yield Action(operation.name, key_configs(self.manager, configs))
            else:
                for value in self._by_values(node, operation):
                    yield Action(operation.name, by=value)
        if state.items:
            yield Action(DRAIN)

    def _slots(self, operation: Operation) -> list[tuple[tuple[str, int], ...]]:
        first = first_slot(self.manager, operation)
        return [first, (*first[:-1], (first[-1][0], 1))] if first else [()]

    def _by_values(self, node: Node,
                   operation: Operation) -> Iterator[Value | tuple[tuple[str, int], ...]]:
        assigned = self.manager.resource(operation.target).value(operation.by)
        for item in tracked(node.world).items.values():
            if item.resource != operation.target:
                continue
            if assigned.kind is AssignedKind.POOL:
                yield tuple(
                    (leaf, int(item.values[leaf]))  # type: ignore[arg-type]
                    for leaf in assigned.leaves
                )
            else:
                yield item.values[assigned.name]
        yield unknown(assigned)

    def allowed(self, node: Node) -> bool:
        """Whether the search goes on from a node: nobody takes more references than there are
        callers."""
        return all(item.anonymous <= self.limits.callers
                   for item in tracked(node.world).items.values())


def first_slot(manager: Manager, operation: Operation) -> tuple[tuple[str, int], ...]:
    """The parts of the first slot that an operation may name; empty where it names none."""
    return () if operation.at is None else tuple(
        (part.name, 0) for part in manager.resource(operation.target).value(operation.at).parts)


def unknown(assigned: Assigned) -> Value | tuple[tuple[str, int], ...]:
    """A value to look for that nothing has."""
    if assigned.kind is AssignedKind.POOL:
        parts = [p.name for p in assigned.parts]
        return tuple((name, 0 if n < len(parts) - 1 else 5) for n, name in enumerate(parts))
    if assigned.type is Type.UUID:
        return "u99"
    if assigned.type is Type.STRING:
        return "4000"
    return 4000 if assigned.type is not Type.U8 else 250


def make_config(manager: Manager, name: str, key: int, change: Mapping[str, Value],
                word: str | None = None) -> Config:
    """A config with a name that tells what is special about it."""
    resource = manager.resource(name)
    plain = {f.name: zero(f) for f in resource.fields}
    values = base(resource, key) | dict(change)
    words = [name, chr(ord("a") + key - 1)]
    words += [word] if word else [inputs.word(n, v) for n, v in change.items()]
    return Config(name, "_".join(words), tuple((n, v) for n, v in values.items() if v != plain[n]))


def key_configs(manager: Manager, configs: Sequence[Config]) -> tuple[Config, ...]:
    """The same with nothing but the key fields: what a lookup needs."""
    found = []
    for config in configs:
        resource = manager.resource(config.resource)
        fields = tuple((n, v) for n, v in config.fields if n in resource.key)
        found.append(config if fields == config.fields
                     else Config(config.resource, config.name + "_key", fields))
    return tuple(found)


def several_roots(node: Node) -> bool:
    """Is more than one root tracked?"""
    return sum(item.parent is None for item in tracked(node.world).items.values()) > 1


class Exploration:
    """A search from an empty manager, which can be taken up again where it stopped."""

    def __init__(self, search: Search) -> None:
        start = search.start()
        self.search = search
        self.edges = 0
        self._guarded = guarded_cells(search.manager)
        self._nodes: Breadth[Node] = Breadth([start.world.key()])
        self._nodes.wait(start)

    def run(self,
            seen: set[Feature],
            limit: Limits,
            keep: Callable[[Edge], None],
            facts: Callable[[Manager, Edge, Guarded], frozenset[Feature]] = features,
            one_root: bool = False) -> bool:
        """`keep` gets every edge with a feature not in `seen`, which grows.

        With `one_root` it does not go on from where there are several roots: an operation works on
        one, and nothing that stands in another decides which row it takes, so all rows are taken
        without them. For rows alone, and the last run. True when everything within the limits of
        callers and inputs was searched, False when the search gave up before.
        """
        search, end, idle = self.search, self.edges + limit.edges, 0
        while self._nodes:
            if self.edges >= end or idle >= limit.patience:
                return False
            node = next(iter(self._nodes))
            if one_root and several_roots(node):
                continue
            for action in search.actions(node):
                for edge in with_outcomes(node, action):
                    self.edges += 1
                    idle += 1
                    edge.features = facts(search.manager, edge, self._guarded)
                    new = not edge.features <= seen
                    if new:
                        seen |= edge.features
                        idle = 0
                        keep(edge)
                    if not self._goes_on(edge, one_root) and not new:
                        edge.target.edge = None  # no circle: it is gone with its last user
        return True

    def _goes_on(self, edge: Edge, one_root: bool) -> bool:
        """Puts the target of an edge into the queue, where it is new and within the limits."""
        target = edge.target
        if tracked(target.world) is tracked(edge.source.world):
            return False  # S1: refused, and nothing has changed
        if one_root and several_roots(target):
            return False
        if not self.search.allowed(target) or not self._nodes.is_new(target.world.key()):
            return False
        self._nodes.wait(target)
        return True
