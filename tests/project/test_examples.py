"""What the examples print is what they promise to show."""
from __future__ import annotations

import difflib
import re
import subprocess
from pathlib import Path

import pytest
from installation import BUILD, ROOT


def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BUILD / "examples" / name), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_demo_calls_the_backend_when_it_must_and_only_then() -> None:
    done = run("demo")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(
        r"(\w+(?: \d)?) +\w+ +on \w+ +-> \w+, calls ([\w.]+)(, which failed)?", done.stdout
    ) == [
        ("disk", "vm.add_disk", ""),  # the first to map attaches
        ("mount 1", "guest.mount", ""),
        ("mount 2", "guest.mount", ", which failed"),
        ("mount 2", "guest.mount", ""),  # the second try; the disk is there
        ("mount 1", "guest.unmount", ""),  # Anna leaves, the disk stays
        ("mount 2", "guest.unmount", ""),
        ("disk", "guest.eject", ", which failed"),
        ("disk", "guest.eject", ""),  # not the unmount again
        ("disk", "vm.remove_disk", ""),
    ]


def test_the_demo_ends_with_an_empty_vm() -> None:
    assert run("demo").stdout.splitlines()[-1] == "The VM is empty again."


def test_the_demo_shows_where_an_operation_failed() -> None:
    assert (
        'mount "/images/layers.vhdx"/2 reserved on mount: guest.mount: Input/output error'
        in run("demo").stdout
    )


def test_the_minimal_example_asks_the_host_once_for_both() -> None:
    done = run("minimal")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "host: create tap0", "first has it", "second has it too", "first is gone",
        "host: delete tap0", "second is gone",
    ]


@pytest.mark.parametrize("threads", ["1", "16"])
def test_threads_leave_nothing_behind(threads: str) -> None:
    done = run("threads", threads, "300")
    assert done.returncode == 0, done.stdout
    assert "destroy: ok; wrong calls and things left behind: 0" in done.stdout


@pytest.mark.parametrize("devices", [1, 1000, 50000])
def test_one_thread_has_all_operations_in_flight(devices: int) -> None:
    done = run("epoll", str(devices))
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    hanging, cancelled = (sum(i % 100 == rest for i in range(devices)) for rest in (7, 50))
    added = devices - hanging - cancelled
    first, second, *others = done.stdout.splitlines()
    size = re.fullmatch(
        (
            rf"{devices} devices, {2 * devices} callers, one thread: at most"
            rf" {2 * devices} operations in flight, (\d+) bytes each"
        ),
        first,
    )
    assert size is not None and int(size[1]) < 512
    # of a device that hangs, one caller is told while its hook is pending, the other while it
    # waits; of one that is cancelled, the other is refused
    assert (
        second
        == f"added: {2 * added}; cancelled: {hanging + cancelled}; timed out: {hanging}; refused:"
        f" {cancelled}"
    )
    assert others == [
        (
            f"host: asked {devices} times to add, {added} times to tell the guest, {added} times to"
            " remove; the VM has 0 left"
        ),
        "destroy: ok",
    ]


def test_epoll_refuses_bad_usage() -> None:
    assert run("epoll", "0").returncode == 2
    assert run("epoll", "50001").returncode == 2


def test_threads_refuse_bad_usage() -> None:
    assert run("threads", "0").returncode == 2
    assert run("threads", "1000").returncode == 2
    assert run("threads", "2", "0").returncode == 2


def test_netns_brings_to_the_kernel_and_takes_away() -> None:
    done = run("netns")
    if done.returncode == 77:
        pytest.skip(done.stderr)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r"^ +\w+ (\S+): host\.(\w+): (\w+)", done.stdout, re.M) == [
        ('"br0"', "add_bridge", "ok"),
        ('"br0"/"anna0"', "add_veth", "ok"),
        ('"br0"/"ben0"', "add_veth", "ENOENT"),  # the namespace is missing
        ('"br0"/"ben0"', "add_veth", "ok"),  # the second try; the bridge is there
        ('"br0"/"anna0"', "remove_port", "ok"),  # Anna leaves, the bridge stays
        ('"br0"/"ben0"', "remove_port", "ok"),
        ('"br0"', "remove_bridge", "ok"),
    ]
    assert re.findall(r"the kernel has: (.*)", done.stdout) == [
        "nothing of ours", "br0 anna0 ben0", "br0 ben0", "nothing of ours"
    ]


