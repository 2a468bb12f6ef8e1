"""The same question for Spin: the manager, its callers and its backend as a Promela model of its
own.

This is a second reading of docs/semantics.md, made of the spec's rows as text; only what callers
say (`inputs`) and what operations are to them (`contract`) is shared with the search. One process
chooses a caller, an operation and the outcomes of its calls; an operation is one atomic step on
copies of the instances of its path, which are written back unless it failed before its first call
(S1). Callers and keys are told apart.

A finding is noted by C code in the verifier, which prints `FOUND id` the first time, and the search
does not go on behind it. One verifier answers every question: its environment says ASK=clean for
`denied` (no call fails; this run also learns what others judge by), nothing for most, ASK=strand
for `stranded` and for slots that are kept, ASK=drain for rows that only drain takes, and STOP=id
for a trail to one finding (`verifier` has the C code). Compiling takes longer than most searches.
With ASK=strand the search goes on behind findings, but only where no call fails: a way out of one
thing may lead through another.

Each file adds a part of the text, in classes that stand on each other: `base` (what the model is
made of), `rows` (what one state does with one event), `ends` (instances end, rest and are drained),
`paths` (where an operation finds its instances), `operations`, `whole`.
"""
from __future__ import annotations

from berthc.explore.bounds import Bounds
from berthc.explore.callers.inputs import Valuation
from berthc.explore.spin.promela.base import NotExported, rows_of
from berthc.explore.spin.promela.whole import Whole
from berthc.model import Manager


def promela(manager: Manager, root: str, valuation: Valuation, bounds: Bounds) -> str:
    """The model of one root resource with what is below it, for one valuation. Raises
    NotExported."""
    return "\n".join(Whole(manager, root, valuation, bounds).text()) + "\n"


__all__ = ["NotExported", "promela", "rows_of"]
