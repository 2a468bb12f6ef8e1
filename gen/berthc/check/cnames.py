"""Names that C does not allow, or that would be the same in C. The names module knows; this only reports."""
from __future__ import annotations

from collections.abc import Iterator

from berthc.build import Spec
from berthc.diag import Diagnostic
from berthc.names import collisions

from .rule import rule


@rule("c-name", "No name is a reserved word of C or C++ where it becomes an identifier, and no two things get the same identifier.")
def c_names(spec: Spec) -> Iterator[Diagnostic]:
    for loc, message in collisions(spec.manager):
        yield Diagnostic("c-name", loc, message, "give it another name")
