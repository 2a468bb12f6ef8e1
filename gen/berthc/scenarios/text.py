"""The notation in which generated suites write what they expect.

The C side renders what it sees through the typed API in the same notation, so that a comparison is
one of two strings and a failure shows both. Fields with their zero value are left out; assigned
values, states and holds are always there:

    r1 r2 | disk#1 host_path=/a controller=0 lun=0 attached refs=2 children=1 | mount#1 of disk#1
partition=1 ... mounted refs=2
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from berthc.model import AssignedKind, Field, Manager, Resource, Type
from berthc.inputs.values import FIRST_GIVEN_UUID
from berthc.semantics import Result, replace_uuids


class Labels:
    """Numbers for the UUIDs that the manager makes, in the order in which they are first seen on
    one path of steps.

    The C side numbers them in the same way, whatever order they were made in. Reservations keep
    their labels.
    """

    __slots__ = ("_known",)

    def __init__(self, known: Mapping[str, str] | None = None) -> None:
        self._known = dict(known or {})

    def copy(self) -> Labels:
        return Labels(self._known)

    def show(self, label: str, given: frozenset[str]) -> str:
        if label in given or label == "nil" or not label.startswith("u"):
            return label
        return self._known.setdefault(label, f"u{len(self._known) + 1}")

    def shown(self, label: str) -> str | None:
        """The number already given to a UUID, for a step that names it; None for one that was never
        seen."""
        return self._known.get(label)


def given_labels(count: int = 9) -> frozenset[str]:
    """The UUIDs that callers give."""
    return frozenset(f"u{FIRST_GIVEN_UUID + i}" for i in range(count))


GIVEN = given_labels()

WHERE = ("resource", "state", "event", "hook", "rule", "field")


def value_text(value: object, kind: Type | None, labels: Labels) -> str:
    if kind is Type.BOOL or isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(str(v) for v in value) + "]"
    if kind is Type.UUID:
        return labels.show(str(value), GIVEN)
    return replace_uuids(str(value), lambda uuid: labels.show(uuid, GIVEN))


def _is_zero(field: Field, value: object) -> bool:
    if field.type is Type.ENUM:
        return value == field.values[0]
    return value in (False, 0, "", (), [], "nil")


def members(resource: Resource) -> list[tuple[str, Field | None, Type | None]]:
    """(name, field or None, type) of everything an instance shows, in order: its fields, then its
    assigned values."""
    found: list[tuple[str, Field | None, Type | None]] = [
        (f.name, f, f.type) for f in resource.fields
    ]
    for assigned in resource.assigned:
        kind = Type.U32 if assigned.kind is AssignedKind.POOL else assigned.type
        found += [(leaf, None, kind) for leaf in assigned.leaves]
    return found


def instance_text(resource: Resource, values: Mapping[str, Any], labels: Labels,
                  hidden: frozenset[str] = frozenset()) -> str:
    """`name=value` of everything an instance shows that is not zero."""
    words = []
    for name, field, kind in members(resource):
        if name not in hidden and not (field is not None and _is_zero(field, values[name])):
            words.append(f"{name}={value_text(values[name], kind, labels)}")
    return " ".join(words)


def call_text(manager: Manager, result: Result, labels: Labels) -> str:
    """Every call of a step with its outcome and arguments: those of the instance, then what its
    parents add."""
    calls = []
    for call in result.calls:
        words = [call.hook, call.outcome]
        hidden: set[str] = set()
        for name in reversed(manager.path(manager.hook(call.hook).on)):
            resource = manager.resource(name)
            text = instance_text(resource, call.args, labels, frozenset(hidden))
            words += [text] if text else []
            hidden.update(m[0] for m in members(resource))
        calls.append(" ".join(words))
    return "; ".join(calls)


def returns_text(manager: Manager, op: str | None, result: Result, labels: Labels) -> str:
    """What a successful operation gives, in the order of the spec; the reservation comes last."""
    if op is None or result.error is not None:
        return ""
    operation = manager.operation(op)
    words = []
    for ref in operation.returns:
        kind = next(k for n, _, k in members(manager.resource(ref.scope)) if n == ref.name)
        words.append(f"{ref.name}={value_text(result.returns[ref.name], kind, labels)}")
    return " ".join(words
                    + ([f"reservation={result.returns['reservation']}"] if operation.gives else []))


def state_text(manager: Manager, snapshot: Mapping[str, Any], labels: Labels) -> str:
    """All that is tracked: reservations, then each resource's instances, parents before
    children."""
    parts = [" ".join(snapshot["reservations"]) or "-"]
    level: dict[str, list[tuple[int, Mapping[str, Any]]]] = {}
    for resource in manager.resources:
        if resource.parent is None:
            level[resource.name] = [(0, one) for one in snapshot[resource.name]]
        else:
            above = level[resource.parent]
            level[resource.name] = [(n, one) for n, (_, parent) in enumerate(above, 1)
                                    for one in parent[resource.name]]
        for n, (parent_number, one) in enumerate(level[resource.name], 1):
            words = [f"{resource.name}#{n}"]
            if resource.parent is not None:
                words.append(f"of {resource.parent}#{parent_number}")
            text = instance_text(resource, one, labels)
            words += [text] if text else []
            children = sum(len(one[c]) for c in manager.children(resource.name))
            words += ([str(one["state"]), f"refs={one['refs']}"]
                      + ([f"children={children}"] if children else []))
            parts.append(" ".join(words))
    return " | ".join(parts)


def where_words(result: Result) -> tuple[str, ...]:
    """Resource, state, event, hook, rule and field of an error; empty where one does not apply."""
    where = result.where or {}
    return tuple(where.get(word, "") for word in WHERE)


def trace_text(result: Result) -> str:
    """The rows a step took, as the trace callback must report them: none for a step that left
    everything as it was."""
    if result.error is not None and not result.calls:
        return ""
    words = []
    for taken in result.rows:
        row = taken.row
        if row is None:
            words.append(f"{taken.resource} {taken.outcome}")
            continue
        target = None if taken.outcome == "rejected" else row.target(taken.outcome)
        words.append(f"{taken.resource} {row.state} {row.event} {taken.outcome} "
                     f"{target.state if target else row.state}")
    return "; ".join(words)
