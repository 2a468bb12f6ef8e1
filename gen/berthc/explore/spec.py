"""Specs for the search: also those that only the static rules about effects and dead ends refuse, since a script says more than a rule."""
from __future__ import annotations

from berthc.build import build
from berthc.diag import Diagnostic, Severity
from berthc.load import Source, load, name_of, read
from berthc.model import Manager
from berthc.pipeline import Result, compile_text

EXPLORABLE = frozenset({"leak", "double", "needs", "trap", "unreachable"})
"""Rules whose findings leave a spec that still has a meaning."""


def compile_for_search(path: str) -> tuple[Result, Manager | None]:
    """What the compiler says of a spec, and the model to explore: None where the spec has no meaning."""
    text, found = read(path)
    if text is None:
        return Result(None, tuple(found), Source(name_of(path), ())), None
    return search_text(name_of(path), text)


def search_text(file: str, text: str) -> tuple[Result, Manager | None]:
    result = compile_text(file, text)
    if result.manager is not None:
        return result, result.manager
    errors = {d.id for d in result.diagnostics if d.severity is Severity.ERROR}
    if not errors <= EXPLORABLE:
        return result, None
    root, _, source = load(file, text)
    assert root is not None
    spec, _ = build(root, source.aliased)
    return result, spec.manager


def without_repeats(static: tuple[Diagnostic, ...], found: list[Diagnostic]) -> list[Diagnostic]:
    """The messages of the static rules that a finding of the search does not tell better: same id, same resource and state. `stranded`
    tells what `trap` does."""
    told = {(d.id, _state(d.where)) for d in found} | {("trap", _state(d.where)) for d in found if d.id == "stranded"}
    return [d for d in static if not (d.id in EXPLORABLE and (d.id, _state(d.where)) in told)]


def _state(where: str) -> str:
    return ".".join(where.split(".")[:2])
