"""Slots: full pools, slots that are given anew, and slots that are kept for ever."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from explore_support import FAULTY, ROOT, manager_of

from berthc.emit.tests.finding import text
from berthc.explore.bounds import Bounds
from berthc.explore.callers.inputs import scarce, valuations
from berthc.explore.callers.pools import few, helpers, with_slots
from berthc.explore.findings.slots import NotRefused
from berthc.explore.messages import claim
from berthc.explore.report import explore
from berthc.explore.search import Search
from berthc.model import Manager
from berthc.semantics import World, making
from berthc.semantics.run import Run

NO_BAY = (FAULTY / "stranded-no-bay-left.yaml").read_text(encoding="utf-8")
FOUR_BAYS = NO_BAY.replace("options:\n  bays: {type: u8, default: 4, range: [1, 24]}\n",
                           "").replace("bay: bays", "bay: 4")


def search(manager: Manager, **bounds: int) -> Search:
    one = Search(manager, manager.resources[0].name, valuations(manager)[0], Bounds(**bounds),
                 lambda fault: False)
    one.run()
    return one


def test_every_request_for_a_slot_is_refused_where_there_is_none() -> None:
    manager = manager_of((ROOT / "spec/scsi.yaml").read_text(encoding="utf-8"))
    one = search(manager, callers=1, keys=2)
    assert one.found == [] and one.full.refused["ENOSPC"] > 0 and one.full.refused["EBUSY"] > 0
    assert not search(manager_of((ROOT / "spec/vpci.yaml").read_text(encoding="utf-8")), callers=1,
                      keys=1).full.refused


def test_semantics_that_give_a_slot_out_twice_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Run, "_lowest_slot", lambda self, resource, pool: 0)
    monkeypatch.setattr(making, "slot_parts", lambda assigned, sizes,
                        slot: dict.fromkeys(assigned.leaves, slot))
    with pytest.raises(NotRefused,
                       match="reserve gives success though there is no slot for the disk"):
        search(manager_of((ROOT / "spec/scsi.yaml").read_text(encoding="utf-8")), callers=1, keys=1)


def test_semantics_that_create_at_a_slot_that_is_taken_are_noticed(
    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Run, "_taken_slots", lambda self, resource, pool: set())
    with pytest.raises(NotRefused, match="gives success though there is no slot"):
        search(manager_of((ROOT / "spec/scsi.yaml").read_text(encoding="utf-8")), callers=1, keys=2)


def test_a_full_pool_may_strand_who_waits_for_a_slot() -> None:
    manager = manager_of(FOUR_BAYS)
    assert helpers(manager) == {"disk"} and few(manager) == 1
    report = explore(manager, Bounds(callers=2, keys=1))
    [finding] = report.findings
    assert finding.fault.id == "stranded" and finding.fault.where == "set.degraded.let_out"
    assert finding.fault.message.endswith(
        "a caller never gets rid of what it holds (shown with 1 slot in each pool)")
    assert [request["op"] for request in finding.requests] == [
        "reserve",
        "insert",
        "insert",
        "remove",
    ]
    assert "2 settings of options, hooks and pools" in claim(report)
    # the manager as it is has more slots than the script fills
    assert "finding_1" not in text(manager, report, "finding.c")


def test_who_needs_no_slot_finds_a_way_out_though_callers_hold_every_key() -> None:
    without = FOUR_BAYS.replace("    assigned: {bay: {pool: {bay: 4}}}\n", "")
    manager = manager_of(without)
    assert few(manager) is None
    assert explore(manager, Bounds(callers=2, keys=1)).findings == ()


SOCKETS = """berth: 1
manager: hub
options:
  ports: {type: u8, default: DEFAULT, range: [1, MOST]}
backend:
  power:
    up: {on: device}
    down: {on: device, undoes: power.up, repeatable: true}
