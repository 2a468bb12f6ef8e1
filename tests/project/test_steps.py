"""The reader of the tutorial must not skip anything and must notice a difference."""
from __future__ import annotations

import pytest
from steps import Command, WriteFile, matches, read_steps


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
    text = "Say:\n\n<!-- file: a/b.txt -->\n```text\none\n\ntwo\n```\n\nthen\n\n```console\n$ cat a/b.txt \\\n    -n\n1 one\n...\n$ true\n```\n"
    assert read_steps(text) == [
        WriteFile(4, "a/b.txt", "one\n\ntwo\n"),
        Command(13, "cat a/b.txt -n", ("1 one", "..."), 15),
        Command(17, "true", (), 18),
    ]


def test_matching() -> None:
    assert matches((), [])
    assert not matches((), ["x"])
    assert not matches(("x",), [])
    assert not matches(("x",), ["x", "y"])
    assert matches(("x", "...", "z"), ["x", "z"])
    assert matches(("x", "...", "z"), ["x", "y", "y", "z"])
    assert not matches(("x", "...", "z"), ["x", "y"])
    assert matches(("...",), [])
