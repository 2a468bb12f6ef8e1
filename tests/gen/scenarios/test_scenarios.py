"""The choice of scripts: what must be among them, and with which answers. Expected values come from
docs/semantics.md and the spec below."""
from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from berthc.inputs.values import edges
from berthc.model import NOWHERE, Field, Manager, Type
from berthc.pipeline import compile_text
from berthc.scenarios import inputs
from berthc.scenarios.cycles import phases, pools, sharings
from berthc.scenarios.edges import Action, step, with_outcomes
from berthc.scenarios.search import NO_LIMITS, Search
from berthc.scenarios.select import (
    NOWHERE, Choice, Script, Step, declared_rows, destroyable, scripts,
)
from berthc.scenarios.text import Labels, state_text, trace_text
from berthc.semantics import Outcome, World

SPEC = """\
berth: 1
manager: dock
brief: Ships at berths, and the gangways laid to them.
options:
  strict: {type: bool, brief: Only big ships.}
backend:
  port:
    moor: {on: ship, brief: Tie it up.}
    cast_off: {on: ship, undoes: port.moor, repeatable: true, brief: Let it go.}
    greet: {on: ship, optional: true, brief: Blow the horn.}
resources:
  ship:
    brief: A ship.
    key: [name]
    fields:
      name: {type: string, required: true, brief: Painted on it.}
      length: {type: u8, range: [1, 9], default: 2, brief: In units of ten metres.}
      flags: {type: set, of: string, compare: {case: ignored}, brief: What it flies.}
    assigned:
      berth: {pool: {berth: 2}, brief: Where it lies.}
      label: {format: 'at {berth}', brief: For people.}
    holders: {take: claim, drop: leave}
    initial: expected
    states:
      expected:
        brief: Not there yet.
        on:
          claim: stay
          moor: {call: port.moor, ok: {to: moored, raise: hail}, fail: lost, uncertain: adrift}
          leave: gone
      moored:
        brief: There.
        on:
          claim: stay
          moor: stay
          hail: {call: port.greet, ok: stay, fail: stay, uncertain: stay}
          leave: {call: port.cast_off, ok: gone, fail: moored, uncertain: adrift}
      lost:
        brief: It did not come.
        on:
          claim: {reject: ENOTRECOVERABLE}
          moor: {reject: ENOTRECOVERABLE}
          leave: gone
      adrift:
        brief: Nobody knows.
        on:
          claim: {reject: ENOTRECOVERABLE}
          moor: {reject: ENOTRECOVERABLE}
          leave: {call: port.cast_off, ok: gone, fail: adrift, uncertain: adrift}
      gone: {final: true, brief: Left.}
operations:
  book:
    brief: Hold a place for a ship.
    obtain: [ship]
    gives: reservation
    deny:
      - {if: option.strict and ship.length < 5, error: EPERM, brief: Too small.}
  arrive:
    brief: Tie it up.
    with: reservation
    do: [ship.moor]
    returns: [ship.label]
  depart:
    brief: Let go.
    with: reservation
    do: [ship.leave]
    ends: reservation
"""


@cache
def dock() -> Manager:
    result = compile_text("dock.yaml", SPEC)
    assert result.manager is not None, [str(d) for d in result.diagnostics]
    return result.manager


@cache
def choice() -> Choice:
    return scripts(dock())


def named(name: str) -> Script:
    return next(s for s in choice().scripts if s.name == name)


def all_steps() -> list[Step]:
    return [one for script in choice().scripts for one in script.steps]


def test_every_declared_outcome_of_every_row_is_shown_or_proved_out_of_reach() -> None:
    shown = {(s.rejects, "rejected") for s in all_steps() if s.rejects}
    for one in declared_rows(dock()):
        where = f"ship {one.row.state} {one.row.event}"
        for outcome in one.outcomes:
            word = "ok" if outcome == "left out" else outcome
            taken = any(f"{where} {word}" in s.trace for s in all_steps())
            assert (
                taken
                or (one.number, outcome) in shown
                or (one.number, outcome) in choice().unreachable
            ), (where, outcome)


def test_declared_rows_are_numbered_in_table_order_with_the_outcomes_a_backend_can_cause() -> None:
    rows = declared_rows(dock())
    assert [r.number for r in rows] == list(range(1, 14))
    by_cell = {(r.row.state, r.row.event): r.outcomes for r in rows}
    assert by_cell["expected", "claim"] == ("ok",)
    assert by_cell["expected", "moor"] == ("ok", "fail", "uncertain")
    assert by_cell["moored", "hail"] == ("ok", "fail", "uncertain", "left out")
    assert by_cell["lost", "claim"] == ("rejected",)


