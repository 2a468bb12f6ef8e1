"""The generated suite as text: what a reader finds in it, and that it is the same everywhere.
Elsewhere it is compiled, run and sharpened."""
from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from berthc.emit import tests
from berthc.emit.tests import describe, literal, number
from berthc.model import Manager, Type
from berthc.pipeline import compile_text, read_spec
from berthc.scenarios.edges import Action
from berthc.scenarios.select import Step
from berthc.semantics import Outcome

SPECS = Path(__file__).resolve().parents[3] / "spec"


@cache
def vpci() -> Manager:
    manager, problems = read_spec(str(SPECS / "vpci.yaml"))
    assert manager is not None, problems
    return manager


@cache
def suite() -> str:
    files = tests.files(vpci())
    assert list(files) == ["vpci/vpci-conformance.c"]
    return files["vpci/vpci-conformance.c"]


def test_the_suite_is_the_same_every_time_and_names_no_folder() -> None:
    assert tests.files(vpci())["vpci/vpci-conformance.c"] == suite()
    assert str(SPECS) not in suite()
    assert (
        "from vpci.yaml; do not edit. Renew with: berthc tests vpci.yaml" in suite().splitlines()[1]
    )


def test_lines_keep_to_the_width() -> None:
    """But for the name of a script, which is one word."""
    long = [line for line in suite().splitlines() if len(line) > 100]
    assert [line for line in long if not re.fullmatch(r' +"retry_\w+",', line)] == []


def test_every_operation_is_driven_with_and_without_a_deadline_and_started() -> None:
    for name in ("reserve", "add_to_vm", "remove_from_vm"):
        assert f"vpci_{name}(call->manager, " in suite()
        assert f"vpci_{name}_until(call->manager, " in suite()
        assert f"vpci_{name}_start(call->manager, call->op, " in suite()
    started = "vpci_drain_start(call->manager, call->op, call->deadline, call->error, call->done, "
    assert f"{started}call->arg)" in " ".join(suite().split())


def test_what_a_started_operation_writes_to_lives_until_it_is_over() -> None:
    struct = "typedef struct lent_reserve {\n    uuid_t result_vmbus_guid;\n} lent_reserve;\n"
    assert struct in suite()
    flat = " ".join(suite().split())
    assert re.search(r"\.results_size = sizeof\(lent_reserve\),.{0,120}\.gives = true", flat)


def test_what_a_config_points_to_is_lent_in_copies() -> None:
    assert (
        "    config->device_instance_id = berth_suite_lend_text(loan, config->device_instance_id);\n"
        in suite()
    )
    assert ".lend = lend_device" in suite(
    ) and ".path = (const uint8_t[]){VPCI_RESOURCE_DEVICE, 0}" in suite()


def test_managers_with_limits_say_that_they_have_no_blocks_for_started_operations() -> None:
    limits = (SPECS.parent / "examples/small/limits/vpci.yaml").read_text(encoding="utf-8")
    manager = compile_text(
        "vpci.yaml", (SPECS / "vpci.yaml").read_text(encoding="utf-8") + limits
    ).manager
    assert manager is not None
    assert ".limited = true" in tests.files(manager)["vpci/vpci-conformance.c"]
    assert ".limited" not in suite()


def test_every_row_of_the_spec_is_declared() -> None:
    rows = re.findall(r'^    \[(\d+)\] = \{\s*\.resource = "device"', suite(), re.MULTILINE)
    assert rows == [str(n) for n in range(1, 17)]
    assert '.state = "lost"' not in suite()


def test_scripts_have_names_that_say_what_they_show() -> None:
    names = re.findall(r'\.name = "(\w+)", \.environment', suite())
    flat = set(names)
    assert "device_reserved_remove_only_released_several_holders" in flat
    assert "add_to_vm_with_strange_reservations" in flat


def test_long_texts_are_cut_at_spaces_and_say_the_same() -> None:
    text = " ".join(f"word{n}" for n in range(60))
    cut = literal(text, 8)
    assert "".join(re.findall(r'"([^"]*)"', cut)) == text
    assert all(len(line) <= 120 for line in cut.splitlines())


def test_a_text_without_spaces_is_cut_too() -> None:
    assert "".join(re.findall(r'"([^"]*)"', literal("x" * 500, 0))) == "x" * 500


def test_numbers_at_the_ends_of_their_types_are_legal_c() -> None:
    assert number((1 << 64) - 1, Type.U64) == "UINT64_C(18446744073709551615)"
    assert number(-(1 << 63), Type.I64) == "INT64_MIN"
    assert number(-(1 << 31), Type.I32) == "INT32_MIN"
    assert number(255, Type.U8) == "255"


def test_a_step_is_described_as_a_call_with_the_backends_answers() -> None:
    action = Action("add_to_vm", reservation="r1", outcomes=(Outcome("ok"), Outcome("fail", "EIO")))
    step = Step(action, "EIO", ("", "", "", ""), "", "", "", "-")
    assert describe(step) == "add_to_vm(r1), call 2 fails with EIO"


def test_a_step_says_what_hooks_that_ask_answer() -> None:
    outcomes = (
        Outcome("yes"),
        Outcome("no"),
        Outcome("unknown", "EIO"),
        Outcome("uncertain", "EPIPE"),
    )
    step = Step(
        Action("bring_up", reservation="r1", outcomes=outcomes),
        "EIO",
        ("", "", "", ""),
        "",
        "",
        "",
        "-",
    )
    assert describe(step) == (
        "bring_up(r1), call 1 answers yes, call 2 answers no, call 3 cannot tell: EIO, "
        "call 4 ends uncertain with EPIPE"
    )
