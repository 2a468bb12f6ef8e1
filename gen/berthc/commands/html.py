"""`berthc html`: a page for each manager, and one that leads to them."""
from __future__ import annotations

import argparse
import shlex
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from berthc.commands.common import (
    BAD, OK, USAGE, Usage, compile_with_meaning, report as report_messages,
    say_written, status_of,
)
from berthc.commands.generate import print_one, show_drift
from berthc.emit.c import files as code
from berthc.emit.diagram import to_stderr
from berthc.emit.html import INDEX, files, index, same
from berthc.emit.html.coverage import Coverage, read
from berthc.emit.html.findings import Checked, checked
from berthc.emit.html.tables import row_ids
from berthc.explore.bounds import STATES_IN_C, Bounds
from berthc.explore.engine.build import NoCompiler, program
from berthc.explore.engine.plan import Beyond
from berthc.explore.progress import Progress
from berthc.explore.reach import explore_by_default
from berthc.explore.report import Report, explore
from berthc.files.output import OutputError, drift, write
from berthc.files.place import STDOUT, place_of_pages, refuse_collisions
from berthc.model import Manager
from berthc.pipeline import Result

FOLDER = "build/html"


def html_command(args: argparse.Namespace) -> int:
    if args.serve:
        for option, given in (("--check", args.check), ("-o", args.output is not None)):
            if given:
                raise Usage(f"{option} goes with files, and --serve writes none")
        if "-" in args.specs:
            raise Usage("--serve reads specs again when they change, so they must be files")
        from berthc.commands.serve import serve

        return serve(args)
    if args.port is not None:
        raise Usage("--port goes with --serve")
    return written(args)


def written(args: argparse.Namespace) -> int:
    """Writes the pages, or compares them."""
    output = FOLDER if args.output is None else args.output
    if output == STDOUT and args.check:
        raise Usage("--check goes with files, not with -o -")
    if output == STDOUT and len(args.specs) > 1:
        raise Usage(f"-o - prints one page, not those of {len(args.specs)} specs")
    place = place_of_pages(output)
    covered = coverage_of(args.coverage)
    results = compile_with_meaning(args.specs)
    report_messages(args, [result for result, _ in results])
    missing = [result for result, manager in results if manager is None]
    if status_of(missing) == USAGE or len(missing) == len(results):
        return status_of(missing)
    stream = sys.stderr if sys.stderr.isatty() else None
    found = [(result, manager, searched(manager, Progress(stream)) if args.search else None)
             for result, manager in results if manager is not None]
    interrupted = any(report is not None and report.interrupted for *_, report in found)
    if interrupted:
        return 128 + signal.SIGINT
    made = pages(found, covered, missing=missing)
    refuse_unknown(covered, [manager for _, manager, _ in found])
    verdicts = [(r.source.file, checked(r.diagnostics, report)) for r, _, report in found]
    for spec, verdict in verdicts:
        if args.search and (verdict.bad or sys.stderr.isatty()):
            print(f"berthc: {spec}: {verdict.told}", file=sys.stderr)
    bad = missing or any(verdict.bad for _, verdict in verdicts)
    status = BAD if bad else OK
    paths = {place.path(name): text for name, text in made.items()}
    if output == STDOUT:
        print_one(paths)
        return status
    refuse_collisions(paths, None, args.specs)
    if args.check:
        return _drift(args, output, paths) or (BAD if missing else OK)
    say_written(paths, write(paths), output)
    return status


def pages(found: Sequence[tuple[Result, Manager, Report | None]],
          covered: dict[str, Coverage] | None, live: str = "",
          missing: Sequence[Result] = ()) -> dict[str, str]:
    """All pages by name. `live`: their version, where they listen for news. `missing`: specs
    without a page, which the gallery names."""
    names = [manager.name for _, manager, _ in found]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise Usage(f"two of the specs are of the manager {twice[0]}: they would have one page")
    several = len(found) + len(missing) > 1
    if several and "index" in names:
        raise Usage(f"the page of the manager index would be {INDEX}, which leads to all pages")
    told: list[tuple[Manager, Checked]] = []
    made: dict[str, str] = {}
    for result, manager, report in found:
        told.append((manager, checked(result.diagnostics, report)))
        made |= files(manager, result.source.lines, told[-1][1],
                      None if covered is None else covered.get(manager.name, {}),
                      to_stderr, live=live, gallery=several)
    return index(told, live, missing) | made if several else made


def searched(manager: Manager, progress: Progress) -> Report:
    """What `berthc check` finds when no bound is given."""
    bounds = replace(Bounds(), states=STATES_IN_C)
    try:
        made = program(manager.name, code(manager), progress.say)
        progress.end()
        return explore_by_default(manager, bounds, progress, made)
    except (NoCompiler, Beyond):
        return explore(manager, Bounds(), progress)


def coverage_of(names: Sequence[Path]) -> dict[str, Coverage] | None:
    """What the suites took, by manager; None where nobody asks."""
    if not names:
        return None
    covered: dict[str, Coverage] = {}
    for name in names:
        try:
            text = name.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise OutputError(f"{name}: {error.strerror or error}") from error
        said = read(text)
        if not said:
            raise OutputError(f"{name}: is not the output of a generated suite: no line says "
                              "'MANAGER: rows taken in full'")
        covered |= said
    return covered


def refuse_unknown(covered: dict[str, Coverage] | None, managers: Sequence[Manager]) -> None:
    """Coverage of a manager that has no page, or of rows that its spec has not, is a mistake."""
    known = {manager.name: {name for r in manager.resources for name in row_ids(r).values()}
             for manager in managers}
    for name, rows in (covered or {}).items():
        if name not in known:
            print(f"berthc: warning: --coverage: there is no page of {name}", file=sys.stderr)
        elif set(rows) != known[name]:
            raise Usage(f"--coverage: the rows of {name} are not those of its spec; "
                        "make and run the suite again")


def _drift(args: argparse.Namespace, output: str, paths: dict[Path, str]) -> int:
    command = ["berthc", "html", "-o", output, *(["--search"] if args.search else []),
               *(word for name in args.coverage for word in ("--coverage", str(name)))]
    return show_drift(drift(paths, same), shlex.join([*command, *args.specs]))
