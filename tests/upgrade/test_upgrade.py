"""Stores of an older spec: C takes them as the Python reading says, or refuses them for the same
reason and leaves them as they are; and `berthc diff` has told that reason.

BERTH_UPGRADES makes so many edits of each spec instead, and BERTH_SEED begins elsewhere.
"""
from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from edits import edited
from stores import ROOT, copied, difference, keeper, options_of, plays, stored

from berthc.diff.loadable import Bar
from berthc.model import Manager
from berthc.stored.load import is_same_spec, loaded
from berthc.stored.loadable import covers, loadable
from berthc.stored.upgrade import Refused

SHORT, LONG, STORES = 5, 60, 12
SEED = int(os.environ.get("BERTH_SEED", "23"))
SPECS = [ROOT / "tests/runtime/stored/depository.yaml", ROOT / "tests/killing/theatre.yaml",
         ROOT / "spec/scsi.yaml", ROOT / "spec/vpci.yaml", ROOT / "spec/plan9_mount.yaml",
         ROOT / "tests/gen/specs/kitchen.yaml"]
OPENING = {Bar.OPTION, Bar.WITH, Bar.WITHOUT}
"""What the opening decides, and not the specs alone."""


def play(old: Manager, seed: int, times: int, first: int, folder: Path) -> Counter[str]:
    """Edits of a spec, from the kind with this number on, and stores for each. Counts what became
    of the stores."""
    tally: Counter[str] = Counter()
    program = keeper(old, folder / "old")
    for number in range(seed, seed + times):
        rng = random.Random(number)
        told, new = edited(old, rng, first + number - seed)
        expected = loadable(old, new)
        assert expected is not None
        renewed = keeper(new, folder / "new")
        stores = plays(old, program, rng, folder / f"stores{number}")
        for kept in (next(stores) for _ in range(STORES)):
            request = options_of(kept, old, new, rng)
            about = f"seed {number}: {told}\n{request}\n{kept.file}"
            try:
                loaded(kept.rows, new, request["options"], request["without"])
                tally["taken"] += any(kept.rows.tables.values())
            except Refused as refused:
                found = refused.refusal
                tally[found.bar.name] += 1
                word = found.row.rpartition(": ")[2] if ": " in found.row else found.name
                assert found.bar in OPENING or covers(expected, found.bar, found.resource, word), (
                    f"{about}\nnot told: {found}\ntold: {expected}")
            file = copied(kept.file, kept.file.with_suffix(".new"))
            wrong = difference(replace(kept, file=file), new, renewed, request)
            assert wrong is None, f"{about}\n{wrong}"
    return tally


@pytest.mark.parametrize("times", [SHORT, pytest.param(LONG, marks=pytest.mark.long)])
@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_c_takes_and_refuses_what_python_does(spec: Path, times: int, tmp_path: Path) -> None:
    times = int(os.environ.get("BERTH_UPGRADES", times))
    tally = play(stored(spec.read_text(), spec.name), SEED + times, times,
                 SPECS.index(spec) * SHORT, tmp_path)
    assert tally["taken"] > times
    assert times < LONG or sum(tally.values()) > tally["taken"] + times


def test_another_order_is_the_same_spec(tmp_path: Path) -> None:
    """The header of a store lists options and hooks in the order of its spec."""
    path = ROOT / "tests/gen/specs/kitchen.yaml"
    old = stored(path.read_text(), path.name)
    new = replace(old, options=old.options[::-1], hooks=old.hooks[::-1])
    renewed = keeper(new, tmp_path / "new")
    stores = plays(old, keeper(old, tmp_path / "old"), random.Random(SEED), tmp_path / "stores")
    absent = set()
    for kept in (next(stores) for _ in range(STORES)):
        assert is_same_spec(kept.rows, new)
        request = options_of(kept, old, new, random.Random(SEED), odd=0)
        absent.add(len(request["without"]))
        told = difference(kept, new, renewed, request)
        assert told is None, told
        loaded(kept.rows, new, request["options"], request["without"])
    assert max(absent) > 1
