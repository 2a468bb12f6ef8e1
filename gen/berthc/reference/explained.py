"""What each id of a message means, with a small spec that shows it and the cure: `berthc explain`.

The texts and the pieces of specs are in `data/explain`.
"""
from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from berthc.reference.rules import catalogue

FOLDER = Path(__file__).resolve().parents[1] / "data" / "explain"
_FILES = {"findings": "the search", "reading": "reading a spec", "rules": "the static rules"}
_BETWEEN = "\n...\n"  # pieces of one example


_PROSE = ("means", "cure")
_APART = ("needs", "effects")  # the rule and the finding are different things


@dataclass(frozen=True)
class Explained:
    """One id that a message can have.

    `by`: who finds it; `rule`: what a spec keeps, "" for what only the search finds; `means`: what
    is wrong where it does not; `more`: where the documents tell more. `right` is in the spec `of`,
    and `wrong` shows the id in its place. These three are "" where no spec can show it.
    """

    id: str
    by: str
    rule: str
    means: str
    cure: str
    more: str
    of: str = ""
    wrong: str = ""
    right: str = ""

    @property
    def first(self) -> str:
        """What it means, in one sentence."""
        return self.means.partition(". ")[0].removesuffix(".") + "."

    @property
    def mended(self) -> str:
        """A whole spec that is right."""
        return (FOLDER / f"{self.of}.yaml").read_text(encoding="utf-8")

    @property
    def pieces(self) -> list[tuple[str, str, str]]:
        """Where each piece of the example is, such as `resources.share.states`, wrong and right."""
        lines = self.mended.splitlines()
        return [(_inside(lines, _position(lines, right)), wrong, right)
                for wrong, right in zip(self.wrong.split(_BETWEEN), self.right.split(_BETWEEN),
                                        strict=True)]

    @property
    def faulty(self) -> str:
        """The whole spec, wrong."""
        lines = self.mended.splitlines()
        for _, wrong, right in self.pieces:
            at = _position(lines, right)
            indent = " " * _indent(lines[at])
            lines[at:at + len(right.splitlines())] = textwrap.indent(wrong, indent).splitlines()
        return "\n".join(lines) + "\n"


def _position(lines: Sequence[str], piece: str) -> int:
    """The only line at which a piece begins; all of it may be indented more."""
    wanted = piece.splitlines()
    [at] = [n for n in range(len(lines) - len(wanted) + 1)
            if textwrap.dedent("\n".join(lines[n:n + len(wanted)])).splitlines() == wanted]
    return at


def _inside(lines: Sequence[str], at: int) -> str:
    """The keys around a line."""
    keys: list[str] = []
    indent = _indent(lines[at])
    for line in reversed(lines[:at]):
        if _indent(line) < indent:
            indent = _indent(line)
            keys.insert(0, line.strip().removesuffix(":"))
    return ".".join(keys)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


@cache
def every() -> tuple[Explained, ...]:
    """All ids, findings of the search first. A rule that the search has, too, is there a second
    time only if the two mean different things."""
    return tuple(one for name, by in _FILES.items() for one in _read(name, by))


def _read(name: str, by: str) -> Iterator[Explained]:
    path = FOLDER / f"{name}.yaml"
    texts: dict[str, dict[str, str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    rules = catalogue()
    for id_, one in texts.items():
        both = by == "the search" and id_ in rules and id_ not in _APART
        yield Explained(id_, f"{by} and the static rules" if both else by,
                        rules[id_] if both or by != "the search" else "",
                        **{key: " ".join(text.split()) if key in _PROSE else text.strip("\n")
                           for key, text in one.items()})
