"""The repository stands alone: links lead somewhere, and nothing names one machine."""
from __future__ import annotations

import ast
import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest
from installation import ROOT

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
IGNORED = {".git", "build", "__pycache__", ".pytest_cache", ".mypy_cache"}


def files(*suffixes: str) -> list[Path]:
    """Every file of the repository, or those that end so. What git knows; without git (a source
    archive) what is there."""
    try:
        listed = subprocess.run(
            ["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, text=True, check=True
        ).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        listed = [
            str(path.relative_to(ROOT))
            for path in ROOT.rglob("*")
            if not IGNORED & set(path.relative_to(ROOT).parts)
        ]
    return [
        ROOT / name
        for name in sorted(listed)
        if name and (not suffixes or name.endswith(suffixes)) and (ROOT / name).is_file()
    ]


def test_there_are_files() -> None:
    assert {"README.md", "docs/README.md"} <= {str(path.relative_to(ROOT)) for path in files(".md")}


def links() -> list[tuple[Path, str]]:
    """Every relative link of every page, with the page."""
    found = []
    for path in files(".md"):
        prose = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.S | re.M)
        targets = [one[1] or one[2] for one in LINK.finditer(prose)]
        found += [(path, to) for to in targets if "://" not in to and not to.startswith("mailto:")]
    return found


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")
            for heading in headings}


def test_relative_links_lead_to_files() -> None:
    broken = [f"{page.relative_to(ROOT)}: {to}" for page, to in links()
              if not (page.parent / to.split("#")[0]).exists()]
    assert broken == []


def test_anchors_of_links_are_headings() -> None:
    there = [(page, to, page.parent / to.split("#")[0] if to[0] != "#" else page)
             for page, to in links() if "#" in to]
    assert there
    broken = [f"{page.relative_to(ROOT)}: {to}" for page, to, target in there
              if target.suffix == ".md" and to.split("#")[1] not in anchors(target)]
    assert broken == []


def test_no_file_names_a_folder_of_one_machine() -> None:
    pattern = re.compile("/" + r"(?:work|farm|root|home/[a-z]+)/")
    named = []
    for path in files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        named += [
            f"{path.relative_to(ROOT)}:{number}"
            for number, line in enumerate(text.splitlines(), 1)
            if pattern.search(line)
        ]
    assert named == []


WIDTH = 100
PROGRAMS = (".c", ".h", ".cpp", ".hpp", ".py", ".js", ".mjs", ".mk", ".j2", ".in", ".toml",
            "Makefile")
# Programs whose lines may be wider, and why.
WIDE = (
    ("bench/performance.md.j2", "a row of a table in Markdown is one line"),
    ("gen/berthc/emit/html/*.j2", "a line break in HTML is a blank that shows"),
)


def lines_of_texts(source: str) -> set[int]:
    """The lines of Python that are in a string: a spec, JSON, what is printed. Not those of
    docstrings, and not one on which code follows the string."""
    tree = ast.parse(source)
    docstrings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found: set[int] = set()
    for node in ast.walk(tree):
        text = isinstance(node, ast.JoinedStr) or (
            isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))
        if text and node not in docstrings:
            assert node.end_lineno is not None and node.end_col_offset is not None
            found |= set(range(node.lineno, node.end_lineno))
            if node.end_col_offset >= WIDTH:
                found.add(node.end_lineno)
    return found


def wide_lines(name: str, text: str) -> list[str]:
    """Lines of a program that are wider than they may be. In tests, texts may be wide."""
    wide = [number for number, line in enumerate(text.split("\n"), 1) if len(line) > WIDTH]
    if wide and name.startswith("tests/") and name.endswith(".py"):
        wide = sorted(set(wide) - lines_of_texts(text))
    return [f"{name}:{number}" for number in wide]


def test_lines_of_programs_have_at_most_100_columns() -> None:
    def is_program(name: str) -> bool:
        return name.endswith(PROGRAMS) or name.startswith(("scripts/", "bin/"))

    wide = []
    for path in files():
        name = str(path.relative_to(ROOT))
        if is_program(name) and not any(fnmatch(name, pattern) for pattern, _ in WIDE):
            wide += wide_lines(name, path.read_text(encoding="utf-8"))
    assert wide == []


def test_only_texts_of_tests_may_be_wide() -> None:
    code = f"call({'x' * WIDTH})\n"
    text = f"given = '{'x' * WIDTH}'\n"
    docstring = f'def f():\n    """{"x" * WIDTH}"""\n'
    assert wide_lines("tests/test_a.py", code) == ["tests/test_a.py:1"]
    assert wide_lines("tests/test_a.py", text) == []
    assert wide_lines("tests/test_a.py", docstring) == ["tests/test_a.py:2"]
    assert wide_lines("gen/berthc/a.py", text) == ["gen/berthc/a.py:1"]
    assert wide_lines("tests/a.c", text) == ["tests/a.c:1"]


def test_the_page_of_the_architecture_names_every_file_of_each_part() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    words = set(re.findall(r"\w+", page))
    runtime = {path.stem for path in (ROOT / "runtime/src").glob("**/*.c")}
    compiler = {
        path.stem
        for path in (ROOT / "gen/berthc").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    parts = {path.stem for path in (ROOT / "mk").glob("*.mk")}
    assert sorted((runtime | compiler | parts) - words - {"__init__"}) == []


def not_there(walk: str) -> list[str]:
    """Functions that a text names with a file, `f()` (`file.py`), and that the file does not have;
    and templates that are nowhere."""
    lost = []
    for names, file in re.findall(r"((?:`\w+\(\)`(?: and )?)+)\s+\(`([\w/]+\.py)`\)", walk):
        path = ROOT / "gen/berthc" / file
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        lost += [f"{file}: {name}" for name in re.findall(r"\w+", names.replace(" and ", " "))
                 if f"\ndef {name}(" not in text]
    templates = {path.name for path in (ROOT / "gen/berthc").rglob("*.j2")}
    return lost + sorted(set(re.findall(r"[\w.]+\.j2", walk)) - templates)


def test_the_way_of_a_spec_names_what_the_compiler_has() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    walk = page[page.index("### One spec"):page.index("## Names in generated C")]
    assert len(re.findall(r"`\w+\(\)`", walk)) > 10
    assert not_there(walk) == []
    assert not_there("`main()` and `fly()` (`cli.py`), `lower()`\n   (`upper.py`), `a.c.j2`") == [
        "cli.py: fly", "upper.py: lower", "a.c.j2"
    ]


@pytest.mark.parametrize("name", ["", "callers", "states", "findings", "engine"])
def test_the_list_of_the_checkers_files_is_whole(name: str) -> None:
    folder = ROOT / "gen/berthc/explore" / name
    listed = re.findall(r"^    (\w+)  ", (folder / "__init__.py").read_text(encoding="utf-8"),
                        flags=re.M)
    there = {path.stem for path in folder.iterdir()
             if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert sorted(listed) == sorted(there - {"__init__"})


def test_each_decision_has_a_number_of_its_own_and_a_line_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    numbers = [path.name[:4] for path in folder.glob("0*.md")]
    assert len(numbers) == len(set(numbers))
    for path in folder.glob("0*.md"):
        assert f"| [{path.name[:4]}]({path.name}) |" in index, path.name
        assert path.read_text(encoding="utf-8").startswith(f"# {int(path.name[:4])}. "), path.name
