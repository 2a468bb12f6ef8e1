"""The search of specs with a store: the process dies at every commit of every request and of
recovery. Where a rule of S13 is broken, it finds the script that shaped the rule."""
from __future__ import annotations

import pytest
from explore_support import FAULTY, ROOT, manager_of

from berthc.explore.bounds import Bounds
from berthc.explore.report import Report, explore
from berthc.explore.states import step
from berthc.semantics import world
from berthc.semantics.state import State

SMALL = Bounds(callers=2, keys=1)
STORED = sorted((ROOT / "tests/gen/stored").glob("*.yaml"))
SHIPPED = sorted((ROOT / "spec").glob("*.yaml"))
# recovery ends what a caller holds whose release died
RECOVERED = [FAULTY / f"sound/{name}.yaml" for name in ("asks-when-unsure",
                                                        "is-told-of-what-is-there")]


def report(name: str) -> Report:
    path = ROOT / "tests/gen/stored" / f"{name}.yaml"
    return explore(manager_of(path.read_text(encoding="utf-8"), path.name), SMALL)


def ids(found: Report) -> set[str]:
    return {one.fault.id for one in found.findings}


@pytest.mark.parametrize("path", [*STORED, *SHIPPED, *RECOVERED], ids=lambda p: p.stem)
def test_a_spec_that_is_right_with_uncertain_calls_is_right_with_crashes(path: object) -> None:
    text = path.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    plain = "\nstore:" not in text
    found = explore(manager_of(text + "\nstore: true\n" if plain else text), SMALL)
    assert found.findings == () and found.complete
    if plain:  # each state without a crash is there, and some more ways
        without = explore(manager_of(text), SMALL)
        assert sum(s.transitions for s in found.searched) > sum(
            s.transitions for s in without.searched)
        assert [s.states <= t.states for s, t in zip(without.searched, found.searched,
                                                     strict=True)].count(False) == 0


@pytest.mark.parametrize("name", ["leak-forgets-on-failure", "needs-mount-after-timeout",
                                  "missing-effect-timeout-counts-as-done", "double-attach-again",
                                  "poisoned-jams-for-ever", "stranded-lost-removal"])
def test_a_spec_that_is_faulty_has_the_same_faults(name: str) -> None:
    text = (FAULTY / f"{name}.yaml").read_text(encoding="utf-8")
    without, with_store = (explore(manager_of(text + more), SMALL)
                           for more in ("", "\nstore: true\n"))
    assert {(f.fault.id, f.fault.where) for f in without.findings} == {
        (f.fault.id, f.fault.where) for f in with_store.findings}


def test_without_the_mark_of_a_release_a_use_lacks_its_effect(
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(State, "release", lambda self, label: None)
    [finding] = report("lamp").findings
    assert (finding.fault.id, finding.fault.where) == ("missing-effect", "lamp.lit.use")
    assert finding.requests == [
        {"op": "rent", "owner": "A", "lamp": {"number": 1}},
        {"op": "use", "reservation": "r1"},
        {"op": "give_back", "reservation": "r1", "die": 1},
        {"op": "recover"},
        {"op": "use", "reservation": "r1"},
    ]
    assert [line.backend for line in finding.script][2:] == [
        "the process dies in bus.switch_off, which took effect", "bus.settle ok", ""]


def test_a_caller_that_cannot_ask_leaks_its_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "learned", lambda before, local, who, part, new: None
                        if part == "acquires" else before.holders[who])
    found = report("share").findings
    assert [one.requests for one in found
            if one.fault.id == "leak" and len(one.script) == 1] == [
        [{"op": "add", "owner": "A", "share": {"path": "/a"}, "die": 2}]]


def test_without_intents_a_call_is_made_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "loaded", lambda program, died: died.state.copy())
    found = next(one for one in report("lamp").findings if one.fault.id == "double")
    assert found.requests[-2:] == [{"op": "use", "reservation": "r1", "die": 1},
                                   {"op": "use", "reservation": "r1"}]


def test_every_row_is_played_and_recover_is_no_operation_of_the_spec() -> None:
    assert report("lamp").unplayed == ((), ()) == report("share").unplayed


def test_recovery_is_played_in_scripts() -> None:
    text = (FAULTY / "leak-counts-before-add.yaml").read_text(encoding="utf-8")
    found = explore(manager_of(text + "\nstore: true\n"), SMALL)
    dangling = next(f for f in found.findings if f.fault.id == "dangling")
    assert [request["op"] for request in dangling.requests] == ["add_to_vm", "recover"]
    assert dangling.requests[0]["die"] == 1 and dangling.script[1].who == ""


def test_what_recovery_leaves_for_ever_is_a_leak() -> None:
    text = (ROOT / "tests/gen/stored/share.yaml").read_text(encoding="utf-8")
    text = text.replace("undo: {call: vm.remove, ok: removed, fail: suspect, uncertain: suspect}",
                        "undo: {call: vm.remove, ok: removed, fail: stuck, uncertain: stuck}")
    text = text.replace("      removed: {final",
                        "      stuck: {resident: true, brief: It stays., on: {add: {reject: EIO}, "
                        "remove: stay}}\n      removed: {final")
    found = explore(manager_of(text), SMALL).findings
    assert ("leak", "share.suspect.undo") in {(f.fault.id, f.fault.where) for f in found}
