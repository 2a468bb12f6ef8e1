"""Renews the golden files beside this one from door.yaml:

    scripts/python tests/gen/golden/renew.py
"""
from __future__ import annotations

import sys
from pathlib import Path

from berthc.emit.c import files
from berthc.pipeline import read_spec

HERE = Path(__file__).resolve().parent


def golden() -> dict[str, str]:
    """File name below this folder to the text that it should have."""
    manager, found = read_spec(str(HERE / "door.yaml"))
    if manager is None:
        raise SystemExit("\n".join(str(d) for d in found))
    return {Path(name).name: text for name, text in files(manager).items()}


def main() -> int:
    for name, text in golden().items():
        (HERE / name).write_text(text, encoding="utf-8")
        print(HERE / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
