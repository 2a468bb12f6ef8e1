"""Measured figures are in docs/performance.md, which is generated. Prose elsewhere has none: nobody
would notice that they are no longer true."""
from __future__ import annotations

import re
from pathlib import Path

import pytest
from installation import ROOT
from test_repository import files

NUMBER = (r"(?:\d[\d,.]*|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty"
          r"|forty|fifty|hundred|thousand|an? (?:minute or )?)")
VAGUE = r"(?:some|several|a few|tens of|hundreds of|fractions? of an?)"
SHORT = r"(?:ns|µs|us|ms|nanoseconds?|microseconds?|milliseconds?)"
LONG = r"(?:s|sec|seconds?|min|minutes?|h|hours?)"
OF_WHAT = r"(?:lines|states|transitions|tests|suites|rules|specs|mutants|findings|decisions)"
KINDS = {
    "a time": rf"{NUMBER}[ -]?{SHORT}|{VAGUE} {SHORT}|fractions? of a second"
              rf"|\d[\d,.]*[ -]?{LONG}|(?:two|three|four|five|six|seven|eight|nine|ten|twelve"
              rf"|fifteen|twenty|thirty|forty|fifty) {LONG}|(?:an hour|a minute)",
    "a count of instructions": rf"{NUMBER} (?:instructions|processor cycles|cache misses)",
    "a ratio": rf"{NUMBER} times (?:as|faster|slower|more|less|fewer|longer|shorter|smaller|the)"
               r"|twice as (?:fast|slow|quick|long|much memory)"
               r"|(?:half|a third|a quarter) of (?:what|the time)"
               r"|\d[\d,.]* ?(?:%|percent)|\d[\d,]+ of \d[\d,]*",
    "memory": r"\d[\d,.]* ?[kKMG]i?B",
    "bytes": r"\d[\d,.]* bytes",
    "a count": rf"\d[\d,.]* {OF_WHAT}",
    "a table of numbers": r"(?<=\|) *\d[\d,.]+ *(?=\|)",
}
ONLY_IN_PAGES = ("bytes", "a count", "a table of numbers")
LIMITED = (*ONLY_IN_PAGES, "memory")
# A limit on bytes or counts is no measurement; one on time is: "inside for less than 1 us".
LIMIT = (r"(?:at most|at least|more than|fewer than|less than|longer than|up to|below|above"
         r"|default) ")
FOUND = {kind: re.compile(rf"(?<![\w.%-])(?P<limit>{LIMIT})?(?:{text})(?!\w)")
         for kind, text in KINDS.items()}
# Figures that nobody measures: file, what the line contains, why it may stay.
EXCEPTIONS = (
    ("docs/adopt.md", r"--budget 30s", "what a user gives"),
    ("docs/adopt.md", r"^gadget\.yaml: (ok|explored)", "an example of what watch prints"),
    ("docs/checker.md", r"After five seconds", "when the compiler looks at the bound"),
    ("docs/checker.md", r"--budget 30s", "what a user gives"),
    ("gen/berthc/commands/check_arguments.py", r"30s, 5m|at least 1s", "what a user gives"),
    ("docs/language.md", r"^\| .* \| [\d,]+( bytes)? \|$|^\| `limit` \|", "limits of the language"),
    ("docs/runtime.md", r"the lock \(1 KiB\)|takes 4 kB|1 KiB of stack|^\| a reservation \| 40 \|",
     "sizes that the code states"),
    ("docs/review.md", r"^\| 1\d \| ", "exit statuses"),
    ("docs/runtime.md", r"attached, 1200 us", "an example of what a trace prints"),
    ("docs/small.md", r"^\| (the manager's block|an instance|a reservation) \|",
     "sizes that the ABI states"),
    ("docs/testing.md", r"65,535 states", "a limit of the language"),
    ("docs/testing.md", r"more than five seconds", "a rule for tests"),
    ("gen/berthc/data/explain/reading.yaml", r"larger than 4 MiB", "a limit of the compiler"),
    ("gen/berthc/data/explain/rules.yaml", r"g: 2, h: 2", "a spec"),
    ("runtime/include/berth/berth.h", r"mounted, 1200 us", "an example of what a trace prints"),
    ("bench/performance.md.j2", r"2 % more|25 % more|hooks of 1 ms", "what bench/ asks for"),
)
TODO = ("measured figures belong in docs/performance.md: record it in bench/, show it in "
        "bench/performance.md.j2, and link to that page; or say it without the number")
FENCE = re.compile(r"^ *```(\w*)")
TAG = re.compile(r"\{%.*?%\}")  # of a template: in `if count > 1 %}` nothing is measured
GENERATED = re.compile(r"^<!-- (figures of make small|end) -->")


def excepted(name: str, line: str) -> bool:
    """Is the line in the list of exceptions?"""
    return any(name == file and re.search(part, line) for file, part, _ in EXCEPTIONS)


