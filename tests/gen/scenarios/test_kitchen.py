"""The scripts of the spec that has every feature of the language. Expected values come from
docs/semantics.md and from kitchen.yaml."""
from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from berthc.emit import tests
from berthc.model import Manager
from berthc.pipeline import read_spec
from berthc.scenarios.cycles import phases, pools
from berthc.scenarios.select import NOWHERE, Choice, Script, Step, declared_rows, scripts

SPEC = Path(__file__).resolve().parents[1] / "specs/kitchen.yaml"


@cache
def kitchen() -> Manager:
    manager, problems = read_spec(str(SPEC))
    assert manager is not None, problems
    return manager


@cache
def choice() -> Choice:
    return scripts(kitchen())


@cache
def suite() -> str:
    return tests.files(kitchen())["kitchen/kitchen-conformance.c"]


def steps_of(name: str) -> tuple[Step, ...]:
    [script] = [s for s in choice().scripts if s.name == name]
    return script.steps


def function(text: str, start: str) -> list[str]:
    """The lines of a C function between its braces."""
    return [
        line.strip()
        for line in text.split(start, 1)[1].split("\n{\n", 1)[1].split("\n}\n", 1)[0].splitlines()]


def test_there_is_a_way_to_every_row() -> None:
    assert choice().unreachable == frozenset()


def test_scripts_have_names_of_their_own() -> None:
    names = [s.name for s in choice().scripts]
    assert len(names) == len(set(names))


# Lookups by an assigned value


def test_a_number_that_was_never_given_is_not_found() -> None:
    asked = {step.action.by: step for step in steps_of("look_up_by_unknown_serial")
             if step.action.op == "look_up"}
    assert {200, (1 << 64) - 1} < set(asked)  # the counter starts at 100
    assert {(step.error, step.where)
            for step in asked.values()} == {("ENOENT", ("stove", *NOWHERE[1:]))}


def test_a_text_that_only_looks_like_the_number_is_not_found_and_gives_zero_values() -> None:
    steps = steps_of("ask_by_unknown_ticket")
    [made] = [step for step in steps if step.action.op == "reserve"]
    assert "ticket=7 " in made.returns
    asked = {step.action.by: step for step in steps if step.action.op == "ask"}
    assert {"", "x", "07", "7 ", "+7", "-1", str((1 << 64) + 7)} < set(asked) and "7" not in asked
    # absent: ok
    assert {(step.error, step.where, step.returns)
            for step in asked.values()} == {(None, NOWHERE, "hob=0 label=")}


def by_config(name: str, level: int) -> dict[str, tuple[str | None, tuple[str, ...]]]:
    """The answers of a script, by the name of the config of one level."""
    return {
        s.action.config[level].name: (s.error, s.where)
        for s in steps_of(name) if s.action.config
    }


def test_lookups_by_key_ask_for_the_key_alone() -> None:
    answers = by_config("borrow_burner_keys_at_their_limits", 0)
    for word in ("model_too_long", "kind_beyond", "heat_above", "tools_no_items",
                 "colours_no_items"):
        assert answers[f"stove_a_{word}"] == ("ENOENT", ("stove", *NOWHERE[1:])), word
    assert answers["stove_a_number_above_key"] == ("EINVAL", ("stove", "", "", "", "", "number"))
    answers = by_config("take_down_keys_at_their_limits", 0)
    assert answers["shelf_a_order_no_items"] == ("EINVAL", ("shelf", "", "", "", "", "order"))
    assert answers["shelf_a_order_empty"] == ("ENOENT", ("shelf", *NOWHERE[1:]))


def test_what_makes_an_instance_asks_for_all_fields() -> None:
    answers = by_config("install_stove_colours_at_its_limits", 0)
    assert answers["stove_a_colours_no_items"] == ("EINVAL", ("stove", "", "", "", "", "colours"))
    assert answers["stove_a_colours_several"][0] is None
    assert ".colours = {NULL, 1}" in suite()


def test_an_unknown_uuid_is_not_found_nor_is_the_zero_one() -> None:
    asked = [step for step in steps_of("take_down_by_id_by_unknown_id")
             if step.action.op == "take_down_by_id"]
    assert "nil" in [step.action.by for step in asked]
    assert {(step.error, step.calls) for step in asked} == {(None, "")}


