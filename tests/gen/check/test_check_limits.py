"""What just fits, what does not, and which mistakes are told once or accepted."""
from __future__ import annotations

from pathlib import Path

import pytest
from check_support import SPEC, changed, found

from berthc.pipeline import compile_text

ROOT = Path(__file__).resolve().parents[3]
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


@pytest.mark.parametrize(
    ("text", "rule", "message"),
    [
        (
            changed(
                (
                    "manager: tap",
                    "manager: tap\noptions: {o: {type: string, default: \"a\\0b\", max_length: 9}}",
                ),
                (HOLDERS, "    assigned: {a: {format: '{option.o}'}}\n" + HOLDERS),
            ),
            "default",
            "the default of o holds a NUL",
        ),
        (
            changed((HOLDERS, "    assigned: {a: {format: \"a\\0b\"}}\n" + HOLDERS)),
            "format-syntax",
            "a NUL cannot stand in a format",
        ),
    ],
)
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


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (
            [
                (
                    "attach: stay",
                    "attach: [" + "{if: field.raw, reject: EIO}, " * 255 + "{to: stay}]",
                )
            ],
            "rows of disk.attached on attach: 256, and at most 255 are possible",
        ),
        (
            [("do: [disk.attach]", "do: [" + ", ".join(["disk.attach"] * 256) + "]")],
            "steps of operation attach: 256, and at most 255 are possible",
        ),
        (
            [
                (
                    "operations:",
                    "operations:"
                    + "".join(
                        f"\n  o{i}: {{with: reservation, do: [disk.attach]}}" for i in range(253)
                    ),
                )
            ],
            "operations: 256, and at most 255 are possible",
        ),
        (
            [("    add:", "".join(f"    h{i}: {{on: disk}}\n" for i in range(254)) + "    add:")],
            "hooks: 256, and at most 255 are possible",
        ),
        (
            [
                (
                    "      raw: {type: bool}",
                    "      raw: {type: enum, values: ["
                    + ", ".join(f"v{i}" for i in range(65536))
                    + "]}",
                )
            ],
            "values of disk.raw: 65,536, and at most 65,535 are possible",
        ),
        (
            [("      gone:", "".join(f"      s{i}: {{}}\n" for i in range(65531)) + "      gone:")],
            "states of disk: 65,536, and at most 65,535 are possible",
        ),
        (
            [
                (
                    "      gone:",
                    "".join(
                        (
                            f"      s{i}: {{on: &o"
                            f" {{{', '.join(f'e{j}: stay' for j in range(250))}}}}}\n"
                            if i == 0
                            else f"      s{i}: {{on: *o}}\n"
                        )
                        for i in range(263)
                    )
                    + "      gone:",
                )
            ],
            "rows of all resources: 65,762, and at most 65,535 are possible",
        ),
        # Equal conditions count once per resource and once per operation, and a refusal's is none
        # of a row's.
        (
            [
                ("raw: {type: bool}", "raw: {type: u16}"),
                ("          attach: stay", _guarded(0, 200)),
                (
                    "attach: {reject: EBUSY}, detach",
                    "attach: [" + _guarded(200, 256).partition("[")[2] + ", detach",
                ),
                (
                    "obtain: [disk],",
                    (
                        "obtain: [disk], deny: [{if: field.raw == 1, error: EIO}, {if: field.raw =="
                        " 201, error: EIO}],"
                    ),
                ),
            ],
            "different conditions: 256, and at most 255 are possible",
        ),
        (
            [
                ("backend:", "options: {o: {type: u8}}\nbackend:"),
                (
                    "operations:",
                    "operations:"
                    + "".join(
                        f"\n  o{i}: {{with: reservation, do: [disk.attach], deny: [{{if: option.o"
                        " == 1, error: EIO}, {if: option.o == 2, error: EIO}]}"
                        for i in range(128)
                    ),
                ),
            ],
            "different conditions of deny: 256, and at most 255 are possible",
        ),
        (
            [
                (
                    HOLDERS,
                    "    assigned: {a: {pool: {"
                    + ", ".join(f"p{i}: 2" for i in range(9))
                    + "}}}\n"
                    + HOLDERS,
                )
            ],
            "parts of disk.a: 9, and at most 8 are possible",
        ),
        (
            [(HOLDERS, "    assigned: {a: {format: '" + "é" * 2001 + "'}}\n" + HOLDERS)],
            "bytes of the format of disk.a: 4,002, and at most 4,000 are possible",
        ),
        (
            [("backend:", "options: {o: {type: string, default: '" + "x" * 4001 + "'}}\nbackend:")],
            "bytes of the default of o: 4,001, and at most 4,000 are possible",
        ),
        (
            [
                (
                    HOLDERS,
                    "    assigned: {a: {from: vm.add, type: u8}, b: {from: vm.add, type: u64}, c:"
                    " {from: vm.add, type: string, max_length: 240}}\n" + HOLDERS,
                )
            ],
            "values from vm.add: 264 bytes, and at most 256 are possible",
        ),
    ],
)
def test_tables_that_do_not_fit_are_refused(pairs: list[tuple[str, str]], message: str) -> None:
    assert ("limit", message) in found(changed(*pairs))


