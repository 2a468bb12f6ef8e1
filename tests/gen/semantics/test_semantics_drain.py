"""Drain and discard."""
from __future__ import annotations

from pathlib import Path

import pytest
from explore_support import ROOT, play, play_c
from programs import simulator
from semantics_support import BOX, backend, calls, disk, events, manager, reserve, shipped, where
from shared_specs import disk_spec

from berthc.pipeline import read_spec
from berthc.semantics import Value, World


def mapped(*paths: tuple[str, int]) -> World:
    """A scsi manager with these partitions reserved and mapped, each by a caller of its own."""
    world = World(shipped("scsi"))
    for path, partition in paths:
        assert world.run("map_to_guest", reservation=reserve(world, path, partition)).error is None
    return world


def test_drain_of_nothing_is_success() -> None:
    result = World(shipped("scsi")).drain()
    assert (result.error, result.where, result.returns, result.calls) == (None, None, {}, ())


def test_drain_goes_through_roots_and_children_in_order_of_creation_children_first() -> None:
    world = mapped(("/b", 1), ("/a", 9), ("/b", 2), ("/a", 3))
    result = world.drain()
    assert result.error is None
    assert [(c.hook, c.args["host_path"], c.args.get("partition")) for c in result.calls] == [
        ("guest.unmount", "/b", 1),
        ("guest.unmount", "/b", 2),
        ("guest.eject", "/b", None),
        ("vm.remove_disk", "/b", None),
        ("guest.unmount", "/a", 9),
        ("guest.unmount", "/a", 3),
        ("guest.eject", "/a", None),
        ("vm.remove_disk", "/a", None),
    ]
    assert world.snapshot() == {"reservations": [], "disk": []}


def test_drain_does_not_ask_who_else_holds() -> None:
    world = mapped(("/a", 1))
    for _ in range(3):
        reserve(world)
    assert [hook for hook, _ in calls(world.drain())] == [
        "guest.unmount",
        "guest.eject",
        "vm.remove_disk",
    ]
    assert world.snapshot() == {"reservations": [], "disk": []}
    assert world.run("unmap_from_guest", reservation="r2").error == "ENOENT"


def test_a_failure_leaves_what_is_above_it_alone_and_goes_on_with_the_next() -> None:
    world = mapped(("/a", 1), ("/a", 2), ("/b", 1))
    result = world.drain(backend({"guest.unmount#1": "EBUSY"}))
    assert result.error == "EBUSY"
    assert result.where == {"resource": "mount", "state": "mounted", "event": "unmount",
                            "hook": "guest.unmount"}
    assert calls(result) == [("guest.unmount", "fail"), ("guest.unmount", "ok"),
                             ("guest.unmount", "ok"), ("guest.eject", "ok"),
                             ("vm.remove_disk", "ok")]
    left = world.snapshot()
    assert [(d["host_path"], d["state"], d["refs"])
            for d in left["disk"]] == [("/a", "attached", 2)]
    assert [(m["partition"], m["refs"]) for m in left["disk"][0]["mount"]] == [(1, 1)]
    assert left["reservations"] == ["r1", "r2"], "r2 still holds the disk"
    assert world.run("map_to_guest", reservation="r2").error == "ECANCELED", "it has lost its mount"
    assert world.drain().error is None
    assert world.snapshot() == {"reservations": [], "disk": []}


def test_the_first_of_several_errors_is_the_result() -> None:
    world = mapped(("/a", 1), ("/b", 1))
    result = world.drain(backend({"guest.unmount#1": "EBUSY", "guest.unmount#2": "EIO"}))
    assert (result.error, len(result.calls)) == ("EBUSY", 2)


def test_an_uncertain_call_in_drain_moves_the_state_and_keeps_the_holds() -> None:
    world = mapped(("/a", 1))
    result = world.drain(backend({"guest.eject": "?ETIMEDOUT"}))
    assert result.error == "ETIMEDOUT"
    shown = world.snapshot()["disk"][0]
    assert (shown["state"], shown["refs"], shown["mount"]) == ("leaving", 1, [])


def test_resident_instances_may_remain_and_lose_their_holders() -> None:
    world = World(shipped("scsi"))
    world.run("reserve_for_rootfs", config={"disk": disk("/root")}, at={"controller": 0, "lun": 0})
    world.run("map_to_guest", reservation=reserve(world, "/root"))
    result = world.drain()
    assert (result.error, calls(result)) == (None, [("guest.unmount", "ok")])
    shown = world.snapshot()
    assert (shown["reservations"], shown["disk"][0]["state"], shown["disk"][0]["refs"]) == (
        [],
        "boot",
        0,
    )


