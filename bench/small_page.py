"""Does docs/small.md still say what `make small` measures?

    bench/small_page.py [--renew] PREFIX FOLDER MANAGER...

Arenas are sums of sizes that the ABI fixes: they must be equal. Code, tables and stack are the
compiler's work: with the one that is recorded they may differ by 3 %, with another they are not
compared.
"""
from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import small

PAGE = Path(__file__).resolve().parent.parent / "docs/small.md"
BEGIN, END = "<!-- figures of make small -->\n", "<!-- end -->\n"
COLUMNS = ("its code", "its tables", "program: code", "constants", "RAM: arena", "other", "stack")
EXACT = "RAM: arena"
MARGIN = 0.03
RENEW = "make renew-small"

Figures = dict[tuple[str, str], int]


def recorded(page: str) -> str:
    """The report that a page has."""
    if page.count(BEGIN) != 1 or END not in page.partition(BEGIN)[2]:
        raise ValueError(
            f"docs/small.md: one report is expected between {BEGIN.strip()} and {END.strip()}")
    return page.partition(BEGIN)[2].partition(END)[0]


def renewed(page: str, report: str) -> str:
    """The page with another report."""
    before, begin, after = page.partition(BEGIN)
    return before + begin + "\n" + report + "\n" + END + after.partition(END)[2]


def number(text: str) -> int:
    """A number as the report writes it."""
    return int(text.replace(",", ""))


def figures(report: str) -> Figures:
    """What a report says of each manager and of the runtime."""
    found: Figures = {}
    for line in report.splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        if len(cells) == len(COLUMNS) + 1 and re.fullmatch(r"[\d,]+", cells[1]):
            found |= {(cells[0], column): number(cell)
                      for column, cell in zip(COLUMNS, cells[1:], strict=True)}
    runtime = re.search(r"^All of the runtime.*: ([\d,]+) of code, ([\d,]+) of constants", report,
                        re.M)
    if runtime is not None:
        found |= {("runtime", "code"): number(runtime[1]),
                  ("runtime", "constants"): number(runtime[2])}
    return found


def compiler(report: str) -> str:
    """The line of a report that names the compiler."""
    return next((line for line in report.splitlines() if line.endswith("bytes")), "")


def differences(page: str, report: str) -> list[str]:
    """A line for each figure of the page that is no longer true."""
    old, new = figures(recorded(page)), figures(report)
    same_compiler = compiler(recorded(page)) == compiler(report)
    lines = [f"docs/small.md: {who}, {what}: not there"
             for who, what in new if (who, what) not in old]
    lines += [f"docs/small.md: {who}, {what}: there, and not measured"
              for who, what in old if (who, what) not in new]
    for (who, what), value in old.items():
        now = new.get((who, what), value)
        far = same_compiler and abs(now - value) > MARGIN * value
        if (now != value if what == EXACT else far):
            lines.append(f"docs/small.md: {who}, {what}: says {value:,}, is {now:,}")
    return lines


def main(arguments: list[str]) -> int:
    """Compares or renews."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--renew", action="store_true", help="put what is measured into the page")
    parser.add_argument("prefix")
    parser.add_argument("folder", type=Path)
    parser.add_argument("managers", nargs="+")
    options = parser.parse_args(arguments)
    page = PAGE.read_text(encoding="utf-8")
    report = small.report(options.prefix, options.folder, options.managers)
    try:
        lines = differences(page, report)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    if options.renew:
        PAGE.write_text(renewed(page, report), encoding="utf-8")
        return 0
    for line in lines:
        print(line, file=sys.stderr)
    if lines:
        print(f"renew them with: {RENEW}", file=sys.stderr)
        return 1
    if compiler(recorded(page)) != compiler(report):
        print("docs/small.md: only arenas compared, its other figures are of another compiler: "
              + compiler(recorded(page)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
