"""Where files go: below a folder, flat in it, or under names that a build system gives.

An emitter names its files `<manager>/<manager>...`. Options of the command line change these names.
"""
from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from berthc.files.output import target

STDOUT = "-"
OTHER_ENDINGS = (".h", ".hh", ".hpp", ".hxx", ".C", ".cc", ".cpp", ".cxx", ".o", ".yaml")
PAGES = (".md", ".txt", ".dot", ".svg", ".html", ".yaml")


class PlaceError(Exception):
    """The options name no place where the files can go; the text says why."""


@dataclass(frozen=True)
class Place:
    """A folder, or the source that -o names with its header."""

    folder: Path
    flat: bool = False
    source: Path | None = None
    header: Path | None = None

    @property
    def include(self) -> str | None:
        """What the code calls the header in its #include. None: what the manager's name says."""
        return None if self.header is None else self.header.name

    def path(self, name: str) -> Path:
        """Where the file goes that an emitter calls `name`."""
        pure = PurePosixPath(name)
        if self.source is None:
            return target(self.folder, pure.name if self.flat else name)
        role = pure.name.removeprefix(pure.parts[0])
        if role == ".h" and self.header is not None:
            return self.header
        return self.source.with_name(self.source.stem + role) if role == "-sim.c" else self.source


def place_of_pages(output: str) -> Place:
    """The place of documentation and diagrams: always a folder."""
    _refuse_empty(output)
    if output.endswith(PAGES):
        raise PlaceError(
            f"-o {output}: the files go to a folder; for one file write -o - >{output}, "
            f"for a folder of this name -o {output}/"
        )
    return Place(Path(output))


def place_of_code(
    output: str, specs: Sequence[str], flat: bool, header: str | None, writes_header: bool
) -> Place:
    """The place of C code, from -o, --flat and --header.

    Without --header, a header that is written goes beside its source.
    """
    _refuse_empty(output)
    if output == STDOUT:
        raise PlaceError("-o - is for docs and diagram; C code goes to a folder or to FILE.c")
    if output.endswith(".c"):
        return _named(output, specs, flat, header, writes_header)
    if output.endswith(OTHER_ENDINGS):
        raise PlaceError(
            f"-o {output}: the file of C code ends in .c (--header names a header); "
            f"for a folder of this name write -o {output}/"
        )
    if header is not None:
        raise PlaceError(f"--header goes with -o FILE.c, but -o {output} is a folder")
    return Place(Path(output), flat)


def _refuse_empty(output: str) -> None:
    if not output:
        raise PlaceError("-o has no text: it must name a folder or a file")


def _named(
    output: str, specs: Sequence[str], flat: bool, header: str | None, writes_header: bool
) -> Place:
    source = Path(output)
    if flat:
        raise PlaceError(f"--flat goes with a folder, but -o {output} is a file")
    if len(specs) > 1:
        raise PlaceError(
            f"-o {output} is one file, for {len(specs)} specs: "
            "name a folder, or run berthc once for each spec"
        )
    if source.is_dir():
        raise PlaceError(
            f"-o {output}: is a directory; to put the files there write -o {output}/"
        )
    if header is None and writes_header:
        header = str(source.with_suffix(".h"))
    return Place(source.parent, source=source, header=None if header is None else _header(header))


def _header(name: str) -> Path:
    """A header that can stand in an #include and be written."""
    path = Path(name)
    if not name.endswith(".h"):
        raise PlaceError(f"--header {name}: the name of a header ends in .h")
    if any(char in path.name for char in '"\\\n'):
        raise PlaceError(
            f"--header {name}: a name in an #include has no quotes, backslashes or line breaks"
        )
    if path.is_dir():
        raise PlaceError(f"--header {name}: is a directory")
    return path


def refuse_collisions(
    outputs: Iterable[Path], depfile: Path | None, specs: Sequence[str]
) -> None:
    """Nothing may be written over a spec, nor the depfile over an output."""
    inputs = {os.path.realpath(spec) for spec in specs if spec != STDOUT}
    made = list(outputs)
    if depfile is not None:
        if os.path.realpath(depfile) in [os.path.realpath(path) for path in made]:
            raise PlaceError(f"--depfile {depfile}: is one of the files to write")
        made.append(depfile)
    for path in made:
        if os.path.realpath(path) in inputs:
            raise PlaceError(f"{path}: is a spec, and would be overwritten")
