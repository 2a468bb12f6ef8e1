"""Nodes to the model: each way of writing means what the reference says."""
from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "gen"))

from berthc.model import AssignedKind, Form, Manager, Row, Type  # noqa: E402
from berthc.pipeline import compile_text, read_spec  # noqa: E402

GOOD = """
berth: 1
manager: m
resources:
  thing:
    key: [name]
    fields:
      name: {type: string}
      n: {type: u8}
    holders: {take: hold, drop: release}
    initial: idle
    states:
      idle: {on: {hold: stay, release: gone}}
      gone: {final: true}
operations:
  take: {obtain: [thing], do: [thing.hold]}
  give: {find: thing, do: [thing.release]}
"""


def model(text: str) -> Manager:
    result = compile_text("x.yaml", text)
    assert result.manager is not None, result.diagnostics
    return result.manager


def spec(name: str) -> Manager:
    manager, found = read_spec(str(ROOT / "spec" / f"{name}.yaml"))
    assert manager is not None and found == []
    return manager


def row_text(row: Row) -> str:
    out = (f"{row.event}: " + (f"[{row.guard.text}] " if row.guard else "")
           + (f"reject {row.reject}" if row.reject else row.hook or "-"))
    for name, t in row.targets():
        raised = f"!{t.raise_event}" if t.raise_event else ""
        out += f" {name}={t.state}{raised}{'.' if t.stay else ''}"
    return out


def test_scsi_is_the_table_of_the_reference() -> None:
    disk, mount = spec("scsi").resources
    assert [[row_text(r) for r in s.rows] for s in disk.states] == [
        ["claim: - ok=reserved.", "attach: vm.add_disk ok=attached fail=failed uncertain=suspect",
         "detach: - ok=detached"],
        ["claim: - ok=attached.", "attach: - ok=attached.",
         "detach: guest.eject ok=ejected!detach fail=attached uncertain=leaving"],
        ["claim: reject EBUSY", "attach: reject EBUSY",
         "detach: vm.remove_disk ok=detached fail=ejected uncertain=ejected"],
        ["claim: reject ENOTRECOVERABLE", "attach: reject ENOTRECOVERABLE",
         "detach: - ok=detached"],
        ["claim: reject ENOTRECOVERABLE",
         "attach: vm.has_disk yes=attached no=reserved!attach unknown=suspect",
         "detach: guest.eject ok=ejected!detach fail=suspect uncertain=suspect"],
        ["claim: reject ENOTRECOVERABLE", "attach: reject ENOTRECOVERABLE",
         "detach: guest.eject ok=ejected!detach fail=leaving uncertain=leaving"],
        ["claim: - ok=boot.", "attach: - ok=boot.", "detach: - ok=boot."],
        [],
    ]
    assert [row_text(r) for r in mount.rows("reserved", "mount")] == [
        (
            "mount: [field.format_with_refs] guest.format_and_mount ok=mounted fail=failed"
            " uncertain=suspect"
        ),
        "mount: guest.mount ok=mounted fail=failed uncertain=suspect",
    ]
    assert [(s.name, s.final, s.resident) for s in disk.states][4:] == [
        ("suspect", False, False),
        ("leaving", False, False),
        ("boot", False, True),
        ("detached", True, False),
    ]


