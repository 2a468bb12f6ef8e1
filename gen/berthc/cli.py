"""The command line: what the user asked for, and how that ends. The help says what each exit status
means."""
from __future__ import annotations

import argparse
import io
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence

from berthc.arguments import parser
from berthc.commands.common import BROKEN, USAGE, Usage, internal_error
from berthc.files.output import OutputError
from berthc.files.place import PlaceError
from berthc.spec.schema import SchemaMissing


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
        return 128 + signal.SIGPIPE
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except MemoryError:
        pass  # the exception keeps what filled the memory
    # of files the stages tell themselves; what is left is the disk behind stdout, or a folder that
    # is gone
    except OSError as error:
        print(f"berthc: cannot go on: {error.strerror or error}", file=sys.stderr)
        forget_stdout()
        return USAGE
    except Exception as error:  # noqa: BLE001  the last resort: no traceback for users
        if debug:
            traceback.print_exc()
        print(f"berthc: {internal_error(error)}", file=sys.stderr)
        return BROKEN
    print("berthc: cannot go on: there is no more memory", file=sys.stderr)
    return USAGE


def open_streams() -> None:
    """Gives standard streams that are closed an empty file, and lets the others write what their
    encoding lacks as escapes. An output that is lost is an error, so a standard output that is
    closed takes none."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            flags = os.O_WRONLY if name == "stderr" else os.O_RDONLY
            stays_open = open(os.open(os.devnull, flags), mode, encoding="utf-8")  # noqa: SIM115
            setattr(sys, name, stays_open)
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def forget_stdout() -> None:
    """Python would complain about what it cannot write once more when it ends, so stdout is pointed
    elsewhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run(argv: Sequence[str]) -> int:
    if not argv:
        parser(argv).print_help(sys.stderr)
        return USAGE
    args = parser(argv).parse_args(argv)
    command: Callable[[argparse.Namespace], int] = args.command
    return command(args)
