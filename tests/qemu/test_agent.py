"""The guest's agent, without a guest: its protocol, and what it mounts."""
from __future__ import annotations

import ctypes
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from agents import AGENT, CONTROLLER, PORT, Agent, Root, has_namespaces
from processes import fixed_layout

pytestmark = pytest.mark.skipif(not has_namespaces(), reason="no namespaces for users here")

REQUESTS_MAX = 1024
REQUESTS_BYTES = 4 * 1024 * 1024
LINE_MAX = 64 * 1024
PTRACE_SEIZE = 0x4206
DISK = {"controller": CONTROLLER, "lun": 3}
AT = "/run/mounts/scsi/0_3_1"
OK = {"ok": True}


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path / "root")


@pytest.fixture
def agent(root: Root) -> Iterator[Agent]:
    with Agent(root) as agent:
        yield agent


def mount(agent: Agent, path: str = AT, **members: object) -> dict[str, object]:
    """Mounts a disk, as far as a tmpfs is one: it takes any device."""
    return agent.call("mount", **{"type": "tmpfs", "path": path, **DISK, **members})


def error(answer: dict[str, object] | None) -> tuple[object, object]:
    assert answer is not None
    return answer.get("error"), answer.get("unsure")


def wait_forever(agent: Agent, number: int, queue: str = "q") -> None:
    """A request that runs until its device comes, or it is cancelled."""
    agent.ask(number, "wait", queue, port=PORT, wait_ms=600_000)


def until(condition: object, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    assert callable(condition)
    while not condition():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.005)


# Queues

def test_requests_of_one_queue_run_in_their_order(agent: Agent) -> None:
    for number in range(100):
        agent.ask(number, "write", path="/run/file", text=str(number))
        agent.ask(1000 + number, "read", path="/run/file")
    found = agent.answers(200)
    assert [a["text"] for a in found if a["id"] >= 1000] == [str(n) for n in range(100)]
    assert [a["id"] for a in found if a["id"] < 1000] == list(range(100))


def test_other_queues_do_not_wait(agent: Agent) -> None:
    wait_forever(agent, 1, "a")
    agent.ask(2, "mounted", "a", path="/run/x")
    assert agent.call("mounted", 3, queue="b", path="/run/x") == {"id": 3, "mounted": False, **OK}
    assert agent.answer(0.2) is None


def test_a_queue_goes_on_when_its_first_has_ended(agent: Agent, root: Root) -> None:
    wait_forever(agent, 1)
    agent.ask(2, "mounted", path="/run/x")
    assert agent.answer(0.2) is None
    root.plug()
    assert [a["id"] for a in agent.answers(2)] == [1, 2]


# Cancelling

def test_what_was_cancelled_while_it_waited_never_begins(agent: Agent, root: Root) -> None:
    wait_forever(agent, 1)
    agent.ask(2, "write", path="/run/never", text="x")
    agent.send(cancel=2)
    assert error(agent.answer()) == ("ECANCELED", False)
    root.plug()
    agent.ask(3, "mounted", path="/run/x")
    assert [a["id"] for a in agent.answers(2)] == [1, 3]
    assert not (root.path / "run/never").exists()


def test_a_cancel_in_the_same_breath_is_in_time(agent: Agent, root: Root) -> None:
    agent.send_bytes(
        b'{"id":1,"queue":"q","do":"write","path":"/run/never","text":"x"}\n{"cancel":1}\n')
    assert error(agent.answer()) == ("ECANCELED", False)
    agent.call("mounted", 2, path="/run/x")
    assert not (root.path / "run/never").exists()


def test_what_runs_is_killed_and_uncertain(agent: Agent) -> None:
    wait_forever(agent, 1)
    until(agent.children)
    agent.send(cancel=1)
    assert error(agent.answer()) == ("ECANCELED", True)
    assert agent.children() == []
    agent.call("mounted", 2, path="/run/x")


def test_cancelling_what_is_not_there_says_nothing(agent: Agent) -> None:
    agent.send(cancel=77)
    agent.call("mounted", 1, path="/run/x")
    agent.send(cancel=1)
    assert agent.answer(0.2) is None


def test_a_child_that_dies_leaves_its_request_uncertain(agent: Agent) -> None:
    wait_forever(agent, 1)
    until(agent.children)
    subprocess.run(["kill", "-KILL", str(agent.children()[0])], check=True)
    assert error(agent.answer()) == ("EIO", True)


