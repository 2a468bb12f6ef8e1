"""The list of library names: its form, what it must have, and that no generated name is in it."""
from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest
from berthc.emit import c, sim, tests
from berthc.model import Form, Loc, Manager, Operation
from berthc.names import FILE_SCOPES, SUITE_NAMES, collisions, identifiers, library
from emit_c_support import INCLUDE, ROOT, SPECS, manager, run, spec

TESTING = ROOT / "runtime" / "testing" / "include"
TEXT = library.LIST.read_text(encoding="ascii")
MANAGER_AT, OPERATION_AT = Loc("m.yaml", 2, 10, 3), Loc("m.yaml", 9, 3, 4)


def script() -> ModuleType:
    """scripts/library-names, as a module."""
    loader = SourceFileLoader("library_names", str(ROOT / "scripts" / "library-names"))
    found = spec_from_loader("library_names", loader)
    assert found is not None
    module = module_from_spec(found)
    loader.exec_module(module)
    return module


SCRIPT = script()


def test_the_list_is_compact_and_in_order() -> None:
    assert library.spell(library.parse(TEXT)) == TEXT
    assert len(TEXT) < 150_000
    assert max(map(len, TEXT.splitlines())) <= 100
    assert all(library.MAKEABLE.fullmatch(name) for name in library.names())


@pytest.mark.parametrize(
    ("name", "owner", "kind"),
    [
        ("sem_destroy", "C library", "function"),
        ("mq_open", "C library", "function"),
        ("epoll_create", "C library", "function"),
        ("strlen", "C library", "included function"),
        ("uid_t", "C library", "type"),
        ("sockaddr", "C library", "tag"),
        ("environ", "C library", "object"),
        ("st_atime", "C library", "macro"),
        ("major", "C library", "callable macro"),
        ("mtx_plain", "C library", "constant"),
        ("S_IFMT", None, None),
        ("__errno_location", None, None),
        ("VFIO_DEVICE_FLAGS_RESET", "Linux", "macro"),
        ("uuid_generate", "libuuid", "included function"),
        ("json_object_get", "json-c", "function"),
        ("cm_print_error", "cmocka", "function"),
        ("fail", None, None),
    ],
)
def test_names_that_the_manuals_have(name: str, owner: str | None, kind: str | None) -> None:
    assert library.names().get(name) == ((owner, kind) if owner else None)


def test_it_has_all_names_of_c_and_posix() -> None:
    """Other systems may have more; these every one has."""
    headers = """
        assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal
        stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath
        time uchar wchar wctype aio arpa/inet dirent fcntl fnmatch ftw glob grp iconv langinfo
        mqueue net/if netdb netinet/in netinet/tcp poll pthread pwd regex sched search semaphore
        spawn strings sys/ipc sys/mman sys/msg sys/resource sys/select sys/sem sys/shm
        sys/socket sys/stat sys/statvfs sys/time sys/times sys/uio sys/un sys/utsname sys/wait
        syslog tar termios unistd utime utmpx wordexp
    """.split()
    text = "#define _POSIX_C_SOURCE 200809L\n" + "".join(
        f"#include <{name}.h>\n" for name in headers
    )
    found = {
        name
        for name, _ in (*SCRIPT.macros(text), *SCRIPT.declarations(text))
        if library.MAKEABLE.fullmatch(name)
    }
    assert {"sem_destroy", "pthread_create", "stat", "errno", "uid_t"} <= found
    assert sorted(found - set(library.names())) == []


def test_a_renewal_loses_nothing() -> None:
    known = {"gone_function": ("C library", "function"), "time": ("C library", "function")}
    SCRIPT.add(
        known,
        "Linux",
        [("time", "macro"), ("new_one", "type"), ("__hidden", "type"), ("ONE_TWO", "macro")],
    )
    assert known == {
        "gone_function": ("C library", "function"),
        "time": ("C library", "macro"),
        "new_one": ("Linux", "type"),
    }


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_only_names_that_the_list_is_made_for_are_generated(path: Path) -> None:
    found = [i.text for i in identifiers(spec(path.stem)) if i.scope in FILE_SCOPES]
    assert [
        text for text in found if not library.MAKEABLE.fullmatch(text) and text not in SUITE_NAMES
    ] == []


