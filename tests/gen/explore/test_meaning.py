"""What a state means: what is derived of the shipped specs and of some made for it, against what
their texts say."""
from __future__ import annotations

import pytest
from shared_specs import BOOTED, image_spec
from explore_support import FAULTY, ROOT, manager_of

from berthc.cli import main
from berthc.explore.bounds import Bounds
from berthc.explore.meaning import in_the_backend
from berthc.explore.report import explore, meaning_of


def said(text: str, resource: str) -> dict[str, list[str]]:
    manager = manager_of(text)
    found = meaning_of(manager)
    assert found.complete
    meant = in_the_backend(manager, found.seen, manager.resource(resource))
    return {s.name: meant[s.name] for s in manager.resource(resource).states if not s.final}


def test_failures_make_it_uncertain_and_nothing_else_does() -> None:
    assert said((ROOT / "spec/plan9.yaml").read_text(encoding="utf-8"),
                "share") == {"pending": ["nothing"], "added": ["vm.add_plan9"],
                             "leaving": ["perhaps vm.add_plan9"],
                             "suspect": ["perhaps vm.add_plan9"]}


def test_a_state_where_nothing_rests_means_nothing_and_a_field_may_decide() -> None:
    scsi = (ROOT / "spec/scsi.yaml").read_text(encoding="utf-8")
    assert said((ROOT / "spec/vpci.yaml").read_text(encoding="utf-8"), "device")["assigned"] == []
    assert said(scsi, "mount")["mounted"] == ["guest.mount", "guest.format_and_mount"]


def test_of_what_was_made_from_outside_nothing_is_claimed() -> None:
    assert said((ROOT / "spec/scsi.yaml").read_text(encoding="utf-8"),
                "disk")["boot"] == ["what was there when it was made"]


IMAGE = image_spec("made")


def test_a_created_instance_makes_no_state_ambiguous() -> None:
    assert [f.fault.id for f in explore(manager_of(IMAGE), Bounds(callers=2, keys=1)).findings
            if f.fault.id == "ambiguous"] == []


def test_explain_prints_it_for_each_state(capsys: pytest.CaptureFixture[str]) -> None:
    spec = str(FAULTY / "ambiguous-one-word-for-two.yaml")
    assert main(["check", "--explain", "--callers", "2", "--keys", "1", spec]) == 1
    out = capsys.readouterr().out
    assert f"{spec}: in the backend, by state:\n" in out
    assert (
        "  tunnel.fresh    nothing\n" in out
        and "  tunnel.up       net.up, net.encrypt or not\n" in out
    )
    # No call of `encrypt` is uncertain here but where it stays `up`, so only `down` leads to
    # `unclear`.
    assert "  tunnel.unclear  perhaps net.up, perhaps net.encrypt\n" in out


@pytest.mark.parametrize("flag", ["--static", "--format=json"])
def test_explain_goes_with_the_search_as_text(flag: str) -> None:
    assert main(["check", "--explain", flag, str(ROOT / "spec/plan9.yaml")]) == 2


def booted(effects: str) -> set[tuple[str, str]]:
    found = explore(manager_of(BOOTED.replace("BOOT", effects)), Bounds(callers=2, keys=1)).findings
    return {(f.fault.id, f.fault.where)
            for f in found
            if f.fault.id in ("needs", "double", "effects") or f.fault.where == "disk.boot"}


def test_what_the_state_of_a_created_instance_says_is_there_from_the_beginning() -> None:
    assert booted("effects: [vm.add]") == set()
    assert ("needs", "disk.idle.mount") in booted("effects: []")
    assert ("double", "disk.boot.eject") in booted("effects: []")


def test_what_may_be_there_in_a_created_instance_is_not_counted_on() -> None:
    assert ("needs", "disk.idle.mount") in booted("maybe: [vm.add]")


def test_a_created_instance_may_call_at_once_what_needs_it() -> None:
    at_once = BOOTED.replace("enter: boot}}", "enter: idle}, do: [disk.mount]}").replace(
        "fail: boot, uncertain: unsure}}}", "fail: gone}}}")
    assert [
        f.fault.where
        for f in explore(
            manager_of(at_once.replace("BOOT", "brief: It boots.")), Bounds(callers=2, keys=1)
        ).findings
        if f.fault.id == "needs" and f.fault.where == "disk.idle.mount"
    ] == []
    assert [
        f.fault.where for f in explore(
            manager_of(
                at_once.replace("BOOT", "brief: It boots.").replace(
                    "idle: {on", "idle: {effects: [], on")), Bounds(callers=2, keys=1)).findings
        if f.fault.id == "needs"
    ] == ["disk.idle.mount"]


def test_what_was_there_before_an_instance_was_made_is_no_leak() -> None:
    for_good = BOOTED.replace("eject: {call: vm.del, ok: gone, fail: boot, uncertain: unsure}",
                              "eject: {reject: EPERM, meant: true}")
    for_good = for_good.replace("BOOT", "effects: [vm.add]").replace(
        "eject: {reject: EIO}}}", "eject: {call: vm.del, ok: gone, fail: unsure}}}")
    assert [f.fault.where for f in explore(manager_of(for_good), Bounds(callers=2, keys=1)).findings
            if f.fault.id == "leak" and f.fault.where.startswith("disk.boot")] == []
