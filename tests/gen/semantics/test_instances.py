"""Resolving the path: obtain, create, find, with; and what is assigned when an instance is made
(S1, S2, S9)."""
from __future__ import annotations

from typing import Any

import pytest
from semantics_support import BOX, backend, calls, disk, events, manager, reserve, shipped, where

from berthc.semantics import Value, World


def store(**options: Value) -> World:
    return World(manager(BOX), options)


def box(name: str, **fields: Value) -> dict[str, dict[str, Value]]:
    return {"box": {"name": name, **fields}}


def boxes(world: World) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = world.snapshot()["box"]
    return shown


# obtain

def test_other_fields_that_differ_are_eexist_and_change_nothing() -> None:
    world = World(shipped("scsi"))
    reserve(world)
    before = world.snapshot()
    result = world.run("reserve", config={"disk": disk(read_only=True), "mount": {"partition": 2}})
    assert (result.error, result.where) == ("EEXIST", {
        "resource": "disk",
        "state": "reserved",
        "field": "read_only"
    })
    result = world.run("reserve",
                       config={
                           "disk": disk(),
                           "mount": {
                               "partition": 1,
                               "filesystem": "xfs",
                               "block_dev": True
                           }
                       })
    assert (result.error, result.where) == ("EEXIST", {
        "resource": "mount",
        "state": "reserved",
        "field": "filesystem"
    }), "the first"
    assert world.snapshot() == before
    assert reserve(world) == "r2", "refused callers use up no reservation"


@pytest.mark.parametrize(("one", "other", "equal"), [
    ({"tags": ("a", "B")}, {"tags": ("b", "A", "b")}, True),  # a set with case ignored
    ({"tags": ("a",)}, {"tags": ()}, False),
    ({"order": ("a", "b")}, {"order": ("b", "a")}, False),  # a list
    ({"order": ("a", "a")}, {"order": ("a",)}, False),
    ({"order": ("a",)}, {"order": ("A",)}, False),
    ({"tags": ("é",)}, {"tags": ("É",)}, False),  # only ASCII letters
    ({"weight": 3}, {}, True),  # the default
    ({"owner": "x1"}, {"owner": "nil"}, False),
    ({"owner": "nil"}, {}, True),
    ({"kind": "large"}, {}, False),
    ({"kind": "small"}, {}, True),
])
def test_equality_of_fields(one: dict[str, Value], other: dict[str, Value], equal: bool) -> None:
    for first, second in ((one, other), (other, one)):
        world = store()
        assert world.run("make", config=box("a", **first)).error is None
        assert world.run("make", config=box("a", **second)).error == (None if equal else "EEXIST")


def test_a_key_with_case_ignored_finds_the_instance_and_keeps_its_first_spelling() -> None:
    world = store()
    world.run("make", config=box("Ab", tags=("X", "x")))
    assert world.run("make", config=box("aB", tags=("x",))).error is None
    assert [(b["name"], b["tags"]) for b in boxes(world)] == [("Ab", ["X", "x"])]


def test_all_fields_as_key_make_different_things_of_different_options() -> None:
    world = World(shipped("plan9"))
    options: list[dict[str, Value]] = [
        {},
        {"read_only": True},
        {"restrict": True},
        {"allowed_names": ("A", "b")},
    ]
    for number, fields in enumerate(options):
        assert world.run(
            "resolve_share_name", config={"share": {"host_path": "/a", **fields}}
        ).returns == {"name": str(number)}
    again = world.run("resolve_share_name",
                      config={"share": {"host_path": "/a", "allowed_names": ("B", "a", "b")}})
    assert again.returns == {"name": "3"}


def test_an_empty_key_allows_one_below_each_parent() -> None:
    world = World(shipped("plan9_mount"))
    for path in ("/a", "/b"):
        assert world.run("reserve", config={"share": {"host_path": path}}).error is None
    assert world.run("reserve",
                     config={"share": {"host_path": "/a"},
                             "mount": {"read_only": True}}).error == "EEXIST"
    assert [len(share["mount"]) for share in world.snapshot()["share"]] == [1, 1]


