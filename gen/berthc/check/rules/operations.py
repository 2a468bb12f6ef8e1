"""Operations: their paths, what they may name, and how reservations begin and end."""
from __future__ import annotations

from collections.abc import Iterator

from berthc.diag import Diagnostic, listing, quote
from berthc.model import Assigned, AssignedKind, Form, Operation, Resource, Type
from berthc.spec.build import Spec

from berthc.check import refs
from berthc.check.rule import rule


def _operations(spec: Spec) -> Iterator[tuple[Operation, tuple[Resource, ...]]]:
    """The operations whose resources are all known, with these."""
    by_name = refs.resources_by_name(spec.manager)
    for operation in spec.manager.operations:
        if operation.path and all(name in by_name for name in operation.path):
            yield operation, tuple(by_name[name] for name in operation.path)


@rule("path",
      "What an operation obtains is a path from a root down, with nothing left out; its steps and "
      "results are on its path.")
def paths(spec: Spec) -> Iterator[Diagnostic]:
    manager = spec.manager
    for operation, resources in _operations(spec):
        if operation.form is Form.OBTAIN:
            right = refs.path_of(manager, operation.target)
            if operation.path != right and refs.resources_by_name(manager)[right[0]].parent is None:
                yield Diagnostic("path", spec.at("operations", operation.name, "obtain"),
                                 f"operation {operation.name} obtains "
                                 f"{', '.join(operation.path)}, which is no path from a root down",
                                 f"the path to {operation.target} is: {', '.join(right)}")
                continue
        known = refs.resources_by_name(manager)
        for what, scope, loc in [
            ("fires an event at", s.resource, s.loc) for s in operation.steps
        ] + [("returns a value of", r.scope, r.loc) for r in operation.returns]:
            if scope not in operation.path and scope in known:
                yield Diagnostic(
                    "path", loc,
                    f"operation {operation.name} {what} {quote(scope)}, which is not on its path",
                    f"its path is: {', '.join(operation.path)}")


def _serves(assigned: Assigned, kinds: tuple[AssignedKind, ...]) -> bool:
    return assigned.kind in kinds and assigned.type is not Type.BOOL


@rule("by", "An operation finds by what differs between instances: a counter, a uuid, a pool, or a "
            "value from a hook that is no bool; it creates at a pool.")
def find_by(spec: Spec) -> Iterator[Diagnostic]:
    unique = (AssignedKind.COUNTER, AssignedKind.UUID, AssignedKind.POOL, AssignedKind.HOOK)
    for operation, resources in _operations(spec):
        target = resources[-1]
        for word, path, kinds, verb in (
            (operation.by, ("by",), unique, "finds by"),
            (operation.at, ("create", "at"), (AssignedKind.POOL,), "creates at"),
        ):
            assigned = next((a for a in target.assigned if a.name == word), None)
            if assigned is not None and not _serves(assigned, kinds):
                what = {
                    AssignedKind.FORMAT: "a format",
                    AssignedKind.HOOK: (
                        f"a {assigned.type.value if assigned.type else 'value'} from a hook"
                    ),
                    AssignedKind.COUNTER: "a counter",
                    AssignedKind.UUID: "a uuid",
                }[assigned.kind]
                valid = [a.name for a in target.assigned if _serves(a, kinds)]
                yield Diagnostic(
                    "by", spec.at("operations", operation.name, *path),
                    f"operation {operation.name} {verb} {quote(assigned.name)}, which is {what}",
                    f"possible here: {listing(valid)}")


@rule("takes-nothing",
      "An operation that finds and takes a hold fails where there is nothing to hold.")
def takes_nothing(spec: Spec) -> Iterator[Diagnostic]:
    for operation, resources in _operations(spec):
        takes = {r.name: r.take for r in resources if r.take is not None}
        for step in operation.steps if operation.absent_ok else ():
            if takes.get(step.resource) == step.event:
                yield Diagnostic("takes-nothing", spec.at("operations", operation.name, "absent"),
                                 f"operation {operation.name} takes a hold on {step.resource}, and "
                                 "succeeds where there is none: its caller cannot tell, and lets "
                                 "go of a hold of somebody else later",
                                 "leave out absent: ok, so that the caller gets ENOENT")
                break