def test_scsi_has_the_names_of_the_reference() -> None:
    m = spec("scsi")
    assert (m.name, m.file, m.loc.line) == ("scsi", str(ROOT / "spec/scsi.yaml"), 3)
    assert [(o.name, o.type, o.default, o.range, o.values) for o in m.options] == [
        ("controllers", Type.U8, 1, (1, 4), ()),
        ("guest", Type.ENUM, "linux", None, ("linux", "windows")),
    ]
    called = [h for h in m.hooks if not h.asks]
    assert [(h.name, h.on, h.optional, h.absent, h.undoes, h.repeatable) for h in called] == [
        ("vm.add_disk", "disk", False, None, (), False),
        ("vm.remove_disk", "disk", False, None, ("vm.add_disk",), True),
        ("guest.mount", "mount", False, None, (), False),
        ("guest.format_and_mount", "mount", True, "EOPNOTSUPP", (), False),
        ("guest.unmount", "mount", False, None, ("guest.mount", "guest.format_and_mount"), True),
        ("guest.eject", "disk", True, None, (), True),
    ]
    assert [
        (h.name, h.on, h.optional, h.together, h.absent, h.asks) for h in m.hooks if h.asks
    ] == [
        ("vm.has_disk", "disk", True, "probes", "ENOTRECOVERABLE", ("vm.add_disk",)),
        (
            "guest.has_mount",
            "mount",
            True,
            "probes",
            "ENOTRECOVERABLE",
            ("guest.mount", "guest.format_and_mount"),
        ),
    ]
    assert {h.name: h.needs for h in m.hooks if h.needs} == {
        "guest.mount": ("vm.add_disk",),
        "guest.format_and_mount": ("vm.add_disk",),
    }
    disk, mount = m.resources
    assert (disk.parent, disk.key, disk.take, disk.drop, disk.initial) == (
        None,
        ("host_path",),
        "claim",
        "detach",
        "reserved",
    )
    assert (mount.parent, mount.key, mount.events) == (
        "disk",
        ("partition",),
        ("claim", "unmount", "mount"),
    )
    assert [(p.name, p.size, p.option) for p in disk.assigned[0].parts] == [
        ("controller", None, "controllers"),
        ("lun", 64, None),
    ]
    assert (
        disk.assigned[0].leaves == ("controller", "lun")
        and disk.assigned[0].kind is AssignedKind.POOL
    )
    assert [(t.guard.text if t.guard else None)
            for t in mount.assigned[0].texts] == ["option.guest == windows", None]
    assert [p if isinstance(p, str) else f"<{p}>" for p in mount.assigned[0].texts[0].parts] == [
        "C:\\mounts\\scsi\\", "<disk.controller>", "_", "<disk.lun>", "_", "<field.partition>",
    ]


def test_operations_know_their_paths() -> None:
    m = spec("scsi")
    assert [(o.name, o.form, o.path, o.gives, o.ends, o.at, o.enter) for o in m.operations] == [
        ("reserve", Form.OBTAIN, ("disk", "mount"), True, False, None, None),
        ("reserve_for_rootfs", Form.CREATE, ("disk",), False, False, "address", "boot"),
        ("map_to_guest", Form.WITH, ("disk", "mount"), False, False, None, None),
        ("unmap_from_guest", Form.WITH, ("disk", "mount"), False, True, None, None),
    ]
    assert [(s.resource, s.event) for s in m.operation("unmap_from_guest").steps] == [
        ("mount", "unmount"),
        ("disk", "detach"),
    ]
    assert [str(r) for r in m.operation("map_to_guest").returns] == ["mount.guest_path"]
    remove = spec("plan9").operation("remove_from_vm")
    assert (remove.form, remove.path, remove.by, remove.absent_ok) == (
        Form.FIND,
        ("share",),
        "name",
        True,
    )
    assert [(d.error, d.guard.text) for d in spec("plan9").operation("add_to_vm").deny] == [
        ("EPERM", "option.no_writable_shares and not share.read_only"),
    ]


def test_the_key_may_be_all_fields_some_or_none() -> None:
    assert spec("plan9").resource("share").key == (
        "host_path",
        "read_only",
        "restrict",
        "allowed_names",
    )
    assert spec("plan9_mount").resource("mount").key == ()
    assert model(GOOD).resource("thing").key == ("name",)
    assert model(GOOD.replace("    key: [name]\n", "")).resource("thing").key == ()


@pytest.mark.parametrize(
    ("written", "kind", "default"),
    [
        ("{type: bool}", Type.BOOL, False),
        ("{type: bool, default: true}", Type.BOOL, True),
        ("{type: i64}", Type.I64, 0),
        ("{type: u64, default: 18446744073709551615}", Type.U64, 18446744073709551615),
        ("{type: string}", Type.STRING, ""),
        ("{type: enum, values: [b, a]}", Type.ENUM, "b"),
        ("{type: enum, values: [b, a], default: a}", Type.ENUM, "a"),
        ("{type: uuid}", Type.UUID, ""),
        ("{type: list}", Type.LIST, ()),
        ("{type: set, of: string}", Type.SET, ()),
        ("{type: u16, range: [3, 9]}", Type.U16, 0),
    ],
)
def test_fields_have_the_zero_value_as_default(written: str, kind: Type, default: object) -> None:
    field = model(GOOD.replace("{type: u8}", written)).resource("thing").field("n")
    assert (field.type, field.default) == (kind, default) and type(field.default) is type(default)


