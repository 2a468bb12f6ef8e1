"""Random specs of which the search finds nothing wrong, walked at random on the generated C: what the walk sees must not be wrong either.

The walk shares nothing with the search: it keeps the callers' contract by itself, reads answers of the C simulator, and follows from the
calls which effects the backend has.
"""
from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from explore_support import FAULTY, ROOT, Json, manager_of

from berthc.diag import Severity
from berthc.explore.bounds import Bounds
from berthc.explore.report import explore
from berthc.explore.spec import search_text
from berthc.model import Hook, Manager, Resource
from programs import simulator

sys.path.insert(0, str(ROOT / "tests/checker"))
from mutate import mutants, tree_of  # noqa: E402

BASES = {"disk": FAULTY / "sound/removes-for-ever.yaml", "device": ROOT / "spec/vpci.yaml", "share": ROOT / "spec/plan9_mount.yaml"}
TAKES = {
    "disk": [{"op": "reserve", "disk": {"host_path": path}, "mount": {"partition": p}} for path in ("/a", "/b") for p in (1, 2)],
    "device": [{"op": "reserve", "device": {"device_instance_id": "/a"}}],
    "share": [{"op": "reserve", "share": {"host_path": "/a"}, "mount": {}}],
}
USE = {"disk": "map_to_guest", "device": "add_to_vm", "share": "map_to_guest"}
END = {"disk": "unmap_from_guest", "device": "remove_from_vm", "share": "unmap_from_guest"}
# Pools that are full as soon as anything has a slot; of other specs there are none.
SMALLER = {"disk": ("pool: {lun: 64}", "pool: {lun: 1}")}
SPECS, WALKS, STEPS, CALLERS = 4, 25, 25, 3


def sound_specs(base: str, seed: int) -> Iterator[Manager]:
    """Specs with two changes that the static rules and the search both take."""
    rng = random.Random(seed)
    text = BASES[base].read_text(encoding="utf-8")
    if base in SMALLER:
        assert SMALLER[base][0] in text
        text = text.replace(*SMALLER[base])
    first = list(mutants(tree_of(text)))
    while True:
        once = rng.choice(first).text
        twice = rng.choice(list(mutants(tree_of(once)))).text
        result, manager = search_text("random.yaml", twice)
        if manager is None or any(d.severity is Severity.ERROR for d in result.diagnostics):
            continue
        report = explore(manager, Bounds(callers=CALLERS, keys=2))
        if not report.findings and report.complete:
            yield manager


class Lied(Exception):
    """A request changed what a hook had been told to answer before it was asked: this walk shows nothing more."""


