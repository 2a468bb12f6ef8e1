#!/usr/bin/env python3
"""Kills a program 50 times while its virtual machine runs on: kills.py PROGRAM IMAGE.

BERTH_QEMU_KILLS says how often, BERTH_QEMU_SEED where the random numbers begin. Then it looks
whether the same test fails when the file of the store is lost, or when nobody can ask what is
there. Last, it runs the story of `make demo-crash`.
"""
from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

KILLS = int(os.environ.get("BERTH_QEMU_KILLS", "50"))
SEED = int(os.environ.get("BERTH_QEMU_SEED", str(int(time.time()))))
SECONDS = 170
NOTHING = "QEMU and the guest hold nothing.\n"
PROMISED = r"""
A virtual machine runs\.
ann: has nothing
The program is killed with SIGKILL\.
disk 0 [0-2], disk[0-2]\.img: \w+
mount /run/mounts/scsi/0_[0-2]_1: \w+
reservation of \w+ for /run/mounts/scsi/0_[0-2]_1
disk-0-[0-2]
The program starts again\.
: has (a reservation for|begun to give) disk[0-2]\.img
gave disk[0-2]\.img back
The program ends\.
no rows
QEMU and the guest hold nothing\.
"""


def run(program: str, image: str, *arguments: str) -> tuple[int, str]:
    """The status, and all that it says."""
    done = subprocess.run([program, "crash", image, *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=SECONDS, check=False)
    print(done.stdout, end="", flush=True)
    return done.returncode, done.stdout


def count(text: str, pattern: str) -> int:
    """The number in a line of the summary."""
    found = re.search(pattern, text)
    return int(found.group(1)) if found else 0


def saved(image: str) -> list[str]:
    """The guest that other suites have saved is restored, which is faster than to boot one."""
    state = Path(image) / "state"
    return [f"state={state}"] if state.exists() else []


def kills(program: str, image: str) -> str:
    """What is wrong; "": nothing."""
    status, text = run(program, image, f"kills={KILLS}", f"seed={SEED}", *saved(image))
    if status != 0 or not text.endswith(NOTHING):
        return f"kills: status {status}; again with BERTH_QEMU_SEED={SEED}"
    if count(text, r"(\d+) kills in") != KILLS:
        return "it has not killed as often as it was told"
    # Kills that cut nothing short, and lives that find nothing, would prove nothing.
    if KILLS >= 20 and (count(text, r"and (\d+) more by reservations of an earlier") == 0 or
                        len(re.findall(r" (?:vm|guest)\.\w+ \d+", text)) < 3):
        return "the kills came when nothing happened"
    return ""


def faults(program: str, image: str) -> str:
    """The same without something that it needs: it must fail, in the way that is expected."""
    status, text = run(program, image, "kills=6", f"seed={SEED}", "without=store",
                       *saved(image))
    if status != 1 or "left behind: " not in text:
        return "without the file nothing is left behind"
    status, text = run(program, image, "kills=40", f"seed={SEED}", "without=probes",
                       *saved(image))
    if status != 1 or "map_to_guest: ENOTRECOVERABLE" not in text:
        return "without probes all lives go on"
    return ""


def story(program: str, image: str) -> str:
    """The one of `make demo-crash`."""
    status, text = run(program, image)
    if status != 0:
        return f"story: status {status}"
    at = 0
    for promised in PROMISED.strip().splitlines():
        found = re.compile(promised).search(text, at)
        if found is None:
            return f"the story does not say, in its place: {promised}"
        at = found.end()
    return ""


def main(program: str, image: str) -> int:
    """Returns the exit status."""
    for part in (kills, faults, story):
        wrong = part(program, image)
        if wrong:
            print(wrong)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
