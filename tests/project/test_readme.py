"""README and pages quote files and generated text; what they quote must be there, line by line."""
from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from installation import ROOT, clean_environment

QUOTE = re.compile(r"^<!-- quote: (\S+) -->\n(?:```\w*\n(.*?)^```|((?:\|[^\n]*\n)+))", re.S | re.M)


def quotes(page: str) -> dict[str, str]:
    """What a page quotes: name to text."""
    found = QUOTE.finditer((ROOT / page).read_text(encoding="utf-8"))
    return {one[1]: one[2] or one[3] for one in found}


QUOTES = quotes("README.md")
BUILD = quotes("docs/build.md")


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readme")
    subprocess.run([str(ROOT / "bin/berthc"), "docs", "-q", "-o", str(folder),
                    "examples/minimal/net.yaml"], cwd=ROOT, check=True, env=clean_environment())
    return folder / "net"


def test_every_quote_is_known() -> None:
    assert set(QUOTES) == {"docs", "check"}
    assert set(BUILD) == {
        "examples/make/Makefile",
        "examples/cmake/CMakeLists.txt",
        "examples/meson/meson.build",
    }
    for page, found in (("README.md", QUOTES), ("docs/build.md", BUILD)):
        assert (ROOT / page).read_text(encoding="utf-8").count("<!-- quote:") == len(found)


@pytest.mark.parametrize("name", [name for name in {**QUOTES, **BUILD} if "/" in name])
def test_whole_files(name: str) -> None:
    assert {**QUOTES, **BUILD}[name] == (ROOT / name).read_text(encoding="utf-8")


def test_the_finding_is_what_the_checker_says(tmp_path: Path) -> None:
    text = (ROOT / "examples/minimal/net.yaml").read_text(encoding="utf-8")
    faulty = text.replace("fail: idle, uncertain: unsure", "fail: idle, uncertain: idle")
    assert text != faulty
    (tmp_path / "net.yaml").write_text(faulty, encoding="utf-8")
    done = subprocess.run(
        [str(ROOT / "bin/berthc"), "check", "net.yaml"],
        cwd=tmp_path,
        check=False,
        env=clean_environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and QUOTES["check"] == done.stderr


def test_the_generated_table(generated: Path) -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in sorted(generated.rglob("*.md")))
    assert QUOTES["docs"] in pages


def test_the_start_of_a_process_is_what_is_tested() -> None:
    code = (ROOT / "tests/runtime/stored/start.h").read_text(encoding="utf-8")
    assert f"```c\n{code}```" in (ROOT / "docs/survive.md").read_text(encoding="utf-8")


@pytest.mark.long
def test_the_page_of_the_checker_shows_what_it_prints_of_a_shipped_spec() -> None:
    page = (ROOT / "docs/checker.md").read_text(encoding="utf-8")
    found = re.search(
        r"^```console\n\$ berthc check (spec/\w+\.yaml)\n(.*?)^```", page, re.S | re.M
    )
    assert found is not None
    done = subprocess.run(
        [str(ROOT / "bin/berthc"), "check", found[1]],
        cwd=ROOT,
        check=True,
        env=clean_environment(),
        capture_output=True,
        text=True,
    )
    assert found[2] == done.stdout
