"""Makes what the virtual machine boots from: a kernel of Debian's, and an initramfs that holds the
agent and the modules which it needs. No root is needed.

    image.py AGENT FOLDER

writes FOLDER/vmlinuz and FOLDER/initramfs. The kernel is the newest cloud kernel that is installed;
if there is none, its package is downloaded with apt-get and unpacked into FOLDER.
"""
from __future__ import annotations

import gzip
import lzma
import re
import shutil
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


def module_name(path: Path) -> str:
    """As the kernel calls it: "virtio_pci" for virtio-pci.ko and virtio-pci.ko.xz."""
    return path.name.split(".")[0].replace("-", "_")


def module_code(path: Path) -> bytes:
    """A module, unpacked."""
    code = path.read_bytes()
    return lzma.decompress(code) if path.suffix == ".xz" else code


def dependencies(module: Path) -> list[str]:
    """The modules that one needs, from its section .modinfo."""
    found = re.search(rb"\0depends=([^\0]*)\0", module_code(module))
    return [name for name in (found.group(1).decode() if found else "").split(",") if name]


def in_order(folder: Path) -> list[Path]:
    """MODULES with all that they need, each after what it needs. What is built in has no file."""
    files = {module_name(path): path for path in sorted(folder.rglob("*.ko*"))
             if path.name.endswith((".ko", ".ko.xz"))}
    listed = folder / "modules.builtin"
    built_in = {module_name(Path(line)) for line in
                (listed.read_text(encoding="utf-8").splitlines() if listed.exists() else ())}
    order: list[Path] = []

    def add(name: str) -> None:
        name = name.replace("-", "_")
        if name in built_in:
            return
        if name not in files:
            raise Missing(f"{folder} has no module {name}")
        if files[name] in order:
            return
        for needed in dependencies(files[name]):
            add(needed)
        order.append(files[name])

    for name in MODULES:
        add(name)
    return order


def initramfs(agent: Path, modules: list[Path]) -> bytes:
    """The archive: /init is the agent, /modules/order names the modules."""
    names = "".join(f"{module_name(path)}.ko\n" for path in modules).encode()
    entries = [
        *(cpio_entry(name, stat.S_IFDIR | 0o755) for name in ("dev", "modules", "proc", "sys")),
        cpio_entry("init", stat.S_IFREG | 0o755, agent.read_bytes()),
        cpio_entry("modules/order", stat.S_IFREG | 0o644, names),
        *(cpio_entry(f"modules/{module_name(path)}.ko", stat.S_IFREG | 0o644, module_code(path))
          for path in modules),
        cpio_entry("TRAILER!!!", 0),
    ]
    return gzip.compress(b"".join(entries), compresslevel=1, mtime=0)


def version(kernel: Path) -> list[tuple[int, str]]:
    """To compare kernels by: 6.1.0-57 is newer than 6.1.0-9."""
    return [(int(part), "") if part.isdigit() else (0, part)
            for part in re.split(r"(\d+)", kernel.name)]


def installed(root: Path) -> tuple[Path, Path] | None:
    """The newest cloud kernel below `root` and its modules."""
    for kernel in sorted(root.glob("boot/vmlinuz-*-cloud-amd64"), key=version, reverse=True):
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
    # Renamed when it is whole: whoever is interrupted begins anew.
    part = folder / "kernel.part"
    shutil.rmtree(part, ignore_errors=True)
    shutil.rmtree(root, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        needs = subprocess.run(
            ["apt-cache", "depends", "--important", PACKAGE],
            capture_output=True, text=True, check=True,
        ).stdout
        name = re.search(r"Depends: (linux-image-\S+)", needs)
        if name is None:
            raise Missing(f"apt-cache names no kernel for {PACKAGE}")
        subprocess.run(["apt-get", "-qq", "download", name.group(1)], cwd=part, check=True)
        for package in part.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package.name, "."], cwd=part, check=True)
            package.unlink()
    except (OSError, subprocess.CalledProcessError) as error:
        raise Missing(f"no cloud kernel is installed, and none can be downloaded: {error}; "
                      f"install it: apt-get install {PACKAGE}") from error
    part.rename(root)
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
