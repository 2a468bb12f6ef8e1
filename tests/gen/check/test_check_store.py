"""`store-value`: which undo may lack a value, and which has it in any case."""
from __future__ import annotations

import bad_specs
import pytest

from berthc.diag import Severity
from berthc.pipeline import compile_text

TAP = (bad_specs.FOLDER / "store-value.yaml").read_text(encoding="utf-8")
RELEASE = "          release: {call: vm.close, ok: gone, fail: stay}"
ASK = "{ask: vm.has, yes: up, no: new, unknown: unsure}"


def ids(text: str) -> set[str]:
    return {d.id for d in compile_text("tap.yaml", text).diagnostics}


def test_it_may_be_accepted() -> None:
    accepted = compile_text("tap.yaml", TAP + "accept:\n"
                            "  - {finding: store-value, at: port.new.open, why: By name.}\n")
    assert accepted.manager is not None
    assert [(d.id, d.severity) for d in accepted.diagnostics] == [("store-value", Severity.NOTE)]


def test_without_a_store_no_value_is_lost() -> None:
    text = TAP.replace("store: {settle: vm.settle}\n", "").replace("    settle: {on: store}\n", "")
    assert ids(text) == set()


@pytest.mark.parametrize(("open_", "release", "found"), [
    (ASK, RELEASE, True),
    (ASK, "          release: {reject: EBUSY}", True),  # asked: it is there, and the value is not
    ("{call: vm.open, ok: up, fail: stay}", "          release: {reject: EBUSY}", False),
    ("{call: vm.open, ok: up, fail: stay, uncertain: up}", "          release: {reject: EBUSY}",
     True),
])
def test_a_call_that_ends_ok_gives_the_value_again(open_: str, release: str, found: bool) -> None:
    text = TAP.replace(ASK, open_).replace(RELEASE, release).replace(
        "open: {on: port}", "open: {on: port, repeatable: true}")
    if open_ != ASK:
        text = text.replace("    has: {on: port, asks: vm.open}\n", "")
    assert ("store-value" in ids(text)) == found
