"""yaml-language-server as an editor talks to it: JSON-RPC over its standard streams."""
from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT / "spec/schema/berth.schema.json"
PATIENCE = 60.0

Json = dict[str, Any]


@dataclass(frozen=True)
class Completion:
    """What an editor shows of a proposal, and what the text is once it is taken."""

    label: str
    about: str
    text: str


class LanguageServer:
    """One process of yaml-language-server. `files` are the patterns that the settings give the
    schema to; without any, only modelines name it."""

    def __init__(self, *files: str, schema: Path = SCHEMA) -> None:
        program = Path(os.environ["BERTH_NODE_MODULES"]) / "yaml-language-server/bin"
        self.process = subprocess.Popen(
            ["node", str(program / "yaml-language-server"), "--stdio"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.settings = {"yaml": {"schemas": {str(schema): list(files)} if files else {},
                                  "schemaStore": {"enable": False}, "validate": True,
                                  "hover": True, "completion": True}}
        self.next_id = 0
        self.texts: dict[str, str] = {}
        self.found: dict[str, list[Json]] = {}
        self.messages: queue.Queue[Json | None] = queue.Queue()
        threading.Thread(target=self._receive, daemon=True).start()
        markdown = ["markdown", "plaintext"]
        self.request("initialize", {
            "processId": os.getpid(), "rootUri": ROOT.as_uri(), "capabilities": {
                "workspace": {"configuration": True, "didChangeConfiguration": {}},
                "textDocument": {
                    "hover": {"contentFormat": markdown},
                    "completion": {"completionItem": {"snippetSupport": True,
                                                      "documentationFormat": markdown}},
                    "documentSymbol": {"hierarchicalDocumentSymbolSupport": True}}}})
        self._send({"method": "initialized", "params": {}})
        self._notify("workspace/didChangeConfiguration", {"settings": self.settings})
        self._until("settings", lambda message: message.get("method") == "workspace/configuration")

    def __enter__(self) -> LanguageServer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()

    def open(self, path: Path | str, text: str | None = None) -> str:
        """Shows a file to the server, or a text as if it were the file's. Returns its URI."""
        file = Path(path).resolve()
        uri = file.as_uri()
        text = file.read_text(encoding="utf-8") if text is None else text
        if uri in self.texts:
            self._notify("textDocument/didClose", {"textDocument": {"uri": uri}})
            self.found.pop(uri, None)
        self.texts[uri] = text
        self._notify("textDocument/didOpen", {"textDocument": {
            "uri": uri, "languageId": "yaml", "version": 1, "text": text}})
        return uri

    def diagnostics(self, uri: str) -> list[tuple[int, str]]:
        """Line and message of each diagnostic of an open file, in their order."""
        while uri not in self.found:
            self._take(f"diagnostics of {uri}")
        return sorted((one["range"]["start"]["line"] + 1, one["message"])
                      for one in self.found[uri])

    def hover(self, uri: str, line: int, column: int) -> str:
        """What is shown for a place; line and column begin with 1."""
        answer = self.request("textDocument/hover", self._place(uri, line, column))
        return str(answer["contents"]["value"]) if answer else ""

    def symbols(self, uri: str) -> list[str]:
        """The names in the outline, each below its parents: resources/tap/states."""
        answer = self.request("textDocument/documentSymbol", {"textDocument": {"uri": uri}})

        def names(some: list[Json], above: str) -> list[str]:
            found = []
            for one in some:
                name = above + one["name"]
                found += [name, *names(one.get("children", []), f"{name}/")]
            return found

        return names(answer, "")

    def complete(self, path: Path | str, text: str) -> list[Completion]:
        """The proposals at the mark ¦ of a text."""
        before, _, after = text.partition("¦")
        plain = before + after
        uri = self.open(path, plain)
        line = before.count("\n")
        column = len(before) - before.rfind("\n") - 1
        answer = self.request("textDocument/completion", self._place(uri, line + 1, column + 1))
        items = answer["items"] if isinstance(answer, dict) else answer or []
        return [Completion(one["label"], _plain(one.get("documentation")),
                           _taken(plain, one, line, column)) for one in items]

    def request(self, method: str, params: Json) -> Any:
        self.next_id += 1
        mine = self.next_id
        self._send({"id": mine, "method": method, "params": params})
        answer = self._until(method, lambda m: m.get("id") == mine and "method" not in m)
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer.get("result")

    def _until(self, what: str, wanted: Any) -> Json:
        while True:
            message = self._take(what)
            if wanted(message):
                return message

    def _take(self, what: str) -> Json:
        """The next message. The server's own requests are answered here."""
        try:
            message = self.messages.get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError(f"no answer in {PATIENCE:.0f} s: {what}") from None
        if message is None:
            raise AssertionError(f"yaml-language-server ended: {what}")
        if message.get("method") == "textDocument/publishDiagnostics":
            self.found[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "method" in message and "id" in message:
            result: Any = None
            if message["method"] == "workspace/configuration":
                result = [self.settings.get(item.get("section", ""))
                          for item in message["params"]["items"]]
            self._send({"id": message["id"], "result": result})
        return message

    def _notify(self, method: str, params: Json) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: Json) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        stream = self.process.stdin
        assert stream is not None
        stream.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        stream.flush()

    def _receive(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while (message := _read(stream)) is not None:
            self.messages.put(message)
        self.messages.put(None)

    @staticmethod
    def _place(uri: str, line: int, column: int) -> Json:
        return {"textDocument": {"uri": uri},
                "position": {"line": line - 1, "character": column - 1}}


def _read(stream: Any) -> Json | None:
    """The next message of a stream; None at its end."""
    length = 0
    while (line := stream.readline().strip()) or not length:
        if not line:
            return None
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    body: Json = json.loads(stream.read(length))
    return body


def _plain(documentation: Any) -> str:
    return str(documentation.get("value", "") if isinstance(documentation, dict)
               else documentation or "")


def _taken(text: str, item: Json, line: int, column: int) -> str:
    """The text after an editor inserted a proposal: the default texts of its places stay, and
    lines after the first get the indentation of the line that they are inserted in."""
    lines = text.split("\n")
    edit = item.get("textEdit") or {"newText": item.get("insertText", item["label"]), "range": {
        "start": {"line": line, "character": column}, "end": {"line": line, "character": column}}}
    start, end = edit["range"]["start"], edit["range"]["end"]
    first = lines[start["line"]]
    indent = first[:len(first) - len(first.lstrip(" "))]
    new = edit["newText"]
    if item.get("insertTextFormat") == 2:
        new = re.sub(r"\$\{\d+\|([^,|]*)[^}]*\|\}", r"\1", new)
        while re.search(r"\$\{\d+:[^${}]*\}", new):
            new = re.sub(r"\$\{\d+:([^${}]*)\}", r"\1", new)
        new = re.sub(r"\$\d+|\$\{\d+\}", "", new)
        new = re.sub(r"\\([\\$}])", r"\1", new)
    new = new.replace("\n", "\n" + indent)
    return "\n".join([*lines[:start["line"]], first[:start["character"]] + new
                      + lines[end["line"]][end["character"]:], *lines[end["line"] + 1:]])
