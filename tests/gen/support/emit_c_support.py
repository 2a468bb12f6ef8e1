"""What the tests of names, lowering and the C emitter share: models made by hand, specs of the
tree, compilers."""
from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from berthc.model import (
    NOWHERE, Assigned, AssignedKind, Field, Form, Guard, Hook, Manager, Operation, PoolPart, Ref,
    Resource, Row, State, Step, Target, Type,
)
from berthc.pipeline import read_spec

ROOT = Path(__file__).resolve().parents[3]
INCLUDE = ROOT / "runtime" / "include"
RUNTIME = ROOT / "runtime" / "src"
# that the functions about fields call
PARTS = [next(RUNTIME.rglob(f"{name}.c")) for name in ("fields", "memory", "strings")]
SPECS = sorted(
    [*(ROOT / "spec").glob("*.yaml"), *(ROOT / "tests" / "gen" / "specs").glob("*.yaml")]
)
COMPILERS = [c for c in ("gcc", "clang") if shutil.which(c)]  # those that are here
EACH_COMPILER = pytest.mark.parametrize(
    "compiler", ["gcc", pytest.param("clang", marks=pytest.mark.long)])
STRICT = (
    "-std=c11 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wcast-qual -Wmissing-prototypes"
    " -Wstrict-prototypes -Wundef -Werror".split()
)


def spec(name: str) -> Manager:
    """The manager of a shipped spec, or of one of the tests' specs."""
    path = next(p for p in SPECS if p.stem == name)
    manager, found = read_spec(str(path))
    assert manager is not None, found
    return manager


def run(*command: str | Path) -> None:
    """Runs a command that must succeed and say nothing."""
    done = subprocess.run(
        [str(c) for c in command], capture_output=True, text=True, check=False, timeout=300
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, ""), done.stdout + done.stderr


def field(name: str, kind: Type = Type.BOOL, **more: object) -> Field:
    return replace(Field(name, kind, "", NOWHERE), **more)  # type: ignore[arg-type]


def thing(**more: object) -> Resource:
    """A resource called thing with one state and one final state."""
    rows = (
        Row("on", "take", NOWHERE, ok=Target("on", None, NOWHERE, True)),
        Row("on", "drop", NOWHERE, ok=Target("off", None, NOWHERE)),
    )
    states = (State("on", "", NOWHERE, rows=rows), State("off", "", NOWHERE, final=True))
    made = Resource("thing", "", NOWHERE, None, (), (), (), "take", "drop", "on", states)
    return replace(made, **more)  # type: ignore[arg-type]


def manager(*resources: Resource, name: str = "m", **more: object) -> Manager:
    made = Manager(name, "", "m.yaml", NOWHERE, resources=resources or (thing(),))
    return replace(made, **more)  # type: ignore[arg-type]


def pool(name: str, **parts: int | str) -> Assigned:
    made = tuple(
        PoolPart(n, NOWHERE, size=v) if isinstance(v, int) else PoolPart(n, NOWHERE, option=v)
        for n, v in parts.items()
    )
    return Assigned(name, AssignedKind.POOL, None, "", NOWHERE, parts=made)


__all__ = [
    "COMPILERS",
    "EACH_COMPILER",
    "INCLUDE",
    "PARTS",
    "ROOT",
    "RUNTIME",
    "SPECS",
    "STRICT",
    "Form",
    "Guard",
    "Hook",
    "Operation",
    "Ref",
    "Step",
    "field",
    "manager",
    "pool",
    "run",
    "spec",
    "thing",
]
