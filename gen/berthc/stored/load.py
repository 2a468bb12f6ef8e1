"""What a manager loads from a store, or why it refuses the rows. The same as
runtime/src/core/stored/load.c, in Python."""
from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from contextlib import contextmanager

from berthc.diff.loadable import Bar
from berthc.lower.identity import spec_hash
from berthc.model import Assigned, AssignedKind, Field, Manager, Ref, Resource, Type
from berthc.model import Row as TableRow
from berthc.semantics import BrokenTable
from berthc.semantics.program import Lookup, Program, compile_guard
from berthc.semantics.values import Value, comparable, default, is_valid
from berthc.stored.reading import Row, Stored
from berthc.stored.tables import NIL, OWN, Column, columns, is_named
from berthc.stored.upgrade import Flaw, Refusal, Refused, Upgrade, option_word, texts_of, where_of

OWNER_MAX = 255

Rows = dict[str, list[Row]]


def is_same_spec(stored: Stored, manager: Manager) -> bool:
    found = re.match("[0-9a-fA-F]+", str(stored.header["hash"]))
    return found is not None and int(found[0], 16) == spec_hash(manager)


def loaded(stored: Stored, manager: Manager, options: Mapping[str, Value] | None = None,
           without: Collection[str] | None = None) -> Rows:
    """The rows as the manager has them once it has opened the store. Raises Refused, for the
    reason that the opening gives.

    `options` and `without` (hooks) are those of the opening; None: the stored ones, where they
    exist.
    """
    load = _Load(stored, manager, options, without)
    if load.found:
        raise load.found[0]
    return load.tables


def refusals(stored: Stored, manager: Manager) -> list[Refusal]:
    """What the opening refuses, in its order: it tells the first. There is one for a row at most,
    and none that only follows from another."""
    return [one.refusal for one in _Load(stored, manager, None, None).found]


