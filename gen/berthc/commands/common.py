"""What the commands share: exit statuses, compiled specs, and how errors are shown."""
from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import IO

from berthc.diag import PLAIN, TERMINAL, Colours, Diagnostic, Severity, as_json, has_errors, show
from berthc.model import Manager
from berthc.pipeline import Result, compile_for_search, compile_spec

OK, BAD, USAGE, BROKEN = 0, 1, 2, 3


class Usage(Exception):
    """The command line asks for something that cannot be; the text says what."""


def compile_all(paths: Sequence[str]) -> list[Result]:
    if list(paths).count("-") > 1:
        raise Usage("standard input can be read only once")
    return [compile_spec(path) for path in paths]


def compile_with_meaning(paths: Sequence[str]) -> list[tuple[Result, Manager | None]]:
    """The same; a spec that only rules about its consequences refuse has a model all the same."""
    if list(paths).count("-") > 1:
        raise Usage("standard input can be read only once")
    return [compile_for_search(path) for path in paths]


def report(args: argparse.Namespace, results: Sequence[Result], quiet: bool = False,
           always: bool = False) -> None:
    """Shows all diagnostics: text to standard error, or JSON to standard output. `always`: an empty
    array too."""
    found: list[Diagnostic] = [d for result in results for d in result.diagnostics]
    if quiet:
        found = [d for d in found if has_errors([d])]
    if args.format == "json":
        if found or always:
            sys.stdout.write(as_json(found))
        return
    lines = {result.source.file: result.source.lines for result in results}
    sys.stderr.write(show(found, lines, colours(sys.stderr)))
    if not quiet:
        sys.stderr.write(hint(found))


_SAY_ENOUGH = ("file", "more")


def hint(found: Sequence[Diagnostic]) -> str:
    """The line that tells where more is said about the messages, errors first."""
    told = [d for d in found if d.severity is not Severity.NOTE and d.id not in _SAY_ENOUGH]
    told.sort(key=lambda d: d.severity is not Severity.ERROR)
    ids = list(dict.fromkeys(d.id for d in told))
    if len(ids) > 1:
        return f"berthc: an example and its cure: berthc explain ID ({', '.join(ids)})\n"
    return f"berthc: an example and its cure: berthc explain {ids[0]}\n" if ids else ""


def colours(stream: IO[str]) -> Colours:
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return TERMINAL if stream.isatty() and not plain else PLAIN


def status_of(results: Sequence[Result]) -> int:
    if any(d.id == "file" for result in results for d in result.diagnostics):
        return USAGE
    return OK if all(result.manager is not None for result in results) else BAD


def say_written(files: Collection[Path], changed: Collection[Path], output: str) -> None:
    """Tells a person at a terminal where the files are. Build systems see nothing."""
    if not sys.stderr.isatty():
        return
    place = str(next(iter(files))) if len(files) == 1 else output
    if not changed:
        print(f"berthc: {place}: is up to date", file=sys.stderr)
    elif len(files) == 1:
        print(f"berthc: wrote {place}", file=sys.stderr)
    else:
        of = "" if len(changed) == len(files) else f" of {len(files)}"
        print(f"berthc: wrote {len(changed)}{of} files to {place}", file=sys.stderr)


def internal_error(error: Exception) -> str:
    """What users are told of a fault of berthc itself."""
    reason = " ".join(str(error).split())[:200]
    return (f"internal error: {type(error).__name__}: {reason}; please report it "
            "(--debug shows where)")


def summary(manager: Manager) -> str:
    counts = (
        (len(manager.resources), "resource"),
        (sum(len(r.states) for r in manager.resources), "state"),
        (sum(len(s.rows) for r in manager.resources for s in r.states), "row"),
        (len(manager.hooks), "hook"),
        (len(manager.operations), "operation"),
    )
    return ", ".join(f"{n} {word}{'' if n == 1 else 's'}" for n, word in counts)