# The fence

def test_hello_cancels_what_came_before_and_says_nothing_of_it(agent: Agent, root: Root) -> None:
    wait_forever(agent, 1, "a")
    agent.ask(2, "write", "a", path="/run/never", text="x")
    until(agent.children)
    assert agent.hello(5) == [{"hello": 5, "agent": "berth", "version": 1}]
    until(lambda: not agent.children())
    root.plug()
    assert agent.call("mounted", 3, path="/run/x", queue="a")["mounted"] is False
    assert not (root.path / "run/never").exists()


def test_after_hello_numbers_are_new(agent: Agent) -> None:
    """A request of the last host may still run, as one does that hangs in the kernel."""
    wait_forever(agent, 1)
    until(agent.children)
    agent.send_bytes(b'{"hello":5}\n{"id":1,"queue":"b","do":"mounted","path":"/run/x"}\n')
    assert agent.answers(2) == [
        {"hello": 5, "agent": "berth", "version": 1}, {"id": 1, "mounted": False, **OK}]


def test_hello_is_answered_although_nobody_reads(agent: Agent) -> None:
    for _ in range(300):
        agent.send_bytes(b"x\n" * 1000)
    started = time.monotonic()
    found = agent.hello(7)
    assert found[-1]["hello"] == 7
    assert time.monotonic() - started < 20


def test_hello_is_answered_that_comes_before_its_host(tmp_path: Path) -> None:
    """A port may give what a host has sent, and then say once more that there is no host. So does a
    file: after its last line it ends."""
    port = tmp_path / "port"
    port.write_bytes(b'{"id":1,"queue":"q","do":"moun\n{"hello":5}\n')
    with subprocess.Popen([*fixed_layout(), str(AGENT), str(port)]) as process:
        try:
            until(lambda: b'{"hello":5,"agent":"berth"' in port.read_bytes())
        finally:
            process.kill()


# Settling: what a process that died has asked for is over

def settle(agent: Agent, number: int, epoch: int) -> dict[str, object] | None:
    agent.ask(number, "settle", "", epoch=epoch)
    return agent.answer()


def test_settling_refuses_requests_of_an_earlier_epoch(agent: Agent, root: Root) -> None:
    assert settle(agent, 1, 7) == {"id": 1, **OK}
    late = agent.call("write", 2, path="/run/late", text="x", epoch=6)
    assert error(late) == ("ESTALE", False)
    assert error(settle(agent, 3, 6)) == ("ESTALE", False)
    assert not (root.path / "run/late").exists()
    for epoch in ({"epoch": 7}, {"epoch": 8}, {}):
        assert agent.call("mounted", 4, path="/run/x", **epoch)["ok"] is True


def test_epoch_0_lets_a_store_begin_anew(agent: Agent) -> None:
    assert settle(agent, 1, 7) == {"id": 1, **OK}
    assert settle(agent, 2, 0) == {"id": 2, **OK}
    assert settle(agent, 3, 1) == {"id": 3, **OK}


@pytest.mark.parametrize("epoch", ["7", -1, None, 1.5, True])
def test_an_epoch_that_is_no_number_is_refused(agent: Agent, epoch: object) -> None:
    assert error(agent.call("mounted", 1, path="/run/x", epoch=epoch)) == ("EINVAL", False)


def test_settling_does_not_wait_for_requests_of_its_own_host(agent: Agent) -> None:
    wait_forever(agent, 1)
    until(agent.children)
    assert settle(agent, 2, 1) == {"id": 2, **OK}


def test_settling_waits_for_what_was_killed(agent: Agent) -> None:
    """A tracer stands for the kernel: the child's parent sees its end only when the tracer has."""
    wait_forever(agent, 1)
    until(agent.children)
    child = agent.children()[0]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(PTRACE_SEIZE, child, None, None) != 0:
        pytest.skip("no process can be traced here")
    assert agent.hello(5)[-1]["hello"] == 5
    agent.ask(2, "settle", "", epoch=1)
    assert agent.call("mounted", 3, path="/run/x", queue="other")["ok"] is True
    assert agent.answer(0.3) is None
    os.waitpid(child, 0)
    assert agent.answer() == {"id": 2, **OK}


# Requests that are wrong

