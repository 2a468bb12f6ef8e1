"""The simulator's protocol: requests, answers and the stream (docs/simulator.md)."""
from __future__ import annotations

import io
import json
from typing import Any, BinaryIO, TextIO

import pytest
from semantics_support import ROOT, manager, shipped
from talk_support import Talk, is_malformed

from berthc.sim import main
from berthc.sim.text import LINE_MAX


def test_new_answers_with_an_empty_state(scsi: Talk) -> None:
    assert scsi("new") == {"n": 1, "ok": True, "error": None, "returns": {}, "calls": [],
                           "state": {"reservations": [], "disk": []}}


def test_the_example_of_the_documentation(scsi: Talk) -> None:
    reserved = scsi("reserve", disk={"host_path": "/a"}, mount={"partition": 1})
    assert {name: reserved[name] for name in reserved if name not in ("calls", "state")} == {
        "n": 1, "ok": True, "error": None, "returns": {"reservation": "r1"}}
    mapped = scsi("map_to_guest", reservation="r1", fail=["guest.mount"])
    common = {"host_path": "/a", "type": "virtual_disk", "evd_type": "", "controller": 0, "lun": 0}
    mount = {"partition": 1, "read_only": False, "encrypted": False, "options": [],
             "ensure_filesystem": False, "filesystem": "", "block_dev": False,
             "format_with_refs": False, "guest_path": "/run/mounts/scsi/0_0_1"}
    assert mapped == {
        "n": 2,
        "ok": False,
        "error": "EIO",
        "returns": {},
        "where": {
            "resource": "mount",
            "state": "reserved",
            "event": "mount",
            "hook": "guest.mount",
        },
        "calls": [
            {"hook": "vm.add_disk", "outcome": "ok", "args": common | {"read_only": False}},
            {"hook": "guest.mount", "outcome": "fail", "args": mount | common},
        ],
        "state": {
            "reservations": ["r1"],
            "disk": [
                common
                | {
                    "read_only": False,
                    "state": "attached",
                    "refs": 1,
                    "mount": [mount | {"state": "failed", "refs": 1}],
                }
            ],
        },
    }


def test_the_first_request_makes_a_manager_with_the_defaults(scsi: Talk) -> None:
    answer = scsi("reserve_for_rootfs", disk={"host_path": "/a"}, address={"controller": 1})
    assert (answer["error"], answer["where"]) == (
        "EINVAL",
        {"resource": "disk"},
    ), "one controller by default"
    assert scsi("new", options={"controllers": 2})["ok"]
    assert scsi("reserve_for_rootfs", disk={"host_path": "/a"}, address={"controller": 1})["ok"]


def test_new_starts_labels_and_counters_again() -> None:
    vpci = Talk(shipped("vpci"))
    for _ in range(2):
        assert vpci("reserve", device={"device_instance_id": "d"})["returns"] == {
            "reservation": "r1",
            "vmbus_guid": "u1",
        }
        assert vpci("reserve", device={"device_instance_id": "e"})["returns"] == {
            "reservation": "r2",
            "vmbus_guid": "u2",
        }
        vpci("new")


def test_without_leaves_optional_hooks_out() -> None:
    vpci = Talk(shipped("vpci"))
    vpci("new", without=["guest.add_vpci_device", "guest.add_vpci_device"])
    vpci("reserve", device={"device_instance_id": "d"})
    answer = vpci("add_to_vm", reservation="r1", fail=["guest.add_vpci_device"])
    assert (answer["ok"], [c["hook"] for c in answer["calls"]]) == (True, ["vm.add_device"])


def test_arguments_that_are_left_out(scsi: Talk) -> None:
    answer = scsi("reserve", disk={"host_path": "/a"})
    assert (answer["ok"], answer["state"]["disk"][0]["mount"][0]["partition"]) == (True, 0)
    assert scsi("reserve")["where"] == {
        "resource": "disk",
        "field": "host_path"
    }, "the empty object, whose host_path is required"


def test_find_by_takes_the_assigned_value_under_its_name(store: Talk) -> None:
    for name in ("a", "b", "c"):
        store("make", box={"name": name})
    assert store("release_by_number", number=5)["ok"]
    assert store("release_by_slot", slot={"row": 1})["ok"]
    assert store("release_by_id", id="u2")["ok"]
    assert store("release_by_slot", slot={"row": 255, "place": 1})["state"]["box"] == []
    plan9 = Talk(shipped("plan9"))
    assert plan9("add_to_vm", share={"host_path": "/a"})["returns"] == {"name": "0"}
    assert plan9("remove_from_vm", name="0")["state"] == {"reservations": [], "share": []}


