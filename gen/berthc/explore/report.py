"""All searches of one manager: what they found, and what they can claim."""
from __future__ import annotations

import time
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import NamedTuple

from berthc.collector import without_collector
from berthc.diag import Diagnostic, Note, Severity
from berthc.explore.bounds import Bounds
from berthc.explore.callers.inputs import Valuation, combined, valuations
from berthc.explore.findings.advice import advice
from berthc.explore.findings.fault import Fault
from berthc.explore.findings.judge import IDS
from berthc.explore.meaning import Seen
from berthc.explore.progress import Progress
from berthc.explore.script import Json, Line, Scripts
from berthc.explore.search import Found, Search
from berthc.explore.states.backend import effects
from berthc.model import Accept, Loc, Manager, Row


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
    by_spin: bool = False
    hashed: bool = False  # by Spin, where memory ran out: states were kept as bits of a hash only
    # every combination of fields, options and absent hooks was tried that makes a difference
    combined: bool = True
    # what was in the backend in each state, one for each search; nothing by Spin
    seen: tuple[Seen, ...] = ()
    unplayed: Unplayed = Unplayed()  # by the built-in search
    unshown: tuple[str, ...] = ()  # by Spin: verdicts that cannot be shown, one sentence each
    interrupted: tuple[int, int] | None = None  # by the user, at this setting of so many
    out_of_memory: bool = False  # the built-in search stopped at the bound on memory

    @property
    def states(self) -> int:
        return sum(s.states for s in self.searched)

    @property
    def transitions(self) -> int:
        return sum(s.transitions for s in self.searched)

    @property
    def refused(self) -> bool:
        return any(f.accept is None for f in self.findings)


def explore(manager: Manager, bounds: Bounds, progress: Progress | None = None) -> Report:
    """Explores a manager. The spec must have passed the static rules, findings of the tables aside.

    Ctrl-C ends the search, not the report.
    """
    with without_collector():
        return _explore(manager, bounds, Progress() if progress is None else progress)


def _explore(manager: Manager, bounds: Bounds, progress: Progress) -> Report:
    begin = time.perf_counter()
    searches, interrupted = _searches(manager, bounds, progress)
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
        findings += [Finding(fault, accepted(manager, fault), ())
                     for fault in _unreachable(manager, searches)]
        findings += [Finding(fault, accepted(manager, fault), ())
                     for fault in _unasked(manager, searches)]
    findings.sort(key=lambda f: (f.fault.loc.line, f.fault.loc.column, IDS.index(f.fault.id)))
    used = {id(f.accept) for f in findings}
    unused = tuple(a for a in manager.accept if complete and a.finding in IDS and id(a) not in used)
    seen = tuple(Searched(s.valuation, s.root, len(s.nodes), s.transitions) for s in searches)
    return Report(manager, bounds, tuple(findings), unused, seen, complete,
                  time.perf_counter() - begin, combined=every, seen=tuple(s.seen for s in searches),
                  unplayed=_unplayed(manager, searches),
                  interrupted=(progress.setting, progress.settings) if interrupted else None,
                  out_of_memory=any(s.out_of_memory for s in searches))


def finding(manager: Manager, one: Found, scripts: Scripts) -> Finding:
    """What was found, with the entry that accepts it and its script."""
    fault, slots = one.fault, one.valuation.slots
    if slots is not None:
        fault = fault._replace(message=f"{fault.message} (shown with {slots} "
                                       f"slot{'s' if slots != 1 else ''} in each pool)")
    return Finding(fault, accepted(manager, fault), tuple(scripts.lines(one)), slots)


def accepted(manager: Manager, fault: Fault) -> Accept | None:
    """The entry of the spec that accepts a fault."""
    for accept in manager.accept:
        if (accept.finding == fault.id
            and (not accept.where or fault.where == accept.where
                 or fault.where.startswith(accept.where + "."))):
            return accept
    return None


def _searches(manager: Manager, bounds: Bounds, progress: Progress) -> tuple[list[Search], bool]:
    """One per valuation and root resource, and whether the user interrupted them. A hook that one
    search never called makes no difference to that search when it is absent."""
    done: list[Search] = []
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
            if search.out_of_memory:  # the others would have no more
                break
    except KeyboardInterrupt:
        return done, True
    finally:
        progress.end()
    return done, False


