"""Limits of the tables: ids and counts have fixed widths in the descriptor
(runtime/include/berth/table.h)."""
from __future__ import annotations

from collections.abc import Iterator

from berthc.diag import Diagnostic
from berthc.model import Loc
from berthc.spec.build import Spec

from berthc.check import refs
from berthc.check.rule import rule

MAX_LEVELS = 8
BYTE = 255
WORD = 65535
PARTS = 8  # of a slot; BERTH_SUITE_PARTS in berth/suite.h
LITERAL = 4000  # bytes; C compilers need not take string literals of more than 4,095


@rule("limit",
      f"At most {MAX_LEVELS} levels, {BYTE} of most things, {WORD} states and rows, {PARTS} parts "
      f"of a pool, {LITERAL} bytes of a default or format.")
def limits(spec: Spec) -> Iterator[Diagnostic]:
    for loc, what, count, most in _counts(spec):
        if count > most:
            yield Diagnostic("limit", loc, f"{what}: {count:,}, and at most {most:,} are possible")


def _counts(spec: Spec) -> Iterator[tuple[Loc, str, int, int]]:
    m = spec.manager
    yield spec.key("options"), "options", len(m.options), BYTE
    yield spec.key("backend"), "hooks", len(m.hooks), BYTE
    yield spec.key("resources"), "resources", len(m.resources), BYTE
    yield spec.key("operations"), "operations", len(m.operations), BYTE
    rows = sum(len(s.rows) for r in m.resources for s in r.states)
    yield spec.key("resources"), "rows of all resources", rows, WORD
    # What one resource or one operation asks twice has one number in the tables.
    denials = {(o.name, d.guard.text) for o in m.operations for d in o.deny}
    yield spec.key("operations"), "different conditions of deny", len(denials), BYTE
    guards = {(r.name, row.guard.text) for r, row in refs.rows(m) if row.guard}
    yield spec.key("resources"), "different conditions", len(guards), BYTE
    for option in m.options:
        yield option.loc, f"values of {option.name}", len(option.values), WORD
        if isinstance(option.default, str):
            size = len(option.default.encode())
            yield option.loc, f"bytes of the default of {option.name}", size, LITERAL
    for resource in m.resources:
        name = resource.name
        yield resource.loc, f"levels above and with {name}", len(refs.path_of(m, name)), MAX_LEVELS
        yield spec.key("resources", name, "states"), f"states of {name}", len(resource.states), WORD
        yield resource.loc, f"events of {name}", len(resource.events), BYTE
        yield spec.key("resources", name, "fields"), f"fields of {name}", len(resource.fields), BYTE
        assigned_at = spec.key("resources", name, "assigned")
        yield assigned_at, f"assigned values of {name}", len(resource.assigned), BYTE
        for field in resource.fields:
            yield field.loc, f"values of {name}.{field.name}", len(field.values), WORD
        for assigned in resource.assigned:
            yield assigned.loc, f"parts of {name}.{assigned.name}", len(assigned.parts), PARTS
            for text in assigned.texts:
                length = sum(len(part.encode()) for part in text.parts if isinstance(part, str))
                yield text.loc, f"bytes of the format of {name}.{assigned.name}", length, LITERAL
        for state in resource.states:
            cells: dict[str, int] = {}
            for row in state.rows:
                cells[row.event] = cells.get(row.event, 0) + 1
            for event, count in cells.items():
                if count > BYTE:
                    loc = spec.key("resources", name, "states", state.name, "on", event)
                    yield loc, f"rows of {name}.{state.name} on {event}", count, BYTE
    for operation in m.operations:
        for what, count in (("steps", len(operation.steps)), ("results", len(operation.returns)),
                            ("refusals", len(operation.deny))):
            yield operation.loc, f"{what} of operation {operation.name}", count, BYTE
