"""The sums over rows by which a store notices damage: the same as in contrib/sqlite/src/sum.c."""
from __future__ import annotations

import json
import re
from collections.abc import Iterable

MASK = 2**64 - 1
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
NO_TEXT = re.compile(r"\\u(0000|[dD][89a-fA-F])")
"""Escapes in a list that stores do not read: NUL, and halves of characters."""
NUMBERS = ("BOOLEAN INT", "INTEGER", "SIGNED INT")


def row_sum(table: str, cells: Iterable[tuple[str, object]]) -> int | None:
    """The sum over cells, each with the declared type of its column. None: a cell has another type,
    which a store refuses as well."""
    found: int | None = add_text(0, table)
    for declared, cell in cells:
        if found is None:
            break
        found = _add_cell(found, declared, cell)
    return found


def add_number(found: int, number: int) -> int:
    found = ((found ^ (number & MASK)) * 0x9e3779b97f4a7c15) & MASK
    return found ^ (found >> 29)


def add_text(found: int, text: str) -> int:
    return _add_bytes(found, text.encode("utf-8", "surrogateescape"))


def _add_bytes(found: int, data: bytes) -> int:
    whole = len(data) - len(data) % 8
    for at in range(0, whole, 8):
        found = add_number(found, int.from_bytes(data[at:at + 8], "little"))
    return add_number(add_number(found, int.from_bytes(data[whole:], "little")), len(data))


def _add_cell(found: int, declared: str, cell: object) -> int | None:
    if declared in NUMBERS:
        if not isinstance(cell, int) or (declared == "BOOLEAN INT" and cell not in (0, 1)):
            return None
        return add_number(found, cell)
    if not isinstance(cell, str) or "\0" in cell:
        return None
    if declared == "UUID TEXT":
        if not UUID.fullmatch(cell):
            return None
        return _add_bytes(found, bytes.fromhex(cell.replace("-", "")))
    return _add_texts(found, cell) if declared == "JSON TEXT" else add_text(found, cell)


def _add_texts(found: int, cell: str) -> int | None:
    if NO_TEXT.search(cell.replace("\\\\", "")):
        return None
    try:
        texts = json.loads(cell)
        found = add_number(found, len(texts))
        for text in texts:
            found = add_text(found, text)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None
    return found
