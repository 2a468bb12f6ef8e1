"""The generated header and source: golden files, both compilers, C++, what the code computes, and
what the header says."""
from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from berthc.emit.c import files, header, source
from berthc.emit.ctext import comment, statement, string, wrap
from berthc.answers.reach import Reach
from berthc.lower import lower
from berthc.model import (
    NOWHERE, Assigned, AssignedKind, Form, FormatText, Hook, Manager, Operation, Ref, Step, Type,
)
from emit_c_support import (
    COMPILERS, EACH_COMPILER, INCLUDE, PARTS, ROOT, RUNTIME, SPECS, STRICT, field, manager, pool,
    run, spec, thing,
)

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
CXX = ["-std=c++11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-x", "c++"]


def write(folder: Path, found: Manager) -> Path:
    """Writes the generated files below `folder`; returns the source."""
    for name, text in files(found).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / found.name / f"{found.name}.c"


def compile_all(folder: Path, found: Manager, compiler: str) -> None:
    """The source, and the header alone as C and as C++, without a warning."""
    made = write(folder, found)
    alone = folder / f"{found.name}_alone.c"
    alone.write_text(f'#include "{found.name}/{found.name}.h"\n', encoding="utf-8")
    run(
        compiler,
        *STRICT,
        "-O1",
        "-I",
        INCLUDE,
        "-I",
        folder,
        "-c",
        made,
        "-o",
        folder / f"{found.name}.o",
    )
    run(compiler, *STRICT, "-I", INCLUDE, "-I", folder, "-fsyntax-only", alone)
    run(compiler, *CXX, "-I", INCLUDE, "-I", folder, "-fsyntax-only", alone)


# Golden files.


def test_golden_files_are_up_to_date() -> None:
    renew = subprocess.run(
        [sys.executable, "-c", "import renew, json; print(json.dumps(renew.golden()))"],
        cwd=GOLDEN,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'gen'}", "PYTHONHASHSEED": "7"},
    )
    made: dict[str, str] = __import__("json").loads(renew.stdout)
    assert sorted(made) == ["door.c", "door.h"]
    for name, text in made.items():
        assert text == (GOLDEN / name).read_text(encoding="utf-8"), \
            "renew with: scripts/python tests/gen/golden/renew.py"


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_text_is_the_same_on_every_machine(path: Path) -> None:
    found = spec(path.stem)
    text = "".join(files(found).values())
    assert text == "".join(files(replace(found, file=f"/elsewhere/{path.name}")).values())
    assert str(ROOT) not in text and "/work" not in text
    assert max(map(len, text.splitlines())) <= 100
    assert not re.search(r"[ \t]$|\n\n\n|\t", text, re.MULTILINE)


# Compilers.


@EACH_COMPILER
@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_it_compiles_without_a_warning(path: Path, compiler: str, tmp_path: Path) -> None:
    compile_all(tmp_path, spec(path.stem), compiler)


@EACH_COMPILER
def test_what_it_computes(compiler: str, tmp_path: Path) -> None:
    made = write(tmp_path, spec("kitchen"))
    program = tmp_path / "program"
    test = Path(__file__).resolve().parents[1] / "emit_c" / "kitchen_generated.c"
    run(compiler, *STRICT, "-UNDEBUG", "-g", "-fsanitize=address,undefined", "-I", INCLUDE, "-I",
        made.parent, "-I", RUNTIME, test, *PARTS, "-luuid", "-o", program)
    run(program)


