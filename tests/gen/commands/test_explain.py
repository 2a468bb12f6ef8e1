"""`berthc explain`: every id is explained, and every example shows its id and is sound when
mended."""
from __future__ import annotations

import re
from pathlib import Path

import pytest
from command_line import BAD, SCSI, berthc
from explore_support import FAULTY, ROOT

from berthc.explore.bounds import Bounds
from berthc.explore.findings.judge import IDS
from berthc.explore.report import explore
from berthc.pipeline import compile_for_search, compile_spec, search_text
from berthc.reference.explained import FOLDER, Explained, every
from berthc.reference.rules import catalogue

SHOWN = [one for one in every() if one.of]
NO_SPEC_SHOWS = {"file", "size", "empty", "more"}
"""What no piece of a spec can show."""


def title(one: Explained) -> str:
    return f"{one.id}-{one.by}".replace(" ", "-")


def searched(one: Explained) -> bool:
    return one.by.startswith("the search")


def test_every_id_is_explained_where_it_is_found() -> None:
    assert [one.id for one in every() if searched(one)] == list(IDS)
    assert {one.id for one in every() if "search" not in one.by or "rules" in one.by} == set(
        catalogue())
    assert {one.id for one in every()} - {one.id for one in SHOWN} == NO_SPEC_SHOWS
    assert all(one.means and one.cure and one.more for one in every())


@pytest.mark.parametrize("of", sorted({one.of for one in SHOWN}))
def test_the_spec_without_a_mistake_is_sound(of: str) -> None:
    result, manager = search_text(of, (FOLDER / f"{of}.yaml").read_text())
    assert manager is not None and result.diagnostics == ()
    report = explore(manager, Bounds())
    assert report.findings == () and report.complete and report.unplayed == ((), ())


@pytest.mark.parametrize("one", SHOWN, ids=title)
def test_an_example_shows_its_id_and_no_other(one: Explained, tmp_path: Path) -> None:
    spec = tmp_path / "example.yaml"
    spec.write_text(one.faulty)
    if "static rules" in one.by or not searched(one):
        assert {d.id for d in compile_spec(str(spec)).diagnostics} == {one.id}
    if searched(one):
        _, manager = compile_for_search(str(spec))
        assert manager is not None
        assert {found.fault.id for found in explore(manager, Bounds()).findings} == {one.id}


def headings(page: Path) -> set[str]:
    """The anchors of a page."""
    found = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^a-z0-9 -]", "", text.lower()).replace(" ", "-") for text in found}


@pytest.mark.parametrize("one", every(), ids=title)
def test_the_documents_have_the_place_that_is_named(one: Explained) -> None:
    page, anchor = one.more.split("#")
    assert anchor in headings(ROOT / "docs" / page)


def test_an_explanation_has_all_its_parts() -> None:
    done = berthc("explain", "leak")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == """\
leak (found by the search and the static rules)

An instance ends, or nobody holds it any more, while its effect is still in the
backend. No request and no drain ever takes that effect back. An instance, a
reference or a slot that stays behind is a leak, too.

The rule: Nothing is left that nobody will let go of: an instance without a
holder is in a final or a resident state, and ends only when what was done to it
is undone.

Wrong (the whole spec: berthc explain leak --spec):

    # resources.share.states.added.on
    add: stay
    remove: gone

Right:

    # resources.share.states.added.on
    add: stay
    remove: {call: vm.remove, ok: gone, fail: added, uncertain: unsure}

Cure: Undo the effect before the instance ends, or stay in a state where the
next request does. A row that undoes it itself ends the instance only if its
call ends ok: not fail: gone, but fail: stay.

More: docs/checker.md#leaks
"""


def test_an_id_with_two_meanings_has_both() -> None:
    text = berthc("explain", "needs").stdout
    assert "needs (found by the search)" in text and "needs (found by the static rules)" in text
    assert text.count("berthc explain needs --spec") == 1


def test_the_list_has_a_line_for_each() -> None:
    text = berthc("explain").stdout
    lines = [line for line in text.splitlines() if line.startswith("  ")]
    assert [line.split()[0] for line in lines] == [one.id for one in every()]
    assert all(len(line.split()) > 4 and line.endswith(".") for line in lines)
    assert re.findall("^Found by (.*):$", text, re.MULTILINE) == [
        "the search", "reading a spec", "the static rules"]


def test_the_example_can_be_checked() -> None:
    spec = berthc("explain", "interference", "--spec").stdout
    done = berthc("check", "-", stdin=spec)
    assert done.returncode == 1 and "error[interference]" in done.stderr


def test_an_id_of_before_is_explained_by_its_name_today() -> None:
    assert berthc("explain", "hollow").stdout == berthc("explain", "missing-effect").stdout


@pytest.mark.parametrize(("args", "says"), [
    (("leek",), "no message has the id 'leek'; did you mean 'leak'? berthc explain lists all"),
    (("xyzzy",), "no message has the id 'xyzzy'; berthc explain lists all"),
    (("--spec",), "--spec prints the example of one id: name it"),
    (("file", "--spec"), "no spec can show file"),
])
def test_what_cannot_be_explained_is_bad_usage(args: tuple[str, ...], says: str) -> None:
    done = berthc("explain", *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"berthc: {says}\nTry 'berthc explain --help'.\n"


@pytest.mark.parametrize("shown", ["error[leak]", "warning[leak]", "[leak]", "error[leak]:"])
def test_an_id_may_be_written_as_messages_have_it(shown: str) -> None:
    assert berthc("explain", shown).stdout == berthc("explain", "leak").stdout


def test_the_hint_names_every_id_that_is_shown(tmp_path: Path) -> None:
    spec = tmp_path / "net.yaml"
    text = (ROOT / "examples/minimal/net.yaml").read_text(encoding="utf-8")
    spec.write_text(text.replace("fail: idle, uncertain: unsure", "fail: idle, uncertain: idle"))
    told = berthc("check", str(spec)).stderr
    assert told.endswith(f"{HINT}ID (leak, double)\n")


HINT = "berthc: an example and its cure: berthc explain "


def test_a_run_with_messages_names_the_command_once(tmp_path: Path) -> None:
    leaks = [str(path) for path in sorted(FAULTY.glob("leak-*.yaml"))[:2]]
    for args, id_ in ((("check", *leaks), "leak"), (("check", BAD), "unknown-state"),
                      (("check", "--static", BAD, BAD), "unknown-state"),
                      (("gen", "-o", str(tmp_path), BAD), "unknown-state")):
        told = berthc(*args).stderr
        assert told.count(HINT) == 1 and told.endswith(f"{HINT}{id_}\n")


def test_a_run_without_messages_or_for_tools_does_not() -> None:
    for args in ((SCSI,), ("--static", "tests/gen/bad/accepted.yaml"), ("--format", "json", BAD),
                 ("--format", "sarif", BAD), ("--static", "missing.yaml")):
        assert HINT not in berthc("check", *args).stderr
