"""Arguments and policy: what is refused before anything is looked at, and in which order."""
from __future__ import annotations

from collections.abc import Callable

import pytest
from semantics_support import BOX, disk, manager, reserve, shipped, where

from berthc.semantics import Value, World
from berthc.semantics.values import NO_ITEMS


def store(**options: Value) -> World:
    return World(manager(BOX), options)


@pytest.mark.parametrize(("fields", "field"), [
    ({"name": ""}, "name"), ({}, "name"),  # required
    # longer than max_length: 9 and 10 bytes
    ({"name": "123456789"}, "name"), ({"name": "12345678é"}, "name"),
    ({"name": "1234567é"}, "name"),  # 8 characters, but 9 bytes
    ({"name": "a", "level": 10}, "level"),  # range
    ({"name": "a", "level": 256}, "level"), ({"name": "a", "level": -1}, "level"),  # type
    ({"name": "a", "weight": 1 << 31}, "weight"),
    ({"name": "a", "kind": "huge"}, "kind"),
    # the first
    ({"name": "", "level": 10, "kind": "huge"}, "name"),
    ({"name": "a", "level": 10, "kind": "huge"}, "level"),
])
def test_a_field_outside_its_limits_is_einval_at_its_resource(
        fields: dict[str, Value], field: str) -> None:
    world = store()
    before = world.key()
    result = world.run("make", config={"box": fields})
    assert (result.error, result.where) == ("EINVAL", {"resource": "box", "field": field})
    assert world.key() == before


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "12345678"},
        {"name": "123456é"},
        {"name": "a", "level": 0},
        {"name": "a", "level": 6},
        {"name": "a", "weight": -(1 << 31)},
    ],
)
def test_limits_are_inclusive(fields: dict[str, Value]) -> None:
    assert store().run("make", config={"box": fields}).error is None


def test_a_list_or_set_without_its_items_is_einval() -> None:
    world = World(shipped("plan9"))
    result = world.run("add_to_vm",
                       config={"share": {
                           "host_path": "/a",
                           "allowed_names": NO_ITEMS
                       }})
    assert (result.error, result.where) == ("EINVAL", {
        "resource": "share",
        "field": "allowed_names"
    })
    assert world.run("add_to_vm", config={
        "share": {
            "host_path": "/a",
            "allowed_names": ()
        }
    }).error is None


def test_levels_are_checked_root_first() -> None:
    text = """
manager: two
resources:
  top: {key: [a], fields: {a: {type: u8, range: [1, 2]}}, initial: s, states: {s: {resident: true}}}
  low: {parent: top, key: [b], fields: {b: {type: u8, range: [1, 2]}}, initial: s, states: {s: {resident: true}}}
operations:
  make: {obtain: [top, low]}
"""
    world = World(manager(text))
    assert where(world.run("make", config={
        "top": {
            "a": 3
        },
        "low": {
            "b": 3
        }
    })) == {
        "resource": "top",
        "field": "a"
    }
    assert where(world.run("make", config={
        "top": {
            "a": 1
        },
        "low": {
            "b": 3
        }
    })) == {
        "resource": "low",
        "field": "b"
    }
    assert where(world.run("make", config={"low": {
        "b": 1
    }})) == {
        "resource": "top",
        "field": "a"
    }, "left out counts as 0"


def test_arguments_come_before_policy() -> None:
    world = World(shipped("scsi"))
    result = world.run("reserve", config={"disk": disk(""), "mount": {"format_with_refs": True}})
    assert (result.error, result.where) == ("EINVAL", {"resource": "disk", "field": "host_path"})


def test_the_first_deny_that_holds_decides_and_is_named() -> None:
    fields: dict[str, dict[str, Value]] = {"box": {"name": "a", "level": 7}}
    for mode, error, rule in (("plain", "EPERM", "box.level > 6 and option.mode == plain"),
                              ("fancy", "EACCES", "box.level > 6")):
        world = store(mode=mode)
        result = world.run("make", config=fields)
        assert (result.error, result.where, world.snapshot()["box"]) == (error, {"rule": rule}, [])


def test_policy_comes_before_what_is_tracked() -> None:
    world = World(shipped("plan9"), {"no_writable_shares": True})
    assert world.run("add_to_vm",
                     config={"share": {"host_path": "/a", "read_only": True}}).error is None
    result = world.run("add_to_vm", config={"share": {"host_path": "/a"}})
    assert (result.error, result.where) == (
        "EPERM",
        {"rule": "Writable shares are switched off"},
    ), "its brief, without the full stop"
    assert world.run("resolve_share_name", config={"share": {"host_path": "/a"}}).error == "EPERM"