def test_take_is_fired_at_new_and_found_instances_of_a_reservation_root_first() -> None:
    world = World(shipped("scsi"))
    result = world.run("reserve", config={"disk": disk(), "mount": {}})
    assert events(result) == [("disk", "reserved", "claim", "ok"),
                              ("mount", "reserved", "claim", "ok")]
    again = world.run("reserve", config={"disk": disk(), "mount": {}})
    assert events(again) == events(result)


def test_a_state_that_rejects_take_refuses_the_caller_and_makes_nothing_below() -> None:
    world = World(shipped("scsi"))
    first = reserve(world)
    assert world.run("map_to_guest", reservation=first,
                     outcomes=backend({"vm.add_disk": "EIO"})).error == "EIO"
    before = world.snapshot()
    result = world.run("reserve", config={"disk": disk(), "mount": {"partition": 2}})
    assert result.error == "ENOTRECOVERABLE"
    assert result.where == {"resource": "disk", "state": "failed", "event": "claim"}
    assert events(result) == [("disk", "failed", "claim", "rejected")]
    assert world.snapshot() == before


def test_without_gives_nobody_takes() -> None:
    world = store()
    world.run("make", config=box("a"))
    result = world.run("make", config=box("a"))
    assert result.rows == ()
    assert boxes(world)[0]["refs"] == 0


def test_a_full_pool_is_enospc_and_a_freed_slot_is_the_next_one() -> None:
    world = store(rows=1)
    for name in ("a", "b"):
        assert world.run("make", config=box(name)).error is None
    before = world.snapshot()
    result = world.run("put", config=box("c"))
    assert (result.error, result.where) == ("ENOSPC", {"resource": "box"})
    assert world.snapshot() == before
    assert world.run("make", config=box("a")).error is None, "what is there needs no slot"
    world.run("release", config=box("a"))
    assert world.run("make", config=box("c")).error is None
    assert [(b["name"], b["row"], b["place"]) for b in boxes(world)] == [("b", 0, 1), ("c", 0, 0)]


def test_slots_go_up_with_the_last_part_fastest() -> None:
    world = World(shipped("scsi"), {"controllers": 2})
    for number in range(66):
        reserve(world, f"/{number}")
    slots = [(d["controller"], d["lun"]) for d in world.snapshot()["disk"]]
    assert slots == [(0, lun) for lun in range(64)] + [(1, 0), (1, 1)]


# assigned values

def test_assigned_values_of_a_new_instance() -> None:
    world = store()
    world.run("make", config=box("a"))
    world.run("make", config=box("b"))
    shown = boxes(world)
    assert [(b["number"], b["row"], b["place"], b["label"]) for b in shown] == [
        (5, 0, 0, "5/0.0"),
        (6, 0, 1, "6/0.1"),
    ]
    assert shown[0]["id"] != shown[1]["id"]
    assert [shown[0][name] for name in ("code", "word", "token", "odd", "signed")] == [
        0,
        "",
        "nil",
        False,
        0,
    ]


def test_the_first_format_whose_guard_holds_is_the_text() -> None:
    world = store(mode="fancy")
    world.run("make", config=box("a"))
    assert boxes(world)[0]["label"] == "*a*"
    for guest, path in (("linux", "/run/mounts/scsi/0_0_7"),
                        ("windows", "C:\\mounts\\scsi\\0_0_7")):
        scsi = World(shipped("scsi"), {"guest": guest})
        reserve(scsi, partition=7)
        assert scsi.snapshot()["disk"][0]["mount"][0]["guest_path"] == path


def test_a_format_reads_options_its_own_fields_and_those_above() -> None:
    world = store(limit=9)
    assert world.run(
        "put", config=box("a") | {"lid": {"colour": "red"}}).returns == {"path": "9:5/0.0:red"}


def test_counters_are_used_up_only_by_instances_that_are_made() -> None:
    world = store(rows=1)
    world.run("make", config=box("a"))
    assert world.run("make", config=box("a", level=1)).error == "EEXIST"
    assert world.run("acquire",
                     config=box("b",
                                level=8)).error == "EDOM", "made, refused by a row, and gone again"
    world.run("make", config=box("c"))
    assert [b["number"] for b in boxes(world)] == [5, 6]


