"""What the tests with threads, failing calls and full pools do: whole cycles from taking to letting
go, with the counts they must give."""
from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from berthc.inputs.values import Value, limits
from berthc.model import AssignedKind, Form, Manager, Operation, Resource, Type
from berthc.scenarios import inputs
from berthc.scenarios.inputs import Config, Environment
from berthc.scenarios.probes import allowed_path, part_size
from berthc.semantics.world import tracked
from berthc.scenarios.search import NO_LIMITS, Search, key_configs
from berthc.semantics import Outcome, Result, World

THREADS = 4
MOST_SLOTS = 1024
FEWEST_KEYS = 8  # twice as many as threads


@dataclass(frozen=True)
class Phase:
    """One operation of a cycle; calls per hook of one caller alone, and of THREADS callers of one
    root after each other."""

    operation: Operation
    configs: tuple[Config, ...]
    kept: bool  # looks up by what an earlier phase returned
    alone: Mapping[str, int]
    together: Mapping[str, int]


@dataclass(frozen=True)
class Sharing:
    """One of THREADS callers fails at the first call of a hook in a phase: what it gets, and what
    the others get."""

    phase: int
    hook: str
    error: str
    others: str | None
    ended: bool


@dataclass(frozen=True)
class Pool:
    """A pool and an operation that takes its slots one after the other; `level` is the one whose
    key changes."""

    resource: Resource
    name: str
    environment: Environment
    operation: Operation
    configs: tuple[Config, ...]
    level: int
    parts: tuple[tuple[str, int], ...]


def many_keys(manager: Manager, resource: Resource) -> tuple[str, int] | None:
    """The key field that can tell many instances apart without any condition asking for it, and how
    many; None where there is none."""
    asked = inputs.asked_for(manager, resource)
    for field in resource.fields:
        if field.name not in resource.key or field.values or field.name in asked:
            continue
        if field.type is Type.STRING and (field.max_length is None or field.max_length >= 10):
            return field.name, 1 << 31
        if field.type.bits:
            low, high = limits(field)
            if high - max(low, 0) >= FEWEST_KEYS:
                return field.name, min(high - max(low, 0), 1 << 31)
    return None


def nth_key(manager: Manager, resource: Resource, n: int) -> dict[str, Value]:
    """What `set_key` of the generated suite gives the n-th time (from 1)."""
    found = many_keys(manager, resource)
    assert found is not None
    field = resource.field(found[0])
    if field.type is Type.STRING:
        return {field.name: f"key-{n}"}
    return {field.name: max(limits(field)[0], 0) + n}


class _Caller:
    """One caller in the model, who remembers its reservation and what it was given."""

    def __init__(self) -> None:
        self.reservation: str | None = None
        self.kept: Value | None = None

    def run(self, world: World, step: tuple[Operation, tuple[Config, ...], str | None],
            fails: str | None = None) -> Result:
        operation, configs, kept = step

        def outcomes(hook: str, nth: int, _args: Mapping[str, Value]) -> Outcome:
            return Outcome("fail", "EIO") if hook == fails and nth == 1 else Outcome("ok")

        result = world.run(operation.name,
                           config={c.resource: c.mapping() for c in configs} or None,
                           reservation=self.reservation if operation.form is Form.WITH else None,
                           by=self.kept if operation.by is not None else None, outcomes=outcomes)
        if result.error is None and operation.gives:
            self.reservation = str(result.returns["reservation"])
        if result.error is None and kept is not None:
            self.kept = result.returns[kept]
        return result


Steps = list[tuple[Operation, tuple[Config, ...], str | None]]


def _steps(manager: Manager, environment: Environment) -> Steps:
    """Operations from taking to letting go: with a reservation where there is one, else with an
    anonymous reference."""
    gives = next((o for o in manager.operations if o.gives), None)
    ends = next((o for o in manager.operations if o.ends), None)
    if gives is not None and ends is not None:
        uses = [o for o in manager.operations if o.form is Form.WITH and not o.ends]
        return [(gives, allowed_path(manager, environment, gives), None),
                *[(o, (), None) for o in uses], (ends, (), None)]
    for taker in manager.operations:
        target = manager.resource(taker.target)
        if (taker.form is not Form.OBTAIN
            or not any(s.resource == target.name and s.event == target.take for s in taker.steps)):
            continue
        for dropper in manager.operations:
            drops = any(s.resource == target.name and s.event == target.drop for s in dropper.steps)
            if dropper.form is not Form.FIND or dropper.target != target.name or not drops:
                continue
            configs = allowed_path(manager, environment, taker)
            if dropper.by is None:
                return [(taker, configs, None), (dropper, key_configs(manager, configs), None)]
            if any(r.name == dropper.by and r.scope == target.name for r in taker.returns):
                return [(taker, configs, dropper.by), (dropper, (), None)]
    return []