def test_a_number_in_use_is_refused_and_the_first_goes_on(agent: Agent, root: Root) -> None:
    wait_forever(agent, 1)
    agent.ask(1, "mounted", path="/run/x")
    refused = agent.answer()
    assert refused is not None and refused["id"] is None
    assert error(refused) == ("EEXIST", False)
    root.plug()
    assert agent.answer() == {"id": 1, **OK}


@pytest.mark.parametrize("line", [
    b"", b"x", b"[]", b"1", b"null", b'"text"', b"{", b'{"id":1', b'{"id":1}}',
    b'{"id":"1","queue":"q","do":"list"}', b'{"id":-1,"queue":"q","do":"list"}',
    b'{"id":1.5,"queue":"q","do":"list"}', b'{"id":null,"queue":"q","do":"list"}',
    b'{"id":99999999999999999999999,"queue":"q","do":"list"}',
    b'{"id":9223372036854775807,"queue":"q","do":"list"}', b'{"id":1e400,"queue":"q","do":"list"}',
    b'{"queue":"q","do":"list"}', b"{}", b'{"hello":"x"}', b'{"cancel":[]}', b"\0", b"{}\0{}",
    b'{"id":1,"queue":"q","do":"list"}\0x', b'{"id":1,"queue":"\xff","do":"list"}',
    b"[" * 10_000, b'{"a":' * 10_000,
    b'{"id":1,"queue":"q","do":"list","x":' + b"[" * 9 + b"]" * 9 + b"}",
])  # fmt: skip
def test_what_is_no_request_is_refused_without_a_number(agent: Agent, line: bytes) -> None:
    agent.send_bytes(line + b"\n")
    refused = agent.answer()
    assert refused is not None and refused["id"] is None
    assert error(refused) == ("EINVAL", False)
    assert agent.call("mounted", 2, path="/run/x")["mounted"] is False


@pytest.mark.parametrize("members", [
    {}, {"do": "list"}, {"queue": "q"}, {"queue": 1, "do": "list"}, {"queue": "q", "do": ["list"]},
    {"queue": "q\0", "do": "list"}, {"queue": "q", "do": "list\0"},
])
def test_a_request_names_its_queue_and_what_to_do(agent: Agent, members: dict[str, object]) -> None:
    agent.send(id=4, **members)
    assert agent.answer() == {"id": 4, "error": "EINVAL", "unsure": False,
                              "why": "queue and do must be texts"}


def test_an_unknown_wish_is_refused(agent: Agent) -> None:
    assert error(agent.call("format", path="/run/x")) == ("ENOSYS", False)


@pytest.mark.parametrize(("name", "value"), [
    ("controller", 4), ("lun", "3"), ("lun", -1), ("lun", 2**31), ("lun", 1.0), ("lun", 10**30),
    ("partition", "1"), ("partition", -1), ("partition", None), ("path", 1), ("path", [AT]),
    ("path", AT + "\0"), ("type", None), ("type", {}), ("options", "ro"), ("options", [1]),
    ("options", [None]), ("read_only", "false"), ("read_only", 1), ("link", "no"),
    ("wait_ms", -5), ("wait_ms", "1"), ("tag", 1), ("port", 0), ("text", 1), ("sync", 0),
])
def test_a_member_of_another_type_is_not_taken_for_missing(
    agent: Agent, root: Root, name: str, value: object
) -> None:
    root.add_disk(3, "sda")
    refused = mount(agent, **{name: value})
    assert error(refused) == ("EINVAL", False)
    assert str(refused["why"]).startswith(f"{name}: ")
    assert agent.mounts() == {}


def test_members_of_later_versions_are_ignored(agent: Agent) -> None:
    assert agent.call("mounted", path="/run/x", later=[1])["mounted"] is False


@pytest.mark.parametrize("what", ["mount", "unmount", "mounted", "read", "write"])
@pytest.mark.parametrize("path", [
    "", "/", "run/x", "/run/../etc/x", "/run/..", "/run/.", "/run/./x", "/run//x", "/run/x/",
    "..", "//run", "/" + "x/" * 2048 + "x", "/" + "x" * 4096,
])  # fmt: skip
def test_a_path_is_absolute_and_clean(agent: Agent, what: str, path: str) -> None:
    assert error(agent.call(what, path=path, type="tmpfs", **DISK)) == ("EINVAL", False)


