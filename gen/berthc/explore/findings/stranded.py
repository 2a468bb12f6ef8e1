"""Can a caller that holds something get rid of it, if every hook works from now on?

Mostly its own release answers that. Where it does not, everything that those who are there can do
with working hooks is searched for a way on which this caller gets to the end; what was found out
about a state is kept. A newcomer who takes a share in what is stuck is no way out: perhaps nobody
comes, and who comes is stuck instead.
"""
from __future__ import annotations

from collections import deque
from collections.abc import Hashable

from berthc.explore.findings import texts
from berthc.explore.findings.fault import Fault
from berthc.explore.states.local import Local, holds, loses
from berthc.explore.states.move import Move
from berthc.explore.states.step import Change, Stepper
from berthc.model import Loc


class Stranded:
    def __init__(self, stepper: Stepper) -> None:
        self._stepper = stepper.with_more()
        self._good: set[Hashable] = set()
        self._bad: set[Hashable] = set()

    def stuck(self, local: Local, who: int) -> tuple[Fault, Move | None] | None:
        """A fault when the caller can never release, with the request that shows it (None: there is
        no operation to release with)."""
        key = self._stepper.shape.key(local, who)
        if key in self._good:
            return None
        changes = self._releases(local, who)
        if any(change.after.holders[who] is None for change in changes):
            self._good.add(key)
            return None
        if key not in self._bad and self._way_out(local, who):
            return None
        return self._fault(local, who, changes), _refused(changes).move if changes else None

    def _releases(self, local: Local, who: int) -> list[Change]:
        return [self._stepper.change(local, move, (), clean=True)
                for move in self._stepper.releases(local, who)]

    def _way_out(self, local: Local, who: int) -> bool:
        """Breadth first over what callers do with working hooks. All that was seen is good when
        there is a way out of it, else bad."""
        shape = self._stepper.shape
        start = shape.key(local, who)
        above: dict[Hashable, Hashable | None] = {start: None}
        queue = deque([(local, start)])
        while queue:
            now, key = queue.popleft()
            for move in (*self._stepper.releases(now, who), *self._stepper.uses(now, who),
                         *self._stepper.moves(now)):
                change = self._stepper.change(now, move, (), clean=True)
                if (change.nothing or _newcomer(now, change.after)
                    or loses(now, change.after)):
                    continue
                next_key = (None if change.after.holders[who] is None
                            else shape.key(change.after, who))
                if next_key is None or next_key in self._good:
                    step: Hashable | None = key
                    while step is not None:
                        self._good.add(step)
                        step = above[step]
                    return True
                if next_key not in above:
                    above[next_key] = key
                    queue.append((self._stepper.renumber(change.after), next_key))
        self._bad.update(above)
        return False

    def _fault(self, local: Local, who: int, changes: list[Change]) -> Fault:
        holder = local.holders[who]
        assert holder is not None
        manager = self._stepper.manager
        if not changes:
            target = manager.resource(holder.config[-1].resource)
            return Fault("stranded", target.name, target.loc,
                         *texts.no_release(target.name))
        change = _refused(changes)
        op = change.move.op
        where: str = op.target
        loc: Loc = op.loc
        if change.result.rows:
            last = change.result.rows[-1]
            where = f"{last.resource}.{last.state}.{last.event}"
            loc = (last.row.loc if last.row is not None
                   else manager.resource(last.resource).state(last.state).loc)
        return Fault("stranded", where, loc,
                     *texts.stranded(op.name, change.result.error,
                                    holds=any(holds(change.after, holder))))


def _refused(changes: list[Change]) -> Change:
    """The release that shows it: one that fails, if any."""
    return next((change for change in changes if change.result.error is not None), changes[0])


def _newcomer(before: Local, after: Local) -> bool:
    """Does somebody hold something who held nothing?"""
    return any(old is None and new is not None
               for old, new in zip(before.holders, after.holders, strict=True))


__all__ = ["Stranded"]
