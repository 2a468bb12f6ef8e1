"""Set-up asks for one interpreter with every module of a set, and says in time what is missing."""
from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from installation import ROOT, clean_environment, make, script

BUILD_MODULES = ("yaml", "jinja2")
TEST_MODULES = (*BUILD_MODULES, "pytest", "jsonschema")
TOOLS = ("sh", "env", "tr", "sort", "sed", "dirname", "cat", "mktemp", "rm", "true",
         "awk", "mv")
COMMANDS = (
    "gcc", "g++", "make", "clang", "pkg-config", "dot", "valgrind", "cmake", "ninja",
    "meson", "arm-none-eabi-gcc", "qemu-system-x86_64", "fish", "zsh", "man", "mandoc",
    "shellcheck",
)


@dataclass
class Machine:
    """A machine whose PATH is one folder, and whose Debian interpreter is `system`."""
    folder: Path

    @property
    def bin(self) -> Path:
        return self.folder / "bin"

    @property
    def system(self) -> Path:
        return self.folder / "system/python3"

    @property
    def installed(self) -> list[str]:
        """What apt-get was asked to install, a line each time."""
        log = self.folder / "apt.log"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        return [line.split("Timeout=300 ")[1] for line in lines if line.startswith("install")]

    def python(self, path: Path, modules: Iterable[str], **texts: str) -> Path:
        """A real interpreter, with empty modules of these names and no others."""
        home = path.with_name(path.name + "-modules")
        home.mkdir(exist_ok=True)
        for name in (*modules, *texts):
            (home / f"{name}.py").write_text(texts.get(name, ""), encoding="utf-8")
        return script(path, f"PYTHONPATH={home} exec {sys.executable} -S \"$@\"")

    def old_python(self, path: Path) -> Path:
        home = path.with_name(path.name + "-modules")
        home.mkdir()
        text = "import sys\nsys.version_info = (3, 10, 4)\n"
        (home / "sitecustomize.py").write_text(text, encoding="utf-8")
        return script(path, f"PYTHONPATH={home} exec {sys.executable} \"$@\"")

    def user(self, number: int) -> None:
        script(self.bin / "id", f"echo {number}")

    def apt(self, effect: str = ":") -> None:
        log = f'echo "$*" >>{self.folder}/apt.log'
        script(self.bin / "apt-get", f"{log}\ncase $1 in install) {effect} ;; esac")

    def apt_with_python(self) -> None:
        """Installing gives Debian's interpreter all that Debian has modules for."""
        ready = self.python(self.folder / "ready", (*TEST_MODULES, "coverage"))
        self.apt(f"/bin/cp {ready} {self.system}")

    def run(self, name: str, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.bin), "SYSTEM_PYTHON": str(self.system), **extra}
        return subprocess.run([str(ROOT / "scripts" / name), *arguments], env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              timeout=60)


@pytest.fixture
def bare(tmp_path: Path) -> Machine:
    """The shell's helpers and nothing that set-up looks for; apt-get as root."""
    machine = Machine(tmp_path)
    machine.bin.mkdir()
    machine.system.parent.mkdir()
    for name in TOOLS:
        (machine.bin / name).symlink_to(str(shutil.which(name)))
    machine.user(0)
    machine.apt()
    return machine


@pytest.fixture
def tools(bare: Machine) -> Machine:
    """All that `make ci` needs, except Python."""
    for name in COMMANDS:
        script(bare.bin / name, "exit 0")
    return bare


PYTHON_PACKAGES = "python3 python3-jinja2 python3-jsonschema python3-pytest python3-yaml"


@pytest.mark.parametrize("lacking", TEST_MODULES)
def test_modules_spread_over_interpreters_do_not_count(tools: Machine, lacking: str) -> None:
    """Each module is in some interpreter; all packages are installed, so that Debian's has all."""
    tools.python(tools.bin / "python3", [name for name in TEST_MODULES if name != lacking])
    tools.python(tools.bin / "python3.11", [lacking])
    tools.python(tools.system, [lacking])
    tools.apt_with_python()
    done = tools.run("setup", "test")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"setup: installing {PYTHON_PACKAGES}\n"
    assert tools.installed == [PYTHON_PACKAGES]
    assert tools.run("setup", "--python", "test").stdout == f"{tools.system}\n"


