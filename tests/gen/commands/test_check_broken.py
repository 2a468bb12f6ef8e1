"""A fault of Berth's own in one spec: the other specs are checked all the same."""
from __future__ import annotations

import argparse
import json

import pytest
from command_line import SCSI, berthc

from berthc.commands import check
from berthc.explore.engine.run import BrokenRuntime
from berthc.explore.report import Report
from berthc.model import Manager
from berthc.pipeline import Result

VPCI = "spec/vpci.yaml"
TOLD = "internal error: BrokenRuntime: it is broken; please report it (--debug shows where)"


@pytest.fixture(autouse=True)
def scsi_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    def explored_by(args: argparse.Namespace, result: Result, manager: Manager) -> Report:
        if manager.name == "scsi":
            raise BrokenRuntime("it is broken")
        return really(args, result, manager)

    really = check.explored_by
    monkeypatch.setattr(check, "explored_by", explored_by)


def checked(*args: str) -> str:
    done = berthc("check", "--callers", "2", "--keys", "1", *args)
    assert done.returncode == 3 and f"berthc: {SCSI}: {TOLD}\n" in done.stderr
    return done.stdout


def test_text_is_of_the_other_specs() -> None:
    out = checked(SCSI, VPCI)
    assert f"{VPCI}: ok" in out and f"{SCSI}:" not in out


def test_json_is_of_the_other_specs_and_not_complete() -> None:
    answer = json.loads(checked("--format", "json", VPCI, SCSI))
    assert answer["states"] > 0 and not answer["complete"]


def test_sarif_is_of_the_other_specs_and_tells_the_fault() -> None:
    [run] = json.loads(checked("--format", "sarif", SCSI, VPCI))["runs"]
    [invocation] = run["invocations"]
    assert (invocation["exitCode"], invocation["executionSuccessful"]) == (3, False)
    assert {"level": "error", "message": {"text": f"{SCSI}: {TOLD}"}} in invocation[
        "toolExecutionNotifications"]
    assert run["properties"]["states"] > 0