@dataclass
class Walk:
    """One manager with its backend and callers."""

    manager: Manager
    base: str
    rng: random.Random
    pipe: subprocess.Popen[str]
    held: dict[int, str] = field(default_factory=dict)  # caller: reservation
    releasing: set[int] = field(default_factory=set)
    truth: dict[str, set[str]] = field(default_factory=dict)  # instance: effects
    tracked: dict[str, Json] = field(default_factory=dict)  # the instances of the last answer
    full: int = 0  # refusals for want of a slot

    def ask(self, request: Json, failing: bool = True) -> Json:
        hooks = [h for h in self.manager.hooks if failing and self.rng.random() < 0.3]
        effects = {h.name: self.rng.random() < 0.5 for h in hooks}
        kinds = {h.name: "unknown" if h.asks else self.rng.choice(("fail", "uncertain")) for h in hooks}
        kinds = {h.name: self.truly(h) for h in self.manager.hooks if h.asks} | kinds
        fail = [{"hook": name, "outcome": kind} for name, kind in kinds.items()]
        assert self.pipe.stdin is not None and self.pipe.stdout is not None
        self.pipe.stdin.write(json.dumps({**request, "fail": fail}) + "\n")
        self.pipe.stdin.flush()
        answer: Json = json.loads(self.pipe.stdout.readline())
        assert "message" not in answer, answer
        for call in answer["calls"]:
            if call["outcome"] in ("yes", "no") and call["outcome"] != self.truly(self.manager.hook(call["hook"])):
                raise Lied
            self.called(call, call["outcome"] == "ok" or (call["outcome"] == "uncertain" and effects[call["hook"]]))
        there = {self.name(r.name, item): item for r, item in self.instances(answer["state"])}
        if answer["error"] == "ENOSPC" and not answer["calls"]:
            assert there == self.tracked and any(r.parent is None for r, _ in self.instances(answer["state"])), "refused for want of a slot"
            self.full += 1
        self.tracked = there
        assert not [(name, what) for name, what in self.truth.items() if what and name not in there], "an effect outlived its instance"
        return answer

    def truly(self, hook: Hook) -> str:
        """What a hook that asks must answer now. The managers with such hooks have one instance of each resource here."""
        return "yes" if self.truth.get(hook.on, set()) & set(hook.asks) else "no"

    def name(self, resource: str, args: Json) -> str:
        if self.base == "disk":
            return str(args["host_path"]) if resource == "disk" else f"{args['host_path']}/{args['partition']}"
        return resource

    def called(self, call: Json, effect: bool) -> None:
        hook = self.manager.hook(call["hook"])
        true = self.truth.setdefault(self.name(hook.on, call["args"]), set())
        undoable = {name for h in self.manager.hooks for name in h.undoes}
        assert hook.repeatable or hook.name not in undoable or hook.name not in true, f"{hook.name} twice"
        assert hook.repeatable or not hook.undoes or true & set(hook.undoes), f"{hook.name} for nothing"
        for needed in hook.needs:
            assert needed in self.truth.get(self.name(self.manager.hook(needed).on, call["args"]), set()), f"{hook.name} without {needed}"
        if effect:
            for other in self.manager.hooks:
                if set(other.needs) & set(hook.undoes) & true:
                    assert not any(other.name in held for held in self.truth.values()), f"{hook.name} under {other.name}"
            true -= set(hook.undoes)
            true |= {hook.name} & undoable

    def instances(self, state: Json) -> list[tuple[Resource, Json]]:
        found = []
        for resource in self.manager.resources:
            if resource.parent is None:
                for item in state[resource.name]:
                    found.append((resource, item))
                    found += [(child, {**item, **below}) for child in self.manager.resources
                              if child.parent == resource.name for below in item[child.name]]
        return found

    def step(self) -> None:
        who = self.rng.randrange(CALLERS)
        if who not in self.held:
            answer = self.ask(self.rng.choice(TAKES[self.base]))
            if answer["ok"]:
                self.held[who] = answer["returns"]["reservation"]
        elif who not in self.releasing and self.rng.random() < 0.5:
            self.ask({"op": USE[self.base], "reservation": self.held[who]})
        else:
            self.release(who)

    def release(self, who: int, failing: bool = True) -> bool:
        answer = self.ask({"op": END[self.base], "reservation": self.held[who]}, failing)
        self.releasing.add(who)
        if answer["ok"]:
            del self.held[who]
            self.releasing.discard(who)
        return bool(answer["ok"])

    def end(self) -> None:
        """Everybody lets go with a backend that works."""
        for who in list(self.held):
            assert any(self.release(who, failing=False) for _ in range(4)), "stranded"
        last = self.ask({"op": END[self.base], "reservation": "nobody's"}, failing=False)  # refused; the answer shows what is tracked
        left = [item["state"] for _, item in self.instances(last["state"])]
        assert left == [] and not any(self.truth.values()), left


@pytest.mark.parametrize("base", BASES)
def test_walks_on_the_c_code_see_no_fault_either(base: str, tmp_path: Path) -> None:
    specs = sound_specs(base, seed=20)
    for n in range(SPECS):
        manager = next(specs)
        program = simulator(manager, tmp_path / str(n))
        full = sum(walk(manager, base, program, seed) for seed in range(WALKS))
        assert (full > 0) == (base in SMALLER)


def walk(manager: Manager, base: str, program: Path, seed: int) -> int:
    """One random walk to its end, and how often a pool was full; AssertionError where something is wrong."""
    with subprocess.Popen([str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as pipe:
        one = Walk(manager, base, random.Random(seed), pipe)
        try:
            for _ in range(STEPS):
                one.step()
            one.end()
        except Lied:
            pass
        assert pipe.stdin is not None
        pipe.stdin.close()
        return one.full


@pytest.mark.parametrize("name", ["leak-unmap-without-map", "leak-uncertain-as-failed", "stranded-failed-mount", "double-attach-again"])
def test_walks_see_the_faults_of_faulty_specs(name: str, tmp_path: Path) -> None:
    manager = manager_of((FAULTY / f"{name}.yaml").read_text(encoding="utf-8"))
    program = simulator(manager, tmp_path)
    with pytest.raises(AssertionError):
        for seed in range(WALKS):
            walk(manager, "disk", program, seed)
