"""The simulator: a manager on standard input and output, for tests, replays and a person who wants
to try a spec.

It speaks the protocol of docs/simulator.md in front of `semantics`; the generated C has a simulator
that speaks the same, so that the two can be compared answer by answer.

    text     lines and strict JSON
    labels   names for UUIDs
    request  what a request may say
    server   requests in, answers out
"""
from __future__ import annotations

from berthc.sim.server import Simulator, main

__all__ = ["Simulator", "main"]
