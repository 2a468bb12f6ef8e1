"""The reader of the tutorial must not skip anything and must notice a difference."""
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from steps import Command, Insert, WriteFile, matches, play, read_steps


def test_a_block_without_a_mark_is_refused() -> None:
    with pytest.raises(ValueError, match="line 3: a block that is neither"):
        read_steps("text\n\n```c\nint x;\n```\n")


def test_a_mark_counts_only_for_the_next_block() -> None:
    with pytest.raises(ValueError, match="line 6"):
        read_steps("<!-- shown -->\n```c\nint x;\n```\n\n```c\nint y;\n```\n")


def test_output_before_a_command_is_refused() -> None:
    with pytest.raises(ValueError, match="line 2: a console block starts with a command"):
        read_steps("```console\nhello\n```\n")


def test_files_and_commands_in_order() -> None:
    text = (
        "Say:\n\n"
        "<!-- file: a/b.txt -->\n"
        "```text\n"
        "one\n\n"
        "two\n"
        "```\n\n"
        "then\n\n"
        "```console\n"
        "$ cat a/b.txt \\\n"
        "    -n\n"
        "1 one\n"
        "...\n"
        "$ true\n"
        "```\n"
    )
    assert read_steps(text) == [
        WriteFile(4, "a/b.txt", "one\n\ntwo\n"),
        Command(13, "cat a/b.txt -n", ("1 one", "..."), 15),
        Command(17, "true", (), 18),
    ]


def test_a_block_may_be_put_behind_a_line(tmp_path: Path) -> None:
    [step] = read_steps("<!-- insert: a.txt after: if x -->\n```\n  more\n```\n")
    assert step == Insert(2, "a.txt", "if x", "  more\n")
    (tmp_path / "a.txt").write_text("one\n if x > 1:\nlast\n", encoding="utf-8")
    play(step, tmp_path, "page", run_nothing)
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "one\n if x > 1:\n  more\nlast\n"
    (tmp_path / "a.txt").write_text("if x\nif x\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="page:2: 2 lines of a.txt contain if x"):
        play(step, tmp_path, "page", run_nothing)


def run_nothing(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    raise NotImplementedError


@pytest.mark.parametrize(
    ("command", "status", "said"), [("true", 0, "it printed"), ("false", 1, "ended with status 1")]
)
def test_a_command_must_print_what_the_page_says_and_succeed(
    command: str, status: int, said: str, tmp_path: Path
) -> None:
    def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, status, "1 one\n" if status else "2 two\n")

    [step] = read_steps(f"```console\n$ {command}\n1 one\n```\n")
    with pytest.raises(AssertionError, match=said):
        play(step, tmp_path, "page", run)


def test_matching() -> None:
    assert matches((), [])
    assert not matches((), ["x"])
    assert not matches(("x",), [])
    assert not matches(("x",), ["x", "y"])
    assert matches(("x", "...", "z"), ["x", "z"])
    assert matches(("x", "...", "z"), ["x", "y", "y", "z"])
    assert not matches(("x", "...", "z"), ["x", "y"])
    assert matches(("...",), [])
    assert matches(("2 passed ...",), ["2 passed in 3 s"])
    assert not matches(("2 passed ...",), ["12 passed in 3 s"])
    assert not matches(("2 passed ...",), ["2 passed in 3 s", "more"])
