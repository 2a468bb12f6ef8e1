"""`berthc store` reads what a manager of C has left, and says what does not fit together."""
from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
from pathlib import Path

import pytest
from command_line import ROOT, SCSI, berthc

from berthc.lower.identity import spec_hash
from berthc.pipeline import search_text
from berthc.stored.checks import problems
from berthc.stored.reading import Row, Stored
from berthc.stored.tables import columns

BUILD = Path(os.environ.get("BERTH_BUILD", ROOT / "build"))
SPEC = str(ROOT / "tests/runtime/stored/depository.yaml")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store whose process was killed in a hook."""
    folder = tmp_path_factory.mktemp("kept")
    done = subprocess.run([BUILD / "tests/sqlite/keep", folder / "kept.db"], check=False,
                          capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    return folder


@pytest.fixture
def store(kept: Path, tmp_path: Path) -> Path:
    """A copy of it, with its log."""
    for file in kept.iterdir():
        if not file.name.endswith("-shm"):
            shutil.copy(file, tmp_path / file.name)
    return tmp_path / "kept.db"


def read(*args: str) -> tuple[int, str, str]:
    done = berthc(*args)
    return done.returncode, done.stdout, done.stderr


def damage(store: Path, sql: str) -> None:
    connection = sqlite3.connect(store)
    connection.executescript(sql)
    connection.close()


def change(store: Path, sql: str) -> None:
    """As a person does: the sums of changed rows are NULL then."""
    damage(store, sql)
    connection = sqlite3.connect(store)
    with connection:
        for (table,) in connection.execute(
                "SELECT m.name FROM sqlite_schema m, pragma_table_info(m.name) c "
                "WHERE c.name = '_sum'").fetchall():
            connection.execute(f'UPDATE "{table}" SET _sum = NULL')
    connection.close()


def test_everything_is_told(store: Path) -> None:
    status, out, err = read("store", str(store), SPEC)
    assert (status, err) == (0, "")
    first, *lines = out.splitlines()
    assert first.startswith("manager depository, spec ")
    assert first.endswith(", epoch 1, commit 9")
    assert lines == [
        "backend: hall 1",
        "options: rooms=2",
        "box: 3 there",
        "drawer: 1 closed, 1 open",
        "reservation 01000000-0000-0000-0000-000000000000 of ann for drawer 2 (\"a\"/7), "
        "holds box, drawer",
        "reservation 02000000-0000-0000-0000-000000000000 of bob for drawer 5 (\"c\"/7), "
        "holds box, drawer",
        'reference of zoe to box 3 ("b")',
        'open intent: use calls hall.open at open of drawer 5 ("c"/7)',
    ]
    assert "for drawer 2, holds box, drawer" in read("store", str(store))[1]


def test_keys_of_renamed_resources_and_fields_are_told(store: Path, tmp_path: Path) -> None:
    text = Path(SPEC).read_text(encoding="utf-8")
    text = re.sub(r"\bdrawer\b", "tray", text)
    for was, now in (("\n  tray:\n", "\n  tray:\n    was: drawer\n"),
                     ("key: [index]", "key: [column]"), ("index: {", "column: {was: index, ")):
        text = text.replace(was, now)
    spec = tmp_path / "spec.yaml"
    spec.write_text(text, encoding="utf-8")
    status, out, err = read("store", str(store), str(spec))
    assert (status, err) == (0, "")
    assert 'for drawer 2 ("a"/7), holds box, drawer' in out
    assert 'reference of zoe to box 3 ("b")' in out
    assert 'at open of drawer 5 ("c"/7)' in out


def test_what_nobody_holds_is_told(store: Path) -> None:
    change(store, "DELETE FROM _references; DELETE FROM _reservations WHERE _owner = 'ann'")
    status, out, err = read("store", str(store), SPEC)
    assert (status, err) == (0, "")
    assert [line for line in out.splitlines() if "nobody" in line] == [
        'nobody holds box 3 ("b"), in state there',
        'nobody holds drawer 2 ("a"/7), in state open']


def test_nothing_is_changed(store: Path) -> None:
    before = {file.name: file.read_bytes() for file in store.parent.iterdir()}
    assert read("store", str(store), SPEC)[0] == 0
    after = {file.name: file.read_bytes() for file in store.parent.iterdir()
             if not file.name.endswith("-shm")}
    assert before == after


def test_all_rows_are_exported(store: Path) -> None:
    change(store, "UPDATE drawer SET serial = -1 WHERE _id = 2;"
                  "UPDATE _reservations SET _releasing = 1 WHERE _owner = 'ann'")
    status, out, _ = read("store", "--format", "json", str(store))
    told = json.loads(out)
    assert status == 0
    assert told["store"] == {"manager": "depository", "format": 1, "hash": told["store"]["hash"],
                             "options": "rooms=2", "absent": "",
                             "hooks": "hall.put hall.remove hall.has hall.open hall.close",
                             "backend": "hall 1", "epoch": 1,
                             "sequence": 9, "place": ""}
    assert told["problems"] == []
    assert set(told["tables"]) == {"box", "drawer", "_reservations", "_references", "_intents",
                                   "_counters"}
    box = told["tables"]["box"][0]
    assert (box["name"], box["kind"], box["locked"], box["_names"]) == (
        "a", "steel", False, ["session"])
    assert told["tables"]["drawer"][0]["serial"] == 2**64 - 1
    assert out.count('"_releasing": true') == out.count('"_releasing": false') == 1
    assert "being released" in read("store", str(store))[1]


@pytest.mark.parametrize(("sql", "told"), [
    ("DELETE FROM box WHERE _id = 1", "drawer row 2: an instance has no parent (1 is not there)"),
    ("DELETE FROM drawer WHERE _id = 2",
     "_reservations 01000000-0000-0000-0000-000000000000: a reservation is not valid (instance 2 "
     "is not there)"),
    ("UPDATE _references SET _owner = ''",
     "_references 3 : a reference is not valid (its owner has 0 bytes)"),
    ("UPDATE _intents SET _instance = 79",
     "_intents 4: an intent is about no instance (instance 79 is not there)"),
    ("UPDATE _intents SET _root = 78",
     "drawer row 5: an intent is about a call that is not made there: hall.open (in closed, at "
     "open, of root 78)"),
    ("UPDATE box SET _state = 'gone' WHERE _id = 3",
     "box row 3: an instance is in a final state and has not ended (gone)"),
    ("UPDATE box SET name = printf('%.101c', 'x') WHERE _id = 3",
     f"box row 3: a field has a value that it may not have: name ('{'x' * 99}…)"),
    ("UPDATE box SET name = 'a' WHERE _id = 3",
     "box row 3: two instances have the same key (the other is box row 1)"),
    ("UPDATE box SET room = 2, row = 0 WHERE _id = 3",
     "box row 3: an instance has a slot outside its pool (place 2, 0)"),
    ("UPDATE box SET session = 0 WHERE _id = 3",
     "box row 3: a value names an instance that it may not name (session is zero)"),
    ("DELETE FROM _counters WHERE _name = 'drawer.serial'",
     "drawer: a counter has no number, and its resource has rows (drawer.serial)"),
    ("UPDATE _reservations SET _held = '[\"shelf\"]' WHERE _owner = 'bob'",
     "_reservations 02000000-0000-0000-0000-000000000000: a reservation holds a resource that is "
     "not on its path now (shelf)"),
    ("UPDATE _berth SET hash = '00'; UPDATE box SET _state = 'flown' WHERE _id = 3",
     "the store does not load into this spec: box row 3: flown: a row is in a state that is gone"),
    ("UPDATE _berth SET options = 'rooms=9'",
     "the store has rows for another value of option rooms"),
])
def test_what_an_opening_refuses_is_told(store: Path, sql: str, told: str) -> None:
    change(store, sql)
    assert read("store", str(store), SPEC)[::2] == (1, f"berthc: {told}\n")


def test_each_bad_row_is_told_once(store: Path) -> None:
    change(store, "UPDATE box SET kind = 'paper' WHERE _id = 3;"  # a reference names it
                  "UPDATE box SET _state = 'flown', kind = 'paper' WHERE _id = 1;"  # a parent
                  "DELETE FROM drawer WHERE _id = 5; UPDATE _counters SET _name = 'x'"
                  " WHERE _name = 'box.number'")
    assert read("store", str(store), SPEC)[2].splitlines() == [f"berthc: {one}" for one in (
        "box row 1: an instance has a state that there is not (flown)",
        "box row 3: a field has a value that it may not have: kind ('paper')",
        "_reservations 02000000-0000-0000-0000-000000000000: a reservation is not valid (instance "
        "5 is not there)",
        "_intents 4: an intent is about no instance (instance 5 is not there)",
        "_counters x: a counter has no value",
        "box: a counter has no number, and its resource has rows (box.number)")]


@pytest.mark.parametrize(("sql", "told"), [
    ("DELETE FROM box WHERE _id = 1", "drawer 2: its parent 1 is not there"),
    ("DELETE FROM drawer WHERE _id = 2",
     "_reservations: 01000000-0000-0000-0000-000000000000 names instance 2, which is not there"),
    ("UPDATE box SET _ended = 1 WHERE _id = 1", "drawer 2: its parent 1 has ended"),
    ("UPDATE _references SET _instance = 77",
     "_references: zoe names instance 77, which is not there"),
    ("UPDATE _intents SET _root = 78", "_intents: hall.open names instance 78, which is not there"),
    ("UPDATE _intents SET _instance = 79",
     "_intents: hall.open names instance 79, which is not there"),
    ("UPDATE drawer SET _id = 1 WHERE _id = 2", "instance 1 is there more than once"),
    ("UPDATE box SET _state = 'flown' WHERE _id = 3", ""),
])
def test_without_a_spec_references_are_followed(store: Path, sql: str, told: str) -> None:
    change(store, sql)
    status, _, err = read("store", str(store))
    assert (status, bool(err)) == (int(told != ""), told != "")
    assert not told or f"berthc: {told}" in err.splitlines()


@pytest.mark.parametrize(("sql", "told"), [
    ("UPDATE box SET weight = 5 WHERE _id = 3", "row 3 of table box"),
    ("UPDATE box SET locked = 2, _sum = NULL WHERE _id = 3", "row 3 of table box"),
    ("UPDATE box SET mark = 'x', _sum = NULL WHERE _id = 3", "row 3 of table box"),
    ("UPDATE box SET name = x'41', _sum = NULL WHERE _id = 3", "row 3 of table box"),
    ("UPDATE box SET tags = '[\"\\u0000\"]', _sum = NULL WHERE _id = 3", "row 3 of table box"),
    ("UPDATE box SET tags = '[\"\\uD83d\\ude00\"]', _sum = NULL WHERE _id = 3",
     "row 3 of table box"),
    ("UPDATE _reservations SET _owner = 'eve' WHERE _owner = 'bob'",
     "row 02000000-0000-0000-0000-000000000000 of table _reservations"),
    ("UPDATE _counters SET _next = _next + 1", "row box.number of table _counters"),
    ("UPDATE _berth SET epoch = 77", "the row of _berth"),
    ("UPDATE _berth SET hash = 'x'", "the row of _berth"),
])
def test_a_row_without_its_sum_is_told(store: Path, sql: str, told: str) -> None:
    damage(store, sql)
    status, out, err = read("store", str(store))
    assert status == 1
    assert (f"berthc: {told} is damaged (after a change by hand, set its _sum to NULL)"
            in err.splitlines())
    assert out.startswith("manager depository")


def test_what_ended_with_its_parent_is_healthy(store: Path) -> None:
    change(store, "UPDATE box SET _state = 'gone', _ended = 1 WHERE _id = 1;"
                  "UPDATE drawer SET _ended = 1 WHERE _id = 2")
    status, out, err = read("store", str(store), SPEC)
    assert (status, err) == (0, "")
    assert "box: 2 there, 1 ended" in out.splitlines()
    change(store, "UPDATE drawer SET _ended = 0 WHERE _id = 2")
    assert "drawer row 2: an instance has no parent (1 has ended)" in read(
        "store", str(store), SPEC)[2]


TREE = """
berth: 1
manager: tree
store: true
resources:
  tree:
    key: [name]
    fields: {name: {type: string, required: true}}
    holders: {take: hold, drop: leave}
    initial: there
    states: {there: {'on': {hold: stay, leave: gone}}, gone: {final: true}}
  nest:
    parent: tree
    key: [number, tags]
    fields: {number: {type: u8}, tags: {type: set, of: string, compare: {case: ignored}}}
    assigned: {place: {pool: {place: 9}}}
    holders: {take: hold, drop: leave}
    initial: there
    states: {there: {'on': {hold: stay, leave: gone}}, gone: {final: true}}
