"""The declarations of a C header with the comments above them."""
from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOP = re.compile(r"/\*.*?\*/[ \t]*\n?|[^\n]*\n", re.S)
_NAME = re.compile(r"\b(berth_\w+)\(")
_TYPE = re.compile(r"^typedef (?:struct|enum|union)\b.*?\}\s*(berth_\w+);", re.S)
_OPAQUE = re.compile(r"^typedef struct \w+ (berth_\w+);")


OWN = ("BERTH_OP_", "BERTH_ARENA_")  # macros for generated headers, and of other macros


@dataclass(frozen=True)
class Declared:
    """Names that one comment explains, and their text in C. `paragraphs` are those of the
    comment."""

    names: tuple[str, ...]
    code: str
    paragraphs: tuple[str, ...]
    is_function: bool


def head(text: str) -> tuple[str, ...]:
    """The paragraphs of the comment that a header begins with."""
    found = re.match(r"/\*.*?\*/", text, re.S)
    return _paragraphs(found[0]) if found else ()


def declared(text: str) -> Iterator[Declared]:
    """Functions, types of functions, and other types that have a comment, in their order."""
    body = text[text.index('extern "C" {'):]
    comment = ""
    for block in _blocks(body):
        if block.startswith("/*"):
            comment = block
            continue
        code = "\n".join(line for line in block.splitlines() if not line.startswith("#")).strip()
        opaque, made = _OPAQUE.match(code), _TYPE.match(code)
        called = () if opaque or made else tuple(dict.fromkeys(
            found[1] for one in _prototypes(code) if (found := _NAME.search(one))))
        names = (opaque[1],) if opaque else (made[1],) if made else called
        if not code:
            code = re.sub(r" *\\\n *", " ", block).strip()
            names = tuple(name for name in re.findall(r"^#define (BERTH_\w+)", code, re.M)
                          if not name.startswith(OWN) and not name.endswith("_BASE"))
        if comment and names:
            yield Declared(names, _shown(code) if called else code, _paragraphs(comment),
                           bool(called) and not code.startswith("typedef"))
        comment = ""


def _blocks(text: str) -> Iterator[str]:
    """Comments at the margin, and what stands between blank lines at the margin."""
    code = ""
    for found in _TOP.finditer(text):
        part = found[0]
        if part.startswith("/*"):
            if code.strip():
                yield code
            code = ""
            yield part
        elif not part.strip() and not _is_open(code):
            if code.strip():
                yield code
            code = ""
        else:
            code += part
    if code.strip():
        yield code


def _is_open(code: str) -> bool:
    return code.count("{") > code.count("}")


def _prototypes(code: str) -> Iterator[str]:
    """What is at the margin: prototypes, and heads of functions."""
    yield from re.findall(r"^\w[^{;]*[{;]", code, re.M)


def _shown(code: str) -> str:
    """Functions without their bodies."""
    return "\n".join(re.sub(r"^static inline ", "", one).rstrip("{;\n ") + ";"
                     for one in _prototypes(code))


def _paragraphs(comment: str) -> tuple[str, ...]:
    inside = comment.strip().removeprefix("/*").removesuffix("*/")
    lines = [re.sub(r"^ ?\* ?", "", line).rstrip() for line in inside.strip("\n").splitlines()]
    text = "\n".join(lines).strip("\n")
    text = text.lstrip() if "\n" not in text else text
    return tuple(re.split(r"\n[ \t]*\n", text))
