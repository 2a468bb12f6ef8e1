"""Everything that makes a request of the simulator malformed (docs/simulator.md)."""
from __future__ import annotations

import json
from typing import Any

import pytest
from talk_support import Talk, is_malformed

HOSTILE = [
    "{",
    "}",
    "[]",
    "null",
    "1",
    '"new"',
    "{}",
    "nonsense",
    '{"op": "new"} {"op": "new"}',
    '{"op": "new",}',
    "{'op': 'new'}",
    '{"op": 1}',
    '{"op": null}',
    '{"op": "no_such_op"}',
    '{"op": "NEW"}',
    '{"op": "new", "op": "new"}',
    '{"op": "new", "\\u006fp": "new"}',
    '{"op": "reserve", "disk": {"host_path": "/a", "host_path": "/a"}}',
    '{"op": "new", "options": NaN}',
    '{"op": "reserve", "mount": {"partition": Infinity}}',
    '{"op": "reserve", "mount": {"partition": -Infinity}}',
    "[" * 30 + "]" * 30,
    "[" * 100_000,
    '{"op":' * 50_000,
    '{"op": "new", "x": ' + "[" * 20 + "]" * 20 + "}",
    '{"op": "reserve", "disk": {"host_path": "a\\u0000b"}}',
    '{"op": "reserve", "disk": {"host_path": "\\ud800"}}',
    '{"op": "new\\u0000"}',
    '{"op": "new", "fail": []}',
    '{"op": "new", "options": []}',
    '{"op": "new", "options": {"no": 1}}',
    '{"op": "new", "options": {"controllers": 0}}',
    '{"op": "new", "options": {"controllers": 5}}',
    '{"op": "new", "options": {"controllers": "1"}}',
    '{"op": "new", "options": {"guest": "beos"}}',
    '{"op": "new", "without": "guest.eject"}',
    '{"op": "new", "without": ["vm.add_disk"]}',
    '{"op": "new", "without": ["guest"]}',
    '{"op": "new", "without": [1]}',
    '{"op": "drain", "disk": {}}',
    '{"op": "discard", "options": {}}',
    '{"op": "discard", "mount": {}}',
    '{"op": "discard", "disk": "/a"}',
    '{"op": "discard", "disk": {"host_pth": "/a"}}',
    '{"op": "discard", "disk": {"host_path": "/a"}, "reservation": "r1"}',
    '{"op": "drain", "fail": "vm.add_disk"}',
    '{"op": "reserve", "disk": []}',
    '{"op": "reserve", "disk": "/a"}',
    '{"op": "reserve", "disk": null}',
    '{"op": "reserve", "share": {}}',
    '{"op": "reserve", "disk": {"host_pth": "/a"}}',
    '{"op": "reserve", "disk": {"host_path": 1}}',
    '{"op": "reserve", "disk": {"host_path": null}}',
    '{"op": "reserve", "disk": {"read_only": 1}}',
    '{"op": "reserve", "disk": {"read_only": "true"}}',
    '{"op": "reserve", "disk": {"type": "floppy"}}',
    '{"op": "reserve", "disk": {"type": 0}}',
    '{"op": "reserve", "disk": {"controller": 0}}',
    '{"op": "reserve", "mount": {"partition": -1}}',
    '{"op": "reserve", "mount": {"partition": 1.0}}',
    '{"op": "reserve", "mount": {"partition": 1e0}}',
    '{"op": "reserve", "mount": {"partition": true}}',
    '{"op": "reserve", "mount": {"options": "ro"}}',
    '{"op": "reserve", "mount": {"options": [1]}}',
    '{"op": "reserve", "mount": {"options": {}}}',
    '{"op": "reserve", "reservation": "r1"}',
    '{"op": "map_to_guest"}',
    '{"op": "map_to_guest", "reservation": 1}',
    '{"op": "map_to_guest", "reservation": null}',
    '{"op": "map_to_guest", "reservation": "r1", "disk": {}}',
    '{"op": "reserve_for_rootfs", "disk": {"host_path": "/a"}}',
    '{"op": "reserve_for_rootfs", "disk": {"host_path": "/a"}, "address": 0}',
    '{"op": "reserve_for_rootfs", "address": {"controller": 0, "lun": 256}}',
    '{"op": "reserve_for_rootfs", "address": {"lun": -1}}',
    '{"op": "reserve_for_rootfs", "address": {"lun": 0, "bus": 0}}',
    '{"op": "reserve_for_rootfs", "address": {"lun": "0"}}',
    '{"op": "reserve", "fail": ["vm.add"]}',
    '{"op": "reserve", "fail": [1]}',
    '{"op": "reserve", "fail": [null]}',
    '{"op": "reserve", "fail": [{}]}',
    '{"op": "reserve", "fail": {"hook": "vm.add_disk"}}',
    '{"op": "reserve", "fail": [{"hook": "vm.add_disk", "nth": 0}]}',
    '{"op": "reserve", "fail": [{"hook": "vm.add_disk", "nth": -1}]}',
    '{"op": "reserve", "fail": [{"hook": "vm.add_disk", "nth": "1"}]}',
    '{"op": "reserve", "fail": [{"hook": "vm.add_disk", "nth": null}]}',
    '{"op": "reserve", "fail": [{"hook": "vm.add_disk", "error": "EWHAT"}]}',
    '{"op": "reserve", "fail": [{"hook": "vm.add_disk", "error": 5}]}',
    '{"op": "reserve", "fail": [{"hook": "vm.add_disk", "outcome": "good"}]}',
    '{"op": "reserve", "fail": [{"hook": "vm.add_disk", "outcome": "ok", "error": "EIO"}]}',
    '{"op": "reserve", "fail": [{"hook": "vm.add_disk", "error": "EIO", "outcome": "ok"}]}',
    '{"op": "reserve", "fail": [{"hook": "vm.add_disk", "writes": "old"}]}',
    '{"op": "reserve", "fail": [{"hook": "vm.add_disk", "writes": 1}]}',
    '{"op": "reserve", "fail": [{"hook": "vm.add_disk", "outcome": ["fail"]}]}',
    '{"op": "reserve", "fail": [{"hook": "vm.add_disk", "times": 2}]}',
]