class _Load:
    def __init__(self, stored: Stored, manager: Manager, options: Mapping[str, Value] | None,
                 without: Collection[str] | None) -> None:
        self.stored, self.manager = stored, manager
        self.is_same = is_same_spec(stored, manager)
        self.upgrade = Upgrade(stored, manager)
        self.tables: Rows = {}
        self.made: dict[str, dict[object, Row]] = {r.name: {} for r in manager.resources}  # by id
        self.found: list[Refused] = []
        self.refused: set[object] = set()  # ids of instances. Nothing is said of what names them.
        with self._noting():
            self._load(options, without)

    @contextmanager
    def _noting(self, instance: object = None) -> Iterator[None]:
        """Notes why something is refused, and goes on behind it."""
        try:
            yield
        except Refused as refused:
            self.found.append(refused)
            if instance is not None:
                self.refused.add(instance)

    def _load(self, options: Mapping[str, Value] | None, without: Collection[str] | None) -> None:
        self.upgrade.check_manager()
        given = self.upgrade.options() if options is None else {
            o.name: options.get(o.name, default(o)) for o in self.manager.options}
        self.program = Program(self.manager, given,
                               self.upgrade.without() if without is None else without)
        self.upgrade.check_opening(given, self.program.without)
        self._check_tables()
        for resource in self.manager.resources:
            self._instances(resource)
        for name in OWN:
            self._own_rows(name)
        self._check_counters()
        self._link()
        for row in reversed(self.tables["_intents"]):
            with self._noting():
                self._settle(row)

    # Rows

    def _check_tables(self) -> None:
        for table, rows in self.stored.tables.items():
            if rows and table not in self.upgrade.sources.values():
                self.found.append(Refused(Bar.RESOURCE, row=f"row {rows[0]['_id']}: {table}"))

    def _rows(self, name: str) -> list[Row]:
        self.tables[name] = []
        return self.stored.rows(self.upgrade.sources.get(name, ""))

    def _instances(self, resource: Resource) -> None:
        wanted = columns(self.manager, resource)
        for row in self._rows(resource.name):
            if row.get("_parent") in self.refused:
                self.refused.add(row["_id"])
                continue
            with self._noting(row["_id"]):
                self._instance(resource, wanted, row)

    def _instance(self, resource: Resource, wanted: Collection[Column], row: Row) -> None:
        own, where = resource.name, where_of(resource.name, row)
        made = dict(row) if self.is_same else self.upgrade.instance(resource, wanted, row)
        if made["_id"] == 0:
            raise Refused(Flaw.ORDER, own, where)
        if resource.parent is not None:
            parent = self.made[resource.parent].get(made["_parent"])
            if parent is None or (parent["_ended"] and not made["_ended"]):
                raise Refused(Bar.PARENT, own, where, note=f"{made['_parent']} "
                              f"{'is not there' if parent is None else 'has ended'}")
        state = next((s for s in resource.states if s.name == made["_state"]), None)
        if state is None or (state.final and not made["_ended"]):
            raise Refused(Flaw.FINAL if state else Flaw.STATE, own, where,
                          note=str(made["_state"]))
        for field in resource.fields:
            if not _allows(field, made[field.name]):
                raise Refused(Bar.FIELD, own, where, field.name, _shown(made[field.name]))
        self.made[own][made["_id"]] = made
        for column in wanted:
            if column.value is None:
                continue
            if column.value.kind is AssignedKind.FORMAT and self.upgrade.is_new(own, column.name):
                made[column.name] = self._text(column.value, self._look(own, made))
            elif not _fits(column, made[column.name]):
                raise Refused(Bar.ASSIGNED, own, where, column.name, _shown(made[column.name]))
        named = {v.name for v in resource.assigned if is_named(self.manager, resource, v)}
        if strange := [one for one in texts_of(made.get("_names")) if one not in named]:
            raise Refused(Flaw.NAMES, own, where, note=strange[0])
        self.tables[own].append(made)

    def _own_rows(self, table: str) -> None:
        """Those of a table of the runtime's own."""
        for row in self._rows(table):
            if not self.refused.isdisjoint((row.get("_instance"), row.get("_root"))):
                continue
            resource, instance = self._find(row.get("_instance"))
            made = row if self.is_same else self.upgrade.own(table, row, resource)
            if made is not None:
                with self._noting():
                    _CHECKS[table](self, made, resource, instance, where_of(table, row))
                    self.tables[table].append(made)

    def _find(self, id_: object) -> tuple[str, Row]:
        """Nothing: it is not there."""
        return next(((name, rows[id_]) for name, rows in self.made.items() if id_ in rows),
                    ("", {}))

    def _reservation(self, row: Row, resource: str, instance: Row, where: str) -> None:
        wrong = _wrong(row, instance) or ("its id is zero" if row["_id"] == NIL else "")
        if wrong:
            raise Refused(Flaw.RESERVATION, row=where, note=wrong)
        if not any(o.gives and o.target == resource for o in self.manager.operations):
            raise Refused(Bar.RESERVED, row=where, note=resource)
        held = texts_of(row["_held"])
        if sum(one in held for one in self.manager.path(resource)) != len(held):
            raise Refused(Bar.PATH, row=where, note=", ".join(held))

    def _reference(self, row: Row, resource: str, instance: Row, where: str) -> None:
        if wrong := _wrong(row, instance, lives=True):
            raise Refused(Flaw.REFERENCE, row=where, note=wrong)
        if self.manager.resource(resource).drop is None:
            raise Refused(Bar.DROPPED, row=where, note=resource)

    def _intent(self, row: Row, resource: str, instance: Row, where: str) -> None:
        if wrong := _wrong(row, instance, lives=True):
            raise Refused(Flaw.INTENT, row=where, note=wrong)

    def _counter(self, row: Row, resource: str, instance: Row, where: str) -> None:
        if not any(row["_name"] in _counters(r) for r in self.manager.resources):
            raise Refused(Flaw.COUNTER, row=where)

    # Texts that were not stored

    def _look(self, own: str, row: Row) -> Lookup:
        above = {"field": row, own: row, **dict(self._above(own, row))}

        def look(scope: str, name: str) -> Value:
            value = above[scope][name]
            assert isinstance(value, (bool, int, str))
            return value

        return look

    def _above(self, own: str, row: Row) -> Iterator[tuple[str, Row]]:
        """From the parent to the root."""
        while (parent := self.manager.resource(own).parent) is not None:
            own, row = parent, self.made[parent][row["_parent"]]
            yield own, row

    def _text(self, value: Assigned, look: Lookup) -> str:
        """A format, as C writes it."""
        options = self.program.options

        def written(part: str | Ref) -> str:
            if isinstance(part, str):
                return part
            found = options[part.name] if part.scope == "option" else look(part.scope, part.name)
            return option_word(found)

        for text in value.texts:
            test = True if text.guard is None else compile_guard(text.guard, options)
            if test if isinstance(test, bool) else test(look):
                return "".join(map(written, text.parts))
        raise BrokenTable(f"no text of {value.name} applies")

    # All together

    def _check_counters(self) -> None:
        have = {row["_name"] for row in self.tables["_counters"]}
        for resource in self.manager.resources:
            lost = [name for name in _counters(resource) if name not in have]
            if self.tables[resource.name] and lost:
                self.found.append(Refused(Bar.COUNTER, resource.name, note=lost[0]))

    def _link(self) -> None:
        """In order of creation: keys, slots and names belong to one instance each."""
        taken: dict[Hashable, str] = {}
        for id_, at in sorted((int(str(id_)), at) for at, rows in enumerate(self.made.values())
                              for id_ in rows if id_ not in self.refused):
            resource = self.manager.resources[at]
            with self._noting():
                self._link_one(taken, resource, self.made[resource.name][id_])
        for row in sorted(self.tables["_reservations"], key=lambda row: int(str(row["_number"]))):
            with self._noting():
                _take(taken, row["_id"], Flaw.SAME_RESERVATION, "",
                      where_of("_reservations", row))

    def _link_one(self, taken: dict[Hashable, str], resource: Resource, row: Row) -> None:
        name, where = resource.name, where_of(resource.name, row)

        def take(bar: Bar | Flaw, *what: Hashable) -> None:
            _take(taken, (bar, name, *what), bar, name, where)

        _take(taken, row["_id"], Flaw.SAME_ID, name, where)
        if row["_ended"]:
            return
        take(Bar.KEY, row.get("_parent"), *(
            comparable(resource.field(f), _value(row[f])) for f in resource.key))
        for value in resource.assigned:
            if value.kind is not AssignedKind.POOL:
                continue
            sizes = self.program.resources[name].pools[value.name]
            slot = [int(str(row[leaf])) for leaf in value.leaves]
            if any(part >= size for part, size in zip(slot, sizes, strict=True)):
                raise Refused(Bar.OUTSIDE, name, where,
                              note=f"{value.name} {', '.join(map(str, slot))}")
            take(Bar.SLOT, value.name, *slot)
        for named in dict.fromkeys(texts_of(row.get("_names"))):
            if row[named] in (0, "", NIL):
                raise Refused(Bar.NAME, name, where, note=f"{named} is zero")
            take(Bar.NAME, named, str(row[named]))

    def _settle(self, row: Row) -> None:
        name, instance = self._find(row["_instance"])
        *_, (_, root) = [(name, instance), *self._above(name, instance)]
        try:
            found: TableRow | None = self.program.resources[name].row(
                str(instance["_state"]), str(row["_event"]), self._look(name, instance))
        except BrokenTable:
            found = None
        if found is None or found.hook != row["_hook"] or root["_id"] != row["_root"]:
            raise Refused(Bar.INTENT, name, where_of(name, instance), str(row["_hook"]),
                          f"in {instance['_state']}, at {row['_event']}, of root {row['_root']}")


