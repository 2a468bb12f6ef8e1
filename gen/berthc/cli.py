"""The command line: what the user asked for, and the stages in their order.

Exit status: 0 all is well; 1 a spec is wrong, or a file is not up to date, or two specs differ; 2 the command line is wrong, or a file
cannot be read or written; 3 berthc itself failed; 130 the user interrupted it.
"""
from __future__ import annotations

import argparse
import fnmatch
import io
import json
import os
import shlex
import signal
import sys
import textwrap
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import IO

from berthc import __version__
from berthc.diag import PLAIN, TERMINAL, Colours, Diagnostic, Severity, as_json, has_errors, show
from berthc.files.output import OutputError, depfile, drift, write
from berthc.files.place import (
    STDOUT, Place, PlaceError, place_of_code, place_of_pages, refuse_collisions,
)
from berthc.model import Manager
from berthc.pipeline import Result, compile_for_search, compile_spec
from berthc.spec.schema import SchemaMissing, schema_path

OK, BAD, USAGE, BROKEN = 0, 1, 2, 3

STATIC_NOTE = "note: checked by the static rules only; interleavings of callers and failures were not explored"


@dataclass(frozen=True)
class Target:
    """A command that writes files: which emitter, and where they go when -o does not say."""

    name: str
    emitter: str
    folder: str
    is_code: bool
    summary: str
    about: str
    example: str


TARGETS = (
    Target("gen", "c", "build", True, "write the C code of a manager",
           "Writes DIR/<manager>/<manager>.h and <manager>.c, which link with libberth. "
           "With -o FILE.c, writes FILE.c and FILE.h. FILE.c includes the header by its name without "
           "folders: the C compiler finds it beside FILE.c, or by -I.",
           "berthc gen -o build spec/scsi.yaml\n"
           "  cc -c -Ibuild/scsi $(pkg-config --cflags berth) build/scsi/scsi.c\n"
           "  berthc gen -o disks.c --depfile disks.d spec/scsi.yaml"),
    Target("tests", "tests", "build", True, "write the conformance tests of a manager",
           "Writes DIR/<manager>/<manager>-conformance.c, or FILE.c: a cmocka suite that drives the "
           "generated manager through its public functions. It links with libberth-testing.",
           "berthc tests -o build spec/scsi.yaml\n"
           "  berthc tests -o disks-test.c --header disks.h spec/scsi.yaml"),
    Target("diagram", "diagram", "docs/managers", False, "draw a manager",
           "Writes state, sequence and ownership diagrams as Mermaid, DOT, SVG (needs graphviz) and plain text.",
           "berthc diagram -o docs/managers spec/scsi.yaml\n"
           "  berthc diagram -o docs/managers --check spec/*.yaml\n"
           "  berthc diagram -o - --only states-disk.svg spec/scsi.yaml"),
    Target("docs", "docs", "docs/managers", False, "write the reference page of a manager",
           "Writes the state tables, hooks and operations of a manager as Markdown.",
           "berthc docs -o docs/managers spec/scsi.yaml\n  berthc docs -o - spec/scsi.yaml"),
)


class Usage(Exception):
    """The command line asks for something that cannot be; the text says what."""


