"""What is said of the C header holds: programs against the old one do or do not compile, and
numbers do or do not move."""
from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from berthc.diff.header import Header, breaks, read_header
from berthc.emit.c import header
from berthc.lower import lower
from berthc.model import Manager
from berthc.names import identifiers
from berthc.pipeline import search_text
from diff_cases import ROOT, SPECS, Case, cases

CC = shutil.which("cc") or shutil.which("gcc") or ""
FLAGS = ["-std=gnu11", "-Werror=incompatible-pointer-types", f"-I{ROOT}/runtime/include"]


def model(text: str) -> Manager:
    manager = search_text("spec.yaml", text)[1]
    assert manager is not None
    return manager


def text_of(manager: Manager) -> str:
    return header(manager, lower(manager))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_everything_that_a_header_declares_is_read(path: Path) -> None:
    manager = model(path.read_text(encoding="utf-8"))
    found = read_header(text_of(manager))
    known = {*found.numbers, *found.structs, *found.functions, *found.macros, *found.enums}
    skipped = {manager.name, f"{manager.name}_manager_type", f"{manager.name}_visit",
               f"{manager.name.upper()}_ARENA_SIZE"}
    assert {i.text for i in identifiers(manager) if i.scope == ""} - known <= skipped
    assert breaks(text_of(manager), text_of(manager), manager.name) == []


def uses(old: Header, name: str) -> str:
    """A program that uses all that a header declares, with its types."""
    lines = [f'#include "{name}.h"']
    lines += [f"int use_{n} = (int){word};" for n, word in enumerate(old.numbers)]
    for n, (function, declared) in enumerate(old.functions.items()):
        result, _, arguments = declared.partition("(")
        lines.append(f"{result} (*call_{n})({arguments} = {function};")
    for struct, members in old.structs.items():
        for member, declared in members.items():
            place = f"((({struct} *)0)->{member})"
            short = member.split(".")[-1]
            kind = re.sub(rf"\b{short}\b(?=\)|$)", "", declared)
            if "[" in declared or declared == "union":
                lines.append(f"_Static_assert(sizeof{place} > 0, \"\");")
            else:
                lines.append(f"_Static_assert(__builtin_types_compatible_p(__typeof__{place}, "
                             f"{kind}), \"\");")
    lines += [f"#ifndef {macro}\n#error {macro}\n#endif" for macro in old.macros]
    return "\n".join([*lines, ""])


def numbers(old: Header, new: Header, name: str) -> str:
    """A program that prints every number that both headers have."""
    both = [w for w in old.numbers if w in new.numbers]
    lines = [f'printf("{w} %ld\\n", (long){w});' for w in both]
    for struct, members in old.structs.items():
        if struct in new.structs:
            lines.append(f'printf("sizeof {struct} %zu\\n", sizeof({struct}));')
            lines += [f'printf("{struct}.{m} %zu\\n", offsetof({struct}, {m}));' for m in members
                      if m in new.structs[struct]]
    lines += [f'printf("{m} %ld\\n", (long){m});' for m in old.macros
              if m in new.macros and m.endswith(("_SIZE", "_VERSION"))]
    return (f'#include <stdio.h>\n#include "{name}.h"\nint main(void) {{\n' + "\n".join(lines)
            + "\nreturn 0;\n}\n")


def compiles(folder: Path, program: str) -> bool:
    (folder / "use.c").write_text(program, encoding="utf-8")
    return subprocess.run([CC, *FLAGS, "-fsyntax-only", "use.c"], cwd=folder, check=False,
                          capture_output=True).returncode == 0


def printed(folder: Path, program: str) -> str:
    (folder / "numbers.c").write_text(program, encoding="utf-8")
    subprocess.run([CC, *FLAGS, "-o", "numbers", "numbers.c"], cwd=folder, check=True)
    return subprocess.run([folder / "numbers"], check=True, capture_output=True, text=True).stdout


@pytest.mark.skipif(not CC, reason="needs a C compiler")
@pytest.mark.parametrize("case", [c for c in cases() if c.c != "errors"], ids=lambda c: c.name)
def test_programs_fare_as_is_said(case: Case, tmp_path: Path) -> None:
    old, new = model(case.old), model(case.new)
    texts = {"old": text_of(old), "new": text_of(new)}
    said = breaks(texts["old"], texts["new"], new.name)
    is_source = any(one.is_source for one in said)
    assert case.c == ("API" if is_source else "ABI" if said else "none")
    for side, text in texts.items():
        (tmp_path / side).mkdir()
        (tmp_path / side / f"{old.name}.h").write_text(text, encoding="utf-8")
    before, after = read_header(texts["old"]), read_header(texts["new"])
    program = uses(before, old.name)
    assert compiles(tmp_path / "old", program)
    assert compiles(tmp_path / "new", program) == (not is_source)
    tell = numbers(before, after, old.name)
    moved = printed(tmp_path / "old", tell) != printed(tmp_path / "new", tell)
    if not is_source:
        assert moved == bool(said)
