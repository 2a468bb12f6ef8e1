"""Breadth-first search through the model, and what each step of it shows.

A few callers do everything that the interface allows, with every outcome of every hook, over a small alphabet. Each step
(an *edge*) yields features: small facts such as "disk.attached, detach, eject failed, one holder, no child". A suite is a
choice of edges that has every feature once.
"""
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from berthc.model import Assigned, AssignedKind, Form, Manager, Operation, Type
from berthc.inputs.values import Value, base, ordinary_keys, zero
from berthc.scenarios import inputs
from berthc.scenarios.inputs import Config, Environment
from berthc.scenarios.policy import Given, Policy, changes, same_key
from berthc.semantics import Outcome, Result, World
from berthc.semantics.state import Item, State

FAILED = (Outcome("fail", "EIO"), Outcome("uncertain", "ETIMEDOUT"))
FAILED_AGAIN = (Outcome("fail", "ENODEV"), Outcome("uncertain", "ECONNRESET"))  # of a second failing call: the first error must stay
OTHER_ANSWERS = (Outcome("no"), Outcome("unknown", "EPIPE"))  # than yes
OK = Outcome("ok")
TOLD = (Outcome("ok", writes="last"), Outcome("ok", writes="zero"), Outcome("ok", writes="nothing"),  # of a hook whose values name instances
        Outcome("uncertain", "ETIMEDOUT", "last"), Outcome("uncertain", "ETIMEDOUT", "nothing"))

DRAIN, DISCARD = "drain", "discard"


@dataclass(frozen=True)
class Action:
    """One step of a script: an operation, or drain or discard, with everything the caller and the backend contribute."""

    op: str
    config: tuple[Config, ...] = ()
    reservation: str | None = None
    by: Value | tuple[tuple[str, int], ...] | None = None
    at: tuple[tuple[str, int], ...] = ()
    outcomes: tuple[Outcome, ...] = ()  # of the step's calls in order; those beyond end ok


@dataclass(frozen=True)
class Limits:
    """Bounds of one search."""

    callers: int = 2  # reservations at a time, and anonymous references of one instance
    edges: int = 40000
    patience: int = 6000  # edges without a new feature after which the search ends


NO_LIMITS = Limits()  # where nothing is searched

Feature = Hashable


