"""One operation on a draft of the state.

Methods raise `Refused` to end the operation. They change only the draft, the calls and the rows; whether the draft
becomes the state is for the caller to say (S1), who looks at `calls`.
"""
from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

from berthc.model import Assigned, AssignedKind, Field, Form, Operation, Step, Type
from berthc.semantics.program import BrokenTable, Lookup, Program, ResourceProgram, leaf_zeros
from berthc.semantics.result import Call, Fault, Outcomes, Refused, Taken
from berthc.semantics.state import Item, Reservation, State
from berthc.semantics.values import Value, comparable, is_of_type, is_valid, scripted, zero

Config = Mapping[str, Mapping[str, Value]]
By = Value | Mapping[str, int]

_LONGEST_CHAIN = 10_000  # rows that raise each other without end would never let go of the root
_MOST_DROPS = 255  # of one instance in one drain, where it has more states
_COUNTER_VALUES = 1 << 64


@dataclass(frozen=True)
class Arguments:
    """What the caller gave, in the API's words. A resource or part that is left out counts as empty or 0."""

    config: Config = field(default_factory=dict)
    reservation: str | None = None
    by: By | None = None
    at: Mapping[str, int] | None = None


class Run:
    """One operation, or one drain, while it runs."""

    __slots__ = ("program", "state", "outcomes", "calls", "rows", "_nth", "_ended")

    def __init__(self, program: Program, state: State, outcomes: Outcomes) -> None:
        self.program = program
        self.state = state
        self.outcomes = outcomes
        self.calls: list[Call] = []
        self.rows: list[Taken] = []
        self._nth: dict[str, int] = {}
        self._ended: dict[int, Item] = {}  # by this operation, as they were at the end

    # An operation, in order

    def operation(self, op: Operation, given: Arguments) -> dict[str, Value]:
        """Runs it and gives its results; raises Refused."""
        config = self._fields(op, given.config)
        self._check_arguments(op, config, given)
        self._check_policy(op, config)
        path, label = self._reach(op, config, given)
        if path is None:
            return {ref.name: self._leaf_zero(ref.scope, ref.name) for ref in op.returns}
        for step in op.steps:
            self._step(op, path, step, label if op.form is Form.WITH else None)
        if op.ends:
            assert label is not None
            returns = self._results(op, path)
            self.state.end_reservation(label)
            return returns
        return ({"reservation": label} if op.gives and label is not None else {}) | self._results(op, path)

    # 1 Arguments

    def _fields(self, op: Operation, config: Config) -> dict[str, dict[str, Value]]:
        """Every level's fields, defaults filled in. Raises ValueError for what is no mistake of a caller in C, who could not write it."""
        takes_fields = op.form in (Form.OBTAIN, Form.CREATE) or (op.form is Form.FIND and op.by is None)
        for name in config:
            if not takes_fields or name not in op.path:
                raise ValueError(f"{op.name} takes no {name}")
        full: dict[str, dict[str, Value]] = {}
        for name in op.path if takes_fields else ():
            resource = self.program.resources[name]
            fields = dict(resource.defaults)
            for key, value in config.get(name, {}).items():
                if key not in fields:
                    raise ValueError(f"{name} has no field {key}")
                if not is_of_type(resource.spec.field(key), value):
                    raise ValueError(f"{name}.{key} cannot be {value!r}")
                fields[key] = value
            full[name] = fields
        return full

    def _check_arguments(self, op: Operation, config: Config, given: Arguments) -> None:
        for name, wanted in (("reservation", op.form is Form.WITH), ("by", op.by is not None), ("at", op.at is not None)):
            if (getattr(given, name) is not None) != wanted:
                raise ValueError(f"{op.name} {'needs' if wanted else 'takes no'} {name}")
        for name, fields in config.items():
            for spec in self._fields_that_count(op, name):
                if not is_valid(spec, fields[spec.name]):
                    raise Refused("EINVAL", resource=name, field=spec.name)
        if op.at is not None:
            resource = self.program.resources[op.target]
            if self._slot(resource, op.at, given.at or {}) is None:
                raise Refused("EINVAL", resource=op.target)

    def _fields_that_count(self, op: Operation, name: str) -> tuple[Field, ...]:
        """Levels that are only found by key need no more than their key."""
        resource = self.program.resources[name]
        only_key = op.form is Form.FIND or (op.form is Form.CREATE and name != op.target)
        return resource.key_in_order if only_key else resource.spec.fields

    # 2 Policy

    def _check_policy(self, op: Operation, config: Config) -> None:
        def look(scope: str, name: str) -> Value:
            return config[op.target if scope == "field" else scope][name]

        for test, deny in self.program.deny[op.name]:
            if test is True or (test is not False and test(look)):
                raise Refused(deny.error, rule=deny.rule)

    # 3 Getting at the instances

    def _reach(self, op: Operation, config: Config, given: Arguments) -> tuple[tuple[int, ...] | None, str | None]:
        """Ids of the path, root first (None: nothing there and that is fine), and the label of the reservation if one is concerned."""
        if op.form is Form.WITH:
            assert given.reservation is not None
            return self._with(op, given.reservation), given.reservation
        if op.form is Form.OBTAIN:
            path = self._obtain(op, config)
            self._check_holders(op, path)
            return path, self._give(path) if op.gives else None
        if op.form is Form.CREATE:
            path = self._create(op, config, given.at)
            self._check_holders(op, path)
            return path, None
        try:
            found = self._find_keys(op.path, config) if op.by is None else self._find_by(op, given.by)
        except Refused:
            if op.absent_ok:
                return None, None
            raise
        self._check_holders(op, found)
        return found, None

    def _with(self, op: Operation, label: str) -> tuple[int, ...]:
        reservation = self.state.reservations.get(label)
        if reservation is None:
            raise Refused("ENOENT")
        if not op.ends and not all(reservation.held):
            raise Refused("ECANCELED")
        return reservation.path

    def _obtain(self, op: Operation, config: Config) -> tuple[int, ...]:
        path: list[int] = []
        for name in op.path:
            resource = self.program.resources[name]
            parent = path[-1] if path else None
            key, rest = _comparables(resource, config[name])
            item = self.state.find(name, parent, key)
            if item is None:
                item = self._make(resource, config[name], parent, resource.spec.initial, None)
            elif item.rest != rest:
                field = _differing(resource, item, config[name])
                raise Refused("EEXIST", resource=name, state=item.state, field=field)
            path.append(item.id)
            if op.gives and resource.spec.take is not None:
                fault = self._chain(item.id, resource.spec.take)
                if fault is not None:
                    raise Refused(fault.error, **fault.where)
                if self.state.items[item.id].state in resource.final:
                    raise BrokenTable(f"{name}.{resource.spec.take} ends what it takes")
        return tuple(path)

    def _give(self, path: tuple[int, ...]) -> str:
        label = f"r{self.state.next_reservation}"
        self.state.next_reservation += 1
        self.state.reservations[label] = Reservation(path, (True,) * len(path))
        for id_ in path:
            item = self.state.items[id_]
            self.state.items[id_] = item._replace(pins=item.pins + 1)
        return label

    def _check_holders(self, op: Operation, path: tuple[int, ...]) -> None:
        """S3; a child that the operation has made is counted already."""
        for name, id_ in zip(op.path, path, strict=True):
            item = self.state.items[id_]
            holders = item.refs + item.children + op.gives
            if holders + len(op.steps) <= self.program.max_holders:
                continue
            take = self.program.resources[name].spec.take
            if holders + sum(step.resource == name and step.event == take for step in op.steps) > self.program.max_holders:
                raise Refused("EOVERFLOW", resource=name)

    def _find_keys(self, names: tuple[str, ...], config: Config) -> tuple[int, ...]:
        path: list[int] = []
        for name in names:
            key, _ = _comparables(self.program.resources[name], config[name])
            item = self.state.find(name, path[-1] if path else None, key)
            if item is None:
                raise Refused("ENOENT", resource=name)
            path.append(item.id)
        return tuple(path)

    def _find_by(self, op: Operation, by: By | None) -> tuple[int, ...]:
        assigned = next(a for a in self.program.resources[op.target].spec.assigned if a.name == op.by)
        assert by is not None
        wanted: dict[str, Value] = {leaf: by.get(leaf, 0) if isinstance(by, Mapping) else by for leaf in assigned.leaves}
        item = self.state.find_by(op.target, assigned, wanted)
        if item is None:
            raise Refused("ENOENT", resource=op.target)
        return tuple(up.id for up in self.state.path(item))

    def _create(self, op: Operation, config: Config, at: Mapping[str, int] | None) -> tuple[int, ...]:
        above = self._find_keys(op.path[:-1], config)
        resource = self.program.resources[op.target]
        parent = above[-1] if above else None
        key, _ = _comparables(resource, config[op.target])
        there = self.state.find(op.target, parent, key)
        if there is not None:
            raise Refused("EEXIST", resource=op.target, state=there.state)
        named: tuple[str, int] | None = None
        if op.at is not None:
            slot = self._slot(resource, op.at, at or {})
            assert slot is not None
            named = (op.at, slot)
            if slot in self._taken_slots(resource, op.at):
                raise Refused("EBUSY", resource=op.target)
        assert op.enter is not None
        return above + (self._make(resource, config[op.target], parent, op.enter, named).id,)

    # Making an instance

    def _make(self, resource: ResourceProgram, fields: Mapping[str, Value], parent: int | None, state: str,
              named: tuple[str, int] | None) -> Item:
        values = dict(fields)
        slots: list[tuple[str, int]] = []
        for assigned in resource.spec.assigned:
            if assigned.kind is AssignedKind.POOL:
                slot = named[1] if named is not None and named[0] == assigned.name else self._lowest_slot(resource, assigned.name)
                slots.append((assigned.name, slot))
                values.update(_slot_parts(assigned, resource.pools[assigned.name], slot))
            elif assigned.kind is AssignedKind.COUNTER:
                values[assigned.name] = self._count(resource, assigned)
            elif assigned.kind is AssignedKind.UUID:
                values[assigned.name] = self._new_uuid()
            elif assigned.kind is AssignedKind.FORMAT:
                values[assigned.name] = self.program.render(assigned, self._look(resource.name, values, parent))
            else:
                values.update(leaf_zeros(assigned))
        key, rest = _comparables(resource, fields)
        item = Item(self.state.next_id, resource.name, parent, key, rest, values, tuple(slots), state)
        self.state.next_id += 1
        self.state.add(item)
        return item

    def _count(self, resource: ResourceProgram, assigned: Assigned) -> Value:
        done = self.state.counters.get((resource.name, assigned.name), 0)
        self.state.counters[resource.name, assigned.name] = done + 1
        number = (assigned.start + done) % _COUNTER_VALUES
        return str(number) if assigned.type is Type.STRING else number

    def _new_uuid(self) -> str:
        label = f"u{self.state.next_uuid}"
        self.state.next_uuid += 1
        return label

    def _taken_slots(self, resource: ResourceProgram, pool: str) -> set[int]:
        return {slot for item in self.state.items.values() if item.resource == resource.name for name, slot in item.slots if name == pool}

    def _lowest_slot(self, resource: ResourceProgram, pool: str) -> int:
        taken = self._taken_slots(resource, pool)
        total = 1
        for size in resource.pools[pool]:
            total *= size
        slot = 0
        while slot in taken:
            slot += 1
        if slot >= total:
            raise Refused("ENOSPC", resource=resource.name)
        return slot

    def _slot(self, resource: ResourceProgram, pool: str, parts: Mapping[str, int]) -> int | None:
        """The number of a slot given by its parts; None where one is outside the pool."""
        assigned = next(a for a in resource.spec.assigned if a.name == pool)
        unknown = set(parts) - set(assigned.leaves)
        if unknown:
            raise ValueError(f"{pool} has no part {min(unknown)}")
        slot = 0
        for leaf, size in zip(assigned.leaves, resource.pools[pool], strict=True):
            if not 0 <= parts.get(leaf, 0) < size:
                return None
            slot = slot * size + parts.get(leaf, 0)
        return slot

    # 4 Steps and rows

    def _step(self, op: Operation, path: tuple[int, ...], step: Step, label: str | None) -> None:
        level = op.path.index(step.resource)
        item = self.state.items.get(path[level])
        if item is None or (label is not None and not self.state.reservations[label].held[level]):
            return
        resource = self.program.resources[step.resource]
        own = 1 if label is not None else min(item.anonymous, 1)
        drops = step.event == resource.spec.drop
        if drops and item.refs + item.children > own:
            self.rows.append(Taken(item.resource, None, "released", item.state, step.event))
            self._let_go(item.id, label, level)
            return
        fault = self._chain(item.id, step.event)
        if fault is None and drops:
            self._let_go(item.id, label, level)
        elif fault is None and step.event == resource.spec.take and label is None:
            item = self.state.items[item.id]
            self.state.items[item.id] = item._replace(anonymous=item.anonymous + 1)
        self._end_if_final(item.id)
        if fault is not None:
            raise Refused(fault.error, **fault.where)

    def _let_go(self, id_: int, label: str | None, level: int) -> None:
        """The caller's own hold goes, if it has one."""
        if label is not None:
            self.state.unpin(label, level)
            return
        item = self.state.items[id_]
        if item.anonymous:
            self.state.items[id_] = item._replace(anonymous=item.anonymous - 1)

    def _end_if_final(self, id_: int) -> None:
        item = self.state.items[id_]
        if item.state in self.program.resources[item.resource].final:
            self._ended |= {gone.id: gone for gone in self.state.end(item)}

    def _chain(self, id_: int, event: str) -> Fault | None:
        """The event's row and all that it raises; the first error."""
        first: Fault | None = None
        raised: str | None = event
        for _ in range(_LONGEST_CHAIN):
            if raised is None:
                return first
            fault, raised = self._row(self.state.items[id_], raised)
            first = first or fault
        raise BrokenTable(f"{self.state.items[id_].resource} raises events without end")

    def _row(self, item: Item, event: str) -> tuple[Fault | None, str | None]:
        """One row: its error, and the event it raises."""
        resource = self.program.resources[item.resource]
        row = resource.row(item.state, event, self._look(item.resource, item.values, item.parent))
        reject = resource.otherwise if row is None else row.reject
        left_out = row is not None and row.hook in self.program.without
        if row is not None and row.hook is not None and left_out:
            reject = self.program.hooks[row.hook].absent
        if reject is not None:
            self.rows.append(Taken(item.resource, row, "rejected", item.state, event))
            return Fault(reject, _where(item, event)), None
        assert row is not None
        error: str | None = None
        if row.hook is None or left_out and row.call is not None:
            kind = "ok"
        elif left_out:
            kind, error = "unknown", "EOPNOTSUPP"
        else:
            kind, error, item = self._call(item, row.hook)
        fault = None if error is None else Fault(error,
                                                 _where(item, event) | {"hook": row.hook or ""})
        self.rows.append(Taken(item.resource, row, kind, item.state, event))
        target = row.target(kind)
        self.state.items[item.id] = item._replace(state=target.state)
        return fault, target.raise_event

    def _call(self, item: Item, hook: str) -> tuple[str, str | None, Item]:
        """Calls the hook: which target follows, the error, and the instance with its values from here on."""
        args = self._args(item)
        nth = self._nth[hook] = self._nth.get(hook, 0) + 1
        outcome = self.outcomes(hook, nth, args)
        if self.program.hooks[hook].asks:
            outcome = outcome.answer()
        self.calls.append(Call(hook, outcome.kind, args))
        given = self._written(item, hook, outcome.writes)
        if outcome.kind == "fail" or given is None:
            return outcome.kind, outcome.error, item
        names = {a.name for a in self.program.naming[hook] if a.type is not None and given[a.name] != zero(a.type)}
        taken = {a.name for a in self.program.naming[hook] if a.name in names and self._is_taken(item, a, given[a.name])}
        item = item._replace(values={**item.values, **given}, named_by=item.named_by.difference(given) | (names - taken))
        return ("uncertain", "EEXIST", item) if outcome.kind == "ok" and taken else (outcome.kind, outcome.error, item)

    def _written(self, item: Item, hook: str, writes: str) -> Mapping[str, Value] | None:
        """The out-values that stand in the hook's struct at the end; None where it has none."""
        outs = [a for a in self.program.resources[item.resource].hook_values if a.hook == hook]
        if not outs:
            return None
        since_new = self.state.hook_calls[hook] = self.state.hook_calls.get(hook, 0) + 1
        zeros = {a.name: zero(a.type) for a in outs if a.type is not None}
        if writes == "new":
            self.state.hook_news[hook] = {a.name: self._new_uuid() if a.type is Type.UUID else scripted(a, since_new) for a in outs}
        if writes in ("new", "last"):
            return self.state.hook_news.get(hook, zeros)
        return zeros if writes == "zero" else {a.name: item.values[a.name] for a in outs}

    def _is_taken(self, item: Item, assigned: Assigned, value: Value) -> bool:
        """Does the value from a hook name another instance?"""
        other = self.state.find_by(item.resource, assigned, {assigned.name: value})
        return other is not None and other.id != item.id

    def _args(self, item: Item) -> dict[str, Value]:
        """What a hook is told: the instance's values, then its parents' where the names do not clash."""
        args: dict[str, Value] = {}
        for level in reversed(self.state.path(item)):
            for name, value in level.values.items():
                args.setdefault(name, value)
        return args

    def _look(self, resource: str, values: Mapping[str, Value], parent: int | None) -> Lookup:
        def look(scope: str, name: str) -> Value:
            if scope in ("field", resource):
                return values[name]
            up = parent
            while up is not None:
                item = self.state.items[up]
                if item.resource == scope:
                    return item.values[name]
                up = item.parent
            raise BrokenTable(f"{scope}.{name} is not above {resource}")

        return look

    # 5 Results

    def _results(self, op: Operation, path: tuple[int, ...]) -> dict[str, Value]:
        """Read at the end of the operation; an instance that has ended has the values it had then."""
        results: dict[str, Value] = {}
        for ref in op.returns:
            id_ = path[op.path.index(ref.scope)]
            item = self.state.items.get(id_) or self._ended.get(id_) or self.state.ended[id_]
            results[ref.name] = item.values[ref.name]
        return results

    def _leaf_zero(self, resource: str, leaf: str) -> Value:
        zeros: dict[str, Value] = {}
        for assigned in self.program.resources[resource].spec.assigned:
            zeros |= leaf_zeros(assigned)
        return zeros[leaf]

    # Drain

    def drain(self) -> Fault | None:
        """Lets go of everything; the first error."""
        first: Fault | None = None
        for root in list(self.state.children(None)):
            _, fault = self._drain(root.id)
            first = first or fault
        self._end_empty_reservations()
        return first

    def _drain(self, id_: int) -> tuple[bool, Fault | None]:
        """The tree below and then the instance: whether none of its drops failed, and the first error."""
        first: Fault | None = None
        clear = True
        for child in list(self.state.children(id_)):
            child_clear, fault = self._drain(child.id)
            clear = clear and child_clear
            first = first or fault
        item = self.state.items[id_]
        drop = self.program.resources[item.resource].spec.drop
        if not clear or item.children or drop is None:
            return clear, first
        for _ in range(min(len(self.program.resources[item.resource].spec.states), _MOST_DROPS)):
            item = self.state.items[id_]
            fault = self._drop(item, drop)
            first = first or fault
            there = self.state.items.get(id_)
            if fault is not None or there is None or there.state == item.state:
                return fault is None, first
        return True, first

    def has_work(self, item: Item) -> bool:
        """Would a drop of the instance call a hook, and lead elsewhere?"""
        drop = self.program.resources[item.resource].spec.drop
        if drop is None:
            return False
        self._chain(item.id, drop)
        if any(taken.outcome == "rejected" for taken in self.rows):
            return False
        return bool(self.calls) and self.state.items[item.id].state != item.state

    def _drop(self, item: Item, event: str) -> Fault | None:
        """One drop for all holders."""
        calls = len(self.calls)
        fault = self._chain(item.id, event)
        if fault is None:
            self._release_all(item.id)
        elif len(self.calls) == calls:
            self.state.items[item.id] = item  # S1, for each drop by itself
        self._end_if_final(item.id)
        return fault

    def _release_all(self, id_: int) -> None:
        for label, reservation in list(self.state.reservations.items()):
            for level, pinned in enumerate(reservation.path):
                if pinned == id_:
                    self.state.unpin(label, level)
        self.state.items[id_] = self.state.items[id_]._replace(anonymous=0)

    def _end_empty_reservations(self) -> None:
        for label, reservation in list(self.state.reservations.items()):
            if not any(held and id_ in self.state.items for held, id_ in zip(reservation.held, reservation.path, strict=True)):
                self.state.end_reservation(label)


def _where(item: Item, event: str) -> dict[str, str]:
    return {"resource": item.resource, "state": item.state, "event": event}


def _differing(resource: ResourceProgram, item: Item, fields: Mapping[str, Value]) -> str:
    """The first field beside the key that the instance has otherwise."""
    return next(f.name for f in resource.rest
                if comparable(f, item.values[f.name]) != comparable(f, fields[f.name]))


def _comparables(resource: ResourceProgram, fields: Mapping[str, Value]) -> tuple[Hashable, Hashable]:
    """The key, and the other fields, in a form that is equal when they count as equal."""
    return (tuple(comparable(f, fields[f.name]) for f in resource.key),
            tuple(comparable(f, fields[f.name]) for f in resource.rest))


def _slot_parts(assigned: Assigned, sizes: tuple[int, ...], slot: int) -> dict[str, Value]:
    """The leaves of a slot, least significant last."""
    parts: dict[str, Value] = {}
    for leaf, size in zip(reversed(assigned.leaves), reversed(sizes), strict=True):
        slot, parts[leaf] = divmod(slot, size)
    return {leaf: parts[leaf] for leaf in assigned.leaves}
