"""What operations without a hold take back from others: only what the spec means is no
interference."""
from __future__ import annotations

import pytest
from explore_support import FAULTY, found

FROZEN = (FAULTY / "sound/is-read-while-frozen.yaml").read_text(encoding="utf-8")
THAW = ("interference", "share.frozen.thaw")


def test_a_thaw_that_is_meant_robs_nobody() -> None:
    assert THAW not in found(FROZEN, callers=2, keys=1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (", meant: true", ""),  # nothing says so
        (
            "thaw: {call: guest.thaw, ok: added",
            "thaw: {call: vm.remove, ok: fresh",
        ),  # what holders asked for
    ],
)
def test_what_is_not_meant_or_what_holders_brought_about_is_interference(
    old: str, new: str
) -> None:
    assert THAW in found(FROZEN.replace(old, new), callers=2, keys=1)
