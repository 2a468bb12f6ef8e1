"""The engine's answers to random scripts, held against those of another simulator."""
from __future__ import annotations

import itertools
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from berthc.model import Manager
from berthc.semantics import MAX_HOLDERS
from berthc.sim import Simulator
from engines import ROOT, answers_to_all, job

sys.path.append(str(ROOT / "tests/differential"))

from builds import BUILD  # noqa: E402
from differ import run_c  # noqa: E402
from scripts import Request, Script, scripts  # noqa: E402
from shrink import shrink  # noqa: E402

Asked = Callable[[Script], list[str]]
"""A simulator: the requests of a conversation, to its answers."""

SEED = 20


def seeds() -> list[int]:
    """The one that never changes, and as many others as $BERTH_ENGINE_SEEDS says."""
    more = int(os.environ.get("BERTH_ENGINE_SEEDS", "0"))
    return [SEED, *(random.randrange(1 << 32) for _ in range(more))]


def line(request: Request | str) -> str:
    return request if isinstance(request, str) else json.dumps(request)


def engine(manager: Manager, way: str = "lines", max_holders: int | None = None,
           browser: bool = False) -> Asked:
    def ask(script: Script) -> list[str]:
        work = job(manager, [[line(one) for one in script]], way, max_holders)
        return [answer for answer in answers_to_all([work], browser)[0][0] if answer]

    return ask


def built(manager: Manager) -> Asked | None:
    """The C simulator, where the build has one."""
    program = BUILD / manager.name / f"{manager.name}-sim"
    if not program.is_file():
        return None
    return lambda script: run_c([str(program)], "".join(line(one) + "\n" for one in script))


def model(manager: Manager, max_holders: int = MAX_HOLDERS) -> Asked:
    def ask(script: Script) -> list[str]:
        simulator = Simulator(manager, max_holders)
        return [json.dumps(simulator.answer(line(one).encode())) for one in script]

    return ask


def random_script(manager: Manager, seed: int, count: int,
                  max_holders: int = MAX_HOLDERS) -> Script:
    """So many scripts, one after the other."""
    simulator = Simulator(manager, max_holders)

    def answer(request: Request | str) -> dict[str, Any]:
        return simulator.answer(line(request).encode())

    made = itertools.islice(scripts(manager, seed, answer), count)
    return [request for script in made for request in script]


@dataclass(frozen=True)
class Compared:
    """How many answers there were by error, and the first difference, shrunk."""

    errors: Counter[str]
    difference: str | None

    @property
    def requests(self) -> int:
        return self.errors.total()


def said(answer: str) -> str:
    """What counts of an answer: its members in their order, but for the text of a message."""
    try:
        value = json.loads(answer)
    except ValueError:
        return f"no JSON: {answer}"
    return json.dumps({**value, **({"message": ""} if "message" in value else {})})


def first_difference(wanted: Sequence[str], given: Sequence[str]) -> int | None:
    """Index of the first answer that differs or that only one of them gave."""
    both = itertools.zip_longest(map(said, wanted), map(said, given))
    return next((at for at, (left, right) in enumerate(both) if left != right), None)


def compare(script: Script, asked: Asked, reference: Asked,
            given: list[str] | None = None) -> Compared:
    """`given`: the answers, where they are known already."""
    wanted, given = reference(script), asked(script) if given is None else given
    errors = Counter(json.loads(answer)["error"] or "ok" for answer in wanted if answer[:1] == "{")
    at = first_difference(wanted, given)
    return Compared(errors, None if at is None else explain(script[:at + 1], asked, reference))


def explain(script: Script, asked: Asked, reference: Asked) -> str:
    """The shortest script that shows a difference, and both answers."""
    def differs(smaller: Script) -> bool:
        return first_difference(reference(smaller), asked(smaller)) is not None

    last = max((i for i, one in enumerate(script) if isinstance(one, dict) and one["op"] == "new"),
               default=0)
    script = script[last:] if differs(script[last:]) else script
    script = shrink(script, differs)
    wanted, given = reference(script), asked(script)
    at = first_difference(wanted, given)
    return "\n".join(["", *map(line, script), f"  wanted: {_nth(wanted, at)}",
                      f"  engine: {_nth(given, at)}"])


def _nth(lines: Sequence[str], at: int | None) -> str:
    return lines[at] if at is not None and at < len(lines) else "no answer"
