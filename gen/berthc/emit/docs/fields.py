"""Options, fields and assigned values: their types, defaults and roles, in Markdown."""
from __future__ import annotations

from berthc.emit.docs.markdown import code, codes, md, table
from berthc.model import (
    Assigned, AssignedKind, Field, FormatText, Manager, Ref, Resource, Type,
)


def type_text(field: Field) -> str:
    words = field.type.value
    if field.type is Type.ENUM:
        words = "one of " + codes(field.values)
    elif field.type in (Type.LIST, Type.SET):
        words = f"{field.type.value} of strings"
    if field.range is not None:
        words += f", {field.range[0]} to {field.range[1]}"
    if field.max_length is not None:
        words += f", at most {field.max_length} bytes"
    return words


def _default(field: Field) -> str:
    if field.default is None or field.default == "" or field.default == ():
        return "empty" if field.type in (Type.STRING, Type.LIST, Type.SET) else ""
    return code(
        str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
    )


def options(manager: Manager) -> list[str]:
    if not manager.options:
        return []
    rows = [(code(o.name), type_text(o), _default(o), md(o.brief)) for o in manager.options]
    return [
        "## Options\n",
        "Given once, at create.\n",
        table(("option", "type", "default", "meaning"), rows),
    ]


def field_role(resource: Resource, field: Field) -> str:
    words = ["key" if field.name in resource.key else "must match"]
    if field.required:
        words.append("required")
    if field.ignore_case:
        words.append("case ignored")
    if field.default and field.default != (field.values or ("",))[0]:
        words.append(f"default {_default(field)}")
    return ", ".join(words)


def _format_part(part: str | Ref) -> str:
    if isinstance(part, str):
        return part.replace("{", "{{").replace("}", "}}")
    return "{" + (part.name if part.scope == "field" else str(part)) + "}"


def _format_text(text: FormatText) -> str:
    """As the author wrote it."""
    shown = "".join(map(_format_part, text.parts))
    return code(shown) + (f" if {code(text.guard.text)}" if text.guard is not None else "")


def assigned_text(value: Assigned) -> str:
    if value.kind is AssignedKind.POOL:
        sizes = [
            f"{code(p.name)} below {p.size if p.option is None else 'option ' + code(p.option)}"
            for p in value.parts
        ]
        return "the lowest free slot: " + ", ".join(sizes)
    if value.kind is AssignedKind.COUNTER:
        return f"a number, counted from {value.start}" + (
            ", as text" if value.type is Type.STRING else ""
        )
    if value.kind is AssignedKind.UUID:
        return "a version 4 UUID"
    if value.kind is AssignedKind.HOOK:
        return f"from the hook {code(value.hook or '')}"
    return "; else ".join(_format_text(t) for t in value.texts)
