"""What is wrong with a change, or with the state that it leads to."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from berthc.explore.findings import texts
from berthc.explore.findings.fault import Fault
from berthc.explore.findings.stated import may_lose, needs
from berthc.explore.states.backend import Called, names
from berthc.explore.states.drain import drained
from berthc.explore.states.future import Future, key_path, takes_back
from berthc.explore.states.local import Holder, Local, holds, lost_references
from berthc.explore.states.step import Change, Stepper, rows_with_calls
from berthc.model import Loc, Row
from berthc.semantics import Result
from berthc.semantics.result import Taken
from berthc.semantics.state import Item
from berthc.semantics.world import tracked

IDS = ("stranded", "poisoned", "leak", "dangling", "interference", "denied", "double", "needs",
       "ambiguous", "effects", "missing-effect", "unreachable")
"""The findings in the order in which they are told."""


Accepted = Callable[[Fault], bool]


def caller(n: int) -> str:
    """The name of a caller in scripts: A, B, …"""
    return chr(ord("A") + n)


def nobody_accepts(_fault: Fault) -> bool:
    return False


def up_to(faults: Iterable[Fault], accepted: Accepted) -> Iterator[Fault]:
    """Those that are accepted, up to one that is not: the others are the same fault, or follow from
    it."""
    for fault in faults:
        yield fault
        if not accepted(fault):
            return


def judge(stepper: Stepper, change: Change, accepted: Accepted = nobody_accepts) -> Iterator[Fault]:
    """Faults of a change: double, interference, dangling, and leaks by what ended or by what nobody
    holds now. What is accepted hides nothing."""
    calls = ([*_calls(stepper, change),
              *needs(stepper, change, rows_with_calls(stepper, change.result))] if change.called
             else [])
    yield from (fault for fault in calls if fault.id != "interference")
    robbed = _robbed(stepper, change) if change.move.part == "releases" else ()
    # What else one request does to others is the same fault.
    taken = list(up_to(chain((fault for fault in calls if fault.id == "interference"), robbed),
                       accepted))
    yield from taken
    known = all(accepted(fault) for fault in taken)
    if change.gone:
        yield from (fault for fault in _endings(stepper, change) if known or fault.id != "dangling")
    if not change.nothing:
        yield from up_to(_left(stepper, change), accepted)


def _where(row: Row, resource: str) -> str:
    return f"{resource}.{row.state}.{row.event}"


def _calls(stepper: Stepper, change: Change) -> Iterator[Fault]:
    for call, taken in zip(change.called, rows_with_calls(stepper, change.result), strict=True):
        assert taken.row is not None
        hook = stepper.effects[call.hook]
        where = _where(taken.row, taken.resource)
        if not hook.repeatable and hook.own & call.before:
            yield Fault("double", where, taken.row.loc,
                        *texts.there_already(call.hook))
        may_be = call.before | call.open_before
        if not hook.repeatable and hook.undoes and not hook.undoes & may_be:
            yield Fault("double", where, taken.row.loc,
                        *texts.nothing_to_undo(call.hook, names(stepper.manager, hook.undoes)))
        lost = may_lose(stepper, call)
        if lost:
            yield from _interference(stepper, change, call, taken, lost)


def _interference(stepper: Stepper, change: Change, call: Called, taken: Taken,
                  lost: int) -> Iterator[Fault]:
    assert taken.row is not None
    level = change.move.op.path.index(taken.resource)
    id_ = change.levels[level]
    # What the same request brought about, nobody else relies on.
    before = change.before
    lost &= 0 if id_ is None else before.truth.get(id_, 0) | before.open.get(id_, 0)
    if change.move.part == "free" and _is_meant(stepper, taken):
        lost &= stepper.held  # a freeze and its thaw are those of others, and the spec says so
    if not lost:
        return
    for n, other in enumerate(change.before.holders):
        if (n != change.move.who and other is not None and id_ in other.path and other.relies[level]
            & lost):
            yield Fault("interference", _where(taken.row, taken.resource), taken.row.loc,
                        *texts.takes_from_another(call.hook, names(stepper.manager, lost),
                                                 taken.resource))
            return


def _is_meant(stepper: Stepper, taken: Taken) -> bool:
    """Does the state refuse something on purpose?"""
    assert taken.row is not None
    return any(row.meant
               for row in stepper.manager.resource(taken.resource).state(taken.row.state).rows)


def _robbed(stepper: Stepper, change: Change) -> Iterator[Fault]:
    """A retry of a release that dropped the caller's reference before drops one again: somebody
    else's."""
    own = change.before.holders[change.move.who]
    assert own is not None
    old, new = tracked(change.before.world).items, tracked(change.after.world).items
    for level, id_ in enumerate(change.levels):
        if (id_ not in old or not stepper.dropping(change, level)
            or (own.own[level] and own.path[level] == id_)):
            continue
        others = [h for n, h in enumerate(change.before.holders) if n != change.move.who
                  and h is not None and h.label is None and id_ in h.path
                  and h.own[h.path.index(id_)]]
        if others and (id_ not in new or new[id_].anonymous < old[id_].anonymous):
            where, loc = blame(stepper, change, old[id_])
            yield Fault("interference", where, loc,
                        *texts.takes_hold(change.move.op.name, old[id_].resource))


