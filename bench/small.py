"""What each manager takes on a small machine, from what `make small` has built:

    bench/small.py PREFIX FOLDER MANAGER...

Code and tables are those of the objects; the program is everything that the linker kept, with the
parts of the C library that are used. RAM is the arena and the rest of the program's variables; the
stack is the deepest way that the compiler's call graph shows, from one of the manager's functions
down, with the deepest callback at each indirect call, hooks left out.
"""
from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

NODE = re.compile(r'node: \{ title: "([^"]+)" label: "[^"]*\\n(\d+) bytes \(')
EDGE = re.compile(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"')
INDIRECT = "__indirect_call"
# What the runtime and the arena call by pointer; hooks are the program's own.
CALLBACKS = ("has_hook", "preset_out", "accept_out", "arena_alloc", "arena_release", "board_uuid")
PREFIXES = ("guard_", "format_")  # of the functions that the tables point to


def printed(*command: str) -> str:
    """What a command prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def sections(prefix: str, path: Path) -> dict[str, int]:
    """Bytes of code, constants and variables of an object or a program."""
    text = printed(f"{prefix}size", "-A", str(path))
    total = {"text": 0, "rodata": 0, "data": 0, "bss": 0}
    for name, size in re.findall(r"^\.([a-z.A-Z_0-9]+)\s+(\d+)", text, re.M):
        for kind in total:
            if name == kind or name.startswith(kind + "."):
                total[kind] += int(size)
    return total


def symbol(prefix: str, path: Path, name: str) -> int:
    """Bytes of a variable."""
    text = printed(f"{prefix}nm", "-S", str(path))
    return next((int(size, 16) for size in re.findall(rf"^\S+ (\S+) \S {name}$", text, re.M)), 0)


def short(title: str) -> str:
    """The name of a function; that of a static one has its file before it."""
    return title.rpartition(":")[2]


def stack(folder: Path, manager: str) -> tuple[int, list[str]]:
    """Bytes of the deepest way down from a public function of the manager, and the functions on
    it."""
    frames: dict[str, int] = {}
    calls: dict[str, set[str]] = {}
    graphs = [folder / f"{name}.ci" for name in ("library", manager, "board")]
    for graph in graphs:
        text = graph.read_text(encoding="utf-8")
        frames |= {title: int(size) for title, size in NODE.findall(text)}
        for source, target in EDGE.findall(text):
            calls.setdefault(source, set()).add(target)
    by_name: dict[str, list[str]] = {}
    for title in frames:
        by_name.setdefault(short(title), []).append(title)
    reached = {title for name, titles in by_name.items() for title in titles
               if name in CALLBACKS or name.startswith(PREFIXES)}

    known: dict[str, tuple[int, list[str]]] = {}

    def deepest(at: str) -> tuple[int, list[str]]:
        if at not in known:
            known[at] = 0, []  # where it calls itself again, the way ends
            below = reached if at == INDIRECT else calls.get(at, set())
            most, way = max([(0, list[str]()), *(deepest(to) for to in sorted(below))])
            known[at] = most + frames.get(at, 0), ([short(at)] if at in frames else []) + way
        return known[at]

    public = [title for title in frames if title.startswith(f"{manager}_")]
    return max(deepest(title) for title in sorted(public))


def report(prefix: str, folder: Path, managers: list[str]) -> str:
    """The compiler, a table of the managers and the size of the runtime; docs/small.md has it word
    for word."""
    version = printed(f"{prefix}gcc", "--version").splitlines()[0]
    lines = [
        f"{version}, cortex-m3, -Os; bytes", "",
        "| manager | its code | its tables | program: code | constants"
        " | RAM: arena | other | stack |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for manager in managers:
        program = folder / f"{manager}.elf"
        own, whole = sections(prefix, folder / f"{manager}.o"), sections(prefix, program)
        arena = symbol(prefix, program, "memory")
        other = whole["data"] + whole["bss"] - arena
        deep, _ = stack(folder, manager)
        numbers = [own["text"], own["rodata"] + own["data"], whole["text"], whole["rodata"], arena,
                   other, deep]
        lines.append(" | ".join([f"| {manager}", *(f"{n:,}" for n in numbers)]) + " |")
    runtime = sections(prefix, folder / "library.o")
    lines += ["", "All of the runtime, before the linker leaves out what nobody calls: "
              f"{runtime['text']:,} of code, {runtime['rodata']:,} of constants."]
    return "\n".join(lines) + "\n"


def main(argv: list[str]) -> int:
    """Prints the report, and sees that no program has `malloc`."""
    if len(argv) < 4:
        print("usage: small.py PREFIX FOLDER MANAGER...", file=sys.stderr)
        return 2
    prefix, folder = argv[1], Path(argv[2])
    print(report(prefix, folder, argv[3:]), end="")
    undefined = re.compile(r"^\S* [A-Za-z] (_?(?:malloc|calloc|realloc|free|sbrk)(?:_r)?)$", re.M)
    found: set[str] = set()
    for manager in argv[3:]:
        found |= set(undefined.findall(printed(f"{prefix}nm", str(folder / f"{manager}.elf"))))
    if found:
        print(f"small.py: the programs have {', '.join(sorted(found))}", file=sys.stderr)
        return 1
    print("No program has malloc, free or sbrk.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
