"""The build does what its variables ask for; a sanitizer that is silently left out would make every
run look clean."""
from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from installation import ROOT, clean_environment, make, version


def commands(*settings: str) -> list[str]:
    """What would be run to build the library from scratch."""
    done = make(
        "-n",
        "V=1",
        "BUILD=build/never",
        *settings,
        "build/never/libberth.a",
        "build/never/libberth.so." + version(),
    )
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if " -o build/never/" in line]


@pytest.mark.parametrize(("setting", "flag"), [
    ("SANITIZE=thread", "-fsanitize=thread"),
    ("SANITIZE=address,undefined", "-fsanitize=address,undefined"),
    ("COVERAGE=1", "--coverage"),
])
def test_every_compilation_and_link_is_instrumented(setting: str, flag: str) -> None:
    found = commands(setting)
    assert len(found) == 2
    assert [line for line in found if flag not in line.split()] == []


def test_warnings_are_errors() -> None:
    for flag in (
        "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror",
    ):
        assert [line for line in commands() if " -c " in line and flag not in line.split()] == []


def test_flags_of_the_caller_come_last() -> None:
    for line in commands("CFLAGS=-O3 -DMARK"):
        if " -c " in line:
            assert line.split().index("-DMARK") > line.split().index("-Werror")


def test_help_names_the_targets() -> None:
    named = {line.split()[0] for line in make("help").stdout.splitlines() if line.startswith("  ")}
    assert {
        "all", "demo", "demo-netns", "test", "lint", "asan", "tsan", "valgrind", "coverage",
        "mutants", "soak",
        "diagrams", "check-drift", "check-budget", "bench", "install", "install-runtime",
        "uninstall", "clean", "setup",
    } <= named


def test_a_failing_compiler_leaves_no_file(tmp_path: Path) -> None:
    """A spec with a mistake: make fails, and fails again, instead of going on with what was
    left."""
    spec = ROOT / "examples/minimal/net.yaml"
    broken = tmp_path / "net.yaml"
    broken.write_text(
        spec.read_text(encoding="utf-8").replace("ok: up", "ok: nowhere"), encoding="utf-8"
    )
    for _ in range(2):
        done = make(
            f"BUILD={tmp_path}/build", f"EXAMPLE_SPECS={broken}", f"{tmp_path}/build/net/net.o"
        )
        assert done.returncode != 0
        assert "nowhere" in done.stderr
    assert [path for path in tmp_path.rglob("net.*") if path != broken] == []


def test_the_library_has_every_file_of_the_runtime() -> None:
    included = re.findall(
        r'#include "src/[\w/]+/(\w+\.c)"', (ROOT / "runtime/library.c").read_text(encoding="utf-8")
    )
    assert sorted(included) == sorted(path.name for path in (ROOT / "runtime/src").glob("**/*.c"))


# Only what changed is made again.

MANAGERS = {
    path.stem
    for folder in (
        "spec", "tests/gen/specs", "examples/minimal", "examples/netns", "examples/qemu",
        "examples/restart", "examples/migrate",
    )
    for path in (ROOT / folder).glob("*.yaml")
}
# The tests of stores have a manager of their own, and no suite of it.
EACH_STEP = {(m, step) for m in MANAGERS for step in ("gen", "tests")} | {
    ("depository", "gen"), ("leases", "gen")}


@pytest.fixture(scope="module")
def built() -> None:
    done = make("suites")
    assert done.returncode == 0, done.stderr


def made_again(changed: str, *targets: str) -> set[tuple[str, str]]:
    """The steps that make would run if a file changed: managers and their stamps."""
    assert (ROOT / changed).exists()
    done = make("-n", "-W", changed, *targets)
    assert done.returncode == 0, done.stderr
    return set(re.findall(r" (?:GEN|CHECK) \S+/(\w+)/(\w+)\.stamp", done.stdout))


@pytest.mark.parametrize(("changed", "steps"), [
    ("README.md", set()),
    ("gen/berthc/diff/match.py", set()),
    ("gen/berthc/explore/search.py", set()),
    ("gen/berthc/emit/docs/page.py", set()),
    ("spec/scsi.yaml", {("scsi", "gen"), ("scsi", "tests")}),
    ("gen/berthc/emit/tests/tests.c.j2", {(m, "tests") for m in MANAGERS}),
    ("gen/berthc/emit/sim/__init__.py", {(m, "gen") for m in MANAGERS}),
    ("spec/schema/berth.schema.json", EACH_STEP),
    ("gen/berthc/names/__init__.py", EACH_STEP),
])
def test_only_what_a_file_is_part_of_is_generated_again(
    built: None, changed: str, steps: set[tuple[str, str]]
) -> None:
    assert made_again(changed, "suites") == steps


def test_making_everything_explores_nothing() -> None:
    assert "explored" not in make("-n", "BUILD=build/never", "all").stdout
    assert (
        "CHECK build/never/scsi/explored.stamp"
        in make("-n", "BUILD=build/never", "check-specs").stdout
    )


@pytest.mark.parametrize("command", ["gen --sim", "tests", "check"])
def test_a_depfile_names_all_that_a_step_needs(tmp_path: Path, command: str) -> None:
    """The files that it names are enough to do the same elsewhere."""
    spec, copy = "examples/minimal/net.yaml", tmp_path / "copy"

    def generate(folder: Path, out: str) -> dict[str, str]:
        place = [] if command == "check" else ["-q", "-o", str(tmp_path / out)]
        stamp = str(tmp_path / f"{out}.stamp")
        done = subprocess.run(
            [sys.executable, "scripts/generate", stamp, *command.split(), *place, spec],
            cwd=folder, env=clean_environment(), capture_output=True, text=True, check=True)
        made = {
            path.name: path.read_text(encoding="utf-8") for path in (tmp_path / out).rglob("*.*")
        }
        return {"": done.stdout, **made}

    wanted = generate(ROOT, "first")
    rule = (tmp_path / "first.stamp.d").read_text(encoding="utf-8").split("\n\n")[0]
    for name in re.findall(r"^ (\S+)(?: \\)?$", rule, re.M):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    assert generate(copy, "second") == wanted and wanted != {"": ""}


def test_make_works_from_another_folder(tmp_path: Path) -> None:
    (tmp_path / "it's a link").symlink_to(ROOT)
    target = f"{tmp_path}/build/net/net.o"
    done = subprocess.run(["make", "-f", "it's a link/Makefile", f"BUILD={tmp_path}/build", target],
                          cwd=tmp_path,
                          env=clean_environment(),
                          capture_output=True,
                          text=True,
                          check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert Path(target).exists()
    first = subprocess.run(["make", "-f", f"{ROOT}/Makefile", "-n", f"BUILD={tmp_path}/other"],
                           cwd=tmp_path,
                           env=clean_environment(),
                           capture_output=True,
                           text=True,
                           check=False)
    assert f"{tmp_path}/other/libberth.a" in first.stdout
