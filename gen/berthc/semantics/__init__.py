"""One reading of docs/semantics.md, in Python.

The runtime is the other one; they share nothing but that text. This one knows neither C nor YAML
nor JSON, and it is sequential: one operation runs at a time, so nobody ever waits. The simulator,
the generated tests' expected values and every search through a manager's states come from here.

    values   what a field or option may hold, and when two of them are equal
    program  a manager for given options: guards folded, tables indexed
    state    what is tracked; cheap to copy: a failed operation is undone by dropping the copy
    result   what an operation answers
    run      one operation on such a copy
    journal  the commits of a request, and a crash at one of them
    recovery what a crash leaves to be done
    world    the manager as a whole: the entry to all of this
"""
from __future__ import annotations

from berthc.semantics.journal import GOOD, Fate
from berthc.semantics.program import MAX_HOLDERS, BrokenTable
from berthc.semantics.result import OK, WRITES, Call, Outcome, Outcomes, Result, Taken, all_ok
from berthc.semantics.values import NIL, Value, in_full, replace_uuids
from berthc.semantics.world import OWNER, World

__all__ = [
    "GOOD", "MAX_HOLDERS", "NIL", "OK", "OWNER", "WRITES", "BrokenTable", "Call", "Fate", "Outcome",
    "Outcomes", "Result", "Taken", "Value", "World", "all_ok", "in_full", "replace_uuids",
]
