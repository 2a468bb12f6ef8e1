"""The small profile: no threads, libuuid, malloc or clock. It runs here; for Cortex-M it is built
and linked."""
from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from berthc.emit import c, tests
from berthc.pipeline import read_spec

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
MANAGERS = sorted(p.stem for p in (ROOT / "spec").glob("*.yaml"))
FLAGS = [
    "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror", "-O1",
    "-g",
]
SMALL = [f"-DBERTH_NO_{word}" for word in ("THREADS", "LIBUUID", "MALLOC")]


def run(*command: str | Path) -> str:
    done = subprocess.run(
        [*map(str, command)], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def make(goal: str, folder: Path) -> str:
    return run("make", "-s", goal, f"BUILD={folder}")


def test_programs_run_here(tmp_path: Path) -> None:
    assert f"small: {len(MANAGERS)} programs ran" in make("small-native", tmp_path)


def test_programs_for_cortex_m(tmp_path: Path) -> None:
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("no arm-none-eabi-gcc here: scripts/setup small installs it")
    table = make("run-small", tmp_path)
    assert "No program has malloc, free or sbrk." in table
    rows = {
        line.split(" | ")[0].removeprefix("| "): [
            int(n.replace(",", "")) for n in line.strip("| ").split(" | ")[1:]
        ]
        for line in table.splitlines()
        if re.match(r"\| [a-z]\w* \| \d", line)
    }
    assert sorted(rows) == MANAGERS
    for own, tables, _, _, arena, other, stack in rows.values():
        assert 400 < own < 3000 and 400 < tables < 4000
        assert 2000 < arena < 16000 and other < 1000 and 400 < stack < 4000


@pytest.mark.parametrize("name", MANAGERS)
def test_generated_suites_pass_in_an_arena(name: str, tmp_path: Path) -> None:
    """All but those of its tests that need threads."""
    manager, _ = read_spec(str(ROOT / "spec" / f"{name}.yaml"))
    assert manager is not None
    sources: list[Path] = []
    for file, text in {**c.files(manager), **tests.files(manager)}.items():
        path = tmp_path / Path(file).name
        path.write_text(text, encoding="utf-8")
        sources += [path] if path.suffix == ".c" else []
    sources += [*(ROOT / "runtime/src").glob("**/*.c"), ROOT / "tests/small/arena_malloc.c"]
    sources += [
        p for p in (ROOT / "runtime/testing").glob("*/suite_*.c") if p.name != "suite_memory.c"
    ]
    flags = [
        *FLAGS,
        *SMALL,
        f"-I{tmp_path}",
        *(f"-Iruntime/{folder}" for folder in ("include", "testing/include", "testing")),
    ]
    compiler = os.environ.get("BERTH_CC", "cc")
    memory = tmp_path / "memory.o"
    run(
        compiler,
        *flags,
        "-Dmalloc=small_malloc",
        "-Dfree=small_free",
        "-c",
        "runtime/testing/suite/suite_memory.c",
        "-o",
        memory,
    )
    run(compiler, *flags, "-o", tmp_path / "suite", *sources, memory, "-lcmocka", "-pthread")
    said = run(tmp_path / "suite")
    assert re.search(r"PASSED  \] (\d+) test", said) and "FAILED" not in said
    passed = re.findall(r"PASSED  \] (\d+) test", said)
    assert passed and int(passed[0]) > 40
