"""What one root instance and its callers are in one state, and the form in which equal states are
equal.

Operations touch one root. So a search looks at one root, all that is below it, and the callers that
hold some of it; callers that are idle, or busy with other roots, are no part of it. Beside what the
manager tracks stands the *truth*: which effects the backend has in fact.
"""
from __future__ import annotations

from collections.abc import Hashable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from berthc.explore.callers.contract import levels_of
from berthc.explore.callers.inputs import Choice
from berthc.explore.states.runs import Memo
from berthc.model import Assigned, Form, Manager
from berthc.semantics import World
from berthc.semantics.state import Item, State
from berthc.semantics.world import tracked


class Holder(NamedTuple):
    """A caller that is not idle. `path` has the instances it was given, root first; `own` says of
    which it still has a reference of its own (with a reservation the manager knows, and `own` is
    empty). It lets go of what it took until that succeeds, also when its references went with a try
    that failed later on."""

    label: str | None  # of its reservation; None for a caller with anonymous references
    path: tuple[int, ...]
    own: tuple[bool, ...]
    took: tuple[bool, ...]
    config: tuple[Choice, ...]
    values: Mapping[str, Mapping[str, Any]]  # by resource: what it was told of the instance
    # by level of the path: the effects that were there when its last use that reaches so far
    # succeeded
    relies: tuple[int, ...]
    releasing: bool  # it has begun to let go
    interrupted: bool = False  # the process died in that, and recovery goes on with it


class Local(NamedTuple):
    """One state. `holders` has an entry for every caller (None: idle or elsewhere), `truth` a mask
    of effects by instance.

    `open` likewise, for instances that `create` made: effects that no call has brought about or
    taken back since, and no answer told of. Where the truth has them they were there before; else
    nobody knows.
    """

    world: World
    holders: tuple[Holder | None, ...]
    truth: Mapping[int, int]
    open: Mapping[int, int] = MappingProxyType({})

    @property
    def busy(self) -> int:
        return sum(1 for holder in self.holders if holder is not None)


def holds(local: Local, holder: Holder) -> tuple[bool, ...]:
    """Which instances of its path a caller still holds."""
    if holder.label is None:
        return holder.own
    reservation = tracked(local.world).reservations.get(holder.label)
    return (False,) * len(holder.path) if reservation is None else reservation.held


def lost_references(local: Local, item: Item) -> int:
    """Anonymous references of an instance that no caller has."""
    return item.anonymous - sum(h.label is None and item.id in h.path
                                and h.own[h.path.index(item.id)] for h in local.holders
                                if h is not None)


def loses(before: Local, after: Local) -> bool:
    """Are more references lost than there are callers, and one more than before? More of them
    change nothing, and there is no end to them."""
    def lost(local: Local) -> int:
        return sum(lost_references(local, item) for item in tracked(local.world).items.values()
                   if item.anonymous)
    now = lost(after)
    return now > len(after.holders) and now > lost(before)


_NONE: list[tuple[Any, ...]] = []


class _Part(NamedTuple):
    """An instance in a key."""

    id: int
    parent: int | None
    resource: str
    order: int
    key: str
    slot: str
    kind: int
    state: str
    anonymous: int


