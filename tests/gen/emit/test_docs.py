"""The page of a manager: nothing of the spec is left out, and text means itself."""
from __future__ import annotations

import re
from dataclasses import replace

from pathlib import Path

import pytest
from command_line import ROOT, berthc
from diagram_support import EACH_SPEC, LANTERN, NO_GRAPHVIZ, SPECS, made_of, quiet, spec

from berthc.emit import diagram, docs
from berthc.answers.codes import fired, hooks_called, return_codes
from berthc.answers.reach import Reach
from berthc.emit.docs.markdown import code, md, sentence, table
from berthc.commands.pages import pages
from berthc.files.place import Place
from berthc.model import NOWHERE, Accept, Store

RESOURCES = [(path, r.name) for path in SPECS for r in spec(path).resources]


def page(path: str) -> str:
    manager = spec(path)
    return docs.files(manager)[f"{manager.name}/README.md"]


def rows_of(text: str) -> list[list[str]]:
    """Cells of a Markdown table, head first."""
    lines = [
        line for line in text.splitlines() if line.startswith("|") and not line.startswith("|---")
    ]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def codes_of(path: str, operation: str) -> dict[str, str]:
    return {c.error: c.when for c in return_codes(spec(path), spec(path).operation(operation))}


@pytest.mark.parametrize(("path", "resource"), RESOURCES)
def test_table_has_a_cell_for_every_state_and_event_and_names_what_the_row_does(
    path: str, resource: str
) -> None:
    what = spec(path).resource(resource)
    head, *body = rows_of(docs.state_table(what))
    assert sorted(head[1:]) == sorted(f"`{e}`" for e in what.events)
    assert [line[0] for line in body] == [f"`{s.name}`" for s in what.states if not s.final]
    for line in body:
        state = what.state(line[0].strip("`"))
        for event, cell in zip((h.strip("`") for h in head[1:]), line[1:]):
            rows = what.rows(state.name, event)
            if not rows:
                assert cell == (f"**{what.otherwise}**" if what.otherwise else "–")
            for row in rows:
                assert row.call is None or f"`{row.call}`" in cell
                assert row.reject is None or f"**{row.reject}**" in cell
                assert row.guard is None or f"if `{row.guard.text}`" in cell
                for _, target in row.targets():
                    shown = (
                        "stay"
                        if target.state == state.name and not target.raise_event
                        else f"→ {target.state}"
                    )
                    assert shown in cell
                    assert target.raise_event is None or f"then {target.raise_event}" in cell


def test_cells_of_a_known_state() -> None:
    body = rows_of(docs.state_table(spec("spec/scsi.yaml").resource("disk")))
    assert body[0] == ["state", "`claim`", "`attach`", "`detach`"]
    assert body[2] == [
        "`attached`",
        "stay",
        "stay",
        "`guest.eject`<br>ok: → ejected, then detach<br>fails: stay<br>uncertain: → leaving",
    ]
    assert body[3][1] == "**EBUSY**<br>The disk is leaving."


@EACH_SPEC
def test_page_names_everything_and_shows_pictures_that_exist(path: str) -> None:
    manager, text = spec(path), page(path)
    for resource in manager.resources:
        assert f"## {resource.name}\n" in text and docs.state_table(resource) in text
        for name in (
            *(f.name for f in resource.fields),
            *(a.name for a in resource.assigned),
            *(s.name for s in resource.states),
        ):
            assert f"| `{name}` |" in text
    for name in (*(o.name for o in manager.options), *(h.name for h in manager.hooks)):
        assert f"| `{name}` |" in text
    for operation in manager.operations:
        assert f"### {operation.name}\n" in text and f"](#{operation.name})" in text
    made = set(diagram.files(manager, quiet, NO_GRAPHVIZ))
    made |= {name.replace(".dot", ".svg") for name in made}  # of graphviz
    for target in re.findall(r"\]\(([^#)]+)\)", text):
        assert f"{manager.name}/{target}" in made, target


