"""Sequence diagrams and the ownership of a manager as plain ASCII, to fit a source comment."""
from __future__ import annotations

from berthc.model import Manager

from berthc.emit.diagram.ownership import Link, ownership
from berthc.emit.diagram.sequence import Kind, Message, Sequence
from berthc.emit.diagram.style import wrap
from berthc.emit.diagram.text import WIDTH, plain


LEAST_GAP = 8  # columns between two lifelines, so that some words of an arrow fit above it
LEAST_LABEL = 20  # columns for the words beside an arrow; where fewer are left, they go below it


def _columns(sequence: Sequence, width: int) -> list[int]:
    """Where the lifelines stand: as far apart as their words need, where that fits.

    They are never closer than LEAST_GAP.
    """
    names, messages = sequence.participants, sequence.messages
    asked = max((len(m.text) for m in messages if m.kind in (Kind.REQUEST, Kind.REPLY)), default=0)
    first = max(LEAST_GAP, min(asked + 5, width // 2))
    others = len(names) - 2
    if not others:
        return [3, 3 + first]
    room = (width - 3 - first - (len(names[-1]) + 1) // 2) // others
    called = max((len(m.text) for m in messages if m.group), default=0)
    noted = max((len(m.text) for m in messages if m.kind is Kind.NOTE), default=0)
    gap = max(LEAST_GAP, min(room, max(called + 5, (noted + 8) // others)))
    return [3, *(3 + first + gap * n for n in range(len(names) - 1))]


def _head(columns: list[int], names: tuple[str, ...], width: int) -> list[str]:
    """The names above their lifelines: in one line where they fit, else each wrapped."""
    starts = [max(0, column - len(name) // 2) for column, name in zip(columns, names)]
    ends = [start + len(name) for start, name in zip(starts, names)]
    fits = ends[-1] <= width and all(end < start for end, start in zip(ends, starts[1:]))
    space = min(b - a for a, b in zip(columns, columns[1:])) - 2
    parts = [[name] if fits else wrap(name, space) for name in names]
    height = max(map(len, parts))
    lines = []
    for n in range(height):
        line = [" "] * (columns[-1] + width)
        for column, name in zip(columns, parts):
            part = n - height + len(name)  # the last one stands on the lifeline
            word = name[part] if part >= 0 else ""
            start = max(0, column - len(word) // 2)
            line[start:start + len(word)] = list(word)
        lines.append("".join(line).rstrip())
    return lines


def _lifelines(columns: list[int]) -> list[str]:
    line = [" "] * (columns[-1] + 1)
    for column in columns:
        line[column] = "|"
    return line


def _arrow(
    columns: list[int], start: int, end: int, words: str, *, answer: bool, bad: bool
) -> list[str]:
    """The words above an arrow between two lifelines."""
    low, high = sorted((columns[start], columns[end]))
    shaft = "." if answer else "-"
    out = []
    for part in wrap(words, high - low - 3):
        line = _lifelines(columns)
        line[low + 2:low + 2 + len(part)] = list(part)
        out.append("".join(line))
    line = _lifelines(columns)
    line[low + 1:high] = list(shaft * (high - low - 1))
    tip = "x" if bad else ">" if end > start else "<"
    line[high - 1 if end > start else low + 1] = tip
    out.append("".join(line))
    return out


def _note(columns: list[int], words: str, width: int) -> list[str]:
    """Words to the right of the manager's lifeline, in brackets; the lifelines they cover are
    interrupted."""
    at = columns[1] + 2
    out = []
    for part in wrap(f"[ {words} ]", width - at):
        line = _lifelines(columns)
        line += [" "] * max(0, at + len(part) + 1 - len(line))
        line[at:at + len(part)] = list(part)
        if at + len(part) < len(line) and line[at + len(part)] == "|":
            line[at + len(part)] = " "
        out.append("".join(line).rstrip())
    return out


def _lines(message: Message, columns: list[int], groups: list[str], width: int) -> list[str]:
    words = plain(message.text)
    if message.kind is Kind.REQUEST:
        return _arrow(columns, 0, 1, words, answer=False, bad=False)
    if message.kind is Kind.REPLY:
        return _arrow(columns, 1, 0, words, answer=True, bad=message.bad)
    if message.kind is Kind.NOTE:
        return _note(columns, words, width)
    group = groups.index(message.group)
    if message.kind is Kind.CALL:
        return _arrow(columns, 1, group, words, answer=False, bad=False)
    return _arrow(columns, group, 1, words, answer=True, bad=message.bad)


def sequence_diagram(sequence: Sequence, width: int = WIDTH) -> str:
    """One run of an operation; `x` ends what is no success.

    Many participants make it wider than `width`.
    """
    columns = _columns(sequence, width)
    lines = _head(columns, sequence.participants, width)
    for message in sequence.messages:
        lines += _lines(message, columns, list(sequence.participants), width)
    return "\n".join([*(line.rstrip() for line in lines), ""])


def ownership_diagram(manager: Manager, width: int = WIDTH) -> str:
    """A box for each thing, with what it holds, calls or asks below it."""
    picture = ownership(manager)
    titles = {box.id: box.title for box in picture.boxes}
    lines: list[str] = []
    for box in picture.boxes:
        facts = [part for line in box.lines for part in wrap(plain(line), width - 4)]
        inner = max(len(x) for x in [box.title, *facts])
        edge = "+" + "-" * (inner + 2) + "+"
        lines += [edge, f"| {box.title:<{inner}} |", edge]
        if facts:
            lines += [*(f"| {fact:<{inner}} |" for fact in facts), edge]
        for link in (x for x in picture.links if x.source == box.id):
            lines += _link(link, titles[link.target], width)
        lines.append("")
    return "\n".join(lines)


def _link(link: Link, title: str, width: int) -> list[str]:
    """`   +==> disk  holds`; below the arrow where the title leaves no space beside it."""
    tip = f"   +{'..' if link.kind == 'calls' else '==' if link.kind == 'holds' else '--'}> "
    head = [f"{tip}{title}  "]
    indent = len(head[0])
    if width - indent < LEAST_LABEL:
        first, *rest = wrap(title, width - len(tip))
        head = [tip + first, *("   |" + " " * (len(tip) - 4) + part for part in rest)]
        indent = len(tip) + 2
    words = [part for line in link.label.split("\n") for part in wrap(line, width - indent)]
    below = ["   |" + " " * (indent - 4) + part for part in words]
    return [head[0] + words[0], *below[1:]] if len(head[0]) == indent else [*head, *below]
