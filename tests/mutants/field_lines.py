"""Changes of the generated functions about fields, line by line: each must be noticed."""
from __future__ import annotations

import re
from collections.abc import Iterator

LETTERS = (
    ("BERTH_ANY_CASE", "BERTH_EXACT_CASE"),
    ("BERTH_EXACT_CASE", "BERTH_ANY_CASE"),
    ("equal_any_case(", "equal("),
)
WORDS = "check|hash|equal|differs|size|copy"
FUNCTION = re.compile(
    rf"^static [\w ]+?\w+_({WORDS})_*\([^{{;]*\)\n\{{\n.*?^\}}\n", re.MULTILINE | re.DOTALL
)


def functions(source: str) -> list[str]:
    """The text of each, in their order; `source` is that of a manager."""
    return [found[0] for found in FUNCTION.finditer(source)]


def name(function: str) -> str:
    """The name of one."""
    return function.split("(", 1)[0].split()[-1]


def silent(function: str) -> str:
    """The same function that hashes, hashing nothing."""
    return re.sub(r"^    berth_hash_[^;]*;", "    ;", function, flags=re.MULTILINE | re.DOTALL)


def changes(function: str) -> Iterator[tuple[str, str]]:
    """(what was changed, the function with it) of each change of one line."""
    lines = function.splitlines(keepends=True)
    for index, line in enumerate(lines):
        for what, changed in _line(line):
            yield f"{what}: {line.strip()}", "".join([*lines[:index], changed, *lines[index + 1 :]])


def _line(line: str) -> Iterator[tuple[str, str]]:
    """Changes of one line of a body."""
    if condition := re.match(r"    if \((.*)\)$", line):
        yield from ((what, f"    if ({new})\n") for what, new in _condition(condition[1]))
    elif number := re.match(r"    (?:    )?return (0|[A-Z]\w+);", line):
        yield "another field", line.replace(number[1], f"{number[1]} + 1")
    elif conjunct := re.match(r"(    return |           )(\S.*?)( &&|;)$", line):
        if "->" in conjunct[2]:
            yield "no matter", f"{conjunct[1]}true{conjunct[3]}\n"
    elif re.match(r"    (berth_hash|berth_size_|view->|uuid_copy)", line):
        yield "left out", "    ;\n"
    if copy := re.match(r"    view->\S+ = (berth_copy_\w+\(to, &?)(config->\w+)\);", line):
        yield "not copied", line.replace(f"{copy[1]}{copy[2]})", copy[2])
    for old, new in LETTERS:
        if old in line:
            yield f"{new} for {old}", line.replace(old, new)


def _condition(text: str) -> Iterator[tuple[str, str]]:
    """(what was changed, the condition with it)."""
    yield "never", "false"
    yield "always", "true"
    if text.startswith("!only && "):
        yield "of keys, too", text.removeprefix("!only && ")
    elif "view->" not in text:
        yield "not of keys", f"!only && ({text})"
    for operand in re.findall(r"\w+_is_empty\([^)]*\) \|\| | \|\| !\w+_fits\([^)]*\)", text):
        yield "one rule less", text.replace(operand, "")
    for number in re.findall(r"(?:[<>]|,) (-?\d+)", text):
        for other in (int(number) - 1, int(number) + 1):
            if other != -1:
                yield f"{number} is {other}", re.sub(rf" {number}\b", f" {other}", text)
