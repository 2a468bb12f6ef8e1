"""Changes of specs by hand, from tests/gen/diff/cases.yaml: what is replaced, and what is said."""
from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).resolve().parents[3]
SPECS = sorted([*(ROOT / "tests/gen/specs").glob("*.yaml"), *(ROOT / "spec").glob("*.yaml")])


class Case(NamedTuple):
    """`said` are the sentences, each behind its own verdict; `c` is what the C header says: none,
    ABI or API, or "errors" where the new spec has some."""

    name: str
    old: str
    new: str
    said: list[str]
    c: str


def cases() -> list[Case]:
    """All of them."""
    path = ROOT / "tests/gen/diff/cases.yaml"
    found = []
    for one in yaml.safe_load(path.read_text(encoding="utf-8")):
        old = new = spec(one["spec"]).read_text(encoding="utf-8")
        for was, is_ in zip(one["edit"][::2], one["edit"][1::2], strict=True):
            assert was in new, (one["name"], was)
            new = new.replace(was, is_)
        found.append(Case(one["name"], old, new, one["said"], one["c"]))
    return found


def spec(name: str) -> Path:
    return next(path for path in SPECS if path.stem == name)