def splits(name: str) -> Iterator[tuple[str, str]]:
    """Every way to make a name of a manager and an operation."""
    words = name.split("_")
    return (("_".join(words[:i]), "_".join(words[i:])) for i in range(1, len(words)))


def test_no_operation_becomes_a_function_of_a_library() -> None:
    """Such a function would take the place of the library's in the whole program."""
    tried = 0
    for name, (_, kind) in library.names().items():
        if kind.endswith("function"):
            for first, rest in splits(name):
                made = manager(
                    name=first,
                    loc=MANAGER_AT,
                    operations=(Operation(rest, "", OPERATION_AT, Form.OBTAIN, ("thing",)),),
                )
                problems = collisions(made)
                tried += 1
                assert any(place in (MANAGER_AT, OPERATION_AT) for place, _ in problems), (
                    first,
                    rest,
                )
                if problems[0][0] == OPERATION_AT:
                    assert f"'{name}'" in " ".join(message for _, message in problems), problems
    assert tried > 1000


@pytest.mark.parametrize(
    ("name", "operation", "place", "message"),
    [
        (
            "sem",
            "go",
            MANAGER_AT,
            "the function sem_destroy would be called 'sem_destroy' in C, "
            "as the C library's function is",
        ),
        (
            "mq",
            "open",
            OPERATION_AT,
            "operation open would be called 'mq_open' in C, as the C library's function is",
        ),
        (
            "timer",
            "go",
            MANAGER_AT,
            "the function timer_create would be called 'timer_create' in C, "
            "as the C library's function is",
        ),
        (
            "epoll",
            "wait",
            MANAGER_AT,
            "the function epoll_create would be called 'epoll_create' in C, "
            "as the C library's function is",
        ),
        (
            "mtx",
            "go",
            MANAGER_AT,
            "manager 'mtx': names that begin with 'mtx_' belong to others in C",
        ),
        (
            "json",
            "object_get",
            OPERATION_AT,
            "operation object_get would be called 'json_object_get' in C, as json-c's function is",
        ),
        (
            "stat",
            "go",
            MANAGER_AT,
            "manager stat would be called 'stat' in C, as the C library's function is",
        ),
        (
            "in",
            "addr",
            OPERATION_AT,
            "operation addr would be called 'in_addr' in C, as the C library's struct or enum is",
        ),
    ],
)
def test_the_message_tells_whose_name_it_is(
    name: str, operation: str, place: Loc, message: str
) -> None:
    made = manager(
        name=name,
        loc=MANAGER_AT,
        operations=(Operation(operation, "", OPERATION_AT, Form.OBTAIN, ("thing",)),),
    )
    assert (place, message) in collisions(made)


# What the generated files declare, as the compiler sees it.


def declared(source: Path, *flags: str | Path) -> set[str]:
    """The names that a file and its header declare at file scope, and their macros."""
    own = f"{source.parent}/"
    paths: list[str | Path] = ["-I", INCLUDE, "-I", TESTING, *flags]
    text = subprocess.run(
        ["gcc", "-E", "-dD", *paths, source], capture_output=True, text=True, check=True
    ).stdout
    macros, here = set(), ""
    for line in text.splitlines():
        if marker := re.match(r'# \d+ "(.*?)"', line):
            here = marker[1]
        elif here.startswith(own) and (macro := re.match(r"#define (\w+)", line)):
            macros.add(macro[1])
    own_text = f'#include "{source}"\n'
    outside = "".join(
        line + "\n"
        for line in source.read_text(encoding="utf-8").splitlines()
        if line.startswith("#include <")
    )
    names = {name for name, _ in SCRIPT.declarations(own_text, *paths)} - {
        name for name, _ in SCRIPT.declarations(outside, *paths)
    }
    return {name for name in names | macros if not name.startswith("_")}


def registered(made: Manager) -> set[str]:
    return {found.text for found in identifiers(made) if found.scope in FILE_SCOPES}


