"""What berthc check says of a manager, for the page: messages with their scripts, and what was
looked at."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from berthc.diag import Diagnostic, Severity
from berthc.explore.messages import claim, diagnostics, not_played, reported
from berthc.explore.report import Finding, Report
from berthc.pipeline import without_repeats


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
    slots: bool  # the script is for pools of another size, so the page cannot play it


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
    def word(self) -> str:
        """The verdict in a few words."""
        if self.bad:
            return f"{self.bad} finding{'' if self.bad == 1 else 's'}"
        if not self.claim:
            return "static rules: no error"
        return "checked: nothing is wrong" if self.whole else "checked in part: nothing found"


def checked(static: Sequence[Diagnostic], report: Report | None) -> Checked:
    """The messages of the static rules, and those of a search where there was one."""
    if report is None:
        return Checked(tuple(_message(d, None, ()) for d in static), "", False)
    found = [_message(one.diagnostic, one.finding, tuple(f"{d.id}: {d.message}" for d in one.also))
             for one in reported(report)]
    found += [_message(d, None, ()) for d in without_repeats(static, diagnostics(report))]
    found.sort(key=lambda one: (("error", "warning", "note").index(one.severity), one.line))
    more = not_played(report)
    return Checked(tuple(found), claim(report) + (f"; {more}" if more else ""), report.complete)


def _message(d: Diagnostic, finding: Finding | None, also: tuple[str, ...]) -> Message:
    severity = {Severity.ERROR: "error", Severity.WARNING: "warning",
                Severity.NOTE: "note"}[d.severity]
    script = () if finding is None else tuple(
        Step(line.who, line.asked, line.backend, line.answer, line.states, line.request)
        for line in finding.script)
    return Message(d.id, severity, d.message, d.help, d.where, d.loc.line, d.accepted,
                   tuple((note.loc.line, note.message) for note in d.notes), also, script,
                   finding is not None and finding.slots is not None)
