"""Markdown: text that means itself, tables, wrapped paragraphs."""
from __future__ import annotations

from collections.abc import Iterable, Sequence

from berthc.answers.prose import code, codes, md, sentence
from berthc.emit.diagram.style import wrap

__all__ = ["code", "codes", "md", "paragraph", "sentence", "table"]


def paragraph(words: str) -> str:
    """Wrapped, so that a change of a word is a change of a line."""
    return "\n".join(wrap(words, 140)) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell.replace("\n", " ") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"
