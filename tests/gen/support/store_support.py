"""Stored specs, and a backend that outlives their managers: it knows what is really there."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from berthc.model import AssignedKind, Manager
from berthc.semantics import OK, Call, Fate, Outcome, Result, Value, World
from semantics_support import ROOT, manager
from stored_text import with_store

Effect = tuple[str, tuple[Value, ...]]


@cache
def stored(name: str) -> Manager:
    """A spec of spec/ or tests/gen/specs, with a store."""
    path = next(p for folder in ("spec", "tests/gen/specs")
                if (p := ROOT / folder / f"{name}.yaml").is_file())
    return manager(with_store(path.read_text(encoding="utf-8")))


class Backend:
    """What is in effect. A hook takes effect if its call ends ok; one that fails does nothing, and
    one that stays uncertain does what `late` says."""

    def __init__(self, of: Manager, there: frozenset[Effect] = frozenset()) -> None:
        self.manager = of
        self.there = set(there)
        self.wrong: dict[int, str] = {}  # number of a call of the request, from 1: how it ends
        self.late = False
        self._calls = 0
        self._undone = {name for hook in of.hooks for name in hook.undoes}
        self._lost = {a.name for r in of.resources for a in r.assigned
                      if a.kind is AssignedKind.HOOK}

    def request(self, wrong: Mapping[int, str], late: bool = False) -> Backend:
        """The next request begins, and this is how its calls end."""
        self.wrong, self.late, self._calls = dict(wrong), late, 0
        return self

    def copy(self) -> Backend:
        return Backend(self.manager, frozenset(self.there))

    def __call__(self, hook: str, _nth: int, args: Mapping[str, Value]) -> Outcome:
        self._calls += 1
        if any(one.name == hook and one.asks for one in self.manager.hooks):
            there = any(self._effect(name, args) in self.there
                        for name in self.manager.hook(hook).asks)
            return Outcome("yes" if there else "no")
        kind = self.wrong.get(self._calls, "ok")
        if kind == "ok" or kind == "uncertain" and self.late:
            self.take_effect(hook, args)
        return OK if kind == "ok" else Outcome(kind, "EIO")

    def take_effect(self, hook: str, args: Mapping[str, Value]) -> None:
        if any(one.name == hook for one in self.manager.hooks):  # the one that settles is none
            for name in self.manager.hook(hook).undoes:
                self.there.discard(self._effect(name, args))
            if hook in self._undone:
                self.there.add(self._effect(hook, args))

    def _effect(self, hook: str, args: Mapping[str, Value]) -> Effect:
        """An effect is that of one instance; values from hooks have changed since."""
        return hook, tuple(value for name, value in args.items() if name not in self._lost)


@dataclass
class Life:
    """A manager and its backend."""

    world: World
    backend: Backend

    def clone(self) -> Life:
        return Life(self.world.clone(), self.backend.copy())


Request = Callable[[World, Backend, Fate], Result]


def crashes(life: Life, request: Request,
            wrong: Mapping[int, str]) -> Iterator[tuple[Life, int, Call | None]]:
    """Every crash in a request: the life after it, at which commit, and the call that had begun.
    That has taken effect, or not."""
    whole = life.clone()
    calls = request(whole.world, whole.backend.request(wrong), Fate()).calls
    ended: list[int] = []  # calls, when the process dies at this commit
    for k in range(3 * len(calls) + 4):
        dead = life.clone()
        result = request(dead.world, dead.backend.request(wrong), Fate(die=k))
        if result.error != "EOWNERDEAD":
            break
        assert result.calls == calls[:len(result.calls)]
        ended.append(len(result.calls))
    for k, done in enumerate(ended):
        begun = calls[done] if 0 < k < len(ended) - 1 and ended[k + 1] > done else None
        for effect in (False, True) if begun is not None else (False,):
            dead = life.clone()
            request(dead.world, dead.backend.request(wrong), Fate(die=k))
            if effect and begun is not None:
                dead.backend.take_effect(begun.hook, begun.args)
            yield dead, k, begun


def recovered(life: Life) -> Iterator[Life]:
    """Every way through recovery with at most one more crash in it."""
    def recover(world: World, backend: Backend, fate: Fate) -> Result:
        return world.recover(backend, fate=fate)

    for wrong in ({}, {1: "fail"}, {1: "uncertain"}):
        whole = life.clone()
        result = recover(whole.world, whole.backend.request(wrong), Fate())
        assert not whole.world.locked
        yield whole
        for dead, _, _ in crashes(life, recover, wrong):
            recover(dead.world, dead.backend.request({}), Fate())
            assert not dead.world.locked
            yield dead
        if not result.calls:
            return
