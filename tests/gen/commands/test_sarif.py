"""`berthc check --format sarif`: a log of SARIF 2.1.0 that says what the other formats say.

The schema of the standard is not part of this repository. `LOG` has the members that berthc writes
and refuses all others; their names and types are those of the standard.
"""
from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
from command_line import BAD, SCSI, berthc
from explore_support import FAULTY, ROOT

from berthc.commands.sarif import as_sarif, uri
from berthc.diag import Diagnostic, Note
from berthc.explore.script import Line
from berthc.model import Loc

Json = dict[str, Any]


def members(needed: Json, others: Json | None = None) -> Json:
    """An object with these members, and no others."""
    return {"type": "object", "properties": needed | (others or {}), "required": list(needed),
            "additionalProperties": False}


def array(items: Json, least: int = 0) -> Json:
    return {"type": "array", "items": items, "minItems": least}


WORD, NATURAL = {"type": "string", "minLength": 1}, {"type": "integer", "minimum": 0}
COUNTED = {"type": "integer", "minimum": 1}
MESSAGE = members({"text": WORD})
LEVEL = {"enum": ["none", "note", "warning", "error"]}
BAG = {"type": "object"}
PLACE = members(
    {"artifactLocation": members({"uri": {"type": "string", "pattern": r"^[!-~]+$"}})},
    {"region": members({"startLine": COUNTED, "startColumn": COUNTED, "endColumn": COUNTED})})
LOCATION = members({"physicalLocation": PLACE}, {
    "id": NATURAL, "message": MESSAGE,
    "logicalLocations": array(members({"fullyQualifiedName": WORD}), 1)})
FLOW = members({"threadFlows": array(members({"locations": array(members(
    {"executionOrder": NATURAL, "location": LOCATION}), 1)}), 1)})
RESULT = members(
    {"ruleId": WORD, "ruleIndex": NATURAL, "level": LEVEL, "message": MESSAGE,
     "locations": array(LOCATION, 1)},
    {"relatedLocations": array(LOCATION, 1), "codeFlows": array(FLOW, 1), "properties": BAG,
     "suppressions": array(members({"kind": {"enum": ["inSource"]}, "justification": WORD}))})
RULE = members({"id": WORD, "shortDescription": MESSAGE, "fullDescription": MESSAGE,
                "help": MESSAGE})
INVOCATION = members({
    "executionSuccessful": {"type": "boolean"}, "exitCode": NATURAL, "exitCodeDescription": WORD,
    "toolExecutionNotifications": array(members({"level": LEVEL, "message": MESSAGE}))})
LOG = members({
    "$schema": WORD, "version": {"const": "2.1.0"},
    "runs": array(members({
        "tool": members({"driver": members({"name": {"const": "berthc"}, "version": WORD,
                                            "rules": array(RULE, 1)})}),
        "columnKind": {"const": "unicodeCodePoints"}, "invocations": array(INVOCATION, 1),
        "results": array(RESULT), "properties": BAG}), 1)})


def run_of(*args: str, cwd: Path = ROOT) -> Json:
    """The only run of a log, whose form is right and whose exit code is that of the command."""
    done = berthc("check", "--format", "sarif", *args, cwd=cwd)
    log = json.loads(done.stdout)
    jsonschema.Draft202012Validator(LOG).validate(log)
    [run] = log["runs"]
    [invocation] = run["invocations"]
    assert invocation["exitCode"] == done.returncode
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    return dict(run)


def lines(locations: list[Json]) -> list[int]:
    return [one["physicalLocation"]["region"]["startLine"] for one in locations]