class Shape:
    """Makes keys: equal ones for states that differ only in who is who, which key is which, and in
    numbers and names that the manager made.

    With `plain`, callers and keys are told apart.
    """

    __slots__ = ("_fields", "_kinds", "_order", "slots", "names", "_plain", "by_key", "_frames",
                 "_named_references")

    def __init__(self, manager: Manager, choices: Mapping[str, list[Choice]],
                 plain: bool = False) -> None:
        self._plain = plain
        self._named_references = bool(manager.named_references)
        self.forget()
        self.by_key = any(o.by is None
                           and (o.form is Form.FIND or o.form is Form.OBTAIN
                                and not any(levels_of(manager, o, "take"))
                                and any(levels_of(manager, o, "drop"))) for o in manager.operations)
        self._order = {r.name: n for n, r in enumerate(manager.resources)}
        self._fields = {r.name: tuple(f.name for f in r.fields) for r in manager.resources}
        self._kinds = {(name, tuple(c.fields[f] for f in self._fields[name])): c.kind
                       for name, some in choices.items() for c in some}
        # A slot can be given to a newcomer, so who looks up by one may find another instance than
        # the one it held. Then slots do not differ in name only: the lowest free one is the next.
        self.slots: Mapping[str, tuple[str, ...]] = {
            o.target: manager.resource(o.target).value(o.by).leaves
            for o in manager.operations
            if o.by is not None
            and any(a.name == o.by and a.parts for a in manager.resource(o.target).assigned)
        }
        # What a caller was told of a value from a hook need not name the instance any more.
        self.names: dict[str, tuple[Assigned, ...]] = {}
        for hook in manager.hooks:
            self.names[hook.on] = (*self.names.get(hook.on, ()), *manager.naming(hook.name))

    def forget(self) -> None:
        """Lets go of all that is kept only to be quick."""
        self._frames: Memo[tuple[_Part, ...]] = Memo()

    def kind(self, resource: str, values: Mapping[str, Any]) -> int:
        return self._kinds.get((resource, tuple(values[f] for f in self._fields[resource])), -1)

    def key(self, local: Local, marked: int = -1) -> Hashable:
        """`marked` is a caller that is not like the others."""
        state = tracked(local.world)
        items = state.items
        named = self.named(local)
        at: dict[int, list[tuple[Any, ...]]] = {}
        for n, holder in enumerate(local.holders):
            if holder is None:
                continue
            alive = 0
            for id_ in holder.path:
                if id_ not in items:
                    break
                alive += 1
            where = holder.path[alive - 1] if alive else 0
            if holder.label is None:
                held, stale = holder.own, self._stale(items, holder) + self._named(state, holder)
                looks_for = tuple(str(c.key) for c in holder.config[alive:]) if named else ()
            else:
                held, stale, looks_for = state.reservations[holder.label].held, (), ()
            relies = holder.relies[:alive]  # on what is gone nobody relies
            at.setdefault(where,
                          []).append((holder.label is None, len(holder.path), alive, held,
                                      holder.took, relies,
                                      holder.releasing + 2 * holder.interrupted, stale, looks_for,
                                      n if self._plain else n == marked))
        if self._named_references:
            self._add_idle(state, local, at, marked)
        below: dict[int | None, list[tuple[Any, ...]]] = {}
        truth, open_ = local.truth, local.open
        for id_, parent, resource, order, key, slot, kind, now, anonymous in self._parts(state):
            callers, children = at.get(id_, _NONE), below.get(id_, _NONE)
            below.setdefault(parent, []).append(
                (order, key + slot if self._plain or resource in named else slot, kind, now,
                 anonymous, truth.get(id_, 0), open_.get(id_, 0),
                 tuple(sorted(callers) if len(callers) > 1 else callers),
                 tuple(sorted(children) if len(children) > 1 else children)))
        return tuple(sorted(below.get(None, ()))), tuple(sorted(at.get(0, ())))

    def _add_idle(self, state: State, local: Local, at: dict[int, list[tuple[Any, ...]]],
                  marked: int) -> None:
        """With a store, idle callers that have references."""
        for item in state.items.values():
            for name in item.owners:
                who = ord(name) - ord("A")
                if local.holders[who] is None:
                    at.setdefault(item.id, []).append((True, 0, 0, (), (), (), False, (), (),
                                                       who if self._plain else who == marked))

    def tree(self, local: Local, asked: int) -> Hashable:
        """What decides what drain can do: kinds and states, and the effects that hooks ask for. Of
        siblings that are alike, one counts."""
        return self._below(local, asked).get(None, frozenset())

    def below(self, local: Local, id_: int, asked: int) -> Hashable:
        """The same for what is below an instance."""
        return self._below(local, asked).get(id_, frozenset())

    def _below(self, local: Local, asked: int) -> dict[int | None, frozenset[Hashable]]:
        below: dict[int | None, frozenset[Hashable]] = {}
        for part in self._parts(tracked(local.world)):
            one = (part.resource, part.kind, part.state, local.truth.get(part.id, 0) & asked,
                   local.open.get(part.id, 0) & asked, below.get(part.id, frozenset()))
            below[part.parent] = below.get(part.parent, frozenset()) | {one}
        return below

    def situations(self, local: Local) -> dict[int, Hashable]:
        """For each instance what decides what drain can do there once nothing is below it."""
        found: dict[int | None, Hashable] = {None: ()}
        for part in reversed(self._parts(tracked(local.world))):
            found[part.id] = (found[part.parent], part.resource, part.kind, part.state,
                              local.truth.get(part.id, 0), local.open.get(part.id, 0))
        return {id_: situation for id_, situation in found.items() if id_ is not None}

    def _parts(self, state: State) -> tuple[_Part, ...]:
        return self._frames.get(state) or self._frames.put(state, self._frame(state))

    def _frame(self, state: State) -> tuple[_Part, ...]:
        """The part of a key that the tracked state alone decides; what is below comes before what
        is above. What waits for recovery is in another state than the same without."""
        raised = {id_: f" {event}" for id_, event in state.raised.values()}
        return tuple(_Part(i.id, i.parent, i.resource, self._order[i.resource], str(i.key),
                           (self._slot(i.resource, i.values) if i.resource in self.slots else "")
                           + "@".join(("", *sorted(i.named_by))), self.kind(i.resource, i.values),
                           i.state + raised.get(i.id, ""), i.anonymous)
                     for i in reversed(state.items.values()))

    def named(self, local: Local) -> frozenset[str]:
        """Resources of which keys are not alike: a caller will look by key for an instance that has
        ended, and may find another under that key."""
        if not self.by_key:
            return frozenset()
        items = tracked(local.world).items
        return frozenset(choice.resource for holder in local.holders if holder is not None
                         and holder.label is None
                         for choice, id_ in zip(holder.config, holder.path, strict=True)
                         if id_ not in items)

    def _slot(self, resource: str, values: Mapping[str, Any]) -> str:
        return "#" + "/".join(str(values[leaf]) for leaf in self.slots[resource])

    def _named(self, state: State, holder: Holder) -> tuple[str, ...]:
        """Where the values from hooks lead that the caller remembers: to its own instance, to
        another one, or nowhere."""
        found: list[str] = []
        for choice, id_ in zip(holder.config, holder.path, strict=True):
            for assigned in self.names.get(choice.resource, ()):
                item = state.find_by(
                    choice.resource, assigned,
                    {assigned.name: holder.values.get(choice.resource, {}).get(assigned.name, "")})
                found.append("" if item is None else "own" if item.id == id_ else "other")
        return tuple(found)

    def _stale(self, items: Mapping[int, Any], holder: Holder) -> tuple[str, ...]:
        """Slots that the caller remembers of instances that have ended; others may be given
        them."""
        if not self.slots:
            return ()
        return tuple(self._slot(c.resource, holder.values[c.resource])
                     for c, id_ in zip(holder.config, holder.path, strict=True)
                     if c.resource in self.slots and c.resource in holder.values
                     and id_ not in items)


def symmetric(local: Local, shape: Shape) -> list[int]:
    """Callers that hold something, one of each group that cannot be told apart."""
    seen: set[Hashable] = set()
    found: list[int] = []
    for n, holder in enumerate(local.holders):
        if holder is not None:
            own = shape.key(local, n)
            if own not in seen:
                seen.add(own)
                found.append(n)
    return found
