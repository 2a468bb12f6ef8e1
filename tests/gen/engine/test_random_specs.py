"""The two engines say the same of random specs, which have everything that an engine treats in its
own way. A few specs here; more with BERTH_RANDOM_SPECS, BERTH_RANDOM_SEED, and in `make soak`."""
from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest
from engine_support import in_both, program
from explore_support import manager_of
from random_specs import SMALL, WITH_STORE, random_spec

from berthc.explore.callers.contract import contract
from berthc.explore.engine.run import Searched
from berthc.explore.report import explore
from berthc.model import Form, Manager
from berthc.pipeline import search_text

FEW = range(6)
FEATURES = 26
FOUND = sorted((Path(__file__).parent / "found").glob("*.yaml"))
MANY = int(os.environ.get("BERTH_RANDOM_SPECS", "150"))
SEED = int(os.environ.get("BERTH_RANDOM_SEED", "2")) * 100_000


STORED = range(40, 44)  # seeds of specs that both engines search in no time


def searched(seed: int, more: str = "", most: int = 3) -> list[Searched]:
    return in_both(manager_of(random_spec(seed) + more, f"random {seed}"), SMALL, most=most)


@pytest.mark.parametrize("seed", FEW)
def test_engines_agree_on_a_few_random_specs(seed: int) -> None:
    assert searched(seed)


@pytest.mark.parametrize("seed", STORED)
def test_engines_agree_on_a_few_random_specs_with_a_store(seed: int) -> None:
    assert searched(seed, WITH_STORE, most=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(SEED, SEED + MANY))
def test_engines_agree_on_random_specs(seed: int) -> None:
    assert searched(seed)
    assert searched(seed, WITH_STORE, most=1)


def features(manager: Manager) -> Iterator[str]:
    """What a spec has that the engines treat in their own ways."""
    rows = [row for resource in manager.resources for state in resource.states
            for row in state.rows]
    states = [state for resource in manager.resources for state in resource.states]
    parts = contract(manager, manager.resources[0].name)
    has = {
        "asks": any(row.ask is not None for row in rows),
        "a probe that may be left out": any(h.asks and h.optional for h in manager.hooks),
        "needs": any(hook.needs for hook in manager.hooks),
        "effects": any(state.effects for state in states),
        "maybe": any(state.maybe for state in states),
        "deny": any(op.deny for op in manager.operations),
        "conditions": any(row.guard is not None for row in rows),
        "fields in conflict": any(resource.key and len(resource.fields) > len(resource.key)
                                  for resource in manager.resources),
        "reservations": bool(parts.gives),
        "references": bool(parts.acquires),
        "free operations": bool(parts.free),
        "create": any(op.form is Form.CREATE for op in manager.operations),
        "a slot that callers name": any(op.at is not None for op in manager.operations),
        "find by value": any(op.by is not None for op in manager.operations),
        "values from hooks": any(manager.naming(hook.name) for hook in manager.hooks),
        "options": bool(manager.options),
        "optional hooks": bool(manager.left_out),
        "hooks left out together": any(len(names) > 1 for names in manager.left_out),
        "pools": any(a.parts for r in manager.resources for a in r.assigned),
        "two levels": len(manager.resources) == 2,
        "three levels": len(manager.resources) == 3,
        "resident": any(state.resident for state in states),
        "raised events": any(target.raise_event for row in rows for _, target in row.targets()),
        "uncertain": any(row.uncertain_given for row in rows),
        "meant": any(row.meant for row in rows),
        "accepted findings": bool(manager.accept),
    }
    yield from (name for name, there in has.items() if there)


def test_random_specs_have_everything() -> None:
    texts = [random_spec(seed) for seed in range(120)]
    # The rules that EXPLORABLE names refuse most of them; these have a meaning all the same.
    taken = [manager for text in texts if (manager := search_text("random.yaml", text)[1])]
    assert len(taken) > 0.9 * len(texts)
    seen = Counter(chain.from_iterable(map(features, taken)))
    assert {name: n for name, n in seen.items() if n < 3} == {} and len(seen) == FEATURES


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_engines_agree_where_they_once_did_not(path: Path) -> None:
    manager = manager_of(path.read_text(encoding="utf-8"), path.name)
    bounds = replace(SMALL, states=100)
    in_both(manager, bounds, most=2)
    by_c, by_python = explore(manager, bounds, program=program(manager)), explore(manager, bounds)
    assert ([(f.fault, f.requests) for f in by_c.findings]
            == [(f.fault, f.requests) for f in by_python.findings])
