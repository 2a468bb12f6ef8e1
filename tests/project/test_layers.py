"""The runtime has five floors. A file uses files of floors below, and those before it on its own."""
from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from installation import ROOT

BUILD = Path(os.environ.get("BERTH_BUILD", ROOT / "build"))
PARTS = BUILD / "libberth-parts.a"  # the same files, each compiled by itself
SRC = ROOT / "runtime/src"
FLOORS = ["base", "model", "core", "sched", "api"]

Symbols = dict[str, tuple[set[str], set[str]]]


def order() -> list[tuple[str, str]]:
    """Floor and name of each file, as library.c has them."""
    return re.findall(r'^#include "src/(\w+)/(\w+)\.c"',
                      (ROOT / "runtime/library.c").read_text(encoding="utf-8"),
                      flags=re.M)


def read(lines: Iterable[str]) -> Symbols:
    """What each file of a library defines, and what it takes from others."""
    symbols: Symbols = {}
    for line in lines:
        name, kind, symbol = re.fullmatch(r".*?(\w+)\.o:(?:[0-9a-f]+)? *(\w) (.*)",
                                          line.strip()).groups()  # type: ignore[union-attr]
        defined, taken = symbols.setdefault(name, (set(), set()))
        (taken if kind in "Uw" else defined).add(symbol)
    return symbols


def upward(order: list[str], symbols: Symbols) -> list[str]:
    """Where a file takes something from a file that comes after it."""
    home = {symbol: name for name, (defined, _) in symbols.items() for symbol in defined}
    rank = {name: i for i, name in enumerate(order)}
    return sorted(f"{name}.c takes {symbol} from {home[symbol]}.c"
                  for name, (_, taken) in symbols.items() for symbol in taken
                  if symbol in home and rank[home[symbol]] > rank[name])


def included(folder: Path) -> dict[Path, list[Path]]:
    """Which files below the folder each of them includes; paths from the folder on."""
    return {
        path.relative_to(folder): [
            (path.parent / name).resolve().relative_to(folder)
            for name in re.findall(r'^#include "(.+)"', path.read_text(encoding="utf-8"), re.M)
        ]
        for path in folder.glob("*/*.[ch]")
    }


def upward_includes(includes: dict[Path, list[Path]]) -> list[str]:
    """Where a file includes one of a floor above."""
    return sorted(f"{path} includes {target}" for path, targets in includes.items()
                  for target in targets
                  if FLOORS.index(target.parts[0]) > FLOORS.index(path.parts[0]))


def test_library_c_has_every_file_floor_by_floor() -> None:
    assert sorted(f"{floor}/{name}.c" for floor, name in order()) == sorted(
        str(path.relative_to(SRC)) for path in SRC.rglob("*.c"))
    floors = [FLOORS.index(floor) for floor, _ in order()]
    assert floors == sorted(floors)


def test_every_file_comes_after_those_that_it_calls() -> None:
    listed = subprocess.run(["nm", "--extern-only", "--print-file-name",
                             str(PARTS)],
                            capture_output=True,
                            text=True,
                            check=True)
    symbols = read(listed.stdout.splitlines())
    names = [name for _, name in order()]
    assert set(symbols) <= set(names) and len(symbols) > len(names) - 5
    assert upward(names, symbols) == []


def test_a_call_of_a_later_file_is_found() -> None:
    symbols = read([
        "lib.a:queue.o:0000000000000010 T queue_leave", "lib.a:queue.o:                 U handover",
        "lib.a:handover.o:0000000000000000 T handover",
        "lib.a:handover.o:                 U queue_leave",
        "lib.a:handover.o:                 U abort"
    ])
    assert upward(["queue", "handover"], symbols) == ["queue.c takes handover from handover.c"]


def test_no_file_includes_one_of_a_floor_above() -> None:
    includes = included(SRC)
    assert sum(len(targets) for targets in includes.values()) > 100
    assert upward_includes(includes) == []


def test_an_include_of_a_floor_above_is_found(tmp_path: Path) -> None:
    for name, text in {
            "base/map.h": '#include "../core/queue.h"\n',
            "core/queue.h": '#include "ready.h"\n#include "../base/map.h"\n#include <stddef.h>\n',
            "core/ready.h": "",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert upward_includes(included(tmp_path)) == ["base/map.h includes core/queue.h"]
