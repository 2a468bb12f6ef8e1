"""What `berthc check` says as SARIF 2.1.0, which code scanning on pull requests shows at the line.

Columns count characters. The members are those of the standard; what it has no word for is in
`properties`, under the names that the JSON of `berthc check` has.
"""
from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from berthc import __version__
from berthc.diag import Diagnostic, Severity
from berthc.explore.report import Finding
from berthc.explore.script import Line
from berthc.model import Loc
from berthc.reference.explained import Explained, every
from berthc.spec.load import name_of

Json = dict[str, Any]

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_EXITS = {0: "nothing is wrong", 1: "a spec is wrong",
          2: "a spec cannot be read or searched", 3: "an internal error of berthc",
          4: "nothing is wrong, but a search did not see everything", 130: "interrupted"}
_COMPLETED = (0, 1, 4)


def as_sarif(reported: Sequence[tuple[Diagnostic, Finding | None]], properties: Mapping[str, Any],
             problems: Sequence[str], status: int) -> str:
    """One run. `reported`: every message, with the finding whose script shows it, if any;
    `problems`: what the run could not do."""
    rules = {one.id: one for one in reversed(every())}
    ids = sorted(rules)
    run = {
        "tool": {"driver": {"name": "berthc", "version": __version__,
                            "rules": [_rule(rules[id_]) for id_ in ids]}},
        "columnKind": "unicodeCodePoints",
        "invocations": [{
            "executionSuccessful": status in _COMPLETED,
            "exitCode": status, "exitCodeDescription": _EXITS[status],
            "toolExecutionNotifications": [
                {"level": "error" if status not in _COMPLETED else "warning",
                 "message": {"text": text}} for text in problems],
        }],
        "results": [_result(diagnostic, finding, ids) for diagnostic, finding in reported],
        "properties": dict(properties),
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(one: Explained) -> Json:
    return {"id": one.id, "shortDescription": {"text": one.first},
            "fullDescription": {"text": one.means},
            "help": {"text": f"{one.cure} See berthc explain {one.id}, and docs/{one.more}."}}


def _result(diagnostic: Diagnostic, finding: Finding | None, ids: Sequence[str]) -> Json:
    helped = f"\nHelp: {_sentence(diagnostic.help)}" if diagnostic.help else ""
    result: Json = {
        "ruleId": diagnostic.id, "ruleIndex": ids.index(diagnostic.id),
        "level": diagnostic.severity.value,
        "message": {"text": f"{_sentence(diagnostic.message)}{helped}"},
        "locations": [_location(diagnostic.loc) | _logical(diagnostic.where)],
    }
    if diagnostic.notes:
        result["relatedLocations"] = [
            _location(note.loc) | {"id": n, "message": {"text": _sentence(note.message)}}
            for n, note in enumerate(diagnostic.notes)]
    if diagnostic.accepted:
        assert diagnostic.severity is Severity.NOTE
        result["suppressions"] = [{"kind": "inSource", "justification": diagnostic.accepted}]
    if finding is not None and finding.script:
        result["codeFlows"] = [{"threadFlows": [{"locations": [
            {"executionOrder": n, "location": _location(_place(line, diagnostic.loc))
             | {"message": {"text": _told(line)}}}
            for n, line in enumerate(finding.script, 1)]}]}]
        result["properties"] = {"script": finding.requests}
    return result


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _place(line: Line, found: Loc) -> Loc:
    """Where a request ended: the last row that ran, or else the operation."""
    if line.change is None:
        return Loc(found.file, 1, 1)
    rows = [taken.row.loc for taken in line.change.result.rows if taken.row is not None]
    place = rows[-1] if rows else line.change.move.op.loc
    return place if place.line else Loc(found.file, 1, 1)  # a drain that came to no row


def _told(line: Line) -> str:
    """`A: add r1. Backend: vm.add fails. Answer: EIO. Tracked then: share "/a" reserved (1)`"""
    parts = [f"{line.who}: {line.asked}" if line.who else line.asked]
    parts += [f"{title}: {text}" for title, text in
              (("Backend", line.backend), ("Answer", line.answer), ("Tracked then", line.states))
              if text]
    return ". ".join(parts)


def _location(loc: Loc) -> Json:
    """What is about a whole file is shown at its beginning."""
    column = max(loc.column, 1)
    return {"physicalLocation": {
        "artifactLocation": {"uri": uri(loc.file)},
        "region": {"startLine": max(loc.line, 1), "startColumn": column,
                   "endColumn": column + max(loc.length, 1)}}}


def _logical(where: str) -> Json:
    return {"logicalLocations": [{"fullyQualifiedName": where}]} if where else {}


def uri(file: str) -> str:
    """The address of a file, from the folder in which berthc runs where the file is in it."""
    if file == name_of("-"):
        return "stdin"
    path = Path(os.path.abspath(file))
    if path.is_relative_to(Path.cwd()):
        return quote(os.fsencode(path.relative_to(Path.cwd())))
    return "file://" + quote(os.fsencode(path))
