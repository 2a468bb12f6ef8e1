"""Breadth first, each state once."""
from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

S = TypeVar("S")


class Breadth(Generic[S]):
    """The states that wait, in the order in which they were met. Iterating takes them out."""

    __slots__ = ("known", "_waiting")

    def __init__(self, known: Iterable[Hashable] = ()) -> None:
        self.known = {key: n for n, key in enumerate(known)}  # states by their keys, numbered
        self._waiting: deque[S] = deque()

    def is_new(self, key: Hashable) -> bool:
        """Is a state met for the first time? From now on it is known."""
        if key in self.known:
            return False
        self.known[key] = len(self.known)
        return True

    def wait(self, state: S) -> None:
        self._waiting.append(state)

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[S]:
        while self._waiting:
            yield self._waiting.popleft()
