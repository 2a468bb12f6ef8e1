"""Which rows the generated tests took, as the suite itself tells it.

`<manager>-conformance` prints a line for each row, and ends with a line that names the manager:

       2  device.reserved add vm.add_device: ok fail   NEVER uncertain
    vpci: rows taken in full 0 of 16, outcomes taken 2 of 30, …

The rows of one state and event are told in the order of the spec.
"""
from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

_ROW = re.compile(r"^ *\d+  ([a-z0-9_]+)\.([a-z0-9_]+) ([a-z0-9_]+)(?: [a-z0-9_.]+)?:(.*)$")
_END = re.compile(r"^([a-z0-9_]+): rows taken in full \d+ of \d+, outcomes taken \d+ of \d+")
_PART = re.compile(r" {3}(NEVER|no caller can bring about:|not searched:)")
_OUTCOME = re.compile(r"ok|fail|uncertain|rejected|yes|no|unknown|left out")


@dataclass(frozen=True)
class Taken:
    """The outcomes of one row: taken, missing, and those that nobody can bring about or that were
    not searched."""

    taken: tuple[str, ...]
    missing: tuple[str, ...]
    excused: tuple[str, ...]

    @property
    def full(self) -> bool:
        return not self.missing

    @property
    def text(self) -> str:
        """`tested: ok, fail; never: uncertain`"""
        parts = [f"tested: {', '.join(self.taken)}"] if self.taken else []
        parts += [f"never tested: {', '.join(self.missing)}"] if self.missing else []
        parts += [f"no caller can bring about: {', '.join(self.excused)}"] if self.excused else []
        return "; ".join(parts) or "not tested"


Coverage = dict[str, Taken]
"""By the id of the row."""


def read(text: str) -> dict[str, Coverage]:
    """By manager, what the output of suites says; of two outputs about one manager, the last."""
    found: dict[str, Coverage] = {}
    rows: Coverage = {}
    nth: Counter[str] = Counter()
    for line in text.splitlines():
        row, end = _ROW.match(line), _END.match(line)
        if row is not None:
            cell = f"{row[1]}.{row[2]}.{row[3]}"
            rows[f"{cell}.{nth[cell]}"] = _taken(row[4])
            nth[cell] += 1
        elif end is not None:
            found[end[1]] = rows
            rows, nth = {}, Counter()
    return found


def _taken(words: str) -> Taken:
    first, *parts = _PART.split(words)
    said: dict[str, tuple[str, ...]] = {}
    for kind, outcomes in zip(parts[::2], parts[1::2]):
        said[kind] = tuple(_OUTCOME.findall(outcomes))
    excused = (*said.get("no caller can bring about:", ()), *said.get("not searched:", ()))
    return Taken(tuple(_OUTCOME.findall(first)), said.get("NEVER", ()), excused)
