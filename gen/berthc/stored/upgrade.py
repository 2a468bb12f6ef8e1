"""What the rows of a store become in a manager of another version of the spec, or why it refuses
them. The same as runtime/src/core/stored/upgrade.c and load.c, in Python."""
from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass

from berthc.diff.loadable import Bar
from berthc.lower.identity import spec_hash
from berthc.model import (
    Assigned, AssignedKind, Field, Manager, Naming, Ref, Resource, Type, earlier_names,
)
from berthc.model import Row as TableRow
from berthc.semantics import BrokenTable
from berthc.semantics.program import Lookup, Program, compile_guard
from berthc.semantics.values import Value, comparable, default, is_valid
from berthc.stored.reading import Row, Stored
from berthc.stored.tables import NIL, OWN, ZERO, Cell, Column, columns, is_named

OWNER_MAX = 255


@dataclass(frozen=True)
class Refusal:
    """`row` names a row as errors do: "row 12: suspect"."""

    bar: Bar
    resource: str = ""
    row: str = ""
    name: str = ""  # of a field, an option or a hook

    def __str__(self) -> str:
        where = " ".join(part for part in (self.resource, self.row) if part)
        return f"{where}{': ' if where else ''}{self.bar.value}{f' {self.name}' * bool(self.name)}"


class Refused(Exception):
    def __init__(self, bar: Bar, resource: str = "", row: str = "", name: str = "") -> None:
        self.refusal = Refusal(bar, resource, row, name)
        super().__init__(str(self.refusal))


Rows = dict[str, list[Row]]


def is_same_spec(stored: Stored, manager: Manager) -> bool:
    return stored.header["hash"] == f"{spec_hash(manager):016x}"


def upgraded(stored: Stored, manager: Manager, options: Mapping[str, Value] | None = None,
             without: Collection[str] | None = None) -> Rows:
    """The rows as the manager has them once it has opened the store. Raises Refused.

    `options` and `without` (hooks) are those of the opening; None: the stored ones, where they
    exist.
    """
    return _Upgrade(stored, manager, options, without).run()


class Names:
    """Today's names of what a store calls otherwise."""

    def __init__(self, manager: Manager) -> None:
        self._today = {(e.kind, e.owner, e.of, e.was): e.name for e in earlier_names(manager)}

    def today(self, kind: Naming, was: str, owner: str = "", of: str = "") -> str:
        return self._today.get((kind, owner, of, was)) or was

    def is_forgotten(self, was: str, owner: str) -> bool:
        return self._today.get((Naming.COLUMN, owner, "", was), "") is None

    def find(self, kind: Naming, name: str, known: Collection[str], owner: str = "") -> str | None:
        """What the store calls it; None: it has nothing such."""
        if name in known:
            return name
        return next((was for was in known
                     if self._today.get((kind, owner, "", was)) == name), None)


def option_words(line: str) -> dict[str, str]:
    """Options as a header has them: controllers=1 guest="a b"."""
    found, word, quoted, escaped = [], "", False, False
    for c in line:
        if c == " " and not quoted:
            found.append(word)
            word = ""
            continue
        word += c
        quoted = quoted != (c == '"' and not escaped)
        escaped = c == "\\" and quoted and not escaped
    return dict(one.split("=", 1) for one in [*found, word] if "=" in one)


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def unquoted(word: str) -> str:
    """A text as a header has it, without quotes and escapes."""
    def byte(match: re.Match[str]) -> str:
        code = match.group(1)
        if len(code) == 3:
            return bytes([int(code[1:], 16)]).decode("utf-8", "surrogateescape")
        return _ESCAPES.get(code, code)

    return re.sub(r"\\(x[0-9a-f]{2}|.)", byte, word[1:-1], flags=re.S)


