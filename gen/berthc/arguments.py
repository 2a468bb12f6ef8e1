"""The commands, their options and their help."""
from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from berthc import __version__
from berthc.commands.common import OK
from berthc.commands.generate import TARGETS, Target, target_command
from berthc.parser import Parser

if TYPE_CHECKING:
    from berthc.manual.commandline import Command

    Commands = argparse._SubParsersAction[Parser]

DIFF_FORMATS = ("text", "json", "markdown", "svg")


def parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """The command line, with its help.

    A command loads only its own modules, because make runs it again when one of them changes. So
    the options of `check`, which come from the search, are there only if `argv` names it.
    """
    top = Parser(
        prog="berthc",
        description="Compiles specs of resource managers to C, tests, diagrams and documentation.",
        epilog=(
            "examples:\n"
            "  berthc init gadget                      start a project\n"
            "  berthc check spec/scsi.yaml             is the spec right?\n"
            "  berthc gen -o build spec/scsi.yaml      write build/scsi/scsi.h and scsi.c\n"
            "  berthc explain leak                     what does error[leak] mean?\n"
            "  berthc COMMAND --help                   more about a command\n\n"
            "The language is described in docs/language.md and in the JSON Schema that editors "
            "use.\n"
            "\n"
            "exit status: 0 all is well; 1 a spec is wrong, or a file is out of date;\n"
            "  2 bad usage, or a file cannot be read or written; 3 internal error;\n"
            "  4 nothing is wrong, but a search did not see everything; 130 interrupted;\n"
            "  10 to 15 what changed: berthc diff --help"
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"berthc {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _init(commands)
    _check(commands, argv)
    _watch(commands, argv)
    _files(commands)
    _html(commands)
    _sim(commands)
    _store(commands)
    _explain(commands)
    _schema(commands)
    _completion(commands)
    _diff(commands, argv)
    return top


def _init(commands: Commands) -> None:
    init = _plain(
        commands, "init", "start a project",
        "Writes a project that works: a first spec with comments that explain the language, "
        "the start of a backend, a program, and a build file. Says which commands come next. "
        "Files that are there are never written over.",
        "berthc init gadget\n  berthc init gadget --store\n  "
        "berthc init gadget --build meson -o .", _later("init"))
    init.add_argument("name", metavar="NAME",
                      help="name of the manager: its C functions are called NAME_...")
    init.add_argument("--build", choices=("make", "cmake", "meson"), default="make",
                      help="the build file: a Makefile, CMakeLists.txt or meson.build "
                           "(default: make)")
    init.add_argument("--store", action="store_true",
                      help="a manager that outlives its process, with a store in a file of "
                           "SQLite")
    init.add_argument("-o", "--output", metavar="DIR",
                      help="folder that the files go to (default: NAME); created if needed")


def _check(commands: Commands, argv: Sequence[str]) -> None:
    check = _command(commands, "check", "is a spec right?",
                     "Reads specs and reports all their errors. Static rules look at the tables. "
                     "A search then plays a few callers, whose hooks may fail. Each of its "
                     "findings has the shortest script that shows it. A search that stops early "
                     "gives a warning, and exit status 4 if it has found nothing.",
                     "berthc check spec/scsi.yaml\n  berthc check --callers 4 --format json "
                     "spec/*.yaml\n  generate_spec | berthc check -", _later("check"),
                     "how the report is shown: text, or JSON on standard output: an object with "
                     "findings, diagnostics, bounds and counts; "
                     "with --static an array of diagnostics. sarif: SARIF 2.1.0 on standard output",
                     ("text", "json", "sarif"))
    _specs(check)
    if "check" in argv:
        from berthc.commands.check_arguments import add_arguments

        add_arguments(check)


def _watch(commands: Commands, argv: Sequence[str]) -> None:
    watch = _plain(
        commands, "watch", "check specs whenever they are saved",
        "Checks specs, and again whenever one of them is saved, with a short report each "
        "time. The static rules answer at once; the search follows, and begins anew when the "
        "spec changes meanwhile. Ctrl-C ends it.",
        "berthc watch spec/scsi.yaml\n"
        "  berthc watch --gen build spec/*.yaml", _later("watch"))
    _specs(watch, "")
    watch.add_argument("--static", action="store_true",
                       help="check the static rules only; do not search")
    watch.add_argument("--budget", metavar="TIME", type=_time(argv),
                       help="search each spec for this time, as berthc check --budget does")
    watch.add_argument("--gen", metavar="DIR",
                       help="also write the C code of each spec that is right, as berthc gen -o "
                       "DIR does")
    watch.set_defaults(format="text")


def _files(commands: Commands) -> None:
    for target in TARGETS:
        sub = _command(commands, target.name, target.summary, target.about, target.example,
                       partial(target_command, target))
        _specs(sub)
        _place(sub, target)
        sub.add_argument("--check", action="store_true",
                         help="write nothing; show how the files differ from what would be "
                              "written, and exit with 1 if any does")
        sub.add_argument("--depfile", metavar="FILE", type=Path,
                         help="also write a rule for make or Ninja, with the inputs of the files")
        sub.add_argument("-q", "--quiet", action="store_true",
                         help="print no notes, only errors")


def _html(commands: Commands) -> None:
    html = _command(
        commands, "html", "write a page to review and try a manager",
        "Writes DIR/<manager>.html: states, tables, the spec, and a simulator, in one file that "
        "needs no network. With several specs, DIR/index.html leads to them. A spec that the "
        "rules about leaks and dead ends refuse gets its page, which shows what they say. A spec "
        "with another error has no page; index.html names it.",
        "berthc html -o review spec/scsi.yaml\n  berthc html --search -o review spec/*.yaml\n"
        "  berthc html --serve spec/scsi.yaml", _later("html"))
    _specs(html)
    html.add_argument("-o", "--output", metavar="DIR",
                      help="folder that the pages go to (default: build/html); created if needed; "
                      '"-" prints the page of one spec to standard output')
    html.add_argument("--search", action="store_true",
                      help="also search as `berthc check` does, and put each finding into the "
                      "page with its script, to be played step by step")
    html.add_argument("--coverage", metavar="FILE", type=Path, action="append", default=[],
                      help="paint which rows were tested: FILE has what <manager>-conformance "
                      "printed; may be given more than once")
    html.add_argument("--check", action="store_true",
                      help="write nothing; show how the pages differ from what would be written, "
                      "and exit with 1 if any does")
    html.add_argument("--serve", action="store_true",
                      help="write nothing; show the pages on this machine alone, and again when a "
                      "spec changes, until interrupted")
    html.add_argument("--port", metavar="PORT", type=_port,
                      help="with --serve: show them at http://127.0.0.1:PORT/ (default: a free "
                      "port)")


def _sim(commands: Commands) -> None:
    sim = _command(commands, "sim", "play a manager on the command line",
                   "Reads one JSON request per line from standard input and answers each with one "
                   "line, from the model; no C is involved.",
                   'echo \'{"op": "reserve", "disk": {"host_path": "/a"}, "mount": {"partition": '
                   '1}}\' \\\n    | berthc sim spec/scsi.yaml', _later("sim"))
    sim.add_argument("spec", metavar="SPEC", help="a spec file")


def _store(commands: Commands) -> None:
    store = _plain(
        commands, "store", "what does a store hold?",
        "Reads a store in a file of SQLite, also while a manager has it open: whose it is, "
        "instances by state, reservations with their owners, open intents. Says what does not "
        "fit together; with a spec, each row that opening its manager refuses. "
        "Nothing is changed.",
        "berthc store disks.db examples/qemu/stored_scsi.yaml\n"
        "  berthc store --format json disks.db\n\n"
        "exit status: 0 all is well; 1 something is wrong with the store; 2 bad usage, or a "
        "file\n  cannot be read; 3 internal error", _later("store"))
    store.add_argument("file", metavar="FILE", help="the file of the store")
    store.add_argument("spec", metavar="SPEC", nargs="?", help="the spec of its manager")
    store.add_argument("--format", choices=("text", "json"), default="text",
                       help="text, or a JSON object with all rows on standard output")


def _explain(commands: Commands) -> None:
    explain = _plain(
        commands, "explain", "what does a message mean?",
        "Explains the id in brackets of a message: what it means, a "
        "small example, and the cure. Without an id, lists all.",
        "berthc explain leak\n"
        "  berthc explain leak --spec | berthc check -", _later("explain"))
    explain.add_argument("id", metavar="ID", nargs="?", help="the id of a message, such as leak")
    explain.add_argument("--spec", action="store_true",
                         help="print the spec of the example, with the mistake in it")


def _schema(commands: Commands) -> None:
    schema = _plain(
        commands, "schema", "where is the JSON Schema for editors?",
        "Prints the path of the JSON Schema of specs. Editors that use "
        "yaml-language-server read it (docs/editor.md).",
        "berthc schema\n"
        "  berthc schema --modeline | cat - net.yaml", _later("schema"))
    schema.add_argument("--modeline", action="store_true",
                        help="print the first line of a spec that names the schema")


def _completion(commands: Commands) -> None:
    completion = _plain(
        commands, "completion", "complete the command line in a shell",
        "Prints a script that completes commands, options, their values, specs and the ids of "
        "messages. An installed Berth has it where the shells look for it.",
        "source <(berthc completion bash)\n"
        "  berthc completion zsh >~/.zfunc/_berthc\n"
        "  berthc completion fish >~/.config/fish/completions/berthc.fish", completion_command)
    completion.add_argument("shell", metavar="SHELL", choices=("bash", "zsh", "fish"),
                            help="bash, zsh or fish")


def _diff(commands: Commands, argv: Sequence[str]) -> None:
    diff = _command(
        commands, "diff", "what changed between two specs?",
        "Says in words what changed between two specs, what it means for callers and backends, and "
        "what the checker finds of the new spec only. A spec is a file, - (standard input) or "
        "REV:FILE of git. One file alone is compared with HEAD.",
        "berthc diff spec/scsi.yaml\n"
        "  berthc diff main:spec/scsi.yaml spec/scsi.yaml\n"
        "  berthc diff --format markdown main -- spec/*.yaml\n\n"
        "exit status, the greatest that holds:\n"
        "   0 the same                 13 breaks the C API or ABI\n"
        "  10 cosmetic                 14 breaks the backend's contract\n"
        "  11 compatible               15 makes the checker find something new\n"
        "  12 changes behaviour\n"
        "   1 the old spec cannot be read as a spec; 2, 3, 130 as for all commands",
        _later("diff"), "text; json: one object; markdown: for a pull request; svg: a picture of "
        "the states (needs graphviz)", DIFF_FORMATS)
    diff.add_argument("specs", metavar="SPEC", nargs="+",
                      help="OLD and NEW; or one file; or revisions, -- and files: "
                           "REV -- FILE..., OLDREV NEWREV -- FILE...")
    diff.add_argument("-o", "--output", metavar="FILE", help='write to FILE; "-" is standard '
                      "output")
    diff.add_argument("--no-check", dest="check", action="store_false",
                      help="do not search for new findings")
    diff.add_argument("--side", choices=("both", "old", "new"), default="both",
                      help="with --format svg: both specs in one picture, or one of them, with "
                           "each state in the same place (default: both)")
    files = argv[argv.index("--") + 1:] if "--" in argv else []
    diff.set_defaults(files=files, static=False, explain=False, emit_test=None, scripts=None)
    if "diff" in argv:
        from berthc.commands.check_arguments import add_bounds

        add_bounds(diff)


def _plain(
    commands: Commands, name: str, summary: str, about: str,
    examples: str, function: Callable[[argparse.Namespace], int],
) -> argparse.ArgumentParser:
    """A command with no option but --help."""
    sub: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=textwrap.fill(about, 90), epilog=f"examples:\n  {examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter)
    sub.set_defaults(command=function)
    return sub


def _command(
    commands: Commands, name: str, summary: str, about: str,
    examples: str, function: Callable[[argparse.Namespace], int],
    shown: str = "how errors are shown: text on standard error, or a JSON array on standard output",
    formats: Sequence[str] = ("text", "json"),
) -> argparse.ArgumentParser:
    """A command that reads specs and tells of them."""
    sub = _plain(commands, name, summary, about, examples, function)
    sub.add_argument("--format", choices=formats, default="text", help=shown)
    sub.add_argument("--debug", action="store_true",
                     help="show where in the compiler an internal error happened")
    return sub


def _later(name: str) -> Callable[[argparse.Namespace], int]:
    """NAME_command of berthc.commands.NAME, which is loaded when it runs."""
    def command(args: argparse.Namespace) -> int:
        module = import_module(f"berthc.commands.{name}")
        function: Callable[[argparse.Namespace], int] = getattr(module, f"{name}_command")
        return function(args)

    return command


def _specs(sub: argparse.ArgumentParser, more: str = '; "-" is standard input') -> None:
    sub.add_argument("specs", metavar="SPEC", nargs="+", help=f"spec files{more}")


def _time(argv: Sequence[str]) -> Callable[[str], float]:
    """What reads a time; it comes with the search."""
    if "watch" not in argv:
        return float
    from berthc.commands.check_arguments import time_of

    return time_of


def _place(sub: argparse.ArgumentParser, target: Target) -> None:
    """Where the files go, and which ones."""
    where = f"folder that the files go to (default: {target.folder}); created if needed"
    if not target.is_code:
        one = "one diagram" if target.name == "diagram" else "the page of one spec"
        sub.add_argument("-o", "--output", metavar="DIR",
                         help=f'{where}; "-" prints {one} to standard output')
    if target.name == "docs":
        sub.add_argument("--inject", metavar="FILE", action="append", default=[],
                         help="write no page; renew what stands in FILE between two comments that "
                              "have the words 'berthc:table disk' (or berthc:text, berthc:mermaid) "
                              "and 'berthc:end'; may be given more than once")
    if target.name == "diagram":
        sub.add_argument("--only", metavar="NAME", action="append", default=[],
                         help="only files of this name, such as ownership.svg or 'states-*.dot'; "
                         "may be given more than once")
        sub.add_argument("--all", action="store_true",
                         help="draw all runs of each operation, not only the one in which all goes "
                              "well and the first in which each hook fails")
        sub.add_argument("--edges", choices=("all", "happy", "failures"), default="all",
                         help="draw the states with these arrows only: those of the happy path, or "
                              "what failures do; goes to files of their own, such as "
                              "states-disk-happy.svg")
        sub.add_argument("--focus", metavar="RESOURCE.STATE",
                         help="draw the states around this one only, such as disk.attached; goes "
                              "to files such as states-disk-near-attached.svg")
        sub.add_argument("--depth", metavar="N", type=int,
                         help="with --focus: how many arrows away a state may be (default: 1)")
    if not target.is_code:
        return
    own = "; with --stub: the current folder" if target.name == "gen" else ""
    sub.add_argument("-o", "--output", metavar="DIR|FILE.c",
                     help=f"{where}{own}; or a file that ends in .c, for one spec")
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
        sub.add_argument("--stub", action="store_true",
                         help="write only the start of a backend, which is yours from then on: "
                         "DIR/<manager>-backend.c and .h, whose hooks answer EOPNOTSUPP below "
                         'their contracts; "-o -" prints the source; --header names the header of '
                         "the manager")
        sub.add_argument("--force", action="store_true",
                         help="with --stub: write over files that are there")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"'{text[:40]}' is no port: write a number up to 65535")
    return int(text)


def completion_command(args: argparse.Namespace) -> int:
    from berthc.manual.completion import SHELLS

    sys.stdout.write(SHELLS[args.shell](every_command(), every_id()))
    return OK


def every_command() -> list[Command]:
    """The whole command line as data, also what a command loads only for itself."""
    from berthc.manual.commandline import described, names

    return described(parser(names(parser([]))))


def every_id() -> list[str]:
    """The ids that `berthc explain` knows."""
    from berthc.reference.explained import every

    return list(dict.fromkeys(one.id for one in every()))
