"""Scripts that need more than calls: options, absent hooks, values that the manager assigned. Each is played again and must show its fault."""
from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest
from explore_support import FAULTY, ROOT, manager_of, play, report_of

from berthc.explore.alphabet import Choice, choices, conflicting, valuations
from berthc.explore.bounds import Bounds
from berthc.explore.report import Finding, claim, explore
from berthc.explore.script import table
from berthc.model import Manager
from berthc.semantics import Value

SHARE = """\
berth: 1
manager: share
{options}
backend:
  vm:
    add: {{on: share}}
    remove: {{on: share, undoes: vm.add, repeatable: true}}
    flush: {{on: share, optional: true, absent: ENOSYS}}
resources:
  share:
    key: [path]
    fields:
      path: {{type: string, required: true}}
      size: {{type: u8}}
    assigned: {{id: {{uuid: v4}}}}
    holders: {{take: hold, drop: remove}}
    initial: pending
    states:
      pending:
        on: {{hold: stay, add: {{call: vm.add, ok: added, fail: gone, uncertain: {{to: lost, raise: undo}}}}}}
      added:
        on: {{hold: stay, add: stay, remove: {remove}}}
      leaving:
        on: {{hold: stay, add: {{reject: EBUSY}}, remove: {{call: vm.remove, ok: gone, fail: leaving, uncertain: leaving}}}}
      lost:
        resident: true
        on:
          add: {{call: vm.remove, ok: {{to: pending, raise: add}}, fail: lost, uncertain: lost}}
          undo: {{call: vm.remove, ok: gone, fail: lost, uncertain: lost}}
          remove: {{call: vm.remove, ok: gone, fail: lost, uncertain: lost}}
      gone: {{final: true}}
operations:
  add: {{obtain: [share], do: [share.add, share.hold], returns: [share.id]}}
  remove: {{find: share, by: id, absent: ok, do: [share.remove]}}
"""
REMOVE = "{call: vm.remove, ok: gone, fail: added, uncertain: leaving}"


def share(remove: str, options: str = "options: {hasty: {type: bool}}") -> Manager:
    return manager_of(SHARE.format(remove=remove, options=options), "share.yaml")


def finding(manager: Manager, id_: str, bounds: Bounds = Bounds()) -> Finding:
    return next(f for f in explore(manager, bounds).findings if f.fault.id == id_)


def test_the_plain_manager_has_no_fault() -> None:
    """Rows that nobody takes aside: the one operation that holds always adds first."""
    assert {f.fault.id for f in explore(share(REMOVE, ""), Bounds()).findings} <= {"unreachable"}


def test_a_fault_that_needs_an_option_says_so_first() -> None:
    manager = share(f"[{{if: option.hasty, to: gone}}, {REMOVE}]")
    leak = finding(manager, "leak")
    assert leak.requests[0] == {"op": "new", "options": {"hasty": True}}
    assert (leak.script[0].who, leak.script[0].asked) == ("", "create with hasty = true")
    answers = play(manager, leak.requests)
    assert [call["hook"] for answer in answers for call in answer.get("calls", ())] == ["vm.add"]
    assert answers[-1]["error"] is None and answers[-1]["state"]["share"] == []


def test_a_lookup_by_a_uuid_asks_for_the_one_that_the_simulator_gave() -> None:
    leak = finding(share(f"[{{if: option.hasty, to: gone}}, {REMOVE}]"), "leak")
    manager = share(f"[{{if: option.hasty, to: gone}}, {REMOVE}]")
    answers = play(manager, leak.requests)
    [given] = [answer["returns"]["id"] for answer in answers if answer.get("returns")]
    assert leak.requests[-1] == {"op": "remove", "id": given}
    assert leak.script[-1].asked == f'remove id "{given}"'


def test_a_fault_that_needs_an_absent_hook_says_so_first() -> None:
    """A hook that is left out counts as ok without a call: then nobody takes back what vm.add did."""
    text = SHARE.format(remove=REMOVE, options="").replace("undoes: vm.add, repeatable: true", "undoes: vm.add, repeatable: true, optional: true")
    manager = manager_of(text)
    leak = next(f for f in explore(manager, Bounds()).findings if f.fault.id == "leak" and f.fault.where == "share.added.remove")
    assert leak.requests[0] == {"op": "new", "without": ["vm.remove"]}
    assert leak.script[0].asked == "create without vm.remove"
    assert table(list(leak.script))[1].split() == ["1", "create", "without", "vm.remove"]
    answers = play(manager, leak.requests)
    assert [call["hook"] for answer in answers for call in answer["calls"]] == ["vm.add"]
    assert answers[-1]["error"] is None and answers[-1]["state"]["share"] == []