def test_accept_covers_what_it_names_and_no_more() -> None:
    lost = ("      gone:",
            "      lost: {on: {detach: gone}}\n      late: {on: {detach: gone}}\n      gone:")
    accept = "accept: [{finding: unreachable, at: disk.lost, why: It is for later.}]\noperations:"
    result = compile_text("x.yaml", changed(lost, ("operations:", accept)))
    assert [(d.severity.value, d.where) for d in result.diagnostics] == [
        ("note", "disk.lost"),
        ("error", "disk.late"),
    ]
    everywhere = compile_text(
        "x.yaml", changed(lost, ("operations:", accept.replace("at: disk.lost, ", "")))
    )
    assert everywhere.manager is not None and [
        d.severity.value for d in everywhere.diagnostics
    ] == ["note", "note"]


def test_a_hole_cannot_be_accepted() -> None:
    text = changed(("operations:", "accept: [{finding: unhandled, why: It is rare.}]\noperations:"))
    assert [id for id, _ in found(text)] == ["value"]


def test_conditions_overlap_only_where_a_value_exists_for_both() -> None:
    def rows(first: str, second: str) -> list[str]:
        field = (
            "raw: {type: bool}",
            (
                "raw: {type: bool}\n"
                "      n: {type: u8, range: [1, 9]}\n"
                "      k: {type: enum, values: [a, b, c]}"
            ),
        )
        row = (
            "          attach: stay",
            (
                f"          attach: [{{if: {first}, reject: EIO}}, {{if: {second}, reject: EPERM}},"
                " {to: stay}]"
            ),
        )
        return [id for id, _ in found(changed(field, row))]

    assert rows("field.n < 4", "field.n > 3 and field.raw") == []
    assert rows("field.n < 4", "field.n > 2 and field.raw") == ["overlap"]
    assert rows("field.n < 2", "field.n == 9") == []
    assert rows("field.k == a", "field.k == b") == []
    assert rows("field.k == a", "field.k != b") == ["overlap"]
    assert rows("field.k != a", "field.k == a") == ["no-case"]
    assert rows("field.n <= 5", "field.n >= 6") == ["no-case"]
    assert rows("disk.raw", "field.raw") == ["overlap"]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("disk.raw", "not disk.raw", []),
        ("disk.raw", "field.raw", ["no-case"]),
        ("disk.raw", "disk.raw and disk.n == 1", ["no-case"]),
        ("disk.raw and disk.n == 1", "disk.raw", []),
    ],
)
def test_refusals_are_tried_in_order_so_they_may_overlap_but_each_needs_a_case(
    first: str, second: str, expected: list[str]
) -> None:
    text = changed(
        ("raw: {type: bool}", "raw: {type: bool}\n      n: {type: u8}"),
        (
            "gives: reservation",
            (
                f"gives: reservation, deny: [{{if: {first}, error: EPERM}}, {{if: {second}, error:"
                " EROFS}]"
            ),
        ),
    )
    assert [id for id, _ in found(text)] == expected


def test_rules_survive_what_is_missing() -> None:
    # Each line of a good spec is left out in turn: the verdict may be anything, but it must be a
    # verdict.
    lines = SPEC.splitlines(keepends=True)
    for i in range(len(lines)):
        compile_text("x.yaml", "".join(lines[:i] + lines[i + 1:]))
