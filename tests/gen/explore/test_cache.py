"""The folder in which compiled searches are kept: what goes from there, and what stays."""
from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from engine_support import program
from explore_support import ROOT, manager_of

from berthc.explore.engine import build
from berthc.model import Manager

DAY = 86_400


def plan9() -> Manager:
    return manager_of((ROOT / "spec/plan9.yaml").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("BERTH_CACHE", str(folder))
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
