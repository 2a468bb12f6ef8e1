"""What changed between two specs: options, hooks, resources, states, rows, operations. For reviews
of a change of a spec."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from berthc.model import Assigned, Field, Hook, Manager, Operation, Resource, Row, State, Target


@dataclass(frozen=True)
class Change:
    """`kind` is "added", "removed" or "changed"; `old` and `new` describe the thing, "" where it is
    not there."""

    kind: str
    what: str
    name: str
    old: str = ""
    new: str = ""

    def __str__(self) -> str:
        sign = {"added": "+", "removed": "-", "changed": "~"}[self.kind]
        head = f"{sign} {self.what} {self.name}"
        if self.kind == "changed":
            return f"{head}: {self.old or 'nothing'} -> {self.new or 'nothing'}"
        text = self.old or self.new
        return f"{head}: {text}" if text else head


def compare(old: Manager, new: Manager) -> list[Change]:
    """The changes that lead from `old` to `new`, removed and changed ones first. The order of
    declarations does not count."""
    before, after = dict(things(old)), dict(things(new))
    out = [
        Change("removed", *key, old=text)
        if key not in after
        else Change("changed", *key, old=text, new=after[key])
        for key, text in before.items()
        if after.get(key) != text or key not in after
    ]
    return (out
            + [Change("added", *key, new=text) for key, text in after.items() if key not in before])


def things(manager: Manager) -> Iterator[tuple[tuple[str, str], str]]:
    """Everything that a spec declares, as (what, name) and a text that says all that matters about
    it."""
    yield ("manager", "name"), manager.name
    for option in manager.options:
        yield ("option", option.name), _field(option)
    for hook in manager.hooks:
        yield ("hook", hook.name), _hook(hook)
    for resource in manager.resources:
        yield from _resource(resource)
    for operation in manager.operations:
        yield ("operation", operation.name), _operation(operation)
    if manager.limits is not None:
        if manager.limits.reservations is not None:
            yield ("limit", "reservations"), str(manager.limits.reservations)
        for limit in manager.limits.resources:
            yield ("limit", limit.resource), _words(
                f"{limit.instances} instances",
                f"{limit.text} bytes of text" if limit.text is not None else "",
            )
    for accept in manager.accept:
        yield ("accept", f"{accept.finding} {accept.where}".strip()), accept.why


def _resource(resource: Resource) -> Iterator[tuple[tuple[str, str], str]]:
    r = resource
    holders = f"take {r.take or '-'}, drop {r.drop or '-'}"
    yield ("resource", r.name), "; ".join(
        [f"parent {r.parent or '-'}", f"key {', '.join(r.key) or '-'}", holders,
         f"initial {r.initial}", f"otherwise {r.otherwise or '-'}"]
    )
    for field in r.fields:
        yield ("field", f"{r.name}.{field.name}"), _field(field)
    for assigned in r.assigned:
        yield ("assigned", f"{r.name}.{assigned.name}"), _assigned(assigned)
    for state in r.states:
        yield ("state", f"{r.name}.{state.name}"), _state(state)
        for event in dict.fromkeys(row.event for row in state.rows):
            yield ("row", f"{r.name}.{state.name} on {event}"), " | ".join(
                _row(row) for row in r.rows(state.name, event)
            )


def _words(*parts: str) -> str:
    return ", ".join(p for p in parts if p)


def _field(field: Field) -> str:
    f = field
    return _words(
        f.type.value,
        f"of {' '.join(f.values)}" if f.values else "",
        f"default {f.default}" if f.default not in ("", ()) else "",
        f"from {f.range[0]} to {f.range[1]}" if f.range else "",
        f"at most {f.max_length} bytes" if f.max_length else "",
        "required" if f.required else "",
        "case ignored" if f.ignore_case else "",
    )


def _assigned(assigned: Assigned) -> str:
    a = assigned
    texts = [("".join(p if isinstance(p, str) else f"{{{p}}}" for p in t.parts),
              t.guard.text if t.guard else "") for t in a.texts]
    return _words(
        a.kind.value,
        a.type.value if a.type else "",
        f"from {a.start}" if a.kind.value == "counter" else "",
        " x ".join(f"{p.name} {p.size if p.size is not None else p.option}" for p in a.parts),
        " | ".join(f"{text} if {guard}" if guard else text for text, guard in texts),
        a.hook or "",
        f"at most {a.max_length} bytes" if a.max_length else "",
    )


def _hook(hook: Hook) -> str:
    h = hook
    return _words(
        f"on {h.on}",
        f"optional with {h.together}" if h.together else "optional" if h.optional else "",
        f"absent {h.absent}" if h.absent else "",
        f"undoes {' '.join(h.undoes)}" if h.undoes else "",
        f"asks for {' '.join(h.asks)}" if h.asks else "",
        f"needs {' '.join(h.needs)}" if h.needs else "",
        "repeatable" if h.repeatable else "",
    )


def _state(state: State) -> str:
    return _words(
        "final" if state.final else "", "resident" if state.resident else "",
        f"kind {state.kind.value}" if state.kind else "",
        f"effects {' '.join(state.effects) or 'none'}" if state.effects is not None else "",
        f"maybe {' '.join(state.maybe)}" if state.maybe else "",
    )


def _row(row: Row) -> str:
    head = f"if {row.guard.text}: " if row.guard else ""
    if row.reject:
        return f"{head}reject {row.reject}" + (", as is meant" if row.meant else "")
    if row.hook is None:
        return head + ", ".join(_target(t) for _, t in row.targets())
    return (f"{head}{'ask ' if row.ask else ''}{row.hook} "
            + ", ".join(f"{name} {_target(t)}" for name, t in row.targets()))


def _target(target: Target) -> str:
    return target.state + (f" raise {target.raise_event}" if target.raise_event else "")


def _operation(operation: Operation) -> str:
    o = operation
    return "; ".join(
        p
        for p in (
            f"{o.form.value} {'.'.join(o.path)}",
            f"by {o.by}" if o.by else "",
            "absent ok" if o.absent_ok else "",
            f"at {o.at}" if o.at else "",
            f"enter {o.enter}" if o.enter else "",
            "gives a reservation" if o.gives else "",
            "ends the reservation" if o.ends else "",
            "do " + ", ".join(f"{s.resource}.{s.event}" for s in o.steps) if o.steps else "",
            "returns " + ", ".join(str(r) for r in o.returns) if o.returns else "",
            *(f"deny {d.error} if {d.guard.text}" for d in o.deny),
        )
        if p
    )
