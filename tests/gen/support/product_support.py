"""How many states there are with several roots, without looking at each: pairs, triples, … of the
states of one root.

A search looks at one root. What any number of roots and all callers can do together is put together
here from its edges: a state of the whole is a multiset of states of single roots, and one of them
moves at a time. This is for counting, to be compared with searches that do without
reductions.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import factorial, prod
from typing import Any

from berthc.explore.search import Search
from berthc.semantics.world import tracked


class Product:
    """The whole of which a search saw one root; the search must have kept its edges."""

    def __init__(self, search: Search) -> None:
        assert search.edges is not None
        self._search = search
        self._callers = search.bounds.callers
        choices = search.stepper.choices
        self._keys = {name: _groups([(c.kind, c.key) for c in some])
                      for name, some in choices.items()}
        self._next: dict[int, set[int]] = {}
        for edge in search.edges:
            self._next.setdefault(edge.source, set()).add(edge.target)
        self._busy = [node.local.busy for node in search.nodes]
        self._group = [self._root_group(n) for n in range(len(search.nodes))]

    def _root_group(self, n: int) -> int:
        """Which set of keys the root of a state is from."""
        node = self._search.nodes[n]
        for item in tracked(node.local.world).items.values():
            if item.parent is None:
                return self._keys[
                    item.resource][0][self._search.stepper.shape.kind(item.resource, item.values)]
        return -1

    def states(self) -> set[tuple[int, ...]]:
        """Every state of the whole, as sorted numbers of the states of roots that are not empty."""
        sizes = self._keys[self._search.root][1]
        seen: set[tuple[int, ...]] = {()}
        waiting: list[tuple[int, ...]] = [()]
        while waiting:
            now = waiting.pop()
            busy = sum(self._busy[n] for n in now)
            used = Counter(self._group[n] for n in now)
            for index in range(len(now) + 1):
                source = now[index] if index < len(now) else 0
                if index and index < len(now) and now[index - 1] == source:
                    continue
                rest = now[:index] + now[index + 1:]
                for target in self._next.get(source, ()):
                    if busy - self._busy[source] + self._busy[target] > self._callers:
                        continue
                    if source == 0 and used[self._group[target]] >= sizes[self._group[target]]:
                        continue
                    new = rest if target == 0 else tuple(sorted((*rest, target)))
                    if new not in seen:
                        seen.add(new)
                        waiting.append(new)
        return seen

    def plain(self, states: Iterable[tuple[int, ...]]) -> int:
        """How many states there are when callers and keys are told apart."""
        sizes = self._keys[self._search.root][1]
        names = {n: self._names(n) for n in range(len(self._search.nodes))}
        total = 0
        for state in states:
            used = Counter(self._group[n] for n in state)
            callers = _falling(self._callers, sum(self._busy[n] for n in state))
            keys = prod(_falling(sizes[g], count) for g, count in used.items())
            same = prod(factorial(count) for count in Counter(state).values())
            ways = [names[n] for n in state]
            total += callers * keys * prod(w for w, _ in ways) // (same * prod(s for _, s in ways))
        return total

    def _names(self, n: int) -> tuple[int, int]:
        """For one root: the ways to name the keys below it, and the symmetries of its state."""
        node: Any = self._search.stepper.shape.key(self._search.nodes[n].local)
        roots, loose = node
        ways, same = 1, prod(factorial(c) for c in Counter(loose).values())
        for root in roots:
            more, still = self._below(root)
            ways, same = ways * more, same * still
        return ways, same

    def _below(self, node: Any) -> tuple[int, int]:
        *_, callers, children = node
        ways = 1
        same = prod(factorial(c) for c in Counter(callers).values()) * prod(
            factorial(c) for c in Counter(children).values()
        )
        resources = [r.name for r in self._search.stepper.manager.resources]
        used = Counter((resources[c[0]], self._keys[resources[c[0]]][0][c[2]]) for c in children)
        for (resource, group), count in used.items():
            ways *= _falling(self._keys[resource][1][group], count)
        for child in children:
            more, still = self._below(child)
            ways, same = ways * more, same * still
        return ways, same


def _groups(choices: list[tuple[int, tuple[Any, ...]]]) -> tuple[dict[int, int], list[int]]:
    """Kinds that share keys are of one group: the group of each kind, and the number of keys of
    each group."""
    keys: list[set[tuple[Any, ...]]] = []
    for kind in sorted({k for k, _ in choices}):
        own = {key for k, key in choices if k == kind}
        found = [g for g in keys if g & own]
        keys = [g for g in keys if not g & own] + [own.union(*found)]
    return {kind: next(n for n, g in enumerate(keys) if key in g) for kind, key in choices}, [
        len(g) for g in keys
    ]


def _falling(n: int, k: int) -> int:
    """Ways to give k of n names, in order."""
    return factorial(n) // factorial(n - k)
