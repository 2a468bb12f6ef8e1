"""Stores that somebody has edited: C takes or refuses them as the Python reading says, which
`berthc store` tells. With the same spec nobody else looks at the rows.

BERTH_EDITS makes so many edits of each spec instead, and BERTH_SEED begins elsewhere.
"""
from __future__ import annotations

import os
import random
import sqlite3
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stores import (
    ROOT, Kept, Request, Verdict, copied, difference, keeper, opened, options_of, plays, run,
    stored, verdict,
)
from test_upgrade import SPECS

from berthc.model import Manager
from berthc.stored.checks import problems
from berthc.stored.load import refusals
from berthc.stored.reading import StoreError, read_store
from berthc.stored.tables import OWN

SHORT, LONG, EACH = 40, 300, 10
SEED = int(os.environ.get("BERTH_SEED", "41"))


def edit(file: Path, sql: str) -> None:
    """As a person does it: the sums of what is changed are NULL."""
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        connection.executescript(f"BEGIN; {sql}; COMMIT")
        for (table,) in connection.execute(
                "SELECT m.name FROM sqlite_schema m, pragma_table_info(m.name) c "
                "WHERE c.name = '_sum'").fetchall():
            connection.execute(f'UPDATE "{table}" SET _sum = NULL')
    finally:
        connection.close()


# Random edits

def _literal(cell: object) -> str:
    if cell is None:
        return "NULL"
    if isinstance(cell, bytes):
        return f"x'{cell.hex()}'"
    return str(cell) if isinstance(cell, int) else "'" + str(cell).replace("'", "''") + "'"