def test_names_that_begin_with_dots_are_clean(agent: Agent, root: Root) -> None:
    root.add_disk(3, "sda")
    assert mount(agent, "/run/..a/.b/...") == {"id": 1, **OK}


# Too much

def test_too_many_requests_are_refused(agent: Agent) -> None:
    wait_forever(agent, 0)
    for number in range(1, REQUESTS_MAX + 3):
        agent.ask(number, "mounted", path="/run/x")
    refused = agent.answers(3)
    assert [(a["id"], *error(a)) for a in refused] == [
        (number, "ENOBUFS", False) for number in range(REQUESTS_MAX, REQUESTS_MAX + 3)]
    agent.send(cancel=0)
    assert len(agent.answers(REQUESTS_MAX)) == REQUESTS_MAX


def test_requests_that_wait_take_little_memory(agent: Agent) -> None:
    """Parsed, such a line takes a hundred times its size."""
    wait_forever(agent, 0)
    until(agent.children)
    filler = "[" + "1," * 30_000 + "1]"
    for number in range(1, 201):
        agent.send_bytes(b'{"id":%d,"queue":"q","do":"list","x":%s}\n' % (number, filler.encode()))
    kept = REQUESTS_BYTES // len(filler)
    refused = agent.answers(200 - kept)
    assert {error(a) for a in refused} == {("ENOBUFS", False)}
    assert agent.memory() < 4 * REQUESTS_BYTES
    agent.send(cancel=0)
    assert len(agent.answers(kept + 1)) == kept + 1


def test_no_more_than_some_run_at_once_and_the_others_follow(agent: Agent, root: Root) -> None:
    for number in range(200):
        wait_forever(agent, number, f"queue {number}")
    until(lambda: len(agent.children()) == 64)
    assert agent.answer(0.1) is None
    assert len(agent.children()) == 64
    root.plug()
    assert sorted(a["id"] for a in agent.answers(200)) == list(range(200))


def test_a_line_that_is_too_long_is_refused_once(agent: Agent) -> None:
    longest = b'{"id":1,"queue":"q","do":"mounted","path":"/run/x","x":"%s"}'
    agent.send_bytes(longest % (b"y" * (LINE_MAX - len(longest) + 1)) + b"\n")
    assert agent.answer() == {"id": 1, "mounted": False, **OK}
    agent.send_bytes(longest % (b"y" * (LINE_MAX - len(longest) + 2)) + b"\n")
    agent.send_bytes(b"z" * (3 * LINE_MAX) + b"\n")
    assert [error(a) for a in agent.answers(2)] == [("EMSGSIZE", False)] * 2
    assert agent.call("mounted", 2, path="/run/x")["mounted"] is False


def test_a_host_that_never_reads_takes_bounded_memory(agent: Agent) -> None:
    for _ in range(100):
        agent.send_bytes(b"no request\n" * 10_000)
    until(lambda: agent.process.poll() is not None or agent.memory() < 32 * 1024 * 1024)
    assert agent.process.poll() is None
    assert agent.hello(1)[-1]["hello"] == 1


def test_a_line_may_come_in_pieces(agent: Agent) -> None:
    for byte in b'{"id":1,"queue":"q","do":"mounted","path":"/run/x"}\n':
        agent.send_bytes(bytes([byte]))
    assert agent.answer() == {"id": 1, "mounted": False, **OK}


@pytest.mark.parametrize("rest", [b"", b'{"id":2,"queue":"q","do":"write","path":"/run/never"}'])
def test_the_agent_ends_with_its_socket_and_its_children(
    agent: Agent, root: Root, rest: bytes
) -> None:
    wait_forever(agent, 1)
    until(agent.children)
    child = agent.children()[0]
    agent.send_bytes(rest)
    agent.socket.close()
    assert agent.process.wait(10) == 0
    until(lambda: not Path(f"/proc/{child}/fd/0").exists())
    assert not (root.path / "run/never").exists()


def test_wrong_arguments_are_told() -> None:
    for arguments in (["--fd"], ["--fd", "1", "2"], ["-x"], ["a", "b"]):
        done = subprocess.run([AGENT, *arguments], capture_output=True, check=False, timeout=10)
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr.startswith(b"usage: berth-agent")
    for arguments in (["--fd", "77"], ["--fd", "x"], ["/nowhere"]):
        done = subprocess.run([AGENT, *arguments], capture_output=True, check=False, timeout=10,
                              stdin=subprocess.DEVNULL)
        assert done.returncode == 1, arguments


