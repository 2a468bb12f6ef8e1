#!/usr/bin/env python3
"""Runs the story of `make demo-qemu`, and looks for what it promises: story.py PROGRAM IMAGE."""
from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

SECONDS = 30
# In this order, each on a line of its own; column by column, so blanks count as one. Two come as
# the guest's answer and the host's question meet.
PROMISED = r"""
A and B want the same disk
-> blockdev-add node-0-0
disk: reserved -> attached
-> mount /run/mounts/scsi/0_0_1
mount: reserved -> mounted
A: scsi_map_to_guest: ok
B: scsi_map_to_guest: ok
A: scsi_unmap_from_guest: ok
-> unmount /run/mounts/scsi/0_0_1
-> eject disk 0 0
-> device_del disk-0-0
<- DEVICE_DELETED disk-0-0
B: scsi_unmap_from_guest: ok
C's disk has a damaged file system
mount: reserved -> failed
C: scsi_map_to_guest: EINVAL \(guest.mount\)
C: scsi_unmap_from_guest: ok
D: scsi_map_to_guest: ok
D: scsi_unmap_from_guest: ok
The machine is paused
-> cancel
mount: reserved -> suspect
E: scsi_map_to_guest: ETIMEDOUT \(guest.mount\)
The machine goes on
(?s:-> mounted /run.*<- it had not begun|<- it had not begun.*-> mounted /run)
<- no
mount: suspect -> reserved
E: scsi_map_to_guest: ok
E: scsi_unmap_from_guest: ok
QEMU and the guest hold nothing.
"""


def shown() -> list[str]:
    """The lines of the story that README.md shows, without columns."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    block = readme.split("```\nmanager ")[1].split("```")[0]
    return [line.strip() for line in block.splitlines()[1:] if line.strip()]


def main(program: str, image: str) -> int:
    started = time.monotonic()
    done = subprocess.run([program, image], capture_output=True, text=True, timeout=4 * SECONDS,
                          check=False)
    took = time.monotonic() - started
    print(done.stdout, done.stderr, sep="")
    if done.returncode != 0 or done.stderr:
        print(f"it ended with status {done.returncode}")
        return 1
    text, at = re.sub(" +", " ", done.stdout), 0
    for promised in PROMISED.strip().splitlines():
        found = re.compile(promised).search(text, at)
        if found is None:
            print(f"it does not say, in its place: {promised}")
            return 1
        at = found.end()
    for line in shown():
        if re.sub(r"\d+", "N", line) not in re.sub(r"\d+", "N", done.stdout):
            print(f"README.md shows what it does not say: {line}")
            return 1
    if took > SECONDS:
        print(f"it took {took:.0f} s, more than {SECONDS}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
