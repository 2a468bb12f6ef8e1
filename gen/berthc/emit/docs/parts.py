"""Parts of a page or of a diagram, to be put into other files: `berthc docs --inject`."""
from __future__ import annotations

from berthc.emit.diagram import mermaid, text
from berthc.emit.diagram.style import wrap
from berthc.emit.docs.resources import events_of, state_table
from berthc.emit.docs.rows import guard_words, target_words
from berthc.model import Manager, Resource, Row

KINDS = ("table", "text", "mermaid")
COLUMNS = 79
LEAST = 40  # columns of a part, however long the prefix is


def part(manager: Manager, resource: Resource, kind: str, markdown: bool, before: int) -> list[str]:
    """The lines of a part. `markdown`: it stands in a Markdown page, otherwise in a comment, behind
    `before` columns."""
    width = max(LEAST, COLUMNS - before)
    if kind == "mermaid":
        shown = mermaid.state_diagram(manager, resource)
        return (mermaid.fence(shown) if markdown else shown).splitlines()
    if kind == "table":
        return state_table(resource).splitlines() if markdown else plain_table(resource, width)
    lines = text.state_diagram(manager, resource, width).rstrip("\n").splitlines()
    return ["```", *lines, "```"] if markdown else lines


def plain_table(resource: Resource, width: int) -> list[str]:
    """What each state does with each event, as text of so many columns."""
    lines: list[str] = []
    for state in resource.states:
        marks = [word for word, given in (("final", state.final), ("resident", state.resident))
                 if given]
        lines.append(f"{state.name}{f' ({marks[0]})' if marks else ''}")
        events = [e for e in events_of(resource) if resource.rows(state.name, e)]
        column = min(max(map(len, events), default=0), width // 3)
        for event in events:
            rows = resource.rows(state.name, event)
            cell = "; ".join(_row(row, len(rows) == 1) for row in rows)
            first, *more = wrap(cell, width - column - 4)
            if len(event) > column:
                lines.append(f"  {event}")
                event = ""
            lines += [f"  {event:<{column}}  {first}",
                      *(" " * (column + 4) + line for line in more)]
    if resource.otherwise is not None:
        lines += wrap(f"all else: {resource.otherwise}", width)
    return [text.plain(line) for line in lines]


def _row(row: Row, alone: bool) -> str:
    guard = "" if alone else f"{guard_words(row, alone)}: "
    if row.reject is not None:
        return guard + row.reject
    if row.hook is None:
        return guard + " ".join(target_words(row, target) for _, target in row.targets())
    ends: dict[str, list[str]] = {}
    for outcome, target in row.targets():
        ends.setdefault(target_words(row, target), []).append(outcome)
    words = ", ".join(f"{' or '.join(outcomes)}: {where}" for where, outcomes in ends.items())
    return f"{guard}{'ask ' if row.ask else ''}{row.hook} ({words})"
