"""Owners, chosen ids, reservations that are releasing, and commits that are refused (S13)."""
from __future__ import annotations

import pytest

from berthc.semantics import Fate, World
from semantics_support import backend, calls, disk, manager, reserve, shipped, where
from store_support import stored

SHARE = {"share": {"host_path": "/a"}}


def add(world: World, owner: str, **more: object) -> str:
    result = world.run("add_to_vm", config=SHARE, owner=owner, **more)  # type: ignore[arg-type]
    assert result.ok, result
    return str(result.returns["name"])


def shares(world: World) -> list[tuple[str, list[str]]]:
    return [(share["state"], share["owners"]) for share in world.snapshot()["share"]]


def test_an_owner_has_one_reference_however_often_it_takes() -> None:
    world = World(stored("plan9"))
    for owner in ("b", "a", "b"):
        add(world, owner)
    assert shares(world) == [("added", ["a", "b"])]
    assert world.snapshot()["share"][0]["refs"] == 2


def test_an_owner_drops_its_own_reference_and_no_other() -> None:
    world = World(stored("plan9"))
    name = add(world, "a")
    add(world, "b")
    stranger = world.run("remove_from_vm", by=name, owner="c")
    assert stranger.ok and not stranger.calls
    assert shares(world) == [("added", ["a", "b"])]
    for owner in ("a", "a"):
        assert not world.run("remove_from_vm", by=name, owner=owner).calls
    assert shares(world) == [("added", ["b"])]
    assert calls(world.run("remove_from_vm", by=name, owner="b")) == [("vm.remove_plan9", "ok")]
    assert not shares(world)


@pytest.mark.parametrize(("owner", "good"), [("", False), ("é" * 127 + "x", True),
                                             ("é" * 128, False)])
def test_an_owner_has_1_to_255_bytes(owner: str, good: bool) -> None:
    for world, op, config in ((World(stored("plan9")), "add_to_vm", SHARE),
                              (World(stored("scsi")), "reserve", {"disk": disk()})):
        result = world.run(op, config=config, owner=owner)
        assert result.error == (None if good else "EINVAL")
        assert good or where(result) == {}


def test_the_owner_is_checked_first_and_only_where_there_is_one() -> None:
    world = World(stored("plan9"), {"no_writable_shares": True})
    assert where(world.run("add_to_vm", config={"share": {}}, owner="")) == {}
    assert world.run("resolve_share_name", config=SHARE, owner="").error == "EPERM"


def test_an_owner_that_takes_again_adds_no_holder() -> None:
    world = World(stored("plan9"), max_holders=1)
    add(world, "a")
    add(world, "a")
    assert world.run("add_to_vm", config=SHARE, owner="b").error == "EOVERFLOW"


def test_a_caller_may_choose_the_id_of_its_reservation() -> None:
    world = World(stored("scsi"))
    config = {"disk": disk(), "mount": {"partition": 1}}
    assert world.run("reserve", config=config, id="mine").returns["reservation"] == "mine"
    again = world.run("reserve", config=config, id="mine")
    assert (again.error, where(again)) == ("EEXIST", {})
    assert world.run("unmap_from_guest", reservation="mine").ok
    assert world.run("reserve", config=config, id="mine").ok


def test_a_chosen_id_that_is_in_use_is_found_before_anything_is_done() -> None:
    world = World(stored("scsi"))
    world.run("reserve", config={"disk": disk()}, id="mine")
    other = world.run("reserve", config={"disk": disk(read_only=True)}, id="mine")
    assert (other.error, where(other)) == ("EEXIST", {})


def test_a_reservation_is_releasing_from_the_first_call_on() -> None:
    """Rule 6: rent; use; give_back dies, or fails; then a use must not end ok."""
    world = World(stored("scsi"))
    label = reserve(world)
    assert world.run("map_to_guest", reservation=label).ok
    assert world.run("unmap_from_guest", reservation=label,
                     outcomes=backend({"guest.unmount": "EIO"})).error == "EIO"
    assert world.snapshot()["releasing"] == [label]
    assert world.run("map_to_guest", reservation=label).error == "ECANCELED"
    assert world.run("unmap_from_guest", reservation=label).ok


def test_without_a_store_a_reservation_that_holds_everything_may_be_used() -> None:
    world = World(shipped("scsi"))
    label = reserve(world)
    world.run("map_to_guest", reservation=label)
    world.run("unmap_from_guest", reservation=label, outcomes=backend({"guest.unmount": "EIO"}))
    assert world.run("map_to_guest", reservation=label).ok
    assert "releasing" not in world.snapshot()


def test_an_end_that_calls_nothing_and_fails_marks_nothing() -> None:
    spec = manager("""
berth: 1
manager: m
store: true
resources:
  r:
    fields: {open: {type: bool}}
    holders: {take: hold, drop: leave}
    initial: on
    states:
      on: {on: {hold: stay, leave: {reject: EBUSY}}}
      off: {final: true}
operations:
  rent: {obtain: [r], gives: reservation}
  use: {with: reservation, do: []}
  give_back: {with: reservation, do: [r.leave], ends: reservation}
""")
    world = World(spec)
    label = str(world.run("rent").returns["reservation"])
    assert world.run("give_back", reservation=label).error == "EBUSY"
    assert world.snapshot()["releasing"] == []
    assert world.run("use", reservation=label).ok


