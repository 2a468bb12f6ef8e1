"""Which runs of an operation are worth a diagram, and what each of them says.

One run in which all goes well and most is done; then one for each way in which a call can end that
has not been shown yet, taken from the run that needs least else to go wrong; last, for an operation
that lets go, what happens while somebody else still holds the same instances.
"""
from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from berthc.model import Form, Manager, Operation

from berthc.emit.diagram.life import FAILURES
from berthc.emit.diagram.sequence.walk import Entry, Level, Run, all_runs, runs


class Kind(Enum):
    REQUEST = "request"  # caller to manager
    CALL = "call"  # manager to a hook group
    ANSWER = "answer"  # and back
    NOTE = "note"  # beside the manager
    REPLY = "reply"  # manager to caller


@dataclass(frozen=True)
class Message:
    kind: Kind
    text: str
    group: str = ""  # of hooks, for CALL and ANSWER
    bad: bool = False  # an answer or a reply that is no success


@dataclass(frozen=True)
class Sequence:
    operation: str
    title: str
    participants: tuple[str, ...]  # the caller, the manager, the hook groups it calls
    messages: tuple[Message, ...]
    bad: bool


MOST = 60  # diagrams of one operation; nobody reads more


@dataclass(frozen=True)
class Drawn:
    """The diagrams of an operation, and how many more there would be. `short`: `--all` draws
    more."""

    sequences: tuple[Sequence, ...]
    left_out: int
    short: bool = False

    @property
    def note(self) -> str:
        """What to tell the reader about the ones that are not drawn; empty where all are."""
        if not self.left_out:
            return ""
        runs = "1 more run is" if self.left_out == 1 else f"{self.left_out} more runs are"
        return (f"{runs} not drawn: berthc diagram --all" if self.short
                else f"{runs} not drawn; the state × event tables have them all.")


_Shown = tuple[str, str, str, str, int, str]
_Candidate = tuple[int, int, Run]  # failures on the way to its world, position in the walk, the run


def _shown(run: Run) -> list[_Shown]:
    """What a diagram of the run shows: each call of each row, with its outcome."""
    return [(e.resource, e.state, e.event, e.call, e.row, e.outcome) for e in run.calls]


def _failures(run: Run) -> int:
    return sum(e.outcome in FAILURES for e in run.calls)


def _alike(manager: Manager, entry: Entry) -> bool:
    """The row makes no difference between a failed and an uncertain call."""
    row = manager.resource(entry.resource).rows(entry.state, entry.event)[entry.row]
    if row.fail is None or row.uncertain is None:
        return False
    return (row.fail.state, row.fail.raise_event) == (
        row.uncertain.state,
        row.uncertain.raise_event,
    )


def _path(manager: Manager, operation: Operation) -> tuple[str, ...]:
    """The path to walk: the longest that goes on from the operation's own, so that deeper
    operations take part."""
    if operation.form is Form.WITH:
        return manager.reservation_path
    own = operation.path
    return max((o.path for o in manager.operations if o.path[:len(own)] == own), key=len)


def _pick(manager: Manager, operation: Operation, candidates: list[_Candidate]) -> list[Run]:
    """The runs to draw: the happy one, what stands beside it, then the failures in the order of the
    calls."""
    path = _path(manager, operation)
    good = [c for c in candidates if not c[2].error]
    if not good:
        return []
    happy = min(
        good, key=lambda c: (c[0], -len(c[2].calls), -_made(c[2]), _guarded(manager, c[2]), c[1])
    )[2]
    picked, shown = [], set(_shown(happy))
    wanted: dict[_Shown, list[_Candidate]] = {}
    for candidate in candidates:
        for what in _shown(candidate[2]):
            wanted.setdefault(what, []).append(candidate)
    for what in sorted(wanted, key=lambda s: s[5] in FAILURES):
        if what in shown:
            continue
        best = min(
            wanted[what],
            key=lambda c: (
                _failures(c[2]),
                bool(c[2].error),
                c[0],
                c[2].before != happy.before,
                _far(c[2], happy),
                c[1],
            ),
        )[2]
        picked.append(best)
        shown.update(_shown(best))
        for n, entry in enumerate(best.entries):
            if entry.outcome in ("fail", "uncertain") and _alike(manager, entry):
                other = replace(entry, outcome="uncertain" if entry.outcome == "fail" else "fail")
                shown.update(_shown(replace(best, entries=(*best.entries[:n], other))))
    beside = _again(manager, operation, path, happy) + _shared(manager, operation, path, happy)
    return [
        happy,
        *beside,
        *(r for r in picked if not r.error),
        *sorted((r for r in picked if r.error), key=lambda r: _far(r, happy) > 0),
    ]


