"""The test runner counts right, and nothing that goes wrong passes unnoticed."""
from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from installation import ROOT, script

Program = Callable[[str], str]

CMOCKA = """\
[==========] Running 3 test(s).
[ RUN      ] first
said without a newline[       OK ] first
[ RUN      ] second
[  {} ] second
[ RUN      ] third
[  SKIPPED ] third
[==========] 3 test(s) run.
[  PASSED  ] 1 test(s).
[  SKIPPED ] 1 test(s), listed below:
[  SKIPPED ] third
"""


def run(*arguments: str) -> tuple[int, list[str]]:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/run-tests"), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Makes an executable shell script."""

    def make(body: str) -> str:
        return str(script(tmp_path / f"program{len(list(tmp_path.iterdir()))}", body))

    return make


def test_nothing_to_run_is_a_failure() -> None:
    assert run() == (1, ["no test ran", "0 passed, 1 failed"])


def test_a_suite_without_a_test_is_a_failure(program: Program) -> None:
    status, lines = run(f"cmocka:empty={program('exit 0')}")
    assert (status, lines[-1]) == (1, "0 passed, 1 failed")


def test_a_missing_program_is_a_failure(tmp_path: Path) -> None:
    status, lines = run(f"cmocka:gone={tmp_path / 'gone'}")
    assert (status, lines[-1]) == (1, "0 passed, 1 failed")


def test_cmocka_failures_are_counted_and_shown(program: Program) -> None:
    text = CMOCKA.format("FAILED ")
    status, lines = run(f"cmocka:some={program(f'cat <<EOF{chr(10)}{text}EOF{chr(10)}exit 1')}")
    assert (status, lines[-1]) == (1, "1 passed, 1 failed")
    assert "  | [  FAILED  ] second" in lines


def test_a_test_that_took_the_program_down_has_failed(program: Program) -> None:
    body = (
        "echo '[ RUN      ] first'; echo '[       OK ] first'; echo '[ RUN      ] second'; kill"
        " -ABRT $$"
    )
    status, lines = run(f"cmocka:dies={program(body)}")
    assert (status, lines[-1]) == (1, "1 passed, 1 failed")
    assert any("died of signal 6" in line for line in lines)


def test_a_bad_status_counts_though_every_test_passed(program: Program) -> None:
    body = "echo '[ RUN      ] first'; echo '[       OK ] first'; exit 99"
    status, lines = run(f"cmocka:leaks={program(body)}")
    assert (status, lines[-1]) == (1, "1 passed, 1 failed")


def test_a_hanging_suite_is_killed(program: Program) -> None:
    status, lines = run("--timeout", "0.5", f"script:hangs={program('sleep 60')}")
    assert (status, lines[-1]) == (1, "0 passed, 1 failed")
    assert any("did not end within 0.5 s" in line for line in lines)


def test_scripts_may_count_for_themselves(program: Program) -> None:
    status, lines = run(
        f"script:good={program('echo 7 passed, 0 failed')}",
        f"script:bad={program('echo 2 passed, 3 failed; exit 1')}",
    )
    assert (status, lines[-1]) == (1, "9 passed, 3 failed")


def test_pytest_is_counted_by_its_report(tmp_path: Path) -> None:
    file = tmp_path / "test_x.py"
    file.write_text(
        (
            "import pytest\n"
            "def test_a(): pass\n"
            "def test_b(): assert False\n"
            "@pytest.mark.skip\n"
            "def test_c(): pass\n"
            "@pytest.fixture\n"
            "def bad(): raise OSError\n"
            "def test_d(bad): pass\n"
        ),
        encoding="utf-8",
    )
    status, lines = run(f"pytest:some={file}")
    assert (status, lines[-1]) == (1, "1 passed, 2 failed")
    assert "1 skipped" in lines[0]


def test_all_good(program, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    results = tmp_path / "results.txt"
    status, lines = run("--results", str(results), f"script:good={program('exit 0')}")
    assert (status, lines[-1]) == (0, "1 passed, 0 failed")
    assert results.read_text(encoding="utf-8") == "1 passed, 0 failed\n"


def test_a_malformed_suite_is_bad_usage() -> None:
    assert run("what=ever")[0] == 2