def option_word(value: Value) -> str:
    """A value as a header has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


class _Upgrade:
    def __init__(self, stored: Stored, manager: Manager, options: Mapping[str, Value] | None,
                 without: Collection[str] | None) -> None:
        self.stored, self.manager = stored, manager
        self.names = Names(manager)
        self.program = Program(manager, self._options(options), self._without(without))
        self.tables: Rows = {}
        self.sources: dict[str, str] = {}  # stored tables by today's
        self.made: dict[object, tuple[str, Row]] = {}  # instances by id

    def run(self) -> Rows:
        named = str(self.stored.header["manager"])
        if self.names.today(Naming.MANAGER, named) != self.manager.name:
            raise Refused(Bar.MANAGER)
        self._check_header()
        wanted = [*(r.name for r in self.manager.resources), *OWN]
        for name in wanted:
            source = self.names.find(Naming.RESOURCE, name, self.stored.tables)
            if source is not None:
                self.sources[name] = source
        for table, rows in self.stored.tables.items():
            if rows and table not in self.sources.values():
                raise Refused(Bar.RESOURCE, row=f"row {rows[0]['_id']}: {table}")
        for name in wanted:
            self.tables[name] = []
            if name in self.sources:
                self._table(name)
        self._check_counters()
        self._link()
        for row in reversed(self.tables["_intents"]):
            self._settle(row)
        return self.tables

    # The header

    def _options(self, given: Mapping[str, Value] | None) -> dict[str, Value]:
        if given is not None:
            return {o.name: given.get(o.name, default(o)) for o in self.manager.options}
        words = option_words(str(self.stored.header["options"]))
        found: dict[str, Value] = {}
        for option in self.manager.options:
            was = self.names.find(Naming.OPTION, option.name, words)
            value: Value | None = default(option) if was is None else self._parsed(option,
                                                                                  words[was])
            if value is None:
                raise Refused(Bar.OPTION, name=option.name)
            found[option.name] = value if is_valid(option, value) else default(option)
        return found

    def _parsed(self, option: Field, word: str) -> Value | None:
        """None: it is of another type."""
        if option.type is Type.BOOL:
            return word == "true"
        if option.type.bits:
            return int(word) if re.fullmatch("-?[0-9]{1,20}", word) else None
        if option.type is Type.ENUM:
            return self.names.today(Naming.OPTION_VALUE, word, of=option.name)
        return unquoted(word) if word.startswith('"') else None

    def _without(self, given: Collection[str] | None) -> Collection[str]:
        if given is not None:
            return given
        absent = {self.names.today(Naming.HOOK, was)
                  for was in str(self.stored.header["absent"]).split()}
        sets = self.manager.left_out
        return [hook for names in sets if absent.issuperset(names) for hook in names]

    def _check_header(self) -> None:
        words = option_words(str(self.stored.header["options"]))
        for option in self.manager.options:
            was = self.names.find(Naming.OPTION, option.name, words)
            if was is None:
                continue
            now = option_word(self.program.options[option.name])
            then = words[was]
            if option.type is Type.STRING:
                if not then.startswith('"'):
                    raise Refused(Bar.OPTION, name=option.name)  # it was of another type
                then = unquoted(then)
            if now not in (then, self.names.today(Naming.OPTION_VALUE, then, of=option.name)):
                raise Refused(Bar.OPTION, name=option.name)
        absent, there = ({self.names.today(Naming.HOOK, was)
                          for was in str(self.stored.header[which]).split()}
                         for which in ("absent", "hooks"))
        for hook in self.manager.hooks:
            has = hook.name not in self.program.without
            if has and hook.name in absent:
                raise Refused(Bar.WITHOUT, name=hook.name)
            if not has and hook.name in there:
                raise Refused(Bar.WITH, name=hook.name)

    # Rows

    def _table(self, name: str) -> None:
        source = self.sources[name]
        types = self.stored.types[source]
        resource = self.manager.by_name.get(name)
        wanted = columns(self.manager, resource) if resource is not None else [
            Column(column, kind) for column, kind in types.items()]
        for row in self.stored.tables[source]:
            where = _where(name, row)
            if resource is not None:
                made = self._changed(resource, wanted, types, row, where)
                self._instance(resource, wanted, made, where)
            else:
                own = _OWN_ROWS[name](self, dict(row), where)
                if own is None:
                    continue
                made = own
            self.tables[name].append(made)

    def _changed(self, resource: Resource, wanted: Collection[Column], types: Mapping[str, Cell],
                 row: Row, where: str) -> Row:
        """A row of a resource with the columns of today."""
        own = resource.name
        sources = {c.name: self.names.find(Naming.COLUMN, c.name, types, own) for c in wanted}
        for was, value in row.items():
            if (was in sources.values() or was == "_names" or value == ZERO[types[was]]
                    or self.names.is_forgotten(was, own)):
                continue
            if was == "_parent":
                raise Refused(Bar.PARENT_GONE, own, where)
            raise Refused(Bar.LOST, own, f"{where}: {was}")
        made: Row = {}
        for column in wanted:
            source = sources[column.name]
            if source is None:
                made[column.name] = _filled(resource, column, where)
            elif _may_become(types[source], column.cell, row[source]):
                made[column.name] = row[source]
            else:
                raise Refused(Bar.TYPE, own, where, column.name)
        self._rename(resource, made, where)
        return made

    def _rename(self, resource: Resource, made: Row, where: str) -> None:
        own, was = resource.name, str(made["_state"])
        state = self.names.today(Naming.STATE, was, own)
        if state not in {s.name for s in resource.states}:
            raise Refused(Bar.STATE, own, f"{where}: {was}")
        if resource.state(state).final and not made["_ended"]:
            raise Refused(Bar.FINAL, own, f"{where}: {was}")
        made["_state"] = state
        for field in resource.fields:
            if field.type is Type.ENUM:
                made[field.name] = self.names.today(Naming.VALUE, str(made[field.name]), own,
                                                    field.name)
        if "_names" in made:
            named = [self.names.today(Naming.COLUMN, one, own) for one in _texts(made["_names"])]
            values = {v.name for v in resource.assigned if is_named(self.manager, resource, v)}
            made["_names"] = [one for one in named if one in values]

    def _instance(self, resource: Resource, wanted: Collection[Column], made: Row,
                  where: str) -> None:
        own = resource.name
        if resource.parent is not None:
            table, parent = self.made.get(made["_parent"], ("", {}))
            if table != resource.parent or (parent["_ended"] and not made["_ended"]):
                raise Refused(Bar.PARENT, own, where)
        for field in resource.fields:
            if not _allows(field, made[field.name]):
                raise Refused(Bar.FIELD, own, where, field.name)
        for column in wanted:
            if column.value is None:
                continue
            if column.value.kind is AssignedKind.FORMAT and self.names.find(
                    Naming.COLUMN, column.name, self.stored.types[self.sources[own]], own) is None:
                made[column.name] = self._text(column.value, self._look(own, made))
            elif not _fits(column, made[column.name]):
                raise Refused(Bar.ASSIGNED, own, where, column.name)
        self.made[made["_id"]] = own, made

    def _look(self, own: str, row: Row) -> Lookup:
        above = {"field": row, own: row}
        resource = self.manager.resource(own)
        while resource.parent is not None:
            row = self.made[row["_parent"]][1]
            above[resource.parent] = row
            resource = self.manager.resource(resource.parent)

        def look(scope: str, name: str) -> Value:
            value = above[scope][name]
            assert isinstance(value, (bool, int, str))
            return value

        return look

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

    # Rows of the runtime's own tables. None: the row goes.

    def reservation(self, row: Row, where: str) -> Row | None:
        resource = self.made.get(row["_instance"], ("", {}))[0]
        row["_held"] = [self.names.today(Naming.RESOURCE, one) for one in _texts(row["_held"])]
        if not any(o.gives and o.target == resource for o in self.manager.operations):
            raise Refused(Bar.RESERVED, row=where)
        path = self.manager.path(resource)
        if not set(path).issuperset(_texts(row["_held"])):
            raise Refused(Bar.PATH, row=where)
        return row

    def reference(self, row: Row, where: str) -> Row | None:
        resource = self.made[row["_instance"]][0]
        if self.manager.resource(resource).drop is None:
            raise Refused(Bar.DROPPED, row=where)
        return row

    def intent(self, row: Row, where: str) -> Row | None:
        resource = self.made[row["_instance"]][0]
        row["_event"] = self.names.today(Naming.EVENT, str(row["_event"]), resource)
        row["_hook"] = self.names.today(Naming.HOOK, str(row["_hook"]))
        row["_state"] = self.names.today(Naming.STATE, str(row["_state"]), resource)
        return row

    def counter(self, row: Row, where: str) -> Row | None:
        table, _, name = str(row["_name"]).partition(".")
        for resource in self.manager.resources:
            today = self.names.today(Naming.COLUMN, name, resource.name)
            if self.sources.get(resource.name) == table and any(
                    a.kind is AssignedKind.COUNTER and a.name == today
                    for a in resource.assigned) and name == self.names.find(
                        Naming.COLUMN, today, self.stored.types[table], resource.name):
                return {**row, "_name": f"{resource.name}.{today}"}
        return None

    # All together

    def _check_counters(self) -> None:
        have = {row["_name"] for row in self.tables["_counters"]}
        for resource in self.manager.resources:
            wanted = {f"{resource.name}.{a.name}" for a in resource.assigned
                      if a.kind is AssignedKind.COUNTER}
            if self.tables[resource.name] and not wanted <= have:
                raise Refused(Bar.COUNTER, resource.name)

    def _link(self) -> None:
        """Keys, slots and names belong to one instance each, in order of creation."""
        taken: set[Hashable] = set()
        for id_, (name, row) in sorted(self.made.items(), key=lambda one: int(str(one[0]))):
            if row["_ended"]:
                continue
            resource, where = self.manager.resource(name), f"row {id_}"
            self._take(taken, ("key", name, row.get("_parent"), *(
                comparable(resource.field(f), _value(row[f])) for f in resource.key)),
                Bar.KEY, name, where)
            for slot in self._slots(resource, row):
                if slot is None:
                    raise Refused(Bar.OUTSIDE, name, where)
                self._take(taken, slot, Bar.SLOT, name, where)
            for value in _texts(row.get("_names", [])):
                if row[value] in (0, "", NIL):
                    raise Refused(Bar.NAME, name, where)
                self._take(taken, ("name", name, value, str(row[value])), Bar.NAME, name, where)

    def _take(self, taken: set[Hashable], what: Hashable, bar: Bar, name: str, where: str) -> None:
        if what in taken:
            raise Refused(bar, name, where)
        taken.add(what)

    def _slots(self, resource: Resource, row: Row) -> Iterator[Hashable | None]:
        """None: there is no such slot."""
        for value in resource.assigned:
            if value.kind is not AssignedKind.POOL:
                continue
            sizes = self.program.resources[resource.name].pools[value.name]
            at = [int(str(row[leaf])) for leaf in value.leaves]
            inside = all(part < size for part, size in zip(at, sizes, strict=True))
            yield ("slot", resource.name, value.name, *at) if inside else None

    def _settle(self, row: Row) -> None:
        name, instance = self.made[row["_instance"]]
        try:
            found: TableRow | None = self.program.resources[name].row(
                str(instance["_state"]), str(row["_event"]), self._look(name, instance))
        except BrokenTable:
            found = None
        if found is None or found.hook != row["_hook"]:
            raise Refused(Bar.INTENT, name, f"row {row['_instance']}", str(row["_hook"]))


_OWN_ROWS: Mapping[str, Callable[[_Upgrade, Row, str], Row | None]] = {
    "_reservations": _Upgrade.reservation, "_references": _Upgrade.reference,
    "_intents": _Upgrade.intent, "_counters": _Upgrade.counter}


def _where(table: str, row: Row) -> str:
    if table not in OWN:
        return f"row {row['_id']}"
    cells = [str(cell) for cell in list(row.values())[:OWN[table]]]
    return f"{table} {' '.join(cells)}"


def _texts(cell: object) -> list[str]:
    return [str(one) for one in cell] if isinstance(cell, list) else []


def _value(cell: object) -> Value:
    if isinstance(cell, list):
        return tuple(str(one) for one in cell)
    assert isinstance(cell, (bool, int, str))
    return cell


def _filled(resource: Resource, column: Column, where: str) -> object:
    """What a column that the store does not have gets."""
    own = resource.name
    if column.name == "_parent":
        raise Refused(Bar.PARENT_NEW, own, where)
    if column.field is not None:
        if column.field.name in resource.key:
            raise Refused(Bar.KEY_NEW, own, where, column.name)
        if column.field.required:
            raise Refused(Bar.REQUIRED_NEW, own, where, column.name)
        value = default(column.field)
        if isinstance(value, tuple):
            return list(value)
        return NIL if column.cell is Cell.UUID else value
    if column.value is not None and column.value.kind not in (AssignedKind.HOOK,
                                                              AssignedKind.FORMAT):
        raise Refused(Bar.ASSIGNED_NEW, own, where, column.name)
    zero = ZERO[column.cell]
    return list(zero) if isinstance(zero, list) else zero


def _may_become(was: Cell, now: Cell, cell: object) -> bool:
    if was is now:
        return True
    numbers = (Cell.UNSIGNED, Cell.SIGNED)
    return was in numbers and now in numbers and isinstance(cell, int) and 0 <= cell < 1 << 63


def _allows(field: Field, cell: object) -> bool:
    if isinstance(cell, bool) or field.type is Type.BOOL:
        return True
    if field.type is Type.UUID:
        return not (field.required and cell == NIL)
    return is_valid(field, _value(cell))


def _fits(column: Column, cell: object) -> bool:
    if column.type is not None and column.type.bits and isinstance(cell, int):
        low, high = column.type.limits
        return low <= cell <= high
    if column.size is not None and isinstance(cell, str):
        return len(cell.encode("utf-8", "surrogateescape")) <= column.size
    return True
