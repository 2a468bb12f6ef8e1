"""Is something missing in the log of a store? As contrib/sqlite/src/log.c tells, which says why."""
from __future__ import annotations

import os
import struct
import time

HEADER_SIZE, FRAME_SIZE = 32, 24
LEAST_PAGE, MOST_PAGE = 512, 65536


def log_path(path: str) -> str:
    """SQLite follows links: the log is beside the file itself."""
    return os.path.realpath(path) + "-wal"


def log_damage(path: str) -> str | None:
    """What is wrong with the log of the file. A manager may write to it meanwhile."""
    while True:
        try:
            with open(log_path(path), "rb") as file:
                data = file.read()
                file.seek(0)
                begins_anew = file.read(HEADER_SIZE) != data[:HEADER_SIZE]
                is_old = _is_old(os.fstat(file.fileno()))
        except FileNotFoundError:
            return None
        if not begins_anew:
            return None if is_old else _damage(data)


def _is_old(found: os.stat_result) -> bool:
    """Was it written before the machine was started?"""
    return found.st_mtime < time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) - 1


def _damage(data: bytes) -> str | None:
    if len(data) < HEADER_SIZE:
        return None
    header = data[:HEADER_SIZE]
    magic, _, page_size = struct.unpack(">III", header[:12])
    order = ">" if magic & 1 else "<"
    found = _add_up(order, header[:24], (0, 0))
    if (magic >> 1 != 0x377f0682 >> 1 or not LEAST_PAGE <= page_size <= MOST_PAGE or page_size % 8
            or found != struct.unpack(">II", header[24:])):
        rest = data[HEADER_SIZE:]
        has_frames = len(rest) >= FRAME_SIZE + LEAST_PAGE and any(rest)
        return "the beginning of its log is wrong" if has_frames else None
    size = FRAME_SIZE + page_size
    broken, lost_ends = False, 0
    for at in range(HEADER_SIZE, len(data) - size + 1, size):
        frame = data[at:at + size]
        if frame[8:16] != header[16:24]:
            broken = True  # of an earlier round
            continue
        if not broken:
            found = _add_up(order, frame[FRAME_SIZE:], _add_up(order, frame[:8], found))
            broken = found != struct.unpack(">II", frame[16:24])
        lost_ends += broken and frame[4:8] != bytes(4)
    # The last transaction may be there in part: the process was killed.
    return "its log has a hole" if lost_ends > 1 else None


def _add_up(order: str, data: bytes, found: tuple[int, int]) -> tuple[int, int]:
    first, second = found
    for one, other in struct.iter_unpack(f"{order}II", data):
        first = (first + one + second) & 0xffffffff
        second = (second + other + first) & 0xffffffff
    return first, second
