"""Sequence diagrams as SVG: one picture for each operation, a panel for each run, laid out here.

The layout needs no more than a width for each text, so it is the same on every machine.
"""
from __future__ import annotations

import html
from dataclasses import dataclass

from berthc.emit.diagram.sequence import Kind, Message, Sequence
from berthc.emit.diagram.style import (
    BAD, FILL_FINAL, FILL_STATE, FILL_TROUBLE, FONT, GOOD, INK, QUIET, wrap,
)

SIZE = 11  # of letters, in pixels
LETTER = 6.7  # width of one, on the generous side
ROW = 19  # from one line of text to the next
MARGIN = 14
COLUMNS = 2  # panels side by side
NOTE_LETTERS = 56


@dataclass(frozen=True)
class Panel:
    width: float
    height: float
    parts: tuple[str, ...]


def _escape(words: str) -> str:
    return html.escape(words, quote=True)


def _text(
    x: float, y: float, words: str, *, colour: str = INK, anchor: str = "start", extra: str = ""
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}"'
        f' text-anchor="{anchor}"{extra}>{_escape(words)}</text>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, extra: str = "") -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{extra}/>'
    )


def _box(
    x: float, y: float, width: float, height: float, fill: str, colour: str, extra: str = ""
) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="3"'
        f' fill="{fill}" stroke="{colour}"{extra}/>'
    )


def _wide(words: str) -> float:
    return len(words) * LETTER


def _note_lines(message: Message) -> list[str]:
    return wrap(message.text, NOTE_LETTERS)


def _names(sequence: Sequence) -> list[str]:
    caller, manager, *groups = sequence.participants
    return [caller, manager, *(f"backend {group}" for group in groups)]


def _columns(sequence: Sequence) -> list[float]:
    """Where the lifelines stand: room for the names, and for the words of the arrows between
    neighbours."""
    names = _names(sequence)
    gaps = [(_wide(a) + _wide(b)) / 2 + 36 for a, b in zip(names, names[1:])]
    for message in sequence.messages:
        if message.kind in (Kind.REQUEST, Kind.REPLY):
            gaps[0] = max(gaps[0], _wide(message.text) + 24)
        elif message.kind is not Kind.NOTE:
            gaps[1] = max(gaps[1], _wide(message.text) + 24)
    columns = [MARGIN + _wide(names[0]) / 2 + 8]
    for gap in gaps:
        columns.append(columns[-1] + gap)
    return columns


def _arrow(
    y: float, start: float, end: float, middle: float, words: str, *, answer: bool, bad: bool
) -> list[str]:
    """The words stand above the arrow around `middle`, where they meet no other lifeline."""
    colour = BAD if bad else INK
    side = 1 if end > start else -1
    dash = ' stroke-dasharray="5 3"' if answer else ""
    parts = [
        _text(middle, y - 4, words, colour=colour, anchor="middle"),
        _line(start, y, end - side * 2, y, colour, dash),
    ]
    if bad:
        at = end - side * 7
        thick = ' stroke-width="1.6"'
        return [
            *parts,
            _line(at - 4, y - 4, at + 4, y + 4, colour, thick),
            _line(at - 4, y + 4, at + 4, y - 4, colour, thick),
        ]
    tip = (
        f"{end - side:.1f},{y:.1f} {end - side * 8:.1f},{y - 4:.1f}"
        f" {end - side * 8:.1f},{y + 4:.1f}"
    )
    return [*parts, f'<polygon points="{tip}" fill="{colour}"/>']


def _message(
    message: Message, y: float, columns: list[float], groups: list[str]
) -> tuple[float, list[str]]:
    """The height it takes, and its parts."""
    if message.kind is Kind.NOTE:
        lines = _note_lines(message)
        height = ROW * len(lines) - 1
        width = max(map(_wide, lines)) + 12
        fill, colour = (FILL_TROUBLE, BAD) if message.bad else (FILL_FINAL, QUIET)
        left = columns[1] - 10
        parts = [_box(left, y + 4, width, height, fill, colour, ' stroke-width="0.7"')]
        parts += [_text(left + 6, y + 17 + n * ROW - n, line) for n, line in enumerate(lines)]
        return height + 8, parts
    ends = {Kind.REQUEST: (0, 1), Kind.REPLY: (1, 0)}.get(message.kind)
    if ends is None:
        group = groups.index(message.group)
        ends = (1, group) if message.kind is Kind.CALL else (group, 1)
    answer = message.kind in (Kind.REPLY, Kind.ANSWER)
    low = min(ends)
    middle = (columns[low] + columns[low + 1]) / 2
    return ROW + 5, _arrow(
        y + ROW,
        columns[ends[0]],
        columns[ends[1]],
        middle,
        message.text,
        answer=answer,
        bad=message.bad,
    )


def panel(sequence: Sequence) -> Panel:
    """One run, drawn from (0, 0)."""
    columns = _columns(sequence)
    names = _names(sequence)
    top = MARGIN + 22
    y = top + 26.0
    body: list[str] = []
    right = columns[-1] + _wide(names[-1]) / 2 + 8
    for message in sequence.messages:
        height, parts = _message(message, y, columns, list(sequence.participants))
        body += parts
        y += height
        if message.kind is Kind.NOTE:
            right = max(right, columns[1] + max(map(_wide, _note_lines(message))) + 2)
    heads = []
    for column, name in zip(columns, names):
        width = _wide(name) + 14
        heads.append(_box(column - width / 2, top, width, 20, FILL_STATE, INK))
        heads.append(_text(column, top + 14, name, anchor="middle"))
    lifelines = [
        _line(column, top + 20, column, y + 8, QUIET, ' stroke-width="0.8"') for column in columns
    ]
    colour = BAD if sequence.bad else GOOD
    title = [_text(MARGIN, MARGIN + 6, sequence.title, colour=colour, extra=' font-weight="bold"')]
    width = max(right, MARGIN + _wide(sequence.title) * 1.1) + MARGIN
    return Panel(width, y + 8 + MARGIN, (*title, *lifelines, *heads, *body))


def picture(title: str, shown: tuple[Sequence, ...], note: str = "") -> str:
    """Some runs of an operation, in rows of two, and a note below them."""
    panels = [panel(s) for s in shown]
    columns = min(COLUMNS, max(1, len(panels)))
    widths = [max((p.width for p in panels[n::columns]), default=0.0) for n in range(columns)]
    parts: list[str] = []
    y = 0.0
    for start in range(0, len(panels), columns):
        row = panels[start:start + columns]
        height = max(p.height for p in row)
        for n, item in enumerate(row):
            x = sum(widths[:n])
            parts.append(f'<g transform="translate({x:.1f},{y:.1f})">')
            parts.append(_box(4, 4, widths[n] - 8, height - 8, "#ffffff", "#d0d7de"))
            parts += [*item.parts, "</g>"]
        y += height
    width = sum(widths)
    if note:
        width = max(width, _wide(note) + 2 * MARGIN)
        parts.append(_text(MARGIN, y + MARGIN, note, colour=QUIET))
        y += MARGIN + 8
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{y:.0f}" viewBox="0 0'
        f' {width:.1f} {y:.1f}" font-family="{_escape(FONT)}" font-size="{SIZE}">'
    )
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            head,
            f"<title>{_escape(title)}</title>",
            *parts,
            "</svg>",
            "",
        ]
    )
