"""Lowering: dense ids, rows and cells, sizes of texts, guards as C. Expected values are worked out
by hand from the specs' text."""
from __future__ import annotations

from dataclasses import replace

import pytest
from berthc.lower import backend_version, ir, lower
from berthc.lower.expr import Value, expression, literal, part_type
from berthc.model import (
    NOWHERE, Assigned, AssignedKind, Deny, Form, FormatText, Guard, Manager, Operation, Ref, Row,
    State, Target, Type,
)
from emit_c_support import field, manager, pool, spec, thing


def resource(tables: ir.Manager, name: str) -> ir.Resource:
    return next(r for r in tables.resources if r.name == name)


def rows_of(tables: ir.Manager, name: str, state: str, event: str) -> list[ir.Row]:
    found = resource(tables, name)
    states = [s.id.name for s in found.states]
    events = [e.name for e in found.events]
    cell = next(c for c in found.cells
                if (c.state, c.event) == (states.index(state) + 1, events.index(event) + 1))
    return [r for r in found.rows[cell.first - 1 :]
            if (r.state, r.event) == (cell.state, cell.event)]


def state_id(tables: ir.Manager, name: str, state: str) -> int:
    return [s.id.name for s in resource(tables, name).states].index(state) + 1


def test_ids_are_dense_and_begin_at_one() -> None:
    tables = lower(spec("scsi"))
    assert [r.c for r in tables.resources] == ["SCSI_RESOURCE_DISK", "SCSI_RESOURCE_MOUNT"]
    disk, mount = tables.resources
    assert (disk.parent, disk.level, mount.parent, mount.level) == (0, 0, 1, 1)
    assert [e.name for e in disk.events] == ["claim", "detach", "attach"]  # take and drop first
    assert (disk.take, disk.drop, disk.initial) == (1, 2, 1)
    assert [(s.id.name, s.final, s.resident) for s in disk.states][6:] == [
        ("boot", False, True),
        ("detached", True, False),
    ]
    assert (disk.first_row, len(disk.rows), mount.first_row, len(mount.rows)) == (0, 21, 21, 13)


def test_a_row_has_its_targets() -> None:
    tables = lower(spec("scsi"))
    (row,) = rows_of(tables, "disk", "attached", "detach")
    assert tables.hooks[row.hook - 1].name == "guest.eject"
    assert row.ok == ir.Target(state_id(tables, "disk", "ejected"), 2)  # raises detach
    assert row.fail == ir.Target(state_id(tables, "disk", "attached"))
    assert row.uncertain == ir.Target(state_id(tables, "disk", "leaving"))
    assert (row.reject, row.guard) == (None, 0)


def test_uncertain_goes_where_fail_goes_when_left_out() -> None:
    tables = lower(spec("kitchen"))
    (row,) = rows_of(tables, "pot", "there", "remove")
    assert row.fail == row.uncertain == ir.Target(state_id(tables, "pot", "there"))


def test_a_reject_has_no_target() -> None:
    (row,) = rows_of(lower(spec("scsi")), "disk", "failed", "claim")
    assert (row.reject, row.hook, row.ok, row.fail, row.uncertain) == (
        "ENOTRECOVERABLE",
        0,
        ir.Target(),
        ir.Target(),
        ir.Target(),
    )


def test_guarded_rows_are_one_cell_in_their_order() -> None:
    tables = lower(spec("scsi"))
    first, second = rows_of(tables, "mount", "reserved", "mount")
    assert (
        tables.guards[first.guard - 1].expression, second.guard) == ("view->format_with_refs", 0)
    assert [tables.hooks[r.hook - 1].name for r in (first, second)] == [
        "guest.format_and_mount",
        "guest.mount",
    ]


def test_equal_guards_of_one_resource_share_a_number() -> None:
    flag = Guard("true", NOWHERE, ref=Ref("field", "f", NOWHERE), text="field.f")
    stay = Target("on", None, NOWHERE, True)
    guarded = tuple(r for e in ("a", "b")
                    for r in (Row("on", e, NOWHERE, guard=flag, ok=stay),
                              Row("on", e, NOWHERE, ok=stay)))
    one = thing(fields=(field("f"),), states=(State("on", "", NOWHERE, rows=guarded),), take=None,
                drop=None)
    tables = lower(manager(one, replace(one, name="other")))
    assert [r.guard for r in tables.resources[0].rows] == [1, 0, 1, 0]
    assert [r.guard for r in tables.resources[1].rows] == [2, 0, 2, 0]
    assert [g.owner for g in tables.guards] == [1, 2]


