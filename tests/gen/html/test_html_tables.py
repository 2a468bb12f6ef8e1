"""The tables that the page's simulator runs."""
from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from berthc.emit.html.tables import VERSION, tables
from berthc.model import Manager
from berthc.pipeline import read_spec

ROOT = Path(__file__).resolve().parents[3]
SPECS = sorted([*(ROOT / "spec").glob("*.yaml"), *(ROOT / "tests/gen/specs").glob("*.yaml")])


def read(path: Path) -> Manager:
    manager, problems = read_spec(str(path))
    assert manager is not None, problems
    return manager


def numbers(value: object) -> Iterator[int]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from numbers(item)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield value


def members(table: Any, name: str) -> Iterator[Any]:
    """Every member of that name, at every depth."""
    if isinstance(table, dict):
        yield from ([table[name]] if name in table else [])
        table = list(table.values())
    if isinstance(table, list):
        for item in table:
            yield from members(item, name)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_tables_are_json_that_javascript_reads_exactly(path: Path) -> None:
    made = tables(read(path))
    assert json.loads(json.dumps(made)) == made
    assert made["version"] == VERSION
    assert max(numbers(made)) < 1 << 53
    assert json.dumps(made) == json.dumps(tables(read(path)))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_lines_are_those_of_the_spec(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    made = tables(read(path))
    for resource in made["resources"]:
        assert lines[resource["line"] - 1].strip().startswith(resource["name"] + ":")
        for state in resource["states"]:
            assert state["name"] + ":" in lines[state["line"] - 1]
            assert all(1 <= row["line"] <= len(lines) for row in state["rows"])
    for operation in made["operations"]:
        assert operation["name"] + ":" in lines[operation["line"] - 1]
    assert min(members(made, "line")) >= 1


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_every_row_has_a_name_of_its_own(path: Path) -> None:
    manager = read(path)
    ids = [row["id"] for r in tables(manager)["resources"] for s in r["states"]
           for row in s["rows"]]
    assert len(set(ids)) == len(ids) == sum(len(s.rows) for r in manager.resources
                                            for s in r.states)


def test_rows_of_one_event_are_counted() -> None:
    made = tables(read(ROOT / "tests/gen/specs/kitchen.yaml"))
    ids = [row["id"] for row in made["resources"][0]["states"][0]["rows"]]
    assert ids == ["stove.cold.claim.0", "stove.cold.heat.0", "stove.cold.heat.1",
                   "stove.cold.release.0"]


def test_numbers_beyond_what_javascript_holds_are_texts() -> None:
    made = tables(read(ROOT / "tests/gen/specs/kitchen.yaml"))
    price = next(f for f in made["resources"][0]["fields"] if f["name"] == "price")
    assert price["range"] == ["0", "18446744073709551614"]
    assert list(members(made, "integer"))
