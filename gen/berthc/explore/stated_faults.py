"""Is the author's statement true? Calls without what they need, and states with other effects than
they say."""
from __future__ import annotations

from collections.abc import Iterator, Sequence

from berthc.explore.backend import Called, names
from berthc.explore.fault import Fault
from berthc.explore.local import tracked
from berthc.explore.step import Change, Stepper
from berthc.model import Hook, State
from berthc.semantics.result import Taken
from berthc.semantics.state import Item


def needs(stepper: Stepper, change: Change, rows: Sequence[Taken]) -> Iterator[Fault]:
    """Calls without what they need, and calls that take back what another effect needs. `rows` are
    those of the calls."""
    if not stepper.stated.needs:
        return
    path = change.move.op.path
    there = tracked(change.before.world).items
    truth = {name: change.before.truth.get(id_, 0) if id_ in there else stepper.made(change.move.op) if name == path[-1] else 0
             for name, id_ in zip(path, change.levels, strict=True)}
    unknown = {name for name, id_ in zip(path, change.levels, strict=True)
               if id_ in change.before.found or id_ not in there and (name, _enters(change, name)) in stepper.stated.found_in}
    for call, taken in zip(change.called, rows, strict=True):
        assert taken.row is not None
        where, loc = f"{taken.resource}.{taken.row.state}.{taken.row.event}", taken.row.loc
        wanted = stepper.stated.needs.get(call.hook, {})
        missing = sum(mask & ~truth.get(on, 0) for on, mask in wanted.items() if on not in unknown)
        if missing:
            yield Fault("needs", where, loc,
                        f"{call.hook} is called while the effect of {_words(stepper, missing)}, "
                        "which it needs, is not there")
        dependent = _dependent(stepper, change, call, taken.resource, truth)
        if dependent is not None:
            lost = _words(stepper, call.before & ~call.after)
            yield Fault("needs", where, loc, f"{call.hook} takes back {lost} while the effect of "
                        f"{dependent.name}, which needs it, is still there")
        truth[taken.resource] = call.after


def _enters(change: Change, resource: str) -> str | None:
    """The state that `create` gave the instance that it made."""
    return change.move.op.enter if resource == change.move.op.target else None


def _words(stepper: Stepper, mask: int) -> str:
    return " and ".join(names(stepper.manager, mask))


def _dependent(stepper: Stepper, change: Change, call: Called, resource: str,
               truth: dict[str, int]) -> Hook | None:
    """A hook whose effect is in place, at the instance or below it, and that needs the effect that
    the call took back."""
    lost = call.before & ~call.after
    if not lost:
        return None
    path = change.move.op.path
    own = change.levels[path.index(resource)]
    assert own is not None
    state = tracked(change.before.world)
    on_path = dict(zip(change.levels, path, strict=True))
    below = [truth[name] for name in path[path.index(resource) + 1:]]
    below += [change.before.truth.get(item.id, 0) for item in state.items.values()
              if item.id not in on_path and own in (above.id for above in state.path(item))]
    for hook, mask in stepper.stated.needing:
        own_effect = stepper.effects[hook.name].own
        if mask & lost and any(own_effect & held for held in (call.after, *below)):
            return hook
    return None


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
        differences = ((always & ~truth, "not there"), (truth & ~allowed, "there"))
        wrong = [f"{_words(stepper, mask)} is {word}" for mask, word in differences if mask]
        if wrong:
            state = stepper.manager.resource(item.resource).state(item.state)
            yield _fault(change, item, state, " and ".join(wrong))


def _fault(change: Change, item: Item, state: State, wrong: str) -> Fault:
    for taken in reversed(change.result.rows):
        if (taken.resource == item.resource and taken.row is not None
                and taken.outcome != "rejected"):
            where = f"{item.resource}.{taken.row.state}.{taken.row.event}"
            return Fault("effects", where, taken.row.loc,
                         f"the {item.resource} comes to {state.name} while the effect of {wrong}, "
                         f"other than {state.name} says")
    return Fault("effects", f"{item.resource}.{state.name}", state.loc,
                 f"the {item.resource} is made in {state.name} while the effect of {wrong}, "
                 f"other than {state.name} says")
