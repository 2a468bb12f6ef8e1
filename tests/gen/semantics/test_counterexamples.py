"""The scripts that shaped S13, each with what a manager that breaks the rule would do instead.

The scripts are in tests/gen/stored, for the other simulator, too.
"""
from __future__ import annotations

import json
import re
from typing import Any

import pytest
from semantics_support import ROOT, manager
from store_support import Backend, Effect
from talk_support import Talk

from berthc.model import Manager
from berthc.pipeline import compile_text
from berthc.semantics import Fate, World

STORED = ROOT / "tests" / "gen" / "stored"


def spec(name: str) -> Manager:
    return manager((STORED / f"{name}.yaml").read_text(encoding="utf-8"))


def play(name: str, script: str) -> list[dict[str, Any]]:
    talk = Talk(spec(name))
    requests = (STORED / f"{script}.jsonl").read_text(encoding="utf-8").splitlines()
    return [talk(**json.loads(request)) for request in requests]


def errors(answers: list[dict[str, Any]]) -> list[str | None]:
    return [answer.get("message", answer["error"]) for answer in answers]


def hooks(answer: dict[str, Any]) -> list[str]:
    return [call["hook"] for call in answer["calls"]]


@pytest.mark.parametrize("path", sorted(STORED.glob("*.yaml")), ids=lambda p: p.stem)
def test_the_specs_are_good(path: Any) -> None:
    assert compile_text(path.name, path.read_text(encoding="utf-8")).manager is not None


def test_a_use_after_a_release_that_died_is_refused() -> None:
    """Else: the lamp was switched off by the call that died, its state is lit, and the use ends ok
    although nothing is on."""
    answers = play("lamp", "lamp")
    assert errors(answers) == [None, None, "EOWNERDEAD", None, "ECANCELED", None]
    assert answers[4]["state"]["lamp"][0]["state"] == "lit"
    assert hooks(answers[5]) == ["bus.switch_off"]


def test_an_add_whose_answer_was_lost_leaks_no_reference_and_takes_none() -> None:
    """Else: B's second add makes three references and A's share never goes; or B's second remove
    takes A's."""
    answers = play("share", "share")
    assert errors(answers) == [None, "EOWNERDEAD", None, None, None, None]
    assert [[share["owners"] for share in answer["state"]["share"]] for answer in answers] == [
        [["A"]], [["A", "B"]], [["A", "B"]], [["A"]], [["A"]], []]
    assert hooks(answers[5]) == ["vm.remove"]


def test_nothing_is_undone_before_the_backend_has_settled() -> None:
    answers = play("share", "late")
    assert errors(answers) == ["EOWNERDEAD", "EIO", None]
    assert [hooks(answer) for answer in answers] == [[], ["vm.settle"], ["vm.settle", "vm.remove"]]


def test_nobody_lets_go_before_the_backend_has_settled() -> None:
    """Else: the lamp is switched off and ends, and the call that died switches it on afterwards."""
    answers = play("lamp", "early")
    first = "recover first"
    assert errors(answers) == [None, None, "EOWNERDEAD", first, "EIO", first, "EOWNERDEAD", first,
                               None, None]
    assert [hooks(answers[n]) for n in (4, 6, 8, 9)] == [
        ["bus.settle"], ["bus.settle"], ["bus.settle"], ["bus.switch_off"]]


def test_a_root_in_a_final_state_ends_when_the_backend_has_settled() -> None:
    """Else: the next room 1 is open, and the call that died closes it."""
    answers = play("visits", "visits")
    assert errors(answers) == [None, "EOWNERDEAD", "EIO", None, "EOWNERDEAD", "EOWNERDEAD", None,
                               None, "EOWNERDEAD", "recover first", None, None]
    assert [[(room["state"], len(room["guest"])) for room in answer["state"]["room"]]
            for answer in answers[:6]] == [
        [("open", 1)], [("open", 1)], [("open", 1)], [("open", 0)], [("closed", 0)], []]


class Late(Backend):
    """A backend in which the call of a dead process takes effect when it settles, or else after
    everything."""

    late_call: tuple[str, dict[str, Any]] | None = None

    def __call__(self, hook: str, nth: int, args: Any) -> Any:
        if hook.endswith(".settle"):
            self.arrive()
        return super().__call__(hook, nth, args)

    def arrive(self) -> None:
        if self.late_call is not None:
            self.take_effect(*self.late_call)
            self.late_call = None


def either(name: str, settles: bool) -> Manager:
    """The spec, with its hook that settles or without."""
    text = (STORED / f"{name}.yaml").read_text(encoding="utf-8")
    return manager(text if settles else re.sub(
        r"^    settle: .*\n", "", re.sub(r"^store: .*$", "store: true", text, flags=re.M),
        flags=re.M))


@pytest.mark.parametrize("settles", [True, False])
def test_a_call_that_takes_effect_late_leaks_unless_the_backend_settles(settles: bool) -> None:
    world = World(either("share", settles))
    backend = Late(world.manager)
    world.run("add", config={"share": {"path": "/a"}}, outcomes=backend, fate=Fate(die=1))
    backend.late_call = ("vm.add", {"path": "/a", "name": "1"})
    assert world.recover(backend).ok and world.snapshot()["share"] == []
    backend.arrive()
    left: set[Effect] = set() if settles else {("vm.add", ("/a", "1"))}
    assert backend.there == left


@pytest.mark.parametrize("settles", [True, False])
def test_a_call_that_takes_effect_after_its_undo_by_a_caller_leaks_likewise(settles: bool) -> None:
    world = World(either("lamp", settles))
    backend = Late(world.manager)
    world.run("rent", config={"lamp": {"number": 1}})
    world.run("use", reservation="r1", fate=Fate(die=1))
    backend.late_call = ("bus.switch_on", {"number": 1})
    assert world.locked == settles
    if settles:
        with pytest.raises(ValueError, match="recover comes first"):
            world.run("give_back", reservation="r1", outcomes=backend)
        assert world.recover(backend).ok and not world.locked
    assert world.run("give_back", reservation="r1", outcomes=backend).ok
    backend.arrive()
    left: set[Effect] = set() if settles else {("bus.switch_on", (1,))}
    assert backend.there == left and world.snapshot()["lamp"] == []


def test_an_undo_that_needs_what_its_call_gave_does_not_have_it() -> None:
    answers = play("socket", "socket")
    assert errors(answers) == [None, "EOWNERDEAD", None, None]
    assert answers[3]["calls"] == [{"hook": "os.close", "outcome": "ok", "args": {"number": 0}}]

