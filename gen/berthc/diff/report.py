"""All that is told of two specs: changes, what they mean for callers and backends, new findings."""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from berthc.diag import Diagnostic, listing
from berthc.diff.callers import Errors
from berthc.diff.change import Change, Reason, Verdict, greatest
from berthc.diff.loadable import Loadable
from berthc.model import Manager


@dataclass(frozen=True)
class NewFinding:
    """What the checker finds of the new spec and not of the old one. `script` is the shortest one,
    as a table; `requests` the same for a simulator."""

    diagnostic: Diagnostic
    script: tuple[str, ...] = ()
    requests: tuple[object, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """`old` has the names of `new`. Either is None where there is no such spec, or none that can be
    read. `errors` are mistakes that only the new spec has. `notes` say what was not looked at."""

    old_file: str
    new_file: str
    old: Manager | None
    new: Manager | None
    changes: tuple[Change, ...] = ()
    reasons: tuple[Reason, ...] = ()
    callers: tuple[Errors, ...] = ()
    findings: tuple[NewFinding, ...] = ()
    errors: tuple[Diagnostic, ...] = ()
    notes: tuple[str, ...] = ()
    lines: Sequence[str] = ()
    loadable: Loadable | None = None  # of a manager with a store

    @property
    def verdict(self) -> Verdict:
        return greatest([*(c.verdict for c in self.changes), *(r.verdict for r in self.reasons),
                         *(Verdict.CHECKER for _ in (*self.findings, *self.errors))])

    @property
    def c_api(self) -> str:
        """What C programs have to do: "api": be changed; "abi": be compiled anew; "none"."""
        told = [*(True for c in self.changes if c.verdict is Verdict.API),
                *(r.text.startswith("API") for r in self.reasons if r.is_c)]
        return "none" if not told else "api" if any(told) else "abi"

    def text(self, verdict: Verdict) -> str:
        """A verdict in words: whether it is the API or the ABI is known here."""
        if verdict is not Verdict.API:
            return verdict.text
        return "breaks the C API" if self.c_api == "api" else "breaks the C ABI, not the API"

    @property
    def headline(self) -> str:
        return self.text(self.verdict)

    def verdicts(self) -> list[tuple[Verdict, list[str]]]:
        """Every verdict that holds, the greatest first, with why."""
        found: list[tuple[Verdict, list[str]]] = []
        for verdict in sorted(Verdict, reverse=True):
            why = [r.text for r in self.reasons if r.verdict is verdict]
            names = Counter(_place(c) for c in self.changes if c.verdict is verdict)
            if names:
                why.append(listing(names))
            if verdict is Verdict.CHECKER:
                every = [*(f.diagnostic for f in self.findings), *self.errors]
                why += [f"{d.id}{f' at {d.where}' * bool(d.where)}: {d.message}" for d in every]
            found += [(verdict, why)] if why else []
        return found


def _place(change: Change) -> str:
    return change.name if change.what in ("row", "spec") else f"{change.what} {change.name}"


def only_new(old: Sequence[Diagnostic], new: Sequence[Diagnostic]) -> list[int]:
    """Which of the new messages say what the old ones do not, by number. Lines do not count."""
    left = Counter((d.id, d.where, d.message) for d in old)
    rest: list[int] = []
    for n, d in enumerate(new):
        if left[d.id, d.where, d.message] > 0:
            left[d.id, d.where, d.message] -= 1
        else:
            rest.append(n)
    places: Counter[tuple[str, str]] = Counter()
    for (id_, where, _), count in left.items():
        if where:
            places[id_, where] += count
    found = []
    for n in rest:
        key = (new[n].id, new[n].where)
        if places[key] > 0:  # told in other words
            places[key] -= 1
        else:
            found.append(n)
    return found
