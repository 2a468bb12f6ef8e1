"""The page of a manager as a file: whole, alone, always the same, and harmless whatever a spec
says. What a browser makes of it is tested in tests/page."""
from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from command_line import berthc

from berthc.emit.diagram.dot_ownership import ownership_diagram
from berthc.emit.html import files, same
from berthc.emit.html.bundle import BundleError, bundle
from berthc.emit.html.content import troubles
from berthc.emit.html.coverage import read
from berthc.emit.html.findings import Checked, checked, unplayed
from berthc.emit.html.source import span
from berthc.emit.html.words import html
from berthc.model import Manager
from berthc.pipeline import search_text

ROOT = Path(__file__).parents[3]
SPECS = [*sorted((ROOT / "spec").glob("*.yaml")), ROOT / "tests/gen/specs/kitchen.yaml"]
NOTHING = Checked((), "", False)
ADD = {"op": "add_to_vm", "share": {"host_path": "/a"}}
VOID = {"meta", "br", "input", "img", "link", "hr"}
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)> & \" ' ` <!-- ]]>"


class Reader(HTMLParser):
    """Notes elements, and fails at a tag that closes no open one."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, (tag, self.open[-3:], self.getpos())
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)


def manager_of(text: str, file: str = "spec.yaml") -> tuple[Manager, tuple[str, ...]]:
    result, manager = search_text(file, text)
    assert manager is not None, result.diagnostics
    return manager, result.source.lines


def page(text: str, **more: Any) -> str:
    manager, lines = manager_of(text)
    return files(manager, lines, more.pop("checked", NOTHING), **more)[f"{manager.name}.html"]


def read_page(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def scsi() -> str:
    return (ROOT / "spec/scsi.yaml").read_text()


def test_the_simulator_of_the_page_says_that_it_has_no_store() -> None:
    said = "Here the manager has no store"
    assert said in page(scsi().replace("manager: scsi\n", "manager: scsi\nstore: true\n", 1))
    assert said not in page(scsi())


def test_a_store_and_the_hook_that_settles_are_in_the_page() -> None:
    text = page((ROOT / "examples/qemu/stored_scsi.yaml").read_text())
    (said,) = re.findall(r'<section id="store".*?</section>', text, re.S)
    assert "takes a store, which keeps what is tracked" in said
    assert "Recovery first calls <code>vm.settle</code>" in said
    (hook,) = re.findall(r'<article class="hook" id="hook-vm.settle">.*?</article>', text, re.S)
    assert "on the store" in hook and "<li>must be there</li>" in hook
    owns = ownership_diagram(manager_of((ROOT / "examples/qemu/stored_scsi.yaml").read_text())[0])
    assert "settle(store)" in owns and '"store" -> "hooks.vm" [label=" recovery calls"' in owns
    assert 'id="store"' not in page(scsi())


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_a_page_is_well_formed_and_alone(spec: Path) -> None:
    text = page(spec.read_text())
    found = read_page(text)
    ids = [of["id"] for _, of in found.seen if "id" in of]
    assert len(ids) == len(set(ids))
    for tag, of in found.seen:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base")
        for name, value in of.items():
            assert name not in ("src", "srcset", "action", "style") and not name.startswith("on")
            if name in ("href", "xlink:href"):
                assert value is not None and re.match(r"#|index\.html$", value), value
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", text)


def test_the_policy_allows_these_scripts_and_no_network() -> None:
    text = page(scsi())
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    rules = dict(rule.split(" ", 1) for rule in policy[1].replace("&#39;", "'").split("; "))
    assert rules["default-src"] == "'none'" and "connect-src" not in rules
    script = re.findall(r"<script>(.*?)</script>", text, re.S)
    style = re.findall(r"<style>(.*?)</style>", text, re.S)
    for name, (body,) in (("script-src", script), ("style-src", style)):
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert rules[name] == f"'sha256-{digest}'"


def test_a_page_is_the_same_each_time_and_counts_pictures_by_their_source() -> None:
    text = page(scsi())
    assert text == page(scsi())
    moved = re.sub(r'(<g class="node"[^>]*>.*?<path [^>]*d="M)[^"]*"', r'\1 0,0"', text, count=1,
                   flags=re.S)
    assert moved != text and same("scsi.html", moved, text)
    assert not same("scsi.html", text.replace("SCSI disks", "Disks"), text)
    if shutil.which("dot"):
        other = re.sub(r"sha256 [0-9a-f]{64}", f"sha256 {'0' * 64}", text, count=1)
        assert not same("scsi.html", other, text)


def test_no_text_of_a_spec_is_markup_or_a_script() -> None:
    hostile = json.dumps(HOSTILE)
    spec = re.sub(r"^( *)brief: (?!>-).*$", lambda found: f"{found[1]}brief: {hostile}", scsi(),
                  flags=re.M)
    assert spec.count("alert(1)") > 10
    text = page(spec)
    found = read_page(text)
    assert [tag for tag, _ in found.seen].count("script") == 3
    assert "img" not in [tag for tag, _ in found.seen]
    assert HOSTILE in "".join(found.texts["p"])
    blocks = re.findall(r'<script type="application/json" id="(\w+)">(.*?)</script>', text, re.S)
    assert [name for name, _ in blocks] == ["data", "tables"]
    assert not any(char in body for _, body in blocks for char in "<>&")
    told = json.loads(dict(blocks)["data"])
    assert any(item["text"].startswith(HOSTILE) for item in told["items"].values())


def test_ids_of_rows_and_their_lines_are_those_of_the_spec() -> None:
    text, lines = page(scsi()), scsi().splitlines()
    told = json.loads(re.findall(r'id="data">(.*?)</script>', text, re.S)[0])
    item = told["items"]["disk.attached.detach.0"]
    assert lines[item["first"] - 1].strip().startswith("detach: {call: guest.eject")
    assert 'id="row-disk.attached.detach.0"' in text
    assert {name for name, one in told["items"].items() if one["kind"] == "row"} == {
        str(of["data-row"]) for tag, of in read_page(text).seen
        if tag == "button" and of.get("class", "") and "data-row" in of
        and str(of["class"]).startswith("row")}


def test_the_lines_of_something_are_those_that_are_indented_deeper() -> None:
    lines = ["a:", "  b: >-", "    text", "", "    more", "  # of c", "  c: {}", "d: 1"]
    assert [(s.first, s.last) for s in (span(lines, n) for n in (1, 2, 7, 8))] == [
        (1, 7), (2, 5), (7, 7), (8, 8)]


def test_without_graphviz_the_states_are_shown_as_text() -> None:
    warnings: list[str] = []
    text = page(scsi(), program="no-such-program", warn=warnings.append)
    assert len(warnings) == 1 and "graphviz" in warnings[0]
    found = read_page(text)
    assert "The picture needs graphviz" in "".join(found.texts["p"])
    assert "vm.add_disk" in "".join(found.texts["pre"])
    assert not any("data-rows" in of for _, of in found.seen)


@pytest.mark.skipif(shutil.which("dot") is None, reason="graphviz is not here")
def test_each_arrow_of_a_picture_knows_its_rows() -> None:
    found = read_page(page(scsi()))
    drawn = {end for _, of in found.seen if "data-ends" in of
             for end in str(of["data-ends"]).split()}
    manager, _ = manager_of(scsi())
    wanted = set()
    for resource in manager.resources:
        for state in resource.states:
            for n, row in enumerate(state.rows):
                index = sum(other.event == row.event for other in state.rows[:n])
                name = f"{resource.name}.{state.name}.{row.event}.{index}"
                wanted |= {f"{name}:{outcome}" for outcome, target in row.targets()
                           if target.state != state.name}
    assert drawn == wanted


SUITE = """\
[ RUN      ] every_row_was_taken
   1  device.reserved claim: ok
   2  device.reserved add vm.add_device: ok fail   NEVER uncertain
   3  device.assigned announce guest.add: ok left out   no caller can bring about: fail   \
