"""Reads a store. The file stays as it is, and a manager may have it open."""
from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote

APPLICATION_ID = 0x42527468  # as in contrib/sqlite/src/object.h
LAYOUT = 1

Row = dict[str, object]


class StoreError(Exception):
    """The file is no store, or cannot be read; the text says why."""


@dataclass(frozen=True)
class Stored:
    """All rows of a store at one moment. `header` is the row of _berth, without its sums."""

    path: str
    header: Row
    tables: dict[str, list[Row]]

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
        size = os.stat(path).st_size
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from error
    if size == 0:
        raise StoreError(f"{path}: the file is empty, which a store never is")
    try:
        _check_identity(path)
        return _read(path)
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}") from error


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
    finally:
        connection.close()
    if application != APPLICATION_ID:
        raise StoreError(f"{path}: the file belongs to another program, or is damaged")
    if layout != LAYOUT:
        raise StoreError(f"{path}: the file has layout {layout}, and this berthc knows {LAYOUT}")


def _read(path: str) -> Stored:
    connection = _connect(path, "mode=ro")
    try:
        connection.execute("BEGIN")
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise StoreError(f"{path}: the file is damaged: {found}")
        headers = _rows(connection, "_berth")
        if len(headers) != 1:
            raise StoreError(f"{path}: the file is damaged: _berth has {len(headers)} rows")
        header = headers[0]
        del header["schema"]
        names = _texts(header.pop("tables"))
        return Stored(path, header, {name: _rows(connection, name) for name in names})
    finally:
        connection.close()


def _rows(connection: sqlite3.Connection, table: str) -> list[Row]:
    quoted = table.replace('"', '""')
    columns = connection.execute("SELECT name, type FROM pragma_table_info(?)", (table,)).fetchall()
    if not columns:
        raise StoreError(f"the file is damaged: table {table} is missing")
    types = dict(columns)
    cursor = connection.execute(f'SELECT * FROM "{quoted}"')
    names = [one[0] for one in cursor.description]
    return [{name: _value(types[name], cell) for name, cell in zip(names, cells, strict=True)
             if name != "_sum"} for cells in cursor]


def _value(declared: str, cell: object) -> object:
    """A cell as what it means: lists as lists, and numbers without a sign."""
    if declared == "JSON TEXT":
        return _texts(cell)
    if declared == "BOOLEAN INT":
        return bool(cell)
    if declared == "INTEGER" and isinstance(cell, int) and cell < 0:
        return cell + 2**64
    return cell


def _texts(cell: object) -> list[str]:
    try:
        found = json.loads(cell) if isinstance(cell, str) else None
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise StoreError(f"the file is damaged: {cell!r} is no list of texts")
    return found
