"""What the search leaves out, it leaves out rightly: searches without its reductions see the same
states and find the same faults."""
from __future__ import annotations

from pathlib import Path

import pytest
from explore_support import FAULTY, ROOT, manager_of
from product_support import Product

from berthc.emit.c import files
from berthc.explore.bounds import Bounds
from berthc.explore.callers.inputs import valuations
from berthc.explore.engine import build
from berthc.explore.engine.run import Running, Searched
from berthc.explore.search import Search
from berthc.explore.states.move import Reduced

SPECS = [ROOT / "spec/plan9.yaml", ROOT / "spec/vpci.yaml", ROOT / "spec/plan9_mount.yaml",
         FAULTY / "sound/three-levels.yaml", FAULTY / "sound/waits-for-an-operator.yaml",
         FAULTY / "sound/removes-for-ever.yaml"]
FAULTS = [FAULTY / "interference-retry-forgets-its-progress.yaml",
          FAULTY / "leak-counts-before-add.yaml", FAULTY / "stranded-failed-mount.yaml",
          FAULTY / "dangling-unplugged.yaml", FAULTY / "denied-one-holder.yaml",
          FAULTY / "missing-effect-removal-timed-out.yaml"]

# Lookups by a slot, or pools of one slot: these are searched with all roots anyway. And callers
# that were told of what has ended, whom `Product` does not count.
NOT_COUNTED = {"is-tried-again", "looks-up-by-slot", "shares-by-number", "is-told-of-what-is-there"}
# While all callers release what another root has, nobody is left for what needs no hold. The search
# of one root has a caller for that, and so more states.
ONE_CALLER = {"is-copied-while-frozen"}
SOUND = [path for path in sorted([*(ROOT / "spec").glob("*.yaml"), *FAULTY.glob("sound/*.yaml")])
         if path.stem not in NOT_COUNTED]


def search(path: Path, bounds: Bounds, reduced: Reduced) -> Search:
    manager = manager_of(path.read_text(encoding="utf-8"))
    root = next(r.name for r in manager.resources if r.parent is None)
    one = Search(manager, root, valuations(manager)[0], bounds, lambda fault: False,
                 keep_edges=True, reduced=reduced)
    one.run()
    return one


def search_in_c(path: Path, bounds: Bounds, reduced: Reduced) -> Searched:
    manager = manager_of(path.read_text(encoding="utf-8"), path.name)
    root = next(r.name for r in manager.resources if r.parent is None)
    made = build.program(manager.name, files(manager), lambda _: None)
    return Running(made, manager, root, valuations(manager)[0], bounds, reduced).result()


@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.stem)
def test_one_root_in_python_says_how_many_states_several_have_in_c(path: Path) -> None:
    bounds = Bounds(callers=1 if path.stem in ONE_CALLER else 2, keys=2)
    product = Product(search(path, bounds, Reduced()))
    assert product.plain(product.states()) == search_in_c(
        path, bounds, Reduced(one_root=False, symmetric=False)).states


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_one_root_says_how_many_states_several_roots_have(path: Path) -> None:
    bounds = Bounds(callers=2, keys=2)
    product = Product(search(path, bounds, Reduced()))
    states = product.states()
    assert len(states) == len(search(path, bounds, Reduced(one_root=False)).nodes)
    assert product.plain(states) == len(
        search(path, bounds, Reduced(one_root=False, symmetric=False)).nodes
    )


@pytest.mark.long
@pytest.mark.parametrize("path", FAULTS, ids=lambda path: path.stem)
def test_the_whole_has_no_other_faults_and_no_shorter_scripts(path: Path) -> None:
    bounds = Bounds(callers=3, keys=2)
    reported = {(f.fault.id, f.fault.where, len(f.requests))
                for f in search(path, bounds, Reduced()).found}
    assert reported
    for reduced in (Reduced(one_root=False), Reduced(symmetric=False)):
        assert {(f.fault.id, f.fault.where, len(f.requests))
                for f in search(path, bounds, reduced).found} == reported


@pytest.mark.long
@pytest.mark.parametrize("path", sorted(FAULTY.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_whole_has_no_other_faults_in_c(path: Path) -> None:
    bounds = Bounds(callers=3, keys=2, states=1_000_000)
    reported, *others = ({(f.fault.id, f.fault.where, len(f.requests)) for f in one.found}
                         for one in (search_in_c(path, bounds, reduced) for reduced in (
                             Reduced(), Reduced(one_root=False),
                             Reduced(one_root=False, symmetric=False))))
    assert others == [reported, reported]


@pytest.mark.parametrize("form", ["find: mount, absent: ok", "obtain: [share, mount]"])
def test_keys_are_distinct_for_callers_who_look_for_what_has_ended(form: str) -> None:
    text = (
        (FAULTY / "interference-retry-forgets-its-progress.yaml")
        .read_text(encoding="utf-8")
        .replace(
            "    parent: share\n",
            "    parent: share\n    key: [part]\n    fields: {part: {type: u8}}\n",
        )
        .replace("find: mount, absent: ok", form)
    )
    assert form in text
    manager = manager_of(text)
    counted = []
    for reduced in (Reduced(), Reduced(symmetric=False)):
        one = Search(manager, "share", valuations(manager)[0], Bounds(callers=2, keys=2),
                     lambda fault: False, keep_edges=True, reduced=reduced)
        one.run()
        counted.append((one, {(f.fault.id, f.fault.where, len(f.requests)) for f in one.found}))
    assert counted[0][1] == counted[1][1]
    assert len(counted[0][0].nodes) < len(counted[1][0].nodes)