def test_a_commit_that_is_refused_before_the_first_call_is_the_error_of_the_operation() -> None:
    world = World(stored("scsi"))
    before = world.snapshot()
    refused = world.run("reserve", config={"disk": disk()}, fate=Fate(refuse=1))
    assert (refused.error, where(refused), world.snapshot()) == ("EIO", {}, before)
    label = reserve(world)
    before = world.snapshot()
    refused = world.run("map_to_guest", reservation=label, fate=Fate(refuse=1))
    assert (refused.error, where(refused), refused.calls) == ("EIO", {}, ())
    assert world.snapshot() == before


def test_a_commit_that_is_refused_after_a_call_is_a_crash() -> None:
    world = World(stored("scsi"))
    label = reserve(world)
    dead = world.run("map_to_guest", reservation=label, fate=Fate(refuse=2))
    assert (dead.error, calls(dead)) == ("EOWNERDEAD", [("vm.add_disk", "ok")])
    assert [one["state"] for one in world.snapshot()["disk"]] == ["suspect"]
    assert world.snapshot()["owners"] == {label: "o"}


def test_a_refused_commit_of_a_drain_is_the_error_of_its_drop() -> None:
    world = World(stored("plan9"))
    add(world, "a")
    world.run("add_to_vm", config={"share": {"host_path": "/b"}})
    drained = world.drain(fate=Fate(refuse=1))
    assert (drained.error, where(drained)) == ("EIO", {})
    assert calls(drained) == [("vm.remove_plan9", "ok")]
    assert shares(world) == [("added", ["a"])]


UNDO = """
berth: 1
manager: m
store: {settle: vm.settle}
backend:
  vm: {settle: {on: store}, add: {on: r}, remove: {on: r, undoes: vm.add, repeatable: true}}
resources:
  r:
    key: [n]
    fields: {n: {type: u8}}
    holders: {take: hold, drop: leave}
    initial: new
    states:
      new:
        resident: true
        on:
          hold: stay
          add: {call: vm.add, ok: on, fail: stay, uncertain: {to: lost, raise: undo}}
          leave: gone
      on:
        on: {hold: stay, add: stay, leave: {call: vm.remove, ok: gone, fail: stay, uncertain: lost}}
      lost:
        resident: true
        on:
          hold: {reject: EBUSY}
          add: {reject: EBUSY}
          undo: {call: vm.remove, ok: gone, fail: stay}
          leave: {call: vm.remove, ok: gone, fail: stay}
      gone: {final: true}
operations:
  add: {obtain: [r], do: [r.add, r.hold]}
  remove: {find: r, absent: ok, do: [r.leave]}
"""


def died() -> World:
    """The process died in an add, which called its hook."""
    world = World(manager(UNDO))
    assert world.run("add", config={"r": {"n": 1}}, fate=Fate(die=1)).error == "EOWNERDEAD"
    return world


def test_a_raise_of_a_crash_waits_for_recover_and_locks() -> None:
    world = died()
    assert world.locked and [one["state"] for one in world.snapshot()["r"]] == ["lost"]
    with pytest.raises(ValueError, match="recover"):
        world.run("add", config={"r": {"n": 1}})
    assert calls(world.recover()) == [("vm.settle", "ok"), ("vm.remove", "ok")]
    assert not world.locked and world.snapshot()["r"] == []


@pytest.mark.parametrize("kind", ["EIO", "?EIO"])
def test_recover_does_nothing_unless_it_has_settled(kind: str) -> None:
    world = died()
    result = world.recover(backend({"vm.settle": kind}))
    assert (result.error, where(result)) == ("EIO", {"hook": "vm.settle"})
    assert world.locked and len(result.calls) == 1
    assert world.recover().ok


def test_recover_settles_although_nothing_is_left() -> None:
    assert calls(World(manager(UNDO)).recover()) == [("vm.settle", "ok")]


def test_recover_notes_an_error_and_the_root_is_free() -> None:
    world = died()
    result = world.recover(backend({"vm.remove": "EPERM"}))
    assert (result.error, where(result)["event"]) == ("EPERM", "undo")
    assert not world.locked and [one["state"] for one in world.snapshot()["r"]] == ["lost"]


def test_a_crash_in_recover_leaves_the_rest_for_the_next() -> None:
    world = died()
    assert world.recover(fate=Fate(die=0)).error == "EOWNERDEAD" and world.locked
    dead = world.recover(fate=Fate(die=1))
    assert (dead.error, calls(dead)) == ("EOWNERDEAD", [("vm.settle", "ok")])
    # the undo counts as uncertain, and its row goes back to the same state without a raise
    assert world.locked and [one["state"] for one in world.snapshot()["r"]] == ["lost"]
    assert calls(world.recover()) == [("vm.settle", "ok")] and not world.locked