class Hand:
    """Somebody who edits the rows of a file."""

    def __init__(self, file: Path, manager: Manager, rng: random.Random) -> None:
        self.rng = rng
        self.words = ["", "x", "x" * 16, "y" * 256, "nobody", manager.name, *OWN]
        for resource in manager.resources:
            self.words += [resource.name, *resource.events, *(s.name for s in resource.states),
                           *(f.name for f in resource.fields), *(a.name for a in resource.assigned),
                           *(word for f in resource.fields for word in f.values)]
            self.words += [f"{resource.name}.{a.name}" for a in resource.assigned]
        self.words += [hook.name for hook in manager.hooks]
        connection = sqlite3.connect(file, isolation_level=None)
        connection.row_factory = sqlite3.Row
        self.types, self.keys, self.rows = {}, {}, {}
        for table in [*manager.by_name, *OWN]:
            found = connection.execute("SELECT name, type, pk FROM pragma_table_info(?)",
                                       (table,)).fetchall()
            self.types[table] = {name: kind for name, kind, _ in found if name != "_sum"}
            self.keys[table] = [name for name, _, key in found if key]
            self.rows[table] = [dict(row) for row in connection.execute(f'SELECT * FROM "{table}"')]
        self.header = dict(connection.execute("SELECT * FROM _berth").fetchone())
        connection.close()
        self.ids = [row["_id"] for table in manager.by_name for row in self.rows[table]]

    def edit(self) -> str:
        tables = [table for table, rows in self.rows.items() if rows]
        if not tables or self.rng.random() < 0.04:
            return self.change_header()
        table = self.rng.choice(tables)
        row = self.rng.choice(self.rows[table])
        return self.rng.choice((self.change, self.change, self.change, self.change, self.delete,
                                self.double, self.swap))(table, row)

    def where(self, table: str, row: dict[str, Any]) -> str:
        return " AND ".join(f'"{name}" = {_literal(row[name])}' for name in self.keys[table])

    def change(self, table: str, row: dict[str, Any]) -> str:
        column = self.rng.choice(list(self.types[table]))
        cell = self.cell(table, column, row[column])
        return (f'UPDATE OR IGNORE "{table}" SET "{column}" = {_literal(cell)} '
                f"WHERE {self.where(table, row)}")

    def swap(self, table: str, row: dict[str, Any]) -> str:
        """With another row, in one column."""
        column = self.rng.choice(list(self.types[table]))
        other = self.rng.choice(self.rows[table])
        return "; ".join(f'UPDATE OR IGNORE "{table}" SET "{column}" = {_literal(b[column])} '
                         f"WHERE {self.where(table, a)}" for a, b in ((row, other), (other, row)))

    def delete(self, table: str, row: dict[str, Any]) -> str:
        return f'DELETE FROM "{table}" WHERE {self.where(table, row)}'

    def double(self, table: str, row: dict[str, Any]) -> str:
        """The same row once more, under another key, and with some other cells."""
        new = dict(row, _sum=None)
        for name in self.keys[table] + self.rng.sample(list(new), self.rng.randint(0, 2)):
            if name != "_sum":
                new[name] = self.cell(table, name, row[name])
        return (f'INSERT OR IGNORE INTO "{table}"(' + ", ".join(f'"{name}"' for name in new)
                + f") VALUES ({', '.join(map(_literal, new.values()))})")

    def cell(self, table: str, column: str, was: Any) -> object:
        rng, kind = self.rng, self.types[table][column]
        if rng.random() < 0.02 and column not in self.keys[table]:
            return rng.choice((None, b"A", "x", 1.5))
        if rng.random() < 0.3:
            return rng.choice(self.rows[table])[column]
        if kind == "BOOLEAN INT":
            return 1 - was if isinstance(was, int) else 1
        if kind in ("INTEGER", "SIGNED INT"):
            near = [was + step for step in (-1, 1) if isinstance(was, int)]
            some = [0, 1, 2, -1, 255, 256, 65536, 2**32, 2**62, -2**63, *near]
            return rng.choice([*some, *self.ids, *self.ids, max(self.ids, default=0) + 1])
        if kind == "UUID TEXT":
            return rng.choice(("0" * 8 + "-0000" * 3 + "-" + "0" * 12, str(was).upper(), str(was),
                               f"{rng.getrandbits(32):08x}{str(was)[8:]}"))
        if kind == "JSON TEXT":
            some = rng.choices(self.words[1:], k=rng.randint(0, 2))
            return "[" + ", ".join(f'"{word}"' for word in some * rng.choice((1, 1, 2))) + "]"
        return rng.choice(self.words)

    def change_header(self) -> str:
        name = self.rng.choice(("manager", "format", "hash", "options", "absent", "hooks", "_sum"))
        was = str(self.header[name])
        words = was.split()
        now = self.rng.choice((
            " ".join(self.rng.sample(words, self.rng.randint(0, len(words)))), was + "1",
            self.rng.choice(self.words), "7", f"{was} {self.rng.choice(self.words)}"))
        return f"UPDATE _berth SET {name} = {_literal(now)}, _sum = NULL"


OPENING = ("options", "absent", "hooks")
"""What `berthc store` takes from the header, and an opening has of its own."""


def compared(kept: Kept, file: Path, manager: Manager, command: Path, request: Request) -> str:
    """What C and Python make of an edited file. Fails if that differs."""
    before = [kept.rows.header[name] for name in OPENING]
    try:
        kept = replace(kept, file=file, rows=read_store(str(file)))
    except StoreError as error:
        told = opened(command, file, request)
        assert isinstance(told, Verdict) and told.code == 74, (error, told)
        return "damaged"
    wrong = difference(kept, manager, command, request)
    assert wrong is None, wrong
    found = verdict(kept, manager, request)
    if kept.rows.damaged:
        return "damaged"
    if before == [kept.rows.header[name] for name in OPENING]:
        assert (problems(kept.rows, manager) != []) == isinstance(found, Verdict)
    return found.reason if isinstance(found, Verdict) else "taken"


