"""The requests of a script, from the numbers in which the search in C tells them.

The requests are made once more by the semantics in Python. So a request that leads elsewhere there
is found at once.
"""
from __future__ import annotations

from collections.abc import Iterator

from berthc.explore.engine.plan import PARTS, Plan
from berthc.explore.search import Request
from berthc.explore.states.death import RECOVER, recovery
from berthc.explore.states.drain import DRAIN, OPERATION, change as drains
from berthc.explore.states.dying import death
from berthc.explore.states.local import Local
from berthc.explore.states.move import Move
from berthc.explore.states.runs import DEATH
from berthc.model import Form, Manager, Operation, Row
from berthc.semantics.world import tracked

_BY_NOTHING, _BY_THING, _BY_TOLD, _BY_VALUE = range(4)


class Numbers:
    """What the numbers of the generated tables mean."""

    def __init__(self, manager: Manager) -> None:
        self.manager = manager
        self.rows: list[Row] = [row for r in manager.resources for s in r.states for row in s.rows]
        self.owners = [r.name for r in manager.resources for s in r.states for _ in s.rows]

    def operation(self, number: int) -> Operation:
        """Behind the operations of the spec come those that recover, one for each resource."""
        count = len(self.manager.operations)
        return (self.manager.operations[number - 1] if number <= count
                else recovery(self.manager, self.manager.resources[number - count - 1].name))


def requests(plan: Plan, numbers: Numbers, words: list[int]) -> tuple[Request, ...]:
    """The requests that `trail_print` of the program writes, their number first."""
    rest = iter(words)
    local = plan.stepper.renumber(plan.stepper.start())
    told: Local | None = None  # the state in which a caller is told of an instance
    found: list[Request] = []
    ids: list[int] = []  # of instances, before the first drain
    for _ in range(next(rest)):
        who, part, op, by, thing = (next(rest) for _ in range(5))
        config = [next(rest) for _ in range(next(rest))]
        there = next(rest)
        chosen = tuple(next(rest) for _ in range(next(rest)))
        if there:
            chosen = (-there, *chosen)
        clean = bool(next(rest))
        commits, late = next(rest), next(rest)
        if commits:
            chosen = (*chosen, DEATH + 2 * commits + late)
        if PARTS[part] == DRAIN:
            ids = ids or list(tracked(local.world).items)
            move = Move(0, DRAIN, OPERATION, path=(ids[thing],))
            if commits:
                after = death(plan.stepper, local, ids[thing], chosen).after
                local, ids = plan.stepper.renumber(after), []
            else:  # those come last
                local = drains(plan.stepper, local, move, chosen).after
        else:
            if PARTS[part] == "told":
                told = local
            move = _move(plan, local, told, who, PARTS[part], numbers.operation(op), config, by,
                         thing)
            after = plan.stepper.change(local, move, chosen, clean).after
            local = plan.stepper.renumber(after)
        found.append(Request(move, chosen, clean))
    return tuple(found)


def _move(plan: Plan, local: Local, told: Local | None, who: int, part: str, op: Operation,
          config: list[int], by: int, thing: int) -> Move:
    stepper = plan.stepper
    if part == RECOVER:
        return next(stepper.moves(local))
    if part in ("uses", "ends"):
        holder = local.holders[who]
        assert holder is not None
        return Move(who, part, op, reservation=holder.label, path=holder.path)
    if by == _BY_TOLD:
        holder = local.holders[who]
        assert holder is not None
        return stepper.look_up(local, who, part, op, holder.values[op.target])
    if by != _BY_NOTHING:
        state = tracked((local if by == _BY_THING or told is None else told).world)
        return stepper.look_up(local, who, part, op, list(state.items.values())[thing].values)
    choices = tuple(plan.choices[n] for n in config)
    path = tuple(_path(plan, local, op, config))
    at = stepper.free_slot(tracked(local.world), op)
    last = tracked(local.world).items.get(path[-1] or 0)
    if op.at is not None and last is not None:  # the slot of the one that is in the way
        pool = stepper.manager.resource(op.target).value(op.at)
        at = tuple((p.name, int(last.values[p.name])) for p in pool.parts)  # type: ignore[arg-type]
    return Move(who, part, op, config=choices, at=at, path=path)


def _path(plan: Plan, local: Local, op: Operation, config: list[int]) -> Iterator[int | None]:
    """The instances that the choices name; None for one that is made, -1 where none is found."""
    state = tracked(local.world)
    parent: int | None = None
    makes = op.form in (Form.OBTAIN, Form.CREATE)
    below_new = False
    for n in config:
        choice = plan.choices[n]
        key = plan.stepper.manager.resource(choice.resource).key
        found = None if below_new else next(
            (i.id for i in state.children(parent) if i.resource == choice.resource
             and tuple(i.values[f] for f in key) == choice.key), None)
        below_new = below_new or found is None
        parent = found
        yield found if found is not None or makes else -1