def measured(name: str, text: str) -> list[str]:
    """A line for each measured figure of a file. Tests run what pages show as a console, so that
    has figures which are true; and a generated part is compared by `make check-drift`."""
    page = not name.startswith("gen/") and name.endswith((".md", ".md.j2"))
    found, fence, generated = [], "", False
    for number, line in enumerate(text.splitlines(), 1):
        mark = FENCE.match(line) if page else None
        if mark:
            fence = "" if fence else mark[1] or "text"
        edge = GENERATED.match(line)
        if edge:
            generated = edge[1] != "end"
        if fence == "console" or generated or excepted(name, line):
            continue
        line = TAG.sub("", line) if name.endswith(".j2") else line
        for kind, pattern in FOUND.items():
            hit = next((one for one in pattern.finditer(line)
                        if kind not in LIMITED or not one["limit"]), None)
            if hit is not None and (page or kind not in ONLY_IN_PAGES):
                found.append(f"{name}:{number}: {hit[0].strip()!r} is {kind}; {TODO}")
                break
    return found


def checked() -> list[Path]:
    """Pages, sources of runtime, compiler and examples, and parts of the build."""
    kept = re.compile(r"README\.md|CONTRIBUTING\.md|Makefile|docs/(?!performance)[^/]+\.md"
                      r"|bench/performance\.md\.j2|(?:mk|scripts|bin)/[^/]+"
                      r"|(?:runtime|gen|examples)/.+\.(?:c|h|py|j2|md|yaml)|spec/.+\.yaml")
    return [path for path in files() if kept.fullmatch(path.relative_to(ROOT).as_posix())]


def test_pages_and_sources_are_checked() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in checked()}
    assert {"README.md", "docs/runtime.md", "docs/small.md", "runtime/include/berth/berth.h",
            "runtime/src/base/sync/mutex.h", "gen/berthc/emit/header/manager.h.j2",
            "gen/berthc/cli.py", "mk/bench.mk", "bench/performance.md.j2"} <= names
    assert not names & {"CHANGELOG.md", "docs/performance.md", "docs/decisions/README.md"}


def test_no_prose_has_measured_figures() -> None:
    found = []
    for path in checked():
        found += measured(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
    assert not found, "\n".join(found)


def test_every_exception_is_needed() -> None:
    for file, part, _ in EXCEPTIONS:
        text = (ROOT / file).read_text(encoding="utf-8")
        assert any(re.search(part, line) for line in text.splitlines()), (file, part)


@pytest.mark.parametrize("line", [
    "A cycle takes 461 ns.", "It wakes in 17 µs", "inside for less than 1 us",
    "some microseconds each",
    "a fraction of a second", "This takes 12,000 instructions.",
    "The search takes 20 s and 3.5 minutes.", "in ten minutes",
    "Berth is 1.3 times as fast.", "two times slower than by hand", "half of what it costs",
    "a third fewer: 30 % of the time", "274 of 288 mutants", "It needs 748 MB.",
])
def test_a_measured_figure_is_found_in_pages_and_sources(line: str) -> None:
    for name in ("docs/new.md", "runtime/src/base/new.h"):
        found = measured(name, f"Prose.\n{line}\n")
        assert len(found) == 1
        assert found[0].startswith(f"{name}:2: ") and found[0].endswith(TODO)


@pytest.mark.parametrize("line", [
    "some 11,600 lines of C11", "the 152,358 states of scsi", "A root takes 346 bytes.",
    "| plan9 | 288 | 274 |",
])
def test_counts_and_bytes_are_found_in_pages(line: str) -> None:
    assert len(measured("docs/new.md", line)) == 1


@pytest.mark.parametrize("line", [
    "At most 8 levels, at most 5,000 states.", "a key of 39 characters", "up to 64 threads",
    "a second completion gives ENOENT", "`SOAK_SECONDS` (300)", "twice", "C11", "| `a` | 0 |",
    "a line has at most 511 bytes", "It fails a few times.", "one in two",
])
def test_limits_and_names_are_no_measurements(line: str) -> None:
    assert measured("docs/new.md", line) == []


def test_consoles_and_generated_parts_are_left_out() -> None:
    console = "```console\n$ berthc check\n8408 states\n```\n"
    part = "<!-- figures of make small -->\n| scsi | 27,972 |\n<!-- end -->\n"
    assert measured("docs/new.md", console + part) == []
    assert len(measured("docs/new.md", console + part + "8408 states\n")) == 1
    assert len(measured("docs/new.md", console.replace("console", ""))) == 1


def test_tags_of_templates_are_left_out() -> None:
    assert measured("gen/new.html.j2", "{% if rows > 1 %}{% endif %}") == []
    assert len(measured("gen/new.html.j2", "{% if rows %}1 % less{% endif %}")) == 1
