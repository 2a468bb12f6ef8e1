"""The program that searches one manager: compiled by the user's C compiler, and kept.

Objects are kept by what they are made of, and by what, in a folder of the user's: $BERTH_CACHE, or
$XDG_CACHE_HOME/berth, or ~/.cache/berth. Files there are never changed, so several processes, also
of several machines, may use them at the same time. Each ends with a digest of itself, because a
full disk or a crash of the machine can leave a part of a file.
"""
from __future__ import annotations

import hashlib
import math
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

FLAGS = ("-std=gnu11", "-DBERTH_NO_LIBUUID", "-DBERTH_NO_MALLOC", "-DBERTH_NO_CLOCK",
         "-fno-sanitize=all")  # the search copies memory as sanitizers do not expect
FAST = "-O2"  # the search and the runtime are compiled once
QUICK = "-O1"  # the tables are compiled with each change of the spec
DIGEST = hashlib.sha256().digest_size
OLD = 60  # days after which an unused object is taken away
_KEPT = re.compile(r"(search|runtime)-[0-9a-f]{32}(\.o)?")
_SCRATCH = re.compile(r"build-[a-z0-9_]{8}")  # as tempfile names it


class NoCompiler(Exception):
    """The search in C cannot be built or run here; the message says why, in a few words."""


def sources() -> Path:
    """The folder of the runtime's sources. Raises NoCompiler."""
    given = os.environ.get("BERTH_RUNTIME")
    # In the repository beside `gen`, and where it is installed beside `python`.
    folder = Path(given) if given else Path(__file__).resolve().parents[4] / "runtime"
    if (folder / "explore/explore.c").is_file():
        return folder
    raise NoCompiler("the runtime's sources are not there")


def compiler() -> list[str]:
    """The command of the C compiler: $CC, else cc, gcc or clang. Raises NoCompiler."""
    try:
        given = shlex.split(os.environ.get("CC", ""))
    except ValueError as error:
        raise NoCompiler(f"$CC cannot be read: {error}") from error
    for command in ([given] if given else [["cc"], ["gcc"], ["clang"]]):
        if shutil.which(command[0]):
            return command
    if not given:
        raise NoCompiler("there is no C compiler")
    raise NoCompiler(f"{given[0]} may not be run" if os.path.exists(given[0]) else
                     f"{given[0]} is not there")


def program(manager: str, text: Mapping[str, str],
            tell: Callable[[str], None] = lambda _: None) -> Path:
    """The program for the manager of that name, compiled if it is not kept. `text` has the
    generated files, by path. `tell` hears what takes time. Raises NoCompiler."""
    try:
        return _program(manager, text, tell)
    except OSError as error:  # a full disk, or a compiler that does not run or writes nothing
        raise NoCompiler(f"{error.filename or 'the program'}: {error.strerror}") from error


def _program(manager: str, text: Mapping[str, str], tell: Callable[[str], None]) -> Path:
    folder, cc = sources(), compiler()
    told = ["with a digest", os.uname().machine, *cc, *_versions(cc), *FLAGS, FAST, QUICK]
    runtime = _digest(told, sorted(folder.rglob("*.[ch]")), folder)
    tables = hashlib.sha256("\0".join([runtime, *text, *text.values()]).encode()).hexdigest()[:32]
    kept = _kept_in()
    made = kept / f"search-{tables}"
    if _is_whole(made) and os.access(made, os.X_OK):
        _touch(made)
        return made
    search = kept / f"runtime-{runtime}.o"
    _make_writable(kept)
    with tempfile.TemporaryDirectory(dir=kept, prefix="build-") as name:
        scratch = Path(name)
        if not _is_whole(search):
            tell("compiling the search, which is then kept")
            _compile([*cc, *FLAGS, FAST, f"-I{folder / 'include'}", "-c", "-o",
                      str(scratch / "s.o"), str(folder / "explore/explore.c")])
            _keep(scratch / "s.o", search)
        _touch(search)
        tell(f"compiling the tables of {manager}")
        for path, content in text.items():
            (scratch / Path(path).name).write_text(content, encoding="utf-8")
        (scratch / "explored.c").write_text(
            f'#include "{manager}.c"\n'
            "extern const berth_manager_type *const berth_explored;\n"
            f"const berth_manager_type *const berth_explored = &{manager}_manager_type;\n"
            "extern const struct berth_stored_type *const berth_explored_stored;\n"
            "const struct berth_stored_type *const berth_explored_stored =\n"
            "#ifdef BERTH_STORED_H\n"  # the spec has a store
            f"    &{manager}_stored_type;\n"
            "#else\n    NULL;\n#endif\n",
            encoding="utf-8")
        _compile([*cc, *FLAGS, QUICK, f"-I{folder / 'include'}", f"-I{scratch}", "-o",
                  str(scratch / "p"), str(scratch / "explored.c"), str(search), "-pthread"])
        _keep(scratch / "p", made)
    _forget_old(kept)
    return made