def test_a_place_where_nothing_stands_gives_zero_values() -> None:
    asked = [step for step in steps_of("locate_by_unknown_place") if step.action.op == "locate"]
    assert {(step.error, step.returns) for step in asked} == {(None, "tag=nil name=")}


# Slots


def test_each_kind_of_place() -> None:
    """Two rows of three columns. EEXIST is asked before EBUSY."""
    answers = [(step.action.config[0].name, tuple(v for _, v in step.action.at), step.error,
                step.where[:2]) for step in steps_of("install_at_each_kind_of_place")]
    assert answers == [
        ("stove_a", (2, 2), "EINVAL", ("stove", "")),
        ("stove_a", (255, 2), "EINVAL", ("stove", "")),
        ("stove_a", (1, 3), "EINVAL", ("stove", "")),
        ("stove_a", (1, 255), "EINVAL", ("stove", "")),
        ("stove_a", (1, 2), None, ("", "")),
        ("stove_a", (0, 0), "EEXIST", ("stove", "built_in")),
        ("stove_a", (1, 2), "EEXIST", ("stove", "built_in")),
        ("stove_b", (1, 2), "EBUSY", ("stove", "")),
        ("stove_b", (0, 0), None, ("", "")),
    ]


def test_numbers_are_never_given_again() -> None:
    steps = steps_of("reserve_again_after_letting_go")
    assert any(step.action.op == "clean" and step.error is None for step in steps)
    serials = [int(found.group(1)) for step in steps
               if (found := re.match(r"serial=(\d+) ", step.returns))]
    assert len(serials) > 4 and serials == list(range(100, 100 + len(serials)))


# Policy


def refusal(step: Step, script: Script) -> str | None:
    """What the `deny` entries of `reserve` say, in their order."""
    options = {"gas": True, "mode": "school", **dict(script.environment.options)}
    given = {config.resource: config.mapping() for config in step.action.config}
    stove: dict[str, Any] = {"kind": "gas", "weight": 0, "offset": 0, "flags": 0, "price": 0,
                             **given["stove"]}
    lid = given["pot"].get("lid", True)
    if stove["kind"] == "gas" and not options["gas"]:
        return "EPERM"
    if (stove["weight"] > 4_000_000_000 or (lid and stove["offset"] < -5_000_000_000)
        or stove["flags"] == 255):
        return "ERANGE"
    if stove["price"] > 9_999_999_999_999_999_999 and options["mode"] != "canteen":
        return "EDQUOT"
    return None


def test_policy_is_asked_on_both_sides_of_each_guard() -> None:
    seen: dict[tuple[object, object], set[str | None]] = {}
    for script in choice().scripts:
        if script.name.startswith("reserve_policy_"):
            options = {"gas": True, "mode": "school", **dict(script.environment.options)}
            for step in script.steps:
                if step.action.op == "reserve":
                    assert step.error == refusal(step, script), (script.name, step.action)
                    seen.setdefault((options["gas"], options["mode"]), set()).add(step.error)
    assert seen[True, "school"] == {None, "ERANGE", "EDQUOT"}
    assert seen[True, "canteen"] == {None, "ERANGE"}
    assert seen[False, "school"] >= {None, "EPERM"}


# Reservations


def test_stale_and_foreign_reservations_are_not_found() -> None:
    live: set[str | None] = set()
    made = 0
    for step in steps_of("clean_with_strange_reservations"):
        if step.action.op == "reserve" and step.error is None:
            made += 1
            live.add(f"r{made}")
        elif step.action.op == "discard":
            live.clear()
        elif step.action.op == "clean":
            known = step.action.reservation in live
            live.discard(step.action.reservation)
            assert (step.error, step.where) == (None if known else "ENOENT", NOWHERE)
    assert made > 1


# What threads and the engine get


def test_the_cycle_goes_from_taking_to_letting_go() -> None:
    assert [phase.operation.name for phase in phases(kitchen())] == ["reserve", "cook", "clean"]


