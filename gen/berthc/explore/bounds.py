"""How far a search goes."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bounds:
    """`callers` at a time; `keys` of each kind under one parent; `failures`: calls that fail or stay uncertain on one way (None: any
    number); `states` of one search after which it gives up."""

    callers: int = 3
    keys: int = 2
    failures: int | None = None
    states: int = 100_000
