"""Lines that no friend would paste: the page's engine answers them as the C simulator does."""
from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from compare import SEED, first_difference, random_script, seeds
from engines import ROOT, answers, job, read

import test_hostile as c
from builds import BUILD, simulator
from wrong_lines import mutated

BRACKETS = [b"[", b"{", b'{"a":', b"[[{"]
LINES = [c.test_truncated_requests, c.test_bytes_that_are_no_text, c.test_random_bytes,
         c.test_requests_with_one_byte_changed, c.test_huge_numbers, c.test_duplicate_members,
         c.test_what_no_operation_takes, c.test_a_line_that_is_too_long,
         c.test_a_long_value_is_kept_whole, c.test_blank_lines_and_a_missing_last_newline]


def engine_lines(manager: str, text: bytes) -> list[str]:
    """The answers to a text that may be no UTF-8: such bytes become lone surrogates, because a page
    has no others."""
    lines = [line.decode("utf-8", "surrogateescape") for line in text.split(b"\n")]
    given = answers(job(read(ROOT / f"spec/{manager}.yaml"), [lines]))
    return [answer for answer in given[0] if answer]


@pytest.fixture(autouse=True)
def engine_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests of the C simulator ask the engine."""
    def ask(_folder: Path, text: bytes, manager: str = "scsi") -> list[dict[str, Any]]:
        return [json.loads(line) for line in engine_lines(manager, text)]

    monkeypatch.setattr(c, "answers", ask)


@pytest.mark.parametrize("test", LINES)
def test_lines_of_the_c_simulator(test: Any) -> None:
    test(BUILD)


@pytest.mark.parametrize("bracket", BRACKETS)
def test_deep_nesting(bracket: bytes) -> None:
    c.test_deep_nesting(BUILD, bracket)


@pytest.mark.parametrize("seed", seeds())
@pytest.mark.parametrize("name", ["scsi", "vpci"])
def test_changed_lines_are_answered_as_by_the_c_simulator(name: str, seed: int) -> None:
    rng = random.Random(seed)
    script = random_script(read(ROOT / f"spec/{name}.yaml"), SEED, 60)
    words = ["op", "fail", "reservation", "disk", "mount", "hook", "nth", "u1", "r1", "new"]
    text = b"\n".join(mutated(rng, one, words) for one in script if isinstance(one, dict))
    run = subprocess.run([str(simulator(name))], input=text, capture_output=True, timeout=120,
                         check=True)
    wanted = run.stdout.decode().splitlines()
    given = engine_lines(name, text)
    at = first_difference(wanted, given)
    assert at is None, f"{text.splitlines()[at]!r}\n{wanted[at]}\n{given[at]}"
    assert sum('"message"' in line for line in wanted) > len(wanted) / 4
