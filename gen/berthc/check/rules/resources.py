"""Resources by themselves: their tree, their holders, and kinds of states."""
from __future__ import annotations

from collections.abc import Iterator

from berthc.check import refs
from berthc.check.rule import rule
from berthc.diag import Diagnostic, listing, quote
from berthc.model import StateKind
from berthc.spec.build import Spec


@rule("parent-cycle", "No resource is its own ancestor.")
def parent_cycle(spec: Spec) -> Iterator[Diagnostic]:
    by_name = refs.resources_by_name(spec.manager)
    reported: set[str] = set()
    for resource in spec.manager.resources:
        chain = [resource.name]
        while (parent := by_name[chain[-1]].parent) in by_name and parent not in chain:
            chain.append(str(parent))
        if parent in chain:
            circle = chain[chain.index(str(parent)):]
            if not reported & set(circle):
                reported |= set(circle)
                yield Diagnostic(
                    "parent-cycle", spec.at("resources", circle[0], "parent"),
                    f"{circle[0]} is its own ancestor: {' in '.join([*circle, circle[0]])}",
                    "one of them must have no parent; it is the root")


@rule("holders",
      "What can be taken can be dropped, by another event; taking changes nothing but who holds "
      "the instance.")
def holders(spec: Spec) -> Iterator[Diagnostic]:
    for resource in spec.manager.resources:
        where = ("resources", resource.name, "holders")
        if resource.take and not resource.drop:
            yield Diagnostic(
                "holders", spec.at(*where),
                f"holders of {resource.name} come with {quote(resource.take)} and never go",
                "add drop: the event that lets go")
        elif resource.take and resource.take == resource.drop:
            yield Diagnostic("holders", spec.at(*where, "drop"),
                             f"{quote(resource.take)} cannot both take and drop {resource.name}",
                             "use two events")
        if not resource.take:
            continue
        known = {state.name for state in resource.states}
        for state in resource.states:
            for row in state.rows:
                if row.ok is not None and row.ok.state not in known:
                    continue  # told by unknown-state
                if (row.event == resource.take
                    and (row.hook
                         or (row.ok and (row.ok.state != state.name or row.ok.raise_event)))):
                    yield Diagnostic("holders", row.loc,
                                     f"{refs.cell(resource, row)} does more than take a hold",
                                     "a row for the take event is stay, or rejects")


@rule("kind", "The state that a resource begins in is no failure.")
def kinds(spec: Spec) -> Iterator[Diagnostic]:
    for resource in spec.manager.resources:
        begins = next((s for s in resource.states if s.name == resource.initial), None)
        if begins is not None and begins.kind is StateKind.FAILURE:
            yield Diagnostic(
                "kind", spec.at("resources", resource.name, "states", begins.name, "kind"),
                f"{resource.name} begins in {quote(begins.name)}, so nothing has gone wrong there",
                "leave kind out, or begin in another state")


@rule("final",
      "A final state ends the instance: it has no rows, is not resident, and nothing begins in it.")
def final_states(spec: Spec) -> Iterator[Diagnostic]:
    for resource in spec.manager.resources:
        final = {s.name for s in resource.states if s.final}
        others = listing(s.name for s in resource.states if not s.final)
        for state in resource.states:
            where = ("resources", resource.name, "states", state.name)
            if state.final and state.rows:
                yield Diagnostic(
                    "final", spec.key(*where, "on"),
                    f"{resource.name}.{state.name} is final, so no event ever reaches it",
                    "remove its rows, or final")
            if state.final and state.resident:
                yield Diagnostic(
                    "final", spec.key(*where, "resident"),
                    f"{resource.name}.{state.name} is final, so nothing can stay in it",
                    "remove resident, or final")
        if resource.initial in final:
            yield Diagnostic("final", spec.at("resources", resource.name, "initial"),
                             f"{resource.name} begins in {quote(resource.initial)}, which is final",
                             f"states of {resource.name} that are not final: {others}")
        for row, _, target in refs.targets(resource):
            if target.raise_event and target.state in final:
                yield Diagnostic("final", target.loc,
                                 f"{refs.cell(resource, row)} raises {quote(target.raise_event)} "
                                 f"in {target.state}, which is final",
                                 "an instance that has ended handles no event")
    for operation in spec.manager.operations:
        resource_ = (refs.resources_by_name(spec.manager).get(operation.target) if operation.path
                     else None)
        if (resource_ and operation.enter
            and any(s.name == operation.enter and s.final for s in resource_.states)):
            yield Diagnostic("final", spec.at("operations", operation.name, "create", "enter"),
                             f"operation {operation.name} enters {quote(operation.enter)}, which "
                             f"is final",
                             f"states of {resource_.name} that are not final: "
                             f"{listing(s.name for s in resource_.states if not s.final)}")
