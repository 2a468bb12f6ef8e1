"""Both simulators answer random scripts alike. `make soak` does the same for longer."""
from __future__ import annotations

from pathlib import Path

import pytest

from berthc.pipeline import read_spec
from builds import BUILD, FOLDERS, SPECS, simulator
from differ import difference_run

SCRIPTS = 200
SEED = 20


@pytest.mark.parametrize(
    "folder",
    [
        pytest.param(path, id=path.name, marks=[] if path == BUILD else pytest.mark.long)
        for path in FOLDERS
    ],
)
@pytest.mark.parametrize("spec", SPECS, ids=[path.stem for path in SPECS])
def test_both_simulators_answer_alike(spec: Path, folder: Path) -> None:
    manager, _ = read_spec(str(spec))
    assert manager is not None
    tally = difference_run(manager, [str(simulator(manager.name, folder))], SEED, SCRIPTS, None)
    assert tally.difference is None, "\n" + tally.difference.show()
    assert tally.scripts == SCRIPTS
    assert tally.errors["ok"] > SCRIPTS  # scripts that only ever fail would compare nothing
