"""Why mutants that pass are sound specs of another design, or wrong in a way that no finding speaks
of.

Each entry: manager, beginning of the place (`resource.state.event`, hook or operation), beginnings
of changes, reason. The first that fits is the reason. A mutant that none fits is unexplained, and
somebody has to look.
"""
from __future__ import annotations

from spec_mutants import Mutant

CAUTIOUS = (
    "both states refuse newcomers, and letting go of both calls one hook: only names differ, "
    "or failure is taken for doubt"
)
SAME = (
    "where uncertain leads by itself is where failed leads, or a state that lets go in the "
    "same way"
)
WELCOME = (
    "the newcomer gets a hold, its use is refused or asks first, and letting go is right: "
    "less early a refusal, no fault"
)
NOT_UNDONE = (
    "no hook undoes this one, so there is no effect to follow: whether the guest knows the "
    "device is not in the spec"
)
FORGOTTEN = (
    "without undoes the spec says that nobody takes the effect back; what was never promised "
    "cannot be missed"
)
RESTS = (
    "the entry rests where it may rest, tracked and without an effect, or with one that "
    "drain takes back"
)
DRAINED = "only drain takes this row, and what follows a drain that failed is not searched"
FINAL = "both states end the instance"
EJECTED = (
    "eject is repeatable and undoes nothing: asking the guest again, or not asking, leaves "
    "no effect behind"
)
GIVEN_OUT = (
    "newcomers may get a disk that the guest let go of: no spec says what eject brings "
    "about, since nothing undoes it"
)
ASKED_AGAIN = (
    "the hook is asked for every use, and answers yes where the effect is there; newcomers "
    "are refused meanwhile"
)
LAST_USE = (
    "the use that asked has its effect; later ones are refused, and letting go takes the "
    "effect back"
)
GIVEN_UP = "what is not there is given up instead of tried again, and there is nothing to take back"
NOT_ASKED = (
    "who could not tell is not asked again: later uses are refused, and letting go is as "
    "before"
)
UNUSED = (
    "the field decides what is in place, and nothing is for plain mounts: check warns that "
    "guest.mount is unused"
)
ROOT_DISK = (
    "boot does not say whether the disk is on the bus: what was there when it was made is "
    "not known, so nothing is lost"
)
DOUBTFUL = "letting go calls the undoing hook, which is repeatable: harmless where nothing is there"