def test_no_outcome_of_a_sound_table_is_out_of_reach() -> None:
    assert choice().unreachable == frozenset()


def test_a_failed_call_expects_the_hooks_error_and_the_place() -> None:
    found = [s for s in all_steps() if s.action.op == "arrive" and s.error == "EIO"
             and s.calls.startswith("port.moor fail")]
    assert found
    assert {s.where for s in found} == {("ship", "expected", "moor", "port.moor", "", "")}
    assert all("ship expected moor fail lost" in s.trace for s in found)


def test_the_first_error_stays_when_a_raised_row_fails_too() -> None:
    found = [s for s in all_steps() if s.action.op == "arrive"
             and s.calls.startswith("port.moor ok") and "port.greet fail" in s.calls]
    assert found
    assert {(s.error, s.where)
            for s in found} == {("EIO", ("ship", "moored", "hail", "port.greet", "", ""))}


@pytest.mark.parametrize("word", ["length", "flags"])
def test_every_field_that_is_no_key_conflicts_with_eexist(word: str) -> None:
    steps = named(f"book_ship_{word}_differs").steps
    assert any(s.error == "EEXIST" and s.where == ("ship", "expected", "", "", "", word)
               for s in steps)


def test_sets_that_differ_in_order_case_or_repetition_are_equal() -> None:
    steps = named("book_ship_flags_differs").steps
    seconds = {s.action.config[0].name: s.error for s in steps if s.action.config
               and s.action.config[0].name.endswith("_2")}
    assert seconds["ship_a_flags_order_2"] is None
    assert seconds["ship_a_flags_case_2"] is None
    assert seconds["ship_a_flags_repeated_2"] is None
    assert seconds["ship_a_flags_subset_2"] == "EEXIST"


def test_values_just_outside_a_range_are_refused_and_those_inside_are_not() -> None:
    steps = named("book_ship_length_at_its_limits").steps
    answers = {dict(s.action.config[0].fields).get("length"): s.error for s in steps
               if s.action.config}
    assert answers == {1: None, 9: None, 0: "EINVAL", 10: "EINVAL"}


def test_an_empty_required_field_is_refused() -> None:
    assert {s.error for s in named("book_ship_name_at_its_limits").steps
            if s.action.config} == {"EINVAL"}


def test_policy_is_tried_on_both_sides_of_every_comparison() -> None:
    strict = {dict(s.action.config[0].fields).get("length", 2): s.error
              for s in named("book_policy_strict").steps if s.action.config}
    assert strict == {2: "EPERM", 4: "EPERM", 5: None, 6: None}
    lax = {s.error for s in named("book_policy_default").steps}
    assert lax == {None}


def test_strange_reservations_get_enoent_and_change_nothing() -> None:
    for name in ("arrive_with_strange_reservations", "depart_with_strange_reservations"):
        script = named(name)
        before = "-"
        strange = 0
        for one in script.steps:
            if one.action.reservation in ("r254", "nil"):
                strange += 1
                assert (one.error, one.where, one.calls, one.state) == (
                    "ENOENT",
                    NOWHERE,
                    "",
                    before,
                )
            before = one.state
        assert strange >= 6


def test_each_failure_at_a_hook_is_retried_with_a_backend_that_works() -> None:
    retried = [s for s in choice().scripts
               if s.name.startswith("retry_of_depart_after_ship_moored_leave_cast_off_fails")]
    assert retried
    for script in retried:
        assert script.steps[-2].error == "EIO" and script.steps[-1].error is None
        assert script.steps[-1].calls.startswith("port.cast_off ok")


def test_small_buffers_and_missing_arguments_are_refused_without_a_change() -> None:
    arrive = [s for s in named("arrive_refuses_missing_arguments").steps if s.without_where]
    assert [(s.error, s.shrink, s.action.reservation is None)
            for s in arrive] == [("ENOBUFS", True, False), ("EINVAL", False, True)]
    book = [s for s in named("book_refuses_missing_arguments").steps if s.without_where]
    assert [(s.error, s.missing, s.state) for s in book] == [("EINVAL", 0, "-")]


def test_a_script_that_leaves_a_holder_cannot_be_destroyed_before_it_is_drained() -> None:
    for script in choice().scripts:
        last = script.steps[-1].state
        assert (script.destroy,
                script.drained) == ((None, None) if last == "-" else ("EBUSY", "-")), script.name


