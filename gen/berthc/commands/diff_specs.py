"""Which specs `berthc diff` compares: files, standard input, and files of git's revisions."""
from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from berthc.commands.common import Usage
from berthc.diag import Diagnostic
from berthc.files.revision import GitError, is_revision, read_at, read_revision
from berthc.model import Manager
from berthc.pipeline import Result, partly_built, search_text
from berthc.spec.load import Source, decode, meant, read


@dataclass(frozen=True)
class Spec:
    """One side of a comparison. `text` is None where there is no such file. `searched` is the model
    to search, `manager` as much of it as could be built."""

    file: str
    text: str | None
    result: Result
    searched: Manager | None = None
    manager: Manager | None = None

    @property
    def exists(self) -> bool:
        return self.text is not None


Pair = tuple[Spec, Spec]


def pairs(specs: Sequence[str], files: Sequence[str]) -> list[Pair]:
    """What to compare. `files` are those behind `--`; then `specs` are one or two revisions."""
    if files:
        if len(specs) not in (1, 2):
            raise Usage("before -- there is one revision, or two: berthc diff REV -- FILE...")
        return [_of_revisions(specs, file) for file in files]
    if len(specs) == 1:
        if specs[0] == "-" or is_revision(specs[0]):
            raise Usage(f"{specs[0]} is to be compared with what? Give OLD and NEW")
        return [_of_revisions(["HEAD"], specs[0])]
    if len(specs) != 2:
        raise Usage("give OLD and NEW, or one file, or REV -- FILE...")
    if list(specs).count("-") > 1:
        raise Usage("standard input can be read only once")
    return [(_named(specs[0]), _named(specs[1]))]


def _of_revisions(revisions: Sequence[str], file: str) -> Pair:
    """A file in one revision and in another, or in the working tree. It may be new, or gone."""
    old = _at(revisions[0], file)
    if len(revisions) == 2:
        new = _at(revisions[1], file)
    else:
        new = _file(file) if os.path.lexists(file) else _nothing(file)
    if not old.exists and not new.exists:
        places = [*revisions, "the working tree"][:2]
        raise GitError("; ".join(one for one in (
            f"{file}: neither {' nor '.join(places)} has such a file", meant(file)) if one))
    return old, new


def _at(rev: str, file: str) -> Spec:
    data = read_at(rev, file)
    name = f"{rev}:{os.path.relpath(file) if os.path.isabs(file) else file}"
    return _nothing(name) if data is None else _bytes(name, data)


def _named(name: str) -> Spec:
    if name != "-" and is_revision(name):
        return _bytes(name, read_revision(name))
    return _file(name)


def _bytes(file: str, data: bytes) -> Spec:
    return _of(file, *decode(file, data))


def _file(path: str) -> Spec:
    return _of("<stdin>" if path == "-" else path, *read(path))


def _nothing(file: str) -> Spec:
    return Spec(file, None, Result(None, (), Source(file, ())))


def _of(file: str, text: str | None, found: list[Diagnostic]) -> Spec:
    if text is None:
        return Spec(file, "", Result(None, tuple(found), Source(file, ())))
    result, searched = search_text(file, text)
    return Spec(file, text, result, searched, searched or partly_built(file, text))
