"""The recorded behaviour of the hand-written managers, against the page's engine."""
from __future__ import annotations

import pytest

from engines import answers
from recorded import MANAGERS, TRACES, work, wrong


def test_there_are_traces_of_these_managers() -> None:
    assert sorted(path.name for path in TRACES.iterdir()) == MANAGERS


@pytest.mark.parametrize("name", MANAGERS)
def test_the_engine_does_as_recorded(name: str) -> None:
    given = answers(work(name))
    assert len(given) > 10
    assert wrong(name, given) == []
