"""What a report says beside each finding: the row that led to it, and what has the same cause."""
from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from explore_support import FAULTY, ROOT, manager_of, report_of

from berthc.commands.check_report import as_messages, beneath_lines
from berthc.diag import PLAIN
from berthc.explore.bounds import Bounds
from berthc.explore.messages import diagnostics, reported
from berthc.explore.report import Report, explore
from berthc.pipeline import search_text

LED = {
    "leak-uncertain-as-failed": (
        "attach: {call: vm.add_disk, ok: attached, fail: failed}",
        "vm.add_disk ended uncertain and took effect here, and the disk goes to failed, as if it "
        "had failed: the row says nothing of uncertain"),
    "leak-counts-before-add": (
        "add_to_vm: {obtain: [share], do: [share.hold, share.add], returns: [share.name]}",
        "add_to_vm takes the hold here, and then it fails"),
    "interference-retry-forgets-its-progress": (
        "remove: {call: vm.remove_plan9, ok: removed, fail: added",
        "vm.remove_plan9 failed here, so the caller tries unmap_from_guest again, from its "
        "beginning"),
    "interference-reload": (
        "add: {call: vm.add_plan9, ok: added, fail: invalid",
        "vm.add_plan9 took effect here, and the share goes to added"),
    "missing-effect-removal-timed-out": (
        "remove: {call: vm.remove_plan9, ok: removed, fail: added, uncertain: added}",
        "vm.remove_plan9 ended uncertain and took back vm.add_plan9 here, and the share stays in "
        "added"),
    "double-remove-not-there": (
        "attach: {call: vm.add_disk, ok: attached, fail: failed, uncertain: suspect}",
        "vm.add_disk ended uncertain and took no effect here, and the disk goes to suspect"),
    "needs-daemon-stopped-first": (
        "use: {call: vm.plug, ok: plugged", "vm.plug took effect here, and the share goes to "
        "plugged"),
    "stranded-lost-removal": (
        "remove: {call: vm.remove_plan9, ok: removed, fail: suspect, uncertain: lost}",
        "vm.remove_plan9 ended uncertain here, and the share goes to lost"),
    "stranded-nobody-comes": (
        "unplug: {on: port", "a backend may leave out vm.unplug, and every row that uses it then "
        "rejects with ENOSYS"),
    "poisoned-remembers-a-failure": (
        "open: {call: bus.open", "bus.open failed here, and the device goes to marked"),
    "poisoned-above-a-child": (
        "attach: {call: vm.add, ok: attached, fail: broken, uncertain: broken}",
        "vm.add failed here, and the disk goes to broken"),
    "denied-told-of-what-ended": (
        "pull: {call: slot.pull, ok: gone", "slot.pull ended ok here, and the card goes to gone"),
}
"""The row that led to the first finding, and what the note there says."""


@pytest.mark.parametrize("name", LED)
def test_the_row_that_led_to_a_finding_is_a_note(name: str) -> None:
    spec = FAULTY / f"{name}.yaml"
    row, says = LED[name]
    note = reported(report_of(spec))[0].diagnostic.notes[0]
    line = spec.read_text(encoding="utf-8").splitlines()[note.loc.line - 1]
    assert line[note.loc.column - 1:].startswith(row) or row in line
    assert note.message == says


def test_the_row_that_led_to_the_state_that_forgets_an_effect_is_a_note_too() -> None:
    [one] = reported(report_of(FAULTY / "leak-guest-refused.yaml"))
    assert [note.message for note in one.diagnostic.notes] == [
        "vm.add_device took effect here, and the device goes to assigned",
        "guest.add_vpci_device failed here, and the device goes to failed"]
    [one] = reported(report_of(FAULTY / "missing-effect-removal-timed-out.yaml"))
    assert len(one.diagnostic.notes) == 1  # no row that led there before the effect was lost


def test_the_call_that_is_blamed_itself_is_no_note() -> None:
    """The row attaches, and counts a call without an effect as done."""
    [one] = reported(report_of(FAULTY / "effects-timeout-counts-as-attached.yaml"))
    assert one.diagnostic.notes == ()


def test_an_ambiguous_state_has_the_row_with_the_effect_and_the_one_without() -> None:
    [one] = reported(report_of(FAULTY / "ambiguous-rests-and-works.yaml"))
    assert [note.message for note in one.diagnostic.notes] == [
        "pipe.open took effect here, and the valve goes to open",
        "pipe.close took back pipe.open here, and the valve goes to idle"]


def grouped(report: Report) -> list[list[str]]:
    return [[one.diagnostic.id, *(other.id for other in one.also)] for one in reported(report)]


