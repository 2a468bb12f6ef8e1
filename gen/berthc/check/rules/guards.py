"""Conditions: what may stand in them, and which rows they leave for which case."""
from __future__ import annotations

from collections.abc import Iterator, Sequence as SequenceType

from berthc.diag import Diagnostic, listing, quote
from berthc.model import Field, Guard, Loc, Manager, Type
from berthc.spec.build import Spec
from berthc.spec.load import Sequence

from berthc.check import refs
from berthc.check.cases import MAX_CASES, TooManyCases, cases, holds, typed
from berthc.check.rule import rule


@rule("guard-scope",
      "A condition names only what is known when it is asked: options, and fields of the "
      "instance, of its parents, or that the caller gives.")
def guard_scope(spec: Spec) -> Iterator[Diagnostic]:
    manager = spec.manager
    for use in refs.guards(manager):
        for ref in use.guard.refs():
            owner = use.own if ref.scope == "field" else ref.scope
            if ref.scope == "option":
                continue
            if owner not in use.path:
                valid = ["option", *(["field"] if use.own else []), *use.path]
                yield Diagnostic("guard-scope", ref.loc,
                                 f"{use.by} cannot ask for {quote(str(ref))} here",
                                 f"known here: {listing(f'{v}.…' for v in valid)}")
            elif ((asked := refs.resources_by_name(manager).get(owner or "")) is not None
                  and ref.name in refs.leaves(asked) \
                  and ref.name not in (names := [f.name for f in asked.fields])):
                yield Diagnostic("guard-scope", ref.loc,
                                 f"{use.by} cannot ask for {quote(str(ref))}, which is an "
                                 f"assigned value",
                                 f"conditions ask for options and for what callers give; fields "
                                 f"of {owner}: {listing(names)}")
            elif use.keys_only:
                resource = refs.resources_by_name(manager).get(owner or "")
                if (resource and ref.name not in resource.key
                    and any(f.name == ref.name for f in resource.fields)):
                    yield Diagnostic("guard-scope", ref.loc,
                                     f"{use.by} cannot ask for {quote(str(ref))}: it finds by "
                                     f"key, so only keys are given",
                                     f"keys of {owner}: {listing(resource.key)}")


@rule("guard-type",
      "A condition uses a bool as it is, compares an enum by == or != with its values, and an "
      "integer with integers of its range.")
def guard_type(spec: Spec) -> Iterator[Diagnostic]:
    for use in refs.guards(spec.manager):
        for part in use.guard.atoms():
            field = typed(spec.manager, use, part)
            problem = _misuse(part, field) if field is not None else None
            if problem is not None:
                yield Diagnostic("guard-type", part.loc, f"{use.by}: {problem[0]}", problem[1])


def _misuse(part: Guard, field: Field) -> tuple[str, str] | None:
    """What is wrong with a part of a condition, and what would be right."""
    name = str(part.ref)
    if field.type is Type.BOOL:
        return (None if part.op == "true"
                else (f"{name} is a bool and is not compared", f"write {name} or not {name}"))
    if field.type is Type.ENUM:
        if part.op not in ("==", "!=") or not isinstance(part.literal, str):
            return (
                f"{name} is an enum and is compared by == or != with one of its values",
                f"values of {name}: {listing(field.values)}",
            )
        return None
    if field.type.bits:
        low, high = field.range or field.type.limits
        if not isinstance(part.literal, int):
            return (
                f"{name} is an integer and is compared with an integer",
                f"write for example {name} == {low}",
            )
        if not low <= part.literal <= high:
            return f"{name} is never {part.literal}", f"it is from {low} to {high}"
        return None
    return (
        f"{name} is a {field.type.value}, which no condition can use",
        "conditions use bools, enums and integers",
    )


@rule("guard-cases",
      f"The conditions of one event, format or operation tell at most {MAX_CASES:,} cases apart.")
def guard_cases(spec: Spec) -> Iterator[Diagnostic]:
    for group in _groups(spec):
        try:
            next(iter(cases(spec.manager, group.guards())), None)
        except TooManyCases:
            yield Diagnostic(
                "guard-cases", group.loc,
                f"the conditions of {group.by} tell more than {MAX_CASES:,} cases apart",
                "use fewer options and fields in them")


class _Group:
    """Conditions that are tried in order: of rows, of a format's alternatives, or of refusals. None
    is an entry without a condition."""

    def __init__(self, by: str, loc: Loc, entries: SequenceType[tuple[Loc, refs.GuardUse | None]],
                 kind: str, *entry: str) -> None:
        self.by, self.loc, self.entries, self.entry = by, loc, entries, entry
        self.exclusive = kind == "row"  # no two hold at once
        self.complete = kind != "refusal"  # one holds in every case
        self.kind = kind
        self.cell: tuple[str, ...] = ()  # where rows stand in the spec

    def guards(self) -> list[refs.GuardUse]:
        return [use for _, use in self.entries if use is not None]


