"""All searches of one manager: what they found, and what they can claim."""
from __future__ import annotations

import time
from collections.abc import Iterator, Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from berthc.collector import without_collector
from berthc.explore.bounds import Bounds
from berthc.explore.callers.inputs import Valuation, combined, valuations
from berthc.explore.engine import run as engine_run, searches as engine
from berthc.explore.findings.fault import Fault
from berthc.explore.findings.judge import IDS
from berthc.explore.meaning import Seen
from berthc.explore.progress import Progress
from berthc.explore.script import Json, Line, Scripts
from berthc.explore.search import Found, Search
from berthc.model import Accept, Manager, Row, State

FOR_PAGES = Bounds(callers=2, keys=1, states=5_000)


@dataclass(frozen=True)
class Finding:
    """One finding, once for each row to blame, with the shortest script that shows it."""

    fault: Fault
    accept: Accept | None
    script: tuple[Line, ...]
    # the script is for a manager with so many slots in each pool; None: for the one of the spec
    slots: int | None = None

    @property
    def requests(self) -> list[Json]:
        return [line.request for line in self.script]


@dataclass(frozen=True)
class Searched:
    """How much one search saw."""

    valuation: Valuation
    root: str
    states: int
    transitions: int


class Covered(NamedTuple):
    """How far a search within a budget of time came."""

    callers: int
    keys: int
    complete: bool
    states: int
    transitions: int


class Unplayed(NamedTuple):
    """What no search played: operations that were never asked for, and rows and outcomes that never
    came, as `resource.state.event` with the outcome."""

    operations: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """`complete`: within the bounds on callers, keys and failures everything was seen, except what
    lies behind a finding; not where it was not `combined`."""

    manager: Manager
    bounds: Bounds
    findings: tuple[Finding, ...]
    unused: tuple[Accept, ...]
    searched: tuple[Searched, ...]
    complete: bool
    seconds: float
    # every combination of fields, options and absent hooks was tried that makes a difference
    combined: bool = True
    # what was in the backend in each state, one for each search
    seen: tuple[Seen, ...] = ()
    unplayed: Unplayed = Unplayed()
    interrupted: tuple[int, int] | None = None  # by the user, at this setting of so many
    covered: tuple[Covered, ...] = ()  # with a budget of time: every search, the last one too
    out_of_memory: bool = False  # the search stopped at the bound on memory
    stopped: str = ""  # why a search ended by itself
    cut: bool = False  # something was left out behind a finding
    # with operations in flight, where that was asked for; None: there was no such search
    flights: tuple[engine_run.Flights | None, ...] = ()

    @staticmethod
    def of_nothing(manager: Manager, bounds: Bounds) -> Report:
        """Of a search that had no time."""
        return Report(manager, bounds, (), (), (), False, 0.0)

    @property
    def states(self) -> int:
        return sum(s.states for s in self.searched)

    @property
    def transitions(self) -> int:
        return sum(s.transitions for s in self.searched)

    @property
    def whole(self) -> bool:
        """Within the bounds everything was seen, also what lies behind findings."""
        return self.complete and not self.cut

    @property
    def flights_complete(self) -> bool:
        """Was everything seen that was to be seen with operations in flight?"""
        return all(one is not None and one.complete for one in self.flights)

    @property
    def refused(self) -> bool:
        return any(f.accept is None for f in self.findings)


def explore(manager: Manager, bounds: Bounds, progress: Progress | None = None,
            program: Path | None = None) -> Report:
    """Explores a manager. The spec must have passed the static rules, findings of the tables aside.

    `program`: the search in C, made for this manager (`engine.build`); None: the one in Python.
    Ctrl-C ends the search, not the report. Raises `engine.run.Beyond`, `BrokenRuntime`
    and `engine.build.NoCompiler`.
    """
    with without_collector():
        return _explore(manager, bounds, Progress() if progress is None else progress, program)


