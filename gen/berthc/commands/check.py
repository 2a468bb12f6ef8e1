"""`berthc check`: the static rules, then the search, and how both are told."""
from __future__ import annotations

import argparse
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from berthc.commands.check_arguments import bounds_of, gives_bounds, refusal
from berthc.commands.check_report import (
    Checked, as_messages, as_object, every_message, explain, is_interrupted, is_right, sarif, tell,
)
from berthc.commands.common import (
    BROKEN, Usage, colours, compile_all, hint, internal_error, report, status_of, summary,
)
from berthc.diag import Colours, show
from berthc.emit.c import files
from berthc.explore.bounds import STATES_IN_C, Bounds
from berthc.explore.engine.build import NoCompiler, program
from berthc.explore.engine.plan import Beyond
from berthc.explore.progress import Progress
from berthc.explore.reach import explore_by_default, explore_within
from berthc.explore.report import Report, explore
from berthc.explore.save import save
from berthc.files.output import OutputError
from berthc.model import Manager
from berthc.pipeline import EXPLORABLE, Result, compile_for_search

INTERRUPTED = 128 + signal.SIGINT
IN_PART = 4


def search(args: argparse.Namespace, colours: Colours) -> Iterator[Checked]:
    """Checks every spec, until a search is interrupted. A failure in one spec does not stop the
    others.

    As text, what the static rules say of a spec is told before its search begins, but for what a
    finding may tell better.
    """
    for path in args.specs:
        result, manager = compile_for_search(path)
        if args.format == "text":
            sys.stdout.flush()
            first = [d for d in result.diagnostics if manager is None or d.id not in EXPLORABLE]
            sys.stderr.write(show(first, {result.source.file: result.source.lines}, colours))
            sys.stderr.flush()
        one = _checked(args, result, manager)
        yield one
        if is_interrupted(one):
            return


