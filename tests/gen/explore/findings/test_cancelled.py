"""A use after a release that got somewhere and failed is refused with ECANCELED (S5), in every
state that the search sees."""
from __future__ import annotations

from pathlib import Path

import pytest
from explore_support import ROOT, manager_of

from berthc.explore.bounds import Bounds
from berthc.explore.callers.inputs import valuations
from berthc.explore.findings.cancelled import NotCancelled
from berthc.explore.search import Search
from berthc.semantics import run


def search(path: Path) -> Search:
    manager = manager_of(path.read_text(encoding="utf-8"))
    root = next(r.name for r in manager.resources if r.parent is None)
    return Search(manager, root, valuations(manager)[0], Bounds(callers=2, keys=1),
                  lambda fault: False)


@pytest.mark.parametrize("name", ["scsi", "plan9_mount"])
def test_every_use_after_half_a_release_is_refused(name: str) -> None:
    one = search(ROOT / f"spec/{name}.yaml")
    one.run()
    assert one.found == [] and one.cancelled > 0


def test_one_level_is_let_go_of_whole_or_not_at_all() -> None:
    one = search(ROOT / "spec/vpci.yaml")
    one.run()
    assert one.cancelled == 0


def test_semantics_that_let_a_use_through_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    [holder] = [value for value in vars(run).values() if isinstance(value, type)
                and "_with" in vars(value)]
    monkeypatch.setattr(holder, "_with", lambda self, op,
                        label: self.state.reservations[label].path)
    with pytest.raises(NotCancelled, match="to a caller that has begun to let go"):
        search(ROOT / "spec/scsi.yaml").run()
