"""What the search never played is named, and a spec with an operation that was never asked is not
ok."""
from __future__ import annotations

import json
from pathlib import Path

import pytest
from explore_support import ROOT

from berthc.cli import main

TAP = """
berth: 1
manager: taps
backend:
  host:
    add: {on: tap}
    del: {on: tap, undoes: host.add, repeatable: true}
resources:
  tap:
    key: [name]
    fields: {name: {type: string, required: true}}
    holders: {take: claim, drop: remove}
    initial: fresh
    otherwise: {reject: EBUSY}
    states:
      fresh: {on: {add: {call: host.add, ok: up, fail: gone, uncertain: unsure}}}
      up: {on: {claim: stay, add: stay, remove: {call: host.del, ok: gone, fail: up, uncertain: unsure}}}
      unsure: {resident: true, on: {remove: {call: host.del, ok: gone, fail: unsure}}}
      gone: {final: true}
  port:
    parent: tap
    initial: idle
    states:
      idle: {resident: true, on: {touch: stay}}
operations:
  join: {obtain: [tap], do: [tap.add, tap.claim]}
  leave: {find: tap, do: [tap.remove]}
  leave_by_port: {find: port, do: [port.touch, tap.remove]}
"""


def checked(tmp_path: Path, text: str, *flags: str) -> int:
    spec = tmp_path / "taps.yaml"
    spec.write_text(text, encoding="utf-8")
    return main(["check", "--callers", "2", "--keys", "1", *flags, str(spec)])


def test_an_operation_that_nobody_comes_to_ask_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It drops a tap that somebody took, by a path that begins no path by which it was taken."""
    assert checked(tmp_path, TAP) == 1
    said = capsys.readouterr()
    assert (
        "error[unreachable]: no caller ever comes to ask for leave_by_port, so nothing is known of it\n"
        in said.err
    )
    assert "never played: operation leave_by_port, " in said.out and ": ok: " not in said.out


def test_accepted_it_is_still_named_and_not_ok(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accept = "accept:\n  - {finding: unreachable, why: It is for tests of the application.}\n"
    assert checked(tmp_path, TAP + accept) == 0
    said = capsys.readouterr()
    assert "never played: operation leave_by_port, " in said.out and ": ok: " not in said.out


def test_rows_that_reject_and_never_come_are_named_and_no_fault(
    capsys: pytest.CaptureFixture[str]) -> None:
    spec = str(ROOT / "spec/scsi.yaml")
    assert main(["check", spec]) == 0
    assert (
        f"{spec}: never played: disk.ejected.attach (rejects), disk.leaving.attach (rejects)\n"
        in capsys.readouterr().out
    )


def test_what_was_never_played_is_in_the_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checked(tmp_path, TAP, "--format", "json") == 1
    never = json.loads(capsys.readouterr().out)["never_played"]
    assert never["operations"] == ["leave_by_port"] and "port.idle.touch (ok)" in never["rows"]