def test_what_a_field_may_say_is_kept() -> None:
    m = model(
        GOOD.replace(
            "{type: u8}",
            (
                "{type: string, required: true, max_length: 9, compare: {case: ignored}, brief: 'A\n\n"
                "  b'}"
            ),
        )
    )
    field = m.resource("thing").field("n")
    assert (
        field.required, field.max_length, field.ignore_case, field.brief) == (True, 9, True, "A b")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("gone", "release: - ok=gone"),
        ("{to: gone}", "release: - ok=gone"),
        ("[{to: gone}]", "release: - ok=gone"),
        (
            "[{if: field.n == 3, reject: EBUSY}, {to: gone}]",
            "release: [field.n == 3] reject EBUSY release: - ok=gone",
        ),
    ],
)
def test_a_row_may_be_written_in_several_ways(written: str, expected: str) -> None:
    rows = model(GOOD.replace("release: gone",
                              f"release: {written}")).resource("thing").rows("idle", "release")
    assert " ".join(row_text(r) for r in rows) == expected


def test_uncertain_goes_where_fail_goes_unless_it_is_written() -> None:
    backend = "backend: {vm: {h: {on: thing, repeatable: true}}}\nresources:"
    text = GOOD.replace("resources:", backend).replace(
        "release: gone", "release: {call: vm.h, ok: gone, fail: {to: stay}}"
    )
    row = model(text).resource("thing").rows("idle", "release")[0]
    assert (
        row.fail is not None
        and row.fail == row.uncertain
        and row.fail.stay
        and row.fail.state == "idle"
        and not row.uncertain_given
    )
    row = model(
        text.replace("fail: {to: stay}",
                     "fail: stay, uncertain: idle")).resource("thing").rows("idle", "release")[0]
    assert row.uncertain is not None and row.uncertain_given and not row.uncertain.stay


@pytest.mark.parametrize(("written", "error"),
                         [("reject", "EOPNOTSUPP"), ("{reject: EBUSY}", "EBUSY")])
def test_otherwise_fills_the_holes(written: str, error: str) -> None:
    text = (
        GOOD.replace("    initial", f"    otherwise: {written}\n    initial")
        .replace("hold: stay, ", "")
        .replace("take: hold, ", "")
    )
    m = model(text.replace("do: [thing.hold]", "do: [thing.release]"))
    assert m.resource("thing").otherwise == error


def test_children_come_after_their_parents_whatever_the_order_of_the_spec() -> None:
    child = (
        "  part:\n"
        "    parent: thing\n"
        "    initial: s\n"
        "    states: {s: {resident: true}}\n"
        "  thing:"
    )
    m = model(
        GOOD.replace("  thing:", child, 1).replace(
            "operations:", "operations:\n  add: {obtain: [thing, part], do: [thing.hold]}"
        )
    )
    assert [r.name for r in m.resources] == ["thing", "part"]
    assert m.path("part") == ("thing", "part") and m.children("thing") == ("part",)


def test_an_alias_is_the_same_as_writing_it_out() -> None:
    shared = GOOD.replace(
        "idle: {on: {hold: stay, release: gone}}",
        "idle: {on: &same {hold: stay, work: busy, release: gone}}\n      busy: {on: *same}")
    shared = shared.replace("operations:", "operations:\n  work: {find: thing, do: [thing.work]}")
    m = model(shared)
    assert [row_text(r) for r in m.resource("thing").state("busy").rows] == [
        "hold: - ok=busy.",
        "work: - ok=busy",
        "release: - ok=gone",
    ]


def test_models_of_one_text_are_equal_and_do_not_depend_on_layout() -> None:
    assert model(GOOD) == model(GOOD)
    moved = model("# a comment\n" + GOOD)
    assert moved != model(GOOD)  # places differ
    assert replace(moved,
                   loc=model(GOOD).loc).resource("thing").key == model(GOOD).resource("thing").key


STORED = """\
berth: 1
manager: m
store: {store}
backend: {{vm: {{settle: {{on: store, brief: Wait.}}}}}}
resources: {{r: {{initial: s, states: {{s: {{resident: true}}}}}}}}
operations: {{o: {{obtain: [r]}}}}
"""


def test_a_store_and_the_hook_that_settles() -> None:
    manager = model(STORED.format(store="{settle: vm.settle}"))
    assert manager.store is not None and manager.hooks == ()
    assert (manager.store.settle, manager.store.brief) == ("vm.settle", "Wait.")
    without = STORED.replace("backend: {{vm: {{settle: {{on: store, brief: Wait.}}}}}}\n", "")
    assert model(without.format(store="true")).store is not None
    assert compile_text("x.yaml", STORED.format(store="false")).manager is None
