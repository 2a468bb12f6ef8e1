"""The limit of holders: where it is low enough to be reached, the generated C refuses what the
model refuses."""
from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from berthc.emit import c, sim
from berthc.model import Manager
from berthc.pipeline import read_spec
from berthc.sim import Simulator
from builds import ROOT
from differ import same_answers
from programs import program

pytestmark = pytest.mark.long

SCRIPTS = 150


def limited(manager: Manager, folder: Path, most: int) -> Path:
    """The C simulator with a library of its own, in which an instance may have so many holders."""
    library = f'#include "{ROOT}/runtime/library.c"\n'
    return program(folder, "simulator", {
        **c.files(manager),
        **sim.files(manager), "library.c": library
    }, f"-DBERTH_MAX_HOLDERS={most}")


@pytest.mark.parametrize(
    ("spec", "most"),
    [
        ("spec/plan9.yaml", 1),
        ("spec/scsi.yaml", 2),
        ("tests/gen/specs/kitchen.yaml", 1),
        ("tests/gen/specs/kitchen.yaml", 3),
        ("tests/gen/stored/share.yaml", 1),
    ],
)
def test_what_cannot_be_counted_is_refused(spec: str, most: int, tmp_path: Path) -> None:
    manager, _ = read_spec(str(ROOT / spec))
    assert manager is not None
    model = same_answers(manager, Simulator(manager, most),
                         [str(limited(manager, tmp_path, most))], SCRIPTS)
    errors = Counter(json.loads(line)["error"] for line in model)
    assert errors["EOVERFLOW"] > 10 and errors[None] > SCRIPTS
