"""Holders, progress of reservations and atomicity: S1, S3, S4, S5, S7, S8."""
from __future__ import annotations

from typing import Any

from semantics_support import BOX, backend, calls, disk, events, manager, reserve, shipped, where

from berthc.semantics import Value, World

SHARE: dict[str, dict[str, Value]] = {"share": {"host_path": "/a"}}


def disks(world: World) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = world.snapshot()["disk"]
    return shown


# S4: only the last holder's drop runs

def test_a_drop_while_a_reservation_holds_it_too_lets_go_and_calls_nothing() -> None:
    world = World(shipped("scsi"))
    first, second = reserve(world), reserve(world)
    world.run("map_to_guest", reservation=first)
    result = world.run("unmap_from_guest", reservation=first)
    assert (result.error, result.calls) == (None, ())
    assert events(result) == [("mount", "mounted", "unmount", "released"),
                              ("disk", "attached", "detach", "released")]
    assert (disks(world)[0]["refs"], disks(world)[0]["mount"][0]["refs"], world.reservations) == (
        1,
        1,
        (second,),
    )
    last = world.run("unmap_from_guest", reservation=second)
    assert calls(last) == [("guest.unmount", "ok"), ("guest.eject", "ok"), ("vm.remove_disk", "ok")]
    assert disks(world) == []


def test_a_child_holds_its_parent() -> None:
    world = World(shipped("scsi"))
    first, second = reserve(world, partition=1), reserve(world, partition=2)
    for held in (first, second):
        world.run("map_to_guest", reservation=held)
    result = world.run("unmap_from_guest", reservation=first)
    assert calls(result) == [("guest.unmount", "ok")]
    assert events(result)[-1] == ("disk", "attached", "detach", "released")
    assert [(m["partition"], m["state"]) for m in disks(world)[0]["mount"]] == [(2, "mounted")]


def test_a_child_alone_keeps_the_callers_drop_from_running() -> None:
    world = World(manager(BOX))
    box = {"box": {"name": "a"}}
    world.run("make", config=box)
    world.run("cover", config=box)
    result = world.run("release", config=box)
    assert (result.error, events(result)) == (None, [("box", "fresh", "leave", "released")])
    assert world.snapshot()["box"][0]["refs"] == 0


def test_anonymous_references_are_counted() -> None:
    world = World(shipped("plan9"))
    for refs in (1, 2, 3):
        result = world.run("add_to_vm", config=SHARE)
        assert calls(result) == ([("vm.add_plan9", "ok")] if refs == 1 else [])
        assert world.snapshot()["share"][0]["refs"] == refs
    for refs in (2, 1):
        result = world.run("remove_from_vm", by="0")
        assert (calls(result), events(result)) == ([], [("share", "added", "remove", "released")])
        assert world.snapshot()["share"][0]["refs"] == refs
    assert calls(world.run("remove_from_vm", by="0")) == [("vm.remove_plan9", "ok")]
    assert world.snapshot()["share"] == []


def test_one_without_a_hold_runs_the_row_when_nobody_holds_it() -> None:
    world = World(shipped("plan9"))
    world.run("resolve_share_name", config=SHARE)
    result = world.run("remove_from_vm", by="0")
    assert (calls(result), events(result), world.snapshot()["share"]) == (
        [],
        [("share", "pending", "remove", "ok")],
        [],
    )


def test_one_without_a_reservation_cannot_take_a_reserved_thing_away() -> None:
    world = World(manager(BOX))
    config: dict[str, dict[str, Value]] = {"box": {"name": "a"}}
    label = str(world.run("reserve", config=config).returns["reservation"])
    for op in ("release", "uncover"):
        assert [e[3] for e in events(world.run(op, config=config))] == ["released"]
    shown = world.snapshot()["box"][0]
    assert (shown["refs"], shown["lid"][0]["refs"]) == (1, 1)
    assert world.run("give_back", reservation=label).error is None
    assert world.snapshot()["box"] == []


