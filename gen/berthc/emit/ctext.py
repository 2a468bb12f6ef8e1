"""Text in C: string literals, comments, initialisers that keep to the width of a line."""
from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterable

WIDTH = 140


def string(text: str) -> str:
    """A C string literal. Other bytes than printable ASCII become octal escapes, which unlike \\x end after three digits."""
    out: list[str] = []
    for byte in text.encode():
        char = chr(byte)
        if char in '"\\':
            out.append("\\" + char)
        elif char == "?" and out and out[-1] == "?":
            out.append("\\?")  # no trigraphs
        elif 0x20 <= byte < 0x7F:
            out.append(char)
        else:
            out.append(f"\\{byte:03o}")
    return '"' + "".join(out) + '"'


_TRIGRAPH = re.compile(r"\?(?=\?[=/'()!<>-])")


def cast_number(text: str, kind: str) -> str:
    """A uint64_t as an integer of the C type `kind`; negative numbers are in two's complement."""
    return text if kind == "uint64_t" else f"({kind}){text}"


def comment(text: str) -> str:
    """Text that is harmless inside a block comment: one line, no comment marks, no trigraphs, no invisible characters."""
    text = " ".join(text.split()).replace("*/", "* /").replace("/*", "/ *")
    if not (text.isascii() and text.isprintable()):
        text = "".join("?" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn") else c for c in text)
    return _TRIGRAPH.sub("? ", text)


def wrap(text: str, first: str, rest: str, width: int = WIDTH) -> list[str]:
    """The words of `text` in lines of at most `width`, the first beginning with `first`, the others with `rest`."""
    words = comment(text)
    if words and len(first) + len(words) <= width:
        return [first + words]
    lines = textwrap.wrap(words, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False)
    return lines or [first.rstrip()]


def braces(head: str, members: Iterable[str], indent: int = 4, tail: str = ",") -> list[str]:
    """`head{members}` on one line where it fits, else filled lines between the braces."""
    pad = " " * indent
    parts = list(members)
    line = f"{pad}{head}{{{', '.join(parts)}}}{tail}"
    if len(line) <= WIDTH:
        return [line]
    return [f"{pad}{head}{{", *filled(parts, indent + 4), f"{pad}}}{tail}"]


def filled(parts: Iterable[str], indent: int) -> list[str]:
    """The parts, a comma behind each, in lines of at most the width."""
    pad = " " * indent
    lines: list[str] = []
    current = ""
    for part in parts:
        if current and indent + len(current) + 2 + len(part) > WIDTH:
            lines.append(pad + current)
            current = ""
        current = f"{current} {part}," if current else f"{part},"
    return [*lines, pad + current]


def signature(head: str, parameters: Iterable[str], tail: str = "", width: int = WIDTH) -> tuple[str, ...]:
    """`head(parameters)tail`, filled to the width of a line."""
    parts = list(parameters)
    line = f"{head}({', '.join(parts)}){tail}"
    if len(line) <= width:
        return (line,)
    lines: list[str] = []
    current = f"{head}("
    for index, part in enumerate(parts):
        word = part + (f"){tail}" if index == len(parts) - 1 else ",")
        glue = "" if current.endswith("(") else " "
        if len(current) + len(glue) + len(word) > width:
            lines.append(current)
            current, glue = " " * 8, ""
        current += glue + word
    return (*lines, current)


def statement(text: str, indent: int) -> list[str]:
    """A statement without literals, filled to the width of a line below `indent` spaces."""
    return textwrap.wrap(text, WIDTH - indent, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
