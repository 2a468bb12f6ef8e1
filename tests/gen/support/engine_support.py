"""Searches by both engines, which must say the same."""
from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from berthc.emit.c import files
from berthc.explore.bounds import Bounds
from berthc.explore.callers.inputs import valuations
from berthc.explore.engine import build, faults
from berthc.explore.engine.run import Running, Searched
from berthc.explore.engine.script import Numbers
from berthc.explore.findings.fault import Fault
from berthc.explore.report import accepted
from berthc.explore.search import Search
from berthc.explore.states.move import REDUCED, Reduced
from berthc.model import Manager

BOUNDS = Bounds()


def program(manager: Manager, tell: Callable[[str], None] = lambda _: None) -> Path:
    return build.program(manager.name, files(manager), tell)


def said_by(search: Search | Searched) -> dict[str, object]:
    """All that a search tells, but for how it came to that."""
    return {
        "found": {(f.fault, len(f.requests)) for f in search.found},
        "states": search.states,
        "cancelled": search.cancelled,
        "taken": search.taken,
        "asked": search.asked,
        "called": search.called,
        "clean": search.seen.clean,
        "every": search.seen.every,
        "calling": search.seen.calling,
        "drained": search.seen.drained,
        "complete": (search.complete, search.cut, search.limited, search.out_of_memory),
    }


def in_both(manager: Manager, bounds: Bounds = BOUNDS, reduced: Reduced = REDUCED,
            most: int | None = None) -> list[Searched]:
    """Searches with every valuation and root, or `most` of them, by both engines, which look at
    crashes, too. What the one in C says, which the other one says too."""
    bounds = replace(bounds, crash=True)
    made = program(manager)
    roots = [r.name for r in manager.resources if r.parent is None]
    every = [(valuation, root) for valuation in valuations(manager, bounds.keys) for root in roots]
    done: list[Searched] = []
    for valuation, root in every[:most]:
        in_python = Search(manager, root, valuation, bounds,
                           lambda fault: accepted(manager, fault) is not None, reduced=reduced)
        in_python.run()
        in_c = Running(made, manager, root, valuation, bounds, reduced).result()
        assert said_by(in_c) == said_by(in_python), (root, valuation)
        done.append(in_c)
    return done


def plant(where: str, old: str, new: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the runtime of `program()` is one with a fault: `new` for `old`, in a file of
    runtime/src. It is compiled in the folder."""
    copy = folder / "runtime"
    shutil.copytree(build.sources(), copy, ignore=shutil.ignore_patterns("testing"))
    path = copy / "src" / where
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    monkeypatch.setenv("BERTH_RUNTIME", str(copy))
    monkeypatch.setenv("BERTH_CACHE", str(folder / "cache"))
    monkeypatch.setattr(build, "FAST", "-O0")  # the searches are small


@contextmanager
def sentences() -> Iterator[Counter[int]]:
    """Counts the sentences that the search in C tells meanwhile."""
    told, fault = Counter[int](), faults.fault

    def count(words: list[int], numbers: Numbers, mask: faults.Mask) -> tuple[Fault, list[int]]:
        told[words[1]] += 1
        return fault(words, numbers, mask)

    faults.fault = count
    try:
        yield told
    finally:
        faults.fault = fault
