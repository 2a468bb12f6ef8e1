"""The process of a manager with a store dies: at each commit of a request, and of recovery."""
from __future__ import annotations

from berthc.explore.states.local import Holder, Local
from berthc.model import NOWHERE, Form, Manager, Operation
from berthc.semantics import World
from berthc.semantics.world import tracked

RECOVER = "recover"
"""The part and the operation of a move that recovers; no operation of such a spec has the name."""


def owner(who: int) -> str:
    """What a caller says it is."""
    return chr(ord("A") + who)


def recovery(manager: Manager, resource: str) -> Operation:
    """Recovery as an operation on the instance that waits for it."""
    return Operation(RECOVER, "", NOWHERE, Form.FIND, manager.path(resource))


def locked(local: Local) -> tuple[int, ...] | None:
    """The path of the instance that waits for recovery, root first; None: nothing waits."""
    state = tracked(local.world)
    for id_, _ in state.raised.values():
        return tuple(item.id for item in state.path(state.items[id_]))
    return None


def settle(world: World) -> None:
    """After a request. If the process died, and recover has nothing to run, the search recovers at
    once: nobody can ask for the root before, and nothing can go wrong."""
    raised = tracked(world).raised
    if raised and all(event is None for _, event in raised.values()):
        world.recover()


def learned(before: Local, local: Local, who: int, part: str, new: Holder) -> Holder | None:
    """What a caller is whose answer was lost, and who asked for what it holds. `new` is what it is
    if it got what it wanted by this request, without a label of its reservation."""
    state = tracked(local.world)
    own: Holder | None = before.holders[who]
    if part == "gives":
        label = next((label for label in state.reservations
                      if label not in tracked(before.world).reservations), None)
        return None if label is None else new._replace(label=label)
    if part in ("uses", "ends"):
        assert own is not None and own.label is not None
        reservation = state.reservations.get(own.label)
        if reservation is None:
            return None
        return own._replace(relies=(0,) * len(own.path), releasing=reservation.releasing,
                            interrupted=part == "ends" and local.world.locked)
    releases = part == "releases"
    own = own if releases else new
    assert own is not None
    holds = tuple(took and id_ in state.items and owner(who) in state.items[id_].owners
                  for took, id_ in zip(own.took, own.path, strict=True))
    return (own._replace(own=holds, took=holds, relies=(0,) * len(own.path), releasing=releases,
                         interrupted=releases and local.world.locked)
            if any(holds) else None)


def after_drain(local: Local) -> tuple[Holder | None, ...]:
    """What the callers are after a crash in a drain, which has released for all of them: each goes
    on to release what it still holds."""
    return tuple(None if own is None else _released(local, who, own)
                 for who, own in enumerate(local.holders))


def _released(local: Local, who: int, own: Holder) -> Holder | None:
    state = tracked(local.world)
    own = own._replace(relies=(0,) * len(own.path), releasing=True,
                       interrupted=local.world.locked)
    if own.label is not None:
        return own if own.label in state.reservations else None
    holds = tuple(took and id_ in state.items and owner(who) in state.items[id_].owners
                  for took, id_ in zip(own.took, own.path, strict=True))
    return own._replace(own=holds, took=holds) if any(holds) else None


def recovered(local: Local) -> tuple[Holder | None, ...]:
    """What the callers are after a recovery, also if it has ended in another crash."""
    if local.world.locked:
        return local.holders
    return tuple(None if h is None else h._replace(interrupted=False) for h in local.holders)


def keeps(local: Local, who: int) -> tuple[int, ...]:
    """The instances that an idle caller has references to: by a request that failed later on."""
    return tuple(item.id for item in tracked(local.world).items.values()
                 if owner(who) in item.owners)
