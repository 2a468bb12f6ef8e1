"""Makes a script that fails smaller, as long as it fails."""
from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from scripts import Script

Fails = Callable[[Script], bool]


def shrink(script: Script, fails: Fails) -> Script:
    """A script of which no request and no argument can be left out; `fails` says whether one still
    shows the difference."""
    while True:
        smaller = next((s for s in _candidates(script) if fails(s)), None)
        if smaller is None:
            return script
        script = smaller


def _candidates(script: Script) -> Iterator[Script]:
    """Smaller scripts, the much smaller ones first."""
    size = len(script) // 2
    while size >= 1:
        for start in range(len(script) - size, -1, -size):
            yield script[:start] + script[start + size:]
        size //= 2
    for index, request in enumerate(script):
        if isinstance(request, dict):
            for smaller in _simpler(request):
                yield script[:index] + [smaller] + script[index + 1:]


def _simpler(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The request without one of its members, members of members, or items."""
    for path in _paths(request, ()):
        if path == ("op",):
            continue
        smaller = copy.deepcopy(request)
        holder: Any = smaller
        for step in path[:-1]:
            holder = holder[step]
        del holder[path[-1]]
        yield smaller


def _paths(value: object, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _paths(member, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _paths(item, (*path, index))
