"""docs/performance.md is made from records; each drift is told with the command that mends it."""
from __future__ import annotations

import importlib
import json
import re
import stat
from pathlib import Path
from types import ModuleType

import pytest
from installation import ROOT, make
from test_bench import whole_run

RECORDS = ("budget.json", "check.json", "memory.json", "states.json", "store.json", "times.json")
LOG = """spec/lamp.yaml: ok: 1 resource, 3 states, 4 rows, 1 hook, 2 operations
spec/lamp.yaml: explored every order of calls of up to 3 callers: {states} states, 40 transitions
"""


@pytest.fixture(autouse=True)
def own_records(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tests change copies of the records and of the page."""
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    for name in RECORDS:
        (tmp_path / name).write_bytes((ROOT / "bench" / name).read_bytes())
    (tmp_path / "page.md").write_bytes((ROOT / "docs/performance.md").read_bytes())
    monkeypatch.setattr(module("figures"), "HERE", tmp_path)
    monkeypatch.setattr(module("performance"), "PAGE", tmp_path / "page.md")


def module(name: str) -> ModuleType:
    """A script of bench/."""
    return importlib.import_module(name)


def change(path: Path, old: str, new: str) -> None:
    """Writes a file with another text in one place."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_page_says_what_is_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    assert module("performance").main(["--check"]) == 0, capsys.readouterr().err


@pytest.mark.parametrize(("name", "old", "new"), [
    ("budget.json", "add_ready/vpci\": 3", "add_ready/vpci\": 4"),
    ("memory.json", "[300, ", "[301, "),
    ("states.json", '"states": 28', '"states": 29'),
    ("store.json", "full 64\": [", "full 64\": [1"),
    ("times.json", "distinct/scsi/berth\": [", "distinct/scsi/berth\": [1"),
    ("page.md", "plan9", "plan8"),
])
def test_a_page_that_differs_from_a_record_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, old: str, new: str
) -> None:
    change(tmp_path / name, old, new)
    assert module("performance").main(["--check"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("docs/performance.md: not what the records say:\n")
    assert said.endswith("renew it with: make performance;"
                         " its prose is in bench/performance.md.j2\n")
    assert module("performance").main([]) == 0
    assert module("performance").main(["--check"]) == 0


def test_a_search_that_goes_elsewhere_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    states, log = module("states"), tmp_path / "lamp.log"
    log.write_text(LOG.format(states=20), encoding="utf-8")
    assert states.main(["--renew", str(log)]) == 0
    assert states.main([str(log)]) == 0
    log.write_text(LOG.format(states=21), encoding="utf-8")
    assert states.main([str(log)]) == 1
    said = capsys.readouterr().err
    assert "bench/states.json: lamp: says {" in said and "'states': 21" in said
    assert said.endswith("renew them with: make renew-states\n")
    log.write_text("interrupted\n", encoding="utf-8")
    assert states.main([str(log)]) == 2


def test_other_bytes_are_told_and_another_machine_is_not_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    memory, program = module("memory"), tmp_path / "program"
    row = "lamp: bulb, reservation                         1000     300      301   1.00"
    program.write_text(f"#!/bin/sh\necho '{row}'\n", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    assert memory.main(["--renew", str(program)]) == 0
    assert json.loads((tmp_path / "memory.json").read_text(encoding="utf-8"))["bytes"] == {
        "lamp: bulb, reservation": {"1000": [300, 301]}}
    assert memory.main([str(program)]) == 0
    change(program, "300", "299")
    assert memory.main([str(program)]) == 1
    said = capsys.readouterr().err
    assert "says {'1000': [300, 301]}, is {'1000': [299, 301]}" in said
    assert said.endswith("renew them with: make renew-memory\n")
    assert memory.main(["--flags=-O7", str(program)]) == 0
    assert "not compared" in capsys.readouterr().out


def test_what_only_one_side_has_is_told() -> None:
    assert module("figures").differences("a.json", {"x": 1, "y": 2}, {"y": 2, "z": 3}) == [
        "bench/a.json: x: there, and not measured", "bench/a.json: z: not there, is 3"]


def test_a_whole_run_is_recorded_with_its_day_and_its_machine(tmp_path: Path) -> None:
    report, program, results = module("report"), tmp_path / "uuid", tmp_path / "results.json"
    program.write_text("#!/bin/sh\necho 'uuid_generate_random: 100 ns, pool: 25 ns'\n",
                       encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    context = {"date": "2001-02-03T04:05:06+00:00", "num_cpus": 7, "load_avg": [0.25, 1, 2]}
    results.write_text(json.dumps({"context": context, "benchmarks": whole_run(report)}),
                       encoding="utf-8")
    assert report.main(["--renew", "--uuids", str(program), str(results)]) == 0
    kept = report.recorded()
    assert kept["held/scsi/berth"].time == 90.0
    assert [kept[name].time for name in report.UUIDS] == [100.0, 25.0]
    assert module("performance").main([]) == 0
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "| date | 2001-02-03 |\n" in page and "| processors | 7 |\n" in page
    assert "| (b) a key that others hold, scsi | 18.00 | 18.00 | 18.00 |\n" in page
    assert "| a UUID of the runtime's pool, to one of libuuid | 0.250 |\n" in page


def test_the_page_shows_no_times() -> None:
    """But for what targets ask for."""
    page = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\d[\d,.]* ?(?:ns|µs|us|ms|s)\b", page)) <= {"1 ms", "2 s"}


def test_the_records_have_every_manager_that_ships() -> None:
    ships = {path.stem for path in (ROOT / "spec").glob("*.yaml")}
    assert set(module("figures").load("states.json")["specs"]) == ships


def test_the_drift_check_covers_every_record() -> None:
    done = make("-n", "check-drift")
    for goal in ("bench/performance.py --check", "bench/states.py", "compare-small",
                 "compare-memory"):
        assert goal in done.stdout


@pytest.mark.parametrize("record", ["budget", "times", "memory", "states", "small"])
def test_renewing_a_record_renews_the_page(record: str) -> None:
    assert "bench/performance.py\n" in make("-n", f"renew-{record}").stdout
