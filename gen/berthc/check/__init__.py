"""The static rules: what can be said about a spec without exploring what its callers do.

Rules of the first phase look at names, types and forms. Those of the second follow events through
the tables, and look only at parts in which the first found nothing wrong, so that one mistake is
not told twice.
"""
from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace

from berthc.check import refs
from berthc.check.rule import Input, Rule
from berthc.check.rules import (
    bounds, cnames, fields, guards, hooks, limits, operations, resources, store, table, unknown,
    words,
)
from berthc.check.rules.table import Tables, analyse_all
from berthc.diag import MOST, Diagnostic, Severity, has_errors
from berthc.model import Accept
from berthc.spec.build import Spec

FIRST: tuple[Rule[Spec], ...] = (
    unknown.unknown_resource, unknown.unknown_state, unknown.unknown_event, unknown.unknown_hook,
    unknown.unknown_option, unknown.unknown_field, unknown.unknown_value, unknown.unknown_errno,
    resources.parent_cycle, words.duplicate, words.reserved_name, words.same_name, fields.ranges,
    fields.defaults, fields.pool_size, fields.formats, fields.hook_value, resources.holders,
    resources.final_states, resources.kinds, hooks.wrong_resource, hooks.absent_hooks,
    hooks.together, hooks.asking, hooks.stated_effects, guards.guard_scope, guards.guard_type,
    guards.guard_cases, guards.last_unguarded, operations.paths, operations.find_by,
    operations.takes_nothing, operations.takes_and_drops, operations.gives, operations.reservations,
    operations.ends, table.raise_cycle, store.settle, store.no_limits, store.was,
    limits.limits,
    bounds.unbounded, bounds.total,
)
SECOND: tuple[Rule[Spec], ...] = (
    guards.overlap, guards.no_case, words.unused, words.old_id, hooks.undoes,
)
# needs a spec in which every name is known
WHOLE: tuple[Rule[Spec], ...] = (cnames.c_names, cnames.text_sizes, cnames.out_sizes)
TABLES: tuple[Rule[Tables], ...] = (table.unhandled,)
# need a spec that could be read as a whole: what is missing makes them find what is not there
READ: tuple[Rule[Tables], ...] = (
    table.unreachable, table.trap, table.leak, table.double, table.needs, store.value,
)
RULES: tuple[Rule[Spec] | Rule[Tables], ...] = (*FIRST, *SECOND, *TABLES, *READ, *WHOLE)

_SECTIONS = ("options", "backend", "resources", "operations", "limits", "store", "accept")


def check(spec: Spec, before: Sequence[Diagnostic]) -> list[Diagnostic]:
    """What the rules find: as much as is shown, see `check_counted`."""
    return check_counted(spec, before)[0]


def check_counted(spec: Spec, before: Sequence[Diagnostic]) -> tuple[list[Diagnostic], bool]:
    """What the rules find, and whether a rule was stopped before it had told all.

    `before` is what was found while reading: where something is wrong already, the second phase
    does not look, and nothing follows effects and dead ends.
    """
    runner = _Runner()
    return _check(spec, before, runner), runner.stopped


def _check(spec: Spec, before: Sequence[Diagnostic], run: _Runner) -> list[Diagnostic]:
    reported = {(d.loc.line, d.loc.column) for d in before}
    found = [d for rule in FIRST for d in run(rule, spec)
             if (d.loc.line, d.loc.column) not in reported]
    wrong = [*before, *found]
    spec = replace(spec, broken=frozenset(_broken(spec, wrong)))
    found += [d for rule in SECOND for d in run(rule, spec)]
    tables = analyse_all(spec)
    found += [d for rule in (TABLES if has_errors(before) else (*TABLES, *READ))
              for d in run(rule, tables)]
    if not has_errors(wrong):
        found += [d for rule in WHOLE for d in run(rule, spec)]
    return [_accepted(spec, d) for d in found]


class _Runner:
    """Runs rules. One that finds more than is shown is stopped: it takes time, and nobody reads
    it."""

    def __init__(self) -> None:
        self.stopped = False

    def __call__(self, rule: Rule[Input], input_: Input) -> Iterator[Diagnostic]:
        found = rule.find(input_)
        yield from itertools.islice(found, 2 * MOST)
        self.stopped = self.stopped or next(found, None) is not None


def _broken(spec: Spec, found: Sequence[Diagnostic]) -> Iterator[tuple[str, ...]]:
    """The entries of the spec in which there is an error: a section, or an entry of resources."""
    lines = sorted({d.loc.line for d in found if d.severity is Severity.ERROR})
    for section in (key for key in _SECTIONS if key in spec.root.keys):
        paths: list[tuple[str, ...]] = (
            [(section, name) for name in refs.keys(spec, section)] if section == "resources" else []
        )
        for path in paths or [(section,)]:
            first, last = spec.lines(*path)
            if lines and (spec.aliased or bisect_left(lines, first) < bisect_right(lines, last)):
                yield path
    if lines:
        yield ("",)  # something is wrong, if only outside of every section


def _accepted(spec: Spec, diagnostic: Diagnostic) -> Diagnostic:
    """A finding that the author accepts becomes a note that repeats why."""
    for accept in spec.manager.accept:
        if accept.finding == diagnostic.id and _covers(accept, diagnostic.where):
            return replace(diagnostic, severity=Severity.NOTE, accepted=accept.why,
                           help=f"accepted in line {accept.loc.line}: {accept.why}")
    return diagnostic


def _covers(accept: Accept, where: str) -> bool:
    return (bool(where)
            and (not accept.where or where == accept.where or where.startswith(accept.where + ".")))
