"""The files of the runtime build on each other without circles: library.c has them in an order."""
from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from installation import ROOT

BUILD = Path(os.environ.get("BERTH_BUILD", ROOT / "build"))
PARTS = BUILD / "libberth-parts.a"  # the same files, each compiled by itself

Symbols = dict[str, tuple[set[str], set[str]]]


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


def test_every_file_comes_after_those_that_it_calls() -> None:
    order = re.findall(r'^#include "src/(\w+)\.c"',
                       (ROOT / "runtime/library.c").read_text(encoding="utf-8"),
                       flags=re.M)
    assert sorted(order) == sorted(path.stem for path in (ROOT / "runtime/src").glob("*.c"))
    listed = subprocess.run(["nm", "--extern-only", "--print-file-name",
                             str(PARTS)],
                            capture_output=True,
                            text=True,
                            check=True)
    symbols = read(listed.stdout.splitlines())
    assert {"advance", "handover", "queue"} <= set(symbols)
    assert upward(order, symbols) == []


def test_a_call_of_a_later_file_is_found() -> None:
    symbols = read([
        "lib.a:queue.o:0000000000000010 T queue_leave", "lib.a:queue.o:                 U handover",
        "lib.a:handover.o:0000000000000000 T handover",
        "lib.a:handover.o:                 U queue_leave",
        "lib.a:handover.o:                 U abort"
    ])
    assert upward(["queue", "handover"], symbols) == ["queue.c takes handover from handover.c"]
