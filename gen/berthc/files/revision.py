"""Files of a git repository as they were: REV:FILE."""
from __future__ import annotations

import os
import subprocess
from pathlib import Path

_TIMEOUT = 60  # seconds
# what git says of symbolic links that lead to no file
_LINKS = {"dangling": "nowhere", "loop": "to itself", "notdir": "nowhere",
          "symlink": "out of the repository"}


class GitError(Exception):
    """The file of a revision cannot be read; the text says why."""


def is_revision(text: str) -> bool:
    """Does it mean REV:FILE? A file that exists with a colon in its name wins."""
    return ":" in text[1:] and not text.endswith(":") and not os.path.exists(text)


def read_revision(text: str) -> bytes:
    """The contents of REV:FILE. FILE counts from the top of the repository, as git has it; one that
    begins with ./ or ../ from here. Raises GitError."""
    rev, _, file = text.partition(":")
    return _contents(Path(), rev, file, text)


def read_at(rev: str, file: str) -> bytes | None:
    """The contents of a file, named from here, in a revision; None where that does not have it."""
    path = Path(file)
    folder = path.parent if str(path.parent) else Path()
    known = next((p for p in (folder, *folder.parents) if p.is_dir()), Path())
    commit = _commit(known, rev)
    inside = os.path.relpath(path, known)
    if not _git(known, "ls-tree", "--full-name", "-z", commit, "--", inside).strip(b"\0"):
        return None
    return _contents(known, rev, f"./{inside}", f"{rev}:{file}")


def _contents(folder: Path, rev: str, file: str, text: str) -> bytes:
    """The file, or the one that a symbolic link leads to inside of the revision."""
    commit = _commit(folder, rev)
    path = file
    if file.startswith(("./", "../")):  # a bare repository knows no relative paths
        prefix = os.fsdecode(_git(folder, "rev-parse", "--show-prefix")).rstrip("\n")
        path = os.path.normpath(os.path.join(prefix, file))
    if "\n" in path:
        raise GitError(f"{text!r}: git is not asked for a name with a line break")
    said = _git(folder, "cat-file", "--batch", "--follow-symlinks",
                given=os.fsencode(f"{commit}:{path}\n"))
    head, _, rest = said.partition(b"\n")
    words = os.fsdecode(head).split(" ")
    if len(words) == 3 and words[1] == "blob":
        return rest[:int(words[2])]
    if len(words) == 3 and words[1] == "tree":
        raise GitError(f"{text}: {file} is no file in revision {rev}")
    if words[0] in _LINKS and words[-1].isdigit():
        raise GitError(f"{text}: {file} is a symbolic link in revision {rev} that leads "
                       f"{_LINKS[words[0]]}")
    if _git(folder, "ls-tree", "--full-tree", commit, "--", path):
        raise GitError(f"{text}: its object is missing in the git repository")
    raise GitError(f"{text}: revision {rev} has no file {file}"
                   + ("" if file.startswith(".") else
                      " (counted from the top of the repository; ./ counts from here)"))


def _commit(folder: Path, rev: str) -> str:
    if not rev or rev.startswith("-"):
        raise GitError(f"'{rev}' is no revision")
    _git(folder, "rev-parse", "--git-dir")
    try:
        return _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options",
                    f"{rev}^{{tree}}").decode().strip()
    except GitError:
        raise GitError(f"git knows no revision {rev}") from None


def _git(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    """What git prints when it is given this; in its own language, and asking nobody."""
    environment = {**os.environ, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0",
                   "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True,
                              input=given, env=environment, timeout=_TIMEOUT,
                              check=False)
    except FileNotFoundError:
        raise GitError("the program 'git' is missing: give two files, or install git") from None
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise GitError(f"git: {error}") from None
    if done.returncode != 0:
        reason = done.stderr.decode(errors="replace").strip().split("\n")[0]
        if "not a git repository" in reason:
            raise GitError(f"{folder if str(folder) != '.' else 'this folder'} is in no git "
                           "repository: give two files, OLD and NEW")
        raise GitError(f"git: {reason.removeprefix('fatal: ') or 'failed'}")
    return done.stdout
