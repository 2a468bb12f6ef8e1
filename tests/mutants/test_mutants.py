"""A bounded sample of the mutants, the same ones every time, and the tools that judge them."""
from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from berthc.model import Manager  # noqa: E402
from berthc.pipeline import read_spec  # noqa: E402
from equivalent import Difference, Original, same_line  # noqa: E402
from mutate import Line, Mutant, mutants  # noqa: E402
from run import choose  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
PER_MANAGER = 10
SHIPPED = ("plan9", "plan9_mount", "vpci", "scsi")
RUN = Path(__file__).resolve().parent / "run.py"


def read(name: str) -> Manager:
    manager, problems = read_spec(str(ROOT / "spec" / f"{name}.yaml"))
    assert manager is not None, problems
    return manager


def mutant(manager: Manager, what: str) -> Mutant:
    return next(m for m in mutants(manager) if m.what == what)


def sample(folder: Path, kind: str, number: int, *specs: Path, only: str = "") -> tuple[int, int]:
    """Mutants that were noticed, and all that were tried: so many of a kind of each spec."""
    command = [
        sys.executable,
        str(RUN), "--out",
        str(folder), "--kind", kind, "--only", only, "--sample",
        str(number)
    ]
    command += map(str, specs)
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    last = re.fullmatch(
        (
            r"mutants: (\d+) killed of (\d+); of the survivors \d+ are equivalent, 0 not decided, 0"
            r" not equivalent"
        ),
        done.stdout.splitlines()[-1],
    )
    assert last is not None, done.stdout
    return int(last[1]), int(last[2])


@pytest.mark.long
def test_a_sample_of_changed_cells_is_noticed(tmp_path: Path) -> None:
    killed, tried = sample(tmp_path, "cell", PER_MANAGER,
                           *(ROOT / "spec" / f"{name}.yaml" for name in SHIPPED))
    assert tried == PER_MANAGER * len(SHIPPED) and killed >= tried - 2 * len(SHIPPED)


@pytest.mark.long
def test_a_sample_of_changed_lines_is_noticed(tmp_path: Path) -> None:
    killed, tried = sample(tmp_path, "line", 60, Path(__file__).resolve().parent / "fields.yaml")
    assert tried == 60 and killed >= 55


def test_a_copy_that_needs_more_than_its_size_is_noticed(tmp_path: Path) -> None:
    assert sample(tmp_path, "line", 9, ROOT / "spec/plan9.yaml", only="size: left out") == (2, 2)


def test_every_kind_of_cell_is_changed() -> None:
    kinds = {m.kind for name in SHIPPED for m in mutants(read(name))}
    assert kinds >= {
        "target", "raise", "hook", "guard", "reject", "take", "drop", "initial", "final",
        "resident", "step", "returns", "deny", "line", "flag", "enter", "key", "ignore_case",
        "required", "range", "pool", "counter", "format", "absent", "start"
    }


def test_every_start_function_is_changed() -> None:
    found = {m.what for m in mutants(read("scsi")) if m.kind == "start"}
    assert found >= {
        "reserve_start: two configs swapped",
        "reserve_start: reservation to give dropped",
        "map_to_guest_start: first result dropped",
        "reserve_for_rootfs_start: parts of the slot swapped",
        "unmap_from_guest_start: reservation to use dropped",
        "drain_start: error dropped",
        "drain_start: block dropped",
    }


def test_every_target_of_every_row_is_sent_to_every_other_state() -> None:
    device = read("vpci").resource("device")
    found = {
        m.what for m in mutants(read("vpci")) if m.what.startswith("device.ready remove: fail ")
    }
    targets = {w.split(" -> ")[1] for w in found if "raise" not in w}
    assert targets == {s.name for s in device.states} - {"assigned_invalid"}


def test_mutants_change_one_thing_and_leave_the_original_alone() -> None:
    manager = read("vpci")
    for one in mutants(manager):
        assert one.model != manager or one.patch or one.model is None
    assert manager == read("vpci")


def test_a_change_that_callers_see_is_no_equivalent_one() -> None:
    manager = read("vpci")
    original = Original(manager)
    for what in (
        "device.ready remove: ok removed -> failed",
        "device: initial -> ready",
        "remove_from_vm: ends -> False",
        "device.assigned announce: call guest.add_vpci_device dropped",
        "device.virtual_function_index: key -> False",
    ):
        changed = mutant(manager, what).model
        assert changed is not None
        assert isinstance(original.difference(changed), Difference), what


def test_a_state_in_which_nothing_ever_rests_may_as_well_be_resident() -> None:
    manager = read("vpci")
    changed = mutant(manager, "device.ready: resident -> True").model
    assert changed is not None
    found = Original(manager).difference(changed)
    assert isinstance(found, str) and re.fullmatch(
        r"no state in which it may rest, in a complete search of \d+ steps with 2 callers", found
    )


def test_what_is_to_be_drained_is_not_destroyed_whether_it_may_rest_or_not() -> None:
    manager = read("plan9")
    changed = mutant(manager, "share.suspect: resident -> False").model
    assert changed is not None
    assert str(Original(manager).difference(changed)).startswith("no state in which it may rest")


def test_a_changed_line_is_explained_only_where_nobody_can_see_it() -> None:
    plan9, kitchen = read("plan9"), read("../tests/gen/specs/kitchen")
    assert same_line(plan9, Line("share", "hash", "left out: …")) is not None
    assert same_line(plan9, Line("share", "equal", "no matter: …")) is None
    assert same_line(plan9, Line("share", "check", "never: …")) is None
    for what in ("not of keys: …", "of keys, too: …"):
        assert same_line(plan9, Line("share", "check", what)) is not None
        assert same_line(kitchen, Line("burner", "check", what)) is None  # an operation finds it
        assert same_line(kitchen, Line("stove", "check", what)) is None  # a burner is made below
        assert same_line(kitchen, Line("pot", "check", what)) is not None
    assert same_line(plan9, Line("share", "size", "left out: …")) is None


def test_a_manager_is_equivalent_to_itself_under_another_brief() -> None:
    manager = read("plan9")
    found = Original(manager).difference(replace(manager, brief="Another."))
    assert isinstance(found, str) and "complete search" in found


def test_a_sample_is_spread_over_the_tables() -> None:
    found = list(mutants(read("vpci")))
    chosen = choose(found, 10)
    assert [n for n, _ in chosen] == sorted({n for n, _ in chosen}) and len(chosen) == 10
    assert chosen[0][0] < len(found) // 10 and chosen[-1][0] >= len(found) - len(found) // 10
    assert choose(found, None) == list(enumerate(found))