@pytest.mark.parametrize("times", [SHORT, pytest.param(LONG, marks=pytest.mark.long)])
@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_edited_rows_are_taken_or_refused_alike(spec: Path, times: int, tmp_path: Path) -> None:
    times = int(os.environ.get("BERTH_EDITS", times))
    manager = stored(spec.read_text(), spec.name)
    command = keeper(manager, tmp_path / "program")
    stores = plays(manager, command, random.Random(SEED + times), tmp_path / "stores")
    tally: Counter[str] = Counter()
    for number in range(times):
        rng = random.Random(SEED + times + number)
        if number % EACH == 0:
            kept = next(stores)
            request = options_of(kept, manager, manager, rng, 0)
        file = copied(kept.file, kept.file.with_name(f"edit{number}.db"))
        hand = Hand(file, manager, rng)
        sql = "; ".join(hand.edit() for _ in range(rng.choice((1, 1, 1, 2, 4))))
        if rng.random() < 0.2:
            sql += "; UPDATE _berth SET hash = '00'"  # as of another version
        edit(file, sql)
        try:
            tally[compared(kept, file, manager, command, request)] += 1
        except AssertionError as error:
            raise AssertionError(f"{spec.stem} seed {SEED + times + number} {kept.file}\n{sql}\n"
                                 f"{request}\n{error}") from error
        for one in file.parent.glob(f"{file.name}*"):
            one.unlink()
    assert tally["taken"] > times / 50, tally
    assert sum(tally.values()) - tally["taken"] - tally["damaged"] > times / 10, tally


# Fixed edits: each breaks one rule, and nothing else

DEPOSITORY = ROOT / "tests/runtime/stored/depository.yaml"
"""Boxes 1, 3 and 4, called a, b and c; drawers 2 of 1, and 5 of 4. Ann has reserved 2, Bob 5, and
Zoe has a reference to 3. The opening of 5 is under way."""

Opened = tuple[Kept, Manager, Path]
"""A store, its manager, and the program that opens it."""

PLAY: list[Request] = [
    {"op": "new"},
    {"op": "rent", "owner": "ann", "box": {"name": "a", "kind": "steel"}, "drawer": {"index": 7}},
    {"op": "use", "reservation": "r1"},
    {"op": "add", "owner": "zoe", "box": {"name": "b"}},
    {"op": "rent", "owner": "bob", "box": {"name": "c"}, "drawer": {"index": 7}},
    {"op": "use", "reservation": "r2", "die": 2},
]
LOOSE = "DELETE FROM _reservations; DELETE FROM _references; DELETE FROM _intents; "
END_3 = "UPDATE box SET _state = 'gone', _ended = 1 WHERE _id = 3; "
LONG_OWNER = "printf('%.256c', 'x')"
FIELD = "a field has a value that it may not have:"
ASSIGNED = "an assigned value is not valid:"
CALL = "an intent is about a call that is not made there:"
RESERVATION, REFERENCE = "a reservation is not valid", "a reference is not valid"
KEY, SLOT = "two instances have the same key", "two instances have the same slot"
NAMES = "a value names an instance that it may not name"
COUNTER = "a counter has no value"


