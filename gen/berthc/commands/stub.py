"""`berthc gen --stub`: the start of a backend, which the user owns."""
from __future__ import annotations

import argparse
import os
from pathlib import Path

from berthc.commands.common import OK, Usage, compile_all, report, status_of
from berthc.emit.stub import texts
from berthc.files.output import OutputError, create, write
from berthc.files.place import STDOUT, Place, place_of_code, refuse_collisions
from berthc.model import Manager
from berthc.names import Names

FORCE = "; --force writes over what is there, and your changes are lost"


def stub_command(args: argparse.Namespace) -> int:
    """Writes <manager>-backend.c and its header, or what -o names; "-" prints the source."""
    for option, given in (("--check", args.check), ("--depfile", args.depfile is not None),
                          ("--sim", args.sim), ("--flat", args.flat)):
        if given:
            raise Usage(f"{option} does not go with --stub, whose files are yours once written")
    to_stdout = args.output == STDOUT
    if to_stdout and len(args.specs) > 1:
        raise Usage(f"-o - prints one file, not those of {len(args.specs)} specs")
    place = place_of_code("." if to_stdout else args.output or ".", args.specs, False,
                          args.header, False)
    results = compile_all(args.specs)
    report(args, results, quiet=args.quiet)
    if status_of(results) != OK:
        return status_of(results)
    files: dict[Path, str] = {}
    for result in results:
        if result.manager is not None:
            files |= _files(result.manager, place)
    if to_stdout:
        print(next(iter(files.values())), end="")
        return OK
    refuse_collisions(files, None, args.specs)
    if args.force:
        for path in files:
            if os.path.lexists(path) and not path.is_file():
                raise OutputError(f"{path}: is no file")
        write(files)
    else:
        create(files, FORCE)
    if not args.quiet:
        print("".join(f"wrote {path}\n" for path in files), end="")
    return OK


def _files(manager: Manager, place: Place) -> dict[Path, str]:
    """The source first, then its header."""
    source = place.source or place.folder / f"{manager.name}-backend.c"
    header = source.with_suffix(".h")
    include = place.include or Names(manager.name).include
    if include == header.name:
        raise Usage(f"-o {source}: {include} is the manager's header; choose another name, such as "
                    f"{manager.name}-backend.c")
    return dict(zip((source, header), texts(manager, include, header.name), strict=True))