def _same(old: Search, valuation: Valuation, root: str) -> bool:
    """Was this search made already, but for absent hooks that it never came to?"""
    others = replace(old.valuation, without=valuation.without)
    if (old.root != root or others != valuation
        or not set(old.valuation.without) <= set(valuation.without)):
        return False
    return not old.called & set(valuation.without)


def _unreachable(manager: Manager, searches: list[Search]) -> Iterator[Fault]:
    """Rows and outcomes that no search took; what only drain takes is tried last."""
    declared = _declared(manager)
    taken = {one for search in searches for one in search.taken}
    for search in searches:
        if declared.keys() <= taken:
            break
        search.drains(lambda: not declared.keys() <= taken | search.taken)
        taken |= search.taken
    yield from unreachable(manager, taken)


def _unasked(manager: Manager, searches: list[Search]) -> Iterator[Fault]:
    """Operations that no caller who keeps the contract ever comes to ask for: nothing is known of
    them."""
    asked = {name for search in searches for name in search.asked}
    for op in manager.operations:
        if op.name not in asked:
            yield Fault("unreachable", op.target, op.loc,
                        f"no caller ever comes to ask for {op.name}, so nothing is known of it")


def _unplayed(manager: Manager, searches: list[Search]) -> Unplayed:
    asked = {name for search in searches for name in search.asked}
    taken = {one for search in searches for one in search.taken}
    rows = [(f"{resource.name}.{state.name}.{row.event}", row) for resource in manager.resources
            for state in resource.states for row in state.rows]
    return Unplayed(
        tuple(op.name for op in manager.operations if op.name not in asked),
        tuple(f"{place} ({'rejects' if outcome == 'rejected' else outcome})" for place, row in rows
              for outcome in (outcomes(row) or ("rejected",)) if (id(row), outcome) not in taken
              and not (outcome == "uncertain" and _as_failed(row) and (id(row), "fail") in taken)))


Outcomes = AbstractSet[tuple[int, str]]
"""Outcomes of rows, which are known by their identity."""


def _declared(manager: Manager) -> dict[tuple[int, str], tuple[str, Row]]:
    return {(id(row), outcome): (resource.name, row) for resource in manager.resources
            for state in resource.states for row in state.rows for outcome in outcomes(row)}


def missing(manager: Manager, taken: Outcomes) -> bool:
    """Is there anything that was not taken?"""
    return not _declared(manager).keys() <= taken


def unreachable(manager: Manager, taken: Outcomes) -> Iterator[Fault]:
    """Rows and outcomes that were not taken. Rows that reject are left alone: they keep the table
    total, and that nobody runs into them is no fault."""
    for (row_id, outcome), (resource, row) in _declared(manager).items():
        if ((row_id, outcome) in taken
            or (outcome == "uncertain" and _as_failed(row) and (row_id, "fail") in taken)):
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
    return (row.fail is not None and row.uncertain is not None
            and (row.fail.state, row.fail.raise_event) == (row.uncertain.state,
                                                           row.uncertain.raise_event))


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


# As messages


def diagnostics(report: Report) -> list[Diagnostic]:
    """The findings in the form of all other messages; the scripts are shown beside them."""
    out = []
    for finding in report.findings:
        severity, help_ = Severity.ERROR, advice(report.manager, finding.fault)
        if finding.accept is not None:
            severity, help_ = Severity.NOTE, f"accepted in line {finding.accept.loc.line}: {finding.accept.why}"
        out.append(Diagnostic(finding.fault.id, finding.fault.loc, finding.fault.message, help_,
                              severity, finding.fault.where, uncertain_rows(finding)))
    out += [Diagnostic("unused", a.loc, f"nothing that is accepted here was found: {a.finding}",
                       "take the entry away", Severity.WARNING) for a in report.unused]
    return out


