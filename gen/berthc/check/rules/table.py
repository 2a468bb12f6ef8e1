"""The table as a whole: holes, rows and states that nothing reaches, dead ends, and what is
forgotten on the way."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from berthc.diag import Diagnostic, Note, listing, quote, suggest
from berthc.model import Hook, Loc, Manager, Resource
from berthc.spec.build import Spec

from berthc.check import refs
from berthc.check.effects import Trouble, troubles
from berthc.check.flow import Flow, analyse, calling, cycle
from berthc.check.rule import rule


@rule("raise-cycle", "What a row raises does not lead back to the row.")
def raise_cycle(spec: Spec) -> Iterator[Diagnostic]:
    for resource in spec.manager.resources:
        circle = cycle(resource)
        if circle is not None:
            chain = " -> ".join(f"{state} on {event}" for (state, event), _ in [*circle, circle[0]])
            yield Diagnostic("raise-cycle", circle[-1][1].loc,
                             f"{resource.name} raises in a circle: {chain}",
                             "one of these rows must end without a raise")


@dataclass(frozen=True)
class Tables:
    """A spec with the analysis of each resource in which, and in whose operations, nothing is
    wrong."""

    spec: Spec
    flows: tuple[Flow, ...]
    troubles: tuple[tuple[Resource, Trouble], ...]

    def whole(self) -> Iterator[Flow]:
        """The analyses of the tables without holes: where a hole may be filled in any way, nothing
        more can be said."""
        return (flow for flow in self.flows if not flow.holes())


def analyse_all(spec: Spec) -> Tables:
    """Follows events through the tables that can be followed."""
    if not (spec.is_clean("operations") and spec.is_clean("backend") and spec.is_clean("options")):
        return Tables(spec, (), ())
    by_name = refs.resources_by_name(spec.manager)
    used = {name for o in spec.manager.operations for name in o.path}
    may_call = calling(spec.manager)
    flows = tuple(
        analyse(spec.manager, resource, may_call)
        for resource in by_name.values()
        if resource.name in used
        and all(
            spec.is_clean("resources", name) for name in refs.path_of(spec.manager, resource.name)
        )
    )
    return Tables(spec, flows,
                  tuple((f.resource, t) for f in flows if not f.holes()
                        for t in troubles(spec.manager, f.resource, f)))


@rule("unhandled", "Every state says what it does with every event that can reach it.")
def unhandled(tables: Tables) -> Iterator[Diagnostic]:
    for flow in tables.flows:
        resource = flow.resource
        empty = {s.name for s in resource.states if not s.rows}
        for state in dict.fromkeys(state for state, event in flow.holes() if state in empty
                                   and (state, event) in flow.fired):
            yield _without_rows(flow, state)
        for cell in flow.holes():
            state, event = cell
            if state in empty and cell in flow.fired:
                continue
            misspelt = _misspelt(flow, state, event)
            if misspelt:
                yield Diagnostic(
                    "unhandled",
                    tables.spec.key("resources", resource.name, "states", state, "on", misspelt),
                    f"no operation fires {quote(misspelt)} and no row raises it, "
                    f"while {resource.name}.{state} does not say "
                    f"what it does with {quote(event)}", f"did you mean {quote(event)}?",
                    where=f"{resource.name}.{state}.{event}")
                continue
            valid = (
                f"add {event}: to {resource.name}.{state}, or otherwise: reject to {resource.name}"
            )
            if cell in flow.fired:
                yield Diagnostic(
                    "unhandled", resource.state(state).loc,
                    f"{resource.name}.{state} does not say what it does with {quote(event)}, "
                    f"which {flow.fired[cell]} fires there", valid,
                    where=f"{resource.name}.{state}.{event}")
            else:
                target = flow.raised[cell]
                yield Diagnostic("unhandled", target.loc,
                                 f"{quote(event)} is raised here, and {resource.name}.{state} "
                                 f"does not say what it does with it", valid,
                                 where=f"{resource.name}.{state}.{event}")


def _misspelt(flow: Flow, state: str, event: str) -> str:
    """A row of the state whose event nothing ever causes, and which is like the event; "" for
    none."""
    caused = {e for _, e in (*flow.fired, *flow.raised)}
    idle = [row.event for row in flow.resource.state(state).rows if row.event not in caused]
    return next((word for word in dict.fromkeys(idle) if suggest(word, [event])), "")


def _without_rows(flow: Flow, state: str) -> Diagnostic:
    """A state that says nothing at all: most likely the last one."""
    resource = flow.resource
    events = [f"{quote(event)} ({by})" for (at, event), by in flow.fired.items() if at == state]
    return Diagnostic("unhandled", resource.state(state).loc,
                      f"{resource.name}.{state} has no rows, and {listing(events)} can come there",
                      f"if the instance ends there, write {state}: {{final: true}}; otherwise add "
                      f"rows to it, or otherwise: reject to {resource.name}",
                      where=f"{resource.name}.{state}")


@rule("unreachable", "Every state can be entered, and every row's event can come in its state.")
def unreachable(tables: Tables) -> Iterator[Diagnostic]:
    spec = tables.spec
    for flow in tables.whole():
        resource = flow.resource
        entered = flow.entered
        for state in resource.states:
            if state.name not in entered:
                yield Diagnostic(
                    "unreachable", state.loc, f"nothing leads to {resource.name}.{state.name}",
                    "remove it, or name it as a target, as initial, or as enter of an operation",
                    where=f"{resource.name}.{state.name}")
                continue
            for event in dict.fromkeys(row.event for row in state.rows):
                if not flow.meets((state.name, event)):
                    come = [e for s, e in (*flow.fired, *flow.raised) if s == state.name
                            and (s, e) not in flow.chains.cells]
                    yield Diagnostic("unreachable",
                                     spec.key("resources", resource.name, "states", state.name,
                                              "on", event),
                                     f"{quote(event)} never comes in {resource.name}.{state.name}",
                                     suggest(event, come) + _who(spec, resource, event),
                                     where=f"{resource.name}.{state.name}.{event}")


def _who(spec: Spec, resource: Resource, event: str) -> str:
    """Who fires an event at all."""
    names = [o.name for o in spec.manager.operations
             if any(s.resource == resource.name and s.event == event for s in o.steps)]
    if event == resource.take:
        names += [o.name for o in spec.manager.operations if o.gives and resource.name in o.path
                  and o.name not in names]
    raisers = list(dict.fromkeys(refs.cell(resource, row) for row, _, t in refs.targets(resource)
                                 if t.raise_event == event))
    if not names and not raisers:
        return "no operation fires it and no row raises it"
    fired = f"fired by: {listing(names)}" if names else ""
    return "; ".join(p for p in (fired, f"raised by: {listing(raisers)}" if raisers else "") if p)


@rule("trap",
      "From every state in which an instance may stay, some events lead to a final or a resident "
      "one when all hooks end ok.")
def trap(tables: Tables) -> Iterator[Diagnostic]:
    for flow in tables.whole():
        resource = flow.resource
        into: dict[str, set[str]] = {}
        for cell in flow.fired:
            for state, ok, _ in flow.chains.ends(cell):
                if ok:
                    into.setdefault(state, set()).add(cell[0])
        good = {s.name for s in resource.states if s.final or s.resident}
        waiting = list(good)
        while waiting:
            for state in into.get(waiting.pop(), ()):
                if state not in good:
                    good.add(state)
                    waiting.append(state)
        for name in flow.rest:
            if name not in good:
                yield Diagnostic("trap", resource.state(name).loc,
                                 f"{resource.name}.{name} has no way out",
                                 "no events lead from it to a final or a resident state; "
                                 f"let {quote(resource.drop or 'an event')} lead there",
                                 where=f"{resource.name}.{name}")


@rule("leak",
      "Nothing is left that nobody will let go of: an instance without a holder is in a final or "
      "a resident state, and ends only when what was done to it is undone.")
def leak(tables: Tables) -> Iterator[Diagnostic]:
    spec = tables.spec
    for flow in tables.whole():
        resource = flow.resource
        rests = {s.name for s in resource.states if s.final or s.resident}
        for state, by in flow.unheld.items():
            if state not in rests:
                taking = f"fire {resource.take}" if resource.take else "take a hold"
                yield Diagnostic(
                    "leak", resource.state(state).loc,
                    f"{by} leaves a new {resource.name} in {quote(state)} with no holder",
                    f"make {state} resident, or let the operation {taking}",
                    where=f"{resource.name}.{state}")
        for cell in flow.fired:
            if cell[1] != resource.drop:
                continue
            for state, ok, _ in sorted(flow.chains.ends(cell)):
                if ok and state not in rests:
                    yield Diagnostic("leak",
                                     spec.key("resources", resource.name, "states", cell[0], "on",
                                              cell[1]),
                                     f"{resource.name}.{cell[0]} on {cell[1]} ends ok in "
                                     f"{quote(state)}, where nobody holds it any more",
                                     f"let it end in a final state, or make {state} resident",
                                     where=f"{resource.name}.{cell[0]}.{cell[1]}")
    for resource, trouble in tables.troubles:
        if trouble.kind == "forgotten" and trouble.target is not None:
            undo = [h.name for h in spec.manager.hooks if trouble.hook in h.undoes]
            yield Diagnostic("leak", trouble.target.loc,
                             f"{refs.cell(resource, trouble.row)} ends the instance in "
                             f"{quote(trouble.target.state)} while {trouble.hook} "
                             "is in effect, or may be",
                             _undone_first(trouble, undo),
                             where=f"{resource.name}.{trouble.row.state}.{trouble.row.event}",
                             notes=_not_uncertain(resource, trouble) if trouble.uncertain else ())


def _undone_first(trouble: Trouble, undo: list[str]) -> str:
    """What must come before an end that forgets an effect."""
    if trouble.row.call in undo:
        outcome = next(name for name, at in trouble.row.targets() if at == trouble.target)
        if outcome != "ok":
            return refs.end_only_if_ok(trouble.row, outcome)
    return f"what undoes it must have ended ok before: {listing(undo)}"


@rule("double",
      "A hook that is not repeatable is not called for what is, or may be, done already, nor to "
      "undo what is not done.")
def double(tables: Tables) -> Iterator[Diagnostic]:
    spec = tables.spec
    hooks = {h.name: h for h in spec.manager.hooks}
    calls: dict[tuple[Loc, str], list[tuple[Resource, Trouble]]] = {}
    for resource, trouble in tables.troubles:
        if trouble.kind in ("again", "before"):
            calls.setdefault((trouble.row.loc, trouble.hook), []).append((resource, trouble))
    for found in calls.values():
        resource, first = found[0]
        row, hook, kinds = first.row, hooks[first.hook], {one.kind for _, one in found}
        what = ("That may be done already." if "before" not in kinds
                else f"There may be no {hook.undoes[0]} to undo.")
        forgotten = (_forgotten_undoes(spec.manager, resource, hook) if "again" in kinds else [])
        notes = [Note(h.loc,
                      f"{h.name} is called where {hook.name} is in effect, and undoes nothing")
                 for h in forgotten]
        notes += [note for _, one in found if one.uncertain
                  for note in _not_uncertain(resource, one)]
        yield Diagnostic(
            "double", spec.at(*refs.row_path(spec, resource, row), "call"),
            f"{refs.cell(resource, row)} calls {hook.name}. {what}",
            _allowed_again(hook, [one for _, one in found], forgotten),
            where=f"{resource.name}.{row.state}.{row.event}",
            notes=tuple(dict.fromkeys(notes)))


def _allowed_again(hook: Hook, found: list[Trouble], forgotten: list[Hook]) -> str:
    """What may be done about a call that may be one too many. No state can know what an uncertain
    call did."""
    if any(one.uncertain for one in found) and not forgotten:
        return (f"promise 'repeatable: true' for {hook.name}, and let the hook succeed when its "
                "work is done already")
    help_ = (f"if that is harmless, say so: {hook.name} is repeatable: true; otherwise let "
             "another state handle it")
    if forgotten:
        return (f"if {forgotten[0].name} takes it back, say so: {forgotten[0].name} has undoes: "
                f"{hook.name}; {help_}")
    return help_


@rule("needs", "A hook is called only where what it needs on the same resource may be in effect.")
def needs(tables: Tables) -> Iterator[Diagnostic]:
    for resource, trouble in tables.troubles:
        if trouble.kind == "needs":
            yield Diagnostic(
                "needs", tables.spec.at(*refs.row_path(tables.spec, resource, trouble.row), "call"),
                f"{refs.cell(resource, trouble.row)} calls {trouble.row.call} where "
                f"{trouble.hook}, which it needs, is never in effect",
                f"call {trouble.hook} first: let its row lead here",
                where=f"{resource.name}.{trouble.row.state}.{trouble.row.event}")


def _not_uncertain(resource: Resource, trouble: Trouble) -> tuple[Note, ...]:
    """The rows that call the hook and do not say what follows when nobody knows whether it took
    effect."""
    return tuple(Note(row.loc,
                      f"this row says nothing of uncertain, so {trouble.hook} may be in effect in "
                      f"{row.fail.state}") for state in resource.states for row in state.rows
                 if row.call == trouble.hook and not row.uncertain_given and row.fail)


def _forgotten_undoes(manager: Manager, resource: Resource, hook: Hook) -> list[Hook]:
    """Hooks that undo nothing and that nothing undoes, called in a state to which the hook
    leads."""
    after = {t.state for s in resource.states for row in s.rows if row.call == hook.name
             for t in (row.ok, row.uncertain) if t is not None and t.state != row.state}
    called = {row.call for s in resource.states if s.name in after for row in s.rows}
    undone = {name for h in manager.hooks for name in h.undoes}
    return [h for h in manager.hooks if h.name in called - undone and not h.undoes
            and h.name != hook.name]
