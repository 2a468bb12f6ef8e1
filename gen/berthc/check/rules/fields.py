"""Fields, options and assigned values: ranges, defaults, pools and formats."""
from __future__ import annotations

from collections.abc import Iterator

from berthc.check import refs
from berthc.check.rule import rule
from berthc.diag import Diagnostic, hint, listing, quote
from berthc.model import AssignedKind, Field, Ref, Resource, Type
from berthc.spec.build import Spec
from berthc.spec.load import Scalar


@rule("range", "A range goes from a lower to a higher value of the type.")
def ranges(spec: Spec) -> Iterator[Diagnostic]:
    for path, field in _fields(spec):
        if field.range is not None and field.type.bits:
            low, high = field.range
            least, most = field.type.limits
            loc = spec.at(*path, "range")
            if low > high:
                yield Diagnostic("range", loc,
                                 f"the range of {field.name} is empty: {low} is more than {high}",
                                 "the lower end comes first")
            elif low < least or high > most:
                yield Diagnostic("range", loc,
                                 f"the range of {field.name} is wider than {field.type.value}",
                                 f"{field.type.value} is from {least} to {most}")


def _fields(spec: Spec) -> Iterator[tuple[tuple[str, ...], Field]]:
    for option in spec.manager.options:
        yield ("options", option.name), option
    for resource in spec.manager.resources:
        for field in resource.fields:
            yield ("resources", resource.name, "fields", field.name), field


@rule("default",
      "A default is a value that the caller could have given; an option whose range leaves out 0 "
      "has one.")
def defaults(spec: Spec) -> Iterator[Diagnostic]:
    for path, field in _fields(spec):
        given = spec.node(*path, "default")
        problem = _bad_default(field, given is not None, path[0] == "options")
        if problem is not None:
            yield Diagnostic("default", given.loc if isinstance(given, Scalar) else field.loc,
                             *problem)


def _bad_default(field: Field, given: bool, option: bool) -> tuple[str, str] | None:
    """What is wrong with a default, and what would be right.

    A field without one may have a range without 0: the caller must then give it.
    """
    value = field.default
    if field.type.bits and isinstance(value, int) and (given or option):
        low, high = field.range or field.type.limits
        if low > high or low <= value <= high:
            return None
        if given:
            return (
                f"the default of {field.name} is out of range: {value}",
                f"{field.name} is from {low} to {high}",
            )
        return (
            f"option {field.name} has no default, and its range leaves out 0",
            f"add a default from {low} to {high}",
        )
    if field.type is Type.ENUM and given and value not in field.values:
        return (f"the default of {field.name} is {quote(str(value))}, which is none of its values",
                hint(str(value), field.values, f"values of {field.name}"))
    if field.type is Type.STRING and isinstance(value, str) and "\0" in value:
        return f"the default of {field.name} holds a NUL", "it would end the text in C"
    if (
        field.type is Type.STRING
        and given
        and isinstance(value, str)
        and field.max_length is not None
        and len(value.encode()) > field.max_length
    ):
        return (f"the default of {field.name} is longer than its max_length",
                f"it has {len(value.encode())} bytes, of at most {field.max_length}")
    return None


MAX_SLOTS = 1 << 31
_MAX_SIZE = (1 << 32) - 1  # of one part


@rule("pool-size",
      f"The size of a pool is a number or an unsigned option with a range from 1 on, and at most "
      f"{MAX_SLOTS:,} slots in all.")
def pool_size(spec: Spec) -> Iterator[Diagnostic]:
    options = {o.name: o for o in spec.manager.options}
    for resource, pool, name, _ in refs.pool_options(spec.manager):
        option = options.get(name)
        if option is None:
            continue
        loc = next(part.loc for a in resource.assigned if a.name == pool for part in a.parts
                   if part.option == name)
        if not option.type.bits or option.type.signed:
            yield Diagnostic("pool-size", loc,
                             f"option {name} is a {option.type.value}, which is no size",
                             "a size is an unsigned integer")
        elif option.range is None:
            yield Diagnostic("pool-size", loc,
                             f"option {name} has no range, so the pool {resource.name}.{pool} has "
                             f"no greatest size", f"add to {name}, for example: range: [1, 16]")
        elif option.range[0] < 1:
            yield Diagnostic(
                "pool-size", loc,
                f"option {name} may be {option.range[0]}, and a pool without slots serves nobody",
                "let its range begin with 1 or more")
    for resource in spec.manager.resources:
        for assigned in resource.assigned:
            slots = 1
            if any(part.size is not None and not 1 <= part.size <= _MAX_SIZE
                   for part in assigned.parts):
                continue  # the schema says it
            for part in assigned.parts:
                given = options.get(part.option or "")
                slots *= part.size or (given.range[1] if given and given.range else 1)
            if slots > MAX_SLOTS:
                yield Diagnostic(
                    "pool-size", assigned.loc,
                    f"the pool {resource.name}.{assigned.name} has up to {slots:,} slots",
                    f"at most {MAX_SLOTS:,} are possible")