@pytest.mark.parametrize(
    ("guest", "fields", "error"),
    [
        ("linux", {"format_with_refs": True}, "EINVAL"),
        ("linux", {"encrypted": True, "ensure_filesystem": True, "block_dev": True}, None),
        ("windows", {"format_with_refs": True}, None),
        ("windows", {"encrypted": True}, "EINVAL"),
        ("windows", {"ensure_filesystem": True}, "EINVAL"),
        ("windows", {"block_dev": True}, "EINVAL"),
        ("windows", {}, None),
    ],
)
def test_guards_of_policy_combine_options_and_fields(
    guest: str, fields: dict[str, Value], error: str | None
) -> None:
    world = World(shipped("scsi"), {"guest": guest})
    result = world.run("reserve", config={"disk": disk(), "mount": fields})
    assert result.error == error
    rules = {"linux": "Linux guests cannot format with ReFS",
             "windows": "Windows guests know none of encrypted, ensure_filesystem and block_dev"}
    assert result.where == (None if error is None else {"rule": rules[guest]})


def test_a_slot_outside_the_pool_is_einval_checked_after_the_fields() -> None:
    world = World(shipped("scsi"), {"controllers": 2})
    for at in ({"controller": 2, "lun": 0}, {"controller": 0, "lun": 64},
               {"controller": -1, "lun": 0}):
        result = world.run("reserve_for_rootfs", config={"disk": disk()}, at=at)
        assert (result.error, result.where) == ("EINVAL", {"resource": "disk"})
    assert world.run("reserve_for_rootfs", config={"disk": disk()},
                     at={"controller": 1, "lun": 63}).error is None
    reserve(world, "/b")
    result = world.run("reserve_for_rootfs", config={"disk": disk("/b")},
                       at={"controller": 2, "lun": 0})
    assert result.error == "EINVAL", "before EEXIST"


def test_levels_found_by_key_need_no_more_than_the_key() -> None:
    world = store()
    assert world.run("make", config={"box": {"name": "a", "level": 3}}).error is None
    assert (
        world.run("release", config={"box": {"name": "a", "level": 99}}).error is None
    ), "level is no part of the key"
    assert where(world.run("release", config={"box": {
        "name": ""
    }})) == {
        "resource": "box",
        "field": "name"
    }
    assert world.run("make", config={"box": {"name": "a", "level": 3}}).error is None
    assert world.run("cover", config={"box": {"name": "a", "level": 99}, "lid": {}}).error is None


@pytest.mark.parametrize(("op", "at"), [("put", None), ("reserve", None), ("place", {"row": 0})])
def test_levels_that_may_be_made_need_all_fields(op: str, at: dict[str, int] | None) -> None:
    result = store().run(op, config={"box": {"name": "a", "level": 10}}, at=at)
    assert (result.error, result.where) == ("EINVAL", {"resource": "box", "field": "level"})


@pytest.mark.parametrize("options",
                         [{"rows": 0}, {"rows": 5}, {"mode": "odd"}, {"no": 1}, {"rows": "1"},
                          {"rows": True}, {"limit": 256}])
def test_options_that_will_not_do_make_no_manager(options: dict[str, Value]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        store(**options)


@pytest.mark.parametrize("without", [["b.open"], ["b.none"]])
def test_only_optional_hooks_can_be_left_out(without: list[str]) -> None:
    with pytest.raises(ValueError, match=without[0]):
        World(manager(BOX), without=without)


@pytest.mark.parametrize(
    "call",
    [
        lambda w: w.run("make", config={"crate": {}}),
        lambda w: w.run("make", config={"box": {"nam": "a"}}),
        lambda w: w.run("make", config={"box": {"name": 1}}),
        lambda w: w.run("make", config={"box": {"level": True}}),
        lambda w: w.run("make", config={"box": {"tags": ["a"]}}),
        lambda w: w.run("make", config={"box": {"name": "a"}}, reservation="r1"),
        lambda w: w.run("use", config={"box": {"name": "a"}}, reservation="r1"),
        lambda w: w.run("use"),
        lambda w: w.run("place", config={"box": {"name": "a"}}),
        lambda w: w.run("place", config={"box": {"name": "a"}}, at={"column": 1}),
        lambda w: w.run("release_by_number"),
    ],
)
def test_what_no_caller_of_c_could_write_is_a_mistake_of_the_caller_in_python(
    call: Callable[[World], object]) -> None:
    with pytest.raises(ValueError):
        call(store())