def test_a_drop_that_fails_keeps_the_hold() -> None:
    world = World(shipped("plan9"))
    world.run("add_to_vm", config=SHARE)
    result = world.run("remove_from_vm", by="0", outcomes=backend({"vm.remove_plan9": "ENODEV"}))
    assert result.error == "ENODEV"
    assert result.where == {"resource": "share", "state": "added", "event": "remove",
                            "hook": "vm.remove_plan9"}
    assert [(s["state"], s["refs"]) for s in world.snapshot()["share"]] == [("added", 1)]
    assert world.run("remove_from_vm", by="0").error is None


def test_take_adds_a_reference_only_when_its_chain_ended_ok() -> None:
    world = World(shipped("plan9"))
    world.run("add_to_vm", config=SHARE)
    world.run("remove_from_vm", by="0", outcomes=backend({"vm.remove_plan9": "?EIO"}))
    assert [(s["state"], s["refs"]) for s in world.snapshot()["share"]] == [("leaving", 1)]
    assert world.run("add_to_vm", config=SHARE).error == "EBUSY"
    assert world.snapshot()["share"][0]["refs"] == 1


# S5: a reservation remembers its progress

def half_way() -> tuple[World, str]:
    """A reservation that let go of its mount and failed to let go of its disk."""
    world = World(shipped("scsi"))
    held = reserve(world)
    world.run("map_to_guest", reservation=held)
    result = world.run("unmap_from_guest", reservation=held,
                       outcomes=backend({"guest.eject": "EBUSY"}))
    assert (result.error, calls(result)) == (
        "EBUSY",
        [("guest.unmount", "ok"), ("guest.eject", "fail")],
    )
    assert (disks(world)[0]["state"], disks(world)[0]["refs"],
            disks(world)[0]["mount"]) == ("attached", 1, [])
    return world, held


def test_a_retry_goes_on_where_it_stopped() -> None:
    world, held = half_way()
    assert world.reservations == (held,)
    result = world.run("unmap_from_guest", reservation=held,
                       outcomes=backend({"vm.remove_disk": "EIO"}))
    assert calls(result) == [("guest.eject", "ok"), ("vm.remove_disk", "fail")]
    assert where(result) == {"resource": "disk", "state": "ejected", "event": "detach",
                             "hook": "vm.remove_disk"}
    assert disks(world)[0]["state"] == "ejected"
    result = world.run("unmap_from_guest", reservation=held)
    assert (calls(result), world.snapshot()) == (
        [("vm.remove_disk", "ok")],
        {"reservations": [], "disk": []},
    )


def test_a_retry_does_not_touch_what_another_caller_has_put_under_the_same_key() -> None:
    world, first = half_way()
    second = reserve(world)
    assert calls(world.run("map_to_guest", reservation=second)) == [("guest.mount", "ok")]
    result = world.run("unmap_from_guest", reservation=first)
    assert (result.error, calls(result), events(result)) == (
        None,
        [],
        [("disk", "attached", "detach", "released")],
    )
    assert [m["state"] for m in disks(world)[0]["mount"]] == ["mounted"]


def test_a_reservation_that_has_begun_to_let_go_cannot_be_used() -> None:
    world, held = half_way()
    before = world.key()
    result = world.run("map_to_guest", reservation=held)
    assert (result.error, result.where, result.calls) == ("ECANCELED", {}, ())
    assert world.key() == before


def test_a_released_hold_counts_as_progress_too() -> None:
    world = World(shipped("scsi"))
    first, second = reserve(world), reserve(world, partition=1)
    other = reserve(world, partition=2)
    world.run("map_to_guest", reservation=first)
    for held in (second, other):
        assert world.run("unmap_from_guest", reservation=held).error is None
    result = world.run("unmap_from_guest", reservation=first,
                       outcomes=backend({"guest.eject": "EIO"}))
    assert calls(result)[0] == ("guest.unmount", "ok")
    assert world.run("map_to_guest", reservation=first).error == "ECANCELED"


def test_a_reservation_pins_an_instance_and_never_its_successor() -> None:
    world = World(manager(BOX))
    config: dict[str, dict[str, Value]] = {"box": {"name": "a"}}
    old = str(world.run("reserve", config=config).returns["reservation"])
    assert world.run(
        "kill", config=config).error is None, "an event other than drop ends it under its holder"
    new = str(world.run("reserve", config=config).returns["reservation"])
    result = world.run("give_back", reservation=old)
    assert (result.error, result.calls) == (None, ())
    assert (world.snapshot()["box"][0]["refs"], world.reservations) == (1, (new,))


