"""The replay tool: what counts as a difference, and what it says about one."""
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from semantics_support import ROOT

TOOL = ROOT / "tests" / "support" / "replay.py"
sys.path.insert(0, str(TOOL.parent))
import replay  # noqa: E402

ECHO = "import sys\nfor line in sys.stdin: print(line, end='')"  # answers with the request
SILENT = "import sys; sys.stdin.read(); sys.stderr.write('gone'); sys.exit(3)"
LATE_DEATH = ECHO + "\nsys.exit(4)"
NOISE = "import sys\nfor line in sys.stdin: print('noise')"


@pytest.mark.parametrize(("expect", "answer", "parts"), [
    ({}, {"error": "EIO"}, []),
    ({"error": None}, {"error": None}, []),
    ({"error": None}, {"error": "EIO"}, ["error"]),
    ({"error": "EIO"}, {"error": None}, ["error"]),
    ({"error": "EIO"}, {"error": "EPERM"}, ["error"]),
    ({"error": "*"}, {"error": "EPERM"}, []),
    ({"error": "*"}, {"error": None}, ["error"]),
    ({"error": "*"}, {}, ["error"]),
    ({"calls": []}, {"calls": []}, []),
    ({"calls": []}, {"calls": [{"hook": "a.b", "outcome": "ok"}]}, ["calls"]),
    ({"calls": [["a.b", "ok"]]}, {"calls": [{"hook": "a.b", "outcome": "ok", "args": {"x": 1}}]},
     []),
    ({"calls": [["a.b", "ok"]]}, {"calls": [{"hook": "a.b", "outcome": "fail"}]}, ["calls"]),
    ({"calls": [["a.b", "ok"], ["c.d", "ok"]]},
     {"calls": [{"hook": "c.d", "outcome": "ok"}, {"hook": "a.b", "outcome": "ok"}]}, ["calls"]),
    ({"calls": [["a.b", "ok"]]}, {}, ["calls"]),
    ({"returns": {"x": 1}}, {"returns": {"x": 1, "y": 2}}, []),
    ({"returns": {"x": 1}}, {"returns": {"x": 2}}, ["returns"]),
    ({"returns": {"x": 1}}, {"returns": {}}, ["returns"]),
    ({"returns": {"x": 1}}, {}, ["returns"]),
    ({"returns": {"x": 1}}, {"returns": {"x": True}}, ["returns"]),
    ({"returns": {"x": 0}}, {"returns": {"x": False}}, ["returns"]),
    ({"state": {"d": []}}, {"state": {"d": [{"a": 1}]}}, ["state"]),
    ({"state": {"d": [{"a": 1}]}}, {"state": {"d": []}}, ["state"]),
    ({"state": {"d": [{"a": 1}, {"a": 2}]}}, {"state": {"d": [{"a": 2, "b": 0}, {"a": 1}]}}, []),
    ({"state": {"d": [{"a": 1}, {"a": 1}]}}, {"state": {"d": [{"a": 1}, {"a": 2}]}}, ["state"]),
    ({"state": {"d": [{}, {"a": 1}]}}, {"state": {"d": [{"a": 1}, {"a": 2}]}}, []),
    ({"state": {"d": [{"k": [{"a": 1}]}]}}, {"state": {"d": [{"k": [{"a": 2}]}]}}, ["state"]),
    ({"error": None, "returns": {"x": 1}, "state": {"y": 1}}, {"error": "EIO"},
     ["error", "returns", "state"]),
])
def test_differences(expect: dict[str, Any], answer: dict[str, Any], parts: list[str]) -> None:
    assert [text.split(":")[0] for text in replay.differences(expect, answer)] == parts


def trace(folder: Path, *steps: tuple[dict[str, Any], dict[str, Any]]) -> Path:
    path = folder / "one.jsonl"
    path.write_text("".join(json.dumps({"request": r, "expect": e}) + "\n\n" for r, e in steps),
                    encoding="utf-8")
    return path


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(TOOL), *map(str, arguments)], capture_output=True,
                          text=True, timeout=60, check=False)


def test_a_trace_that_agrees(tmp_path: Path) -> None:
    path = trace(tmp_path, ({"error": None}, {"error": None}), ({"error": "EIO"}, {"error": "*"}))
    done = run(path, path, "--", sys.executable, "-c", ECHO)
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "2 of 2 traces agree, 4 of 4 steps\n",
        "",
    )


def test_the_first_difference_is_named_and_ends_the_trace(tmp_path: Path) -> None:
    path = trace(tmp_path, ({"error": None}, {"error": None}), ({"error": "EIO"}, {"error": None}),
                 ({"error": "EIO"}, {"error": None}))
    done = run(path, "--", sys.executable, "-c", ECHO)
    assert done.returncode == 1
    assert done.stdout == (f'{path}: step 2, {{"error": "EIO"}}: error: expected null, got "EIO"\n'
                           "0 of 1 traces agree, 1 of 3 steps\n")
    shown = run("-v", path, "--", sys.executable, "-c", ECHO).stdout.splitlines()
    assert shown[:2] == ['    {"error": null}', '    {"error": "EIO"}']


@pytest.mark.parametrize(
    ("simulator", "why"),
    [
        (SILENT, "no answer (exit status 3) gone"),
        (LATE_DEATH, "exit status 4"),
        (NOISE, "no JSON: noise"),
    ],
)
def test_a_simulator_that_misbehaves(tmp_path: Path, simulator: str, why: str) -> None:
    done = run(trace(tmp_path, ({"error": None}, {"error": None})), "--", sys.executable, "-c",
               simulator)
    assert done.returncode == 1
    assert why in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--"],
        ["--", "true"],
        ["x.jsonl"],
        ["x.jsonl", "--"],
        ["x.jsonl", "--", "true"],
        ["-v", "--", "true"],
    ],
)
def test_misuse(arguments: list[str]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage: replay.py" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("line",
                         ["{", "[]", "{}", '{"request": {}}', '{"request": 1, "expect": {}}'])
def test_a_line_that_is_no_step_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"request": {}, "expect": {}}\n' + line + "\n", encoding="utf-8")
    done = run(path, "--", "true")
    assert done.returncode == 2
    assert f"{path}:2: no step of a trace" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_simulator_that_cannot_be_started(tmp_path: Path) -> None:
    done = run(trace(tmp_path, ({}, {})), "--", tmp_path / "nothing-here")
    assert done.returncode == 2
    assert "nothing-here" in done.stderr
