"""The text of the spec in the page: which lines say what."""
from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

_KEY = re.compile(r"^(?P<before>\s*(?:- )*)(?P<key>[A-Za-z_][\w.-]*)(?P<colon>:)(?P<after>.*)$")


@dataclass(frozen=True)
class Span:
    """Lines of the spec, from 1; both ends are part of it."""

    first: int
    last: int


def span(lines: Sequence[str], first: int) -> Span:
    """The lines of what begins in a line: those that are indented deeper belong to it."""
    if not 1 <= first <= len(lines):
        return Span(first, first)
    depth = _depth(lines[first - 1])
    last = first
    for number in range(first + 1, len(lines) + 1):
        text = lines[number - 1]
        if not text.strip():
            continue
        if _depth(text) <= depth:
            break
        last = number
    while last > first and lines[last - 1].lstrip().startswith("#"):
        last -= 1
    return Span(first, last)


def _depth(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


def painted(text: str) -> Markup:
    """A line with its key and its comment marked."""
    if text.lstrip().startswith("#"):
        return Markup('<span class="y-note">{}</span>').format(text)
    found = _KEY.match(text)
    if found is None:
        return escape(text)
    return Markup('{}<span class="y-key">{}</span>:{}').format(
        found["before"], found["key"], found["after"])