def test_the_second_time_nothing_is_done(tools: Machine) -> None:
    tools.apt_with_python()
    assert tools.run("setup", "test").returncode == 0
    (tools.folder / "apt.log").unlink()
    done = tools.run("setup", "test")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (tools.folder / "apt.log").exists()


def test_without_privileges_it_prints_what_lacks_and_the_command(tools: Machine) -> None:
    tools.user(1000)
    tools.python(tools.bin / "python3", ("yaml", "jinja2", "jsonschema"))
    tools.python(tools.system, ("yaml", "pytest"))
    done = tools.run("setup", "test")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        (
            "berth: no usable Python: one, 3.11 or later, must have all of: "
            "jinja2 jsonschema pytest yaml"
        ),
        f"  {tools.bin}/python3: lacks pytest",
        f"  {tools.system}: lacks jinja2 jsonschema",
        (
            f"berth: on Debian: apt-get install {PYTHON_PACKAGES}; "
            "or set PYTHON to an interpreter that has them"
        ),
        "setup: missing packages; run",
        "",
        f"    sudo apt-get install -y {PYTHON_PACKAGES}",
        "",
    ]
    assert not (tools.folder / "apt.log").exists()


def test_it_installs_by_sudo_where_that_asks_nothing(tools: Machine) -> None:
    tools.user(1000)
    script(tools.bin / "sudo", f'echo "$*" >>{tools.folder}/sudo.log\nshift\nexec "$@"')
    tools.apt_with_python()
    assert tools.run("setup", "test").returncode == 0
    log = (tools.folder / "sudo.log").read_text(encoding="utf-8").splitlines()
    assert log[0] == "-n true"
    assert log[-1].startswith("-n env DEBIAN_FRONTEND=noninteractive apt-get install ")
    assert log[-1].endswith(PYTHON_PACKAGES)


def test_packages_cannot_serve_the_interpreter_that_the_user_chose(tools: Machine) -> None:
    tools.python(tools.system, TEST_MODULES)
    mine = tools.python(tools.folder / "mine", BUILD_MODULES)
    done = tools.run("setup", "test", PYTHON=str(mine))
    assert done.returncode == 1
    assert f"  {mine}: lacks jsonschema pytest\n" in done.stderr
    assert "berth: PYTHON is set, so no other is tried: " in done.stderr
    assert done.stderr.splitlines()[-1] == (
        f"setup: nothing was installed: Debian packages serve {tools.system} alone")
    assert tools.installed == []


def test_debian_s_interpreter_is_served_when_the_user_chose_it(tools: Machine) -> None:
    tools.python(tools.system, ())
    tools.apt_with_python()
    assert tools.run("setup", "test", PYTHON=str(tools.system)).returncode == 0
    assert tools.installed == [PYTHON_PACKAGES]


def test_an_old_interpreter_of_the_system_is_told_before_installing(bare: Machine) -> None:
    bare.old_python(bare.system)
    done = bare.run("setup", "test")
    assert done.returncode == 1
    assert f"  {bare.system}: is Python 3.10\n" in done.stderr
    assert bare.installed == []


def test_packages_that_do_not_help_are_no_success(tools: Machine) -> None:
    """A command that PATH finds first stays broken, whatever is installed."""
    script(tools.bin / "gcovr", "exit 127")
    tools.apt_with_python()
    done = tools.run("setup", "coverage")
    assert done.returncode == 1
    assert done.stderr == ("setup: everything was installed, and yet this is not found:\n"
                           "  gcovr: runs gcovr --version\n")


def test_an_interpreter_without_its_modules_after_installing_is_no_success(tools: Machine) -> None:
    done = tools.run("setup", "test")
    assert done.returncode == 1
    assert f"  {tools.system}: not found\n" in done.stderr


def test_as_root_it_installs_what_is_missing_and_only_that(bare: Machine) -> None:
    script(bare.bin / "gcc", "exit 0")
    bare.apt_with_python()
    bare.run("setup", "build")
    assert bare.installed == ["make python3 python3-jinja2 python3-yaml"]