_CHECKS: Mapping[str, Callable[[_Load, Row, str, Row, str], None]] = {
    "_reservations": _Load._reservation, "_references": _Load._reference,
    "_intents": _Load._intent, "_counters": _Load._counter}


def _take(taken: dict[Hashable, str], what: Hashable, bar: Bar | Flaw, name: str,
          where: str) -> None:
    if what in taken:
        raise Refused(bar, name, where, note=f"the other is {taken[what]}")
    taken[what] = f"{name} {where}".strip()


def _counters(resource: Resource) -> list[str]:
    return [f"{resource.name}.{a.name}" for a in resource.assigned
            if a.kind is AssignedKind.COUNTER]


def _wrong(row: Row, instance: Row, lives: bool = False) -> str:
    """What is wrong with the instance or the owner that a row names, if anything is."""
    if not instance:
        return f"instance {row['_instance']} is not there"
    if lives and instance["_ended"]:
        return f"instance {row['_instance']} has ended"
    length = len(str(row.get("_owner", "?")).encode("utf-8", "surrogateescape"))
    return "" if 0 < length <= OWNER_MAX else f"its owner has {length} bytes"


def _value(cell: object) -> Value:
    if isinstance(cell, list):
        return tuple(str(one) for one in cell)
    assert isinstance(cell, (bool, int, str))
    return cell


def _allows(field: Field, cell: object) -> bool:
    if isinstance(cell, bool) or field.type is Type.BOOL:
        return True
    if field.type is Type.UUID:
        return not (field.required and cell == NIL)
    return is_valid(field, _value(cell))


def _shown(cell: object) -> str:
    text = repr(cell)
    return text if len(text) <= 100 else f"{text[:100]}…"


def _fits(column: Column, cell: object) -> bool:
    if column.type is not None and column.type.bits and isinstance(cell, int):
        low, high = column.type.limits
        return low <= cell <= high
    if column.size is not None and isinstance(cell, str):
        return len(cell.encode("utf-8", "surrogateescape")) <= column.size
    return True
