"""The rules that follow events: where they look, and where they must keep silent. The bad specs
show what each says."""
from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "gen"))

from berthc.check.flow import analyse, calling, cycle  # noqa: E402
from berthc.pipeline import compile_text, read_spec  # noqa: E402

SPEC = """
berth: 1
manager: tap
backend:
  vm:
    add: {on: disk}
    remove: {on: disk, undoes: vm.add, repeatable: true}
resources:
  disk:
    key: [path]
    fields:
      path: {type: string}
      raw: {type: bool}
    holders: {take: claim, drop: detach}
    initial: reserved
    states:
      reserved:
        on:
          claim: stay
          attach: {call: vm.add, ok: attached, fail: failed, uncertain: suspect}
          detach: gone
      attached:
        on:
          claim: stay
          attach: stay
          detach: {call: vm.remove, ok: gone, fail: attached, uncertain: suspect}
      failed:
        on: {claim: {reject: EBUSY}, attach: {reject: EBUSY}, detach: gone}
      suspect:
        on:
          claim: {reject: EBUSY}
          attach: {reject: EBUSY}
          detach: {call: vm.remove, ok: gone, fail: suspect}
      gone: {final: true}
operations:
  reserve: {obtain: [disk], gives: reservation}
  attach: {with: reservation, do: [disk.attach]}
  release: {with: reservation, do: [disk.detach], ends: reservation}
"""


def found(text: str) -> list[tuple[str, str]]:
    return [(d.id, d.message) for d in compile_text("x.yaml", text).diagnostics]


def changed(*pairs: tuple[str, str], text: str = SPEC) -> str:
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


@pytest.mark.parametrize("name", ["plan9", "plan9_mount", "scsi", "vpci"])
def test_the_shipped_specs_are_good_and_silent(name: str) -> None:
    manager, diagnostics = read_spec(str(ROOT / "spec" / f"{name}.yaml"))
    assert manager is not None and diagnostics == []


@pytest.mark.parametrize(("name", "resource", "rest", "passing"), [
    # By hand from the tables: where operations can leave an instance, and what it only passes.
    ("vpci", "device", {"reserved", "ready", "assigned_invalid", "suspect", "failed"}, {"assigned", "removed"}),
    ("plan9", "share", {"pending", "added", "leaving", "suspect"}, {"invalid", "removed"}),
    ("scsi", "disk", {"reserved", "attached", "ejected", "failed", "suspect", "leaving", "boot"}, {"detached"}),
    ("scsi", "mount", {"reserved", "mounted", "failed", "suspect"}, {"unmounted"}),
])
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
        ("          detach: gone\n      attached:",
         "          detach: gone\n          check: checked\n      checked: {on: {attach: {reject: EBUSY}}}\n      attached:"),
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
    assert ("unhandled", "disk.tested does not say what it does with 'claim', which operation reserve fires there") in found(text)
    assert ("unhandled", "disk.tested does not say what it does with 'attach', which operation attach fires there") in found(text)


def test_drain_drops_every_instance_that_is_tracked() -> None:
    text = changed(("operations:", "operations:\n  place: {create: {resource: disk, enter: boot}}"),
                   ("      gone:", "      boot:\n        resident: true\n        on: {claim: stay, attach: stay}\n      gone:"))
    assert found(text) == [("unhandled",
                            "disk.boot does not say what it does with 'detach', which tap_drain fires there")] or ("unhandled", "disk.boot does not say what it does with 'detach', which operation release fires there") in found(text)


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
    text = changed(("detach: {call: vm.remove, ok: gone, fail: suspect}",
                    "detach: {call: vm.remove, ok: {to: suspect, raise: wait}, fail: gone}\n          wait: {reject: EAGAIN}"))
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


