#!/usr/bin/env python3
"""Puts what the commands of the tutorial print now into the tutorial:
tests/project/renew_tutorial.py TUTORIAL PREFIX.

PREFIX is where Berth is installed. Read the difference before you commit it. Outputs with a `...`
line are left alone.
"""
from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from installation import Installation
from steps import WriteFile, load


def main(tutorial: Path, prefix: Path) -> int:
    lines = tutorial.read_text(encoding="utf-8").splitlines()
    installed, moved = Installation(prefix), 0
    with tempfile.TemporaryDirectory() as scratch:
        for step in load(tutorial):
            if isinstance(step, WriteFile):
                (Path(scratch) / step.name).write_text(step.text, encoding="utf-8")
                continue
            printed = [
                line.rstrip()
                for line in installed.run(step.command, Path(scratch)).stdout.splitlines()
            ]
            if "..." not in step.output:
                start = step.output_line - 1 + moved
                lines[start : start + len(step.output)] = printed
                moved += len(printed) - len(step.output)
    tutorial.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]).resolve()))
