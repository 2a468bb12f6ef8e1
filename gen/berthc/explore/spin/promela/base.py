"""What the model is made of: resources with their numbers of states, events, keys and slots, and
what callers can hold."""
from __future__ import annotations

from math import prod

from berthc.explore.bounds import Bounds
from berthc.explore.callers.contract import asked_of, contract, levels_of
from berthc.explore.callers.inputs import Valuation, choices
from berthc.explore.callers.pools import helpers
from berthc.explore.spin.verifier import Site
from berthc.explore.states.backend import Effects, brings, effects
from berthc.model import Assigned, AssignedKind, Form, Manager, Operation, Ref, Resource, Row
from berthc.semantics import Value


class NotExported(Exception):
    """The model has no words for something in the spec; the text says for what."""


def no_words_for(manager: Manager) -> str | None:
    """Something that a spec uses and the model knows nothing of."""
    states = [s for r in manager.resources for s in r.states]
    used = {
        "finding by a value from a hook": any(manager.naming(h.name) for h in manager.hooks),
        "hooks that ask": any(h.asks for h in manager.hooks),
        "needs of hooks": any(h.needs for h in manager.hooks),
        "optional hooks that come together": any(h.together for h in manager.hooks),
        "effects of states": any(s.effects is not None for s in states),
        "rejections that are meant": any(row.meant for s in states for row in s.rows),
        "effects that may be there before create": any(
            op.form is Form.CREATE and any(h.undoes and h.on == op.target for h in manager.hooks)
            for op in manager.operations),
    }
    return next((word for word, is_used in used.items() if is_used), None)


def rows_of(manager: Manager, root: str) -> list[Row]:
    """The rows in the order of the numbers by which a verifier says that they ran."""
    return [row for r in manager.resources if manager.path(r.name)[0] == root for s in r.states
            for row in s.rows]


class Base:
    """Resources, keys and what callers hold, by the numbers that they have in the text."""

    def __init__(self, manager: Manager, root: str, valuation: Valuation, bounds: Bounds) -> None:
        manager = self.m = valuation.applied(manager)
        self.callers = bounds.callers
        self.options = dict(valuation.options)
        self.without = frozenset(valuation.without)
        self.contract = contract(manager, root)
        self.resources = [r for r in manager.resources if manager.path(r.name)[0] == root]
        self.effects: dict[str, Effects] = effects(manager)
        self.choices = {r.name: choices(manager, r, self.options, bounds.keys)
                        for r in self.resources}
        # Who helps those that are stuck by making an instance has a key of its own for it, after
        # the others.
        self.spare = {r.name: choices(manager, r, self.options, bounds.keys + 1)
                      if r.name in helpers(manager) else self.choices[r.name]
                      for r in self.resources}
        self.keys = {name: list(dict.fromkeys(c.key for c in (*some, *self.spare[name])))
                     for name, some in self.choices.items()}
        self.count = {r.name: prod(len(self.keys[up]) for up in manager.path(r.name))
                      for r in self.resources}
        self.depth = max(len(manager.path(r.name)) for r in self.resources)
        self.states = {r.name: {s.name: n for n, s in enumerate(r.states, 1)}
                       for r in self.resources}
        self.events = {r.name: {e: n for n, e in enumerate(r.events, 1)} for r in self.resources}
        self.rows = rows_of(manager, root)
        # What a caller with anonymous references holds: the path, and the levels it took.
        self.types = {kind: n for n, kind in enumerate(self._held_at_times(), 2)}
        # Resources looked up by a slot: a caller may remember one that has been given to another
        # instance.
        self.slotted = {o.target for o in manager.operations
                        for a in manager.resource(o.target).assigned if a.kind is AssignedKind.POOL
                        and a.name == o.by}
        self.capacity = {
            r.name: min(
                (self._slots(a) for a in r.assigned if a.kind is AssignedKind.POOL), default=None
            )
            for r in self.resources
        }
        word = no_words_for(manager)
        if word is not None:
            raise NotExported(word)
        if any(c.kind is not None and self._cross(r) for r in self.resources
               for c in self.choices[r.name]):
            raise NotExported("conditions on fields of other resources")
        # a caller's keys are remembered, and nothing else of what it gave
        for op in self.contract.releases:
            if (op.form is Form.CREATE or op.form is Form.OBTAIN
                and any(len({c.kind for c in self.choices[name]}) > 1 for name in op.path)):
                raise NotExported(f"fields given to operations that let go of what they may have "
                                  f"to make, such as {op.name}")

    def _held_at_times(self) -> list[tuple[tuple[str, ...], tuple[bool, ...]]]:
        """The paths that callers hold anonymously and the levels that they have not let go of: at
        first, and after releases of a part."""
        held = list(dict.fromkeys((o.path, levels_of(self.m, o, "take"))
                                  for o in self.contract.acquires))
        for path, took in held:  # which grows meanwhile
            for op in self.contract.releases:
                left = self._left(op, path, took)
                if left is not None and any(left) and (path, left) not in held:
                    held.append((path, left))
        return held

    def _left(
        self, op: Operation, path: tuple[str, ...], took: tuple[bool, ...]
    ) -> tuple[bool, ...] | None:
        """What a caller has still to let go of after a success of an operation; None when the
        operation lets go of none of it."""
        drops = (*levels_of(self.m, op, "drop"), *(False for _ in path))
        if (path[:len(op.path)] != op.path
            or not any(d and t for d, t in zip(drops, took, strict=False))):
            return None
        return tuple(t and not d for t, d in zip(took, drops, strict=False))

    def _cross(self, resource: Resource) -> bool:
        return any(ref.scope not in ("option", "field", resource.name) for s in resource.states
                   for row in s.rows if row.guard for ref in row.guard.refs())

    def _slots(self, pool: Assigned) -> int:
        sizes = [self.options[part.option] if part.option is not None else part.size
                 for part in pool.parts]
        return prod(size for size in sizes if isinstance(size, int))

    def _may_fill(self, name: str) -> bool:
        most = self.capacity[name]
        return most is not None and most < self.count[name]

    def _part(self, op: Operation) -> str:
        c = self.contract
        return next(p for p in ("gives", "uses", "ends", "acquires", "releases", "free")
                    if op in getattr(c, p))

    def _sites(self) -> list[Site]:
        held = [Site(op.name, name, -1) for op in (*self.contract.uses, *self.contract.acquires)
                for name in op.path]
        return (held
                + [Site(op.name, name, brings(self.m, op, self.effects))
                   for op in self.contract.free for name in asked_of(self.m, op)])

    def _known(self, r: Resource, fields: object):  # type: ignore[no-untyped-def]
        values: dict[str, Value] = dict(fields)  # type: ignore[call-overload]

        def known(ref: Ref) -> Value | None:
            return self.options[ref.name] if ref.scope == "option" else values[ref.name]

        return known

    def _index(self, who: str, path: tuple[str, ...]) -> str:
        """The number of the instance that a caller's keys lead to."""
        out = f"(kx[{who} * L] - 1)"
        for n, name in enumerate(path[1:], 1):
            out = f"({out} * {len(self.keys[name])} + kx[{who} * L + {n}] - 1)"
        return out

    def _copy(self, name: str) -> str:
        w = f"w_{name}"
        slot = f"; {w}_sl = sl_{name}[i_{name}]" if name in self.slotted else ""
        return (f"{w}_st = st_{name}[i_{name}]; {w}_kd = kd_{name}[i_{name}]; {w}_an = "
                f"an_{name}[i_{name}]; {w}_gh = gh_{name}[i_{name}]; {w}_dead = 0{slot}")
