"""The header as the user's manual: what its template loops over. Words come from the model, numbers
and C types from the IR."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from berthc.emit.api import Api, NameFunction
from berthc.emit.ctext import WIDTH, columns, comment, sentence, signature, wrap
from berthc.emit.header import arena
from berthc.emit.header.hooks import Hooks
from berthc.emit.header.members import Enum, Member, Members, Struct, block, note
from berthc.emit.header.operations import INNER, Writer, listed
from berthc.emit.words import row_words
from berthc.lower import ir
from berthc.model import Form, Manager, Operation, Resource, Type
from berthc.names import Names, member


@dataclass(frozen=True)
class Function:
    result: Struct | None
    notes: tuple[str, ...]
    prototypes: tuple[tuple[str, ...], ...]


def context(manager: Manager, tables_ir: ir.Manager) -> dict[str, object]:
    """What the template of the header needs, besides names and banner."""
    return _Manual(manager, tables_ir).context()


class _Manual:
    def __init__(self, manager: Manager, tables_ir: ir.Manager) -> None:
        self.m = manager
        self.ir = tables_ir
        self.names = Names(manager.name)
        self.api = Api(tables_ir)

    def context(self) -> dict[str, object]:
        names = self.names
        writer = Writer(self.m, self.ir, self.api)
        members, hooks = Members(self.m, self.ir), Hooks(self.m, self.ir)
        return {
            "m": self.m,
            "overview": self.overview(),
            "id_enums": self.id_enums(),
            "option_enums": members.option_enums(),
            "options": Struct(names.options, (), members.option_members()),
            "options_default": members.default(names.options_default, self.ir.options),
            "resources": [
                members.resource(r, t) for r, t in zip(self.m.resources, self.ir.resources)
            ],
            "outs": [hooks.out(h) for h in self.ir.hooks if h.outs],
            "groups": hooks.groups(),
            "op_size": self.api.op_size(),
            "asks": any(h.asks for h in self.m.hooks),
            "has_text_results": any(
                result.type is Type.STRING
                for o in self.ir.operations
                if len(o.returns) == 1
                for result in o.returns
            ),
            "returns": any(o.returns for o in self.m.operations),
            "with_": any(o.form is Form.WITH for o in self.m.operations),
            "drops": any(
                s.event == self.m.resource(s.resource).drop
                for o in self.m.operations
                for s in o.steps
            ),
            "enders": listed((names.function(o.name) for o in self.m.operations if o.ends), "or"),
            "version": f"0x{self.ir.version:08x}u",
            "arena": arena.context(self.names, self.ir) if self.ir.limits else None,
            "item_members": [
                Member((), f"const {r.view} *{member(r.name)};") for r in self.ir.resources
            ],
            "state_notes": note(
                (
                    f"A {listed((names.id_enum(r.name, 'state') for r in self.m.resources), 'or')},"
                    " as `resource` says."
                ),
                "    ",
            ),
            "functions": [
                self.function(o, t, writer, members)
                for o, t in zip(self.m.operations, self.ir.operations)
            ],
            "discards": [
                signature(*self.api.discard(r)[0], tail=";")
                for r in self.ir.resources
                if not r.parent
            ],
            "name_functions": [self.name_function(n) for n in self.api.name_functions()],
        }

    # The overview.

    def overview(self) -> list[str]:
        brief = f"{self.m.name}: {sentence(self.m.brief)}" if self.m.brief else f"{self.m.name}."
        lines = wrap(brief, "", "", INNER)
        for resource, tables in zip(self.m.resources, self.ir.resources):
            lines += ["", *self.table(resource, tables)]
        return lines

    def table(self, resource: Resource, tables: ir.Resource) -> list[str]:
        """The states of a resource and what each does with each event, in the words of the spec."""
        single = f"At most one per {resource.parent}" if resource.parent else "At most one"
        found_by = f"Found by {listed(resource.key)}" if resource.key else single
        below = f" below {resource.parent}" if resource.parent else ""
        title = (
            f"{resource.name}{below}: {sentence(resource.brief)} {found_by};"
            f" made in {resource.initial}."
        )
        lines = [*wrap(title, "", "  ", INNER), ""]
        for number, state in enumerate(resource.states, 1):
            marks = (
                " Final." if state.final else " May rest with no holder." if state.resident else ""
            )
            lines += wrap(f"{state.name}: {sentence(state.brief)}{marks}", "  ", "    ", INNER)
            lines += [f"    {line}" for line in columns(self.rows(tables, number), INNER - 4)]
        if resource.otherwise is not None:
            lines += ["", f"  Any other event is refused with {resource.otherwise}."]
        return lines

    def rows(self, tables: ir.Resource, state: int) -> list[tuple[str, str]]:
        """The events of a state, those that do the same together, and what they do."""
        cells: dict[int, list[str]] = {}
        for row in tables.rows:
            if row.state == state:
                cells.setdefault(row.event, []).append(row_words(self.ir, tables, row))
        events: dict[tuple[str, ...], list[str]] = {}
        for event, words in cells.items():
            events.setdefault(tuple(words), []).append(tables.events[event - 1].name)
        return [
            (", ".join(names) if index == 0 else "", word)
            for words, names in events.items()
            for index, word in enumerate(words)
        ]

    # Ids.

    def id_enums(self) -> list[Enum]:
        found = [
            self.id_enum(("resource",), "What is tracked.", ((r.c, "") for r in self.ir.resources)),
            self.id_enum(("operation",), "Operations.", ((o.c, "") for o in self.ir.operations)),
            self.id_enum(
                ("hook",), "Hooks of the backend.", ((h.c, h.name) for h in self.ir.hooks)
            ),
        ]
        for r in self.ir.resources:
            states = f"States of {r.name}; the table at the top says what they mean."
            found.append(self.id_enum((r.name, "state"), states, ((s.id.c, "") for s in r.states)))
            events = f"Events of {r.name}."
            found.append(self.id_enum((r.name, "event"), events, ((e.c, "") for e in r.events)))
        return found

    def id_enum(
        self, words: tuple[str, ...], brief: str, values: Iterable[tuple[str, str]]
    ) -> Enum:
        """An enum of ids, with comments behind the enumerators where all of them fit."""
        found = [(f"{self.names.none_id(*words)} = 0,", "")] + [
            (f"{c} = {number},", text) for number, (c, text) in enumerate(values, 1)
        ]
        width = max(len(declaration) for declaration, _ in found)
        lines = [
            f"{declaration:{width}} /* {comment(text)} */" if text else declaration
            for declaration, text in found
        ]
        if any(len(line) + 4 > WIDTH for line in lines):
            lines = [
                line
                for declaration, text in found
                for line in (*note(text, "    "), declaration)
                if line
            ]
            lines = [line.removeprefix("    ") for line in lines]
        return Enum(self.names.id_enum(*words), brief, tuple(lines))

    # Functions.

    def function(
        self, operation: Operation, tables: ir.Operation, writer: Writer, members: Members
    ) -> Function:
        prototypes = tuple(signature(*p, tail=";") for p in self.api.prototypes(tables))
        result = members.result(operation, tables)
        return Function(result, tuple(block(writer.comment(tables))), prototypes)

    @staticmethod
    def name_function(found: NameFunction) -> Function:
        return Function(None, (), ((f"{found.prototype};",),))
