"""From the text of a file to nodes that know where they stand.

YAML's events are read from PyYAML's parser (libyaml where it is there) and put together here, for
four reasons: plain scalars mean what YAML 1.2 says (`on` and `no` are words), a key that is there
twice is an error, nesting and aliases are bounded before anything recursive sees them, and every
node keeps its line and column.
"""
from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Union

import yaml

from berthc.diag import Diagnostic, listing, nearest, quote
from berthc.model import Loc

MAX_BYTES = 4 * 1024 * 1024
ENDINGS = (".yaml", ".yml")
MAX_DEPTH = 40
MAX_NODES = 1_000_000  # counted with every alias expanded

Value = Union[None, bool, int, float, str]

# libyaml and PyYAML count these as line breaks; the excerpt of a message must split lines in the
# same places.
_BREAKS = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


@dataclass(frozen=True)
class Node:
    """What all nodes have: the place (1-based line and column, length on that line) and the last
    line."""

    file: str
    line: int
    column: int
    length: int
    last_line: int

    @property
    def loc(self) -> Loc:
        return Loc(self.file, self.line, self.column, self.length)


@dataclass(frozen=True)
class Scalar(Node):
    """A single value. `text` is what was written, without quotes; `exact` says that it stands in
    the source as it is."""

    value: Value
    text: str
    exact: bool
    offset: int  # of the text behind the place: 1 for quoted text


@dataclass(frozen=True)
class Sequence(Node):
    items: tuple[Node, ...]


@dataclass(frozen=True)
class Mapping(Node):
    """Keys are text; the first of two equal ones is kept."""

    keys: dict[str, Scalar]
    values: dict[str, Node]

    def get(self, key: str) -> Node | None:
        return self.values.get(key)


@dataclass(frozen=True)
class Source:
    """A file's name as the user gave it, and its lines for messages. `aliased`: something in it is
    written once and used twice."""

    file: str
    lines: tuple[str, ...]
    aliased: bool = False


