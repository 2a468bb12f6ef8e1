"""Keys that are refused for ever: not where only an optional hook is missing, which the backend may
have."""
from __future__ import annotations

import pytest
from explore_support import found

SPEC = """
berth: 1
manager: marks
backend:
  bus:
    open: {{on: device}}
    close: {{on: device, undoes: bus.open, repeatable: true}}
    {hook}
resources:
  device:
    key: [address]
    fields: {{address: {{type: string, required: true}}}}
    initial: closed
    states:
      closed: {{on: {{open: {{call: bus.open, ok: opened, fail: marked}}, close: gone}}}}
      opened: {{resident: true, on: {{open: stay, close: {{call: bus.close, ok: gone, fail: opened}}}}}}
      marked: {{resident: true, on: {{open: {row}, close: {{reject: EBUSY}}}}}}
      gone: {{final: true}}
operations:
  open: {{obtain: [device], do: [device.open]}}
  close: {{find: device, absent: ok, do: [device.close]}}
"""
REPAIRS = "{call: bus.repair, ok: opened, fail: marked}"
ASKS = "{ask: bus.has, yes: opened, no: {to: closed, raise: open}, unknown: marked}"


def poisoned(hook: str, row: str) -> list[str]:
    return [where for id_, where in found(SPEC.format(hook=hook, row=row)) if id_ == "poisoned"]


def test_a_state_that_refuses_every_request_poisons_its_key() -> None:
    assert poisoned("", "{reject: ENODEV}") == ["device.marked.open"]


@pytest.mark.parametrize(("hook", "row"), [
    ("repair: {on: device, repeatable: true, optional: true, absent: ENODEV}", REPAIRS),
    ("has: {on: device, asks: bus.open, optional: true, absent: ENODEV}", ASKS),
    ("has: {on: device, asks: bus.open, optional: true}", ASKS),
], ids=["called", "asked", "asked_and_open"])
def test_a_missing_optional_hook_poisons_no_key(hook: str, row: str) -> None:
    assert poisoned(hook, row) == []
