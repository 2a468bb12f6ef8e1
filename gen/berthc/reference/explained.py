"""What each id of a message means, with a small spec that shows it and the cure: `berthc explain`.

The texts and the pieces of specs are in `data/explain`.
"""
from __future__ import annotations

import textwrap
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from berthc.reference.rules import catalogue

FOLDER = Path(__file__).resolve().parents[1] / "data" / "explain"
FINDINGS, RULES = "findings.yaml", ("rules.yaml",)
_BETWEEN = "\n...\n"  # pieces of one example


@dataclass(frozen=True)
class Explained:
    """One id. `says`: what a spec keeps, in a line; `means`: what is wrong where it does not;
    `more`: where documents tell more. `right` is in the spec `of`, `wrong` shows the id in its
    place; all are "" where nothing can be shown."""

    id: str
    says: str
    means: str
    cure: str
    more: str
    of: str = ""
    wrong: str = ""
    right: str = ""

    @property
    def mended(self) -> str:
        """A whole spec that is right."""
        return (FOLDER / f"{self.of}.yaml").read_text(encoding="utf-8")

    @property
    def faulty(self) -> str:
        """The same spec, wrong."""
        text = self.mended
        for right, wrong in zip(self.right.split(_BETWEEN), self.wrong.split(_BETWEEN),
                                strict=True):
            text = _replaced(text, right, wrong)
        return text


def _replaced(text: str, right: str, wrong: str) -> str:
    """A text with other lines in the place of some, which may be indented more."""
    lines, wanted = text.splitlines(), right.splitlines()
    [at] = [n for n in range(len(lines) - len(wanted) + 1)
            if textwrap.dedent("\n".join(lines[n:n + len(wanted)])).splitlines() == wanted]
    indent = lines[at][:len(lines[at]) - len(lines[at].lstrip())]
    lines[at:at + len(wanted)] = textwrap.indent(wrong, indent).splitlines()
    return "\n".join(lines) + "\n"


@cache
def findings() -> dict[str, Explained]:
    """What the search finds."""
    return _read(FINDINGS)


@cache
def rules() -> dict[str, Explained]:
    """What the static rules find, and what reading a spec finds."""
    says = catalogue()
    read = {id_: one for name in RULES for id_, one in _read(name).items()}
    return {id_: read[id_] if id_ in read else Explained(id_, says[id_], "", "", "")
            for id_ in says}


def every() -> list[Explained]:
    """All that there is, findings first; an id of both kinds twice where it has two meanings."""
    of_rules = [one for one in rules().values() if one.means or one.id not in findings()]
    return [*findings().values(), *of_rules]


def _read(name: str) -> dict[str, Explained]:
    texts: dict[str, dict[str, str]] = yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))
    return {id_: Explained(id_, **{key: text.strip("\n") for key, text in one.items()})
            for id_, one in texts.items()}
