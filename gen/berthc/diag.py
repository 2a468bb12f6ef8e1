"""Diagnostics: what is wrong where, as values, and how they are shown.

Nothing here decides what is an error; the stages make `Diagnostic` values, and the command line
shows all of them together.
"""
from __future__ import annotations

import difflib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from berthc.model import Loc


class Severity(Enum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Note:
    """Another place that a diagnostic speaks of, such as the row that caused it."""

    loc: Loc
    message: str


@dataclass(frozen=True)
class Diagnostic:
    """One finding: the id of the rule, the place, what is wrong, and (`help`) what would be right
    there.

    `where` is "resource.state" or "resource.state.event" for findings that `accept` can name.
    `notes` are other places that belong to it, shown below it. `accepted`: why the author accepts
    it.
    """

    id: str
    loc: Loc
    message: str
    help: str = ""
    severity: Severity = Severity.ERROR
    where: str = ""
    notes: tuple[Note, ...] = ()
    accepted: str = ""


@dataclass(frozen=True)
class Colours:
    """Escape sequences around the parts of a message; all empty where the output is no terminal."""

    error: str = ""
    warning: str = ""
    note: str = ""
    bold: str = ""
    reset: str = ""


PLAIN = Colours()
TERMINAL = Colours("\x1b[1;31m", "\x1b[1;35m", "\x1b[1;36m", "\x1b[1m", "\x1b[0m")

# A longer source line is shown as a window around the place, so that a hostile or generated file
# cannot flood a terminal.
WINDOW = 120


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    return any(d.severity is Severity.ERROR for d in diagnostics)


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sorted by place; what is said twice about one place is said once."""
    unique = dict.fromkeys(diagnostics)
    return sorted(unique, key=lambda d: (d.loc.file, d.loc.line, d.loc.column, d.id, d.message))


MOST = 100  # messages about one spec; nobody reads more


def at_most(diagnostics: Sequence[Diagnostic], most: int = MOST,
            uncounted: bool = False) -> list[Diagnostic]:
    """The first `most`, errors before others, in their order; then one that counts those left out.

    `uncounted`: there are still more, and nobody knows how many.
    """
    if len(diagnostics) <= most and not uncounted:
        return list(diagnostics)
    kept = set(sorted(range(len(diagnostics)),
                      key=lambda n: not has_errors([diagnostics[n]]))[:most])
    left = [d for n, d in enumerate(diagnostics) if n not in kept]
    severity = Severity.ERROR if uncounted or has_errors(left) else Severity.WARNING
    count = f"{'more than ' if uncounted else ''}{len(left):,} more" if left else "more"
    rest = Diagnostic("more", Loc(diagnostics[0].loc.file, 0, 0), f"and {count}",
                      "mend these first; one mistake can cause many messages", severity)
    return [*(d for n, d in enumerate(diagnostics) if n in kept), rest]


# categories of Unicode: control, format, surrogate, private, none, separators
_UNSHOWN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def printable(text: str) -> str:
    """`text` with everything that could confuse a terminal escaped; a tab stays."""
    return "".join(_escape(c) if c != "\t" and unicodedata.category(c) in _UNSHOWN else c
                   for c in text)


def _escape(char: str) -> str:
    code = ord(char)
    return (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000
            else f"\\U{code:08x}")


def quote(text: str, limit: int = 60) -> str:
    """`text` in single quotes on one line, cut after `limit` characters."""
    shown = text if len(text) <= limit else text[: limit - 3] + "..."
    return "'" + printable(shown.replace("\n", "\\n").replace("\t", "\\t")) + "'"


def listing(names: Iterable[str], limit: int = 24) -> str:
    """`a, b, c`; a long list is cut with the number of those left out."""
    every = list(names)
    if not every:
        return "none"
    shown = ", ".join(printable(n) for n in every[:limit])
    return shown if len(every) <= limit else f"{shown} and {len(every) - limit} more"


_MANY = 1000  # names among which any may be meant; of more, only those like the word are compared


def suggest(word: str, valid: Sequence[str]) -> str:
    """`did you mean 'x'? ` with a trailing blank, or nothing where no valid word is near."""
    near = nearest(word, valid)
    return f"did you mean {quote(near)}? " if near else ""


def nearest(word: str, valid: Sequence[str]) -> str:
    """The valid word that is most like `word`; "" where none is near."""
    if len(valid) > _MANY:
        valid = [v for v in valid if v[:1].lower() == word[:1].lower()
                 and abs(len(v) - len(word)) <= 2][:_MANY]
    folded = {v.lower(): v for v in reversed(valid)}
    near = difflib.get_close_matches(word.lower()[:80], list(folded), n=1, cutoff=0.6)
    return folded[near[0]] if near else ""


_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def snake(word: str) -> str:
    """The name that a word in another style means: hostPath, HostPath, host-path; "" for none."""
    name = re.sub(r"[^a-z0-9]+", "_", _HUMP.sub("_", word).lower()).strip("_")
    return (name if word.isascii() and name != word and len(name) <= 63 and NAME.fullmatch(name)
            else "")


def hint(word: str, valid: Sequence[str], what: str) -> str:
    """The usual help text for an unknown word: the nearest one, and all of them."""
    return f"{suggest(word, valid)}{what}: {listing(valid)}"


def _width(text: str) -> int:
    """Columns that `text` takes on a terminal."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in ("W", "F")
               else 1 for c in text)