def phases(manager: Manager) -> tuple[Phase, ...]:
    """The cycle, or nothing where the manager has none that ends with nothing tracked."""
    environment = inputs.environments(manager)[0]
    steps = _steps(manager, environment)
    alone = _counts(manager, environment, steps, 1)
    together = _counts(manager, environment, steps, THREADS)
    if alone is None or together is None:
        return ()
    return tuple(Phase(o, c, o.by is not None, a, t)
                 for (o, c, _), a, t in zip(steps, alone, together))


def _counts(manager: Manager, environment: Environment, steps: Steps,
            callers: int) -> list[Counter[str]] | None:
    """Calls per phase with so many callers of one root; None if one of them fails or something
    stays."""
    world = Search(manager, environment, NO_LIMITS).start().world
    people = [_Caller() for _ in range(callers)]
    found = []
    for step in steps:
        counts: Counter[str] = Counter()
        for caller in people:
            result = caller.run(world, step)
            if result.error is not None:
                return None
            counts.update(call.hook for call in result.calls)
        found.append(counts)
    return None if tracked(world).items or not steps else found


def sharings(manager: Manager) -> tuple[Sharing, ...]:
    """For each phase and hook of it: what all get when its first call fails."""
    environment = inputs.environments(manager)[0]
    steps = _steps(manager, environment)
    found = []
    for number, phase in enumerate(phases(manager)):
        for hook in phase.together:
            sharing = _sharing(manager, environment, steps, number, hook)
            if sharing is not None:
                found.append(sharing)
    return tuple(found)


def _sharing(manager: Manager, environment: Environment, steps: Steps, number: int,
             hook: str) -> Sharing | None:
    world = Search(manager, environment, NO_LIMITS).start().world
    people = [_Caller() for _ in range(THREADS)]
    for step in steps[:number]:
        for caller in people:
            caller.run(world, step)
    errors: list[str | None] = []
    failed = ended = False
    for caller in people:
        result = caller.run(world, steps[number], None if failed else hook)
        now = any(c.hook == hook for c in result.calls)
        if (now and not failed
            and not any(item.parent is None for item in tracked(world).items.values())):
            ended = True
        failed = failed or now
        errors.append(result.error)
    if ended and steps[number][0].form is not Form.WITH:
        return Sharing(number, hook, "EIO", "EIO", True)
    others = list(errors)
    if "EIO" not in others:
        return None
    others.remove("EIO")
    return Sharing(number, hook, "EIO", others[0], False) if len(set(others)) == 1 else None


def pools(manager: Manager) -> tuple[Pool, ...]:
    """Every pool that can be filled in a reasonable time, in the default environment and with the
    greatest value of its options."""
    default = inputs.environments(manager)[0]
    found = []
    for resource in manager.resources:
        for assigned in resource.assigned:
            if assigned.kind is not AssignedKind.POOL:
                continue
            environments = [default]
            for part in assigned.parts:
                if part.option is not None:
                    greatest = limits(manager.option(part.option))[1]
                    environments.append(
                        Environment(f"{part.option}_{greatest}", ((part.option, greatest),))
                    )
            for environment in environments:
                parts = tuple((p.name, part_size(manager, environment, p.size, p.option))
                              for p in assigned.parts)
                pool = _pool(manager, resource, assigned.name, environment, parts)
                if pool is not None:
                    found.append(pool)
    return tuple(found)


def fewest_slots(manager: Manager) -> int | None:
    """Slots of the smallest pool in the default environment; None where there is no pool."""
    default = inputs.environments(manager)[0]
    return min((prod(part_size(manager, default, p.size, p.option) for p in assigned.parts)
                for resource in manager.resources for assigned in resource.assigned
                if assigned.kind is AssignedKind.POOL), default=None)


def _pool(manager: Manager, resource: Resource, name: str, environment: Environment,
          parts: tuple[tuple[str, int], ...]) -> Pool | None:
    slots = 1
    for _, size in parts:
        slots *= size
    if slots > MOST_SLOTS:
        return None
    for operation in manager.operations:
        obtains = operation.form is Form.OBTAIN and resource.name in operation.path
        creates = (operation.form is Form.CREATE and operation.path == (resource.name,)
                   and operation.at is None)
        if not obtains and not creates:
            continue
        end = operation.path.index(resource.name)
        for level in range(end, -1, -1):
            above = manager.resource(operation.path[level])
            keys = many_keys(manager, above)
            if keys is not None and keys[1] > slots + 1:
                pool = Pool(resource, name, environment, operation,
                            allowed_path(manager, environment, operation), level, parts)
                if _fills(manager, pool, slots):
                    return pool
    return None


def _fills(manager: Manager, pool: Pool, slots: int) -> bool:
    """Whether the model agrees that so many slots are there."""
    world = Search(manager, pool.environment, NO_LIMITS).start().world
    resource = manager.resource(pool.operation.path[pool.level])
    for n in range(1, slots + 2):
        config = {c.resource: c.mapping() for c in pool.configs}
        config[resource.name] = config[resource.name] | nth_key(manager, resource, n)
        result = world.run(pool.operation.name, config=config)
        if (result.error is None) != (n <= slots):
            return False
    return result.error == "ENOSPC" and (result.where or {}).get("resource") == pool.resource.name
