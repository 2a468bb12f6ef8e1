"""What a static rule is."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from berthc.build import Spec
from berthc.diag import Diagnostic

Finder = Callable[[Spec], Iterator[Diagnostic]]


@dataclass(frozen=True)
class Rule:
    """A rule: the id of its findings, one sentence for the reference, and the function that finds them."""

    id: str
    says: str
    find: Finder


def rule(id: str, says: str) -> Callable[[Finder], Rule]:
    """Makes a rule of a function."""
    return lambda find: Rule(id, says, find)
