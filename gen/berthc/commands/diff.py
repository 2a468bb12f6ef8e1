"""`berthc diff`: what changed between two specs, in words, by verdict."""
from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path
from typing import NamedTuple

from berthc.commands.check import explored_by
from berthc.commands.check_arguments import refusal
from berthc.commands.common import BAD, USAGE, Usage, colours
from berthc.commands.diff_specs import Spec, pairs
from berthc.diag import PLAIN, Diagnostic, Severity, show
from berthc.diff import Change, Reason, Verdict, compared, greatest
from berthc.diff.callers import calls, errors, touched, views
from berthc.diff.header import breaks
from berthc.diff.loadable import Loadable
from berthc.diff.report import Comparison, NewFinding, only_new
from berthc.emit.c import header
from berthc.emit.diagram.svg import GraphvizError
from berthc.emit.diff.json import as_json
from berthc.emit.diff.markdown import as_markdown
from berthc.emit.diff.svg import picture
from berthc.emit.diff.text import as_terminal
from berthc.explore.messages import claim, diagnostics
from berthc.explore.report import Report
from berthc.explore.script import table
from berthc.files.output import write_file
from berthc.files.revision import GitError
from berthc.lower import lower
from berthc.model import Manager
from berthc.pipeline import without_repeats
from berthc.stored.loadable import loadable


def diff_command(args: argparse.Namespace) -> int:
    specs = args.specs[:len(args.specs) - len(args.files)]
    refused = refusal(args)
    if refused is not None:
        raise Usage(refused)
    if args.side != "both" and args.format != "svg":
        raise Usage("--side goes with --format svg")
    try:
        every = [_checked(args, old, new) for old, new in pairs(specs, args.files)]
    except GitError as error:
        print(f"berthc: {error}", file=sys.stderr)
        return USAGE
    unread = [d for one in every for d in one if isinstance(d, Diagnostic)]
    if unread:
        sys.stderr.write(show(unread, {}, colours(sys.stderr)))
        return USAGE if any(d.id == "file" for d in unread) else BAD
    told = [one for some in every for one in some if isinstance(one, Comparison)]
    try:
        _show(args, told)
    except GraphvizError as error:
        print(f"berthc: {error}", file=sys.stderr)
        return USAGE
    return int(greatest(one.verdict for one in told))


def _show(args: argparse.Namespace, told: list[Comparison]) -> None:
    text = _text(args, told)
    if args.output is not None and args.output != "-":
        write_file(Path(args.output), text)
        return
    if args.format != "text" and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(text)


def _text(args: argparse.Namespace, told: list[Comparison]) -> str:
    if args.format == "json":
        return as_json(told)
    if args.format == "markdown":
        return as_markdown(told)
    if args.format == "svg":
        return picture(told, args.side)
    to_terminal = args.output in (None, "-")
    return "\n".join(as_terminal(one, colours(sys.stdout) if to_terminal else PLAIN)
                     for one in told)


def _checked(args: argparse.Namespace, old: Spec, new: Spec) -> list[Comparison | Diagnostic]:
    """The comparison, or why there is none."""
    unread = [d for spec in (old, new) if spec.exists and spec.manager is None
              for d in spec.result.diagnostics if spec is old or d.id == "file"]
    return list(unread) if unread else [comparison(args, old, new)]


def comparison(args: argparse.Namespace, old: Spec, new: Spec) -> Comparison:
    """All that is told of two specs."""
    whole = _Sides(old, new)
    alike, changes = whole.changes()
    notes: list[str] = []
    reasons: list[Reason] = []
    callers = []
    before, after = old.searched, new.searched
    if alike is not None and before is not None and after is not None:
        changes = touched(after, changes)
        reasons += [*_c_breaks(before, after), *calls(alike, after), *views(alike, after)]
        callers = errors(alike, after)
    elif old.exists and new.exists:
        wrong = [spec.file for spec in (old, new) if spec.searched is None]
        notes.append(f"{' and '.join(wrong)} {'has' if len(wrong) == 1 else 'have'} errors: "
                     "the C API and the errors of operations were not compared")
    stores = None
    if old.exists and old.manager is not None and new.manager is not None:
        stores = loadable(old.manager, new.manager)
        reasons += _of_stores(stores)
        notes += _untold(stores, changes)
    notes += _new_warnings(old, new)
    findings, mistakes = _found(args, old, new, alike, greatest(c.verdict for c in changes), notes)
    return Comparison(old.file, new.file, alike, new.manager, tuple(changes), tuple(reasons),
                      tuple(callers), tuple(findings), tuple(mistakes), tuple(notes),
                      new.result.source.lines, stores)


