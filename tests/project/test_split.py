"""No test is lost: each is in `make test` or, marked `long`, in the rest of `make ci`."""
from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from functools import cache

import pytest
from installation import ROOT, clean_environment, make

LIST = """\
import pytest, sys
class Marks:
    def pytest_collection_modifyitems(self, items):
        for item in items:
            long = item.get_closest_marker("long") is not None
            print("test", item.path.relative_to(item.config.rootpath), long)
options = ["-q", "--collect-only", "-p", "no:cacheprovider"]
sys.exit(pytest.main([*options, *sys.argv[1:]], plugins=[Marks()]))
"""
Listed = dict[str, Counter[bool]]


@pytest.fixture(scope="module")
def collected() -> Listed:
    """How many tests of each file are long and how many are not, as pytest sees it."""
    files: Listed = {}
    done = subprocess.run(
        [sys.executable, "-c", LIST, "tests"],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    for name, long in re.findall(r"^test (\S+) (True|False)$", done.stdout, re.M):
        files.setdefault(name, Counter())[long == "True"] += 1
    return files


@cache
def suites(target: str) -> list[tuple[str, str]]:
    """The suites of a target: kind with name, and command."""
    done = make("-n", target)
    assert done.returncode == 0, done.stderr
    return re.findall(r"'(\w+:[^'=]+)=([^']+)'", done.stdout)


def test_every_python_test_is_run_once(collected: Listed) -> None:
    """By suites of its file: one leaves the long tests out, one leaves out the others. Those that
    need a browser are for `make test-page`, each file as a whole."""
    pages = {name for name in collected if name.startswith("tests/page/")}
    own = [command for _, command in suites("check-page-tests") if command.startswith("tests/page")]
    assert Counter(own) == Counter(pages)
    others = {name: marks for name, marks in collected.items() if name not in pages}
    quick = Counter(
        command
        for _, command in suites("check")
        if "tests/" in command and command.startswith("-m")
    )
    rest = Counter(command for _, command in suites("check-long") if command.startswith("-m"))
    assert quick == Counter(
        f'-m "not long" {name}' for name, marks in others.items() if marks[False]
    )
    assert rest == Counter(f'-m "long" {name}' for name, marks in others.items() if marks[True])
    there = {str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py")}
    assert there == set(collected)


def test_every_c_suite_is_run_in_each_build() -> None:
    """One that has a main of its own, in any folder; and each generated suite. Those with a guest
    are for `make test-qemu`."""
    wanted = {
        re.sub(r"\.c$", "", str(path.relative_to(ROOT)))
        for path in (ROOT / "tests").rglob("test_*.c")
        if re.search(r"^int main\(", path.read_text(encoding="utf-8"), re.M)
    }
    specs = [
        path.stem
        for folder in (
            "spec", "tests/gen/specs", "examples/minimal", "examples/netns", "examples/qemu",
            "examples/restart", "examples/migrate",
        )
        for path in (ROOT / folder).glob("*.yaml")
    ]
    wanted |= {f"{name}/{name}-conformance" for name in specs}
    guests = {name for name in wanted if "test_guest" in name}
    assert guests == {name.removeprefix("cmocka:") for name, _ in suites("check-qemu")
                      if name.startswith("cmocka:")}
    wanted -= guests
    runs = [
        name.removeprefix("cmocka:")
        for target in ("check", "check-long")
        for name, _ in suites(target)
        if name.startswith("cmocka:")
    ]
    assert Counter(runs) == Counter(
        [build + name for build in ("", "asan/", "tsan/") for name in wanted]
    )


def test_make_ci_runs_both() -> None:
    assert Counter(suites("check-all")) == Counter([*suites("check"), *suites("check-long")])


def test_a_new_test_is_in_make_test() -> None:
    done = make("-n", "PYTEST_FILES=tests/test_new.py", "check", "check-long")
    assert done.stdout.count("tests/test_new.py") == 1
    assert '-m "not long" tests/test_new.py' in done.stdout
