"""Makes what the virtual machine boots from: a kernel of Debian's, and an initramfs that holds the
agent and the modules which it needs. No root is needed.

    image.py AGENT FOLDER

writes FOLDER/vmlinuz and FOLDER/initramfs. The kernel is the newest cloud kernel that is installed;
if there is none, its package is downloaded with apt-get and unpacked into FOLDER.
"""
from __future__ import annotations

import gzip
import re
import stat
import subprocess
import sys
from pathlib import Path

MODULES = ("virtio_pci", "virtio_scsi", "sd_mod", "virtiofs", "virtio_console", "virtio_rng")
PACKAGE = "linux-image-cloud-amd64"


class Missing(Exception):
    """Something that has to be installed."""


def cpio_entry(name: str, mode: int, content: bytes = b"", number: int = 0) -> bytes:
    """A member of an archive in cpio's "new ASCII" format, which the kernel documents in
    Documentation/driver-api/early-userspace/buffer-format.rst."""
    path = name.encode() + b"\0"
    numbers = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(path), 0)
    head = b"070701" + b"".join(b"%08x" % n for n in numbers) + path
    return padded(head) + padded(content)


def padded(text: bytes) -> bytes:
    """To a multiple of four bytes."""
    return text + b"\0" * (-len(text) % 4)


def dependencies(module: Path) -> list[str]:
    """The modules that one needs, from its section .modinfo."""
    found = re.search(rb"\0depends=([^\0]*)\0", module.read_bytes())
    return [name for name in (found.group(1).decode() if found else "").split(",") if name]


def in_order(folder: Path) -> list[Path]:
    """MODULES with all that they need, each after what it needs. What is built in has no file."""
    files = {path.stem.replace("-", "_"): path for path in folder.rglob("*.ko")}
    order: list[Path] = []

    def add(name: str) -> None:
        path = files.get(name.replace("-", "_"))
        if path is None or path in order:
            return
        for needed in dependencies(path):
            add(needed)
        order.append(path)

    for name in MODULES:
        add(name)
    return order


def initramfs(agent: Path, modules: list[Path]) -> bytes:
    """The archive: /init is the agent, /modules/order names the modules."""
    names = "".join(f"{path.name}\n" for path in modules).encode()
    entries = [
        *(cpio_entry(name, stat.S_IFDIR | 0o755) for name in ("dev", "modules", "proc", "sys")),
        cpio_entry("init", stat.S_IFREG | 0o755, agent.read_bytes()),
        cpio_entry("modules/order", stat.S_IFREG | 0o644, names),
        *(cpio_entry(f"modules/{m.name}", stat.S_IFREG | 0o644, m.read_bytes()) for m in modules),
        cpio_entry("TRAILER!!!", 0),
    ]
    return gzip.compress(b"".join(entries), compresslevel=1, mtime=0)


def installed(root: Path) -> tuple[Path, Path] | None:
    """The newest cloud kernel below `root` and its modules."""
    for kernel in sorted(root.glob("boot/vmlinuz-*-cloud-amd64"), reverse=True):
        release = kernel.name.removeprefix("vmlinuz-")
        for modules in (root / "lib/modules" / release, root / "usr/lib/modules" / release):
            if modules.is_dir():
                return kernel, modules
    return None


def downloaded(folder: Path) -> tuple[Path, Path]:
    """The kernel of Debian's package, unpacked below `folder`."""
    root = folder / "kernel"
    found = installed(root)
    if found is not None:
        return found
    root.mkdir(parents=True, exist_ok=True)
    try:
        needs = subprocess.run(
            ["apt-cache", "depends", "--important", PACKAGE],
            capture_output=True, text=True, check=True,
        ).stdout
        name = re.search(r"Depends: (linux-image-\S+)", needs)
        if name is None:
            raise Missing(f"apt-cache names no kernel for {PACKAGE}")
        subprocess.run(["apt-get", "-qq", "download", name.group(1)], cwd=root, check=True)
        for package in root.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, root], check=True)
            package.unlink()
    except (OSError, subprocess.CalledProcessError) as error:
        raise Missing(f"no cloud kernel is installed, and none can be downloaded: {error}; "
                      f"install it: apt-get install {PACKAGE}") from error
    found = installed(root)
    if found is None:
        raise Missing(f"{name.group(1)} has no kernel where it is expected")
    return found


def main(arguments: list[str]) -> int:
    """Returns the exit status."""
    if len(arguments) != 2:
        print("usage: image.py AGENT FOLDER", file=sys.stderr)
        return 2
    agent, folder = map(Path, arguments)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        kernel, modules = installed(Path("/")) or downloaded(folder)
        (folder / "vmlinuz").write_bytes(kernel.read_bytes())
        (folder / "initramfs").write_bytes(initramfs(agent, in_order(modules)))
    except (OSError, Missing) as error:
        print(f"image.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
