"""The scripts of findings as files that a simulator reads."""
from __future__ import annotations

import json
import shlex
from collections import Counter
from pathlib import Path

from berthc.explore.report import Finding, Report
from berthc.files.output import placed, write

SUFFIX = ".jsonl"


def names(report: Report) -> dict[int, str]:
    """The names of the files, by the places of their findings in the report: manager, id and where
    it is."""
    found: dict[int, str] = {}
    times: Counter[str] = Counter()
    for n, finding in enumerate(report.findings):
        if finding.script:
            name = "-".join([report.manager.name, finding.fault.id,
                             *finding.fault.where.split(".")])
            times[name] += 1
            found[n] = name + (f"-{times[name]}" if times[name] > 1 else "") + SUFFIX
    return found


def save(folder: Path, report: Report) -> None:
    """Writes each script to a file of its own, one request per line."""
    write(placed(folder, {name: text(report.findings[n]) for n, name in names(report).items()}))


def text(finding: Finding) -> str:
    return "".join(json.dumps(request, ensure_ascii=False) + "\n" for request in finding.requests)


def how_to_play(finding: Finding, spec: str, file: Path) -> str:
    """The command that plays a script."""
    command = f"berthc sim {_word(spec)} <{_word(str(file))}"
    if finding.slots is None:
        return f"to play it: {command}"
    return (
        f"to play it, with {finding.slots} slot{'s' if finding.slots != 1 else ''} in each pool of"
        f" the spec: {command}"
    )


def how_to_save(spec: str) -> str:
    return (
        f"berthc: to play a script: berthc check --scripts DIR {_word(spec)}, then berthc sim"
        f" {_word(spec)} <DIR/FILE"
    )


def _word(name: str) -> str:
    """Of a command line. What was read from standard input has to be a file to be played."""
    return "SPEC" if name == "-" else shlex.quote(name)
