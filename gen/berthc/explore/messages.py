"""What a report says: messages of findings, and what the searches can claim."""
from __future__ import annotations

from collections.abc import Hashable, Iterator, Set
from typing import NamedTuple

from berthc.diag import Diagnostic, Note, Severity
from berthc.explore.bounds import KILLED, LADDER, Bounds
from berthc.explore.cause import causes, failed_itself, silent
from berthc.explore.findings.advice import advice
from berthc.explore.findings.judge import IDS
from berthc.explore.report import Finding, Report
from berthc.explore.states.backend import effects
from berthc.model import Loc, Manager


def diagnostics(report: Report) -> list[Diagnostic]:
    """The findings in the form of all other messages; the scripts are shown beside them."""
    out = []
    for finding in report.findings:
        severity, help_, why = Severity.ERROR, _help(report.manager, finding), ""
        if finding.accept is not None:
            severity, why = Severity.NOTE, finding.accept.why
            help_ = f"accepted in line {finding.accept.loc.line}: {why}"
        out.append(Diagnostic(finding.fault.id, place(finding), finding.fault.message, help_,
                              severity, finding.fault.where, notes(report, finding), why))
    out += [Diagnostic("unused", a.loc, f"nothing that is accepted here was found: {a.finding}",
                       "take the entry away", Severity.WARNING) for a in report.unused]
    return out


def _help(manager: Manager, finding: Finding) -> str:
    failed = failed_itself(finding.fault, finding.script)
    led = causes(manager, finding.fault, finding.script)
    return advice(manager, finding.fault, "" if failed is None else failed.outcome,
                  any(cause.uncertain for cause in led))


def place(finding: Finding) -> Loc:
    """Where the mistake is: at the outcome of the row, if an instance ends there for which the call
    did not end ok."""
    failed = failed_itself(finding.fault, finding.script)
    return (failed.target.loc if finding.fault.id in ("leak", "dangling") and failed is not None
            else finding.fault.loc)


class Reported(NamedTuple):
    """One cause: a message, the finding that it is about, if any, and the messages of the other
    findings that have the same cause."""

    diagnostic: Diagnostic
    finding: Finding | None
    also: tuple[Diagnostic, ...]


def reported(report: Report) -> list[Reported]:
    """What a report says, each cause once."""
    own, under = diagnostics(report), beneath(report)
    hidden = {n for others in under.values() for n in others}
    return [Reported(d, report.findings[n] if n < len(report.findings) else None,
                     tuple(own[other] for other in under.get(n, ())))
            for n, d in enumerate(own) if n not in hidden]


def notes(report: Report, finding: Finding) -> tuple[Note, ...]:
    """The rows that led to a finding, and those of its script that do not say what follows if
    their call stays uncertain."""
    led = [cause.note for cause in causes(report.manager, finding.fault, finding.script)]
    known = {note.loc for note in led}
    return (*led, *(note for note in _unsaid(finding) if note.loc not in known))


def _unsaid(finding: Finding) -> tuple[Note, ...]:
    rows = [row for line in finding.script if line.change is not None
            for row in silent(line.change)]
    return tuple(dict.fromkeys(
        Note(row.loc, f"this row says nothing of uncertain, so {row.call} is taken to have failed "
                      "when nobody knows") for row in rows))


def beneath(report: Report) -> dict[int, list[int]]:
    """Which findings have one cause, by number: the first with the others, told beneath it.

    They are those of one row; those to which one row led whose call did not end ok; those of one id
    to which one row led; and those of the rows of a state that means two things. Accepted ones are
    together if one entry accepts them."""
    ids = [one.fault.id for one in report.findings]
    states = {one.fault.where for one in report.findings
              if one.accept is None and one.fault.id == "ambiguous"}
    order = sorted(range(len(ids)),
                   key=lambda n: (IDS.index(ids[n]) if ids[n] != "ambiguous" else -1, n))
    found: dict[int, list[int]] = {}
    first: dict[Hashable, int] = {}  # the numbers of those in `found`, by what causes them
    for n in order:
        keys = list(_causes_of(report, report.findings[n], states))
        cause = next((first[key] for key in keys if key in first), None)
        if cause is None:
            found[n] = []
        else:
            found[cause].append(n)
        for key in keys:
            first.setdefault(key, n if cause is None else cause)
    return found


def _causes_of(report: Report, finding: Finding, ambiguous: Set[str]) -> Iterator[Hashable]:
    """What a finding may have in common with others of the same cause; `ambiguous` are states."""
    fault, accept = finding.fault, finding.accept
    if accept is not None:
        yield "accepted", id(accept), fault.id
        return
    state = fault.where if fault.id == "ambiguous" else fault.where.rpartition(".")[0]
    if state in ambiguous and fault.id in ("ambiguous", *BY_AMBIGUITY):
        yield "ambiguous", state
    led = causes(report.manager, fault, finding.script)
    failed = failed_itself(fault, finding.script)
    # calls that did not end ok: findings of one row with different ones have different causes
    blamed = frozenset(one.loc for one in led if one.failed) or (
        frozenset() if failed is None else frozenset({failed.target.loc}))
    yield fault.where, fault.loc, blamed
    if fault.id == "effects":  # what the state says is wrong, whichever row leads there
        yield fault.id, fault.message
    for one in led:
        yield one.loc, "" if one.failed else fault.id


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
    return (
        f"effects followed: {', '.join(own) or 'none'}; not followed, nothing undoes them:"
        f" {', '.join(none)}"
    )


