"""The schema in an editor: what yaml-language-server shows of specs, right and wrong ones."""
from __future__ import annotations

import json
import re
import subprocess
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import bad_specs
import pytest
from language_server import ROOT, SCHEMA, Completion, LanguageServer

from berthc.diag import Diagnostic, Severity
from berthc.errnos import ERRNO_NAMES
from berthc.pipeline import EXPLORABLE, compile_text

GOOD = sorted([*(ROOT / "spec").glob("*.yaml"), *(ROOT / "tests/gen/specs").glob("*.yaml"),
               *(ROOT / "examples").glob("*/*.yaml"), *(ROOT / "bench/specs").glob("*.yaml")])
SHAPE = {"unknown-key", "missing-key", "form", "type", "value", "empty-value", "name",
         "unknown-errno"}
YAML = {"yaml", "alias", "depth", "documents", "duplicate-key", "empty", "key", "merge-key", "tag",
        "encoding"}
# JavaScript has no exact integers of 64 bits.
ONLY_BERTHC = {"value-big"}


@pytest.fixture(scope="module")
def server() -> Iterator[LanguageServer]:
    """By settings, as editors name them: every YAML file is a spec."""
    with LanguageServer("*.yaml") as one:
        yield one


@cache
def schema() -> Any:
    return json.loads(SCHEMA.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def found(server: LanguageServer) -> dict[Path, list[tuple[int, str]]]:
    """Line and message of what the editor says of each spec. All are opened first, because the
    server waits a little before it looks at a file."""
    uris = {path: server.open(path, text_of(path)) for path in (*GOOD, *bad_specs.specs())}
    return {path: server.diagnostics(uri) for path, uri in uris.items()}


def text_of(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


@cache
def compiled(path: Path) -> tuple[Diagnostic, ...]:
    return bad_specs.compiled(path).diagnostics


def shape_lines(path: Path) -> set[int]:
    """The lines in which the compiler finds what a schema can know."""
    return {one.loc.line for one in compiled(path) if one.id in SHAPE and one.loc.line > 0}


@pytest.mark.parametrize("path", GOOD, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_an_editor_finds_nothing_wrong_with_a_good_spec(
        found: dict[Path, list[tuple[int, str]]], path: Path) -> None:
    assert found[path] == []


@pytest.mark.parametrize("path", bad_specs.specs(), ids=lambda p: p.stem)
def test_an_editor_marks_the_lines_that_the_compiler_marks(
        found: dict[Path, list[tuple[int, str]]], path: Path) -> None:
    ours, theirs = shape_lines(path), {line for line, _ in found[path]}
    if path.stem in ONLY_BERTHC:
        assert ours and not theirs
    else:
        assert ours <= theirs
    if not {one.id for one in compiled(path)} & (SHAPE | YAML):
        assert not theirs, "only the compiler refuses this spec"


def test_the_lines_of_bad_specs_are_compared() -> None:
    assert sum(bool(shape_lines(path)) for path in bad_specs.specs()) > 50


@pytest.mark.parametrize(("line", "says"), [
    ("manager: Bad", "A name has lower-case letters, digits and single underscores between them, "
     "and begins with a letter."),
    ("backend: {host: {open: {on: tap, undoes: close}}}", "A hook is written group.hook."),
    ("backend: {host: {open: {on: tap, absent: EBUSSY}}}",
     "An error is the name of a Linux errno value, such as EBUSY."),
    ("operations: {open: {find: tap, do: [open]}}", "Write resource.name."),
])
def test_a_bad_word_is_explained_without_a_pattern(
        server: LanguageServer, line: str, says: str) -> None:
    found = server.diagnostics(server.open(ROOT / f"spec/word-{len(line)}.yaml", f"{line}\n"))
    assert says in [message for _, message in found]


def test_a_modeline_names_the_schema(tmp_path: Path) -> None:
    command = [ROOT / "bin/berthc", "schema", "--modeline"]
    modeline = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    with LanguageServer() as plain:
        path = tmp_path / "net.yaml"
        assert plain.diagnostics(plain.open(path, "manager: 5\n")) == []
        found = plain.diagnostics(plain.open(tmp_path / "other.yaml", modeline + "manager: 5\n"))
        assert (2, 'Missing property "berth".') in found


# Completion. A text has a mark where the cursor is.

HEAD = "berth: 1\nmanager: m\n"
STATES = HEAD + "resources:\n  tap:\n    initial: idle\n    states:\n"
ROWS = STATES + "      idle:\n        on:\n"
PLACES: dict[str, tuple[str, list[str]]] = {
    "the top": (HEAD + "¦", []),
    "an option": (HEAD + "options:\n  size:\n    ¦", ["option"]),
    "a hook": (HEAD + "backend:\n  host:\n    open:\n      ¦", ["hook"]),
    "a resource": (HEAD + "resources:\n  tap:\n    ¦", ["resource"]),
    "a field": (HEAD + "resources:\n  tap:\n    fields:\n      name:\n        ¦", ["field"]),
    "an assigned value": (HEAD + "resources:\n  tap:\n    assigned:\n      number:\n        ¦",
                          ["assigned"]),
    "a state": (STATES + "      idle:\n        ¦", ["state"]),
    "a row": (ROWS + "          open:\n            ¦", ["row"]),
    "one of several rows": (ROWS + "          open:\n            - ¦", ["row"]),
    "an outcome": (ROWS + "          open:\n            call: a.b\n            ok:\n"
                   "              ¦", ["target"]),
    "an operation": (HEAD + "operations:\n  open:\n    ¦", ["operation"]),
    "a refusal": (HEAD + "operations:\n  open:\n    obtain: [tap]\n    deny:\n      ¦", ["denial"]),
    "limits": (HEAD + "limits:\n  ¦", ["limits"]),
    "limits of a resource": (HEAD + "limits:\n  resources:\n    tap:\n      ¦",
                             ["resource_limit"]),
    "an accepted finding": (HEAD + "accept:\n  - ¦", ["accept"]),
}


def keys_of(part: Any) -> dict[str, set[str]]:
    """The keys of a part of the schema, in any of its forms, with their descriptions."""
    while "$ref" in part:
        part = schema()["$defs"][part["$ref"].removeprefix("#/$defs/")]
    found: dict[str, set[str]] = {}
    for form in part.get("oneOf", [part]):
        for key, value in (form.get("properties", {}) if "$ref" not in form
                           else schema()["$defs"][form["$ref"].rpartition("/")[2]]
                           .get("properties", {})).items():
            found.setdefault(key, set()).add(value["description"])
    return found


@pytest.mark.parametrize("place", PLACES)
def test_the_keys_of_a_place_are_proposed_and_described(
        server: LanguageServer, place: str) -> None:
    text, names = PLACES[place]
    keys = keys_of(schema()["$defs"][names[0]] if names else schema())
    offered = {one.label: one for one in proposals(server, text)}
    for key in keys.keys() - {"berth", "manager"}:
        if key in text[text.rfind("\n    "):]:
            continue
        assert offered[key].about in keys[key], key
        inserted = offered[key].text[text.index("¦"):]
        assert re.match(rf"{key}:( |\n|$)", inserted), inserted


def proposals(server: LanguageServer, text: str) -> list[Completion]:
    return server.complete(ROOT / f"spec/complete-{len(server.texts)}.yaml", text)


def taken(server: LanguageServer, text: str, label: str) -> str:
    """The text once the proposal is taken."""
    [one] = [one for one in proposals(server, text) if one.label == label]
    return one.text


@pytest.mark.parametrize("text", [
    HEAD + "backend:\n  host:\n    open:\n      ¦",
    HEAD + "backend:\n  host:\n    open:\n      o¦",
    HEAD + "backend:\n  host:\n    open: {o¦}",
    STATES + "      idle:\n        ¦",
    STATES + "      idle:\n        brief: Idle.\n        o¦",
])
def test_on_is_inserted_without_quotes(server: LanguageServer, text: str) -> None:
    after = taken(server, text, "on")
    assert re.search(r"[ {]on:", after) and not re.search("[\"']", after)


@pytest.mark.parametrize("key", ["yes", "no"])
def test_yes_and_no_are_inserted_without_quotes(server: LanguageServer, key: str) -> None:
    after = taken(server, ROWS + "          open:\n            ask: a.b\n            ¦", key)
    assert after.endswith(f"            {key}: ")


@pytest.mark.parametrize("text", [
    ROWS + "          open: {reject: ¦}",
    ROWS + "          open:\n            reject: E¦",
    HEAD + "resources:\n  tap:\n    otherwise: {reject: ¦}",
    HEAD + "backend:\n  host:\n    open:\n      on: tap\n      absent: ¦",
    HEAD + "operations:\n  open:\n    obtain: [tap]\n    deny: {if: option.a, error: ¦}",
])
def test_errno_names_are_proposed_where_an_error_belongs(
        server: LanguageServer, text: str) -> None:
    offered = {one.label: one for one in proposals(server, text)}
    assert offered.keys() >= set(ERRNO_NAMES)
    assert offered["EBUSY"].about == "Device or resource busy."
    assert offered["EBUSY"].text == re.sub("E?¦", "EBUSY", text)


@pytest.mark.parametrize(("text", "words"), [
    (HEAD + "operations:\n  open:\n    gives: ¦", {"reservation"}),
    (HEAD + "resources:\n  tap:\n    fields:\n      name: {type: ¦}",
     {"bool", "u8", "u16", "u32", "u64", "i32", "i64", "enum", "string", "list", "set", "uuid"}),
    (HEAD + "resources:\n  tap:\n    assigned:\n      id: {from: a.b, type: ¦}",
     {"bool", "u8", "u16", "u32", "u64", "i32", "i64", "string", "uuid"}),
    (HEAD + "resources:\n  tap:\n    otherwise: ¦", {"reject"}),
    (HEAD + "accept:\n  - finding: ¦", {"leak", "double", "stranded", "missing-effect"}),
    (ROWS + "          open: ¦", {"stay"}),
    (ROWS + "          open: {call: a.b, ok: ¦}", {"stay"}),
    (HEAD + "resources:\n  tap:\n    initial: idle\n    states:\n      idle:\n        final: ¦",
     {"true", "false"}),
])
def test_words_are_proposed_where_only_some_are_valid(
        server: LanguageServer, text: str, words: set[str]) -> None:
    assert {one.label for one in proposals(server, text)} >= words


# Snippets. Each is inserted at its place of a spec whose names are those that snippets begin with.

SPEC = """\
berth: 1
manager: m
options:
  name: {type: enum, values: [one, other]}
  @options
backend:
  group:
    hook: {on: thing}
    other: {on: thing}
    undo: {on: thing, undoes: [group.hook, group.other]}
    ask: {on: thing, asks: group.hook}
    @group
  @backend
resources:
  thing:
    @thing
    key: [name]
    fields:
      name: {type: string, max_length: 63}
      @fields
    assigned:
      count: {counter: {}}
      @assigned
    holders: {take: claim, drop: close}
    initial: idle
    otherwise: reject
    states:
      idle:
        on:
          claim: stay
          event: {call: group.hook, ok: state, fail: stay}
          close: gone
          @on
      state: {on: {event: stay, close: gone}}
      gone: {final: true}
      @states
  @resources
operations:
  hold: {obtain: [thing], gives: reservation}
  let_go: {with: reservation, do: [thing.close], ends: reservation}
  run: {obtain: [thing], do: [thing.event]}
  @operations
"""
GROUP = SPEC[SPEC.index("  group:"):SPEC.index("    @group")]
HOOK, OTHER, UNDO, ASK = GROUP.splitlines(keepends=True)[1:]
STATE = "      state: {on: {event: stay, close: gone}}\n"
EVENT = "          event: {call: group.hook, ok: state, fail: stay}\n"
FRESH = "    fresh:\n      on: thing\n      {}: ¦\n"


@dataclass(frozen=True)
class Case:
    """Proposals, and where SPEC gets them: a line `@slot` of it becomes `place`. `without` is left
    out, because the snippet begins with the same name or takes its place."""

    slot: str
    labels: tuple[str, ...]
    place: str = "¦\n"
    without: str = ""

    def text(self) -> str:
        spec = SPEC.replace(self.without, "") if self.without else SPEC
        indent = re.search(rf"^( *)@{self.slot}$", spec, re.M)
        assert indent is not None, self.slot
        place = textwrap.indent(textwrap.dedent(self.place), indent[1])
        return re.sub(r" *@\w+\n", "", spec.replace(f"{indent[0]}\n", place))


OUTCOME = "event:\n  call: group.hook\n  ok: ¦\n  fail: stay\n"
CASES = [
    Case("options", ("a number", "a choice", "a switch")),
    Case("backend", ("a group of hooks",), without=GROUP),
    Case("group", ("a hook",), without=HOOK),
    Case("group", ("a hook that undoes another",), without=UNDO),
    Case("group", ("a hook that asks",), without=ASK),
    Case("group", ("true",), FRESH.format("optional")),
    Case("group", ("a name",), "    spare: {on: thing, optional: name}\n"
         + FRESH.format("optional")),
    Case("group", ("group.hook", "[group.hook, …]"), FRESH.format("undoes"), UNDO),
    Case("group", ("group.hook", "[group.hook, …]"), FRESH.format("asks")),
    Case("group", ("group.hook", "[group.hook, …]"), FRESH.format("needs")),
    Case("resources", ("a resource", "a resource below another")),
    Case("thing", ("all", "[field, …]"), "key: ¦\n", "    key: [name]\n"),
    Case("thing", ("a name", "[name, …]"), "was: ¦\n"),
    Case("thing", ("reject", "{reject: …}"), "otherwise: ¦\n", "    otherwise: reject\n"),
    Case("fields", ("a text", "a number", "a choice")),
    Case("fields", ("enum",), "new: {type: ¦, values: [one, other]}\n"),
    Case("assigned", ("a counter", "a slot of a pool", "a name from a format",
                      "a value from a hook")),
    Case("assigned", ("a text", "alternatives"), "title:\n  format: ¦\n"),
    Case("states", ("a state",), without=STATE),
    Case("states", ("a final state",), without="      gone: {final: true}\n"),
    Case("on", ("event: state", "event: {call: …}", "event: {reject: …}", "event: {ask: …}",
                "event: {to: …, raise: …}"), without=EVENT),
    Case("on", ("stay", "{call: …}", "{reject: …}", "{ask: …}", "{to: …, raise: …}"),
         "event: ¦\n", EVENT),
    Case("on", ("stay", "{to: …, raise: …}"), OUTCOME, EVENT),
    Case("operations", ("an operation that reserves", "an operation with a reservation",
                        "an operation that ends a reservation", "an operation that obtains",
                        "an operation that creates", "an operation that finds")),
    Case("operations", ("{if: …, error: …}", "[{if: …, error: …}, …]"),
         "fresh:\n  obtain: [thing]\n  deny: ¦\n"),
]
SNIPPETS = [(label, case) for case in CASES for label in case.labels]


@pytest.mark.parametrize(("label", "case"), SNIPPETS, ids=[
    f"{label} in {case.slot}: {' '.join(case.place.split())}" for label, case in SNIPPETS])
def test_a_snippet_gives_a_spec_that_loads(
        server: LanguageServer, label: str, case: Case) -> None:
    text = case.text()
    after = taken(server, text, label)
    assert len(after) > len(text)
    store = "store: true\n" if "was: ¦" in case.place else ""  # earlier names are of its rows
    found = compile_text("x.yaml", after + store).diagnostics
    assert [one for one in found if one.severity is Severity.ERROR
            and one.id not in EXPLORABLE] == [], after


def test_every_snippet_is_tried() -> None:
    tried = {label for label, _ in SNIPPETS} | {"a whole spec"}
    tried |= {"on", "ask", "yes", "no", "unknown"}  # the keys that editors would quote
    assert snippets(schema()) - set(ERRNO_NAMES) == tried


def snippets(part: Any) -> set[str]:
    if isinstance(part, list):
        return set().union(*map(snippets, part))
    if not isinstance(part, dict):
        return set()
    return {one["label"] for one in part.get("defaultSnippets", ())}.union(
        *(snippets(value) for key, value in part.items() if key != "defaultSnippets"))


@pytest.mark.parametrize("text", ["¦", "# A manager.\n¦", "berth: 1\n¦"])
def test_the_first_snippet_is_a_spec_that_the_checker_has_no_findings_for(
        server: LanguageServer, tmp_path: Path, text: str) -> None:
    path = tmp_path / "new.yaml"
    path.write_text(taken(server, text, "a whole spec"), encoding="utf-8")
    done = subprocess.run([ROOT / "bin/berthc", "check", "--engine", "python", path],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in done.stdout + done.stderr


# Hover.


RARE = """\
store: {settle: vm.settle}
resources:
  tap:
    was: hose
    was_events: {open: turn_on}
    forgets: [serial]
    fields:
      kind: {type: enum, values: [brass], was_values: {brass: copper}}
    assigned:
      place: {pool: {row: [0, 3]}, was_parts: {row: line}}
    states:
      idle:
        on:
          open: {reject: EBUSY, meant: true}
        kind: failure
"""


def test_hover_of_every_key_tells_what_it_means(server: LanguageServer) -> None:
    seen: dict[str, str] = {}
    meant = meanings(schema())
    texts = {path: text_of(path) for path in GOOD} | {ROOT / "spec/hover.yaml": RARE}
    for path, text in texts.items():
        uri = server.open(path, text)
        for number, line in enumerate(text.splitlines(), 1):
            for match in re.finditer(r"(?:^ *(?:- )?|[{,] ?)([a-z_]+):", line):
                key = match[1]
                if key in meant and key not in seen:
                    said = re.sub(r"\\(.)", r"\1", server.hover(uri, number, match.start(1) + 1))
                    if any(text in said for text in meant[key]):
                        seen[key] = said
    assert meant.keys() - seen.keys() == set()
    assert "nobody knows whether it took effect" in seen["uncertain"]


HOVERS = {
    "on": "Resource whose instances it works on; store for the hook that settles.",
    "optional": "The backend may leave it out;",
    "absent": "With optional: a row that calls or asks it",
    "undoes": "Hook, or hooks, whose effect it takes back.",
    "needs": "Hook, or hooks, whose effects must be in place",
    "key": "Fields that identify an instance",
    "take": "Event that a new holder fires.",
    "drop": "Event that the last holder's leaving fires.",
    "otherwise": "What every state does with the events that it does not mention",
    "ok": "Where to go when the call took effect.",
    "fail": "Where to go when it failed and had no effect.",
    "uncertain": "Where to go when nobody knows whether it took effect;",
    "raise": "Event to run there at once",
    "yes": "Where to go when the effect is there;",
    "deny": "When to refuse before anything else is done;",
    "error": "Error that the operation fails with;",
}
# Each key with a value of each form that it can have.
EXPLAINED = """\
backend:
  host:
    close: {on: tap, optional: true, absent: EBUSY, undoes: host.open, needs: host.open}
    clear: {on: tap, optional: clearing, undoes: [host.open], needs: [host.open]}
resources:
  tap:
    key: all
    holders: {take: claim, drop: close}
    otherwise: reject
    states:
      idle:
        on:
          open: {call: host.open, ok: up, fail: stay, uncertain: unsure}
          shut: {call: host.close, ok: {to: up, raise: open}, fail: {to: up}, uncertain: {to: up}}
          look: {ask: host.look, yes: up, no: {to: up}, unknown: up}
  plug:
    key: [name]
    otherwise: {reject: EBUSY}
operations:
  open: {find: tap, deny: {if: option.a, error: EBUSY}}
  shut: {find: tap, deny: [{if: option.a, error: EBUSY}]}
"""


def test_hover_tells_what_a_key_means_whatever_form_its_value_has(server: LanguageServer) -> None:
    uri = server.open(ROOT / "spec/explained.yaml", EXPLAINED)
    asked = set()
    for number, line in enumerate(EXPLAINED.splitlines(), 1):
        for match in re.finditer(r"(?:^ +|[{,] ?)([a-z]+):", line):
            if match[1] in HOVERS and not line.endswith(" on:"):
                asked.add(match[1])
                said = re.sub(r"\\(.)", r"\1", server.hover(uri, number, match.start(1) + 1))
                assert HOVERS[match[1]] in said, (number, match[1])
    assert asked == HOVERS.keys()


def meanings(part: Any) -> dict[str, set[str]]:
    """The descriptions of each key, wherever it stands."""
    found: dict[str, set[str]] = {}
    inner = list(part.items()) if isinstance(part, dict) else list(enumerate(part))
    for key, value in inner:
        if key == "properties":
            for name, one in value.items():
                found.setdefault(name, set()).add(one["description"])
        if isinstance(value, (dict, list)) and key != "defaultSnippets":
            for name, texts in meanings(value).items():
                found.setdefault(name, set()).update(texts)
    return found


def test_the_outline_names_resources_states_and_events(server: LanguageServer) -> None:
    outline = server.symbols(server.open(ROOT / "examples/make/net.yaml"))
    assert {"backend/host/open", "resources/tap/states/up/on/close",
            "operations/release/ends"} <= set(outline)