def test_what_only_long_tests_need_is_not_installed_for_the_others(bare: Machine) -> None:
    """This apt-get installs nothing, so the second set-up asks for what the first asked for,
    too."""
    script(bare.bin / "gcc", "exit 0")
    bare.python(bare.system, TEST_MODULES)
    bare.run("setup", "test")
    first = len(bare.installed)  # what can be done without is asked for in lines of its own
    bare.run("setup", "ci")
    quick, whole = (set(bare.installed[i].split()) for i in (0, first))
    assert whole - quick == {
        "clang", "libclang-rt-dev", "cmake", "ninja-build", "meson", "valgrind"
    }


def test_where_there_is_no_apt_it_names_the_packages(bare: Machine) -> None:
    (bare.bin / "apt-get").unlink()
    done = bare.run("setup", "build")
    assert done.returncode == 1
    assert "berth: no usable Python" in done.stderr
    assert ("missing, by their Debian names: "
            "gcc libc6-dev make python3 python3-jinja2 python3-yaml uuid-dev\n") in done.stderr


def test_a_failed_installation_is_a_failure(bare: Machine) -> None:
    bare.apt("exit 1")
    done = bare.run("setup", "build")
    assert done.returncode == 1
    assert "installing failed: gcc" in done.stderr


def test_what_can_be_done_without_is_no_failure(tools: Machine) -> None:
    (tools.bin / "arm-none-eabi-gcc").unlink()
    tools.python(tools.system, TEST_MODULES)
    tools.apt("exit 1")
    done = tools.run("setup", "ci")
    assert done.returncode == 0
    assert done.stderr == ("setup: not there, so tests that need them are skipped: "
                           "gcc-arm-none-eabi libnewlib-arm-none-eabi\n")


@pytest.mark.parametrize("arguments", [("everything",), ("--python", "everything"), ("--python",)])
def test_an_unknown_set_is_bad_usage(bare: Machine, arguments: tuple[str, ...]) -> None:
    done = bare.run("setup", *arguments)
    assert done.returncode == 2
    assert "no such set: " in done.stderr


@pytest.mark.parametrize(
    "name",
    [
        "build", "bench", "small", "docs", "asan", "tsan", "valgrind", "test", "ci", "lint",
        "coverage",
    ],
)
def test_every_set_asks_for_its_modules(bare: Machine, name: str) -> None:
    """One that lacks the last module is passed over."""
    longer = {
        "test": TEST_MODULES,
        "ci": TEST_MODULES,
        "lint": TEST_MODULES,
        "coverage": (*TEST_MODULES, "coverage")
    }
    needed = longer.get(name, BUILD_MODULES)
    bare.python(bare.bin / "python3", needed[:-1])
    whole = bare.python(bare.bin / "python3.12", needed)
    assert bare.run("setup", "--python", name).stdout == f"{whole}\n"


# find-python

def test_a_python_without_the_modules_is_passed_over(bare: Machine) -> None:
    bare.python(bare.bin / "python3", ["yaml"])
    found = bare.python(bare.bin / "python3.11", BUILD_MODULES)
    done = bare.run("find-python", *BUILD_MODULES)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{found}\n", "")


def test_each_python3_on_path_is_tried(bare: Machine, tmp_path: Path) -> None:
    other = tmp_path / "an other"
    other.mkdir()
    script(bare.bin / "python3", "exit 1")
    real = bare.python(tmp_path / "real", BUILD_MODULES)
    found = script(other / "python3", f'exec {real} "$@"')
    done = bare.run("find-python", *BUILD_MODULES, PATH=f"{bare.bin}:{other}")
    assert (done.returncode, done.stdout) == (0, f"{found}\n")
    assert bare.run("find-python", *BUILD_MODULES, PYTHON=str(found)).stdout == f"{found}\n"


