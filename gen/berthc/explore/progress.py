"""How far a search is: one line on a terminal, rewritten in place and erased at its end; and a
note, soon, where the search will not come to an end within its bound."""
from __future__ import annotations

import time
from collections.abc import Callable
from typing import IO

EVERY = 2.0  # seconds between two lines
NOTE_AFTER = 5.0  # seconds of a search; most have ended by then
GROWTH = 2.0  # new states from each one that was looked at: more of them will come, not fewer
ERASE = "\r\x1b[K"


class Progress:
    """Counts the states of all searches of one spec. Nothing is written where `stream` is None.
    `note` gets the one sentence that a search will not see everything within its bound of
    `states`."""

    def __init__(self, stream: IO[str] | None = None,
                 clock: Callable[[], float] = time.monotonic,
                 note: Callable[[str], None] | None = None, states: int = 0) -> None:
        self._stream, self._clock, self._note, self._bound = stream, clock, note, states
        self._begin = self._last = clock()
        self._before = self._now = 0  # states of the searches before, and of this one
        self._shown = False
        self.setting, self.settings = 0, 0
        # when, states, and how many had been looked at
        self._looked: tuple[float, int, int] | None = None

    def next(self, setting: int, settings: int) -> None:
        """A search with the next setting of options, hooks and roots begins."""
        self.setting, self.settings = setting, settings
        self._before, self._now = self._before + self._now, 0
        self._looked = None

    def __call__(self, states: int, waiting: int = 0) -> None:
        """The search has seen so many states; those that wait were not looked at yet."""
        if self._stream is None and self._note is None:
            return
        self._now = states
        now = self._clock()
        if self._note is not None:
            self._foresee(now, states, states - waiting)
        if self._stream is not None and now - self._last >= EVERY:
            self._last = now
            self._write(self._stream, now, self._before + states)

    def say(self, sentence: str) -> None:
        """Something takes time before the first search begins."""
        if self._stream is not None:
            self._shown = True
            self._stream.write(f"{ERASE}{sentence}")
            self._stream.flush()

    def _write(self, stream: IO[str], now: float, seen: int) -> None:
        rate = seen / max(now - self._begin, 0.001)
        self._shown = True
        stream.write(f"{ERASE}exploring: {seen:,} states, {rate:,.0f}/s, "
                     f"setting {self.setting} of {self.settings}")
        stream.flush()

    def _foresee(self, now: float, states: int, looked_at: int) -> None:
        """Tells that the bound comes first, where a look some seconds later finds that states
        multiply."""
        if self._looked is None or states < self._looked[1]:  # the walk with failures begins anew
            self._looked = (now, states, looked_at)
            return
        begin, old_states, old_looked_at = self._looked
        if now - begin < NOTE_AFTER or looked_at <= old_looked_at:
            return
        self._looked = (now, states, looked_at)
        growth = (states - old_states) / (looked_at - old_looked_at)
        left = self._bound - self._before - states
        if growth < GROWTH or left <= 0 or self._note is None:
            return
        seconds = left * (now - begin) / (states - old_states)
        self.end()
        self._note(f"{looked_at:,} states were looked at and {states - looked_at:,} wait, and each "
                   f"leads to {growth:.0f} new ones: if that goes on, the bound of {self._bound:,} "
                   f"states comes first, in some {seconds:,.0f} s, and the report is in part; "
                   "fewer --callers, --keys or --failures may be explored whole, and Ctrl-C tells "
                   "what was found until then")
        self._note = None

    def end(self) -> None:
        """Erases the line."""
        if self._stream is not None and self._shown:
            self._stream.write(ERASE)
            self._stream.flush()
        self._shown = False
