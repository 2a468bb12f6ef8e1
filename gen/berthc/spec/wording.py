"""The words of messages about shape: what stands there, and what may have been meant."""
from __future__ import annotations

import re

from berthc.diag import hint, listing, printable, quote, snake, suggest
from berthc.errnos import meant
from berthc.spec.load import Mapping, Node, Scalar, Sequence
from berthc.spec.schema import Part

# Words that newcomers write for keys and types of the language.
SYNONYMS = {
    "error": "fail",
    "failed": "fail",
    "failure": "fail",
    "success": "ok",
    "unsure": "uncertain",
    "unknown": "uncertain",
    "timeout": "uncertain",
    "goto": "to",
    "next": "to",
    "state": "to",
    "target": "to",
    "acquire": "take",
    "get": "take",
    "release": "drop",
    "put": "drop",
    "description": "brief",
    "doc": "brief",
    "steps": "do",
    "return": "returns",
    "events": "on",
    "transitions": "on",
    "rows": "on",
    "length": "max_length",
    "when": "if",
    "int": "i32",
    "integer": "i32",
    "number": "u32",
    "str": "string",
    "text": "string",
}
BOOLEANS = {"yes": "true", "on": "true", "no": "false", "off": "false"}
TARGET = "{to: state, raise: event}"
ERRNO = "an errno name"  # the title of that part of the schema

KINDS = {"object": "a mapping", "array": "a list", "string": "a text", "integer": "an integer",
          "boolean": "true or false"}


def kind_of(node: Node) -> str:
    """The JSON type of a node."""
    if isinstance(node, Mapping):
        return "object"
    if isinstance(node, Sequence):
        return "array"
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, bool):
        return "boolean"
    return {int: "integer", float: "number", str: "string"}.get(type(value), "null")


def shown(node: Node) -> str:
    """What a node is, for a message."""
    if isinstance(node, Scalar):
        if node.value is None:
            return "nothing" if node.text == "" else f"{quote(node.text)} (null)"
        if isinstance(node.value, bool):
            return node.text
        if isinstance(node.value, (int, float)):
            return f"the number {quote(node.text, 40)[1:-1]}"
        return f"the text {quote(node.value)}"
    return "a mapping" if isinstance(node, Mapping) else "a list"


def near_key(key: str, every: list[str]) -> str:
    """Help for the key that may say which form is meant."""
    synonym = SYNONYMS.get(key, "")
    return (f"did you mean {quote(synonym)}? valid here: {listing(every)}" if synonym in every
            else hint(key, every, "valid here"))


def which_key(key: str, missing: list[str], part: Part, node: Mapping) -> str:
    """Help for an unknown key: the one that is meant, best one that is missing; and those that must
    be there."""
    properties: Part = part.get("properties", {})
    if part.get("title") == TARGET and key in ("reject", "call"):
        return (
            "after a call the operation fails with the hook's error by itself; name the state to"
            " go to"
        )
    synonym = SYNONYMS.get(key, "")
    if synonym in properties and synonym not in node.values:
        return f"did you mean {quote(synonym)}? valid here: {listing(properties)}"
    left = [name for name in properties if name not in node.values]
    near = suggest(key, missing) or suggest(key, left) or suggest(key, list(properties))
    needed = ("" if not missing or any(quote(name) in near for name in missing)
              else f"; needed: {listing(missing)}")
    return f"{near}valid here: {listing(properties)}{needed}"


def renamed(value: str, part: Part) -> str:
    """Help for a name in the wrong style."""
    wanted = str(part.get("form", describe(part)))
    if part.get("title") == ERRNO:
        name = meant(value)
    elif "\\." in part["pattern"]:
        name = ".".join(snake(word) or word for word in value.split("."))
    else:
        name = "" if meant(value.lower()) == value else snake(value)
    return (f"did you mean {quote(name)}? {wanted}" if name and name != value
            and re.fullmatch(part["pattern"], name) else wanted)


def below(node: Node | None, key: str = "") -> list[tuple[str, Node]]:
    """The entries of a mapping, or of the one below a key of it."""
    inner = node.get(key) if key and isinstance(node, Mapping) else node
    return list(inner.values.items()) if isinstance(inner, Mapping) else []


def with_article(part: Part) -> str:
    return str(part.get("title") or KINDS.get(part.get("type", ""), "this"))


def describe(part: Part) -> str:
    return str(part.get("description", ""))


def as_mapping(node: Sequence, part: Part) -> str:
    """Help for a list where a mapping with as many keys belongs."""
    keys = list(part.get("required", ()) or part.get("properties", ()))
    texts = [item.text for item in node.items if isinstance(item, Scalar)]
    if not keys or not len(keys) == len(texts) == len(node.items):
        return ""
    entries = ", ".join(f"{key}: {printable(text)}" for key, text in zip(keys, texts))
    return f"write {{{entries}}}"


def quoting(node: Node) -> str:
    """Advice for a value that YAML read as something other than text."""
    if isinstance(node, Scalar) and node.value is not None and not isinstance(node.value, str):
        if isinstance(node.value, bool):
            return ""  # no name or condition is called so
        return f"write '{node.text}' in quotes if a text is meant"
    return ""
