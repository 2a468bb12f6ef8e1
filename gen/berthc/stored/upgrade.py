"""What the rows of a store become in a manager of another version of the spec, or why it refuses
them. The same as runtime/src/core/stored/upgrade.c, in Python."""
from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum

from berthc.diff.loadable import Bar
from berthc.model import AssignedKind, Field, Manager, Naming, Resource, Type, earlier_names
from berthc.semantics.values import Value, default, is_valid
from berthc.stored.reading import Row, Stored
from berthc.stored.tables import NIL, OWN, ZERO, Cell, Column, columns, is_named

FORMAT = 1  # BERTH_STORE_FORMAT


class Flaw(Enum):
    """Why rows are refused that no manager writes: somebody has changed them. The value is the
    reason that the runtime gives."""

    FORMAT = "the store has another format"
    ORDER = "the ids of instances are not in order"
    STATE = "an instance has a state that there is not"
    FINAL = "an instance is in a final state and has not ended"
    NAMES = "an instance has names that are no values"
    SAME_ID = "two instances have the same id"
    RESERVATION = "a reservation is not valid"
    SAME_RESERVATION = "two reservations have the same id"
    REFERENCE = "a reference is not valid"
    INTENT = "an intent is about no instance"
    COUNTER = "a counter has no value"


@dataclass(frozen=True)
class Refusal:
    """`row` names a row as errors do: "row 12: suspect"."""

    bar: Bar | Flaw
    resource: str = ""
    row: str = ""
    name: str = ""  # of a field, an option or a hook
    note: str = ""  # what the runtime does not tell

    def __str__(self) -> str:
        where = " ".join(part for part in (self.resource, self.row) if part)
        about = f" {self.name}" * bool(self.name) + f" ({self.note})" * bool(self.note)
        return f"{where}{': ' if where else ''}{self.bar.value}{about}"


class Refused(Exception):
    def __init__(self, bar: Bar | Flaw, resource: str = "", row: str = "", name: str = "",
                 note: str = "") -> None:
        self.refusal = Refusal(bar, resource, row, name, note)
        super().__init__(str(self.refusal))


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


class Upgrade:
    """How the rows of a store are those of a manager of another version of the spec."""

    def __init__(self, stored: Stored, manager: Manager) -> None:
        self.stored, self.manager = stored, manager
        self.names = Names(manager)
        self.sources: dict[str, str] = {}  # stored tables by today's
        for name in (*(r.name for r in manager.resources), *OWN):
            source = self.names.find(Naming.RESOURCE, name, stored.tables)
            if source is not None:
                self.sources[name] = source

    # The header

    def options(self) -> dict[str, Value]:
        """The stored ones, where they exist."""
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

    def without(self) -> Collection[str]:
        """The hooks that were lacking, as far as they may lack now."""
        absent = self._hooks("absent")
        return [hook for names in self.manager.left_out if absent.issuperset(names)
                for hook in names]

    def _hooks(self, which: str) -> set[str]:
        found = str(self.stored.header[which]).split()
        return {self.names.today(Naming.HOOK, was) for was in found}

    def check_manager(self) -> None:
        named = str(self.stored.header["manager"])
        if self.names.today(Naming.MANAGER, named) != self.manager.name:
            raise Refused(Bar.MANAGER)
        if self.stored.header["format"] != FORMAT:
            raise Refused(Flaw.FORMAT, note=f"{self.stored.header['format']}")

    def check_opening(self, options: Mapping[str, Value], without: Collection[str]) -> None:
        words = option_words(str(self.stored.header["options"]))
        for option in self.manager.options:
            was = self.names.find(Naming.OPTION, option.name, words)
            if was is None:
                continue
            now = option_word(options[option.name])
            then = words[was]
            if option.type is Type.STRING:
                if not then.startswith('"'):
                    raise Refused(Bar.OPTION, name=option.name)  # it was of another type
                then = unquoted(then)
            if now not in (then, self.names.today(Naming.OPTION_VALUE, then, of=option.name)):
                raise Refused(Bar.OPTION, name=option.name)
        absent, there = self._hooks("absent"), self._hooks("hooks")
        for hook in self.manager.hooks:
            if hook.name not in without and hook.name in absent:
                raise Refused(Bar.WITHOUT, name=hook.name)
            if hook.name in without and hook.name in there:
                raise Refused(Bar.WITH, name=hook.name)

    # Rows of resources

    def instance(self, resource: Resource, wanted: Collection[Column], row: Row) -> Row:
        """A row with the columns of today."""
        own, where = resource.name, where_of(resource.name, row)
        types = self.stored.types[self.sources[own]]
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
            named = [self.names.today(Naming.COLUMN, one, own) for one in texts_of(made["_names"])]
            values = {v.name for v in resource.assigned if is_named(self.manager, resource, v)}
            made["_names"] = [one for one in named if one in values]

    def is_new(self, resource: str, column: str) -> bool:
        return self.names.find(Naming.COLUMN, column, self.stored.types[self.sources[resource]],
                               resource) is None

    # Rows of the runtime's own tables

    def own(self, table: str, row: Row, resource: str) -> Row | None:
        """`resource`: that of the row's instance. None: the row goes."""
        if table == "_reservations":
            return {**row, "_held": [self.names.today(Naming.RESOURCE, one)
                                     for one in texts_of(row["_held"])]}
        if table == "_intents":
            return {**row,
                    "_event": self.names.today(Naming.EVENT, str(row["_event"]), resource),
                    "_hook": self.names.today(Naming.HOOK, str(row["_hook"])),
                    "_state": self.names.today(Naming.STATE, str(row["_state"]), resource)}
        return self._counter(row) if table == "_counters" else row

    def _counter(self, row: Row) -> Row | None:
        table, _, name = str(row["_name"]).partition(".")
        for resource in self.manager.resources:
            today = self.names.today(Naming.COLUMN, name, resource.name)
            if self.sources.get(resource.name) == table and any(
                    a.kind is AssignedKind.COUNTER and a.name == today
                    for a in resource.assigned) and name == self.names.find(
                        Naming.COLUMN, today, self.stored.types[table], resource.name):
                return {**row, "_name": f"{resource.name}.{today}"}
        return None


def where_of(table: str, row: Row) -> str:
    """A row, as errors name it."""
    if table not in OWN:
        return f"row {row['_id']}"
    cells = [str(cell) for cell in list(row.values())[:OWN[table]]]
    return f"{table} {' '.join(cells)}"


def texts_of(cell: object) -> list[str]:
    return [str(one) for one in cell] if isinstance(cell, list) else []


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