def test_counters_go_on_when_instances_end() -> None:
    world = World(shipped("plan9"))
    for number in range(3):
        result = world.run("add_to_vm", config={"share": {"host_path": "/a"}},
                           outcomes=backend({"vm.add_plan9": "EIO"}))
        assert (result.error, world.snapshot()["share"]) == ("EIO", [])
        assert result.calls[0].args["name"] == str(number)


def test_values_from_hooks_are_set_when_the_hook_ends_ok() -> None:
    world = store()
    failed = world.run("acquire", config=box("a"), outcomes=backend({"b.open": "EIO"}))
    assert failed.returns == {}
    assert boxes(world)[0]["code"] == 0
    ok = world.run("acquire", config=box("b"))
    assert (ok.returns["code"], ok.returns["token"] != "nil") == (
        2,
        True,
    ), "the second call of the hook since the manager was made"
    shown = boxes(world)[1]
    assert (shown["word"], shown["odd"], shown["signed"]) == ("word-2", False, 1)


# create

def test_create_places_an_instance_with_no_holder_in_the_state_named() -> None:
    world = World(shipped("scsi"))
    result = world.run("reserve_for_rootfs", config={"disk": disk("/root")},
                       at={"controller": 0, "lun": 2})
    assert (result.error, result.calls, result.rows) == (None, (), ())
    shown = world.snapshot()["disk"][0]
    assert (shown["state"], shown["refs"], shown["controller"], shown["lun"],
            shown["mount"]) == ("boot", 0, 0, 2, [])


def test_create_of_what_is_tracked_is_eexist_before_a_taken_slot_is_ebusy() -> None:
    world = World(shipped("scsi"))
    reserve(world, "/a")
    at = {"controller": 0, "lun": 0}
    result = world.run("reserve_for_rootfs", config={"disk": disk("/a", read_only=True)}, at=at)
    assert (result.error, result.where) == ("EEXIST", {"resource": "disk", "state": "reserved"})
    result = world.run("reserve_for_rootfs", config={"disk": disk("/b")}, at=at)
    assert (result.error, result.where) == ("EBUSY", {"resource": "disk"})
    assert len(world.snapshot()["disk"]) == 1


def test_a_named_slot_is_passed_over_by_the_pool() -> None:
    world = World(shipped("scsi"))
    world.run("reserve_for_rootfs", config={"disk": disk("/root")}, at={"controller": 0, "lun": 1})
    for path in ("/a", "/b"):
        reserve(world, path)
    assert [d["lun"] for d in world.snapshot()["disk"]] == [1, 0, 2]


def test_create_below_what_is_missing_is_enoent_there() -> None:
    world = store()
    result = world.run("cover", config=box("a"))
    assert (result.error, result.where) == ("ENOENT", {"resource": "box"})
    world.run("make", config=box("a", level=4))
    assert world.run(
        "cover", config=box("A", level=1)).error is None, "only the key of the level above counts"
    result = world.run("cover", config=box("a") | {"lid": {"colour": "red"}})
    assert (result.error, result.where) == ("EEXIST", {"resource": "lid", "state": "off"})


def test_what_is_placed_can_be_used_by_reservations_and_stays() -> None:
    world = World(shipped("scsi"))
    world.run("reserve_for_rootfs", config={"disk": disk("/root")}, at={"controller": 0, "lun": 0})
    held = reserve(world, "/root")
    assert calls(world.run("map_to_guest", reservation=held)) == [("guest.mount", "ok")]
    assert calls(world.run("unmap_from_guest", reservation=held)) == [("guest.unmount", "ok")]
    shown = world.snapshot()["disk"][0]
    assert (shown["state"], shown["refs"], shown["mount"]) == ("boot", 0, [])


# find

def test_find_by_key_names_the_level_that_is_missing() -> None:
    world = store()
    assert where(world.run("uncover", config=box("a"))) == {"resource": "box"}
    world.run("make", config=box("a"))
    result = world.run("uncover", config=box("a"))
    assert (result.error, result.where) == ("ENOENT", {"resource": "lid"})


