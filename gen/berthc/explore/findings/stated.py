"""Is the author's statement true? Calls without what they need, and states with other effects than
they say."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from berthc.explore.findings import texts
from berthc.explore.findings.fault import Fault
from berthc.explore.states.backend import Called, names
from berthc.semantics.world import tracked
from berthc.explore.states.stated import NEW
from berthc.explore.states.step import Change, Stepper
from berthc.model import State
from berthc.semantics.result import Taken
from berthc.semantics.state import Item


def needs(stepper: Stepper, change: Change, rows: Sequence[Taken]) -> Iterator[Fault]:
    """Calls without what they need, and calls that take back what another effect needs. `rows` are
    those of the calls."""
    if not stepper.stated.needs:
        return
    path = change.move.op.path
    levels = stepper.levels(change.before, change.move.op, change.levels, change.way.found)
    truth, open_ = (dict(zip(path, masks, strict=True)) for masks in levels)
    there = tracked(change.before.world).items
    entered = change.move.op.enter or ""
    states = {name: there[id_].state if id_ in there else entered if name == path[-1] else ""
              for name, id_ in zip(path, change.levels, strict=True)}
    for call, taken in zip(change.called, rows, strict=True):
        yield from missing(stepper, call, taken, truth, unsaid(stepper, states, open_))
        lost = may_lose(stepper, call)
        if lost:
            held = (call.after, *_below(change, taken.resource, truth))
            yield from relied_on(stepper, call, taken, lost, held)
        truth[taken.resource], open_[taken.resource] = call.after, call.open


def unsaid(stepper: Stepper, states: Mapping[str, str],
           open_: Mapping[str, int]) -> Mapping[str, int]:
    """The open effects of instances that rest where `create` made them, in a state that says
    nothing of them; `states` and `open_` by resource."""
    made = stepper.stated.made
    return {on: open_[on] & made.get((on, state), NEW).unsaid for on, state in states.items()}


def missing(stepper: Stepper, call: Called, taken: Taken, truth: Mapping[str, int],
            maybe: Mapping[str, int]) -> Iterator[Fault]:
    """A call without what it needs. By resource, `truth` is there, and `maybe` is taken to be."""
    wanted = stepper.stated.needs.get(call.hook, {})
    lacks = sum(mask & ~(truth[on] | maybe[on]) for on, mask in wanted.items())
    if lacks:
        yield _at(taken, texts.needs(call.hook, names(stepper.manager, lacks)))


def may_lose(stepper: Stepper, call: Called) -> int:
    """The effects that the call took back, and those that it did if they were there."""
    hook = stepper.effects[call.hook]
    return hook.undoes & (call.before | call.open_before) & ~call.after if call.ending.effect else 0


def relied_on(stepper: Stepper, call: Called, taken: Taken, lost: int,
              held: Iterable[int]) -> Iterator[Fault]:
    """A call that takes back what another effect needs; `held` are the effects at the instance and
    below it."""
    for hook, mask in stepper.stated.needing:
        own = stepper.effects[hook.name].own
        if mask & lost and any(own & effects for effects in held):
            yield _at(taken, texts.takes_needed(call.hook, names(stepper.manager, lost), hook.name))
            return


def _at(taken: Taken, told: texts.Told) -> Fault:
    row = taken.row
    assert row is not None
    return Fault("needs", f"{taken.resource}.{row.state}.{row.event}", row.loc, *told)


def _below(change: Change, resource: str, truth: Mapping[str, int]) -> Iterator[int]:
    """The effects at each instance below; `truth` is that of the path, by resource."""
    path = change.move.op.path
    own = change.levels[path.index(resource)]
    assert own is not None
    yield from (truth[name] for name in path[path.index(resource) + 1:])
    state = tracked(change.before.world)
    yield from (change.before.truth.get(item.id, 0) for item in state.items.values()
                if item.id not in change.levels and own in (above.id for above in state.path(item)))


def misstated(stepper: Stepper, change: Change) -> Iterator[Fault]:
    """Instances that a change leaves in a state whose stated effects are not what is in place."""
    if not stepper.stated.states or change.nothing:
        return
    before = tracked(change.before.world).items
    for item in tracked(change.after.world).items.values():
        truth = change.after.truth.get(item.id, 0)
        old = before.get(item.id)
        same = change.before.truth.get(item.id, 0) == truth
        if old is not None and old.state == item.state and same:
            continue
        always, allowed = stepper.stated.states.get((item.resource, item.state), (0, ~0))
        unknown = change.after.open.get(item.id, 0) & ~truth
        differences = ((always & ~truth, texts.ABSENT), (truth & ~allowed, texts.THERE),
                       (unknown & ~allowed, texts.UNKNOWN))
        wrong = [(names(stepper.manager, mask), how) for mask, how in differences if mask]
        if wrong:
            state = stepper.manager.resource(item.resource).state(item.state)
            yield _fault(change, item, state, wrong)


def _fault(change: Change, item: Item, state: State,
           wrong: list[tuple[list[str], int]]) -> Fault:
    for taken in reversed(change.result.rows):
        if (taken.resource == item.resource and taken.row is not None
                and taken.outcome != "rejected"):
            where = f"{item.resource}.{taken.row.state}.{taken.row.event}"
            return Fault("effects", where, taken.row.loc,
                         *texts.misstated(item.resource, state.name, False, wrong))
    return Fault("effects", f"{item.resource}.{state.name}", state.loc,
                 *texts.misstated(item.resource, state.name, True, wrong))