@pytest.mark.parametrize(("pairs", "expected"), [
    # A failed call had no effect, so doing it again is no repetition.
    ([("fail: failed, uncertain: suspect", "fail: reserved, uncertain: suspect"),
      ("      failed:\n        on: {claim: {reject: EBUSY}, attach: {reject: EBUSY}, detach: gone}\n", "")], []),
    # After an uncertain one it is; and when it then fails, what the first one did is forgotten.
    ([("fail: failed, uncertain: suspect", "fail: failed, uncertain: reserved"),
      ("          detach: gone\n      attached", "          detach: {to: suspect, raise: detach}\n      attached")],
     [("double", "disk.reserved on attach may call vm.add when that is, or may be, done already"),
      ("leak", "disk.failed on detach ends the instance in 'gone' while vm.add is in effect, or may be")]),
    # A promise makes the repetition harmless, not the forgetting.
    ([("fail: failed, uncertain: suspect", "fail: failed, uncertain: reserved"),
      ("          detach: gone\n      attached", "          detach: {to: suspect, raise: detach}\n      attached"),
      ("add: {on: disk}", "add: {on: disk, repeatable: true}")],
     [("leak", "disk.failed on detach ends the instance in 'gone' while vm.add is in effect, or may be")]),
    # Once it is undone it may be done again.
    ([("ok: gone, fail: attached, uncertain: suspect", "ok: reserved, fail: attached, uncertain: suspect")],
     [("leak", "disk.attached on detach ends ok in 'reserved', where nobody holds it any more")]),
    # Ending while it may be there is forgetting it.
    ([(EFFECT, "          detach: gone")],
     [("leak", "disk.suspect on detach ends the instance in 'gone' while vm.add is in effect, or may be")]),
    # A hook that nothing undoes leaves nothing behind; but there is one that looks as if it should.
    ([("undoes: vm.add, ", ""), (EFFECT, "          detach: gone")],
     [("undoes", "vm.remove is called where holders let go of a disk and undoes nothing, and nothing undoes vm.add: no effect of theirs is followed")]),
])
def test_effects_are_followed(pairs: list[tuple[str, str]],
                              expected: list[tuple[str, str]]) -> None:
    assert found(changed(*pairs)) == expected


def test_effects_are_followed_case_by_case() -> None:
    # What is added raw is removed raw: without the cases it would look as if either could be undone
    # by the other's hook.
    text = changed(
        ("add: {on: disk}\n    remove: {on: disk, undoes: vm.add, repeatable: true}",
         "add: {on: disk}\n    add_raw: {on: disk}\n    remove: {on: disk, undoes: vm.add}\n"
         "    remove_raw: {on: disk, undoes: vm.add_raw}"),
        ("attach: {call: vm.add, ok: attached, fail: failed, uncertain: suspect}",
         "attach: [{if: field.raw, call: vm.add_raw, ok: attached, fail: failed}, {call: vm.add, ok: attached, fail: failed}]"),
        ("detach: {call: vm.remove, ok: gone, fail: attached, uncertain: suspect}",
         "detach: [{if: field.raw, call: vm.remove_raw, ok: gone, fail: attached}, {call: vm.remove, ok: gone, fail: attached}]"),
        ("      suspect:\n        on:\n          claim: {reject: EBUSY}\n          attach: {reject: EBUSY}\n" + EFFECT + "\n", ""),
    )
    # An uncertain add leads to failed, which forgets it, and an uncertain removal is repeated: both
    # for both hooks, and nothing else.
    assert sorted(found(text)) == sorted([
        ("leak",
         "disk.failed on detach ends the instance in 'gone' while vm.add is in effect, or may be"),
        ("leak",
         "disk.failed on detach ends the instance in 'gone' while vm.add_raw is in effect, or may be"),
        ("double",
         "disk.attached on detach may call vm.remove when that is, or may be, done already"),
        ("double",
         "disk.attached on detach may call vm.remove when vm.add is not, or may not be, in effect"),
        ("double",
         "disk.attached on detach may call vm.remove_raw when that is, or may be, done already"),
        ("double",
         "disk.attached on detach may call vm.remove_raw when vm.add_raw is not, or may not be, in effect"),
    ])


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
    assert ("raise-cycle", "disk raises in a circle: failed on claim -> suspect on detach -> failed on claim") in found(text)


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


HOLDERS = "    holders: {take: claim, drop: detach}"


def _guarded(low: int, high: int) -> str:
    """Rows of attach, each with a condition of its own."""
    return ("          attach: ["
            + "".join(f"{{if: field.raw == {i}, reject: EIO}}, " for i in range(low, high))
            + "{to: stay}]")


def test_what_just_fits_is_taken() -> None:
    values = "{a: {from: vm.add, type: u8}, b: {from: vm.add, type: u64}, c: {from: vm.add, type: string, max_length: 239}}"
    assert found(changed((HOLDERS, f"    assigned: {values}\n" + HOLDERS))) == []
    assert found(changed((HOLDERS,
                          "    assigned: {a: {pool: {" + ", ".join(f"p{i}: 2" for i in range(8))
                          + "}}}\n" + HOLDERS))) == []
    assert found(changed((HOLDERS,
                          "    assigned: {a: {pool: {a: 65536, b: 32768}}}\n" + HOLDERS))) == []
    assert found(changed(("manager: tap", f"manager: {'t' * 63}\nbrief: {'x' * 2000}"))) == []
    flags = "".join(f"      f{i}: {{type: bool}}\n" for i in range(14))
    condition = " and ".join(f"field.f{i}" for i in range(14))
    text = changed((HOLDERS, flags + HOLDERS),
                   ("attach: stay", f"attach: [{{if: {condition}, reject: EIO}}, {{to: stay}}]"))
    assert found(text) == []  # 16,384 cases


