"""From nodes to `model.Manager`.

Every form of writing that means the same thing ends here: `stay`, a state's name for a row, one
hook or a list of them, `key: all`. What is not shaped as the schema says has been reported before
and is left out, so that the rest of the spec can still be looked at. Names are not resolved; the
static rules do that on the model, with the nodes at hand for places (`Spec.at`).
"""
from __future__ import annotations

import re
from dataclasses import dataclass, replace

from berthc.diag import Diagnostic
from berthc.model import (
    Accept, Assigned, AssignedKind, Deny, Field, Form, FormatText, Guard, Hook, Limit, Limits, Loc,
    Manager, Operation, PoolPart, Ref, Resource, Row, State, StateKind, Step, Store,
    Target, Type,
)
from berthc.spec.expr import ExprError, parse_format, parse_guard
from berthc.spec.load import Mapping, Node, Scalar, Sequence
from berthc.spec.nodes import (
    NOTHING, brief_of, earlier_of, flag_of, integer_of, items_of, mapping_of, split_of, text_of,
    texts_of,
)

OTHERWISE_ERROR = "EOPNOTSUPP"  # of `otherwise: reject`
ON_STORE = "store"  # what the hook that settles is on


@dataclass(frozen=True)
class Spec:
    """A model and the nodes it was made from. `broken` are the entries in which an error was found,
    such as ("resources", "disk").

    `aliased`: some nodes are used in several places, so that a place does not say in which entry it
    is.
    """

    manager: Manager
    root: Mapping
    aliased: bool = False
    broken: frozenset[tuple[str, ...]] = frozenset()

    def is_clean(self, *path: str) -> bool:
        """Is an entry free of errors, as far as is known? A whole section is when all its entries
        are."""
        return not any(broken[: len(path)] == path for broken in self.broken)

    def node(self, *path: str | int) -> Node | None:
        """The node at a path of keys and list indices."""
        node: Node | None = self.root
        for part in path:
            if isinstance(node, Mapping) and isinstance(part, str):
                node = node.get(part)
            elif isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
                node = node.items[part]
            else:
                return None
        return node

    def at(self, *path: str | int) -> Loc:
        """The place of the value at a path; of the nearest thing around it that exists,
        otherwise."""
        for end in range(len(path), 0, -1):
            node = self.node(*path[:end])
            if node is not None:
                return node.loc
        return self.root.loc

    def key(self, *path: str) -> Loc:
        """The place of the key that the path ends with."""
        parent = self.node(*path[:-1])
        if isinstance(parent, Mapping) and path[-1] in parent.keys:
            return parent.keys[path[-1]].loc
        return self.at(*path)

    def lines(self, *path: str) -> tuple[int, int]:
        """First and last line of the entry at a path; (0, 0) where there is none."""
        node = self.node(*path)
        return (self.key(*path).line, node.last_line) if node is not None else (0, 0)


def build(root: Node, aliased: bool = False) -> tuple[Spec, list[Diagnostic]]:
    """The model of the spec below `root`, and what is wrong inside its texts. `aliased`: some nodes
    are used in several places."""
    builder = _Builder(root if isinstance(root, Mapping) else NOTHING)
    return Spec(builder.manager(), builder.root, aliased), builder.found


_KINDS = {kind.value: kind for kind in StateKind}

OLD_FINDINGS = {"hollow": "missing-effect"}
"""Ids of findings that have another name today; specs may still use the old one."""

# what an entry accepts; one that is written in another way is an error of shape
_PLACE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){1,2}")