@pytest.mark.parametrize(("sql", "reason", "where"), [
    # instances
    (f"{LOOSE}UPDATE box SET _id = 0 WHERE _id = 3", "the ids of instances are not in order",
     "box row 0"),
    (f"{LOOSE}DELETE FROM box WHERE _id = 1", "an instance has no parent", "drawer row 2"),
    (f"{LOOSE}UPDATE drawer SET _parent = 5 WHERE _id = 2", "an instance has no parent",
     "drawer row 2"),
    ("UPDATE box SET _state = 'gone', _ended = 1 WHERE _id = 1", "an instance has no parent",
     "drawer row 2"),
    ("UPDATE box SET _state = 'flown' WHERE _id = 3", "an instance has a state that there is not",
     "box row 3"),
    ("UPDATE box SET _state = 'gone' WHERE _id = 3",
     "an instance is in a final state and has not ended", "box row 3"),
    ("UPDATE box SET kind = 'paper' WHERE _id = 3", FIELD, "box row 3 kind"),
    ("UPDATE box SET weight = 1001 WHERE _id = 3", FIELD, "box row 3 weight"),
    ("UPDATE box SET weight = -6 WHERE _id = 3", FIELD, "box row 3 weight"),
    ("UPDATE box SET weight = 1 << 32 WHERE _id = 3", FIELD, "box row 3 weight"),
    ("UPDATE drawer SET \"index\" = 65536 WHERE _id = 2", FIELD, "drawer row 2 index"),
    ("UPDATE box SET name = '' WHERE _id = 3", FIELD, "box row 3 name"),
    ("UPDATE box SET name = printf('%.41c', 'x') WHERE _id = 3", FIELD, "box row 3 name"),
    ("UPDATE box SET session = 1 << 32 WHERE _id = 3", ASSIGNED, "box row 3 session"),
    ("UPDATE box SET badge = printf('%.16c', 'x') WHERE _id = 3", ASSIGNED, "box row 3 badge"),
    ("UPDATE box SET number = printf('%.21c', '1') WHERE _id = 3", ASSIGNED, "box row 3 number"),
    ("UPDATE box SET label = printf('%.99c', 'x') WHERE _id = 3", ASSIGNED, "box row 3 label"),
    ("UPDATE box SET row = 256 WHERE _id = 3", ASSIGNED, "box row 3 row"),
    ("UPDATE box SET _names = '[\"session\", \"badge\"]' WHERE _id = 3",
     "an instance has names that are no values", "box row 3"),
    # reservations
    ("UPDATE _reservations SET _instance = 77 WHERE _owner = 'ann'", RESERVATION, "ann"),
    ("UPDATE _reservations SET _id = '00000000-0000-0000-0000-000000000000' WHERE _owner = 'ann'",
     RESERVATION, "_reservations 00000000-0000-0000-0000-000000000000"),
    ("UPDATE _reservations SET _owner = '' WHERE _owner = 'ann'", RESERVATION, "ann"),
    (f"UPDATE _reservations SET _owner = {LONG_OWNER} WHERE _owner = 'ann'", RESERVATION, "ann"),
    ("UPDATE _reservations SET _instance = 3, _held = '[\"box\"]' WHERE _owner = 'ann'",
     "a reservation is for a resource that none is for now", "ann"),
    ("UPDATE _reservations SET _held = '[\"shelf\"]' WHERE _owner = 'ann'",
     "a reservation holds a resource that is not on its path now", "ann"),
    ("UPDATE _reservations SET _held = '[\"box\", \"box\"]' WHERE _owner = 'ann'",
     "a reservation holds a resource that is not on its path now", "ann"),
    ("UPDATE _reservations SET _id = 'ABCDEF00-0000-0000-0000-000000000000' WHERE _owner = 'ann';"
     "UPDATE _reservations SET _id = 'abcdef00-0000-0000-0000-000000000000' WHERE _owner = 'bob'",
     "two reservations have the same id", "_reservations abcdef00-0000-0000-0000-000000000000"),
    # references
    ("UPDATE _references SET _instance = 77", REFERENCE, "_references 77 zoe"),
    (END_3, REFERENCE, "_references 3 zoe"),
    ("UPDATE _references SET _owner = ''", REFERENCE, "_references 3 "),
    (f"UPDATE _references SET _owner = {LONG_OWNER}", REFERENCE,
     f"_references 3 {'x' * 78}..."),
    # calls
    ("UPDATE _intents SET _instance = 77", "an intent is about no instance", "_intents 4"),
    (f"DELETE FROM _references; {END_3}UPDATE _intents SET _instance = 3, _root = 3",
     "an intent is about no instance", "_intents 3"),
    ("UPDATE _intents SET _root = 1", CALL, "drawer row 5"),
    ("UPDATE _intents SET _root = 77", CALL, "drawer row 5"),
    ("UPDATE _intents SET _event = 'shake'", CALL, "drawer row 5"),
    ("UPDATE _intents SET _event = 'hold'", CALL, "drawer row 5"),
    ("UPDATE _intents SET _hook = 'hall.close'", CALL, "drawer row 5"),
    ("UPDATE _intents SET _hook = 'hall.shake'", CALL, "drawer row 5"),
    ("UPDATE drawer SET _state = 'open' WHERE _id = 5", CALL, "drawer row 5"),
    # counters
    ("INSERT INTO _counters VALUES ('box.place', 1, NULL)", COUNTER, "_counters box.place"),
    ("INSERT INTO _counters VALUES ('shelf.number', 1, NULL)", COUNTER, "_counters shelf.number"),
    ("INSERT INTO _counters VALUES ('boxes.number', 1, NULL)", COUNTER, "_counters boxes.number"),
    ("INSERT INTO _counters VALUES ('box_number', 1, NULL)", COUNTER, "_counters box_number"),
    ("DELETE FROM _counters WHERE _name = 'drawer.serial'",
     "a counter has no number, and its resource has rows", "drawer"),
    # all together
    (f"{LOOSE}UPDATE drawer SET _id = 1 WHERE _id = 2", "two instances have the same id",
     "drawer row 1"),
    ("UPDATE box SET name = 'a' WHERE _id = 3", KEY, "box row 3"),
    (f"{LOOSE}UPDATE drawer SET _parent = 1 WHERE _id = 5", KEY, "drawer row 5"),
    ("UPDATE box SET room = 0, row = 0 WHERE _id = 3", SLOT, "box row 3"),
    ("UPDATE box SET room = 2 WHERE _id = 3", "an instance has a slot outside its pool",
     "box row 3"),
    ("UPDATE box SET row = 3 WHERE _id = 3", "an instance has a slot outside its pool",
     "box row 3"),
    ("UPDATE box SET session = (SELECT session FROM box WHERE _id = 1) WHERE _id = 3", NAMES,
     "box row 3"),
    ("UPDATE box SET session = 0 WHERE _id = 3", NAMES, "box row 3"),
    # the header
    ("UPDATE _berth SET manager = 'depot'", "the store has rows of another manager", ""),
    ("UPDATE _berth SET format = 2", "the store has another format", ""),
    ("UPDATE _berth SET options = 'rooms=3'", "the store has rows for another value of option",
     "rooms"),
    ("UPDATE _berth SET absent = 'hall.has'", "the store has rows for a backend without", ""),
    # of another version of the spec
    ("UPDATE _berth SET hash = '00'; UPDATE box SET weight = 1001 WHERE _id = 3", FIELD,
     "box row 3 weight"),
    ("UPDATE _berth SET hash = '00'; UPDATE box SET _state = 'gone' WHERE _id = 3",
     "a row is in a state that is final now", "box row 3: gone"),
    ("UPDATE _berth SET hash = '00'; UPDATE box SET name = 'a' WHERE _id = 3", KEY, "box row 3"),
    # what is taken
    ("", "", ""),
    (f"{LOOSE}UPDATE drawer SET _id = -1 WHERE _id = 5", "", ""),
    ("DELETE FROM _references; UPDATE box SET _ended = 1, _state = 'gone', name = 'a', room = 9, "
     "row = 9, session = 1 WHERE _id = 3", "", ""),
    ("UPDATE drawer SET _ended = 1 WHERE _id = 2", "", ""),
    ("UPDATE box SET _state = 'gone', _ended = 1 WHERE _id = 1; UPDATE drawer SET _ended = 1 "
     "WHERE _id = 2", "", ""),
    ("UPDATE box SET _names = '[\"session\", \"session\"]' WHERE _id = 3", "", ""),
    ("UPDATE box SET _names = '[]', session = 1 WHERE _id = 3", "", ""),
    ("UPDATE _references SET _owner = printf('%.255c', 'x')", "", ""),
    ("UPDATE box SET weight = 1000, name = printf('%.40c', 'x') WHERE _id = 3", "", ""),
    ("INSERT INTO _references SELECT _id, 'zoe', NULL FROM drawer", "", ""),
])
def test_each_rule_has_an_edit_that_only_it_refuses(
    depository: Opened, sql: str, reason: str, where: str, tmp_path: Path
) -> None:
    check(depository, sql, reason, where, tmp_path)


