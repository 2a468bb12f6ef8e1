"""`berthc init NAME`: a project that builds, runs and passes its tests."""
from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import berthc
from berthc.commands.common import OK, Usage
from berthc.diag import NAME, quote, snake
from berthc.emit.project import files, spec
from berthc.files.output import create
from berthc.model import Manager
from berthc.pipeline import compile_text

NEXT = {
    "make": (("make run", "build the program, and run it"),
             ("make test", "run the conformance tests, made from the spec"),
             ("berthc check {spec}", "search the spec, after each change")),
    "cmake": (("cmake -B build && cmake --build build", "build it"),
              ("build/{name}", "run it"),
              ("ctest --test-dir build", "run the conformance tests, made from the spec")),
    "meson": (("meson setup build && meson compile -C build", "build it"),
              ("build/{name}", "run it"),
              ("meson test -C build", "run the conformance tests, made from the spec")),
}


def init_command(args: argparse.Namespace) -> int:
    """Writes the files, all or none, and says what comes next."""
    manager = _manager(args.name, args.store)
    folder = Path(args.output if args.output is not None else args.name)
    first = {f"{args.name}.yaml": spec(args.name, args.store)}
    texts = {**first, **files(manager, args.build)}
    create({folder / name: text for name, text in texts.items()})
    print("".join(f"wrote {folder / name}\n" for name in texts), end="")
    print("\n".join(["", *_surroundings(args.store), "next:",
                     *_next(args.name, folder, args.build)]))
    return OK


def _manager(name: str, store: bool) -> Manager:
    """The model of the first spec. Refuses what is no name in C."""
    if not NAME.fullmatch(name):
        meant = snake(name)
        hint = f"; did you mean {quote(meant)}?" if meant else ""
        raise Usage(f"{quote(name)} cannot name a manager: a name has lower-case words, digits and "
                    f"single underscores, a letter first{hint}")
    result = compile_text(f"{name}.yaml", spec(name, store))
    if result.manager is None:
        raise Usage(f"{quote(name)} cannot name a manager: {result.diagnostics[0].message}")
    return result.manager


def _next(name: str, folder: Path, build: str) -> list[str]:
    commands = [(command.format(name=name, spec=f"{name}.yaml"), says)
                for command, says in NEXT[build]]
    width = max(len(command) for command, _ in commands)
    first = [] if folder == Path() else [f"  cd {shlex.quote(str(folder))}"]
    return first + [f"  {command.ljust(width)}  # {says}" for command, says in commands]


def _surroundings(store: bool) -> list[str]:
    """What the shell needs first, where it does not find Berth by itself."""
    package = Path(berthc.__file__).resolve().parent
    if package.parent.name == "gen":
        return _of_clone(package.parents[1], store)
    prefix = package.parents[3]  # share/berth/python/berthc
    paths = _paths(prefix / "bin", prefix / "lib/pkgconfig")
    return ["Berth is installed where this shell does not look. First, once:", f"  {paths}",
            ""] if paths else []


def _of_clone(clone: Path, store: bool) -> list[str]:
    found = clone / "build/pkgconfig"
    paths = _paths(clone / "bin", found)
    needed = ["berth-testing.pc", *(["berth-sqlite.pc"] if store else [])]
    made = [] if not paths or all((found / name).exists() for name in needed) else [
        f"  make -C {shlex.quote(str(clone))} in-place"]
    return ["Berth is not installed. To use this clone, first, once for this shell:", *made,
            f"  {paths}", ""] if paths else []


def _paths(programs: Path, libraries: Path) -> str:
    """The command that sets the variables which are not right yet; "" where all are."""
    wrong = []
    path = shutil.which("berthc")
    if path is None or Path(path).resolve().parent != programs.resolve():
        wrong.append(f"PATH={shlex.quote(str(programs))}:$PATH")
    if not _finds(libraries):
        wrong.append(f"PKG_CONFIG_PATH={shlex.quote(str(libraries))}"
                     + (":$PKG_CONFIG_PATH" if os.environ.get("PKG_CONFIG_PATH") else ""))
    return f"export {' '.join(wrong)}" if wrong else ""


def _finds(libraries: Path) -> bool:
    """Does pkg-config find the berth.pc of this folder?"""
    try:
        done = subprocess.run(["pkg-config", "--variable=pcfiledir", "berth"], capture_output=True,
                              text=True, check=False)
    except OSError:
        return False  # the build says that pkg-config is missing
    return done.returncode == 0 and Path(done.stdout.strip()).resolve() == libraries.resolve()
