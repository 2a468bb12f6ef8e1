"""The runtime compiled without threads: it builds clean, needs nothing of POSIX threads, and
behaves."""
from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from processes import fixed_layout

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror", "-O1",
    "-g", "-Iruntime/include",
]

DEPOT = [f"tests/runtime/support/depot_{part}.c" for part in ("fields", "operations", "type")]
# Suites in which threads wait, or share the lock.
THREADED = [
    "waiting/test_waiting", "waiting/test_circles", "waiting/test_discard", "waiting/test_stress",
    "waiting/test_waking", "waiting/test_deadlines", "started/test_loop",
    "started/test_loop_blocking", "started/test_stress", "started/test_races", "drain/test_waits",
    "base/test_lock", "base/test_readers", "base/test_sleeper", "rules/test_look_ups"
]


def compiler() -> str:
    """The compiler that the build uses."""
    return os.environ.get("BERTH_CC", "cc")


def run(*command: str) -> str:
    """Runs a command in the repository; its output. Fails with it when the command fails."""
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_without_threads(tmp_path: Path) -> None:
    objects = []
    for source in sorted((ROOT / "runtime/src").glob("**/*.c")):
        objects.append(str(tmp_path / f"{source.stem}.o"))
        run(compiler(), *FLAGS, "-DBERTH_NO_THREADS", "-c", str(source), "-o", objects[-1])
    assert "pthread_" not in run("nm", "--undefined-only", *objects)
    support = [f"tests/runtime/support/{name}.c" for name in ("depot", "started")]
    program = str(tmp_path / "single")
    run(
        compiler(),
        *FLAGS,
        "-pthread",
        "-Itests/runtime",
        "tests/runtime/no_threads/single.c",
        *support,
        *DEPOT,
        *objects,
        "-o",
        program,
        "-lcmocka",
        "-luuid",
    )
    assert "6 test(s) run" in run(program)
    run("bin/berthc", "gen", "-o", str(tmp_path), "tests/runtime/stored/depository.yaml")
    generated = tmp_path / "depository"
    run(
        compiler(),
        *FLAGS,
        "-pthread",
        "-Itests/runtime",
        "-Iruntime/testing/include",
        f"-I{generated}",
        "tests/runtime/no_threads/stored.c",
        str(generated / "depository.c"),
        "runtime/testing/stores/faulty_store.c",
        "runtime/testing/stores/memory_store.c",
        *objects,
        "-o",
        program,
        "-lcmocka",
        "-luuid",
    )
    assert "1 test(s) run" in run(program)


def test_without_libuuid_malloc_or_clock(tmp_path: Path) -> None:
    """What small machines lack is the program's to give, and nothing else is asked of them."""
    objects = []
    small = [f"-DBERTH_NO_{word}" for word in ("THREADS", "LIBUUID", "MALLOC", "CLOCK")]
    for source in sorted((ROOT / "runtime/src").glob("**/*.c")):
        objects.append(str(tmp_path / f"{source.stem}.o"))
        run(compiler(), *FLAGS, *small, "-c", str(source), "-o", objects[-1])
    program = str(tmp_path / "bare")
    missing = {
        line.split()[-1]
        for line in run("nm", "--undefined-only", *objects).splitlines()
        if " U " in line
    }
    wanted = {
        name
        for name in missing
        if re.match(
            r"malloc|free|calloc|pthread|uuid_(generate|compare|copy|is_null|unparse)"
            r"|clock_|getrandom|mmap|madvise",
            name,
        )
    }
    assert wanted == set(), wanted
    run(
        compiler(),
        *FLAGS,
        *small,
        "-Itests/runtime",
        "tests/runtime/no_threads/bare.c",
        *DEPOT,
        *objects,
        "-o",
        program,
        "-lcmocka",
    )
    assert "3 test(s) run" in run(program)


def build_without_futexes(folder: Path, *flags: str) -> list[str]:
    """The runtime as objects; their paths."""
    objects = []
    for source in sorted((ROOT / "runtime/src").glob("**/*.c")):
        objects.append(str(folder / f"{source.stem}.o"))
        run(
            compiler(),
            *FLAGS,
            *flags,
            "-DBERTH_NO_FUTEX",
            "-DBERTH_NO_CLOCK",
            "-c",
            str(source),
            "-o",
            objects[-1],
        )
    return objects


def run_suite_without_futexes(suite: str, objects: list[str], folder: Path, *flags: str) -> None:
    support = [str(path) for path in sorted((ROOT / "tests/runtime/support").glob("*.c"))]
    program = str(folder / suite.replace("/", "_"))
    command = [
        compiler(),
        *FLAGS,
        *flags,
        "-DBERTH_NO_FUTEX",
        "-pthread",
        "-Itests/runtime",
        "-Iruntime/src",
        f"tests/runtime/{suite}.c",
    ]
    run(*command, *support, *objects, "-o", program, "-lcmocka", "-luuid")
    assert "FAILED" not in run(*(fixed_layout() if flags else []), program)


@pytest.mark.long
def test_without_futexes(tmp_path: Path) -> None:
    """Where there are none, mutexes and conditions of POSIX do the same."""
    objects = build_without_futexes(tmp_path)
    assert "pthread_cond_timedwait" in run("nm", "--undefined-only", *objects)
    for suite in THREADED:
        run_suite_without_futexes(suite, objects, tmp_path)


@pytest.mark.long
def test_without_futexes_and_without_races(tmp_path: Path) -> None:
    """ThreadSanitizer knows what POSIX promises, so it sees more here than with futexes."""
    objects = build_without_futexes(tmp_path, "-fsanitize=thread")
    for suite in ("waiting/test_stress", "started/test_stress", "started/test_races",
                  "base/test_readers", "rules/test_look_ups"):
        run_suite_without_futexes(suite, objects, tmp_path, "-fsanitize=thread")