class _Stop(Exception):
    """Reading cannot go on; carries the last diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def read(path: str) -> tuple[str | None, list[Diagnostic]]:
    """The text of a file; "-" is standard input."""
    try:
        if path == "-":
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with open(path, "rb") as stream:
                data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) and error.strerror
                  else "not a file name")
        return None, [Diagnostic("file", Loc(name_of(path), 0, 0),
                                 f"cannot read the spec: {reason}", _advice(path, error))]
    return decode(name_of(path), data)


def _advice(path: str, error: Exception) -> str:
    if not isinstance(error, FileNotFoundError | IsADirectoryError):
        return ""
    return meant(path, isinstance(error, IsADirectoryError))


def meant(path: str, is_folder: bool = False) -> str:
    """What may have been meant by a file that is not there, or by a folder."""
    folder, name = (path, "") if is_folder else os.path.split(path)
    try:
        specs = sorted(one for one in os.listdir(folder or ".")
                       if one.endswith(ENDINGS) and one != name)  # name: a link that leads nowhere
    except OSError:
        return ""
    if is_folder:
        return f"name a file in it: {listing(specs)}" if specs else ""
    known = {word: one for one in reversed(specs) for word in (one, one.rsplit(".", 1)[0])}
    near = nearest(name, list(known))
    return f"did you mean {quote(os.path.join(folder, known[near]))}?" if near else ""


def name_of(path: str) -> str:
    """How messages call the file."""
    return "<stdin>" if path == "-" else path


def decode(file: str, data: bytes) -> tuple[str | None, list[Diagnostic]]:
    """Bytes to text, refusing what is too large or no UTF-8."""
    if len(data) > MAX_BYTES:
        return None, [Diagnostic("size", Loc(file, 0, 0),
                                 f"the spec is larger than {MAX_BYTES // (1024 * 1024)} MiB",
                                 "a spec is written by hand; is this the right file?")]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1) + 1
        return None, [Diagnostic("encoding", Loc(file, line, column),
                                 f"byte 0x{data[error.start]:02x} is no UTF-8",
                                 "save the file as UTF-8")]
    bad = _CONTROL.search(text)
    if bad:
        line, column = (text.count("\n", 0, bad.start()) + 1,
                        bad.start() - text.rfind("\n", 0, bad.start()))
        return None, [Diagnostic("encoding", Loc(file, line, column),
                                 f"character U+{ord(bad.group()):04X} is not allowed in YAML",
                                 "only printable characters, tabs and line breaks are; write "
                                 "others escaped in a quoted text")]
    return text, []


_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff\ud800-\udfff]")


def load(file: str, text: str) -> tuple[Node | None, list[Diagnostic], Source]:
    """The root node of the one document in `text`."""
    source = Source(file, tuple(_BREAKS.split(text)))
    reader = _Reader(source)
    try:
        root = reader.document(text)
    except _Stop as stop:
        return None, reader.found + [stop.diagnostic], source
    return root, reader.found, replace(source, aliased=reader.aliased)


_NULL = ("", "~", "null", "Null", "NULL")
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+\Z|0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z"
    r"|[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z"
)
_MAX_DIGITS = 40  # no number of the language is longer, and int() is quadratic


def resolve(text: str) -> Value:
    """The value of a plain scalar by the core schema of YAML 1.2."""
    if text in _NULL:
        return None
    if text in _BOOL:
        return _BOOL[text]
    if len(text) <= _MAX_DIGITS and text[0] in "-+.0123456789":
        if _INT.match(text):
            return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        if _FLOAT.match(text):
            return float(
                text.replace(".inf", "inf")
                .replace(".Inf", "inf")
                .replace(".INF", "inf")
                .lower()
                .replace(".nan", "nan")
            )
    return text


# the colon at the end stands in the value of a key: `brief: one: two`
_SECOND_COLON = re.compile(r":\s[^,{}\[\]\"']*:\Z")


class _Reader:
    """Puts events together, without recursion."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.found: list[Diagnostic] = []
        self.anchors: dict[str, tuple[Node | None, int]] = {}  # None while the node is being read
        self.nodes = 0
        self.aliased = False

    def document(self, text: str) -> Node:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        root: Node | None = None
        try:
            events = iter(yaml.parse(text, Loader=loader))
            for event in events:
                if isinstance(event, yaml.DocumentStartEvent):
                    if root is not None:
                        raise _Stop(Diagnostic("documents", self.loc(event),
                                               "a second document begins here",
                                               "a file holds one spec"))
                    root = self.node(next(events), events)
        except yaml.MarkedYAMLError as error:
            raise _Stop(self.syntax(error)) from None
        except yaml.YAMLError as error:
            raise _Stop(Diagnostic("yaml", Loc(self.source.file, 1, 1),
                                   f"this is no YAML: {_one_line(str(error))}")) from None
        if root is None or (isinstance(root, Scalar) and root.value is None):
            raise _Stop(Diagnostic("empty", Loc(self.source.file, 1, 1), "the file holds no spec",
                                   "a spec begins with berth: 1"))
        return root

    def syntax(self, error: yaml.MarkedYAMLError) -> Diagnostic:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        help_text = ""
        if (mark and self.source.lines[mark.line: mark.line + 1]
            and self.source.lines[mark.line][mark.column: mark.column + 1] == "\t"):
            help_text = "YAML forbids tabs in indentation; use spaces"
        elif mark and self.source.lines[mark.line: mark.line + 1] and _SECOND_COLON.search(
                self.source.lines[mark.line][:mark.column + 1]):
            help_text = "quote a text that has ': ' in it"
        elif error.context:
            start = (f" that began in line {error.context_mark.line + 1}" if error.context_mark
                     else "")
            help_text = _one_line(error.context) + start
        return Diagnostic("yaml", Loc(self.source.file, line, column),
                          f"this is no YAML: {_one_line(error.problem or 'unreadable')}", help_text)

    def loc(self, event: yaml.Event) -> Loc:
        return Loc(self.source.file, *self.span(event)[:3])

    def span(self, event: yaml.Event) -> tuple[int, int, int, int]:
        """Line, column, length on that line, last line."""
        start, end = event.start_mark, event.end_mark
        if end.line == start.line:
            length = end.column - start.column
        else:
            length = (len(self.source.lines[start.line].rstrip()) - start.column
                      if start.line < len(self.source.lines) else 1)
        return start.line + 1, start.column + 1, max(length, 1), end.line + 1

    def node(self, event: yaml.Event, events: Iterator[yaml.Event]) -> Node:
        """The node that `event` begins. Open collections are kept on a list, so depth costs no
        stack."""
        stack: list[_Open] = []
        while True:
            done: Node | None = None
            if isinstance(event, yaml.ScalarEvent):
                done = self.count(self.scalar(event), event.anchor, 1)
            elif isinstance(event, yaml.AliasEvent):
                done = self.alias(event)
            elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                self.refuse_tag(event)
                if len(stack) >= MAX_DEPTH:
                    raise _Stop(Diagnostic("depth", self.loc(event),
                                           f"nested more than {MAX_DEPTH} levels deep"))
                if event.anchor:
                    self.anchors[event.anchor] = (None, 0)
                stack.append(_Open(event, self.nodes))
            else:  # the end of the innermost collection
                opened = stack.pop()
                done = self.count(opened.close(self, event), opened.event.anchor,
                                  self.nodes - opened.before + 1)
            if done is not None:
                if not stack:
                    return done
                stack[-1].add(self, done)
            event = next(events)

    def count(self, node: Node, anchor: str | None, size: int) -> Node:
        self.nodes += 1
        if anchor:
            self.anchors[anchor] = (node, size)
        return node

    def alias(self, event: yaml.AliasEvent) -> Node:
        known = self.anchors.get(event.anchor)
        if known is None:
            raise _Stop(Diagnostic("alias", self.loc(event),
                                   f"alias *{event.anchor} names no anchor before it"))
        self.aliased = True
        node, size = known
        if node is None:
            raise _Stop(Diagnostic("alias", self.loc(event),
                                   f"alias *{event.anchor} stands inside the node that it names"))
        self.nodes += size
        if self.nodes > MAX_NODES:
            raise _Stop(Diagnostic("alias", self.loc(event),
                                   f"with its aliases written out the spec has more than "
                                   f"{MAX_NODES:,} nodes"))
        return node

    def refuse_tag(self, event: yaml.Event) -> None:
        if event.tag and event.tag != "!":
            self.found.append(Diagnostic("tag", self.loc(event),
                                         f"tag {quote(event.tag)} has no meaning in a spec",
                                         "leave the tag out"))

    def scalar(self, event: yaml.ScalarEvent) -> Scalar:
        self.refuse_tag(event)
        line, column, length, last = self.span(event)
        plain = not event.style and event.tag is None
        offset = 1 if event.style in ("'", '"') else 0
        text = event.value
        exact = (event.start_mark.line == event.end_mark.line
                 and event.end_mark.column - event.start_mark.column == len(text) + 2 * offset)
        return Scalar(self.source.file, line, column, length, last,
                      resolve(text) if plain else text, text, exact, offset)


