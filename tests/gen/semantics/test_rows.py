"""Rows: calls, outcomes, raised events, guards, hooks that are left out; what hooks are told (S6,
S11)."""
from __future__ import annotations

import pytest
from semantics_support import BOX, backend, calls, disk, events, manager, reserve, shipped, where

from berthc.semantics import BrokenTable, Outcome, Result, Value, World


def acquire(script: dict[str, str] | None = None, *, without: tuple[str, ...] = (),
            options: dict[str, Value] | None = None, **fields: Value) -> tuple[World, Result]:
    world = World(manager(BOX), options, without)
    result = world.run("acquire", config={"box": {"name": "a", **fields}},
                       outcomes=backend(script or {}))
    return world, result


def state(world: World) -> list[str]:
    return [item["state"] for item in world.snapshot()["box"]]


def test_a_raised_event_runs_in_the_new_state_within_the_same_operation() -> None:
    world, result = acquire()
    assert calls(result) == [("b.open", "ok"), ("b.tell", "ok")]
    assert events(result) == [("box", "fresh", "open", "ok"), ("box", "opened", "check", "ok"),
                              ("box", "opened", "hold", "ok")]
    assert (result.error, state(world)) == (None, ["opened"])


def test_the_error_of_a_raised_event_is_the_operations() -> None:
    world, result = acquire({"b.tell": "EPIPE"})
    assert result.error == "EPIPE"
    assert result.where == {"resource": "box", "state": "opened", "event": "check",
                            "hook": "b.tell"}
    assert (state(world), world.snapshot()["box"][0]["refs"]) == (["broken"], 0)


def test_a_raise_after_a_failed_call_runs_and_the_first_error_stays() -> None:
    world, result = acquire({"b.open": "EIO"})
    assert events(result) == [("box", "fresh", "open", "fail"),
                              ("box", "broken", "check", "rejected")]
    assert result.error == "EIO"
    assert result.where == {"resource": "box", "state": "fresh", "event": "open", "hook": "b.open"}
    assert state(world) == ["broken"]


def test_a_raise_after_an_uncertain_call_runs_and_the_error_stays_whatever_it_does() -> None:
    world, result = acquire({"b.open": "?ETIMEDOUT"})
    assert (result.error, calls(result)) == (
        "ETIMEDOUT",
        [("b.open", "uncertain"), ("b.shut", "ok")],
    )
    assert state(world) == [], "undone, and ended although the step failed"
    world, result = acquire({"b.open": "?ETIMEDOUT", "b.shut": "EIO"})
    assert (result.error, calls(result)) == (
        "ETIMEDOUT",
        [("b.open", "uncertain"), ("b.shut", "fail")],
    )
    assert where(result)["hook"] == "b.open"
    assert state(world) == ["unsure"]


def test_an_uncertain_outcome_goes_where_fail_goes_when_the_spec_names_nothing_else() -> None:
    world, result = acquire({"b.tell": "?EIO"})
    assert (result.error, state(world), calls(result)[-1]) == (
        "EIO",
        ["broken"],
        ("b.tell", "uncertain"),
    )
    assert events(result)[-1] == ("box", "opened", "check", "uncertain")


@pytest.mark.parametrize("error", ["EIO", "ENODEV", "ENOENT", "ECANCELED", "EHWPOISON"])
def test_a_hooks_error_passes_through(error: str) -> None:
    world = World(shipped("scsi"))
    held = reserve(world)
    result = world.run("map_to_guest", reservation=held, outcomes=backend({"vm.add_disk": error}))
    assert (result.error, where(result)["hook"]) == (error, "vm.add_disk")


def test_reject_calls_nothing_and_stays() -> None:
    world = World(shipped("vpci"))
    held = str(world.run("reserve",
                         config={"device": {"device_instance_id": "d"}}).returns["reservation"])
    world.run("add_to_vm", reservation=held, outcomes=backend({"vm.add_device": "EIO"}))
    result = world.run("add_to_vm", reservation=held)
    assert (result.error, result.calls) == ("ENOTRECOVERABLE", ())
    assert result.where == {"resource": "device", "state": "failed", "event": "add"}


def test_rows_are_tried_in_order_and_guards_read_the_instance() -> None:
    for level, error in ((7, None), (8, "EDOM"), (9, "EDOM")):
        _, result = acquire(level=level)
        assert result.error == error
    world = World(shipped("scsi"), {"guest": "windows"})
    for partition, refs, hook in ((1, True, "guest.format_and_mount"), (2, False, "guest.mount")):
        held = reserve(world, partition=partition, format_with_refs=refs)
        assert calls(world.run("map_to_guest", reservation=held))[-1] == (hook, "ok")


def test_guards_of_rows_read_options_too() -> None:
    _, plain = acquire(kind="large")
    assert calls(plain)[0] == ("b.open", "ok")
    _, fancy = acquire(kind="large", options={"mode": "fancy"})
    assert calls(fancy) == [("b.need", "ok")]
    _, small = acquire(kind="small", options={"mode": "fancy"})
    assert calls(small)[0] == ("b.open", "ok")


