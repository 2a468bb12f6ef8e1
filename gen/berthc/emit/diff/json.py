"""What changed between two specs, for programs. Keys stay; new ones may come."""
from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from berthc.diag import Diagnostic, as_json as diagnostics_as_json
from berthc.diff.change import Change, greatest
from berthc.diff.loadable import Loadable
from berthc.diff.report import Comparison
from berthc.model import Loc


def as_json(every: Sequence[Comparison]) -> str:
    """One object for all specs, with a final newline."""
    verdict = greatest(one.verdict for one in every)
    return json.dumps({"verdict": verdict.word, "status": int(verdict),
                       "specs": [_one(one) for one in every]}, indent=2) + "\n"


def _one(one: Comparison) -> dict[str, Any]:
    return {
        "old": one.old_file, "new": one.new_file, "verdict": one.verdict.word,
        "c_api": one.c_api,
        "verdicts": [{"verdict": verdict.word, "status": int(verdict), "why": why}
                     for verdict, why in one.verdicts()],
        "changes": [_change(change) for change in one.changes],
        "operations": [{"name": errors.operation,
                        "gained": [{"error": e, "why": why} for e, why in errors.gained],
                        "lost": [{"error": e, "why": why} for e, why in errors.lost]}
                       for errors in one.callers],
        "findings": [{**_diagnostic(f.diagnostic), "script": list(f.requests)}
                     for f in one.findings],
        "diagnostics": [_diagnostic(d) for d in one.errors],
        "stores": _stores(one.loadable),
        "notes": list(one.notes),
    }


def _stores(found: Loadable | None) -> dict[str, Any] | None:
    """Of the old spec: which load."""
    if found is None:
        return None
    return {"load": found.word, "why": found.never or None,
            "unless": [{"text": c.if_any, "reason": c.bar.value, "resource": c.resource or None,
                        "name": c.name or None, "new": _place(c.loc)} for c in found.unless]}


def _change(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind, "what": change.what, "name": change.name, "was": change.was or None,
        "sentence": change.sentence, "verdict": change.verdict.word,
        "old": _place(change.old), "new": _place(change.new),
        "operations": list(change.operations), "details": list(change.details),
    }


def _place(loc: Loc | None) -> dict[str, object] | None:
    return None if loc is None else {"file": loc.file, "line": loc.line, "column": loc.column}


def _diagnostic(diagnostic: Diagnostic) -> Any:
    return {**json.loads(diagnostics_as_json([diagnostic]))[0], "where": diagnostic.where}
