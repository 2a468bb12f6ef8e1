"""The stages in their order: read, load, shape, build, check. What everything else calls to get from a file to a model."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .build import build
from .check import check_counted
from .collector import without_collector
from .diag import Diagnostic, at_most, has_errors, in_order
from .load import Source, load, name_of, read
from .model import Manager
from .schema import Schema, check_shape


@dataclass(frozen=True)
class Result:
    """What became of one spec. `manager` is None when there is an error; `lines` are for showing messages."""

    manager: Manager | None
    diagnostics: tuple[Diagnostic, ...]
    source: Source


def compile_spec(path: str) -> Result:
    """Reads and checks one spec; "-" is standard input."""
    text, found = read(path)
    if text is None:
        return Result(None, tuple(found), Source(name_of(path), ()))
    return compile_text(name_of(path), text)


def compile_text(file: str, text: str) -> Result:
    """Checks the text of one spec; `file` is what messages call it."""
    with without_collector():
        return _compiled(file, text)


def _compiled(file: str, text: str) -> Result:
    root, found, source = load(file, text)
    if root is None:
        return Result(None, tuple(in_order(found)), source)
    found += _new(found, check_shape(Schema.read(), root))
    spec, more = build(root, source.aliased)
    found += _new(found, more)
    more, uncounted = check_counted(spec, found)
    found = in_order(found + more)
    manager = None if has_errors(found) else spec.manager
    return Result(manager, tuple(at_most(found, uncounted=uncounted)), source)


def _new(found: Sequence[Diagnostic], more: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Those of `more` at places of which nothing is said yet: one mistake is told once."""
    told = {(d.loc.line, d.loc.column) for d in found}
    return [d for d in more if (d.loc.line, d.loc.column) not in told]


def read_spec(path: str) -> tuple[Manager | None, list[Diagnostic]]:
    """The model of a spec, or None and the reasons."""
    result = compile_spec(path)
    return result.manager, list(result.diagnostics)
