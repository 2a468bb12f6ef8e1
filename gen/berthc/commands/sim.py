"""`berthc sim`: a manager on the command line."""
from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import IO

from berthc.commands.common import Usage, colours, report, status_of
from berthc.diag import Severity, has_errors, show
from berthc.model import Manager
from berthc.pipeline import compile_for_search


def sim_command(args: argparse.Namespace) -> int:
    if args.spec == "-":
        raise Usage("sim reads its requests from standard input, so the spec must be a file")
    result, manager = compile_for_search(args.spec)
    if manager is None:
        report(args, [result], quiet=True)
        return status_of([result])
    # Scripts of findings are for faulty specs, so a spec that has a meaning is played; what gen
    # refuses is a warning here.
    refused = [replace(d, severity=Severity.WARNING) for d in result.diagnostics if has_errors([d])]
    sys.stderr.write(show(refused, {result.source.file: result.source.lines}, colours(sys.stderr)))
    play: Callable[[Manager, IO[str], IO[str]], int] = import_module("berthc.sim").main
    return play(manager, sys.stdin, sys.stdout)
