"""What the search keeps to be quick changes nothing but its speed: without it, it sees and finds
the same."""
from __future__ import annotations

from pathlib import Path

import pytest
from explore_support import FAULTY, ROOT, manager_of

from berthc.explore import search
from berthc.explore.bounds import Bounds
from berthc.explore.callers.inputs import valuations
from berthc.explore.search import Search
from berthc.explore.states import runs
from berthc.semantics.world import tracked
from berthc.semantics import World

SPECS = [ROOT / "spec/plan9.yaml", ROOT / "spec/vpci.yaml", ROOT / "spec/scsi.yaml",
         FAULTY / "sound/retries-its-own-plug.yaml", FAULTY / "sound/looks-up-by-slot.yaml",
         FAULTY / "interference-retry-forgets-its-progress.yaml",
         FAULTY / "interference-reload.yaml", FAULTY / "stranded-lost-removal.yaml",
         FAULTY / "dangling-unplugged.yaml"]


def searched(path: Path) -> Search:
    manager = manager_of(path.read_text(encoding="utf-8"))
    one = Search(manager, next(r.name for r in manager.resources if r.parent is None),
                 valuations(manager)[0], Bounds(callers=2, keys=2), lambda fault: False,
                 keep_edges=True)
    one.run()
    return one


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_answers_that_are_kept_are_those_of_the_semantics(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    run = World.run
    monkeypatch.setattr(World, "run", lambda self, op,
                        **given: (asked.append(op), run(self, op, **given))[1])
    quick = searched(path)
    times = len(asked)
    monkeypatch.setattr(runs, "MOST", 1)
    slow = searched(path)
    assert times < len(asked) - times
    keys = [[one.stepper.shape.key(node.local) for node in one.nodes] for one in (quick, slow)]
    assert keys[
        0] == keys[1] and quick.edges == slow.edges and quick.transitions == slow.transitions
    assert [(f.fault, len(f.requests)) for f in quick.found] == [
        (f.fault, len(f.requests)) for f in slow.found
    ]


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_states_in_which_drain_does_the_same_are_drained_once(path: Path) -> None:
    one = searched(path)
    every = {(id(t.row), t.outcome) for node in one.nodes
             for done in search._drains(one.stepper, node.local)  # noqa: SLF001
             for t in done.result.rows if t.row is not None}
    one.taken = set()
    one.drains(lambda: True)
    assert one.taken == every


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_equal_worlds_are_one_world_with_numbers_from_one(path: Path) -> None:
    one = searched(path)
    contents: dict[object, int] = {}
    for node in one.nodes:
        state = tracked(node.local.world)
        assert list(state.items) == list(range(1, len(state.items) + 1))
        assert set(state.reservations) == {
            f"r{n}"
            for n, h in enumerate(node.local.holders, 1)
            if h is not None and h.label is not None
        }
        assert contents.setdefault(state.content(), id(state)) == id(state)
