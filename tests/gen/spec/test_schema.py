"""The schema file is the reference: it documents every key, and the compiler and the jsonschema
package agree about it."""
from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "gen"))

import bad_specs  # noqa: E402

from berthc.check.rules.unknown import USUAL  # noqa: E402
from berthc.diff import compare  # noqa: E402
from berthc.errnos import ERRNO_NAMES  # noqa: E402
from berthc.pipeline import compile_text  # noqa: E402
from berthc.reference import explained  # noqa: E402
from berthc.spec import schema  # noqa: E402
from berthc.spec.build import OLD_FINDINGS  # noqa: E402
from berthc.spec.load import Mapping, Node, Scalar, Sequence, decode, load  # noqa: E402
from berthc.spec.shape import check_shape  # noqa: E402

SCHEMA = json.loads((ROOT / "spec/schema/berth.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
GOOD = sorted([*(ROOT / "spec").glob("*.yaml"), *(ROOT / "tests/gen/specs").glob("*.yaml"),
               *(ROOT / "examples").glob("*/*.yaml")])
EDITORS = {"$comment", "defaultSnippets", "doNotSuggest", "enumDescriptions", "patternErrorMessage"}
SHAPE = {"unknown-key", "missing-key", "form", "type", "value", "empty-value", "name"}


def plain(node: Node) -> Any:
    """A node as jsonschema wants it."""
    if isinstance(node, Mapping):
        return {key: plain(value) for key, value in node.values.items()}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    assert isinstance(node, Scalar)
    return node.value


def nodes_of(path: Path) -> Node | None:
    text, _ = decode(path.name, path.read_bytes())
    return load(path.name, text)[0] if text is not None else None


def parts(part: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every subschema with its place."""
    if isinstance(part, dict):
        yield where, part
        for key, value in part.items():
            if key != "defaultSnippets":
                yield from parts(value, f"{where}/{key}")
    elif isinstance(part, list):
        for index, value in enumerate(part):
            yield from parts(value, f"{where}/{index}")


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_key_has_a_description() -> None:
    missing = [f"{where}/{key}" for where, part in parts(SCHEMA)
               for key, value in part.get("properties", {}).items() if isinstance(value, dict)
               and not value.get("description")]
    assert missing == []


def test_every_object_is_closed_or_says_what_its_values_are() -> None:
    open_ = [where for where, part in parts(SCHEMA) if part.get("type") == "object"
             and "additionalProperties" not in part]
    assert open_ == []
    assert [where for where, part in parts(SCHEMA)
            if part.get("additionalProperties") is True] == []


def test_only_what_the_compiler_understands_is_used() -> None:
    known = {
        "$schema", "$defs", "$ref", "title", "description", "type", "properties", "required",
        "additionalProperties", "propertyNames", "minProperties", "items", "minItems", "maxItems",
        "oneOf", "enum", "const", "pattern", "minLength", "maxLength", "minimum", "maximum",
    } | EDITORS
    names = {key for where, part in parts(SCHEMA) for key in part
             if not where.endswith(("/properties", "/$defs"))}
    assert names <= known


@pytest.mark.parametrize("path", GOOD, ids=lambda p: p.stem)
def test_good_specs_are_valid(path: Path) -> None:
    node = nodes_of(path)
    assert node is not None
    assert [e.message for e in VALIDATOR.iter_errors(plain(node))] == []
    assert check_shape(schema.Schema.read(), node) == []


@pytest.mark.parametrize("path", bad_specs.specs(), ids=lambda p: p.stem)
def test_the_compiler_and_jsonschema_give_the_same_verdict(path: Path) -> None:
    node = nodes_of(path)
    if node is None:
        pytest.skip("no YAML, so nothing to hold against a schema")
    ours = check_shape(schema.Schema.read(), node)
    assert {d.id for d in ours} <= SHAPE
    # a rule tells it, together with what the other rules find
    ours += [d for d in compile_text(path.name, path.read_text(encoding="utf-8")).diagnostics
             if d.id == "unknown-errno"]
    assert VALIDATOR.is_valid(plain(node)) == (ours == [])


def test_editors_know_the_errno_names_of_the_compiler() -> None:
    part = SCHEMA["$defs"]["errno"]
    assert part["pattern"] == f"^({'|'.join(ERRNO_NAMES)})$"
    assert [one["label"] for one in part["defaultSnippets"]] == list(ERRNO_NAMES)
    assert all(one["body"] == one["label"] and one["description"].endswith(".")
               for one in part["defaultSnippets"])
    first = sorted(one["label"] for one in part["defaultSnippets"] if "sortText" in one)
    assert first == sorted(USUAL)


def test_editors_know_what_each_finding_means() -> None:
    part = SCHEMA["$defs"]["accept"]["properties"]["finding"]
    meant: dict[str, str] = {}
    for one in explained.every():
        meant.setdefault(one.id, one.first)
    assert part["enumDescriptions"] == [meant[OLD_FINDINGS.get(id_, id_)] for id_ in part["enum"]]


def test_words_and_their_descriptions_are_as_many() -> None:
    counts = [(len(part["enum"]), len(part["enumDescriptions"])) for _, part in parts(SCHEMA)
              if "enumDescriptions" in part]
    assert counts
    assert [count for count in counts if count[0] != count[1]] == []


def test_keys_that_editors_would_quote_are_snippets_with_the_same_description() -> None:
    """yaml-language-server puts the booleans of YAML 1.1 into quotes."""
    found = []
    for _, part in parts(SCHEMA):
        snippets = {one["label"]: one for one in part.get("defaultSnippets", ())}
        for key in {"on", "off", "yes", "no"} & part.get("properties", {}).keys():
            found.append(key)
            assert part["properties"][key]["doNotSuggest"] is True
            assert snippets[key]["description"] == part["properties"][key]["description"]
            assert list(snippets[key]["body"]) == [key]
        for key, value in part.get("properties", {}).items():
            if value.get("doNotSuggest"):
                assert list(snippets[key]["body"]) == [key]
    assert sorted(found) == ["no", "on", "on", "yes"]


def shape_of(text: str) -> list[tuple[str, str]]:
    node, found, _ = load("x.yaml", text)
    assert node is not None and found == []
    return [(d.id, d.message) for d in check_shape(schema.Schema.read(), node)]


HEAD = (
    "berth: 1\n"
    "manager: m\n"
    "resources: {r: {initial: s, states: {s: {}}}}\n"
    "operations: {o: {obtain: [r]}}\n"
)


@pytest.mark.parametrize(("text", "message"), [
    ("options: {o: {type: u8, range: [1, 2, 3]}}", ("value", "a range has 2 values, not 3")),
    ("options: {o: {type: [u8]}}", ("type", "a list is not valid here")),
    ("options: {o: {type: list}}", ("value", "the text 'list' is not valid here")),
    ("options: {o: 3}", ("type", "the number 3 stands where an option belongs")),
    ("options: {o: {type: bool, default: 1}}",
     ("type", "the number 1 stands where true or false belongs")),
    ("options: {o: {type: u8, default: 1.0}}",
     ("type", "the number 1.0 stands where an integer belongs")),
    ("options: {o: {type: u8, default: true}}", ("type", "true stands where an integer belongs")),
    ("options: {1: {type: u8}}", ("name", "'1' is not a name")),
    ("options: {a__b: {type: u8}}", ("name", "'a__b' is not a name")),
    ("options: {o: {type: enum, values: []}}",
     ("empty-value", "a list of names must not be empty")),
    ("backend: {vm: {}}", ("empty-value", "a group of hooks must not be empty")),
    ("backend: {vm: {h: {on: r, undoes: {}}}}",
     ("type", "a mapping stands where a hook or a list of hooks belongs")),
    ("backend: {vm: {h: {on: r, optional: 1}}}",
     ("type", "the number 1 stands where true or false, or a name belongs")),
    ("accept: [{finding: boredom, why: It is.}]",
     ("value", "the text 'boredom' is not valid here")),
    ("accept: [{finding: leak}]", ("missing-key", "an accepted finding lacks the key 'why'")),
    ("accept: [{finding: leak, at: here, why: It is.}]",
     ("name", "'here' is not resource.state or resource.state.event")),
    ('backend: {vm: {h: {on: "r\\n"}}}', ("name", "'r\\n' is not a name")),
    ("brief: ''", ("empty-value", "a text must not be empty")),
    ("brief: ~", ("type", "'~' (null) stands where a text belongs")),
])
def test_what_differs_is_reported(text: str, message: tuple[str, str]) -> None:
    assert shape_of(HEAD + text + "\n") == [message]


def test_true_is_not_one_and_one_is_not_true() -> None:
    assert shape_of(
        HEAD.replace("berth: 1", "berth: true")) == [("value", "true is not valid here")]
    assert shape_of(
        HEAD.replace("berth: 1", "berth: 1.0")) == [("value", "the number 1.0 is not valid here")]


def test_a_missing_schema_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "_PLACES", (Path("nowhere.json"),))
    with pytest.raises(schema.SchemaMissing, match="berth.schema.json is not installed"):
        schema.schema_path()


LISTED = """\
berth: 1
manager: m
options: {q: {type: bool}}
resources:
  r:
    initial: s
    states:
      s: {resident: true, on: {go: [{if: option.q, to: t}, LAST]}}
      t: {resident: true, on: {go: [{if: option.q, to: s}, stay]}}
operations: {o: {obtain: [r], do: [r.go]}}
"""


@pytest.mark.parametrize(("bare", "written"), [("stay", "{to: stay}"), ("t", "{to: t}")])
def test_the_last_of_a_list_of_rows_may_be_a_bare_state(bare: str, written: str) -> None:
    text = LISTED.replace("LAST", bare)
    node, _, _ = load("x.yaml", text)
    assert node is not None and VALIDATOR.is_valid(plain(node))
    assert check_shape(schema.Schema.read(), node) == []
    short = compile_text("x.yaml", text).manager
    long = compile_text("x.yaml", LISTED.replace("LAST", written)).manager
    assert short is not None and long is not None and compare(short, long) == []
    assert short.resource("r").rows("s", "go")[1].guard is None


@pytest.mark.parametrize("bare", ["5", "[t]", "Stay"])
def test_what_is_no_state_stands_in_no_list_of_rows(bare: str) -> None:
    node, _, _ = load("x.yaml", LISTED.replace("LAST", bare))
    assert node is not None and not VALIDATOR.is_valid(plain(node))
    assert len(check_shape(schema.Schema.read(), node)) == 1
