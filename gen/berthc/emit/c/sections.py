"""The tables of the generated source, by resource and operation."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from berthc.emit.c import fields, tables
from berthc.emit.ctext import WIDTH, braces, comment, element, filled, string, wrap
from berthc.emit.words import row_words
from berthc.lower import ir
from berthc.model import Type
from berthc.names import Names

FEW = 3  # elements of an array that may begin behind its name


@dataclass(frozen=True)
class Array:
    """One array of the source."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """The tables of one resource, of the options, or of all operations."""

    title: str
    arrays: tuple[Array, ...]


def array(kind: str, name: str, lines: Iterable[str]) -> Array:
    """`name` is with its brackets, `kind` without "static const"; on one line where it fits and no
    element ends in a comment."""
    elements = list(lines)
    head = f"static const {kind} {name} = "
    if len(elements) <= FEW and not any(e.endswith("*/") for e in elements):
        short = braces(head, (e.strip().removesuffix(",") for e in elements), 0, ";", longest=WIDTH)
        if len(short) < len(elements) + 2 and not short[0].endswith("= {"):
            return Array(tuple(short))
    return Array((f"{head}{{", *elements, "};"))


def numbered(names: Iterable[str]) -> list[str]:
    """An enum that counts from 1."""
    found = list(names)
    if not found:
        return []
    found[0] += " = 1"
    line = f"enum {{ {', '.join(found)} }};"
    return [line] if len(line) <= WIDTH else ["enum {", *filled(found, 4), "};"]


class Tables:
    """Writes the tables of one manager."""

    def __init__(self, tables_ir: ir.Manager) -> None:
        self.m = tables_ir
        self.names = Names(tables_ir.name)

    def sections(self) -> list[Section]:
        found = [self.options(), *map(self.resource, self.m.resources), self.operations()]
        return [s for s in found if s.arrays]

    def enum_values(self) -> list[Array]:
        """The names of the values of all enums, which formats use, too."""
        found = [
            self.values(f"option_{o.name}_values", o.values)
            for o in self.m.options
            if o.type is Type.ENUM
        ]
        return found + [
            self.values(f"{r.name}_{f.name}_values", f.values)
            for r in self.m.resources
            for f in r.fields
            if f.type is Type.ENUM
        ]

    def numbers(self) -> list[str]:
        """Enums of what the tables and functions below give by number."""
        m = self.m
        lines = numbered(o.c for o in m.options)
        named = {o.path[-1] for o in m.operations if o.by or o.at}
        for number, resource in enumerate(m.resources, 1):
            lines += numbered(f.c for f in resource.fields)
            if number in named:
                lines += numbered(a.c for a in resource.assigned)
        for operation in m.operations:
            lines += numbered(d.c for d in operation.denies)
        return lines

    def options(self) -> Section:
        arrays: list[Array] = []
        if self.m.options:
            lines: list[str] = []
            for option in self.m.options:
                values = f"option_{option.name}_values"
                lines += tables.field(option, values, options=self.names.options)
            arrays.append(array("berth_field", "option_table[]", lines))
            arrays.append(
                array(
                    "berth_default",
                    "option_defaults[]",
                    [tables.default(o) for o in self.m.options],
                )
            )
        return Section("The options.", tuple(arrays))

    @staticmethod
    def values(name: str, values: tuple[ir.Id, ...]) -> Array:
        lines = [line for v in values for line in element(v.c, string(v.name))]
        return Array((f"static const char *const {name}[] = {{", *lines, "};"))

    def resource(self, resource: ir.Resource) -> Section:
        name, wide = resource.name, "wide_" if resource.wide else ""
        arrays: list[Array] = []
        if resource.fields:
            lines = [
                line
                for f in resource.fields
                for line in tables.field(f, f"{name}_{f.name}_values", resource.view)
            ]
            arrays.append(array("berth_field", f"{name}_fields[]", lines))
        for assigned in resource.assigned:
            if assigned.parts:
                lines = [
                    line
                    for p in assigned.parts
                    for line in tables.part(p, resource.view, self.m.options)
                ]
                arrays.append(array("berth_pool_part", f"{name}_{assigned.name}_parts[]", lines))
        if resource.assigned:
            lines = [
                line
                for a in resource.assigned
                for line in tables.assigned(a, resource, f"{name}_{a.name}_parts", self.m.hooks)
            ]
            arrays.append(array("berth_assigned", f"{name}_assigned[]", lines))
        arrays.append(self.values(f"{name}_states", tuple(s.id for s in resource.states)))
        count = len(resource.states) + 1
        marks = [
            f"    [{s.id.c}] = {self.marks(s)}," for s in resource.states if s.final or s.resident
        ]
        first = resource.states[0].id.c
        arrays.append(array("uint8_t", f"{name}_marks[{count}]", marks or [f"    [{first}] = 0,"]))
        if resource.events:
            arrays.append(self.values(f"{name}_events", resource.events))
        if resource.rows:
            lines = [
                line
                for i, row in enumerate(resource.rows, 1)
                for line in self.row(resource, i, row)
            ]
            arrays.append(array(f"berth_{wide}row", f"{name}_rows[]", lines))
        cells = [line for c in resource.cells for line in tables.cell(resource, c)]
        none = f"    [{first}][{self.names.none_id(name, 'event')}] = {{.row = 0}},"
        size = f"[{count}][{len(resource.events) + 1}]"
        arrays.append(array(f"berth_{wide}cell", f"{name}_cells{size}", cells or [none]))
        return Section(f"Resource {name}.", tuple(arrays))

    def stored(self) -> list[Array]:
        """What rows of an older spec need: defaults of new fields, and earlier names."""
        m, arrays = self.m, list[Array]()
        assert m.store is not None
        with_fields = [r for r in m.resources if r.fields]
        for r in with_fields:
            lines = [tables.default(f) for f in r.fields]
            arrays.append(array("berth_default", f"{r.name}_defaults[]", lines))
        if with_fields:
            size = len(m.resources) + 1
            arrays.append(array("berth_default *const", f"field_defaults[{size}]",
                                [f"    [{r.c}] = {r.name}_defaults," for r in with_fields]))
        if m.store.earlier:
            lines = [line for one in m.store.earlier for line in tables.earlier(m, one)]
            arrays.append(array("berth_earlier", "earlier_names[]", lines))
        return arrays

    def row(self, resource: ir.Resource, index: int, row: ir.Row) -> list[str]:
        state, event = resource.states[row.state - 1], resource.events[row.event - 1]
        words = f"{state.id.name} on {event.name}: {row_words(self.m, resource, row)}"
        following = resource.rows[index] if index < len(resource.rows) else None
        or_next = following is not None and (following.state, following.event) == (
            row.state,
            row.event,
        )
        lines = tables.row(self.m, resource, index, row, or_next)
        behind = f"{lines[0]} /* {comment(words)} */"
        if len(lines) == 1 and len(behind) <= WIDTH:
            return [behind]
        above = wrap(words, "    /* ", "     * ", WIDTH - 3)
        return [*above[:-1], above[-1] + " */", *lines]

    @staticmethod
    def marks(state: ir.State) -> str:
        words = (("BERTH_FINAL", state.final), ("BERTH_RESIDENT", state.resident))
        return " | ".join(word for word, has in words if has)

    def operations(self) -> Section:
        arrays = [array for operation in self.m.operations for array in self.operation(operation)]
        return Section("Steps, results and rules of operations.", tuple(arrays))

    def operation(self, operation: ir.Operation) -> list[Array]:
        name = operation.name
        arrays: list[Array] = []
        if operation.steps:
            lines = [tables.step(self.m, s) for s in operation.steps]
            arrays.append(array("berth_step", f"{name}_steps[]", lines))
        if operation.returns:
            lines = [line for r in operation.returns for line in tables.returned(self.m, r)]
            arrays.append(array("berth_return", f"{name}_returns[]", lines))
        if operation.denies:
            lines = [line for d in operation.denies for line in element(d.c, string(d.rule))]
            arrays.append(array("char *const", f"{name}_rules[]", lines))
        return arrays

    def resource_element(self, r: ir.Resource) -> list[str]:
        """One element of the table of resources: members that belong together on one line."""
        name, wide = r.name, "wide_" if r.wide else ""
        lines: list[list[str]] = [[f".name = {string(name)}"], []]
        if r.parent:
            lines[0] += [f".parent = {self.m.resource(r.parent).c}", f".level = {r.level}"]
        for word, event in (("take", r.take), ("drop", r.drop)):
            if event:
                lines[1].append(f".{word} = {r.events[event - 1].c}")
        lines[1].append(f".initial = {r.states[r.initial - 1].id.c}")
        if r.otherwise is not None:
            lines[1].append(f".otherwise = {r.otherwise}")
        lines[0].append(f".view_size = sizeof({r.view})")
        lines.append(
            [f".n_states = {len(r.states)}", f".states = {name}_states", f".marks = {name}_marks"]
        )
        for word, kind, count in (
            ("events", "", len(r.events)),
            ("rows", wide, len(r.rows)),
            ("fields", "", len(r.fields)),
            ("assigned", "", len(r.assigned)),
        ):
            if count:
                lines.append([f".n_{word} = {count}", f".{kind}{word} = {name}_{word}"])
        lines.append([f".first_row = {r.first_row}", f".{wide}cells = {name}_cells[0]"])
        lines[-1] += [".wide = true"] if r.wide else []
        lines.append(
            [f".{f.word} = {r.functions[f.word]}" for f in fields.functions(r) if f.word != "check"]
        )
        inside = [found for line in lines if line for found in filled(line, 8)]
        return [f"    [{r.c}] = {{", *inside, "    },"]

    def hook_element(self, number: int, hook: ir.Hook) -> list[str]:
        members = [f".name = {string(hook.name)}"]
        members += [".required = true"] if not hook.optional else []
        groups = [i for i, hooks in enumerate(self.m.together, 1) if number in hooks]
        members += [f".together = {groups[0]}"] if groups else []
        members += [f".absent = {hook.absent}"] if hook.absent is not None else []
        members += [".asks = true"] if hook.asks else []
        members += [f".out_size = sizeof({hook.out})"] if hook.out else []
        return braces(f"[{hook.c}] = ", members)