def test_a_finding_has_its_place_its_script_and_its_notes() -> None:
    spec = FAULTY / "leak-uncertain-as-failed.yaml"
    run, [expected] = run_of(str(spec)), json.loads(spec.with_suffix(".json").read_text())
    [found] = run["results"]
    [place] = found["locations"]
    assert (found["ruleId"], found["level"]) == ("leak", "error")
    assert place["physicalLocation"]["artifactLocation"]["uri"] == str(spec.relative_to(ROOT))
    assert place["logicalLocations"] == [{"fullyQualifiedName": expected["where"]}]
    region = place["physicalLocation"]["region"]
    assert (region["startLine"], region["startColumn"]) == (expected["line"], expected["column"])
    text = spec.read_text().splitlines()[region["startLine"] - 1]
    event = expected["where"].rpartition(".")[2]
    assert text[region["startColumn"] - 1:region["endColumn"] - 1] == event
    assert found["properties"]["script"] == expected["script"]
    [flow] = found["codeFlows"][0]["threadFlows"]
    steps = flow["locations"]
    assert [step["executionOrder"] for step in steps] == [*range(1, len(expected["script"]) + 1)]
    assert lines([step["location"] for step in steps])[-1] == expected["line"]
    assert steps[0]["location"]["message"]["text"].startswith("A: ")
    assert "Backend: " in "".join(step["location"]["message"]["text"] for step in steps)
    assert found["relatedLocations"] and "uncertain" in json.dumps(found["relatedLocations"])


def test_what_has_one_cause_is_one_result() -> None:
    mixed = str(FAULTY / "interference-retry-forgets-its-progress.yaml")
    shown = berthc("check", mixed).stderr
    results = run_of(mixed)["results"]
    assert len(results) == shown.count("error[interference]")
    assert all(one["level"] == "error" and one["codeFlows"] for one in results)


def test_how_far_the_search_went_is_told() -> None:
    run = run_of("--callers", "2", "--keys", "1", "spec/plan9.yaml")
    assert run["results"] == []
    assert run["invocations"][0] == {
        "executionSuccessful": True, "exitCode": 0, "exitCodeDescription": "nothing is wrong",
        "toolExecutionNotifications": []}
    bounds = run["properties"]
    assert bounds["bound"]["callers"] == 2 and bounds["complete"] and bounds["states"] > 1
    [claim] = bounds["claims"]
    assert claim.startswith("spec/plan9.yaml: explored every order of calls of up to 2 callers "
                            "with 1 key per level (")


def test_a_search_in_part_is_told() -> None:
    run = run_of("--states", "3", SCSI)
    [invocation] = run["invocations"]
    assert invocation["exitCode"] == 4 and invocation["executionSuccessful"]
    [told] = invocation["toolExecutionNotifications"]
    assert told["level"] == "warning" and "explored in part" in told["message"]["text"]
    assert run["properties"]["complete"] is False


def test_messages_of_the_static_rules() -> None:
    for args in ((BAD,), ("--static", BAD)):
        run = run_of(*args)
        [result] = run["results"]
        assert (result["ruleId"], result["level"]) == ("unknown-state", "error")
        assert result["message"]["text"] == (
            "cup.full on release goes to 'going', which is no state of cup.\n"
            "Help: did you mean 'gone'? states of cup: full, gone; or stay.")
        assert lines(result["locations"]) == [9]
        assert run["invocations"][0]["exitCodeDescription"] == "a spec is wrong"
    assert run["properties"] == {}  # --static explores nothing


def test_what_is_accepted_is_suppressed(tmp_path: Path) -> None:
    text = (FAULTY / "leak-guest-refused.yaml").read_text()
    spec = tmp_path / "s.yaml"
    spec.write_text(text + "accept: [{finding: leak, at: device.failed, why: It is gone soon.}]\n")
    run = run_of("s.yaml", cwd=tmp_path)
    static = run_of("--static", "tests/gen/bad/accepted.yaml")
    for [result], why in ((run["results"], "It is gone soon."),
                          (static["results"], "Adding twice is harmless on this bus.")):
        assert result["level"] == "note"
        assert result["suppressions"] == [{"kind": "inSource", "justification": why}]
    assert run["invocations"][0]["exitCode"] == 0


