"""What the C code needs to know of the model."""
from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

FINDINGS = ("leak", "dangling", "interference", "denied", "double", "missing_effect", "stranded",
            "kept")
"""What a verifier can find; `kept` is a leak of a slot."""

FLAGS = {"is_clean": ("ASK", "clean"), "is_strand": ("ASK", "strand"), "is_drain": ("ASK", "drain"),
         **{f"stops_at_{name}": ("STOP", name) for name in FINDINGS}}


class Site(NamedTuple):
    """A level of an operation that is a use: what a success leaves there is a promise. `brings`:
    the effects that are promised in a state that was not seen while nothing fails (-1: any)."""

    op: str
    resource: str
    brings: int


class Pooled(NamedTuple):
    """A resource with slots: `size`, how many instances there may be, C text that says whether
    instance `i` is held (`x` counts callers, `j` children), and the states in which neither holders
    nor drain are needed to keep it."""

    resource: str
    size: int
    held: str
    keeps: Sequence[int]


class Tables(NamedTuple):
    """What the C code needs to know of the model."""

    callers: int
    arrays: Sequence[str]  # all that is part of a state
    sites: Sequence[Site]
    kinds: int
    states: dict[str, Sequence[str]]  # by resource: their names, by number from 1
    resident: dict[str, Sequence[int]]
    pooled: Sequence[Pooled]
