"""`berthc docs --inject`: a table or a diagram between two markers of any file."""
from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from berthc.commands.common import Usage
from berthc.diag import hint, quote, suggest
from berthc.emit.docs.parts import KINDS, part
from berthc.files.inject import InjectError, Marker, injected
from berthc.files.output import OutputError
from berthc.model import Manager, Resource


def injections(args: argparse.Namespace, managers: Sequence[Manager]) -> dict[Path, str]:
    """The files of --inject with their parts renewed. Nothing is written, so an error in one of
    them loses nothing of the others."""
    if args.depfile is not None:
        raise Usage("--depfile goes with the files of -o, not with --inject")

    def lines_of(marker: Marker) -> list[str]:
        if marker.kind not in KINDS:
            raise marker.error(f"there is no berthc:{marker.kind}; "
                               f"{suggest(marker.kind, KINDS)}markers: "
                               f"{', '.join(f'berthc:{kind}' for kind in (*KINDS, 'end'))}")
        manager, resource = _resource(marker, managers)
        return part(manager, resource, marker.kind, marker.markdown,
                    len(marker.prefix.expandtabs()))

    files: dict[Path, str] = {}
    for name in args.inject:
        try:
            files[Path(name)] = injected(name, _read(name), lines_of)
        except InjectError as error:
            raise Usage(str(error)) from None
    return files


def _read(name: str) -> str:
    """The text, with bytes that are no UTF-8 kept."""
    try:
        return Path(name).read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise OutputError(f"{name}: {error.strerror or error}") from error


def _resource(marker: Marker, managers: Sequence[Manager]) -> tuple[Manager, Resource]:
    """What `disk` or `scsi.disk` in a marker means."""
    known: dict[str, list[tuple[Manager, Resource]]] = {}
    for manager in managers:
        for resource in manager.resources:
            for name in (resource.name, f"{manager.name}.{resource.name}"):
                known.setdefault(name, []).append((manager, resource))
    names = [name for name in known if "." not in name]
    if not marker.of:
        raise marker.error(f"berthc:{marker.kind} of which resource? write berthc:{marker.kind} "
                           f"{names[0]}; resources: {', '.join(names)}")
    found = known.get(marker.of, [])
    if not found:
        valid = list(known) if "." in marker.of else names
        raise marker.error(f"there is no resource {quote(marker.of)}; "
                           f"{hint(marker.of, valid, 'resources')}")
    if len(found) > 1:
        which = " or ".join(f"{manager.name}.{marker.of}" for manager, _ in found)
        raise marker.error(f"several specs have a resource {quote(marker.of)}: write {which}")
    return found[0]