def state_of(world: World) -> State:
    """What a world tracks, for looking only: features are about holders and children, which answers do not show."""
    return world._state  # noqa: SLF001


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
    """The parts of the slot that an action looks up by; empty where it looks up by something else."""
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
    return world.run(action.op, config={c.resource: c.mapping() for c in action.config} or None, reservation=action.reservation,
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
            told = TOLD if not failed and node.world.manager.naming(hook.name) else ()
            pending += [ahead + (o,) for o in (OTHER_ANSWERS if hook.asks else FAILED_AGAIN if failed else FAILED + told)]


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
        self.tried_all = all(p.complete for p in policies.values())  # no config was left out for want of tries

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
        return Node(World(self.manager, dict(self.environment.options), self.environment.without), self.environment)

    def paths(self, operation: Operation) -> list[tuple[Config, ...]]:
        """Configs for every level of an operation: both keys at each level, yet not all combinations of keys and variants."""
        if operation.name in self._made:
            return self._made[operation.name]
        found = self._plain_paths(operation)
        end = len(operation.path)
        found += [path[:end] for o in self.manager.operations if o.name in self._made and o.path[:end] == operation.path
                  for path in self._made[o.name]]
        return list(dict.fromkeys(found))

    def _plain_paths(self, operation: Operation) -> list[tuple[Config, ...]]:
        levels = [self.configs[name] for name in operation.path]
        first = [level[0] for level in levels]
        found = [tuple(first)]
        for n, level in enumerate(levels):
            found += [tuple(first[:n] + [other] + first[n + 1:]) for other in level[1:]]
        return found

    def _making(self, operation: Operation, policy: Policy) -> list[tuple[Config, ...]]:
        """The paths of an operation that makes instances; for each that its policy refuses, also the nearest one that it lets through."""
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
                level_start = {f: changed[f] if (name, f) in fixed else v for f, v in usual[name].items()}
                nearest = policy.nearest(dict(usual) | {name: level_start}, fixed, lambda _: True)
            if nearest is not None:
                more.append(self._path(operation, nearest))
        return list(dict.fromkeys(([] if policy.allows(self._fields(found[0])) else more[:1]) + found + more[1:]))

    def _fields(self, path: tuple[Config, ...]) -> Given:
        """Every field of every level."""
        found: dict[str, Mapping[str, Value]] = {}
        for config in path:
            plain = {f.name: zero(f) for f in self.manager.resource(config.resource).fields}
            found[config.resource] = {**plain, **config.mapping()}
        return found

    def _path(self, operation: Operation, given: Given) -> tuple[Config, ...]:
        return tuple(make_config(self.manager, name, 1, changes(base(self.manager.resource(name)), given[name]))
                     for name in operation.path)

    def actions(self, node: Node) -> Iterator[Action]:
        state = state_of(node.world)
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
        if operation.at is None:
            return [()]
        assigned = next(a for a in self.manager.resource(operation.target).assigned if a.name == operation.at)
        last = assigned.parts[-1]
        return [tuple((part.name, 0) for part in assigned.parts), tuple((part.name, int(part is last)) for part in assigned.parts)]

    def _by_values(self, node: Node, operation: Operation) -> Iterator[Value | tuple[tuple[str, int], ...]]:
        assigned = next(a for a in self.manager.resource(operation.target).assigned if a.name == operation.by)
        for item in state_of(node.world).items.values():
            if item.resource != operation.target:
                continue
            if assigned.kind is AssignedKind.POOL:
                yield tuple((leaf, int(item.values[leaf])) for leaf in assigned.leaves)  # type: ignore[arg-type]
            else:
                yield item.values[assigned.name]
        yield unknown(assigned)

    def allowed(self, node: Node) -> bool:
        """Whether the search goes on from a node: nobody takes more references than there are callers."""
        return all(item.anonymous <= self.limits.callers for item in state_of(node.world).items.values())


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


def make_config(manager: Manager, name: str, key: int, change: Mapping[str, Value], word: str | None = None) -> Config:
    """A config with a name that tells what is special about it."""
    resource = manager.resource(name)
    plain = {f.name: zero(f) for f in resource.fields}
    values = base(resource, key) | dict(change)
    words = [name, chr(ord("a") + key - 1)]
    words += [word] if word else [change_word(n, v) for n, v in change.items()]
    return Config(name, "_".join(words), tuple((n, v) for n, v in values.items() if v != plain[n]))


def change_word(name: str, value: Value) -> str:
    if value is True:
        return name
    if value is False:
        return "no_" + name
    text = "_".join(value) if isinstance(value, tuple) else str(value)
    return name + "_" + "".join(c if c.isalnum() else "_" for c in text)


def key_configs(manager: Manager, configs: Sequence[Config]) -> tuple[Config, ...]:
    """The same with nothing but the key fields: what a lookup needs."""
    found = []
    for config in configs:
        resource = manager.resource(config.resource)
        fields = tuple((n, v) for n, v in config.fields if n in resource.key)
        found.append(config if fields == config.fields else Config(config.resource, config.name + "_key", fields))
    return tuple(found)


def count_class(n: int) -> str:
    return "no" if n == 0 else "one" if n == 1 else "several"


def path_items(manager: Manager, edge: Edge) -> list[Item]:
    """The instances that an edge's operation works on and that were there before, root first."""
    state = state_of(edge.source.world)
    if edge.action.op in (DRAIN, DISCARD):
        return []
    operation = manager.operation(edge.action.op)
    items: list[Item] = []
    if operation.form is Form.WITH:
        reservation = state.reservations.get(edge.action.reservation or "")
        items = [state.items[i] for i, held in zip(reservation.path, reservation.held) if held and i in state.items] if reservation else []
    elif operation.by is not None:
        by: dict[str, Value] = dict(slot_of(edge.action)) or {operation.by: cast("Value", edge.action.by)}
        assigned = next(a for a in manager.resource(operation.target).assigned if a.name == operation.by)
        found = state.find_by(operation.target, assigned, by)
        items = [] if found is None else state.path(found)
    else:
        parent: int | None = None
        for config in edge.action.config:
            fields = {f.name: zero(f) for f in manager.resource(config.resource).fields} | config.mapping()
            key = manager.resource(config.resource).key
            item_here = next((i for i in state.items.values() if i.resource == config.resource and i.parent == parent
                              and all(i.values[k] == fields[k] for k in key)), None)
            if item_here is None:
                break
            items.append(item_here)
            parent = item_here.id
    return items


def before(manager: Manager, edge: Edge) -> dict[str, tuple[str, str, bool]]:
    """For each resource on the path of an edge's operation: state, holders (no, one, several) and whether it has children."""
    return {i.resource: (i.state, count_class(i.refs), i.children > 0) for i in path_items(manager, edge)}


Guarded = Mapping[tuple[str, str, str], tuple[tuple[str, str], ...]]
"""Resource, state and event of every cell with guards, to scope and name of everything that they ask about."""


def guarded_cells(manager: Manager) -> Guarded:
    """See `Guarded`; "field" is resolved to the resource's name."""
    found: dict[tuple[str, str, str], dict[tuple[str, str], None]] = {}
    for resource in manager.resources:
        for state in resource.states:
            for row in state.rows:
                for ref in row.guard.refs() if row.guard is not None else ():
                    scope = resource.name if ref.scope == "field" else ref.scope
                    found.setdefault((resource.name, row.state, row.event), {})[scope, ref.name] = None
    return {cell: tuple(refs) for cell, refs in found.items()}


def consulted(guarded: Guarded, edge: Edge, items: Sequence[Item]) -> Iterator[Feature]:
    """For each row taken in a cell with guards: the value of everything that the cell's guards name."""
    if not guarded:
        return
    values: dict[str, Mapping[str, object]] = {c.resource: c.mapping() for c in edge.action.config}
    values |= {item.resource: item.values for item in items}
    options = edge.source.world.options
    for taken in edge.result.rows:
        refs = guarded.get((taken.resource, taken.state, taken.event))
        if refs:
            seen = tuple(options[name] if scope == "option" else values.get(scope, {}).get(name) for scope, name in refs)
            yield "guards", taken.resource, taken.state, taken.event, seen


def slots(manager: Manager, edge: Edge) -> Iterator[Feature]:
    """Parts of slots that an operation returns: a part that is always 0 could be any other."""
    operation = manager.operation(edge.action.op)
    for ref in operation.returns:
        if ref.name in edge.result.returns:
            assigned = next(a for a in manager.resource(ref.scope).assigned if ref.name in a.leaves)
            if assigned.kind is AssignedKind.POOL:
                yield "slot", operation.name, ref.name, edge.result.returns[ref.name]


def _rows(edge: Edge) -> tuple[tuple[str, str, str, int, str], ...]:
    """Resource, state, event, identity and outcome of every row of a step. The model outlives the search, so an id names one row."""
    without = edge.source.environment.without
    return tuple((t.resource, t.state, t.event, id(t.row),
                  "left out" if t.row is not None and t.outcome in ("ok", "unknown") and t.row.hook in without else t.outcome)
                 for t in edge.result.rows)


def rows_told(edge: Edge) -> tuple[tuple[str, str, str, int, str], ...]:
    """The rows of a step that the suite counts: those that the trace tells, and the one that refused an operation before its first call."""
    if edge.result.error is None or edge.result.calls:
        return _rows(edge)
    refusing = [n for n, taken in enumerate(edge.result.rows) if taken.outcome in ("rejected", "unknown")]
    return tuple(_rows(edge)[n] for n in refusing[:1])


def features(manager: Manager, edge: Edge, guarded: Guarded) -> frozenset[Feature]:
    """The facts that an edge shows."""
    action, result = edge.action, edge.result
    rows = _rows(edge)
    told = rows_told(edge)
    where = None if result.where is None else tuple(
        sorted((word, of) for word, of in result.where.items() if word != "field"))
    found: set[Feature] = {("answer", action.op, result.error, where)}
    if result.error is None:
        found.add(("works", edge.source.environment.name, action.op))
    if action.op in (DRAIN, DISCARD):
        tracked = [i.resource for i in state_of(edge.source.world).items.values()]
        if len(tracked) == len(set(tracked)):
            found.add(("chain", action.op, rows, result.error))
        return frozenset(found | {("row", row) for row in told} | {("row", action.op, row) for row in rows})
    found.add(("chain", action.op, rows, result.error))
    plain = not edge.source.environment.options and not edge.source.environment.without
    items = path_items(manager, edge)
    found.update(consulted(guarded, edge, items))
    found.update(slots(manager, edge))
    for item in items:
        resource, shape = item.resource, (item.state, count_class(item.refs), item.children > 0)
        here = tuple(row[1:] for row in rows if row[0] == resource)
        # In other environments holders make the same difference as in the default one, but for rows that are not taken there.
        if plain or any(row[-1] in ("left out", "rejected") for row in here):
            found.add(("level", action.op, resource, shape, here, result.error))
    for taken in told:
        found.add(("row", taken))
    return frozenset(found | set(_told(manager, edge)))


def _told(manager: Manager, edge: Edge) -> Iterator[Feature]:
    """For each call whose values may name an instance: how it ended, what it wrote, and what names how many instances then."""
    outcomes = edge.action.outcomes + (OK,) * len(edge.result.calls)
    for call, outcome in zip(edge.result.calls, outcomes):
        if manager.naming(call.hook):
            named = sorted(tuple(sorted(i.named_by)) for i in state_of(edge.target.world).items.values() if i.named_by)
            yield "told", call.hook, outcome.kind, outcome.writes, edge.result.error, tuple(named)


def rows_only(_manager: Manager, edge: Edge, _guarded: Guarded) -> frozenset[Feature]:
    """Nothing but the rows that were taken: for a search that only asks which can be."""
    return frozenset(("row", row) for row in rows_told(edge))


def several_roots(node: Node) -> bool:
    """Is more than one root tracked?"""
    return sum(item.parent is None for item in state_of(node.world).items.values()) > 1


class Exploration:
    """A search from an empty manager, which can be taken up again where it stopped."""

    def __init__(self, search: Search) -> None:
        start = search.start()
        self.search = search
        self.edges = 0
        self._guarded = guarded_cells(search.manager)
        self._known = {start.world.key()}
        self._queue = deque([start])

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
        callers and alphabet was searched, False when the search gave up before.
        """
        search, end, idle = self.search, self.edges + limit.edges, 0
        while self._queue:
            if self.edges >= end or idle >= limit.patience:
                return False
            node = self._queue.popleft()
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
        if state_of(target.world) is state_of(edge.source.world):
            return False  # S1: refused, and nothing has changed
        if one_root and several_roots(target):
            return False
        key = target.world.key()
        if key in self._known or not self.search.allowed(target):
            return False
        self._known.add(key)
        self._queue.append(target)
        return True
