"""A manager under other names: what two specs call differently is called alike before they are
compared."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from berthc.model import (
    Accept, Assigned, AssignedKind, Deny, Field, FormatText, Guard, Hook, Limits, Manager,
    Operation, Ref, Resource, Row, State, Target,
)

Names = Mapping[tuple[str, ...], str]
"""("option" | "hook" | "resource" | "operation", name), or ("field" | "assigned" | "leaf" | "state"
| "event", resource, name), to the name that it gets."""


def renamed(manager: Manager, names: Names) -> Manager:
    """The manager under the names that `names` gives; all others stay."""
    return _Renamer(manager, names).manager() if names else manager


class _Renamer:
    def __init__(self, manager: Manager, names: Names) -> None:
        self.old = manager
        self.names = names

    def to(self, *key: str) -> str:
        return self.names.get(key, key[-1])

    def maybe(self, *key: str | None) -> str | None:
        return None if key[-1] is None else self.to(*(part or "" for part in key))

    def manager(self) -> Manager:
        m = self.old
        return replace(
            m, options=tuple(replace(o, name=self.to("option", o.name)) for o in m.options),
            hooks=tuple(map(self.hook, m.hooks)),
            resources=tuple(map(self.resource, m.resources)),
            operations=tuple(map(self.operation, m.operations)),
            accept=tuple(map(self.accept, m.accept)), limits=self.limits(m.limits))

    def hook(self, hook: Hook) -> Hook:
        return replace(
            hook, name=self.to("hook", hook.name), on=self.to("resource", hook.on),
            undoes=self.hooks(hook.undoes), asks=self.hooks(hook.asks),
            needs=self.hooks(hook.needs))

    def hooks(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self.to("hook", name) for name in names)

    def ref(self, ref: Ref, own: str) -> Ref:
        """`own` is the resource that `field` stands for."""
        if ref.scope == "option":
            return replace(ref, name=self.to("option", ref.name))
        resource = own if ref.scope == "field" else ref.scope
        name = self.names.get(("field", resource, ref.name),
                              self.to("leaf", resource, ref.name))
        scope = ref.scope if ref.scope == "field" else self.to("resource", ref.scope)
        return replace(ref, scope=scope, name=name)

    def guard(self, guard: Guard, own: str) -> Guard:
        return replace(guard, args=tuple(self.guard(arg, own) for arg in guard.args),
                       ref=None if guard.ref is None else self.ref(guard.ref, own))

    def guard_or_none(self, guard: Guard | None, own: str) -> Guard | None:
        return None if guard is None else self.guard(guard, own)

    def resource(self, resource: Resource) -> Resource:
        r = resource
        return replace(
            r, name=self.to("resource", r.name), parent=self.maybe("resource", r.parent),
            key=tuple(self.to("field", r.name, name) for name in r.key),
            fields=tuple(self.field(r, f) for f in r.fields),
            assigned=tuple(self.assigned(r, a) for a in r.assigned),
            take=self.maybe("event", r.name, r.take), drop=self.maybe("event", r.name, r.drop),
            initial=self.to("state", r.name, r.initial),
            states=tuple(self.state(r, s) for s in r.states))

    def field(self, resource: Resource, field: Field) -> Field:
        return replace(field, name=self.to("field", resource.name, field.name))

    def assigned(self, resource: Resource, assigned: Assigned) -> Assigned:
        a, own = assigned, resource.name
        return replace(
            a, name=self.to("assigned", own, a.name), hook=self.maybe("hook", a.hook),
            parts=tuple(replace(p, name=self.to("leaf", own, p.name),
                                option=self.maybe("option", p.option)) for p in a.parts),
            texts=tuple(self.text(own, text) for text in a.texts))

    def text(self, own: str, text: FormatText) -> FormatText:
        return replace(text, guard=self.guard_or_none(text.guard, own),
                       parts=tuple(p if isinstance(p, str) else self.ref(p, own)
                                   for p in text.parts))

    def state(self, resource: Resource, state: State) -> State:
        own = resource.name
        return replace(
            state, name=self.to("state", own, state.name), maybe=self.hooks(state.maybe),
            effects=None if state.effects is None else self.hooks(state.effects),
            rows=tuple(self.row(own, row) for row in state.rows))

    def row(self, own: str, row: Row) -> Row:
        def target(at: Target | None) -> Target | None:
            return None if at is None else replace(
                at, state=self.to("state", own, at.state),
                raise_event=self.maybe("event", own, at.raise_event))

        return replace(
            row, state=self.to("state", own, row.state), event=self.to("event", own, row.event),
            guard=self.guard_or_none(row.guard, own), call=self.maybe("hook", row.call),
            ask=self.maybe("hook", row.ask), ok=target(row.ok), fail=target(row.fail),
            uncertain=target(row.uncertain), yes=target(row.yes), no=target(row.no),
            unknown=target(row.unknown))

    def operation(self, operation: Operation) -> Operation:
        o = operation
        return replace(
            o, name=self.to("operation", o.name),
            path=tuple(self.to("resource", name) for name in o.path),
            steps=tuple(replace(s, resource=self.to("resource", s.resource),
                                event=self.to("event", s.resource, s.event)) for s in o.steps),
            returns=tuple(self.ref(r, "") for r in o.returns),
            deny=tuple(self.deny(d) for d in o.deny),
            by=self.maybe("assigned", o.path[-1], o.by) if o.path else o.by,
            at=self.maybe("assigned", o.path[-1], o.at) if o.path else o.at,
            enter=self.maybe("state", o.path[-1], o.enter) if o.path else o.enter)

    def deny(self, deny: Deny) -> Deny:
        return replace(deny, guard=self.guard(deny.guard, ""))

    def accept(self, accept: Accept) -> Accept:
        parts = accept.where.split(".")
        kinds = ("state", "event")[:len(parts) - 1]
        where = [self.to("resource", parts[0]),
                 *(self.to(kind, parts[0], name) for kind, name in zip(kinds, parts[1:]))]
        return replace(accept, where=".".join(where))

    def limits(self, limits: Limits | None) -> Limits | None:
        return None if limits is None else replace(limits, resources=tuple(
            replace(one, resource=self.to("resource", one.resource)) for one in limits.resources))


def leaves(old: Assigned, new: Assigned) -> list[tuple[str, str]]:
    """The leaves of a value that has another name, in pairs."""
    if AssignedKind.POOL not in (old.kind, new.kind):
        return [(old.name, new.name)]
    return list(zip(old.leaves, new.leaves)) if len(old.leaves) == len(new.leaves) else []
