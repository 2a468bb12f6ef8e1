"""The example projects build against an installed Berth, and only what changed is built again."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from installation import ROOT, Installation, make

pytestmark = pytest.mark.long


@dataclass(frozen=True)
class BuildSystem:
    """How one of the projects is configured, built and tested, in its own folder."""

    folder: str  # below examples
    configure: str
    build: str
    test: str
    program: str
    work: str  # what each line shows that tells of a file that was made


NINJA_WORK = r"^\[\d+/\d+\] .*"
SYSTEMS = {
    "make": BuildSystem("make", "true", "make", "make check", "./taps", r"^(?:cc|berthc) .*"),
    "cmake with Ninja": BuildSystem(
        "cmake",
        "cmake -G Ninja -B build",
        "ninja -C build",
        "ctest --test-dir build --output-on-failure",
        "build/taps",
        NINJA_WORK,
    ),
    "cmake with make": BuildSystem(
        "cmake",
        "cmake -G 'Unix Makefiles' -B build",
        "cmake --build build",
        "ctest --test-dir build --output-on-failure",
        "build/taps",
        r"^\[ *\d+%\] (?!Built target).*",
    ),
    "meson": BuildSystem(
        "meson",
        "meson setup build",
        "meson compile -C build",
        "meson test -C build",
        "build/taps",
        NINJA_WORK,
    ),
}


@pytest.fixture(scope="module")
def with_blank(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation in a folder with a blank in its name."""
    prefix = tmp_path_factory.mktemp("build systems") / "a prefix"
    done = make("install", f"PREFIX={prefix}")
    assert done.returncode == 0, done.stdout + done.stderr
    return Installation(prefix)


class Project:
    """A copy of an example, as a user has it."""

    def __init__(self, system: BuildSystem, installed: Installation, folder: Path) -> None:
        self.system, self.installed = system, installed
        self.folder = folder / system.folder
        shutil.copytree(ROOT / "examples" / system.folder, self.folder)
        self.spec = self.folder / "net.yaml"
        self.run(system.configure)

    def run(self, command: str) -> str:
        done = self.installed.run(command, self.folder)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def build(self) -> list[str]:
        """What the build system made, a line each."""
        return re.findall(self.system.work, self.run(self.system.build), re.M)

    def replace(self, old: str, new: str) -> None:
        text = self.spec.read_text(encoding="utf-8")
        assert old in text
        self.spec.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(params=SYSTEMS)
def project(request: pytest.FixtureRequest, with_blank: Installation, tmp_path: Path) -> Project:
    return Project(SYSTEMS[request.param], with_blank, tmp_path)


def generated(lines: list[str]) -> list[str]:
    """The lines that tell of a run of berthc."""
    return [line for line in lines if re.search(r"Generating|berthc (gen|tests)", line)]


def test_only_what_has_a_reason_is_made_again(project: Project) -> None:
    assert len(project.build()) >= 4
    assert "second is gone" in project.run(project.system.program)
    project.run(project.system.test)
    assert project.build() == []
    # A new time is a reason once, even if the text of all outputs stays the same.
    emitter = project.installed.prefix / "share/berth/python/berthc/emit/c"
    for touched in (project.spec, emitter / "manager.c.j2"):
        touched.touch()
        assert generated(project.build()) != []
        assert project.build() == []


def test_a_change_of_the_spec_reaches_the_program_and_the_tests(project: Project) -> None:
    project.build()
    project.replace("ok: up", "ok: nowhere")
    for _ in range(2):
        done = project.installed.run(project.system.build, project.folder)
        assert done.returncode != 0 and "unknown-state" in done.stdout
    project.replace("ok: nowhere", "ok: up")
    project.replace("max_length: 15", "max_length: 3")
    assert generated(project.build()) != []
    assert project.build() == []
    done = project.installed.run(project.system.program, project.folder)
    assert done.returncode != 0, "tap0 is longer than the spec allows now"
    project.run(project.system.test)


def test_tests_are_left_out_where_berth_testing_is_not(tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    assert make("install-runtime", "install-compiler", f"PREFIX={prefix}").returncode == 0
    for system, more in (("cmake with Ninja", " -DBUILD_TESTING=OFF"), ("meson", "")):
        found = SYSTEMS[system]
        changed = BuildSystem(**{**vars(found), "configure": found.configure + more})
        project = Project(changed, Installation(prefix), tmp_path / found.folder)
        assert not any("test" in line for line in project.build())
        assert "second is gone" in project.run(project.system.program)


@pytest.mark.parametrize("deps", ["", "  deps = gcc\n"], ids=["depfile", "deps"])
def test_ninja_needs_no_restat(installed: Installation, tmp_path: Path, deps: str) -> None:
    """The outputs are newer than the inputs after each run, even if their text is the same."""
    shutil.copy(ROOT / "examples/minimal/net.yaml", tmp_path / "my net.yaml")
    (tmp_path / "build.ninja").write_text(
        "rule gen\n"
        "  command = berthc gen -q --sim -o $out --header api/net.h --depfile net.d $in\n"
        f"  depfile = net.d\n{deps}"
        "build src/net.c | api/net.h src/net-sim.c: gen my$ net.yaml\n",
        encoding="utf-8",
    )
    for _ in range(2):
        (tmp_path / "my net.yaml").touch()
        done = installed.run("ninja", tmp_path)
        assert done.returncode == 0 and "[1/1]" in done.stdout, done.stdout
        done = installed.run("ninja -d explain", tmp_path)
        assert done.returncode == 0 and "no work to do" in done.stdout, done.stdout


def test_the_examples_share_their_sources() -> None:
    """The build files differ, not the program: links in the repository, files when installed."""
    for folder in ("cmake", "make", "meson"):
        for name in ("main.c", "net.yaml"):
            path = ROOT / "examples" / folder / name
            assert path.read_bytes() == (ROOT / "examples/minimal" / name).read_bytes()


def test_cmake_finds_no_fault_in_the_project(with_blank: Installation, tmp_path: Path) -> None:
    project = Project(SYSTEMS["cmake with Ninja"], with_blank, tmp_path)
    done = with_blank.run("cmake -Werror=dev --warn-uninitialized -B build 2>&1", project.folder)
    assert done.returncode == 0 and "Warning" not in done.stdout, done.stdout
