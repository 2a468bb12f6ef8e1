"""Tables as narrow as they can be: on both sides of each width, the generated C does what the model
does."""
from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from berthc.pipeline import compile_text
from builds import ROOT
from differ import difference_run
from programs import simulator

pytestmark = pytest.mark.long

SCRIPTS = 150
ROW = re.compile(r"e1: (s\d+)$", re.MULTILINE)


def synthetic(states: int, events: int) -> str:
    """The synthetic spec, with two rows in many of its cells."""
    script = [sys.executable, str(ROOT / "bench/synthetic_spec.py"), str(states), str(events)]
    text = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    text = text.replace(
        "name: {type: string, required: true}",
        "name: {type: string, required: true}\n      hard: {type: bool}",
    )
    text, edited = ROW.subn(r"e1: [{if: field.hard, reject: EPERM}, {to: \1}]", text)
    assert edited >= states // 2
    return text


# The synthetic spec has one more state, which is final, and a row for claim, release and each event
# in every other one.
@pytest.mark.parametrize(
    ("states", "events", "rows", "cells"),
    [
        (20, 6, "const berth_row thing_rows", "const berth_cell thing_cells[22][9]"),
        (60, 6, "const berth_wide_row thing_rows", "const berth_wide_cell thing_cells[62][9]"),
        (254, 6, "const berth_wide_row thing_rows", "const berth_wide_cell thing_cells[256][9]"),
        (255, 6, "const berth_wide_row thing_rows", "const berth_wide_cell thing_cells[257][9]"),
        (
            1000,
            20,
            "const berth_wide_row thing_rows",
            "const berth_wide_cell thing_cells[1002][23]",
        ),
    ],
)
def test_tables_of_any_width_do_the_same(
    states: int, events: int, rows: str, cells: str, tmp_path: Path
) -> None:
    manager = compile_text("synthetic.yaml", synthetic(states, events)).manager
    assert manager is not None
    program = simulator(manager, tmp_path)
    made = (tmp_path / "synthetic/synthetic.c").read_text(encoding="utf-8")
    assert f"static {rows}[]" in made and f"static {cells} = " in made
    tally = difference_run(manager, [str(program)], 5, SCRIPTS, None)
    assert tally.difference is None, "\n" + tally.difference.show()
    assert tally.errors["ok"] > SCRIPTS and tally.errors["EPERM"] > 5 and tally.errors["EBUSY"] > 5