# Names with a number, and those that begin with what no manager or resource can be called.
FREE = re.compile(
    r"GUARD_\d+|DENY_\d+|BERTH_GENERATED_\w+_H|berth_manager_type"
    r"|berth_(glue|hook|outs|default|options)\w*|(given|options)_\w+|main"
)


@pytest.mark.parametrize(
    ("name", "emitters"), [("kitchen", (c, sim)), ("scsi", (c, sim)), ("plan9", (c, tests))]
)
def test_every_name_that_is_declared_is_registered(
    name: str, emitters: tuple[ModuleType, ...], tmp_path: Path
) -> None:
    made = spec(name)
    known = registered(made)
    for emit in emitters:
        for path, text in emit.files(made).items():
            (tmp_path / path).parent.mkdir(exist_ok=True)
            (tmp_path / path).write_text(text, encoding="utf-8")
    for source in sorted(tmp_path.rglob("*.c")):
        found = declared(source)
        assert f"{name}_create" in found and len(found) > 50
        assert sorted(text for text in found - known if not FREE.fullmatch(text)) == [], source.name


def test_berth_declares_nothing_but_its_own_prefix() -> None:
    """A spec's names are held against the prefix alone. The simulator's names are not public."""
    headers = [
        f"<berth/{p.name}>"
        for folder in (INCLUDE, TESTING)
        for p in (folder / "berth").glob("*.h")
    ]
    text = "".join(f"#include {header}\n" for header in headers)
    paths = ("-I", INCLUDE, "-I", TESTING)
    listed = set(library.names())
    found = {
        name
        for name, _ in (*SCRIPT.declarations(text, *paths), *SCRIPT.macros(text, *paths))
        if library.MAKEABLE.fullmatch(name)
    }
    assert {"berth_error", "berth_manager_create", "berth_suite_main"} <= found
    assert sorted(name for name in found - listed if not name.lower().startswith("berth_")) == []
    assert (
        sorted(name for name in found if re.match(r"berth_(glue|hook|outs|default|options)_", name))
        == []
    )


# The harm.

SEMAPHORES = """\
#include <semaphore.h>
#include <stdio.h>
#include "NAME.h"
int main(void)
{
    sem_t one;
    sem_init(&one, 0, 1);
    printf("%d %d\\n", NAME_destroy(NULL, NULL), sem_destroy(&one));
    return 0;
}
"""


def test_a_manager_does_not_replace_what_the_program_calls(tmp_path: Path) -> None:
    """`manager: sem` would make sem_destroy the manager's, which takes a sem_t for a manager."""
    text = (ROOT / "examples" / "minimal" / "net.yaml").read_text(encoding="utf-8")
    for name in ("sem", "semaphores"):
        (tmp_path / f"{name}.yaml").write_text(
            text.replace("manager: net", f"manager: {name}"), encoding="utf-8"
        )
    berthc = [str(ROOT / "bin" / "berthc"), "gen", "-q", "-o", str(tmp_path)]
    refused = subprocess.run(
        [*berthc, str(tmp_path / "sem.yaml")], capture_output=True, text=True, check=False
    )
    assert refused.returncode != 0
    assert (
        "sem.yaml:2:10: error[c-name]: the function sem_destroy would be called 'sem_destroy' in C,"
        in refused.stderr
    )
    assert not (tmp_path / "sem").exists()
    run(*berthc, tmp_path / "semaphores.yaml")
    main = tmp_path / "main.c"
    main.write_text(SEMAPHORES.replace("NAME", "semaphores"), encoding="utf-8")
    folder, program = tmp_path / "semaphores", tmp_path / "program"
    run(
        "gcc",
        "-std=gnu11",
        "-I",
        INCLUDE,
        "-I",
        folder,
        main,
        folder / "semaphores.c",
        ROOT / "runtime" / "library.c",
        "-pthread",
        "-luuid",
        "-o",
        program,
    )
    assert subprocess.run([program], capture_output=True, text=True, check=True).stdout == "0 0\n"
