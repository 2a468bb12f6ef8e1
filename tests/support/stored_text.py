"""Specs that get a store for a test."""
from __future__ import annotations

import re

_LIMITS = re.compile(r"^limits:\n(?:[ \n].*\n?)*", re.MULTILINE)


def with_store(text: str) -> str:
    """The text of a spec, with a store, and so without limits (`store-limits`)."""
    return _LIMITS.sub("", text) + ("" if "\nstore:" in text else "\nstore: true\n")
