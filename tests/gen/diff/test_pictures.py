"""The pictures of `berthc diff`: what changed is marked, what did not keeps its place."""
from __future__ import annotations

import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from berthc.diff import compared
from berthc.diff.report import Comparison
from berthc.emit.diff.markdown import MARK, MOST, as_markdown
from berthc.emit.diff.mermaid import flowchart
from berthc.emit.diff.svg import source
from berthc.emit.diff.union import MOST_BOXES, unions
from berthc.pipeline import partly_built
from command_line import ROOT, SCSI, berthc

TEXT = (ROOT / SCSI).read_text(encoding="utf-8")
LEAVING = ("raise: detach}, fail: attached, uncertain: leaving",
           "raise: detach}, fail: attached, uncertain: gone_perhaps")
NEW = ("      boot:\n", "      gone_perhaps:\n        brief: Perhaps.\n        on: {claim: "
       "{reject: EBUSY}, attach: {reject: EBUSY}, detach: detached}\n      boot:\n")


def edited(*pairs: tuple[str, str]) -> str:
    text = TEXT
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text


def comparison(old: str, new: str) -> Comparison:
    before, after = partly_built("old.yaml", old), partly_built("new.yaml", new)
    assert before is not None and after is not None
    alike, changes = compared(before, after)
    return Comparison("old.yaml", "new.yaml", alike, after, tuple(changes))


def test_one_graph_holds_both_specs_with_marks() -> None:
    [disk] = unions(comparison(TEXT, edited(LEAVING, NEW)))
    assert disk.resource == "disk"
    assert {b.name: b.mark for b in disk.boxes if b.mark} == {"gone_perhaps": "+"}
    assert {(li.source, li.target): li.mark for li in disk.links if li.mark} == {
        ("attached", "gone_perhaps"): "+", ("gone_perhaps", "detached"): "+",
        ("attached", "leaving"): "−"}
    [back] = unions(comparison(edited(LEAVING, NEW), TEXT))
    assert {b.name: b.mark for b in back.boxes if b.mark} == {"gone_perhaps": "−"}


def test_an_outcome_that_stays_is_not_marked() -> None:
    old = "uncertain: ejected}"
    new = edited((f"fail: ejected, {old}", f"fail: failed, {old}"))
    [disk] = unions(comparison(TEXT, new))
    [ejected] = [box for box in disk.boxes if box.name == "ejected"]
    assert [line.text for line in ejected.lines if "remove_disk" in line.text] == [
        "detach / vm.remove_disk uncertain: stay", "− detach / vm.remove_disk fails: stay"]
    ends = "ok: unmounted, fail: mounted, uncertain: "
    [mount] = unions(comparison(TEXT, edited((f"{ends}suspect", f"{ends}unmounted"))))
    [more] = [link for link in mount.links if (link.source, link.target) == (
        "mounted", "unmounted")]
    assert (more.mark, [line.text for line in more.lines]) == (
        "~", ["unmount / guest.unmount", "+ unmount / guest.unmount uncertain"])


def test_a_renamed_state_is_one_state() -> None:
    disk, mount = unions(comparison(TEXT, TEXT.replace("suspect", "doubtful")))
    assert [b.title for b in disk.boxes if b.mark] == ["~ doubtful (was suspect)"]
    assert not [li for li in (*disk.links, *mount.links) if li.mark]


def test_lines_of_a_state_and_its_begin_are_marked() -> None:
    [disk] = unions(comparison(TEXT, edited(
        ("claim: {reject: EBUSY, brief: The disk is leaving.}", "claim: {reject: EIO}"),
        ("enter: boot", "enter: attached"))))
    [ejected] = [b for b in disk.boxes if b.mark]
    assert [line.text for line in ejected.lines if line.mark] == ["+ claim: EIO", "− claim: EBUSY"]
    assert disk.start == (("reserved", ""), ("attached", "+"), ("boot", "−"))


def test_nothing_is_drawn_where_no_state_changed() -> None:
    same = comparison(TEXT, edited(("range: [1, 4]", "range: [1, 8]")))
    assert unions(same) == [] and "no state and no row changed" in source([same])


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs graphviz")
def test_what_did_not_change_keeps_its_place(tmp_path: Path) -> None:
    (tmp_path / "new.yaml").write_text(edited(LEAVING, NEW), encoding="utf-8")
    places = {}
    for side in ("both", "old", "new"):
        done = berthc("diff", "--no-check", "--format", "svg", "--side", side, "-o",
                      str(tmp_path / f"{side}.svg"), SCSI, str(tmp_path / "new.yaml"))
        assert done.returncode >= 10 and done.stdout == ""
        places[side] = drawn((tmp_path / f"{side}.svg").read_text(encoding="utf-8"))
    both = places["both"]
    assert "1 gone_perhaps" in both and "1 attached->1 leaving" in both
    assert both.keys() - places["old"].keys() == {
        "1 gone_perhaps", "1 attached->1 gone_perhaps", "1 gone_perhaps->1 detached"}
    assert both.keys() - places["new"].keys() == {"1 attached->1 leaving"}
    for side in ("old", "new"):
        assert {name: both[name] for name in places[side]} == places[side]


@pytest.mark.parametrize(("side", "seen"), [
    ("both", "~ doubtful (was suspect)"), ("old", "~ suspect"), ("new", "~ doubtful")])
