"""Changes of the functions that start operations: what they hand to the runtime is dropped or
swapped."""
from __future__ import annotations

import re
from collections.abc import Iterator

FUNCTION = re.compile(r"^int \w+?_(\w+)_start\([^{;]*\)\n\{\n.*?^\}\n", re.MULTILINE | re.DOTALL)

CHANGES = (
    ("two configs swapped", r"configs\[\] = \{(\w+), (\w+)", r"configs[] = {\2, \1"),
    ("two results swapped", r"results\[\] = \{(\w+), (\w+)", r"results[] = {\2, \1"),
    ("first result dropped", r"results\[\] = \{\w+", "results[] = {NULL"),
    ("last result dropped", r"(results\[\] = \{[^}]*, )\w+\}", r"\1NULL}"),
    ("parts of the slot swapped", r"(address->)(\w+)( : 0u,\n.*?address->)(\w+)", r"\1\4\3\2"),
    ("reservation to use dropped", r"\.reservation = reservation", ".reservation = NULL"),
    ("reservation to give dropped", r"\.gives = reservation", ".gives = NULL"),
    ("error dropped", r"error, op, done, arg", "NULL, op, done, arg"),
    ("block dropped", r"error, op, done, arg", "error, NULL, done, arg"),
    ("argument of done dropped", r"op, done, arg", "op, done, NULL"),
    ("done dropped", r"op, done, arg", "op, NULL, arg"),
)


def starts(source: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """What is changed, and the function before and after. `source` is that of a manager."""
    for function in FUNCTION.finditer(source):
        for what, old, new in CHANGES:
            changed, count = re.subn(old, new, function[0], count=1, flags=re.DOTALL)
            if count > 0 and changed != function[0]:
                yield f"{function[1]}_start: {what}", (function[0], changed)