@pytest.mark.parametrize("there", [(), ("ownership.svg", "sequence-reserve.svg", "diagrams.md")])
def test_a_page_links_only_to_what_is_there(there: tuple[str, ...]) -> None:
    manager = spec("spec/scsi.yaml")
    text = docs.files(manager, there)["scsi/README.md"]
    assert set(re.findall(r"\]\(([^#)]+)\)", text)) == set(there)
    assert text.count("```mermaid\nstateDiagram-v2") == 2
    assert ("```mermaid\nflowchart" in text) == (not there)
    assert "plain text" not in text and ("[Mermaid]" in text) == bool(there)


def test_docs_alone_writes_the_pictures_that_its_page_shows(tmp_path: Path) -> None:
    path = str(ROOT / "spec/scsi.yaml")
    assert berthc("docs", "-o", str(tmp_path), path).returncode == 0
    links = re.findall(r"\]\(([^#)]+)\)", (tmp_path / "scsi/README.md").read_text())
    assert "diagrams.md" in links and len(links) > 6
    assert [name for name in links if not (tmp_path / "scsi" / name).is_file()] == []
    assert berthc("docs", "-o", str(tmp_path), "--check", path).returncode == 0
    assert berthc("diagram", "-o", str(tmp_path), "--check", path).returncode == 0


def test_without_graphviz_the_page_links_to_pictures_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from berthc.emit.diagram import files

    monkeypatch.setattr(diagram, "files", lambda m: files(m, quiet, NO_GRAPHVIZ))
    manager, place = spec("spec/scsi.yaml"), Place(tmp_path)
    page = tmp_path / "scsi/README.md"
    made = pages(place, [manager])
    assert "(states-disk.svg)" not in made[page] and "(sequence-reserve.svg)" in made[page]
    assert "```mermaid\nstateDiagram" in made[page] and "(diagrams.md)" in made[page]
    page.parent.mkdir()
    (tmp_path / "scsi/states-disk.svg").write_text("<svg/>")
    assert "(states-disk.svg)" in pages(place, [manager])[page]
    assert "(states-mount.svg)" not in pages(place, [manager])[page]


def test_page_names_the_spec_without_its_folder() -> None:
    assert "Made from `scsi.yaml` by `berthc docs`" in page("spec/scsi.yaml")


def test_return_codes_of_an_operation_with_a_reservation() -> None:
    codes = codes_of("spec/scsi.yaml", "map_to_guest")
    assert list(codes) == [
        "0", "EINVAL", "ENOBUFS", "ENOENT", "ECANCELED", "EBUSY", "ENOTRECOVERABLE", "EOPNOTSUPP",
        "", "ETIMEDOUT", "EDEADLK", "ENOMEM",
    ]
    assert codes["EOPNOTSUPP"] == "The backend leaves out `guest.format_and_mount`."
    assert (
        codes[""]
        == "The error of `vm.add_disk` or `vm.has_disk` or `guest.mount` or"
        " `guest.format_and_mount` or `guest.has_mount`, unchanged."
    )
    assert (
        codes["ECANCELED"]
        == "The reservation has begun to let go; it can only be ended.<br>The instance, or"
        " everything, was discarded meanwhile."
    )


def test_return_codes_of_an_operation_that_ends_a_reservation() -> None:
    codes = codes_of("spec/scsi.yaml", "unmap_from_guest")
    assert codes["ECANCELED"] == "The instance, or everything, was discarded meanwhile."
    assert "ENOBUFS" not in codes and "EEXIST" not in codes


def test_return_codes_of_obtain_name_conflict_pool_policy_and_rejection() -> None:
    codes = codes_of("spec/scsi.yaml", "reserve")
    assert codes["ENOSPC"] == "No slot is free for a new disk."
    assert codes["EBUSY"] == "The disk is `ejected`: The disk is leaving."
    assert (
        "Linux guests cannot format with ReFS. Policy: `option.guest == linux and"
        " mount.format_with_refs`."
        in codes["EINVAL"]
    )
    assert codes["EEXIST"].count("<br>") == 1 and "" not in codes


