"""Every word in every role is refused as a name, or what is generated compiles.

The headers of the system are included before it.
"""
from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from berthc.diag import Severity
from berthc.emit import c, sim, tests
from berthc.model import Manager
from berthc.pipeline import compile_spec
from emit_c_support import COMPILERS, INCLUDE, ROOT, STRICT, run
from berthc.names import SUITE_NAMES, SUITE_OPERATION, SUITE_RESOURCE
from name_roles_support import AT_ONCE, ROLES, Spec, make, shapes, words

pytestmark = pytest.mark.long

EVERY = os.environ.get("BERTH_EVERY_NAME") == "1"
TESTING = ROOT / "runtime" / "testing" / "include"
CXX = shutil.which("g++")
NAME_RULES = {"c-name", "reserved-name", "name"}

# What a program may well include before a manager's header.
SYSTEM = "".join(
    f"#include <{name}.h>\n"
    for name in """
    assert complex ctype errno fenv float inttypes limits locale math setjmp signal stdarg
    stdatomic stdbool stddef stdint stdio stdlib string threads time uchar wchar wctype aio
    arpa/inet dirent dlfcn fcntl fnmatch ftw getopt glob grp iconv langinfo libgen mqueue net/if
    netdb netinet/in netinet/tcp poll pthread pwd regex sched search semaphore spawn strings
    sys/epoll sys/eventfd sys/file sys/inotify sys/ioctl sys/ipc sys/mman sys/mount sys/msg
    sys/param sys/prctl sys/random sys/resource sys/select sys/sem sys/shm sys/signalfd sys/socket
    sys/stat sys/statvfs sys/sysinfo sys/sysmacros sys/time sys/timerfd sys/types sys/uio sys/un
    sys/utsname sys/wait sys/xattr syslog termios unistd utime utmpx wordexp uuid/uuid
""".split()
)
NOT_IN_CXX = ("complex", "stdatomic", "threads")


def refused(spec: Spec, path: Path) -> tuple[Manager | None, set[tuple[str, str]]]:
    """The manager, or the words that are refused, each with its role. No other message may come."""
    path.write_text(spec.text, encoding="utf-8")
    result = compile_spec(str(path))
    found = set()
    for message in (d for d in result.diagnostics if d.severity is Severity.ERROR
                    and d.id != "more"):
        assert message.id in NAME_RULES, (message, spec.lines[message.loc.line - 1])
        assert message.loc.line in spec.of_line, message
        assert message.message and message.help
        found.add(spec.of_line[message.loc.line])
    return result.manager, found


def accepted(chosen: dict[str, list[str]], path: Path) -> tuple[Manager, set[tuple[str, str]]]:
    """The manager made of the words that are not refused, and those that are."""
    all_refused: set[tuple[str, str]] = set()
    for _ in range(20):  # a hundred messages at a time
        manager, found = refused(make(chosen), path)
        if not found:
            assert manager is not None
            return manager, all_refused
        all_refused |= found
        chosen = {
            role: [w for w in mine if (role, w) not in found] for role, mine in chosen.items()
        }
    raise AssertionError(f"still refused: {sorted(found)[:5]}")


def chunks(every: list[str]) -> Iterator[dict[str, list[str]]]:
    """Operations get other words than resources, since both name something of the manager's."""
    parts = [every[i : i + AT_ONCE] for i in range(0, len(every), AT_ONCE)]
    for number, part in enumerate(parts):
        chosen = {role: list(parts[number - 1] if role == "operation" else part) for role in ROLES}
        sizes = {f"{word}_size" for word in part}  # parameters of texts that are returned
        chosen["text"] = [word for word in part if word not in sizes]
        yield chosen


def write(folder: Path, manager: Manager) -> Path:
    """The generated files; returns the source."""
    for name, text in {**c.files(manager), **sim.files(manager)}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / manager.name / f"{manager.name}.c"


def commands(folder: Path, source: Path) -> Iterator[list[str | Path]]:
    """C in both dialects, with the system's headers before it; the simulator; the header as C++."""
    before, before_cxx = folder / "system.h", folder / "system_cxx.h"
    before.write_text(SYSTEM, encoding="utf-8")
    kept = [
        line
        for line in SYSTEM.splitlines()
        if not any(f"<{name}.h>" in line for name in NOT_IN_CXX)
    ]
    before_cxx.write_text("\n".join(kept) + "\n", encoding="utf-8")
    paths: list[str | Path] = ["-I", INCLUDE, "-I", TESTING, "-fsyntax-only"]
    strict = [flag for flag in STRICT if flag != "-std=c11"]
    for compiler in COMPILERS:
        yield [compiler, "-std=c11", *strict, *paths, source]
        yield [compiler, "-std=gnu11", "-D_GNU_SOURCE", *strict, *paths, "-include", before, source]
    yield [COMPILERS[0], "-std=gnu11", *strict, *paths, source.with_name(f"{source.stem}-sim.c")]
    assert CXX is not None
    header = source.with_suffix(".h")
    yield [
        CXX,
        "-std=c++20",
        "-Wall",
        "-Wextra",
        "-Wshadow",
        "-Werror",
        *paths,
        "-include",
        before_cxx,
        "-x",
        "c++",
        header,
    ]