def _explore(manager: Manager, bounds: Bounds, progress: Progress, program: Path | None) -> Report:
    begin = time.perf_counter()
    searches, interrupted = (_searches(manager, bounds, progress) if program is None
                             else _searches_in_c(manager, bounds, progress, program))
    found: dict[tuple[str, str, int, int], Found] = {}
    for one in (f for search in searches for f in search.found):
        key = (one.fault.id, one.fault.where, one.fault.loc.line, one.fault.loc.column)
        if key not in found or len(one.requests) < len(found[key].requests):
            found[key] = one
    scripts = Scripts(manager, bounds)
    findings = [finding(manager, one, scripts) for one in found.values()]
    every = combined(manager, bounds.keys)
    complete = every and not interrupted and all(s.complete for s in searches)
    if complete and bounds.callers > 1 and not any(s.cut or s.limited for s in searches):
        try:
            never = [Finding(fault, accepted(manager, fault), ()) for fault in (
                *_unreachable(manager, searches, bounds, program), *_unasked(manager, searches))]
            complete = all(s.complete for s in searches)  # drains may need more memory
            findings += never if complete else []
        except KeyboardInterrupt:
            complete, interrupted = False, True
    findings.sort(key=lambda f: (f.fault.loc.line, f.fault.loc.column, IDS.index(f.fault.id)))
    used = {id(f.accept) for f in findings}
    unused = tuple(a for a in manager.accept if complete and a.finding in IDS and id(a) not in used)
    seen = tuple(Searched(s.valuation, s.root, s.states, s.transitions) for s in searches)
    return Report(manager, bounds, tuple(findings), unused, seen, complete,
                  time.perf_counter() - begin, combined=every, seen=tuple(s.seen for s in searches),
                  unplayed=_unplayed(manager, searches, findings),
                  interrupted=(progress.setting, progress.settings) if interrupted else None,
                  out_of_memory=any(s.out_of_memory for s in searches),
                  stopped=next((s.stopped for s in searches if s.stopped), ""),
                  cut=any(s.cut for s in searches),
                  flights=tuple(s.flights for s in searches if isinstance(s, engine_run.Searched))
                  if bounds.in_flight > 0 else ())


def finding(manager: Manager, one: Found, scripts: Scripts) -> Finding:
    """What was found, with the entry that accepts it and its script."""
    fault, slots = one.fault, one.valuation.slots
    if slots is not None:
        fault = fault._replace(
            message=f"{fault.message} (shown with {slots} "
            f"slot{'s' if slots != 1 else ''} in each pool)"
        )
    return Finding(fault, accepted(manager, fault), tuple(scripts.lines(one)), slots)


def accepted(manager: Manager, fault: Fault) -> Accept | None:
    """The entry of the spec that accepts a fault."""
    for accept in manager.accept:
        if (accept.finding == fault.id
            and (not accept.where or fault.where == accept.where
                 or fault.where.startswith(accept.where + "."))):
            return accept
    return None


One = Search | engine_run.Searched
"""One search, by either engine."""


def _searches(manager: Manager, bounds: Bounds, progress: Progress) -> tuple[list[One], bool]:
    """One per valuation and root resource, and whether the user interrupted them. A hook that one
    search never called makes no difference to that search when it is absent."""
    done: list[One] = []
    left = bounds.states
    roots = [r.name for r in manager.resources if r.parent is None]
    every = [(valuation, root) for valuation in valuations(manager, bounds.keys) for root in roots]
    try:
        for n, (valuation, root) in enumerate(every, 1):
            if any(_same(old, valuation, root) for old in done):
                continue
            search = Search(manager, root, valuation, replace(bounds, states=max(left, 0)),
                            lambda fault: accepted(manager, fault) is not None)
            search.watch = progress
            progress.next(n, len(every))
            done.append(search)
            search.run()
            left -= len(search.nodes)
            if search.out_of_memory or search.stopped:  # the others would have no more
                break
    except KeyboardInterrupt:
        return done, True
    finally:
        progress.end()
    return done, False


def _searches_in_c(manager: Manager, bounds: Bounds, progress: Progress,
                   program: Path) -> tuple[list[One], bool]:
    roots = [r.name for r in manager.resources if r.parent is None]
    every = [(valuation, root) for valuation in valuations(manager, bounds.keys) for root in roots]
    done: list[engine_run.Searched] = []
    try:
        engine.searches(manager, program, every, _same, bounds, progress, done)
    except KeyboardInterrupt:
        return list(done), True
    return list(done), False


def _same(old: One, valuation: Valuation, root: str) -> bool:
    """Was this search made already, but for absent hooks that it never came to?"""
    others = replace(old.valuation, without=valuation.without)
    if (old.root != root or others != valuation
        or not set(old.valuation.without) <= set(valuation.without)):
        return False
    return not old.called & set(valuation.without)


def _unreachable(manager: Manager, searches: list[One], bounds: Bounds,
                 program: Path | None) -> Iterator[Fault]:
    """Rows and outcomes that no search took; what only drain takes is tried last."""
    taken = {one for search in searches for one in search.taken}
    for search in searches:
        left = _missing(manager, taken)
        if not left:
            break
        if isinstance(search, Search):
            search.drains(
                lambda: bool(_missing(manager, taken | search.taken | search.behind)))
        elif program is not None:
            engine.drained(manager, program, search, bounds, left)
        taken |= search.taken | search.behind
    yield from unreachable(manager, taken)


def _unasked(manager: Manager, searches: list[One]) -> Iterator[Fault]:
    """Operations that no caller who keeps the contract ever comes to ask for: nothing is known of
    them."""
    asked = {name for search in searches for name in search.asked}
    for op in manager.operations:
        if op.name not in asked:
            yield Fault("unreachable", op.target, op.loc,
                        f"no caller ever comes to ask for {op.name}, so nothing is known of it")


