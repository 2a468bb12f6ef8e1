"""Clones, snapshots and keys; and random walks that check what must hold in every state."""
from __future__ import annotations

import random
from typing import Any

import pytest
from semantics_support import SHIPPED, disk, reserve, shipped

from berthc.model import Form
from berthc.semantics import OK, Outcome, Result, Value, World


def test_a_clone_goes_its_own_way() -> None:
    world = World(shipped("scsi"))
    reserve(world)
    before = world.snapshot()
    other = world.clone()
    assert other.key() == world.key()
    reserve(other, "/b")
    other.run("unmap_from_guest", reservation="r1")
    assert world.snapshot() == before
    assert [d["host_path"] for d in other.snapshot()["disk"]] == ["/b"]
    assert reserve(world, "/c") == "r2", "numbers are the clone's own too"


def test_a_snapshot_is_the_readers_to_change() -> None:
    world = World(shipped("scsi"))
    reserve(world, options=("ro",))
    shown = world.snapshot()
    shown["disk"][0]["mount"][0]["options"].append("x")
    shown["disk"].clear()
    shown["reservations"].clear()
    assert world.snapshot()["disk"][0]["mount"][0]["options"] == ["ro"]
    assert world.reservations == ("r1",)


def test_a_snapshot_has_fields_then_leaves_then_state_refs_and_children() -> None:
    world = World(shipped("scsi"))
    reserve(world)
    shown = world.snapshot()
    assert list(shown) == ["reservations", "disk"]
    assert list(shown["disk"][0]) == [
        "host_path", "read_only", "type", "evd_type", "controller", "lun", "state", "refs",
        "mount",
    ]
    assert World(shipped("plan9")).snapshot() == {"reservations": [], "share": []}


def key_after(*steps: tuple[str, Any]) -> tuple[World, list[str]]:
    """A scsi manager after reserving ("+", path) and unmapping ("-", index) in turn."""
    world = World(shipped("scsi"))
    labels: list[str] = []
    for what, argument in steps:
        if what == "+":
            path, partition = (argument, 1) if isinstance(argument, str) else argument
            labels.append(reserve(world, path, partition))
        else:
            world.run("unmap_from_guest", reservation=labels[argument])
    return world, labels


def test_keys_are_equal_up_to_names_of_reservations_and_order() -> None:
    one, _ = key_after(("+", "/a"), ("-", 0), ("+", "/b"), ("+", "/b"))
    two, _ = key_after(("+", "/b"), ("+", "/b"))
    assert one.key() == two.key()
    assert hash(one.key()) == hash(two.key())


@pytest.mark.parametrize("steps", [
    [("+", "/a")],
    [("+", "/a"), ("+", "/a")],
    [("+", ("/a", 2))],
    [("+", "/b")],
    [("+", "/b"), ("+", "/a"), ("-", 0)],  # the same disk in another slot
    [],
])
def test_keys_differ_where_states_do(steps: list[tuple[str, Any]]) -> None:
    others = [[("+", "/a")], [("+", "/a"), ("+", "/a")], [("+", ("/a", 2))], [("+", "/b")],
              [("+", "/b"), ("+", "/a"), ("-", 0)], []]
    same = [other for other in others if key_after(*other)[0].key() == key_after(*steps)[0].key()]
    assert same == [steps]


def test_keys_know_who_holds_what_when_callers_are_named() -> None:
    world, (first, second) = key_after(("+", "/a"), ("+", ("/a", 2)))
    assert world.key([first, second]) != world.key([second, first])
    same, (a, b) = key_after(("+", "/a"), ("+", "/a"))
    assert same.key([a, b]) == same.key([b, a])
    world.run("unmap_from_guest", reservation=first)
    assert world.key(
        [first, second]) == world.key(["r9", second]), "one that has ended is as good as none"


def test_keys_know_a_reservation_that_has_begun_to_let_go() -> None:
    def after(hook: str) -> World:
        world, (held,) = key_after(("+", "/a"))
        world.run("map_to_guest", reservation=held)
        world.run("unmap_from_guest", reservation=held, outcomes=lambda h, _n,
                  _a: Outcome("fail", "EIO") if h == hook else OK)
        return world

    world = after("guest.eject")
    fresh = World(shipped("scsi"))
    held = reserve(fresh)
    fresh.run("map_to_guest", reservation=held)
    assert world.key() != fresh.key()
    assert after("guest.unmount").key() == fresh.key(), "nothing has gone yet"


