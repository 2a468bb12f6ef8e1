"""Within its limits a manager never runs out of the memory that its header says; beyond them
nothing changes."""
from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from processes import fixed_layout

from berthc.emit import c
from berthc.pipeline import compile_text

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]
LIMITS = sorted(Path(__file__).resolve().parent.glob("limits/*.yaml"))
FLAGS = [
    "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror", "-O1",
    "-g",
]
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
SMALL = [f"-DBERTH_NO_{word}" for word in ("THREADS", "LIBUUID", "MALLOC", "CLOCK")]


def limited(path: Path) -> str:
    """A spec that ships, with limits."""
    return (
        (ROOT / "spec" / path.name).read_text(encoding="utf-8").rstrip()
        + "\n\n"
        + path.read_text(encoding="utf-8")
    )


def generate(text: str, name: str, folder: Path) -> None:
    result = compile_text(f"{name}.yaml", text)
    assert result.manager is not None and result.diagnostics == ()
    for file, made in c.files(result.manager).items():
        (folder / Path(file).name).write_text(made, encoding="utf-8")


def build(name: str, folder: Path, *flags: str) -> Path:
    program = folder / "stress"
    defined = [
        f'-DHEADER="{name}.h"',
        f"-DTYPE={name}_manager_type",
        f"-DARENA_SIZE={name.upper()}_ARENA_SIZE",
    ]
    sources = [
        str(ROOT / "tests/small/stress.c"),
        str(folder / f"{name}.c"),
        *map(str, sorted((ROOT / "runtime/src").glob("**/*.c"))),
    ]
    include = [f"-I{ROOT}/runtime/include", f"-I{ROOT}/runtime/src", f"-I{folder}"]
    libraries = [] if SMALL[0] in flags else ["-pthread", "-luuid"]
    command = [
        os.environ.get("BERTH_CC", "cc"),
        *FLAGS,
        *flags,
        *include,
        *defined,
        "-o",
        str(program),
        *sources,
        *libraries,
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return program


@pytest.mark.parametrize("small", [[], SMALL], ids=["hosted", "small"])
@pytest.mark.parametrize("path", LIMITS, ids=lambda p: p.stem)
def test_within_limits_memory_never_ends(path: Path, small: list[str], tmp_path: Path) -> None:
    name = path.stem
    generate(limited(path), name, tmp_path)
    program = build(name, tmp_path, *small, *SANITIZE)
    run = subprocess.run(
        [*fixed_layout(), str(program)], capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stdout + run.stderr
    peak, size = map(int, re.findall(r"(\d+) of (\d+) bytes", run.stdout)[0])
    assert 0.9 * size < peak <= size, run.stdout  # the bound is no guess


def test_large_pools(tmp_path: Path) -> None:
    """Of more slots than one node has, in any of which callers may ask for one."""
    text = limited(ROOT / "tests/small/limits/scsi.yaml").replace("lun: 64}", "lun: 70000}")
    assert "70000" in text
    generate(text, "scsi", tmp_path)
    run = subprocess.run(
        [str(build("scsi", tmp_path))], capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stdout


def test_all_managers_that_ship_are_here() -> None:
    assert [p.stem for p in LIMITS] == sorted(p.stem for p in (ROOT / "spec").glob("*.yaml"))


def test_a_spec_without_limits_has_no_arena(tmp_path: Path) -> None:
    generate((ROOT / "spec/scsi.yaml").read_text(encoding="utf-8"), "scsi", tmp_path)
    made = (tmp_path / "scsi.h").read_text(encoding="utf-8") + (tmp_path / "scsi.c").read_text(
        encoding="utf-8"
    )
    assert "ARENA" not in made and "limits" not in made