def awkward() -> Manager:
    """Every word that could upset C: keywords, names of our own variables, comment marks, quotes;
    empty structs."""
    owner = thing(
        name="request",
        brief='Ends a comment */ and begins one /* \\ "quoted" ??/ \u202e \x07 é',
        key=("restrict",),
        fields=(
            field("restrict", Type.U8),
            field("results", Type.STRING, max_length=3),
            field("options"),
            field("int", Type.ENUM, values=("char",)),
        ),
        assigned=(
            pool("configs", parts=5, register=2),
            Assigned("uuid", AssignedKind.UUID, Type.UUID, "", NOWHERE),
            Assigned(
                "sizes",
                AssignedKind.FORMAT,
                Type.STRING,
                "",
                NOWHERE,
                texts=(
                    FormatText(
                        (
                            '%s "\\ ??/ é\n',
                            Ref("field", "uuid", NOWHERE),
                            Ref("field", "int", NOWHERE),
                            Ref("field", "register", NOWHERE),
                        ),
                        NOWHERE,
                    ),
                ),
            ),
            Assigned("error", AssignedKind.HOOK, Type.UUID, "", NOWHERE, hook="switch.call"),
        ),
    )
    child = thing(name="manager", parent="request")
    stone = thing(
        name="stone",
        take=None,
        drop=None,
        states=(replace(thing().states[0], rows=(), resident=True),),
    )
    path = ("request", "manager")
    return manager(
        owner,
        child,
        stone,
        name="x",
        hooks=(
            Hook("switch.call", "request", "", NOWHERE),
            Hook("switch.default", "manager", "", NOWHERE),
        ),
        operations=(
            Operation(
                "take",
                "",
                NOWHERE,
                Form.OBTAIN,
                path,
                gives=True,
                returns=(
                    Ref("request", "sizes", NOWHERE),
                    Ref("request", "register", NOWHERE),
                    Ref("request", "error", NOWHERE),
                ),
            ),
            Operation(
                "stay", "", NOWHERE, Form.WITH, path, steps=(Step("manager", "take", NOWHERE),)
            ),
            Operation(
                "leave",
                "",
                NOWHERE,
                Form.WITH,
                path,
                steps=(Step("manager", "drop", NOWHERE), Step("request", "drop", NOWHERE)),
                ends=True,
            ),
            Operation(
                "seek",
                "",
                NOWHERE,
                Form.FIND,
                ("request",),
                by="configs",
                returns=(Ref("request", "uuid", NOWHERE),),
            ),
            Operation("put", "", NOWHERE, Form.CREATE, ("request",), at="configs", enter="on"),
            Operation("lay", "", NOWHERE, Form.CREATE, ("stone",), enter="on"),
        ),
    )


@EACH_COMPILER
def test_awkward_words_compile(compiler: str, tmp_path: Path) -> None:
    compile_all(tmp_path, awkward(), compiler)


def test_awkward_words_step_aside() -> None:
    text = files(awkward())
    flat = " ".join(text["x/x.h"].split())
    assert "int x_take(x *manager_, const x_request_config *request, " \
        "const x_manager_config *manager, uuid_t reservation, " in flat
    assert "x_take_result *result, berth_error *error);" in flat
    assert "x_take_result { /* request.sizes." in flat and "uint8_t register_;" in flat
    assert "uint8_t restrict_;" in text["x/x.h"]
    assert "Ends a comment * / and begins one / * \\" in text["x/x.h"]
    assert "\u202e" not in text["x/x.h"] and "\x07" not in text["x/x.h"]
    assert 'berth_append_text(at, end, "%s \\"\\\\ ?\\?/ \\303\\251\\012")' in text["x/x.c"]
    assert "const berth_request request_ = {" in text["x/x.c"]


def test_two_rows_with_short_names_have_their_comments_behind_the_commas(tmp_path: Path) -> None:
    spec, folder = tmp_path / "m.yaml", tmp_path / "out"
    spec.write_text("""
berth: 1
manager: m
resources:
  a:
    key: [k]
    fields: {k: {type: string, required: true}}
    initial: on
    holders: {take: t, drop: d}
    states:
      on: {on: {t: stay, d: off}}
      off: {final: true}
operations:
  get: {obtain: [a], gives: reservation}
  put: {with: reservation, do: [a.d], ends: reservation}
""", encoding="utf-8")
    root = Path(__file__).resolve().parents[3]
    subprocess.run([root / "bin/berthc", "gen", "-q", "--flat", "-o", folder, spec], check=True)
    subprocess.run(["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{root}/runtime/include",
                    "-c", "-o", tmp_path / "m.o", folder / "m.c"], check=True)


def test_a_manager_without_hooks_and_options_compiles(tmp_path: Path) -> None:
    found = manager(
        name="bare", operations=(Operation("go", "", NOWHERE, Form.OBTAIN, ("thing",)),)
    )
    for compiler in COMPILERS:
        compile_all(tmp_path, found, compiler)
    assert "char unused;" in files(found)["bare/bare.h"]


# What the header says.


def comments_of_functions(text: str) -> dict[str, str]:
    """The comment before each operation of the header."""
    return {name: note for note, name in re.findall(r"/\*\n((?: \*.*\n)+?) \*/\nint (\w+)\(", text)}


