"""Changes of the generated functions about an operation's arguments, line by line: each must be
noticed."""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping


def changes(function: str, checks: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """(what was changed, the function with it) of each change of one statement. `checks`: the text
    of each function that checks a config."""
    for found in re.finditer(r"    if \((.*?)\)\n(?=        return)", function, re.DOTALL):
        for what, condition in _condition(found[1]):
            shown = " ".join(found[1].split())
            yield (f"{what}: if ({shown})",
                   function[:found.start(1)] + condition + function[found.end(1):])
    for found in re.finditer(r",\s+\.(resource|field|rule) = (\w+)", function):
        yield (f"without {found[1]}: {found[2]}",
               function[:found.start()] + function[found.end():])
    for found in re.finditer(r"-(E[A-Z]+)\b", function):
        yield (f"another error: {found[1]}",
               function[:found.start(1)] + "EBADF" + function[found.end(1):])
    for found in re.finditer(r"(\w+_check\w*)\(\w+, (true|false)\);", function):
        if "!only" not in checks[found[1]]:
            continue  # what it checks is all of the key
        other = "false" if found[2] == "true" else "true"
        yield (f"all fields or keys: {' '.join(found[0].split())}",
               function[:found.start(2)] + other + function[found.end(2):])


def _condition(text: str) -> Iterator[tuple[str, str]]:
    """(what was changed, the condition with it)."""
    yield "never", "false"
    for bound in re.finditer(r"request->at\[\d\] >= [^|]*[^| \n]", text):
        yield "one more", f"{text[:bound.end()]} + 1{text[bound.end():]}"
        yield "one less", f"{text[:bound.end()]} - 1{text[bound.end():]}"
    if size := re.fullmatch(r"(.* && request->result_sizes\[\d+\] <) (\w+)", text):
        yield "one more", f"{size[1]} {size[2]} + 1"
        yield "one less", f"{size[1]} {size[2]} - 1"
    for operand in re.findall(r" (?:&&|\|\|)\s(?:[^()&|]|\(uint64_t\))+(?=$| &&| \|\|)", text):
        yield f"without{operand}", text.replace(operand, "", 1)
