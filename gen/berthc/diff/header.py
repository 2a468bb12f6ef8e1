"""What C programs see of two managers, from the text of their headers: whether a program still
compiles, and whether one that was compiled before still fits."""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_ENUM = re.compile(r"typedef enum (\w+) \{(.*?)\}\s*\w+;", re.S)
_STRUCT = re.compile(r"typedef struct (\w+) \{(.*?)^\}\s*\w+;", re.S | re.M)
_GROUP = re.compile(r"\bstruct \{(.*?)\} (\w+);", re.S)
_UNION = re.compile(r"\bunion \{.*?\} (\w+);", re.S)
_DEFINE = re.compile(r"^#define (\w+)[ \t]+((?:.*\\\n)*.*)$", re.M)
_FUNCTION = re.compile(r"^((?:const )?\w+[ *]+)(\w+)\(([^;{}]*)\);", re.M)


@dataclass
class Header:
    """What a header declares, with layout taken away. `numbers` are the values of enumerators;
    `structs` have their members with their declarations, in order."""

    numbers: dict[str, str] = field(default_factory=dict)
    structs: dict[str, dict[str, str]] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    macros: dict[str, str] = field(default_factory=dict)
    enums: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Break:
    """What no longer fits. `is_source`: a program that uses it does not compile any more; else it
    compiles, but has to be compiled anew. `is_backend`: only backends use it."""

    text: str
    is_source: bool
    is_backend: bool = False


def read_header(text: str) -> Header:
    text = _COMMENT.sub("", text)
    found = Header()
    name: str
    body: str
    value: str
    for name, body in _ENUM.findall(text):
        found.enums[name] = []
        for value in (part for part in body.split(",") if part.strip()):
            word, _, number = value.partition("=")
            found.numbers[word.strip()] = number.strip()
            found.enums[name].append(word.strip())
    for name, body in _STRUCT.findall(text):
        found.structs[name] = dict(_members(body))
    for name, value in _DEFINE.findall(text):
        found.macros[name] = _plain(value.replace("\\\n", " "))
    for result, name, arguments in _FUNCTION.findall(text):
        found.functions[name] = _plain(f"{result}({arguments})")
    return found


def _plain(text: str) -> str:
    return " ".join(text.split())


def _members(body: str) -> Iterator[tuple[str, str]]:
    for inner, name in _GROUP.findall(body):
        for word, declared in _members(inner):
            yield f"{name}.{word}", declared
    body = _GROUP.sub("", body)
    for name in _UNION.findall(body):
        yield name, "union"
    for one in filter(None, map(_plain, _UNION.sub("", body).split(";"))):
        function = re.search(r"\(\*(\w+)\)", one)
        last = re.search(r"(\w+)(?:\[[^\]]*\])?$", one)
        name = function[1] if function else last[1] if last else one
        yield name, one


def breaks(old: str, new: str, manager: str) -> list[Break]:
    """What the second header breaks of the first. `manager` is the manager's name."""
    then, now = read_header(old), read_header(new)
    return [*_names(then, now), *_functions(then, now), *_structs(then, now, manager),
            *_numbers(then, now), *_macros(then, now, manager)]


def _names(then: Header, now: Header) -> Iterator[Break]:
    """Names that are gone."""
    known = {*now.numbers, *now.structs, *now.functions, *now.macros, *now.enums}
    every: list[tuple[str, Iterable[str]]] = [
        ("function", then.functions), ("struct", then.structs), ("enum", then.enums),
        ("macro", then.macros), ("enumerator", then.numbers)]
    for what, names in every:
        gone = _once([name for name in names if name not in known])
        if gone:
            some = ", ".join(gone[:6]) + (f" and {len(gone) - 6} more" if len(gone) > 6 else "")
            yield Break(f"{what}{'s' * (len(gone) > 1)} {some} "
                        f"{'are' if len(gone) > 1 else 'is'} gone", True)


def _once(names: list[str]) -> list[str]:
    """Without the other forms of an operation's function that is among them."""
    return [n for n in names if not any(
        n.endswith(end) and n.removesuffix(end) in names for end in ("_until", "_start"))]


def _functions(then: Header, now: Header) -> Iterator[Break]:
    other = [n for n, declared in then.functions.items()
             if now.functions.get(n, declared) != declared]
    yield from (Break(f"{name} has other parameters", True) for name in _once(other))


def _structs(then: Header, now: Header, manager: str) -> Iterator[Break]:
    for name, members in then.structs.items():
        after = now.structs.get(name)
        if after is None:
            continue
        is_backend = name == f"{manager}_backend" or name.endswith("_out")
        gone = [m for m in members if m not in after and m != "unused"]
        other = [m for m in members if after.get(m, members[m]) != members[m]]
        source = [m for m in other if not (m == "bytes" and name == f"{manager}_op")]
        if gone:
            yield Break(f"{name} has no {', '.join(gone)} any more", True, is_backend)
        if source:
            yield Break(f"{name}: {', '.join(source)} has another type", True, is_backend)
        came = [m for m in after if m not in members]
        if gone or source:
            continue
        if came:
            yield Break(f"{name} has {', '.join(came)} too: its layout is another", False,
                        is_backend)
        elif list(after) != list(members):
            yield Break(f"{name} has its members in another order", False, is_backend)
        elif other:
            yield Break(f"{name} has another size", False, is_backend)


def _numbers(then: Header, now: Header) -> Iterator[Break]:
    for enum, words in then.enums.items():
        moved = [w for w in words if w in now.numbers and now.numbers[w] != then.numbers[w]]
        if moved:
            first = moved[0]
            more = f", and {len(moved) - 1} more" if len(moved) > 1 else ""
            yield Break(f"{enum}: {first} is {now.numbers[first]} now and was "
                        f"{then.numbers[first]}{more}", False)


def _macros(then: Header, now: Header, manager: str) -> Iterator[Break]:
    version = f"{manager}_backend_version".upper()
    for name, value in then.macros.items():
        after = now.macros.get(name, value)
        if after == value:
            continue
        if name == version:
            yield Break(f"{name} is another: a backend must be compiled anew", False, True)
        elif name.endswith("_SIZE"):
            yield Break(f"{name} is another", False)
