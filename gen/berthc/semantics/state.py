"""What a manager tracks.

Everything in the dictionaries is immutable and replaced rather than changed, so a copy of a state
is a copy of a few small dictionaries. An operation works on a copy; dropping it is what S1 asks
for.
"""
from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from berthc.model import Assigned, AssignedKind
from berthc.semantics.values import Value


class Item(NamedTuple):
    """An instance. `values` has fields and leaves of assigned values; `key` and `rest` are its
    fields in comparable form."""

    id: int  # counts up, never used again: the order of creation
    resource: str
    parent: int | None  # id
    key: Hashable
    rest: Hashable
    values: Mapping[str, Value]
    slots: tuple[tuple[str, int], ...]  # per pool: its name, the slot taken
    state: str
    anonymous: int = 0  # anonymous references
    pins: int = 0  # reservations that hold it
    children: int = 0
    named_by: frozenset[str] = frozenset()  # values from hooks by which operations find it
    owners: tuple[str, ...] = ()  # with a store: of the anonymous references, in order of bytes

    @property
    def refs(self) -> int:
        return self.anonymous + self.pins

    def is_named_by(self, assigned: Assigned) -> bool:
        """May it be found by the value? By one from a hook, once that gave one that was free."""
        return assigned.kind is not AssignedKind.HOOK or assigned.name in self.named_by


@dataclass(frozen=True, slots=True)
class Reservation:
    """Ids of the instances it was given, root first, and which of them it still holds.

    With a store it has an owner. `releasing`: only an operation that ends it may use it.
    """

    path: tuple[int, ...]
    held: tuple[bool, ...]
    owner: str = ""
    releasing: bool = False