def test_a_format_cannot_use_itself() -> None:
    text = changed((HOLDERS, "    assigned: {a: {format: 'x{a}'}}\n" + HOLDERS))
    assert found(text) == [("format",
                            "the format of disk.a uses 'a', which is not assigned before it")]


@pytest.mark.parametrize(("text", "rule", "message"), [
    (changed(("manager: tap",
              "manager: tap\noptions: {o: {type: string, default: \"a\\0b\", max_length: 9}}"),
             (HOLDERS, "    assigned: {a: {format: '{option.o}'}}\n" + HOLDERS)), "default",
     "the default of o holds a NUL"),
    (changed((HOLDERS, "    assigned: {a: {format: \"a\\0b\"}}\n" + HOLDERS)), "format-syntax",
     "a NUL cannot stand in a format"),
])
def test_no_text_holds_a_nul(text: str, rule: str, message: str) -> None:
    assert found(text) == [(rule, message)]


@pytest.mark.parametrize(("pair", "rule", "message"), [
    (("berth: 1", "berth: !x 1"), "tag", "tag '!x' has no meaning in a spec"),
    (("attach: stay", "attach: [{if: '', reject: EIO}, {to: stay}]"), "empty-value",
     "a condition must not be empty"),
    (("path: {type: string}", "path: {type: string, max_length: -1}"), "value",
     "the number -1 is out of range"),
    ((HOLDERS, "    assigned: {a: {pool: {a: 1099511627776}}}\n" + HOLDERS), "value",
     "the number 1099511627776 is out of range"),
])
def test_one_mistake_is_reported_once(pair: tuple[str, str], rule: str, message: str) -> None:
    assert found(changed(pair)) == [(rule, message)]


@pytest.mark.parametrize(("pairs", "message"), [
    ([("attach: stay", "attach: [" + "{if: field.raw, reject: EIO}, " * 255 + "{to: stay}]")],
     "rows of disk.attached on attach: 256, and at most 255 are possible"),
    ([("do: [disk.attach]", "do: [" + ", ".join(["disk.attach"] * 256) + "]")],
     "steps of operation attach: 256, and at most 255 are possible"),
    ([("operations:", "operations:" + "".join(f"\n  o{i}: {{with: reservation, do: [disk.attach]}}" for i in range(253)))],
     "operations: 256, and at most 255 are possible"),
    ([("    add:", "".join(f"    h{i}: {{on: disk}}\n" for i in range(254)) + "    add:")], "hooks: 256, and at most 255 are possible"),
    ([("      raw: {type: bool}", "      raw: {type: enum, values: [" + ", ".join(f"v{i}" for i in range(65536)) + "]}")],
     "values of disk.raw: 65,536, and at most 65,535 are possible"),
    ([("      gone:", "".join(f"      s{i}: {{}}\n" for i in range(65531)) + "      gone:")],
     "states of disk: 65,536, and at most 65,535 are possible"),
    ([("      gone:", "".join(f"      s{i}: {{on: &o {{{', '.join(f'e{j}: stay' for j in range(250))}}}}}\n" if i == 0
                              else f"      s{i}: {{on: *o}}\n" for i in range(263)) + "      gone:")],
     "rows of all resources: 65,762, and at most 65,535 are possible"),
    # Equal conditions count once per resource and once per operation, and a refusal's is none of a
    # row's.
    ([("raw: {type: bool}", "raw: {type: u16}"), ("          attach: stay", _guarded(0, 200)),
      ("attach: {reject: EBUSY}, detach", "attach: [" + _guarded(200, 256).partition("[")[2] + ", detach"),
      ("obtain: [disk],", "obtain: [disk], deny: [{if: field.raw == 1, error: EIO}, {if: field.raw == 201, error: EIO}],")],
     "different conditions: 256, and at most 255 are possible"),
    ([("backend:", "options: {o: {type: u8}}\nbackend:"), ("operations:", "operations:" + "".join(
        f"\n  o{i}: {{with: reservation, do: [disk.attach], deny: [{{if: option.o == 1, error: EIO}}, {{if: option.o == 2, error: EIO}}]}}"
        for i in range(128)))],
     "different conditions of deny: 256, and at most 255 are possible"),
    ([(HOLDERS, "    assigned: {a: {pool: {" + ", ".join(f"p{i}: 2" for i in range(9)) + "}}}\n" + HOLDERS)],
     "parts of disk.a: 9, and at most 8 are possible"),
    ([(HOLDERS, "    assigned: {a: {format: '" + "é" * 2001 + "'}}\n" + HOLDERS)],
     "bytes of the format of disk.a: 4,002, and at most 4,000 are possible"),
    ([("backend:", "options: {o: {type: string, default: '" + "x" * 4001 + "'}}\nbackend:")],
     "bytes of the default of o: 4,001, and at most 4,000 are possible"),
    ([(HOLDERS, "    assigned: {a: {from: vm.add, type: u8}, b: {from: vm.add, type: u64}, c: {from: vm.add, type: string, max_length: 240}}\n"
       + HOLDERS)],
     "values from vm.add: 264 bytes, and at most 256 are possible"),
])
def test_tables_that_do_not_fit_are_refused(pairs: list[tuple[str, str]], message: str) -> None:
    assert ("limit", message) in found(changed(*pairs))