def test_no_usable_python_is_said_with_what_is_wrong_with_each(bare: Machine) -> None:
    script(bare.bin / "python3", "echo not installed here >&2; exit 127")
    bare.old_python(bare.bin / "python3.13")
    bare.python(bare.bin / "python3.12", ["yaml"], jinja2="raise ImportError('no markupsafe')")
    script(bare.bin / "python3.11", "exit 0")
    done = bare.run("find-python", "--import", *BUILD_MODULES)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "berth: no usable Python: one, 3.11 or later, must have all of: yaml jinja2",
        f"  {bare.bin}/python3: does not run (status 127)",
        f"  {bare.system}: not found",
        f"  {bare.bin}/python3.13: is Python 3.10",
        f"  {bare.bin}/python3.12: cannot import jinja2 (no markupsafe)",
        f"  {bare.bin}/python3.11: does not run (status 0)",
        (
            "berth: on Debian: apt-get install python3 python3-yaml python3-jinja2; "
            "or set PYTHON to an interpreter that has them"
        ),
    ]


def test_a_folder_with_the_name_of_a_module_is_none(
    bare: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "yaml").mkdir()
    monkeypatch.chdir(tmp_path)
    bare.python(bare.bin / "python3", [])
    assert "python3: lacks yaml\n" in bare.run("find-python", "yaml").stderr


# make

@pytest.mark.parametrize(("goal", "lacking"), [
    ("check", "pytest"), ("run-lint", "jsonschema"), ("coverage-python", "coverage"),
    ("all", "jinja2"), ("check-c", "yaml"), ("run-demo", "yaml"),
])
def test_make_looks_for_python_before_it_builds(bare: Machine, goal: str, lacking: str) -> None:
    others = [name for name in (*TEST_MODULES, "coverage") if name != lacking]
    mine = bare.python(bare.folder / "mine", others)
    done = make(f"PYTHON={mine}", f"BUILD={bare.folder}/build", goal)
    assert done.returncode == 2
    assert f"  {mine}: lacks {lacking}\n" in done.stderr
    assert "*** no usable Python." in done.stderr
    assert not (bare.folder / "build").exists()


@pytest.mark.parametrize("goal", ["demo", "test"])
def test_make_ends_with_set_up_that_fails(bare: Machine, goal: str) -> None:
    mine = bare.python(bare.folder / "mine", [])
    done = make(f"PYTHON={mine}", f"BUILD={bare.folder}/build", goal)
    assert done.returncode == 2
    assert f"  {mine}: lacks jinja2 " in done.stderr
    assert not (bare.folder / "build").exists()


def test_help_needs_no_python() -> None:
    assert make("PYTHON=/bin/false", "help").returncode == 0


