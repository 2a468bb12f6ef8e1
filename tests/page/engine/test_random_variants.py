"""The page's engine answers as the model does for variants of the specs, at random."""
from __future__ import annotations

import itertools
import random
from pathlib import Path

import pytest

from compare import compare, engine, model, random_script, seeds
from engines import SHIPPED
from variants import variants


@pytest.mark.parametrize("seed", seeds())
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_variants_of_a_spec_are_answered_as_by_the_model(path: Path, seed: int) -> None:
    """Also those that are unwise, with turns that no sound spec takes."""
    text = path.read_text(encoding="utf-8")
    for changed, manager in itertools.islice(variants(text, random.Random(seed)), 4):
        script = random_script(manager, seed, 20)
        compared = compare(script, engine(manager), model(manager))
        assert compared.difference is None, f"{changed}\n{compared.difference}"
