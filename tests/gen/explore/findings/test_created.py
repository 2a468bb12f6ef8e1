"""Instances that `create` made: what was in effect before is not known, until a hook is asked."""
from __future__ import annotations

import pytest
from explore_support import ROOT, found, manager_of
from shared_specs import BOOTED, image_spec

from berthc.explore.meaning import in_the_backend
from berthc.explore.report import meaning_of

SPEC = image_spec("loaded", "\nhas: {on: image, asks: store.make}", """
loaded: {resident: true, on: {make: {ask: store.has, yes: there, no: absent, unknown: loaded}, remove: {call: store.remove, ok: gone, fail: unsure}}}
there: {resident: true, on: {make: stay, remove: {call: store.remove, ok: gone, fail: unsure}}}
absent: {resident: true, on: {make: {call: store.make, ok: made, fail: absent, uncertain: unsure}, remove: gone}}""",
                  rest="otherwise: {reject: EBUSY}")


def test_either_answer_may_be_the_truth() -> None:
    assert found(SPEC, callers=2, keys=1) == []


@pytest.mark.parametrize(("state", "meaning"), [("there", ["store.make"]), ("absent", ["nothing"])])
def test_an_answer_settles_what_is_there(state: str, meaning: list[str]) -> None:
    manager = manager_of(SPEC)
    said = in_the_backend(manager, meaning_of(manager).seen, manager.resource("image"))
    assert said[state] == meaning


def test_after_yes_the_effect_is_there_so_a_state_that_forgets_it_is_blamed() -> None:
    forgets = SPEC.replace(
        "there: {resident: true, on: {make: stay, remove: {call: store.remove, ok: gone, fail: unsure}}}",
        "there: {resident: true, on: {make: stay, remove: gone}}",
    )
    assert ("leak", "image.there.remove") in found(forgets, callers=2, keys=1)


def test_what_may_be_there_is_there_or_not() -> None:
    """Where the state says `maybe`, both are tried, so either answer may be the truth too."""
    maybe = SPEC.replace("loaded: {resident: true, ",
                         "loaded: {resident: true, maybe: [store.make], ")
    assert maybe != SPEC and found(maybe, callers=2, keys=1) == []
    leaves = maybe.replace("remove: {call: store.remove, ok: gone, fail: unsure}}}\n      there",
                           "remove: gone}}\n      there")
    assert leaves != maybe and ("leak", "image.loaded.remove") in found(leaves, callers=2, keys=1)


PARKED = SPEC.replace(
    "      there:",
    (
        "      parked: {resident: true, on: {make: {ask: store.has, yes: there, no: absent, unknown: parked}, remove: loaded}}\n"
        "      there:"
    ),
)
PARKED = PARKED.replace("  load: {",
                        "  park: {find: image, absent: ok, do: [image.park]}\n  load: {").replace(
                            "loaded: {resident: true, on: {",
                            "loaded: {resident: true, on: {park: parked, ")


def test_what_was_there_before_is_not_known_wherever_the_instance_goes() -> None:
    assert found(PARKED, callers=2, keys=1) == []


@pytest.mark.parametrize(
    ("stated", "faults"),
    [
        ("effects: []", [("effects", "image.loaded.park")]),
        ("effects: [store.make]", [("effects", "image.loaded.park")]),
        ("maybe: [store.make]", []),
    ],
)
def test_a_state_that_says_more_than_anybody_knows_is_blamed(
    stated: str, faults: list[tuple[str, str]]
) -> None:
    assert [
        one
        for one in found(PARKED.replace("parked: {", f"parked: {{{stated}, "), callers=2, keys=1)
        if one[0] == "effects"
    ] == faults


def test_what_was_there_before_is_no_leak_when_its_holders_have_let_go() -> None:
    """A root disk that callers hold for a while, and that was in the VM from the beginning."""
    scsi = (ROOT / "spec/scsi.yaml").read_text(encoding="utf-8")
    stated = scsi.replace(
        "        on: {claim: stay, attach: stay, detach: stay}", "        effects: [vm.add_disk]\n"
        "        on: {claim: stay, attach: stay, detach: stay}")
    assert stated != scsi and found(stated, callers=1, keys=1) == []


def test_what_was_brought_about_again_is_a_leak() -> None:
    """What was there before is taken back, and made again: then it is like what others made."""
    again = SPEC.replace(
        (
            "loaded: {resident: true, on: {make: {ask: store.has, yes: there, no: absent, unknown: loaded}, "
            "remove: {call: store.remove, ok: gone, fail: unsure}}}"
        ),
        (
            "loaded: {resident: true, effects: [store.make], on: {make: ROW, remove: {reject: EPERM}}}\n"
            "      kept: {resident: true, on: {make: stay, remove: {reject: EPERM}}}\n"
            "      renewed: {on: {make: {call: store.make, ok: kept, fail: absent, uncertain: unsure}}}"
        ),
    )
    untouched = again.replace("ROW", "kept")
    renewed = again.replace(
        "ROW",
        "{call: store.remove, ok: {to: renewed, raise: make}, fail: loaded, uncertain: unsure}")
    assert ("leak", "image.loaded.make") not in found(untouched, callers=2, keys=1)
    assert ("leak", "image.renewed.make") in found(renewed, callers=2, keys=1)


def test_what_may_have_been_needed_is_not_taken_back() -> None:
    """Nobody says whether the disk was there before it was told of. Who mounted it and removes it
    then was wrong if it was."""
    deletes_first = (
        BOOTED.replace("undoes: vm.add}", "undoes: vm.add, repeatable: true}")
        .replace("uncertain: unsure}", "uncertain: late}")
        .replace(
            "mounted: {resident: true, on: {mount: mounted, eject: {reject: EBUSY, meant: true}}}",
            (
                "mounted: {resident: true, on: {mount: mounted, eject: {call: vm.del, ok: late, fail: mounted}}}\n"
                "      late: {resident: true, on: {mount: {reject: EIO}, eject: {call: guest.unmount, ok: gone, fail: late}}}"
            ),
        )
    )
    reported = found(deletes_first.replace("BOOT", "brief: Who knows."), callers=1, keys=1)
    assert ("needs", "disk.mounted.eject") in reported and (
        "needs",
        "disk.idle.mount",
    ) not in reported


UNDONE = """
berth: 1
manager: images
backend:
  store:
    make: {on: image}
    remove: {on: image, undoes: store.make}
resources:
  image:
    key: [name]
    fields: {name: {type: string, required: true}}
    initial: fresh
    states:
      fresh:
        on:
          make: {call: store.make, ok: made, fail: gone, uncertain: lost}
      lost:
        resident: true
        on: {make: {reject: EIO}, remove: gone}
      made:
        resident: true
        on:
          make: stay
          remove: {call: store.remove, ok: gone, fail: made, uncertain: lost}
      gone: {final: true}
operations:
  load: {create: {resource: image, enter: made}}
  make: {obtain: [image], do: [image.make]}
  remove: {find: image, absent: ok, do: [image.remove]}
"""


def test_what_may_be_there_may_be_undone_once() -> None:
    assert "double" not in {id_ for id_, _ in found(UNDONE)}
    twice = UNDONE.replace(
        "remove, ok: gone, fail: made, uncertain: lost",
        "remove, ok: {to: gone_soon, raise: remove}, fail: made, uncertain: lost",
    )
    twice = twice.replace("      gone: {final", """      gone_soon:
        on: {remove: {call: store.remove, ok: gone, fail: lost}}
      gone: {final""")
    assert ("double", "image.gone_soon.remove") in found(twice)
