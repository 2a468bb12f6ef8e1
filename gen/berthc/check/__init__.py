"""The static rules: what can be said about a spec without exploring what its callers do.

Rules of the first phase look at names, types and forms. Those of the second follow events through the tables, and look only at
parts in which the first found nothing wrong, so that one mistake is not told twice.
"""
from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from berthc.build import Spec
from berthc.diag import Diagnostic, Severity, has_errors
from berthc.model import Accept

from . import bounds, cnames, guards, limits, operations, refs, resources, table, unknown, unused
from .rule import Input, Rule
from .table import Tables, analyse_all

FIRST: tuple[Rule[Spec], ...] = (
    unknown.unknown_resource, unknown.unknown_state, unknown.unknown_event, unknown.unknown_hook, unknown.unknown_option,
    unknown.unknown_field,
    unknown.unknown_value, unknown.unknown_errno,
    resources.parent_cycle, resources.duplicate, resources.reserved_name, resources.same_name, resources.ranges, resources.defaults,
    resources.pool_size, resources.formats, resources.hook_value, resources.holders, resources.final_states, resources.wrong_resource,
    resources.absent_hooks,
    guards.guard_scope, guards.guard_type, guards.guard_cases, guards.last_unguarded,
    operations.paths, operations.find_by, operations.gives, operations.reservations, operations.ends,
    table.raise_cycle, limits.limits, bounds.unbounded, bounds.total,
)
SECOND: tuple[Rule[Spec], ...] = (
    guards.overlap, guards.no_case, unused.unused,
)
WHOLE: tuple[Rule[Spec], ...] = (cnames.c_names, cnames.text_sizes, cnames.out_sizes)  # needs a spec in which every name is known
TABLES: tuple[Rule[Tables], ...] = (table.unhandled, table.unreachable, table.trap, table.leak, table.double)
RULES: tuple[Rule[Spec] | Rule[Tables], ...] = (*FIRST, *SECOND, *TABLES, *WHOLE)

# One rule does not tell more than this about one spec: who made more mistakes of one kind made one mistake.
MOST = 200


def check(spec: Spec, before: Sequence[Diagnostic]) -> list[Diagnostic]:
    """What the rules find. `before` is what was found while reading: where something is wrong already, the second phase does not look."""
    told = {(d.loc.line, d.loc.column) for d in before}
    found = [d for rule in FIRST for d in _run(rule, spec) if (d.loc.line, d.loc.column) not in told]
    wrong = [*before, *found]
    spec = replace(spec, broken=frozenset(_broken(spec, wrong)))
    found += [d for rule in SECOND for d in _run(rule, spec)]
    tables = analyse_all(spec)
    found += [d for rule in TABLES for d in _run(rule, tables)]
    if not has_errors(wrong):
        found += [d for rule in WHOLE for d in _run(rule, spec)]
    return [_accepted(spec, d) for d in found]


def _run(rule: Rule[Input], input_: Input) -> Iterator[Diagnostic]:
    return itertools.islice(rule.find(input_), MOST)


def _broken(spec: Spec, found: Sequence[Diagnostic]) -> Iterator[tuple[str, ...]]:
    """The entries of the spec in which there is an error: a section, or an entry of resources."""
    errors = [d for d in found if d.severity is Severity.ERROR]
    for section in spec.root.keys:
        paths: list[tuple[str, ...]] = [(section, name) for name in refs.keys(spec, section)] if section == "resources" else []
        for path in paths or [(section,)]:
            first, last = spec.lines(*path)
            if any(spec.aliased or first <= d.loc.line <= last for d in errors):
                yield path


def _accepted(spec: Spec, diagnostic: Diagnostic) -> Diagnostic:
    """A finding that the author accepts becomes a note that repeats why."""
    for accept in spec.manager.accept:
        if accept.finding == diagnostic.id and _covers(accept, diagnostic.where):
            return replace(diagnostic, severity=Severity.NOTE, help=f"accepted in line {accept.loc.line}: {accept.why}")
    return diagnostic


def _covers(accept: Accept, where: str) -> bool:
    return bool(where) and (not accept.where or where == accept.where or where.startswith(accept.where + "."))
