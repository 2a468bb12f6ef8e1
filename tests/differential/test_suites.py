"""Generated suites work for specs that nobody wrote them for: variants that `berthc check`
takes."""
from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from berthc.explore.bounds import Bounds
from berthc.explore.report import explore
from berthc.model import Manager
from berthc.pipeline import compile_text
from builds import ROOT
from programs import suite
from variants import variants

pytestmark = pytest.mark.long

SOUND_ENOUGH = frozenset(("unreachable", "missing-effect"))
"""Findings that leave the backend as it should be and let everybody go, and so the suite without
complaint."""


def sound(path: Path, seed: int) -> Iterator[Manager]:
    """Variants without a finding that a suite is right to fail for."""
    for text, _ in variants(path.read_text(encoding="utf-8"), random.Random(seed)):
        manager = compile_text("variant.yaml", text).manager
        if manager is None:
            continue
        report = explore(manager, Bounds(callers=2, states=4000))
        found = {f.fault.id for f in report.findings}
        # A suite answers a question with each of its answers, and the backend has what it says.
        lies = "unreachable" in found and any(hook.asks for hook in manager.hooks)
        if report.complete and found <= SOUND_ENOUGH and not lies:
            yield manager


@pytest.mark.parametrize(
    ("spec", "seed"),
    [("tests/gen/specs/lantern.yaml", 3), ("spec/vpci.yaml", 1), ("spec/plan9.yaml", 2)],
)
def test_suites_of_variants_pass(spec: str, seed: int, tmp_path: Path) -> None:
    for number, manager in zip(range(3), sound(ROOT / spec, seed), strict=False):
        run = subprocess.run(
            [suite(manager, tmp_path / str(number))], capture_output=True, text=True, timeout=120
        )
        failed = [
            line
            for line in (run.stdout + run.stderr).splitlines()
            if "FAILED" in line or "ERROR" in line or "not " in line
        ]
        assert run.returncode == 0, (manager, failed)
        assert "[  PASSED  ]" in run.stdout + run.stderr