def test_drain_lets_anonymous_references_go() -> None:
    world = World(shipped("plan9"))
    config: dict[str, dict[str, Value]] = {"share": {"host_path": "/a"}}
    for _ in range(3):
        world.run("add_to_vm", config=config)
    world.run("resolve_share_name", config={"share": {"host_path": "/b"}})
    result = world.drain()
    assert (calls(result), world.snapshot()["share"]) == ([("vm.remove_plan9", "ok")], [])


def test_a_parent_that_still_has_a_child_is_left_alone() -> None:
    text = """
manager: keep
resources:
  top:
    holders: {take: hold, drop: leave}
    initial: s
    states: {s: {on: {hold: stay, leave: gone}}, gone: {final: true}}
  low: {parent: top, initial: s, states: {s: {resident: true}}}
operations:
  make: {obtain: [top, low], gives: reservation}
"""
    world = World(manager(text))
    world.run("make")
    result = world.drain()
    assert (result.error, result.rows) == (None, ()), "low has no drop event"
    assert world.snapshot() == {
        "reservations": ["r1"],
        "top": [{"state": "s", "refs": 1, "low": [{"state": "s", "refs": 1}]}],
    }


def test_drain_is_atomic_for_each_instance_that_fails_without_a_call() -> None:
    text = """
manager: stuck
resources:
  thing:
    key: [a]
    fields: {a: {type: u8}}
    holders: {take: hold, drop: leave}
    initial: s
    states:
      s:
        on:
          hold: stay
          leave:
            - {if: field.a == 1, to: t, raise: leave}
            - {to: gone}
      t: {on: {leave: {reject: EBUSY}}}
      gone: {final: true}
operations:
  make: {obtain: [thing], gives: reservation}
"""
    world = World(manager(text))
    for a in (0, 1, 2):
        world.run("make", config={"thing": {"a": a}})
    result = world.drain()
    assert (result.error, where(result)) == (
        "EBUSY",
        {"resource": "thing", "state": "t", "event": "leave"},
    )
    assert world.snapshot() == {"reservations": ["r2"],
                                "thing": [{"a": 1, "state": "s", "refs": 1}]}


def test_discard_forgets_everything_and_calls_nothing() -> None:
    world = mapped(("/a", 1), ("/b", 1))
    result = world.discard()
    assert (result.error, result.calls, world.snapshot()) == (
        None,
        (),
        {"reservations": [], "disk": []},
    )
    assert world.run("unmap_from_guest", reservation="r1").error == "ENOENT"
    assert reserve(world, "/c") == "r3"
    assert world.snapshot()["disk"][0]["lun"] == 0, "its slot is free again"


def test_counters_go_on_after_discard() -> None:
    world = World(manager(BOX))
    world.run("make", config={"box": {"name": "a"}})
    world.discard()
    world.run("make", config={"box": {"name": "a"}})
    shown = world.snapshot()["box"][0]
    assert (shown["number"], shown["id"]) == (6, "u2")


def test_discard_of_one_root_forgets_what_is_below_it_and_its_reservations() -> None:
    world = mapped(("/a", 1), ("/b", 1), ("/a", 2))
    result = world.discard_root("disk", {"host_path": "/a", "read_only": True})
    assert (result.error, result.where, result.calls) == (None, None, ())
    assert world.reservations == ("r2",)
    assert [disk["host_path"] for disk in world.snapshot()["disk"]] == ["/b"]
    assert world.run("unmap_from_guest", reservation="r1").error == "ENOENT"
    assert world.run("unmap_from_guest", reservation="r3").error == "ENOENT"
    assert world.run("unmap_from_guest", reservation="r2").error is None
    assert reserve(world, "/a") == "r4"
    assert world.snapshot()["disk"][0]["lun"] == 0, "its slot is free again"


