"""The header as the user's manual: what its template loops over. Words come from the model, numbers and C types from the IR."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from berthc import model
from berthc.emit import arena
from berthc.emit.api import Api, NameFunction
from berthc.emit.ctext import WIDTH, columns, comment, filled, signature, string, wrap
from berthc.emit.operations import INNER, Writer, listed
from berthc.emit.tables import row_words
from berthc.lower import C_TYPES, expr, ir
from berthc.model import AssignedKind, Field, Form, Manager, Resource, Type
from berthc.names import Names, called, free_name, member

# What members of a view are aligned to, in bytes, where that is more than 1.
ALIGNED = {
    Type.STRING: 8, Type.LIST: 8, Type.SET: 8, Type.U64: 8, Type.I64: 8,
    Type.U32: 4, Type.I32: 4, Type.ENUM: 4,
    Type.U16: 2,
}


@dataclass(frozen=True)
class Member:
    """A member of a struct: the lines of its comment, and its declaration."""

    notes: tuple[str, ...]
    declaration: str


@dataclass(frozen=True)
class Enum:
    """An enum with its comment; `values` are lines."""

    name: str
    brief: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Struct:
    name: str
    notes: tuple[str, ...]
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Group:
    """A group of hooks: a member of the backend."""

    name: str
    hooks: tuple[Member, ...]


@dataclass(frozen=True)
class ResourcePart:
    """All types of one resource, in the order they are declared."""

    title: tuple[str, ...]
    enums: tuple[Enum, ...]
    sizes: tuple[Member, ...]
    slots: tuple[Struct, ...]
    config: Struct
    config_default: tuple[str, ...]
    view: Struct


@dataclass(frozen=True)
class Function:
    notes: tuple[str, ...]
    prototypes: tuple[tuple[str, ...], ...]


def context(manager: Manager, tables_ir: ir.Manager) -> dict[str, object]:
    """What the template of the header needs, besides names and banner."""
    return _Manual(manager, tables_ir).context()


def block(lines: Iterable[str], indent: str = "") -> tuple[str, ...]:
    """A block comment: on one line where that fits."""
    found = list(lines)
    if len(found) == 1 and len(indent) + len(found[0]) + 6 <= WIDTH:
        return (f"{indent}/* {found[0]} */",)
    return (f"{indent}/*", *(f"{indent} * {line}".rstrip() for line in found), f"{indent} */")


def note(text: str, indent: str = "") -> tuple[str, ...]:
    """A comment of one paragraph; none for an empty text."""
    if not text:
        return ()
    inside = WIDTH - len(indent)
    lines = wrap(text, "", "", inside - 6)
    return block(lines if len(lines) == 1 else wrap(text, "", "", inside - 3), indent)


class _Manual:
    def __init__(self, manager: Manager, tables_ir: ir.Manager) -> None:
        self.m = manager
        self.ir = tables_ir
        self.names = Names(manager.name)
        self.api = Api(tables_ir)

    def context(self) -> dict[str, object]:
        names = self.names
        writer = Writer(self.m, self.ir, self.api)
        return {
            "m": self.m,
            "overview": self.overview(),
            "id_enums": self.id_enums(),
            "option_enums": self.option_enums(),
            "options": Struct(names.options, (), self.option_members()),
            "options_default": self.default(names.options_default, self.ir.options),
            "resources": [self.resource(r, t) for r, t in zip(self.m.resources, self.ir.resources)],
            "outs": [self.out(h) for h in self.ir.hooks if h.outs],
            "groups": self.groups(),
            "op_size": self.api.op_size(),
            "asks": any(h.asks for h in self.m.hooks),
            "with_": any(o.form is Form.WITH for o in self.m.operations),
            "creates": any(o.form is Form.CREATE for o in self.m.operations),
            "drops": any(s.event == self.m.resource(s.resource).drop
                         for o in self.m.operations for s in o.steps),
            "enders": listed((names.function(o.name) for o in self.m.operations if o.ends), "or"),
            "version": f"0x{self.ir.version:08x}u",
            "arena": arena.context(self.names, self.ir) if self.ir.limits else None,
            "item_members": [Member((), f"const {r.view} *{member(r.name)};") for r in self.ir.resources],
            "state_notes": note(f"A {listed((names.id_enum(r.name, 'state') for r in self.m.resources), 'or')}, as `resource` says.", "    "),
            "functions": [self.function(o, writer) for o in self.ir.operations],
            "name_functions": [self.name_function(n) for n in self.api.name_functions()],
        }

    # The overview.

    def overview(self) -> list[str]:
        brief = f"{self.m.name}: {self.m.brief}" if self.m.brief else f"{self.m.name}."
        lines = wrap(brief, "", "", INNER)
        for resource, tables in zip(self.m.resources, self.ir.resources):
            lines += ["", *self.table(resource, tables)]
        return lines

    def table(self, resource: Resource, tables: ir.Resource) -> list[str]:
        """The states of a resource and what each does with each event, in the words of the spec."""
        single = f"At most one per {resource.parent}" if resource.parent else "At most one"
        found_by = f"Found by {listed(resource.key)}" if resource.key else single
        below = f" below {resource.parent}" if resource.parent else ""
        title = f"{resource.name}{below}: {resource.brief} {found_by}; made in {resource.initial}."
        lines = [*wrap(title, "", "  ", INNER), ""]
        for number, state in enumerate(resource.states, 1):
            marks = " Final." if state.final else " May rest with no holder." if state.resident else ""
            lines += wrap(f"{state.name}: {state.brief}{marks}", "  ", "    ", INNER)
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
        return [(", ".join(names) if index == 0 else "", word)
                for words, names in events.items() for index, word in enumerate(words)]

    # Ids.

    def id_enums(self) -> list[Enum]:
        found = [
            self.id_enum(("resource",), "What is tracked.", ((r.c, "") for r in self.ir.resources)),
            self.id_enum(("operation",), "Operations.", ((o.c, "") for o in self.ir.operations)),
            self.id_enum(("hook",), "Hooks of the backend.", ((h.c, h.name) for h in self.ir.hooks)),
        ]
        for r in self.ir.resources:
            states = f"States of {r.name}; the table at the top says what they mean."
            found.append(self.id_enum((r.name, "state"), states, ((s.id.c, "") for s in r.states)))
            events = f"Events of {r.name}."
            found.append(self.id_enum((r.name, "event"), events, ((e.c, "") for e in r.events)))
        return found

    def id_enum(self, words: tuple[str, ...], brief: str, values: Iterable[tuple[str, str]]) -> Enum:
        """An enum of ids, with comments behind the enumerators where all of them fit."""
        found = [(f"{self.names.none_id(*words)} = 0,", "")] + [(f"{c} = {number},", text) for number, (c, text) in enumerate(values, 1)]
        width = max(len(declaration) for declaration, _ in found)
        lines = [f"{declaration:{width}} /* {comment(text)} */" if text else declaration for declaration, text in found]
        if any(len(line) + 4 > WIDTH for line in lines):
            lines = [line for declaration, text in found for line in (*note(text, "    "), declaration) if line]
            lines = [line.removeprefix("    ") for line in lines]
        return Enum(self.names.id_enum(*words), brief, tuple(lines))

    # Options and configs.

    def option_enums(self) -> list[Enum]:
        return [
            Enum(self.names.option_enum(o.name), f"Values of the option {o.name}.", tuple(f"{v.c} = {i}," for i, v in enumerate(t.values)))
            for o, t in zip(self.m.options, self.ir.options)
            if o.type is Type.ENUM
        ]

    def option_members(self) -> tuple[Member, ...]:
        found = [self.given(o, t, is_option=True) for o, t in zip(self.m.options, self.ir.options)]
        return tuple(found) or (Member(note("This manager has no options.", "    "), "char unused;"),)

    def given(self, field: Field, tables: ir.Field, is_option: bool = False) -> Member:
        """A member that callers give."""
        words = [field.brief] if field.brief else []
        low, high = expr.bounds(field)
        if field.range is not None:
            words.append(f"{low} to {high}.")
        if tables.zero_default:
            words.append(f"{'NULL' if field.type is Type.STRING else '0'} stands for the default, {self.word(field)}.")
        elif is_option or tables.default:
            words.append(f"Default: {self.word(field)}.")
        if field.required:
            words.append("Required.")
        if field.type is Type.STRING and not field.required and not tables.zero_default:
            words.append("NULL counts as empty.")
        if field.type is Type.SET:
            words.append("A set: neither order nor repetition counts.")
        if field.max_length is not None:
            words.append(f"At most {field.max_length} bytes{' each' if field.type in (Type.LIST, Type.SET) else ''}.")
        if field.ignore_case:
            words.append("Case is ignored.")
        return Member(note(" ".join(words), "    "), declare(tables.c_type, field.name))

    @staticmethod
    def word(field: Field) -> str:
        if field.type is Type.STRING:
            return string(str(field.default or ""))
        if field.type is Type.BOOL:
            return "true" if field.default else "false"
        if field.type is Type.ENUM:
            return str(field.default if field.default is not None else field.values[0])
        return str(field.default or 0)

    def default(self, macro: str, fields: tuple[ir.Field, ...]) -> tuple[str, ...]:
        """#define of an initialiser that names every member."""
        members = [f".{member(f.name)} = {initial(f)}" for f in fields] or [".unused = 0"]
        line = f"#define {macro} {{{', '.join(members)}}}"
        if len(line) <= WIDTH:
            return (line,)
        lines = [f"#define {macro}", *filled([f"{{{members[0]}", *members[1:]], 4, WIDTH - 2)]
        lines[-1] = lines[-1].removesuffix(",") + "}"
        width = max(map(len, lines)) + 1
        return (*(f"{text:{width}}\\" for text in lines[:-1]), lines[-1])

    # Resources.

    def resource(self, resource: Resource, tables: ir.Resource) -> ResourcePart:
        names = self.names
        enums = [
            Enum(names.field_enum(resource.name, f.name), f"Values of {resource.name}.{f.name}.", tuple(f"{v.c} = {i}," for i, v in enumerate(t.values)))
            for f, t in zip(resource.fields, tables.fields)
            if f.type is Type.ENUM
        ]
        sizes = [
            Member(note(f"Bytes of {resource.name}.{a.name}, with the NUL."), f"#define {a.size_macro} {a.size}") for a in tables.assigned if a.size_macro
        ]
        slots = [
            Struct(
                t.slot,
                note(f"A slot of {resource.name}: {a.brief}" if a.brief else f"A slot of {resource.name}."),
                tuple(Member(note(self.part_words(p), "    "), declare(C_TYPES[p.type], p.name)) for p in t.parts),
            )
            for a, t in zip(resource.assigned, tables.assigned)
            if a.kind is AssignedKind.POOL
        ]
        key = listed(resource.key)
        says = f"Which {resource.name} a caller means, by {key}, and how it should be." if resource.key else f"How a caller wants the {resource.name}."
        config = Struct(
            tables.config,
            note(says),
            tuple(self.given(f, t) for f, t in zip(resource.fields, tables.fields))
            or (Member(note("This resource has no fields.", "    "), "char unused;"),),
        )
        view = Struct(tables.view, note(f"A tracked {resource.name}, as hooks and visitors see it. Its texts are never NULL."), self.view(resource, tables))
        return ResourcePart(
            title=note(f"{resource.name}: {resource.brief}" if resource.brief else f"{resource.name}."),
            enums=tuple(enums),
            sizes=tuple(sizes),
            slots=tuple(slots),
            config=config,
            config_default=self.default(names.config_default(resource.name), tables.fields),
            view=view,
        )

    @staticmethod
    def part_words(part: ir.Part) -> str:
        return f"Below {part.size}." if not part.option else f"Below the option that sizes it, at most {part.size - 1}."

    def view(self, resource: Resource, tables: ir.Resource) -> tuple[Member, ...]:
        """The members that are aligned most come first, so that there are few gaps. The runtime
        wants the pointer to the parent at the start."""
        found = [(ALIGNED.get(t.type, 1), Member((), declare(t.c_type, t.name)))
                 for t in tables.fields]
        for assigned, t in zip(resource.assigned, tables.assigned):
            words = note(" ".join(w for w in (assigned.brief, self.set_by(assigned)) if w), "    ")
            if assigned.kind is AssignedKind.POOL:
                most = max(ALIGNED.get(p.type, 1) for p in t.parts)
                found += [(most, Member(words if i == 0 else (), declare(C_TYPES[p.type], p.name)))
                          for i, p in enumerate(t.parts)]
            elif assigned.type is Type.STRING:
                found.append((1, Member(words, f"char {member(assigned.name)}[{t.size_macro}];")))
            elif assigned.type is not None:
                found.append(
                    (ALIGNED.get(assigned.type,
                                 1), Member(words, declare(C_TYPES[assigned.type], assigned.name))))
        members = [m for _, m in sorted(found, key=lambda one: -one[0])]
        if resource.parent is not None:
            members.insert(
                0,
                Member((), f"const {self.names.view(resource.parent)} *{member(resource.parent)};"))
        return tuple(members) or (Member(note("Nothing is known of it but its state.", "    "),
                                         "char unused;"),)

    @staticmethod
    def set_by(assigned: model.Assigned) -> str:
        if assigned.kind is AssignedKind.HOOK:
            return f"Set by {assigned.hook}; zero until that has given it."
        return ""

    # The backend.

    def out(self, hook: ir.Hook) -> Struct:
        members = [
            Member((), f"char {member(o.name)}[{o.size_macro}];" if o.type is Type.STRING else declare(C_TYPES[o.type], o.name)) for o in hook.outs
        ]
        return Struct(hook.out, note(f"What {hook.name} gives when it ends ok or uncertain. Begins with what the view has."), tuple(members))

    def groups(self) -> list[Group]:
        found: dict[str, list[Member]] = {}
        for hook, tables in zip(self.m.hooks, self.ir.hooks):
            view = self.ir.resource(tables.resource)
            parameter = free_name(view.name, {"ctx", "call", "out"} | self.ir.file_scope)
            given = ["void *ctx", "berth_call *call", f"const {view.view} *{parameter}"]
            given += [f"{tables.out} *out"] if tables.out else []
            declaration = signature(f"int (*{called(hook.short)})", given, ";", WIDTH - 8)
            notes = block(self.contract(hook, tables), " " * 8)
            found.setdefault(hook.group, []).append(Member(notes, "\n        ".join(declaration)))
        return [Group(member(name), tuple(hooks)) for name, hooks in found.items()]

    def contract(self, hook: model.Hook, tables: ir.Hook) -> list[str]:
        """The written contract of one hook."""
        width = WIDTH - 11
        lines = wrap(hook.brief, "", "", width) + [""] if hook.brief else []
        if not hook.optional:
            must = "Must be provided."
        elif hook.absent is None:
            must = ("May be NULL: then nobody can tell, and what asks it fails with -EOPNOTSUPP." if hook.asks
                    else "May be NULL: then it counts as ended ok without a call.")
        else:
            must = f"May be NULL: then what needs it is refused with -{hook.absent}."
        words = [must]
        if hook.together:
            others = [h.name for h in self.m.hooks if h.together == hook.together and h is not hook]
            if others:
                words.append(f"To be left out only together with {listed(others)}.")
        if hook.asks:
            words.append(f"Asks whether the effect of {listed(hook.asks, 'or')} is there.")
        if hook.needs:
            words.append(f"Called only while the effect of {listed(hook.needs)} is in place.")
        if hook.undoes:
            undoes = listed(hook.undoes)
            words.append(f"Takes back the effect of {undoes}, also where that may have failed.")
        undone = [h.name for h in self.m.hooks if hook.name in h.undoes]
        if undone:
            words.append(f"Its effect is taken back by {listed(undone, 'or')}.")
        if hook.repeatable:
            words.append("Repeatable.")
        if called_in := self.called_in(tables):
            words.append(f"Called in {called_in}.")
        return [*lines, *wrap(" ".join(words), "", "", width)]

    def called_in(self, hook: ir.Hook) -> str:
        """The states and events whose rows call it."""
        owner = self.ir.resource(hook.resource)
        number = self.ir.hooks.index(hook) + 1
        found: dict[str, list[str]] = {}
        for row in owner.rows:
            if row.hook == number:
                states = found.setdefault(owner.events[row.event - 1].name, [])
                states.append(owner.states[row.state - 1].id.name)
        return "; ".join(f"{listed(dict.fromkeys(s))} on {event}" for event, s in found.items())

    # Functions.

    def function(self, operation: ir.Operation, writer: Writer) -> Function:
        prototypes = tuple(signature(*p, tail=";") for p in self.api.prototypes(operation))
        return Function(tuple(block(writer.comment(operation))), prototypes)

    @staticmethod
    def name_function(found: NameFunction) -> Function:
        return Function((), ((f"{found.prototype};",),))


def declare(c_type: str, name: str) -> str:
    """A member's declaration."""
    return f"{c_type}{'' if c_type.endswith('*') else ' '}{member(name)};"


def initial(field: ir.Field) -> str:
    """Initialiser of a member: its default, spelled by name."""
    if field.type is Type.ENUM:
        return field.values[int(field.default)].c
    if field.type is Type.BOOL:
        return "true" if field.default else "false"
    if field.type is Type.STRING:
        return string(str(field.default))
    if field.type in (Type.LIST, Type.SET):
        return "{NULL, 0}"
    if field.type is Type.UUID:
        return "{0}"
    return expr.literal(int(field.default), field.type)