def test_a_file_that_cannot_be_read_is_no_success() -> None:
    run = run_of("--static", "missing.yaml", SCSI)
    [result] = run["results"]
    [invocation] = run["invocations"]
    assert result["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 1, "startColumn": 1, "endColumn": 2}  # code scanning wants a line
    assert invocation["exitCode"] == 2 and not invocation["executionSuccessful"]


def test_what_the_command_could_not_do_is_an_error_where_it_failed() -> None:
    for status, successful, text, level in (
            (0, True, "nothing is wrong", "warning"), (1, True, "a spec is wrong", "warning"),
            (2, False, "a spec cannot be read or searched", "error"),
            (4, True, "nothing is wrong, but a search did not see everything", "warning"),
            (130, False, "interrupted", "error")):
        log = json.loads(as_sarif([], {}, ["s.yaml: it went wrong"], status))
        jsonschema.Draft202012Validator(LOG).validate(log)
        assert log["runs"][0]["invocations"] == [{
            "executionSuccessful": successful, "exitCode": status, "exitCodeDescription": text,
            "toolExecutionNotifications": [
                {"level": level, "message": {"text": "s.yaml: it went wrong"}}]}]


def test_a_place_has_a_character_and_each_note_a_number() -> None:
    notes = tuple(Note(Loc("s.yaml", line, 3, length), f"note {line}")
                  for line, length in ((7, 0), (8, 1), (9, 4)))
    message = Diagnostic("leak", Loc("s.yaml", 6, 2, 0), "it leaks", notes=notes)
    [result] = json.loads(as_sarif([(message, None)], {}, [], 1))["runs"][0]["results"]
    assert [one["id"] for one in result["relatedLocations"]] == [0, 1, 2]
    assert [one["message"]["text"] for one in result["relatedLocations"]] == [
        "note 7.", "note 8.", "note 9."]
    regions = [one["physicalLocation"]["region"]
               for one in (*result["locations"], *result["relatedLocations"])]
    assert [(one["startColumn"], one["endColumn"]) for one in regions] == [
        (2, 3), (3, 4), (3, 4), (3, 7)]


def test_each_sentence_has_one_full_stop() -> None:
    message = Diagnostic("leak", Loc("s.yaml", 6, 2), "it leaks.", help="mend it. Now.",
                         notes=(Note(Loc("s.yaml", 7, 1), "here."),))
    [result] = json.loads(as_sarif([(message, None)], {}, [], 1))["runs"][0]["results"]
    assert result["message"]["text"] == "it leaks.\nHelp: mend it. Now."
    assert result["relatedLocations"][0]["message"]["text"] == "here."


def test_a_drain_that_came_to_no_row_is_at_the_begin_of_the_spec() -> None:
    nowhere = Loc("", 0, 0)
    change: Any = SimpleNamespace(result=SimpleNamespace(rows=()),
                                  move=SimpleNamespace(op=SimpleNamespace(loc=nowhere)))
    script = (Line("", "drain", "", "ok", "", {"op": "drain"}, change),)
    finding: Any = SimpleNamespace(script=script, requests=[{"op": "drain"}])
    message = Diagnostic("leak", Loc("s.yaml", 6, 2), "it leaks")
    [result] = json.loads(as_sarif([(message, finding)], {}, [], 1))["runs"][0]["results"]
    [step] = result["codeFlows"][0]["threadFlows"][0]["locations"]
    assert step["location"] == {
        "physicalLocation": {"artifactLocation": {"uri": "s.yaml"},
                             "region": {"startLine": 1, "startColumn": 1, "endColumn": 2}},
        "message": {"text": "drain. Answer: ok"}}


def test_addresses_are_relative_and_escaped(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out of it"
    inside.mkdir()
    monkeypatch.chdir(inside)
    for file in ("a/b c%.yaml", "./a/../a/b c%.yaml", str(inside / "a/b c%.yaml")):
        assert uri(file) == "a/b%20c%25.yaml"
    assert uri(str(outside / "s.yaml")) == f"file://{tmp_path}/out%20of%20it/s.yaml"
    assert uri(os.fsdecode(b"\xff:\xc3\xa9")) == "%FF%3A%C3%A9"
    assert uri("<stdin>") == "stdin"


def test_sarif_is_a_format_of_check_alone() -> None:
    assert berthc("gen", "--format", "sarif", SCSI).returncode == 2
    assert berthc("check", "--explain", "--format", "sarif", SCSI).returncode == 2