def compiles(folder: Path, source: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda command: run(*command), commands(folder, source)))


CHUNKS = list(chunks(words(EVERY)))


@pytest.mark.parametrize("number", range(len(CHUNKS)))
def test_a_word_is_refused_or_compiles_in_every_role(number: int, tmp_path: Path) -> None:
    manager, _ = accepted(CHUNKS[number], tmp_path / "words.yaml")
    compiles(tmp_path, write(tmp_path, manager))


# Managers. Each is a spec of its own, and most words are refused.

TAP = """\
berth: 1
manager: "NAME"
backend: {host: {open: {on: tap, repeatable: true}}}
resources:
  tap:
    fields: {name: {type: string, max_length: 9}}
    assigned: {number: {counter: {start: 0}}, slot: {pool: {port: 4}}}
    holders: {take: claim, drop: close}
    initial: idle
    states:
      idle: {on: {claim: stay, open: {call: host.open, ok: stay, fail: stay}, close: gone}}
      gone: {final: true}
operations:
  reserve: {obtain: [tap], gives: reservation, returns: [tap.number]}
  open: {with: reservation, do: [tap.open]}
  release: {with: reservation, do: [tap.close], ends: reservation}
"""


def manager_called(word: str, path: Path) -> Manager | None:
    path.write_text(TAP.replace("NAME", word), encoding="utf-8")
    result = compile_spec(str(path))
    assert all(d.id in NAME_RULES for d in result.diagnostics), result.diagnostics
    assert (result.manager is None) == bool(result.diagnostics)
    return result.manager


def test_a_manager_is_refused_or_compiles(tmp_path: Path) -> None:
    """All accepted headers go into one program, after those of the system."""
    chosen = [word for word in words(EVERY) if word not in shapes()]
    found = [m for word in chosen if (m := manager_called(word, tmp_path / "m.yaml")) is not None]
    assert {"rows", "create", "functions"}.isdisjoint(m.name for m in found)
    sources = [write(tmp_path, manager) for manager in found]
    everything = "".join(f'#include "{source.parent.name}/{source.stem}.h"\n' for source in sources)
    for name, compiler in (("all.c", COMPILERS[0]), ("all.cc", CXX)):
        lines = [
            line
            for line in SYSTEM.splitlines()
            if name == "all.c" or not any(f"<{n}.h>" in line for n in NOT_IN_CXX)
        ]
        (tmp_path / name).write_text("\n".join(lines) + "\n" + everything, encoding="utf-8")
        assert compiler is not None
        run(
            compiler,
            "-D_GNU_SOURCE",
            "-Wall",
            "-Wextra",
            "-Wshadow",
            "-Werror",
            "-fsyntax-only",
            "-I",
            INCLUDE,
            "-I",
            tmp_path,
            tmp_path / name,
        )


def test_a_manager_is_refused_or_its_suite_compiles(tmp_path: Path) -> None:
    """What a conformance suite declares for itself, and some words that nothing declares."""
    compiled = set()
    declared = [
        *SUITE_NAMES,
        *SUITE_RESOURCE,
        *SUITE_OPERATION,
        "given",
        "hook",
        "suite",
        "lent",
        "environment",
        "level",
        "pool",
        "lock",
    ]
    for word in dict.fromkeys(word.lower() for word in declared):
        manager = manager_called(word.rstrip("_"), tmp_path / "m.yaml")
        if manager is not None:
            source = write(tmp_path, manager)
            suite = source.with_name(f"{source.stem}-conformance.c")
            suite.write_text(next(iter(tests.files(manager).values())), encoding="utf-8")
            compiled.add(manager.name)
            for made in (source, suite):
                run(COMPILERS[0], *STRICT, "-fsyntax-only", "-I", INCLUDE, "-I", TESTING, made)
    assert {"pool", "lock"} <= compiled and {"rows", "run", "suite", "level"}.isdisjoint(compiled)
