"""Writes the historic versions of the shipped specs, which test_history loads, from git.

    scripts/python tests/upgrade/renew_history.py

A version is written once for each text that means something else.
"""
from __future__ import annotations

import subprocess

from stores import ROOT, stored

from berthc.lower.identity import spec_hash

HISTORY = ROOT / "tests/upgrade/history"


def git(*words: str) -> str:
    return subprocess.run(["git", "-C", str(ROOT), *words], check=True, text=True,
                          capture_output=True).stdout


def main() -> None:
    HISTORY.mkdir(exist_ok=True)
    for path in sorted((ROOT / "spec").glob("*.yaml")):
        name = f"spec/{path.name}"
        seen = {spec_hash(stored(path.read_text(), path.name))}
        number = 0
        for commit in git("log", "--reverse", "--format=%H", "--", name).split():
            text = git("show", f"{commit}:{name}")
            try:
                found = spec_hash(stored(text, path.name))
            except AssertionError:
                print(f"{name} of {commit[:8]} is of another language")
                continue
            if found not in seen:
                seen.add(found)
                number += 1
                (HISTORY / f"{path.stem}-{number}.yaml").write_text(text)


if __name__ == "__main__":
    main()