def test_discard_of_one_root_that_is_not_there() -> None:
    world = mapped(("/a", 1))
    before = world.snapshot()
    result = world.discard_root("disk", {"host_path": "/b"})
    assert (result.error, result.where) == ("ENOENT", {"resource": "disk"})
    result = world.discard_root("disk", {})
    assert (result.error, result.where) == ("EINVAL", {"resource": "disk", "field": "host_path"})
    assert world.snapshot() == before
    with pytest.raises(ValueError, match="mount is no root"):
        world.discard_root("mount", {"partition": 1})
    with pytest.raises(ValueError, match="disk has no field lun"):
        world.discard_root("disk", {"lun": 0})


def test_discard_of_one_root_ends_a_reservation_whose_last_instance_has_ended() -> None:
    world = mapped(("/a", 1))
    world.drain(backend({"guest.eject": "EIO"}))
    assert world.snapshot()["disk"][0]["mount"] == []
    assert world.reservations == ("r1",)
    world.discard_root("disk", {"host_path": "/a"})
    assert world.reservations == ()


def test_drain_visits_children_of_all_kinds_in_order_of_creation() -> None:
    text = """
manager: kinds
resources:
  top: {holders: {take: h, drop: d}, initial: s, states: {s: {on: {h: stay, d: gone}}, gone: {final: true}}}
  one:
    parent: top
    key: [a]
    fields: {a: {type: u8}}
    holders: {take: h, drop: d}
    initial: s
    states: {s: {on: {h: stay, d: gone}}, gone: {final: true}}
  two: {parent: top, holders: {take: h, drop: d}, initial: s, states: {s: {on: {h: stay, d: gone}}, gone: {final: true}}}
operations:
  make_one: {obtain: [top, one]}
  make_two: {obtain: [top, two]}
"""
    world = World(manager(text))
    world.run("make_one", config={"one": {"a": 1}})
    world.run("make_two")
    world.run("make_one", config={"one": {"a": 2}})
    assert [e[0] for e in events(world.drain())] == ["one", "two", "one", "top"]


def test_drain_ends_reservations_whose_instances_had_ended_before() -> None:
    world = World(manager(BOX))
    config: dict[str, dict[str, Value]] = {"box": {"name": "a"}}
    world.run("reserve", config=config)
    world.run("kill", config=config)
    assert world.reservations == ("r1",)
    assert world.drain().error is None
    assert world.reservations == ()


def test_a_drop_that_fails_and_ends_the_child_still_leaves_the_parent_alone() -> None:
    text = """
manager: brittle
backend: {b: {off: {on: low}}}
resources:
  top: {holders: {take: h, drop: d}, initial: s, states: {s: {on: {h: stay, d: gone}}, gone: {final: true}}}
  low:
    parent: top
    key: [a]
    fields: {a: {type: u8}}
    holders: {take: h, drop: d}
    initial: s
    states: {s: {on: {h: stay, d: {call: b.off, ok: gone, fail: gone}}}, gone: {final: true}}
operations:
  make: {obtain: [top, low], gives: reservation}
"""
    world = World(manager(text))
    for a in (1, 2):
        world.run("make", config={"low": {"a": a}})
    result = world.drain(backend({"b.off#1": "EIO"}))
    assert (result.error, calls(result)) == ("EIO", [("b.off", "fail"), ("b.off", "ok")])
    assert world.snapshot() == {"reservations": ["r1", "r2"],
                                "top": [{"state": "s", "refs": 2, "low": []}]}
    assert world.drain().error is None
    assert world.snapshot() == {"reservations": [], "top": []}


LINGERS = disk_spec("lingers", """\
add: {on: disk}
remove: {on: disk, undoes: vm.add, repeatable: true}""", """\
out: {on: {claim: stay, add: {call: vm.add, ok: in, fail: out}, release: gone}}
in: {on: {claim: stay, add: stay, release: idle}}
idle: {resident: true, on: {claim: stay, add: in, release: {call: vm.remove, ok: gone, fail: idle}}}
""", initial="out")


def lingering() -> World:
    world = World(manager(LINGERS))
    world.run("reserve", config={"disk": {"path": "/a"}})
    world.run("add", reservation="r1")
    return world


def test_drain_drops_again_where_a_drop_led_to_another_state() -> None:
    world = lingering()
    assert calls(world.drain()) == [("vm.remove", "ok")]
    assert world.snapshot() == {"reservations": [], "disk": []}


def test_a_second_drop_that_fails_leaves_what_the_first_one_did() -> None:
    world = lingering()
    assert world.drain(backend({"vm.remove": "EIO"})).error == "EIO"
    snapshot = world.snapshot()
    assert [(d["state"], d["refs"])
            for d in snapshot["disk"]] == [("idle", 0)] and snapshot["reservations"] == []


