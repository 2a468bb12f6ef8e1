"""The runtime on machines of 32 bits: every set of what it can do without compiles, and deadlines
go beyond 2038."""
from __future__ import annotations

import itertools
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "-m32", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow",
    "-Wcast-qual", "-Werror", "-Iruntime/include",
]
LACKS = ("THREADS", "FUTEX", "MALLOC", "CLOCK")
COMPILERS = ("gcc", "clang")


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )


def kernel_headers() -> list[str]:
    """They are the same for both widths; Debian has them in the folder of the wider one."""
    return ["-idirafter", f"/usr/include/{run('gcc', '-print-multiarch').stdout.strip()}"]


def compiles(compiler: str, *arguments: str) -> None:
    done = run(compiler, *FLAGS, *kernel_headers(), *arguments)
    assert done.returncode == 0, f"{compiler} {' '.join(arguments)}\n{done.stdout}{done.stderr}"


@pytest.fixture(scope="module", params=COMPILERS)
def compiler(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A compiler whose programs of 32 bits run here."""
    folder = tmp_path_factory.mktemp("probe")
    (folder / "main.c").write_text(
        "#include <errno.h>\n#include <stdlib.h>\nint main(void) { return EXIT_SUCCESS; }\n",
        encoding="utf-8",
    )
    program = str(folder / "main")
    if (
        run(
            request.param, "-m32", *kernel_headers(), str(folder / "main.c"), "-o", program
        ).returncode
        != 0
        or run(program).returncode != 0
    ):
        pytest.skip(f"{request.param} makes no programs of 32 bits that run here: scripts/setup ci")
    yield request.param


def sets() -> list[list[str]]:
    """Every set of what the library can do without. There is no libuuid of 32 bits beside the
    compiler's own libraries."""
    return [["-DBERTH_NO_LIBUUID", *(f"-DBERTH_NO_{word}" for word in chosen)]
            for size in range(len(LACKS) + 1) for chosen in itertools.combinations(LACKS, size)]


def test_the_library_compiles_without_whatever_it_can_do_without(
    compiler: str, tmp_path: Path
) -> None:
    def compile_one(numbered: tuple[int, list[str]]) -> None:
        compiles(
            compiler,
            *numbered[1],
            "-c",
            "runtime/library.c",
            "-o",
            str(tmp_path / f"{numbered[0]}.o"),
        )

    with ThreadPoolExecutor(2) as pool:
        assert len(list(pool.map(compile_one, enumerate(sets())))) == 2 ** len(LACKS)


def test_a_deadline_after_2038_is_not_past(compiler: str, tmp_path: Path) -> None:
    program = str(tmp_path / "far_deadline")
    compiles(
        compiler,
        "-DBERTH_NO_LIBUUID",
        "-Iruntime/src",
        "-pthread",
        "tests/runtime/words/far_deadline.c",
        "runtime/src/base/sync/mutex.c",
        "runtime/src/base/sync/sleeper.c",
        "runtime/src/base/sync/clock.c",
        "runtime/src/base/sync/lock.c",
        "runtime/src/base/sync/readers.c",
        "runtime/src/base/store/memory.c",
        "-o",
        program,
    )
    done = run(program)
    assert (done.returncode, done.stdout) == (0, "")
