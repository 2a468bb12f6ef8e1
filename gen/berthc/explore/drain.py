"""What a drain in which every call ends ok leaves in the backend."""
from __future__ import annotations

from collections.abc import Mapping

from berthc.explore.local import Local, tracked
from berthc.explore.step import Stepper
from berthc.semantics import Outcome, Value

_WHICH = ""


def drained(stepper: Stepper, local: Local) -> dict[int, int]:
    """The truth after a drain in which every call ends ok, of the instances there were before."""
    truth = dict(local.truth)
    world = local.world.clone()
    state = tracked(world).copy()
    # Instances below different parents may have equal values. One more value, which no spec can
    # name, tells them apart.
    state.items = {id_: item._replace(values={**item.values, _WHICH: id_})
                   for id_, item in state.items.items()}
    world._state = state  # noqa: SLF001

    def outcomes(hook: str, _nth: int, args: Mapping[str, Value]) -> Outcome:
        id_ = args[_WHICH]
        assert isinstance(id_, int)
        truth[id_] = stepper.effects[hook].after(truth.get(id_, 0))
        return Outcome("ok")

    world.drain(outcomes)
    return truth
