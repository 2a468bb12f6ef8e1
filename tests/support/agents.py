"""The agent of contrib/qemu on this machine: in a root of its own, whose devices are made up.

The root is in namespaces of a user and of mounts, so that nothing of this machine can be changed
through the agent, and so that mounting needs no root.
"""
from __future__ import annotations

import json
import os
import select
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from processes import fixed_layout

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BERTH_BUILD", ROOT / "build"))
AGENT = BUILD / "qemu/berth-agent"
SANITIZED = BUILD / "asan/qemu/berth-agent"
CONTROLLER = "0000:00:04.0"
PORT = "0000:00:10.0"
# What a program that is not static needs, and the sanitizers.
SHARED = ("usr", "lib", "lib64", "proc")
ENTER = """
set -e
mount --rbind "$0" "$0"
cd "$0"
for name in usr lib lib64 proc; do
    if [ -d "$name" ] && [ ! -L "$name" ]; then
        mount --rbind "/$name" "$name"
        mount -o remount,bind,ro "$name"
    fi
done
exec chroot . "$@"
"""

Answer = dict[str, Any]


def has_namespaces() -> bool:
    """Can a user mount something in namespaces of their own?"""
    command = ["unshare", "-Urm", "sh", "-c", "mount -t tmpfs tmpfs /mnt"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


class Root:
    """The folder that the agent has as its root."""

    def __init__(self, path: Path, agent: Path = AGENT) -> None:
        self.path = path
        for name in ("run", "sys", "dev"):
            (path / name).mkdir(parents=True)
        for name in SHARED:
            there = Path("/") / name
            if there.is_symlink():
                (path / name).symlink_to(there.readlink())
            elif there.is_dir():
                (path / name).mkdir()
        shutil.copy(agent, path / "agent")
        self.pci = path / "sys/bus/pci/devices"
        (self.pci / PORT).mkdir(parents=True)

    def add_disk(self, lun: int, name: str, partitions: int = 1) -> Path:
        """A LUN of the controller, with its nodes; the folder that has its file `delete`."""
        disk = self.pci / CONTROLLER / f"virtio0/host0/target0:0:0/0:0:0:{lun}"
        for number in range(partitions + 1):
            node = f"{name}{number or ''}"
            folder = disk / "block" / name / (node if number else "")
            folder.mkdir(parents=True)
            (folder / "dev").write_text(f"8:{number}\n", encoding="ascii")
            (self.path / "dev" / node).touch()
        (disk / "delete").touch()
        return disk

    def plug(self) -> None:
        """Puts a device behind the root port."""
        (self.pci / PORT / "0000:01:00.0").mkdir()


class Agent:
    """One that runs, and the host's end of its connection."""

    def __init__(self, root: Root) -> None:
        mine, its = socket.socketpair()
        self.socket = mine
        self.received = b""
        command = [*fixed_layout(), "unshare", "-Urm", "sh", "-c", ENTER, str(root.path), "/agent"]
        with its:
            self.process = subprocess.Popen(
                [*command, "--fd", str(its.fileno())],
                pass_fds=[its.fileno()],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
        self.hello(0)  # it runs, and what it comes from has no children any more

    def __enter__(self) -> Agent:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()
        try:
            self.process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate(timeout=10)
            raise

    def send_bytes(self, data: bytes) -> None:
        self.socket.settimeout(20)
        self.socket.sendall(data)

    def send(self, **members: object) -> None:
        """A request as it is."""
        self.send_bytes(json.dumps(members).encode() + b"\n")

    def ask(self, number: int, do: str, queue: str = "q", **members: object) -> None:
        self.send(id=number, queue=queue, do=do, **members)

    def answer(self, seconds: float = 20) -> Answer | None:
        """The next line; None when none comes in time. EOFError when the agent has hung up."""
        end = time.monotonic() + seconds
        while b"\n" not in self.received:
            left = max(0.0, end - time.monotonic())
            if not select.select([self.socket], [], [], left)[0]:
                return None
            data = self.socket.recv(65536)
            if not data:
                raise EOFError
            self.received += data
        line, self.received = self.received.split(b"\n", 1)
        found = json.loads(line)
        assert isinstance(found, dict)
        return found

    def answers(self, count: int) -> list[Answer]:
        found = [self.answer() for _ in range(count)]
        assert None not in found, found
        return [answer for answer in found if answer is not None]

    def call(self, do: str, number: int = 1, **members: object) -> Answer:
        """Asks, and waits for the answer."""
        self.ask(number, do, **members)
        found = self.answer()
        assert found is not None and found["id"] == number, found
        return found

    def hello(self, number: int) -> list[Answer]:
        """Sends the fence; all answers that come before its own, which is the last."""
        self.send(hello=number)
        found: list[Answer] = []
        while not found or found[-1].get("hello") != number:
            found += self.answers(1)
        return found

    def mounts(self) -> dict[str, tuple[str, str]]:
        """Mount points below /run with their flags and the options of the file system."""
        found = {}
        for line in Path(f"/proc/{self.process.pid}/mountinfo").read_text("utf-8").splitlines():
            words = line.split()
            if words[4].startswith("/run/"):
                found[words[4]] = (words[5], words[-1])
        return found

    def memory(self) -> int:
        """Resident bytes."""
        text = Path(f"/proc/{self.process.pid}/statm").read_text("ascii")
        return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def children(self) -> list[int]:
        task = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(word) for word in task.read_text("ascii").split()]
