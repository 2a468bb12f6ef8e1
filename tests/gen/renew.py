"""Writes what the tests of the front end compare with: the messages of the bad specs, and the
tables in docs/language.md.

    scripts/python tests/gen/renew.py

Read the changes before committing them: a message that changed is a change for users.
"""
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "support"))

import bad_specs  # noqa: E402

from berthc.reference import tables  # noqa: E402

END = "<!-- end -->\n"
LANGUAGE = bad_specs.ROOT / "docs" / "language.md"


def with_tables(text: str) -> str:
    """The page with the text of each table replaced."""
    for name, table in tables().items():
        before, begin, rest = text.partition(f"<!-- {name} -->\n")
        if not begin:
            raise SystemExit(f"docs/language.md has no place for: {name}")
        text = before + begin + table + END + rest.partition(END)[2]
    return text


def main() -> None:
    for old in bad_specs.FOLDER.glob("*.txt"):
        if not old.with_suffix(".yaml").exists():
            old.unlink()
    for path in bad_specs.specs():
        path.with_suffix(".txt").write_text(bad_specs.message(path), encoding="utf-8")
    LANGUAGE.write_text(with_tables(LANGUAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
