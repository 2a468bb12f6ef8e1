"""Manual pages: berthc(1) with a page for each command, berth.spec(5) for the language, and
berth(3) and berth_sqlite(3) with a page for each function and type of the public headers."""
from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from berthc.manual import roff
from berthc.manual.commandline import Command, Option, Value
from berthc.manual.headers import Declared, declared, head

if TYPE_CHECKING:  # the pages of the library need no YAML
    from berthc.reference import Key

COMMANDS, LIBRARY = "Berth", "Library of Berth"


class Library(NamedTuple):
    """`headers`, as programs include them: the first one explains the library."""

    page: str
    summary: str
    headers: tuple[str, ...]
    package: str  # of pkg-config


LIBRARIES = {
    # what applications and backends include; the other headers are for generated code
    "library": Library("berth", "runtime of generated resource managers",
                       ("berth/berth.h", "berth/backend.h", "berth/arena.h", "berth/file.h",
                        "berth/store.h"), "berth"),
    "sqlite": Library("berth_sqlite", "stores of resource managers in files of SQLite",
                      ("berth_sqlite.h",), "berth-sqlite"),
}


def of_commands(commands: Sequence[Command], date: str, version: str) -> dict[str, str]:
    """The pages of berthc by their file names."""
    return {f"{_page(one)}.1": roff.page(_of_command(one, commands, date, version))
            for one in commands}


def _page(command: Command) -> str:
    """As the pages of git: berthc-check for `berthc check`."""
    return f"berthc-{command.name}" if command.name else "berthc"


def _of_command(one: Command, every: Sequence[Command], date: str, version: str) -> Iterator[str]:
    called = f"berthc {one.name}".strip()
    summary = one.summary or "compile resource managers from specs"
    yield roff.title(_page(one), 1, date, version, COMMANDS)
    yield roff.heading("name")
    yield f"{roff.plain(_page(one))} \\- {roff.plain(summary)}"
    yield roff.heading("synopsis")
    operands = [_operand(value) for value, _ in one.arguments] or (
        [] if one.name else [roff.argument("COMMAND") + " [" + roff.argument("ARGUMENT") + " ...]"])
    yield " ".join([roff.bold(called), f"[{roff.argument('OPTION')} ...]", *operands])
    yield roff.heading("description")
    yield roff.filled(one.about)
    yield from (roff.tagged(roff.argument(value.name), text) for value, text in one.arguments)
    if not one.name:
        yield roff.heading("commands")
        for other in every[1:]:
            yield roff.tagged(f"\\fBberthc\\-{roff.plain(other.name)}\\fR(1)", other.summary)
    for group in one.groups:
        yield roff.heading("options" if group.title == "options" else group.title)
        yield roff.filled(group.about)
        yield from map(_option, group.options)
    parts = list(_more(one.more))
    if one.name and all(title != "exit status" for title, _ in parts):
        parts += [part for part in _more(every[0].more) if part[0] == "exit status"]
    for title, text in parts:
        yield roff.heading("examples" if title == "example" else title)
        yield text
    yield roff.heading("see also")
    others = [name for name in ("berthc", *(_page(c) for c in every[1:])) if name != _page(one)]
    seen = [f"\\fB{roff.plain(name)}\\fR(1)" for name in others]
    yield ",\n".join([*seen, "\\fBberth\\fR(3)", "\\fBberth.spec\\fR(5)"])


def _operand(value: Value) -> str:
    shown = roff.argument(value.name) + (" ..." if value.many else "")
    return f"[{shown}]" if value.optional else shown


def _option(option: Option) -> str:
    value = "" if option.value is None else " " + (
        roff.plain("|".join(option.value.words)) if option.value.words
        else roff.argument(option.value.name))
    return roff.tagged(", ".join(roff.bold(name) for name in option.names) + value, option.help)


def _more(text: str) -> Iterator[tuple[str, str]]:
    """The parts below the help, with their headings. Lines that are indented stay as they are."""
    for part in re.split(r"\n(?=\S)", text.strip("\n")):
        found = re.match(r"([a-z ]+)(, [^:\n]*)?:\n(.*)", part, re.S)
        if found is not None:
            lines = [line.removeprefix("  ") for line in found[3].rstrip().splitlines()]
            yield found[1], roff.example("\n".join(lines))
        elif found := re.match(r"([a-z ]+): (.*)", part, re.S):
            yield found[1], roff.filled(found[2])
        else:
            yield "notes", roff.filled(part)