class _Open:
    """A collection whose end has not come yet."""

    def __init__(self, event: yaml.CollectionStartEvent, before: int) -> None:
        self.event = event
        self.before = before
        self.mapping = isinstance(event, yaml.MappingStartEvent)
        self.items: list[Node] = []
        self.keys: dict[str, Scalar] = {}
        self.values: dict[str, Node] = {}
        self.key: Node | None = None

    def add(self, reader: _Reader, node: Node) -> None:
        if not self.mapping:
            self.items.append(node)
        elif self.key is None:
            self.key = node
        else:
            self.entry(reader, self.key, node)
            self.key = None

    def entry(self, reader: _Reader, key: Node, value: Node) -> None:
        if not isinstance(key, Scalar):
            reader.found.append(
                Diagnostic("key", key.loc, "a key must be a word, not a list or a mapping")
            )
        elif key.text == "<<":
            reader.found.append(
                Diagnostic(
                    "merge-key",
                    key.loc,
                    "merge keys are not supported",
                    "write the keys out; a whole value can be shared with "
                    "an anchor (&name) and an alias (*name)",
                )
            )
        elif key.text in self.keys:
            first = self.keys[key.text]
            reader.found.append(
                Diagnostic("duplicate-key", key.loc, f"key {quote(key.text)} is here twice",
                           f"the first one is in line {first.line}, column {first.column}"))
        else:
            self.keys[key.text] = key
            self.values[key.text] = value

    def close(self, reader: _Reader, end: yaml.Event) -> Node:
        line, column, length, _ = reader.span(self.event)
        # The end of a block is where the next thing begins, so its last line is that of what is in
        # it.
        inside = self.values.values() if self.mapping else self.items
        last = (end.end_mark.line + 1 if self.event.flow_style
                else max((n.last_line for n in inside), default=line))
        if self.mapping:
            return Mapping(reader.source.file, line, column, length, last, self.keys, self.values)
        return Sequence(reader.source.file, line, column, length, last, tuple(self.items))


def _one_line(text: str) -> str:
    return " ".join(text.split())
