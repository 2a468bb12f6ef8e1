"""Which files have changed, by looking at them again and again.

Editors replace a file, write it in pieces, or take it away for a moment. So a file counts as
changed when it looks different and has stopped changing; one that is gone or empty must stay so for
longer.
"""
from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass

SETTLED = 0.06  # seconds without a change after which a file is whole
GONE = 1.0  # seconds after which a file that is gone or empty counts as such

Look = tuple[int, int, int] | None  # None: there is no such file


@dataclass
class _File:
    told: Look  # when it was told last
    seen: Look
    since: float


def look(path: str) -> Look:
    """What a file looks like from outside; None where there is none that can be looked at."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


class Watch:
    """Some files. Those that are there at the beginning have not changed."""

    def __init__(self, paths: Iterable[str]) -> None:
        now = time.monotonic()
        self._files = {path: _File(seen, seen, now) for path in paths
                       for seen in (look(path),)}

    def changed(self) -> list[str]:
        """The files that changed since this was asked last, in their order."""
        return [path for path, file in self._files.items() if _has_changed(path, file)]


def _has_changed(path: str, file: _File) -> bool:
    seen, now = look(path), time.monotonic()
    if seen != file.seen:
        file.seen, file.since = seen, now
    there = seen is not None and seen[1] > 0
    if seen == file.told or now - file.since < (SETTLED if there else GONE):
        return False
    file.told = seen
    return True
