"""Making an instance: its key, counters, UUIDs, texts and slots."""
from __future__ import annotations

from collections.abc import Hashable, Mapping

from berthc.model import Assigned, AssignedKind, Type
from berthc.semantics.program import ResourceProgram, leaf_zeros
from berthc.semantics.result import Refused
from berthc.semantics.rows import Rows
from berthc.semantics.state import Item
from berthc.semantics.values import Value, comparable

_COUNTER_VALUES = 1 << 64


class Making(Rows):
    """Makes instances, with their assigned values."""

    __slots__ = ()

    def _make(self, resource: ResourceProgram, fields: Mapping[str, Value], parent: int | None,
              state: str, named: tuple[str, int] | None) -> Item:
        values = dict(fields)
        slots: list[tuple[str, int]] = []
        for assigned in resource.spec.assigned:
            if assigned.kind is AssignedKind.POOL:
                slot = (named[1] if named is not None and named[0] == assigned.name
                        else self._lowest_slot(resource, assigned.name))
                slots.append((assigned.name, slot))
                values.update(slot_parts(assigned, resource.pools[assigned.name], slot))
            elif assigned.kind is AssignedKind.COUNTER:
                values[assigned.name] = self._count(resource, assigned)
            elif assigned.kind is AssignedKind.UUID:
                values[assigned.name] = self._new_uuid()
            elif assigned.kind is AssignedKind.FORMAT:
                values[assigned.name] = self.program.render(
                    resource.name, assigned, self._look(resource.name, values, parent)
                )
            else:
                values.update(leaf_zeros(assigned))
        key, rest = comparables(resource, fields)
        item = Item(self.state.next_id, resource.name, parent, key, rest, values, tuple(slots),
                    state)
        self.state.next_id += 1
        self.state.add(item)
        return item

    def _count(self, resource: ResourceProgram, assigned: Assigned) -> Value:
        done = self.state.counters.get((resource.name, assigned.name), 0)
        self.state.counters[resource.name, assigned.name] = done + 1
        number = (assigned.start + done) % _COUNTER_VALUES
        return str(number) if assigned.type is Type.STRING else number

    def _taken_slots(self, resource: ResourceProgram, pool: str) -> set[int]:
        return {slot for item in self.state.items.values() if item.resource == resource.name
                for name, slot in item.slots if name == pool}

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
        assigned = resource.spec.value(pool)
        unknown = set(parts) - set(assigned.leaves)
        if unknown:
            raise ValueError(f"{pool} has no part {min(unknown)}")
        slot = 0
        for leaf, size in zip(assigned.leaves, resource.pools[pool], strict=True):
            if not 0 <= parts.get(leaf, 0) < size:
                return None
            slot = slot * size + parts.get(leaf, 0)
        return slot


def comparables(
    resource: ResourceProgram, fields: Mapping[str, Value]) -> tuple[Hashable, Hashable]:
    """The key, and the other fields, in a form that is equal when they count as equal."""
    return (tuple(comparable(f, fields[f.name]) for f in resource.key),
            tuple(comparable(f, fields[f.name]) for f in resource.rest))


def slot_parts(assigned: Assigned, sizes: tuple[int, ...], slot: int) -> dict[str, Value]:
    """The leaves of a slot, least significant last."""
    parts: dict[str, Value] = {}
    for leaf, size in zip(reversed(assigned.leaves), reversed(sizes), strict=True):
        slot, parts[leaf] = divmod(slot, size)
    return {leaf: parts[leaf] for leaf in assigned.leaves}
