"""Lines and JSON, read strictly: what the C side cannot hold (a NUL, a lone surrogate) or what
hides a mistake (a member given twice, NaN) is malformed, although Python's own reader takes it."""
from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO, NoReturn, TextIO

LINE_MAX = 1 << 20
"""Bytes of a line; a longer one is malformed, and the next is read as usual."""

_DEEPEST = 16  # no request that means anything is deeper than five
_BLANK = b" \t\r"


class Malformed(Exception):
    """The request cannot be understood; the message says why."""


def lines(stream: BinaryIO | TextIO) -> Iterator[bytes | None]:
    """The lines that are not blank, without their ends; None for one that is too long."""
    source: Any = getattr(stream, "buffer", stream)
    while True:
        line, too_long = _line(source)
        if line is None:
            return
        if line.strip(_BLANK):
            yield None if too_long else line


def _line(source: Any) -> tuple[bytes | None, bool]:
    """The next line, cut off at its greatest length, and whether it had to be."""
    start = rest = _read(source)
    while rest and not rest.endswith(b"\n"):  # a longer one, or the last
        rest = _read(source)
    line = start.removesuffix(b"\n")
    return line[:LINE_MAX] if start else None, len(line) > LINE_MAX


def _read(source: Any) -> bytes:
    part = source.readline(LINE_MAX + 2)
    return part.encode("utf-8", "surrogatepass") if isinstance(part, str) else bytes(part)


def parse(line: bytes) -> object:
    """The JSON value on a line. Raises Malformed."""
    try:
        value = json.loads(line.decode("utf-8"), object_pairs_hook=_members,
                           parse_constant=_no_number)
    except UnicodeDecodeError:
        raise Malformed("not UTF-8") from None
    except RecursionError:
        raise Malformed("nested too deep") from None
    except json.JSONDecodeError as error:
        raise Malformed(f"no JSON: {error.msg} at column {error.colno}") from None
    except ValueError:  # a number of thousands of digits
        raise Malformed("a number that is too long") from None
    _check_text(value, _DEEPEST)
    return value


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Malformed("an object has two members with one name")
    return members


def _no_number(word: str) -> NoReturn:
    raise Malformed(f"{word} is no JSON number")


def _check_text(value: object, deeper: int) -> None:
    """Refuses text that no C string can hold or no UTF-8 can say, and what is nested beyond all
    meaning."""
    if isinstance(value, str):
        if "\0" in value:
            raise Malformed("text cannot hold a NUL character")
        if any("\ud800" <= c <= "\udfff" for c in value):
            raise Malformed("lone surrogate")
        return
    if not isinstance(value, (dict, list)):
        return
    if deeper == 0:
        raise Malformed("nested too deep")
    for item in (*value, *value.values()) if isinstance(value, dict) else value:
        _check_text(item, deeper - 1)
