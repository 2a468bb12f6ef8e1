"""Section "Values from hooks" of docs/semantics.md, on the spec of workers."""
from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "gen"))

from berthc.explore.bounds import Bounds  # noqa: E402
from berthc.explore.report import explore  # noqa: E402
from berthc.explore.states.backend import FAILS, UNNAMED, Script, effects  # noqa: E402
from berthc.pipeline import read_spec  # noqa: E402
from berthc.semantics import OK, Outcome, Result, Value, World  # noqa: E402

SPEC = ROOT / "tests/gen/specs/workers.yaml"
MANAGER, _ = read_spec(str(SPEC))
assert MANAGER is not None
UNCERTAIN = Outcome("uncertain", "ETIMEDOUT")


class Talk:
    """A world with one reservation per worker, and a backend of which one hook ends as told."""

    def __init__(self) -> None:
        assert MANAGER is not None
        self.world = World(MANAGER)
        self.labels: dict[str, str] = {}

    def reserve(self, *names: str) -> None:
        for name in names:
            result = self.world.run("reserve",
                                    config={"worker": {"name": name}, "link": {"number": 1}})
            self.labels[name] = str(result.returns["reservation"])

    def ask(self, op: str, name: str, hook: str = "os.fork", outcome: Outcome = OK) -> Result:
        return self.world.run(op, reservation=self.labels[name], outcomes=lambda called, _n,
                              _a: outcome if called == hook else OK)

    def worker(self, name: str) -> Mapping[str, Value]:
        return next(w for w in self.world.snapshot()["worker"] if w["name"] == name)

    def weight_of(self, pid: int) -> Value | None:
        """That of the worker that the pid names; None: it names none."""
        result = self.world.run("died", by=pid)
        assert result.ok
        return result.returns["weight"] or None


@pytest.fixture
def talk() -> Talk:
    talk = Talk()
    talk.reserve("a", "b")
    return talk


def test_an_uncertain_call_keeps_its_values_for_the_hook_that_undoes_it(talk: Talk) -> None:
    assert talk.ask("work", "a", outcome=UNCERTAIN).error == "ETIMEDOUT"
    assert talk.worker("a")["pid"] == 1
    assert talk.weight_of(1) == 1
    calls = talk.ask("finish", "a").calls
    assert [(c.hook, c.args["pid"]) for c in calls] == [("os.kill", 1)]
    assert talk.weight_of(1) is None


def test_a_failed_call_keeps_nothing(talk: Talk) -> None:
    talk.ask("work", "a", outcome=Outcome("fail", "EIO"))
    assert (talk.worker("a")["pid"], talk.worker("a")["session"]) == (0, "nil")
    assert talk.weight_of(1) is None


def test_zero_names_nobody(talk: Talk) -> None:
    assert talk.weight_of(0) is None
    assert talk.world.run("listen", by="nil").error == "ENOENT"
    for name in ("a", "b"):  # two that have zero are no duplicates
        assert talk.ask("work", name, outcome=Outcome("ok", writes="zero")).ok
    assert talk.weight_of(0) is None


def test_what_a_hook_does_not_write_stays(talk: Talk) -> None:
    talk.ask("work", "a")
    session = str(talk.worker("a")["session"])
    assert talk.world.run("listen", by=session).returns["port"] == 1
    nothing = Outcome("uncertain", "EIO", "nothing")
    assert talk.world.run("listen", by=session, outcomes=lambda *_: nothing).error == "EIO"
    assert talk.world.run("who_listens", by=1).ok
    assert talk.world.run("listen", by=session).returns["port"] == 3
    assert talk.world.run("who_listens", by=1).error == "ENOENT"
    assert talk.world.run("who_listens", by=3).ok


def test_a_value_that_another_has_is_an_error_of_a_call_that_took_effect(talk: Talk) -> None:
    talk.ask("work", "a")
    result = talk.ask("work", "b", outcome=Outcome("ok", writes="last"))
    assert result.error == "EEXIST"
    assert result.where == {"resource": "worker", "state": "idle", "event": "start",
                            "hook": "os.fork"}
    assert [c.outcome for c in result.calls] == ["ok"]
    assert (talk.worker("b")["state"], talk.worker("b")["pid"]) == ("unclear", 1)
    assert talk.ask("finish", "a").ok
    assert talk.weight_of(1) is None  # the end of the other gives no name
    assert [c.args["pid"] for c in talk.ask("finish", "b").calls] == [1]


def test_an_uncertain_duplicate_keeps_its_own_error(talk: Talk) -> None:
    talk.ask("work", "a")
    assert talk.ask("work", "b",
                    outcome=Outcome("uncertain", "ETIMEDOUT", "last")).error == "ETIMEDOUT"
    assert talk.ask("finish", "a").ok
    assert talk.weight_of(1) is None


def test_two_states_that_differ_in_what_is_named_differ(talk: Talk) -> None:
    other = Talk()
    other.reserve("a", "b")
    talk.ask("work", "a", outcome=UNCERTAIN)
    other.ask("work", "a", outcome=Outcome("uncertain", "ETIMEDOUT", "zero"))
    assert talk.world.key() != other.world.key()


# The checker


def test_the_search_ends_uncertain_calls_with_and_without_values() -> None:
    assert MANAGER is not None
    hooks = effects(MANAGER)
    script = Script(hooks, {}, (3,))
    assert script("net.plug", 1, {}) == UNNAMED.outcome
    assert script.counts == [5]
    script = Script(hooks, {}, (1,))
    assert script("os.kill", 1, {}) == FAILS.outcome
    assert script.counts == [3]  # gives nothing: ok, failed, uncertain without effect


def test_a_row_that_needs_a_value_that_is_not_given_yet_is_unreachable() -> None:
    assert MANAGER is not None
    report = explore(MANAGER, Bounds(callers=2))
    assert report.complete
    assert {(f.fault.id, f.fault.where) for f in report.findings} == {
        ("unreachable", "worker.idle.died"),
    }
