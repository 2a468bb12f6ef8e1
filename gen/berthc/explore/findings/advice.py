"""What would be right where a finding is: one line of help for each."""
from __future__ import annotations

import re

from berthc.check.refs import end_only_if_ok
from berthc.explore.findings.fault import Fault
from berthc.model import Manager, Resource, Row

_BY_ID = {
    "stranded": "let a request that the caller may make lead to the end of its hold when every "
                "call ends ok",
    "poisoned": "let a request or drain lead from here to a final state, or to one that takes "
                "newcomers; where it is meant to remember, accept it",
    "ambiguous": "give each meaning a state of its own, or let all rows that lead here leave the "
                 "effect alike",
    "leak": "take the effect back before the instance ends or is left, or lead to a state where "
            "the next request or drain does",
    "dangling": "let instances end by their last holder's drop only; after a failure, stay in a "
                "state from which the drop goes on",
    "interference": "let callers hold what they use: a reservation (gives, with, ends) remembers "
                    "what its caller has let go of",
    "denied": "give the row a target; where the refusal is meant, say so: meant: true",
    "double": "let the row before lead to a state that knows what was done, or promise "
              "'repeatable: true' if the backend allows it",
    "needs": "call them in the other order, or lead to a state that knows what is there "
             "(docs/language.md, needs)",
    "effects": "lead to another state, or say in effects and maybe of this one what may be there",
    "missing-effect": "bring the effect about in this row, or reject in this state",
    "unreachable": "take it away, or let a row or an operation lead there",
}


_TOLD = {"denied": "let the operation that tells of the instance take a hold on it, or obtain the "
                   "instance here"}
"""Where no row refuses: the instance is gone."""


def advice(manager: Manager, fault: Fault, outcome: str = "", uncertain: bool = False) -> str:
    """As specific as the place allows. `outcome`: how the call of the row to blame ended, if not
    ok; `uncertain`: a call that stayed uncertain led there."""
    resource, state, event = _where(manager, fault.where)
    row = (next((r for r in resource.rows(state, event)), None) if resource is not None and state
           and event else None)
    if resource is None or row is None:
        return (_leak(resource, state, event, fault) or _no_row(fault, state, event)
                or _TOLD.get(fault.id, _BY_ID[fault.id]))
    place = f"{resource.name}.{state}"
    if fault.id == "stranded" and row.reject is not None:
        return (f"let {place} take '{event}' instead of rejecting it: callers drop until that "
                "succeeds")
    if fault.id == "stranded" and _may_lack(manager, row):
        return f"let '{event}' do without {row.hook} in {place}, or leave out optional and absent"
    if fault.id == "effects":
        return _said(resource, fault)
    if fault.id == "leak":
        return (_leak(resource, state, event, fault)
                or _try_again(manager, resource, fault, outcome)
                or _undo(manager, resource, fault)
                or _BY_ID["leak"])
    if fault.id == "double" and row.call is not None and uncertain:
        return (f"promise 'repeatable: true' for {row.call}, and let the hook succeed when its "
                "work is done already")
    if fault.id == "double" and row.call is not None:
        return ("let what comes before lead to a state that knows what was done, or promise "
                f"'repeatable: true' for {row.call} if the backend allows it")
    if fault.id == "denied" and row.reject is not None:
        return (f"give '{event}' a target in {place}; where the refusal is meant, say so: "
                "meant: true")
    if fault.id == "interference" and any(op.gives for op in manager.operations):
        return "take the effect back by the last holder's drop only, and leave it alone in this row"
    if fault.id == "missing-effect" and fault.missing:
        return f"call {' and '.join(fault.missing)} in this row, or reject '{event}' in {place}"
    if fault.id == "unreachable" and "the outcome" not in fault.message:
        return f"take the row away, or let something lead to {state} where '{event}' is asked"
    return _BY_ID[fault.id]


def _no_row(fault: Fault, state: str, event: str) -> str:
    """For a state that has no row for the event, and for an operation that has no step there."""
    place = fault.where.removesuffix(f".{event}") if event else fault.where
    if fault.id == "denied" and event:
        return (f"give {place} a row for '{event}'; where the refusal is meant, let that row "
                "reject and say so: meant: true")
    if fault.id == "missing-effect" and state:
        resource = place.partition(".")[0]
        return (f"let the operation take a step at the {resource}, too: one that calls "
                f"{' and '.join(fault.missing) or 'what is missing'}, or that rejects in {place}")
    return ""


def _said(resource: Resource, fault: Fault) -> str:
    """For a state that says what is not true."""
    state = re.search(r" (?:comes to|is made in) (\w+) while ", fault.message)
    assert state is not None
    wrong = ", ".join((*fault.there, *fault.missing))
    return (f"let this row lead to another state, or let {resource.name}.{state[1]} say "
            f"'maybe: [{wrong}]'") if wrong else _BY_ID["effects"]


def _may_lack(manager: Manager, row: Row) -> bool:
    """Does the row reject if the backend leaves its hook out?"""
    return any(hook.name == row.hook and hook.absent is not None for hook in manager.hooks)


def _leak(resource: Resource | None, state: str, event: str, fault: Fault) -> str:
    """For an instance that stays."""
    if resource is None or fault.id != "leak":
        return ""
    if fault.message.startswith(f"a {resource.name} stays in state "):
        return f"let '{event or resource.drop}' lead from {resource.name}.{state} to a final state"
    if " keeps a reference " in fault.message:
        return "take the hold in the last step, after all that may fail"
    if " its slot stays taken" in fault.message:
        return "lead to a state that the drop or drain ends, so that the slot is free again"
    if " stays tracked in state " not in fault.message:
        return ""
    rests = fault.message.rsplit(" ", 1)[1]
    return (f"end the instance there, or say 'resident: true' of {resource.name}.{rests} if "
            "instances may stay in it with no holder")


def _try_again(manager: Manager, resource: Resource, fault: Fault, outcome: str) -> str:
    """For a row that takes the effect back, and ends the instance though that did not end ok."""
    row = next((row for state in resource.states for row in state.rows if row.loc == fault.loc),
               None)
    if row is None or not outcome or not resource.state(row.target(outcome).state).final:
        return ""
    undoes = next((hook.undoes for hook in manager.hooks if hook.name == row.call), ())
    return end_only_if_ok(row, outcome) if set(undoes) & set(fault.there) else ""


def _undo(manager: Manager, resource: Resource, fault: Fault) -> str:
    """For an effect that stays though its instance ends or rests: the hooks that take it back."""
    undoing = [hook.name for hook in manager.hooks if set(hook.undoes) & set(fault.there)]
    if not undoing or any(hook.on != resource.name for hook in manager.hooks
                          if hook.name in fault.there):
        return ""
    return (f"call {' or '.join(undoing)} before the {resource.name} ends or is left, or stay in a "
            "state where the next request or drain does")


def _where(manager: Manager, where: str) -> tuple[Resource | None, str, str]:
    """`resource.state.event`, as far as it is given."""
    name, state, event = (*where.split("."), "", "")[:3]
    return next((r for r in manager.resources if r.name == name), None), state, event
