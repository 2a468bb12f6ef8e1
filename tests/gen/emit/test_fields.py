"""The functions about fields: what each of them does, and that a test sees a change of any line."""
from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from berthc.emit.c import files, source
from berthc.emit.c.fields import bound, functions
from berthc.lower import lower
from berthc.model import NOWHERE, Assigned, AssignedKind, Form, Manager, Operation, Resource, Type
from berthc.names import FIELD_FUNCTIONS, HEADER, collisions, field_functions, identifiers
from emit_c_support import (
    COMPILERS, EACH_COMPILER, INCLUDE, PARTS, ROOT, RUNTIME, SPECS, STRICT, field, manager, run,
    spec, thing,
)

sys.path.insert(0, str(ROOT / "tests" / "mutants"))

import field_lines  # noqa: E402

TEST = Path(__file__).resolve().parents[1] / "emit_c" / "kitchen_fields.c"


def part(text: str) -> str:
    """The functions about fields in a generated source, and the numbers that they return."""
    numbers = "".join(re.findall(r"^enum \{[^}]*_FIELD_[^}]*\};\n", text, re.MULTILINE))
    begin, end = map(text.index, ("/* Functions about fields,", "/* Functions about arguments:"))
    return numbers + text[begin:end]


def make(folder: Path) -> list[str | Path]:
    """Writes the kitchen's files; the flags and sources of a program that tests them."""
    for name, text in files(spec("kitchen")).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return ["-UNDEBUG", "-g", "-I", INCLUDE, "-I", RUNTIME, "-I", folder]


@EACH_COMPILER
def test_what_they_do(compiler: str, tmp_path: Path) -> None:
    flags = make(tmp_path)
    (tmp_path / "functions.c").write_text(part(source(lower(spec("kitchen")))), encoding="utf-8")
    program = tmp_path / "program"
    flags += ["-fsanitize=address,undefined", "-luuid"]
    run(compiler, *STRICT, TEST, *PARTS, *flags, "-o", program)
    run(program)


@pytest.mark.long
def test_a_change_of_any_line_is_noticed(tmp_path: Path) -> None:
    flags = make(tmp_path)
    text = part(source(lower(spec("kitchen"))))
    objects = []
    for path in PARTS:
        objects.append(tmp_path / f"{path.stem}.o")
        run("gcc", "-std=c11", *flags, "-c", path, "-o", objects[-1])
    mutants = [
        (what, text.replace(function, changed))
        for function in field_lines.functions(text)
        for what, changed in field_lines.changes(function)
    ]

    def notices(number: int, changed: str) -> bool:
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "functions.c").write_text(changed, encoding="utf-8")
        program = folder / "program"
        run("gcc", "-std=c11", "-w", *flags, "-I", folder, TEST, *objects, "-luuid", "-o", program)
        done = subprocess.run([program], capture_output=True, check=False, timeout=60)
        return done.returncode != 0

    with ThreadPoolExecutor(2) as pool:
        noticed = list(pool.map(lambda item: notices(*item), enumerate(m for _, m in mutants)))
    assert len(mutants) > 150
    missed = [what for (what, _), seen in zip(mutants, noticed, strict=True) if not seen]
    assert missed == []
    assert not notices(len(mutants), text)


def test_each_line_that_does_something_is_changed() -> None:
    untouched = set()
    for function in field_lines.functions(part(source(lower(spec("kitchen"))))):
        changed = [text.splitlines() for _, text in field_lines.changes(function)]
        for index, line in enumerate(function.splitlines()):
            if all(lines[index] == line for lines in changed):
                untouched.add(line.strip())
    beside = (
        r"static .*|const berth_sets \*sets\)|[{}]?|(const )?kitchen_\w+ \*\w+ = \w+;"
        r"|berth_storage_size size = .*|\(void\)\w+;|return size;"
    )
    assert [line for line in untouched if not re.fullmatch(beside, line)] == []


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_functions_are_found_and_no_wider_than_100_columns(path: Path) -> None:
    tables = lower(spec(path.stem))
    text = source(tables)
    if not any(r.fields for r in tables.resources):
        return
    assert max(map(len, part(text).splitlines())) <= 100
    expected = sum(len(functions(r)) for r in tables.resources)
    assert len(field_lines.functions(part(text))) == expected


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (7, Type.U8, "7"),
        (-7, Type.I32, "-7"),
        (-(1 << 31), Type.I32, "INT32_MIN"),
        (-(1 << 63), Type.I64, "INT64_MIN"),
        (1 << 31, Type.U32, "UINT32_C(2147483648)"),
        ((1 << 64) - 2, Type.U64, "UINT64_C(18446744073709551614)"),
        (-(1 << 40), Type.I64, "INT64_C(-1099511627776)"),
    ],
)
def test_a_bound_is_a_constant_of_the_type(value: int, kind: Type, text: str) -> None:
    assert bound(value, kind) == text


def only(resource: Resource) -> dict[str, str]:
    """Word to text of the functions that the resource has."""
    tables = lower(manager(resource))
    return {f.word: "\n".join(f.lines) for f in functions(tables.resources[0])}


def test_a_resource_has_no_function_that_does_nothing() -> None:
    assert only(thing()) == {}
    assert set(only(thing(fields=(field("x"),)))) == {"differs", "copy"}
    assert set(only(thing(fields=(field("x"),), key=("x",)))) == {"hash", "equal", "copy"}
    assert set(only(thing(fields=(field("x", Type.SET),)))) == {"check", "differs", "size", "copy"}


def test_bounds_that_the_type_has_itself_are_not_asked_for() -> None:
    def check(kind: Type, least: int, most: int) -> str:
        return only(thing(fields=(field("x", kind, range=(least, most)),))).get("check", "")

    assert check(Type.U8, 0, 255) == ""
    assert "config->x > 254" in check(Type.U8, 0, 254) and "<" not in check(Type.U8, 0, 254)
    assert "config->x < -2147483647" in check(Type.I32, -(1 << 31) + 1, (1 << 31) - 1)
    assert check(Type.I64, -(1 << 63), (1 << 63) - 1) == ""


def taken() -> Manager:
    """A manager whose words give all the names that the functions would have."""
    fields = tuple(field(word, Type.ENUM, values=("a",)) for word in FIELD_FUNCTIONS[:3])
    resource = thing(fields=(*fields, field("text", Type.STRING)), key=("text",), assigned=(
        Assigned("size", AssignedKind.POOL, None, "", NOWHERE, parts=()),))
    operations = tuple(
        Operation(f"thing_{word}", "", NOWHERE, Form.OBTAIN, ("thing",))
        for word in ("differs", "copy")
    )
    return replace(manager(resource), operations=operations)


def test_a_name_that_the_spec_has_taken_gets_an_underscore() -> None:
    found = taken()
    assert set(field_functions(found).values()) == {f"m_thing_{word}_" for word in FIELD_FUNCTIONS}
    declared = {one.text for one in identifiers(found) if one.scope == HEADER}
    assert not declared & set(field_functions(found).values())
    assert collisions(found) == []
