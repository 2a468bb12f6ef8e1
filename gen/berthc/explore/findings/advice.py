"""What would be right where a finding is: one line of help for each."""
from __future__ import annotations

from berthc.explore.findings.fault import Fault
from berthc.model import Manager, Resource

_BY_ID = {
    "stranded": "let a request that the caller may make lead to the end of its hold when every "
                "call ends ok",
    "poisoned": "let a request or drain lead from here to a final state, or to one that takes "
                "newcomers; where it is meant to remember, accept it",
    "ambiguous": "give each meaning a state of its own, or let what happens between bring the "
                 "effect about or take it back",
    "leak": "undo what was brought about, or stay where the next request or drain does, before "
            "the instance ends or is left",
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


def advice(manager: Manager, fault: Fault) -> str:
    """As specific as the place allows."""
    resource, state, event = _where(manager, fault.where)
    row = (next((r for r in resource.rows(state, event)), None) if resource is not None and state
           and event else None)
    if (fault.id == "stranded" and resource is not None and row is not None
        and row.reject is not None):
        return (
            f"let {resource.name}.{state} take '{event}' instead of rejecting it: callers let go"
            " until that succeeds"
        )
    if fault.id == "leak" and " stays tracked in state " in fault.message and resource is not None:
        rests = fault.message.rsplit(" ", 1)[1]
        return (
            f"end the instance there, or say 'resident: true' of {resource.name}.{rests} if"
            " instances may stay in it with no holder"
        )
    if fault.id == "double" and row is not None and row.call is not None:
        return ("let what comes before lead to a state that knows what was done, or promise "
                f"'repeatable: true' for {row.call} if the backend allows it")
    if fault.id == "denied" and row is not None and row.reject is not None:
        return (
            f"give '{event}' a target in {state}; where the refusal is meant, say so: meant: true"
        )
    if fault.id == "interference" and any(op.gives for op in manager.operations):
        return "take the effect back by the last holder's drop only, and leave it alone in this row"
    if fault.id == "unreachable" and row is not None and "the outcome" not in fault.message:
        return f"take the row away, or let something lead to {state} where '{event}' is asked"
    return _BY_ID[fault.id]


def _where(manager: Manager, where: str) -> tuple[Resource | None, str, str]:
    """`resource.state.event`, as far as it is given."""
    name, state, event = (*where.split("."), "", "")[:3]
    return next((r for r in manager.resources if r.name == name), None), state, event