def test_names_are_unique_and_the_choice_is_the_same_every_time() -> None:
    names = [s.name for s in choice().scripts]
    assert len(names) == len(set(names))
    assert scripts(dock()) == choice()


def test_one_cycle_takes_uses_and_lets_go_with_the_calls_that_one_and_several_callers_cause(
    ) -> None:
    found = phases(dock())
    assert [p.operation.name for p in found] == ["book", "arrive", "depart"]
    assert dict(found[1].alone) == {"port.moor": 1, "port.greet": 1} == dict(found[1].together)
    assert dict(found[2].together) == {"port.cast_off": 1}


def test_when_one_of_several_fails_the_others_find_the_state_that_it_left() -> None:
    shared = {(s.phase, s.hook): (s.error, s.others, s.ended) for s in sharings(dock())}
    assert shared[1, "port.moor"] == ("EIO", "ENOTRECOVERABLE", False)
    # moored all the same: the next arrive stays
    assert shared[1, "port.greet"] == ("EIO", None, False)
    assert shared[2, "port.cast_off"] == ("EIO", None, False)


def test_the_pool_is_filled_over_the_key_of_its_resource() -> None:
    (pool,) = pools(dock())
    assert (pool.name, pool.operation.name, pool.level, pool.parts) == (
        "berth",
        "book",
        0,
        (("berth", 2),),
    )


def test_state_is_written_with_numbers_values_and_holders() -> None:
    node = Search(dock(), inputs.environments(dock())[0], NO_LIMITS).start()
    (config,) = Search(dock(), inputs.environments(dock())[0], NO_LIMITS).configs["ship"][:1]
    after = step(node, Action("book", (config,))).target
    assert state_text(dock(), after.world.snapshot(),
                      Labels()) == "r1 | ship#1 name=/a length=2 berth=0 label=at 0 expected refs=1"
    assert state_text(dock(), node.world.snapshot(), Labels()) == "-"


def test_rows_of_a_step_that_failed_before_its_first_call_are_not_expected_in_the_trace() -> None:
    node = Search(dock(), inputs.environments(dock())[0], NO_LIMITS).start()
    (config,) = Search(dock(), inputs.environments(dock())[0], NO_LIMITS).configs["ship"][:1]
    held = step(node, Action("book", (config,))).target
    (lost,) = [e for e in with_outcomes(held, Action("arrive", reservation="r1"))
               if [o.kind for o in e.action.outcomes] == ["fail"]]
    refused = step(lost.target, Action("book", (config,)))
    assert refused.result.error == "ENOTRECOVERABLE"
    assert trace_text(refused.result) == ""


def test_uuids_are_numbered_as_they_are_first_seen_and_given_ones_keep_their_numbers() -> None:
    labels = Labels()
    given = frozenset({"u91"})
    assert [labels.show(u, given) for u in ("u7", "u91", "u3", "u7", "nil")] == [
        "u1",
        "u91",
        "u2",
        "u1",
        "nil",
    ]


@pytest.mark.parametrize(
    ("kind", "range_", "expected"),
    [
        (Type.U8, None, [("least", 0), ("greatest", 255)]),
        (Type.U8, (1, 4), [("least", 1), ("greatest", 4), ("below", 0), ("above", 5)]),
        (Type.I32, (-5, 5), [("least", -5), ("greatest", 5), ("below", -6), ("above", 6)]),
    ],
)
def test_edges_of_integers_stay_within_the_type(
    kind: Type, range_: tuple[int, int] | None, expected: list[tuple[str, int]]
) -> None:
    assert edges(Field("n", kind, "", NOWHERE, range=range_)) == expected


def test_destroy_waits_for_a_drain_where_a_failed_undo_left_something() -> None:
    """plan9's suspect rests without a holder, and may be on the VM. Its pending rests too, and
    there is nothing to undo."""
    path = Path(__file__).resolve().parents[3] / "spec/plan9.yaml"
    manager = compile_text(path.name, path.read_text(encoding="utf-8")).manager
    assert manager is not None
    world = World(manager)
    world.run("resolve_share_name", config={"share": {"host_path": "/a"}})
    assert destroyable(manager, world)
    fails = {"vm.add_plan9": Outcome("uncertain", "ETIMEDOUT"),
             "vm.remove_plan9": Outcome("fail", "EIO")}
    world.run("add_to_vm", config={"share": {"host_path": "/a"}}, outcomes=lambda hook, nth,
              args: fails[hook])
    assert world.snapshot()["share"][0]["state"] == "suspect" and not destroyable(manager, world)
    world.drain()
    assert destroyable(manager, world)
