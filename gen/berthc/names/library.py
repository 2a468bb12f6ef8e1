"""Names of libraries that generated C must not take.

scripts/library-names makes the list. It is committed so that a spec means the same on every
machine (decision 33). It has a section for each owner and kind of name. Names with the same first
words stand together: these words, a colon, and the rest of each name. Without a first word, the
names are whole.
"""
from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from functools import cache
from pathlib import Path

LIST = Path(__file__).resolve().parents[1] / "data" / "library_names.txt"

OWNERS = ("C library", "Linux", "libuuid", "json-c", "cmocka")
# The kinds of names. Of a name that is several things, the first kind counts.
KINDS = (
    "macro",
    "callable macro",
    "type",
    "constant",
    "object",
    "included function",
    "function",
    "tag",
)

POSSESSIVE = {owner: f"the {owner}'s" if owner == "C library" else f"{owner}'s" for owner in OWNERS}
WORDS = {kind: kind.removeprefix("callable ").removeprefix("included ") for kind in KINDS} | {
    "object": "variable",
    "tag": "struct or enum",
}

# Names that a spec can make: lower case; or upper case with the words of generated enumerators and
# macros.
MAKEABLE = re.compile(
    r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*"
    r"|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+){3,}"
    r"|[A-Z][A-Z0-9]*_(?:RESOURCE|OPERATION|HOOK|OPTION)_[A-Z0-9]+"
    r"|[A-Z][A-Z0-9]*_(?:ARENA_SIZE|OPTIONS_DEFAULT|BACKEND_VERSION)"
    r"|RUN_[A-Z0-9]+(?:_[A-Z0-9]+)*"
)

HEAD = """\
# Names of the C library, of Linux and of the libraries that generated files are used with.
# Made by scripts/library-names: make renew-library-names. Why: docs/decisions/0033-library-names.md
"""


def _split(name: str) -> tuple[str, str]:
    """The first word of a name, or the first two where it is in upper case; and the rest of it."""
    words = name.split("_")
    count = min(len(words) - 1, 2 if name.isupper() else 1)
    return "_".join(words[:count]), "_".join(words[count:])


def spell(found: Mapping[str, tuple[str, str]]) -> str:
    """The list as text, in an order that depends on nothing but the names."""
    lines: list[str] = []
    for owner in OWNERS:
        for kind in KINDS:
            groups: dict[str, list[str]] = {}
            for name in sorted(n for n, what in found.items() if what == (owner, kind)):
                first, rest = _split(name)
                groups.setdefault(first, []).append(rest)
            groups = {**{"": groups.pop("", [])}, **groups}
            single = [f"{w}_{names[0]}" for w, names in groups.items() if w and len(names) == 1]
            groups[""] = sorted(groups[""] + single)
            lines += [f"[{owner}: {kind}]"] if any(groups.values()) else []
            for word, names in groups.items():
                if names and not (word and len(names) == 1):
                    lines += textwrap.wrap(
                        " ".join(names),
                        100,
                        initial_indent=f"{word}: ",
                        subsequent_indent=" ",
                        break_long_words=False,
                    )
    return HEAD + "".join(f"{line}\n" for line in lines)


def parse(text: str) -> dict[str, tuple[str, str]]:
    """Name to (owner, kind)."""
    found: dict[str, tuple[str, str]] = {}
    owner = kind = word = ""
    for line in text.splitlines():
        if line.startswith("["):
            owner, _, kind = line[1:-1].partition(": ")
        elif not line.startswith("#"):
            if not line.startswith(" "):
                word, _, line = line.partition(":")
            found.update(
                (f"{word}_{rest}" if word else rest, (owner, kind)) for rest in line.split()
            )
    return found


@cache
def names() -> dict[str, tuple[str, str]]:
    """Every name of the list, to (owner, kind)."""
    return parse(LIST.read_text(encoding="ascii"))
