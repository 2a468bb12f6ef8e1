"""Parts of a file between two markers, which are words in lines of any comment style.

    // berthc:text disk              the line that begins a part: what it is of, and how it is shown
    // ...                           the part, in the same comment
    // berthc:end

The text before the marker is put before each line of the part. A marker in an HTML comment of one
line is Markdown: its part is no comment.
"""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

END = "end"
_MARKER = re.compile(r"(?<![\w./-])berthc:(\w+)(?:[ \t]+([\w.]+))?")


class InjectError(Exception):
    """A file whose markers cannot be followed; the text says where and why."""


@dataclass(frozen=True)
class Marker:
    """Where a part begins: the line (from 1), its words, and what stands before the lines of the
    part. `markdown`: the part is no comment."""

    file: str
    line: int
    kind: str
    of: str
    prefix: str
    markdown: bool

    def error(self, words: str) -> InjectError:
        return InjectError(f"{self.file}:{self.line}: {words}")


Lines = Callable[[Marker], list[str]]


def injected(file: str, text: str, lines_of: Lines) -> str:
    """The text with each part replaced by what `lines_of` gives for its marker; all else stays to
    the letter. Raises InjectError."""
    out: list[str] = []
    begun: Marker | None = None
    parts = 0
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        found = _MARKER.search(line)
        if found is None:
            if begun is None:
                out.append(line)
            continue
        marker = _marker(file, number, line, found)
        if found[1] == END:
            if begun is None:
                raise marker.error("berthc:end without a marker that begins")
            out.append(line)
            begun = None
            continue
        if begun is not None:
            raise marker.error(f"berthc:{marker.kind} before the berthc:end of the marker in line "
                               f"{begun.line}")
        begun, parts = marker, parts + 1
        out.append(line)
        end = line[len(line.rstrip("\r\n")):] or "\n"
        out += [(marker.prefix + one).rstrip() + end for one in lines_of(marker)]
    if begun is not None:
        raise begun.error(f"berthc:{begun.kind} has no berthc:end after it")
    if not parts:
        raise InjectError(f"{file}: there is no marker; write two lines such as "
                          "'berthc:text RESOURCE' and 'berthc:end', in comments")
    return "".join(out)


def _marker(file: str, number: int, line: str, found: re.Match[str]) -> Marker:
    before, after = line[:found.start()], line[found.end():]
    indent = before[:len(before) - len(before.lstrip())]
    markdown = before.strip() == "<!--" and "-->" in after
    opened = before.rstrip()
    if markdown:
        prefix = indent
    elif opened.endswith(("/*", "/**")):
        prefix = opened[:opened.rindex("/")] + " * "
    else:
        prefix = before
    marker = Marker(file, number, found[1], found[2] or "", prefix, markdown)
    if found[1] != END and not markdown:
        if "<!--" in before:
            raise marker.error("the comment goes on behind this line, where '-->' would end it; "
                               "write the marker as <!-- berthc:... -->")
        if "*/" in after:
            raise marker.error("the comment ends in this line, so the part would be none; begin it "
                               "with // or leave it open")
    return marker