def check(of: Opened, sql: str, reason: str, where: str, folder: Path) -> None:
    kept, manager, command = of
    ann = [row["_id"] for row in kept.rows.rows("_reservations") if row["_owner"] == "ann"]
    file = copied(kept.file, folder / "edited.db")
    edit(file, sql)
    kept = replace(kept, file=file, rows=read_store(str(file)))
    assert not kept.rows.damaged
    found = verdict(kept, manager, kept.new)
    if isinstance(found, Verdict):
        place = " ".join(filter(None, (found.resource, found.row, found.field)))
        assert (found.reason, place) == (reason, f"_reservations {ann[0]}" if where == "ann"
                                         else where)
    else:
        assert not reason
    wrong = difference(kept, manager, command, kept.new)
    assert wrong is None, wrong


def played(manager: Manager, script: list[Request], folder: Path) -> Opened:
    """A store that a script leaves, and the program that opens it."""
    command = keeper(manager, folder / "program")
    told = run(command, folder / "kept.db", script)
    assert told[-1]["error"] == "EOWNERDEAD", told
    rows = read_store(str(folder / "kept.db"))
    return (Kept(folder / "kept.db", {**script[0], "options": {}, "without": []}, script, rows),
            manager, command)


@pytest.fixture(scope="module")
def depository(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    manager = stored(DEPOSITORY.read_text(), DEPOSITORY.name)
    found = played(manager, PLAY, tmp_path_factory.mktemp("depository"))
    rows = found[0].rows
    assert [len(rows.rows(table)) for table in [*manager.by_name, *OWN]] == [3, 2, 2, 1, 1, 2]
    return found


@pytest.mark.parametrize("cells", ["format = '1 x'", "epoch = 'x'", "sequence = NULL",
                                   "hash = NULL", "options = NULL", "tables = x'5b5d'",
                                   "place = 'here'"])
def test_a_header_of_other_types_is_damage(depository: Opened, cells: str, tmp_path: Path) -> None:
    kept, _, command = depository
    file = copied(kept.file, tmp_path / "edited.db")
    edit(file, f"UPDATE _berth SET {cells}")
    with pytest.raises(StoreError, match="the file is damaged"):
        read_store(str(file))
    assert opened(command, file, kept.new) == Verdict(74, "the store cannot be opened")


LIBRARY = """berth: 1
manager: library
backend: {hand: {sort: {on: shelf, repeatable: true}}}
resources:
  shelf:
    key: [place]
    fields: {place: {type: uuid, required: true}, size: {type: u8}}
    initial: there
    states:
      there:
        resident: true
        on:
          sort: [{if: field.size > 3, call: hand.sort, ok: stay, fail: stay}, {to: there}]
          burn: gone
      gone: {final: true}
operations:
  build: {obtain: [shelf], do: [shelf.sort]}
  burn: {find: shelf, do: [shelf.burn]}
"""
"""Nobody holds a shelf."""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    script = [{"op": "new"}, {"op": "build", "shelf": {"place": "u1", "size": 5}, "die": 1}]
    return played(stored(LIBRARY), script, tmp_path_factory.mktemp("library"))


@pytest.mark.parametrize(("sql", "reason", "where"), [
    ("INSERT INTO _references VALUES (1, 'zoe', NULL)",
     "a reference is to a resource that nobody drops now", "_references 1 zoe"),
    ("INSERT INTO _reservations VALUES ('01000000-0000-0000-0000-000000000000', 1, 'ann', 1, '[]', "
     "0, NULL)", "a reservation is for a resource that none is for now",
     "_reservations 01000000-0000-0000-0000-000000000000"),
    ("UPDATE shelf SET place = '00000000-0000-0000-0000-000000000000'", FIELD, "shelf row 1 place"),
    ("UPDATE shelf SET size = 3", CALL, "shelf row 1"),
    ("UPDATE shelf SET size = 4", "", ""),
])
def test_rules_about_what_nobody_holds(library: Opened, sql: str, reason: str, where: str,
                                       tmp_path: Path) -> None:
    check(library, sql, reason, where, tmp_path)