resources:
  device:
    key: [name]
    fields: {name: {type: string, required: true}}
    holders: {drop: release}
    initial: dark
    states:
      dark: {resident: true, on: {use: {call: power.up, ok: lit, fail: unsure}, calm: stay, release: gone}}
      unsure:
        resident: true
        on:
          use: {call: power.down, ok: {to: dark, raise: use}, fail: unsure}
          calm: {call: power.down, ok: dark, fail: unsure}
          release: {call: power.down, ok: gone, fail: unsure}
      lit:
        resident: true
        on: {use: stay, calm: {call: power.down, ok: dark, fail: unsure}, release: {call: power.down, ok: gone, fail: unsure}}
      gone: {final: true}
  port:
    parent: device
    key: [plug]
    fields: {plug: {type: string, required: true}}
    assigned: {number: {pool: {number: SIZE}}}
    holders: {take: claim, drop: release}
    initial: free
    states:
      free: {resident: true, on: {use: used, release: gone}}
      used: {on: {claim: stay, use: {reject: EBUSY}, release: gone}}
      gone: {final: true}
operations:
  plug: {obtain: [device, port], do: [device.use, port.use, port.claim], returns: [port.number]}
  unplug: {find: port, do: [device.calm, port.release]}
accept:
  - {finding: denied, at: port.used.use, why: A port is for one.}
"""


@pytest.mark.parametrize(("default", "most", "used"),
                         [(4, 64, 4), (1, 64, 4), (9, 64, 9), (1, 3, 3)])
def test_pools_of_a_size_that_an_option_gives_have_room_for_all(
    default: int, most: int, used: int) -> None:
    sized = SOCKETS.replace(
        "DEFAULT", str(default)).replace("[1, MOST]", f"[1, {most}]").replace("SIZE", "ports")
    # two devices of two ports
    assert [dict(v.options) for v in valuations(manager_of(sized))] == [{"ports": used}]
    literal = SOCKETS.replace("SIZE", "4")
    reported = [
        (f.fault.id, f.fault.where, len(f.requests))
        for f in explore(
            manager_of(
                literal.replace(
                    "options:\n  ports: {type: u8, default: DEFAULT, range: [1, MOST]}\n", ""
                )
            ),
            Bounds(),
        ).findings
    ]
    report = explore(manager_of(sized), Bounds())
    assert ("interference", "device.lit.calm", 3) in reported  # a sibling loses its power
    more = 0 if default == used else 1  # the request that creates the manager
    assert [(f.fault.id, f.fault.where, len(f.requests) - more)
            for f in report.findings] == reported


def test_where_somebody_waits_for_a_slot_pools_are_also_tried_full() -> None:
    manager = manager_of(NO_BAY)
    # two sets of two disks, and one to help
    assert [dict(v.options) for v in valuations(manager)] == [{"bays": 6}, {"bays": 1}]
    assert [scarce(manager, v, 2) for v in valuations(manager)] == [False, True]
    assert claim(explore(manager,
                         Bounds(callers=2, keys=1))).count("2 settings of options and hooks") == 1


def test_pools_get_smaller_never_larger() -> None:
    manager = manager_of(FOUR_BAYS)
    assert with_slots(manager, None) is manager

    def bays(slots: int) -> list[Any]:
        world = World(with_slots(manager, slots))
        return [world.run("reserve", config={"set": {"name": "/a"}, "disk": {"serial": n}}).error
                for n in range(1, 6)]

    assert bays(0) == ["ENOSPC"] * 5
    assert bays(2) == [None, None, "ENOSPC", "ENOSPC", "ENOSPC"]
    assert bays(9) == [None, None, None, None, "ENOSPC"]


@pytest.mark.parametrize("name", ["looks-up-by-slot", "shares-by-number"])
def test_who_looks_up_by_a_slot_is_seen_with_all_roots(name: str) -> None:
    manager = manager_of((FAULTY / f"sound/{name}.yaml").read_text(encoding="utf-8"))
    one = search(manager, callers=2, keys=2)
    assert not one.stepper.reduced.one_root
    slots = {
        tuple(sorted(i.values["number"] for i in node.local.world._state.items.values()))
        for node in one.nodes
    }  # noqa: SLF001
    assert slots == {(), (0,), (1,), (0, 1)}


def test_one_root_would_not_show_whose_port_is_closed() -> None:
    path: Path = FAULTY / "interference-number-of-another-card.yaml"
    manager = manager_of(path.read_text(encoding="utf-8"))
    assert search(manager, callers=2, keys=2).found
    assert search(manager, callers=2, keys=1).found == []
