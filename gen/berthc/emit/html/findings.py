"""What berthc check says of a manager, for the page: messages with their scripts, and what was
looked at."""
from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup

from berthc.diag import Diagnostic, Severity
from berthc.explore.messages import claim, diagnostics, not_played, reported
from berthc.explore.report import Finding, Report
from berthc.emit.html.words import html
from berthc.model import Manager
from berthc.pipeline import without_repeats
from berthc.sim.server import Simulator


@dataclass(frozen=True)
class Step:
    """One request of a script: who asks, in words and as protocol, and what comes of it."""

    who: str
    asked: str
    backend: str
    answer: str
    tracked: str
    request: dict[str, Any]


@dataclass(frozen=True)
class Message:
    """`severity`: error, warning or note; `accepted` is why the author takes it."""

    id: str
    severity: str
    text: str
    help: str
    where: str
    line: int
    accepted: str
    notes: tuple[tuple[int, str], ...]
    also: tuple[str, ...]
    script: tuple[Step, ...]
    unplayed: Markup  # why the page cannot play the script; else ""


@dataclass(frozen=True)
class Checked:
    """All messages about a spec. `claim` says what a search looked at, or is "" where none ran."""

    messages: tuple[Message, ...]
    claim: str
    whole: bool

    @property
    def bad(self) -> int:
        """How many errors."""
        return sum(one.severity == "error" for one in self.messages)

    @property
    def told(self) -> str:
        """The verdict as one line for a terminal, with what was found."""
        ids = [one.id for one in self.messages if one.severity == "error"]
        return f"{self.word}{': ' if ids else ''}{', '.join(ids)}"

    @property
    def word(self) -> str:
        """The verdict in a few words."""
        if self.bad:
            return f"{self.bad} finding{'' if self.bad == 1 else 's'}"
        told = Counter(one.severity for one in self.messages)
        more = "".join(f", {told[kind]} {kind}{'' if told[kind] == 1 else 's'}"
                       for kind in ("warning", "note") if told[kind])
        if not self.claim:
            return f"static rules: no error{more}"
        if more:
            return f"{'' if self.whole else 'checked in part: '}no error{more}"
        return "checked: nothing is wrong" if self.whole else "checked in part: nothing found"


def checked(static: Sequence[Diagnostic], report: Report | None) -> Checked:
    """The messages of the static rules, and those of a search where there was one."""
    if report is None:
        return Checked(tuple(_message(d) for d in static), "", False)
    found = [_message(one.diagnostic, one.finding, tuple(f"{d.id}: {d.message}" for d in one.also),
                      unplayed(report.manager, one.finding))
             for one in reported(report)]
    found += [_message(d) for d in without_repeats(static, diagnostics(report))]
    found.sort(key=lambda one: (("error", "warning", "note").index(one.severity), one.line))
    more = not_played(report)
    return Checked(tuple(found), claim(report) + (f"; {more}" if more else ""), report.complete)


def _message(d: Diagnostic, finding: Finding | None = None, also: tuple[str, ...] = (),
             unplayed: Markup = Markup()) -> Message:
    severity = {Severity.ERROR: "error", Severity.WARNING: "warning",
                Severity.NOTE: "note"}[d.severity]
    script = () if finding is None else tuple(
        Step(line.who, line.asked, line.backend, line.answer, line.states, line.request)
        for line in finding.script)
    return Message(d.id, severity, d.message, d.help, d.where, d.loc.line, d.accepted,
                   tuple((note.loc.line, note.message) for note in d.notes), also, script, unplayed)


def unplayed(manager: Manager, finding: Finding | None) -> Markup:
    """Why the simulator of the page, which has no store, cannot play a script; else ""."""
    if finding is None:
        return Markup()
    if finding.slots is not None:
        return Markup("This script is for a manager with fewer slots, so it cannot be played here.")
    if manager.store is None or not finding.script:
        return Markup()
    elsewhere = "`berthc check --scripts DIR` writes the script, and `berthc sim` plays it."
    if any(request["op"] == "recover" or isinstance(request.get("die"), int)
           for request in finding.requests):
        return html("In this script the process dies. That cannot be played here: the page has no"
                    f" store. {elsewhere}")
    if not _same_without_store(manager, finding):
        return html("In this script it matters that references have owners. That cannot be played"
                    f" here: the page has no store. {elsewhere}")
    return Markup()


def _same_without_store(manager: Manager, finding: Finding) -> bool:
    stored, bare = Simulator(manager), Simulator(replace(manager, store=None))
    for request in finding.requests:
        kept = {name: value for name, value in request.items()
                if name != "owner" or not isinstance(value, str)}
        if _bare(stored.answer(json.dumps(request).encode())) != _bare(
                bare.answer(json.dumps(kept).encode())):
            return False
    return True


def _bare(answer: Any) -> Any:
    """Without the owners, which only a manager with a store shows."""
    if isinstance(answer, list):
        return [_bare(one) for one in answer]
    if isinstance(answer, dict):
        return {name: _bare(value) for name, value in answer.items()
                if name not in ("owners", "releasing")}
    return answer