@pytest.mark.parametrize(
    ("name", "owner", "value", "size"),
    [
        # /run/mounts/scsi/ 3 _ 63 _ 2^64-1 NUL
        ("scsi", "mount", "guest_path", 17 + 1 + 1 + 2 + 1 + 20 + 1),
        ("plan9", "share", "name", 20 + 1),  # a counter in decimal
        # /run/mounts/plan9/ and the share's name
        ("plan9_mount", "mount", "guest_path", 18 + 20 + 1),
        ("kitchen", "stove", "firmware", 12 + 1),
        (
            "kitchen",
            "stove",
            "name",
            len(
                'stove 999 "" induction -20 -9223372036854775808 false 18446744073709551615 false canteen {100%}'
            )
            + 24
            + 1,
        ),
    ],
)
def test_size_of_a_text_is_that_of_the_longest(
    name: str, owner: str, value: str, size: int
) -> None:
    found = next(a for a in resource(lower(spec(name)), owner).assigned if a.name == value)
    assert (found.size, found.size_macro) == (size, f"{name}_{owner}_{value}_size".upper())


def test_a_range_of_numbers_is_measured_at_its_longer_end() -> None:
    text = FormatText((Ref("field", "n", NOWHERE),), NOWHERE)
    made = Assigned("label", AssignedKind.FORMAT, Type.STRING, "", NOWHERE, texts=(text,))
    found = lower(manager(thing(fields=(field("n", Type.I32, range=(-100, 7)),),
                                assigned=(made,)))).resources[0].assigned[0]
    assert found.size == len("-100") + 1


def test_a_format_counts_bytes_and_uuids() -> None:
    text = FormatText(("é", Ref("thing", "id", NOWHERE)), NOWHERE)
    values = (
        Assigned("id", AssignedKind.UUID, Type.UUID, "", NOWHERE),
        Assigned("label", AssignedKind.FORMAT, Type.STRING, "", NOWHERE, texts=(text,)),
    )
    assert lower(manager(thing(assigned=values))).resources[0].assigned[1].size == 2 + 36 + 1


def test_a_format_needs_bounded_texts() -> None:
    made = Assigned("label", AssignedKind.FORMAT, Type.STRING, "", NOWHERE,
                    texts=(FormatText((Ref("field", "s", NOWHERE),), NOWHERE),))
    with pytest.raises(LookupError):
        lower(manager(thing(fields=(field("s", Type.STRING),), assigned=(made,))))


@pytest.mark.parametrize(("size", "kind"),
                         [(1, Type.U8), (256, Type.U8), (257, Type.U16), (65536, Type.U16),
                          (65537, Type.U32)])
def test_a_part_of_a_slot_has_the_narrowest_type(size: int, kind: Type) -> None:
    assert part_type(size) is kind


def test_a_pool_takes_the_greatest_size_of_its_option() -> None:
    (address,) = resource(lower(spec("scsi")), "disk").assigned
    assert [(p.name, p.option, p.size, p.type)
            for p in address.parts] == [("controller", 1, 4, Type.U8), ("lun", 0, 64, Type.U8)]
    assert address.slot == "scsi_disk_address"


def test_an_option_whose_zero_is_no_value_has_a_default_for_it() -> None:
    options = lower(spec("kitchen")).options
    assert [(o.name, o.default, o.zero_default) for o in options] == [
        ("rows", 2, True),
        ("gas", 1, False),
        ("mode", 1, False),
        ("level", -1, False),
        ("budget", 1000, False),
        ("owner", "cook", True),
    ]


def test_what_operations_say() -> None:
    tables = lower(spec("scsi"))
    reserve, rootfs, map_, unmap = tables.operations
    assert (reserve.form, reserve.path, reserve.gives,
            [d.error for d in reserve.denies]) == (Form.OBTAIN, (1, 2), True, ["EINVAL", "EINVAL"])
    assert (rootfs.form, rootfs.at, rootfs.enter) == (
        Form.CREATE,
        1,
        state_id(tables, "disk", "boot"),
    )
    assert [(s.level, s.event) for s in map_.steps] == [(0, 3), (1, 3)]
    assert [(r.level, r.leaf, r.size_macro)
            for r in map_.returns] == [(1, "guest_path", "SCSI_MOUNT_GUEST_PATH_SIZE")]
    assert ([(s.level, s.event) for s in unmap.steps], unmap.ends) == ([(1, 2), (0, 2)], True)
    remove = lower(spec("plan9")).operations[2]
    assert (remove.form, remove.by, remove.absent_ok) == (Form.FIND, 1, True)


def test_denials_see_the_config_of_their_level() -> None:
    found = [d.expression for d in lower(spec("scsi")).denials]
    assert found[0] == "options->guest == SCSI_OPTION_GUEST_LINUX && mount_config->format_with_refs"
    assert (
        found[1]
        == "options->guest == SCSI_OPTION_GUEST_WINDOWS && (mount_config->encrypted ||"
        " mount_config->ensure_filesystem || mount_config->block_dev)"
    )


def test_only_what_an_operation_finds_by_is_indexed() -> None:
    assert [
        (a.name, a.indexed) for a in resource(lower(spec("kitchen")), "stove").assigned if a.indexed
    ] == [
        ("serial", True),
        ("tag", True),
        ("place", True),
    ]


