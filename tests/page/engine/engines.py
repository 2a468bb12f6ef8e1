"""Runs the page's engine in Node.js or in Chromium. One process answers many scripts."""
from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from berthc.emit.html.bundle import bundle, modules
from berthc.emit.html.tables import tables
from berthc.model import Manager
from berthc.pipeline import read_spec

ROOT = Path(__file__).resolve().parents[3]
ENGINE = ROOT / "gen/berthc/emit/html/engine"
DRIVER = Path(__file__).with_name("driver.mjs")
PLAY = Path(__file__).with_name("play.js")
TIMEOUT = 300

Conversation = Sequence[str]
"""Lines without their ends. A text with a lone surrogate stands for bytes that are no UTF-8."""


def read(path: Path) -> Manager:
    manager, problems = read_spec(str(path))
    assert manager is not None, problems
    return manager


# One of each name. The page's simulator has no store.
SHIPPED = [path for path in {path.stem: path for folder in ("spec", "tests/gen/specs", "examples/*")
                             for path in sorted(ROOT.glob(f"{folder}/*.yaml"))}.values()
           if read(path).store is None]


def job(manager: Manager, conversations: Sequence[Conversation], way: str = "lines",
        max_holders: int | None = None) -> dict[str, Any]:
    """What play.js takes."""
    limit = {} if max_holders is None else {"max_holders": max_holders}
    return {"tables": tables(manager), "conversations": conversations, "way": way, **limit}


def answers(work: dict[str, Any]) -> list[Any]:
    """What the engine answers in each conversation of a job."""
    given: list[Any] = answers_to_all([work])[0]
    return given


def answers_to_all(jobs: list[dict[str, Any]], browser: bool = False) -> list[Any]:
    """The same for several jobs, also in Chromium."""
    scripts = [bundle(modules(), "engine/simulator.js"), PLAY.read_text(encoding="utf-8")]
    work = {"scripts": scripts, "browser": browser, "jobs": jobs}
    run = subprocess.run(["node", str(DRIVER)], input=json.dumps(work), capture_output=True,
                         text=True, timeout=TIMEOUT, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    given: list[Any] = json.loads(run.stdout)
    return given
