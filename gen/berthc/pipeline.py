"""The stages in their order: read, load, shape, build, check. What everything else calls to get
from a file to a model."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from berthc.check import check_counted
from berthc.collector import without_collector
from berthc.diag import Diagnostic, Severity, at_most, has_errors, in_order
from berthc.model import Manager
from berthc.spec.build import build
from berthc.spec.load import Source, load, name_of, read
from berthc.spec.schema import Schema
from berthc.spec.shape import check_shape


EXPLORABLE = frozenset({"leak", "double", "needs", "trap", "unreachable", "store-value"})
"""Rules whose findings leave a spec that still has a meaning."""


@dataclass(frozen=True)
class Result:
    """What became of one spec. `manager` is None when there is an error; `lines` are for showing
    messages."""

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
    reported = {(d.loc.line, d.loc.column) for d in found}
    return [d for d in more if (d.loc.line, d.loc.column) not in reported]


def read_spec(path: str) -> tuple[Manager | None, list[Diagnostic]]:
    """The model of a spec, or None and the reasons."""
    result = compile_spec(path)
    return result.manager, list(result.diagnostics)


def partly_built(file: str, text: str) -> Manager | None:
    """As much of a model as a spec has, errors or not; None where it is no YAML."""
    root, _, source = load(file, text)
    return None if root is None else build(root, source.aliased)[0].manager


# For the search: specs that only the static rules about effects and dead ends refuse have a
# meaning, and a script says more than a rule.


def compile_for_search(path: str) -> tuple[Result, Manager | None]:
    """What the compiler says of a spec, and the model to explore: None where the spec has no
    meaning."""
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


def without_repeats(static: Sequence[Diagnostic], found: list[Diagnostic]) -> list[Diagnostic]:
    """The messages of the static rules that a finding of the search does not tell better: same id,
    same resource and state. `stranded` tells what `trap` does."""
    reported = ({(d.id, _state(d.where)) for d in found}
                | {("trap", _state(d.where)) for d in found if d.id == "stranded"})
    return [d for d in static if not (d.id in EXPLORABLE and (d.id, _state(d.where)) in reported)]


def _state(where: str) -> str:
    return ".".join(where.split(".")[:2])