def test_states_whose_drops_lead_to_each_other_end_a_drain() -> None:
    circle = LINGERS.replace("release: {call: vm.remove, ok: gone, fail: idle}",
                             "release: {call: vm.remove, ok: in, fail: idle}")
    world = World(manager(circle))
    world.run("reserve", config={"disk": {"path": "/a"}})
    world.run("add", reservation="r1")
    result = world.drain()
    assert result.error is None and len(events(result)) == 4  # as many as there are states


def chain(length: int) -> str:
    """States whose drops lead from each to the next one, and from the last to the first."""
    row = "s{}: {{resident: true, on: {{claim: stay, release: {{call: vm.remove, ok: s{}, fail: stay}}}}}}"
    states = [row.format(n, n % length + 1) for n in range(1, length + 1)]
    return """
berth: 1
manager: chain
backend: {vm: {remove: {on: disk, repeatable: true}}}
resources:
  disk:
    holders: {take: claim, drop: release}
    initial: s1
    states:
""" + "".join(f"      {state}\n" for state in states) + """
operations:
  claim: {obtain: [disk], do: [disk.claim]}
"""


@pytest.mark.parametrize(("states", "drops"), [(254, 254), (255, 255), (256, 255)])
def test_a_drain_drops_an_instance_at_most_255_times(
    states: int, drops: int, tmp_path: Path
) -> None:
    spec = manager(chain(states))
    requests = [{"op": "claim"}, {"op": "drain"}]
    answers = play(spec, requests)
    assert len(answers[1]["calls"]) == drops
    assert play_c(simulator(spec, tmp_path), requests) == answers


def test_the_c_code_drops_again_too(tmp_path: Path) -> None:
    """Every way in which the drops of a drain can end, and a circle of states, on both
    simulators."""
    circle = LINGERS.replace("release: {call: vm.remove, ok: gone, fail: idle}",
                             "release: {call: vm.remove, ok: in, fail: idle}")
    refused = LINGERS.replace("release: {call: vm.remove, ok: gone, fail: idle}",
                              "release: {reject: EBUSY}").replace(", undoes: vm.add", "")
    begin = [{"op": "reserve", "disk": {"path": "/a"}}, {"op": "add", "reservation": "r1"}]
    drains = [[{"op": "drain", "fail": ["vm.remove"]}, {"op": "drain"}],
              [{"op": "drain"}, {"op": "drain"}]]
    for n, text in enumerate((LINGERS, circle, refused)):
        spec = manager(text)
        program = simulator(spec, tmp_path / str(n))
        for drain in drains:
            answers = play(spec, begin + drain)
            assert all("message" not in answer for answer in answers)
            assert play_c(program, begin + drain) == answers


def test_a_drain_drops_each_instance_at_most_255_times(tmp_path: Path) -> None:
    count = 300
    states = "\n".join(
        f"      s{i}: {{resident: true, on: {{claim: stay, release: s{(i + 1) % count}}}}}"
        for i in range(count))
    spec = manager(f"""
berth: 1
manager: ring
resources:
  disk:
    key: [path]
    fields: {{path: {{type: string, required: true}}}}
    holders: {{take: claim, drop: release}}
    initial: s0
    states:
{states}
operations:
  reserve: {{obtain: [disk], gives: reservation}}
""")
    script = [{"op": "reserve", "disk": {"path": "/a"}}, {"op": "reserve", "disk": {"path": "/b"}},
              {"op": "drain"}, {"op": "drain"}]
    answers = play(spec, script)
    assert [[disk["state"] for disk in answer["state"]["disk"]] for answer in answers] == [
        ["s0"],
        ["s0"] * 2,
        ["s255"] * 2,
        ["s210"] * 2,
    ]
    assert play_c(simulator(spec, tmp_path), script) == answers


def test_destroy_waits_for_what_a_later_drop_of_a_drain_calls() -> None:
    path = ROOT / "tests/differential/specs/two_drops.yaml"
    two_drops, _ = read_spec(str(path))
    assert two_drops is not None
    world = World(two_drops)
    assert world.run("use", config={"room": {"name": "a"}}).ok and world.has_work()
    assert world.run("drop", config={"room": {"name": "a"}}).ok and world.has_work()
    world.drain()
    assert not world.has_work() and world.snapshot()["room"] == []
