"""What only C knows: names that it does not allow or would make equal, and texts that do not fit.

`names` and `lower` know; this only reports.
"""
from __future__ import annotations

from collections.abc import Iterator

from berthc.diag import Diagnostic
from berthc.lower.expr import text_length
from berthc.model import Type
from berthc.names import collisions, outs
from berthc.spec.build import Spec

from berthc.check.rule import rule

# A view's offsets have 16 bits; what is left is for its other members, of which there are at most
# 510 with at most 16 bytes each.
MAX_TEXTS = 57_000

MAX_OUT = 256  # BERTH_MAX_OUT of berth/table.h


@rule("c-name", "No name becomes an identifier that is a reserved word of C or C++, the name of a "
                "library or of Berth, or that of another thing.")
def c_names(spec: Spec) -> Iterator[Diagnostic]:
    for loc, message in collisions(spec.manager):
        what = "the manager" if loc == spec.manager.loc else "it"
        yield Diagnostic("c-name", loc, message, f"give {what} another name")


@rule("limit", f"The assigned texts of a resource have together at most {MAX_TEXTS} bytes.")
def text_sizes(spec: Spec) -> Iterator[Diagnostic]:
    for resource in spec.manager.resources:
        size = 0
        for assigned in resource.assigned:
            length = text_length(spec.manager, resource, assigned.name)
            size += 0 if length is None else length + 1
        if size > MAX_TEXTS:
            yield Diagnostic("limit", spec.key("resources", resource.name, "assigned"),
                             f"assigned texts of {resource.name}: up to {size:,} bytes, and at "
                             f"most {MAX_TEXTS:,} are possible",
                             "lower the max_length of what they are made from")


@rule("limit", f"The values that a hook gives have together at most {MAX_OUT} bytes.")
def out_sizes(spec: Spec) -> Iterator[Diagnostic]:
    for hook in spec.manager.hooks:
        end, widest = 0, 1
        for value in outs(spec.manager, hook):
            kind = value.type
            wide = kind.bits // 8 if kind is not None and kind.bits else 1
            length = ((value.max_length or 0) + 1 if kind is Type.STRING else 16
                      if kind is Type.UUID else wide)
            end += -end % wide + length
            widest = max(widest, wide)
        size = end + -end % widest
        if size > MAX_OUT:
            yield Diagnostic(
                "limit", hook.loc,
                f"values from {hook.name}: {size:,} bytes, and at most {MAX_OUT} are possible",
                "lower the max_length of its texts")
