"""The rules that follow events: where they look, and where they must keep silent. The bad specs
show what each says."""
from __future__ import annotations

from pathlib import Path

import pytest
from check_support import SPEC, changed, found

from berthc.check.flow import analyse, calling, cycle
from berthc.pipeline import compile_text, read_spec

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", ["plan9", "plan9_mount", "scsi", "vpci"])
def test_the_shipped_specs_are_good_and_silent(name: str) -> None:
    manager, diagnostics = read_spec(str(ROOT / "spec" / f"{name}.yaml"))
    assert manager is not None and diagnostics == []


@pytest.mark.parametrize(
    ("name", "resource", "rest", "passing"),
    [
        # By hand from the tables: where operations can leave an instance, and what it only passes.
        (
            "vpci",
            "device",
            {"reserved", "ready", "assigned_invalid", "suspect", "failed"},
            {"assigned", "removed"},
        ),
        ("plan9", "share", {"pending", "added", "leaving", "suspect"}, {"invalid", "removed"}),
        (
            "scsi",
            "disk",
            {"reserved", "attached", "ejected", "failed", "suspect", "leaving", "boot"},
            {"detached"},
        ),
        ("scsi", "mount", {"reserved", "mounted", "failed", "suspect"}, {"unmounted"}),
    ],
)
def test_where_instances_rest(name: str, resource: str, rest: set[str], passing: set[str]) -> None:
    manager, _ = read_spec(str(ROOT / "spec" / f"{name}.yaml"))
    assert manager is not None
    flow = analyse(manager, manager.resource(resource), calling(manager))
    assert set(flow.rest) == rest
    assert flow.entered - set(flow.rest) == passing


def test_an_event_inside_an_operation_meets_only_the_states_it_can_come_in() -> None:
    # plan9 fires hold after add: a pending share is added by then, so pending needs no row for
    # hold.
    manager, _ = read_spec(str(ROOT / "spec/plan9.yaml"))
    assert manager is not None
    flow = analyse(manager, manager.resource("share"), calling(manager))
    assert {state for state, event in flow.fired if event == "hold"} == {"added"}


def test_what_fails_before_its_first_call_leaves_nothing_behind() -> None:
    # `check` moves to `checked` without a call, and `attach` rejects there: the move is undone, so
    # nothing rests in `checked`.
    text = changed(
        ("do: [disk.attach]", "do: [disk.check, disk.attach]"),
        (
            "          detach: gone\n      attached:",
            (
                "          detach: gone\n"
                "          check: checked\n"
                "      checked: {on: {attach: {reject: EBUSY}}}\n"
                "      attached:"
            ),
        ),
        ("          attach: stay", "          attach: stay\n          check: stay"),
        ("on: {claim: {reject: EBUSY}, attach", "on: {check: stay, claim: {reject: EBUSY}, attach"),
        ("      suspect:\n        on:", "      suspect:\n        on:\n          check: stay"),
    )
    messages = found(text)
    # Then nothing ever gets past reserved; that is the only complaint, and none is about claim or
    # detach in `checked`.
    assert all(id == "unreachable" for id, _ in messages) and messages
    assert not any("checked" in message for _, message in messages)


def test_what_fails_after_a_call_rests_where_it_is() -> None:
    text = changed(
        ("do: [disk.attach]", "do: [disk.attach, disk.check]"),
        ("          attach: stay",
         "          attach: stay\n          check: {call: vm.check, ok: stay, fail: {to: tested}}"),
        ("      failed:", "      tested: {on: {check: stay, detach: attached}}\n      failed:"),
        ("    remove:", "    check: {on: disk, repeatable: true}\n    remove:"),
    )
    assert (
        "unhandled",
        "disk.tested does not say what it does with 'claim', which operation reserve fires there",
    ) in found(text)
    assert (
        "unhandled",
        "disk.tested does not say what it does with 'attach', which operation attach fires there",
    ) in found(text)


def test_a_missing_drop_is_reported_for_the_operation_and_not_for_drain_too() -> None:
    text = changed(
        ("operations:", "operations:\n  place: {create: {resource: disk, enter: boot}}"),
        (
            "      gone:",
            (
                "      boot:\n"
                "        resident: true\n"
                "        on: {claim: stay, attach: stay}\n"
                "      gone:"
            ),
        ),
    )
    assert found(text) == [
        (
            "unhandled",
            "disk.boot does not say what it does with 'detach', which operation release fires there",
        )
    ]


def test_otherwise_is_an_answer_to_every_event() -> None:
    text = changed(("on: {claim: {reject: EBUSY}, attach: {reject: EBUSY}, detach: gone}",
                    "on: {detach: gone}"),
                   ("    initial", "    otherwise: {reject: EBUSY}\n    initial"))
    assert found(text) == []


