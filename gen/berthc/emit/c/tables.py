"""Tables of the generated source: each function turns a piece of the IR into the lines between the
braces of one array."""
from __future__ import annotations

from berthc.emit.ctext import braces, element, string
from berthc.lower import C_TYPES, ir
from berthc.model import AssignedKind, Form, Type
from berthc.names import member

TYPE_IDS = {
    Type.BOOL: "BERTH_BOOL",
    Type.U8: "BERTH_U8",
    Type.U16: "BERTH_U16",
    Type.U32: "BERTH_U32",
    Type.U64: "BERTH_U64",
    Type.I32: "BERTH_I32",
    Type.I64: "BERTH_I64",
    Type.STRING: "BERTH_STRING",
    Type.ENUM: "BERTH_ENUM",
    Type.UUID: "BERTH_UUID",
    Type.LIST: "BERTH_LIST",
    Type.SET: "BERTH_SET",
}
KIND_IDS = {
    AssignedKind.COUNTER: "BERTH_ASSIGN_COUNTER",
    AssignedKind.UUID: "BERTH_ASSIGN_UUID",
    AssignedKind.POOL: "BERTH_ASSIGN_POOL",
    AssignedKind.FORMAT: "BERTH_ASSIGN_FORMAT",
    AssignedKind.HOOK: "BERTH_ASSIGN_HOOK",
}
FORM_IDS = {
    Form.OBTAIN: "BERTH_OBTAIN",
    Form.CREATE: "BERTH_CREATE",
    Form.FIND: "BERTH_FIND",
    Form.WITH: "BERTH_WITH",
}


def leaf_type(kind: Type) -> str:
    """Type of an assigned value: texts are arrays in the view."""
    return "BERTH_CHARS" if kind is Type.STRING else TYPE_IDS[kind]


def number(value: int, kind: Type) -> str:
    """An int64_t constant; a uint64_t bound as the same bits."""
    if kind is Type.U64 and value >= 1 << 63:
        value -= 1 << 64
    if value == -(1 << 63):
        return "INT64_MIN"
    return str(value) if abs(value) < 1 << 31 else f"INT64_C({value})"


def target(resource: ir.Resource, word: str, found: ir.Target) -> str:
    """The member `word` of a row."""
    state = resource.states[found.state - 1].id.c
    if found.raises:
        return f".{word} = {{{state}, {resource.events[found.raises - 1].c}}}"
    return f".{word}.state = {state}"


def row(
    manager: ir.Manager, resource: ir.Resource, index: int, found: ir.Row, or_next: bool
) -> list[str]:
    """One element of the array of rows; `or_next`: another row of its state and event follows."""
    members: list[str] = []
    if found.guard:
        members.append(f".guard = {manager.guards[found.guard - 1].c}")
    if or_next:
        members.append(".or_next = true")
    if found.hook:
        members.append(f".hook = {manager.hooks[found.hook - 1].c}")
    if found.reject is not None:
        members.append(f".reject = {found.reject}")
    members += [target(resource, word, t) for word, t in found.outcomes]
    return braces(f"[{index}] = ", members)


def cell(resource: ir.Resource, found: ir.Cell) -> list[str]:
    """One element of the array of cells."""
    plain = resource.plain(found)
    at = f"{resource.states[found.state - 1].id.c}][{resource.events[found.event - 1].c}"
    inside = (
        f"{found.first}, {resource.states[plain - 1].id.c}" if plain else f".row = {found.first}"
    )
    return element(at, f"{{{inside}}}")


def field(found: ir.Field, values: str, view: str | None = None, options: str = "") -> list[str]:
    """One element of an array of fields: of the struct of options where there is no view."""
    flags = [
        name
        for name, is_set in (
            ("BERTH_KEY", found.key),
            ("BERTH_REQUIRED", found.required),
            ("BERTH_IGNORE_CASE", found.ignore_case),
            ("BERTH_RANGED", found.range is not None),
            ("BERTH_ZERO_DEFAULT", found.zero_default),
        )
        if is_set
    ]
    members = [f".name = {string(found.name)}", f".type = {TYPE_IDS[found.type]}"]
    name = member(found.name)
    members.append(
        f"BERTH_OFFSETS({view}, {name})"
        if view is not None
        else f".config_offset = offsetof({options}, {name})"
    )
    if flags:
        members.append(f".flags = {' | '.join(flags)}")
    if found.type is Type.ENUM:
        members += [f".n_values = {len(found.values)}", f".values = {values}"]
    if found.max_length:
        members.append(f".max_length = {found.max_length}")
    if found.range is not None:
        low, high = (number(bound, found.type) for bound in found.range)
        members.append(
            f".range = &(const berth_range){{{low}, {high}}}"
        )
    return braces("", members)


