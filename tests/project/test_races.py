"""A user's program with threads is clean under the tools that look for races, and a race of its own
is still found."""
from __future__ import annotations

from pathlib import Path

import pytest
from installation import ROOT, Installation

pytestmark = pytest.mark.long

AGENT = ROOT / "tests/project/races/agent.c"
THREAD_SANITIZER = "-O1 -fsanitize=thread"
LINKINGS = {
    "shared": "$(pkg-config --libs berth)",
    "static": "-Wl,-Bstatic -lberth -Wl,-Bdynamic $(pkg-config --libs berth)",
}
HELGRIND = "valgrind -q --tool=helgrind --error-exitcode=99"
DRD = "valgrind -q --tool=drd --error-exitcode=99"


def outcome(
    installed: Installation, folder: Path, compiler: str, linking: str, tool: str, *flags: str
) -> tuple[int, str]:
    """Builds the program as a user does and runs it. Some kernels' layouts of the address space are
    too much for the sanitizer of gcc 12."""
    done = installed.run(
        (
            f"berthc gen -q -o . '{installed.prefix}/share/berth/spec/scsi.yaml' &&"
            f" {compiler} -std=c11 -g -Wall -Wextra -Werror -pthread {' '.join(flags)} $(pkg-config"
            f" --cflags berth) -Iscsi '{AGENT}' scsi/scsi.c -o agent {LINKINGS[linking]} && {{"
            f" setarch -R true 2>/dev/null && fixed='setarch -R'; $fixed {tool} ./agent; }}"
        ),
        folder,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("compiler", "linking"),
    [("gcc", "shared"), ("gcc", "static"), ("clang", "shared"), ("clang", "static")],
)
def test_thread_sanitizer_sees_what_the_library_orders(
    installed: Installation, tmp_path: Path, compiler: str, linking: str
) -> None:
    status, output = outcome(installed, tmp_path, compiler, linking, "", THREAD_SANITIZER)
    assert (status, output) == (0, "1 calls\n")


@pytest.mark.parametrize(("compiler", "linking"), [("gcc", "shared"), ("clang", "static")])
def test_thread_sanitizer_finds_a_race_of_the_users(
    installed: Installation, tmp_path: Path, compiler: str, linking: str
) -> None:
    status, output = outcome(installed, tmp_path, compiler, linking, "", THREAD_SANITIZER, "-DRACY")
    assert status != 0 and "data race" in output
    # clang names nothing without llvm-symbolizer, which its Debian package only recommends.
    assert "all_calls" in output or compiler == "clang"


@pytest.mark.parametrize(
    ("tool", "linking"), [(HELGRIND, "shared"), (HELGRIND, "static"), (DRD, "shared")]
)
def test_valgrind_sees_what_the_library_orders(
    installed: Installation, tmp_path: Path, tool: str, linking: str
) -> None:
    status, output = outcome(installed, tmp_path, "gcc", linking, tool, "-O1")
    assert (status, output) == (0, "1 calls\n")


@pytest.mark.parametrize("tool", [HELGRIND, DRD], ids=["helgrind", "drd"])
def test_valgrind_finds_a_race_of_the_users(
    installed: Installation, tmp_path: Path, tool: str
) -> None:
    status, output = outcome(installed, tmp_path, "gcc", "shared", tool, "-O1", "-DRACY")
    assert status == 99 and ("all_calls" in output or "Conflicting" in output)