def _far(run: Run, happy: Run) -> int:
    """How many rows of the run are not in the happy one: guarded variants come after the plain
    way."""
    usual = {(e.resource, e.state, e.event, e.row) for e in happy.entries}
    return sum(
        (e.resource, e.state, e.event, e.row) not in usual for e in run.entries if e.kind == "row"
    )


def _made(run: Run) -> int:
    return sum(e.kind == "make" for e in run.entries)


def _guarded(manager: Manager, run: Run) -> int:
    """How many of its rows are not the one that is left when no guard holds."""
    return sum(
        e.row + 1 < len(manager.resource(e.resource).rows(e.state, e.event))
        for e in run.entries
        if e.kind == "row"
    )


def _again(manager: Manager, operation: Operation, path: tuple[str, ...], happy: Run) -> list[Run]:
    """The same once more, where that finds the work done."""
    if not happy.calls or operation.ends:
        return []
    return [
        r
        for r in runs(manager, operation, path, happy.after)
        if not r.calls and not r.error and r.entries
    ][:1]


def _shared(manager: Manager, operation: Operation, path: tuple[str, ...], happy: Run) -> list[Run]:
    drops = [s for s in operation.steps if s.event == manager.resource(s.resource).drop]
    if not drops:
        return []
    return runs(manager, operation, path, replace(happy.before, shared=True))[:1]


def _levels(manager: Manager, operation: Operation, levels: tuple[Level | None, ...]) -> str:
    path = operation.path
    return ", ".join(
        f"{name} {level.state}" if level is not None else f"no {name}"
        for name, level in zip(path, levels)
    )


_ENDS = {"fail": "fails", "uncertain": "is uncertain", "unknown": "cannot tell"}
_ANSWERS = {
    "ok": "ok",
    "fail": "failed",
    "uncertain": "uncertain",
    "yes": "yes",
    "no": "no",
    "unknown": "cannot tell",
}


def _title(manager: Manager, run: Run, happy: Run) -> str:
    usual = {(e.resource, e.state) for e in happy.entries}
    unusual = next((e for e in run.calls if (e.resource, e.state) not in usual), None)
    bad = [e for e in run.calls if e.outcome in FAILURES]
    place = (
        f" ({unusual.resource} {unusual.state})"
        if unusual is not None and (not bad or unusual == bad[0])
        else ""
    )
    if run is happy:
        return "all goes well"
    if run.before.shared:
        return "somebody else still holds " + ("it" if len(run.operation.path) == 1 else "them")
    if not bad and run.error:
        return f"rejected with {run.error}{place}"
    if not bad and not run.calls:
        return "done already"
    answers = [f"{e.call} says {e.outcome}" for e in run.calls if e.outcome in ("yes", "no")]
    if not bad and answers:
        return ", ".join(answers) + place
    if not bad:
        rows = {(e.resource, e.state, e.event, e.row) for e in happy.entries}
        other = next(
            (e.call for e in run.calls if (e.resource, e.state, e.event, e.row) not in rows), ""
        )
        return f"all goes well{place}" if place or not other else f"all goes well with {other}"
    words = [
        f"{e.call} " + ("fails or is uncertain" if _alike(manager, e) else _ENDS[e.outcome])
        for e in bad
    ]
    return ", ".join(words) + place


def _request(manager: Manager, operation: Operation) -> str:
    if operation.form is Form.WITH:
        arguments = ["reservation"]
    elif operation.form is Form.FIND and operation.by is not None:
        arguments = [operation.by]
    else:
        arguments = list(operation.path) + ([operation.at] if operation.at else [])
    return f"{operation.name}({', '.join(arguments)})"


def _entry_messages(manager: Manager, entry: Entry, happens_for: str) -> list[Message]:
    """The lines of a diagram for one entry of a run."""
    who = entry.resource
    final = entry.after != "" and manager.resource(who).state(entry.after).final
    after = f"{entry.after} (final)" if final else entry.after
    if entry.kind == "make":
        return [Message(Kind.NOTE, f"{who} made, {entry.state}")]
    if entry.kind == "find":
        return [Message(Kind.NOTE, f"{who} found, {entry.state}")]
    if entry.kind == "skip":
        return [Message(Kind.NOTE, f"{who}: {entry.event} skipped, its hold is gone already")]
    if entry.kind == "keep":
        return [Message(Kind.NOTE, f"{who} stays {entry.state}: only this hold goes")]
    if entry.kind == "reject":
        return [
            Message(
                Kind.NOTE, f"{who} {entry.state} rejects {entry.event}: {entry.error}", bad=True
            )
        ]
    if entry.kind == "end":
        return []
    moved = (
        f"{who}: {entry.state} → {after}"
        if entry.after != entry.state
        else f"{who} stays {entry.state}"
    )
    if not entry.call:
        if entry.event == happens_for and entry.after == entry.state:
            return []
        return [Message(Kind.NOTE, f"{moved}, no call")]
    group, name = entry.call.split(".")
    answer = _ANSWERS[entry.outcome]
    row = manager.resource(who).rows(entry.state, entry.event)[entry.row]
    if entry.outcome == "fail" and _alike(manager, entry):
        answer = "failed or uncertain"
    raised = dict(row.targets())[entry.outcome].raise_event
    return [
        Message(Kind.CALL, f"{name}({who})", group),
        Message(Kind.ANSWER, answer, group, entry.outcome in FAILURES),
        Message(
            Kind.NOTE, moved + (f", then {raised}" if raised else ""), bad=entry.outcome in FAILURES
        ),
    ]


