"""Writes what the tests of the front end compare with: the messages of the bad specs, and the list of rules in docs/language.md.

    PYTHONPATH=gen /usr/bin/python3 tests/gen/renew.py

Read the changes before committing them: a message that changed is a change for users.
"""
from __future__ import annotations

import bad_specs

from berthc.rules import as_markdown

BEGIN, END = "<!-- rules: written by tests/gen/renew.py -->\n", "<!-- end of rules -->\n"
LANGUAGE = bad_specs.ROOT / "docs" / "language.md"


def with_rules(text: str) -> str:
    """The page with its list of rules replaced."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + as_markdown() + END + after


def main() -> None:
    for old in bad_specs.FOLDER.glob("*.txt"):
        if not old.with_suffix(".yaml").exists():
            old.unlink()
    for path in bad_specs.specs():
        path.with_suffix(".txt").write_text(bad_specs.message(path), encoding="utf-8")
    LANGUAGE.write_text(with_rules(LANGUAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