# Mounts

def test_a_mount_comes_and_goes(agent: Agent, root: Root) -> None:
    root.add_disk(3, "sda")
    assert mount(agent) == {"id": 1, **OK}
    assert list(agent.mounts()) == [AT]
    assert agent.call("mounted", path=AT)["mounted"] is True
    assert agent.call("list")["mounts"] == [AT]
    assert error(mount(agent)) == ("EEXIST", False)
    assert agent.call("unmount", path=AT) == {"id": 1, **OK}
    assert agent.mounts() == {}
    assert agent.call("mounted", path=AT)["mounted"] is False
    assert not (root.path / AT[1:]).exists()


def test_options_are_flags_or_go_to_the_file_system(agent: Agent, root: Root) -> None:
    root.add_disk(3, "sda")
    options = ["size=1m", "nosuid", "noexec", "mode=750", "defaults", "nodev", "dev", "noatime"]
    assert mount(agent, options=options) == {"id": 1, **OK}
    flags, data = agent.mounts()[AT]
    assert set(flags.split(",")) == {"rw", "nosuid", "noexec", "noatime"}
    assert {"size=1024k", "mode=750"} <= set(data.split(","))


@pytest.mark.parametrize(("members", "expected"), [
    ({"options": ["ro"]}, "ro"), ({"read_only": True}, "ro"), ({"read_only": False}, "rw"),
    ({"read_only": True, "options": ["rw"]}, "ro"), ({"options": ["ro", "rw"]}, "rw"),
])
def test_read_only_is_stronger_than_options(
    agent: Agent, root: Root, members: dict[str, object], expected: str
) -> None:
    root.add_disk(3, "sda")
    mount(agent, **members)
    assert agent.mounts()[AT][0].split(",")[0] == expected


def test_options_that_the_file_system_refuses_fail(agent: Agent, root: Root) -> None:
    root.add_disk(3, "sda")
    assert error(mount(agent, options=["nonsense=1"])) == ("EINVAL", False)
    assert error(mount(agent, options=["x" * 2000])) == ("E2BIG", False)
    assert error(mount(agent, type="no-such-type")) == ("ENODEV", False)
    assert agent.mounts() == {}
    assert not (root.path / AT[1:]).exists()


def test_a_folder_that_was_there_stays(agent: Agent, root: Root) -> None:
    root.add_disk(3, "sda")
    (root.path / "run/mine").mkdir()
    assert error(mount(agent, "/run/mine", type="no-such-type")) == ("ENODEV", False)
    assert agent.call("unmount", path="/run/mine") == {"id": 1, **OK}
    assert (root.path / "run/mine").is_dir()


def test_a_mount_waits_for_its_disk(agent: Agent, root: Root) -> None:
    assert error(mount(agent, wait_ms=20)) == ("ENODEV", False)
    agent.ask(1, "mount", path=AT, type="tmpfs", partition=1, wait_ms=20_000, **DISK)
    assert agent.answer(0.1) is None
    root.add_disk(3, "sda", partitions=1)
    assert agent.answer() == {"id": 1, **OK}


def test_a_share_that_never_comes_is_no_device(agent: Agent) -> None:
    found = agent.call("mount", path=AT, tag="none", wait_ms=20)
    assert error(found) in (("ENODEV", False), ("EPERM", False))  # a user may not mount virtiofs


@pytest.mark.parametrize("name", ["a folder", "a\\folder", "t\tab", "ü", "x" * 250])
def test_paths_with_any_characters_are_found_again(agent: Agent, root: Root, name: str) -> None:
    root.add_disk(3, "sda")
    path = f"/run/mounts/{name}/{name}/{name}/{name}/{name}"
    mount(agent, path)
    assert agent.call("mounted", path=path)["mounted"] is True
    assert agent.call("list")["mounts"] == [path]
    assert agent.call("unmount", path=path) == {"id": 1, **OK}
    assert agent.call("mounted", path=path)["mounted"] is False


def test_paths_through_links_are_found_again(agent: Agent, root: Root) -> None:
    root.add_disk(3, "sda")
    (root.path / "run/real").mkdir()
    (root.path / "run/via").symlink_to("real")
    mount(agent, "/run/via/disk")
    assert list(agent.mounts()) == ["/run/real/disk"]
    assert agent.call("mounted", path="/run/via/disk")["mounted"] is True
    assert error(mount(agent, "/run/via/disk")) == ("EEXIST", False)


