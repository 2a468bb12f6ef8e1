"""Text in C: string literals, comments, initialisers that keep to the width of a line."""
from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterable

WIDTH = 100
LONGEST_HEAD = 33  # of an initialiser whose members begin behind it
LONGEST_WORD = 24  # that a column of words makes room for


def string(text: str) -> str:
    """A C string literal. Other bytes than printable ASCII become octal escapes, which unlike \\x
    end after three digits."""
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
    """Text that is harmless inside a block comment: one line, no comment marks, no trigraphs, no
    invisible characters."""
    text = " ".join(text.split()).replace("*/", "* /").replace("/*", "/ *")
    if not (text.isascii() and text.isprintable()):
        text = "".join(
            "?" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn") else c for c in text
        )
    return _TRIGRAPH.sub("? ", text)


def sentence(text: str) -> str:
    """A brief that others follow: with a full stop, if it ends without one."""
    return text if text.endswith((".", "!", "?", ":", ";")) or not text else f"{text}."


def wrap(text: str, first: str, rest: str, width: int = WIDTH) -> list[str]:
    """The words of `text` in lines of at most `width`, the first beginning with `first`, the others
    with `rest`."""
    words = comment(text)
    if words and len(first) + len(words) <= width:
        return [first + words]
    lines = textwrap.wrap(
        words,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines or [first.rstrip()]


def braces(
    head: str,
    members: Iterable[str],
    indent: int = 4,
    tail: str = ",",
    width: int = WIDTH,
    longest: int = LONGEST_HEAD,
) -> list[str]:
    """`head{members}` in lines of at most the width, which begin behind the brace; where the head
    is long, on lines of their own."""
    pad = " " * indent
    parts = list(members)
    line = f"{pad}{head}{{{', '.join(parts)}}}{tail}"
    if len(line) <= width:
        return [line]
    inside = indent + len(head) + 1
    if len(head) > longest or inside + max(map(len, parts)) + len(tail) + 1 > width:
        return [f"{pad}{head}{{", *filled(parts, indent + 4, width), f"{pad}}}{tail}"]
    lines = filled(parts, inside, width - len(tail))
    lines[0] = f"{pad}{head}{{{lines[0].lstrip()}"
    lines[-1] = f"{lines[-1].removesuffix(',')}}}{tail}"
    return lines


def element(at: str, value: str, indent: int = 4) -> list[str]:
    """An element of an array, below its place where there is no room behind it."""
    line = f"{' ' * indent}[{at}] = {value},"
    if len(line) <= WIDTH:
        return [line]
    return [f"{' ' * indent}[{at}] =", f"{' ' * indent}    {value},"]


def filled(parts: Iterable[str], indent: int, width: int = WIDTH) -> list[str]:
    """The parts, a comma behind each, in lines of at most the width."""
    pad = " " * indent
    lines: list[str] = []
    current = ""
    for part in (one.replace(" \n", "\n") for one in parts):
        if current and indent + len(current) + 2 + len(part) > width:
            lines.append(pad + current)
            current = ""
        if not current and indent + len(part) + 1 > width and (found := _BRACED.fullmatch(part)):
            elements = [element.strip() for element in _ELEMENT.findall(found[2])]
            if ", ".join(elements) == found[2]:  # all of it, in the order it has
                lines += braces(found[1], elements, indent, ",", width)
                continue
        current = f"{current} {part}," if current else f"{part},"
    return [*lines, pad + current] if current else lines


# head{elements}, and what stands between the commas that are in no literal and no braces.
_BRACED = re.compile(r"([^{\n]*)\{([^\n]*)\}")
_ELEMENT = re.compile(r'((?:[^,"{}]|"(?:[^"\\]|\\.)*"|\{[^{}]*\})+)(?:,\s*|$)')


def signature(
    head: str, parameters: Iterable[str], tail: str = "", width: int = WIDTH
) -> tuple[str, ...]:
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


_NO_BREAK = re.compile(r"(?<=[^ &|,]) (?=\S)")


def statement(text: str, indent: int) -> list[str]:
    """A statement without literals, filled to the width of a line below `indent` spaces; what goes
    on is indented once more."""
    own = " " * (len(text) - len(text.lstrip()))
    whole = _NO_BREAK.sub("\0", text)
    for one in (whole, text):
        lines = textwrap.wrap(
            one,
            WIDTH - indent,
            initial_indent=own,
            subsequent_indent=own + "    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        if max(map(len, lines)) <= WIDTH - indent:
            break
    return [line.replace("\0", " ") for line in lines]


def wrap_code(text: str, first: str, rest: str, width: int = WIDTH) -> list[str]:
    """Code without literals in lines of at most the width, the first behind `first`, the others
    behind `rest`."""
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def columns(rows: Iterable[tuple[str, str]], width: int, gap: int = 2) -> list[str]:
    """Words, and behind each, in a column of its own, what it means. A long word has a line of its
    own."""
    found = list(rows)
    least = max((len(word) for word, _ in found if len(word) <= LONGEST_WORD), default=0) + gap
    lines: list[str] = []
    for word, text in found:
        if len(word) + gap > least:
            lines.append(word)
            word = ""
        lines += wrap(text, f"{word:{least}}", " " * least, width)
    return lines
