"""docs/language.md says what the compiler does."""
from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/gen"))

import renew  # noqa: E402

from berthc.pipeline import compile_text  # noqa: E402
from berthc.reference.rules import catalogue  # noqa: E402
from berthc.spec.schema import Schema  # noqa: E402

PAGE = renew.LANGUAGE.read_text(encoding="utf-8")


def test_the_tables_are_up_to_date() -> None:
    assert renew.with_tables(PAGE) == PAGE


def test_every_key_of_the_schema_is_in_a_table() -> None:
    def keys(part: object) -> set[str]:
        found: set[str] = set()
        if isinstance(part, dict):
            found |= set(part.get("properties", {}))
            for value in part.values():
                found |= keys(value)
        elif isinstance(part, list):
            for value in part:
                found |= keys(value)
        return found

    # described where they stand, in the text
    nested = {"case", "start", "as", "at", "enter", "resource", "text", "take", "drop"}
    tables = set(re.findall(r"^\| \**`([a-z_]+)`", PAGE, re.M))
    assert keys(Schema.read().root) - nested <= tables
    assert all(f"{word}:" in PAGE or f"`{word}`" in PAGE for word in nested)


def test_every_rule_is_listed_with_a_sentence() -> None:
    for id, says in catalogue().items():
        assert f"| `{id}` | {says} |" in PAGE and says.endswith(".")


@pytest.mark.parametrize(
    "text", [t for t in re.findall(r"```yaml\n(.*?)```", PAGE, re.S) if t.startswith("berth: 1")])
def test_whole_examples_are_good_specs(text: str) -> None:
    result = compile_text("example.yaml", text)
    assert result.manager is not None and result.diagnostics == ()


FRAMES = {
    "limits": (
        "berth: 1\n"
        "manager: m\n"
        "{}resources:\n"
        "  disk: {{key: [path], fields: {{path: {{type: string}}}}, initial: s, \n"
        "         states: &s {{s: {{on: {{take: stay, drop: gone}}}}, gone: {{final: true}}}}, holders: &h {{take: take, drop: drop}}}}\n"
        "  mount: {{parent: disk, initial: s, states: *s, holders: *h}}\n"
        "operations:\n"
        "  hold: {{obtain: [disk, mount], gives: reservation}}\n"
        "  drop: {{with: reservation, do: [mount.drop, disk.drop], ends: reservation}}\n"
    ),
    "options": (
        "berth: 1\n"
        "manager: m\n"
        "{}resources: {{r: {{initial: s, states: {{s: {{resident: true}}}}}}}}\n"
        "operations: {{o: {{obtain: [r]}}}}\n"
    ),
    "store": (
        "berth: 1\n"
        "manager: m\n"
        "{}resources: {{r: {{initial: s, states: {{s: {{resident: true}}}}}}}}\n"
        "operations: {{o: {{obtain: [r]}}}}\n"
    ),
    "accept": (
        "berth: 1\n"
        "manager: m\n"
        "resources: {{disk: {{initial: failed, states: {{failed: {{resident: true, on: {{detach: stay}}}}}}}}}}\n"
        "operations: {{o: {{obtain: [disk], do: [disk.detach]}}}}\n"
        "{}"
    ),
}


@pytest.mark.parametrize("text",
                         [t for t in re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
                          if not t.startswith("berth: 1")])
def test_fragments_are_well_formed(text: str) -> None:
    word = text.split(":", 1)[0]
    if word == "assigned":
        inner = "".join(f"    {line}\n" for line in text.splitlines())
        spec = (
            "berth: 1\n"
            "manager: m\n"
            "options:\n"
            "  controllers: {type: u8, default: 1, range: [1, 4]}\n"
            "  guest: {type: enum, values: [linux, windows]}\n"
            "backend: {vm: {add_disk: {on: r}}}\n"
            "resources:\n"
            f"  r:\n{inner}"
            "    initial: s\n"
            "    states:\n"
            "      s: {resident: true, on: {go: {call: vm.add_disk, ok: t, fail: stay, uncertain: t}}}\n"
            "      t: {resident: true, on: {go: stay}}\n"
            "operations: {o: {obtain: [r], do: [r.go]}}\n"
        )
    else:
        spec = FRAMES[word].format(text)
    result = compile_text("fragment.yaml", spec)
    assert result.manager is not None, result.diagnostics