@pytest.mark.parametrize("line", HOSTILE, ids=[line[:60] for line in HOSTILE])
def test_a_malformed_request_is_answered_so_and_changes_nothing(scsi: Talk, line: str) -> None:
    scsi("new", options={"controllers": 2})
    before = scsi("reserve", disk={"host_path": "/a"})["state"]
    assert is_malformed(scsi.raw(line), 3)
    after = scsi("map_to_guest", reservation="r2")
    assert (after["n"], after["error"], after["state"]) == (4, "ENOENT", before)


@pytest.mark.parametrize("line", [
    b"\xff\xfe",
    b'{"op": "new\xff"}',
    b'{"op": "\xed\xa0\x80"}',
    "\ufeff{}".encode(),
    b'{"op": "n\x01ew"}',
    b'\x00{"op": "new"}',
])
def test_lines_that_are_no_text(scsi: Talk, line: bytes) -> None:
    assert is_malformed(scsi.raw(line), 1)


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ({"op": "make", "box": {"name": "a", "level": 10}}, {"resource": "box", "field": "level"}),
        ({"op": "make", "box": {"name": ""}}, {"resource": "box", "field": "name"}),
        (
            {"op": "make", "box": {"name": "a", "level": 7}},
            {"rule": "box.level > 6 and option.mode == plain"},
        ),
        ({"op": "place", "box": {"name": "a"}, "slot": {"row": 3}}, {"resource": "box"}),
    ],
)
def test_what_the_type_can_hold_is_for_the_operation_to_refuse(
    store: Talk, line: dict[str, Any], where: dict[str, str]
) -> None:
    answer = store.raw(json.dumps(line))
    assert (answer["ok"], answer["where"], "message" in answer) == (False, where, False)
    assert list(answer) == ["n", "ok", "error", "where", "returns", "calls", "state"]


@pytest.mark.parametrize(
    "line",
    [
        {"op": "make", "box": {"name": "a", "level": 256}},
        {"op": "make", "box": {"name": "a", "weight": 2147483648}},
        {"op": "make", "box": {"name": "a", "owner": "me"}},
        {"op": "make", "box": {"name": "a", "owner": "u01"}},
        {"op": "make", "box": {"name": "a", "owner": "u0"}},
        {"op": "make", "box": {"name": "a", "owner": "r1"}},
        {"op": "make", "box": {"name": "a", "owner": ""}},
        {"op": "make", "box": {"name": "a", "owner": None}},
        {"op": "place", "box": {"name": "a"}, "slot": {"row": 256}},
        {"op": "release_by_number", "number": -1},
        {"op": "release_by_number", "number": "5"},
        {"op": "release_by_number", "number": None},
        {"op": "release_by_number"},
        {"op": "release_by_number", "box": {}, "number": 5},
        {"op": "release_by_slot", "slot": 1},
        {"op": "release_by_slot"},
        {"op": "release_by_id", "id": "x"},
        {"op": "release_by_id", "id": 1},
        {"op": "cover", "lid": {"box": 1}},
        {"op": "cover", "slot": {}},
    ],
)
def test_what_the_type_cannot_hold_is_malformed(store: Talk, line: dict[str, Any]) -> None:
    assert is_malformed(store.raw(json.dumps(line)), 1)


def test_a_new_that_fails_keeps_the_old_manager(scsi: Talk) -> None:
    scsi("reserve", disk={"host_path": "/a"})
    assert is_malformed(scsi("new", options={"controllers": 9}), 2)
    assert scsi("map_to_guest", reservation="r1")["ok"]