def _endings(stepper: Stepper, change: Change) -> Iterator[Fault]:
    for id_, mask in change.gone.items():
        item = tracked(change.before.world).items.get(id_)
        resource = (item.resource if item is not None
                    else change.move.op.path[change.levels.index(id_)])
        ender = _ender(stepper, change, resource)
        where, loc = ((_where(ender.row, ender.resource), ender.row.loc) if ender and ender.row
                      else (resource, change.move.op.loc))
        if mask:
            yield Fault("leak", where, loc,
                        *texts.ends_with(resource, names(stepper.manager, mask)))
        yield from _dangling(stepper, change, id_, resource, ender, where, loc)


def _taken(stepper: Stepper, change: Change, id_: int) -> bool:
    """Did the caller get hold of the instance by the very request that ended it?"""
    new = change.after.holders[change.move.who]
    return change.before.holders[change.move.who] is None and new is not None and id_ in new.path


def _dangling(stepper: Stepper, change: Change, id_: int, resource: str, ender: Taken | None,
              where: str, loc: Loc) -> Iterator[Fault]:
    for n, holder in enumerate(change.before.holders):
        if (holder is None or id_ not in holder.path
            or not holds(change.before, holder)[holder.path.index(id_)]):
            continue
        level = holder.path.index(id_)
        if holder.interrupted:
            continue  # recovery has gone on with its own release
        if n != change.move.who:
            yield Fault("dangling", where, loc, *texts.ends_held(resource))
            return
        if not stepper.dropping(change, level):
            yield Fault("dangling", where, loc, *texts.ends_own(resource))
            return
    if _taken(stepper, change, id_):
        yield Fault("dangling", where, loc, *texts.ends_given(resource))
    elif (ender is not None and ender.resource != resource
          and id_ in tracked(change.before.world).items):
        yield Fault("dangling", where, loc, *texts.ends_above(resource, ender.resource))


def _ender(stepper: Stepper, change: Change, resource: str) -> Taken | None:
    """The row that ended an instance: its own, or one of an instance above it."""
    for name in reversed(stepper.path[resource]):
        for taken in reversed(change.result.rows):
            if (taken.resource == name and taken.row is not None
                and (name, _target(taken)) in stepper.final):
                return taken
    return None


def _target(taken: Taken) -> str:
    """The state that a row led to."""
    assert taken.row is not None
    return taken.state if taken.outcome == "rejected" else taken.row.target(taken.outcome).state


def _left(stepper: Stepper, change: Change) -> Iterator[Fault]:
    """What nobody holds must be at home where it rests. That the callers of other instances are not
    done yet changes nothing for it. What was left by an earlier request, and accepted, is not told
    again."""
    left = _adrift(stepper, change.after)
    before = _adrift(stepper, change.before) if left else {}
    for id_, lost in left.items():
        if lost <= before.get(id_, -1):
            continue
        item = tracked(change.after.world).items[id_]
        where, loc = blame(stepper, change, item)
        yield Fault("leak", where, loc,
                    *(texts.lost_reference(item.resource) if lost
                      else texts.stays(item.resource, item.state)))
    yield from _undrained(stepper, change)


def _adrift(stepper: Stepper, local: Local) -> dict[int, int]:
    """Instances that nobody holds and that are not at home where they rest, and those with
    references that no caller has: how many."""
    found: dict[int, int] = {}
    for item in stepper.loose(local.world):
        lost = lost_references(local, item)
        if lost > 0 or not item.refs:
            found[item.id] = lost
    return found


def _undrained(stepper: Stepper, change: Change) -> Iterator[Fault]:
    """Effects on instances that rest without a holder are gone after a drain in which every call
    ends ok, or some request takes them back."""
    left = _undrainable(stepper, change.after)
    before = _undrainable(stepper, change.before) if left else {}
    for id_, mask in left.items():
        mask &= ~change.after.open.get(id_, 0)  # what is open was there before the manager
        known = mask & before.get(id_, 0) & ~change.before.open.get(id_, 0)
        old = mask == known and not _moved(change, id_)
        if old or _taken_back(stepper, change.after, id_, mask):
            continue
        if mask != known or _taken_back(stepper, change.before, id_, mask):
            yield _kept(stepper, change, tracked(change.after.world).items[id_], mask)