def test_each_side_has_its_own_name_of_a_state(side: str, seen: str) -> None:
    """What the other one has takes its place unseen."""
    renamed = comparison(TEXT, TEXT.replace("suspect", "doubtful"))
    title, *_ = re.findall(r"<B>(.*doubtful.*?)</B>", source([renamed], side))
    parts = re.findall(r'<FONT COLOR="([^"]*)">([^<]*)</FONT>', title)
    assert "".join(text for _, text in parts) == "~ doubtful (was suspect)"
    assert "".join(text for colour, text in parts if colour != "#ffffff00") == seen


def drawn(svg: str) -> dict[str, tuple[str, ...]]:
    """Each state and arrow with where it is."""
    found = {}
    for group in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}g"):
        title = group.find("{http://www.w3.org/2000/svg}title")
        if group.get("class") in ("node", "edge") and title is not None and title.text:
            found[title.text] = tuple(p.get("d", "") for p in group.iter(
                "{http://www.w3.org/2000/svg}path"))
    return found


def test_a_picture_reads_in_black_and_white() -> None:
    text = source([comparison(TEXT, edited(LEAVING, NEW))])
    added = next(li for li in text.splitlines() if '"1 attached" -> "1 gone_perhaps"' in li)
    removed = next(li for li in text.splitlines() if '"1 attached" -> "1 leaving"' in li)
    assert "penwidth=3" in added and "+ detach" in added and "dashed" not in added
    assert 'style="dashed"' in removed and "− detach" in removed


def test_mermaid_marks_arrows_by_their_numbers() -> None:
    [disk] = unions(comparison(TEXT, edited(LEAVING, NEW)))
    lines = [line.strip() for line in flowchart(disk).splitlines()]
    arrows = [line for line in lines if re.search(r" (-->|==>|-\.->)", line)]
    styled = {int(n): style for line in lines if line.startswith("linkStyle")
              for numbers, style in [line.split(" ", 2)[1:]] for n in numbers.split(",")}
    assert sorted(styled) == list(range(len(arrows)))
    for n, arrow in enumerate(arrows):
        assert ("==>" in arrow) == ("stroke-width:4px" in styled[n])
        assert ("-.->" in arrow) == ("dasharray" in styled[n])
    assert sum("==>" in arrow for arrow in arrows) == 2
    assert any(line.startswith('s_gone_perhaps("<b>+ gone_perhaps') for line in lines)


def test_a_large_graph_shows_what_changed() -> None:
    def spec(extra: str) -> str:
        states = "".join(f"      s{n}: {{on: {{go: s{(n + 1) % 300}, stop: off}}}}\n"
                         for n in range(300))
        return ("berth: 1\nmanager: big\nresources:\n  thing:\n    holders: {take: t, drop: stop}\n"
                f"    initial: s0\n    states:\n{states}{extra}      off: {{final: true}}\n")

    [thing] = unions(comparison(spec(""), spec("      more: {on: {stop: off}}\n")))
    assert [b.name for b in thing.boxes] == ["more", "off"] and len(thing.boxes) <= MOST_BOXES
    assert thing.left_out.startswith("2 of 302 states and 1 of 601 arrows")


# Markdown


def test_a_comment_is_a_summary_a_table_and_a_diagram() -> None:
    text = as_markdown([comparison(TEXT, edited(LEAVING, NEW))])
    assert text.startswith(f"{MARK}\n\n## new.yaml: changes behaviour\n")
    assert "Compared with `old.yaml`: 1 added, 1 changed." in text
    assert ("| ~ | disk.attached on detach: an uncertain eject now leads to gone_perhaps; it led "
            "to leaving | changes behaviour | `new.yaml:" in text)
    assert text.count("```mermaid\n") == 1 and text.count("<details") == text.count("</details>")


def test_a_comment_of_many_changes_fits_and_says_what_it_leaves_out() -> None:
    old = re.sub(r"\n  reserve:", "".join(
        f"\n  look_{n}: {{find: disk}}" for n in range(240)) + "\n  reserve:", TEXT)
    new = re.sub(r"find: disk", "find: disk, deny: {if: disk.read_only, error: EPERM, brief: "
                 + "x" * 150 + "}", old)
    one = comparison(old.replace("find: disk", "find: disk, deny: {if: disk.read_only, error: "
                                 "EPERM, brief: y}"), new)
    assert len(one.changes) == 240
    every = as_markdown([one] * 3)
    assert len(every) <= MOST
    left = as_markdown([comparison(TEXT, edited(LEAVING, NEW))], 2700)
    assert len(left) <= 2700 and "Left out" in left and "the diagram of disk of new.yaml" in left


def test_text_of_a_spec_is_no_markup_of_a_comment(tmp_path: Path) -> None:
    text = (ROOT / "tests/gen/specs/lantern.yaml").read_text(encoding="utf-8")
    path = tmp_path / "new.yaml"
    path.write_text(text.replace("brief: It smokes.", 'brief: "<img src=x> | `a` | ```"').replace(
        "fail: lit, uncertain: smoking", "fail: gone, uncertain: smoking"), encoding="utf-8")
    done = berthc("diff", "--engine", "python", "--callers", "2", "--keys", "1", "--format",
                  "markdown", "tests/gen/specs/lantern.yaml", str(path))
    assert done.returncode == 15 and "<img" not in done.stdout.replace("\\<img", "")
    assert "New: <b>leak</b>" in done.stdout and "the shortest script:" in done.stdout
    for line in done.stdout.splitlines():
        if line.startswith("| ~"):
            assert len(re.findall(r"(?<!\\)\|", line)) == 6
