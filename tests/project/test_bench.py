"""What the reports of the benchmarks make of numbers."""
from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from installation import ROOT


def load(path: str) -> ModuleType:
    """A script as a module."""
    spec = importlib.util.spec_from_file_location("script_" + Path(path).stem, ROOT / path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", name="count")
def count_script() -> ModuleType:
    return load("bench/instructions/count.py")


@pytest.fixture(scope="module", name="report")
def report_script() -> ModuleType:
    return load("bench/report.py")


def test_counts_up_to_the_margin_pass(count: ModuleType) -> None:
    assert count.excess({"find": 1000}, {"find": 1020}, 0.02) == []


def test_counts_above_the_margin_are_told_with_their_budget(count: ModuleType) -> None:
    assert count.excess({"find": 1000, "add": 10}, {"find": 1021, "add": 10}, 0.02) == ["find: 1021 instructions, 2.1 % more than the budget of 1000"]


def test_a_case_without_a_budget_is_told(count: ModuleType) -> None:
    assert count.excess({}, {"find": 5}, 0.25) == ["find: 5 instructions, and no budget"]


def test_every_case_has_a_budget(count: ModuleType) -> None:
    assert set(json.loads((ROOT / "bench/budget.json").read_text(encoding="utf-8"))["instructions"]) == set(count.CASES)


def run(name: str, **values: object) -> dict[str, object]:
    """One entry of a results file."""
    return {"name": name, "run_name": name, "run_type": "iteration", "time_unit": "ns", "real_time": 7.0, "cpu_time": 5.0, "iterations": 9, **values}


def test_medians_of_processor_time_without_threads_and_of_the_clock_with(report: ModuleType, tmp_path: Path) -> None:
    runs = [run("a/b", cpu_time=time) for time in (1.0, 90.0, 3.0)]
    runs += [run("c/iterations:2/real_time/threads:4", real_time=2.0, time_unit="us", rate=time) for time in (5.0, 6.0, 9.0)]
    runs += [{**run("a/b"), "run_type": "aggregate", "cpu_time": 1e9}]
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"benchmarks": runs}), encoding="utf-8")
    cases = report.read(path)
    assert cases["a/b"].time == 3.0
    assert cases["c/threads:4"].time == 2000.0
    assert cases["c/threads:4"].counters == {"rate": 6.0}


@pytest.mark.parametrize(("value", "most", "met"), [(2.0, True, True), (2.01, True, False), (2.0, False, True), (1.99, False, False)])
def test_targets_are_met_at_their_limit(report: ModuleType, value: float, most: bool, met: bool) -> None:
    assert report.Target("a", "x", value, 2.0, most).met is met


def test_a_row_costs_what_sixteen_more_cost(report: ModuleType) -> None:
    cases = {"dispatch/1-row": report.Case(100.0, {}), "dispatch/17-rows": report.Case(260.0, {})}
    assert report.per_row(cases) == 10.0


def test_a_cycle_half_as_slow_again_is_told(report: ModuleType) -> None:
    assert report.excess({"held/x": 2.0, "find/x": 1.0}, {"held/x": 3.0, "find/x": 1.5}) == []
    assert report.excess({"held/x": 2.0}, {"held/x": 3.01, "add/x": 1.0}) == [
        "held/x: 3.01 times the floor, more than 1.5 times the recorded 2.00", "add/x: 1.00 times the floor, and no budget",
    ]


def test_every_measured_cycle_has_a_ratio(report: ModuleType) -> None:
    assert set(json.loads((ROOT / "bench/ratios.json").read_text(encoding="utf-8"))) == set(report.MEASURED)


def test_a_run_with_a_filter_prints_what_it_measured_and_is_no_budget(report: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"benchmarks": [run("held/vpci/berth", cpu_time=4.0)]}), encoding="utf-8")
    assert report.main([str(path)]) == 0
    assert "held/vpci/berth" in capsys.readouterr().out
    assert report.main(["--renew", str(path)]) == 2
    assert "not a whole run: run make bench without a filter first" in capsys.readouterr().err
    path.write_text("", encoding="utf-8")
    assert report.main([str(path)]) == 2
    assert "does the filter match any case?" in capsys.readouterr().err
