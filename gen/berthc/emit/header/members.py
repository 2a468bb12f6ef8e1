"""The structs and enums of a header: options, configs, slots and views."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from berthc import model
from berthc.emit.ctext import WIDTH, filled, sentence, string, wrap
from berthc.emit.header.operations import listed
from berthc.lower import C_TYPES, expr, ir
from berthc.model import AssignedKind, Field, Manager, Operation, Resource, Type
from berthc.names import Names, member

# What members of a view are aligned to, in bytes, where that is more than 1.
ALIGNED = {
    Type.STRING: 8,
    Type.LIST: 8,
    Type.SET: 8,
    Type.U64: 8,
    Type.I64: 8,
    Type.U32: 4,
    Type.I32: 4,
    Type.ENUM: 4,
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
class ResourcePart:
    """All types of one resource, in the order they are declared."""

    title: tuple[str, ...]
    enums: tuple[Enum, ...]
    sizes: tuple[Member, ...]
    slots: tuple[Struct, ...]
    config: Struct
    config_default: tuple[str, ...]
    view: Struct


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


class Members:
    """Makes the structs and enums of one manager."""

    def __init__(self, manager: Manager, tables_ir: ir.Manager) -> None:
        self.m = manager
        self.ir = tables_ir
        self.names = Names(manager.name)

    def option_enums(self) -> list[Enum]:
        return [
            Enum(
                self.names.option_enum(o.name),
                f"Values of the option {o.name}.",
                tuple(f"{v.c} = {i}," for i, v in enumerate(t.values)),
            )
            for o, t in zip(self.m.options, self.ir.options)
            if o.type is Type.ENUM
        ]

    def option_members(self) -> tuple[Member, ...]:
        found = [self.given(o, t, is_option=True) for o, t in zip(self.m.options, self.ir.options)]
        return tuple(found) or (
            Member(note("This manager has no options.", "    "), "char unused;"),
        )

    def given(self, field: Field, tables: ir.Field, is_option: bool = False) -> Member:
        """A member that callers give."""
        words = [sentence(field.brief)] if field.brief else []
        low, high = expr.bounds(field)
        if field.range is not None:
            words.append(f"{low} to {high}.")
        if tables.zero_default:
            words.append(
                f"{'NULL' if field.type is Type.STRING else '0'} stands for the default,"
                f" {self.word(field)}."
            )
        elif is_option or tables.default:
            words.append(f"Default: {self.word(field)}.")
        if field.required:
            words.append("Required.")
        if field.type is Type.STRING and not field.required and not tables.zero_default:
            words.append("NULL counts as empty.")
        if field.type is Type.SET:
            words.append("A set: neither order nor repetition counts.")
        if field.max_length is not None:
            words.append(
                f"At most {field.max_length} bytes"
                f"{' each' if field.type in (Type.LIST, Type.SET) else ''}."
            )
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

    def resource(self, resource: Resource, tables: ir.Resource) -> ResourcePart:
        names = self.names
        enums = [
            Enum(
                names.field_enum(resource.name, f.name),
                f"Values of {resource.name}.{f.name}.",
                tuple(f"{v.c} = {i}," for i, v in enumerate(t.values)),
            )
            for f, t in zip(resource.fields, tables.fields)
            if f.type is Type.ENUM
        ]
        sizes = [
            Member(
                note(f"Bytes of {resource.name}.{a.name}, with the NUL."),
                f"#define {a.size_macro} {a.size}",
            )
            for a in tables.assigned
            if a.size_macro
        ]
        slots = [
            Struct(
                t.slot,
                note(
                    f"A slot of {resource.name}: {sentence(a.brief)}"
                    if a.brief
                    else f"A slot of {resource.name}."
                ),
                tuple(
                    Member(note(self.part_words(p), "    "), declare(C_TYPES[p.type], p.name))
                    for p in t.parts
                ),
            )
            for a, t in zip(resource.assigned, tables.assigned)
            if a.kind is AssignedKind.POOL
        ]
        key = listed(resource.key)
        says = (
            f"Which {resource.name} a caller means, by {key}, and how it should be."
            if resource.key
            else f"How a caller wants the {resource.name}."
        )
        config = Struct(
            tables.config,
            note(says),
            tuple(self.given(f, t) for f, t in zip(resource.fields, tables.fields))
            or (Member(note("This resource has no fields.", "    "), "char unused;"),),
        )
        view = Struct(
            tables.view,
            note(
                f"A tracked {resource.name}, as hooks and visitors see it. Its texts are never"
                " NULL."
            ),
            self.view(resource, tables),
        )
        return ResourcePart(
            title=note(
                f"{resource.name}: {sentence(resource.brief)}"
                if resource.brief
                else f"{resource.name}."
            ),
            enums=tuple(enums),
            sizes=tuple(sizes),
            slots=tuple(slots),
            config=config,
            config_default=self.default(names.config_default(resource.name), tables.fields),
            view=view,
        )

    def result(self, operation: Operation, tables: ir.Operation) -> Struct | None:
        """What an operation returns, where that is more than one value."""
        if not operation.returns_several:
            return None
        function = self.names.function(operation.name)
        none = (
            f" When there is no {operation.target}, all members are zero."
            if operation.absent_ok
            else ""
        )
        says = (
            f"What {function} returns. Success writes all members, before `done` is called; a"
            f" failure writes none.{none}"
        )
        return Struct(tables.result, note(says), tuple(map(self.returned, tables.returns)))

    def returned(self, found: ir.Return) -> Member:
        """A member of such a struct."""
        resource = self.m.resources[found.resource - 1]
        number, assigned = next(
            (n, a) for n, a in enumerate(resource.assigned) if found.leaf in a.leaves
        )
        parts = self.ir.resource(found.resource).assigned[number].parts
        bounds = [self.part_words(part) for part in parts if part.name == found.leaf]
        words = [f"{resource.name}.{found.leaf}{':' if assigned.brief else '.'}"]
        words += [w for w in (sentence(assigned.brief), *bounds, self.set_by(assigned)) if w]
        return Member(
            note(" ".join(words), "    "),
            f"char {member(found.leaf)}[{found.size_macro}];"
            if found.type is Type.STRING
            else declare(C_TYPES[found.type], found.leaf),
        )

    @staticmethod
    def part_words(part: ir.Part) -> str:
        return (
            f"Below {part.size}."
            if not part.option
            else f"Below the option that sizes it, at most {part.size - 1}."
        )

    def view(self, resource: Resource, tables: ir.Resource) -> tuple[Member, ...]:
        """The members that are aligned most come first, so that there are few gaps. The runtime
        wants the pointer to the parent at the start."""
        found = [
            (ALIGNED.get(t.type, 1), Member((), declare(t.c_type, t.name))) for t in tables.fields
        ]
        for assigned, t in zip(resource.assigned, tables.assigned):
            said = (sentence(assigned.brief), self.set_by(assigned))
            words = note(" ".join(word for word in said if word), "    ")
            if assigned.kind is AssignedKind.POOL:
                most = max(ALIGNED.get(p.type, 1) for p in t.parts)
                found += [
                    (most, Member(words if i == 0 else (), declare(C_TYPES[p.type], p.name)))
                    for i, p in enumerate(t.parts)
                ]
            elif assigned.type is Type.STRING:
                found.append((1, Member(words, f"char {member(assigned.name)}[{t.size_macro}];")))
            elif assigned.type is not None:
                found.append(
                    (
                        ALIGNED.get(assigned.type, 1),
                        Member(words, declare(C_TYPES[assigned.type], assigned.name)),
                    )
                )
        members = [m for _, m in sorted(found, key=lambda one: -one[0])]
        if resource.parent is not None:
            members.insert(
                0,
                Member((), f"const {self.names.view(resource.parent)} *{member(resource.parent)};"),
            )
        return tuple(members) or (
            Member(note("Nothing is known of it but its state.", "    "), "char unused;"),
        )

    @staticmethod
    def set_by(assigned: model.Assigned) -> str:
        if assigned.kind is AssignedKind.HOOK:
            return f"Set by {assigned.hook}; zero until that has given it."
        return ""


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