def _excerpt(line: str, column: int, length: int) -> tuple[str, str]:
    """The source line and the carets below it."""
    start = min(max(column - 1, 0), len(line))
    end = min(max(start + length, start + 1), max(len(line), start + 1))
    before, marked, after = line[:start], line[start:end], line[end:]
    if len(line) > WINDOW:
        before = before if len(before) <= WINDOW // 2 else "..." + before[-WINDOW // 2:]
        marked = marked[: WINDOW // 2]
        after = after if len(after) <= WINDOW // 4 else after[: WINDOW // 4] + "..."
    before, marked, after = printable(before), printable(marked), printable(after)
    pad = "".join("\t" if c == "\t" else " " * _width(c) for c in before)
    return (before + marked + after).rstrip(), pad + "^" * max(_width(marked.replace("\t", " ")), 1)


def as_text(diagnostic: Diagnostic, lines: Sequence[str] | None, colours: Colours = PLAIN) -> str:
    """A message in the style of compilers, without a final newline. `lines` is the text of the
    file, where there is one."""
    d, c = diagnostic, colours
    tone = {Severity.ERROR: c.error, Severity.WARNING: c.warning, Severity.NOTE: c.note}[d.severity]
    place = f"{d.loc}: " if d.loc.line else f"{d.loc.file}: "
    out = [f"{c.bold}{printable(place)}{c.reset}{tone}{d.severity.value}[{d.id}]{c.reset}: "
           f"{c.bold}{d.message}{c.reset}"]
    out += _source(d.loc, lines, tone, c.reset)
    if d.help:
        out.append(f"  = help: {d.help}")
    for note in d.notes:
        out.append(
            f"{c.bold}{printable(f'{note.loc}: ')}{c.reset}{c.note}note{c.reset}: {note.message}")
        out += _source(note.loc, lines, c.note, c.reset)
    return "\n".join(out)


def _source(loc: Loc, lines: Sequence[str] | None, tone: str, reset: str) -> list[str]:
    """The line of a place with carets below it; nothing where there is no such line."""
    if lines is None or not 1 <= loc.line <= len(lines):
        return []
    source, caret = _excerpt(lines[loc.line - 1], loc.column, loc.length)
    gutter = " " * len(str(loc.line))
    return [f" {loc.line} | {source}", f" {gutter} | {tone}{caret}{reset}"]


def as_json(diagnostics: Iterable[Diagnostic]) -> str:
    """All diagnostics as one JSON array, with a final newline; in ASCII, so that no locale can
    break it."""
    items = [
        {
            "id": d.id, "severity": d.severity.value, "message": d.message, "help": d.help,
            "file": d.loc.file, "line": d.loc.line, "column": d.loc.column, "length": d.loc.length,
            "notes": notes_as_objects(d.notes),
        }
        for d in diagnostics
    ]
    return json.dumps(items, indent=2) + "\n"


def notes_as_objects(notes: Iterable[Note]) -> list[dict[str, object]]:
    """Notes in the form that JSON has them."""
    return [{"message": n.message, "file": n.loc.file, "line": n.loc.line, "column": n.loc.column,
             "length": n.loc.length} for n in notes]


def show(diagnostics: Iterable[Diagnostic], lines: Mapping[str, Sequence[str]],
         colours: Colours = PLAIN) -> str:
    """All diagnostics as text, with a final newline where there is one at all."""
    return "".join(as_text(d, lines.get(d.loc.file), colours) + "\n" for d in diagnostics)
