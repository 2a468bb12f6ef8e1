"""The set-up says what is missing, and the interpreter is found where the first one on PATH is of no use."""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from installation import ROOT


def script(folder: Path, name: str, body: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A PATH with the shell's helpers and nothing that the set-up looks for."""
    for name in ("sh", "env", "id", "tr", "sort", "sed", "dirname", "cat"):
        os.symlink(str(shutil.which(name)), tmp_path / name)
    script(tmp_path, "python3", "exit 1")
    return tmp_path


def run(command: list[str], path: Path, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env={"PATH": str(path), **extra}, capture_output=True, text=True, check=False)


def test_without_privileges_it_prints_the_command(bare: Path) -> None:
    script(bare, "apt-get", "echo must not run; exit 1")
    os.unlink(bare / "id")
    script(bare, "id", "echo 1000")
    done = run([str(ROOT / "scripts/setup"), "build"], bare, PYTHON="python3")
    assert done.returncode == 1
    assert "    sudo apt-get install -y gcc libc6-dev make python3 python3-jinja2 python3-yaml uuid-dev\n" in done.stderr
    assert "must not run" not in done.stdout + done.stderr


def test_as_root_it_installs_what_is_missing_and_only_that(bare: Path) -> None:
    script(bare, "apt-get", 'echo "apt-get $*"')
    os.unlink(bare / "id")
    script(bare, "id", "echo 0")
    script(bare, "gcc", "cat >/dev/null; exit 0")
    done = run([str(ROOT / "scripts/setup"), "build"], bare, PYTHON="python3")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "apt-get install -y -q --no-install-recommends make python3 python3-jinja2 python3-yaml"


def test_where_there_is_no_apt_it_names_the_packages(bare: Path) -> None:
    done = run([str(ROOT / "scripts/setup"), "build"], bare, PYTHON="python3")
    assert done.returncode == 1
    assert "missing, by their Debian names: gcc" in done.stderr


def test_a_failed_installation_is_a_failure(bare: Path) -> None:
    script(bare, "apt-get", '[ "$1" = update ]')
    os.unlink(bare / "id")
    script(bare, "id", "echo 0")
    done = run([str(ROOT / "scripts/setup"), "build"], bare, PYTHON="python3")
    assert done.returncode == 1
    assert "installing failed: gcc" in done.stderr


def test_what_can_be_done_without_is_no_failure(bare: Path) -> None:
    script(bare, "apt-get", 'case "$*" in *arm-none*) exit 1 ;; esac; echo "apt-get $*"')
    os.unlink(bare / "id")
    script(bare, "id", "echo 0")
    done = run([str(ROOT / "scripts/setup"), "test"], bare, PYTHON="python3")
    assert done.returncode == 0, done.stderr
    assert "spin" in done.stdout.splitlines()[-1] and "arm-none" not in done.stdout
    assert done.stderr.splitlines()[-1] == "setup: not there, so tests that need them are skipped: gcc-arm-none-eabi libnewlib-arm-none-eabi"


def test_an_unknown_set_is_bad_usage(bare: Path) -> None:
    assert run([str(ROOT / "scripts/setup"), "everything"], bare).returncode == 2


def test_a_python_without_the_modules_is_passed_over(bare: Path) -> None:
    os.symlink(sys.executable, bare / "python3.11")
    done = run([str(ROOT / "scripts/find-python"), "yaml", "jinja2"], bare)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() != str(bare / "python3")


def test_no_usable_python_is_said_clearly(bare: Path) -> None:
    done = run([str(ROOT / "scripts/find-python"), "yaml", "jinja2"], bare, PYTHON="python3")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "berth: no Python 3.11 or later found that can import: yaml jinja2",
        "berth: tried python3",
        "berth: on Debian: apt-get install python3-yaml python3-jinja2; or set PYTHON",
    ]
