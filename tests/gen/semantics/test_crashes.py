"""A manager with a store dies at every commit of every request: what is durable is what the rules
say, and after recovery everything can be let go of, and nothing is left in the backend."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from berthc.model import Manager
from berthc.semantics import Fate, Result, World
from semantics_support import disk
from store_support import Backend, Life, Request, crashes, recovered, stored

OWNERS = ("a", "b")


@dataclass(frozen=True)
class Callers:
    """How the callers of a manager get what they want, use it, and let go of it; what is there
    while they have it."""

    manager: Manager
    get: Callable[[str], Mapping[str, object]]
    let_go: Callable[[str, World], Mapping[str, object] | None]  # None: there is nothing
    effects: Sequence[str]
    use: str | None = None

    def request(self, verb: str, owner: str) -> Request:
        def request(world: World, backend: Backend, fate: Fate) -> Result:
            if verb == "use":
                assert self.use is not None
                made: Mapping[str, object] = {"op": self.use, "reservation": owner}
            else:
                made = self.get(owner) if verb == "get" else self.let_go(owner, world) or {}
            if not made:
                return Result(None, None)
            more: dict[str, Any] = dict(made)
            return world.run(outcomes=backend, owner=owner, fate=fate, **more)

        return request

    def script(self) -> list[tuple[str, str]]:
        use = [] if self.use is None else ["use"]
        verbs = ["get", *use]
        return [(verb, "a") for verb in verbs] + [(verb, "b") for verb in verbs] + [
            ("let go", "a"), *((verb, "a") for verb in verbs), ("let go", "b"), ("let go", "a")]


def reserving(name: str, get: str, use: str, let_go: str, effects: Sequence[str],
              **config: Mapping[str, object]) -> Callers:
    return Callers(stored(name), lambda owner: {"op": get, "config": config, "id": owner},
                   lambda owner, _world: {"op": let_go, "reservation": owner}, effects, use)


def plan9() -> Callers:
    config = {"share": {"host_path": "/a"}}

    def let_go(owner: str, world: World) -> Mapping[str, object] | None:
        name = next((share["name"] for share in world.snapshot()["share"]
                     if owner in share["owners"]), None)
        return None if name is None else {"op": "remove_from_vm", "by": name}

    return Callers(stored("plan9"), lambda _: {"op": "add_to_vm", "config": config}, let_go,
                   ["vm.add_plan9"])


CALLERS = {
    "scsi": reserving("scsi", "reserve", "map_to_guest", "unmap_from_guest",
                      ["vm.add_disk", "guest.mount"], disk=disk(), mount={"partition": 1}),
    "plan9_mount": reserving("plan9_mount", "reserve", "map_to_guest", "unmap_from_guest",
                             ["vm.add_plan9", "guest.add_mapped_directory"],
                             share={"host_path": "/a"}, mount={}),
    "vpci": reserving("vpci", "reserve", "add_to_vm", "remove_from_vm", ["vm.add_device"],
                      device={"device_instance_id": "/a"}),
    "plan9": plan9(),
}


def run(callers: Callers, life: Life, verb: str, owner: str) -> Result:
    """A request without a crash; while it says ok, what was wanted is there."""
    result = callers.request(verb, owner)(life.world, life.backend.request({}), Fate())
    if result.ok and verb == ("use" if callers.use else "get"):
        assert {hook for hook, _ in life.backend.there} == set(callers.effects)
    return result


def let_everything_go(callers: Callers, life: Life) -> None:
    for owner in OWNERS:
        last = [run(callers, life, "let go", owner) for _ in range(3)][-1]
        assert last.error in (None, "ENOENT")
    assert life.world.drain(life.backend.request({})).ok
    assert not life.backend.there
    assert set(map(str, life.world.snapshot().values())) <= {"[]", "{}"}


def lives(callers: Callers) -> Iterator[tuple[Life, int, str, str]]:
    """Before each request of the script."""
    life = Life(World(callers.manager), Backend(callers.manager))
    for at, (verb, owner) in enumerate(callers.script()):
        yield life.clone(), at, verb, owner
        assert run(callers, life, verb, owner).ok


WRONG: Sequence[Mapping[int, str]] = ({}, {1: "fail"}, {1: "uncertain"}, {2: "fail"},
                                      {2: "uncertain"})


@pytest.mark.parametrize("name", CALLERS)
def test_nothing_leaks_and_nothing_is_stolen_whenever_the_process_dies(name: str) -> None:
    callers = CALLERS[name]
    count = 0
    for life, at, verb, owner in lives(callers):
        for wrong in WRONG:
            for dead, _, _ in crashes(life, callers.request(verb, owner), wrong):
                for alive in recovered(dead):
                    for again, who in callers.script()[at:]:
                        run(callers, alive, again, who)
                    let_everything_go(callers, alive)
                    count += 1
    assert count > 50


@pytest.mark.parametrize("name", CALLERS)
def test_the_store_has_what_was_before_and_after_a_request(name: str) -> None:
    callers = CALLERS[name]
    for life, _, verb, owner in lives(callers):
        request = callers.request(verb, owner)
        after = life.clone()
        result = request(after.world, after.backend.request({}), Fate())
        commits = len(result.calls) + (after.world.snapshot() != life.world.snapshot())
        for dead, k, _ in crashes(life, request, {}):
            if k == 0:
                assert dead.world.snapshot() == life.world.snapshot()
            if k > len(result.calls):
                assert (k, dead.world.snapshot()) == (commits, after.world.snapshot())


@pytest.mark.parametrize("name", CALLERS)
def test_a_call_that_had_begun_counts_as_uncertain(name: str) -> None:
    callers = CALLERS[name]
    for life, _, verb, owner in lives(callers):
        request = callers.request(verb, owner)
        whole = life.clone()
        rows = [taken for taken in request(whole.world, whole.backend.request({}), Fate()).rows
                if taken.row is not None and taken.row.hook is not None]
        for dead, k, begun in crashes(life, request, {}):
            if begun is None:
                continue
            row = rows[k - 1].row
            assert row is not None and row.hook == begun.hook
            target = row.target("unknown" if row.ask else "uncertain")
            assert dead.world.locked == (target.raise_event is not None)
            assert target.state in str(dead.world.snapshot()) or target.state == "removed"


@pytest.mark.parametrize("name", CALLERS)
def test_a_drain_goes_on_after_it_died(name: str) -> None:
    callers = CALLERS[name]

    def drain(world: World, backend: Backend, fate: Fate) -> Result:
        return world.drain(backend, fate)

    for life, _, _, _ in lives(callers):
        for wrong in WRONG:
            for dead, _, _ in crashes(life, drain, wrong):
                for alive in recovered(dead):
                    let_everything_go(callers, alive)
