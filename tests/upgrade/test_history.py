"""Stores of every historic version of the shipped specs load today, or are refused for a reason
that `berthc diff` tells. renew_history.py writes the versions."""
from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from stores import ROOT, copied, difference, keeper, options_of, plays, stored

from berthc.stored.load import loaded
from berthc.stored.loadable import covers, loadable
from berthc.stored.upgrade import Refused

VERSIONS = sorted((ROOT / "tests/upgrade/history").glob("*.yaml"))
STORES = 40


def test_there_are_historic_versions() -> None:
    assert {path.stem for path in VERSIONS} >= {"scsi-1", "vpci-1", "plan9_mount-1"}


@pytest.mark.parametrize("version", VERSIONS, ids=lambda path: path.stem)
def test_historic_stores_load_or_are_refused_as_told(version: Path, tmp_path: Path) -> None:
    today = ROOT / "spec" / f"{version.stem.rpartition('-')[0]}.yaml"
    old, new = (stored(path.read_text(), path.name) for path in (version, today))
    expected = loadable(old, new)
    assert expected is not None and not expected.never
    before, after = keeper(old, tmp_path / "old"), keeper(new, tmp_path / "new")
    rng = random.Random(31)
    stores = plays(old, before, rng, tmp_path / "stores")
    taken = 0
    for kept in (next(stores) for _ in range(STORES)):
        request = options_of(kept, old, new, rng, 0)
        try:
            loaded(kept.rows, new, request["options"], request["without"])
            taken += any(kept.rows.tables.values())
        except Refused as refused:
            found = refused.refusal
            word = found.row.rpartition(": ")[2] if ": " in found.row else found.name
            assert covers(expected, found.bar, found.resource, word), f"{found}\n{expected}"
        file = copied(kept.file, kept.file.with_suffix(".new"))
        wrong = difference(replace(kept, file=file), new, after, request)
        assert wrong is None, f"{kept.script}\n{wrong}"
    assert taken > STORES / 4
