"""Rows that ask a hook, and optional hooks that come together (semantics.md, "Running a row";
decisions 40 and 42)."""
from __future__ import annotations

from pathlib import Path

import pytest
from semantics_support import calls, events, manager, where

from berthc.semantics import OK, Outcome, Outcomes, Result, Value, World

SPEC = (Path(__file__).resolve().parents[1] / "specs" / "probe.yaml").read_text(encoding="utf-8")
YES, NO = Outcome("yes"), Outcome("no")
TIMEOUT = Outcome("uncertain", "ETIMEDOUT")


def script(**hooks: Outcome) -> Outcomes:
    """Outcomes by the hook's name without its group; what is not named ends ok."""
    def outcome(hook: str, _nth: int, _args: object) -> Outcome:
        return hooks.get(hook.split(".")[1], OK)

    return outcome


def uncertain(without: tuple[str, ...] = ()) -> tuple[World, str]:
    """A tap of which nobody knows whether the host has it, and the reservation that holds it."""
    world = World(manager(SPEC), without=without)
    config: dict[str, dict[str, Value]] = {"tap": {"name": "a"}, "address": {"ip": "::1"}}
    label = str(world.run("reserve", config=config).returns["reservation"])
    assert world.run("bring_up", reservation=label,
                     outcomes=script(open=TIMEOUT)).error == "ETIMEDOUT"
    assert state(world) == "unsure"
    return world, label


def state(world: World) -> str:
    return str(world.snapshot()["tap"][0]["state"])


def address(world: World) -> str:
    return str(world.snapshot()["tap"][0]["address"][0]["state"])


def run(world: World, label: str, outcomes: Outcomes, operation: str = "bring_up") -> Result:
    return world.run(operation, reservation=label, outcomes=outcomes)


def test_after_yes_the_operation_goes_on_from_the_state_that_yes_names() -> None:
    world, label = uncertain()
    result = run(world, label, script(has=YES))
    assert (result.error, calls(result)) == (None, [("host.has", "yes"), ("net.assign", "ok")])
    assert events(result)[0] == ("tap", "unsure", "open", "yes")
    assert state(world) == "up"


def test_after_no_the_operation_goes_on_and_what_no_raises_runs() -> None:
    world, label = uncertain()
    result = run(world, label, script(has=NO))
    assert (result.error, calls(result)) == (
        None,
        [("host.has", "no"), ("host.open", "ok"), ("net.assign", "ok")],
    )
    assert events(result)[:2] == [("tap", "unsure", "open", "no"), ("tap", "idle", "open", "ok")]


def test_a_hook_that_asks_says_yes_where_a_backend_lets_everything_end_well() -> None:
    world, label = uncertain()
    assert calls(run(world, label, script()))[0] == ("host.has", "yes")


@pytest.mark.parametrize("outcome",
                         [Outcome("unknown", "EPIPE"), Outcome("fail", "EPIPE"),
                          Outcome("uncertain", "EPIPE")])
def test_whatever_error_it_answers_it_cannot_tell_and_the_operation_fails_with_that(
    outcome: Outcome) -> None:
    world, label = uncertain()
    result = run(world, label, script(has=outcome))
    assert (result.error, calls(result)) == ("EPIPE", [("host.has", "unknown")])
    assert where(result) == {"resource": "tap", "state": "unsure", "event": "open",
                             "hook": "host.has"}
    assert (events(result), state(world)) == ([("tap", "unsure", "open", "unknown")], "unsure")


def test_the_error_of_what_an_answer_raises_is_the_operations() -> None:
    world, label = uncertain()
    result = run(world, label, script(has=NO, open=Outcome("fail", "ENODEV")))
    assert (result.error, where(result)["hook"], state(world)) == ("ENODEV", "host.open", "idle")


def test_asking_is_a_call_so_what_follows_is_kept_though_the_operation_fails() -> None:
    world, label = uncertain()
    result = run(world, label, script(has=YES, assign=Outcome("fail", "EIO")))
    assert (result.error, state(world)) == ("EIO", "up")


def test_a_hook_that_is_left_out_rejects_with_its_error_and_nothing_is_called() -> None:
    world, label = uncertain(without=("host.has",))
    result = run(world, label, script())
    assert (result.error, calls(result), events(result)) == (
        "ENOTRECOVERABLE",
        [],
        [("tap", "unsure", "open", "rejected")],
    )
    assert (where(result),
            state(world)) == ({"resource": "tap", "state": "unsure", "event": "open"}, "unsure")


def test_without_an_error_for_its_absence_it_cannot_tell() -> None:
    world, label = lost(without=("net.shows",))
    result = run(world, label, script())
    assert (result.error, calls(result)) == ("EOPNOTSUPP", [])
    assert events(result)[-1] == ("address", "lost", "assign", "unknown")
    assert where(result) == {"resource": "address", "state": "lost", "event": "assign",
                             "hook": "net.shows"}


def lost(without: tuple[str, ...] = ()) -> tuple[World, str]:
    """A tap that is up, with an address of which nobody knows whether the tap has it."""
    world, label = uncertain(without)
    assert run(world, label, script(has=YES, assign=TIMEOUT)).error == "ETIMEDOUT"
    assert address(world) == "lost"
    return world, label


def test_what_unknown_raises_runs_where_the_hook_is_left_out_and_its_error_stays() -> None:
    world, label = lost(without=("net.shows",))
    result = run(world, label, script(), "release")
    assert (result.error, calls(result)) == ("EOPNOTSUPP", [("net.remove", "ok")])
    assert events(result) == [("address", "lost", "drop", "unknown"),
                              ("address", "leaving", "drop", "ok")]
    assert world.snapshot()["tap"][0]["address"] == [], "S8: it ended, though the step failed"


def test_drain_asks_too() -> None:
    world, _ = lost()
    result = world.drain(script(shows=NO))
    assert (result.error, calls(result), world.snapshot()["tap"]) == (
        None,
        [("net.shows", "no"), ("host.close", "ok")],
        [],
    )


@pytest.mark.parametrize("without", [("net.assign",), ("net.remove",), ("net.remove", "net.shows")])
def test_hooks_that_come_together_are_not_left_out_by_half(without: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="cannot be left out without net.(assign|remove)"):
        World(manager(SPEC), without=without)
    World(manager(SPEC), without=("net.assign", "net.remove"))


@pytest.mark.parametrize(("kind", "error"),
                         [("yes", "EIO"), ("no", "EIO"), ("unknown", None), ("perhaps", None)])
def test_an_answer_has_an_error_exactly_when_it_is_unknown(kind: str, error: str | None) -> None:
    with pytest.raises(ValueError, match="no outcome"):
        Outcome(kind, error)