def leaf(kind: Type, op: str, number: int | str) -> str:
    """The comparison of a field of that type in C."""
    guard = Guard(op, NOWHERE, ref=Ref("field", "x", NOWHERE), literal=number, text="x")
    owner = thing(fields=(field("x", kind, values=("a", "b")),))
    one = manager(
        owner,
        operations=(
            Operation(
                "go",
                "",
                NOWHERE,
                Form.OBTAIN,
                ("thing",),
                deny=(Deny(guard, "EPERM", "", NOWHERE),),
            ),
        ),
    )
    return lower(one).denials[0].expression.replace("thing_config->", "")


@pytest.mark.parametrize(
    ("kind", "op", "number", "text"),
    [
        (Type.U8, "==", 3, "x == 3"),
        (Type.U8, "<", 256, "true"),
        (Type.U8, "<=", 255, "true"),
        (Type.U8, ">", 255, "false"),
        (Type.U8, ">=", 256, "false"),
        (Type.U8, ">=", 0, "true"),
        (Type.U8, "<", 0, "false"),
        (Type.U8, "<=", -1, "false"),
        (Type.U8, ">", -1, "true"),
        (Type.U8, "==", 256, "false"),
        (Type.U8, "!=", -1, "true"),
        (Type.U8, ">", 0, "x > 0"),
        (Type.U8, "<=", 0, "x <= 0"),
        (Type.I32, "==", -(1 << 31), "x == INT32_MIN"),
        (Type.I32, "<", -5, "x < -5"),
        (Type.I32, "<=", (1 << 31) - 1, "true"),
        (Type.U32, ">", 4000000000, "x > 4000000000u"),
        (Type.U64, "<", 1 << 63, "x < UINT64_C(9223372036854775808)"),
        (Type.I64, "!=", -(1 << 63), "x != INT64_MIN"),
        (Type.I64, ">", -5000000000, "x > INT64_C(-5000000000)"),
        (Type.ENUM, "!=", "b", "x != M_THING_X_B"),
    ],
)
def test_comparisons(kind: Type, op: str, number: int | str, text: str) -> None:
    assert leaf(kind, op, number) == text


def test_parentheses_where_c_needs_them() -> None:
    def flag(name: str) -> Guard:
        return Guard("true", NOWHERE, ref=Ref("field", name, NOWHERE))

    def resolve(ref: Ref) -> Value:
        return Value(ref.name, Type.BOOL, {})

    either = Guard("or", NOWHERE, (flag("a"), Guard("and", NOWHERE, (flag("b"), flag("c")))))
    assert expression(either, resolve) == "a || (b && c)"
    assert expression(Guard("not", NOWHERE, (either,)), resolve) == "!(a || (b && c))"
    assert expression(Guard("not", NOWHERE, (flag("a"),)), resolve) == "!a"
    nested = Guard("and", NOWHERE, (Guard("and", NOWHERE, (flag("a"), flag("b"))), flag("c")))
    assert expression(nested, resolve) == "a && b && c"


def test_a_literal_has_a_type_that_holds_it() -> None:
    assert literal(2147483647, Type.U64) == "2147483647"
    assert literal(2147483648, Type.U32) == "2147483648u"
    assert literal(2147483648, Type.I64) == "INT64_C(2147483648)"


def changed(found: Manager, **more: object) -> Manager:
    return replace(found, **more)  # type: ignore[arg-type]


def test_the_backend_version_changes_with_what_hooks_are_given() -> None:
    before = spec("scsi")
    version = backend_version(before)
    disk, mount = before.resources
    assert version != 0
    for after in (
        changed(before, hooks=before.hooks[:-1]),
        changed(before, hooks=before.hooks[::-1]),
        changed(before, hooks=(replace(before.hooks[0], on="mount"), *before.hooks[1:])),
        changed(before, resources=(replace(disk, fields=disk.fields[1:]), mount)),
        changed(
            before,
            resources=(
                replace(
                    disk,
                    fields=(
                        *disk.fields[:1],
                        replace(disk.fields[1], type=Type.U8),
                        *disk.fields[2:],
                    ),
                ),
                mount,
            ),
        ),
        changed(
            before,
            resources=(
                replace(
                    disk,
                    fields=(
                        *disk.fields[:2],
                        replace(disk.fields[2], values=("x",)),
                        *disk.fields[3:],
                    ),
                ),
                mount,
            ),
        ),
        changed(
            before,
            resources=(replace(disk, assigned=(pool("address", controller=300, lun=64),)), mount),
        ),
    ):
        assert backend_version(after) != version


def test_the_backend_version_ignores_words_and_tables() -> None:
    before = spec("scsi")
    hooks = tuple(replace(h, brief="other", repeatable=not h.repeatable) for h in before.hooks)
    states = tuple(replace(r, states=r.states[::-1]) for r in before.resources)
    assert backend_version(
        changed(before, hooks=hooks, resources=states, brief="other")
    ) == backend_version(before)