def usable(manager: Manager, use: refs.GuardUse) -> bool:
    """Is everything right with the parts of a condition, so that it can be tried?"""
    for part in use.guard.atoms():
        field = typed(manager, use, part)
        if (field is None or _misuse(part, field) is not None
            or (field.type is Type.ENUM and part.literal not in field.values)):
            return False
    return True


def _groups(spec: Spec) -> Iterator[_Group]:
    """The groups of conditions whose parts are right; what is wrong with the others is told by
    other rules."""
    for group in _all_groups(spec.manager):
        if spec.is_clean(*group.entry) and all(usable(spec.manager, use) for use in group.guards()):
            yield group


def _all_groups(manager: Manager) -> Iterator[_Group]:
    for resource in manager.resources:
        path = refs.path_of(manager, resource.name)
        for state in resource.states:
            for event in dict.fromkeys(row.event for row in state.rows):
                rows = resource.rows(state.name, event)
                if len(rows) > 1 or rows[0].guard is not None:
                    by = refs.cell(resource, rows[0])
                    uses = [(row.loc,
                             refs.GuardUse(row.guard, by, path, resource.name) if row.guard
                             else None) for row in rows]
                    group = _Group(by, rows[0].loc, uses, "row", "resources", resource.name)
                    group.cell = ("resources", resource.name, "states", state.name, "on", event)
                    yield group
        for assigned in resource.assigned:
            if len(assigned.texts) > 1 or any(t.guard for t in assigned.texts):
                by = f"the format of {resource.name}.{assigned.name}"
                uses = [(t.loc, refs.GuardUse(t.guard, by, (), None) if t.guard else None)
                        for t in assigned.texts]
                yield _Group(by, assigned.loc, uses, "alternative", "resources", resource.name)
    for operation in manager.operations:
        if operation.deny:
            by = f"operation {operation.name}"
            path = refs.given_path(operation)
            yield _Group(by, operation.deny[0].loc,
                         [(d.loc, refs.GuardUse(d.guard, by, path, path[-1] if path else None))
                          for d in operation.deny], "refusal", "operations")


@rule("overlap", "No two conditions of one event hold at once.")
def overlap(spec: Spec) -> Iterator[Diagnostic]:
    for group in _groups(spec):
        guarded = [(loc, use) for loc, use in group.entries if use is not None]
        if not group.exclusive or len(guarded) < 2:
            continue
        seen: set[int] = set()
        for case in cases(spec.manager, group.guards()):
            both = [i for i, (_, use) in enumerate(guarded) if holds(use, use.guard, case)]
            if len(both) > 1 and both[1] not in seen:
                seen.add(both[1])
                first, second = guarded[both[0]], guarded[both[1]]
                example = " and ".join(f"{scope}.{name} = {_shown(value)}"
                                       for (scope, name), value in case.items())
                yield Diagnostic("overlap", second[1].guard.loc,
                                 f"{group.by}: this condition and the one in line "
                                 f"{first[1].guard.loc.line} both hold when {example}",
                                 f"make them exclude each other, for example with: "
                                 f"{second[1].guard.text} and not ({first[1].guard.text})")


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@rule("unhandled",
      "The last row of an event, like the last alternative of a format, has no condition.")
def last_unguarded(spec: Spec) -> Iterator[Diagnostic]:
    for group in _all_groups(spec.manager):
        last = group.entries[-1][1]
        cell = spec.node(*group.cell) if group.cell else None
        if isinstance(cell, Sequence) and cell.items[-1].loc != group.entries[-1][0]:
            continue  # the last row could not be read
        if group.complete and last is not None:
            yield Diagnostic("unhandled", last.guard.loc,
                             f"{group.by}: the last {group.kind} has a condition, so nothing is "
                             f"said for the other cases",
                             "add one without if, or drop this condition")


@rule("no-case", "Every row, alternative and refusal has a case that is left for it.")
def no_case(spec: Spec) -> Iterator[Diagnostic]:
    for group in _groups(spec):
        every = list(cases(spec.manager, group.guards()))
        left = every
        for loc, use in group.entries:
            if use is not None and not any(holds(use, use.guard, case) for case in every):
                yield Diagnostic("no-case", use.guard.loc,
                                 f"{group.by}: this condition never holds")
            elif (not left
                  or (use is not None and not group.exclusive
                      and not any(holds(use, use.guard, case) for case in left))):
                yield Diagnostic("no-case", loc,
                                 f"{group.by}: the entries before this one leave no case for it",
                                 "remove it")
            left = [case for case in left if use is not None and not holds(use, use.guard, case)]