def test_netns_says_in_one_line_that_it_gets_no_namespace() -> None:
    """The limits of a user namespace forbid everything in it to make namespaces."""
    forbid = "for kind in user net; do echo 0 >/proc/sys/user/max_${kind}_namespaces; done"
    netns = str(BUILD / "examples/netns")
    there = subprocess.run(["unshare", "-Ur", "true"], capture_output=True, check=False)
    within = ["unshare", "-Ur", "sh", "-c", f'{forbid} && exec "$0"']
    inside = within if there.returncode == 0 else []
    done = subprocess.run([*inside, netns], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (77, "")
    assert re.fullmatch(r"no network namespace to be had: .+; allow user namespaces .*root\n",
                        done.stderr)


# Both print from several processes, one after the other.
STORY_OF_RESTART = """\
life 1
  host: settle, epoch 1
  ann has no reservation
  host: add tap0
  ann uses tap0: ok
  ben has no reservation
  host: add tap1
  killed by signal 9
  the file has:
    tap tap0: up
    tap tap1: idle
    reservation of ann for tap0
    reservation of ben for tap1
    open intent: plug calls host.add at tap1
life 2
  host: settle, epoch 2
  ann has a reservation
  ann uses tap0: ok
  ben has a reservation
  host: add tap1: so it is already
  ben uses tap1: ok
  host: remove tap1
  killed by signal 9
  the file has:
    tap tap0: up
    tap tap1: up
    reservation of ann for tap0
    reservation of ben for tap1, release has begun
    open intent: give_back calls host.remove at tap1
life 3
  host: settle, epoch 3
  ann has a reservation
  ann uses tap0: ok
  host: remove tap0
  ann gives back: ok
  ben has one, its release has begun
  host: remove tap1: so it is already
  ben gives back: ok
  the file has:
    no rows
the host has no taps
"""


def test_restart_goes_on_where_it_was_killed() -> None:
    done = run("restart")
    assert (done.returncode, done.stderr, done.stdout) == (0, "", STORY_OF_RESTART)


STORY_OF_MIGRATE = """\
the old process
  ann: reserve /srv/images/data.img: ok
  ben: reserve /srv/images/logs.img: ok
  vm: add /srv/images/data.img as LUN 0
  guest: mount /run/mounts/scsi/0_0_0
  ann: map: ok /run/mounts/scsi/0_0_0
  ben: ECANCELED at the old one, asks the new one
  new: ann has a reservation for /mnt/pool3/data.img, LUN 0
  new: ben has a reservation for /mnt/pool3/logs.img, LUN 1
  new: cem finds /mnt/pool3/data.img at /run/mounts/scsi/0_0_0
the manager has moved: ok
  vm: add /mnt/pool3/logs.img as LUN 1
  guest: mount /run/mounts/scsi/0_1_0
  ben: map: ok /run/mounts/scsi/0_1_0
the old one is destroyed: ok
  guest: unmount /run/mounts/scsi/0_0_0
  vm: remove /mnt/pool3/data.img, LUN 0
  ann: unmap: ok
  guest: unmount /run/mounts/scsi/0_1_0
  vm: remove /mnt/pool3/logs.img, LUN 1
  ben: unmap: ok
the new process has ended, and the machine is empty
"""


def test_migrate_moves_reservations_and_callers() -> None:
    done = run("migrate")
    assert (done.returncode, done.stderr, done.stdout) == (0, "", STORY_OF_MIGRATE)


@pytest.mark.parametrize("spec", [
    "restart/taps.yaml", pytest.param("qemu/stored_scsi.yaml", marks=pytest.mark.long)])
def test_specs_of_stored_examples_are_clean(spec: str) -> None:
    berthc = [str(ROOT / "bin/berthc"), "check", str(ROOT / "examples" / spec)]
    done = subprocess.run(berthc, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in done.stdout + done.stderr
    assert "(any number of failures, the process dying at any moment, " in done.stdout


def test_stored_scsi_is_scsi_with_a_store() -> None:
    """But for its name and what it says of itself, only what the store needs is added."""
    plain = (ROOT / "spec/scsi.yaml").read_text(encoding="utf-8").splitlines()
    stored = (ROOT / "examples/qemu/stored_scsi.yaml").read_text(encoding="utf-8").splitlines()
    diff = [line for line in difflib.ndiff(plain[4:], stored[4:]) if line[0] in "+-"]
    assert diff == [
        "+ store: {settle: vm.settle}",
        "+     settle: {on: store, brief: Wait until no call of an earlier process can take"
        " effect.}",
    ]