def test_a_colon_in_the_path_is_refused_at_once(tmp_path: Path) -> None:
    clone = tmp_path / "a:b"
    clone.mkdir()
    shutil.copy(ROOT / "Makefile", clone)
    shutil.copytree(ROOT / "mk", clone / "mk")
    done = subprocess.run(["make", "-C", str(clone), "test"], env=clean_environment(),
                          capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"cannot have a folder with a colon in its name; move the clone: {clone}" in done.stderr
    assert done.stdout == f"make: Entering directory '{clone}'\nmake: Leaving directory '{clone}'\n"


# continuous integration


def continuous_integration(machine: Machine,
                           body: str,
                           portable: bool = False,
                           qemu: bool = True,
                           page: bool = True,
                           lint: bool = True,
                           set_up: str = "exit 0") -> tuple[int, list[str]]:
    """Status and lines of `.ci/run` of a copy, where make and set-up are scripts."""
    copy = machine.folder / "copy"
    (copy / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci/run", copy / ".ci/run")
    (copy / "scripts").mkdir()
    script(copy / "scripts/setup",
           f"echo setup $1\n[ $1 != portable ] || exit {0 if portable else 1}\n"
           f"[ $1 != qemu ] || exit {0 if qemu else 1}\n"
           f"[ $1 != page ] || exit {0 if page else 1}\n"
           f"[ $1 != lint ] || exit {0 if lint else 1}\n{set_up}")
    script(machine.bin / "make",
           f'echo "make $*"\nmkdir -p build/portable/i386 build/portable/s390x\n{body}')
    (machine.bin / "mkdir").symlink_to("/bin/mkdir")
    environment = {"PATH": str(machine.bin), "CI": "true"}
    done = subprocess.run(["sh", str(copy / ".ci/run")], env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout.splitlines()


RESULTS = """\
    case $1 in
        test) echo "3 passed, 0 failed" >build/results.txt ;;
        check-long) echo "20 passed, 0 failed" >build/results-long.txt ;;
        test-qemu) echo "7 passed, 0 failed" >build/results-qemu.txt ;;
        test-page) echo "5 passed, 0 failed" >build/results-page.txt ;;
        portable-short)
            echo "100 passed, 0 failed" >build/portable/i386/results.txt
            echo "400 passed, 0 failed" >build/portable/s390x/results.txt ;;
    esac
"""


def test_continuous_integration_sets_up_all_makes_test_then_the_rest_and_adds_the_results(
        bare: Machine) -> None:
    assert continuous_integration(bare, RESULTS) == (0, [
        "setup ci", "make test", "make check-long", "setup lint", "make lint", "setup qemu",
        "make -s qemu-image", "make test-qemu", "setup page", "make -s node-modules",
        "make test-page", "setup portable",
        "skipped: suites on i386 and s390x, because the packages for them cannot be had",
        "36 passed, 0 failed",
    ])
    assert (bare.folder /
            "copy/build/results.txt").read_text(encoding="utf-8") == "36 passed, 0 failed\n"


def test_continuous_integration_says_that_tools_cannot_be_had(bare: Machine) -> None:
    status, lines = continuous_integration(bare, RESULTS, lint=False)
    assert status == 0
    assert "skipped: style and static analysis, because the tools cannot be had" in lines
    assert lines[-1] == "35 passed, 0 failed"


def test_continuous_integration_says_that_a_machine_cannot_be_had(bare: Machine) -> None:
    status, lines = continuous_integration(bare, RESULTS, qemu=False)
    assert status == 0
    assert ("skipped: the backend for QEMU with a guest, because QEMU or a kernel cannot be had"
            in lines)
    assert lines[-1] == "29 passed, 0 failed"


def test_continuous_integration_says_that_a_browser_cannot_be_had(bare: Machine) -> None:
    status, lines = continuous_integration(bare, RESULTS, page=False)
    assert status == 0
    assert "skipped: the page in a browser, because Node.js or Chromium cannot be had" in lines
    assert lines[-1] == "31 passed, 0 failed"


def test_continuous_integration_adds_what_other_machines_say(bare: Machine) -> None:
    status, lines = continuous_integration(bare, RESULTS, portable=True)
    assert (status, lines[-1]) == (0, "536 passed, 0 failed")
    assert lines[-2] == "make portable-short"


@pytest.mark.parametrize(
    ("wrong", "closing"),
    [
        (
            '[ $1 != check-long ] || { echo "19 passed, 1 failed" >build/results-long.txt; exit 1; }',
            "535 passed, 1 failed",
        ),
        ('[ $1 != test ] || { rm build/results.txt; exit 2; }', "533 passed, 1 failed"),
        ('[ $1 != check-long ] || rm build/results-long.txt', "516 passed, 1 failed"),
        ('[ $1 != lint ] || exit 2', "535 passed, 1 failed"),
        ('[ $1 != portable-short ] || exit 2', "536 passed, 1 failed"),
    ],
    ids=["a test", "the build", "no test ran", "the analyzers", "the status alone"],
)
def test_continuous_integration_fails_when_a_step_does(
    bare: Machine, wrong: str, closing: str
) -> None:
    status, lines = continuous_integration(bare, RESULTS + wrong, portable=True)
    assert (status, lines[-1]) == (1, closing)


def test_continuous_integration_counts_no_results_of_an_earlier_run(bare: Machine) -> None:
    old = bare.folder / "copy/build/portable/s390x/results.txt"
    old.parent.mkdir(parents=True)
    for file in (old, bare.folder / "copy/build/results-long.txt"):
        file.write_text("9 passed, 9 failed\n", encoding="utf-8")
    assert continuous_integration(bare, "exit 2", portable=True)[1][-1] == "0 passed, 3 failed"


def test_continuous_integration_fails_when_set_up_does(bare: Machine) -> None:
    assert continuous_integration(bare, RESULTS, set_up="exit 1") == (
        1,
        ["setup ci", "0 passed, 1 failed"],
    )