def default(option: ir.Field) -> str:
    """One element of the array of defaults."""
    if isinstance(option.default, str) and option.type is Type.STRING:
        value = f".text = {string(option.default) if option.default else 'NULL'}"
    else:
        assert isinstance(option.default, int)
        value = f".number = {number(option.default, option.type)}"
    return f"    [{option.c} - 1] = {{{value}}},"


def earlier(manager: ir.Manager, found: ir.Earlier) -> list[str]:
    """One element of the array of earlier names."""
    members = [f".kind = BERTH_WAS_{found.kind}"]
    if found.resource:
        members.append(f".resource = {manager.resource(found.resource).c}")
    if found.index:
        fields = manager.resource(found.resource).fields if found.resource else manager.options
        members.append(f".index = {fields[found.index - 1].c}")
    members.append(f".was = {string(found.was)}")
    if found.name is not None:
        members.append(f".name = {string(found.name)}")
    return braces("", members)


def format_function(resource: ir.Resource, found: ir.Assigned) -> str:
    """The function that writes a format."""
    return f"format_{resource.name}_{found.name}"


def assigned(
    found: ir.Assigned, resource: ir.Resource, parts: str, hooks: tuple[ir.Hook, ...]
) -> list[str]:
    """One element of the array of assigned values; `parts` is the array of a pool."""
    members = [f".name = {string(found.name)}", f".kind = {KIND_IDS[found.kind]}"]
    if found.kind is AssignedKind.POOL:
        members += [f".n_parts = {len(found.parts)}", f".parts = {parts}"]
    else:
        assert found.type is not None
        members += [
            f".type = {leaf_type(found.type)}",
            f".view_offset = offsetof({resource.view}, {member(found.name)})",
            f".size = {size(found.type, found.size_macro)}",
        ]
    if found.kind is AssignedKind.FORMAT:
        members.append(f".format = {format_function(resource, found)}")
    if found.indexed:
        members.append(".indexed = true")
    if found.hook:
        members.append(f".hook = {hooks[found.hook - 1].c}")
    if found.start:
        members.append(f".start = UINT64_C({found.start})")
    return braces("", members)


def size(kind: Type, macro: str) -> str:
    """sizeof the member of a view."""
    if kind is Type.STRING:
        return macro
    return f"sizeof({C_TYPES[kind]})"


def part(found: ir.Part, view: str, options: tuple[ir.Field, ...]) -> list[str]:
    members = [f".name = {string(found.name)}", f".type = {TYPE_IDS[found.type]}"]
    if found.option:
        members.append(f".option = {options[found.option - 1].c}")
    members += [f".view_offset = offsetof({view}, {member(found.name)})", f".size = {found.size}"]
    return braces("", members)


def returned(manager: ir.Manager, found: ir.Return) -> list[str]:
    view = manager.resource(found.resource).view
    return braces(
        "",
        [
            f".level = {found.level}",
            f".type = {leaf_type(found.type)}",
            f".view_offset = offsetof({view}, {member(found.leaf)})",
            f".size = {size(found.type, found.size_macro)}",
        ],
    )


def step(manager: ir.Manager, found: ir.Step) -> str:
    event = manager.resource(found.resource).events[found.event - 1].c
    return f"    {{.level = {found.level}, .event = {event}}},"


def operation(manager: ir.Manager, found: ir.Operation) -> list[str]:
    """The members of one operation, one per line."""
    target_ = manager.resource(found.path[-1])
    flags = [
        name
        for name, is_set in (
            ("BERTH_GIVES", found.gives),
            ("BERTH_ENDS", found.ends),
            ("BERTH_ABSENT_OK", found.absent_ok),
            ("BERTH_LOOK_UP", found.is_look_up),
            ("BERTH_OWNED", found.owned),
        )
        if is_set
    ]
    members = [f".name = {string(found.name)}", f".form = {FORM_IDS[found.form]}"]
    if flags:
        members.append(f".flags = {' | '.join(flags)}")
    members += [f".resource = {target_.c}", f".levels = {len(found.path)}"]
    members.append(f".path = {{{', '.join(manager.resource(r).c for r in found.path)}}}")
    if found.by:
        members.append(f".by = {target_.assigned[found.by - 1].c}")
    if found.at:
        members.append(f".at = {target_.assigned[found.at - 1].c}")
    if found.enter:
        members.append(f".enter = {target_.states[found.enter - 1].id.c}")
    for word, items in (("steps", found.steps), ("returns", found.returns)):
        if items:
            members += [f".n_{word} = {len(items)}", f".{word} = {found.name}_{word}"]
    if found.denies:
        members.append(f".rules = {found.name}_rules")
    members.append(f".check = {found.check}")
    return braces(f"[{found.c}] = ", members)
