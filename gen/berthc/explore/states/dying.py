"""Drains in which the process of a manager with a store dies: at each commit.

Calls end in every way at the instance at which it dies; at those before it they end ok. Where an
instance that has to end first does so only after a failure, the process dies at that failure, and a
later drain comes to those above.
"""
from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

from berthc.explore.states.backend import (
    CANNOT_TELL, DONE_UNCERTAIN, UNDONE_UNCERTAIN, Called, Script,
)
from berthc.explore.states.death import after_drain
from berthc.explore.states.drain import DRAIN, OPERATION, Drained, drain, what_is_left
from berthc.explore.states.local import Local
from berthc.explore.states.move import Move
from berthc.explore.states.runs import DEATH, Answer, Death, Way
from berthc.explore.states.step import Change, Stepper, rows_with_calls
from berthc.semantics import Fate
from berthc.semantics.journal import DIED
from berthc.semantics.world import tracked


_FIRST: tuple[int, ...] | None = ()


class Dying(NamedTuple):
    """Such a drain. `at`: by call, its instance."""

    change: Change
    at: tuple[int, ...]


def deaths(stepper: Stepper, local: Local) -> Iterator[Dying]:
    """Every commit at which the process can die."""
    usual: list[int] = []  # by commit, how many calls have ended, where all end ok
    for n, id_ in enumerate(tracked(local.world).items):
        calls, whole, chosen = usual, drain(stepper, local, id_, (), below=False), _FIRST
        while chosen is not None:
            if chosen:  # what was before the last choice was tried before
                last = [k for k, at in enumerate(whole.script.at) if at == id_][len(chosen) - 1]
                calls = [ended for ended in calls if ended <= last]
                whole = drain(stepper, local, id_, chosen, below=False)
            for commits in count(len(calls) + 1) if chosen or n == 0 else ():
                done = _dies(stepper, local, id_, chosen, commits)
                if done is None:
                    break
                calls.append(len(done.script.called))
                for late in (False, True):
                    dying = _dying(stepper, local, id_, done, whole, commits, late)
                    if dying is not None:
                        yield dying
            chosen = whole.script.following()


def death(stepper: Stepper, local: Local, id_: int, chosen: tuple[int, ...]) -> Change:
    """The one that the choices, the last of which is its number, tell of."""
    *given, number = chosen
    whole = drain(stepper, local, id_, tuple(given), below=False)
    commits, late = divmod(number - DEATH, 2)
    done = _dies(stepper, local, id_, tuple(given), commits)
    assert done is not None
    dying = _dying(stepper, local, id_, done, whole, commits, bool(late))
    assert dying is not None
    return dying.change


def _dies(stepper: Stepper, local: Local, id_: int, chosen: tuple[int, ...],
          commits: int) -> Drained | None:
    """None: it makes fewer commits."""
    done = drain(stepper, local, id_, chosen, below=False, fate=Fate(die=commits))
    return done if done.result.error == DIED else None


def _dying(stepper: Stepper, local: Local, id_: int, done: Drained, whole: Drained, commits: int,
           late: bool) -> Dying | None:
    """None: it makes no difference whether the call that had begun takes effect."""
    script, n = done.script, len(done.script.called)
    after, places, hook = _copy(script), tuple(script.at), None
    if len(rows_with_calls(stepper, done.result)) > n:
        hook, at = whole.script.called[n].hook, whole.script.at[n]
        of, truth, open_ = stepper.effects[hook], script.truth.get(at, 0), script.open.get(at, 0)
        if late and (of.asks or of.after(truth) == truth and not open_ & (of.own | of.undoes)):
            return None
        after.end(hook, 1 + sum(call.hook == hook for call in script.called), at,
                  CANNOT_TELL if of.asks else DONE_UNCERTAIN if late else UNDONE_UNCERTAIN)
        places = (*places, at)
    elif late:
        return None
    world = done.after.world
    left = what_is_left(world, after, after_drain(local._replace(world=world)))
    move = Move(0, DRAIN, OPERATION, path=(id_,))
    died = Death(commits, hook, late)
    taken = frozenset((id(t.row), t.outcome) for t in done.result.rows
                      if t.row is not None and t.outcome != "rejected")
    way = Way((*script.chosen[:len(script.counts)], died.number), tuple(after.called), (), (),
              script.failures + 1, Answer(done.result, world, move.path, (), taken), death=died)
    return Dying(Change(move, way, local, left, done.result, move.path, {}), places)


def _copy(script: Script) -> Script:
    after = Script(script.effects, script.truth, open_=script.open)
    after.called += script.called
    return after