class Walk:
    """Random operations of a manager with hooks that fail at random; every answer is held against
    the rules."""

    def __init__(self, name: str, seed: int) -> None:
        self.rng = random.Random(seed)
        self.world = World(shipped(name))
        self.given: list[str] = []

    def outcome(self, hook: str, nth: int, args: object) -> Outcome:
        kind = self.rng.choice(("ok", "ok", "ok", "fail", "uncertain"))
        return OK if kind == "ok" else Outcome(kind, "EIO")

    def config(self, path: tuple[str, ...]) -> dict[str, dict[str, Value]]:
        keys: dict[str, tuple[Value, ...]] = {
            "host_path": ("/a", "/b"),
            "device_instance_id": ("d", "e"),
            "partition": (0, 1),
            "read_only": (False, False, False, True),
        }
        return {name: {f.name: self.rng.choice(keys[f.name])
                       for f in self.world.manager.resource(name).fields if f.name in keys}
                for name in path}

    def step(self) -> None:
        before, snapshot = self.world.key(), self.world.snapshot()
        result = self.operation()
        if result.error is not None and not result.calls:
            assert (self.world.key(), self.world.snapshot()) == (before, snapshot), "S1"
        assert (result.where is None) == (result.error is None)
        assert result.error is None or result.returns == {}
        failed = [c for c in result.calls if c.outcome in ("fail", "uncertain", "unknown")]
        if failed:
            assert result.error == "EIO"
            assert result.where is not None and result.where["hook"] == failed[0].hook
        if "reservation" in result.returns:
            self.given.append(str(result.returns["reservation"]))
        self.check(self.world.snapshot())

    def operation(self) -> Result:
        manager = self.world.manager
        op = self.rng.choice([*manager.operations, None])
        if op is None:
            return self.world.drain(self.outcome) if self.rng.random() < 0.1 else Result(None, None)
        if op.form is Form.WITH:
            return self.world.run(op.name, reservation=self.rng.choice([*self.given[-4:], "r0"]),
                                  outcomes=self.outcome)
        if op.by is not None:
            return self.world.run(op.name, by=str(self.rng.randrange(4)), outcomes=self.outcome)
        at = {"controller": 0, "lun": self.rng.randrange(3)} if op.at is not None else None
        return self.world.run(op.name, config=self.config(op.path), at=at, outcomes=self.outcome)

    def check(self, snapshot: dict[str, Any]) -> None:
        manager = self.world.manager
        for root in (r for r in manager.resources if r.parent is None):
            self.check_items(root.name, snapshot[root.name])
        slots = [(d["controller"], d["lun"]) for d in snapshot.get("disk", [])]
        assert len(slots) == len(set(slots)), "two disks in one slot"
        path = manager.reservation_path
        if path:
            refs = sum(item["refs"] for item in self.level(snapshot, path[-1:]))
            assert refs <= len(snapshot["reservations"])
            for item in self.level(snapshot, path[:1]):
                children = sum(len(item[child]) for child in manager.children(path[0]))
                below = sum(child["refs"] for name in manager.children(path[0])
                            for child in item[name])
                assert (
                    item["refs"] >= below
                ), "who pins a child pins its parent: holds are dropped child first"
                assert children <= item["refs"]

    def level(self, snapshot: dict[str, Any], names: tuple[str, ...]) -> list[dict[str, Any]]:
        roots = [r.name for r in self.world.manager.resources if r.parent is None]
        items = [item for root in roots for item in snapshot[root]]
        if names[0] in roots:
            return items
        return [child for item in items for child in item[names[0]]]

    def check_items(self, resource: str, items: list[dict[str, Any]]) -> None:
        spec = self.world.manager.resource(resource)
        keys = [tuple(str(item[k]) for k in spec.key) for item in items]
        assert len(keys) == len(set(keys)), "two instances with one key"
        for item in items:
            state = spec.state(item["state"])
            assert not state.final, "a final state ends the instance"
            children = sum(len(item[child]) for child in self.world.manager.children(resource))
            assert item[
                "refs"] + children > 0 or state.resident, "nobody holds it and it may not rest"
            for child in self.world.manager.children(resource):
                self.check_items(child, item[child])


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("seed", range(12))
def test_random_walks_keep_every_rule_and_can_always_be_drained(name: str, seed: int) -> None:
    walk = Walk(name, seed)
    for _ in range(150):
        walk.step()
    for label in list(walk.world.reservations):
        ends = next(op.name for op in walk.world.manager.operations if op.ends)
        assert walk.world.run(
            ends, reservation=label).error is None, "with every hook working a holder can let go"
    result = walk.world.drain()
    assert result.error is None
    for name_, items in walk.world.snapshot().items():
        assert all(item["state"] == "boot" for item in items), name_


def test_boot_disks_are_what_remains() -> None:
    world = World(shipped("scsi"))
    world.run("reserve_for_rootfs", config={"disk": disk()}, at={"controller": 0, "lun": 0})
    world.drain()
    assert [d["state"] for d in world.snapshot()["disk"]] == ["boot"]