def test_the_nozzles_are_used_up() -> None:
    """All stoves share four. The cycle takes one for each burner, whatever place its stove has."""
    assert (("burner", "nozzle"), (("nozzle", 4),),
            "reserve") in [((pool.resource.name, pool.name), pool.parts, pool.operation.name)
                           for pool in pools(kitchen())]


# As C


SHOWS: list[tuple[str, Callable[[str], str]]] = [
    ("site", lambda v: f'berth_suite_uuid(text, false, "site", {v});'),
    ("heat", lambda v: f'berth_suite_signed(text, false, "heat", {v});'),
    ("price", lambda v: f'berth_suite_unsigned(text, false, "price", {v});'),
    ("self_cleaning", lambda v: f'berth_suite_bool(text, false, "self_cleaning", {v});'),
    ("tools", lambda v: f'berth_suite_strings(text, "tools", &{v});'),
    (
        "kind",
        lambda v: f'berth_suite_enum(text, "kind", kitchen_stove_kind_name({v}), {v} == KITCHEN_STOVE_KIND_PLAIN);',
    ),
    ("firmware", lambda v: f'berth_suite_string(text, true, "firmware", {v});'),
    ("session", lambda v: f'berth_suite_uuid(text, true, "session", {v});'),
    ("health", lambda v: f'berth_suite_signed(text, true, "health", {v});'),
]


@pytest.mark.parametrize(("name", "line"), SHOWS, ids=[name for name, _ in SHOWS])
def test_members_are_shown_by_their_type(name: str, line: Callable[[str], str]) -> None:
    lines = " ".join(function(suite(), "static void show_stove("))
    assert line(f"view->{name}") in lines


def test_a_word_of_cpp_is_a_member_with_an_underscore() -> None:
    assert 'berth_suite_unsigned(text, false, "class", view->class_);' in function(
        suite(), "static void show_shelf(")


def test_a_hook_sets_its_out_values_by_their_type() -> None:
    lines = function(suite(), "hook_bus_power_on(")
    assert {
        "out->power = (uint32_t)berth_suite_hook_number(suite);",
        "out->drift = (int64_t)berth_suite_hook_number(suite);",
        "out->ready = berth_suite_hook_number(suite) % 2 == 1;",
        "berth_suite_hook_uuid(suite, out->session);",
        'berth_suite_hook_text(suite, "firmware", out->firmware, sizeof out->firmware);',
    } <= set(lines)


def test_a_hook_is_shown_what_the_parents_add_under_names_of_their_own() -> None:
    lines = "\n".join(function(suite(), "hook_hand_place("))
    assert "view->burner->position" in lines and "view->burner->stove->serial" in lines


def test_operations_are_called_with_what_they_are_declared_with() -> None:
    text = re.sub(r"\s+", " ", suite())
    located = "call->no_slot ? NULL : &lent->slot, &lent->result, call->error"
    assert f"return kitchen_locate(call->manager, {located});" in text
    located = located.replace("call->error", "call->deadline, call->error")
    assert (
        f"return kitchen_locate_start(call->manager, call->op, {located}, call->done, call->arg);"
        in text
    )
    label = "lent->result_label, sizeof lent->result_label - berth_suite_short(call, 1)"
    stove = "call->config[0], call->config[1]"
    assert f"return kitchen_borrow_burner(call->manager, {stove}, {label}, call->error);" in text
    assert "return kitchen_take_down(call->manager, call->config[0], call->error);" in text
    assert "return kitchen_clean(call->manager, call->reservation, call->error);" in text
    slot = "call->no_slot ? NULL : &lent->slot"
    installed = f"call->config[0], {slot}, &lent->result, call->error"
    assert f"kitchen_install(call->manager, {installed})" in text
    installed = installed.replace("call->error", "call->deadline, call->error")
    assert (
        f"kitchen_install_start(call->manager, call->op, {installed}, call->done, call->arg)"
        in text
    )


def test_rows_of_the_spec_are_declared_once_each() -> None:
    declared = declared_rows(kitchen())
    assert [row.number for row in declared] == list(range(1, len(declared) + 1))
    assert len(re.findall(r'^    \[\d+\] = \{\s*\.resource = "burner"', suite(),
                          re.MULTILINE)) == sum(row.resource == "burner" for row in declared)