def _taken_back(stepper: Stepper, local: Local, id_: int, mask: int) -> bool:
    """Does some request ever take back the effects?"""
    return Future(stepper).ever(local, takes_back(key_path(tracked(local.world), id_), mask))


def _moved(change: Change, id_: int) -> bool:
    """Has the instance, or one above it, another state now?"""
    before, after = tracked(change.before.world).items, tracked(change.after.world)
    path = after.path(after.items[id_])
    return any(up.id not in before or before[up.id].state != up.state for up in path)


def _kept(stepper: Stepper, change: Change, item: Item, mask: int) -> Fault:
    effects = names(stepper.manager, mask)
    below = _stays_below(change.after, item)
    if below is not None:
        where, loc = _drop_row(stepper, below)
        return Fault("leak", where, loc, *texts.kept_by_below(below.resource, below.state, effects,
                                                             item.resource))
    where, loc = blame(stepper, change, item)
    return Fault("leak", where, loc, *texts.not_drained(item.resource, effects))


def _stays_below(local: Local, item: Item) -> Item | None:
    """The instance that keeps a drain from those above it: the first, lowest one below that it
    leaves."""
    world = local.world.clone()
    world.drain()
    state = tracked(world)
    left = [child for child in state.items.values() if not child.children and child.id != item.id
            and item.id in (up.id for up in state.path(child))]
    return left[0] if left else None


def _drop_row(stepper: Stepper, item: Item) -> tuple[str, Loc]:
    """The row by which an instance lets go where it stays; for want of one its state."""
    resource = stepper.manager.resource(item.resource)
    row = (next(iter(resource.rows(item.state, resource.drop)), None) if resource.drop is not None
           else None)
    where = (f"{item.resource}.{item.state}"
             + (f".{resource.drop}" if resource.drop is not None else ""))
    return where, row.loc if row is not None else resource.state(item.state).loc


def _undrainable(stepper: Stepper, local: Local) -> dict[int, int]:
    """The effects that not even drain takes back, of instances below roots that no caller has to do
    with any more. Who still lets go of what has ended may come to any of them."""
    state = tracked(local.world)
    roots = {holder.path[0] for holder in local.holders if holder is not None}
    if local.world.locked or not local.truth or not all(root in state.items for root in roots):
        return {}
    left = [id_ for id_ in local.truth if state.path(state.items[id_])[0].id not in roots]
    truth = drained(stepper, local) if left else {}
    return {id_: truth[id_] for id_ in left if truth[id_]}


def blame(stepper: Stepper, change: Change, item: Item) -> tuple[str, Loc]:
    """The row, or for want of one the step or the operation, after which the instance was left as
    it is."""
    for taken in reversed(change.result.rows):
        if taken.resource == item.resource:
            if taken.row is not None:
                return _where(taken.row, item.resource), taken.row.loc
            step = next(s for s in change.move.op.steps if s.resource == item.resource
                        and s.event == taken.event)
            return f"{item.resource}.{taken.state}.{taken.event}", step.loc
    return f"{item.resource}.{item.state}", change.move.op.loc


def lacks_hook(stepper: Stepper, result: Result) -> bool:
    """While every call ends ok: did a row reject, or a question stay open, because the backend
    leaves the hook out?"""
    return any(taken.outcome == "unknown" or taken.outcome == "rejected" and taken.row is not None
               and taken.row.hook in stepper.without for taken in result.rows)


def denied(stepper: Stepper, change: Change) -> Iterator[Fault]:
    """For searches in which every call ends ok: a caller that keeps the contract is refused,
    capacity, conflict and policy aside."""
    if change.result.error is None or change.move.part == "free":
        return
    if lacks_hook(stepper, change.result):
        return  # the backend cannot do it
    where = change.result.where or {}
    if "rule" in where:
        return  # policy
    last = change.result.rows[-1] if change.result.rows else None
    if "event" in where and last is not None and last.outcome == "rejected":
        resource = stepper.manager.resource(last.resource)
        if any(row.guard is not None for row in resource.rows(last.state, last.event)):
            return  # policy
        if resource.refuses_on_purpose(last.state, last.row):
            return  # it is part of the protocol, or something has gone wrong
        loc = last.row.loc if last.row is not None else resource.state(last.state).loc
        yield Fault("denied", f"{last.resource}.{last.state}.{last.event}", loc,
                    *texts.refused(change.move.op.name, change.result.error))
    elif change.move.part in ("uses", "ends", "releases"):
        yield Fault("denied", change.move.op.target, change.move.op.loc,
                    *texts.fails(change.move.op.name, change.result.error))


__all__ = ["IDS", "Accepted", "Holder", "blame", "caller", "denied", "judge", "lacks_hook", "up_to"]