def test_a_hole_is_reported_alone_because_it_may_be_filled_in_any_way() -> None:
    text = changed(
        ("          attach: {call: vm.add, ok: attached, fail: failed, uncertain: suspect}\n", ""))
    assert [id for id, _ in found(text) if id != "unused"] == ["unhandled"]


def test_one_mistake_in_a_resource_does_not_hide_one_in_another() -> None:
    text = changed(
        ("operations:",
         "  cup:\n    initial: full\n    states:\n      full: {resident: true, on: {sip: ful}}\n"
         "operations:\n  sip: {obtain: [cup], do: [cup.sip]}"),
        ("attach: {reject: EBUSY}, detach: gone", "detach: gone"),
    )
    assert [id for id, _ in found(text)] == ["unhandled", "unknown-state"]


def test_a_mistake_in_an_operation_keeps_the_tables_from_being_followed() -> None:
    assert [id for id, _ in found(changed(("[disk.attach]", "[disk.atach]")))] == ["unknown-event"]


def test_a_trap_counts_only_what_happens_when_hooks_end_ok() -> None:
    text = changed(
        (
            "detach: {call: vm.remove, ok: gone, fail: suspect}",
            (
                "detach: {call: vm.remove, ok: {to: suspect, raise: wait}, fail: gone}\n"
                "          wait: {reject: EAGAIN}"
            ),
        )
    )
    assert ("trap", "disk.suspect has no way out") in found(text)


def test_a_resident_state_is_no_trap() -> None:
    assert found("""
berth: 1
manager: m
resources:
  cup:
    initial: full
    states:
      full: {resident: true, on: {sip: stay}}
operations:
  sip: {obtain: [cup], do: [cup.sip]}
""") == []


EFFECT = "          detach: {call: vm.remove, ok: gone, fail: suspect}"


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        # A failed call had no effect, so doing it again is no repetition.
        (
            [
                ("fail: failed, uncertain: suspect", "fail: reserved, uncertain: suspect"),
                (
                    (
                        "      failed:\n"
                        "        on: {claim: {reject: EBUSY}, attach: {reject: EBUSY}, detach: gone}\n"
                    ),
                    "",
                ),
            ],
            [],
        ),
        # After an uncertain one it is; and when it then fails, what the first one did is forgotten.
        (
            [
                ("fail: failed, uncertain: suspect", "fail: failed, uncertain: reserved"),
                (
                    "          detach: gone\n      attached",
                    "          detach: {to: suspect, raise: detach}\n      attached",
                ),
            ],
            [
                (
                    "double",
                    "disk.reserved on attach calls vm.add. That may be done already.",
                ),
                (
                    "leak",
                    (
                        "disk.failed on detach ends the instance in 'gone' while vm.add is in"
                        " effect, or may be"
                    ),
                ),
            ],
        ),
        # A promise makes the repetition harmless, not the forgetting.
        (
            [
                ("fail: failed, uncertain: suspect", "fail: failed, uncertain: reserved"),
                (
                    "          detach: gone\n      attached",
                    "          detach: {to: suspect, raise: detach}\n      attached",
                ),
                ("add: {on: disk}", "add: {on: disk, repeatable: true}"),
            ],
            [
                (
                    "leak",
                    (
                        "disk.failed on detach ends the instance in 'gone' while vm.add is in"
                        " effect, or may be"
                    ),
                )
            ],
        ),
        # Once it is undone it may be done again.
        (
            [
                (
                    "ok: gone, fail: attached, uncertain: suspect",
                    "ok: reserved, fail: attached, uncertain: suspect",
                )
            ],
            [
                (
                    "leak",
                    "disk.attached on detach ends ok in 'reserved', where nobody holds it any more",
                )
            ],
        ),
        # Ending while it may be there is forgetting it.
        (
            [(EFFECT, "          detach: gone")],
            [
                (
                    "leak",
                    (
                        "disk.suspect on detach ends the instance in 'gone' while vm.add is in"
                        " effect, or may be"
                    ),
                )
            ],
        ),
        # A hook that nothing undoes leaves nothing behind; but there is one that looks as if it
        # should.
        (
            [("undoes: vm.add, ", ""), (EFFECT, "          detach: gone")],
            [
                (
                    "undoes",
                    (
                        "vm.remove is called where holders let go of a disk and undoes nothing, and"
                        " nothing undoes vm.add: no effect of theirs is followed"
                    ),
                )
            ],
        ),
    ],
)
def test_effects_are_followed(
    pairs: list[tuple[str, str]], expected: list[tuple[str, str]]
) -> None:
    assert found(changed(*pairs)) == expected