def _reply(run: Run) -> Message:
    if run.hook_error:
        return Message(Kind.REPLY, f"the error of {run.error}", bad=True)
    if run.error:
        return Message(Kind.REPLY, run.error, bad=True)
    results = (["reservation"] if run.operation.gives else []) + [
        ref.name for ref in run.operation.returns
    ]
    return Message(Kind.REPLY, ", ".join(["0", *results]))


def _afterwards(manager: Manager, run: Run) -> list[Message]:
    """What the caller has in hand now, where that is not plain."""
    if run.operation.form is Form.WITH:
        path = manager.reservation_path
        if not run.after.reservation:
            return [Message(Kind.NOTE, "the reservation has ended")]
        if run.error:
            held = [
                name
                for name, level in zip(path, run.after.levels)
                if level is not None and level.held
            ]
            return [
                Message(
                    Kind.NOTE,
                    "the reservation still holds " + (" and ".join(held) or "nothing"),
                    bad=True,
                )
            ]
        return []
    if run.operation.gives and not run.error:
        return [Message(Kind.NOTE, "the reservation holds " + " and ".join(run.operation.path))]
    takes = any(s.event == manager.resource(s.resource).take for s in run.operation.steps)
    drops = any(s.event == manager.resource(s.resource).drop for s in run.operation.steps)
    if takes and not run.error:
        return [Message(Kind.NOTE, f"one more reference to {run.operation.target}")]
    if takes and run.after.levels[len(run.operation.path) - 1] is not None:
        return [Message(Kind.NOTE, "no reference was taken", bad=True)]
    if drops and run.error:
        return [Message(Kind.NOTE, "the reference stays, for another try", bad=True)]
    return []


def _sequence(manager: Manager, run: Run, happy: Run) -> Sequence:
    operation = run.operation
    take = manager.resource(operation.target).take or ""
    start = ("others hold the same; " if run.before.shared else "") + _levels(
        manager, operation, run.before.levels
    )
    messages = [Message(Kind.REQUEST, _request(manager, operation))]
    if operation.form is Form.WITH or run.before.shared:
        messages.append(Message(Kind.NOTE, start))
    for entry in run.entries:
        if entry.kind != "find" or operation.form is not Form.WITH:
            messages += _entry_messages(manager, entry, take)
    messages += [*_afterwards(manager, run), _reply(run)]
    used = {m.group for m in messages}
    groups = [g for g in dict.fromkeys(h.group for h in manager.hooks) if g in used]
    return Sequence(
        operation.name,
        _title(manager, run, happy),
        ("caller", manager.name, *groups),
        tuple(messages),
        bool(run.error),
    )


def sequences(manager: Manager, every: bool = False) -> dict[str, Drawn]:
    """The diagrams of each operation, by name: the run in which all goes well, and the first in
    which each hook fails; with `every` all of them.

    There is none for an operation that never goes well.
    """
    walked: dict[tuple[str, ...], dict[str, list[_Candidate]]] = {}
    drawn = {}
    for operation in manager.operations:
        path = _path(manager, operation)
        if path not in walked:
            walked[path] = {}
            for n, (failures, run) in enumerate(all_runs(manager, path)):
                walked[path].setdefault(run.operation.name, []).append((failures, n, run))
        drawn[operation.name] = _drawn(
            manager, _pick(manager, operation, walked[path].get(operation.name, [])), every
        )
    return drawn


def _short(picked: list[Run]) -> list[Run]:
    """The first run, and for each hook the first in which it fails."""
    shown: list[Run] = picked[:1]
    failed: set[str] = set()
    for run in picked[1:]:
        hooks = {e.call for e in run.calls if e.outcome in FAILURES}
        if run.error and hooks - failed:
            shown.append(run)
            failed |= hooks
    return shown


def _drawn(manager: Manager, picked: list[Run], every: bool) -> Drawn:
    chosen = picked if every else _short(picked)
    made = [_sequence(manager, run, picked[0]) for run in chosen[:MOST]]
    titles = [s.title for s in made]
    numbered = tuple(
        s
        if titles.count(s.title) == 1
        else replace(s, title=f"{s.title} ({titles[:n].count(s.title) + 1})")
        for n, s in enumerate(made)
    )
    return Drawn(numbered, len(picked) - len(numbered), short=not every)