def main(argv: Sequence[str]) -> int:
    """Runs one command and returns its exit status. Nothing is raised, whatever the input."""
    debug = "--debug" in argv
    try:
        open_streams()
        status = run(argv)
        sys.stdout.flush()
        return status
    except SystemExit as end:  # argparse: --help, --version, bad usage
        return end.code if isinstance(end.code, int) else USAGE
    except (Usage, PlaceError) as error:
        print(f"berthc: {error}\nTry 'berthc {argv[0]} --help'.", file=sys.stderr)
        return USAGE
    except (OutputError, SchemaMissing) as error:
        print(f"berthc: {error}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:
        forget_stdout()  # the reader has gone
        return BAD
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except OSError as error:  # of files the stages tell themselves; what is left is the disk behind stdout, or a folder that is gone
        print(f"berthc: cannot go on: {error.strerror or error}", file=sys.stderr)
        forget_stdout()
        return USAGE
    except Exception as error:  # noqa: BLE001  the last resort: no traceback for users
        if debug:
            traceback.print_exc()
        reason = " ".join(str(error).split())[:200]
        print(f"berthc: internal error: {type(error).__name__}: {reason}; please report it (--debug shows where)", file=sys.stderr)
        return BROKEN


def open_streams() -> None:
    """Gives standard streams that are closed an empty file, and lets the others write what their encoding lacks as escapes."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  it stays open
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def forget_stdout() -> None:
    """Python would complain about what it cannot write once more when it ends, so stdout is pointed elsewhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run(argv: Sequence[str]) -> int:
    args = parser(argv).parse_args(argv)
    command: Callable[[argparse.Namespace], int] = args.command
    return command(args)


def parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """The command line, with its help.

    A command loads only its own modules, because make runs it again when one of them changes. So
    the options of `check`, which come from the search, are there only if `argv` names it.
    """
    top = argparse.ArgumentParser(
        prog="berthc",
        description="Compiles specs of resource managers to C, tests, diagrams and documentation.",
        epilog="examples:\n"
               "  berthc check spec/scsi.yaml             is the spec right?\n"
               "  berthc gen -o build spec/scsi.yaml      write build/scsi/scsi.h and scsi.c\n"
               "  berthc COMMAND --help                   more about a command\n\n"
               "The language is described in docs/language.md and in the JSON Schema that editors use.\n\n"
               "exit status: 0 all is well; 1 a spec is wrong, a file is out of date, or specs differ;\n"
               "  2 bad usage, or a file cannot be read or written; 3 internal error; 130 interrupted",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"berthc {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    check = _command(commands, "check", "is a spec right?",
                     "Reads specs and reports everything that is wrong with them: by static rules, and by exploring what a few callers can do "
                     "when hooks fail. Each finding of the exploration comes with a script that shows it, the shortest unless Spin explores. "
                     "An exploration that is cut short warns of that, and exits with 0 when it found nothing until then.",
                     "berthc check spec/scsi.yaml\n  berthc check --callers 4 --format json spec/*.yaml\n  generate_spec | berthc check -",
                     check_command,
                     "how the report is shown: text, or JSON on standard output: an object with findings, diagnostics, bounds and counts; "
                     "with --static an array of diagnostics")
    _specs(check)
    if "check" in argv:
        from berthc.commands import check as explore

        explore.add_arguments(check)

    for target in TARGETS:
        sub = _command(commands, target.name, target.summary, target.about, target.example, partial(target_command, target))
        _specs(sub)
        _place(sub, target)
        sub.add_argument("--check", action="store_true",
                         help="write nothing; show how the files differ from what would be written, and exit with 1 if any does")
        sub.add_argument("--depfile", metavar="FILE", type=Path,
                         help="also write a rule for make or Ninja: what the files were made from")
        sub.add_argument("-q", "--quiet", action="store_true", help="no notes; errors are still shown")

    sim = _command(commands, "sim", "play a manager on the command line",
                   "Reads one JSON request per line from standard input and answers each with one line, from the model; no C is involved.",
                   'echo \'{"op": "reserve", "disk": {"host_path": "/a"}, "mount": {"partition": 1}}\' \\\n    | berthc sim spec/scsi.yaml',
                   sim_command)
    sim.add_argument("spec", metavar="SPEC", help="a spec file")

    diff = _command(commands, "diff", "what changed between two specs?",
                    "Compares options, hooks, resources, states, rows and operations; layout and comments do not count. "
                    "Exits with 0 when the specs mean the same, with 1 otherwise.",
                    "git show HEAD:spec/scsi.yaml | berthc diff - spec/scsi.yaml", diff_command,
                    "how changes, and errors in the specs, are shown: text, or a JSON array on standard output")
    diff.add_argument("old", metavar="OLD", help='the spec before; "-" is standard input')
    diff.add_argument("new", metavar="NEW", help='the spec after; "-" is standard input')
    return top


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, summary: str, about: str, example: str,
    function: Callable[[argparse.Namespace], int],
    shown: str = "how errors are shown: text on standard error, or a JSON array on standard output",
) -> argparse.ArgumentParser:
    sub: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=textwrap.fill(about, 90), epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    sub.add_argument("--format", choices=("text", "json"), default="text", help=shown)
    sub.add_argument("--debug", action="store_true", help="show where in the compiler an internal error happened")
    sub.set_defaults(command=function)
    return sub


