"""The build does what its variables ask for; a sanitizer that is silently left out would make every run look clean."""
from __future__ import annotations

import re
from pathlib import Path

import pytest
from installation import ROOT, make


def commands(*settings: str) -> list[str]:
    """What would be run to build the library from scratch."""
    done = make("-n", "V=1", "BUILD=build/never", *settings, "build/never/libberth.a", "build/never/libberth.so." + version())
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if " -o build/never/" in line]


def version() -> str:
    text = (ROOT / "runtime/include/berth/berth.h").read_text(encoding="utf-8")
    return text.split('#define BERTH_VERSION "')[1].split('"')[0]


@pytest.mark.parametrize(("setting", "flag"), [
    ("SANITIZE=thread", "-fsanitize=thread"),
    ("SANITIZE=address,undefined", "-fsanitize=address,undefined"),
    ("COVERAGE=1", "--coverage"),
])
def test_every_compilation_and_link_is_instrumented(setting: str, flag: str) -> None:
    found = commands(setting)
    assert len(found) == 2
    assert [line for line in found if flag not in line.split()] == []


def test_warnings_are_errors() -> None:
    for flag in ("-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"):
        assert [line for line in commands() if " -c " in line and flag not in line.split()] == []


def test_flags_of_the_caller_come_last() -> None:
    for line in commands("CFLAGS=-O3 -DMARK"):
        if " -c " in line:
            assert line.split().index("-DMARK") > line.split().index("-Werror")


def test_help_names_the_targets() -> None:
    named = {line.split()[0] for line in make("help").stdout.splitlines() if line.startswith("  ")}
    assert {"all", "demo", "test", "lint", "asan", "tsan", "valgrind", "coverage", "mutants", "soak", "diagrams", "check-drift", "check-budget", "bench",
            "install", "install-runtime", "uninstall", "clean", "setup"} <= named


def test_a_failing_compiler_leaves_no_file(tmp_path: Path) -> None:
    """A spec with a mistake: make fails, and fails again, instead of going on with what was left."""
    spec = ROOT / "examples/minimal/net.yaml"
    broken = tmp_path / "net.yaml"
    broken.write_text(spec.read_text(encoding="utf-8").replace("ok: up", "ok: nowhere"), encoding="utf-8")
    for _ in range(2):
        done = make(f"BUILD={tmp_path}/build", f"EXAMPLE_SPECS={broken}", f"{tmp_path}/build/net/net.o")
        assert done.returncode != 0
        assert "nowhere" in done.stderr
    assert [path for path in tmp_path.rglob("net.*") if path != broken] == []


def test_the_library_has_every_file_of_the_runtime() -> None:
    included = re.findall(r'#include "src/\w+/(\w+\.c)"', (ROOT / "runtime/library.c").read_text(encoding="utf-8"))
    assert sorted(included) == sorted(path.name for path in (ROOT / "runtime/src").glob("*/*.c"))
