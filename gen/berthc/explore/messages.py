"""What a report says: messages of findings, and what the searches can claim."""
from __future__ import annotations

from berthc.diag import Diagnostic, Note, Severity
from berthc.explore.findings.advice import advice
from berthc.explore.findings.judge import IDS
from berthc.explore.report import Finding, Report
from berthc.explore.states.backend import effects
from berthc.model import Loc


def diagnostics(report: Report) -> list[Diagnostic]:
    """The findings in the form of all other messages; the scripts are shown beside them."""
    out = []
    for finding in report.findings:
        severity, help_, why = Severity.ERROR, advice(report.manager, finding.fault), ""
        if finding.accept is not None:
            severity, why = Severity.NOTE, finding.accept.why
            help_ = f"accepted in line {finding.accept.loc.line}: {why}"
        out.append(Diagnostic(finding.fault.id, finding.fault.loc, finding.fault.message, help_,
                              severity, finding.fault.where, uncertain_rows(finding), why))
    out += [Diagnostic("unused", a.loc, f"nothing that is accepted here was found: {a.finding}",
                       "take the entry away", Severity.WARNING) for a in report.unused]
    return out


def uncertain_rows(finding: Finding) -> tuple[Note, ...]:
    """The rows of a script whose call stayed uncertain, and which do not say what follows then."""
    rows = [
        (call, taken.row)
        for line in finding.script
        if line.change is not None
        for call, taken in zip(
            line.change.called,
            [t for t in line.change.result.rows if t.row is not None and t.row.call],
            strict=False,
        )
        if taken.row is not None
        and taken.row.call == call.hook
        and call.ending.outcome.kind == "uncertain"
    ]
    return tuple(
        dict.fromkeys(
            Note(
                row.loc,
                (
                    f"this row says nothing of uncertain, so {call.hook} is taken "
                    f"to have failed when nobody knows"
                ),
            )
            for call, row in rows
            if not row.uncertain_given
        )
    )


def beneath(report: Report) -> dict[int, list[int]]:
    """Which findings have one cause: those of one row, and those of the rows of a state that means
    two things. By number, the first with the others, which are told beneath it. What is accepted
    stands by itself."""
    reported = [n for n, one in enumerate(report.findings) if one.accept is None]
    ids = [one.fault.id for one in report.findings]
    reported.sort(key=lambda n: (IDS.index(ids[n]) if ids[n] != "ambiguous" else -1, n))
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
    return (
        f"effects followed: {', '.join(own) or 'none'}; not followed, nothing undoes them:"
        f" {', '.join(none)}"
    )


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
    counted = ", ".join(
        f"{n} {word}{'s' if n != 1 else ''}"
        for n, word in ((report.states, "state"), (report.transitions, "transition"))
    )
    if not report.combined:
        counted += ", but not all combinations of fields, options and absent hooks"
    if report.interrupted is not None:
        setting, of_all = report.interrupted
        return (
            f"interrupted ({what}): after {counted}, setting {setting} of {of_all}; nothing is"
            " proved"
        )
    if not report.combined:
        return f"explored in part ({what}): {counted}"
    if not report.complete:
        bound = f"memory ({b.memory} MB)" if report.out_of_memory else "states"
        return f"explored in part ({what}): {counted}, then the bound on {bound} was reached"
    return f"explored ({what}): {counted}"