def _checked(args: argparse.Namespace, result: Result, manager: Manager | None) -> Checked:
    if manager is None:
        return Checked(result, None, None)
    try:
        return Checked(result, manager, explored_by(args, result, manager))
    except (Usage, OSError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001  the other specs are searched all the same
        if args.debug:
            traceback.print_exc()
        broken = internal_error(error)
        print(f"berthc: {result.source.file}: {broken}", file=sys.stderr, flush=True)
        return Checked(result, manager, None, broken)


def explored_by(args: argparse.Namespace, result: Result, manager: Manager) -> Report:
    """By the search in C, or by the one in Python where that is asked for or C cannot do it."""
    begin = time.monotonic()
    bounds = bounds_of(args)
    if args.emit_test is not None and manager.store is not None:
        raise Usage(f"--emit-test: {manager.name} has a store; its scripts are for simulators: "
                    "use --scripts")
    if args.engine != "python":
        in_c = bounds if args.states is not None else replace(bounds, states=STATES_IN_C)
        progress = _progress(args, result, in_c)
        try:
            if manager.store is not None and bounds.in_flight > 0:
                raise Beyond("the search of a manager with a store has no operations in flight")
            make = partial(_made, manager, progress)
            if args.budget is not None:
                return explore_within(manager, begin + args.budget, bounds, progress, make)
            made = make()
            if gives_bounds(args):
                return explore(manager, in_c, progress, made)
            return explore_by_default(manager, in_c, progress, made)
        except (NoCompiler, Beyond) as reason:
            if args.engine == "c" or args.in_flight is not None:
                flag = "--engine c" if args.engine == "c" else "--in-flight"
                raise Usage(f"{flag}: {reason}") from reason
            progress.end()
            if args.format == "text":
                _note(result, f"explored in Python, which is slower: {reason}")
    progress = _progress(args, result, bounds)
    if args.budget is not None:
        return explore_within(manager, begin + args.budget, bounds, progress)
    return explore(manager, bounds, progress)


def _made(manager: Manager, progress: Progress) -> Path:
    """The search in C."""
    try:
        return program(manager.name, files(manager), progress.say)
    finally:
        progress.end()


def _progress(args: argparse.Namespace, result: Result, bounds: Bounds) -> Progress:
    text = args.format == "text"
    return Progress(sys.stderr if text and sys.stderr.isatty() else None,
                    note=partial(_note, result) if text and args.budget is None else None,
                    states=bounds.states)


def _note(result: Result, sentence: str) -> None:
    print(f"berthc: note: {result.source.file}: {sentence}", file=sys.stderr, flush=True)


def _emit(file: Path, checked: Checked) -> None:
    """Writes the tests; templates are needed for nothing else here."""
    from berthc.emit.tests.finding import text
    from berthc.files.output import write_file

    manager, report = checked.manager, checked.report
    if (manager is not None and report is not None
        and any(f.script and f.slots is None for f in report.findings)):
        write_file(file, text(manager, report, file.name))


def explored_text(args: argparse.Namespace, result: Result, manager: Manager, colours: Colours,
                  spec: str) -> str:
    """What a search finds in one spec, as text, and how far it went."""
    found = explored_by(args, result, manager)
    return (as_messages(result, found, colours, spec) + tell(result, found, summary(manager)))


def check_command(args: argparse.Namespace) -> int:
    if list(args.specs).count("-") > 1:
        raise Usage("standard input can be read only once")
    refused = refusal(args)
    if refused is not None:
        raise Usage(refused)
    if args.scripts is not None and args.scripts.exists() and not args.scripts.is_dir():
        raise OutputError(f"{args.scripts}: is not a directory")
    if args.emit_test is not None and not args.emit_test.parent.is_dir():
        raise OutputError(f"{args.emit_test}: no such directory: {args.emit_test.parent}")
    return check_static(args) if args.static else explored(args, colours(sys.stderr))


def check_static(args: argparse.Namespace) -> int:
    results = compile_all(args.specs)
    if args.format == "sarif":
        checked = [Checked(result, result.manager, None) for result in results]
        sys.stdout.write(sarif(args, checked, status_of(results)))
        return status_of(results)
    report(args, results, always=True)
    if args.format == "text":
        for result in results:
            if result.manager is not None:
                print(f"{result.source.file}: ok: {summary(result.manager)}")
    return status_of(results)


def explored(args: argparse.Namespace, colours: Colours) -> int:
    """Runs the command; 0 when every spec is right, 2 when one cannot be read, 3 after an internal
    error, 130 when interrupted, 4 when nothing is wrong but a search did not see everything, else
    1."""
    results: list[Checked] = []
    for one in search(args, colours):
        results.append(one)
        if args.scripts is not None and one.report is not None:
            save(args.scripts, one.report)
        if args.format == "text":
            _tell_all(args, one, args.specs[len(results) - 1], colours)
    if args.emit_test is not None:
        _emit(args.emit_test, results[0])
    status = _status(results)
    if args.format == "text":
        sys.stderr.write(hint([d for one in results for d in every_message(one)]))
    elif args.format == "json":
        sys.stdout.write(as_object(args, results))
    elif args.format == "sarif":
        sys.stdout.write(sarif(args, results, status))
    return status


def _status(results: Sequence[Checked]) -> int:
    if is_interrupted(results[-1]):
        return INTERRUPTED
    if any(one.broken for one in results):
        return BROKEN
    if any(d.id == "file" for one in results for d in one.result.diagnostics):
        return 2
    if not all(is_right(one.result, one.report) for one in results):
        return 1
    return 0 if all(one.report is None or (one.report.complete and one.report.flights_complete)
                    for one in results) else IN_PART


def _tell_all(args: argparse.Namespace, one: Checked, spec: str, colours: Colours) -> None:
    """What the search of one spec found, as text, and how far it went."""
    if one.report is None:
        return
    sys.stderr.write(as_messages(one.result, one.report, colours, spec, args.scripts))
    sys.stdout.write(tell(one.result, one.report,
                          "" if one.manager is None else summary(one.manager)))
    sys.stdout.write(explain(one.result, one.report) if args.explain else "")
    if not one.report.complete:
        print(f"berthc: warning: {one.result.source.file}: explored in part: what was not seen "
              "may have findings", file=sys.stderr)
