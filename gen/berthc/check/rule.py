"""What a static rule is."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from berthc.diag import Diagnostic

Input = TypeVar("Input")  # what a rule looks at: a Spec, or the Tables made from one


@dataclass(frozen=True)
class Rule(Generic[Input]):
    """A rule: the id of its findings, one sentence for the reference, and the function that finds
    them."""

    id: str
    says: str
    find: Callable[[Input], Iterator[Diagnostic]]


def rule(id: str, says: str) -> Callable[[Callable[[Input], Iterator[Diagnostic]]], Rule[Input]]:
    """Makes a rule of a function."""

    def make(find: Callable[[Input], Iterator[Diagnostic]]) -> Rule[Input]:
        return Rule(id, says, find)

    return make
