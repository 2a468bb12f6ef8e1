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
from equivalent import Difference, Original  # noqa: E402
from mutate import Mutant, mutants  # noqa: E402
from run import choose  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent.parent
PER_MANAGER = 10


def read(name: str) -> Manager:
    manager, problems = read_spec(str(ROOT / "spec" / f"{name}.yaml"))
    assert manager is not None, problems
    return manager


def mutant(manager: Manager, what: str) -> Mutant:
    return next(m for m in mutants(manager) if m.what == what)


@pytest.mark.parametrize("name", ["plan9", "plan9_mount", "vpci", "scsi"])
def test_a_sample_of_changed_cells_is_noticed(name: str, tmp_path: Path) -> None:
    spec = ROOT / "spec" / f"{name}.yaml"
    command = [sys.executable, str(ROOT / "tests/mutants/run.py"), "--out", str(tmp_path), "--sample", str(PER_MANAGER), str(spec)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    last = re.fullmatch(r"mutants: (\d+) killed of (\d+); of the survivors \d+ are equivalent, 0 not decided, 0 not equivalent", done.stdout.splitlines()[-1])
    assert last is not None, done.stdout
    assert int(last[2]) == PER_MANAGER and int(last[1]) >= PER_MANAGER - 2


def test_every_kind_of_cell_is_changed() -> None:
    kinds = {m.kind for name in ("plan9", "plan9_mount", "vpci", "scsi") for m in mutants(read(name))}
    assert kinds >= {"target", "raise", "hook", "guard", "reject", "take", "drop", "initial", "final", "resident", "step", "returns", "deny",
                     "flag", "enter", "key", "ignore_case", "required", "range", "pool", "counter", "format", "absent", "start"}


def test_every_start_function_is_changed() -> None:
    found = {m.what for m in mutants(read("scsi")) if m.kind == "start"}
    assert found >= {"reserve_start: two configs swapped", "reserve_start: reservation to give dropped",
                     "map_to_guest_start: first result dropped",
                     "reserve_for_rootfs_start: parts of the slot swapped", "unmap_from_guest_start: reservation to use dropped",
                     "drain_start: error dropped", "drain_start: block dropped"}


def test_every_target_of_every_row_is_sent_to_every_other_state() -> None:
    device = read("vpci").resource("device")
    found = {m.what for m in mutants(read("vpci")) if m.what.startswith("device.ready remove: fail ")}
    targets = {w.split(" -> ")[1] for w in found if "raise" not in w}
    assert targets == {s.name for s in device.states} - {"assigned_invalid"}


def test_mutants_change_one_thing_and_leave_the_original_alone() -> None:
    manager = read("vpci")
    for one in mutants(manager):
        assert one.model != manager or one.patch is not None or one.model is None
    assert manager == read("vpci")


def test_a_change_that_callers_see_is_no_equivalent_one() -> None:
    manager = read("vpci")
    original = Original(manager)
    for what in ("device.ready remove: ok removed -> failed", "device: initial -> ready", "remove_from_vm: ends -> False",
                 "device.assigned announce: call guest.add_vpci_device dropped", "device.virtual_function_index: key -> False"):
        changed = mutant(manager, what).model
        assert changed is not None
        assert isinstance(original.difference(changed), Difference), what


def test_a_state_in_which_nothing_ever_rests_may_as_well_be_resident() -> None:
    manager = read("vpci")
    changed = mutant(manager, "device.ready: resident -> True").model
    assert changed is not None
    found = Original(manager).difference(changed)
    assert isinstance(found, str) and re.fullmatch(r"no state in which it may rest, in a complete search of \d+ steps with 2 callers", found)


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
