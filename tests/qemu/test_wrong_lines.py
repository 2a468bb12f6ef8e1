"""Lines that are wrong in any way, at the guest's agent and at the host's side. Both are built with
sanitizers; both have to go on and work. BERTH_FUZZ_SECONDS makes each run longer, and
BERTH_FUZZ_SEED another one."""
from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest
from agents import BUILD, CONTROLLER, PORT, SANITIZED, Agent, Root, has_namespaces
from processes import fixed_layout
from wrong_lines import mutated

SECONDS = float(os.environ.get("BERTH_FUZZ_SECONDS", "3"))
SEED = int(os.environ.get("BERTH_FUZZ_SEED", "1"))
HOST = BUILD / "asan/tests/qemu/fuzz_host"
DISK = {"controller": CONTROLLER, "lun": 3}
AT = "/run/mounts/scsi/0_3_1"
REQUESTS: list[dict[str, Any]] = [
    {"do": "mount", "path": AT, "type": "tmpfs", "partition": 1, "options": ["ro", "size=1m"],
     **DISK},
    {"do": "mount", "path": AT, "read_only": True, "wait_ms": 1, **DISK},
    {"do": "mount", "path": AT, "link": True, **DISK},
    {"do": "mount", "path": AT, "tag": "share", "wait_ms": 1},
    {"do": "unmount", "path": AT}, {"do": "mounted", "path": AT}, {"do": "eject", **DISK},
    {"do": "wait", "port": PORT, "wait_ms": 1}, {"do": "list"},
    {"do": "write", "path": "/run/file", "text": "text", "sync": True},
    {"do": "read", "path": "/run/file"},
]  # fmt: skip
WORDS = ["id", "queue", "do", "cancel", "hello", "path", "lun", "type", "options", "mount", "tag",
         "wait", "event", "return", "error", "data", "class", "desc", "device", "DEVICE_DELETED",
         "DeviceNotFound", "name", "mounted", "unsure", "EIO", "disk-0-0", "QMP"]  # fmt: skip


def test_the_agent_survives_any_host(tmp_path: Path) -> None:
    if not has_namespaces():
        pytest.skip("no namespaces for users here")
    rng, root = Random(SEED), Root(tmp_path / "root", SANITIZED)
    root.add_disk(3, "sda")
    end = time.monotonic() + SECONDS
    rounds = 0
    with Agent(root) as agent:
        try:
            while time.monotonic() < end:
                rounds += 1
                agent.send_bytes(b"".join(request(rng) for _ in range(40)) + b"\n")
                agent.hello(10**9 + rounds)
                assert agent.call("mounted", path="/run/none")["mounted"] is False
        except (AssertionError, EOFError, OSError) as error:
            agent.process.kill()
            told = agent.process.communicate()[1]
            raise AssertionError(f"seed {SEED}, round {rounds}: {error!r}\n{told}") from error
        agent.socket.close()
        told = agent.process.communicate(timeout=60)[1]
    assert (agent.process.returncode, told) == (0, ""), told
    assert rounds > SECONDS


def request(rng: Random) -> bytes:
    """A line for the agent."""
    head: dict[str, Any] = {"id": rng.randrange(50), "queue": rng.choice("abc")}
    if rng.random() < 0.1:
        head = {rng.choice(("cancel", "hello")): rng.randrange(50)}
    return mutated(rng, {**head, **rng.choice(REQUESTS)}, WORDS)