@pytest.mark.parametrize(("name", "groups"), [
    ("interference-retry-forgets-its-progress", [["interference"] * 3]),
    ("interference-number-of-another-card", [["interference"] * 4]),
    ("stranded-nobody-comes", [["stranded"] * 2]),
    ("leak-counts-before-add", [["leak"] * 2]),
    ("effects-suspect-says-nothing-is-there", [["effects"] * 2]),
])
def test_findings_of_one_cause_are_reported_together(name: str, groups: list[list[str]]) -> None:
    assert grouped(report_of(FAULTY / f"{name}.yaml")) == groups


def net(open_: str, close: str) -> Report:
    return explore(manager_of(net_text(open_, close), "net.yaml"), Bounds())


def net_text(open_: str, close: str) -> str:
    """The smallest example, with other rows."""
    text = (ROOT / "examples/minimal/net.yaml").read_text(encoding="utf-8")
    before = "open: {call: host.open, ok: up, fail: idle, uncertain: unsure}"
    assert before in text
    text = text.replace(before, open_)
    if close:
        text = re.sub(r"(?s)(      up:.*?close: )\{.*?\}", rf"\g<1>{close}", text, count=1)
    return text


def test_what_one_failed_call_leads_to_is_one_fault_whatever_its_ids() -> None:
    report = net("open: {call: host.open, ok: up, fail: idle, uncertain: idle}", "")
    assert grouped(report) == [["leak", "double"]]


def test_two_mistakes_are_two_faults() -> None:
    """One loses the effect of a call that ended uncertain, one that of a call that ended ok."""
    report = net("open: {call: host.open, ok: up, fail: idle, uncertain: idle}", "closed")
    assert grouped(report) == [["leak", "double"], ["leak"]]


def test_findings_of_one_row_with_different_failed_calls_are_two_faults() -> None:
    """The release ends the tap after a failed call: it forgets the effect. After an open that
    stayed uncertain, it undoes what may not be there."""
    report = net("open: {call: host.open, ok: up, fail: idle, uncertain: up}",
                 "{call: host.close, ok: closed, fail: closed}")
    groups = grouped(report)
    assert ["leak"] in groups and all("leak" not in ids for ids in groups if "double" in ids)


@pytest.mark.parametrize(("close", "says", "at"), [
    ("{call: host.close, ok: closed, fail: closed, uncertain: unsure}",
     "do not end when host.close fails: lead 'fail:' to a state that tries again (fail: stay)",
     "closed, uncertain"),
    ("{call: host.close, ok: closed, fail: closed}",
     "do not end when host.close fails: lead 'fail:' to a state that tries again (fail: stay)",
     "closed}"),
    ("{call: host.close, ok: closed, fail: up, uncertain: closed}",
     "do not end when host.close stays uncertain: lead 'uncertain:' to a state that tries again",
     "closed}"),
])
def test_a_row_that_undoes_and_ends_all_the_same_is_told_which_outcome_is_wrong(
        close: str, says: str, at: str) -> None:
    report = net("open: {call: host.open, ok: up, fail: idle, uncertain: unsure}", close)
    [leak] = [d for d in diagnostics(report) if d.id == "leak"]
    assert leak.help == says
    line = net_text("open: {call: host.open, ok: up, fail: idle, uncertain: unsure}",
                    close).splitlines()[leak.loc.line - 1]
    assert line[leak.loc.column - 1:].startswith(at)


def test_a_finding_beneath_another_names_its_own_cause() -> None:
    text = net_text("open: {call: host.open, ok: up, fail: idle, uncertain: idle}", "")
    result, manager = search_text("net.yaml", text)
    assert manager is not None
    report = explore(manager, Bounds())
    [one] = reported(report)
    [other] = one.also
    shown = as_messages(result, report, PLAIN)
    assert other.notes[0] in one.diagnostic.notes and "its cause" not in shown
    without = replace(one.diagnostic, notes=())
    assert list(beneath_lines(without, other)) == [
        f"  also double, in line {other.loc.line}: {other.message}",
        f"    its cause, in line {other.notes[0].loc.line}: {other.notes[0].message}"]


def test_what_one_entry_accepts_is_reported_together() -> None:
    text = (FAULTY / "stranded-nobody-comes.yaml").read_text(encoding="utf-8")
    report = explore(manager_of(text + "accept: [{finding: stranded, why: They all can.}]\n"),
                     Bounds())
    assert grouped(report) == [["stranded"] * 2]
    assert all(d.accepted == "They all can." for d in diagnostics(report))


@pytest.mark.parametrize("spec", sorted(FAULTY.glob("*.yaml")), ids=lambda spec: spec.stem)
def test_a_message_can_be_read_in_one_breath(spec: Path) -> None:
    """One sentence for each finding, note and help, of at most 30 words."""
    for one in diagnostics(report_of(spec)):
        for text in (one.message, one.help, *(note.message for note in one.notes)):
            assert len(text.split()) <= 30 and ". " not in text and text, text
