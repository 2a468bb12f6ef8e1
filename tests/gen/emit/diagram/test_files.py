"""The set of files: what is made, what happens without graphviz, what counts as drift, and the
golden folder.

The golden folder is renewed, and then read, with
    bin/berthc docs -o tests/gen/golden/pictures tests/gen/specs/lantern.yaml
    bin/berthc diagram -o tests/gen/golden/pictures tests/gen/specs/lantern.yaml
"""
from __future__ import annotations

import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest
from diagram_support import EACH_SPEC, GOLDEN, LANTERN, NO_GRAPHVIZ, SPECS, made_of, quiet, spec
from large_specs import large

from berthc.emit import diagram, docs
from berthc.emit.diagram import dot, mermaid
from berthc.emit.diagram.dot import pictured
from berthc.emit.diagram.graph import state_graph
from berthc.emit.diagram.large import MOST_ARROWS, PART, collapsed
from berthc.emit.diagram.notes import node_lines
from berthc.emit.diagram.svg import GraphvizError, render
from berthc.model import Manager

ROOT = Path(__file__).resolve().parents[4]

needs_graphviz = pytest.mark.skipif(
    shutil.which("dot") is None, reason="needs the package graphviz"
)


def test_without_graphviz_all_but_its_pictures_is_made_and_one_warning_names_the_package() -> None:
    reported: list[str] = []
    made = diagram.files(spec(LANTERN), reported.append, NO_GRAPHVIZ)
    assert sorted(made) == [
        f"lantern/{name}"
        for name in (
            "diagrams.md", "diagrams.txt", "ownership.dot", "sequence-dedicate.svg",
            "sequence-hang.svg", "sequence-kindle.svg", "sequence-take_down.svg",
            "states-lamp.dot",
        )
    ]
    assert reported == [
        "lantern/states-lamp.dot: no SVG was made: the program 'dot-that-is-not-there' is missing "
        "(install the package 'graphviz')"
    ]


def test_the_warning_goes_to_standard_error_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    diagram.files(spec(LANTERN), program=NO_GRAPHVIZ)
    out, err = capsys.readouterr()
    assert out == ""
    assert (
        err.startswith("berthc: warning: lantern/states-lamp.dot: no SVG was made: ")
        and err.count("\n") == 1
    )


def test_a_graphviz_that_fails_is_quoted(tmp_path: Path) -> None:
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\necho 'syntax error in line 1' >&2\nexit 1\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(
        GraphvizError, match=r"^x\.dot: no SVG was made: .*/dot says: syntax error in line 1$"
    ):
        render("digraph {", "x.dot", str(program))


def test_a_graphviz_that_cannot_be_run_is_an_error_of_graphviz(tmp_path: Path) -> None:
    program = tmp_path / "dot"
    program.write_text("")
    with pytest.raises(GraphvizError, match="Permission denied"):
        render("digraph {}", "x.dot", str(program))


@needs_graphviz
def test_broken_dot_text_is_an_error_and_no_traceback() -> None:
    with pytest.raises(GraphvizError, match="dot says: .*syntax error"):
        render("digraph {", "x.dot")


@needs_graphviz
def test_pictures_of_graphviz_name_their_source_and_no_version() -> None:
    made = diagram.files(spec(LANTERN))
    picture = made["lantern/states-lamp.svg"]
    assert re.search(r"<!-- made from states-lamp\.dot, sha256 [0-9a-f]{64} -->", picture)
    assert "enerated by" not in picture and "DOCTYPE" not in picture


@needs_graphviz
def test_drift_of_a_picture_is_judged_by_what_it_shows() -> None:
    fresh = diagram.files(spec(LANTERN))["lantern/states-lamp.svg"]
    name = "lantern/states-lamp.svg"
    moved = re.sub(r' x="(\d+)', lambda m: f' x="{int(m.group(1)) + 3}', fresh)
    assert moved != fresh and diagram.same(name, moved, fresh)
    assert not diagram.same(
        name, fresh.replace("ENOTRECOVERABLE", "EIO"), fresh
    ), "another word is drift"
    assert not diagram.same(
        name, re.sub("sha256 ....", "sha256 0000", fresh), fresh
    ), "another source is drift"
    assert not diagram.same(
        name, re.sub("<!-- made.*-->\n", "", fresh), fresh
    ), "a picture of unknown origin is drift"
    assert not diagram.same(name, fresh[:-20], fresh), "half a picture is drift"
    assert not diagram.same(name, "", fresh)


def test_drift_of_all_else_is_judged_to_the_letter() -> None:
    assert diagram.same("lantern/states-lamp.dot", "a", "a")
    assert not diagram.same("lantern/states-lamp.dot", "a ", "a")


@EACH_SPEC
def test_output_is_the_same_twice_and_fit_for_a_repository(path: str) -> None:
    one = {**diagram.files(spec(path), quiet), **docs.files(spec(path))}
    two = {**diagram.files(spec(path), quiet), **docs.files(spec(path))}
    assert one == two
    for name, text in one.items():
        assert text.endswith("\n") and not text.endswith("\n\n"), name
        assert not any(
            line != line.rstrip() for line in text.splitlines()
        ), f"{name}: blanks at the end of a line"
        assert "\t" not in text and str(GOLDEN.parents[3]) not in text, name


@pytest.mark.parametrize("path", SPECS)
def test_every_svg_is_well_formed(path: str) -> None:
    pictures = {n: t for n, t in diagram.files(spec(path), quiet).items() if n.endswith(".svg")}
    assert pictures
    for text in pictures.values():
        assert ElementTree.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"


