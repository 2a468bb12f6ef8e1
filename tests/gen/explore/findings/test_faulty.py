"""Specs that each have one fault, close to real ones, with the findings and the exact scripts that
must come of them; and sound specs that look suspicious.

The expectations beside the specs were checked by hand against docs/semantics.md. Every script runs
on both simulators, whose answers must agree and show what the finding says.
"""
from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from explore_support import FAULTY, ROOT, Json, play, play_c, report_of

from berthc.explore.findings.fault import Fault
from berthc.explore.findings.judge import IDS
from berthc.model import Form, Manager
from programs import simulator

SPECS = sorted(FAULTY.glob("*.yaml"))
STATED = re.compile(r"the (\w+) (?:comes to|is made in) (\w+) while ")
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


def instances(state: Json) -> list[tuple[str, Json]]:
    """Everything that an answer shows as tracked, with its resource."""
    found = [(name, item) for name, value in state.items() if isinstance(value, list)
             and name != "reservations" for item in value if isinstance(item, dict)]
    return found + [deeper for _, item in found for deeper in instances(item)]


def in_effect(manager: Manager, script: list[Json], answers: list[Json]
              ) -> list[dict[str, set[bool]]]:
    """For each effect whether it may be there and whether it may not, as far as calls tell: before
    the last request, and after each of its calls."""
    makes = {op.name for op in manager.operations if op.form is Form.CREATE}
    before = {False, True} if any(asked["op"] in makes for asked in script) else {False}
    undoes = {hook.name: hook.undoes for hook in manager.hooks}
    now = {name: before for name in undoes}
    moments = [now]
    for answer in answers:
        moments = [now]
        for call in answer["calls"]:
            does = {**dict.fromkeys(undoes[call["hook"]], False), call["hook"]: True}
            if call["outcome"] in ("ok", "uncertain"):
                now = now | {name: {there} if call["outcome"] == "ok" else now[name] | {there}
                             for name, there in does.items()}
            moments.append(now)
    return moments


def may_be(fault: Fault, moments: list[dict[str, set[bool]]]) -> bool:
    """May the effects that the fault names be there, or not there, as it says?"""
    named = [*((name, True) for name in fault.there), *((name, False) for name in fault.missing)]
    seen = [any(there in moment[name] for moment in moments) for name, there in named]
    return any(seen) if fault.id == "ambiguous" else all(seen)  # "at some times and not at others"


def shows(fault: Fault, answers: list[Json], moments: list[dict[str, set[bool]]]) -> bool:
    """Does the end of a script show what the finding says, as far as a manager's answers can?"""
    id_, last = fault.id, answers[-1]
    if not may_be(fault, moments):
        return False
    hooks = [(call["hook"], call["outcome"]) for answer in answers for call in answer["calls"]]
    if id_ in ("stranded", "poisoned", "denied"):
        # for want of an operation to release with, the taking is all there is
        return not last["ok"] or len(answers) == 1
    if id_ == "leak":
        forgotten = any(outcome != "fail" for _, outcome in hooks) and not instances(last["state"])
        return (forgotten
                or any(item["refs"] == 0 or not last["state"]["reservations"]
                       for _, item in instances(last["state"])))
    if id_ in ("double", "needs"):
        return fault.message.split()[0] in [call["hook"] for call in last["calls"]]
    changes = len(answers) > 1 and instances(last["state"]) != instances(answers[-2]["state"])
    if id_ == "effects":
        named = STATED.match(fault.message)
        assert named is not None
        return (bool(last["calls"]) or changes or len(answers) == 1) and may_be(
            fault, moments[-1:]) and any(resource == named[1] and item["state"] == named[2]
                                         for resource, item in instances(last["state"]))
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
    for finding in report_of(spec).findings:
        answers = play(manager, finding.requests)
        assert play_c(program, finding.requests) == answers
        assert all("message" not in answer for answer in answers)
        assert shows(finding.fault, answers, in_effect(manager, finding.requests, answers))
        if finding.fault.id == "effects" and len(answers) > 1:  # the last request shows it first
            before = in_effect(manager, finding.requests[:-1], answers[:-1])
            assert not shows(finding.fault, answers[:-1], before)
