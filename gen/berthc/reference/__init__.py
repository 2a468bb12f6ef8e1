"""The tables of docs/language.md, from the schema and from the rules: what the page says is what
the compiler does."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from berthc.reference.rules import catalogue
from berthc.spec.schema import Part, Schema

# Where keys stand, in the order of the page: title, and the path to the schema part.
_PLACES: tuple[tuple[str, str], ...] = (
    ("spec", ""),
    ("option and field", "field"),
    ("hook", "hook"),
    ("resource", "resource"),
    ("assigned", "assigned"),
    ("state", "state"),
    ("row", "row"),
    ("target", "target"),
    ("operation", "operation"),
    ("refusal", "denial"),
    ("limits", "limits"),
    ("limits of a resource", "resource_limit"),
    ("store", "store"),
    ("accept", "accept"),
)


def tables() -> dict[str, str]:
    """Markdown by name: "rules", and "keys of …" for each place."""
    schema = Schema.read()
    out = {"rules": rules()}
    for title, name in _PLACES:
        out[f"keys of {title}"] = keys(schema, schema.root["$defs"][name] if name else schema.root)
    return out


def rules() -> str:
    """Every id that a message can have."""
    return ("| id | what a spec keeps |\n|---|---|\n"
            + "".join(f"| `{id}` | {says} |\n" for id, says in catalogue().items()))


@dataclass(frozen=True)
class Key:
    """A key: what may stand there, what it means, and the forms that know it ("" for all)."""

    name: str
    needed: bool
    value: str
    meaning: str
    forms: str


def places() -> dict[str, list[Key]]:
    """The keys of each place, by its title."""
    schema = Schema.read()
    return {title: keys_of(schema, schema.root["$defs"][name] if name else schema.root)
            for title, name in _PLACES}


def keys(schema: Schema, part: Part) -> str:
    """The keys of one place; where it has several forms, with the forms that know the key."""
    several = len(list(_forms(schema, part))) > 1
    out = (
        "| key | value | meaning"
        f" |{' in |' if several else ''}\n|---|---|---|{'---|' if several else ''}\n"
    )
    for key in keys_of(schema, part):
        name = f"**`{key.name}`**" if key.needed else f"`{key.name}`"
        where = f" {key.forms or 'all'} |" if several else ""
        out += f"| {name} | {key.value} | {key.meaning} |{where}\n"
    return out


def keys_of(schema: Schema, part: Part) -> list[Key]:
    """The keys of one place, in their order."""
    forms = list(_forms(schema, part))
    rows: dict[str, list[tuple[str, Part]]] = {}
    needed: set[str] = set()
    for title, form in forms:
        needed |= set(form.get("required", ()))
        for key, value in form.get("properties", {}).items():
            rows.setdefault(key, []).append((title, value))
    return [Key(key, key in needed,
                ", ".join(dict.fromkeys(_value(schema, value) for _, value in uses)),
                " ".join(dict.fromkeys(str(value.get("description", "")) for _, value in uses)),
                "" if len(uses) == len(forms) else ", ".join(title for title, _ in uses))
            for key, uses in rows.items()]


def _forms(schema: Schema, part: Part) -> Iterator[tuple[str, Part]]:
    part = schema.resolve(part)
    if "oneOf" not in part:
        if part.get("type") == "object":
            yield str(part.get("title", "")), part
        return
    for branch in part["oneOf"]:
        yield from _forms(schema, branch)


def _value(schema: Schema, part: Part) -> str:
    """What may stand there, in a few words."""
    part = schema.resolve(part)
    if "const" in part:
        return f"`{part['const']}`"
    if "enum" in part:
        return ", ".join(f"`{word}`" for word in part["enum"])
    if part.get("type") == "boolean":
        return "`true`, `false`"
    if "title" in part:
        return str(part["title"])
    kinds = {"object": "a mapping", "array": "a list", "string": "a text", "integer": "an integer"}
    return kinds.get(part.get("type", ""), "")