def test_golden_folder() -> None:
    manager = spec(LANTERN)
    fresh = {**diagram.files(manager, quiet), **docs.files(manager)}
    for name, text in fresh.items():
        assert diagram.same(
            name, (GOLDEN / name).read_text(encoding="utf-8"), text
        ), f"{name} has changed; see the top of this file"
    if shutil.which("dot") is not None:
        assert sorted(fresh) == sorted(
            str(p.relative_to(GOLDEN)) for p in GOLDEN.rglob("*") if p.is_file()
        )


@cache
def ladder(states: int) -> Manager:
    """A manager whose table has so many states, in a ladder with some cross-links."""
    script = [sys.executable, str(ROOT / "bench/synthetic_spec.py"), str(states), "8"]
    return made_of(subprocess.run(script, capture_output=True, text=True, check=True).stdout)


@cache
def life(states: int) -> Manager:
    """A manager whose states are a life in phases, with 30 events."""
    return made_of(large(states, 30))


def shown(tmp_path: Path, manager: Manager) -> tuple[str, list[str]]:
    """What a picture is made from, and the warnings."""
    program = tmp_path / "dot"
    program.write_text(
        "#!/bin/sh\nprintf '<svg>\\n'\nsed 's/<[^>]*>//g; s/->/to/g; s/^/<!/; s/$/>/'\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    reported: list[str] = []
    made = diagram.files(manager, reported.append, str(program), {"states-thing.svg"})
    return made[f"{manager.name}/states-thing.svg"], reported


@pytest.mark.parametrize("make", [ladder, life])
def test_the_picture_of_a_large_table_says_what_it_leaves_out(
    make: Callable[[int], Manager], tmp_path: Path
) -> None:
    manager = make(1000)
    picture, reported = shown(tmp_path, manager)
    whole = state_graph(manager, manager.resource("thing"))
    note = re.fullmatch(
        rf"{manager.name}/states-thing.svg: (the picture has (\d+) of {len(whole.nodes)} states and"
        r" (\d+) of (\d+) arrows: states-thing.dot, diagrams.txt and the tables have all)",
        *reported)
    assert note is not None and 1 < int(note[2]) <= PART and 1 < int(note[3]) <= MOST_ARROWS
    assert note[1] in " ".join(picture.replace("\\n", " ").split())
    other = pictured(manager, manager.resource("thing"), also="the page has all")
    assert other[1] == note[1].partition(":")[0] + ": the page has all"
    assert other[1] in " ".join(other[0].replace("\\n", " ").split())
    moved = re.search(r"(\d+) arrows to failures and to states that many lead to", picture)
    assert moved is not None and int(moved[1]) + int(note[4]) == len(whole.arrows)
    frames = picture.count("[style=invis]")
    assert picture.count(" to ") - frames <= int(note[3]) + 20, "what graphviz is given"
    source = dot.state_diagram(manager, manager.resource("thing"))
    assert all(f'"{node.name}" [' in source for node in whole.nodes)


def test_mermaid_of_a_large_table_is_one_that_viewers_take() -> None:
    manager = life(1000)
    words, note = mermaid.pictured(manager, manager.resource("thing"))
    assert len(words) < 50_000 and words.count("-->") < 500
    assert re.match(r"the picture has \d+ of 1000 states and \d+ of \d+ arrows: ", note)


def test_a_table_of_forty_states_is_drawn_whole_with_few_arrows() -> None:
    manager = life(40)
    thing = manager.resource("thing")
    whole, few = state_graph(manager, thing), collapsed(state_graph(manager, thing))
    source, note = pictured(manager, thing)
    assert note == "" and source == dot.state_diagram(manager, thing)
    assert len(few.nodes) == 40 and len(few.arrows) < len(whole.arrows) / 3
    assert not any(arrow.failure for arrow in few.arrows)
    assert {(a.source, a.target) for a in whole.arrows if a.spine} == {
        (a.source, a.target) for a in few.arrows if a.spine}
    lines = {(n.name, line.split(":")[0].removeprefix("→ "))
             for n in few.nodes for line in n.exits if line.startswith("→")}
    drawn = {(a.source, a.target) for a in few.arrows}
    assert lines | drawn == {(a.source, a.target) for a in whole.arrows}, "no arrow is lost"
    assert [title for title, _ in few.clusters] == ["setup", "disk", "net", "boot", "rest"]
    assert 'subgraph "cluster setup" {' in source
    assert max(len(node_lines(n)) for n in few.nodes) < 14
    assert "do_1, do_2, do_3, 20 more: EINVAL" in node_lines(few.nodes[0])


def test_a_small_graph_is_not_collapsed() -> None:
    whole = state_graph(spec("spec/scsi.yaml"), spec("spec/scsi.yaml").resource("disk"))
    assert collapsed(whole) is whole


@needs_graphviz
def test_graphviz_draws_a_thousand_states() -> None:
    manager = life(1000)
    picture = render(pictured(manager, manager.resource("thing"))[0], "x.dot")
    assert "setup_0" in picture and "the picture has" in picture


def test_the_picture_of_a_table_that_fits_is_of_its_source() -> None:
    manager = ladder(20)
    source, note = pictured(manager, manager.resource("thing"))
    assert note == "" and source == diagram.dot_sources(manager)["states-thing"]
