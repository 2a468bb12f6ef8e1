"""What is accepted hides nothing else, and is told once."""
from __future__ import annotations

from explore_support import FAULTY, manager_of

from berthc.explore.bounds import Bounds
from berthc.explore.report import explore

BOTH = """berth: 1
manager: both
backend:
  h:
    a: {on: thing}
    una: {on: thing, undoes: h.a, repeatable: true}
    b: {on: thing}
    unb: {on: thing, undoes: h.b, repeatable: true}
resources:
  thing:
    key: [name]
    fields: {name: {type: string, required: true}}
    holders: {take: claim, drop: release}
    initial: s0
    otherwise: reject
    states:
      s0: {on: {claim: stay, up: {call: h.a, ok: {to: s1, raise: up}, fail: s0, uncertain: u}, down: stay, release: gone}}
      s1: {on: {up: {call: h.b, ok: s2, fail: u, uncertain: u}}}
      s2:
        on: {claim: stay, up: stay, down: {call: h.una, ok: {to: s3, raise: down}, fail: u, uncertain: u}, release: {to: u, raise: release}}
      s3: {on: {down: {call: h.unb, ok: s0, fail: u, uncertain: u}}}
      u: {on: {release: {call: h.una, ok: {to: u2, raise: release}, fail: u}}}
      u2: {on: {release: {call: h.unb, ok: gone, fail: u2}}}
      gone: {final: true}
operations:
  reserve: {obtain: [thing], gives: reservation}
  use: {with: reservation, do: [thing.up]}
  back: {with: reservation, do: [thing.down]}
  end: {with: reservation, do: [thing.release], ends: reservation}
"""

# Whoever pulls the plug ends the device, and takes back the power that its callers rely on.
HUB = """berth: 1
manager: hub
backend:
  power:
    up: {on: device}
    down: {on: device, undoes: power.up, repeatable: true}
resources:
  device:
    key: [name]
    fields: {name: {type: string, required: true}}
    holders: {take: claim, drop: release}
    initial: dark
    states:
      dark: {on: {claim: stay, use: {call: power.up, ok: lit, fail: dark, uncertain: unsure}, pull: gone, release: gone}}
      unsure: {on: {claim: {reject: EIO}, use: {reject: EIO}, pull: stay, release: {call: power.down, ok: gone, fail: unsure}}}
      lit:
        on: {claim: stay, use: stay, pull: {call: power.down, ok: gone, fail: lit}, release: {call: power.down, ok: gone, fail: unsure}}
      gone: {final: true}
operations:
  open: {obtain: [device], do: [device.use, device.claim]}
  close: {find: device, do: [device.release]}
  pull: {find: device, do: [device.pull]}
"""


def reported(text: str, *accept: str, **bounds: int) -> list[tuple[str, str, bool]]:
    """What is found, and whether it is accepted."""
    entries = "".join(f"  - {{finding: {one.split()[0]}, at: {one.split()[1]}, why: Agreed.}}\n"
                      for one in accept)
    report = explore(manager_of(text + (f"accept:\n{entries}" if entries else "")),
                     Bounds(**bounds))
    return [(f.fault.id, f.fault.where, f.accept is not None) for f in report.findings]


def test_of_two_interferences_of_one_request_both_are_reported_when_the_first_is_accepted() -> None:
    assert reported(BOTH, callers=2, keys=1) == [("interference", "thing.s2.down", False)]
    assert reported(BOTH, "interference thing.s2.down", callers=2, keys=1) == [
        ("interference", "thing.s2.down", True), ("interference", "thing.s3.down", False)]


def test_an_accepted_interference_does_not_hide_that_the_instance_ends() -> None:
    first = reported(HUB, callers=2, keys=1)
    assert ("interference", "device.lit.pull", False) in first and (
        "dangling",
        "device.lit.pull",
        False,
    ) not in first
    second = reported(HUB, "interference device.lit.pull", callers=2, keys=1)
    assert ("interference", "device.lit.pull", True) in second and (
        "dangling",
        "device.lit.pull",
        False,
    ) in second


def test_what_was_left_and_accepted_is_not_reported_again_of_each_row_that_runs_later() -> None:
    text = (FAULTY / "leak-unmap-without-map.yaml").read_text(encoding="utf-8")
    assert reported(text, callers=2, keys=1) == [("leak", "mount.reserved.unmount", False)]
    # The mount that stays keeps its disk from being detached. That is the same row's fault. That
    # the disk refuses everybody then is new.
    assert reported(text, "leak mount.reserved.unmount", callers=2,
                    keys=1) == [("poisoned", "disk.suspect.claim", False),
                                ("poisoned", "disk.failed.claim", False),
                                ("leak", "mount.reserved.unmount", True)]


def test_each_reference_that_is_lost_is_reported_at_the_row_that_lost_it_and_of_no_other() -> None:
    text = (FAULTY / "leak-counts-before-add.yaml").read_text(encoding="utf-8")
    first, undone = ("leak", "share.pending.add"), ("leak", "share.suspect.undo")
    assert reported(text, callers=1, keys=1) == [(*first, False), (*undone, False)]
    # Both go on to lose references, without end. Only the next caller who is counted and refused
    # loses one in another row.
    assert reported(
        text, "leak share.pending.add", "leak share.suspect.undo", callers=1, keys=1, states=300
    ) == [(*first, True), ("leak", "share.suspect.add", False), (*undone, True)]


def test_the_old_id_of_a_finding_is_accepted() -> None:
    file = FAULTY / "missing-effect-add-after-refusal.yaml"
    text = file.read_text(encoding="utf-8")
    for id_, refused in (("missing-effect", False), ("hollow", False), ("double", True)):
        entry = f"accept: [{{finding: {id_}, why: It is only a test.}}]\n"
        report = explore(manager_of(text + entry, file.name), Bounds(callers=2, keys=1))
        assert {one.fault.id for one in report.findings} == {"missing-effect"}
        assert report.refused is refused
