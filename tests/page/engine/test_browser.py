"""The engine in Chromium: recorded traces, and random requests against the C simulators."""
from __future__ import annotations

from typing import Any

from compare import SEED, built, compare, engine, line, random_script
from engines import SHIPPED, answers_to_all, job, read
from recorded import MANAGERS, work, wrong

SCRIPTS = 60
REQUESTS = 10_000


def test_chromium_does_as_recorded() -> None:
    given = answers_to_all([work(name) for name in MANAGERS], browser=True)
    for name, conversations in zip(MANAGERS, given, strict=True):
        assert wrong(name, conversations) == []


def test_chromium_answers_random_requests_as_the_c_simulators() -> None:
    managers = [read(path) for path in SHIPPED]
    scripts = [random_script(manager, SEED + 1, SCRIPTS) for manager in managers]
    jobs: list[dict[str, Any]] = [job(manager, [[line(one) for one in script]])
                                  for manager, script in zip(managers, scripts, strict=True)]
    requests = 0
    for manager, script, given in zip(managers, scripts, answers_to_all(jobs, browser=True),
                                      strict=True):
        reference = built(manager)
        assert reference is not None, "make simulators"
        compared = compare(script, engine(manager, browser=True), reference, given[0])
        assert compared.difference is None, f"{manager.name}: {compared.difference}"
        requests += compared.requests
    assert requests >= REQUESTS