# S1: atomic until the first call

def test_a_row_that_rejects_undoes_the_steps_before_it() -> None:
    world = World(manager(BOX))
    config: dict[str, dict[str, Value]] = {"box": {"name": "a", "level": 8}}
    result = world.run("acquire", config=config)
    assert (result.error, result.where) == (
        "EDOM",
        {"resource": "box", "state": "fresh", "event": "open"},
    )
    assert world.snapshot()["box"] == [], "the instance was made by the same operation"
    world.run("make", config={"box": {"name": "b"}})
    assert world.snapshot()["box"][0]["number"] == 5


def test_a_rejected_step_gives_back_a_hold_that_an_earlier_step_dropped() -> None:
    text = """
manager: two
resources:
  top:
    key: [a]
    fields: {a: {type: u8}}
    holders: {take: hold, drop: leave}
    initial: s
    states:
      s: {on: {hold: stay, leave: {reject: EBUSY}}}
      t: {on: {hold: stay, leave: stay}}
  low:
    parent: top
    holders: {take: hold, drop: leave}
    initial: s
    states: {s: {on: {hold: stay, leave: gone}}, gone: {final: true}}
operations:
  reserve: {obtain: [top, low], gives: reservation}
  end: {with: reservation, do: [low.leave, top.leave], ends: reservation}
"""
    world = World(manager(text))
    world.run("reserve")
    before = world.key()
    result = world.run("end", reservation="r1")
    assert (result.error, result.where) == (
        "EBUSY",
        {"resource": "top", "state": "s", "event": "leave"},
    )
    assert world.key() == before
    assert world.snapshot()["top"][0]["low"][0]["refs"] == 1
    assert world.run("end", reservation="r1").error == "EBUSY", "it can be tried again"


def test_after_the_first_call_what_was_done_stays_done() -> None:
    world = World(shipped("scsi"))
    held = reserve(world)
    result = world.run("map_to_guest", reservation=held,
                       outcomes=backend({"guest.mount": "ENOSYS"}))
    assert (result.error, calls(result)) == (
        "ENOSYS",
        [("vm.add_disk", "ok"), ("guest.mount", "fail")],
    )
    assert (
        disks(world)[0]["state"], disks(world)[0]["mount"][0]["state"]) == ("attached", "failed")
    again = world.run("map_to_guest", reservation=held)
    assert (again.error, again.calls) == ("ENOTRECOVERABLE", ())
    assert calls(world.run("unmap_from_guest", reservation=held)) == [
        ("guest.eject", "ok"),
        ("vm.remove_disk", "ok"),
    ]


def test_steps_stop_at_the_first_that_fails() -> None:
    world = World(shipped("scsi"))
    held = reserve(world)
    result = world.run("map_to_guest", reservation=held, outcomes=backend({"vm.add_disk": "EIO"}))
    assert events(result) == [("disk", "reserved", "attach", "fail")]
    assert disks(world)[0]["mount"][0]["state"] == "reserved"


# S8 and the end of a reservation

def test_an_instance_ends_also_when_the_step_that_brought_it_there_failed() -> None:
    world = World(shipped("plan9"))
    result = world.run("add_to_vm", config=SHARE, outcomes=backend({"vm.add_plan9": "EIO"}))
    assert (result.error, world.snapshot()["share"]) == ("EIO", [])
    assert world.run("add_to_vm", config=SHARE).returns == {"name": "1"}


def test_later_steps_on_an_instance_that_ended_are_skipped() -> None:
    world = World(manager(BOX))
    world.run("make", config={"box": {"name": "a"}})
    result = world.run("kill", config={"box": {"name": "a"}})
    assert (result.error, events(result), result.calls) == (
        None,
        [("box", "fresh", "kill", "ok")],
        (),
    )


def test_a_reservation_ends_only_when_every_step_ended_ok() -> None:
    world, held = half_way()
    assert world.run("unmap_from_guest", reservation=held,
                     outcomes=backend({"guest.eject": "EIO"})).error == "EIO"
    assert world.reservations == (held,)
    assert world.run("unmap_from_guest", reservation=held).error is None
    assert world.reservations == ()


