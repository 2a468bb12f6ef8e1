"""What led to a finding: the row of its script after which nothing could go right any more.

A finding blames the row that shows the fault. The cause is often another one: the row whose call
brought an effect about, or lost it, or the row that led the instance to its state.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from berthc.diag import Note
from berthc.explore.findings.fault import Fault
from berthc.explore.script import Line
from berthc.explore.states.backend import Called
from berthc.explore.states.step import Change
from berthc.model import Loc, Manager, Row, Target
from berthc.semantics.result import Taken


class Cause(NamedTuple):
    """A row, and what happened there; `failed`: its call did not end ok, so what follows is its
    fault rather than that of the rows that come later; `at`: its number among the rows that ran;
    `uncertain`: its call stayed uncertain."""

    loc: Loc
    message: str
    failed: bool = False
    at: int = 0
    uncertain: bool = False

    @property
    def note(self) -> Note:
        return Note(self.loc, self.message)


class _Ran(NamedTuple):
    """A row that ran, with its call, if any."""

    taken: Taken
    row: Row
    call: Called | None


def causes(manager: Manager, fault: Fault, script: tuple[Line, ...]) -> tuple[Cause, ...]:
    """The rows that led to a fault, as its script shows them."""
    changes = [line.change for line in script if line.change is not None]
    if not changes:
        return ()
    ran = _before(fault, [list(_ran(change)) for change in changes])
    retried = _first_try(changes) if fault.id == "interference" else None
    found: list[Cause | None] = []
    if retried is not None:
        found.append(retried)
    elif "keeps a reference" in fault.message:
        found.append(_took_too_soon(manager, fault, changes[-1]))
    elif fault.there or fault.missing:
        bits = {hook.name: 1 << n for n, hook in enumerate(manager.hooks)}
        found += [_last(ran, _there(manager, name, bits[name])) for name in fault.there]
        found += [_last(ran, _missing(manager, name, bits[name])) for name in fault.missing]
        led = _led(manager, ran, fault) if fault.id in _FORGETS else None
        if led is not None and all(one is not None and led.at > one.at for one in found):
            found.append(led)
    elif fault.id in ("stranded", "poisoned", "denied"):
        found.append(_left_out(manager, fault, script) or _led(manager, ran, fault))
    return tuple(dict.fromkeys(one for one in found if one is not None))


class Failed(NamedTuple):
    """The row to blame, where its own call did not end ok: the row, and how the call ended."""

    row: Row
    outcome: str

    @property
    def target(self) -> Target:
        return self.row.target(self.outcome)


def failed_itself(fault: Fault, script: tuple[Line, ...]) -> Failed | None:
    """The row that a fault blames, if its script ends with a call of that row that was not ok."""
    changes = [line.change for line in script if line.change is not None]
    for one in reversed(list(_ran(changes[-1])) if changes else []):
        if one.row.loc == fault.loc:
            return Failed(one.row, one.taken.outcome) if _failed(one) else None
    return None


_FORGETS = ("leak", "double", "missing-effect")
"""Where the state that the row to blame is in forgets the effect: the row that led there counts."""


def _before(fault: Fault, ran: list[list[_Ran]]) -> list[_Ran]:
    """What ran before the row to blame did what it is blamed for, in the last request."""
    blamed = [n for n, one in enumerate(ran[-1]) if one.row.loc == fault.loc]
    return [*(one for some in ran[:-1] for one in some), *ran[-1][:blamed[-1] if blamed else None]]


def silent(change: Change) -> Iterator[Row]:
    """The rows whose call stayed uncertain, and which do not say what follows then."""
    return (one.row for one in _ran(change) if _unsaid(one))


def _ran(change: Change) -> Iterator[_Ran]:
    """The rows of a change in their order. A row whose hook is left out has no call."""
    calls = list(change.called)
    for taken in change.result.rows:
        if taken.row is None or taken.outcome in ("rejected", "released"):
            continue
        has_call = bool(calls) and calls[0].hook == taken.row.hook
        yield _Ran(taken, taken.row, calls.pop(0) if has_call else None)


_Says = Callable[[Called], str]
"""What a call did about an effect; "" for nothing."""


def _last(ran: list[_Ran], says: _Says) -> Cause | None:
    """The last call that did something about an effect."""
    for n, one in reversed([*enumerate(ran)]):
        text = says(one.call) if one.call is not None else ""
        if text:
            return Cause(one.row.loc, f"{text} here, and {_goes(one)}", _failed(one), n,
                         one.call is not None and one.call.ending.outcome.kind == "uncertain")
    return None


def _failed(one: _Ran) -> bool:
    return one.call is not None and one.call.ending.outcome.kind in ("fail", "uncertain")


def _there(manager: Manager, name: str, bit: int) -> _Says:
    undoing = {hook.name for hook in manager.hooks if name in hook.undoes}

    def says(call: Called) -> str:
        if call.after & bit and not call.before & bit:
            return f"{name} {_ended(call, 'took effect')}"
        if call.hook in undoing and call.after & bit:
            return f"{call.hook} {_ended(call, 'took nothing back')}"
        return ""
    return says


def _missing(manager: Manager, name: str, bit: int) -> _Says:
    def says(call: Called) -> str:
        if call.before & bit and not call.after & bit:
            return f"{call.hook} {_ended(call, f'took back {name}')}"
        if call.hook == name and not call.after & bit:
            return f"{name} {_ended(call, 'took no effect')}"
        return ""
    return says


def _ended(call: Called, what: str) -> str:
    """What a call did, with how it ended."""
    kind = call.ending.outcome.kind
    if kind == "fail":
        return "failed"
    return f"ended uncertain and {what}" if kind == "uncertain" else what


def _goes(one: _Ran) -> str:
    """Where the row leads; also whether it says so itself."""
    target = one.row.target(one.taken.outcome)
    goes = (f"the {one.taken.resource} "
            f"{'stays in' if target.state == one.taken.state else 'goes to'} {target.state}")
    if _unsaid(one):
        goes += ", as if it had failed: the row says nothing of uncertain"
    return goes


def _unsaid(one: _Ran) -> bool:
    return (one.call is not None and one.call.ending.outcome.kind == "uncertain"
            and not one.row.uncertain_given)


def _led(manager: Manager, ran: list[_Ran], fault: Fault) -> Cause | None:
    """The row that led to the state in which the fault is, or that ended the instance."""
    resource, state = (*fault.where.split("."), "")[:2]
    states = ({state} if state
              else {s.name for s in manager.resource(resource).states if s.final})
    for n, one in reversed([*enumerate(ran)]):
        target = one.row.target(one.taken.outcome).state
        if (one.taken.resource == resource and target in states and one.taken.state != target
                and one.row.loc != fault.loc):
            call = "" if one.call is None else f"{one.call.hook} {_how(one.call)} here, and "
            return Cause(one.row.loc, f"{call}{_goes(one)}" if call else f"{_goes(one)} here",
                         _failed(one), n)
    return None


def _left_out(manager: Manager, fault: Fault, script: tuple[Line, ...]) -> Cause | None:
    """The hook for want of which the backend of the script refuses."""
    row = next((row for resource in manager.resources for state in resource.states
                for row in state.rows if row.loc == fault.loc), None)
    for hook in manager.hooks:
        if (row is not None and row.hook == hook.name and hook.absent is not None
                and hook.name in script[0].request.get("without", ())):
            return Cause(hook.loc, f"a backend may leave out {hook.name}, and every row that uses "
                                   f"it then rejects with {hook.absent}")
    return None


def _how(call: Called) -> str:
    return {"ok": "ended ok", "fail": "failed", "uncertain": "ended uncertain", "yes": "said yes",
            "no": "said no"}.get(call.ending.outcome.kind, "could not tell")


def _took_too_soon(manager: Manager, fault: Fault, change: Change) -> Cause | None:
    """The step that takes a hold in a request that fails after it."""
    name = fault.where.partition(".")[0]
    take, op = manager.resource(name).take, change.move.op
    if change.result.error is None:
        return None
    return next((Cause(step.loc, f"{op.name} takes the hold here, and then it fails", True)
                 for step in op.steps if (step.resource, step.event) == (name, take)), None)


def _first_try(changes: list[Change]) -> Cause | None:
    """Where a request ends a release that failed before: the row at which it failed."""
    last = changes[-1]
    if last.move.part != "releases":
        return None
    for change in changes[:-1]:
        if (change.move.who, change.move.op) == (last.move.who, last.move.op) \
                and change.move.part == "releases" and change.result.error is not None:
            rows = list(_ran(change))
            if rows and rows[-1].call is not None:
                return Cause(rows[-1].row.loc,
                             f"{rows[-1].call.hook} {_how(rows[-1].call)} here, so the caller "
                             f"tries {last.move.op.name} again, from its beginning", True)
    return None
