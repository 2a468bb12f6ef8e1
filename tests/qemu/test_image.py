"""What examples/qemu/image.py makes: an archive that a kernel reads, from kernels as Debian has
them."""
from __future__ import annotations

import gzip
import importlib.util
import lzma
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from agents import ROOT

PROGRAM = ROOT / "examples/qemu/image.py"
found = importlib.util.spec_from_file_location("image", PROGRAM)
assert found is not None and found.loader is not None
image = importlib.util.module_from_spec(found)
found.loader.exec_module(image)

Entry = tuple[int, bytes]


def unpacked(archive: bytes) -> dict[str, Entry]:
    """An archive in cpio's new ASCII format: mode and content of each name, in its order."""
    entries: dict[str, Entry] = {}
    at = 0
    while "TRAILER!!!" not in entries:
        assert at % 4 == 0 and archive[at:at + 6] == b"070701"
        numbers = [int(archive[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        mode, size, name_size = numbers[1], numbers[6], numbers[11]
        name = archive[at + 110:at + 110 + name_size]
        assert name.endswith(b"\0")
        begin = (at + 110 + name_size + 3) // 4 * 4
        entries[name[:-1].decode()] = (mode, archive[begin:begin + size])
        at = (begin + size + 3) // 4 * 4
    assert at == len(archive)
    del entries["TRAILER!!!"]
    return entries


def put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def module(folder: Path, name: str, *needs: str) -> Path:
    code = b"\x7fELF\0license=GPL\0depends=" + ",".join(needs).encode() + b"\0name=x\0"
    return put(folder / name, lzma.compress(code) if name.endswith(".xz") else code)


def kernel(root: Path, release: str, modules: str = "lib/modules") -> Path:
    """A kernel with all modules that are wanted; their folder."""
    put(root / f"boot/vmlinuz-{release}", release.encode())
    folder = root / modules / release
    module(folder, "kernel/drivers/virtio/virtio.ko")
    module(folder, "kernel/drivers/virtio/virtio_pci.ko", "virtio", "virtio-ring")
    module(folder, "kernel/drivers/virtio/virtio_ring.ko", "virtio")
    module(folder, "kernel/drivers/scsi/virtio_scsi.ko", "scsi_mod", "virtio_ring")
    module(folder, "kernel/drivers/scsi/scsi_mod.ko", "scsi_common")
    module(folder, "kernel/drivers/scsi/scsi_common.ko")
    module(folder, "kernel/drivers/scsi/sd_mod.ko.xz", "scsi_mod")
    module(folder, "kernel/fs/fuse/virtiofs.ko", "fuse")
    module(folder, "kernel/fs/fuse/fuse.ko")
    module(folder, "kernel/drivers/char/virtio-console.ko.xz", "virtio_ring")
    put(folder / "modules.builtin", b"kernel/drivers/char/hw_random/virtio-rng.ko\n")
    return folder


def test_entries_are_read_back() -> None:
    wanted = {"dev": (stat.S_IFDIR | 0o755, b""), "a/b": (stat.S_IFREG | 0o644, b"x" * 1001),
              "ä": (stat.S_IFREG | 0o755, b"1234")}
    packed = b"".join(image.cpio_entry(name, *entry) for name, entry in wanted.items())
    assert unpacked(packed + image.cpio_entry("TRAILER!!!", 0)) == wanted


@pytest.mark.skipif(shutil.which("cpio") is None, reason="no cpio here")
def test_cpio_reads_it(tmp_path: Path) -> None:
    packed = gzip.decompress(image.initramfs(put(tmp_path / "agent", b"agent"), []))
    done = subprocess.run(["cpio", "-t"], input=packed, capture_output=True, check=True)
    assert done.stdout.split() == [b"dev", b"modules", b"proc", b"sys", b"init", b"modules/order"]


def test_each_module_comes_after_what_it_needs(tmp_path: Path) -> None:
    order = image.in_order(kernel(tmp_path, "1-cloud-amd64"))
    names = [image.module_name(path) for path in order]
    assert sorted(names) == [
        "fuse", "scsi_common", "scsi_mod", "sd_mod", "virtio", "virtio_console", "virtio_pci",
        "virtio_ring", "virtio_scsi", "virtiofs"]
    for place, path in enumerate(order):
        needs = {name.replace("-", "_") for name in image.dependencies(path)}
        assert needs <= set(names[:place])


@pytest.mark.parametrize("lost", ["virtiofs.ko", "scsi_common.ko"])
def test_a_module_that_is_not_there_is_named(tmp_path: Path, lost: str) -> None:
    folder = kernel(tmp_path, "1-cloud-amd64")
    next(folder.rglob(lost)).unlink()
    with pytest.raises(image.Missing, match=f"has no module {lost.removesuffix('.ko')}"):
        image.in_order(folder)


def test_the_initramfs_has_the_agent_and_the_modules_in_their_order(tmp_path: Path) -> None:
    modules = image.in_order(kernel(tmp_path, "1-cloud-amd64"))
    entries = unpacked(gzip.decompress(image.initramfs(put(tmp_path / "agent", b"A"), modules)))
    assert entries["init"] == (stat.S_IFREG | 0o755, b"A")
    assert all(entries[name][0] == stat.S_IFDIR | 0o755
               for name in ("dev", "modules", "proc", "sys"))
    order = entries["modules/order"][1].decode().split()
    assert order == [f"{image.module_name(path)}.ko" for path in modules]
    for name in order:
        assert entries[f"modules/{name}"][1].startswith(b"\x7fELF")  # unpacked
    assert list(entries).index("modules") < list(entries).index("modules/order")


@pytest.mark.parametrize("modules", ["lib/modules", "usr/lib/modules"])
def test_the_newest_kernel_with_modules_is_taken(tmp_path: Path, modules: str) -> None:
    for release in ("6.1.0-9-cloud-amd64", "6.1.0-57-cloud-amd64", "5.10.0-99-cloud-amd64"):
        kernel(tmp_path, release, modules)
    put(tmp_path / "boot/vmlinuz-6.1.0-60-cloud-amd64", b"no modules")
    put(tmp_path / "boot/vmlinuz-7.0-amd64", b"no cloud kernel")
    assert image.installed(tmp_path)[0].name == "vmlinuz-6.1.0-57-cloud-amd64"


def tool(folder: Path, name: str, text: str) -> None:
    put(folder / name, f"#!/bin/sh\n{text}\n".encode()).chmod(0o755)


def test_without_apt_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    with pytest.raises(image.Missing) as told:
        image.downloaded(tmp_path / "image")
    assert "no cloud kernel is installed, and none can be downloaded" in str(told.value)
    assert "apt-get install linux-image-cloud-amd64" in str(told.value)


@pytest.mark.parametrize(("depends", "download", "said"), [
    ("echo nothing", "true", "apt-cache names no kernel"),
    ("exit 100", "true", "apt-get install linux-image-cloud-amd64"),
    ("echo '  Depends: linux-image-6.1-cloud-amd64'", "exit 100", "apt-get install linux-image"),
    ("echo '  Depends: linux-image-6.1-cloud-amd64'", "true", "has no kernel where it is expected"),
])  # fmt: skip
def test_a_download_that_fails_is_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, depends: str, download: str, said: str
) -> None:
    tool(tmp_path / "bin", "apt-cache", depends)
    tool(tmp_path / "bin", "apt-get", download)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin")
    for _ in range(2):
        with pytest.raises(image.Missing, match=said):
            image.downloaded(tmp_path / "image")


def test_a_download_is_unpacked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tmp_path / "made"
    kernel(made, "6.1-cloud-amd64")
    tool(tmp_path / "bin", "apt-cache", "echo '  Depends: linux-image-6.1-cloud-amd64'")
    tool(tmp_path / "bin", "apt-get", "touch $3.deb")
    tool(tmp_path / "bin", "dpkg-deb", f"cp -r '{made}'/* \"$3\"")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    taken = image.downloaded(tmp_path / "image")
    assert taken[0].read_bytes() == b"6.1-cloud-amd64"
    assert not list((tmp_path / "image").rglob("*.deb"))
    monkeypatch.setenv("PATH", "/nowhere")
    assert image.downloaded(tmp_path / "image") == taken


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    agent = put(tmp_path / "agent", b"agent")
    found = []
    for name in ("one", "two"):
        kernel(tmp_path / name / "kernel", "6.1-cloud-amd64")
        done = subprocess.run([sys.executable, PROGRAM, agent, tmp_path / name], check=False,
                              capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        found.append([(tmp_path / name / file).read_bytes() for file in ("vmlinuz", "initramfs")])
    assert found[0] == found[1]


def test_what_is_wrong_is_said_in_a_line(tmp_path: Path) -> None:
    kernel(tmp_path / "kernel", "6.1-cloud-amd64")
    for arguments, status, said in (
        ([], 2, "usage: image.py AGENT FOLDER\n"),
        ([tmp_path / "none", tmp_path], 1, "image.py: [Errno 2] No such file or directory"),
    ):
        done = subprocess.run([sys.executable, PROGRAM, *arguments], check=False,
                              capture_output=True, text=True)
        assert done.returncode == status and done.stderr.startswith(said), done.stderr
        assert done.stderr.count("\n") == 1