def test_absent_ok_is_success_with_zero_values_and_no_steps() -> None:
    result = store().run("release_quietly", config=box("a"))
    assert result.error is None
    assert result.returns == {"number": 0, "label": "", "id": "nil", "row": 0}
    assert (result.calls, result.rows) == ((), ())
    assert World(shipped("plan9")).run("remove_from_vm", by="0").error is None


def test_find_by_each_kind_of_assigned_value() -> None:
    world = store()
    for name in ("a", "b", "c", "d"):
        world.run("make", config=box(name))
    id_ = boxes(world)[1]["id"]
    assert where(world.run("release_by_number", by=4)) == {"resource": "box"}
    assert world.run("release_by_number", by=5).error is None
    assert world.run("release_by_id", by="nil").error == "ENOENT"
    assert world.run("release_by_id", by=id_).error is None
    assert world.run("release_by_slot", by={"row": 9, "place": 0}).error is None, "absent is ok"
    assert world.run("release_by_slot", by={"row": 1}).error is None
    assert [b["name"] for b in boxes(world)] == ["d"]


def test_a_name_is_found_only_as_it_is_written() -> None:
    world = World(shipped("plan9"))
    world.run("add_to_vm", config={"share": {"host_path": "/a"}})
    for name in ("00", " 0", "0 ", "+0", "", "1"):
        assert calls(world.run("remove_from_vm", by=name)) == []
    assert calls(world.run("remove_from_vm", by="0")) == [("vm.remove_plan9", "ok")]


def test_results_are_read_also_from_an_instance_that_ended() -> None:
    world = store()
    world.run("make", config=box("a"))
    result = world.run("release", config=box("a"))
    assert (result.returns["number"], result.returns["label"], boxes(world)) == (5, "5/0.0", [])


# reservations

@pytest.mark.parametrize("label", ["r2", "r0", "u1", "nil", "", "nonsense"])
def test_a_reservation_that_is_not_valid_is_enoent_with_no_place(label: str) -> None:
    world = World(shipped("scsi"))
    reserve(world)
    before = world.key()
    for op in ("map_to_guest", "unmap_from_guest"):
        result = world.run(op, reservation=label)
        assert (result.error, result.where, result.calls, result.rows) == ("ENOENT", {}, (), ())
    assert world.key() == before


def test_an_ended_reservation_is_enoent_although_the_same_path_is_reserved_again() -> None:
    world = World(shipped("scsi"))
    first = reserve(world)
    world.run("unmap_from_guest", reservation=first)
    second = reserve(world)
    assert (first, second) == ("r1", "r2")
    assert world.run("map_to_guest", reservation=first).error == "ENOENT"
    assert world.run("unmap_from_guest", reservation=first).error == "ENOENT"
    assert world.reservations == ("r2",)


def test_a_reservation_returns_what_it_was_asked_for_with_its_own_label() -> None:
    world = World(shipped("vpci"))
    first = world.run("reserve", config={"device": {"device_instance_id": "d"}})
    second = world.run("reserve", config={"device": {"device_instance_id": "d"}})
    assert first.returns == {"reservation": "r1", "vmbus_guid": "u1"}
    assert second.returns == {"reservation": "r2", "vmbus_guid": "u1"}
    other = world.run("reserve",
                      config={"device": {"device_instance_id": "d", "virtual_function_index": 1}})
    assert other.returns == {"reservation": "r3", "vmbus_guid": "u2"}


def test_only_an_operation_that_gives_returns_a_reservation() -> None:
    world = World(shipped("scsi"))
    held = reserve(world)
    assert world.run("map_to_guest",
                     reservation=held).returns == {"guest_path": "/run/mounts/scsi/0_0_1"}
    assert world.run("unmap_from_guest", reservation=held).returns == {}


def test_a_counter_goes_on_from_zero_after_its_last_value() -> None:
    world = World(
        manager(BOX.replace("counter: {start: 5}", f"counter: {{start: {(1 << 64) - 1}}}"))
    )
    world.run("make", config=box("a"))
    world.run("make", config=box("b"))
    assert [b["number"] for b in boxes(world)] == [(1 << 64) - 1, 0]