def common(text: str, what: str) -> str:
    """The comment that says what is common to all functions, or to all operations."""
    return next(note for note in re.findall(r"/\*\n((?: \*.*\n)+?) \*/", text)
                if note.startswith(f" * Common to all {what}\n"))


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_every_function_has_a_comment_and_what_is_common_is_said_once(path: Path) -> None:
    found = spec(path.stem)
    text = files(found)[f"{found.name}/{found.name}.h"]
    notes = comments_of_functions(text)
    functions, operations = common(text, "functions"), common(text, "operations")
    for note in (functions, operations):
        places = [note.index(f" * {word}:") for word in ("Ownership", "Threads", "Hooks")]
        places.append(note.index("\n * -EINVAL "))
        assert places == sorted(places)
    shared = [f" * -{code} " for code in ("ENOMEM", "ECANCELED", "EDEADLK", "ETIMEDOUT")]
    assert all(code in operations for code in shared) and " * 0 " in operations
    for operation in found.operations:
        note = notes[f"{found.name}_{operation.name}"]
        assert not any(code in note for code in shared)
        assert "Ownership" not in note and "Threads" not in note and "Common" not in note
        words = " ".join(note.replace("\n *", "\n").split())
        assert ("Hooks: " in words) == ("Calls no hook: a failure changes nothing" not in words)
    for word in ("create", "destroy", "drain", "discard", "for_each", "cancel", "poll"):
        assert f"{found.name}_{word}" in notes


@pytest.mark.parametrize(("name", "known", "unknown"), [
    ("scsi", ("-ENOENT", "only scsi_unmap_from_guest takes it"), ("those that create",)),
    ("plan9", (), ("-ENOENT", "takes it", "holds no more")),
])
def test_the_common_section_says_what_the_manager_has(
    name: str, known: tuple[str, ...], unknown: tuple[str, ...]
) -> None:
    note = " ".join(
        common(files(spec(name))[f"{name}/{name}.h"], "operations").replace(" *", "").split()
    )
    assert all(words in note for words in known) and not any(words in note for words in unknown)


def codes(name: str, operation: str) -> list[str]:
    found = spec(name)
    note = comments_of_functions(files(found)[f"{name}/{name}.h"])[f"{name}_{operation}"]
    return re.findall(r"^ \* (0|-E\w+|other) ", note, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "operation", "expected"),
    [
        ("scsi", "reserve", "-EINVAL -EEXIST -ENOSPC -EOVERFLOW -EBUSY -ENOTRECOVERABLE"),
        ("scsi", "reserve_for_rootfs", "-EINVAL -EEXIST -EBUSY"),
        ("scsi", "map_to_guest", "-ENOBUFS -EBUSY -ENOTRECOVERABLE -EOPNOTSUPP"),
        ("scsi", "unmap_from_guest", ""),
        ("plan9", "resolve_share_name", "-EINVAL -ENOBUFS -EPERM"),
        ("plan9", "add_to_vm", "-EINVAL -ENOBUFS -EPERM -EOVERFLOW -EBUSY"),
        ("plan9", "remove_from_vm", ""),
        ("workers", "work", "-EBUSY -EEXIST"),
        ("workers", "finish", ""),
        ("probe", "bring_up", "-ENOTRECOVERABLE -EOPNOTSUPP -EBUSY"),
        ("probe", "release", "-EOPNOTSUPP"),
        ("kitchen", "look_up", "-EACCES -ENOENT -ENODATA"),
        ("kitchen", "add_pilot", "-EINVAL -ENOENT -EEXIST -ENOSPC -EOVERFLOW"),
        (
            "kitchen",
            "borrow_burner",
            "-EINVAL -ENOBUFS -ENOENT -EOVERFLOW -EHWPOISON",
        ),
    ],
)
def test_return_codes_of_its_own_are_those_that_can_come(
    name: str, operation: str, expected: str
) -> None:
    assert codes(name, operation) == expected.split()


def note_of(name: str, operation: str) -> str:
    """What the header says of an operation, on one line."""
    note = comments_of_functions(files(spec(name))[f"{name}/{name}.h"])[f"{name}_{operation}"]
    return " ".join(note.replace("\n *", "\n").split())