def _unplayed(manager: Manager, searches: list[One], findings: list[Finding]) -> Unplayed:
    """Nothing is said where a search was ended before it told what it had played."""
    if any(isinstance(search, engine_run.Searched) and search.ended for search in searches):
        return Unplayed()
    asked = {name for search in searches for name in search.asked}
    taken = {one for search in searches for one in search.taken}
    taken |= {(id(one.row), one.outcome) for finding in findings for line in finding.script
              if line.change is not None for one in line.change.result.rows}
    rows = [(f"{resource.name}.{state.name}.{row.event}", row) for resource in manager.resources
            for state in resource.states for row in state.rows]
    return Unplayed(
        tuple(op.name for op in manager.operations if op.name not in asked),
        tuple(f"{place} ({'rejects' if outcome == 'rejected' else outcome})" for place, row in rows
              for outcome in (outcomes(row) or ("rejected",))
              if not _is_taken(row, outcome, taken)))


Outcomes = AbstractSet[tuple[int, str]]
"""Outcomes of rows, which are known by their identity."""


def _declared(manager: Manager) -> dict[tuple[int, str], tuple[str, Row]]:
    return {(id(row), outcome): (resource.name, row) for resource in manager.resources
            for state in resource.states for row in state.rows for outcome in outcomes(row)}


def _missing(manager: Manager, taken: Outcomes) -> set[tuple[int, str]]:
    """What was not taken, but for outcomes that the searches do not try by themselves."""
    return {(row_id, outcome) for (row_id, outcome), (_, row) in _declared(manager).items()
            if not _is_taken(row, outcome, taken)}


def _is_taken(row: Row, outcome: str, taken: Outcomes) -> bool:
    return ((id(row), outcome) in taken
            or (outcome == "uncertain" and _as_failed(row) and (id(row), "fail") in taken))


def unreachable(manager: Manager, taken: Outcomes) -> Iterator[Fault]:
    """States that were never entered, and elsewhere rows and outcomes that were not taken. Rows
    that reject are left alone: they keep the table total, and that nobody runs into them is no
    fault."""
    absent = _never_entered(manager, taken)
    behind = {(resource, target.state) for (resource, name), state in absent.items()
              for row in state.rows for _, target in row.targets() if target.state != name}
    for (resource, name), state in absent.items():
        if (resource, name) not in behind or behind.issuperset(absent):
            yield Fault("unreachable", f"{resource}.{name}", state.loc,
                        f"nothing that callers or drain do ever leads to {name}")
    for (row_id, outcome), (resource, row) in _declared(manager).items():
        if (resource, row.state) in absent or _is_taken(row, outcome, taken):
            continue
        first = row.targets()[0][0]
        what = ("this row" if outcome == first
                and not any((row_id, o) in taken for o in outcomes(row))
                else f"the outcome {outcome} of this row")
        loc = row.loc
        if outcome != first:
            if not any((row_id, o) in taken for o in outcomes(row)):
                continue  # the row is told of already
            loc = row.target(outcome).loc
        yield Fault("unreachable", f"{resource}.{row.state}.{row.event}", loc,
                    f"nothing that callers or drain do ever takes {what}")


def _never_entered(manager: Manager, taken: Outcomes) -> dict[tuple[str, str], State]:
    """States by resource and name."""
    entered = {(r.name, r.initial) for r in manager.resources}
    entered |= {(op.target, op.enter) for op in manager.operations if op.enter is not None}
    entered |= {(resource, row.target(outcome).state)
                for (_, outcome), (resource, row) in _declared(manager).items()
                if _is_taken(row, outcome, taken)}
    return {(r.name, s.name): s for r in manager.resources for s in r.states
            if (r.name, s.name) not in entered}


def outcomes(row: Row) -> tuple[str, ...]:
    """The outcomes that the spec gives a row; none to one that rejects."""
    if row.reject is not None:
        return ()
    if row.ask is not None:
        return ("yes", "no", "unknown")
    if row.call is None:
        return ("ok",)
    return ("ok", "fail", "uncertain") if row.uncertain_given else ("ok", "fail")


def _as_failed(row: Row) -> bool:
    """Does the row treat uncertain like failed? Then the searches do not try it by itself."""
    return (
        row.fail is not None
        and row.uncertain is not None
        and (row.fail.state, row.fail.raise_event)
        == (row.uncertain.state, row.uncertain.raise_event)
    )


class StateMeanings(NamedTuple):
    """What states mean, by all searches of a manager; `complete`: everything within the bounds was
    seen."""

    manager: Manager
    seen: tuple[Seen, ...]
    complete: bool


def meaning_of(manager: Manager) -> StateMeanings:
    """From a search that is quick and always gives the same; for pages about a manager."""
    with without_collector():
        searches, interrupted = _searches(manager, FOR_PAGES, Progress())
    if interrupted:
        raise KeyboardInterrupt  # a page that says less than it could is no page
    return StateMeanings(manager, tuple(search.seen for search in searches),
                         all(search.complete and not search.cut for search in searches))