def test_a_call_with_an_uncertain_end_says_whether_it_took_effect() -> None:
    lost = finding(share("{call: vm.remove, ok: gone, fail: added, uncertain: gone}", ""), "leak")
    assert lost.script[-1].backend == "vm.remove uncertain, no effect"
    [failure] = lost.requests[-1]["fail"]
    assert (failure["hook"], failure["outcome"]) == ("vm.remove", "uncertain")


FIELDS = """\
berth: 1
manager: shelf
backend: {{}}
resources:
  box:
    key: [name]
    fields: {{name: {{type: string, required: true}}, other: {other}}}
    holders: {{take: hold, drop: release}}
    initial: up
    states:
      up: {{on: {{hold: stay, release: down}}}}
      down: {{final: true}}
operations:
  put: {{obtain: [box], do: [box.hold]}}
  take: {{find: box, do: [box.release]}}
"""


@pytest.mark.parametrize(("type_", "value"), [
    ("{type: bool, default: true}", False),
    ("{type: enum, values: [red, green], default: red}", "green"),
    ("{type: u8, range: [3, 5], default: 4}", 5),
    ("{type: u8, range: [3, 5], default: 5}", 4),
    ("{type: string}", "x"),
    ("{type: list, of: string}", ("x",)),
])
def test_a_conflict_differs_in_one_field_that_is_not_of_the_key(type_: str, value: Value) -> None:
    manager = manager_of(FIELDS.format(other=type_))
    box = manager.resource("box")
    usual = choices(manager, box, {}, 1)[0]
    other = conflicting(box, usual)
    assert other is not None and other.key == usual.key and other.fields["other"] == value
    assert {n for n in usual.fields if usual.fields[n] != other.fields[n]} == {"other"}


@pytest.mark.parametrize("type_", ["{type: uuid}", "{type: u8, range: [3, 3], default: 3}"])
def test_a_field_of_one_value_has_no_conflict(type_: str) -> None:
    manager = manager_of(FIELDS.format(other=type_))
    usual: Choice = choices(manager, manager.resource("box"), {}, 1)[0]
    assert conflicting(manager.resource("box"), usual) is None


def test_many_optional_hooks_are_left_out_one_by_one_and_together() -> None:
    hooks = "\n".join(f"    h{n}: {{on: share, optional: true}}" for n in range(4))
    text = SHARE.format(remove=REMOVE, options="").replace("resources:", hooks + "\nresources:")
    found = {v.without for v in valuations(manager_of(text))}
    five = ("vm.flush", "vm.h0", "vm.h1", "vm.h2", "vm.h3")
    assert found == {(), *((hook,) for hook in five), five}


def test_what_spin_saw_is_claimed_as_its_own() -> None:
    report = replace(report_of(FAULTY / "leak-counts-before-add.yaml"), by_spin=True, complete=True)
    assert claim(report).startswith("explored by Spin (3 callers, ") and claim(report).endswith(", callers and keys told apart")
    assert claim(replace(report, complete=False)).endswith(", then depth or memory ran out")


# The command


def berthc(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "berthc", *args], capture_output=True, text=True, cwd=ROOT, check=False,
                          env={**os.environ, "PYTHONPATH": str(ROOT / "gen"), "PYTHONDONTWRITEBYTECODE": "1"})


def test_there_is_no_model_of_a_spec_without_a_meaning() -> None:
    done = berthc("check", "--promela", "tests/gen/bad/unknown-state.yaml")
    assert (done.returncode, done.stdout) == (1, "") and "error[unknown-state]" in done.stderr and "Traceback" not in done.stderr


def test_a_spec_that_cannot_be_read_is_told_and_nothing_is_claimed() -> None:
    done = berthc("check", "there-is-none.yaml")
    assert (done.returncode, done.stdout) == (2, "") and "there-is-none.yaml" in done.stderr and "Traceback" not in done.stderr


def test_spin_takes_no_bound_on_failures_and_one_spec_is_tested() -> None:
    assert berthc("check", "--spin", "--failures", "1", "spec/vpci.yaml").returncode == 2
    assert berthc("check", "--emit-test", "x.c", "spec/vpci.yaml", "spec/plan9.yaml").returncode == 2