def test_a_value_of_zeros_names_no_instance() -> None:
    assert "-ENOENT no worker has this port; 0 names none" in note_of("workers", "who_listens")
    assert "-ENOENT no worker has this session; the nil UUID names none" in note_of(
        "workers", "listen")


def test_what_a_hook_gives_counts_when_it_ends_uncertain_too() -> None:
    text = " ".join(files(spec("workers"))["workers/workers.h"].replace("\n *", "\n").split())
    assert (
        "/* What os.fork gives when it ends ok or uncertain. Begins with what the view has. */"
        in text
    )
    assert (
        "The manager takes it over when the hook ends ok or uncertain; what the hook does not set"
        " stays as it was." in text
    )
    assert "`out` begins with" not in files(spec("scsi"))["scsi/scsi.h"]


def test_a_guarded_refusal_says_its_condition() -> None:
    text = " ".join((GOLDEN / "door.h").read_text(encoding="utf-8").split())
    assert (
        "-EPERM door is closed, where open is refused if field.glass: Glass doors stay closed"
        in text
    )
    scsi = " ".join(files(spec("scsi"))["scsi/scsi.h"].replace("\n *", "\n").split())
    assert (
        "-EOPNOTSUPP mount.mount needs guest.format_and_mount if field.format_with_refs, which the"
        " backend leaves out"
        in scsi
    )


def test_the_states_of_the_overview_are_those_of_the_spec() -> None:
    text = files(spec("vpci"))["vpci/vpci.h"]
    assert (
        " *     add     vm.add_device: ok assigned, raise announce; fail failed; uncertain suspect\n"
        in text
    )
    assert " *     claim, add  reject ENOTRECOVERABLE\n" in text
    assert " *   removed: The VM no longer has it. Final.\n" in text


def test_the_contract_of_a_hook_says_what_undoes_it_and_when_it_is_called() -> None:
    text = " ".join(files(spec("scsi"))["scsi/scsi.h"].replace(" * ", " ").split())
    assert (
        "Must be provided. Its effect is taken back by vm.remove_disk. Called in reserved on"
        " attach."
        in text
    )
    assert "May be NULL: then what needs it is refused with -EOPNOTSUPP." in text
    assert "May be NULL: then it counts as ended ok without a call. Repeatable. " \
        "Called in attached, suspect and leaving on detach." in text
    assert (
        "Takes back the effect of guest.mount and guest.format_and_mount, also where that may have"
        " failed."
        in text
    )


def test_the_file_says_where_it_came_from_and_how_to_renew_it() -> None:
    from berthc import __version__

    line = (
        f"Generated by berthc {__version__} from scsi.yaml; do not edit. Renew with: berthc gen"
        " scsi.yaml"
    )
    made = files(spec("scsi"))
    assert made["scsi/scsi.c"].startswith(f"/* {line} */\n")
    assert made["scsi/scsi.h"].startswith(f"/*\n * {line}\n")
    flat = " ".join(made["scsi/scsi.c"].split())
    assert (
        '_Static_assert(BERTH_ABI == 5, "scsi.c was generated for Berth ABI 5; regenerate it with: '
        'berthc gen scsi.yaml");' in flat
    )


def test_briefs_that_are_left_out_leave_no_empty_lines() -> None:
    poke = Operation(
        "poke", "", NOWHERE, Form.OBTAIN, ("thing",), (Step("thing", "take", NOWHERE),), ()
    )
    found = manager(operations=(poke,))
    text = header(found, lower(found))
    assert " * m.\n" in text
    assert " *\n *\n" not in text and "/*\n *\n" not in text


def test_a_brief_without_a_full_stop_gets_one_before_what_follows() -> None:
    with_brief = manager(resources=(replace(thing(), brief="What callers share"),))
    text = header(with_brief, lower(with_brief))
    assert "thing: What callers share. At most one" in " ".join(text.split())


def test_a_small_buffer_is_named_only_where_an_operation_returns_a_text() -> None:
    for name, has_text in (("plan9", True), ("vpci", False)):
        found = spec(name)
        assert ("-ENOBUFS" in header(found, lower(found))) is has_text


