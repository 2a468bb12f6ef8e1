"""The page has no store. It plays what needs none, and refuses the rest in words."""
from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from compare import compare, engine, model
from engines import ROOT, read

KEPT = read(ROOT / "tests/page/kept.yaml")
ADD = {"op": "add_to_vm", "share": {"host_path": "/a"}}


def test_an_owner_changes_nothing() -> None:
    asked: list[Any] = [{**ADD, "owner": "A", "fail": ["vm.add_plan9"]}, {**ADD, "owner": "A"},
                        {"op": "remove_from_vm", "owner": "B", "name": "0"}, {"op": "drain"}]
    bare = [{name: value for name, value in one.items() if name != "owner"} for one in asked]
    without = model(replace(KEPT, store=None))
    compared = compare(asked, engine(KEPT), lambda _: without(bare))
    assert compared.difference is None, compared.difference


@pytest.mark.parametrize(("request_", "name"), [
    ({**ADD, "die": 1}, "die"), ({**ADD, "refuse": 1}, "refuse"),
    ({"op": "drain", "die": 0}, "die"), ({"op": "discard", "refuse": 1}, "refuse"),
    ({"op": "recover"}, "recover"),
    ({"op": "recover", "die": 1}, "recover"), ({**ADD, "id": "r7"}, "id")])
def test_what_needs_a_store_is_refused_by_its_name(request_: dict[str, Any], name: str) -> None:
    answer = json.loads(engine(KEPT)([request_])[0])
    assert answer["error"] == "EINVAL"
    assert answer["message"] == (f"{name} needs a store, and here is none; "
                                 "kept-sim and berthc sim play it")


def test_an_owner_is_a_text_of_a_manager_with_a_store() -> None:
    answers = [json.loads(engine(manager)([{**ADD, "owner": owner}])[0])
               for manager, owner in ((KEPT, 7), (replace(KEPT, store=None), "A"))]
    assert [one["message"] for one in answers] == ["owner must be a string",
                                                   "unknown argument 'owner'"]
