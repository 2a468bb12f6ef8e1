"""What the reports of the benchmarks make of numbers."""
from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from installation import ROOT, make


sys.path.insert(0, str(ROOT / "bench"))


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
    return load("bench/count.py")


@pytest.fixture(scope="module", name="report")
def report_script() -> ModuleType:
    return load("bench/report.py")


def test_counts_up_to_the_margin_pass(count: ModuleType) -> None:
    assert count.excess({"find": 1000}, {"find": 1020}, 0.02) == []


def test_counts_above_the_margin_are_told_with_their_budget(count: ModuleType) -> None:
    assert count.excess({"find": 1000, "add": 10}, {"find": 1021, "add": 10}, 0.02) == [
        "find: 1021 instructions, 2.1 % more than the budget of 1000"
    ]


def test_a_case_without_a_budget_is_told(count: ModuleType) -> None:
    assert count.excess({}, {"find": 5}, 0.25) == ["find: 5 instructions, and no budget"]


def test_every_case_has_a_budget(count: ModuleType) -> None:
    assert set(
        json.loads((ROOT / "bench/budget.json").read_text(encoding="utf-8"))["instructions"]
    ) == set(count.CASES)


def test_loading_may_not_take_more_per_instance_when_there_are_many(count: ModuleType) -> None:
    assert count.steep({"load": (1000, 1250)}) == []
    assert count.steep({"load": (1000, 1251)}) == [
        "load: not linear, 1000 instructions per instance up to 1000, 1251 up to 8000"
    ]


def run(name: str, **values: object) -> dict[str, object]:
    """One entry of a results file."""
    return {
        "name": name,
        "run_name": name,
        "run_type": "iteration",
        "time_unit": "ns",
        "real_time": 7.0,
        "cpu_time": 5.0,
        "iterations": 9,
        **values,
    }


def test_medians_of_processor_time_without_threads_and_of_the_clock_with(
    report: ModuleType, tmp_path: Path
) -> None:
    runs = [run("a/b", cpu_time=time) for time in (1.0, 90.0, 3.0)]
    runs += [
        run("c/iterations:2/real_time/threads:4", real_time=2.0, time_unit="us", rate=time)
        for time in (5.0, 6.0, 9.0)
    ]
    runs += [{**run("a/b"), "run_type": "aggregate", "cpu_time": 1e9}]
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"benchmarks": runs}), encoding="utf-8")
    cases = report.read(path)
    assert cases["a/b"].time == 3.0
    assert cases["c/threads:4"].time == 2000.0
    assert cases["c/threads:4"].counters == {"rate": 6.0}


@pytest.mark.parametrize(
    ("value", "most", "met"),
    [(2.0, True, True), (2.01, True, False), (2.0, False, True), (1.99, False, False)],
)
def test_targets_are_met_at_their_limit(
    report: ModuleType, value: float, most: bool, met: bool
) -> None:
    assert report.Target("a", "x", value, 2.0, most).met is met


def test_a_row_costs_what_sixteen_more_cost(report: ModuleType) -> None:
    cases = {"dispatch/1-row": report.Case(100.0, {}), "dispatch/17-rows": report.Case(260.0, {})}
    assert report.per_row(cases) == 10.0


def test_ratios_are_told_beside_the_recorded_ones(report: ModuleType) -> None:
    lines = report.beside({"held/x": 2.0}, {"held/x": 3.0, "add/x": 1.0}).splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["held/x", "3.00", "2.00", "+50", "%"], ["add/x", "1.00", "-", "-"],
    ]


def whole_run(report: ModuleType) -> list[dict[str, object]]:
    """Entries for all that a report needs. Ours takes 90 ns, everything else 5."""
    names = {
        *report.SINGLE,
        *(f"{name}/{who}" for name in report.MEASURED for who in report.CONTENDERS),
        *(
            f"sets/{order}/{n}"
            for order in ("same-order", "other-order")
            for n in (100, 1000, 10000)
        ),
        *(
            f"contention/{what}/{who}/{n}"
            for what in (
                "roots", "look-ups", "changes-1000", "changes-100", "changes-10", "one-changes",
            )
            for who in ("berth", "one-mutex")
            for n in (1, 2, 4, 16, 64)
        ),
        *(
            f"scale/{what}/{n}"
            for n in (1000, 100000, 1000000)
            for what in ("come-and-go/hand", "find/hand", "children/berth", "holders/berth")
        ),
        *(f"scale/{what}/berth/100000" for what in ("come-and-go", "find", "cycle")),
        "slow-hooks/one-mutex",
    }
    counters = """items_per_second calls first_us caller_us last_us bytes bytes_with_device
        start_ns complete_ns fill_ns drain_ns child_bytes reservation_bytes""".split()
    values = dict.fromkeys(counters, 1.0)
    return [run(name, cpu_time=90.0 if name.endswith("/berth") else 5.0, **values)
            for name in sorted(names)]


def test_a_run_on_a_slow_processor_is_no_error(
    report: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"benchmarks": whole_run(report)}), encoding="utf-8")
    assert report.main([str(path)]) == 0
    printed = capsys.readouterr().out
    assert "MISSED" in printed
    assert re.search(r"held/vpci +18\.00 +\d\.\d\d +\+\d+ %", printed)


def test_arguments_of_the_benchmark_may_be_regular_expressions() -> None:
    expected = ["--benchmark_filter=^(distinct|held)", "--benchmark_min_time=0.1"]
    done = make("-n", "run-bench", f"BENCH_ARGUMENTS={' '.join(expected)}")
    found = re.search(r"--benchmark_out_format=json \\\s+(.*?) >", done.stdout)
    assert found is not None, done.stderr
    shell = ["sh", "-c", f"printf '%s\\n' {found[1]}"]
    words = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert words.stdout.splitlines() == expected, words.stderr


def test_a_whole_run_is_recorded(report: ModuleType) -> None:
    cases = report.recorded()
    assert report.complete(cases)
    assert set(report.ratios(cases)) == set(report.MEASURED)
    assert set(report.UUIDS) <= set(cases)


def test_a_run_with_a_filter_prints_what_it_measured_and_is_not_recorded(
    report: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "results.json"
    path.write_text(
        json.dumps({"benchmarks": [run("held/vpci/berth", cpu_time=4.0)]}), encoding="utf-8"
    )
    assert report.main([str(path)]) == 0
    assert "held/vpci/berth" in capsys.readouterr().out
    assert report.main(["--renew", str(path)]) == 2
    assert "not a whole run: run make bench without a filter first" in capsys.readouterr().err
    path.write_text("", encoding="utf-8")
    assert report.main([str(path)]) == 2
    assert "does the filter match any case?" in capsys.readouterr().err
