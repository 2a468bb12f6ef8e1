"""Reads a store. The file stays as it is, and a manager may have it open."""
from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote

from berthc.stored.log import log_damage, log_path
from berthc.stored.sums import MASK, add_number, add_text, row_sum
from berthc.stored.tables import Cell

APPLICATION_ID = 0x42527468  # as in contrib/sqlite/src/object.h
LAYOUT = 1
LAYOUT_MASK = 0xffff
LOG_MARK = 0x10000  # in user_version of a file that is not whole without its log
PLACES = ("", "arriving", "moved")

Row = dict[str, object]


def _hexadecimal(text: str) -> int:
    return int(text, 16)


def _place(text: str) -> int:
    return PLACES.index(text)


# The columns of _berth that its sum is about, in order, as the number or the text that they mean.
HEADER: dict[str, Callable[[str], str | int]] = {
    "manager": str, "format": int, "hash": _hexadecimal, "options": str, "absent": str,
    "hooks": str, "backend": str, "epoch": int, "sequence": int, "tables": str, "place": _place,
    "schema": _hexadecimal,
}


class StoreError(Exception):
    """The file is no store, or cannot be read; the text says why. `unread`: the system did not let
    us read the file, which says nothing of what is in it."""

    def __init__(self, text: str, unread: bool = False) -> None:
        super().__init__(text)
        self.unread = unread


@dataclass(frozen=True)
class Stored:
    """All rows of a store at one moment. `header` is the row of _berth, without its sums. `damaged`
    names the rows that do not have their sums: a manager does not load the store then."""

    path: str
    header: Row
    tables: dict[str, list[Row]]
    damaged: tuple[str, ...] = ()
    types: dict[str, dict[str, Cell]] = field(default_factory=dict)  # of their columns

    def rows(self, table: str) -> list[Row]:
        return self.tables.get(table, [])

    @property
    def resources(self) -> dict[str, list[Row]]:
        """The tables of resources."""
        return {table: rows for table, rows in self.tables.items() if not table.startswith("_")}

    @cached_property
    def instances(self) -> dict[object, tuple[str, Row]]:
        """Each instance with its resource, by its id."""
        return {row["_id"]: (table, row) for table, rows in self.resources.items() for row in rows}


def read_store(path: str) -> Stored:
    """Raises StoreError."""
    try:
        found = os.stat(path)  # opening a pipe would wait for its writer
        if stat.S_ISREG(found.st_mode):
            with open(path, "rb") as file:
                found = os.fstat(file.fileno())
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}", unread=True) from error
    if stat.S_ISDIR(found.st_mode):
        raise StoreError(f"{path}: {os.strerror(errno.EISDIR)}", unread=True)
    if not stat.S_ISREG(found.st_mode):
        raise StoreError(f"{path}: it is no regular file, which a store always is", unread=True)
    size = found.st_size
    if size == 0:
        raise StoreError(f"{path}: the file is empty, which a store never is")
    try:
        _check_identity(path)
        return _read(path)
    except OSError as error:
        raise StoreError(f"{error.filename}: {error.strerror}", unread=True) from error
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xff not in _NOT_LET:
            raise StoreError(f"{path}: {error}") from error
        raise StoreError(f"{path}: its log may not be read here ({error}): copy the file and its "
                         "log, or be the user of its manager", unread=True) from error
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}") from error
    except _Damaged as error:
        raise StoreError(f"{path}: the file is damaged: {error}") from error


_NOT_LET = (sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)


class _Damaged(Exception):
    """What is wrong with the file."""


def _connect(path: str, how: str) -> sqlite3.Connection:
    found = sqlite3.connect(f"file:{quote(os.path.abspath(path))}?{how}", uri=True,
                            isolation_level=None)
    found.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    return found


def _check_identity(path: str) -> None:
    """Without playing the log of what may be another program's."""
    connection = _connect(path, "immutable=1")
    try:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        layout = connection.execute("PRAGMA user_version").fetchone()[0]
        schema = connection.execute("PRAGMA schema_version").fetchone()[0]
        page = connection.execute("PRAGMA page_size").fetchone()[0]
    finally:
        connection.close()
    if application != APPLICATION_ID:
        raise StoreError(f"{path}: the file belongs to another program, or is damaged")
    if (layout & LAYOUT_MASK if layout & LOG_MARK else layout) != LAYOUT:
        raise StoreError(f"{path}: the file has layout {layout & LAYOUT_MASK}, and this berthc "
                         f"knows {LAYOUT}")
    if os.path.exists(log_path(path)):
        return
    if os.path.getsize(path) % page:
        raise _Damaged("its size is no multiple of its pages")
    if _needs_log(layout, schema):
        raise _Damaged("its log is missing")


def _needs_log(layout: int, schema: int) -> bool:
    """As log_is_needed in contrib/sqlite/src/log.c, which says why."""
    number = 1 + (schema & 0xffffffff) % 0x3fff
    return layout & ~LAYOUT_MASK in (LOG_MARK, LOG_MARK | number << 17)