def uncertain_rows(finding: Finding) -> tuple[Note, ...]:
    """The rows of a script whose call stayed uncertain, and which do not say what follows then."""
    rows = [(call, taken.row) for line in finding.script if line.change is not None
            for call, taken in zip(line.change.called,
                                   [t for t in line.change.result.rows if t.row is not None
                                    and t.row.call], strict=False) if taken.row is not None
            and taken.row.call == call.hook and call.ending.outcome.kind == "uncertain"]
    return tuple(dict.fromkeys(Note(row.loc,
                                    f"this row says nothing of uncertain, so {call.hook} is taken "
                                    f"to have failed when nobody knows") for call, row in rows
                               if not row.uncertain_given))


def beneath(report: Report) -> dict[int, list[int]]:
    """Which findings have one cause: those of one row, and those of the rows of a state that means
    two things. By number, the first with the others, which are told beneath it. What is accepted
    stands by itself."""
    reported = [n for n, one in enumerate(report.findings) if one.accept is None]
    reported.sort(key=lambda n: (IDS.index(report.findings[n].fault.id)
                                 if report.findings[n].fault.id != "ambiguous" else -1, n))
    found: dict[int, list[int]] = {}
    positions: dict[tuple[str, Loc], int] = {}  # of those in `found`
    ambiguous: dict[str, int] = {}  # likewise, by their state
    for n in reported:
        fault = report.findings[n].fault
        cause = ambiguous.get(fault.where.rpartition(".")[0]) if fault.id in BY_AMBIGUITY else None
        cause = positions.get((fault.where, fault.loc)) if cause is None else cause
        if cause is not None:
            found[cause].append(n)
            continue
        found[n] = []
        positions[fault.where, fault.loc] = n
        if fault.id == "ambiguous":
            ambiguous[fault.where] = n
    return found


BY_AMBIGUITY = ("leak", "interference", "double", "missing-effect")
"""What follows where a row takes a state for the other thing that it means."""


def followed(report: Report) -> str:
    """Which effects the search kept account of, where it did not of all: that of a hook counts when
    another hook undoes it."""
    of = effects(report.manager)
    own = [name for name, one in of.items() if one.own]
    none = [name for name, one in of.items() if not (one.own or one.undoes or one.asks)]
    if not none:
        return ""
    return f"effects followed: {', '.join(own) or 'none'}; not followed, nothing undoes them: {', '.join(none)}"


def not_played(report: Report) -> str:
    """What nobody came to, so that nothing is claimed of it."""
    reported = [*(f"operation {name}" for name in report.unplayed.operations),
                *report.unplayed.rows]
    return f"never played: {', '.join(reported)}" if reported else ""


def claim(report: Report) -> str:
    """What was looked at, in one sentence; never more than is true."""
    b = report.bounds
    failures = ("any number of failures" if b.failures is None
                else f"up to {b.failures} failure{'s' if b.failures != 1 else ''}")
    settings = len({s.valuation for s in report.searched if s.states})
    of = ("options, hooks and pools" if any(s.valuation.slots is not None for s in report.searched)
          else "options and hooks")
    what = (f"{b.callers} caller{'s' if b.callers != 1 else ''}, {b.keys} "
            f"key{'s' if b.keys != 1 else ''} per level, {failures}, "
            f"{settings} setting{'s' if settings != 1 else ''} of {of}")
    counted = ", ".join(f"{n} {word}{'s' if n != 1 else ''}"
                        for n, word in ((report.states, "state"),
                                        (report.transitions, "transition")))
    if not report.combined:
        counted += ", but not all combinations of fields, options and absent hooks"
    if report.interrupted is not None:
        setting, of_all = report.interrupted
        return f"interrupted ({what}): after {counted}, setting {setting} of {of_all}; nothing is proved"
    if report.by_spin:
        counted += " in all roots, callers and keys told apart"
        if report.hashed:
            return (f"explored by Spin in part ({what}): {counted}; memory ran out, so states "
                    f"were only hashed and some passed over: nothing is proved")
        if not report.combined:
            return f"explored by Spin in part ({what}): {counted}"
        if not report.complete:
            return f"explored by Spin in part ({what}): {counted}, then depth or memory ran out"
        return f"explored by Spin ({what}): {counted}"
    if not report.combined:
        return f"explored in part ({what}): {counted}"
    if not report.complete:
        bound = f"memory ({b.memory} MB)" if report.out_of_memory else "states"
        return f"explored in part ({what}): {counted}, then the bound on {bound} was reached"
    return f"explored ({what}): {counted}"
