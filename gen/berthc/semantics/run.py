"""One operation on a draft of the state: arguments, policy, resolving the path, steps, results.

Methods raise `Refused` to end the operation. They change only the draft, the calls and the rows;
whether the draft becomes the state is for the caller to say (S1), who looks at `calls`.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from berthc.model import Field, Form, Operation, Step
from berthc.semantics.making import Making, comparables
from berthc.semantics.program import BrokenTable, ResourceProgram, leaf_zeros
from berthc.semantics.result import Refused, Taken
from berthc.semantics.state import Item, Reservation
from berthc.semantics.values import Value, comparable, is_of_type, is_valid

Config = Mapping[str, Mapping[str, Value]]
By = Value | Mapping[str, int]


@dataclass(frozen=True)
class Arguments:
    """What the caller gave, in the API's words. A resource or part that is left out counts as empty
    or 0."""

    config: Config = field(default_factory=dict)
    reservation: str | None = None
    by: By | None = None
    at: Mapping[str, int] | None = None
    owner: str = ""  # with a store
    id: str | None = None  # of the reservation that is given; None: any


_LONGEST_OWNER = 255  # bytes


class Run(Making):
    """One operation, while it runs."""

    __slots__ = ()

    def discard(self, name: str, given: Mapping[str, Value]) -> None:
        """Forgets the root that the key fields name; raises Refused."""
        resource = self.program.resources[name]
        if resource.spec.parent is not None:
            raise ValueError(f"{name} is no root")
        fields = self._filled(name, given)
        for spec in resource.key_in_order:
            if not is_valid(spec, fields[spec.name]):
                raise Refused("EINVAL", resource=name, field=spec.name)
        root = self._find_keys((name,), {name: fields})[0]
        self.state.forget_root(self.state.items[root])

    # An operation, in order

    def operation(self, op: Operation, given: Arguments) -> dict[str, Value]:
        """Runs it and gives its results; raises Refused."""
        if op.name in self.program.owned:
            self._check_owner(op, given.owner)
        config = self._fields(op, given.config)
        self._check_arguments(op, config, given)
        self._check_policy(op, config)
        path, label = self._resolve(op, config, given)
        if path is None:
            return {ref.name: self._leaf_zero(ref.scope, ref.name) for ref in op.returns}
        if op.ends:
            self.ending = label
        for step in op.steps:
            self._step(op, path, step, label if op.form is Form.WITH else None)
        if op.ends:
            assert label is not None
            returns = self._results(op, path)
            self.state.end_reservation(label)
            return returns
        return (({"reservation": label} if op.gives and label is not None else {})
                | self._results(op, path))

    # 1 Arguments

    def _check_owner(self, op: Operation, owner: str) -> None:
        if not 0 < len(owner.encode("utf-8", "surrogatepass")) <= _LONGEST_OWNER:
            raise Refused("EINVAL")
        if not op.gives:
            self.owner = owner

    def _fields(self, op: Operation, config: Config) -> dict[str, dict[str, Value]]:
        """Every level's fields, defaults filled in. Raises ValueError for what is no mistake of a
        caller in C, who could not write it."""
        takes_fields = (op.form in (Form.OBTAIN, Form.CREATE)
                        or (op.form is Form.FIND and op.by is None))
        for name in config:
            if not takes_fields or name not in op.path:
                raise ValueError(f"{op.name} takes no {name}")
        full: dict[str, dict[str, Value]] = {}
        for name in op.path if takes_fields else ():
            full[name] = self._filled(name, config.get(name, {}))
        return full

    def _filled(self, name: str, given: Mapping[str, Value]) -> dict[str, Value]:
        """One level's fields."""
        resource = self.program.resources[name]
        fields = dict(resource.defaults)
        for key, value in given.items():
            if key not in fields:
                raise ValueError(f"{name} has no field {key}")
            if not is_of_type(resource.spec.field(key), value):
                raise ValueError(f"{name}.{key} cannot be {value!r}")
            fields[key] = value
        return fields

    def _check_arguments(self, op: Operation, config: Config, given: Arguments) -> None:
        for name, wanted in (("reservation", op.form is Form.WITH), ("by", op.by is not None),
                             ("at", op.at is not None)):
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

    # 3 Resolving the path

    def _resolve(self, op: Operation, config: Config,
                 given: Arguments) -> tuple[tuple[int, ...] | None, str | None]:
        """Ids of the path, root first (None: nothing there and that is fine), and the label of the
        reservation if one is concerned."""
        if op.form is Form.WITH:
            assert given.reservation is not None
            return self._with(op, given.reservation), given.reservation
        if op.form is Form.OBTAIN:
            if given.id in self.state.reservations:
                raise Refused("EEXIST")
            path = self._obtain(op, config)
            self._check_holders(op, path)
            return path, self._give(path, given) if op.gives else None
        if op.form is Form.CREATE:
            path = self._create(op, config, given.at)
            self._check_holders(op, path)
            return path, None
        try:
            found = (self._find_keys(op.path, config) if op.by is None
                     else self._find_by(op, given.by))
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
        if not op.ends and (reservation.releasing or not all(reservation.held)):
            raise Refused("ECANCELED")
        return reservation.path

    def _obtain(self, op: Operation, config: Config) -> tuple[int, ...]:
        path: list[int] = []
        for name in op.path:
            resource = self.program.resources[name]
            parent = path[-1] if path else None
            key, rest = comparables(resource, config[name])
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

    def _give(self, path: tuple[int, ...], given: Arguments) -> str:
        label = given.id
        if label is None:
            label = f"r{self.state.next_reservation}"
            self.state.next_reservation += 1
        self.state.reservations[label] = Reservation(path, (True,) * len(path), given.owner)
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
            takes = sum(step.resource == name and step.event == take for step in op.steps)
            if self.owner is not None:
                takes = min(takes, 1 - self._own(item, None))
            if holders + takes > self.program.max_holders:
                raise Refused("EOVERFLOW", resource=name)

    def _find_keys(self, names: tuple[str, ...], config: Config) -> tuple[int, ...]:
        path: list[int] = []
        for name in names:
            key, _ = comparables(self.program.resources[name], config[name])
            item = self.state.find(name, path[-1] if path else None, key)
            if item is None:
                raise Refused("ENOENT", resource=name)
            path.append(item.id)
        return tuple(path)

    def _find_by(self, op: Operation, by: By | None) -> tuple[int, ...]:
        assigned = next(a for a in self.program.resources[op.target].spec.assigned
                        if a.name == op.by)
        assert by is not None
        wanted: dict[str, Value] = {leaf: by.get(leaf, 0) if isinstance(by, Mapping) else by
                                    for leaf in assigned.leaves}
        item = self.state.find_by(op.target, assigned, wanted)
        if item is None:
            raise Refused("ENOENT", resource=op.target)
        return tuple(up.id for up in self.state.path(item))

    def _create(
        self, op: Operation, config: Config, at: Mapping[str, int] | None) -> tuple[int, ...]:
        above = self._find_keys(op.path[:-1], config)
        resource = self.program.resources[op.target]
        parent = above[-1] if above else None
        key, _ = comparables(resource, config[op.target])
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

    # 4 Steps

    def _step(self, op: Operation, path: tuple[int, ...], step: Step, label: str | None) -> None:
        level = op.path.index(step.resource)
        item = self.state.items.get(path[level])
        if item is None or (label is not None and not self.state.reservations[label].held[level]):
            return
        resource = self.program.resources[step.resource]
        drops = step.event == resource.spec.drop
        if drops and item.refs + item.children > self._own(item, label):
            self.rows.append(Taken(item.resource, None, "released", item.state, step.event))
            self._let_go(item.id, label, level)
            return
        fault = self._chain(item.id, step.event)
        if fault is None and drops:
            self._let_go(item.id, label, level)
        elif fault is None and step.event == resource.spec.take and label is None:
            self._take(self.state.items[item.id])
        self._end_if_final(item.id)
        if fault is not None:
            raise Refused(fault.error, **fault.where)

    def _take(self, item: Item) -> None:
        """One anonymous reference more. An owner has at most one."""
        owners = item.owners
        if self.owner is not None:
            if self.owner in owners:
                return
            owners = tuple(sorted((*owners, self.owner)))
        self.state.items[item.id] = item._replace(anonymous=item.anonymous + 1, owners=owners)

    # 5 Results

    def _results(self, op: Operation, path: tuple[int, ...]) -> dict[str, Value]:
        """Read at the end of the operation; an instance that has ended has the values it had
        then."""
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


def _differing(resource: ResourceProgram, item: Item, fields: Mapping[str, Value]) -> str:
    """The first field beside the key that the instance has otherwise."""
    return next(f.name for f in resource.rest
                if comparable(f, item.values[f.name]) != comparable(f, fields[f.name]))