def test_unmounting_what_is_not_mounted_is_done(agent: Agent, root: Root) -> None:
    (root.path / "run/file").touch()
    for path in ("/run/none", "/run/none/none", "/run/file", "/run/file/below"):
        assert agent.call("unmount", path=path) == {"id": 1, **OK}
        assert agent.call("mounted", path=path)["mounted"] is False


def test_a_mount_in_use_stays(agent: Agent, root: Root) -> None:
    root.add_disk(3, "sda")
    mount(agent)
    mount(agent, AT + "/below", lun=3)
    assert error(agent.call("unmount", path=AT)) == ("EBUSY", False)
    assert agent.call("mounted", path=AT)["mounted"] is True


def test_a_block_device_is_a_link(agent: Agent, root: Root) -> None:
    root.add_disk(3, "sda", partitions=2)
    assert agent.call("mount", path=AT, link=True, partition=2, **DISK) == {"id": 1, **OK}
    assert (root.path / AT[1:]).readlink() == Path("/dev/sda2")
    assert agent.call("mounted", path=AT)["mounted"] is True
    assert error(agent.call("mount", path=AT, link=True, **DISK)) == ("EEXIST", False)
    assert agent.call("unmount", path=AT) == {"id": 1, **OK}
    assert not (root.path / AT[1:]).is_symlink()


# Devices

def test_ejecting_tells_the_kernel_once(agent: Agent, root: Root) -> None:
    assert agent.call("eject", **DISK) == {"id": 1, **OK}
    disk = root.add_disk(3, "sda")
    assert agent.call("eject", **DISK) == {"id": 1, **OK}
    assert (disk / "delete").read_text("ascii") == "1"


@pytest.mark.parametrize("node", ["", "sda1"])
def test_a_mounted_disk_is_not_ejected(agent: Agent, root: Root, node: str) -> None:
    disk = root.add_disk(3, "sda")
    mount(agent)
    lines = Path(f"/proc/{agent.process.pid}/mountinfo").read_text("utf-8").splitlines()
    number = next(line.split()[2] for line in lines if line.split()[4] == AT)
    (disk / "block/sda" / node / "dev").write_text(number + "\n", encoding="ascii")
    assert error(agent.call("eject", **DISK)) == ("EBUSY", False)
    assert (disk / "delete").read_text("ascii") == ""


@pytest.mark.parametrize("controller", ["", "x", "0000:00:04", "0000:00:04.0/..", "*", "../../x"])
def test_addresses_are_no_patterns(agent: Agent, root: Root, controller: str) -> None:
    root.add_disk(3, "sda")
    assert error(mount(agent, controller=controller)) == ("EINVAL", False)
    assert error(agent.call("eject", controller=controller, lun=3)) == ("EINVAL", False)
    assert error(agent.call("wait", port=controller)) == ("EINVAL", False)


def test_a_device_is_waited_for(agent: Agent, root: Root) -> None:
    assert error(agent.call("wait", port=PORT, wait_ms=20)) == ("ENODEV", False)
    agent.ask(1, "wait", port=PORT, wait_ms=20_000)
    assert agent.answer(0.1) is None
    root.plug()
    assert agent.answer() == {"id": 1, **OK}
    assert agent.call("list")["pci"] == [PORT]


# Files

def test_files_are_read_and_written(agent: Agent, root: Root) -> None:
    assert agent.call("write", path="/run/file", text="häll\no", sync=True) == {"id": 1, **OK}
    assert (root.path / "run/file").read_text("utf-8") == "häll\no"
    assert agent.call("read", path="/run/file")["text"] == "h??ll\no"
    assert error(agent.call("read", path="/run/none")) == ("ENOENT", False)
    assert error(agent.call("read", path="/run")) == ("EISDIR", False)
    assert error(agent.call("write", path="/run", text="")) == ("EISDIR", False)


def test_an_answer_that_is_too_long_is_told(agent: Agent, root: Root) -> None:
    (root.pci / PORT).rmdir()
    for number in range(1200):
        (root.pci / f"{number:04}{'x' * 60}").mkdir()
    assert error(agent.call("list")) == ("EMSGSIZE", True)
    assert agent.call("mounted", 2, path="/run/x")["mounted"] is False
