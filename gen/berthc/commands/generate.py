"""`berthc gen`, `tests`, `diagram` and `docs`: files from the model of a spec."""
from __future__ import annotations

import argparse
import io
import shlex
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

from berthc.commands.common import BAD, OK, Usage, compile_all, report, say_written, status_of
from berthc.files.output import Drift, OutputError, depfile, drift, write
from berthc.files.place import STDOUT, Place, place_of_code, place_of_pages, refuse_collisions
from berthc.model import Manager
from berthc.spec.schema import schema_path

STATIC_NOTE = (
    "note: checked by the static rules only; berthc check explores interleavings of callers and"
    " failures"
)


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
    Target(
        "gen", "c", "build", True, "write the C code of a manager",
        "Writes DIR/<manager>/<manager>.h and <manager>.c, which link with libberth. "
        "With -o FILE.c, writes FILE.c and FILE.h. FILE.c includes the header by its name without "
        "folders: the C compiler finds it beside FILE.c, or by -I.",
        "berthc gen -o build spec/scsi.yaml\n"
        "  berthc gen --stub spec/scsi.yaml        start a backend: scsi-backend.c\n"
        "  cc -c -Ibuild/scsi $(pkg-config --cflags berth) build/scsi/scsi.c\n"
        "  berthc gen -o disks.c --depfile disks.d spec/scsi.yaml"),
    Target(
        "tests", "tests", "build", True, "write the conformance tests of a manager",
        "Writes DIR/<manager>/<manager>-conformance.c, or FILE.c: a cmocka suite that drives the "
        "generated manager through its public functions. It links with libberth-testing.",
        "berthc tests -o build spec/scsi.yaml\n"
        "  berthc tests -o disks-test.c --header disks.h spec/scsi.yaml"),
    Target("diagram", "diagram", "docs/managers", False, "draw a manager",
           "Writes state, sequence and ownership diagrams as Mermaid, DOT, SVG (needs graphviz) "
           "and plain text.", "berthc diagram -o docs/managers spec/scsi.yaml\n"
           "  berthc diagram -o docs/managers --check spec/*.yaml\n"
           "  berthc diagram -o - --only states-disk.svg spec/scsi.yaml"),
    Target("docs", "docs", "docs/managers", False, "write the reference page of a manager",
           "Writes the state tables, hooks and operations of a manager as Markdown, with the "
           "diagrams that it shows. With --inject, puts a table or a diagram into a file of yours.",
           "berthc docs -o docs/managers spec/scsi.yaml\n  berthc docs -o - spec/scsi.yaml\n"
           "  berthc docs --inject src/disk.c --check spec/scsi.yaml"),
)


def target_command(target: Target, args: argparse.Namespace) -> int:
    if target.name == "gen" and args.stub:
        from berthc.commands.stub import stub_command

        return stub_command(args)
    if target.name == "gen" and args.force:
        raise Usage("--force goes with --stub: berthc gen writes over its own files anyway")
    if target.name == "docs" and args.inject and args.output is not None:
        raise Usage("--inject writes its own files; -o goes with pages")
    if args.output is None:
        args.output = target.folder
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
        raise Usage(
            f"two of the specs are of the manager {twice[0]}: they would write the same files")
    if getattr(args, "inject", []):
        from berthc.commands.inject import injections

        files = injections(args, managers)
        if args.check:
            return drift_of(args, target, files)
        write(files)
        return OK
    files = emitted(target, args, place, managers)
    if args.output == STDOUT:
        print_one(files)
        return OK
    refuse_collisions(files, args.depfile, args.specs)
    if args.check:
        return drift_of(args, target, files)
    rule = depfile(files, inputs(args.specs)) if args.depfile is not None else ""
    # A build system compares times, so it would run berthc again until the files are newer.
    fresh = place.source is not None or args.depfile is not None
    changed = write(files, (args.depfile, rule) if args.depfile is not None else None, fresh)
    if not target.is_code and not args.quiet and args.depfile is None:
        say_written(files, changed, args.output)
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
    if target.name == "docs":
        from berthc.commands.pages import page, pages

        return page(managers[0]) if args.output == STDOUT else pages(place, managers)
    modules = [emitter(target.emitter)]
    if target.name == "gen" and args.sim:
        modules.append(emitter("sim"))
    options: dict[str, object] = {"include": place.include} if target.is_code else {}
    if target.name == "diagram":
        from berthc.commands.choice import choice_of, chosen

        options["choice"] = choice = choice_of(args, managers)
        if args.only:
            options["only"] = chosen(managers, args.only, choice)
    files = [module.files(manager, **options) for manager in managers for module in modules]
    return {place.path(name): text for some in files for name, text in some.items()}


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


def drift_of(args: argparse.Namespace, target: Target, files: Mapping[Path, str]) -> int:
    same = getattr(emitter("diagram" if target.name == "docs" else target.emitter), "same", None)
    return show_drift(drift(files, same), renewal(args, target))


def show_drift(drifts: Sequence[Drift], renewal: str) -> int:
    """How files differ from what would be written. `renewal` is the command that writes them."""
    for one in drifts:
        sys.stdout.write(one.diff)
    if drifts:
        names = ", ".join(one.file for one in drifts)
        print(f"berthc: not up to date: {names}\nberthc: renew with: {renewal}", file=sys.stderr)
        return BAD
    return OK


def renewal(args: argparse.Namespace, target: Target) -> str:
    """The command that writes what --check compared."""
    command = ["berthc", target.name]
    injected = getattr(args, "inject", [])
    command += ["-o", args.output] if not injected else []
    for name in injected:
        command += ["--inject", name]
    for option in ("flat", "sim"):
        command += [f"--{option}"] if getattr(args, option, False) else []
    if getattr(args, "header", None) is not None:
        command += ["--header", args.header]
    for pattern in getattr(args, "only", []):
        command += ["--only", pattern]
    command += ["--all"] if getattr(args, "all", False) else []
    if getattr(args, "edges", "all") != "all":
        command += ["--edges", args.edges]
    if getattr(args, "focus", None) is not None:
        command += ["--focus", args.focus]
    if getattr(args, "depth", None) is not None:
        command += ["--depth", str(args.depth)]
    return shlex.join([*command, *args.specs])


def emitter(name: str) -> ModuleType:
    """An emitter, loaded when it is needed: checking a spec needs no templates."""
    return import_module(f"berthc.emit.{name}")


def inputs(specs: Sequence[str]) -> list[Path]:
    """What the output depends on: the specs, the schema, and the compiler with its templates."""
    package = Path(__file__).resolve().parents[1]
    here = Path.cwd()
    own = [schema_path(), *(p for p in package.rglob("*") if p.suffix in (".py", ".j2"))]
    return ([Path(s) for s in specs if s != "-"]
            + [p.relative_to(here) if p.is_relative_to(here) else p for p in own])
