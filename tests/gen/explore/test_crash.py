"""What a crash leaves, by state: what is said of scsi, of a spec that drains, and of instances that
`create` makes, against what follows by hand from their rows."""
from __future__ import annotations

import json

import pytest
from engine_support import program
from explore_support import ROOT, manager_of
from shared_specs import BOOTED, disk_spec

from berthc.cli import main
from berthc.explore.bounds import Bounds
from berthc.explore.crash import Left, left_by_crash
from berthc.explore.report import explore

Table = dict[str, tuple[str, str]]
SCSI = ROOT / "spec/scsi.yaml"
PLAN9 = str(ROOT / "spec/plan9.yaml")

DRAINED = disk_spec("drained", """\
add: {on: disk, repeatable: true}
remove: {on: disk, undoes: vm.add, repeatable: true}""", """\
fresh: {on: {claim: stay, add: {call: vm.add, ok: used, fail: fresh, uncertain: unsure}, release: gone}}
unsure: {on: {claim: {reject: EIO}, add: {call: vm.add, ok: used, fail: unsure}, release: {call: vm.remove, ok: gone, fail: unsure}}}
used: {on: {claim: stay, add: stay, release: kept}}
kept: {resident: true, on: {claim: {reject: EBUSY, meant: true}, add: {reject: EIO}, release: {call: vm.remove, ok: gone, fail: worn}}}
worn: {resident: true, on: {claim: {reject: EIO}, add: {reject: EIO}, release: {call: vm.remove, ok: gone, fail: worn}}}""")
"""Only drain calls a hook in `kept`, and only a drain that fails leads to `worn`."""


def table(text: str, in_c: bool = True, crash: bool = True,
          failures: int | None = None) -> Table:
    """By state what is left between operations and during a call."""
    manager = manager_of(text)
    report = explore(manager, Bounds(callers=2, keys=1, failures=failures, crash=crash),
                     program=program(manager) if in_c else None)
    return {f"{one.resource}.{one.state}": (either(one.rest), either(one.call))
            for one in left_by_crash(manager, report.seen)}


def either(some: tuple[Left, ...]) -> str:
    return "; or ".join(one.text() for one in some)


def test_crash_table_of_scsi() -> None:
    mount = "perhaps guest.mount; or perhaps guest.format_and_mount"
    assert table(SCSI.read_text(encoding="utf-8")) == {
        "disk.reserved": ("nothing", "perhaps vm.add_disk"),
        # the guest lets go of it, or does not: the bus has it all the same
        "disk.attached": ("vm.add_disk", "vm.add_disk"),
        "disk.ejected": ("perhaps vm.add_disk", "perhaps vm.add_disk"),
        "disk.failed": ("nothing", ""),
        "disk.suspect": ("perhaps vm.add_disk", "perhaps vm.add_disk"),
        "disk.leaving": ("vm.add_disk", "vm.add_disk"),
        "disk.boot": ("perhaps vm.add_disk", ""),
        "mount.reserved": ("nothing", mount),
        "mount.mounted": ("guest.mount; or guest.format_and_mount", mount),
        "mount.failed": ("nothing", ""),
        "mount.suspect": (mount, mount)}


@pytest.mark.parametrize("in_c", [True, False])
def test_crash_table_has_drains(in_c: bool) -> None:
    assert table(DRAINED, in_c) == {
        "disk.fresh": ("nothing", "perhaps vm.add"),
        "disk.unsure": ("perhaps vm.add", "perhaps vm.add"),
        "disk.used": ("vm.add", ""),
        "disk.kept": ("vm.add", "perhaps vm.add"),
        "disk.worn": ("perhaps vm.add", "perhaps vm.add")}


@pytest.mark.parametrize("in_c", [True, False])
def test_a_crash_comes_before_or_after_the_effect_also_of_a_call_that_ends_ok(in_c: bool) -> None:
    found = table(DRAINED, in_c, failures=0)
    assert found["disk.fresh"] == ("nothing", "perhaps vm.add")
    assert found["disk.kept"] == ("vm.add", "perhaps vm.add")


@pytest.mark.parametrize("in_c", [True, False])
def test_calls_are_looked_at_only_where_asked_for(in_c: bool) -> None:
    assert {call for _, call in table(DRAINED, in_c, crash=False).values()} == {""}


@pytest.mark.parametrize("in_c", [True, False])
@pytest.mark.parametrize(("states", "rest", "call", "idle"), [
    ("effects: [vm.add]", "vm.add", "perhaps vm.add", "vm.add, perhaps guest.mount"),
    ("effects: []", "nothing", "nothing", "perhaps guest.mount"),
    ("maybe: [vm.add]", "perhaps vm.add", "perhaps vm.add", "perhaps vm.add, perhaps guest.mount"),
    # nothing is said of either effect, so both are unknown
    ("brief: It boots.", "perhaps vm.add, perhaps guest.mount",
     "perhaps vm.add, perhaps guest.mount", "perhaps vm.add, perhaps guest.mount"),
])
def test_crash_table_of_a_created_instance(in_c: bool, states: str, rest: str, call: str,
                                           idle: str) -> None:
    found = table(BOOTED.replace("BOOT", states), in_c)
    assert found["disk.boot"] == (rest, call)
    assert found["disk.idle"] == ("", idle)  # operations only pass through it


def test_explain_prints_the_crash_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--explain", "--callers", "2", PLAN9]) == 0
    assert capsys.readouterr().out.endswith(f"""\
{PLAN9}: left in the backend by a crash, by state:
                 between operations    during a call
  share.pending  nothing               perhaps vm.add_plan9
  share.added    vm.add_plan9          perhaps vm.add_plan9
  share.leaving  perhaps vm.add_plan9  perhaps vm.add_plan9
  share.suspect  perhaps vm.add_plan9  perhaps vm.add_plan9
""")


def test_a_search_in_part_tells_states_that_it_has_not_seen(
        capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--explain", "--states", "1", PLAN9]) == 4
    out = capsys.readouterr().out
    assert "by a crash, by state (explored in part; there may be more):\n" in out
    assert "  share.leaving  not seen\n" in out
    assert "  share.leaving  not seen            not seen\n" in out


def test_the_crash_table_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--format", "json", "--callers", "2", str(SCSI)]) == 0
    found = {f"{one['resource']}.{one['state']}": one
             for one in json.loads(capsys.readouterr().out)["left_by_crash"]}
    assert found["disk.attached"] == {
        "file": str(SCSI), "resource": "disk", "state": "attached", "in_part": False,
        "between_operations": [{"always": ["vm.add_disk"], "sometimes": [], "never": []}],
        "during_call": [{"always": ["vm.add_disk"], "sometimes": [], "never": []}]}
    assert found["mount.mounted"]["during_call"] == [
        {"always": [], "sometimes": ["guest.mount"], "never": ["guest.format_and_mount"]},
        {"always": [], "sometimes": ["guest.format_and_mount"], "never": ["guest.mount"]}]
