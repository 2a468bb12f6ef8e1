"""Reads the steps of a page out of its Markdown, and plays them.

- A fenced block after `<!-- file: NAME -->` is a file to write.
- A block after `<!-- insert: NAME after: TEXT -->` is put behind the only line that contains TEXT.
- A `console` block is a list of commands. Each stands after `$ `; a trailing backslash continues
  it. What it prints follows. A line `...` stands for any number of lines, and ` ...` at the end of
  a line for any rest of the line.
- Other blocks are for the reader only. They come after `<!-- shown -->`, so that none is forgotten.
"""
from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(\w*)\s*$")
MARK = re.compile(
    r"^<!-- (file: (?P<file>\S+)|insert: (?P<insert>\S+) after: (?P<after>.+)|shown) -->$")


@dataclass(frozen=True)
class WriteFile:
    line: int
    name: str
    text: str


@dataclass(frozen=True)
class Insert:
    line: int
    name: str
    after: str
    text: str


@dataclass(frozen=True)
class Command:
    line: int
    command: str
    output: tuple[str, ...]
    output_line: int


Step = WriteFile | Insert | Command


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
        elif mark is not None and mark["insert"]:
            steps.append(Insert(number + 1, mark["insert"], mark["after"], "\n".join(body) + "\n"))
        elif fence[1] == "console":
            steps += read_console(body, number + 2)
        elif mark is None:
            raise ValueError(
                f"line {number + 1}: a block that is neither a file nor console nor marked as shown"
            )
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
    """Is `actual` what `expected` says, where `...` stands for any lines, or for the rest of
    one?"""
    if not expected:
        return not actual
    if expected[0] == "...":
        return any(matches(expected[1:], actual[skip:]) for skip in range(len(actual) + 1))
    if not actual:
        return False
    rest = expected[0].endswith(" ...") and actual[0].startswith(expected[0].removesuffix("..."))
    return (rest or expected[0] == actual[0].rstrip()) and matches(expected[1:], actual[1:])


def load(path: Path) -> list[Step]:
    return read_steps(path.read_text(encoding="utf-8"))


def name_of(step: Step) -> str:
    """What a step is called in a report of tests."""
    return f"line {step.line}: " + (step.command if isinstance(step, Command) else step.name)


def play(step: Step, folder: Path, page: str,
         run: Callable[[str, Path], subprocess.CompletedProcess[str]]) -> None:
    """Does what a step says, and compares what its command prints."""
    if isinstance(step, Command):
        done = run(step.command, folder)
        wanted = "\n".join(step.output)
        assert matches(step.output, done.stdout.splitlines()), (
            f"{page}:{step.line}: {step.command}\n"
            "--- it says\n"
            f"{wanted}\n"
            "--- it printed\n"
            f"{done.stdout}"
        )
        if "echo $?" not in step.command and "||" not in step.command:
            assert (
                done.returncode == 0
            ), f"{page}:{step.line}: {step.command} ended with status {done.returncode}"
        return
    path = folder / step.name
    if isinstance(step, WriteFile):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(step.text, encoding="utf-8")
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    places = [number for number, line in enumerate(lines, 1) if step.after in line]
    found = f"{len(places)} lines of {step.name} contain {step.after}"
    assert len(places) == 1, f"{page}:{step.line}: {found}"
    lines.insert(places[0], step.text)
    path.write_text("".join(lines), encoding="utf-8")