class Liar:
    """Plays QEMU and its guest for a program that connects."""

    def __init__(self, folder: Path, rng: Random) -> None:
        self.rng, self.is_honest = rng, False
        self.paths = {name: folder / f"{name}.sock" for name in ("qmp", "agent")}
        self.listeners = {}
        for name, path in self.paths.items():
            self.listeners[name] = socket.socket(socket.AF_UNIX)
            self.listeners[name].bind(str(path))
            self.listeners[name].listen(5)
        self.clients: dict[str, tuple[socket.socket, bytes]] = {}
        self.is_mounted = False

    def serve(self, process: subprocess.Popen[str], seconds: float) -> list[str]:
        """Until the program ends; what it printed."""
        assert process.stdout and process.stdin
        printed: list[str] = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            watched = [process.stdout, *self.listeners.values()]
            watched += [client for client, _ in self.clients.values()]
            for ready in select.select(watched, [], [], 1)[0]:
                if ready is process.stdout:
                    line = process.stdout.readline()
                    if not line:
                        return printed
                    printed.append(line.rstrip("\n"))
                    self.is_honest, self.is_mounted = True, False
                    if line == "be honest\n":
                        process.stdin.write("\n")
                        process.stdin.flush()
                else:
                    self.handle(ready)
        process.kill()
        return [*printed, f"it hangs after {seconds} seconds"]

    def handle(self, ready: object) -> None:
        for name, listener in self.listeners.items():
            if ready is listener:
                self.drop(name)
                self.clients[name] = (listener.accept()[0], b"")
                if name == "qmp":
                    self.say(name, {"QMP": {"version": {}, "capabilities": []}})
                return
        for name, (client, before) in list(self.clients.items()):
            if ready is client:
                try:
                    data = client.recv(65536)
                except OSError:
                    data = b""
                *lines, rest = (before + data).split(b"\n")
                self.clients[name] = (client, rest)
                if not data:
                    self.drop(name)
                for line in filter(None, lines):
                    self.reply(name, json.loads(line))

    def drop(self, name: str) -> None:
        if name in self.clients:
            self.clients.pop(name)[0].close()

    def say(self, name: str, answer: dict[str, Any]) -> None:
        """As it is, or as a lie."""
        data, way = json.dumps(answer).encode() + b"\n", self.rng.random()
        if not self.is_honest and way < 0.3:
            data = mutated(self.rng, answer, WORDS) * self.rng.choice((1, 1, 1, 2))
        elif not self.is_honest and way < 0.32:
            return
        elif not self.is_honest and way < 0.322:
            self.drop(name)
        try:
            if name in self.clients:
                self.clients[name][0].sendall(data)
        except OSError:
            self.drop(name)

    def reply(self, name: str, line: Any) -> None:
        if not isinstance(line, dict) or "cancel" in line:
            return
        if "hello" in line:
            self.say(name, {"hello": line["hello"], "agent": "berth", "version": 1})
        elif name == "agent":
            self.is_mounted = line["do"] == "mount" or (
                self.is_mounted and line["do"] != "unmount")
            refused = {"error": "EIO", "unsure": self.rng.random() < 0.5}
            answer = {"ok": True, "mounted": self.is_mounted}
            self.say(name, {"id": line["id"], **(refused if self.refuses() else answer)})
        elif self.refuses():
            text = self.rng.choice(("not found", "Duplicate node", "in the process of unplug", "x"))
            kind = self.rng.choice(("GenericError", "DeviceNotFound"))
            self.say(name, {"id": line.get("id"), "error": {"class": kind, "desc": text}})
        else:
            device = line.get("arguments", {}).get("id")
            event = {"event": "DEVICE_DELETED", "data": {"device": device, "path": "/x"}}
            is_removal = line["execute"] == "device_del"
            answer = [{"name": "disk-0-0"}] if line["execute"] == "qom-list" else {}
            early = self.rng.random() < 0.3
            if is_removal and early:
                self.say(name, event)
            self.say(name, {"id": line.get("id"), "return": answer})
            if is_removal and not early:
                self.say(name, event)

    def refuses(self) -> bool:
        return not self.is_honest and self.rng.random() < 0.15


def test_the_host_survives_any_guest_and_any_monitor(tmp_path: Path) -> None:
    liar = Liar(tmp_path, Random(SEED))
    arguments = [str(path) for path in liar.paths.values()]
    with subprocess.Popen(
        [*fixed_layout(), str(HOST), *arguments, str(tmp_path), str(max(1, round(SECONDS)))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        printed = liar.serve(process, SECONDS + 60)
        _, told = process.communicate(timeout=60)
    assert (printed, process.returncode) == (["be honest", "all works"], 0), told
    assert told == ""
