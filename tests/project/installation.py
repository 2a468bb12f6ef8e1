"""Making targets, and working with an installed copy as a user does."""
from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


BUILD = Path(os.environ.get("BERTH_BUILD", ROOT / "build"))


def version() -> str:
    """What the headers say."""
    text = (ROOT / "runtime/include/berth/berth.h").read_text(encoding="utf-8")
    return text.split('#define BERTH_VERSION "')[1].split('"')[0]


def script(path: Path, body: str) -> Path:
    """Makes a program of a few lines of shell."""
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The caller's environment without what an outer make passes on to inner ones."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "PYTHONPATH")
    }
    return {**kept, **(extra or {})}


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Makes a target with the settings of the outer make, so that nothing is built twice."""
    settings = [
        f"{name}={os.environ['BERTH_' + name]}"
        for name in ("CC", "CFLAGS")
        if "BERTH_" + name in os.environ
    ]
    return subprocess.run(
        ["make", "-C",
         str(ROOT), f"BUILD={os.path.relpath(BUILD, ROOT)}", *settings, *arguments],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False)


@dataclass(frozen=True)
class Installation:
    prefix: Path

    @property
    def environment(self) -> dict[str, str]:
        """As a user sets it who installed into a folder of their own."""
        return clean_environment({
            "PATH": f"{self.prefix / 'bin'}:{os.environ['PATH']}",
            "PKG_CONFIG_PATH": str(self.prefix / "lib/pkgconfig"),
            "LD_LIBRARY_PATH": str(self.prefix / "lib"),
            "NO_COLOR": "1",
            "LC_ALL": "C.UTF-8",
        })

    def run(self, command: str, folder: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-c", command],
            cwd=folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
