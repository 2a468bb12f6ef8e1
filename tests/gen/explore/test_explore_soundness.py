"""Random specs of which the search finds nothing wrong, walked at random on the generated C: what
the walk sees must not be wrong either (tests/gen/support/walk_support.py)."""
from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from explore_support import FAULTY, ROOT, manager_of
from walk_support import Gives, walk

from berthc.diag import Severity
from berthc.explore.bounds import Bounds
from berthc.explore.report import explore
from berthc.pipeline import search_text
from berthc.model import Manager
from programs import simulator

sys.path.insert(0, str(ROOT / "tests/checker"))
from spec_mutants import mutants, tree_of  # noqa: E402

BASES = {
    "disk": FAULTY / "sound/removes-for-ever.yaml",
    "device": ROOT / "spec/vpci.yaml",
    "share": ROOT / "spec/plan9_mount.yaml",
}
GIVES: dict[str, Gives] = {
    "disk": {"disk": ({"host_path": "/a"}, {"host_path": "/b"}),
             "mount": ({"partition": 1}, {"partition": 2})},
    "device": {"device": ({"device_instance_id": "/a", "virtual_function_index": 0},)},
    "share": {"share": ({"host_path": "/a"},), "mount": ({},)},
}
# Pools that are full as soon as anything has a slot; of other specs there are none.
SMALLER = {"disk": ("pool: {lun: 64}", "pool: {lun: 1}")}
SPECS, WALKS, CALLERS = 4, 25, 3


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


@pytest.mark.long
@pytest.mark.parametrize("base", BASES)
def test_walks_on_the_c_code_see_no_fault_either(base: str, tmp_path: Path) -> None:
    specs = sound_specs(base, seed=20)
    for n in range(SPECS):
        manager = next(specs)
        program = simulator(manager, tmp_path / str(n))
        seen: Counter[str] = Counter()
        for seed in range(WALKS):
            seen += walk(manager, GIVES[base], program, seed, CALLERS)
        assert (seen["full"] > 0) == (base in SMALLER)


@pytest.mark.parametrize("name", [
    "leak-unmap-without-map", "leak-uncertain-as-failed", "stranded-failed-mount",
    "double-attach-again",
])
def test_walks_see_the_faults_of_faulty_specs(name: str, tmp_path: Path) -> None:
    manager = manager_of((FAULTY / f"{name}.yaml").read_text(encoding="utf-8"))
    program = simulator(manager, tmp_path)
    with pytest.raises(AssertionError, match=name.split("-")[0]):
        for seed in range(WALKS):
            walk(manager, GIVES["disk"], program, seed, CALLERS)
