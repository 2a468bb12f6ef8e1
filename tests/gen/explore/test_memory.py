"""A search that the system ends, for lack of memory or otherwise, is in part, and tells what it saw
until then."""
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from engine_support import program
from explore_support import FAULTY, ROOT, manager_of

from berthc import cli
from berthc.explore.bounds import KILLED, NO_MEMORY, Bounds
from berthc.explore.engine import searches as engine
from berthc.explore.engine.run import Running, Searched, Watch
from berthc.explore.messages import claim, in_flight, not_played
from berthc.explore.report import explore
from berthc.explore.search import Search
from berthc.model import Manager

SCSI = ROOT / "spec/scsi.yaml"
DRAINED = FAULTY / "unreachable-attach-while-leaving.yaml"
LARGE = Bounds(callers=6, keys=3, states=90_000_000)
SMALL = Bounds(callers=2, keys=1)


def model(path: Path) -> Manager:
    return manager_of(path.read_text(encoding="utf-8"))


def around(made: Path, tmp_path: Path, text: str) -> Path:
    """A shell script around the search in C, which is its argument."""
    script = tmp_path / "search"
    script.write_text(f"#!/bin/sh\n{text.format(made)}\n", encoding="utf-8")
    script.chmod(0o755)
    return script


def test_a_search_in_c_without_memory_tells_what_it_saw(tmp_path: Path) -> None:
    manager = model(SCSI)
    made = program(manager)
    report = explore(manager, LARGE, program=around(made, tmp_path, "ulimit -v 60000\nexec {}"))
    assert not report.complete and not report.out_of_memory and report.stopped == NO_MEMORY
    assert claim(report).endswith(" transitions, then the bound on memory that the system sets was "
                                  "reached")
    assert report.states > 1000 and report.seen[0].every and not report.unplayed.operations


def test_what_was_found_before_memory_ended_is_told(tmp_path: Path) -> None:
    manager = model(FAULTY / "stranded-failed-mount.yaml")
    script = around(program(manager), tmp_path, "{} | grep -v done\necho limit memory; exit 4")
    report = explore(manager, SMALL, program=script)
    assert not report.complete and {f.fault.id for f in report.findings} == {"stranded"}


def test_a_search_in_c_that_has_no_memory_for_its_plan_is_in_part(tmp_path: Path) -> None:
    manager = model(SCSI)
    script = around(program(manager), tmp_path, "echo limit memory; exit 4")
    report = explore(manager, SMALL, program=script)
    assert not report.complete and report.stopped == NO_MEMORY and len(report.searched) == 1


def test_a_search_that_the_system_kills_is_in_part(tmp_path: Path) -> None:
    manager = model(SCSI)
    script = around(program(manager), tmp_path, "echo progress 5 1 7; kill -9 $$")
    report = explore(manager, SMALL, program=script)
    assert not report.complete and len(report.searched) == 1
    assert claim(report).endswith(f": 5 states, 7 transitions, then {KILLED}")
    assert not not_played(report)


def test_operations_in_flight_that_the_system_kills_are_in_part(tmp_path: Path) -> None:
    manager = model(ROOT / "spec/vpci.yaml")
    script = around(program(manager), tmp_path, "{} | grep -v flights\necho flying 5 1; kill -9 $$")
    report = explore(manager, Bounds(callers=2, keys=1, in_flight=2), program=script)
    assert report.complete and not report.flights_complete
    assert in_flight(report).startswith("explored in part with up to 2 operations in flight: 5 ")


def test_rows_are_not_unreachable_because_drains_had_no_memory(
        monkeypatch: pytest.MonkeyPatch) -> None:
    class Starved(Running):
        def result(self, watch: Watch = lambda _states, _waiting: None) -> Searched:
            result = self.end()
            result.stopped = NO_MEMORY
            return result

    def starved(*given: object) -> None:
        monkeypatch.setattr(engine, "Running", Starved)
        drained(*given)

    manager = model(DRAINED)
    made = program(manager)
    assert explore(manager, SMALL, program=made).findings
    drained = engine.drained
    monkeypatch.setattr(engine, "drained", starved)
    report = explore(manager, SMALL, program=made)
    assert not report.complete and report.stopped == NO_MEMORY and not report.findings


def test_the_search_in_python_without_memory_is_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(self: Search, *given: object) -> None:
        if len(self.nodes) > 100:
            raise MemoryError
        really_ask(self, *given)

    really_ask = Search._ask
    monkeypatch.setattr(Search, "_ask", ask)
    report = explore(model(SCSI), Bounds(callers=3))
    assert not report.complete and report.stopped == NO_MEMORY and len(report.searched) == 1
    assert report.states > 100


def test_drains_in_python_without_memory_are_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    def drains(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Search, "_drains", drains)
    report = explore(model(DRAINED), SMALL)
    assert not report.complete and report.stopped == NO_MEMORY and not report.findings


def test_a_search_that_the_system_ends_gives_status_4() -> None:
    command = ("ulimit -v 80000; "
               "exec bin/berthc check --engine python --callers 5 --keys 3 spec/scsi.yaml")
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, text=True,
                          timeout=120, check=False)
    assert (done.returncode, done.stdout.count(NO_MEMORY)) == (4, 1)
    assert "Traceback" not in done.stderr


def test_a_command_without_memory_says_so(monkeypatch: pytest.MonkeyPatch,
                                          capsys: pytest.CaptureFixture[str]) -> None:
    def run(_: object) -> int:
        raise MemoryError

    monkeypatch.setattr(cli, "run", run)
    assert cli.main(["check"]) == 2
    assert capsys.readouterr().err == "berthc: cannot go on: there is no more memory\n"