def of_language(places: Mapping[str, Sequence[Key]], rules: Mapping[str, str], date: str,
                version: str) -> dict[str, str]:
    """The page of the language: its keys by place, and its rules."""
    return {"berth.spec.5": roff.page(_of_language(places, rules, date, version))}


def _of_language(places: Mapping[str, Sequence[Key]], rules: Mapping[str, str], date: str,
                 version: str) -> Iterator[str]:
    yield roff.title("berth.spec", 5, date, version, COMMANDS)
    yield roff.heading("name")
    yield "berth.spec \\- specs of resource managers"
    yield roff.heading("description")
    yield roff.filled(
        "A spec is one YAML file. It describes the tracked things of a manager, the reaction of "
        "each state to each event, and the operations that callers can use. `berthc init` writes "
        "one with comments that explain the language. Keys that must be there are marked with an "
        "asterisk.")
    for title, keys in places.items():
        yield roff.heading(f"keys of {title}")
        for key in keys:
            tag = roff.bold(key.name) + ("*" if key.needed else "") + f": {roff.plain(key.value)}"
            where = f" (In: {key.forms}.)" if key.forms else ""
            yield roff.tagged(tag, f"{key.meaning}{where}")
    yield roff.heading("rules")
    yield from (roff.tagged(roff.bold(id_), says) for id_, says in rules.items())
    yield roff.heading("see also")
    yield "\\fBberthc\\fR(1),\n\\fBberthc\\-init\\fR(1),\n\\fBberthc\\-explain\\fR(1)"


def of_library(library: Library, headers: Mapping[str, str], date: str,
               version: str) -> dict[str, str]:
    """The pages of a library by their file names; names that are declared together have the same
    page, and the object of the same name as the library is in the overview. `headers`: their
    texts."""
    every = [(header, one) for header in library.headers for one in declared(headers[header])]
    found: dict[str, str] = {}
    for header, one in every:
        text = roff.page(_of_declared(library, header, one, date, version))
        found |= {f"{name}.3": text for name in one.names}
    return found | {f"{library.page}.3": roff.page(_overview(library, headers, every, date,
                                                             version))}


def _overview(library: Library, headers: Mapping[str, str],
              every: Sequence[tuple[str, Declared]], date: str, version: str) -> Iterator[str]:
    first = library.headers[0]
    yield roff.title(library.page, 3, date, version, LIBRARY)
    yield roff.heading("name")
    yield f"{library.page} \\- {library.summary}"
    yield roff.heading("synopsis")
    yield roff.example(f"#include <{first}>\n\n"
                       f"cc ... $(pkg-config --cflags --libs {library.package})")
    yield roff.heading("description")
    yield from map(roff.comment, head(headers[first]))
    for title, wanted in (("functions", True), ("types and macros", False)):
        yield roff.heading(title)
        for header, one in every:
            if one.is_function is wanted:
                names = ", ".join(f"\\fB{name}\\fR(3)" for name in one.names)
                yield roff.tagged(names, f"{_brief(one)} <{header}>")
    yield roff.heading("see also")
    yield _others(library)


def _others(library: Library) -> str:
    """The pages that every page of a library leads to."""
    others = [one.page for one in LIBRARIES.values() if one != library]
    return ",\n".join(f"\\fB{page}\\fR({section})" for page, section in (
        ("berthc", 1), *((page, 3) for page in others)))


def _of_declared(library: Library, header: str, one: Declared, date: str,
                 version: str) -> Iterator[str]:
    yield roff.title(one.names[0], 3, date, version, LIBRARY)
    yield roff.heading("name")
    yield f"{', '.join(one.names)} \\- {roff.plain(_brief(one).rstrip('.'))}"
    yield roff.heading("synopsis")
    yield roff.example(f"#include <{header}>\n\n{one.code}")
    yield roff.heading("description")
    returns = [p for p in one.paragraphs if one.is_function and re.match(r"(0|-E\w+)\s{2,}", p)]
    yield from (roff.comment(p) for p in one.paragraphs if p not in returns)
    if returns:
        yield roff.heading("return value")
        yield from map(roff.comment, returns)
    yield roff.heading("see also")
    yield f"\\fB{library.page}\\fR(3)"


def _brief(one: Declared) -> str:
    """The first sentence of the comment, on one line."""
    text = " ".join(one.paragraphs[0].split())
    return re.split(r"(?<=[.:;])\s", text, maxsplit=1)[0].rstrip(":;")