def _read(path: str) -> Stored:
    """SQLite makes a log and an index beside the file where they are missing. Nobody has the file
    open then, and the rows are read without them."""
    log = log_path(path)
    if not os.path.exists(log):
        return _read_closed(path)
    if damage := log_damage(path):
        raise _Damaged(damage)
    if os.path.exists(log.removesuffix("-wal") + "-shm"):
        return _read_from(path, path, "mode=ro")
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "copy.db")
        shutil.copyfile(path, copy)
        shutil.copyfile(log, f"{copy}-wal")
        return _read_from(path, copy, "mode=ro")


def _read_closed(path: str) -> Stored:
    before = os.stat(path)
    try:
        found: Stored | Exception = _read_from(path, path, "immutable=1")
    except (sqlite3.Error, _Damaged) as error:
        found = error
    after = os.stat(path)
    if os.path.exists(log_path(path)) or before.st_mtime_ns != after.st_mtime_ns:
        return _read(path)  # a manager has opened it meanwhile
    if isinstance(found, Exception):
        raise found
    return found


def _read_from(path: str, file: str, how: str) -> Stored:
    connection = _connect(file, how)
    try:
        connection.execute("BEGIN")
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise _Damaged(found)
        damaged: list[str] = []
        header = _header(connection, damaged)
        names = _texts(header.pop("tables"))
        tables = {name: _rows(connection, name, damaged) for name in names}
        return Stored(path, header, tables, tuple(damaged),
                      {name: _types(connection, name) for name in names})
    finally:
        connection.close()


def _header(connection: sqlite3.Connection, damaged: list[str]) -> Row:
    cursor = connection.execute("SELECT * FROM _berth")
    names = [one[0] for one in cursor.description]
    rows = cursor.fetchall()
    if len(rows) != 1:
        raise _Damaged(f"_berth has {len(rows)} rows")
    header = dict(zip(names, rows[0], strict=True))
    missing = [one for one in (*HEADER, "_sum") if one not in header]
    if missing:
        raise _Damaged(f"_berth has no column {missing[0]}")
    for one, meaning in HEADER.items():
        kind, what = (int, "number") if meaning is int else (str, "text")
        if not isinstance(header[one], kind):
            raise _Damaged(f"a {what} is missing in _berth")
    if header["place"] not in PLACES:
        raise _Damaged("_berth has an unknown place")
    if header["_sum"] is not None and header["_sum"] & MASK != _header_sum(header):
        damaged.append("the row of _berth")
    if header["schema"] != f"{_schema_sum(connection):016x}":
        raise _Damaged("its tables, indexes, triggers or views are not those that were made")
    return {name: cell for name, cell in header.items() if name not in ("_sum", "schema")}


def _header_sum(header: Row) -> int | None:
    """As in contrib/sqlite/src/header.c."""
    found = LAYOUT
    for name, meaning in HEADER.items():
        try:
            value = meaning(str(header[name]))
        except ValueError:
            return None
        found = add_text(found, value) if isinstance(value, str) else add_number(found, value)
    return found


def _schema_sum(connection: sqlite3.Connection) -> int:
    found = 0
    for (text,) in connection.execute("SELECT name || ' ' || sql FROM sqlite_schema WHERE "
                                      "sql IS NOT NULL AND "
                                      "(type <> 'table' OR name NOT LIKE 'sqlite%') ORDER BY name"):
        found = add_text(found, text)
    return found


def _types(connection: sqlite3.Connection, table: str) -> dict[str, Cell]:
    known = {cell.value: cell for cell in Cell}
    columns = connection.execute("SELECT name, type FROM pragma_table_info(?)", (table,))
    return {name: known.get(declared, Cell.TEXT) for name, declared in columns if name != "_sum"}


def _rows(connection: sqlite3.Connection, table: str, damaged: list[str]) -> list[Row]:
    quoted = table.replace('"', '""')
    columns = connection.execute("SELECT name, type, pk FROM pragma_table_info(?)",
                                 (table,)).fetchall()
    if not columns:
        raise _Damaged(f"table {table} is missing")
    types = {name: declared for name, declared, _ in columns}
    order = ", ".join(f'"{name}" < 0, "{name}"' if declared == "INTEGER" else f'"{name}"'
                      for name, declared, key in columns if key)
    cursor = connection.execute(f'SELECT * FROM "{quoted}" ORDER BY {order}')
    names = [one[0] for one in cursor.description]
    rows = []
    for cells in cursor:
        row = dict(zip(names, cells, strict=True))
        wanted = row.pop("_sum", None)
        found = row_sum(table, ((types[name], cell) for name, cell in row.items()))
        if found is None or (wanted is not None and wanted & MASK != found):
            damaged.append(f"row {cells[0]} of table {table}")
        rows.append({name: _value(types[name], cell) for name, cell in row.items()})
    return rows


def _value(declared: str, cell: object) -> object:
    """A cell as what it means: lists as lists, numbers without a sign, UUIDs in small letters."""
    if declared == "JSON TEXT":
        return _texts(cell)
    if declared == "BOOLEAN INT":
        return bool(cell)
    if declared == "INTEGER" and isinstance(cell, int) and cell < 0:
        return cell + 2**64
    return cell.lower() if declared == "UUID TEXT" and isinstance(cell, str) else cell


def _texts(cell: object) -> list[str]:
    try:
        found = json.loads(cell) if isinstance(cell, str) else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise _Damaged(f"{_shortened(repr(cell))} is no list of texts")
    return found


def _shortened(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}…"
