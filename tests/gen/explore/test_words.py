"""What authors state, at random, held against random walks on the generated C.

A spec whose statements the search takes is walked: what it states must be so. One that the search
refuses comes with a script: played on the generated C, it must show what the finding says, and
nothing before its last request. `BERTH_RANDOM_SPECS=N` looks at N specs for each base,
`BERTH_RANDOM_SEED` takes another series.
"""
from __future__ import annotations

import copy
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

import pytest
from backend_support import Backend, Breach, key_path_of
from explore_support import FAULTY, ROOT, manager_of, play_c, report_of
from walk_support import Gives, walk
from word_support import Tree, bare, mean, ranges, rejecting, state_words

from berthc.diag import Severity
from berthc.explore.bounds import Bounds
from berthc.explore.report import Finding, Report, explore
from berthc.pipeline import search_text
from berthc.explore.states.backend import names
from berthc.model import Manager
from programs import simulator

sys.path.insert(0, str(ROOT / "tests/checker"))
from spec_mutants import mutants, tree_of  # noqa: E402

COUNT = int(os.environ.get("BERTH_RANDOM_SPECS", "2"))
SEED = os.environ.get("BERTH_RANDOM_SEED", "27")
BOUNDS = Bounds(callers=2, keys=1)
WALKS = 30  # of each spec
ENOUGH = 20  # looks at a word
SHOWN = ("needs", "effects", "denied")
"""The findings whose scripts show them in the calls and answers."""


class Base(NamedTuple):
    """A spec to change, what callers give in it, how often words are put into each change, and the
    words that its specs put to the test."""

    spec: Path
    gives: Gives
    times: int = 6
    words: frozenset[str] = frozenset(("needs", "effects", "maybe", "meant"))


SOUND = FAULTY / "sound"
SHARE, DISK = {"path": "/a"}, {"host_path": "/a"}
CARDS = ({"number": 1, "compute": False}, {"number": 2, "compute": True})
BASES = {
    "disk": Base(SOUND / "removes-for-ever.yaml", {"disk": (DISK,), "mount": ({"partition": 1},)}),
    "device": Base(ROOT / "spec/vpci.yaml", {
        "device": ({"device_instance_id": "/a", "virtual_function_index": 0},)}),
    "tap": Base(SOUND / "asks-when-unsure.yaml", {
        "tap": ({"name": "a"},), "address": ({"ip": "1"},)}, 2),
    "rack": Base(SOUND / "three-levels.yaml", {
        "tray": ({"number": 1},), "slot": ({"place": 1},), "card": ({},)}),
    "cache": Base(SOUND / "rests-without-holders.yaml", {"share": (DISK,), "mount": ({},)},
                  words=frozenset(("needs", "effects", "maybe"))),
    "copied": Base(SOUND / "is-copied-while-frozen.yaml", {"share": (SHARE,)}),
    "down": Base(SOUND / "goes-down-under-its-cards.yaml", {
        "ns": ({"id": "a"},), "nic": ({"name": "x"},)}, words=frozenset(("effects",))),
    "daemon": Base(SOUND / "stops-the-daemon-last.yaml", {
        "share": (SHARE,), "mount": ({"number": 1},)}),
    "card": Base(SOUND / "is-told-of-what-is-there.yaml", {"card": CARDS}, 2,
                 frozenset(("effects", "maybe"))),
}


class Bare(NamedTuple):
    """A spec without words, and what the search says of it: nothing, or that callers are refused at
    some places, which may be meant."""

    tree: Tree
    manager: Manager
    report: Report

    @property
    def refused(self) -> list[str]:
        return [f.fault.where for f in self.report.findings if f.fault.id == "denied"]


def without_words(base: Base, rng: random.Random) -> Iterator[Bare]:
    """Random changes of a spec, every other one such that a row refuses which the spec had not."""
    original = bare(tree_of(base.spec.read_text(encoding="utf-8")))
    changed = list(mutants(original))
    refusing = [mutant for mutant in changed if mutant.kind == "refuse"]
    for refuses in cycle((True, False) if "meant" in base.words else (False,)):
        found: Bare | None = None
        while found is None:
            tree = original
            if refuses or rng.random() < 0.7:
                tree = tree_of(rng.choice(refusing if refuses else changed).text)
            if rng.random() < 0.2:
                tree = tree_of(rng.choice(list(mutants(tree))).text)
            found = _sound(tree, refuses)
        yield found