def test_drain_and_discard(scsi: Talk) -> None:
    scsi("reserve", disk={"host_path": "/a"})
    scsi("map_to_guest", reservation="r1")
    answer = scsi("drain", fail=["guest.eject"])
    assert (answer["error"], answer["where"]["hook"],
            [c["outcome"] for c in answer["calls"]]) == ("EIO", "guest.eject", ["ok", "fail"])
    assert answer["state"]["disk"][0]["mount"] == []
    answer = scsi("discard", fail=["guest.eject"])
    assert (answer["ok"], answer["calls"], answer["state"]) == (
        True,
        [],
        {"reservations": [], "disk": []},
    )


def test_discard_of_one_root(scsi: Talk) -> None:
    for path in "/a", "/b":
        scsi("reserve", disk={"host_path": path})
    answer = scsi("discard", disk={"host_path": "/a"}, fail=["guest.eject"])
    assert (answer["ok"], answer["calls"]) == (True, [])
    assert answer["state"]["reservations"] == ["r2"]
    assert [disk["host_path"] for disk in answer["state"]["disk"]] == ["/b"]
    answer = scsi("discard", disk={"host_path": "/a"})
    assert (answer["error"], answer["where"]) == ("ENOENT", {"resource": "disk"})
    answer = scsi("discard", disk={})
    assert (answer["error"], answer["where"]) == (
        "EINVAL",
        {"resource": "disk", "field": "host_path"},
    )
    assert [disk["host_path"] for disk in answer["state"]["disk"]] == ["/b"]


# fail

@pytest.mark.parametrize(
    ("fail", "error", "outcomes"),
    [
        (["b.open"], "EIO", ["fail"]),
        ([{"hook": "b.open"}], "EIO", ["fail"]),
        ([{"hook": "b.open", "error": "ENODEV"}], "ENODEV", ["fail"]),
        (
            [{"hook": "b.open", "outcome": "uncertain", "error": "ETIMEDOUT"}],
            "ETIMEDOUT",
            ["uncertain", "ok"],
        ),
        ([{"hook": "b.open", "outcome": "uncertain"}, "b.shut"], "EIO", ["uncertain", "fail"]),
        ([{"hook": "b.open", "nth": 2}], None, ["ok", "ok"]),
        ([{"hook": "b.open", "nth": 1, "error": "EBUSY"}, "b.open"], "EBUSY", ["fail"]),
        (
            [{"hook": "b.open", "nth": 2, "error": "EBUSY"}, {"hook": "b.open", "error": "EPERM"}],
            "EPERM",
            ["fail"],
        ),
        (["b.open", {"hook": "b.open", "error": "EBUSY"}], "EIO", ["fail"]),
        ([{"hook": "b.open", "nth": 18446744073709551615}], None, ["ok", "ok"]),
        ([], None, ["ok", "ok"]),
    ],
)
def test_fail_scripts_the_backend(
    store: Talk, fail: list[object], error: str | None, outcomes: list[str]
) -> None:
    answer = store("acquire", box={"name": "a"}, fail=fail)
    assert (answer["error"], [c["outcome"] for c in answer["calls"]]) == (error, outcomes)


def test_nth_counts_within_one_request() -> None:
    scsi = Talk(shipped("scsi"))
    for path in ("/a", "/b", "/c"):
        label = scsi("reserve", disk={"host_path": path})["returns"]["reservation"]
        assert scsi("map_to_guest", reservation=label,
                    fail=[{"hook": "guest.mount", "nth": 2}])["ok"]
    answer = scsi("drain", fail=[{"hook": "guest.unmount", "nth": 2}])
    assert [c["outcome"] for c in answer["calls"] if c["hook"] == "guest.unmount"] == [
        "ok",
        "fail",
        "ok",
    ]


# values and labels

def test_values_from_hooks_count_the_hooks_calls_since_new(store: Talk) -> None:
    store("acquire", box={"name": "a"}, fail=["b.open"])
    store("acquire", box={"name": "b"})
    shown = store("acquire", box={"name": "c"})["state"]["box"]
    assert [(b["code"], b["word"], b["odd"], b["signed"]) for b in shown] == [
        (0, "", False, 0), (2, "word-2", False, 1), (3, "word-3", True, 2)]
    assert shown[0]["token"] == "nil"