def _specs(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("specs", metavar="SPEC", nargs="+", help='spec files; "-" is standard input')


def _place(sub: argparse.ArgumentParser, target: Target) -> None:
    """Where the files go, and which ones."""
    where = f"folder that the files go to (default: {target.folder}); made where it is missing"
    if not target.is_code:
        one = "one diagram" if target.name == "diagram" else "the page of one spec"
        sub.add_argument("-o", "--output", metavar="DIR", default=target.folder,
                         help=f'{where}; "-" prints {one} to standard output')
    if target.name == "diagram":
        sub.add_argument("--only", metavar="NAME", action="append", default=[],
                         help="only files of this name, such as ownership.svg or 'states-*.dot'; "
                         "may be given more than once")
    if not target.is_code:
        return
    sub.add_argument("-o", "--output", metavar="DIR|FILE.c", default=target.folder,
                     help=f"{where}; or a file that ends in .c, for one spec")
    sub.add_argument("--flat", action="store_true",
                     help="put the files into DIR itself, not into a folder per manager")
    sub.add_argument("--header", metavar="FILE.h",
                     help="with -o FILE.c: the header to write (default: FILE.h)"
                     if target.name == "gen" else
                     "with -o FILE.c: what the header is called (default: <manager>.h)")
    if target.name == "gen":
        sub.add_argument("--sim", action="store_true",
                         help="also write <manager>-sim.c (or FILE-sim.c), a simulator that links "
                         "with libberth-testing")


# The commands.


def check_command(args: argparse.Namespace) -> int:
    if list(args.specs).count("-") > 1:
        raise Usage("standard input can be read only once")
    from berthc.commands import check as explore

    refused = explore.refusal(args)
    if refused is not None:
        raise Usage(refused)
    if args.scripts is not None and args.scripts.exists() and not args.scripts.is_dir():
        raise OutputError(f"{args.scripts}: is not a directory")
    if not args.static:
        return explore.check(args, colours(sys.stderr), summary)
    results = compile_all(args.specs)
    report(args, results)
    if args.format == "text":
        for result in results:
            if result.manager is not None:
                print(f"{result.source.file}: ok: {summary(result.manager)}")
    return status_of(results)


def target_command(target: Target, args: argparse.Namespace) -> int:
    if args.depfile is not None and args.check:
        raise Usage("--depfile goes with writing, not with --check")
    place = place_of(target, args)
    results = compile_all(args.specs)
    report(args, results, quiet=args.quiet)
    if status_of(results) != OK:
        return status_of(results)
    if target.name == "gen" and not args.quiet and not args.check:
        print(f"berthc: {STATIC_NOTE}", file=sys.stderr)
    managers = [result.manager for result in results if result.manager is not None]
    twice = [name for name, count in Counter(m.name for m in managers).items() if count > 1]
    if twice:
        raise Usage(f"two of the specs are of the manager {twice[0]}: they would write the same files")
    files = emitted(target, args, place, managers)
    if args.output == STDOUT:
        print_one(files)
        return OK
    refuse_collisions(files, args.depfile, args.specs)
    if args.check:
        return show_drift(args, target, files)
    rule = depfile(files, inputs(args.specs)) if args.depfile is not None else ""
    # A build system compares times, so it would run berthc again until the files are newer.
    fresh = place.source is not None or args.depfile is not None
    write(files, (args.depfile, rule) if args.depfile is not None else None, fresh)
    return OK


def place_of(target: Target, args: argparse.Namespace) -> Place:
    """Where the files go; refuses options that do not go together."""
    if target.is_code:
        return place_of_code(args.output, args.specs, args.flat, args.header, target.name == "gen")
    if args.output == STDOUT:
        for option, given in (("--check", args.check), ("--depfile", args.depfile is not None)):
            if given:
                raise Usage(f"{option} goes with files, not with -o -")
        if len(args.specs) > 1:
            raise Usage(f"-o - prints one file, not those of {len(args.specs)} specs")
    return place_of_pages(args.output)


def emitted(
    target: Target, args: argparse.Namespace, place: Place, managers: Sequence[Manager]
) -> dict[Path, str]:
    """The files by their paths, the source of the first spec first."""
    modules = [emitter(target.emitter)]
    if target.name == "gen" and args.sim:
        modules.append(emitter("sim"))
    options: dict[str, object] = {"include": place.include} if target.is_code else {}
    if target.name == "diagram" and args.only:
        options["only"] = chosen(modules[0], managers, args.only)
    files = [module.files(manager, **options) for manager in managers for module in modules]
    return {place.path(name): text for some in files for name, text in some.items()}


def chosen(diagram: ModuleType, managers: Sequence[Manager], patterns: Sequence[str]) -> set[str]:
    """The names of diagrams that --only asks for."""
    names = sorted({name for manager in managers for name in diagram.names(manager)})
    for pattern in patterns:
        if not fnmatch.filter(names, pattern):
            known = ", ".join(names)
            raise Usage(f"--only {pattern}: there is no such diagram; there are: {known}")
    return {name for pattern in patterns for name in fnmatch.filter(names, pattern)}


def print_one(files: Mapping[Path, str]) -> None:
    """The text of the only file to standard output, in UTF-8 as all files are."""
    if not files:
        raise OutputError("the diagram cannot be drawn")  # a warning has said why
    if len(files) > 1:
        names = ", ".join(sorted(path.name for path in files))
        raise Usage(f"-o - prints one diagram; choose it by --only NAME, from: {names}")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(*files.values())


def show_drift(args: argparse.Namespace, target: Target, files: Mapping[Path, str]) -> int:
    same = getattr(emitter(target.emitter), "same", None)
    drifts = drift(files, same)
    for one in drifts:
        sys.stdout.write(one.diff)
    if drifts:
        names = ", ".join(one.file for one in drifts)
        print(f"berthc: not up to date: {names}", file=sys.stderr)
        print(f"berthc: renew with: {renewal(args, target)}", file=sys.stderr)
        return BAD
    return OK


def renewal(args: argparse.Namespace, target: Target) -> str:
    """The command that writes what --check compared."""
    command = ["berthc", target.name, "-o", args.output]
    for option in ("flat", "sim"):
        command += [f"--{option}"] if getattr(args, option, False) else []
    if getattr(args, "header", None) is not None:
        command += ["--header", args.header]
    for pattern in getattr(args, "only", []):
        command += ["--only", pattern]
    return shlex.join([*command, *args.specs])


def sim_command(args: argparse.Namespace) -> int:
    if args.spec == "-":
        raise Usage("sim reads its requests from standard input, so the spec must be a file")
    result, manager = compile_for_search(args.spec)
    if manager is None:
        report(args, [result], quiet=True)
        return status_of([result])
    # Scripts of findings are for faulty specs, so a spec that has a meaning is played; what gen refuses is a warning here.
    refused = [replace(d, severity=Severity.WARNING) for d in result.diagnostics if has_errors([d])]
    sys.stderr.write(show(refused, {result.source.file: result.source.lines}, colours(sys.stderr)))
    play: Callable[[Manager, IO[str], IO[str]], int] = import_module("berthc.sim").main
    return play(manager, sys.stdin, sys.stdout)


def diff_command(args: argparse.Namespace) -> int:
    from berthc.diff import compare

    results = compile_all([args.old, args.new])
    report(args, results, quiet=True)
    old, new = results[0].manager, results[1].manager
    if old is None or new is None:
        return status_of(results)
    changes = compare(old, new)
    if args.format == "json":
        print(json.dumps([vars(change) for change in changes], indent=2))
    else:
        for change in changes:
            print(change)
    return BAD if changes else OK


# What they share.


def compile_all(paths: Sequence[str]) -> list[Result]:
    if list(paths).count("-") > 1:
        raise Usage("standard input can be read only once")
    return [compile_spec(path) for path in paths]


def report(args: argparse.Namespace, results: Sequence[Result], quiet: bool = False) -> None:
    """Shows all diagnostics: text to standard error, or JSON to standard output."""
    found: list[Diagnostic] = [d for result in results for d in result.diagnostics]
    if quiet:
        found = [d for d in found if has_errors([d])]
    if args.format == "json":
        if found or args.command is check_command:
            sys.stdout.write(as_json(found))
        return
    lines = {result.source.file: result.source.lines for result in results}
    sys.stderr.write(show(found, lines, colours(sys.stderr)))


def colours(stream: IO[str]) -> Colours:
    return TERMINAL if stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" else PLAIN


def status_of(results: Sequence[Result]) -> int:
    if any(d.id == "file" for result in results for d in result.diagnostics):
        return USAGE
    return OK if all(result.manager is not None for result in results) else BAD


def summary(manager: Manager) -> str:
    counts = (
        (len(manager.resources), "resource"), (sum(len(r.states) for r in manager.resources), "state"),
        (sum(len(s.rows) for r in manager.resources for s in r.states), "row"), (len(manager.hooks), "hook"),
        (len(manager.operations), "operation"),
    )
    return ", ".join(f"{n} {word}{'' if n == 1 else 's'}" for n, word in counts)


def emitter(name: str) -> ModuleType:
    """An emitter, loaded when it is needed: checking a spec needs no templates."""
    return import_module(f"berthc.emit.{name}")


def inputs(specs: Sequence[str]) -> list[Path]:
    """What the output depends on: the specs, the schema, and the compiler with its templates."""
    package = Path(__file__).resolve().parent
    here = Path.cwd()
    own = [schema_path(), *(p for p in package.rglob("*") if p.suffix in (".py", ".j2"))]
    return [Path(s) for s in specs if s != "-"] + [p.relative_to(here) if p.is_relative_to(here) else p for p in own]