@rule("takes-and-drops", "An operation takes a hold on a resource or drops one, not both.")
def takes_and_drops(spec: Spec) -> Iterator[Diagnostic]:
    for operation, resources in _operations(spec):
        takes = {r.name: r.take for r in resources if r.take is not None}
        drops = {r.name: r.drop for r in resources if r.drop is not None}
        taken = {s.resource for s in operation.steps if takes.get(s.resource) == s.event
                 and drops.get(s.resource) != s.event}
        for step in operation.steps:
            if step.resource in taken and drops.get(step.resource) == step.event:
                yield Diagnostic("takes-and-drops", step.loc,
                                 f"operation {operation.name} takes a hold on {step.resource} and "
                                 "drops it again, so nobody can say what its caller holds",
                                 f"leave out {step.resource}.{takes[step.resource]}: the "
                                 "operation has the root to itself anyway; or make it two "
                                 "operations")
                break


def _has_wrong_holders(spec: Spec, resource: Resource) -> bool:
    """Are holders given that cannot be read? That is told already."""
    return (resource.take is None
            and "holders" in refs.keys(spec, "resources", resource.name))


@rule("gives",
      "An operation that gives a reservation runs no steps; all that give one have the same path, "
      "and each level of it can be dropped.")
def gives(spec: Spec) -> Iterator[Diagnostic]:
    first: Operation | None = None
    for operation, resources in _operations(spec):
        if not operation.gives:
            continue
        if operation.steps:
            yield Diagnostic("gives", spec.key("operations", operation.name, "do"),
                             f"operation {operation.name} gives a reservation and has steps",
                             "reserving calls nothing, so that it happens as a whole or not at "
                             "all; move the steps to an operation with: reservation")
        if first is None:
            first = operation
            for resource in resources:
                if resource.drop is None and not _has_wrong_holders(spec, resource):
                    yield Diagnostic("gives", spec.at("operations", operation.name, "obtain"),
                                     f"operation {operation.name} reserves {resource.name}, which "
                                     f"no event drops",
                                     f"add holders to {resource.name}" if resource.take is None
                                     else f"add drop to the holders of {resource.name}")
        elif operation.path != first.path:
            yield Diagnostic("gives", spec.at("operations", operation.name, "obtain"),
                             f"operation {operation.name} reserves {', '.join(operation.path)}, "
                             f"but {first.name} reserves {', '.join(first.path)}",
                             "all reservations of a manager hold the same path")


@rule("reservation", "Reservations are given where they are used, and ended where they are given.")
def reservations(spec: Spec) -> Iterator[Diagnostic]:
    manager = spec.manager
    if len(refs.keys(spec, "operations")) != len(manager.operations):
        return  # one could not be read, and it may be the one that gives or ends
    given = [o for o in manager.operations if o.gives]
    used = [o for o in manager.operations if o.form is Form.WITH]
    for operation in used:
        if not given:
            yield Diagnostic(
                "reservation", spec.key("operations", operation.name, "with"),
                f"operation {operation.name} needs a reservation, and no operation gives one",
                "add gives: reservation to an operation that obtains")
    if given and not any(o.ends for o in used):
        yield Diagnostic("reservation", spec.key("operations", given[0].name, "gives"),
                         f"operation {given[0].name} gives a reservation, and no operation ends it",
                         "add an operation with: reservation and ends: reservation")


@rule("ends",
      "An operation that ends the reservation drops every level of its path, children first; only "
      "such an operation drops with one.")
def ends(spec: Spec) -> Iterator[Diagnostic]:
    for operation, resources in _operations(spec):
        if operation.form is not Form.WITH:
            continue
        drops = {r.name: r.drop for r in resources}
        dropped = [s.resource for s in operation.steps if drops.get(s.resource) == s.event]
        if not operation.ends:
            for step in operation.steps:
                if drops.get(step.resource) == step.event:
                    yield Diagnostic("ends", step.loc,
                                     f"operation {operation.name} drops {step.resource} and does "
                                     f"not end the reservation",
                                     "once a reservation has let go of something it can only be "
                                     "ended; add ends: reservation")
            continue
        wanted = [r.name for r in reversed(resources) if r.drop]
        missing = [name for name in wanted if name not in dropped]
        steps = [f"{name}.{drops[name]}" for name in wanted]
        if missing:
            yield Diagnostic("ends", spec.key("operations", operation.name, "ends"),
                             f"operation {operation.name} ends the reservation without dropping "
                             f"{', '.join(missing)}", f"children first: do: [{', '.join(steps)}]")
        elif [name for name in dict.fromkeys(dropped)] != wanted:
            yield Diagnostic("ends", spec.at("operations", operation.name, "do"),
                             f"operation {operation.name} drops {', '.join(dropped)} in this order",
                             f"children first: do: [{', '.join(steps)}]")