def test_return_codes_of_create_and_of_find() -> None:
    assert (
        codes_of("spec/scsi.yaml", "reserve_for_rootfs")["EBUSY"] == "The slot `address` is taken."
    )
    codes = codes_of("spec/plan9.yaml", "remove_from_vm")
    assert codes["0"] == "Done, or no such share is tracked." and "ENOENT" not in codes


def test_return_codes_where_an_instance_gets_one_holder_more() -> None:
    assert (
        codes_of("spec/scsi.yaml", "reserve")["EOVERFLOW"]
        == "The disk or mount has as many holders as can be counted."
    )
    assert (
        codes_of("spec/plan9.yaml", "add_to_vm")["EOVERFLOW"]
        == "The share has as many holders as can be counted."
    )
    assert "EOVERFLOW" not in codes_of(
        "spec/scsi.yaml", "map_to_guest"
    ) and "EOVERFLOW" not in codes_of("spec/plan9.yaml", "remove_from_vm")


def test_return_codes_of_hooks_that_ask_and_are_left_out() -> None:
    codes = codes_of("tests/gen/specs/probe.yaml", "bring_up")
    assert "The backend leaves out `host.has`." in codes["ENOTRECOVERABLE"]
    assert codes["EOPNOTSUPP"] == "The backend leaves out `net.shows`."


def test_the_error_of_the_operation_one_waited_for_is_named_where_that_can_happen() -> None:
    words = "another operation that this one waited for, and that failed and ended the share"
    assert words in codes_of("spec/plan9.yaml", "add_to_vm")[""]
    assert words in codes_of("spec/plan9.yaml", "resolve_share_name")[""]
    assert "" not in codes_of("spec/scsi.yaml", "reserve")


def test_events_that_are_raised_count_as_fired() -> None:
    manager = spec("spec/vpci.yaml")
    assert fired(manager, manager.operation("add_to_vm")) == {"device": ("add", "announce")}
    assert hooks_called(manager, manager.operation("add_to_vm")) == (
        "vm.add_device",
        "vm.has_device",
        "guest.add_vpci_device",
    )
    assert hooks_called(manager, manager.operation("reserve")) == ()


@EACH_SPEC
def test_the_header_and_the_page_agree_on_hooks_and_refusals(path: str) -> None:
    """The header looks at reachable states only, the page at all states: it may say more."""
    manager = spec(path)
    reach = Reach(manager)
    for operation in manager.operations:
        met = reach.met(operation)
        assert met.hooks.keys() <= set(hooks_called(manager, operation))
        codes = {c.error: c.when for c in return_codes(manager, operation)}
        for refusal in met.refusals:
            where = refusal.hook or refusal.state
            assert f"`{where}`" in codes[refusal.error]


def test_accepted_findings_are_repeated() -> None:
    accepted = (
        Accept("trap", "It is | meant.", NOWHERE, "lamp.eternal", NOWHERE),
        Accept("leak", "So what.", NOWHERE, "", NOWHERE),
    )
    manager = replace(spec(LANTERN), accept=accepted)
    text = docs.files(manager)["lantern/README.md"]
    assert (
        "| `trap` | `lamp.eternal` | It is \\| meant. |\n"
        "| `leak` | everywhere | So what. |\n" in text
    )


