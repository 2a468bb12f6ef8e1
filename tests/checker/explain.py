"""Why mutants that pass are sound specs of another design, or wrong in a way that no finding speaks of.

Each entry: manager, beginning of the place (`resource.state.event`, hook or operation), beginning of the change, reason. The first that
fits is the reason; what none fits is unexplained, and somebody has to look.
"""
from __future__ import annotations

from mutate import Mutant

CAUTIOUS = "both states refuse everybody, and letting go of both calls one hook: only names differ, or failure is taken for doubt"
SAME = "where uncertain leads by itself is where failed leads, or a state that lets go in the same way"
WELCOME = "the newcomer gets a hold, its use is refused, and letting go is right: less early a refusal, no fault"
NOT_UNDONE = "no hook undoes this one, so there is no effect to follow: whether the guest knows the device is not in the spec"
FORGOTTEN = "without undoes the spec says that nobody takes the effect back; what was never promised cannot be missed"
ORDER = "the spec does not say that the mount needs what is below it; the hooks would"
RESTS = "the entry rests where it may rest, tracked and without an effect, or with one that drain takes back"
DRAINED = "only drain takes this row, and what follows a drain that failed is not searched"
FINAL = "both states end the instance"
EJECTED = "eject is repeatable and undoes nothing: asking the guest again, or not asking, leaves no effect behind"
ROOT_DISK = "boot is where disks may rest, and the spec does not say which: a disk that was made there has no effect to lose"
DOUBTFUL = "letting go calls the undoing hook, which is repeatable: harmless where nothing is there"

REASONS: tuple[tuple[str, str, str, str], ...] = (
    ("*", "vm.remove", "without undoes", FORGOTTEN),
    ("*", "guest.", "without undoes", FORGOTTEN),
    ("*", "map_to_guest", "mount.mount before", ORDER),
    ("vpci", "device.assigned.announce", "", NOT_UNDONE),
    ("vpci", "device.assigned_invalid.add", "reject -> stay", NOT_UNDONE),
    ("vpci", "device.assigned_invalid.remove", "fail: assigned_invalid -> ready", NOT_UNDONE),
    ("vpci", "device.ready.remove", "fail: assigned_invalid -> ready", "a removal that failed without effect leaves the device as it was"),
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
    ("scsi", "disk.reserved.detach", "detached -> boot", ROOT_DISK),
    ("scsi", "disk.failed.detach", "detached -> boot", ROOT_DISK),
    ("scsi", "disk.ejected.detach", "ok: detached -> boot", ROOT_DISK),
    ("scsi", "disk.attached.detach", "", EJECTED),
    ("scsi", "disk.suspect.detach", "guest.eject", EJECTED),
    ("scsi", "mount.reserved.mount", "fail: failed -> reserved", "a mount that failed without effect may be tried again"),
    ("*", "", "reject -> stay", WELCOME),
    ("*", "", "uncertain counts as failed", SAME),
    ("*", "", "fail: failed -> suspect", DOUBTFUL),
    ("*", "", "uncertain: suspect -> ejected", CAUTIOUS),
    ("*", "", "fail: suspect -> ejected", CAUTIOUS),
    ("*", "", "fail: ejected -> suspect", CAUTIOUS),
    ("*", "", "uncertain: ejected -> suspect", CAUTIOUS),
    ("*", "", "uncertain: suspect -> assigned_invalid", CAUTIOUS),
    ("*", "", "fail: suspect -> assigned_invalid", CAUTIOUS),
    ("*", "", "fail: assigned_invalid -> suspect", CAUTIOUS),
    ("*", "", "fail: added -> suspect", CAUTIOUS),
    ("*", "", "fail: mounted -> suspect", CAUTIOUS),
)


def explain(manager: str, mutant: Mutant) -> str | None:
    """The reason why a mutant may pass; None where there is none."""
    for name, where, what, reason in REASONS:
        if name in ("*", manager) and mutant.where.startswith(where) and mutant.what.startswith(what):
            return reason
    return None
