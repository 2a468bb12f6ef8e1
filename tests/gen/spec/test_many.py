"""Many mistakes: at most a hundred messages, the rest counted, in seconds whatever the number."""
from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "gen"))

from berthc.diag import MOST, Diagnostic, Severity, at_most  # noqa: E402
from berthc.model import Loc  # noqa: E402
from berthc.pipeline import compile_text  # noqa: E402

KEYS = 20_000
FRAME = """\
berth: 1
manager: m
{options}resources:
{resources}
operations: {{o: {{obtain: [r0], do: [r0.go]}}}}
"""
ROW = " r{n}: {{{parent}initial: s, states: {{s: {{resident: true, on: {{go: stay}}}}}}}}"


def test_the_rest_is_counted_in_text_and_in_json(tmp_path: Path) -> None:
    spec = tmp_path / "keys.yaml"
    spec.write_text("berth: 1\n" + "".join(f"k{n}: 1\n" for n in range(KEYS)))
    command = [str(ROOT / "bin/berthc"), "check"]
    text = subprocess.run([*command, str(spec)], capture_output=True, text=True, timeout=60)
    shown = text.stderr.count("error[unknown-key]")
    assert text.returncode == 1 and shown == MOST == 100
    assert f"keys.yaml: error[more]: and {KEYS - MOST:,} more\n" in text.stderr
    as_json = subprocess.run([*command, "--static", "--format", "json", str(spec)],
                             capture_output=True, text=True, timeout=60)
    reported = json.loads(as_json.stdout)
    assert len(reported) == MOST + 1 and reported[-1]["id"] == "more"
    assert reported[-1]["message"] == f"and {KEYS - MOST:,} more"


def at(line: int, severity: Severity = Severity.ERROR) -> Diagnostic:
    return Diagnostic("r", Loc("s.yaml", line, 1), "m", severity=severity)


def test_errors_are_kept_before_warnings_and_the_order_stays() -> None:
    found = [at(1, Severity.WARNING), at(2), at(3, Severity.WARNING), at(4)]
    kept = at_most(found, most=2)
    assert [d.loc.line for d in kept] == [2, 4, 0]
    assert kept[-1].severity is Severity.WARNING and kept[-1].message == "and 2 more"
    assert at_most(found, most=4) == found
    assert at_most([at(1), at(2)], most=1)[-1].severity is Severity.ERROR


def test_a_rule_that_was_stopped_is_reported() -> None:
    steps = ", ".join(f"r0.ga{n}" for n in range(250))
    text = FRAME.format(options="", resources=ROW.format(n=0, parent=""))
    result = compile_text("s.yaml", text.replace("[r0.go]", f"[{steps}]"))
    assert result.manager is None
    assert result.diagnostics[-1].message == f"and more than {MOST} more"


@pytest.mark.parametrize(("options", "resources"), [
    ("options:\n" + "".join(f" k{n}: 1\n" for n in range(8000)), ROW.format(n=0, parent="")),
    ("options:\n" + "".join(f" K{n}: {{type: bool}}\n" for n in range(8000)),
     ROW.format(n=0, parent="")),
    ("", "\n".join(ROW.format(n=n, parent=f"parent: x{n}, ") for n in range(4000))),
    ("", "\n".join(ROW.format(n=n, parent="") for n in range(4000))),
])
def test_time_grows_with_the_size_only(options: str, resources: str) -> None:
    begin = time.process_time()
    result = compile_text("s.yaml", FRAME.format(options=options, resources=resources))
    assert result.manager is None and len(result.diagnostics) <= MOST + 1
    assert time.process_time() - begin < 20