def _sound(tree: Tree, refuses: bool) -> Bare | None:
    """None where the spec has faults that no word can mend."""
    manager = compiled(tree)
    if manager is None:
        return None
    found = Bare(tree, manager, explore(manager, BOUNDS))
    if not found.report.complete or faults(found.report) - {"denied"}:
        return None
    by_rows = all(where.count(".") == 2 and rejecting(tree, where) for where in found.refused)
    if bool(found.refused) != refuses or not by_rows:
        return None
    stated = copy.deepcopy(tree)
    mean(stated, found.refused, random.Random(0))
    means_it = compiled(stated)
    return found if means_it is not None and not faults(explore(means_it, BOUNDS)) else None


def compiled(tree: Tree) -> Manager | None:
    """None where a static rule refuses the spec, or it has no meaning."""
    result, manager = search_text("random.yaml", json.dumps(tree))
    errors = {d.id for d in result.diagnostics if d.severity is Severity.ERROR}
    return None if errors - {"unreachable", "needs"} else manager


def faults(report: Report) -> set[str]:
    """Rows that nobody plays break nothing. Of an operation that nobody asks for nothing is
    known."""
    harmless = set() if report.unplayed.operations else {"unreachable"}
    return {f.fault.id for f in report.findings} - harmless


def with_words(plain: Bare, times: int, rng: random.Random) -> Iterator[Report]:
    """What the search says of the same spec with words."""
    known = ranges(plain.manager, plain.report)
    for _ in range(times):
        stated = copy.deepcopy(plain.tree)
        mean(stated, plain.refused if rng.random() < 0.8 else [], rng)
        state_words(stated, plain.manager, known, rng)
        manager = compiled(stated)
        if manager is not None:
            yield explore(manager, BOUNDS)


@pytest.mark.long
@pytest.mark.parametrize("name", BASES)
def test_what_is_stated_is_so(name: str, tmp_path: Path) -> None:
    base, rng = BASES[name], random.Random(f"{SEED} {name}")
    tested: Counter[str] = Counter()
    for number, plain in zip(range(COUNT), without_words(base, rng), strict=False):
        # At run time words mean nothing (tests/differential/test_variants.py).
        program = simulator(plain.manager, tmp_path / str(number))
        for report in with_words(plain, base.times, rng):
            if not faults(report):
                for seed in range(WALKS):
                    tested += walk(report.manager, base.gives, program, seed, BOUNDS.callers)
                    tested["walks"] += 1
                tested["walked"] += 1
            for finding in report.findings:
                if finding.fault.id in SHOWN:
                    assert is_shown(report.manager, finding, program), finding
                    tested["shown"] += 1
    assert tested["walked"] * 8 >= COUNT * base.times, tested
    assert tested["lied"] * 4 <= tested["walks"], tested
    assert tested["shown"] * 8 >= COUNT * base.times or base.times < 6, tested
    assert not [word for word in base.words if tested[word] < ENOUGH], tested


def is_shown(manager: Manager, finding: Finding, program: Path) -> bool:
    """Does the C do what the script says, and is that what the finding says?"""
    answers = play_c(program, finding.requests)
    backend = Backend(manager, finding.requests[0].get("without", ()))
    breaches: list[Breach] = []
    for line, answer in zip(finding.script, answers, strict=True):
        assert not breaches, f"it shows too early: {breaches}"
        change = line.change
        if change is None:
            continue
        given = {choice.resource: dict(choice.fields) for choice in change.move.config}
        backend.create(line.request["op"], given, set(names(manager, change.way.found)))
        effects = [call.ending.effect for call in change.called]
        found = [names(manager, call.ending.found) for call in change.called]
        breaches = list(backend.answered(answer, effects, found))
    fault = finding.fault
    if fault.id == "denied":
        outcomes = [call["outcome"] for one in answers for call in one["calls"]]
        good = set(outcomes) <= {"ok", "yes", "no"}
        return good and not breaches and not answers[-1]["ok"]
    reported = [one for one in breaches if one.id == fault.id]
    return any(all(word in fault.message for word in one.words) for one in reported)


