"""All searches of one manager in C, on as many processors as there are."""
from __future__ import annotations

import os
from collections.abc import Callable, Set as AbstractSet
from dataclasses import replace
from pathlib import Path

from berthc.explore.bounds import Bounds
from berthc.explore.callers.inputs import Valuation
from berthc.explore.engine.run import OUTCOMES, Running, Searched
from berthc.explore.progress import Progress
from berthc.model import Manager, Row

Same = Callable[[Searched, Valuation, str], bool]
"""Was a search with this valuation and root made already?"""


def searches(manager: Manager, program: Path, every: list[tuple[Valuation, str]], same: Same,
             bounds: Bounds, progress: Progress, done: list[Searched]) -> None:
    """Adds the searches to `done` in the order of `every`, but those that others make unnecessary.
    The bound on states is that of all together. When the user interrupts, the last one is in part.
    Raises Beyond, NoCompiler, BrokenRuntime and KeyboardInterrupt."""
    at_once = min(len(os.sched_getaffinity(0)), max(len(every), 1))
    each = replace(bounds,
                   memory=None if bounds.memory is None else max(1, bounds.memory // at_once))
    running: list[tuple[int, Running]] = []
    left = bounds.states
    waiting = list(enumerate(every, 1))
    try:
        while running or waiting:
            while waiting and len(running) < at_once:
                number, (valuation, root) = waiting.pop(0)
                if not any(same(old, valuation, root) for old in done):
                    running.append((number, Running(program, manager, root, valuation, each)))
            if not running:
                break
            number, search = running[0]
            progress.next(number, len(every))
            result = search.result(progress)
            running.pop(0)
            if any(same(old, result.valuation, result.root) for old in done):
                continue  # it began before the one that makes it unnecessary had ended
            if result.states > left:  # what came before has used up the others
                again = Running(program, manager, result.root, result.valuation,
                                replace(each, states=max(left, 0)))
                result = again.result(progress)
            left -= result.states
            done.append(result)
            if result.out_of_memory or result.stopped:  # the others would have no more
                break
    except KeyboardInterrupt:
        done += [search.end() for _, search in running[:1]]
        raise
    finally:
        for _, search in running:
            search.end()
        progress.end()


def drained(manager: Manager, program: Path, search: Searched, bounds: Bounds,
            missing: AbstractSet[tuple[int, str]]) -> None:
    """Drains in every state of a search, as long as rows are missing: they join its `taken`, and
    those behind a drain its `behind`. It is in part where memory ends before that."""
    numbers: dict[int, int] = {id(row): n for n, row in enumerate(_rows(manager), 1)}
    wanted = [(numbers[row], OUTCOMES.index(outcome)) for row, outcome in sorted(
        missing, key=lambda one: (numbers[one[0]], one[1]))]
    running = Running(program, manager, search.root, search.valuation,
                      replace(bounds, in_flight=0), wanted=wanted)
    try:
        result = running.result()
        search.complete = result.complete
    finally:
        running.end()
    search.out_of_memory, search.stopped = result.out_of_memory, result.stopped
    search.taken |= result.taken
    search.behind |= result.behind


def _rows(manager: Manager) -> list[Row]:
    return [row for r in manager.resources for s in r.states for row in s.rows]


__all__ = ["drained", "searches"]
