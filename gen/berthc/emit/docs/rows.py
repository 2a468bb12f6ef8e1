"""What a row says, in the words of pages: its condition, and how it can end."""
from __future__ import annotations

from collections.abc import Callable

from berthc.emit.diagram.graph import target_text
from berthc.emit.diagram.life import FAILURES, OUTCOMES
from berthc.model import Row, Target


def guard_words(row: Row, alone: bool, shown: Callable[[str], str] = str) -> str:
    """`if field.raw`, or `else` for the last of several rows; "" for a row that is alone."""
    if alone:
        return ""
    return f"if {shown(row.guard.text)}" if row.guard is not None else "else"


def target_words(row: Row, target: Target) -> str:
    """`stay`, or where it leads."""
    if target.state == row.state and target.raise_event is None:
        return "stay"
    return target_text(target)


def endings(row: Row) -> list[tuple[str, Target, bool]]:
    """How a row can end: the outcomes that lead to the same, that target, and whether they are
    failures."""
    found: dict[tuple[bool, str, str | None], tuple[list[str], Target]] = {}
    for outcome, target in row.targets():
        key = outcome in FAILURES, target.state, target.raise_event
        found.setdefault(key, ([], target))[0].append(OUTCOMES[outcome])
    return [(" or ".join(words), target, bad) for (bad, _, _), (words, target) in found.items()]