IN_THE_BACKEND = (*SHOWN, "double")  # seen from outside, and never before the last request
FAULTS = sorted(path for id_ in IN_THE_BACKEND for path in FAULTY.glob(f"{id_}-*.yaml"))


@pytest.mark.parametrize("path", FAULTS, ids=lambda path: path.stem)
def test_the_scripts_of_faulty_specs_show_it(path: Path, tmp_path: Path) -> None:
    report = report_of(path)
    shown = [finding for finding in report.findings if finding.fault.id in IN_THE_BACKEND]
    program = simulator(report.manager, tmp_path)
    assert shown and all(is_shown(report.manager, finding, program) for finding in shown)


def takes_from_others(manager: Manager, finding: Finding, program: Path) -> list[bool]:
    """For each request of a script: does it take back an effect of an instance that another caller
    holds, or a hold that is not the caller's any more?"""
    answers = play_c(program, finding.requests)
    backend = Backend(manager, finding.requests[0].get("without", ()))
    holds: Counter[int] = Counter()  # by caller; each script has one root
    dropped: set[int] = set()  # callers whose failed release dropped a hold
    takes: list[bool] = []
    for line, answer in zip(finding.script, answers, strict=True):
        change = line.change
        if change is None:
            continue
        move = change.move
        refs = dict(backend.refs)
        given = {choice.resource: dict(choice.fields) for choice in move.config}
        backend.create(line.request["op"], given, set(names(manager, change.way.found)))
        there = {path: has | backend.unknown.get(path, set())
                 for path, has in backend.truth.items()}
        list(backend.answered(answer, [call.ending.effect for call in change.called],
                              [names(manager, call.ending.found) for call in change.called]))
        lost = [path for call in answer["calls"] if call["outcome"] != "fail"
                for path in [key_path_of(manager, manager.hook(call["hook"]).on, call["args"])]
                if there.get(path, set()) & set(manager.hook(call["hook"]).undoes)]
        fewer = any(backend.refs.get(path, 0) < n for path, n in refs.items())
        others = any(refs.get(path, 0) > min(holds[move.who], 1) for path in lost)
        takes.append(others or fewer and move.who in dropped)
        if answer["ok"] and move.part in ("gives", "acquires"):
            holds[move.who] += 1
        elif move.part in ("ends", "releases"):
            holds[move.who] -= answer["ok"]
            dropped |= {move.who} if fewer and not answer["ok"] else set()
    return takes


@pytest.mark.parametrize("path", sorted(FAULTY.glob("interference-*.yaml")), ids=lambda p: p.stem)
def test_the_last_request_takes_from_others_and_none_before(path: Path, tmp_path: Path) -> None:
    report = report_of(path)
    program = simulator(report.manager, tmp_path)
    for finding in report.findings:
        *before, last = takes_from_others(report.manager, finding, program)
        assert last and not any(before), (finding.fault, before)


@pytest.mark.parametrize(("name", "gives"), [
    ("needs-mount-before-add", {"share": (SHARE,), "mount": ({},)}),
    ("needs-daemon-stopped-first", {"share": (SHARE,)}),
    ("needs-drain-stops-first", {"share": (SHARE,)}),
    ("needs-second-drain-stops-first", {"share": (SHARE,)}),
    ("effects-suspect-says-nothing-is-there", {"disk": (SHARE,)}),
    ("effects-drain-forgets-what-it-could-not-remove", {"image": ({"name": "a"},)}),
])
def test_walks_see_what_is_stated_wrongly(name: str, gives: Gives, tmp_path: Path) -> None:
    manager = manager_of((FAULTY / f"{name}.yaml").read_text(encoding="utf-8"))
    program = simulator(manager, tmp_path)
    with pytest.raises(AssertionError, match=name.split("-")[0]):
        for seed in range(4 * WALKS):
            walk(manager, gives, program, seed, BOUNDS.callers)
