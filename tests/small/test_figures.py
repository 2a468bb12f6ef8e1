"""The figures of docs/small.md against what `make small` measures."""
from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/small.md"
REPORT = """gcc 1, cortex-m3, -Os; bytes

| manager | its code | its tables | program: code | constants | RAM: arena | other | stack |
|---|---|---|---|---|---|---|---|
| plan9 | 100 | 200 | 25,000 | 1,000 | 4,000 | 300 | 1,900 |
| scsi | 101 | 201 | 25,001 | 1,001 | 8,000 | 301 | 1,901 |

All of the runtime, before the linker leaves out what nobody calls: 25,000 of code, 1,400 of constants.
"""


@pytest.fixture(name="page")
def page_module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    return importlib.import_module("small_page")


def text_of(page: ModuleType, report: str = REPORT) -> str:
    text: str = page.renewed(f"# Small\n\n{page.BEGIN}old\n{page.END}\nend\n", report)
    return text


def test_a_renewed_page_has_the_report_and_keeps_the_rest(page: ModuleType) -> None:
    assert (
        text_of(page) == "# Small\n\n"
        "<!-- figures of make small -->\n\n"
        f"{REPORT}\n"
        "<!-- end -->\n\n"
        "end\n"
    )
    assert page.renewed(text_of(page), REPORT) == text_of(page)
    assert page.differences(text_of(page), REPORT) == []


def test_an_arena_must_be_equal(page: ModuleType) -> None:
    assert page.differences(text_of(page), REPORT.replace("4,000", "4,001")) == [
        "docs/small.md: plan9, RAM: arena: says 4,000, is 4,001"
    ]


def test_other_figures_may_differ_a_little(page: ModuleType) -> None:
    assert (
        page.differences(
            text_of(page), REPORT.replace("| 25,001", "| 25,751").replace("1,901", "1,844")
        )
        == []
    )
    assert page.differences(text_of(page), REPORT.replace("| 25,001", "| 25,752")) == [
        "docs/small.md: scsi, program: code: says 25,001, is 25,752"
    ]
    assert page.differences(text_of(page), REPORT.replace("1,901", "1,843")) == [
        "docs/small.md: scsi, stack: says 1,901, is 1,843"
    ]
    assert page.differences(text_of(page), REPORT.replace(": 25,000 of", ": 26,000 of")) == [
        "docs/small.md: runtime, code: says 25,000, is 26,000"]


def test_with_another_compiler_only_arenas_are_compared(page: ModuleType) -> None:
    other = REPORT.replace("gcc 1,", "gcc 2,")
    assert page.differences(text_of(page), other.replace("| 25,001", "| 99,999")) == []
    assert page.differences(text_of(page), other.replace("8,000", "7,999")) == [
        "docs/small.md: scsi, RAM: arena: says 8,000, is 7,999"
    ]


def test_a_manager_that_is_only_in_one_of_them_is_told(page: ModuleType) -> None:
    without = "".join(
        line for line in REPORT.splitlines(keepends=True) if not line.startswith("| scsi")
    )
    assert (
        page.differences(text_of(page, without), REPORT)[0]
        == "docs/small.md: scsi, its code: not there"
    )
    assert (
        page.differences(text_of(page), without)[0]
        == "docs/small.md: scsi, its code: there, and not measured"
    )


@pytest.mark.parametrize(
    "text",
    ["", "<!-- figures of make small -->\n", "<!-- end -->\n<!-- figures of make small -->\n"],
)
def test_a_page_without_a_report_is_told(page: ModuleType, text: str) -> None:
    with pytest.raises(ValueError, match="docs/small.md: one report is expected between"):
        page.differences(text, REPORT)


def test_the_page_has_every_manager(page: ModuleType) -> None:
    """Whether its figures are true is what `make check-drift` sees to."""
    found = page.figures(page.recorded(PAGE.read_text(encoding="utf-8")))
    assert {who for who, _ in found} == {path.stem for path in (ROOT / "spec").glob("*.yaml")} | {
        "runtime"
    }


def test_without_a_cross_compiler_the_check_says_so() -> None:
    done = subprocess.run(
        ["make", "-s", "check-small", "SMALL_CROSS=none-such-"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (
        0,
        "docs/small.md: not compared, there is no none-such-gcc here: scripts/setup small installs it\n",
    )


def test_a_wrong_figure_is_told_with_the_command_that_renews_it(
    tmp_path: Path, page: ModuleType
) -> None:
    """From end to end, in a copy of what the check reads."""
    built = Path(os.environ.get("BERTH_BUILD", ROOT / "build")) / "small/arm"
    managers = sorted(path.stem for path in (ROOT / "spec").glob("*.yaml"))
    if shutil.which("arm-none-eabi-gcc") is None or not all(
        (built / f"{manager}.elf").exists() for manager in managers
    ):
        pytest.skip("nothing is built for Cortex-M: make small")
    (tmp_path / "bench").mkdir()
    (tmp_path / "docs").mkdir()
    for name in ("small.py", "small_page.py"):
        shutil.copy(ROOT / "bench" / name, tmp_path / "bench")
    text = PAGE.read_text(encoding="utf-8")
    arena = page.figures(page.recorded(text))["scsi", "RAM: arena"]
    (tmp_path / "docs/small.md").write_text(
        text.replace(f"{arena:,}", f"{arena + 4:,}"), encoding="utf-8"
    )
    command = [sys.executable, str(tmp_path / "bench/small_page.py"), "arm-none-eabi-", str(built),
               *managers]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert f"docs/small.md: scsi, RAM: arena: says {arena + 4:,}, is {arena:,}\n" in done.stderr
    assert done.stderr.endswith("renew them with: make renew-small\n")