@rule("format",
      "A format uses values that are known when the instance is made, earlier in the spec, and "
      "whose length has a limit.")
def formats(spec: Spec) -> Iterator[Diagnostic]:
    manager = spec.manager
    by_name = refs.resources_by_name(manager)
    for resource, name, ref in refs.formats(manager):
        by = f"the format of {resource.name}.{name}"
        if ref.scope == "option":
            option = next((o for o in manager.options if o.name == ref.name), None)
            if option is not None:
                yield from _unbounded(by, ref, option)
            continue
        path = refs.path_of(manager, resource.name)
        owner = resource.name if ref.scope == "field" else ref.scope
        if owner not in path:
            if owner in by_name:
                yield Diagnostic(
                    "format", ref.loc,
                    f"{by} cannot use {quote(owner)}, which is not above {resource.name}",
                    f"known here: {listing(path)}")
            continue
        where = by_name[owner]
        field = next((f for f in where.fields if f.name == ref.name), None)
        if field is not None:
            yield from _unbounded(by, ref, field)
        else:
            yield from _not_yet(by, ref, where, name if owner == resource.name else None)


def _written(ref: Ref) -> str:
    """A reference as it stands in a format."""
    return ref.name if ref.scope == "field" else str(ref)


def _unbounded(by: str, ref: Ref, field: Field) -> Iterator[Diagnostic]:
    if field.type in (Type.LIST, Type.SET):
        yield Diagnostic("format", ref.loc,
                         f"{by} cannot use {quote(_written(ref))}, which is a {field.type.value}",
                         "use single values")
    elif field.type is Type.STRING and field.max_length is None:
        yield Diagnostic("format", ref.loc,
                         f"{by} uses {quote(_written(ref))}, a string of any length",
                         f"give {field.name} a max_length")


def _not_yet(by: str, ref: Ref, owner: Resource, before: str | None) -> Iterator[Diagnostic]:
    """Values from hooks come later than the format; of the same resource, so do the assigned values
    below it."""
    names = [a.name for a in owner.assigned]
    for assigned in owner.assigned:
        if ref.name not in assigned.leaves:
            continue
        if assigned.kind is AssignedKind.HOOK:
            yield Diagnostic(
                "format", ref.loc,
                f"{by} uses {quote(_written(ref))}, which hook {assigned.hook} gives only later",
                "formats are written when the instance is made")
        elif before is not None and names.index(assigned.name) >= names.index(before):
            yield Diagnostic("format", ref.loc,
                             f"{by} uses {quote(ref.name)}, which is not assigned before it",
                             f"move {assigned.name} above {before}" if assigned.name != before
                             else "a format cannot use itself")


@rule("hook-value",
      "A value from a hook is of the resource that the hook is on; a string has a max_length, and "
      "nothing else has one.")
def hook_value(spec: Spec) -> Iterator[Diagnostic]:
    hooks = {h.name: h for h in spec.manager.hooks}
    for resource in spec.manager.resources:
        for assigned in resource.assigned:
            if assigned.kind is not AssignedKind.HOOK:
                continue
            where = ("resources", resource.name, "assigned", assigned.name)
            name = f"{resource.name}.{assigned.name}"
            hook = hooks.get(assigned.hook or "")
            if (hook is not None and hook.on != resource.name
                and hook.on in refs.resources_by_name(spec.manager)):
                mine = [h.name for h in spec.manager.hooks if h.on == resource.name]
                yield Diagnostic("hook-value", spec.at(*where, "from"),
                                 f"{name} comes from {hook.name}, which is on {hook.on}",
                                 f"hooks on {resource.name}: {listing(mine)}")
            if assigned.type is Type.STRING and assigned.max_length is None:
                yield Diagnostic("hook-value", assigned.loc, f"{name} is a string of any length",
                                 "add a max_length")
            if assigned.type is not Type.STRING and assigned.max_length is not None:
                yield Diagnostic(
                    "hook-value", spec.at(*where, "max_length"),
                    f"{name} is a {assigned.type.value if assigned.type else ''} and has no length",
                    "max_length goes with strings")