def test_a_refused_commit_of_recover_leaves_the_root_locked() -> None:
    world = died()
    result = world.recover(fate=Fate(refuse=1))
    assert (result.error, where(result), calls(result)) == ("EIO", {}, [("vm.settle", "ok")])
    assert world.locked
    assert world.recover().ok and not world.locked


def test_discard_forgets_what_waits_for_recover() -> None:
    world = died()
    world.discard()
    assert not world.locked and world.recover().ok


def test_an_answer_that_is_lost_costs_nothing_and_takes_nothing() -> None:
    """Rule 7: add with a lost answer. The caller asks again, and lets go once."""
    world = World(manager(UNDO))
    config = {"r": {"n": 1}}
    assert world.run("add", config=config, owner="other").ok
    assert world.run("add", config=config, owner="a", fate=Fate(die=1)).error == "EOWNERDEAD"
    assert world.snapshot()["r"][0]["owners"] == ["a", "other"]
    assert world.run("add", config=config, owner="a").ok
    assert not world.run("remove", config=config, owner="a").calls
    assert world.snapshot()["r"][0]["owners"] == ["other"]
    assert not world.run("remove", config=config, owner="a").calls  # it has none: nothing is taken
    assert calls(world.run("remove", config=config, owner="other")) == [("vm.remove", "ok")]


def test_values_that_a_call_gave_are_lost_with_the_process() -> None:
    world = World(stored("workers"))
    label = str(world.run("reserve", config={"worker": {"name": "a"}, "link": {}}
                          ).returns["reservation"])
    dead = world.run("work", reservation=label, fate=Fate(refuse=2))
    assert (dead.error, calls(dead)) == ("EOWNERDEAD", [("os.fork", "ok")])
    worker = world.snapshot()["worker"][0]
    assert (worker["state"], worker["pid"], worker["session"]) == ("unclear", 0, "nil")


def test_values_that_are_durable_name_their_instance_again() -> None:
    world = World(stored("workers"))
    label = str(world.run("reserve", config={"worker": {"name": "a"}, "link": {}}
                          ).returns["reservation"])
    assert world.run("work", reservation=label, fate=Fate(die=2)).error == "EOWNERDEAD"
    session = world.snapshot()["worker"][0]["session"]
    assert session != "nil" and world.run("listen", by=session).ok


KEG = """
berth: 1
manager: m
store: true
backend: {vm: {fill: {on: keg}}}
resources:
  keg:
    assigned: {level: {from: vm.fill, type: u8}}
    holders: {take: hold, drop: leave}
    initial: empty
    states:
      empty:
        resident: true
        on: {hold: stay, fill: {call: vm.fill, ok: full, fail: stay, uncertain: gone}, leave: stay}
      full: {resident: true, on: {hold: stay, fill: stay, leave: stay}}
      gone: {final: true}
operations:
  fill: {obtain: [keg], do: [keg.fill, keg.hold], returns: [keg.level]}
  leave: {find: keg, do: [keg.leave]}
"""


def test_an_instance_that_loading_finds_in_a_final_state_ends() -> None:
    world = World(manager(KEG))
    assert world.run("fill", fate=Fate(die=1)).error == "EOWNERDEAD"
    assert world.snapshot()["keg"] == [] and not world.locked


def test_a_drain_clears_the_owners_of_what_stays() -> None:
    world = World(manager(KEG))
    world.run("fill", owner="a")
    assert world.drain().ok
    assert [(one["refs"], one["owners"]) for one in world.snapshot()["keg"]] == [(0, [])]


def test_a_backend_that_outlives_the_manager_goes_on_counting() -> None:
    world = World(manager(KEG))
    assert world.run("fill", fate=Fate(refuse=2)).error == "EOWNERDEAD"
    assert world.run("fill").returns == {"level": 2}


def test_a_reservation_stays_releasing_while_its_holds_go() -> None:
    world = World(stored("scsi"))
    label = reserve(world)
    world.run("map_to_guest", reservation=label)
    assert world.run("unmap_from_guest", reservation=label,
                     outcomes=backend({"vm.remove_disk": "EIO"})).error == "EIO"
    assert world.snapshot()["disk"][0]["mount"] == []
    assert world.snapshot()["releasing"] == [label]


def test_what_a_drain_does_at_its_end_may_be_refused() -> None:
    world = World(manager("""
berth: 1
manager: m
store: true
resources:
  r:
    holders: {take: hold, drop: leave}
    initial: whole
    states:
      whole: {on: {hold: stay, smash: gone, leave: gone}}
      gone: {final: true}
operations:
  reserve: {obtain: [r], gives: reservation}
  smash: {with: reservation, do: [r.smash]}
"""))
    label = world.run("reserve").returns["reservation"]
    assert world.run("smash", reservation=str(label)).ok
    refused = world.drain(fate=Fate(refuse=1))
    assert (refused.error, where(refused), world.reservations) == ("EIO", {}, (label,))
    assert world.drain().ok and world.reservations == ()
