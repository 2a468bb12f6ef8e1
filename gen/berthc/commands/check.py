"""`berthc check`: the static rules, then the search, and how both are told."""
from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from berthc.diag import (
    MOST, Colours, Diagnostic, as_json, as_text, at_most, in_order, notes_as_objects, show,
)
from berthc.explore.bounds import Bounds
from berthc.explore.callers.inputs import valuations
from berthc.explore.meaning import explained
from berthc.explore.progress import Progress
from berthc.explore.report import (
    Finding, Report, beneath, claim, diagnostics, explore, followed, not_played, uncertain_rows,
)
from berthc.explore.save import how_to_play, how_to_save, names, save
from berthc.explore.script import table
from berthc.explore.spin.promela import NotExported, promela
from berthc.explore.spin.search import LEAST_MEMORY, MEMORY, SpinFailed, explore_with_spin
from berthc.model import Manager
from berthc.pipeline import Result, compile_for_search, without_repeats

DEFAULT = Bounds()
BOUNDS = ("callers", "keys", "failures", "states")
MEMORY_BUILT_IN = 1000  # MB
INTERRUPTED = 128 + signal.SIGINT


def add_arguments(check: argparse.ArgumentParser) -> None:
    """The flags of the search."""
    group = check.add_argument_group("exploration",
                                     "every interleaving of a few callers, with every outcome of every hook; what is claimed holds within "
                                                    "these bounds")
    group.add_argument("--callers", metavar="N", type=_callers,
                       help=f"callers at a time (default: {DEFAULT.callers})")
    group.add_argument("--keys", metavar="N", type=_keys, help=f"keys per level (default: {DEFAULT.keys})")
    group.add_argument("--failures", metavar="N", type=_natural,
                       help="hook calls that fail or stay uncertain (default: any number)")
    group.add_argument("--states", metavar="N", type=_positive,
                       help="states after which the search stops; then it claims nothing but what it found, and that alone does not "
                            f"change the exit status (default: {DEFAULT.states})")
    group.add_argument("--promela", action="store_true",
                       help="explore nothing; print the model of the first root resource, with default options and all hooks, for Spin")
    group.add_argument("--emit-test", metavar="FILE", type=Path,
                       help="write the scripts of the findings of one spec to FILE, as cmocka tests")
    group.add_argument("--scripts", metavar="DIR", type=Path,
                       help="write the script of each finding to a file in DIR, for berthc sim; DIR is made where it is missing")
    group.add_argument("--spin", action="store_true",
                       help="let Spin explore, for bounds that are too large otherwise; needs spin and gcc")
    group.add_argument(
        "--memory",
        metavar="MB",
        type=_memory,
        help=
        f"memory of berthc at which the search stops, as at --states (default: {MEMORY_BUILT_IN}); "
        "with --spin: memory for "
        "each search; one that needs more goes on with hashed states, is partial and proves "
        f"nothing (default: {MEMORY})")
    group.add_argument("--explain", action="store_true", help="say of each state what is in the backend while an instance rests there")
    group.add_argument("--static", action="store_true", help="the static rules only, no exploration")


def _positive(text: str) -> int:
    number = _natural(text)
    if number == 0:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _memory(text: str) -> int:
    number = _natural(text)
    if number < LEAST_MEMORY:
        raise argparse.ArgumentTypeError(f"must be at least {LEAST_MEMORY}")
    return number


def _callers(text: str) -> int:
    return _up_to(26, text)  # scripts name them by letters


def _keys(text: str) -> int:
    return _up_to(100, text)


def _up_to(most: int, text: str) -> int:
    number = _positive(text)
    if number > most:
        raise argparse.ArgumentTypeError(f"must be at most {most}")
    return number


