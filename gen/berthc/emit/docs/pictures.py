"""The pictures that a page may show."""
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Pictures:
    """The files that a page may link to; None: all."""

    files: Collection[str] | None

    def has(self, name: str) -> bool:
        return self.files is None or name in self.files

    def link(self, title: str, name: str) -> str:
        """The picture, or "" where there is none."""
        return f"![{title}]({name})\n" if self.has(name) else ""

    @property
    def other_forms(self) -> str:
        """A sentence about what else is there."""
        forms = [f"[{words}]({name})" for words, name in (
            ("Mermaid", "diagrams.md"), ("plain text", "diagrams.txt")) if self.has(name)]
        dots = ["`.dot` beside each picture of graphviz"] if self.has("ownership.dot") else []
        return f"The pictures in other forms: {', '.join(forms + dots)}." if forms else ""
