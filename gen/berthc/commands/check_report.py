"""What `berthc check` tells: as text, or as one JSON object."""
from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from berthc.commands.check_arguments import BOUNDS, bounds_of
from berthc.commands.sarif import as_sarif
from berthc.diag import (
    MOST, Colours, Diagnostic, Note, as_json, as_text, at_most, in_order, notes_as_objects,
)
from berthc.explore.crash import crash_lines, crash_objects
from berthc.explore.meaning import explained
from berthc.explore.messages import (
    claim, diagnostics, followed, in_flight, not_played, notes, place, reported,
)
from berthc.explore.report import Finding, Report
from berthc.explore.save import how_to_play, how_to_save, names
from berthc.explore.script import table
from berthc.model import Manager
from berthc.pipeline import EXPLORABLE, Result, without_repeats


class Checked(NamedTuple):
    """A spec with its diagnostics, its model and, where it has a meaning, what the search says, or
    which fault of Berth's own ended it."""

    result: Result
    manager: Manager | None
    report: Report | None
    broken: str = ""


def is_interrupted(checked: Checked) -> bool:
    return checked.report is not None and checked.report.interrupted is not None


def is_right(result: Result, report: Report | None) -> bool:
    return result.manager is not None and report is not None and not report.refused


def every_message(one: Checked) -> list[Diagnostic]:
    """Findings of the search first."""
    found = [] if one.report is None else [
        d for each in reported(one.report) for d in (each.diagnostic, *each.also)]
    return [*found, *_static(one.result, one.report)]


def as_object(args: argparse.Namespace, results: Sequence[Checked]) -> str:
    """One JSON object for all specs, with keys that stay."""
    reports = [one.report for one in results if one.report is not None]
    static = [d for one in results for d in _static(one.result, one.report)]
    found = {"findings": [_as_json(report, f) for report in reports for f in report.findings],
             "diagnostics": json.loads(as_json(static))}
    left = {"left_by_crash": [one for r in reports
                              for one in crash_objects(r.manager, r.seen, r.whole)]}
    return json.dumps(found | _reach(args, reports) | left, indent=2, ensure_ascii=False) + "\n"


def _reach(args: argparse.Namespace, reports: Sequence[Report]) -> dict[str, Any]:
    """How far the searches went; of bounds that differ, the least."""
    bounds = [r.bounds for r in reports] or [bounds_of(args)]
    covered = [one._asdict() | {"file": r.manager.loc.file} for r in reports for one in r.covered]
    return {
        "never_played": {
            "operations": [name for r in reports for name in r.unplayed.operations],
            "rows": [name for r in reports for name in r.unplayed.rows],
        },
        "bound": {name: min((getattr(b, name) for b in bounds if getattr(b, name) is not None),
                            default=None) for name in BOUNDS},
        **({} if args.budget is None else {"covered": covered}),
        **({} if args.in_flight is None else {"in_flight": _in_flight(args, reports)}),
        "states": sum(r.states for r in reports),
        "transitions": sum(r.transitions for r in reports),
        "complete": len(reports) == len(args.specs) and all(r.complete for r in reports),
        "seconds": round(sum(r.seconds for r in reports), 3),
    }


def _in_flight(args: argparse.Namespace, reports: Sequence[Report]) -> dict[str, Any]:
    seen = [one for r in reports for one in r.flights if one is not None]
    return {"operations": args.in_flight, "states": sum(one.states for one in seen),
            "transitions": sum(one.transitions for one in seen),
            "resting": sum(one.resting for one in seen),
            "complete": len(reports) == len(args.specs)
            and all(r.flights_complete for r in reports)}


