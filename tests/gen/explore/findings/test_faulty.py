"""Specs that each have one fault, close to real ones, with the findings and the exact scripts that
must come of them; and sound specs that look suspicious.

The expectations beside the specs were checked by hand against docs/semantics.md. Every script runs
on both simulators, whose answers must agree and show what the finding says.
"""
from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from explore_support import FAULTY, ROOT, Json, play, play_c, report_of

from berthc.explore.findings.judge import IDS
from programs import simulator

SPECS = sorted(FAULTY.glob("*.yaml"))
SOUND = sorted((FAULTY / "sound").glob("*.yaml")) + sorted((ROOT / "spec").glob("*.yaml"))


def id_of(spec: Path) -> str:
    """The id that the name of a spec begins with."""
    return next(id_ for id_ in IDS if spec.name.startswith(f"{id_}-"))


def expected(spec: Path) -> list[Json]:
    findings: list[Json] = json.loads(spec.with_suffix(".json").read_text(encoding="utf-8"))
    return findings


def test_every_finding_has_three_specs() -> None:
    ids = Counter(id_of(spec) for spec in SPECS)
    assert set(ids) == set(IDS) and min(ids.values()) >= 3
    assert {path.stem for path in FAULTY.glob("*.json")} == {spec.stem for spec in SPECS}


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.stem)
def test_a_faulty_spec_is_refused_with_the_shortest_script(spec: Path) -> None:
    report = report_of(spec)
    reported = [{"id": f.fault.id, "where": f.fault.where, "line": f.fault.loc.line,
                 "column": f.fault.loc.column, "script": f.requests} for f in report.findings]
    assert reported == expected(spec)
    assert report.refused and report.complete
    assert {finding["id"] for finding in reported} == {id_of(spec)}


@pytest.mark.parametrize("spec", SOUND, ids=lambda spec: spec.stem)
def test_a_sound_spec_passes(spec: Path) -> None:
    report = report_of(spec)
    assert [(f.fault.id, f.fault.where) for f in report.findings] == []
    assert report.complete and not report.refused


def instances(state: Json) -> list[Json]:
    """Everything that an answer shows as tracked."""
    below = [value for name, value in state.items() if isinstance(value, list)
             and name != "reservations"]
    found = [item for some in below for item in some if isinstance(item, dict)]
    return found + [deeper for item in found for deeper in instances(item)]


def shows(id_: str, answers: list[Json]) -> bool:
    """Does the end of a script show what the finding says, as far as a manager's answers can?"""
    last = answers[-1]
    hooks = [(call["hook"], call["outcome"]) for answer in answers for call in answer["calls"]]
    if id_ in ("stranded", "poisoned", "denied"):
        # for want of an operation to release with, the taking is all there is
        return not last["ok"] or len(answers) == 1
    if id_ == "leak":
        forgotten = any(outcome != "fail" for _, outcome in hooks) and not instances(last["state"])
        return (forgotten
                or any(item["refs"] == 0 or not last["state"]["reservations"]
                       for item in instances(last["state"])))
    if id_ in ("double", "needs"):
        return bool(last["calls"])
    changes = len(answers) > 1 and instances(last["state"]) != instances(answers[-2]["state"])
    if id_ == "effects":
        return bool(last["calls"]) or changes or bool(instances(last["state"]))
    if id_ == "missing-effect":
        # what is not there is in the backend to see
        return bool(last["ok"]) and not all(answer["ok"] for answer in answers)
    if id_ == "ambiguous":
        return all(answer["ok"] for answer in answers) and bool(hooks)
    gives_nothing = len(answers) == 1 and last["ok"] and not instances(last["state"])
    return id_ in ("dangling", "interference") and (bool(last["calls"]) or changes or gives_nothing)


@pytest.mark.parametrize("spec", [s for s in SPECS if not s.name.startswith("unreachable")],
                         ids=lambda spec: spec.stem)
def test_scripts_run_on_both_simulators_and_show_it(spec: Path, tmp_path: Path) -> None:
    manager = report_of(spec).manager
    program = simulator(manager, tmp_path)
    for finding in expected(spec):
        answers = play(manager, finding["script"])
        assert play_c(program, finding["script"]) == answers
        assert all("message" not in answer for answer in answers)
        assert shows(finding["id"], answers)
