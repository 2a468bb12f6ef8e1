"""The only module that writes: whole files, atomically, and only when their text changes.

For a build system, files whose text is the same get a new time. The drift check writes nothing.
"""
from __future__ import annotations

import difflib
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

Same = Callable[[str, str, str], bool]  # file name, text on disk, text wanted: is there no drift?


class OutputError(Exception):
    """A file could not be read or written; the text says which and why."""


@dataclass(frozen=True)
class Drift:
    """A file that is not what the spec says. `diff` is a unified diff from the file to the wanted
    text."""

    file: str
    diff: str


def target(folder: Path, name: str) -> Path:
    """Where a file of an emitter goes. Emitters name files relative to the folder and never above
    it."""
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts:
        raise OutputError(f"{name}: outside of the output folder")
    return folder / pure


def placed(folder: Path, files: Mapping[str, str]) -> dict[Path, str]:
    """The files of an emitter by their paths below a folder."""
    return {target(folder, name): text for name, text in files.items()}


def write(
    files: Mapping[Path, str], depfile: tuple[Path, str] | None = None, fresh: bool = False
) -> list[Path]:
    """Writes what differs; with `fresh` the rest gets a new time. Folders are made where needed.

    The depfile is written first and the first file last: if writing fails, that file stays older
    than its inputs, and a build system tries again. Returns the files whose text changed.
    """
    for path in files:
        _in_folder(path)
    if depfile is not None:
        write_file(*depfile, fresh)
    return [path for path, text in reversed(files.items()) if write_file(path, text, fresh)]


def create(files: Mapping[Path, str], advice: str = "") -> None:
    """Writes files that belong to the user from then on: all of them or none. What is there is
    never written over, not even when it appears meanwhile. `advice` says what else to do then."""
    there = [str(path) for path in files if os.path.lexists(path)]
    if there:
        verb = "is" if len(there) == 1 else "are"
        raise OutputError(f"{', '.join(there)}: {verb} there already; nothing is written{advice}")
    made: list[Path] = []
    try:
        for path, text in files.items():
            made += _make_folders(path.parent)
            with path.open("x", encoding="utf-8") as stream:
                made.append(path)
                stream.write(text)
    except OSError as error:
        raise OutputError(f"{error.filename or path}: {error.strerror or error}; nothing is "
                          "written") from error
    else:
        made.clear()
    finally:
        for path in reversed(made):
            path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)


def _make_folders(folder: Path) -> list[Path]:
    """Makes a folder and those above it; returns the new ones, the highest first."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    made: list[Path] = []
    for one in reversed(missing):
        one.mkdir()
        made.append(one)
    return made


def _in_folder(path: Path) -> Path:
    """The same path, with its folder there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{path.parent}: cannot create this folder: "
                          f"{error.strerror or error}") from error
    return path


def write_file(path: Path, text: str, fresh: bool = False) -> bool:
    """Replaces one file by `text`. A reader sees the old file or the new one, never a part.

    A file that has this text already stays, and with `fresh` gets a new time.

    A link is followed, and the file that it leads to is replaced. What is no regular file, such as
    a device or a pipe, is written to.
    """
    data = text.encode("utf-8", "surrogateescape")  # a depfile names files, whose names are bytes
    temporary: str | None = None
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as stream:
                stream.write(data)
            return True
        if path.is_file() and path.read_bytes() == data:
            if fresh:
                os.utime(path)
            return False
        shown, path = path, Path(os.path.realpath(path))
        if not path.parent.is_dir():
            raise OutputError(f"{shown}: no such directory: "
                              f"{path.parent if shown.is_symlink() else shown.parent}")
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as new:
            temporary = new.name
            new.write(data)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
        temporary = None
        return True
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror or error}") from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _umask() -> int:
    """The process's file mode mask, which can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def drift(files: Mapping[Path, str], same: Same | None = None) -> list[Drift]:
    """The files that are missing or differ from `files`. `same` may call some differences none."""
    out = []
    for path, wanted in sorted(files.items()):
        try:
            found = (path.read_bytes().decode("utf-8", "surrogateescape") if path.exists()
                     else None)
        except OSError as error:
            raise OutputError(f"{path}: {error.strerror or error}") from error
        if (found is None
            or (found != wanted and not (same is not None and same(path.name, found, wanted)))):
            out.append(Drift(str(path),
                             unified(str(path) if found is not None else "/dev/null", found or "",
                                     str(path), wanted)))
    return out


def unified(old_name: str, old: str, new_name: str, new: str) -> str:
    lines = difflib.unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True),
                                 old_name, new_name)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
                   for line in lines)


def depfile(outputs: Iterable[Path], inputs: Iterable[Path]) -> str:
    """A rule for make and Ninja: the outputs, in their order, depend on the inputs.

    Each input also gets an empty rule, so that one that is removed is no error. A percent sign is
    quoted in outputs only: make would read a pattern, and Ninja takes the backslash as it is.
    """
    wanted = sorted({_make_name(str(p)) for p in inputs})
    made = dict.fromkeys(_make_name(str(p)).replace("%", "\\%") for p in outputs)
    rule = f"{' '.join(made)}: \\\n " + " \\\n ".join(wanted) + "\n"
    return rule + "".join(f"\n{name}:\n" for name in wanted)


def _make_name(text: str) -> str:
    """A name as depfiles have it. Backslashes are doubled only before a character they quote."""
    quoted = re.sub(r"(\\*)([ \t#:])", lambda found: found[1] * 2 + "\\" + found[2], text)
    return quoted.replace("$", "$$")