def sarif(args: argparse.Namespace, results: Sequence[Checked], status: int) -> str:
    """One run of SARIF for all specs."""
    found: list[tuple[Diagnostic, Finding | None]] = []
    problems: list[str] = []
    reports = [one.report for one in results if one.report is not None]
    for result, _, report, broken in results:
        found += [(d, None) for d in _static(result, report)]
        problems += [f"{result.source.file}: {broken}"] if broken else []
        if report is None:
            continue
        found += [(replace(one.diagnostic, notes=(*one.diagnostic.notes, *(
            Note(d.loc, f"also {d.id}: {d.message}") for d in one.also))), one.finding)
            for one in reported(report)]
        if not report.complete:
            problems.append(f"{result.source.file}: {claim(report)}")
        elif not report.flights_complete:
            problems.append(f"{result.source.file}: {in_flight(report)}")
    reach = {} if args.static else _reach(args, reports) | {
        "claims": [f"{r.manager.loc.file}: {text}" for r in reports
                   for text in (claim(r), in_flight(r)) if text]}
    return as_sarif(found, reach, problems, status)


def _as_json(report: Report, finding: Finding) -> dict[str, Any]:
    fault, loc = finding.fault, place(finding)
    return {"id": fault.id, "message": fault.message, "file": loc.file,
            "line": loc.line, "column": loc.column, "where": fault.where,
            "accepted": finding.accept is not None,
            "why": None if finding.accept is None else finding.accept.why,
            "script": finding.requests, "notes": notes_as_objects(notes(report, finding))}


def _static(result: Result, report: Report | None) -> list[Diagnostic]:
    return (list(result.diagnostics) if report is None
            else without_repeats(result.diagnostics, diagnostics(report)))


def repeatable(result: Result) -> list[Diagnostic]:
    """What the static rules say that a finding may tell better."""
    return [d for d in result.diagnostics if d.id in EXPLORABLE]


def as_messages(result: Result, report: Report, colours: Colours, spec: str = "-",
                folder: Path | None = None) -> str:
    """What the search found, and what else the static rules say of it, in order of place. Each
    finding has its script and what has the same cause; `folder` is where scripts are kept."""
    found = {one.diagnostic: one for one in reported(report)}
    files = {id(report.findings[n]): file for n, file in names(report).items()}
    out = []
    every = [*without_repeats(repeatable(result), diagnostics(report)), *found]
    for diagnostic in at_most(in_order(every), max(1, MOST - len(result.diagnostics))):
        out.append(as_text(diagnostic, result.source.lines, colours))
        one = found.get(diagnostic)
        if one is None:
            continue
        if one.finding is not None and one.finding.script:
            out += ["  the shortest script:",
                    *(f"    {line}" for line in table(list(one.finding.script)))]
            if folder is not None:
                file = folder / files[id(one.finding)]
                out.append(f"  {how_to_play(one.finding, spec, file)}")
        out += [line for d in one.also for line in beneath_lines(diagnostic, d)]
    if files and folder is None:
        out.append(how_to_save(spec))
    return "".join(line + "\n" for line in out)


def beneath_lines(first: Diagnostic, d: Diagnostic) -> Iterator[str]:
    """Another finding of the same cause, with its own cause where the first does not have it."""
    yield f"  also {d.id}, in line {d.loc.line}: {d.message}"
    if d.notes and d.notes[0] not in first.notes:
        yield f"    its cause, in line {d.notes[0].loc.line}: {d.notes[0].message}"


def explain(result: Result, report: Report | None) -> str:
    """What is in the backend in each state, and what a crash leaves there, as far as was looked
    at."""
    if report is None:
        return ""
    file = result.source.file
    part = "" if report.whole else " (explored in part; there may be more)"
    lines = [f"{file}: in the backend, by state:",
             *explained(report.manager, report.seen, report.whole),
             f"{file}: left in the backend by a crash, by state{part}:",
             *crash_lines(report.manager, report.seen, report.whole)]
    return "".join(f"{line}\n" for line in lines)


def tell(result: Result, report: Report | None, summary: str) -> str:
    """What goes to standard output: that the spec is right, if it is, and how much of it was looked
    at."""
    file = result.source.file
    if report is None:
        return ""
    every = report.complete and not report.unplayed.operations
    ok = f"{file}: ok: {summary}\n" if is_right(result, report) and every else ""
    more = "".join(f"{file}: {text}\n" for text in
                   (in_flight(report), followed(report), not_played(report)) if text)
    return f"{ok}{file}: {claim(report)}\n{more}"
