"""Words in Markdown that mean themselves."""
from __future__ import annotations

import re
from collections.abc import Iterable

_SYNTAX = re.compile(r"([\\|*<>`\[\]~$])")
_UNDERSCORE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_AMPERSAND = re.compile(r"&(?=[#A-Za-z])")
_BLOCK = re.compile(r"^([#+-]|\d+[.)])(?=\s)")


def md(words: str) -> str:
    """The words, with nothing left that Markdown would read as syntax; one line."""
    line = " ".join(words.split())
    line = _AMPERSAND.sub("&amp;", _UNDERSCORE.sub(r"\\_", _SYNTAX.sub(r"\\\1", line)))
    return _BLOCK.sub(
        lambda m: "\\" + m.group(1)
        if not m.group(1)[0].isdigit()
        else m.group(1)[:-1] + "\\" + m.group(1)[-1],
        line,
    )


def code(words: str) -> str:
    """A code span that may hold back quotes; a `|` stays one cell of a table."""
    line = " ".join(words.split()).replace("|", "\\|")
    return f"`` {line} ``" if "`" in line else f"`{line}`"


def codes(names: Iterable[str]) -> str:
    return ", ".join(code(name) for name in names)


def sentence(words: str) -> str:
    """With a full stop, where the author left it out."""
    return words if not words or words.rstrip()[-1] in ".!?" else words.rstrip() + "."