operations:
  reserve: {obtain: [tree, nest], gives: reservation}
  finish: {with: reservation, do: [nest.leave, tree.leave], ends: reservation}
"""


def tree(*nests: tuple[int, int, int, list[str], int, bool]) -> list[str]:
    """What is wrong with a store of two trees, and of nests: id, parent, key, place, ended."""
    _, manager = search_text("tree.yaml", TREE)
    assert manager is not None
    trees: list[Row] = [{"_id": n, "_state": "there", "_ended": False, "name": str(n)}
                        for n in (1, 2)]
    rows: list[Row] = [
        {"_id": id_, "_parent": parent, "_state": "gone" if ended else "there", "_ended": ended,
         "number": number, "tags": tags, "place": place}
        for id_, parent, number, tags, place, ended in nests]
    header: Row = {"manager": "tree", "hash": f"{spec_hash(manager):016x}", "format": 1,
                   "epoch": 1, "options": "", "absent": "", "hooks": ""}
    types = {resource.name: {c.name: c.cell for c in columns(manager, resource)}
             for resource in manager.resources}
    return problems(Stored("", header, {"tree": trees, "nest": rows}, types=types), manager)


@pytest.mark.parametrize("sql", [
    "UPDATE box SET weight = 1000 WHERE _id = 3",
    "UPDATE box SET weight = -5 WHERE _id = 3",
    "UPDATE box SET name = printf('%.40c', 'x') WHERE _id = 3",
    "UPDATE box SET _state = 'lost' WHERE _id = 3;"  # there it asks
    "UPDATE _intents SET _instance = 3, _root = 3, _event = 'put', _hook = 'hall.has'",
])
def test_what_the_spec_allows_is_fine(store: Path, sql: str) -> None:
    change(store, sql)
    assert read("store", str(store), SPEC)[::2] == (0, "")


def test_a_path_with_signs_of_addresses_is_read(store: Path) -> None:
    other = store.parent / "100%20? #1"
    other.mkdir()
    for file in list(store.parent.glob("kept.db*")):
        file.rename(other / file.name)
    assert read("store", str(other / store.name))[0] == 0


def test_a_key_is_that_of_a_parent_and_a_slot_that_of_the_manager() -> None:
    one = (3, 1, 5, ["x", "Y"], 0, False)
    assert tree(one, (4, 2, 5, ["x", "Y"], 1, False)) == []
    assert tree(one, (4, 1, 5, ["x"], 1, False)) == []
    assert tree(one, (4, 1, 5, ["y", "X"], 1, False)) == [
        "nest row 4: two instances have the same key (the other is nest row 3)"]
    assert tree(one, (4, 2, 6, [], 0, False)) == [
        "nest row 4: two instances have the same slot (the other is nest row 3)"]
    assert tree((*one[:-1], True), (4, 1, 5, ["x", "Y"], 0, False)) == []


def test_a_spec_of_another_manager_is_told(store: Path) -> None:
    status, _, err = read("store", str(store), SCSI)
    assert (status, err) == (
        1, "berthc: the store is of manager depository, and the spec of scsi\n")


def test_a_wrong_spec_is_told(store: Path, tmp_path: Path) -> None:
    status, out, err = read("store", str(store), str(tmp_path / "none.yaml"))
    assert status == 2
    assert out == ""
    assert "none.yaml" in err


@pytest.mark.parametrize(("content", "told"), [
    (b"", "the file is empty, which a store never is"),
    (b"some text that is no database, and long enough for a header. " * 4,
     "file is not a database"),
])
def test_what_is_no_store_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "no.db"
    file.write_bytes(content)
    assert read("store", str(file)) == (1, "", f"berthc: {file}: {told}\n")


def test_a_file_of_another_program_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    change(file, "CREATE TABLE box(_id)")
    status, _, err = read("store", str(file))
    assert (status, err) == (
        1, f"berthc: {file}: the file belongs to another program, or is damaged\n")


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    assert read("store", str(tmp_path)) == (2, "", f"berthc: {tmp_path}: Is a directory\n")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    file = tmp_path / "none.db"
    assert read("store", str(file)) == (2, "", f"berthc: {file}: No such file or directory\n")
    assert not file.exists()


@pytest.mark.parametrize("sql", [
    "DROP TABLE drawer", "DELETE FROM _berth", "UPDATE box SET content = '{'",
    "UPDATE _berth SET tables = '[1]'", "CREATE TABLE other(x)",
    "CREATE INDEX other ON box(weight)", "CREATE VIEW other AS SELECT name FROM box",
    "CREATE TRIGGER sqlite1 AFTER INSERT ON box BEGIN DELETE FROM box; END",
    "DROP TABLE _berth; CREATE TABLE _berth(manager); INSERT INTO _berth VALUES('depository')",
])
def test_a_damaged_store_is_told(store: Path, sql: str) -> None:
    change(store, sql)
    status, out, err = read("store", str(store))
    assert (status, out) == (1, "")
    assert "the file is damaged" in err


def test_a_truncated_store_is_told(store: Path) -> None:
    change(store, "PRAGMA wal_checkpoint(TRUNCATE)")
    store.write_bytes(store.read_bytes()[:-6000])
    status, out, _ = read("store", str(store))
    assert (status, out) == (1, "")


def test_a_missing_log_is_told(store: Path) -> None:
    store.with_name("kept.db-wal").unlink()
    assert read("store", str(store)) == (
        1, "", f"berthc: {store}: the file is damaged: its log is missing\n")


def test_a_copy_that_sqlite_made_is_whole(store: Path) -> None:
    """The store is marked: a process is about to write its log into it."""
    backup, other = store.with_name("backup.db"), store.with_name("other.db")
    connection = sqlite3.connect(store)
    schema = connection.execute("PRAGMA schema_version").fetchone()[0]
    connection.execute(f"PRAGMA user_version = {1 | 0x10000 | 1 + schema % 0x3fff << 17}")
    to = sqlite3.connect(backup)
    connection.backup(to)
    to.close()
    connection.execute("VACUUM INTO ?", (str(other),))
    connection.close()
    for copy in (backup, other):
        status, out, err = read("store", str(copy), SPEC)
        assert (status, err) == (0, "")
        assert "commit 9" in out
    assert read("store", str(store))[2].endswith("its log is missing\n")


def closed(store: Path) -> None:
    """As a manager leaves it that was destroyed."""
    damage(store, "PRAGMA wal_checkpoint(TRUNCATE)")
    assert not store.with_name("kept.db-wal").exists()


@pytest.mark.parametrize(("at", "told"), [
    (13, "the beginning of its log is wrong"), (32 + 1048 + 500, "its log has a hole")])
def test_a_damaged_log_is_told(store: Path, at: int, told: str) -> None:
    log = store.with_name("kept.db-wal")
    data = bytearray(log.read_bytes())
    data[at] ^= 1
    log.write_bytes(data)
    assert read("store", str(store)) == (1, "", f"berthc: {store}: the file is damaged: {told}\n")
    os.utime(log, (10**9, 10**9))  # before the machine was started
    assert read("store", str(store))[::2] == (0, "")


def test_a_torn_end_of_the_log_is_no_damage(store: Path) -> None:
    log = store.with_name("kept.db-wal")
    log.write_bytes(log.read_bytes()[:-500])
    status, out, err = read("store", str(store))
    assert (status, err) == (0, "")
    assert out.splitlines()[0].endswith("commit 8")


def test_no_file_is_left_behind(store: Path) -> None:
    before = {file.name for file in store.parent.iterdir()}
    assert before == {"kept.db", "kept.db-wal"}
    assert read("store", str(store))[0] == 0
    assert {file.name for file in store.parent.iterdir()} == before
    closed(store)
    assert read("store", str(store))[0] == 0
    assert [file.name for file in store.parent.iterdir()] == ["kept.db"]


def as_nobody(*args: str) -> tuple[int, str, str]:
    """As a user who may not write where root may."""
    if os.geteuid() != 0:
        return read(*args)
    os.seteuid(65534)
    try:
        return read(*args)
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("state", ["killed", "copied", "closed"])
def test_a_store_is_read_in_a_folder_that_may_not_be_written(kept: Path, state: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in kept.iterdir():
            if state == "killed" or not file.name.endswith("-shm"):
                shutil.copy(file, folder / file.name)
        store = folder / "kept.db"
        if state == "closed":
            closed(store)
        for file in folder.iterdir():
            file.chmod(0o444)
        folder.chmod(0o555)
        try:
            status, out, err = as_nobody("store", str(store))
        finally:
            folder.chmod(0o755)
        assert (status, err) == (0, "")
        assert "epoch 1, commit 9" in out


def test_a_store_that_nobody_has_opened_is_told(store: Path) -> None:
    change(store, "UPDATE _berth SET epoch = 0, manager = ''")
    assert read("store", str(store), SPEC) == (
        0, "nobody has opened this store yet, or its log is missing\n", "")


def test_a_save_that_has_just_begun_is_told(store: Path) -> None:
    change(store, "UPDATE _berth SET epoch = 0, place = 'arriving'")
    assert read("store", str(store), SPEC) == (
        0, "nothing of a save into this store has arrived\n", "")


def test_a_store_without_its_last_byte_is_told(store: Path) -> None:
    closed(store)
    store.write_bytes(store.read_bytes()[:-1])
    assert read("store", str(store))[1:] == (
        "", f"berthc: {store}: the file is damaged: its size is no multiple of its pages\n")


def test_a_spec_without_a_store_is_told(store: Path, tmp_path: Path) -> None:
    text = Path(SPEC).read_text(encoding="utf-8")
    text = re.sub(r"(?m)^store: .*$|^ *settle: .*$", "", text)
    spec = tmp_path / "depository.yaml"
    spec.write_text(text.replace("needs: hall.put, ", ""), encoding="utf-8")
    status, out, err = read("store", str(store), str(spec))
    assert (status, err) == (
        1, "berthc: the store does not load into this spec: the spec has no store\n")
    assert "loads into this one" not in out


def test_a_call_that_is_made_no_more_is_named(store: Path) -> None:
    change(store, "UPDATE _intents SET _hook = 'hall.close'; UPDATE _berth SET hash = '00'")
    assert read("store", str(store), SPEC)[2] == (
        "berthc: the store does not load into this spec: drawer row 5: an intent is about a call "
        "that is not made there: hall.close (in closed, at open, of root 4)\n")


def test_another_layout_is_told(store: Path) -> None:
    change(store, "PRAGMA user_version = 9; PRAGMA wal_checkpoint(TRUNCATE)")
    status, _, err = read("store", str(store))
    assert status == 1
    assert "layout 9" in err


def test_a_store_that_was_moved_is_told(store: Path) -> None:
    change(store, "UPDATE _berth SET place = 'moved'")
    status, out, _ = read("store", str(store))
    assert status == 0
    assert "place: moved" in out.splitlines()


@pytest.mark.parametrize("was", ['"two"', "true", "two"])
@pytest.mark.parametrize("now", ["{type: u8, default: 2, range: [1, 4], brief: x}",
                                 "{type: string, default: two, brief: x}"])
def test_an_option_of_another_type_is_told(store: Path, tmp_path: Path, was: str,
                                           now: str) -> None:
    spec = tmp_path / "spec.yaml"
    text = Path(SPEC).read_text().replace("{pool: {room: rooms,", "{pool: {room: 2,")
    line = next(one for one in text.splitlines() if one.startswith("  rooms: "))
    spec.write_text(text.replace(line, f"  rooms: {now}"))
    change(store, f"UPDATE _berth SET options = 'rooms={was}'")
    status, _, err = read("store", str(store), str(spec))
    if "string" in now and was == '"two"':
        assert (status, err) == (0, "")
    else:
        assert (status, err) == (1, "berthc: the store does not load into this spec: the store "
                                    "has rows for another value of option rooms\n")


@pytest.mark.parametrize("sql", [
    f"UPDATE box SET tags = '{'[' * 200_000}' WHERE _id = 1",
    f"UPDATE _berth SET tables = '{'[' * 200_000}'",
])
def test_a_list_that_is_too_deep_is_told(store: Path, sql: str) -> None:
    change(store, sql)
    status, out, err = read("store", str(store), SPEC)
    assert (status, out) == (1, "")
    assert err.endswith("… is no list of texts\n") and len(err) < 1000


def test_a_blob_in_a_text_is_told(store: Path) -> None:
    change(store, "UPDATE box SET name = x'41' WHERE _id = 1")
    status, out, err = read("store", "--format", "json", str(store), SPEC)
    assert (status, err) == (1, "")
    told = json.loads(out)
    assert told["tables"]["box"][0]["name"] == "x'41'"
    assert any(one.startswith("row 1 of table box is damaged") for one in told["problems"])
    status, out, err = read("store", str(store), SPEC)
    assert status == 1
    assert "row 1 of table box is damaged" in err


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.db")
    assert read("store", str(tmp_path / "pipe.db")) == (
        2, "", f"berthc: {tmp_path}/pipe.db: it is no regular file, which a store always is\n")


def test_an_owner_makes_no_lines(store: Path) -> None:
    change(store, "UPDATE _reservations SET _owner = 'x' || char(10) || 'box: none' || char(27) "
                  "WHERE _owner = 'ann'; UPDATE _references SET _owner = 'y' || char(10), "
                  "_instance = 77")
    status, out, err = read("store", str(store))
    assert status == 1
    assert " of x\\nbox: none\\x1b for drawer 2" in out
    assert "_references: y\\n names instance 77" in err
