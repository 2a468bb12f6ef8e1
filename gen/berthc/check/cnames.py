"""What only C knows: names that it does not allow or would make equal, and texts that do not fit.

`names` and `lower` know; this only reports.
"""
from __future__ import annotations

from collections.abc import Iterator

from berthc.build import Spec
from berthc.diag import Diagnostic
from berthc.lower.expr import text_length
from berthc.names import collisions

from .rule import rule

# A view's offsets have 16 bits; what is left is for its other members, of which there are at most 510 with at most 16 bytes each.
MAX_TEXTS = 57_000


@rule("c-name", "No name is a reserved word of C or C++ where it becomes an identifier, and no two things get the same identifier.")
def c_names(spec: Spec) -> Iterator[Diagnostic]:
    for loc, message in collisions(spec.manager):
        yield Diagnostic("c-name", loc, message, "give it another name")


@rule("limit", f"The assigned texts of a resource have together at most {MAX_TEXTS} bytes.")
def text_sizes(spec: Spec) -> Iterator[Diagnostic]:
    for resource in spec.manager.resources:
        size = 0
        for assigned in resource.assigned:
            length = text_length(spec.manager, resource, assigned.name)
            size += 0 if length is None else length + 1
        if size > MAX_TEXTS:
            yield Diagnostic("limit", spec.key("resources", resource.name, "assigned"),
                             f"assigned texts of {resource.name}: up to {size:,} bytes, and at most {MAX_TEXTS:,} are possible",
                             "lower the max_length of what they are made from")
