"""Where files go: by folder, flat, by name, to standard output; and their times."""
from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import BAD, ENV, ROOT, SCSI, berthc, process

NET = "examples/minimal/net.yaml"
STRICT = "-std=c11 -Wall -Wextra -Wpedantic -Werror".split()


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def compiles(*sources: Path, folders: tuple[Path, ...] = ()) -> None:
    include = [
        f"-I{folder}"
        for folder in (ROOT / "runtime/include", ROOT / "runtime/testing/include", *folders)
    ]
    done = subprocess.run(
        ["gcc", *STRICT, *include, "-fsyntax-only", *map(str, sources)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


# Bad combinations first: they say why, and write nothing.


@pytest.mark.parametrize(
    ("args", "why"),
    [("gen -o OUT/net.c examples/minimal/net.yaml spec/scsi.yaml", "is one file, for 2 specs"),
     ("tests -o OUT/net.c examples/minimal/net.yaml spec/scsi.yaml", "is one file, for 2 specs"),
     ("gen -o OUT --header OUT/net.h SPEC", "--header goes with -o FILE.c"),
     ("gen --header OUT/net.h SPEC", "--header goes with -o FILE.c"),
     ("tests -o OUT --header net.h SPEC", "--header goes with -o FILE.c"),
     ("gen --flat -o OUT/net.c SPEC", "--flat goes with a folder"),
     ("gen -o OUT/net.c --header OUT/net.c SPEC", "the name of a header ends in .h"),
     ("gen -o OUT/net.c --header OUT/folder.h SPEC", "OUT/folder.h: is a directory"),
     ('gen -o OUT/net.c --header OUT/a"b.h SPEC', "has no quotes"),
     ("gen -o OUT/folder.c SPEC",
      "OUT/folder.c: is a directory; to put the files there write -o OUT/folder.c/"),
     ("gen -o OUT/net.h SPEC", "--header names a header"),
     ("gen -o OUT/net.cpp SPEC", "the file of C code ends in .c"),
     ("gen -o - SPEC", "-o - is for docs and diagram"),
     ("tests -o - SPEC", "-o - is for docs and diagram"), ("gen -o  SPEC", "-o has no text"),
     ("docs -o  SPEC", "-o has no text"),
     ("gen -o OUT/net.c --depfile OUT/net.c SPEC",
      "--depfile OUT/net.c: is one of the files to write"),
     ("docs -o OUT/net.md SPEC",
      "for one file write -o - >OUT/net.md, for a folder of this name -o OUT/net.md/\n"
      "Try 'berthc docs --help'.\n"),
     ("diagram -o OUT/net.svg --only ownership.svg SPEC", "for one file write -o - >OUT/net.svg"),
     ("docs -o - --check SPEC", "--check goes with files"),
     ("docs -o - --depfile OUT/d SPEC", "--depfile goes with files"),
     ("docs -o - SPEC spec/scsi.yaml", "-o - prints one file, not those of 2 specs"),
     ("diagram -o - SPEC",
      "choose it by --only NAME, from: diagrams.md, diagrams.txt, ownership.dot"),
     ("diagram -o - --only *.dot SPEC", "from: ownership.dot, states-tap.dot"),
     ("diagram -o - --only states-top.dot SPEC",
      "there is no such diagram; did you mean 'states-tap.dot'? there are: diagrams.md"),
     ("diagram -o OUT --only ownership.dot --only x SPEC", "--only x: there is no such diagram")],
)
def test_what_does_not_go_together_is_refused_and_writes_nothing(
    args: str, why: str, tmp_path: Path
) -> None:
    (tmp_path / "folder.c").mkdir()
    (tmp_path / "folder.h").mkdir()
    words = [word.replace("OUT", str(tmp_path)).replace("SPEC", NET) for word in args.split(" ")]
    done = berthc(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("berthc: ") and why.replace("OUT", str(tmp_path)) in done.stderr
    assert files(tmp_path) == set()


def test_a_spec_is_never_overwritten(tmp_path: Path) -> None:
    spec = tmp_path / "net.c"
    spec.write_bytes((ROOT / NET).read_bytes())
    os.symlink("net.c", tmp_path / "link.c")
    for output in ("net.c", "link.c"):
        for option in (["-o"], ["-o", str(tmp_path / "other.c"), "--depfile"]):
            done = berthc("gen", "-q", *option, str(tmp_path / output), str(spec))
            assert done.returncode == 2
            assert f"{output}: is a spec, and would be overwritten" in done.stderr
    assert spec.read_bytes() == (ROOT / NET).read_bytes() and files(tmp_path) == {"net.c", "link.c"}


def test_a_bad_spec_leaves_the_named_files_alone(tmp_path: Path) -> None:
    for name in ("a.c", "a.h", "a.d"):
        (tmp_path / name).write_text("old\n")
    assert (
        berthc(
            "gen", "-o", str(tmp_path / "a.c"), "--depfile", str(tmp_path / "a.d"), BAD
        ).returncode
        == 1
    )
    assert {(tmp_path / name).read_text() for name in ("a.c", "a.h", "a.d")} == {"old\n"}


def test_when_writing_fails_what_was_asked_for_stays_old(tmp_path: Path) -> None:
    """A build system must run berthc again: it looks at the time of the first output."""
    (tmp_path / "net.c").write_text("old\n")
    os.utime(tmp_path / "net.c", (1, 1))
    blocked = ["--header", str(tmp_path / "net.c/net.h")], [
        "--depfile",
        str(tmp_path / "missing/net.d"),
    ]
    for more in blocked:
        done = berthc("gen", "-q", "-o", str(tmp_path / "net.c"), *more, NET)
        assert done.returncode == 2 and done.stderr.startswith(f"berthc: {tmp_path}")
        assert (tmp_path / "net.c").read_text() == "old\n" and (
            tmp_path / "net.c"
        ).stat().st_mtime == 1


# The forms.


def test_the_simulator_is_written_only_when_asked_for(tmp_path: Path) -> None:
    assert berthc("gen", "-q", "-o", str(tmp_path), NET).returncode == 0
    assert files(tmp_path) == {"net/net.c", "net/net.h"}
    assert berthc("gen", "-q", "--sim", "-o", str(tmp_path), NET).returncode == 0
    assert files(tmp_path) == {"net/net.c", "net/net.h", "net/net-sim.c"}


def test_flat_puts_all_files_into_one_folder(tmp_path: Path) -> None:
    assert berthc("gen", "-q", "--sim", "--flat", "-o", str(tmp_path), NET, SCSI).returncode == 0
    assert berthc("tests", "-q", "--flat", "-o", str(tmp_path), NET).returncode == 0
    assert files(tmp_path) == {
        "net.c",
        "net.h",
        "net-sim.c",
        "net-conformance.c",
        "scsi.c",
        "scsi.h",
        "scsi-sim.c",
    }
    compiles(*sorted(tmp_path.glob("*.c")))
    shutil.copy(tmp_path / "net.c", tmp_path / "kept")
    assert berthc("gen", "-q", "-o", str(tmp_path), NET).returncode == 0
    assert (tmp_path / "net/net.c").read_bytes() == (tmp_path / "kept").read_bytes()


def test_a_named_source_has_its_header_beside_it(tmp_path: Path) -> None:
    out = tmp_path / "made/taps"
    assert berthc("gen", "-q", "--sim", "-o", f"{out}.c", NET).returncode == 0
    assert berthc("tests", "-q", "-o", f"{out}-test.c", "--header", "taps.h", NET).returncode == 0
    assert files(tmp_path) == {"made/taps.c", "made/taps.h", "made/taps-sim.c", "made/taps-test.c"}
    compiles(*sorted((tmp_path / "made").glob("*.c")))


def test_a_header_in_another_folder_is_found_by_its_name(tmp_path: Path) -> None:
    source, header = tmp_path / "src/net.c", tmp_path / "include/api.h"
    assert berthc("gen", "-q", "-o", str(source), "--header", str(header), NET).returncode == 0
    assert files(tmp_path) == {"src/net.c", "include/api.h"}
    assert source.read_text().splitlines()[1] == '#include "api.h"'
    compiles(source, folders=(header.parent,))


def test_names_change_nothing_but_the_include(tmp_path: Path) -> None:
    assert berthc("gen", "-q", "-o", str(tmp_path), NET).returncode == 0
    assert berthc("gen", "-q", "-o", str(tmp_path / "other.c"), NET).returncode == 0
    assert (tmp_path / "other.h").read_text() == (tmp_path / "net/net.h").read_text()
    by_name = (tmp_path / "other.c").read_text()
    assert (
        by_name.replace('#include "other.h"', '#include "net.h"')
        == (tmp_path / "net/net.c").read_text()
        != by_name
    )


def test_a_test_suite_by_name_includes_the_header_of_the_manager(tmp_path: Path) -> None:
    assert berthc("tests", "-q", "-o", str(tmp_path / "t.c"), NET).returncode == 0
    assert files(tmp_path) == {"t.c"} and '#include "net.h"\n' in (tmp_path / "t.c").read_text()


def test_a_folder_may_be_called_like_a_file(tmp_path: Path) -> None:
    assert berthc("gen", "-q", "-o", f"{tmp_path}/v1.c/", NET).returncode == 0
    assert files(tmp_path) == {"v1.c/net/net.c", "v1.c/net/net.h"}


@pytest.mark.parametrize(
    "more",
    [
        ["gen", "-o", "OUT/a b.c"],
        ["gen", "--flat", "-o", "OUT"],
        ["gen", "--sim", "-o", "OUT/x.c", "--header", "OUT/y.h"],
        ["tests", "-o", "OUT/x.c", "--header", "y.h"],
        ["diagram", "-o", "OUT", "--only", "states-*.dot", "--only", "diagrams.txt"],
    ],
)
def test_the_drift_check_knows_the_same_places_and_says_how_to_renew(
    more: list[str], tmp_path: Path
) -> None:
    words = [word.replace("OUT", str(tmp_path)) for word in more]
    done = berthc(*words, "--check", NET)
    assert done.returncode == 1 and files(tmp_path) == set()
    command = done.stderr.rsplit("renew with: berthc ", 1)[1].strip()
    assert berthc(*shlex.split(command)).returncode == 0
    made = files(tmp_path)
    done = berthc(*words, "--check", NET)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert made and files(tmp_path) == made


# Standard output.


def test_the_page_and_one_diagram_go_to_standard_output(tmp_path: Path) -> None:
    assert berthc("docs", "-o", str(tmp_path), NET).returncode == 0
    assert berthc("diagram", "-o", str(tmp_path), NET).returncode == 0
    done = berthc("docs", "-o", "-", NET)
    assert (done.returncode, done.stderr) == (0, "")
    page = (tmp_path / "net/README.md").read_text()
    assert "](states-tap.svg)" in page and "](states-tap.svg)" not in done.stdout
    assert set(page.splitlines()) - set(done.stdout.splitlines()) == {
        line for line in page.splitlines() if ".svg)" in line or "(diagrams.md)" in line
        or line.startswith("Made from") or "beside each" in line}
    for name in ("states-tap.dot", "diagrams.txt", "sequence-open.svg", "ownership.svg"):
        done = berthc("diagram", "-o", "-", "--only", name, NET)
        assert (done.returncode, done.stderr, done.stdout) == (
            0,
            "",
            (tmp_path / "net" / name).read_text(),
        )


def test_standard_output_is_utf_8_whatever_the_terminal_has(tmp_path: Path) -> None:
    spec = tmp_path / "net.yaml"
    spec.write_text(
        (ROOT / NET).read_text(encoding="utf-8").replace("One tap.", "Ein Gerät."), encoding="utf-8"
    )
    done = subprocess.run(
        [sys.executable, "-m", "berthc", "docs", "-o", "-", str(spec)],
        capture_output=True,
        cwd=ROOT,
        env={**ENV, "PYTHONIOENCODING": "ascii"},
        check=True,
    )
    assert "Ein Gerät." in done.stdout.decode("utf-8")


def test_only_some_diagrams_of_several_managers(tmp_path: Path) -> None:
    assert (
        berthc(
            "diagram",
            "-o",
            str(tmp_path),
            "--only",
            "states-disk.dot",
            "--only",
            "ownership.dot",
            NET,
            SCSI,
        ).returncode
        == 0
    )
    assert files(tmp_path) == {"net/ownership.dot", "scsi/ownership.dot", "scsi/states-disk.dot"}


def test_a_diagram_that_cannot_be_drawn_is_a_failure(tmp_path: Path) -> None:
    done = process(
        "diagram", "-o", "-", "--only", "ownership.svg", NET, env={**ENV, "PATH": str(tmp_path)}
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "graphviz" in done.stderr and "the diagram cannot be drawn" in done.stderr


# Build systems.


def test_files_get_a_new_time_for_a_build_system_only(tmp_path: Path) -> None:
    named, folder, listed = (
        ["-o", str(tmp_path / "a.c")],
        ["-o", str(tmp_path)],
        ["--depfile", str(tmp_path / "a.d")],
    )
    for args, fresh in (
        (named, True),
        (folder, False),
        ([*folder, *listed], True),
        ([*named, *listed], True),
    ):
        assert berthc("gen", "-q", *args, NET).returncode == 0
        made = [path for path in tmp_path.rglob("*") if path.is_file()]
        for path in made:
            os.utime(path, (1, 1))
        assert berthc("gen", "-q", *args, NET).returncode == 0
        assert [path.name for path in made if (path.stat().st_mtime > 1) != fresh] == []
        for path in made:
            path.unlink()


def test_the_depfile_begins_with_what_was_asked_for_and_has_all_outputs(tmp_path: Path) -> None:
    def targets(*args: str) -> list[str]:
        assert berthc(*args, "-q", "--depfile", str(tmp_path / "d"), NET).returncode == 0
        return (tmp_path / "d").read_text().split(": ")[0].split()

    out = str(tmp_path)
    assert targets("gen", "-o", f"{out}/z.c", "--header", f"{out}/a.h") == [
        f"{out}/z.c",
        f"{out}/a.h",
    ]
    assert targets("gen", "-o", f"{out}/z.c", "--sim") == [
        f"{out}/z.c",
        f"{out}/z.h",
        f"{out}/z-sim.c",
    ]
    assert targets("gen", "-o", out) == [f"{out}/net/net.c", f"{out}/net/net.h"]
    assert targets("tests", "-o", f"{out}/t.c") == [f"{out}/t.c"]
    assert targets("docs", "-o", out)[:2] == [f"{out}/net/README.md", f"{out}/net/diagrams.md"]