class State:
    """All that can change. The numbers at the end only ever grow."""

    __slots__ = ("items", "index", "ended", "reservations", "counters", "hook_calls", "hook_news",
                 "raised", "next_id", "next_reservation", "next_uuid")

    def __init__(self) -> None:
        self.items: dict[int, Item] = {}  # in order of creation
        self.index: dict[tuple[str, int | None, Hashable], int] = {}  # resource, parent, key
        # as they were at the end; only those that a reservation was given
        self.ended: dict[int, Item] = {}
        self.reservations: dict[str, Reservation] = {}  # in the order given out
        # resource, assigned value: numbers handed out
        self.counters: dict[tuple[str, str], int] = {}
        self.hook_calls: dict[str, int] = {}  # of hooks with out-values, since the manager was made
        self.hook_news: dict[str, Mapping[str, Value]] = {}  # what each last wrote that was new
        # roots that wait for recover: the instance there, and the event raised at it, if any
        self.raised: Mapping[int, tuple[int, str | None]] = {}  # replaced, never changed in place
        self.next_id = 1
        self.next_reservation = 1
        self.next_uuid = 1

    def copy(self) -> State:
        other = State.__new__(State)
        other.items = self.items.copy()
        other.index = self.index.copy()
        other.ended = self.ended.copy()
        other.reservations = self.reservations.copy()
        other.counters = self.counters.copy()
        other.hook_calls = self.hook_calls.copy()
        other.hook_news = self.hook_news.copy()
        other.raised = self.raised
        other.next_id = self.next_id
        other.next_reservation = self.next_reservation
        other.next_uuid = self.next_uuid
        return other

    def renumbered(self, ids: Mapping[int, int], labels: Mapping[str, str],
                   next_reservation: int) -> State:
        """The same with other numbers of instances and other names of reservations, which every
        instance and reservation must have.

        Instances keep their order, reservations get that of their names.
        """
        other = self.copy()
        other.items = {
            ids[i]: item._replace(
                id=ids[i], parent=None if item.parent is None else ids[item.parent]
            )
            for i, item in self.items.items()
        }
        other.index = {(name, None if parent is None else ids[parent], key): ids[i]
                       for (name, parent, key), i in self.index.items()}
        other.ended = {ids[i]: item._replace(id=ids[i], parent=None)
                       for i, item in self.ended.items()}
        held = {labels[label]: Reservation(tuple(ids[i] for i in r.path), r.held, r.owner,
                                           r.releasing)
                for label, r in self.reservations.items()}
        other.reservations = {label: held[label] for label in sorted(held)}
        other.raised = {ids[root]: (ids[i], event)
                        for root, (i, event) in self.raised.items()}
        other.next_id = max(other.items, default=0) + 1
        other.next_reservation = next_reservation
        return other

    def content(self) -> Hashable:
        """Equal for states in which operations do the same and give the same."""
        return (
            tuple(_content(item) for item in self.items.values()),
            tuple(_content(self.ended[i]) for i in sorted(self.ended)),
            tuple((label, r.path, r.held, r.owner, r.releasing)
                  for label, r in self.reservations.items()),
            tuple(sorted(self.counters.items())),
            tuple(sorted(self.hook_calls.items())),
            tuple((h, tuple(values.values())) for h, values in sorted(self.hook_news.items())),
            tuple(self.raised.items()),
            self.next_id,
            self.next_reservation,
            self.next_uuid,
        )

    def forget(self) -> None:
        """Discard: nothing is tracked or reserved any more; counters go on where they were."""
        self.items.clear()
        self.index.clear()
        self.ended.clear()
        self.reservations.clear()
        self.raised = {}

    def forget_root(self, root: Item) -> None:
        """The same for one root, with all that is below it and the reservations that began with
        it."""
        for label in [label for label, r in self.reservations.items() if r.path[0] == root.id]:
            self.end_reservation(label)
        self.end(root)
        self.raised = {id_: raised for id_, raised in self.raised.items() if id_ != root.id}

    def find(self, resource: str, parent: int | None, key: Hashable) -> Item | None:
        found = self.index.get((resource, parent, key))
        return None if found is None else self.items[found]

    def find_by(self, resource: str, assigned: Assigned,
                wanted: Mapping[str, Value]) -> Item | None:
        """The instance that an assigned value names, given by its leaves."""
        return next((item for item in self.items.values() if item.resource == resource
                     and item.is_named_by(assigned)
                     and all(item.values[leaf] == value for leaf, value in wanted.items())), None)

    def add(self, item: Item) -> None:
        self.items[item.id] = item
        self.index[item.resource, item.parent, item.key] = item.id
        if item.parent is not None:
            self._count_child(item.parent, 1)

    def end(self, item: Item) -> list[Item]:
        """S8: the instance leaves, and with it all that is below it; returns these, as they were.

        Their slots are free because slots are counted from what is tracked.
        """
        gone = [item]
        for above in gone:
            gone.extend(self.children(above.id))
        for each in gone:
            del self.items[each.id]
            del self.index[each.resource, each.parent, each.key]
            if any(each.id in reservation.path for reservation in self.reservations.values()):
                self.ended[each.id] = each
        if item.parent is not None:
            self._count_child(item.parent, -1)
        return gone

    def end_reservation(self, label: str) -> None:
        """The reservation goes, and the holds that it still has."""
        for level in range(len(self.reservations[label].path)):
            self.unpin(label, level)
        del self.reservations[label]
        self.ended = {id_: item for id_, item in self.ended.items()
                      if any(id_ in other.path for other in self.reservations.values())}

    def _count_child(self, parent: int, change: int) -> None:
        above = self.items[parent]
        self.items[parent] = above._replace(children=above.children + change)

    def children(self, parent: int | None) -> Iterator[Item]:
        """Instances below one (None: the roots), in order of creation."""
        return (item for item in self.items.values() if item.parent == parent)

    def release(self, label: str) -> None:
        """S5: from now on only an operation that ends the reservation may use it."""
        held = self.reservations[label]
        self.reservations[label] = Reservation(held.path, held.held, held.owner, True)

    def holds_nothing(self, label: str) -> bool:
        """Has the reservation no hold on an instance any more?"""
        reservation = self.reservations[label]
        return not any(held and id_ in self.items
                       for held, id_ in zip(reservation.held, reservation.path, strict=True))

    def path(self, item: Item) -> list[Item]:
        """The instance and those above it, root first."""
        up = [item]
        while (parent := up[-1].parent) is not None:
            up.append(self.items[parent])
        return up[::-1]

    def unpin(self, reservation: str, level: int) -> None:
        """One hold of a reservation goes."""
        held = self.reservations[reservation]
        self.reservations[reservation] = Reservation(
            held.path, held.held[:level] + (False,) + held.held[level + 1 :], held.owner,
            held.releasing,
        )
        item = self.items.get(held.path[level])
        if held.held[level] and item is not None:
            self.items[item.id] = item._replace(pins=item.pins - 1)


def _content(item: Item) -> Hashable:
    """Of an instance; its other fields are among the values."""
    return (item.id, item.resource, item.parent, item.key, item.state, item.anonymous, item.pins,
            item.children, item.slots, item.named_by, item.owners, tuple(item.values.values()))