not searched: uncertain
   4  device.assigned announce: rejected
vpci: rows taken in full 3 of 4, outcomes taken 5 of 6, that no caller can bring about 1
"""


def test_the_output_of_a_suite_says_which_rows_were_tested() -> None:
    rows = read(SUITE)["vpci"]
    assert rows["device.reserved.claim.0"].full
    assert rows["device.reserved.add.0"].text == "tested: ok, fail; never tested: uncertain"
    assert rows["device.assigned.announce.0"].excused == ("fail", "uncertain")
    assert rows["device.assigned.announce.0"].full and read("nothing") == {}
    assert rows["device.assigned.announce.1"].taken == ("rejected",)


def test_rows_are_painted_by_what_the_suite_took() -> None:
    spec = (ROOT / "spec/vpci.yaml").read_text()
    text = page(spec, coverage=read(SUITE)["vpci"])
    assert re.search(r'class="row untested" id="row-device.reserved.add.0"', text)
    assert re.search(r'class="row tested" id="row-device.reserved.claim.0"', text)
    assert "1 row not fully tested" in text and "not fully tested" not in page(spec)


def test_coverage_of_other_rows_is_refused(tmp_path: Path) -> None:
    told = tmp_path / "told.txt"
    told.write_text(SUITE)
    for spec, status, says in (("vpci", 2, "the rows of vpci are not those of its spec"),
                               ("scsi", 0, "there is no page of vpci")):
        done = berthc("html", "--coverage", str(told), "-o", str(tmp_path), f"spec/{spec}.yaml")
        assert done.returncode == status and says in done.stderr


def test_markdown_of_the_reference_page_becomes_html_and_nothing_else_does() -> None:
    assert html("`a<b` \\*x\\_y <br>**EIO** &amp;lt; <i>") == (
        "<code>a&lt;b</code> *x_y <br><strong>EIO</strong> &amp;lt; &lt;i&gt;")
    assert html("`` a ` b ``") == "<code>a ` b</code>"


def test_modules_are_joined_in_the_order_of_their_imports() -> None:
    text = bundle({"v/main.js": 'import {a as b} from "./x.js";\n'
                   'import {c} from "../e/y.js";\nb(c);',
                   "v/x.js": 'import {c} from "../e/y.js";\nexport function a() {}\nlet d = 1;\n',
                   "e/y.js": "/* one\n   comment */\nexport const c = 1;\nconst u = 2;\n"},
                  "v/main.js")
    assert text.index("module_e_y = ") < text.index("module_v_x = ") < text.index("module_v_main")
    assert "const { a: b } = module_v_x;" in text and "comment" not in text


@pytest.mark.parametrize(("texts", "says"), [
    ({"m.js": 'import x from "./y.js";\n'}, "this form is not known"),
    ({"m.js": "export default 1;\n"}, "this form is not known"),
    ({"m.js": 'import {x} from "./y.js";\n'}, "there is no module y.js"),
    ({"m.js": 'import {x} from "./n.js";\n', "n.js": 'import {y} from "./m.js";\n'},
     "import each other"),
])
def test_a_module_that_cannot_be_joined_is_an_error(texts: dict[str, str], says: str) -> None:
    with pytest.raises(BundleError, match=says):
        bundle(texts, "m.js")


LEAK = """\
berth: 1
manager: net
backend:
  host:
    open: {on: tap}
    close: {on: tap, undoes: host.open, repeatable: true}