def test_accept_covers_what_it_names_and_no_more() -> None:
    lost = ("      gone:",
            "      lost: {on: {detach: gone}}\n      late: {on: {detach: gone}}\n      gone:")
    accept = "accept: [{finding: unreachable, at: disk.lost, why: It is for later.}]\noperations:"
    result = compile_text("x.yaml", changed(lost, ("operations:", accept)))
    assert [(d.severity.value, d.where) for d in result.diagnostics] == [("note", "disk.lost"),
                                                                         ("error", "disk.late")]
    everywhere = compile_text("x.yaml",
                              changed(lost, ("operations:", accept.replace("at: disk.lost, ", ""))))
    assert everywhere.manager is not None and [d.severity.value
                                               for d in everywhere.diagnostics] == ["note", "note"]


def test_a_hole_cannot_be_accepted() -> None:
    text = changed(("operations:", "accept: [{finding: unhandled, why: It is rare.}]\noperations:"))
    assert [id for id, _ in found(text)] == ["value"]


def test_conditions_overlap_only_where_a_value_exists_for_both() -> None:
    def rows(first: str, second: str) -> list[str]:
        field = ("raw: {type: bool}", "raw: {type: bool}\n      n: {type: u8, range: [1, 9]}\n      k: {type: enum, values: [a, b, c]}")
        row = ("          attach: stay", f"          attach: [{{if: {first}, reject: EIO}}, {{if: {second}, reject: EPERM}}, {{to: stay}}]")
        return [id for id, _ in found(changed(field, row))]

    assert rows("field.n < 4", "field.n > 3 and field.raw") == []
    assert rows("field.n < 4", "field.n > 2 and field.raw") == ["overlap"]
    assert rows("field.n < 2", "field.n == 9") == []
    assert rows("field.k == a", "field.k == b") == []
    assert rows("field.k == a", "field.k != b") == ["overlap"]
    assert rows("field.k != a", "field.k == a") == ["no-case"]
    assert rows("field.n <= 5", "field.n >= 6") == ["no-case"]
    assert rows("disk.raw", "field.raw") == ["overlap"]


@pytest.mark.parametrize(("first", "second", "expected"), [
    ("disk.raw", "not disk.raw", []), ("disk.raw", "field.raw", ["no-case"]), ("disk.raw", "disk.raw and disk.n == 1", ["no-case"]),
    ("disk.raw and disk.n == 1", "disk.raw", []),
])
def test_refusals_are_tried_in_order_so_they_may_overlap_but_each_needs_a_case(
    first: str, second: str, expected: list[str]) -> None:
    text = changed(("raw: {type: bool}", "raw: {type: bool}\n      n: {type: u8}"), (
        "gives: reservation", f"gives: reservation, deny: [{{if: {first}, error: EPERM}}, {{if: {second}, error: EROFS}}]"))
    assert [id for id, _ in found(text)] == expected


def test_rules_survive_what_is_missing() -> None:
    # Each line of a good spec is left out in turn: the verdict may be anything, but it must be a
    # verdict.
    lines = SPEC.splitlines(keepends=True)
    for i in range(len(lines)):
        compile_text("x.yaml", "".join(lines[:i] + lines[i + 1:]))
