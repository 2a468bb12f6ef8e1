"""The protocol of stored managers (docs/simulator.md)."""
from __future__ import annotations

from typing import Any

import pytest
from semantics_support import shipped
from store_support import stored
from talk_support import Talk

DISK = {"disk": {"host_path": "/a"}, "mount": {"partition": 1}}
SHARE = {"share": {"host_path": "/a"}}


def malformed(answer: dict[str, Any]) -> bool:
    return answer["error"] == "EINVAL" and "message" in answer


@pytest.fixture
def scsi() -> Talk:
    return Talk(stored("scsi"))


@pytest.fixture
def plan9() -> Talk:
    return Talk(stored("plan9"))


def test_the_state_has_owners_and_what_is_releasing(scsi: Talk) -> None:
    state = scsi("reserve", **DISK, owner="vm 1")["state"]
    assert list(state)[:3] == ["reservations", "owners", "releasing"]
    assert (state["owners"], state["releasing"]) == ({"r1": "vm 1"}, [])
    assert "owners" not in state["disk"][0]
    scsi("map_to_guest", reservation="r1")
    failed = scsi("unmap_from_guest", reservation="r1", fail=["guest.unmount"])
    assert failed["state"]["releasing"] == ["r1"]


def test_an_instance_shows_the_owners_of_its_references(plan9: Talk) -> None:
    plan9("add_to_vm", **SHARE, owner="b")
    [share] = plan9("add_to_vm", **SHARE, owner="a")["state"]["share"]
    assert list(share)[-2:] == ["refs", "owners"]
    assert (share["refs"], share["owners"]) == (2, ["a", "b"])


def test_a_caller_that_says_nothing_is_o(scsi: Talk, plan9: Talk) -> None:
    assert scsi("reserve", **DISK)["state"]["owners"] == {"r1": "o"}
    assert plan9("add_to_vm", **SHARE)["state"]["share"][0]["owners"] == ["o"]


def test_a_reservation_goes_by_the_label_that_its_caller_chose(scsi: Talk) -> None:
    assert scsi("reserve", **DISK, id="mine")["returns"] == {"reservation": "mine"}
    assert scsi("reserve", **DISK, id="mine")["error"] == "EEXIST"
    assert scsi("reserve", **DISK, id="r2")["returns"] == {"reservation": "r2"}
    assert [scsi("reserve", **DISK)["returns"]["reservation"] for _ in "12"] == ["r1", "r3"]
    assert scsi("unmap_from_guest", reservation="mine")["ok"]
    assert scsi("unmap_from_guest", reservation="mine")["error"] == "ENOENT"
    assert scsi("reserve", **DISK, id="mine")["state"]["reservations"] == ["r2", "r1", "r3", "mine"]


def test_a_label_that_was_refused_is_in_use_all_the_same(scsi: Talk) -> None:
    assert scsi("reserve", disk={"host_path": ""}, id="r1")["error"] == "EINVAL"
    assert scsi("reserve", **DISK)["returns"] == {"reservation": "r2"}
    assert scsi("map_to_guest", reservation="r1")["error"] == "ENOENT"
    assert scsi("new") and scsi("reserve", **DISK)["returns"] == {"reservation": "r1"}


def test_the_answer_of_a_request_that_dies(scsi: Talk) -> None:
    scsi("reserve", **DISK)
    dead = scsi("map_to_guest", reservation="r1", die=2)
    assert {name: dead[name] for name in ("ok", "error", "where", "returns")} == {
        "ok": False, "error": "EOWNERDEAD", "where": {}, "returns": {}}
    assert [call["hook"] for call in dead["calls"]] == ["vm.add_disk"]
    disk = dead["state"]["disk"][0]
    assert (disk["state"], disk["mount"][0]["state"]) == ("attached", "suspect")
    assert dead["state"]["reservations"] == ["r1"]


def test_a_request_with_fewer_commits_ends_as_usual(scsi: Talk) -> None:
    assert scsi("reserve", **DISK, die=2)["ok"]
    assert scsi("map_to_guest", reservation="r7", die=0)["error"] == "ENOENT"
    assert scsi("drain", die=3)["ok"]
    assert scsi("recover", die=0)["ok"]


def test_a_reservation_whose_answer_was_lost_has_a_label(scsi: Talk) -> None:
    assert scsi("reserve", **DISK, die=0)["state"]["reservations"] == []
    dead = scsi("reserve", **DISK, die=1)
    assert (dead["error"], dead["state"]["reservations"]) == ("EOWNERDEAD", ["r1"])
    assert scsi("unmap_from_guest", reservation="r1")["ok"]


