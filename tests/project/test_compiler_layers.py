"""The parts of the compiler import only what stands below them, as docs/architecture.md draws
it."""
from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from installation import ROOT

COMPILER = ROOT / "gen/berthc"


def drawn(title: str) -> list[list[str]]:
    """The lines of a drawing, the lowest first: each names the parts on one floor."""
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    found = re.search(rf"^### {title}\n.*?^```\n(.*?)^```", page, flags=re.M | re.S)
    assert found is not None, title
    return [line.split("  ")[0].split() for line in reversed(found[1].splitlines())]


def modules(folder: Path) -> dict[str, Path]:
    """Every module by its name, such as `check.rules.table`; "" is the package itself."""
    found = {}
    for path in folder.rglob("*.py"):
        parts = path.relative_to(folder).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(name: str, path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """The modules of the compiler that a module imports, also those inside functions."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        wanted: list[str] = []
        if isinstance(node, ast.Import):
            wanted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = (node.module or "").split(".")
            if node.level:
                base = ["berthc", *package[:len(package) - node.level + 1], *filter(None, base)]
            wanted = [".".join([*filter(None, base), alias.name]) for alias in node.names]
        for one in wanted:
            first, *parts = one.split(".")
            while first == "berthc" and parts and ".".join(parts) not in known:
                parts.pop()  # a name in a module
            if first == "berthc" and parts:
                yield ".".join(parts)


def upward(folder: Path, inside: str, floors: list[list[str]]) -> list[str]:
    """Imports between the parts of a package that do not lead to a lower floor."""
    known = modules(folder)
    floor = {part: n for n, parts in enumerate(floors) for part in parts}

    def part_of(name: str) -> str | None:
        """None for what is outside, and for the package itself."""
        return name.removeprefix(inside).split(".")[0] if name.startswith(inside) else None

    return sorted({
        f"{name} imports {other}"
        for name, path in known.items() if (part := part_of(name))
        for other in imported(name, path, known)
        if (below := part_of(other)) and below != part and floor[below] >= floor[part]
    })


PACKAGES = [("The floors of the compiler", ""), ("The floors of the search", "explore.")]


@pytest.mark.parametrize(("title", "inside"), PACKAGES)
def test_every_part_imports_only_what_stands_below(title: str, inside: str) -> None:
    assert upward(COMPILER, inside, drawn(title)) == []


@pytest.mark.parametrize(("title", "inside"), PACKAGES)
def test_every_part_is_drawn_once(title: str, inside: str) -> None:
    parts = sorted(part for floor in drawn(title) for part in floor)
    there = {name.removeprefix(inside).split(".")[0]
             for name in modules(COMPILER) if name.startswith(inside)}
    assert parts == sorted(there - {""})


@pytest.mark.parametrize("line", [
    "import berthc.explore.search",
    "from berthc import explore",
    "from ..explore import search",
    "def late() -> None:\n    from berthc.explore.search import Search",
])
def test_an_import_of_a_part_above_is_found(line: str, tmp_path: Path) -> None:
    for name, text in (("scenarios", line), ("explore", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("", encoding="utf-8")
        (tmp_path / name / "search.py").write_text(text, encoding="utf-8")
    for floors in ([["scenarios"], ["explore"]], [["scenarios", "explore"]]):
        [found] = upward(tmp_path, "", floors)
        assert found.startswith("scenarios.search imports explore")
    assert upward(tmp_path, "", [["explore"], ["scenarios"]]) == []
