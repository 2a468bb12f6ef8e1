"""Where a spec has limits, they bound all memory: what they leave open would make the size of the
arena a guess."""
from __future__ import annotations

from collections.abc import Iterator

from berthc.diag import Diagnostic, quote
from berthc.model import Limits, Resource, Type
from berthc.spec.build import Spec

from berthc.check.rule import rule

# The size of the arena is computed in C; far below what a size_t of 32 bits holds.
MOST = 1 << 30


@rule("unbounded",
      "Limits bound everything: every resource has a number of instances, a manager that gives "
      "reservations a number of them, every string a "
      "max_length or its resource a text, and every resource with lists a text.")
def unbounded(spec: Spec) -> Iterator[Diagnostic]:
    limits = spec.manager.limits
    if limits is None:
        return
    yield from _reservations(spec, limits)
    known = {limit.resource: limit for limit in limits.resources}
    misspelt = not known.keys() <= {r.name for r in spec.manager.resources}
    for resource in spec.manager.resources:
        limit = known.get(resource.name)
        if limit is None:
            # else it has been reported
            if not misspelt and spec.node("limits", "resources", resource.name) is None:
                yield Diagnostic(
                    "unbounded", limits.loc, f"limits say nothing about {quote(resource.name)}",
                    f"give it a number of instances: {resource.name}: {{instances: 8}}")
        elif limit.text is None:
            yield from _texts(resource)
    for option in spec.manager.options:
        if option.type is Type.STRING and option.max_length is None:
            yield Diagnostic(
                "unbounded", option.loc,
                f"with limits, option {option.name} needs a max_length: it may be of any length")


def _reservations(spec: Spec, limits: Limits) -> Iterator[Diagnostic]:
    if spec.node("operations") is None:
        return
    gives = any(o.gives for o in spec.manager.operations)
    if gives and spec.node("limits", "reservations") is None:
        yield Diagnostic("unbounded", limits.loc,
                         "limits do not say how many reservations there are at most",
                         "add reservations: 8")
    elif limits.reservations is not None and not gives:
        loc = spec.key("limits", "reservations")
        yield Diagnostic("unbounded", loc,
                         "limits have a number of reservations, and no operation gives any",
                         "remove it")


def _texts(resource: Resource) -> Iterator[Diagnostic]:
    advice = f"give {resource.name} a text in limits: the bytes that its strings and lists may take"
    for field in resource.fields:
        if field.type is Type.STRING and field.max_length is None:
            yield Diagnostic("unbounded", field.loc,
                             f"with limits, {resource.name}.{field.name} needs a max_length: it "
                             f"may be of any length", f"or {advice}")
        elif field.type in (Type.LIST, Type.SET):
            yield Diagnostic("unbounded", field.loc,
                             f"with limits, {resource.name}.{field.name} is unbounded: it may "
                             f"have any number of items", advice)


@rule("limit", f"What limits allow takes at most {MOST:,} bytes of texts for one resource.")
def total(spec: Spec) -> Iterator[Diagnostic]:
    for limit in spec.manager.limits.resources if spec.manager.limits else ():
        size = limit.instances * (limit.text or 0)
        if size > MOST:
            yield Diagnostic(
                "limit", limit.loc,
                f"texts of {limit.resource}: {size:,} bytes, and at most {MOST:,} are possible")
