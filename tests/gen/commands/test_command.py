"""`berthc check` as its users see it: text, JSON, bounds, acceptance, tests in C."""
from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import berthc
from explore_support import FAULTY, ROOT, found, manager_of, report_of

from berthc.explore.bounds import Bounds
from berthc.explore.messages import diagnostics
from berthc.explore.report import Report, explore
from berthc.explore.save import names
from programs import with_test

STRANDED = FAULTY / "stranded-failed-mount.yaml"
LOST = FAULTY / "stranded-lost-removal.yaml"


def test_a_finding_is_shown_with_its_script_and_refuses_the_spec() -> None:
    done = berthc("check", str(STRANDED.relative_to(ROOT)))
    assert done.returncode == 1
    assert done.stderr == (
        "tests/gen/faulty/stranded-failed-mount.yaml:60:82: error[stranded]: unmap_from_guest gives ENOTRECOVERABLE, now and for ever, "
        "although every "
        "hook works: a caller never gets rid of what it holds\n"
        " 60 |         on: {claim: {reject: ENOTRECOVERABLE}, mount: {reject: ENOTRECOVERABLE}, unmount: {reject: ENOTRECOVERABLE}}\n"
        "    |                                                                                  ^^^^^^^\n"
        "  = help: let mount.failed take 'unmount' instead of rejecting it: callers drop until that succeeds\n"
        "tests/gen/faulty/stranded-failed-mount.yaml:47:11: note: guest.mount failed here, and the mount goes to failed\n"
        " 47 |           mount: {call: guest.mount, ok: mounted, fail: failed, uncertain: suspect}\n"
        "    |           ^^^^^\n"
        "  the shortest script:\n"
        "       who  asks                        backend                            answer           tracked then (references)\n"
        "    1  A    reserve disk \"/a\", mount 1                                     ok r1            disk \"/a\" reserved (1) [mount "
        "1 reserved (1)]\n"
        "    2  A    map_to_guest r1             vm.add_disk ok, guest.mount fails  EIO              disk \"/a\" attached (1) [mount 1 "
        "failed (1)]\n"
        "    3  A    unmap_from_guest r1                                            ENOTRECOVERABLE  disk \"/a\" attached (1) [mount 1 "
        "failed (1)]\n"
        "berthc: to play a script: berthc check --scripts DIR tests/gen/faulty/stranded-failed-mount.yaml, then berthc sim "
        "tests/gen/faulty/stranded-failed-mount.yaml <DIR/FILE\n"
        "berthc: an example and its cure: berthc explain stranded\n"
    )
    assert done.stdout.startswith(
        "tests/gen/faulty/stranded-failed-mount.yaml: explored every order of calls of up to 4 callers with "
        "2 keys per level (any number of failures, 1 setting of options and hooks): ")


def test_scripts_are_kept_and_can_be_played(tmp_path: Path) -> None:
    spec = "tests/gen/faulty/leak-forgets-on-failure.yaml"  # refused by a static rule as well
    done = berthc("check", "--scripts", str(tmp_path / "new/kept"), spec)
    [kept] = (tmp_path / "new/kept").iterdir()
    assert done.returncode == 1 and kept.name == "share_forgets-leak-share-added-remove.jsonl"
    assert f"  to play it: berthc sim {spec} <{kept}\n" in done.stderr
    assert kept.read_text(encoding="utf-8") == (
        '{"op": "reserve", "share": {"host_path": "/a"}}\n'
        '{"op": "add_to_vm", "reservation": "r1"}\n'
        '{"op": "remove_from_vm", "reservation": "r1", "fail": ["vm.remove_plan9"]}\n'
    )
    played = berthc("sim", spec, stdin=kept.read_text(encoding="utf-8"))
    assert played.returncode == 0
    assert [json.loads(line)["error"] for line in played.stdout.splitlines()] == [None, None, "EIO"]
    assert (
        "warning[leak]: share.added on remove ends the instance" in played.stderr
        and "error" not in played.stderr
    )


def test_two_findings_at_one_place_are_two_files(tmp_path: Path) -> None:
    text = (FAULTY / "leak-guest-refused.yaml").read_text(encoding="utf-8")
    done = berthc("check", "--format", "json", "--scripts", str(tmp_path), "-", stdin=text)
    report = explore(manager_of(text), Bounds())
    twice = replace(report, findings=report.findings * 3)
    [name] = [path.name for path in tmp_path.iterdir()]
    stem = name.removesuffix(".jsonl")
    assert done.returncode == 1 and list(
        names(twice).values()) == [name, f"{stem}-2.jsonl", f"{stem}-3.jsonl"]


