"""Builds programs of generated files with the libraries of the build, for tests that make specs of
their own.

$BERTH_BUILD (build) has the libraries, $BERTH_CC or $CC (cc) is the compiler.
"""
from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "gen"))

from berthc.emit import c, sim, tests  # noqa: E402
from berthc.model import Manager  # noqa: E402

# Some specs leave functions and tables unused; a warning there says nothing about the compiler of
# specs.
_FLAGS = (
    "-std=c11",
    "-w",
    "-O0",
    "-pthread",
    f"-I{ROOT}/runtime/include",
    f"-I{ROOT}/runtime/testing/include",
)


def build_dir() -> Path:
    return Path(os.environ.get("BERTH_BUILD", ROOT / "build"))


def program(folder: Path, name: str, files: Mapping[str, str], *more: str) -> Path:
    """Writes files below a folder, and links the C files among them. `more`: libraries, and flags
    of the compiler."""
    sources = []
    for file, text in files.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if path.suffix == ".c":
            sources.append(path)
    includes = sorted({f"-I{source.parent}" for source in sources})
    ours = [build_dir() / "libberth-testing.a", build_dir() / "libberth.a"]
    compiler = os.environ.get("BERTH_CC") or os.environ.get("CC") or "cc"
    subprocess.run(
        [
            compiler,
            *_FLAGS,
            *includes,
            "-o",
            folder / name,
            *sources,
            *ours,
            *more,
            "-ljson-c",
            "-luuid",
        ],
        check=True,
    )
    return folder / name


def simulator(manager: Manager, folder: Path) -> Path:
    """The C simulator of a manager; also of one that `berthc gen` would refuse."""
    return program(folder, "simulator", {**c.files(manager), **sim.files(manager)})


def suite(manager: Manager, folder: Path) -> Path:
    """The generated tests of a manager."""
    return program(folder, "suite", {**c.files(manager), **tests.files(manager)}, "-lcmocka")


def with_test(manager: Manager, folder: Path, test: str) -> Path:
    """A manager with a test that was written for it."""
    return program(folder, "with_test", {**c.files(manager), "with_test.c": test}, "-lcmocka")
