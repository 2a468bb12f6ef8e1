"""`berthc explain`: what an id means, with an example and its cure."""
from __future__ import annotations

import argparse
import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

from berthc.commands.common import OK, Usage
from berthc.diag import printable, quote, suggest
from berthc.reference.explained import Explained, every
from berthc.spec.build import OLD_FINDINGS

WIDTH = 80


def explain_command(args: argparse.Namespace) -> int:
    if args.id is None:
        if args.spec:
            raise Usage("--spec prints the example of one id: name it")
        print("\n\n".join(_list()))
        return OK
    named = re.fullmatch(r"(?:error|warning|note)?\[([a-z-]+)\]:?", args.id.strip())
    asked = args.id if named is None else named[1]
    id_ = OLD_FINDINGS.get(asked, asked)
    meant = [one for one in every() if one.id == id_]
    if not meant:
        raise Usage(f"no message has the id {quote(asked)}; "
                    f"{suggest(asked, [one.id for one in every()])}berthc explain lists all")
    if args.spec:
        if not meant[0].of:
            raise Usage(f"no spec can show {id_}")
        sys.stdout.write(meant[0].faulty)
    else:
        print("\n\n".join(_text(one, first=one is meant[0]) for one in meant))
    return OK


def _list() -> Iterator[str]:
    """All ids by who finds them, because some ids are of the search and of a static rule."""
    width = max(len(one.id) for one in every())
    for by, found in groupby(every(), lambda one: one.by.removesuffix(" and the static rules")):
        yield "\n".join([f"Found by {by}:",
                         *(f"  {one.id.ljust(width)}  {one.first}" for one in found)])


def _text(one: Explained, first: bool) -> str:
    """A page about one id."""
    parts = [f"{one.id} (found by {one.by})", _filled(one.means)]
    if one.rule:
        parts.append(_filled(f"The rule: {one.rule}"))
    if one.of:
        whole = f" (the whole spec: berthc explain {one.id} --spec)" if first else ""
        parts += [f"Wrong{whole}:", _shown([(where, wrong) for where, wrong, _ in one.pieces]),
                  "Right:", _shown([(where, right) for where, _, right in one.pieces])]
    return "\n\n".join([*parts, _filled(f"Cure: {one.cure}"), f"More: docs/{one.more}"])


def _filled(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _shown(pieces: Sequence[tuple[str, str]]) -> str:
    """Lines of a spec, each piece below a comment that says where it is."""
    lines = [line for where, text in pieces
             for line in [*([f"# {where}"] if where else []), *text.splitlines()]]
    return textwrap.indent("\n".join(printable(line) for line in lines), "    ")
