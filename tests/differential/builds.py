"""Which C simulators there are to test: the specs, and the folders that the build puts simulators
in."""
from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BERTH_BUILD", ROOT / "build"))

SPECS = sorted([*(ROOT / "spec").glob("*.yaml"), *(ROOT / "tests/gen/specs").glob("*.yaml")])

FOLDERS = [BUILD] + [BUILD / name for name in ("asan",) if (BUILD / name).is_dir()]
"""The build, and, where it was made, the one with AddressSanitizer and
UndefinedBehaviorSanitizer."""


def simulator(name: str, folder: Path = BUILD) -> Path:
    """The C simulator of a manager; a test that needs it fails when it is not built."""
    path = folder / name / f"{name}-sim"
    assert path.is_file(), f"{path} is not built: make simulators"
    return path
