"""Templates of C: where they are, and the filters that lay out what they say to the width of a
line.

A template shows the C it makes; what depends on the length of a name goes through a filter:

    {% filter note %} ... {% endfilter %}      a block comment
    {% filter filled %} ... {% endfilter %}    a prototype, a call or another list in parentheses,
                                               which may go on in the next line of the template
"""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import jinja2

from berthc.emit.ctext import WIDTH, braces, columns, signature, wrap
from berthc.names import hook_member


@cache
def environment() -> jinja2.Environment:
    """The templates of the package."""
    found = jinja2.Environment(
        loader=jinja2.PackageLoader("berthc", "emit"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    found.filters.update(note=note, filled=filled, body=body, hook_member=hook_member)
    return found


def note(text: str) -> str:
    """A block comment. Paragraphs are filled. A line that begins with a word and two blanks, or
    with a label as in `Threads: any`, is a row of a table; a line that is indented goes on with the
    one before it."""
    lines: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text.strip("\n")):
        if lines:
            lines.append("")
        lines += _paragraph(paragraph)
    return "\n".join(["/*", *(f" * {line}".rstrip() for line in lines), " */"]) + "\n"


def _paragraph(text: str) -> Iterator[str]:
    whole: list[str] = []
    for line in text.split("\n"):
        if whole and line.startswith("  "):
            whole[-1] += " " + line.strip()
        elif whole and not (_row(line) or _row(whole[-1])):
            whole[-1] += " " + line.strip()
        else:
            whole.append(line)
    rows = [row for line in whole if (row := _row(line)) is not None]
    if len(rows) == len(whole):
        yield from columns(rows, WIDTH - 3, 1 if rows[0][0].endswith(":") else 2)
        return
    for line in whole:
        yield from wrap(line, "", "", WIDTH - 3)


def _row(line: str) -> tuple[str, str] | None:
    """The word and the text of a row of a table."""
    if found := re.match(r"([A-Z][a-z]+:)\s+(.*)", line):
        return found[1], found[2]
    if found := re.match(r"(\S+(?:, \S+)*)\s{2,}(\S.*)", line):
        return found[1], found[2]
    return None


@dataclass(frozen=True)
class Function:
    """A function: its prototype and the lines of its body."""

    prototype: tuple[str, ...]
    lines: tuple[str, ...]


def body(function: Function) -> str:
    """The whole function."""
    inside = [f"    {line}" if line else "" for line in function.lines]
    return "\n".join([*function.prototype, "{", *inside, "}"]) + "\n"


def filled(text: str) -> str:
    """`head(a, b)tail` or `[head] = {a, b},`, each filled to the width of a line."""
    lines: list[str] = []
    for line in _whole(text.strip("\n").split("\n")):
        lines += _filled(line)
    return "\n".join(lines) + "\n"


def _whole(lines: Iterable[str]) -> Iterator[str]:
    """Each line, with those that go on in its parentheses or braces."""
    whole = ""
    for line in lines:
        whole = f"{whole} {line.strip()}" if whole else line
        if all(whole.count(begin) <= whole.count(end) for begin, end in (("(", ")"), ("{", "}"))):
            yield whole
            whole = ""
    if whole:
        yield whole


def _filled(line: str) -> list[str]:
    indent = len(line) - len(line.lstrip())
    found = re.fullmatch(r"\s*(.*?\w)\((.*)\)([^()]*)", line)
    if len(line) <= WIDTH:
        return [line]
    if braced := re.fullmatch(r"\s*((?:.* = )?)\{(.*)\},", line):
        return braces(braced[1], _parts(braced[2]), indent)
    if found is None:
        return [line]
    head, inside, tail = found.groups()
    made = signature(head, _parts(inside), tail, WIDTH - indent)
    return [" " * indent + one for one in made]


def _parts(text: str) -> Iterator[str]:
    """The parts between the commas that are in no parentheses."""
    depth, begin = 0, 0
    for index, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            yield text[begin:index].strip()
            begin = index + 1
    yield text[begin:].strip()
