"""What changed, as a comment of a pull request. It is shorter than GitHub allows, and says what it
leaves out."""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from berthc.answers.prose import code, md, sentence
from berthc.diag import as_text
from berthc.diff.change import Change, Verdict, greatest
from berthc.diff.loadable import Loadable
from berthc.diff.report import Comparison
from berthc.emit.diff.mermaid import flowchart
from berthc.emit.diff.union import unions

MOST = 65_536  # characters of a comment
_ROOM = 1_500  # for what is said of what is left out
MARK = "<!-- berth: what changed -->"
SIGNS = {"added": "+", "removed": "−", "renamed": "→", "changed": "~"}


@dataclass(frozen=True)
class _Part:
    """`name` is what is said when it is left out."""

    name: str
    text: str


def as_markdown(every: Sequence[Comparison], most: int = MOST) -> str:
    """The report of all specs."""
    verdict = greatest(one.verdict for one in every)
    texts = [MARK + "\n"]
    if len(every) > 1:
        texts.append(f"## Berth: {verdict.text}\n\n{len(every)} specs were compared.\n")
    left: list[str] = []
    length = sum(map(len, texts)) + _ROOM
    for part in (part for one in every for part in _parts(one, len(every) > 1)):
        if length + len(part.text) + 1 <= most:
            texts.append(part.text)
            length += len(part.text) + 1
        else:
            left.append(part.name)
    if left:
        shown = left[:8] + ([f"{len(left) - 8} more"] if len(left) > 8 else [])
        texts.append(f"Left out, because a comment has at most {most:,} characters: "
                     f"{'; '.join(shown)[:_ROOM - 300]}. `berthc diff` shows all.\n")
    return "\n".join(texts)


def _parts(one: Comparison, below: bool) -> Iterator[_Part]:
    of = f" of {one.new_file}"
    head = "###" if below else "##"
    yield _Part(f"the summary{of}",
                f"{head} {md(one.new_file)}: {one.headline}\n\n"
                f"Compared with {code(one.old_file)}: {_counted(one)}.\n")
    for finding in one.findings:
        yield _Part(f"the finding {finding.diagnostic.id}{of}", _folded(
            f"New: <b>{_html(finding.diagnostic.id)}</b>: {_html(finding.diagnostic.message)}",
            _fenced(as_text(finding.diagnostic, one.lines) + "\n"
                    + ("\nthe shortest script:\n" + "\n".join(finding.script) + "\n"
                       if finding.script else ""))))
    for error in one.errors:
        yield _Part(f"the error {error.id}{of}",
                    _folded(f"New: <b>{_html(error.id)}</b>: {_html(error.message)}",
                            _fenced(as_text(error, one.lines) + "\n")))
    shown = [c for c in one.changes if c.verdict is not Verdict.COSMETIC]
    for n in range(0, len(shown), 50):
        yield _Part(f"changes {n + 1} to {min(n + 50, len(shown))}{of}", _table(shown[n:n + 50]))
    if one.callers:
        yield _Part(f"the errors of operations{of}", "".join(_callers(one)))
    if one.loadable is not None:
        yield _Part(f"which stores load{of}", "".join(_stores(one.loadable)))
    if one.verdict is not Verdict.SAME:
        yield _Part(f"why each verdict holds{of}", _folded("Why", "".join(_why(one))))
    for union in unions(one):
        title = f"The states of {union.resource}"
        note = f"\n{union.left_out}.\n" if union.left_out else ""
        yield _Part(f"the diagram of {union.resource}{of}", _folded(
            f"{title}: green and thick is added, red and dashed removed, amber changed",
            f"```mermaid\n{flowchart(union)}```\n{note}", is_open=True))
    quiet = [c for c in one.changes if c.verdict is Verdict.COSMETIC]
    if quiet:
        yield _Part(f"cosmetic changes{of}",
                    _folded(f"Cosmetic: {len(quiet)}", _table(quiet[:200])))
    for note in one.notes:
        yield _Part("a note", f"Note: {md(sentence(note))}\n")


def _counted(one: Comparison) -> str:
    kinds = Counter(c.kind for c in one.changes)
    told = [f"{kinds[kind]} {kind}" for kind in ("added", "removed", "renamed", "changed")
            if kinds[kind]]
    new = len(one.findings) + len(one.errors)
    if new:
        told.append(f"{new} new finding{'s' * (new > 1)} of the checker")
    return ", ".join(told) or "nothing changed"


def _table(changes: Sequence[Change]) -> str:
    rows = [f"| {SIGNS[c.kind]} | {_cell(c)} | {c.verdict.text} | "
            f"{code(_where(c))} | "
            f"{', '.join(map(code, c.operations))} |" for c in changes]
    return "\n".join(["| | change | verdict | where | operations |", "|---|---|---|---|---|",
                      *rows, ""])


def _where(change: Change) -> str:
    """`spec/scsi.yaml:31 → 33`: the lines in both specs; the summary names the files."""
    old, new = change.old, change.new
    if new is None or old is None:
        only = new or old
        return "" if only is None else f"{only.file}:{only.line}"
    return f"{new.file}:{old.line} → {new.line}"


def _cell(change: Change) -> str:
    return "<br>".join([md(change.sentence), *(f"&nbsp;&nbsp;{md(d)}" for d in change.details)])


def _callers(one: Comparison) -> Iterator[str]:
    yield "**Callers**\n\n"
    for errors in one.callers:
        for error, why in errors.gained:
            yield f"- {code(errors.operation)} can now return {code(error)}: {md(sentence(why))}\n"
        for error, why in errors.lost:
            yield f"- {code(errors.operation)} no longer returns {code(error)}: {md(why)}\n"


def _stores(found: Loadable) -> Iterator[str]:
    yield f"**Stores of the old spec** load: {md(found.headline)}\n"
    for condition in found.unless:
        yield f"- {md(condition.if_any)}\n"


def _why(one: Comparison) -> Iterator[str]:
    for verdict, why in one.verdicts():
        yield f"- **{one.text(verdict)}** (exit status {int(verdict)})\n"
        yield from (f"  - {md(line)}\n" for line in why)


def _folded(title: str, text: str, is_open: bool = False) -> str:
    return (f"<details{' open' * is_open}><summary>{title}</summary>\n\n{text}\n</details>\n")


def _fenced(text: str) -> str:
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}{fence}\n"


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
