"""What a caller relies on: the effects that were there when a use of its own succeeded, level by
level, as deep as that use reaches."""
from __future__ import annotations

import pytest
from explore_support import FAULTY, found, manager_of

from berthc.explore.bounds import Bounds
from berthc.explore.callers.inputs import valuations
from berthc.explore.states.backend import names
from berthc.explore.states.local import Local
from berthc.explore.states.step import Stepper

TEXT = (FAULTY / "sound/retries-its-own-plug.yaml").read_text(encoding="utf-8")


def ask(stepper: Stepper, local: Local, who: int, op: str, *fails: str) -> Local:
    """What comes of the first request for the operation that the caller may make; the named hooks
    fail, the others end ok."""
    move = next(m for m in stepper.moves(local) if m.who == who and m.op.name == op)
    return next(change.after for change in stepper.changes(local, move)
                if [call.hook for call in change.called
                    if call.ending.outcome.kind == "fail"] == list(fails)
                and all(call.ending.outcome.kind != "uncertain" for call in change.called))


@pytest.mark.parametrize(
    ("requests", "relies"),
    [
        ([], [[], [], []]),
        ([("prepare",)], [["host.bind"], ["driver.carve"], []]),
        ([("plug",)], [["host.bind"], ["driver.carve"], ["vm.plug"]]),
        ([("plug",), ("prepare",)], [["host.bind"], ["driver.carve"], ["vm.plug"]]),
        ([("prepare",), ("plug", "vm.plug")], [[], [], []]),
        ([("plug",), ("unplug", "vm.unplug")], [[], [], []]),
    ],
    ids=str,
)
def test_each_level_is_relied_on_by_itself(
    requests: list[tuple[str, ...]], relies: list[list[str]]
) -> None:
    manager = manager_of(TEXT)
    stepper = Stepper(manager, "gpu", dict(valuations(manager)[0].options), (),
                      Bounds(callers=1, keys=1))
    local = ask(stepper, stepper.start(), 0, "reserve")
    for op, *fails in requests:
        local = ask(stepper, local, 0, op, *fails)
    holder = local.holders[0]
    assert holder is not None and [names(manager, mask) for mask in holder.relies] == relies


def test_who_has_plugged_is_robbed_by_a_retry_of_somebody_elses_plug() -> None:
    text = TEXT.replace(
        "plugged:\n        on: {claim: stay, plug: stay,",
        (
            "plugged:\n"
            "        on: {claim: stay, plug: {call: vm.unplug, ok: {to: out, raise: plug}, fail: plugged},"
        ),
    )
    assert text != TEXT
    assert ("interference", "vdev.plugged.plug") in found(text, callers=2, keys=1)


def test_who_uses_what_hangs_on_an_effect_relies_on_that_too() -> None:
    text = TEXT.replace("prepare: {with: reservation, do: [gpu.up, slice.carve]}",
                        "prepare: {with: reservation, do: [slice.carve]}")
    manager = manager_of(text)
    stepper = Stepper(manager, "gpu", dict(valuations(manager)[0].options), (),
                      Bounds(callers=2, keys=1))
    local = ask(stepper, ask(stepper, stepper.start(), 0, "reserve"), 1, "reserve")
    local = ask(stepper, ask(stepper, local, 0, "plug"), 1, "prepare")
    holder = local.holders[1]
    assert holder is not None and [
        names(manager, mask) for mask in holder.relies] == [["host.bind"], ["driver.carve"], []]