REASONS: tuple[tuple[str, str, str | tuple[str, ...], str], ...] = (
    ("*", "guest.", "without undoes", FORGOTTEN),
    ("vpci", "device.assigned.announce", "", NOT_UNDONE),
    ("vpci", "device.assigned_invalid.add", "reject -> stay", NOT_UNDONE),
    ("vpci", "device.assigned_invalid.remove", "fail: assigned_invalid -> ready", NOT_UNDONE),
    (
        "vpci",
        "device.ready.remove",
        "fail: assigned_invalid -> ready",
        "a removal that failed without effect leaves the device as it was",
    ),
    ("plan9", "share.pending.remove", "removed -> invalid", FINAL),
    ("plan9", "share.added.remove", "ok: removed -> invalid", FINAL),
    ("plan9", "share.leaving.remove", "ok: removed -> invalid", FINAL),
    ("plan9", "share.suspect.undo", "ok: removed -> invalid", FINAL),
    ("plan9", "share.suspect.remove", "ok: removed -> invalid", FINAL),
    ("plan9", "share.pending.remove", "", DRAINED),
    ("plan9", "share.suspect.remove", "", DRAINED),
    ("plan9", "share.added.remove", "fail: added -> leaving", CAUTIOUS),
    ("plan9", "share.", "ok: removed ->", RESTS),
    ("scsi", "disk.boot.", "", ROOT_DISK),
    ("scsi", "disk.attached.detach", "", EJECTED),
    (
        "scsi",
        "disk.ejected.detach",
        ("fail: ejected -> suspect", "fail: ejected -> leaving"),
        EJECTED,
    ),
    (
        "scsi",
        "disk.ejected.detach",
        ("uncertain: ejected -> suspect", "uncertain: ejected -> leaving"),
        EJECTED,
    ),
    ("scsi", "disk.suspect.detach", ("guest.eject", "ok: ejected -> leaving"), EJECTED),
    (
        "scsi",
        "disk.suspect.detach",
        ("fail: suspect -> ejected", "fail: suspect -> leaving"),
        EJECTED,
    ),
    (
        "scsi",
        "disk.suspect.detach",
        ("uncertain: suspect -> ejected", "uncertain: suspect -> leaving"),
        EJECTED,
    ),
    ("scsi", "disk.leaving.detach", ("guest.eject", "ok: ejected -> suspect"), EJECTED),
    (
        "scsi",
        "disk.leaving.detach",
        ("fail: leaving -> ejected", "fail: leaving -> suspect"),
        EJECTED,
    ),
    (
        "scsi",
        "disk.leaving.detach",
        ("uncertain: leaving -> ejected", "uncertain: leaving -> suspect"),
        EJECTED,
    ),
    (
        "scsi",
        "disk.leaving.detach",
        ("ok: ejected -> attached", "fail: leaving -> attached", "uncertain: leaving -> attached"),
        GIVEN_OUT,
    ),
    (
        "scsi",
        "disk.suspect.attach",
        ("yes: attached -> ejected", "yes: attached -> leaving"),
        LAST_USE,
    ),
    (
        "scsi",
        "disk.suspect.attach",
        ("no: reserved -> ejected", "no: reserved -> leaving"),
        DOUBTFUL,
    ),
    (
        "scsi",
        "disk.suspect.attach",
        ("unknown: suspect -> ejected", "unknown: suspect -> leaving"),
        NOT_ASKED,
    ),
    ("scsi", "mount.reserved.mount", "guest.mount is not called", UNUSED),
    ("scsi", "", "no: reserved -> failed", GIVEN_UP),
    ("plan9_mount", "", "no: reserved -> invalid", GIVEN_UP),
    ("vpci", "device.suspect.add", "no: reserved -> failed", GIVEN_UP),
    ("vpci", "device.suspect.add", "no: reserved -> assigned_invalid", DOUBTFUL),
    ("vpci", "device.suspect.add", "unknown: suspect -> assigned_invalid", NOT_ASKED),
    ("scsi", "disk.suspect.attach", "yes: attached -> suspect", ASKED_AGAIN),
    ("scsi", "mount.suspect.mount", "yes: mounted -> suspect", ASKED_AGAIN),
    ("plan9_mount", "share.suspect.add", "yes: added -> suspect", ASKED_AGAIN),
    ("plan9_mount", "mount.suspect.mount", "yes: mounted -> suspect", ASKED_AGAIN),
    (
        "scsi",
        "mount.reserved.mount",
        "fail: failed -> reserved",
        "a mount that failed without effect may be tried again",
    ),
    ("*", "", "reject -> stay", WELCOME),
    ("*", "", "uncertain counts as failed", SAME),
    ("*", "", "fail: failed -> suspect", DOUBTFUL),
    ("*", "", "uncertain: suspect -> assigned_invalid", CAUTIOUS),
    ("*", "", "fail: suspect -> assigned_invalid", CAUTIOUS),
    ("*", "", "fail: assigned_invalid -> suspect", CAUTIOUS),
    ("*", "", "fail: added -> suspect", CAUTIOUS),
    ("*", "", "fail: mounted -> suspect", CAUTIOUS),
)


def explain(manager: str, mutant: Mutant) -> str | None:
    """The reason why a mutant may pass; None where there is none."""
    for name, where, what, reason in REASONS:
        if (
            name in ("*", manager)
            and mutant.where.startswith(where)
            and mutant.what.startswith(what)
        ):
            return reason
    return None
