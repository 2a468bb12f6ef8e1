"""One thing that is wrong with a spec."""
from __future__ import annotations

from typing import NamedTuple

from berthc.model import Loc


class Fault(NamedTuple):
    """One thing that is wrong: where (`resource.state[.event]`), which row or step is to blame, and
    a sentence with the effects that it speaks of (`texts.Told`)."""

    id: str
    where: str
    loc: Loc
    message: str
    there: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
