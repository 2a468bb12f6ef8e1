"""The limit of holders: where it is low enough to be reached, the generated C refuses what the
model refuses."""
from __future__ import annotations

import itertools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from berthc.emit import c, sim
from berthc.model import Manager
from berthc.pipeline import read_spec
from berthc.sim import Simulator
from builds import ROOT
from differ import first_difference, run_c
from programs import program
from scripts import scripts

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
    ],
)
def test_what_cannot_be_counted_is_refused(spec: str, most: int, tmp_path: Path) -> None:
    manager, _ = read_spec(str(ROOT / spec))
    assert manager is not None
    simulator = Simulator(manager, most)
    requests: list[str] = []
    model: list[str] = []

    def answer(request: dict[str, Any] | str) -> dict[str, Any]:
        requests.append(request if isinstance(request, str) else json.dumps(request))
        given = simulator.answer(requests[-1].encode())
        model.append(json.dumps(given))
        return given

    assert len(list(itertools.islice(scripts(manager, 7, answer), SCRIPTS))) == SCRIPTS
    made = run_c([str(limited(manager, tmp_path, most))],
                 "".join(f"{request}\n" for request in requests))
    at = first_difference(made, model)
    assert at is None, f"{requests[max(0, at - 20):at + 1]}\nC:     {made[at]}\nmodel: {model[at]}"
    errors = Counter(json.loads(line)["error"] for line in model)
    assert errors["EOVERFLOW"] > 10 and errors[None] > SCRIPTS
