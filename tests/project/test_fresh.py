"""`make fresh` with stand-ins for what needs root: what it asks for, says, and leaves."""
from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from installation import ROOT, make, script
from processes import heed_interrupts

STAND_INS = {
    "id": "echo 0",
    "setpriv": 'shift 2; exec "$@"',
    "unshare": 'while [ "${1#--}" != "$1" ]; do shift; done; exec "$@"',
    "mount": 'echo "mount $*" >>$LOG',
    "apt-config": """echo 'Acquire::http::Proxy "http://proxy.example:3128";'""",
    "git": """
        [ "$1" = -C ] && shift 2
        for last in "$@"; do :; done
        case $1 in
        rev-parse) echo abc1234 ;;
        status) ;;
        clone) mkdir -p "$last/build" ;;
        esac""",
    # mmdebstrap OPTION... RELEASE FOLDER '': makes the folder, runs the hook, keeps what came of
    # it.
    "mmdebstrap": """
        for option in "$@"; do case $option in --setup-hook=*) hook=${option#*=} ;; esac; done
        while [ $# -gt 2 ]; do shift; done
        mkdir -p "$1"
        sh -c "$hook" exec "$1"
        cp "$1/etc/apt/apt.conf.d/00machine" "$FOLDER/settings"
        echo mmdebstrap >>$LOG""",
    # chroot FOLDER env -i VARIABLE... COMMAND...
    "chroot": """
        root=$1
        shift
        case "$*" in
        *dpkg-query*) echo .; exit ;;
        esac
        echo "$*; clones: $(cd "$root" && echo clone*)" >>$LOG
        case "$*" in
        *"make -C /clone 1/berth broken") exit 2 ;;
        *"make -C /clone 1/berth slow") exec sleep 3 ;;
        *"make -C /clone 2/berth test")
            echo "7 passed, 0 failed" >"$root/clone 2/berth/build/results.txt" ;;
        esac""",
}


@dataclass(frozen=True)
class Stage:
    folder: Path

    def stand_in(self, name: str, body: str) -> None:
        script(self.folder / "bin" / name, body)

    @property
    def log(self) -> list[str]:
        path = self.folder / "log"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    @property
    def root(self) -> Path:
        return self.folder / "build/fresh-root"

    def start(self, *goals: str, **extra: str) -> subprocess.Popen[str]:
        environment = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "LOG": str(self.folder / "log"), "FOLDER": str(self.folder),
            "https_proxy": "http://proxy.example:3128", "SECRET": "of this machine", **extra,
        }
        return subprocess.Popen(
            [str(self.folder / "a clone/scripts/fresh"),
             str(self.folder / "build"), *goals],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=heed_interrupts)

    def run(self, *goals: str, **extra: str) -> tuple[int, str, str]:
        process = self.start(*goals, **extra)
        output, errors = process.communicate(timeout=60)
        return process.returncode, output, errors


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    stage = Stage(tmp_path)
    (tmp_path / "bin").mkdir()
    (tmp_path / "a clone").symlink_to(ROOT)  # its path has a blank, as many have
    for name, body in STAND_INS.items():
        stage.stand_in(name, body)
    return stage


def test_only_root_can_do_it(stage: Stage) -> None:
    stage.stand_in("id", "echo 1000")
    assert stage.run("demo") == (
        1,
        "",
        "fresh: only root can make a root file system: run it with sudo\n",
    )
    assert stage.log == []


def test_without_namespaces_it_does_not_begin(stage: Stage) -> None:
    stage.stand_in("unshare", "exit 1")
    assert stage.run("demo") == (
        1, "", "fresh: no namespaces here: they need CAP_SYS_ADMIN, which containers often lack\n")
    assert stage.log == []


def test_without_goals_it_is_bad_usage(stage: Stage) -> None:
    assert stage.run() == (1, "", "fresh: usage: scripts/fresh FOLDER GOAL...\n")


def test_each_goal_has_a_clone_of_its_own_and_the_one_before_is_gone(stage: Stage) -> None:
    status, output, errors = stage.run("demo", "test")
    assert (status, errors) == (0, "")
    made = [line.split("make -C ")[1] for line in stage.log if "make -C " in line]
    assert made == ["/clone 1/berth demo; clones: clone 1", "/clone 2/berth test; clones: clone 2"]
    lines = output.splitlines()
    assert lines[-3].startswith("fresh: make demo: passed after ")
    assert lines[-3].endswith(" s, with 0 new packages")
    assert lines[-2].startswith("fresh: make test: passed after ")
    assert lines[-2].endswith("; 7 passed, 0 failed")
    assert lines[-1] == "fresh: passed: abc1234 on a bare machine: demo test"
    assert not stage.root.exists()


def test_nothing_of_this_machine_is_in_the_environment_but_proxies(stage: Stage) -> None:
    stage.run("demo")
    command = next(line for line in stage.log if "make -C" in line)
    assert command.startswith("env -i HOME=/root PATH=")
    assert " https_proxy=http://proxy.example:3128 make" in command
    assert "SECRET" not in command


def test_apt_in_the_root_asks_where_this_machine_asks(stage: Stage) -> None:
    stage.run("demo")
    text = (stage.folder / "settings").read_text(encoding="utf-8")
    assert text == 'Acquire::http::Proxy "http://proxy.example:3128";\n'


def test_a_goal_that_fails_ends_it(stage: Stage) -> None:
    status, output, errors = stage.run("broken", "test")
    assert (status, errors) == (2, "fresh: FAILED: abc1234 on a bare machine: broken test\n")
    assert output.splitlines()[-1].startswith("fresh: make broken: FAILED with status 2 after ")
    assert len([line for line in stage.log if "make -C" in line]) == 1
    assert not stage.root.exists()


def test_a_root_that_cannot_be_made_is_a_failure(stage: Stage) -> None:
    stage.stand_in("mmdebstrap", "exit 1")
    status, _, errors = stage.run("demo")
    assert status == 1
    assert errors == ("fresh: no bare root could be made\n"
                      "fresh: FAILED: abc1234 on a bare machine: demo\n")


def test_it_says_that_only_commits_are_tested(stage: Stage) -> None:
    changed = STAND_INS["git"].replace("status) ;;", "status) echo ' M Makefile' ;;")
    stage.stand_in("git", changed)
    assert stage.run("demo")[2] == "fresh: only what is committed is tested: abc1234\n"


def test_the_root_can_be_kept(stage: Stage) -> None:
    assert stage.run("demo", FRESH_KEEP="1")[0] == 0
    assert stage.root.is_dir()


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_no_root(stage: Stage, sent: signal.Signals, status: int) -> None:
    process = stage.start("slow")
    end = time.monotonic() + 30
    while not any("slow" in line for line in stage.log) and time.monotonic() < end:
        time.sleep(0.05)
    process.send_signal(sent)
    assert process.wait(timeout=30) == status
    process.communicate()
    assert not stage.root.exists()


def test_help_names_it() -> None:
    assert "\n  fresh " in make("help").stdout
