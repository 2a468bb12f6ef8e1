"""Scripts that need more than calls: options, absent hooks, values that the manager assigned. Each
is played again and must show its fault."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from command_line import berthc
from explore_support import FAULTY, manager_of, play, report_of

from berthc.cli import main
from berthc.explore.bounds import Bounds
from berthc.explore.callers.inputs import Choice, choices, combined, conflicting, valuations
from berthc.explore.messages import claim
from berthc.explore.report import Finding, explore
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
    """A hook that is left out counts as ok without a call: then nobody takes back what vm.add
    did."""
    text = SHARE.format(remove=REMOVE, options="").replace(
        "undoes: vm.add, repeatable: true", "undoes: vm.add, repeatable: true, optional: true"
    )
    manager = manager_of(text)
    leak = next(f for f in explore(manager, Bounds()).findings if f.fault.id == "leak"
                and f.fault.where == "share.added.remove")
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


def optional_hooks(count: int) -> Manager:
    # vm.flush is one more
    hooks = "\n".join(f"    h{n}: {{on: share, optional: true}}" for n in range(count - 1))
    return manager_of(
        SHARE.format(remove=REMOVE, options="").replace("resources:", hooks + "\nresources:"))


def test_optional_hooks_are_left_out_in_all_combinations() -> None:
    found = {v.without for v in valuations(optional_hooks(6))}
    assert len(found) == 64 and ("vm.flush", "vm.h3") in found
    assert combined(optional_hooks(6), keys=2)


def test_so_many_optional_hooks_are_left_out_one_by_one_and_together_and_that_is_said() -> None:
    manager = optional_hooks(7)
    seven = ("vm.flush", "vm.h0", "vm.h1", "vm.h2", "vm.h3", "vm.h4", "vm.h5")
    assert {v.without for v in valuations(manager)} == {(), *((hook,) for hook in seven), seven}
    report = explore(manager, Bounds(callers=2, keys=1))
    assert not report.complete and not any(f.fault.id == "unreachable" for f in report.findings)
    assert claim(report).startswith("explored in part (")
    assert claim(report).endswith(", but not all combinations of fields, options and absent hooks")


def combinations(fields: int, row: str, denied: list[str]) -> str:
    """A thing of many fields, with a condition of its release and conditions under which it is
    denied."""
    named = "\n".join(f"      f{n}: {{type: bool}}" for n in range(fields))
    deny = "\n".join(f"      - {{if: {guard}, error: EINVAL}}" for guard in denied)
    return f"""berth: 1
manager: combinations
backend:
  h:
    on: {{on: thing}}
    off: {{on: thing, undoes: h.on, repeatable: true}}
resources:
  thing:
    key: [name]
    fields:
      name: {{type: string, required: true}}
      n: {{type: u8}}
{named}
    holders: {{take: claim, drop: release}}
    initial: idle
    states:
      idle: {{on: {{claim: stay, use: {{call: h.on, ok: live, fail: idle, uncertain: unsure}}, release: gone}}}}
      unsure: {{on: {{claim: {{reject: EBUSY}}, use: {{reject: EBUSY}}, release: {{call: h.off, ok: gone, fail: unsure}}}}}}
      live:
        on:
          claim: stay
          use: stay
          release:
            - {{if: {row}, reject: EBUSY}}
            - {{call: h.off, ok: gone, fail: live, uncertain: unsure}}
      gone: {{final: true}}
operations:
  reserve:
    obtain: [thing]
    gives: reservation
    deny:
{deny}
  use: {{with: reservation, do: [thing.use]}}
  end: {{with: reservation, do: [thing.release], ends: reservation}}
"""


def test_fields_that_no_condition_names_together_are_combined_group_by_group() -> None:
    manager = manager_of(
        combinations(
            10, "field.f0 and field.f1", [f"thing.f{n} and thing.n == 77" for n in range(2, 10)]
        )
    )
    kinds = {choice.kind for choice in choices(manager, manager.resource("thing"), {}, 2)}
    assert len(kinds) == 4 and combined(manager, 2)  # refused for ever or not, denied or not
    report = explore(manager, Bounds(callers=1, keys=1))
    assert report.complete and [(f.fault.id, f.fault.where)
                                for f in report.findings] == [("stranded", "thing.live.release")]


def test_too_many_combinations_of_one_condition_are_said() -> None:
    every = " and ".join(f"field.f{n}" for n in range(13))
    manager = manager_of(combinations(13, every, ["thing.n == 77"]))
    assert not combined(manager, 1)
    report = explore(manager, Bounds(callers=2, keys=1))
    # the row that strands is not seen, and nothing is claimed
    assert not report.complete and report.findings == ()
    assert "in part" in claim(report)
    fewer = manager_of(combinations(12, every.replace(" and field.f12", ""), ["thing.n == 77"]))
    assert combined(
        fewer, 1) and [f.fault.id
                       for f in explore(fewer, Bounds(callers=2, keys=1)).findings] == ["stranded"]


# The command


def test_a_spec_that_cannot_be_read_is_reported_and_nothing_is_claimed() -> None:
    done = berthc("check", "there-is-none.yaml")
    assert (
        (done.returncode, done.stdout) == (2, "")
        and "there-is-none.yaml" in done.stderr
        and "Traceback" not in done.stderr
    )


def test_one_spec_is_tested() -> None:
    assert berthc("check", "--emit-test", "x.c", "spec/vpci.yaml",
                  "spec/plan9.yaml").returncode == 2


def test_what_one_cause_brings_about_is_reported_beneath_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A valve that is `open` in two ways is closed in both: a close that is not repeatable is
    called for nothing."""
    text = (FAULTY / "ambiguous-rests-and-works.yaml").read_text(encoding="utf-8")
    spec = tmp_path / "valve.yaml"
    spec.write_text(text.replace("undoes: pipe.open, repeatable: true", "undoes: pipe.open"),
                    encoding="utf-8")
    assert main(["check", "--callers", "2", "--keys", "1", str(spec)]) == 1
    reported = capsys.readouterr().err
    first = reported.index("error[ambiguous]: pipe.open is in effect in this state")
    assert (
        "\n"
        "  also double, in line 16: pipe.close is called although there is no effect of pipe.open "
        "to undo"
        in reported[first:]
    )
    assert not any(":16:" in line
                   and "error[double]: pipe.close is called although there is no effect" in line
                   for line in reported.splitlines())
