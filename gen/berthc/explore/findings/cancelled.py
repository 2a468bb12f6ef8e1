"""A use after a release that got somewhere and failed: refused with ECANCELED, before anything
else, and nothing changes (S5).

No caller who keeps the contract asks for it, so it is no way on of the search. It is a promise to
those who do not, so every state is tried.
"""
from __future__ import annotations

from berthc.explore.states.backend import Script
from berthc.explore.states.local import Local, holds
from berthc.explore.states.step import Stepper
from berthc.semantics.world import tracked


class NotCancelled(AssertionError):
    """The semantics let a caller use what it has partly let go of: no fault of a spec, but of this
    program."""


def try_uses(stepper: Stepper, local: Local) -> int:
    """Tries every use by every caller that has let go of some of its holds; how many there were.
    Raises NotCancelled."""
    tried = 0
    for holder in local.holders:
        if (holder is None or holder.label is None or not holder.releasing
            or all(holds(local, holder))):
            continue
        for op in stepper.contract.uses:
            world = local.world.clone()
            script = Script(stepper.effects, {}, ())
            result = world.run(op.name, reservation=holder.label, outcomes=script)
            where = result.where or {}
            # policy comes first
            refused = result.error == "ECANCELED" and not where or "rule" in where
            # States are never changed in place: one in which something changed is another.
            if not refused or script.called or tracked(world) is not tracked(local.world):
                raise NotCancelled(f"{op.name} gives {result.error or 'success'} to a caller that "
                                   f"has begun to let go")
            tried += 1
    return tried
