"""`berthc watch`: checks specs whenever they are saved.

The static rules answer at once. The search runs in a process of its own, so that a change of the
spec can end it.
"""
from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, NoReturn

from berthc.commands.check import explored_text
from berthc.commands.check_arguments import parsed
from berthc.commands.common import USAGE, Usage, colours, compile_all, report, status_of
from berthc.diag import Diagnostic, Severity, show
from berthc.emit.c import files
from berthc.files.output import OutputError, write
from berthc.files.place import Place, place_of_code
from berthc.files.watch import Watch
from berthc.model import Manager
from berthc.pipeline import EXPLORABLE, Result, search_text
from berthc.spec.load import Source, read

EVERY = 0.1  # seconds between two looks at the files
PATIENCE = 5.0  # seconds that a search has to end
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def watch_command(args: argparse.Namespace) -> int:
    """Runs until it is interrupted. Specs that are not there at the beginning are an error."""
    specs = list(dict.fromkeys(args.specs))
    if "-" in specs:
        raise Usage("standard input is no file that can be watched")
    place = None if args.gen is None else place_of_code(args.gen, specs, False, None, True)
    if place is not None and place.source is not None:
        raise Usage(f"--gen {args.gen}: name a folder")
    gone = [r for r in compile_all(specs) if status_of([r]) == USAGE]
    if gone:
        report(args, gone)
        return USAGE
    with _ended_by_signals():
        _Watcher(specs, args, place).run()


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Signals that end a process raise SystemExit, so that its search is ended, too."""
    def end(number: int, _: object) -> NoReturn:
        raise SystemExit(128 + number)

    before = {one: signal.signal(one, end) for one in ENDING[1:]}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@dataclass
class _Search:
    """A search in a child, which writes its report to `out`."""

    pid: int
    path: str
    out: IO[bytes]


class _Watcher:
    def __init__(self, specs: list[str], args: argparse.Namespace, place: Place | None) -> None:
        self._watch = Watch(specs)
        self._specs = specs
        self._static: bool = args.static
        self._check = parsed(specs)
        self._check.budget = args.budget
        self._place = place
        self._text: dict[str, str | None] = {}
        self._waiting: dict[str, tuple[Result, Manager]] = {}
        self._running: _Search | None = None
        self._colours = colours(sys.stdout)

    def run(self) -> NoReturn:
        try:
            for path in self._specs:
                self._answer(path)
            while True:
                for path in self._watch.changed():
                    self._answer(path)
                self._search()
                time.sleep(EVERY)
        finally:
            self._stop()

    def _answer(self, path: str) -> None:
        """What the static rules say of a spec whose text is new; its search is put in line."""
        text, found = read(path)
        if path in self._text and text is not None and text == self._text[path]:
            return
        self._text[path] = text
        self._waiting.pop(path, None)
        if self._running is not None and self._running.path == path:
            self._stop()
        if text is None:
            result, manager = Result(None, tuple(found), Source(path, ())), None
        else:
            result, manager = search_text(path, text)
        told = [d for d in result.diagnostics if manager is None or d.id not in EXPLORABLE]
        print(time.strftime("%H:%M:%S"), path)
        print(show(told, {path: result.source.lines}, self._colours), end="")
        if self._place is not None and result.manager is not None:
            self._generate(result.manager, self._place)
        if manager is None or self._static:
            says = "waiting for it" if text is None else f"{_count(result)} by the static rules"
            print(f"{path}: {says}", flush=True)
            return
        left = _named(d for d in result.diagnostics if d not in told)
        print(f"{path}: {_count(result)} by the static rules{left}; searching", flush=True)
        self._waiting[path] = (result, manager)

    @staticmethod
    def _generate(manager: Manager, place: Place) -> None:
        try:
            made = write({place.path(name): text for name, text in files(manager).items()})
        except OutputError as error:
            print(f"berthc: {error}")
        else:
            print("".join(f"wrote {path}\n" for path in reversed(made)), end="")

    def _search(self) -> None:
        """Tells what a search has found that has ended, and begins the next."""
        if self._running is not None and _has_ended(self._running.pid):
            with self._running.out as out:
                self._running = None  # an interrupt must not end it a second time
                out.seek(0)
                sys.stdout.write(out.read().decode("utf-8", "replace"))
                sys.stdout.flush()
        if self._running is None and self._waiting:
            path = next(iter(self._waiting))
            self._begin(path, *self._waiting.pop(path))

    def _begin(self, path: str, result: Result, manager: Manager) -> None:
        out = tempfile.TemporaryFile()  # noqa: SIM115  closed when its search is told
        # a signal waits until _stop knows of the child, or the child would live on
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        pid = os.fork()
        if pid == 0:
            self._child(out, before, path, result, manager)
        with suppress(OSError):
            os.setpgid(pid, pid)  # also here: it may be stopped before it runs
        self._running = _Search(pid, path, out)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _child(self, out: IO[bytes], blocked: Set[int], path: str, result: Result,
               manager: Manager) -> NoReturn:
        """The search, in a process group of its own with all that it starts."""
        try:
            os.setpgid(0, 0)
            for stream in (1, 2):
                os.dup2(out.fileno(), stream)
            for one in (signal.SIGTERM, signal.SIGHUP):
                signal.signal(one, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            print(explored_text(self._check, result, manager, self._colours, path), end="",
                  flush=True)
        except KeyboardInterrupt:
            pass
        except BaseException:  # noqa: BLE001  nobody is above this
            traceback.print_exc(limit=-1)
            sys.stderr.flush()
        finally:
            os._exit(0)

    def _stop(self) -> None:
        """Ends the running search, and forgets what it would have said. A second signal waits."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        if self._running is not None:
            _end(self._running.pid)
            self._running.out.close()
            self._running = None
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(pid: int) -> None:
    """Ends a search. One that was asked for its status already has ended."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGINT)  # it takes its scratch files away
    until = time.monotonic() + PATIENCE
    with suppress(ChildProcessError):
        while not _has_ended(pid):
            if time.monotonic() > until:
                os.killpg(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                return
            time.sleep(0.01)


def _has_ended(pid: int) -> bool:
    return os.waitpid(pid, os.WNOHANG)[0] == pid


def _named(left: Iterable[Diagnostic]) -> str:
    """Messages that the search will tell with its scripts, so that nobody waits to know them."""
    words = [f"{d.id} in line {d.loc.line}" for d in left]
    return f" ({', '.join(words)})" if words else ""


def _count(result: Result) -> str:
    """How many messages there are, in words."""
    counts = [(sum(d.severity is severity for d in result.diagnostics), severity.value)
              for severity in (Severity.ERROR, Severity.WARNING)]
    words = [f"{count} {word}{'' if count == 1 else 's'}" for count, word in counts if count]
    return " and ".join(words) or "no errors"
