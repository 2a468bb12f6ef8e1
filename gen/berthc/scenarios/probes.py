"""Scripts that the search does not find by itself: what each field, slot, lookup, option and
reservation may and may not be.

Each probe is a short list of actions from an empty manager. A `discard` after each success keeps
them independent.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice, product

from berthc.inputs.values import Value, differing, edges, pairs, zero
from berthc.model import AssignedKind, Form, Manager, Operation, Resource, Type
from berthc.scenarios import inputs
from berthc.scenarios.inputs import Config, Environment
from berthc.scenarios.edges import DISCARD, Action, Node, step
from berthc.scenarios.search import NO_LIMITS, Search, first_slot, key_configs, make_config, unknown
from berthc.semantics.values import is_valid
from berthc.semantics.world import tracked

MOST_PATHS = 500  # configs tried for one operation


@dataclass(frozen=True)
class Probe:
    """A named list of actions in one environment."""

    name: str
    environment: Environment
    actions: tuple[Action, ...]


def probes(manager: Manager, search: Search) -> Iterator[Probe]:
    """All probes; `search` is that of the default environment."""
    for operation in manager.operations:
        if operation.form in (Form.OBTAIN, Form.CREATE):
            yield from _conflicts(manager, search, operation)
            yield from _values(manager, search, operation)
        if operation.form is Form.FIND and operation.by is None:
            yield from _lookups(manager, search, operation)
        if operation.by is not None:
            yield from _by(manager, search, operation)
        if operation.at is not None:
            yield from _slots(manager, search, operation)
        if operation.deny:
            yield from _policy(manager, operation)
        if operation.form is Form.WITH:
            yield from _identity(manager, search, operation)
    yield from _reuse(manager, search)
    for resource in manager.resources:
        if resource.parent is None:
            yield from _discards(manager, search, resource)


def base_path(manager: Manager, operation: Operation,
              changed: Mapping[str, Config] | None = None) -> tuple[Config, ...]:
    """The plainest configs for an operation, some levels replaced."""
    given = changed or {}
    return tuple(given[name] if name in given else make_config(manager, name, 1, {})
                 for name in operation.path)


def allowed_path(
    manager: Manager, environment: Environment, operation: Operation) -> tuple[Config, ...]:
    """The plainest configs for which the operation is not refused on an empty manager; the plainest
    of all where none is."""
    search = Search(manager, environment, NO_LIMITS)
    variants = product(*(inputs.policy_variants(manager, manager.resource(name))
                         for name in operation.path))
    more = (tuple(make_config(manager, name, 1, change)
                  for name, change in zip(operation.path, changes))
            for changes in islice(variants, MOST_PATHS))
    for configs in chain(search.paths(operation), more):
        edge = step(prepare(manager, search.start(), operation, configs),
                    _call(manager, operation, configs))
        if edge.result.error is None:
            return configs
    return base_path(manager, operation)


def prepare(manager: Manager, node: Node, operation: Operation,
            configs: tuple[Config, ...]) -> Node:
    """Makes the levels above the target for an operation that only finds them."""
    if operation.form is not Form.CREATE or len(operation.path) == 1:
        return node
    for maker in manager.operations:
        if maker.form in (Form.OBTAIN, Form.CREATE) and maker.path == operation.path[:-1]:
            return step(node, _call(manager, maker, configs[:-1])).target
    for maker in manager.operations:
        if (maker.form is Form.OBTAIN
            and maker.path[:len(operation.path) - 1] == operation.path[:-1]):
            below = tuple(make_config(manager, name, 2, {})
                          for name in maker.path[len(operation.path) - 1:])
            return step(node, _call(manager, maker, configs[:-1] + below)).target
    return node


def _call(manager: Manager, operation: Operation, configs: tuple[Config, ...]) -> Action:
    return Action(operation.name, configs, at=first_slot(manager, operation))


class _Script:
    """Collects the actions of one probe, discarding after each success so that the next starts
    afresh."""

    def __init__(self, manager: Manager, search: Search, operation: Operation) -> None:
        self.manager = manager
        self.operation = operation
        self.search = search
        self.actions: list[Action] = []

    def fresh(self, *attempts: tuple[Config, ...]) -> None:
        node = prepare(self.manager, self.search.start(), self.operation, attempts[0])
        made = [] if node.edge is None else [e.action for e in node.edge.path()]
        for configs in attempts:
            edge = step(node, _call(self.manager, self.operation, configs))
            node = edge.target
            made.append(edge.action)
        self.actions += made
        if tracked(node.world).items:
            self.actions.append(Action(DISCARD))

    def probe(self, name: str) -> Iterator[Probe]:
        if self.actions:
            yield Probe(name, self.search.environment, tuple(self.actions))


def _conflicts(manager: Manager, search: Search, operation: Operation) -> Iterator[Probe]:
    """Two callers who differ in one field: another instance, the same one, or a conflict. From both
    sides."""
    plain = {c.resource: c for c in allowed_path(manager, search.environment, operation)}
    for name in operation.path:
        resource = manager.resource(name)
        usual = {f.name: zero(f) for f in resource.fields} | plain[name].mapping()
        for field in resource.fields:
            script = _Script(manager, search, operation)
            first = base_path(manager, operation, plain)
            for word, value in differing(field, usual[field.name]):
                other = make_config(manager, name, 1, plain[name].mapping() | {field.name: value},
                                    f"{field.name}_{word}")
                second = base_path(manager, operation, plain | {name: other})
                script.fresh(first, second)
                script.fresh(second, first)
            for word, one, two in pairs(field):
                left = make_config(manager, name, 1, plain[name].mapping() | {field.name: one},
                                   f"{field.name}_{word}_1")
                right = make_config(manager, name, 1, plain[name].mapping() | {field.name: two},
                                    f"{field.name}_{word}_2")
                script.fresh(base_path(manager, operation, plain | {name: left}),
                             base_path(manager, operation, plain | {name: right}))
            yield from script.probe(f"{operation.name}_{name}_{field.name}_differs")


def _values(manager: Manager, search: Search, operation: Operation) -> Iterator[Probe]:
    """Values at the edges of what a field may hold, and just beyond."""
    plain = {c.resource: c for c in allowed_path(manager, search.environment, operation)}
    for name in operation.path:
        for field in manager.resource(name).fields:
            script = _Script(manager, search, operation)
            for word, value in edges(field):
                config = make_config(manager, name, 1, plain[name].mapping() | {field.name: value},
                                     f"{field.name}_{word}")
                script.fresh(base_path(manager, operation, plain | {name: config}))
            yield from script.probe(f"{operation.name}_{name}_{field.name}_at_its_limits")


def _lookups(manager: Manager, search: Search, operation: Operation) -> Iterator[Probe]:
    """A lookup by keys at the edges of what they may hold, and with other fields that are wrong,
    which do not count."""
    script = _Script(manager, search, operation)
    for name in operation.path:
        resource = manager.resource(name)
        for field in resource.fields:
            for word, value in edges(field):
                config = make_config(manager, name, 1, {field.name: value}, f"{field.name}_{word}")
                path = base_path(manager, operation, {name: config})
                if field.name in resource.key:
                    script.fresh(key_configs(manager, path))
                elif not is_valid(field, value):
                    script.fresh(path)
    yield from script.probe(f"{operation.name}_keys_at_their_limits")


def _by(manager: Manager, search: Search, operation: Operation) -> Iterator[Probe]:
    """Lookups by an assigned value: unknown ones, and texts that only look like one."""
    assert operation.by is not None
    assigned = manager.resource(operation.target).value(operation.by)
    strange: list[Value | tuple[tuple[str, int], ...]] = [unknown(assigned)]
    if assigned.type is Type.UUID:
        strange.append("nil")
    elif assigned.kind is AssignedKind.HOOK:
        strange += (["", "x" * ((assigned.max_length or 0) + 1)] if assigned.type is Type.STRING
                    else [0, *(() if assigned.type is None else assigned.type.limits)])
    elif assigned.kind is AssignedKind.COUNTER:
        first = assigned.start
        if assigned.type is Type.STRING:
            strange += ["", "x", f"0{first}", f"{first} ", f"+{first}", "-1",
                        f"{(1 << 64) + first}"]
        else:
            strange += [first + 100, (1 << 64) - 1]
    actions = [Action(operation.name, by=value) for value in strange]
    makers = [o for o in manager.operations if o.form is Form.OBTAIN and operation.target in o.path]
    if makers:
        actions = (actions[:1]
                   + [_call(manager, makers[0],
                            allowed_path(manager, search.environment, makers[0]))] + actions)
    yield Probe(f"{operation.name}_by_unknown_{operation.by}", search.environment, tuple(actions))


def _slots(manager: Manager, search: Search, operation: Operation) -> Iterator[Probe]:
    """Named slots: the last one, one beyond in each part, one that is taken, and which of several
    mistakes is reported."""
    assert operation.at is not None
    assigned = manager.resource(operation.target).value(operation.at)
    resource = manager.resource(operation.target)
    plain = allowed_path(manager, search.environment, operation)
    sizes = [part_size(manager, search.environment, p.size, p.option) for p in assigned.parts]
    names = [p.name for p in assigned.parts]
    other = plain[:-1] + (make_config(manager, resource.name, 2, {}),)
    last = tuple((n, s - 1) for n, s in zip(names, sizes))
    zero = first_slot(manager, operation)
    actions = []
    for wrong, size in zip(names, sizes):
        # a part of at most 256 values is one byte wide in C
        for value in dict.fromkeys((size, 255)):
            if size <= value and (size < 256 or value > size):
                actions.append(
                    Action(
                        operation.name,
                        plain,
                        at=tuple((n, value if n == wrong else s - 1) for n, s in zip(names, sizes)),
                    )
                )
    actions += [Action(operation.name, plain, at=last), Action(operation.name, plain, at=zero),
                Action(operation.name, plain, at=last), Action(operation.name, other, at=last),
                Action(operation.name, other, at=zero)]
    node = prepare(manager, search.start(), operation, plain)
    before = [] if node.edge is None else [e.action for e in node.edge.path()]
    yield Probe(f"{operation.name}_at_each_kind_of_{operation.at}", search.environment,
                tuple(before + actions))


def part_size(manager: Manager, environment: Environment, size: int | None,
              option: str | None) -> int:
    """How many values one part of a slot has in an environment."""
    if size is not None:
        return size
    assert option is not None
    value = dict(environment.options).get(option, zero(manager.option(option)))
    assert isinstance(value, int)
    return value


def _policy(manager: Manager, operation: Operation) -> Iterator[Probe]:
    """Every combination of what the guards of `deny` ask about, in every environment of theirs."""
    for environment in inputs.environments(manager):
        if environment.without:
            continue
        search = Search(manager, environment, NO_LIMITS)
        script = _Script(manager, search, operation)
        if operation.form not in (Form.OBTAIN, Form.CREATE):
            continue
        variants = [inputs.deny_variants(manager, operation, name) for name in operation.path]
        for changes in list(product(*variants))[:inputs.MOST_COMBINATIONS]:
            script.fresh(tuple(make_config(manager, name, 1, change)
                               for name, change in zip(operation.path, changes)))
        yield from script.probe(f"{operation.name}_policy_{environment.name}")


def _identity(manager: Manager, search: Search, operation: Operation) -> Iterator[Probe]:
    """Reservations that are foreign, all-zero, ended, or begun: with nothing tracked, and with a
    successor under the same key."""
    gives, ends = search.gives, next((o for o in manager.operations if o.ends), None)
    if gives is None:
        return
    take = _call(manager, gives, allowed_path(manager, search.environment, gives))
    strange = [Action(operation.name, reservation=label) for label in ("r254", "nil")]
    actions = [*strange, take, *strange, Action(operation.name, reservation="r2")]
    if ends is not None:
        first = Action(operation.name, reservation="r1")
        actions += [Action(ends.name, reservation="r1"), first, take, first, *strange]
    actions += [Action(DISCARD), Action(operation.name, reservation="r2"), take]
    actions += [Action(operation.name, reservation=label) for label in ("r2", "r1")]
    yield Probe(f"{operation.name}_with_strange_reservations", search.environment, tuple(actions))


def _reuse(manager: Manager, search: Search) -> Iterator[Probe]:
    """Slots and numbers after some were given back: the lowest slot comes again, a number never."""
    gives, ends = search.gives, next((o for o in manager.operations if o.ends), None)
    if gives is None or ends is None:
        return
    plain = allowed_path(manager, search.environment, gives)
    other = (make_config(manager, gives.path[0], 2, {}), *plain[1:])
    third = (make_config(manager, gives.path[0], 3, {}), *plain[1:])
    one, two, three = (_call(manager, gives, configs) for configs in (plain, other, third))
    end = [Action(ends.name, reservation=f"r{n}") for n in range(8)]
    yield Probe(f"{gives.name}_again_after_letting_go", search.environment,
                (one, two, end[1], three, one, end[2], two, end[3], end[4], end[5], Action(DISCARD),
                 three, two))


def _discards(manager: Manager, search: Search, root: Resource) -> Iterator[Probe]:
    """One root is discarded and another is not, each with what a caller can do on it. Then the key
    at the edges of what it may hold, and other fields that are wrong, which do not count."""
    makers = [o for o in manager.operations if o.form in (Form.OBTAIN, Form.CREATE)
              and o.path[0] == root.name and (o.form is Form.OBTAIN or len(o.path) == 1)]
    makers.sort(key=lambda o: not o.gives)
    discard = Action(DISCARD, (make_config(manager, root.name, 1, {}),))
    actions = [discard]
    if makers:
        plain = allowed_path(manager, search.environment, makers[0])
        other = (make_config(manager, root.name, 2, {}), *plain[1:])
        one, two = (_call(manager, makers[0], configs) for configs in (plain, other))
        used = [o for o in manager.operations if o.form is Form.WITH and o.path == makers[0].path]
        uses = [[Action(o.name, reservation=f"r{n}") for o in used] if makers[0].gives else []
                for n in (1, 2)]
        discard = Action(DISCARD, plain[:1])
        actions = [one, two, *uses[0][:1], *uses[1][:1], discard, discard, *uses[0], one, *uses[0],
                   *uses[1]]
    yield Probe(f"discard_one_{root.name}", search.environment, tuple(actions))
    wrong = [make_config(manager, root.name, 1, {f.name: value}, f"{f.name}_{word}")
             for f in root.fields for word, value in edges(f)
             if f.name in root.key or not is_valid(f, value)]
    actions = [action for config in wrong for action in (
        [_call(manager, makers[0], plain)] if makers else []) + [Action(DISCARD, (config,))]]
    if actions:
        yield Probe(f"discard_{root.name}_keys_at_their_limits", search.environment,
                    (*actions, Action(DISCARD)))
