"""How the search in C is compiled and kept: what goes from the cache, what stays, and what is used
of it."""
from __future__ import annotations

import errno
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from engine_support import program
from explore_support import ROOT, manager_of
from processes import heed_interrupts

from berthc.explore.bounds import Bounds
from berthc.explore.engine import build
from berthc.explore.engine.build import NoCompiler
from berthc.explore.report import explore
from berthc.model import Manager

DAY = 86_400


def plan9() -> Manager:
    return manager_of((ROOT / "spec/plan9.yaml").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("BERTH_CACHE", str(folder))
    monkeypatch.setattr(build, "FAST", "-O0")  # quicker to compile
    return folder


@pytest.fixture
def compiles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "_compile", lambda command: Path(
        command[command.index("-o") + 1]).write_bytes(b""))


def aged(path: Path, days: float, folder: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if folder:
        path.mkdir()
    else:
        path.touch()
    os.utime(path, times=(time.time() - days * DAY,) * 2)
    return path


DIGEST = "0123456789abcdef" * 2


@pytest.mark.usefixtures("compiles_nothing")
def test_only_what_was_kept_here_and_is_old_goes(cache: Path) -> None:
    scratch = aged(cache / "build-a1_b2c3d", 0, folder=True)
    full = aged(cache / "build-zzzzzzzz", 0, folder=True)
    (full / "explored.c").touch()
    mine = aged(cache / "build-releases", 0, folder=True)
    (mine / "notes.txt").touch()
    for folder in (scratch, full, mine):
        os.utime(folder, times=(time.time() - 61 * DAY,) * 2)
    stay = [mine, aged(cache / "my-thesis.txt", 900), aged(cache / "search-and-rescue.txt", 900),
            aged(cache / f"search-{DIGEST}.txt", 900), aged(cache / f"my-search-{DIGEST}", 900),
            aged(cache / f"runtime-{DIGEST}.o", 59), aged(cache / "in-future", -900),
            aged(cache / f"search-{DIGEST[::-1]}", 900, folder=True),
            aged(cache / f"search-{DIGEST[1:]}f", -900),
            aged(cache / "build-just_now", 1, folder=True)]
    (cache / f"search-{DIGEST[2:]}ff").symlink_to(aged(cache.parent / "elsewhere", 900))
    go = [scratch, full, aged(cache / f"search-{DIGEST}", 61),
          aged(cache / f"runtime-{DIGEST[1:]}0.o", 61)]
    made = program(plan9())
    assert made.exists() and all(path.exists() for path in stay)
    assert not any(path.exists() for path in go)
    assert (cache / f"search-{DIGEST[2:]}ff").is_symlink()


@pytest.mark.usefixtures("compiles_nothing")
def test_what_is_used_stays(cache: Path) -> None:
    """The object of the search is used whenever tables are compiled."""
    made = program(plan9())
    [search] = cache.glob("runtime-*.o")
    made.unlink()
    os.utime(search, times=(0, 0))
    assert program(plan9()) == made and search.exists()


def test_what_is_kept_is_used_where_nothing_can_be_written(
        cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = program(plan9())

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    for module, name in ((tempfile, "TemporaryFile"), (os, "utime"), (Path, "mkdir")):
        monkeypatch.setattr(module, name, refuse)
    assert program(plan9()) == made
    made.unlink()
    with pytest.raises(NoCompiler, match=f"{cache}: Read-only file system"):
        program(plan9())


@pytest.mark.parametrize("damage", [
    lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(path.read_bytes()[:20_000]),
    lambda path: path.write_bytes(path.read_bytes()[:-1]),
    lambda path: path.chmod(0o600),
], ids=["empty", "cut", "without its last byte", "not to be run"])
def test_a_program_that_is_damaged_is_compiled_again(
        damage: Callable[[Path], object], cache: Path) -> None:
    told = list[str]()
    made = program(plan9())
    damage(made)
    assert program(plan9(), told.append) == made and len(told) == 1
    assert explore(plan9(), Bounds(callers=1, keys=1), program=made).complete
    assert program(plan9(), told.append) == made and len(told) == 1


@pytest.mark.parametrize("size", [0, 20_000])
def test_an_object_that_is_damaged_is_compiled_again(size: int, cache: Path) -> None:
    told = list[str]()
    program(plan9()).unlink()
    [search] = cache.glob("runtime-*.o")
    search.write_bytes(search.read_bytes()[:size])
    made = program(plan9(), told.append)
    assert len(told) == 2
    assert explore(plan9(), Bounds(callers=1, keys=1), program=made).complete


def test_sanitizers_of_the_users_programs_are_not_for_the_search(
        monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiler is told so in $CC, in builds with sanitizers."""
    monkeypatch.setenv("CC", "cc -fsanitize=address,undefined")
    made = program(plan9())
    assert b"__asan" not in made.read_bytes() and b"__ubsan" not in made.read_bytes()
    assert explore(plan9(), Bounds(callers=1, keys=1), program=made).complete


@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_compiler_and_leaves_nothing(
        signal_: signal.Signals, cache: Path, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    script, child = tmp_path / "cc", tmp_path / "child"
    script.write_text(f"#!/bin/sh\necho $$ >{child}.new\nmv {child}.new {child}\nexec sleep 300\n",
                      encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("CC", str(script))
    process = subprocess.Popen(["bin/berthc", "check", "spec/plan9.yaml"], cwd=ROOT,
                               preexec_fn=heed_interrupts)
    wait_for(child.exists)
    process.send_signal(signal_)
    assert process.wait(timeout=60) == 128 + signal.SIGINT
    assert not [*cache.iterdir()]
    wait_for(lambda: not Path("/proc", child.read_text(encoding="utf-8").strip()).exists())


@pytest.mark.parametrize("how", ["TERM", "INT"])
def test_a_search_that_is_told_to_end_first_is_interrupted(how: str, tmp_path: Path) -> None:
    """One signal goes to all processes, and the search may be the first that it comes to."""
    script = tmp_path / "search"
    script.write_text(f"#!/bin/sh\nkill -{how} $$\n", encoding="utf-8")
    script.chmod(0o755)
    assert explore(plan9(), Bounds(callers=1, keys=1), program=script).interrupted


def wait_for(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)