def test_a_store_is_described_with_what_callers_give_and_get() -> None:
    manager = spec(LANTERN)
    with_store = replace(manager, store=Store("shop.settle", NOWHERE, "Wait for it."))
    text, plain = (docs.files(m)["lantern/README.md"] for m in (with_store, manager))
    assert "## Store\n" in text and "`lantern_open` takes a store" in text
    assert "first calls `shop.settle`" in text and "\nWait for it.\n" in text
    owned = [o.name for o in manager.operations if with_store.has_owner(o)]
    rows = {row[0]: row[1] for row in rows_of(text) if len(row) == 5}
    assert owned
    assert [o.name for o in manager.operations
            if "owner" in rows[f"[`{o.name}`](#{o.name})"].split(", ")] == owned
    for o in manager.operations:
        changes = bool(o.steps or o.gives or o.ends or o.form.value in ("obtain", "create"))
        codes = {c.error for c in return_codes(with_store, o)}
        assert {"EOWNERDEAD", "ESTALE"} <= codes if changes else "EOWNERDEAD" not in codes
    assert rows["`shop.settle`"] == "the store"
    assert "## Store" not in plain and "EOWNERDEAD" not in plain and ", owner |" not in plain


def test_hostile_briefs_stay_in_their_cell() -> None:
    assert "| Light it \\<under\\> a \\| roof; \"carefully\" & slowly. |\n" in page(LANTERN)
    for line in page(LANTERN).splitlines():
        assert "<under>" not in line


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("a | b", "a \\| b"),
        ("*x* _y_ a_b", "\\*x\\* \\_y\\_ a_b"),
        ("<b> &amp; & c", "\\<b\\> &amp;amp; & c"),
        ("# head", "\\# head"),
        ("1. one", "1\\. one"),
        ("- dash", "\\- dash"),
        ("two\n lines", "two lines"),
        ("`x` [y](z) ~w~ $v$ \\", "\\`x\\` \\[y\\](z) \\~w\\~ \\$v\\$ \\\\"),
    ],
)
def test_markdown_means_itself(words: str, wanted: str) -> None:
    assert md(words) == wanted


def test_code_spans_hold_back_quotes_and_pipes() -> None:
    assert code("a`b|c") == "`` a`b\\|c ``"
    assert code("x") == "`x`"


def test_small_things() -> None:
    assert (sentence("Yes"), sentence("Yes."), sentence("")) == ("Yes.", "Yes.", "")
    assert table(("a",), [("b\nc",)]) == "| a |\n|---|\n| b c |\n"


def test_a_field_says_its_default_unless_it_is_the_zero_value() -> None:
    manager = made_of("""\
berth: 1
manager: m
resources:
  thing:
    key: [name]
    fields:
      name: {type: string}
      mtu: {type: u16, default: 1500}
      zero: {type: u8, default: 0}
      lid: {type: bool, default: true}
      kind: {type: enum, values: [plain, gas], default: gas}
      other: {type: enum, values: [plain, gas]}
      tags: {type: set, of: string}
    initial: here
    states:
      here: {resident: true, on: {poke: stay}}
operations:
  poke: {obtain: [thing], do: [thing.poke]}
""")
    roles = {
        row[0]: row[2]
        for row in rows_of(docs.files(manager)["m/README.md"])
        if len(row) == 4 and row[0].startswith("`")
    }
    assert roles["`mtu`"] == "must match, default `1500`"
    assert roles["`lid`"] == "must match, default `true`"
    assert roles["`kind`"] == "must match, default `gas`"
    assert roles["`name`"] == "key"
    assert {roles[f"`{name}`"] for name in ("zero", "other", "tags")} == {"must match"}


def test_a_manager_without_options_hooks_and_key() -> None:
    manager = made_of("""\
berth: 1
manager: m
brief: One thing
resources:
  thing:
    brief: The one thing
    initial: here
    states:
      here: {brief: It is here., resident: true, on: {poke: stay}}
operations:
  poke: {brief: Poke it., obtain: [thing], do: [thing.poke]}
""")
    text = docs.files(manager)["m/README.md"]
    assert "## Options" not in text and "## Hooks" not in text
    assert "At most one. Nothing holds it.\n" in text
    assert "One thing.\n" in text
