"""The bad specs: one mistake each, named after the rule that finds it, beside the exact message."""
from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "gen"))

from berthc.diag import show  # noqa: E402
from berthc.pipeline import Result, compile_spec  # noqa: E402

FOLDER = ROOT / "tests" / "gen" / "bad"


def specs() -> list[Path]:
    return sorted(FOLDER.glob("*.yaml"))


def compiled(path: Path) -> Result:
    """The spec, read under its bare name, as messages show it."""
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        return compile_spec(path.name)
    finally:
        os.chdir(before)


def message(path: Path) -> str:
    result = compiled(path)
    return show(result.diagnostics, {result.source.file: result.source.lines})
