"""`berthc html --serve`: the pages over HTTP, on this machine alone, and again when a spec changes.

One thread for each connection answers; the main thread looks at the specs, so that an interrupt
reaches it. A spec with an error leaves the last good page, which shows the error.
"""
from __future__ import annotations

import argparse
import hashlib
import json
import re
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from berthc.commands.common import Usage, compile_with_meaning
from berthc.commands.html import coverage_of, pages, refuse_unknown, searched
from berthc.diag import Diagnostic, as_text, has_errors
from berthc.emit.html import INDEX
from berthc.emit.html.coverage import Coverage
from berthc.emit.html.findings import checked
from berthc.explore.progress import Progress
from berthc.explore.report import Report
from berthc.files.output import OutputError
from berthc.files.watch import Watch
from berthc.model import Loc, Manager
from berthc.pipeline import Result

LOOPBACK = "127.0.0.1"
EVERY = 0.1  # seconds between two looks at the specs
PULSE = 10.0  # seconds without news after which a listener is told that the server is there
TITLE = b"<!DOCTYPE html><html lang=en><title>berthc</title>"

Json = dict[str, Any]
Covered = dict[str, Coverage] | None


@dataclass
class Shown:
    """What the server shows now. All members are read and changed under `change`."""

    pages: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    broken: Sequence[Json] = ()
    ended: bool = False
    change: threading.Condition = field(default_factory=threading.Condition)

    def renew(self, pages: Mapping[str, str] | None, version: str, broken: Sequence[Json]) -> None:
        """Other pages, or none and the reasons, over the last good ones."""
        with self.change:
            if pages is not None:
                self.pages, self.version = pages, version
            self.broken = broken
            self.change.notify_all()

    def now(self) -> tuple[Mapping[str, str], Sequence[Json]]:
        """The pages and what is wrong, once the specs were looked at."""
        with self.change:
            self.change.wait_for(lambda: self.ended or self.pages or self.broken)
            return self.pages, self.broken

    def end(self) -> None:
        """Lets all listeners go."""
        with self.change:
            self.ended = True
            self.change.notify_all()

    def news(self, last: str, patience: float) -> str | None:
        """What listeners are told, once it is not `last`; "" after a while without news, None at
        the end."""
        with self.change:
            self.change.wait_for(lambda: self.ended or self._said() != last, patience)
            said = self._said()
            return None if self.ended else "" if said == last else said

    def _said(self) -> str:
        return json.dumps({"version": self.version, "broken": list(self.broken)})


class Changed(KeyboardInterrupt):
    """A spec was saved while it was searched. It ends a search as the user does."""


