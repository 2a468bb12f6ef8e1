"""`berthc diff`: what changed between two specs."""
from __future__ import annotations

import argparse
import json

from berthc.commands.common import BAD, OK, compile_all, report, status_of
from berthc.diff import compare


def diff_command(args: argparse.Namespace) -> int:
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