resources:
  tap:
    key: [name]
    fields: {name: {type: string, required: true}}
    holders: {take: claim, drop: release}
    initial: idle
    states:
      idle:
        on:
          claim: stay
          open: {call: host.open, ok: up, fail: idle, uncertain: idle}
          release: closed
      up:
        on:
          claim: stay
          open: stay
          release: {call: host.close, ok: closed, fail: up, uncertain: up}
      closed: {final: true}
operations:
  reserve: {obtain: [tap], gives: reservation}
  open: {with: reservation, do: [tap.open]}
  release: {with: reservation, do: [tap.release], ends: reservation}
"""


def test_findings_are_in_the_page_with_scripts_that_can_be_played(tmp_path: Path) -> None:
    spec = tmp_path / "net.yaml"
    spec.write_text(LEAK)
    done = berthc("html", "--search", "-o", str(tmp_path / "out"), str(spec))
    assert done.returncode == 1 and "error[leak]" in done.stderr
    assert done.stderr.endswith(f"berthc: {spec}: 2 findings: leak, missing-effect\n")
    text = (tmp_path / "out/net.html").read_text()
    told = json.loads(re.findall(r'id="data">(.*?)</script>', text, re.S)[0])
    script = next(one["script"] for one in told["findings"] if one["id"] == "leak")
    assert [step["request"]["op"] for step in script] == ["reserve", "open", "release"]
    assert "data-play=" in text and "Explored every order of calls" in text


def test_scripts_of_stored_specs_can_be_played_or_say_why_not(tmp_path: Path) -> None:
    spec = ROOT / "tests/page/kept.yaml"
    done = berthc("html", "--search", "-o", str(tmp_path), str(spec))
    assert done.returncode == 1, done.stderr
    text = (tmp_path / "kept.html").read_text()
    told = json.loads(re.findall(r'id="data">(.*?)</script>', text, re.S)[0])
    scripts = {one["id"]: one["script"] for one in told["findings"]}
    assert [step["request"]["op"] for step in scripts["leak"]] == ["add_to_vm"]
    assert scripts["dangling"] == []
    assert text.count("data-play=") == 1
    assert text.count("In this script the process dies. That cannot be played here") == 1


@pytest.mark.parametrize(("requests", "says"), [
    ([{**ADD, "owner": "A"}, {**ADD, "owner": "B"}], ""),
    ([{**ADD, "owner": "A"}, {**ADD, "owner": "A"}], "it matters that references have owners"),
    ([{**ADD, "die": 1}], "process dies"),
    ([{"op": "recover"}], "process dies"),
])
def test_a_script_that_the_page_would_play_otherwise_is_not_played(
        requests: list[dict[str, Any]], says: str) -> None:
    manager, _ = manager_of((ROOT / "tests/page/kept.yaml").read_text())
    found: Any = SimpleNamespace(slots=None, script=requests, requests=requests)
    assert (says in unplayed(manager, found)) if says else unplayed(manager, found) == ""


def test_a_page_is_written_shown_and_compared(tmp_path: Path) -> None:
    spec = tmp_path / "scsi.yaml"
    spec.write_text(scsi())
    out = tmp_path / "out"
    assert berthc("html", "-o", str(out), str(spec)).returncode == 0
    assert [path.name for path in out.iterdir()] == ["scsi.html"]
    assert berthc("html", "--check", "-o", str(out), str(spec)).stdout == ""
    printed = berthc("html", "-o", "-", str(spec))
    assert printed.stdout == (out / "scsi.html").read_text()
    spec.write_text(scsi().replace("SCSI disks", "Disks"))
    drifted = berthc("html", "--check", "-o", str(out), str(spec))
    assert drifted.returncode == 1 and f"renew with: berthc html -o {out}" in drifted.stderr


def test_several_specs_get_a_page_that_leads_to_them(tmp_path: Path) -> None:
    done = berthc("html", "-o", str(tmp_path), *(str(spec) for spec in SPECS))
    assert done.returncode == 0
    found = read_page((tmp_path / "index.html").read_text())
    links = [of["href"] for tag, of in found.seen if tag == "a"]
    assert links == [f"{spec.stem}.html" for spec in SPECS]
    for link in links:
        assert 'href="index.html"' in (tmp_path / str(link)).read_text()


@pytest.mark.parametrize(("args", "status", "says"), [
    (("spec/scsi.yaml", "spec/scsi.yaml"), 2, "two of the specs are of the manager scsi"),
    (("-o", "-", "spec/scsi.yaml", "spec/vpci.yaml"), 2, "-o - prints one page"),
    (("-o", "-", "--check", "spec/scsi.yaml"), 2, "--check goes with files"),
    (("-o", "x.html", "spec/scsi.yaml"), 2, "the files go to a folder"),
    (("--coverage", "README.md", "spec/scsi.yaml"), 2, "is not the output of a generated suite"),
    (("--coverage", "no-such-file", "spec/scsi.yaml"), 2, "No such file"),
    (("--port", "70000", "spec/scsi.yaml"), 2, "'70000' is no port"),
    (("--port", "7000", "spec/scsi.yaml"), 2, "--port goes with --serve"),
    (("--check", "spec/scsi.yaml", "--serve"), 2, "--serve writes none"),
    (("no-such-spec.yaml",), 2, "no-such-spec.yaml"),
])
def test_what_cannot_be_is_told(args: tuple[str, ...], status: int, says: str,
                                tmp_path: Path) -> None:
    where = () if "-o" in args or "--serve" in args else ("-o", str(tmp_path))
    done = berthc("html", *where, *args, cwd=ROOT)
    assert done.returncode == status and says in done.stderr, done.stderr


def test_a_spec_with_an_error_has_no_page(tmp_path: Path) -> None:
    spec = tmp_path / "bad.yaml"
    spec.write_text(scsi().replace("initial: reserved", "initial: resrved", 1))
    done = berthc("html", "-o", str(tmp_path / "out"), str(spec))
    assert done.returncode == 1 and "resrved" in done.stderr and not (tmp_path / "out").exists()


UNHANDLED = "          detach: {call: vm.remove_disk, ok: detached, fail: ejected, uncertain: ejected}\n"


@pytest.mark.parametrize("search", [(), ("--search",)])
def test_a_spec_with_an_error_leaves_the_others_their_pages(
        search: tuple[str, ...], tmp_path: Path) -> None:
    bad, leak, out = tmp_path / "bad.yaml", tmp_path / "leak.yaml", tmp_path / "out"
    assert UNHANDLED in scsi()
    bad.write_text(scsi().replace(UNHANDLED, ""))
    leak.write_text(LEAK)
    args = ("html", *search, "-o", str(out), str(bad), str(leak), str(ROOT / "spec/vpci.yaml"))
    done = berthc(*args)
    assert done.returncode == 1 and "detach" in done.stderr, done.stderr
    assert {path.name for path in out.iterdir()} == {"index.html", "net.html", "vpci.html"}
    gallery = (out / "index.html").read_text()
    links = [of["href"] for tag, of in read_page(gallery).seen if tag == "a"]
    assert links == ["net.html", "vpci.html"]
    for said in ("bad.yaml", "No page: the spec has errors", "1 error", "detach"):
        assert said in gallery
    assert str(tmp_path) not in gallery
    checked_again = berthc(*args, "--check")
    assert checked_again.returncode == 1 and not checked_again.stdout
    gone = berthc(*args, str(tmp_path / "gone.yaml"))
    assert gone.returncode == 2 and "gone.yaml" in gone.stderr


def test_a_way_out_of_a_failure_says_which_answer_it_needs() -> None:
    manager, _ = manager_of(scsi())
    ways = {one.id: [words for _, words in one.leaves] for one in troubles(manager)}
    assert ways["disk.suspect"] == ["attach (vm.has_disk: yes) → attached",
                                    "attach (vm.has_disk: no) → reserved",
                                    "detach (guest.eject) → ejected"]
    assert ways["mount.failed"] == ["unmount → unmounted"]


def test_messages_are_ordered_and_counted() -> None:
    result, _ = search_text("net.yaml", LEAK)
    said = checked(result.diagnostics, None)
    assert said.bad == sum(one.severity == "error" for one in said.messages)
    assert said.claim == ""


def test_a_warning_is_counted_beside_the_verdict() -> None:
    result, _ = search_text("kept.yaml", scsi().replace("manager: scsi\n",
                                                        "manager: scsi\nstore: true\n", 1))
    said = checked(result.diagnostics, None)
    assert [one.severity for one in said.messages] == ["warning"]
    assert said.word == "static rules: no error, 1 warning"
    assert replace(said, claim="all", whole=True).word == "no error, 1 warning"
    assert replace(said, claim="some").word == "checked in part: no error, 1 warning"
    assert Checked((), "all", True).word == "checked: nothing is wrong"
