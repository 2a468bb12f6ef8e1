"""How far a search goes."""
from __future__ import annotations

import resource
from dataclasses import dataclass


STATES_IN_C = 1_000_000
"""The bound on states of the search in C where none is given."""

NO_MEMORY = "the bound on memory that the system sets was reached"
KILLED = "the system killed the search, perhaps for lack of memory; a lower --memory may help"
"""Why a search ended by itself."""

LADDER = ((3, 2), (4, 2), (3, 3), (5, 2), (4, 3), (6, 2), (5, 3), (7, 2), (6, 3), (8, 2), (7, 3),
          (8, 3))
"""Callers and keys of the searches within a budget. The first has the default bounds."""
MOST_CALLERS, MOST_KEYS = LADDER[-1]


@dataclass(frozen=True)
class Bounds:
    """`callers` at a time; `keys` of each kind under one parent; `failures`: calls that fail or
    stay uncertain on one way (None: any number); `states` of one search after which it gives up;
    `memory` of the process in MB, likewise (None: any). `crash`: what a crash leaves is asked
    for; that costs time, because the search then looks at all calls and drains every state.
    `in_flight` operations at a time, in a search of its own (0: none; only in C)."""

    callers: int = 3
    keys: int = 2
    failures: int | None = None
    states: int = 100_000
    memory: int | None = None
    crash: bool = False
    in_flight: int = 0


def memory_used() -> int:
    """MB of memory that this process has now; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize() >> 20
    except OSError:
        return 0
