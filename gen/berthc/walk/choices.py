"""Every way in which the calls of one request can end, depth first."""
from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """The choices of one run. Follows `chosen` (numbers), then takes the first; `following` gives
    what to choose in the next run."""

    __slots__ = ("chosen", "counts")

    def __init__(self, chosen: tuple[int, ...] = ()) -> None:
        self.chosen = chosen
        self.counts: list[int] = []  # how many there were to choose from

    def choose(self, some: Sequence[T]) -> T:
        n = len(self.counts)
        self.counts.append(len(some))
        return some[self.chosen[n] if n < len(self.chosen) else 0]

    def following(self) -> tuple[int, ...] | None:
        """What to choose next; None when every way has been taken."""
        taken = [*self.chosen, *[0] * (len(self.counts) - len(self.chosen))][:len(self.counts)]
        for n in reversed(range(len(taken))):
            if taken[n] + 1 < self.counts[n]:
                return (*taken[:n], taken[n] + 1)
        return None
