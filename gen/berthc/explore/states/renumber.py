"""Gives instances and reservations of a state numbers of their own, so that worlds in which the
same is tracked are one world.

Instances are 1, 2, … in order of creation, the reservation of the n-th caller is r<n>. What an
answer depends on besides, such as the values of the instances and the counters, stays as it is.
"""
from __future__ import annotations

from berthc.explore.states.local import Local
from berthc.explore.states.runs import Memo
from berthc.semantics import World
from berthc.semantics.world import tracked


class Renumber:
    """Keeps the worlds it has seen, to give the same one again."""

    def __init__(self) -> None:
        self._worlds: Memo[World] = Memo()

    def __call__(self, local: Local) -> Local:
        state = tracked(local.world)
        labels = {h.label: f"r{n}" for n, h in enumerate(local.holders, 1) if h is not None
                  and h.label is not None}
        ids = {id_: n for n, id_ in enumerate(state.items, 1)}
        for label in labels:  # what has ended, but is still asked for its values
            for id_ in state.reservations[label].path:
                ids.setdefault(id_, len(state.items) - len(ids) - 2)
        world = local.world.renumbered(ids, labels, len(local.holders) + 1)
        content = tracked(world).content()
        world = self._worlds.get(content) or self._worlds.put(content, world)
        holders = tuple(
            None
            if h is None
            else h._replace(
                label=None if h.label is None else labels[h.label],
                path=tuple(ids.get(id_, -1) for id_ in h.path),
            )
            for h in local.holders
        )
        return Local(world, holders, {ids[id_]: mask for id_, mask in local.truth.items()},
                     {ids[id_]: mask for id_, mask in local.open.items()})
