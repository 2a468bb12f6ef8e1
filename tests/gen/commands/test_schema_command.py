"""`berthc schema`, and what docs/editor.md makes of it."""
from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from berthc.cli import main

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = ROOT / "spec/schema/berth.schema.json"
PAGE = (ROOT / "docs/editor.md").read_text(encoding="utf-8")


def test_the_path_is_that_of_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert capsys.readouterr().out == f"{SCHEMA}\n"


def test_the_modeline_names_the_same_path(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--modeline"]) == 0
    assert capsys.readouterr().out == f"# yaml-language-server: $schema={SCHEMA}\n"


def test_the_task_of_the_page_finds_file_line_and_column_of_each_finding(
        capsys: pytest.CaptureFixture[str]) -> None:
    [task] = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.S)
              if "tasks" in text]
    pattern = task["tasks"][0]["problemMatcher"]["pattern"]
    bad = ROOT / "tests/gen/bad/several.yaml"
    assert main(["check", "--static", str(bad)]) == 1
    shown = capsys.readouterr().err
    found = [match for match in map(re.compile(pattern["regexp"]).match, shown.splitlines())
             if match]
    assert len(found) == len(re.findall(r"error\[", shown)) > 1
    assert {match[pattern["file"]] for match in found} == {str(bad)}
    assert all(match[pattern["line"]].isdecimal() and match[pattern["column"]].isdecimal()
               for match in found)