def test_labels_are_given_in_the_order_of_the_text(store: Talk) -> None:
    answer = store("acquire", box={"name": "a"})
    assert answer["calls"][0]["args"]["id"] == "u1"
    assert answer["calls"][0]["args"]["token"] == "nil"
    assert answer["calls"][1]["args"]["token"] == "u2"
    assert answer["returns"]["token"] == "u2"
    assert (answer["state"]["box"][0]["id"], answer["state"]["box"][0]["token"]) == ("u1", "u2")


def test_a_label_in_a_request_is_bound_for_good(store: Talk) -> None:
    shown = store("make", box={"name": "a", "owner": "u1"})["state"]["box"][0]
    assert (shown["owner"], shown["id"]) == ("u1", "u2"), "u1 is taken"
    shown = store("make", box={"name": "b", "owner": "u4"})["state"]["box"][1]
    assert (shown["owner"], shown["id"]) == ("u4", "u3")
    shown = store("make", box={"name": "c", "owner": "u2"})["state"]["box"][2]
    assert (shown["owner"], shown["id"]) == ("u2", "u5")
    assert store("make", box={"name": "a", "owner": "u2"})["error"] == "EEXIST"
    assert store("make", box={"name": "a", "owner": "u1"})["ok"]
    assert store("release_by_id",
                 id="u1")["error"] == "ENOENT", "u1 is the owner of a, and no box's id"
    assert store("release_by_id", id="u2")["ok"]


def test_a_failed_operation_binds_its_labels_too_but_a_malformed_request_does_not(
    store: Talk) -> None:
    assert store("release_by_id", id="u1")["error"] == "ENOENT"
    assert is_malformed(store("release_by_id", id="u2", x=1), 2)
    assert store("make", box={"name": "a"})["state"]["box"][0]["id"] == "u2"


def test_a_uuid_in_full_gets_a_label_when_it_is_shown(store: Talk) -> None:
    text = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
    assert store("release_by_id", id=text)["error"] == "ENOENT"
    shown = store("make", box={"name": "a", "owner": text.upper()})["state"]["box"][0]
    assert (shown["owner"], shown["id"]) == ("u1", "u2")
    assert store("make", box={"name": "a", "owner": text})["ok"]
    assert store("make", box={"name": "a", "owner": "u1"})["ok"]
    shown = store("make",
                  box={"name": "b",
                       "owner": "00000000-0000-0000-0000-000000000000"})["state"]["box"][1]
    assert shown["owner"] == "nil"


@pytest.mark.parametrize(
    "label", ["r2", "r01", "u1", "nil", "", "6ba7b810-9dad-41d1-80b4-00c04fd430c8", "é"])
def test_a_reservation_never_given_out_is_enoent_with_an_empty_place(
    scsi: Talk, label: str) -> None:
    scsi("reserve", disk={"host_path": "/a"})
    answer = scsi("map_to_guest", reservation=label)
    assert (
        answer["error"], answer["where"], answer["state"]["reservations"]) == ("ENOENT", {}, ["r1"])


def test_numbers_of_64_bits_are_exact(scsi: Talk) -> None:
    most = 18446744073709551615
    answer = scsi("reserve", disk={"host_path": "/a"}, mount={"partition": most})
    assert answer["state"]["disk"][0]["mount"][0]["partition"] == most
    assert answer["state"]["disk"][0]["mount"][0]["guest_path"] == f"/run/mounts/scsi/0_0_{most}"
    assert is_malformed(scsi("reserve", disk={"host_path": "/a"}, mount={"partition": most + 1}), 2)
    assert is_malformed(scsi.raw('{"op": "reserve", "mount": {"partition": ' + "9" * 5000 + "}}"),
                        3)


# the stream

def talk(text: str | bytes, name: str = "scsi") -> list[dict[str, Any]]:
    out = io.StringIO()
    stream: BinaryIO | TextIO = io.BytesIO(text) if isinstance(text, bytes) else io.StringIO(text)
    assert main(shipped(name), stream, out) == 0
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_no_input_is_no_answer() -> None:
    assert talk("") == []


def test_every_line_is_answered_and_counted_but_blank_ones() -> None:
    answers = talk('\n  \t\r\n{"op": "new"}\r\n\nbad\n{"op": "drain"}')
    assert [(a["n"], a["ok"]) for a in answers] == [(1, True), (2, False), (3, True)]


def test_text_beyond_ascii_comes_back_as_it_was() -> None:
    answers = talk('{"op": "reserve", "disk": {"host_path": "/é/😀\\u2028"}}\n'.encode())
    assert answers[0]["state"]["disk"][0]["host_path"] == "/é/😀\u2028"


