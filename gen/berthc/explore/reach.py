"""How far the searches of one manager go: the bounds where none are given, and a budget of time."""
from __future__ import annotations

import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import FrameType

from berthc.explore.bounds import LADDER, Bounds
from berthc.explore.engine.plan import Beyond
from berthc.explore.progress import Progress
from berthc.explore.report import Covered, Report, explore
from berthc.model import Manager

MORE_CALLERS = 4
FEW_CALLERS = 2
SMALL = 100_000
"""Transitions with FEW_CALLERS. Where there are no more, MORE_CALLERS need a few seconds. They are
counted and not timed, so that a spec has the same bounds everywhere."""

NO_BOUND = 999_999_999  # the most that --states takes


class OutOfTime(KeyboardInterrupt):
    """The budget has ended. It ends a search as the user does, so what was found is reported."""


def explore_by_default(manager: Manager, bounds: Bounds, progress: Progress,
                       program: Path) -> Report:
    """With more callers than the bounds say, where few callers predict a small search."""
    few = explore(manager, replace(bounds, callers=FEW_CALLERS), progress, program)
    if few.interrupted is not None:
        return few
    if few.complete and few.transitions <= SMALL:
        with suppress(Beyond):
            more = explore(manager, replace(bounds, callers=MORE_CALLERS), progress, program)
            if more.complete or more.interrupted is not None or more.refused:
                return more
    return explore(manager, bounds, progress, program)


def explore_within(manager: Manager, end: float, bounds: Bounds, progress: Progress,
                   make: Callable[[], Path] | None = None) -> Report:
    """One search after the other, with more callers and keys each time, until time or memory end,
    or one finds something. The report is that of the last search that saw everything, or of the
    one that found something. `make` compiles the search in C, for which the time counts, too;
    None: the search in Python. `end` is of time.monotonic(). Raises as explore() and `make` do."""
    whole: Report | None = None
    covered: list[Covered] = []
    program = None if make is None else cache(make)

    def search() -> Report:
        return explore(manager, tried, progress, None if program is None else program())

    for callers, keys in LADDER:
        tried = replace(bounds, callers=callers, keys=keys, states=NO_BOUND)
        try:
            report, in_time = _until(end, search)
        except Beyond:
            if whole is None:
                raise
            break
        if report is not None and report.interrupted is not None and in_time:
            return report  # by the user
        # None: the time was over before there was a report
        report = replace(report or Report.of_nothing(manager, tried), interrupted=None)
        covered.append(Covered(callers, keys, report.complete, report.states, report.transitions))
        if report.complete or whole is None or report.refused:
            whole = report
        if report.refused or not report.complete:
            break
    assert whole is not None
    return replace(whole, covered=tuple(covered), complete=whole.complete or covered[0].complete)


def _until(end: float, search: Callable[[], Report]) -> tuple[Report | None, bool]:
    """What the search says (None: it had no time), and whether it ended in time."""
    in_time = True

    def ring(_signal: int, _frame: FrameType | None) -> None:
        nonlocal in_time
        in_time = False
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, max(end - time.monotonic(), 0.001))
    try:
        report = search()
        return report, in_time
    except OutOfTime:
        return None, False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
