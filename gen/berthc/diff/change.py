"""One change of a spec, and what it means for those who use the manager."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from berthc.model import Loc


class Verdict(IntEnum):
    """What a change means, the least first. The value is the exit status of `berthc diff`."""

    SAME = 0
    COSMETIC = 10
    COMPATIBLE = 11
    BEHAVIOUR = 12
    API = 13
    BACKEND = 14
    CHECKER = 15

    @property
    def word(self) -> str:
        """How JSON names it."""
        return self.name.lower()

    @property
    def text(self) -> str:
        """What a reviewer reads."""
        return _TEXT[self]


_TEXT = {
    Verdict.SAME: "the same",
    Verdict.COSMETIC: "cosmetic",
    Verdict.COMPATIBLE: "compatible",
    Verdict.BEHAVIOUR: "changes behaviour",
    Verdict.API: "breaks the C API or ABI",
    Verdict.BACKEND: "breaks the backend's contract",
    Verdict.CHECKER: "makes the checker find something new",
}


@dataclass(frozen=True)
class Change:
    """`kind` is "added", "removed", "renamed" or "changed".

    `name` is that of today; a removed thing has the one it had. `text` is the rest of the sentence
    behind the name. `old` and `new` are its places. `cell` is (resource, state, event) of a row.
    `operations` may come to it. `details` say what an added thing holds.
    """

    kind: str
    what: str
    name: str
    text: str
    verdict: Verdict
    old: Loc | None = None
    new: Loc | None = None
    was: str = ""
    cell: tuple[str, str, str] | None = None
    operations: tuple[str, ...] = ()
    details: tuple[str, ...] = ()

    @property
    def sign(self) -> str:
        return {"added": "+", "removed": "-", "renamed": ">", "changed": "~"}[self.kind]

    @property
    def sentence(self) -> str:
        """All of it: disk.attached on detach: a failed eject now leads to failed; …"""
        what = "" if self.what in ("row", "spec") else f"{self.what} "
        return f"{what}{self.name}{'' if self.text.startswith('is ') else ':'} {self.text}"

    def __str__(self) -> str:
        return f"{self.sign} {self.sentence}"


@dataclass(frozen=True)
class Reason:
    """Why a verdict holds; `text` is a sentence without its full stop. `is_c`: the C header says
    so."""

    verdict: Verdict
    text: str
    loc: Loc | None = None
    is_c: bool = False


def greatest(verdicts: Iterable[Verdict]) -> Verdict:
    return max(verdicts, default=Verdict.SAME)