def _of_stores(stores: Loadable | None) -> list[Reason]:
    if stores is None or stores.word == "yes":
        return []
    which = "no store" if stores.never else "not every store"
    return [Reason(Verdict.BEHAVIOUR, f"{which} of the old spec loads")]


def _untold(stores: Loadable | None, changes: list[Change]) -> list[str]:
    """Earlier names that would let stores load."""
    bars = stores.unless if stores else ()
    missed = {name for one in bars for name in (one.name, one.resource)}
    events = {f"{one.resource}.{one.event}" for one in bars if one.event}
    return [f"{change.what} {change.name} seems to have been called {was}: earlier names "
            f"({'was_events' if change.what == 'event' else 'was'}) let stores load that have this "
            "name"
            for change in changes if change.kind == "renamed"
            for was in [change.was.rpartition(".")[2] if change.what != "hook" else change.was]
            if (change.was in events if change.what == "event" else was in missed)]


class _Sides(NamedTuple):
    old: Spec
    new: Spec

    def changes(self) -> tuple[Manager | None, list[Change]]:
        """The old model under the new names, and the changes."""
        old, new = self
        if not old.exists:
            place = new.manager.loc if new.manager is not None else None
            return None, [Change("added", "spec", new.file, "is new", Verdict.COMPATIBLE, None,
                                 place)]
        if not new.exists:
            place = old.manager.loc if old.manager is not None else None
            return None, [Change("removed", "spec", old.file, "is gone", Verdict.API, place)]
        if old.manager is None or new.manager is None:
            return None, []
        alike, changes = compared(old.manager, new.manager)
        if not changes and old.text != new.text:
            changes = [Change("changed", "spec", new.file, "only comments, order or layout differ",
                              Verdict.COSMETIC, old.manager.loc, new.manager.loc)]
        return alike, changes


def _c_breaks(old: Manager, new: Manager) -> list[Reason]:
    then, now = header(old, lower(old)), header(new, lower(new))
    if old.name != new.name:
        return [Reason(Verdict.API, "API: all names are others", is_c=True)]
    return [Reason(Verdict.BACKEND if one.is_backend and one.is_source else Verdict.API,
                   f"{'API' if one.is_source else 'ABI'}: {one.text}",
                   is_c=not (one.is_backend and one.is_source))
            for one in breaks(then, now, new.name)]


def _found(args: argparse.Namespace, old: Spec, new: Spec, alike: Manager | None,
           verdict: Verdict, notes: list[str]) -> tuple[list[NewFinding], list[Diagnostic]]:
    """What the checker finds of the new spec only: findings of the search, and errors."""
    static = [d for d in new.result.diagnostics if d.severity is Severity.ERROR]
    before = [d for d in old.result.diagnostics if d.severity is Severity.ERROR]
    report = None
    if args.check and verdict > Verdict.SAME and new.searched is not None:
        report = _searched(args, new, new.searched, notes)
    findings: list[NewFinding] = []
    if report is not None and report.refused:
        said = diagnostics(report)
        refused = [n for n, f in enumerate(report.findings) if f.accept is None]
        known: list[Diagnostic] = []
        if alike is not None and old.searched is not None:
            earlier = _searched(args, old, alike, notes)
            known = [d for d, f in zip(diagnostics(earlier), earlier.findings)
                     if f.accept is None]
        for n in only_new(known, [said[n] for n in refused]):
            finding = report.findings[refused[n]]
            script = tuple(table(list(finding.script))) if finding.script else ()
            findings.append(NewFinding(said[refused[n]], script, tuple(finding.requests)))
        static = without_repeats(static, said)
    return findings, [static[n] for n in only_new(before, static)]


def _new_warnings(old: Spec, new: Spec) -> list[str]:
    """Warnings of the static rules on the new spec only. They change no verdict."""
    before, after = ([d for d in spec.result.diagnostics if d.severity is Severity.WARNING]
                     for spec in (old, new))
    return [f"{after[n].loc}: warning[{after[n].id}]: {after[n].message}"
            for n in only_new(before, after)]


def _searched(args: argparse.Namespace, spec: Spec, manager: Manager, notes: list[str]) -> Report:
    report = explored_by(args, spec.result, manager)
    if report.interrupted is not None:
        raise KeyboardInterrupt
    if not report.complete:
        notes.append(f"{spec.file}: {claim(report)}: what was not seen may have findings")
    return report