def test_another_abi_is_refused_at_compile_time(tmp_path: Path) -> None:
    made = write(tmp_path, spec("vpci"))
    table = (INCLUDE / "berth" / "table.h").read_text(encoding="utf-8")
    (tmp_path / "berth").mkdir()
    (tmp_path / "berth" / "table.h").write_text(
        table.replace("#define BERTH_ABI 5", "#define BERTH_ABI 6"), encoding="utf-8"
    )
    done = subprocess.run(
        [COMPILERS[0], "-std=c11", "-I", tmp_path, "-I", INCLUDE, "-fsyntax-only", made],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert (
        "vpci.c was generated for Berth ABI 5; regenerate it with: berthc gen vpci.yaml"
        in done.stderr
    )


def test_a_changed_table_changes_the_source_only() -> None:
    """What the mutants rely on: the source comes from the IR."""
    found = spec("vpci")
    tables = lower(found)
    device = tables.resources[0]
    row = next(i for i, r in enumerate(device.rows) if r.reject is not None)
    rows = (*device.rows[:row], replace(device.rows[row], reject="EROFS"), *device.rows[row + 1 :])
    changed = replace(tables, resources=(replace(device, rows=rows),))
    assert source(changed).count(".reject = EROFS") == 1
    assert ".reject = EROFS" not in source(tables)
    assert header(found, tables) == files(found)["vpci/vpci.h"]


# What operations may meet.


def test_what_an_operation_may_meet() -> None:
    found = spec("scsi")
    reach = Reach(found)
    mapped = reach.met(found.operation("map_to_guest"))
    assert list(mapped.hooks) == [
        "vm.add_disk",
        "vm.has_disk",
        "guest.format_and_mount",
        "guest.mount",
        "guest.has_mount",
    ]
    assert [(r.resource, r.state, r.error, r.hook) for r in mapped.refusals] == [
        ("disk", "ejected", "EBUSY", ""),
        ("disk", "failed", "ENOTRECOVERABLE", ""),
        ("disk", "suspect", "ENOTRECOVERABLE", "vm.has_disk"),
        ("disk", "leaving", "ENOTRECOVERABLE", ""),
        ("mount", "reserved", "EOPNOTSUPP", "guest.format_and_mount"),
        ("mount", "failed", "ENOTRECOVERABLE", ""),
        ("mount", "suspect", "ENOTRECOVERABLE", "guest.has_mount"),
    ]
    assert list(reach.met(found.operation("unmap_from_guest")).hooks) == [
        "guest.unmount",
        "guest.eject",
        "vm.remove_disk",
    ]
    assert not reach.met(found.operation("reserve")).hooks


def test_a_state_that_never_rests_is_not_met() -> None:
    found = spec("vpci")
    met = Reach(found).met(found.operation("add_to_vm"))
    assert list(met.hooks) == [
        "vm.add_device",
        "vm.has_device",
        "guest.add_vpci_device",
    ]  # the last by what the first raises
    assert all(r.state != "assigned" for r in met.refusals)


def test_otherwise_refuses_where_the_table_has_a_hole() -> None:
    found = spec("kitchen")
    refusals = Reach(found).met(found.operation("inspect")).refusals
    assert [(r.state, r.event, r.error) for r in refusals] == [
        (s, "test", "ENODATA") for s in ("cold", "doubtful", "broken")
    ]


# Text.


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("plain", '"plain"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("??=", '"?\\?="'),
        ("é", '"\\303\\251"'),
        ("\n1", '"\\0121"'),
        ("", '""'),
    ],
)
def test_string_literals(text: str, literal: str) -> None:
    assert string(text) == literal


def test_comments_are_harmless() -> None:
    assert comment("a */ b /* c\n d\u202e\x00é") == "a * / b / * c d??é"
    assert (
        comment("what??/ ????! \u200b\u200b/ ??") == "what? ?/ ??? ?! ? ?/ ??"
    )  # gcc warns of trigraphs in comments too
    assert "*/" not in comment("*/*/") and "/*" not in comment("/*/*")


def test_long_texts_are_wrapped_between_words() -> None:
    assert wrap("aa bb cc", "- ", "  ", 7) == ["- aa bb", "  cc"]
    assert wrap("", "- ", "  ", 7) == ["-"]
    assert wrap("unbreakable", "", "", 4) == ["unbreakable"]
    long = statement("return " + " && ".join(["view->a_rather_long_name"] * 6) + ";", 8)
    assert len(long) == 2 and long[1].startswith("    ") and all(len(line) <= 92 for line in long)
    assert (
        " ".join(" ".join(long).split())
        == "return " + " && ".join(["view->a_rather_long_name"] * 6) + ";"
    )
