"""One line on a terminal that tells how far a search is; rewritten in place, and erased at its
end."""
from __future__ import annotations

import time
from collections.abc import Callable
from typing import IO

EVERY = 2.0  # seconds between two lines
ERASE = "\r\x1b[K"


class Progress:
    """Counts the states of all searches of one spec. Nothing is written where `stream` is None."""

    def __init__(self, stream: IO[str] | None = None,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._begin = self._last = clock()
        self._before = self._now = 0  # states of the searches before, and of this one
        self._shown = False
        self.setting, self.settings = 0, 0

    def next(self, setting: int, settings: int) -> None:
        """A search with the next setting of options, hooks and roots begins."""
        self.setting, self.settings = setting, settings
        self._before, self._now = self._before + self._now, 0

    def __call__(self, states: int) -> None:
        """The search has seen so many states."""
        if self._stream is None:
            return
        self._now = states
        now = self._clock()
        if now - self._last < EVERY:
            return
        self._last = now
        seen = self._before + states
        rate = seen / max(now - self._begin, 0.001)
        self._shown = True
        self._stream.write(f"{ERASE}exploring: {seen:,} states, {rate:,.0f}/s, "
                           f"setting {self.setting} of {self.settings}")
        self._stream.flush()

    def end(self) -> None:
        """Erases the line."""
        if self._stream is not None and self._shown:
            self._stream.write(ERASE)
            self._stream.flush()
        self._shown = False