def test_a_reservation_that_ends_with_holds_left_takes_them_along() -> None:
    text = """
manager: one
resources:
  thing:
    holders: {take: hold, drop: leave}
    initial: s
    states: {s: {resident: true, on: {hold: stay, leave: stay}}}
operations:
  reserve: {obtain: [thing], gives: reservation}
  forget: {with: reservation, ends: reservation}
"""
    world = World(manager(text))
    for _ in range(2):
        world.run("reserve")
    assert world.snapshot()["thing"][0]["refs"] == 2
    world.run("forget", reservation="r1")
    assert world.snapshot() == {"reservations": ["r2"], "thing": [{"state": "s", "refs": 1}]}


def test_unmap_without_map_calls_nothing() -> None:
    cases: list[tuple[str, dict[str, dict[str, Value]], str]] = [
        ("scsi", {"disk": disk()}, "unmap_from_guest"), ("plan9_mount", SHARE, "unmap_from_guest"),
        ("vpci", {"device": {"device_instance_id": "d"}}, "remove_from_vm")]
    for name, config, op in cases:
        world = World(shipped(name))
        held = str(world.run("reserve", config=config).returns["reservation"])
        result = world.run(op, reservation=held)
        assert (result.error, result.calls) == (None, ())
        assert all(value == [] for value in world.snapshot().values())


def test_what_is_below_an_instance_ends_with_it() -> None:
    world = World(manager(BOX))
    config: dict[str, dict[str, Value]] = {"box": {"name": "a"}}
    old = str(world.run("reserve", config=config).returns["reservation"])
    assert world.run("kill", config=config).error is None
    assert world.snapshot() == {"reservations": [old], "box": []}
    assert world.run("use", reservation=old).rows == (), "steps on instances that ended are skipped"
    world.run("make", config=config)
    shown = world.snapshot()["box"][0]
    assert (shown["refs"], shown["lid"]) == (0, [])


def test_a_retry_gives_the_values_of_what_an_earlier_attempt_ended() -> None:
    world = World(manager(BOX))
    config: dict[str, dict[str, Value]] = {"box": {"name": "a"}, "lid": {"colour": "red"}}
    held = str(world.run("reserve", config=config).returns["reservation"])
    world.run("use", reservation=held)
    failed = world.run("give_back", reservation=held, outcomes=backend({"b.shut": "EIO"}))
    assert (failed.error, failed.returns, world.snapshot()["box"][0]["lid"]) == ("EIO", {}, [])
    world.run("cover", config={"box": {"name": "a"}, "lid": {"colour": "blue"}})
    assert world.run("give_back", reservation=held).returns == {"path": "5:5/0.0:red"}


# S3: the limit

def test_a_reference_that_cannot_be_counted_is_refused_before_any_call() -> None:
    world = World(shipped("plan9"), max_holders=2)
    for _ in range(2):
        assert world.run("add_to_vm", config=SHARE).error is None
    before = world.snapshot()
    refused = world.run("add_to_vm", config=SHARE)
    assert (refused.error, where(refused), refused.calls) == (
        "EOVERFLOW",
        {"resource": "share"},
        (),
    )
    assert world.snapshot() == before


def test_a_reservation_or_a_child_that_cannot_be_counted_is_refused() -> None:
    world = World(shipped("scsi"), max_holders=2)
    assert world.run("reserve", config={"disk": disk(), "mount": {"partition": 1}}).error is None
    before = world.snapshot()
    for partition in (1, 2):  # a pin more, and a pin and a child more
        refused = world.run("reserve", config={"disk": disk(), "mount": {"partition": partition}})
        assert (
            refused.error, where(refused), refused.calls) == ("EOVERFLOW", {"resource": "disk"}, ())
        assert world.snapshot() == before


def test_what_takes_nothing_runs_at_the_limit() -> None:
    world = World(shipped("scsi"), max_holders=2)
    held = reserve(world, partition=1)
    assert world.run("map_to_guest", reservation=held).error is None
    assert world.run("unmap_from_guest", reservation=held).error is None
    assert disks(world) == []
