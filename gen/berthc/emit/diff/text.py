"""What changed between two specs, for a terminal."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from berthc.diag import PLAIN, Colours, as_text, printable
from berthc.diff.change import Change, Verdict
from berthc.diff.report import Comparison
from berthc.model import Loc


@dataclass(frozen=True)
class Signs:
    """Escape sequences of the kinds of change; all empty where the output is no terminal."""

    added: str = ""
    removed: str = ""
    changed: str = ""
    renamed: str = ""
    quiet: str = ""


NO_SIGNS = Signs()
SIGNS = Signs("\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[36m", "\x1b[2m")


def as_terminal(one: Comparison, colours: Colours = PLAIN) -> str:
    """The report of one spec, with a final newline."""
    signs = NO_SIGNS if colours is PLAIN else SIGNS
    lines = [f"{colours.bold}{printable(one.new_file)}: {one.headline}{colours.reset} "
             f"{signs.quiet}(compared with {printable(one.old_file)}){colours.reset}"]
    shown = [c for c in one.changes if c.verdict is not Verdict.COSMETIC]
    for change in (*shown, *(c for c in one.changes if c.verdict is Verdict.COSMETIC)):
        lines += _change(change, signs, colours)
    lines += list(_callers(one, colours))
    for finding in one.findings:
        lines += ["", as_text(finding.diagnostic, one.lines, colours)]
        if finding.script:
            lines += ["  the shortest script:", *(f"    {line}" for line in finding.script)]
    for error in one.errors:
        lines += ["", as_text(error, one.lines, colours)]
    lines += list(_stores(one, colours))
    lines += list(_verdicts(one, colours))
    lines += [f"note: {note}" for note in one.notes]
    return "".join(f"{line}\n" for line in lines)


def _change(change: Change, signs: Signs, colours: Colours) -> Iterator[str]:
    tone = getattr(signs, change.kind)
    end = colours.reset if tone else ""
    yield f"  {tone}{change.sign} {printable(change.sentence)}{end}"
    yield from (f"      {tone}{printable(line)}{end}" for line in change.details)
    place = "      " + places(change.old, change.new)
    if change.operations and change.verdict > Verdict.COSMETIC and change.cell is not None:
        place += f"; in {', '.join(change.operations)}"
    yield f"{signs.quiet}{printable(place)}{colours.reset}"


def places(old: Loc | None, new: Loc | None) -> str:
    """`HEAD:spec/scsi.yaml:31 -> spec/scsi.yaml:33`"""
    return " -> ".join(f"{loc.file}:{loc.line}" for loc in (old, new) if loc is not None)


def _callers(one: Comparison, colours: Colours) -> Iterator[str]:
    if one.callers:
        yield ""
        yield f"{colours.bold}callers{colours.reset}"
    for errors in one.callers:
        for error, why in errors.gained:
            yield f"  {errors.operation} can now return {error}: {printable(why)}"
        for error, why in errors.lost:
            yield f"  {errors.operation} no longer returns {error}: {printable(why)}"


def _stores(one: Comparison, colours: Colours) -> Iterator[str]:
    if one.loadable is None:
        return
    yield ""
    yield f"{colours.bold}stores of the old spec{colours.reset}"
    yield f"  load: {printable(one.loadable.headline)}"
    for condition in one.loadable.unless:
        place = "" if condition.loc is None else f" ({places(None, condition.loc)})"
        yield f"    {printable(condition.if_any)}{place}"


def _verdicts(one: Comparison, colours: Colours) -> Iterator[str]:
    told = one.verdicts()
    if told:
        yield ""
        yield f"{colours.bold}verdict{colours.reset}"
    for verdict, why in told:
        first, *rest = why
        yield f"  {one.text(verdict)}: {printable(first)}"
        yield from (f"    {printable(line)}" for line in rest)
