"""Reads the steps of a tutorial out of its Markdown.

A fenced block after `<!-- file: NAME -->` is a file to write. A `console` block is a list of commands, each after `$ ` (a trailing backslash continues it),
each followed by what it prints; a line `...` stands for any number of lines. Other blocks are for the reader only and must say so: they come after
`<!-- shown -->`, so that a block cannot be forgotten by accident.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(\w*)\s*$")
MARK = re.compile(r"^<!-- (file: (?P<file>\S+)|shown) -->$")


@dataclass(frozen=True)
class WriteFile:
    line: int
    name: str
    text: str


@dataclass(frozen=True)
class Command:
    line: int
    command: str
    output: tuple[str, ...]
    output_line: int


Step = WriteFile | Command


def read_steps(text: str) -> list[Step]:
    steps: list[Step] = []
    lines = text.splitlines()
    mark: re.Match[str] | None = None
    number = 0
    while number < len(lines):
        line = lines[number]
        fence = FENCE.match(line)
        if fence is None:
            if line.strip():
                mark = MARK.match(line)
            number += 1
            continue
        end = lines.index("```", number + 1)
        body = lines[number + 1 : end]
        if mark is not None and mark["file"]:
            steps.append(WriteFile(number + 1, mark["file"], "\n".join(body) + "\n"))
        elif fence[1] == "console":
            steps += read_console(body, number + 2)
        elif mark is None:
            raise ValueError(f"line {number + 1}: a block that is neither a file nor console nor marked as shown")
        mark = None
        number = end + 1
    return steps


def read_console(body: list[str], first_line: int) -> list[Step]:
    steps: list[Step] = []
    index = 0
    while index < len(body):
        if not body[index].startswith("$ "):
            raise ValueError(f"line {first_line + index}: a console block starts with a command")
        start, command = index, body[index][2:]
        while command.endswith("\\"):
            index += 1
            command = command[:-1] + body[index].lstrip()
        index += 1
        output_line, output = first_line + index, []
        while index < len(body) and not body[index].startswith("$ "):
            output.append(body[index])
            index += 1
        steps.append(Command(first_line + start, command, tuple(output), output_line))
    return steps


def matches(expected: tuple[str, ...], actual: list[str]) -> bool:
    """Is `actual` what `expected` says, where a line `...` stands for any lines?"""
    if not expected:
        return not actual
    if expected[0] == "...":
        return any(matches(expected[1:], actual[skip:]) for skip in range(len(actual) + 1))
    return bool(actual) and expected[0] == actual[0].rstrip() and matches(expected[1:], actual[1:])


def load(path: Path) -> list[Step]:
    return read_steps(path.read_text(encoding="utf-8"))
