"""The page's engine takes each row as the C simulators do."""
from __future__ import annotations

from pathlib import Path

import pytest

from compare import built, compare, engine
from engines import SHIPPED, read
from suites import suite


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_row_is_taken_as_by_the_c_simulator(path: Path) -> None:
    """What a conformance suite shows: every row that callers reach, with every outcome."""
    manager = read(path)
    reference = built(manager)
    assert reference is not None, "make simulators"
    compared = compare(suite(manager), engine(manager), reference)
    assert compared.difference is None, compared.difference
    assert compared.errors["ok"] > 100
