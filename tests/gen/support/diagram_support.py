"""What the tests of diagrams and pages share."""
from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "gen"))

from berthc.model import Manager  # noqa: E402
from berthc.pipeline import compile_spec, compile_text  # noqa: E402

KITCHEN = "tests/gen/specs/kitchen.yaml"
LANTERN = "tests/gen/specs/lantern.yaml"
SPECS = tuple(f"spec/{name}.yaml"
              for name in ("plan9", "plan9_mount", "vpci", "scsi")) + (KITCHEN, LANTERN)
# The kitchen has so many pictures that drawing all of them takes half a minute.
EACH_SPEC = pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=pytest.mark.long if path == KITCHEN else []) for path in SPECS])
GOLDEN = ROOT / "tests" / "gen" / "golden" / "pictures"
NO_GRAPHVIZ = "dot-that-is-not-there"


@cache
def spec(path: str) -> Manager:
    """The model of a spec of the repository."""
    result = compile_spec(str(ROOT / path))
    assert result.manager is not None, result.diagnostics
    return result.manager


def made_of(text: str) -> Manager:
    """The model of a spec given as text."""
    result = compile_text("test.yaml", text)
    assert result.manager is not None, result.diagnostics
    return result.manager


def quiet(_message: str) -> None:
    """For tests that are not about warnings."""
