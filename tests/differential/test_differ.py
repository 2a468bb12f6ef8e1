"""The differential test can fail: it finds what is planted, and shrinks it to what matters."""
from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

import pytest

from berthc.pipeline import read_spec
from berthc.sim import Simulator
from builds import ROOT
from differ import difference_run, first_difference, main, run_c, same
from scripts import Script, scripts
from shrink import shrink

SCSI = ROOT / "spec/scsi.yaml"

# A simulator that answers like the model but for one thing: it forgets to say that a hook was
# called a second time.
FAULTY = """
import io, json, sys
sys.path.insert(0, {gen!r})
from berthc.pipeline import read_spec
from berthc.sim import main
out = io.StringIO()
main(read_spec({spec!r})[0], io.StringIO(sys.stdin.read()), out)
for line in out.getvalue().splitlines():
    answer = json.loads(line)
    answer["calls"] = answer.get("calls", [])[:1]
    print(json.dumps(answer if "state" in answer else json.loads(line)))
"""


@pytest.fixture
def faulty(tmp_path: Path) -> list[str]:
    path = tmp_path / "faulty.py"
    path.write_text(FAULTY.format(gen=str(ROOT / "gen"), spec=str(SCSI)), encoding="utf-8")
    return [sys.executable, str(path)]


def test_a_planted_difference_is_found_and_shrunk(faulty: list[str]) -> None:
    manager, _ = read_spec(str(SCSI))
    assert manager is not None
    tally = difference_run(manager, faulty, 1, 20, None)
    assert tally.difference is not None
    operations = [request["op"] for request in tally.difference.script if isinstance(request, dict)]
    assert operations[0] == "reserve"
    assert (
        2 <= len(tally.difference.script) <= 4
    )  # two calls in one request need a reservation that maps both, or lets go of both


def test_a_simulator_that_stops_differs(tmp_path: Path) -> None:
    manager, _ = read_spec(str(SCSI))
    assert manager is not None
    tally = difference_run(manager, ["/bin/false"], 1, 5, None)
    assert tally.difference is not None
    assert "exit status 1" in tally.difference.c
    assert len(tally.difference.script) <= 1


@pytest.mark.parametrize("left, right, alike", [
    ('{"a": 1, "b": 2}', '{"b":2,"a":1}', True),
    ('{"message": "x"}', '{"message": "y"}', True),
    ('{"message": 1}', '{"message": "y"}', False),
    ('{"message": "x"}', "{}", False),
    ('{"a": 1}', '{"a": true}', False),
    ('{"a": 0}', '{"a": false}', False),
    ('{"a": 1}', '{"a": 1.0}', False),
    ('{"a": [1, 2]}', '{"a": [2, 1]}', False),
    ('{"a": null}', "{}", False),
    ("{}", "exit status 1", False),
])
def test_what_counts_as_the_same_answer(left: str, right: str, alike: bool) -> None:
    assert same(left, right) is alike
    assert same(right, left) is alike


def test_an_answer_too_few_or_too_many_is_a_difference() -> None:
    assert first_difference(["{}"], ["{}", "{}"]) == 1
    assert first_difference(["{}", "{}"], ["{}"]) == 1
    assert first_difference(["1", "2"], ["1", "3"]) == 1
    assert first_difference(["1"], ["1"]) is None


def test_texts_may_hold_what_python_takes_for_the_end_of_a_line() -> None:
    answer = '{"a": "\u2028 \u0085"}'
    assert run_c(["/usr/bin/printf", "%s\\n%s\\n", answer, "{}"], "") == [answer, "{}"]
    assert run_c(["/bin/true"], "") == []


def test_shrinking_keeps_only_what_the_failure_needs() -> None:
    script: Script = [
        {"op": "a", "x": {"y": [1, 2, 3], "z": 0}, "w": 1},
        {"op": "b"},
        {"op": "c"},
        "text",
        {"op": "d", "v": None},
    ]

    def fails(candidate: Script) -> bool:
        seen: list[Any] = [request["op"] for request in candidate if isinstance(request, dict)]
        return (
            "a" in seen
            and "d" in seen
            and any(2 in r.get("x", {}).get("y", []) for r in candidate if isinstance(r, dict))
        )

    assert shrink(script, fails) == [{"op": "a", "x": {"y": [2]}}, {"op": "d"}]


def _some_scripts(seed: int, count: int) -> tuple[list[Script], dict[str, int]]:
    manager, _ = read_spec(str(SCSI))
    assert manager is not None
    simulator = Simulator(manager)
    errors: dict[str, int] = {}

    def answer(request: dict[str, Any] | str) -> dict[str, Any]:
        given = simulator.answer(
            (request if isinstance(request, str) else json.dumps(request)).encode()
        )
        errors[given["error"] or "ok"] = errors.get(given["error"] or "ok", 0) + 1
        return given

    endless = scripts(manager, seed, answer)
    return [next(endless) for _ in range(count)], errors


def test_a_seed_names_its_scripts() -> None:
    assert _some_scripts(7, 5) == _some_scripts(7, 5)
    assert _some_scripts(7, 5) != _some_scripts(8, 5)
    random.seed(1)
    first = _some_scripts(7, 5)
    random.seed(2)
    assert _some_scripts(7, 5) == first


def test_scripts_reach_every_kind_of_answer() -> None:
    _, errors = _some_scripts(1, 300)
    assert {
        "ok", "EINVAL", "EEXIST", "ENOENT", "EIO", "EBUSY", "ENOTRECOVERABLE", "ECANCELED",
        "EOPNOTSUPP", "ENOSPC",
    } <= set(errors)
    assert errors["ok"] > sum(errors.values()) / 4


def test_misuse_of_the_command_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BERTH_BUILD", str(tmp_path))
    assert main([str(SCSI)]) == 2
    assert capsys.readouterr().err == f"{tmp_path}/scsi/scsi-sim is not built\n"
    assert main([str(tmp_path / "none.yaml")]) == 2
    assert capsys.readouterr().err.startswith(f"{tmp_path}/none.yaml: ")