class Watching(Progress):
    """Looks at the specs as often as a search says how far it is."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch
        self.changed = False

    def __call__(self, states: int, waiting: int = 0) -> None:
        """Ends the search of a spec that is another one by now."""
        super().__call__(states, waiting)
        if self._watch.changed():
            self.changed = True
            raise Changed


def serve(args: argparse.Namespace) -> int:
    """Serves until it is interrupted, which is the way to end it."""
    covered = coverage_of(args.coverage)
    shown = Shown()
    try:
        server = Server((LOOPBACK, args.port or 0), shown)
    except OSError as error:
        raise OutputError(f"port {args.port or 0}: {error.strerror or error}") from error
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    watch = Watch(args.specs)
    try:
        thread.start()
        print(f"berthc: http://{LOOPBACK}:{server.server_address[1]}/ until Ctrl-C", flush=True)
        while True:
            while renew(args, shown, covered, watch):
                pass
            while not watch.changed():
                time.sleep(EVERY)
    except KeyboardInterrupt:
        print()
        return 0
    finally:
        shown.end()
        server.shutdown()
        server.server_close()


def renew(args: argparse.Namespace, shown: Shown, covered: Covered, watch: Watch) -> bool:
    """New pages, first without a search, because that can take long. True where a spec changed
    before the search was over."""
    results = compile_with_meaning(args.specs)
    broken = [_as_json(d, result) for result, manager in results if manager is None
              for d in result.diagnostics if has_errors([d])]
    said = "ok" if not broken else f"{len(broken)} error{'' if len(broken) == 1 else 's'}"
    print(f"berthc: {', '.join(args.specs)}: {said}", flush=True)
    if broken:
        shown.renew(None, "", broken)
        return False
    found = [(result, manager) for result, manager in results if manager is not None]
    texts = "\0".join(line for result, _ in results for line in ("", *result.source.lines))
    version = hashlib.sha256(texts.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    made = _publish(args, shown, covered, f"{version}-0", [(r, m, None) for r, m in found])
    if not made or not args.search:
        return False
    reports: list[tuple[Result, Manager, Report | None]] = []
    for result, manager in found:
        progress = Watching(watch)
        report = searched(manager, progress)
        if progress.changed:
            return True
        if report.interrupted:
            raise KeyboardInterrupt
        reports.append((result, manager, report))
    _publish(args, shown, covered, f"{version}-1", reports)
    for result, _, done in reports:
        told = checked(result.diagnostics, done).told
        print(f"berthc: {result.source.file}: {told}", flush=True)
    return False


def _publish(args: argparse.Namespace, shown: Shown, covered: Covered, version: str,
             found: Sequence[tuple[Result, Manager, Report | None]]) -> bool:
    """Were there pages? Coverage that does not fit a changed spec any more is left out."""
    try:
        refuse_unknown(covered, [manager for _, manager, _ in found])
    except Usage as error:
        print(f"berthc: warning: {error}", flush=True)
        covered = None
    try:
        made = pages(found, covered, version)
    except Usage as error:  # each spec is right, but they do not go together
        if not shown.pages:
            raise
        print(f"berthc: {error}", flush=True)
        last, *_ = found[-1]
        why = Diagnostic("file", Loc(last.source.file, 0, 0), str(error))
        shown.renew(None, "", [_as_json(why, last)])
        return False
    shown.renew(made, version, ())
    return True


def _as_json(d: Diagnostic, result: Result) -> Json:
    text = as_text(d, result.source.lines).split("\n")
    return {"file": d.loc.file, "line": d.loc.line, "column": d.loc.column, "id": d.id,
            "message": d.message, "help": d.help,
            "excerpt": "\n".join(text[1:3]) if d.loc.line and len(text) > 2 else ""}


class Server(ThreadingHTTPServer):
    """Knows what is shown. Connections do not outlive it."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], shown: Shown) -> None:
        self.shown = shown
        super().__init__(address, Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away is nothing to talk about."""


class Handler(BaseHTTPRequestHandler):
    """GET of a page, and of the news of all."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "berthc"
    sys_version = ""

    def do_GET(self) -> None:  # noqa: N802  the name is http.server's
        """A page, or the news."""
        name = unquote(self.path.partition("?")[0]).removeprefix("/")
        if not self._is_meant():
            self._send(403, TITLE + b"This server is for pages of this machine.")
        elif name == "events":
            self._tell()
        else:
            known, broken = self.server.shown.now()
            text = known.get(name or (INDEX if INDEX in known else next(iter(known), "")))
            if text is not None:
                self._send(200, text.encode())
            elif not known:
                self._send(200, _waiting(broken))
            else:
                self._send(404, TITLE + b"There is no such page. <a href=/>All pages</a>")

    def _is_meant(self) -> bool:
        """A page of another site may not read this one under a name of its own."""
        host = re.sub(r":[0-9]*$", "", self.headers.get("Host") or "")  # none is port 80
        return host in (LOOPBACK, "localhost")

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.end_headers()
        self.wfile.write(body)

    def _tell(self) -> None:
        """News as server-sent events, until either side ends."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        last = ""
        while (said := self.server.shown.news(last, PULSE)) is not None:
            last = said or last
            line = f"event: page\ndata: {said}\n\n" if said else ": here\n\n"
            self.wfile.write(line.encode())
            self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: the terminal is for what is wrong with specs."""


def _waiting(broken: Sequence[Json]) -> bytes:
    """Before the first good page."""
    from markupsafe import escape

    said = "".join(f"<p><b>{escape(one['file'])}:{one['line']}</b> {escape(one['message'])}"
                   f"<pre>{escape(one['excerpt'])}</pre>" for one in broken)
    return TITLE + (f'<meta charset=utf-8><meta http-equiv=refresh content=1>'
                    f"<h1>The spec has errors</h1>{said}").encode()
