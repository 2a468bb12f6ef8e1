"""A state of `kind: failure`: what it refuses is not `denied`, and it may poison a key."""
from __future__ import annotations

import pytest
from explore_support import FAULTY, found

TEXT = (FAULTY / "sound/knows-a-failure.yaml").read_text(encoding="utf-8")
FAILURE = "        kind: failure\n"
POISONED = TEXT.replace(FAILURE, f"{FAILURE}        resident: true\n").replace(
    "release: {call: host.stop, ok: gone, fail: dead, uncertain: unclear}",
    "release: {call: host.stop, ok: dead, fail: dead, uncertain: unclear}")


def test_what_a_failure_refuses_is_not_denied() -> None:
    assert found(TEXT, callers=2, keys=1) == []


@pytest.mark.parametrize("kind", ["", "        kind: normal\n"])
def test_without_it_rows_and_holes_that_refuse_are_denied(kind: str) -> None:
    reported = found(TEXT.replace(FAILURE, kind), callers=2, keys=1)
    assert {("denied", "daemon.dead.claim"), ("denied", "daemon.dead.start"),
            ("denied", "daemon.dead.reload")} <= set(reported)


def test_a_failure_that_refuses_for_ever_poisons_the_key() -> None:
    assert ("poisoned", "daemon.dead.claim") in found(POISONED, callers=2, keys=1)
    assert "poisoned" not in {id_ for id_, _ in found(POISONED.replace(FAILURE, ""), callers=2,
                                                      keys=1)}