def _versions(command: list[str]) -> list[str]:
    """What changes with the programs of a command: the files, their sizes and times. To ask a
    compiler for its version would take longer."""
    found = [os.path.realpath(path) for word in command if (path := shutil.which(word))]
    stats = [(path, os.stat(path)) for path in found]
    return [f"{path} {stat.st_size} {stat.st_mtime_ns}" for path, stat in stats]


def _digest(words: list[str], paths: list[Path], below: Path) -> str:
    digest = hashlib.sha256("\0".join(words).encode())
    for path in paths:
        digest.update(str(path.relative_to(below)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:32]


def _kept_in() -> Path:
    """The folder of what is kept, which may not be there yet, or be for reading only."""
    given = os.environ.get("BERTH_CACHE")
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    folder = Path(given) if given else Path(home) / "berth"
    return folder.absolute()  # a name without a folder would be looked for in $PATH


def _make_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise NoCompiler(f"{folder}: {error.strerror}") from error


def _keep(made: Path, name: Path) -> None:
    """Under its name, with a digest behind what programs read of it."""
    digest = hashlib.sha256(made.read_bytes()).digest()
    with made.open("ab") as file:
        file.write(digest)
    os.replace(made, name)


def _is_whole(path: Path) -> bool:
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return hashlib.sha256(content[:-DIGEST]).digest() == content[-DIGEST:]


def _touch(path: Path) -> None:
    try:
        os.utime(path)
    except OSError:
        pass  # it is somebody else's; then it looks old and is made again some day


def _forget_old(folder: Path) -> None:
    """Takes away what nobody has used for a long time. The folder may be one in which the user has
    files, so everything else stays."""
    for path in [*folder.iterdir()]:
        if time.time() - _used(path) <= OLD * 86_400 or path.is_symlink():
            continue
        if _KEPT.fullmatch(path.name) and path.is_file():
            path.unlink(missing_ok=True)
        elif _SCRATCH.fullmatch(path.name) and path.is_dir() and _is_scratch(path):
            shutil.rmtree(path, ignore_errors=True)


def _used(path: Path) -> float:
    """When it was used last; another process may take it away meanwhile."""
    try:
        return path.stat().st_mtime
    except OSError:
        return math.inf


def _is_scratch(folder: Path) -> bool:
    """Was it left here by a process that was killed while it compiled?"""
    names = {path.name for path in folder.iterdir()}
    return not names or not names.isdisjoint(("s.o", "explored.c"))


def _compile(command: list[str]) -> None:
    # In a group of its own, because a compiler has processes of its own, which must end with it.
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          encoding="utf-8", errors="replace", process_group=0) as process:
        try:
            _, told = process.communicate()
        except BaseException:  # Ctrl-C, or the end of a budget of time
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode != 0:
        raise NoCompiler(f"{command[0]} fails: {_first_error(told.splitlines())}")


def _first_error(lines: list[str]) -> str:
    """The line with the reason. The driver's own message comes last, and has none."""
    said = [line for line in lines if "ld returned" not in line] or lines or ["no message"]
    return next((line for line in said if "error:" in line or "undefined" in line or
                 "No space" in line), said[0])


__all__ = ["NoCompiler", "compiler", "program", "sources"]