class _Builder:
    def __init__(self, root: Mapping) -> None:
        self.root = root
        self.found: list[Diagnostic] = []
        self.parents = {name: text_of(mapping_of(node).get("parent")) or None
                        for name, node in mapping_of(root.get("resources")).values.items()}

    def manager(self) -> Manager:
        root = self.root
        resources = {name: self.resource(name, node) for name, node in self.entries("resources")}
        operations = [self.operation(name, node) for name, node in self.entries("operations")]
        held = next((o.path for o in operations if o is not None and o.gives), ())
        store = self.store(root.get("store"))
        return Manager(
            name=text_of(root.get("manager")),
            brief=brief_of(root),
            file=root.file,
            loc=root.values["manager"].loc if "manager" in root.values else root.loc,
            options=tuple(f for name, node in self.entries("options")
                          if (f := self.field(name, node, "options"))),
            hooks=tuple(self.hook(f"{group}.{name}", mapping_of(node),
                                  mapping_of(hooks).keys[name].loc)
                        for group, hooks in self.entries("backend")
                        for name, node in hooks.values.items() if isinstance(node, Mapping)
                        if store is None or text_of(node.get("on")) != ON_STORE),
            resources=self.in_order(resources),
            operations=tuple(o if o.form is not Form.WITH else replace(o, path=held)
                             for o in operations if o is not None),
            accept=tuple(Accept(OLD_FINDINGS.get(id_ := text_of(a.get("finding")), id_),
                                " ".join(text_of(a.get("why")).split()), a.loc, text_of(at),
                                at.loc if at else a.loc)
                         for a in (mapping_of(n) for n in items_of(root.get("accept")))
                         if a is not NOTHING for at in (a.get("at"),) if at is None
                         or _PLACE.fullmatch(text_of(at))),
            limits=self.limits(root.get("limits")),
            store=store,
            was=texts_of(root.get("was")),
        )

    def store(self, node: Node | None) -> Store | None:
        if not isinstance(node, Mapping) and not flag_of(node):
            return None
        settle = text_of(mapping_of(node).get("settle")) or None
        group, _, name = (settle or "").partition(".")
        hook = mapping_of(mapping_of(self.root.get("backend")).get(group)).get(name)
        return Store(settle, self.root.keys["store"].loc, brief_of(mapping_of(hook)))

    def limits(self, node: Node | None) -> Limits | None:
        if not isinstance(node, Mapping):
            return None
        limits = mapping_of(node.get("resources"))
        return Limits(
            resources=tuple(Limit(name, count, limits.keys[name].loc, integer_of(of.get("text")))
                            for name, of in limits.values.items() if isinstance(of, Mapping)
                            and (count := integer_of(of.get("instances"))) is not None),
            loc=self.root.keys["limits"].loc,
            reservations=integer_of(node.get("reservations")),
        )

    def entries(self, key: str) -> list[tuple[str, Mapping]]:
        """The entries below a top-level key whose values are mappings."""
        return [(name, node) for name, node in mapping_of(self.root.get(key)).values.items()
                if isinstance(node, Mapping)]

    def in_order(self, resources: dict[str, Resource]) -> tuple[Resource, ...]:
        """Parents before children, else as in the spec; those in a circle come last."""
        placed: dict[str, Resource] = {}
        waiting = dict(resources)
        while waiting:
            ready = [r for r in waiting.values() if r.parent not in waiting or r.parent == r.name]
            for resource in ready or list(waiting.values()):
                placed[resource.name] = waiting.pop(resource.name)
        return tuple(placed.values())

    def path(self, name: str) -> tuple[str, ...]:
        """The resource and those above it, root first; a circle is cut where it closes."""
        up: list[str] = []
        current: str | None = name
        while current is not None and current not in up:
            up.insert(0, current)
            current = self.parents.get(current)
        return tuple(up)

    def field(self, name: str, node: Mapping, *path: str) -> Field | None:
        """An option or a field."""
        word = text_of(node.get("type"))
        if word not in [t.value for t in Type]:
            return None
        kind = Type(word)
        values = texts_of(node.get("values"))
        given = node.get("default")
        default: object = {
            Type.BOOL: False, Type.STRING: "", Type.ENUM: values[
                0] if values else "", Type.LIST: (), Type.SET: (), Type.UUID: "",
        }.get(kind, 0)
        if isinstance(given, Scalar) and given.value is not None:
            default = given.value
        ends = [integer_of(n) for n in items_of(node.get("range"))]
        return Field(
            name=name,
            type=kind,
            brief=brief_of(node),
            loc=self.key_of(node, name, *path),
            values=values,
            default=default,
            range=(ends[0], ends[1])
            if len(ends) == 2 and ends[0] is not None and ends[1] is not None
            else None,
            max_length=integer_of(node.get("max_length")),
            required=flag_of(node.get("required")),
            ignore_case=text_of(mapping_of(node.get("compare")).get("case")) == "ignored",
            was=texts_of(node.get("was")),
            was_values=earlier_of(node.get("was_values")),
        )

    def key_of(self, node: Node, name: str, *path: str) -> Loc:
        """The place of the key of an entry."""
        parent: Node | None = self.root
        for part in path:
            parent = mapping_of(parent).get(part)
        return mapping_of(parent).keys[name].loc if name in mapping_of(parent).keys else node.loc

    def hook(self, name: str, node: Mapping, loc: Loc) -> Hook:
        return Hook(
            name=name, on=text_of(node.get("on")), brief=brief_of(node), loc=loc,
            optional=flag_of(node.get("optional")) or text_of(node.get("optional")) != "",
            absent=text_of(node.get("absent")) or None, undoes=texts_of(node.get("undoes")),
            repeatable=flag_of(
                node.get("repeatable")), together=text_of(node.get("optional")) or None,
            asks=texts_of(node.get("asks")), needs=texts_of(node.get("needs")),
            was=texts_of(node.get("was")),
        )

    def resource(self, name: str, node: Mapping) -> Resource:
        where = ("resources", name)
        fields = tuple(
            f for n, v in mapping_of(node.get("fields")).values.items()
            if isinstance(v, Mapping) and (f := self.field(n, v, *where, "fields"))
        )
        key = node.get("key")
        otherwise = node.get("otherwise")
        holders = mapping_of(node.get("holders"))
        return Resource(
            name=name,
            brief=brief_of(node),
            loc=self.key_of(node, name, "resources"),
            parent=self.parents[name],
            key=tuple(f.name for f in fields)
            if text_of(key) == "all"
            else ()
            if isinstance(key, Scalar)
            else texts_of(key),
            fields=fields,
            assigned=tuple(
                a
                for n, v in mapping_of(node.get("assigned")).values.items()
                if isinstance(v, Mapping)
                and (a := self.assigned(n, v, self.key_of(v, n, *where, "assigned")))
            ),
            take=text_of(holders.get("take")) or None,
            drop=text_of(holders.get("drop")) or None,
            initial=text_of(node.get("initial")),
            states=tuple(
                self.state(n, v, self.key_of(v, n, *where, "states"))
                for n, v in mapping_of(node.get("states")).values.items()
                if isinstance(v, Mapping)
            ),
            otherwise=(text_of(mapping_of(otherwise).get("reject")) or OTHERWISE_ERROR)
            if otherwise is not None
            else None,
            was=texts_of(node.get("was")),
            was_events=earlier_of(node.get("was_events")),
            forgets=texts_of(node.get("forgets")),
        )

    def assigned(self, name: str, node: Mapping, loc: Loc) -> Assigned | None:
        brief, was = brief_of(node), texts_of(node.get("was"))
        if "counter" in node.values:
            counter = mapping_of(node.get("counter"))
            kind = Type.STRING if text_of(counter.get("as")) == "string" else Type.U64
            return Assigned(name, AssignedKind.COUNTER, kind, brief, loc,
                            start=integer_of(counter.get("start")) or 0, was=was)
        if "uuid" in node.values:
            return Assigned(name, AssignedKind.UUID, Type.UUID, brief, loc, was=was)
        if "pool" in node.values:
            pool = mapping_of(node.get("pool"))
            parts = earlier_of(node.get("was_parts"))
            return Assigned(name, AssignedKind.POOL, None, brief, loc, parts=tuple(
                PoolPart(n, pool.keys[n].loc, size=integer_of(v), option=text_of(v) or None,
                         was=tuple(was for name, was in parts if name == n))
                for n, v in pool.values.items() if integer_of(v) is not None or text_of(v)
            ))
        if "format" in node.values:
            return Assigned(name, AssignedKind.FORMAT, Type.STRING, brief, loc,
                            texts=self.texts(node.get("format")), was=was)
        word = text_of(node.get("type"))
        if "from" in node.values and word in [t.value for t in Type]:
            return Assigned(name, AssignedKind.HOOK, Type(word), brief, loc,
                            hook=text_of(node.get("from")),
                            max_length=integer_of(node.get("max_length")), was=was)
        return None

    def texts(self, node: Node | None) -> tuple[FormatText, ...]:
        out: list[FormatText] = []
        for item in items_of(node):
            text = item.get("text") if isinstance(item, Mapping) else item
            if isinstance(text, Scalar) and isinstance(text.value, str):
                try:
                    out.append(parse_format(text, self.guard(mapping_of(item).get("if"))))
                except ExprError as error:
                    self.found.append(error.diagnostic)
        return tuple(out)

    def guard(self, node: Node | None) -> Guard | None:
        """The condition in a text. Raises ExprError: what belongs to a condition that cannot be
        read is left out with it."""
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            return None
        return parse_guard(node)

    def state(self, name: str, node: Mapping, loc: Loc) -> State:
        rows: list[Row] = []
        on = mapping_of(node.get("on"))
        for event, cell in on.values.items():
            for item in items_of(cell):
                try:
                    row = self.row(name, event, item,
                                   on.keys[event].loc if item is cell else item.loc)
                except ExprError as error:
                    self.found.append(error.diagnostic)
                    continue
                if row is not None:
                    rows.append(row)
        return State(
            name,
            brief_of(node),
            loc,
            final=flag_of(node.get("final")),
            resident=flag_of(node.get("resident")),
            kind=_KINDS.get(text_of(node.get("kind"))),
            effects=texts_of(node.get("effects"))
            if "effects" in node.values or "maybe" in node.values
            else None,
            maybe=texts_of(node.get("maybe")),
            rows=tuple(rows),
            was=texts_of(node.get("was")),
        )

    def row(self, state: str, event: str, node: Node, loc: Loc) -> Row | None:
        if isinstance(node, Scalar):
            target = self.target(state, node)
            return Row(state, event, loc, ok=target) if target else None
        if not isinstance(node, Mapping):
            return None
        guard = self.guard(node.get("if"))
        brief = brief_of(node)
        if "reject" in node.values:
            error = text_of(node.get("reject"))
            meant = flag_of(node.get("meant"))
            return (Row(state, event, loc, guard=guard, reject=error, meant=meant, brief=brief)
                    if error else None)
        if "to" in node.values:
            target = self.target(state, node)
            return Row(state, event, loc, guard=guard, ok=target, brief=brief) if target else None
        if "ask" in node.values:
            yes, no, unknown = (self.target(state, node.get(key))
                                for key in ("yes", "no", "unknown"))
            ask = text_of(node.get("ask"))
            if not ask or yes is None or no is None or unknown is None:
                return None
            return Row(state, event, loc, guard=guard, ask=ask, yes=yes, no=no, unknown=unknown,
                       brief=brief)
        ok, fail, uncertain = (self.target(state, node.get(key))
                               for key in ("ok", "fail", "uncertain"))
        call = text_of(node.get("call"))
        if not call or ok is None or fail is None:
            return None
        return Row(state, event, loc, guard=guard, call=call, ok=ok, fail=fail,
                   uncertain=uncertain or fail, uncertain_given="uncertain" in node.values,
                   brief=brief)

    def target(self, state: str, node: Node | None) -> Target | None:
        """`state`, `stay` or {to: state, raise: event}."""
        to = node.get("to") if isinstance(node, Mapping) else node
        word = text_of(to)
        if not isinstance(to, Scalar) or not word:
            return None
        stay = word == "stay"
        return Target(state if stay else word, text_of(mapping_of(node).get("raise")) or None,
                      to.loc, stay)

    def operation(self, name: str, node: Mapping) -> Operation | None:
        loc = self.key_of(node, name, "operations")
        form = next((f for f in Form if f.value in node.values), None)
        if form is None:
            return None
        create = mapping_of(node.get("create"))
        path: tuple[str, ...] = ()
        if form is Form.OBTAIN:
            path = texts_of(node.get("obtain"))
        elif form is not Form.WITH:
            path = self.path(text_of(create.get("resource") if form is Form.CREATE
                                   else node.get("find")))
        if form is not Form.WITH and not any(path):
            return None
        return Operation(
            name=name,
            brief=brief_of(node),
            loc=loc,
            form=form,
            path=path,
            steps=tuple(
                Step(*split_of(item), item.loc)
                for item in items_of(node.get("do"))
                if "." in text_of(item)
            ),
            returns=tuple(
                Ref(*split_of(item), item.loc)
                for item in items_of(node.get("returns"))
                if "." in text_of(item)
            ),
            deny=tuple(
                d
                for item in items_of(node.get("deny"))
                if isinstance(item, Mapping) and (d := self.deny(item))
            ),
            gives="gives" in node.values,
            ends="ends" in node.values,
            by=text_of(node.get("by")) or None,
            absent_ok=text_of(node.get("absent")) == "ok",
            at=text_of(create.get("at")) or None,
            enter=text_of(create.get("enter")) or None,
        )

    def deny(self, node: Mapping) -> Deny | None:
        try:
            guard = self.guard(node.get("if"))
        except ExprError as error:
            self.found.append(error.diagnostic)
            return None
        return Deny(guard, text_of(node.get("error")), brief_of(node), node.loc) if guard else None
