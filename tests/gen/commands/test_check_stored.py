"""`berthc check` of specs with a store: the process dies; its scripts are for simulators."""
from __future__ import annotations

import json
from pathlib import Path

from command_line import berthc
from explore_support import FAULTY, ROOT

LAMP = str(ROOT / "tests/gen/stored/lamp.yaml")
SMALL = ("--callers", "2", "--keys", "1")


def test_it_is_explored_in_c_and_both_engines_say_the_same() -> None:
    in_c, in_python = (berthc("check", *SMALL, *flags, LAMP)
                       for flags in ((), ("--engine", "python")))
    assert in_c.returncode == 0 and "in Python" not in in_c.stderr
    assert "20 states, 196 transitions" in in_c.stdout
    assert in_c.stdout == in_python.stdout


def test_operations_in_flight_and_tests_in_c_are_refused() -> None:
    for flags in (("--in-flight", "2"), ("--emit-test", "x.c")):
        done = berthc("check", *SMALL, *flags, LAMP)
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert f"berthc: {flags[0]}" in done.stderr and "a store" in done.stderr


def test_a_script_with_a_crash_plays_in_the_simulator(tmp_path: Path) -> None:
    spec = tmp_path / "counted.yaml"
    text = (FAULTY / "leak-counts-before-add.yaml").read_text(encoding="utf-8")
    spec.write_text(text + "\nstore: true\n", encoding="utf-8")
    scripts = tmp_path / "scripts"
    done = berthc("check", *SMALL, "--scripts", str(scripts), str(spec))
    assert done.returncode == 1
    assert "the process dies in vm.add_plan9, which had no effect" in done.stderr
    [script] = [text for path in scripts.iterdir() if "recover" in (text := path.read_text())]
    answers = berthc("sim", str(spec), stdin=script).stdout.splitlines()
    assert [json.loads(answer)["error"] for answer in answers] == ["EOWNERDEAD", None]