def test_effects_are_followed_case_by_case() -> None:
    # What is added raw is removed raw: without the cases it would look as if either could be undone
    # by the other's hook.
    text = changed(
        (
            "add: {on: disk}\n    remove: {on: disk, undoes: vm.add, repeatable: true}",
            (
                "add: {on: disk}\n"
                "    add_raw: {on: disk}\n"
                "    remove: {on: disk, undoes: vm.add}\n"
                "    remove_raw: {on: disk, undoes: vm.add_raw}"
            ),
        ),
        (
            "attach: {call: vm.add, ok: attached, fail: failed, uncertain: suspect}",
            "attach: [{if: field.raw, call: vm.add_raw, ok: attached, fail: failed}, {call: vm.add, ok: attached, fail: failed}]",
        ),
        (
            "detach: {call: vm.remove, ok: gone, fail: attached, uncertain: suspect}",
            "detach: [{if: field.raw, call: vm.remove_raw, ok: gone, fail: attached}, {call: vm.remove, ok: gone, fail: attached}]",
        ),
        (
            "      suspect:\n"
            "        on:\n"
            "          claim: {reject: EBUSY}\n"
            "          attach: {reject: EBUSY}\n" + EFFECT + "\n",
            "",
        ),
    )
    # An uncertain add leads to failed, which forgets it, and an uncertain removal is repeated: both
    # for both hooks, and nothing else.
    assert sorted(found(text)) == sorted(
        [
            (
                "leak",
                (
                    "disk.failed on detach ends the instance in 'gone' while vm.add is in effect,"
                    " or may be"
                ),
            ),
            (
                "leak",
                (
                    "disk.failed on detach ends the instance in 'gone' while vm.add_raw is in"
                    " effect, or may be"
                ),
            ),
            ("double",
             "disk.attached on detach calls vm.remove. There may be no vm.add to undo."),
            ("double",
             "disk.attached on detach calls vm.remove_raw. There may be no vm.add_raw to undo."),
        ]
    )


@pytest.mark.parametrize("fields", [9, 16])
def test_effects_are_left_to_the_checker_where_conditions_tell_too_many_cases_apart(
    fields: int) -> None:
    names = [f"b{i}" for i in range(fields)]
    text = changed(
        ("raw: {type: bool}",
         "raw: {type: bool}" + "".join(f"\n      {n}: {{type: bool}}" for n in names)),
        (EFFECT, "          detach: gone"),
        ("operations:",
         "operations:\n"
         + "".join(f"  o{n}: {{with: reservation, do: [disk.e{n}]}}\n" for n in names)),
        ("    initial", "    otherwise: reject\n    initial"),
        ("          attach: stay",
         "          attach: stay\n"
         + "".join(f"          e{n}: [{{if: field.{n}, reject: EIO}}, {{to: stay}}]\n"
                   for n in names)),
    )
    assert found(text) == []


def test_an_optional_undo_that_is_left_out_had_nothing_to_undo() -> None:
    assert found(changed(("undoes: vm.add, repeatable: true",
                          "undoes: vm.add, repeatable: true, optional: true"))) == []


def test_a_circle_of_raises_is_found_wherever_it_begins() -> None:
    manager = compile_text("x.yaml", SPEC).manager
    assert manager is not None and cycle(manager.resources[0]) is None
    text = changed(
        ("          attach: stay", "          attach: {to: failed, raise: claim}"),
        ("on: {claim: {reject: EBUSY}, attach", "on: {claim: {to: suspect, raise: detach}, attach"),
        (EFFECT, "          detach: {call: vm.remove, ok: gone, fail: {to: failed, raise: claim}}"),
    )
    assert (
        "raise-cycle",
        "disk raises in a circle: failed on claim -> suspect on detach -> failed on claim",
    ) in found(text)


def test_a_long_chain_of_raises_is_followed_without_recursion() -> None:
    states = "".join(f"      s{i}: {{on: {{go: {{to: s{i + 1}, raise: go}}}}}}\n"
                     for i in range(3000))
    text = f"""
berth: 1
manager: m
resources:
  cup:
    initial: s0
    states:
{states}      s3000: {{on: {{go: gone}}}}
      gone: {{final: true}}
operations:
  go: {{obtain: [cup], do: [cup.go]}}
"""
    assert found(text) == []


def test_one_kind_of_mistake_is_reported_a_bounded_number_of_times() -> None:
    states = "".join(f"      s{i}: {{on: {{go: nowhere{i}}}}}\n" for i in range(1000))
    head = "berth: 1\nmanager: m\nresources:\n  cup:\n    initial: s0\n    states:\n"
    text = f"{head}{states}operations:\n  go: {{obtain: [cup], do: [cup.go]}}\n"
    assert len(found(text)) == 101 and found(text)[-1] == ("more", "and more than 100 more")