def _natural(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise argparse.ArgumentTypeError(f"'{text[:40]}' is no whole number")
    return int(text)


def bounds_of(args: argparse.Namespace) -> Bounds:
    """What was asked for, else the defaults."""
    return Bounds(**{name: getattr(DEFAULT, name) if (given := getattr(args, name)) is None else given for name in BOUNDS})


def refusal(args: argparse.Namespace) -> str | None:
    """Flags that do not go together: each would be ignored beside the other."""
    bound = next((f"--{name}" for name in (*BOUNDS, "memory") if getattr(args, name) is not None), None)
    rules: list[tuple[bool, str]] = [
        (args.emit_test is not None and (len(args.specs) > 1 or args.static or args.promela),
         "--emit-test takes one spec, which is explored"),
        (args.scripts is not None and (args.static or args.promela), "--scripts keeps what an exploration finds, and nothing is explored"),
        (args.promela and (args.static or args.spin),
         "--promela prints a model and does nothing else, so neither --static nor --spin goes with it"),
        (args.promela and args.format == "json", "--promela prints a model, which is no JSON"),
        (args.spin and args.static, "--static explores nothing, so --spin does not go with it"),
        (args.static and bound is not None, f"--static explores nothing, so {bound} does not go with it"),
        ((args.spin or args.promela) and args.failures is not None, "Spin's model knows no bound on failures"),
        ((args.spin or args.promela) and args.states is not None,
         "Spin's model knows no bound on states; --memory bounds a search by Spin"),
        (args.explain and (args.static or args.promela or args.spin or args.format == "json"),
         "--explain tells as text what the built-in search saw, so --static, --promela, --spin and --format json do not go with it"),
        (args.memory is not None and args.promela,
         "--promela prints a model and explores nothing, so --memory does not go with it"),
    ]
    return next((text for refused, text in rules if refused), None)


class Checked(NamedTuple):
    """A spec with its diagnostics, its model and, where it has a meaning, what the search says; `problems`: what the search
    could not do."""

    result: Result
    manager: Manager | None
    report: Report | None
    problems: tuple[str, ...]


def search(args: argparse.Namespace, colours: Colours) -> Iterator[Checked]:
    """Checks every spec, until a search is interrupted. A failure in one spec does not stop the
    others.

    As text, what the static rules say of a spec is told before its search begins.
    """
    for path in args.specs:
        result, manager = compile_for_search(path)
        if args.format == "text":
            sys.stdout.flush()
            sys.stderr.write(show(result.diagnostics, {result.source.file: result.source.lines}, colours))
            sys.stderr.flush()
        one = _checked(args, result, manager)
        yield one
        if is_interrupted(one):
            return


def is_interrupted(checked: Checked) -> bool:
    return checked.report is not None and checked.report.interrupted is not None


def _checked(args: argparse.Namespace, result: Result, manager: Manager | None) -> Checked:
    if manager is None:
        return Checked(result, None, None, ())
    if not args.spin:
        text = args.format == "text"
        bounds = replace(bounds_of(args),
                         memory=MEMORY_BUILT_IN if args.memory is None else args.memory)
        progress = Progress(sys.stderr if text and sys.stderr.isatty() else None,
                            note=partial(_note, result) if text else None,
                            states=bounds.states)
        return Checked(result, manager, explore(manager, bounds, progress), ())
    try:
        report = explore_with_spin(manager, bounds_of(args), MEMORY if args.memory is None else args.memory)
    except NotExported as reason:
        return Checked(result, manager, None, (f"the model has no words for {reason}",))
    except SpinFailed as reason:
        return Checked(result, manager, None, (str(reason),))
    return Checked(result, manager, report, tuple(f"{text}; please report it" for text in report.unshown))


def _note(result: Result, sentence: str) -> None:
    print(f"berthc: note: {result.source.file}: {sentence}", file=sys.stderr, flush=True)


def is_right(result: Result, report: Report | None) -> bool:
    return result.manager is not None and report is not None and not report.refused and not report.unshown


def as_object(args: argparse.Namespace, results: Sequence[Checked]) -> str:
    """One JSON object for all specs, with keys that stay."""
    reports = [one.report for one in results if one.report is not None]
    static = [d for one in results for d in _static(one.result, one.report)]
    return json.dumps({
        "findings": [_as_json(f) for report in reports for f in report.findings],
        "diagnostics": json.loads(as_json(static)),
        "never_played": {"operations": [name for r in reports for name in r.unplayed.operations],
                         "rows": [name for r in reports for name in r.unplayed.rows]},
        "bound": {name: getattr(bounds_of(args), name) for name in BOUNDS},
        "states": sum(r.states for r in reports),
        "transitions": sum(r.transitions for r in reports),
        "complete": len(reports) == len(args.specs) and all(r.complete and not r.unshown for r in reports),
        "seconds": round(sum(r.seconds for r in reports), 3),
    }, indent=2, ensure_ascii=False) + "\n"


def _as_json(finding: Finding) -> dict[str, Any]:
    fault = finding.fault
    return {"id": fault.id, "message": fault.message, "file": fault.loc.file, "line": fault.loc.line, "column": fault.loc.column,
            "where": fault.where,
            "accepted": finding.accept is not None, "why": None if finding.accept is None else finding.accept.why,
            "script": finding.requests, "notes": notes_as_objects(uncertain_rows(finding))}


def _static(result: Result, report: Report | None) -> list[Diagnostic]:
    return list(result.diagnostics) if report is None else without_repeats(result.diagnostics, diagnostics(report))


def as_messages(result: Result, report: Report, colours: Colours, spec: str = "-", folder: Path | None = None) -> str:
    """What the search found, in order of place, each finding with its script and what has the same cause; `folder` is where
    scripts are kept."""
    own = diagnostics(report)
    scripts = {own[n]: (report.findings[n], file) for n, file in names(report).items()}
    under = beneath(report)
    also = {own[n]: [own[other] for other in others] for n, others in under.items()}
    beneath_others = {n for others in under.values() for n in others}
    told = [d for n, d in enumerate(own) if n not in beneath_others]
    out = []
    for diagnostic in at_most(in_order(told), max(1, MOST - len(result.diagnostics))):
        out.append(as_text(diagnostic, result.source.lines, colours))
        if diagnostic in scripts:
            finding, file = scripts[diagnostic]
            heading = "a script" if report.by_spin else "the shortest script"
            out += [f"  {heading}:", *(f"    {line}" for line in table(list(finding.script)))]
            out += [f"  {how_to_play(finding, spec, folder / file)}"] if folder is not None else []
        out += [f"  also {d.id}, in line {d.loc.line}: {d.message}" for d in also.get(diagnostic, ())]
    if scripts and folder is None:
        out.append(how_to_save(spec))
    return "".join(line + "\n" for line in out)


def explain(result: Result, report: Report | None) -> str:
    """What is in the backend in each state, as far as was looked at."""
    if report is None:
        return ""
    return f"{result.source.file}: in the backend, by state:\n" + "".join(f"{line}\n" for line in explained(report.manager, report.seen))


def tell(result: Result, report: Report | None, summary: str) -> str:
    """What goes to standard output: that the spec is right, if it is, and how much of it was looked at."""
    file = result.source.file
    if report is None:
        return ""
    every = report.complete and not report.unplayed.operations
    ok = f"{file}: ok: {summary}\n" if is_right(result, report) and every else ""
    more = "".join(f"{file}: {text}\n" for text in (followed(report), not_played(report)) if text)
    return f"{ok}{file}: {claim(report)}\n{more}"


def _emit(file: Path, checked: Checked) -> None:
    """Writes the tests; templates are needed for nothing else here."""
    from berthc.emit.finding_tests import text
    from berthc.files.output import write_file

    manager, report = checked.manager, checked.report
    if manager is not None and report is not None and any(f.script and f.slots is None for f in report.findings):
        write_file(file, text(manager, report, file.name))


def export(args: argparse.Namespace, colours: Colours) -> int:
    """Prints the models that Spin can check; 1 when a spec has no meaning or says what the model has no words for."""
    status = 0
    for path in args.specs:
        result, manager = compile_for_search(path)
        if manager is None:
            sys.stderr.write(show(result.diagnostics, {result.source.file: result.source.lines}, colours))
            status = 1
            continue
        root = next(r.name for r in manager.resources if r.parent is None)
        try:
            sys.stdout.write(promela(manager, root, valuations(manager, bounds_of(args).keys)[0], bounds_of(args)))
        except NotExported as reason:
            print(f"berthc: {result.source.file}: the model for Spin has no words for {reason}", file=sys.stderr)
            status = 1
    return status


def check(args: argparse.Namespace, colours: Colours, summary: Any) -> int:
    """Runs the command; 0 when every spec is right, 2 when one cannot be read or searched, else 1."""
    if args.promela:
        return export(args, colours)
    results: list[Checked] = []
    for one in search(args, colours):
        results.append(one)
        if args.scripts is not None and one.report is not None:
            save(args.scripts, one.report)
        if args.format == "text":
            _tell_all(args, one, args.specs[len(results) - 1], colours, summary)
    if args.emit_test is not None:
        _emit(args.emit_test, results[0])
    if args.format == "json":
        sys.stdout.write(as_object(args, results))
    for one in results:
        for problem in one.problems:
            print(f"berthc: --spin: {one.result.source.file}: {problem}", file=sys.stderr)
    if any(one.problems or any(d.id == "file" for d in one.result.diagnostics) for one in results):
        return 2
    if is_interrupted(results[-1]):
        return INTERRUPTED
    return 0 if all(is_right(one.result, one.report) for one in results) else 1


def _tell_all(args: argparse.Namespace, one: Checked, spec: str, colours: Colours, summary: Any) -> None:
    """What the search of one spec found, as text, and how far it went."""
    if one.report is None:
        return
    sys.stderr.write(as_messages(one.result, one.report, colours, spec, args.scripts))
    sys.stdout.write(tell(one.result, one.report, "" if one.manager is None else summary(one.manager)))
    sys.stdout.write(explain(one.result, one.report) if args.explain else "")
    if not one.report.complete:
        status = "" if is_interrupted(one) else "; the exit status says nothing of it"
        print(f"berthc: warning: {one.result.source.file}: explored in part: what was not seen may have findings{status}", file=sys.stderr)