def test_a_line_that_is_too_long_is_malformed_and_the_next_is_read() -> None:
    assert LINE_MAX == 1_048_576
    fits = '{"op": "new"}'.ljust(LINE_MAX)
    long = '{"op": "new"}'.ljust(LINE_MAX + 1)
    huge = "x" * (5 * LINE_MAX)
    answers = talk("\n".join([fits, long, huge, '{"op": "new"}']))
    assert [(a["n"], a["ok"]) for a in answers] == [(1, True), (2, False), (3, False), (4, True)]
    assert answers[1]["message"] == "a line of more than 1048576 bytes"
    assert talk("x" * (LINE_MAX + 2) + "\n" + "é" * LINE_MAX + '\n{"op": "new"}')[2]["ok"]
    assert [a["ok"]
            for a in talk((" " * LINE_MAX + "\n"
                           + '{"op": "new"}').encode())] == [True], "a blank line"


def test_messages_say_what_is_wrong(scsi: Talk) -> None:
    assert (
        scsi.raw('{"op": "reserve", "disk": {"host_pth": "/a"}}')["message"]
        == "disk has no field 'host_pth'"
    )
    assert scsi("map_to_guest")["message"] == "reservation is missing"
    assert (
        scsi("reserve", mount={"partition": -1})["message"]
        == "partition must be an integer from 0 to 18446744073709551615"
    )
    assert scsi("x" * 38)["message"] == f"unknown op '{'x' * 38}'"
    assert scsi("x" * 39)["message"] == f"unknown op '{'x' * 39}…"


def test_each_answer_is_flushed_at_once() -> None:
    class Out(io.StringIO):
        flushed = 0

        def flush(self) -> None:
            assert self.getvalue().endswith("\n")
            self.flushed += 1

    out = Out()
    main(shipped("vpci"), io.StringIO('{"op": "new"}\nbad\n'), out)
    assert out.flushed == 2


def test_a_table_that_the_checker_refuses_ends_the_simulator_with_a_message(
    capsys: pytest.CaptureFixture[str]) -> None:
    text = """
manager: holes
resources:
  thing: {initial: a, states: {a: {resident: true}, b: {on: {off: stay}}}}
operations:
  hole: {obtain: [thing], do: [thing.off]}
"""
    out = io.StringIO()
    assert main(manager(text), io.StringIO('{"op": "new"}\n{"op": "hole"}\n{"op": "new"}\n'),
                out) == 1
    assert [json.loads(line)["n"] for line in out.getvalue().splitlines()] == [1]
    assert capsys.readouterr().err == "test.yaml: thing.a has no row for off\n"


# Hooks that ask

def uncertain(fail: list[Any]) -> dict[str, Any]:
    """The answer to a second attempt, after a first one that stayed uncertain."""
    talk = Talk(manager((ROOT / "tests/gen/specs/probe.yaml").read_text(encoding="utf-8")))
    talk("reserve", tap={"name": "a"}, address={"ip": "b"})
    talk("bring_up", reservation="r1", fail=[{"hook": "host.open", "outcome": "uncertain"}])
    return talk("bring_up", reservation="r1", fail=fail)


@pytest.mark.parametrize(
    ("fail", "error", "outcomes"),
    [
        ([], None, ["yes", "ok"]),
        ([{"hook": "host.has", "outcome": "yes"}], None, ["yes", "ok"]),
        ([{"hook": "host.has", "outcome": "no"}], None, ["no", "ok", "ok"]),
        (["host.has"], "EIO", ["unknown"]),
        ([{"hook": "host.has", "error": "ENODEV"}], "ENODEV", ["unknown"]),
        ([{"hook": "host.has", "outcome": "unknown", "error": "EPIPE"}], "EPIPE", ["unknown"]),
    ],
)
def test_fail_scripts_the_answers_of_a_hook_that_asks(
    fail: list[object], error: str | None, outcomes: list[str]
) -> None:
    answer = uncertain(fail)
    assert (answer["error"], [call["outcome"] for call in answer["calls"]]) == (error, outcomes)


@pytest.mark.parametrize(
    "entry",
    [
        {"hook": "host.has", "outcome": "fail"},
        {"hook": "host.has", "outcome": "uncertain"},
        {"hook": "host.has", "outcome": "ok"},
        {"hook": "host.has", "outcome": "yes", "error": "EIO"},
        {"hook": "host.open", "outcome": "yes"},
        {"hook": "host.open", "outcome": "unknown"},
    ],
)
def test_an_outcome_that_the_hook_cannot_have_is_malformed(entry: dict[str, str]) -> None:
    answer = uncertain([entry])
    assert (answer["error"], "message" in answer) == ("EINVAL", True)