def test_a_hook_that_is_left_out_counts_as_ok_without_a_call() -> None:
    world, result = acquire({"b.tell": "EIO"}, without=("b.tell",))
    assert (result.error, calls(result), state(world)) == (None, [("b.open", "ok")], ["opened"])
    assert events(result)[1] == ("box", "opened", "check", "ok")
    scsi = World(shipped("scsi"), without=["guest.eject"])
    held = reserve(scsi)
    scsi.run("map_to_guest", reservation=held)
    assert calls(scsi.run("unmap_from_guest", reservation=held)) == [
        ("guest.unmount", "ok"),
        ("vm.remove_disk", "ok"),
    ]


def test_a_hook_that_is_left_out_rejects_where_the_spec_says_so() -> None:
    world, result = acquire(without=("b.need",), kind="large", options={"mode": "fancy"})
    assert (result.error, result.where) == (
        "EOPNOTSUPP",
        {"resource": "box", "state": "fresh", "event": "open"},
    )
    assert (result.calls, state(world)) == ((), [])
    assert events(result) == [("box", "fresh", "open", "rejected")]


def test_otherwise_rejects_in_the_holes_of_the_table() -> None:
    world = World(manager(BOX))
    world.run("acquire", config={"box": {"name": "a"}})
    result = world.run("kill", config={"box": {"name": "a"}})
    assert (result.error, result.where) == (
        "ENOTTY",
        {"resource": "box", "state": "opened", "event": "kill"},
    )
    assert result.rows[0].row is None
    assert result.rows[0].outcome == "rejected"


def test_hooks_get_the_instance_and_those_above_it() -> None:
    world = World(shipped("scsi"))
    held = reserve(world, partition=3)
    add, mount = world.run("map_to_guest", reservation=held).calls
    assert dict(add.args) == {"host_path": "/a", "read_only": False, "type": "virtual_disk",
                              "evd_type": "", "controller": 0, "lun": 0}
    assert list(mount.args) == ["partition", "read_only", "encrypted", "options",
                                "ensure_filesystem", "filesystem", "block_dev", "format_with_refs",
                                "guest_path", "host_path", "type", "evd_type", "controller", "lun"]
    assert (mount.args["partition"], mount.args["guest_path"], mount.args["host_path"]) == (
        3,
        "/run/mounts/scsi/0_0_3",
        "/a",
    )


def test_the_nearer_value_wins_where_names_clash() -> None:
    world = World(shipped("scsi"))
    config: dict[str, dict[str, Value]] = {
        "disk": disk(read_only=True),
        "mount": {"read_only": False},
    }
    held = str(world.run("reserve", config=config).returns["reservation"])
    add, mount = world.run("map_to_guest", reservation=held).calls
    assert (add.args["read_only"], mount.args["read_only"]) == (True, False)


def test_calls_of_one_hook_are_counted_within_an_operation() -> None:
    seen: list[tuple[str, int]] = []

    def outcome(hook: str, nth: int, _args: object) -> Outcome:
        seen.append((hook, nth))
        return Outcome("uncertain", "EIO") if len(seen) == 1 else Outcome("ok")

    world = World(shipped("plan9"))
    config: dict[str, dict[str, Value]] = {"share": {"host_path": "/a"}}
    world.run("add_to_vm", config=config,
              outcomes=backend({"vm.add_plan9": "?EIO", "vm.remove_plan9": "EIO"}))
    assert world.snapshot()["share"][0]["state"] == "suspect"
    world.run("add_to_vm", config=config, outcomes=outcome)
    assert seen == [("vm.remove_plan9", 1)]
    world.run("add_to_vm", config=config, outcomes=outcome)
    assert seen[1:] == [("vm.remove_plan9", 1),
                        ("vm.add_plan9", 1)], "the next operation counts from 1 again"


@pytest.mark.parametrize(("kind", "error"), [("ok", "EIO"), ("fail", None), ("maybe", "EIO")])
def test_an_outcome_has_an_error_unless_it_is_ok(kind: str, error: str | None) -> None:
    with pytest.raises(ValueError, match=kind):
        Outcome(kind, error)


def test_a_table_that_the_checker_refuses_is_named_rather_than_run() -> None:
    hole = """
manager: holes
resources:
  thing:
    initial: a
    states:
      a: {resident: true, on: {go: {to: b, raise: back}}}
      b: {resident: true, on: {back: {to: a, raise: go}}}
      c: {on: {off: stay}}
operations:
  hole: {obtain: [thing], do: [thing.off]}
  circle: {obtain: [thing], do: [thing.go]}
"""
    world = World(manager(hole))
    with pytest.raises(BrokenTable, match=r"thing\.a has no row for off"):
        world.run("hole")
    with pytest.raises(BrokenTable, match="without end"):
        world.run("circle")