def test_a_folder_that_cannot_be_made_is_reported() -> None:
    done = berthc("check", "--scripts", "README.md/below", str(STRANDED))
    assert done.returncode == 2 and done.stderr.startswith(
        "berthc: README.md/below: cannot create this folder: ")


def test_scripts_want_a_folder_and_tests_in_c_one_that_is_there(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine")
    done = berthc("check", "--scripts", str(file), str(STRANDED))
    assert (
        done.returncode == 2
        and done.stderr == f"berthc: {file}: is not a directory\n"
        and file.read_text() == "mine"
    )
    done = berthc("check", "--emit-test", str(tmp_path / "missing/x.c"), str(STRANDED))
    assert (
        done.returncode == 2
        and f"{tmp_path}/missing/x.c: no such directory: {tmp_path}/missing\n" in done.stderr
    )
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_json_has_keys_that_stay() -> None:
    done = berthc("check", "--format", "json", "--callers", "2", "--failures", "1",
                  str(STRANDED.relative_to(ROOT)))
    answer = json.loads(done.stdout)
    assert done.returncode == 1 and done.stderr == ""
    assert set(answer) == {"findings", "diagnostics", "never_played", "bound", "states",
                           "transitions", "complete", "seconds", "left_by_crash"}
    assert answer["bound"] == {"callers": 2, "keys": 2, "failures": 1, "states": 1000000}
    [finding] = answer["findings"]
    assert set(finding) == {"id", "message", "file", "line", "column", "where", "accepted", "why",
                            "script", "notes"}
    assert (finding["id"], finding["line"], finding["column"], finding["accepted"]) == (
        "stranded",
        60,
        82,
        False,
    )
    assert finding["script"][1] == {
        "op": "map_to_guest",
        "reservation": "r1",
        "fail": ["guest.mount"],
    }
    assert answer["complete"] is True and answer["diagnostics"] == []


def test_what_a_finding_repeats_of_the_static_rules_is_left_out_and_no_more() -> None:
    """The state `lost` is a trap, which the search finds as `stranded`. Nothing leads to `unused`,
    and the search leaves rows that reject alone."""
    text = LOST.read_text(encoding="utf-8")
    before = "      lost:\n"
    assert text.count(before) == 1
    unused = "      unused:\n        on: {hold: {reject: EIO}, add: {reject: EIO}, remove: removed}\n"
    spec = text.replace(before, unused + before)
    static = berthc("check", "--static", "-", stdin=spec).stderr
    assert "error[trap]" in static and "error[unreachable]: nothing leads to share.unused" in static
    done = berthc("check", "-", stdin=spec)
    assert done.returncode == 1 and "error[trap]" not in done.stderr
    assert "error[stranded]" in done.stderr
    assert done.stderr.count("nothing leads to share.unused") == 1


def test_an_accepted_finding_is_a_note_and_the_search_goes_on_behind_it() -> None:
    spec = LOST.read_text(encoding="utf-8")
    accepted = spec + (
        "accept:\n  - {finding: stranded, at: share.lost, why: The operator restarts the VM.}\n"
        "  - {finding: trap, at: share.lost, why: The same.}\n")
    done = berthc("check", "-", stdin=accepted)
    assert done.returncode == 0
    assert (
        "note[stranded]" in done.stderr
        and "accepted in line 41: The operator restarts the VM." in done.stderr
    )
    before, after = explore(manager_of(spec), Bounds()), explore(manager_of(accepted), Bounds())
    assert after.transitions > before.transitions and not after.refused


@pytest.mark.parametrize("path", sorted(FAULTY.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_finding_says_what_would_be_right(path: Path) -> None:
    for finding in diagnostics(report_of(path)):
        assert finding.help and not finding.help.endswith(".") and "\n" not in finding.help


@pytest.mark.parametrize(("name", "help_"), [
    ("double-attach-again", "'repeatable: true' for vm.add_disk"),
    ("leak-unmap-without-map", "'resident: true' of "),
    ("unreachable-add-after-removal", "take the row away"),
    ("leak-guest-refused", "call vm.remove_device before the device ends"),
    ("leak-kept-by-what-is-below", "let 'release' lead from pump.broken to a final state"),
    ("leak-counts-before-add", "take the hold in the last step"),
    ("leak-broken-keeps-its-number", "so that the slot is free again"),
    ("missing-effect-removal-timed-out", "call vm.add_plan9 in this row, or reject 'add' in "),
    ("effects-timeout-counts-as-attached", "let disk.attached say 'maybe: [vm.add_disk]'"),
    ("stranded-nobody-comes", "let 'leave' do without vm.unplug in port.up"),
    ("denied-told-of-what-ended", "let the operation that tells of the instance take a hold"),
    ("denied-one-holder", "a target in ")])
def test_help_names_what_it_is_about(name: str, help_: str) -> None:
    assert any(help_ in finding.help for finding in diagnostics(report_of(FAULTY / f"{name}.yaml")))


DOORS = """
berth: 1
manager: doors
backend:
  host:
    add: {on: door}
    del: {on: door, undoes: host.add, repeatable: true}
resources:
  door:
    key: [name]
    fields: {name: {type: string, required: true}}
    holders: {take: claim, drop: remove}
    initial: fresh
    otherwise: {reject: EBUSY}
    states:
      fresh: {on: {claim: stay, add: {call: host.add, ok: up, fail: gone}, remove: gone}}
      up: {on: {claim: stay, remove: {call: host.del, ok: gone, fail: odd, uncertain: odd}}}
      odd: {on: {remove: {reject: EIO}}}
      gone: {final: true}
  bolt:
    parent: door
    holders: {take: claim, drop: remove}
    initial: open
    states:
      open: {on: {claim: stay, turn: stay, remove: gone}}
      gone: {final: true}
operations:
  join: {obtain: [door, bolt], gives: reservation}
  add: {with: reservation, do: [door.add]}
  leave: {with: reservation, do: [bolt.remove, door.remove], ends: reservation}
"""


def explored(text: str) -> Report:
    return explore(manager_of(text), Bounds())


def test_a_state_that_has_no_row_is_told_to_have_one() -> None:
    """`otherwise` refuses there; the caller has a hold already."""
    helped = [one.help for one in diagnostics(explored(DOORS)) if one.id == "denied"]
    assert helped == ["give door.up a row for 'add'; where the refusal is meant, let that row "
                      "reject and say so: meant: true"]


def test_a_row_of_a_script_is_not_called_never_played() -> None:
    report = explored(DOORS)
    scripts = [taken.row for one in report.findings if one.fault.id == "stranded"
               for line in one.script if line.change is not None
               for taken in line.change.result.rows]
    assert any(row is not None and row.reject == "EIO" for row in scripts)
    assert "door.odd.remove (rejects)" not in report.unplayed.rows
    assert "door.fresh.add (fail)" in explored(
        DOORS.replace("[door.add]", "[bolt.turn]")).unplayed.rows


def test_an_operation_without_a_step_there_is_told_to_take_one() -> None:
    text = DOORS.replace("turn: stay", "turn: {call: guest.turn, ok: shut, fail: open}").replace(
        "      open: {on:", """      shut: {on: {claim: stay, turn: stay, remove: {call: guest.back, ok: gone, fail: shut}}}
      open: {on:""").replace("backend:\n", """backend:
  guest:
    turn: {on: bolt}
    back: {on: bolt, undoes: guest.turn, repeatable: true}
""").replace("up: {on: {claim: stay,", "up: {on: {claim: stay, add: stay, look: stay,").replace(
        "do: [door.add]}", "do: [door.add, bolt.turn]}\n  look: {with: reservation, do: [door.look]}")
    helped = [one.help for one in diagnostics(explored(text)) if one.id == "missing-effect"]
    assert ("let the operation take a step at the bolt, too: one that calls guest.turn, or that "
            "rejects in bolt.open") in helped


def test_effects_that_nothing_undoes_are_named() -> None:
    text = (ROOT / "spec/plan9.yaml").read_text(encoding="utf-8")
    assert "effects followed" not in berthc("check", "--callers", "2", "-", stdin=text).stdout
    forgotten = text.replace("      undoes: vm.add_plan9\n", "")
    assert forgotten != text
    assert berthc("check", "--callers", "2", "-", stdin=forgotten).stdout.endswith(
        "<stdin>: effects followed: none; not followed, nothing undoes them: vm.add_plan9, vm.remove_plan9\n"
    )


def test_an_entry_that_accepts_nothing_gets_a_warning() -> None:
    spec = (FAULTY / "sound/removes-for-ever.yaml").read_text(encoding="utf-8")
    done = berthc("check", "--callers", "2", "-",
                  stdin=spec
                  + "accept:\n  - {finding: leak, at: disk.failed, why: It was so once.}\n")
    assert done.returncode == 0
    assert "warning[unused]: nothing that is accepted here was found: leak" in done.stderr


def test_a_search_in_part_says_nothing_of_entries_that_it_did_not_match() -> None:
    spec = STRANDED.read_text(encoding="utf-8") + "accept: [{finding: stranded, why: A test.}]\n"
    done = berthc("check", "--states", "1", "-", stdin=spec)
    assert "explored in part" in done.stdout and "unused" not in done.stderr


def test_bounds_are_kept_and_reported() -> None:
    uncertain_twice = LOST.read_text(encoding="utf-8")
    assert found(uncertain_twice, failures=1) == []
    assert found(uncertain_twice, failures=2) == [("stranded", "share.lost.remove")]
    for states in (1, 5):
        done = berthc("check", "--states", str(states), "spec/vpci.yaml")
        assert done.returncode == 4 and done.stdout.startswith(
            "spec/vpci.yaml: explored in part (3 callers, 2 keys per level, any number "
            "of failures, 1 setting of options and hooks): ")
        assert f": {states} state{'s' if states > 1 else ''}, " in done.stdout
        assert ", then the bound on states was reached\n" in done.stdout
        assert done.stderr.endswith(
            "berthc: warning: spec/vpci.yaml: explored in part: what was not seen may have"
            " findings\n"
        )
    done = berthc("check", "--failures", "1", "spec/vpci.yaml")
    assert "up to 1 failure, " in done.stdout


@pytest.mark.parametrize(
    "flags",
    [["--callers", "0"], ["--callers", "999999999"], ["--callers", "27"], ["--keys", "101"],
     ["--keys", "-1"], ["--states", "many"], ["--failures", "1.5"],
     ["--emit-test", "x.c", "--static"], ["--scripts", "x", "--static"], ["--memory", "7"],
     ["--memory", "much"], ["--static", "--memory", "100"], ["--static", "--callers", "2"],
     ["--static", "--keys", "2"], ["--static", "--failures", "2"], ["--static", "--states", "2"],
     ["--static", "--engine", "c"]])
def test_bad_bounds_are_bad_usage(flags: list[str]) -> None:
    done = berthc("check", *flags, "spec/vpci.yaml")
    assert done.returncode == 2 and done.stdout == "" and done.stderr


def test_a_spec_without_a_meaning_is_not_explored() -> None:
    done = berthc("check", "--format", "json", "tests/gen/bad/unknown-state.yaml")
    answer = json.loads(done.stdout)
    assert done.returncode == 1
    assert (
        answer["findings"] == []
        and answer["complete"] is False
        and [d["id"] for d in answer["diagnostics"]] == ["unknown-state"]
    )


def test_the_script_becomes_a_cmocka_test_that_passes_on_the_faulty_manager(tmp_path: Path) -> None:
    spec = FAULTY / "interference-retry-forgets-its-progress.yaml"
    test = tmp_path / "finding.c"
    assert berthc("check", "--callers", "2", "--emit-test", str(test), str(spec)).returncode == 1
    head = test.read_text(encoding="utf-8").split("*/")[0]
    assert (
        f"berthc check --callers 2 --emit-test finding.c {spec.name}" in head
        and "berthc tests" not in head
    )
    assert (
        "finding_1_interference_mount_mounted_unmount:\n"
        f" *     {spec.name}:39:39: interference: " in head
        and "every row" not in head
    )
    program = with_test(manager_of(spec.read_text(encoding="utf-8")), tmp_path,
                        test.read_text(encoding="utf-8"))
    done = subprocess.run([str(program)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "finding_1_interference_mount_mounted_unmount" in done.stdout + done.stderr


@pytest.mark.parametrize(("flag", "instead"), [("--spin", "--callers"), ("--promela", "--engine")])
def test_a_flag_that_was_removed_names_what_there_is_instead(flag: str, instead: str) -> None:
    done = berthc("check", flag, "spec/plan9.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"berthc: {flag} was removed: ") and instead in done.stderr
