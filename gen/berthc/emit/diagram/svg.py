"""DOT to SVG by graphviz, and what makes two such pictures the same.

Graphviz decides where things stand, and its versions and the fonts of a machine differ in that. So
a committed SVG carries the SHA-256 of the DOT text it was made from, and the drift check compares
what pictures show (that digest, and every title and word in them) and not where they show it. The
DOT text itself is compared to the letter, as any other file.
"""
from __future__ import annotations

import hashlib
import re
import subprocess
from xml.etree import ElementTree

PACKAGE = "graphviz"
_DIGEST = re.compile(r"<!-- made from (\S+), sha256 ([0-9a-f]{64}) -->")
_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_DOCTYPE = re.compile(r"<!DOCTYPE[^>]*>\n?")
_TIMEOUT = 120  # seconds


class GraphvizError(Exception):
    """No picture could be made; the text says why and what to do."""


def _digest(dot: str) -> str:
    return hashlib.sha256(dot.encode()).hexdigest()


def _plain(svg: str, source: str, dot: str) -> str:
    """Without the version of graphviz; with the origin of the picture instead."""
    body = _DOCTYPE.sub("", _COMMENT.sub("", svg))
    head, rest = body.split("\n", 1)
    return (
        f"{head}\n<!-- made from {source}, sha256 {_digest(dot)} -->\n"
        + "\n".join(x.rstrip() for x in rest.splitlines())
        + "\n"
    )


def render(dot: str, source: str, program: str = "dot") -> str:
    """The picture of a DOT text that is called `source`. Raises GraphvizError."""
    try:
        done = subprocess.run(
            [program, "-Tsvg"],
            input=dot.encode(),
            capture_output=True,
            check=False,
            timeout=_TIMEOUT,
        )
    except FileNotFoundError:
        raise GraphvizError(
            f"{source}: no SVG was made: the program '{program}' is missing (install the package"
            f" '{PACKAGE}')"
        ) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GraphvizError(f"{source}: no SVG was made: {program}: {error}") from None
    if done.returncode != 0:
        reason = done.stderr.decode(errors="replace").strip().split("\n")[0]
        raise GraphvizError(f"{source}: no SVG was made: {program} says: {reason}")
    return _plain(done.stdout.decode(), source, dot)


def _shows(svg: str) -> tuple[str, tuple[str, ...]] | None:
    """The digest of its source and every word it shows, or None for what is no such picture."""
    digest = _DIGEST.search(svg)
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError:
        return None
    if digest is None:
        return None
    words = sorted(
        " ".join(element.text.split())
        for element in root.iter()
        if element.text and element.text.strip()
    )
    return digest.group(2), tuple(words)


def same_picture(committed: str, fresh: str) -> bool:
    """Both were made from the same DOT text and show the same words."""
    if committed == fresh:
        return True
    one = _shows(committed)
    return one is not None and one == _shows(fresh)
