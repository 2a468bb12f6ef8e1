"""What an operation returns, and when: read off the spec and the rules of semantics.md."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from berthc.answers.prose import code, codes, md, sentence
from berthc.answers.reach import holder_gains
from berthc.model import AssignedKind, Form, Manager, Operation, Type


@dataclass(frozen=True)
class Code:
    """`error` is an errno name, "0", or "" for the error of a hook; `when` is Markdown."""

    error: str
    when: str


def fired(manager: Manager, operation: Operation) -> dict[str, tuple[str, ...]]:
    """Resource: the events that may reach it in this operation, raised ones included."""
    first: list[tuple[str, str]] = [(s.resource, s.event) for s in operation.steps]
    if operation.gives:
        first = [
            (r, take) for r in operation.path if (take := manager.resource(r).take) is not None
        ]
    seen: dict[tuple[str, str], None] = {}
    while first:
        resource, event = first.pop(0)
        if (resource, event) in seen:
            continue
        seen[resource, event] = None
        for state in manager.resource(resource).states:
            for row in state.rows:
                if row.event == event:
                    first += [
                        (resource, t.raise_event)
                        for _, t in row.targets()
                        if t.raise_event is not None
                    ]
    events: dict[str, tuple[str, ...]] = {}
    for resource, event in seen:
        events[resource] = (*events.get(resource, ()), event)
    return events


def hooks_called(manager: Manager, operation: Operation) -> tuple[str, ...]:
    """The hooks that the operation may call, in the order of the spec."""
    called = {
        row.hook
        for resource, events in fired(manager, operation).items()
        for state in manager.resource(resource).states
        for row in state.rows
        if row.event in events and row.hook is not None
    }
    return tuple(h.name for h in manager.hooks if h.name in called)


def _rejections(manager: Manager, operation: Operation) -> list[Code]:
    found = []
    for resource, events in fired(manager, operation).items():
        for state in manager.resource(resource).states:
            for row in state.rows:
                if row.event in events and row.reject is not None:
                    why = (
                        f": {md(sentence(row.brief or state.brief))}"
                        if row.brief or state.brief
                        else "."
                    )
                    found.append(Code(row.reject, f"The {md(resource)} is {code(state.name)}{why}"))
    return found


def _otherwise(manager: Manager, operation: Operation) -> list[Code]:
    found = []
    for resource, events in fired(manager, operation).items():
        error = manager.resource(resource).otherwise
        holes = [
            s.name
            for s in manager.resource(resource).states
            if not s.final and any(not manager.resource(resource).rows(s.name, e) for e in events)
        ]
        if error is not None and holes:
            found.append(
                Code(
                    error,
                    (
                        f"The {md(resource)} is in a state that does not know the event"
                        f" ({codes(holes)})."
                    ),
                )
            )
    return found


def _arguments(manager: Manager, operation: Operation) -> list[Code]:
    found = []
    text = not operation.returns_several and any(
        _text_result(manager, ref.scope, ref.name) for ref in operation.returns
    )
    given = operation.form in (Form.OBTAIN, Form.CREATE) or (
        operation.form is Form.FIND and operation.by is None
    )
    invalid = "A required argument is missing"
    found.append(
        Code(
            "EINVAL",
            invalid
            + (
                ", or a field or a part of a slot is out of its range."
                if operation.at is not None and given
                else ", or a field is out of its range."
                if given
                else "."
            ),
        )
    )
    if text:
        found.append(Code("ENOBUFS", "A buffer for a result is smaller than its documented size."))
    return found


def _text_result(manager: Manager, resource: str, leaf: str) -> bool:
    return any(
        a.type is Type.STRING and leaf in a.leaves for a in manager.resource(resource).assigned
    )


def _getting(manager: Manager, operation: Operation) -> list[Code]:
    path = operation.path
    if operation.form is Form.WITH:
        found = [Code("ENOENT", "There is no such reservation: it has ended, or never was.")]
        if not operation.ends:
            found.append(
                Code("ECANCELED", "The reservation has begun to let go; it can only be ended.")
            )
        return found
    if operation.form is Form.FIND:
        if operation.absent_ok:
            return []
        return [Code("ENOENT", f"No such {md(operation.target)} is tracked.")]
    if operation.form is Form.CREATE:
        found = [Code("ENOENT", f"No such {md(name)} is tracked.") for name in path[:-1]]
        found.append(Code("EEXIST", f"The {md(operation.target)} is tracked already."))
        if operation.at is not None:
            found.append(Code("EBUSY", f"The slot {code(operation.at)} is taken."))
        elif _pools(manager, path[-1]):
            found.append(Code("ENOSPC", f"No slot is free for the {md(path[-1])}."))
        return found
    found = []
    for name in path:
        resource = manager.resource(name)
        if any(f.name not in resource.key for f in resource.fields):
            found.append(
                Code(
                    "EEXIST",
                    f"The {md(name)} is tracked with other values in the fields that must match.",
                )
            )
        if _pools(manager, name):
            found.append(Code("ENOSPC", f"No slot is free for a new {md(name)}."))
    return found


def _pools(manager: Manager, resource: str) -> bool:
    return any(a.kind is AssignedKind.POOL for a in manager.resource(resource).assigned)


def return_codes(manager: Manager, operation: Operation) -> list[Code]:
    """In the order in which the operation looks: arguments, policy, instances, rows, calls, the
    machine."""
    found = [Code("0", "Done.")]
    if operation.absent_ok:
        found[0] = Code("0", f"Done, or no such {md(operation.target)} is tracked.")
    found += _arguments(manager, operation)
    for deny in operation.deny:
        found.append(
            Code(
                deny.error,
                (md(sentence(deny.brief)) + " " if deny.brief else "")
                + f"Policy: {code(deny.guard.text)}.",
            )
        )
    found += _getting(manager, operation)
    if counted := holder_gains(manager, operation):
        found.append(
            Code(
                "EOVERFLOW",
                (
                    f"The {' or '.join(md(name) for name in counted)} has as many holders as can be"
                    " counted."
                ),
            )
        )
    found += _rejections(manager, operation) + _otherwise(manager, operation)
    called = hooks_called(manager, operation)
    for name in called:
        hook = manager.hook(name)
        absent = hook.absent or ("EOPNOTSUPP" if hook.optional and hook.asks else None)
        if absent is not None:
            found.append(Code(absent, f"The backend leaves out {code(name)}."))
        found += [
            Code(
                "EEXIST",
                (
                    f"{code(name)} took effect, and gave a {code(value.name)} that another"
                    f" {md(hook.on)} has."
                ),
            )
            for value in manager.naming(name)
        ]
    if called:
        found.append(Code("", f"The error of {' or '.join(code(c) for c in called)}, unchanged."))
    if any(_ends_badly(manager, name) for name in operation.path[:1]):
        root = md(operation.path[0])
        found.append(
            Code(
                "",
                (
                    "The error of another operation that this one waited for, and that failed and"
                    f" ended the {root}."
                ),
            )
        )
    found.append(
        Code(
            "ETIMEDOUT",
            "The deadline passed while another operation had the instance; nothing has happened.",
        )
    )
    found.append(
        Code(
            "EDEADLK",
            "It was called inside a hook, about the instance that the hook is working on.",
        )
    )
    found.append(Code("ECANCELED", "The instance, or everything, was discarded meanwhile."))
    found.append(Code("ENOMEM", "No memory; nothing has happened."))
    if manager.store is not None:
        found += _store(called, changes=bool(operation.steps or operation.gives or operation.ends
                                             or operation.form in (Form.OBTAIN, Form.CREATE)))
    return _joined(found)


def _store(called: Sequence[str], changes: bool) -> list[Code]:
    """What a manager with a store may return besides; a look-up writes nothing."""
    found = [Code("ECANCELED", "The manager is being handed over.")]
    if not changes:
        return found
    after = " before the first call" if called else ""
    return [
        *found,
        Code("", f"The store's own error{after}; nothing has happened."),
        Code("EOWNERDEAD", "The store has failed: destroy the manager, and open it again."),
        Code("ESTALE", "Somebody else has opened the store."),
    ]


def _ends_badly(manager: Manager, root: str) -> bool:
    """An operation may fail and end an instance of the root: a failure leads to a final state, or
    raises something."""
    resource = manager.resource(root)
    final = {state.name for state in resource.states if state.final}
    return any(
        target.state in final or target.raise_event is not None
        for state in resource.states
        for row in state.rows
        for outcome, target in row.targets()
        if outcome in ("fail", "uncertain", "unknown")
    )


def _joined(found: list[Code]) -> list[Code]:
    """One entry per error, its reasons in order."""
    reasons: dict[str, list[str]] = {}
    for one in found:
        if one.when not in reasons.setdefault(one.error, []):
            reasons[one.error].append(one.when)
    return [Code(error, "<br>".join(when)) for error, when in reasons.items()]