def not_played(report: Report) -> str:
    """What nobody came to, so that nothing is claimed of it."""
    if report.stopped == KILLED:
        return ""  # the search could not tell
    reported = [*(f"operation {name}" for name in report.unplayed.operations),
                *report.unplayed.rows]
    return f"never played: {', '.join(reported)}" if reported else ""


def claim(report: Report) -> str:
    """What was looked at, in one sentence; never more than is true."""
    b = report.bounds
    dying = ", the process dying at any moment" if report.manager.store is not None else ""
    within = f"{_failures(b)}{dying}, {_settings(report)}"
    what = f"{_number(b.callers, 'caller')}, {_number(b.keys, 'key')} per level, {within}"
    counted = f"{_number(report.states, 'state')}, {_number(report.transitions, 'transition')}"
    if not report.combined:
        counted += ", but not all combinations of fields, options and absent hooks"
    if report.interrupted is not None:
        setting, of_all = report.interrupted
        return (
            f"interrupted ({what}): after {counted}, setting {setting} of {of_all}; nothing is"
            " proved"
        )
    if report.covered and report.covered[0].complete and report.combined:
        return f"explored {_whole(report)} ({within}): {counted}{_rest(report)}"
    if not report.combined:
        return f"explored in part ({what}): {counted}"
    if not report.complete and report.stopped:
        return f"explored in part ({what}): {counted}, then {report.stopped}"
    if not report.complete and not report.states and report.covered:
        return "explored nothing: the bound on time was reached first"
    if not report.complete:
        bound = (f"memory ({b.memory} MB)" if report.out_of_memory else
                 "time" if report.covered else "states")
        return f"explored in part ({what}): {counted}, then the bound on {bound} was reached"
    return (f"explored every order of calls of {_up_to(b.callers)} with "
            f"{_number(b.keys, 'key')} per level ({within}): {counted}")


def in_flight(report: Report) -> str:
    """What the search with operations in flight saw, where one was asked for."""
    seen = [one for one in report.flights if one is not None]
    if not report.flights or report.interrupted is not None:
        return ""
    at_once = f"with up to {report.bounds.in_flight} operations in flight"
    if len(seen) < len(report.flights):
        why = ("whole operations have findings, which come first" if report.refused else
               "the search of whole operations is in part")
        return f"not explored {at_once}: {why}"
    counted = (f"{_number(sum(one.states for one in seen), 'state')}, "
               f"{_number(sum(one.transitions for one in seen), 'transition')}")
    if not report.flights_complete:
        return (f"explored in part {at_once}: {counted}, then the bound on states or memory was "
                "reached")
    if not all(one.compared for one in seen):
        return (f"explored {at_once}: {counted}; not compared with whole operations, because a "
                "finding dangling is accepted")
    return (f"explored {at_once}: {counted}; the {sum(one.resting for one in seen)} states between "
            "operations are those of whole ones")


def _number(n: int, word: str) -> str:
    return f"{n} {word}{'s' if n != 1 else ''}"


def _up_to(callers: int) -> str:
    return f"up to {callers} callers" if callers > 1 else "1 caller"


def _failures(bounds: Bounds) -> str:
    return ("any number of failures" if bounds.failures is None
            else f"up to {_number(bounds.failures, 'failure')}")


def _settings(report: Report) -> str:
    of = ("options, hooks and pools" if any(s.valuation.slots is not None for s in report.searched)
          else "options and hooks")
    return f"{_number(len({s.valuation for s in report.searched if s.states}), 'setting')} of {of}"


def _whole(report: Report) -> str:
    """What a budget of time was enough for."""
    most: dict[int, int] = {}  # callers, by keys
    for one in report.covered:
        if one.complete:
            most[one.keys] = max(most.get(one.keys, 0), one.callers)
    return "every order of calls of " + " and of ".join(
        f"{_up_to(callers)} with {_number(keys, 'key')} per level"
        for keys, callers in sorted(most.items())
        if not any(more > keys and most[more] >= callers for more in most))


def _rest(report: Report) -> str:
    """What it was not enough for, or that there is no more to search."""
    last = report.covered[-1]
    if last.complete:
        return ("; --budget searches no further" if (last.callers, last.keys) == LADDER[-1]
                else "")
    return (
        f"; and in part, until time or memory ran out, of {last.callers} callers with "
        f"{_number(last.keys, 'key')} per level: {_number(last.states, 'state')}")