def test_recover_comes_first_where_a_root_is_locked(plan9: Talk) -> None:
    assert plan9("add_to_vm", **SHARE, die=1)["state"]["share"][0]["state"] == "suspect"
    for op, arguments in (("add_to_vm", SHARE), ("drain", {}), ("discard", SHARE)):
        assert malformed(plan9(op, **arguments))
    recovered = plan9("recover")
    assert [call["hook"] for call in recovered["calls"]] == ["vm.remove_plan9"]
    assert recovered["state"]["share"] == [] and plan9("add_to_vm", **SHARE)["ok"]


@pytest.mark.parametrize("op", ["new", "discard"])
def test_a_locked_root_can_be_forgotten(plan9: Talk, op: str) -> None:
    plan9("add_to_vm", **SHARE, die=1)
    assert plan9(op)["ok"] and plan9("add_to_vm", **SHARE)["ok"]


def test_a_refused_commit(scsi: Talk) -> None:
    refused = scsi("reserve", **DISK, refuse=1)
    assert (refused["error"], refused["where"], refused["state"]["disk"]) == ("EIO", {}, [])
    scsi("reserve", **DISK)
    dead = scsi("map_to_guest", reservation="r1", refuse=2)
    assert (dead["error"], len(dead["calls"])) == ("EOWNERDEAD", 1)


def test_values_and_labels_go_on_after_a_crash() -> None:
    talk = Talk(stored("workers"))
    talk("reserve", worker={"name": "a"}, link={})
    dead = talk("work", reservation="r1", die=2)
    assert (dead["state"]["worker"][0]["pid"], dead["state"]["worker"][0]["session"]) == (1, "u1")
    done = talk("finish", reservation="r1")
    talk("reserve", worker={"name": "a"}, link={})
    worked = talk("work", reservation="r2")
    assert done["ok"] and worked["returns"]["pid"] == 2


@pytest.mark.parametrize("arguments", [
    {"owner": 1}, {"id": 1}, {"id": ""}, {"die": -1}, {"die": "1"}, {"die": True},
    {"refuse": 0}, {"refuse": 1, "die": 1}])
def test_what_is_malformed(scsi: Talk, arguments: dict[str, object]) -> None:
    assert malformed(scsi("reserve", **DISK, **arguments))


def test_owner_and_id_belong_to_some_operations_only(scsi: Talk, plan9: Talk) -> None:
    scsi("reserve", **DISK)
    for name in ("owner", "id"):
        assert malformed(scsi("map_to_guest", reservation="r1", **{name: "a"}))
        assert malformed(scsi("drain", **{name: "a"}))
        assert malformed(plan9("resolve_share_name", **SHARE, **{name: "a"}))
    assert malformed(plan9("add_to_vm", **SHARE, id="a"))
    assert malformed(scsi("discard", owner="a")) and malformed(scsi("new", die=0))


@pytest.mark.parametrize("named", [{}, {"disk": {"host_path": "/a"}}])
def test_a_discard_is_one_commit(scsi: Talk, named: dict[str, object]) -> None:
    before = scsi("reserve", **DISK)["state"]
    refused = scsi("discard", **named, refuse=1)
    assert (refused["error"], refused["where"], refused["state"]) == ("EIO", {}, before)
    lost = scsi("discard", **named, die=0)
    assert (lost["error"], lost["state"]) == ("EOWNERDEAD", before)
    died = scsi("discard", **named, die=1)
    assert (died["error"], died["state"]["disk"]) == ("EOWNERDEAD", [])
    again = scsi("discard", **named, die=1)
    assert again["error"] == ("ENOENT" if named else "EOWNERDEAD")
    assert scsi("reserve", **DISK)["ok"]
    assert scsi("discard", **named, die=2)["ok"]


def test_without_a_store_there_is_none_of_this() -> None:
    talk = Talk(shipped("scsi"))
    for name, value in (("owner", "a"), ("id", "a"), ("die", 1), ("refuse", 1)):
        assert malformed(talk("reserve", **DISK, **{name: value}))
        assert malformed(talk("drain", **{name: value}))
    assert malformed(talk("recover"))
    assert list(talk("reserve", **DISK)["state"]) == ["reservations", "disk"]
