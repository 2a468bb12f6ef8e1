"""The search in C and the one in Python say the same of every spec; and the one in C sees faults of
the runtime, which no search of a model can."""
from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from engine_support import in_both, plant, program, sentences
from explore_support import FAULTY, ROOT, manager_of
from random_specs import WITH_STORE

from berthc.explore.bounds import Bounds
from berthc.explore.engine import build, faults
from berthc.explore.engine.build import NoCompiler
from berthc.explore.engine.run import BrokenRuntime
from berthc.explore.report import Report, explore
from berthc.explore.states.move import Reduced
from berthc.model import Manager
from berthc.pipeline import search_text

STORED = sorted((ROOT / "tests/gen/stored").glob("*.yaml"))
SHIPPED = sorted((ROOT / "spec").glob("*.yaml"))
OTHERS = sorted([
    *FAULTY.glob("*.yaml"), *FAULTY.glob("sound/*.yaml"), *FAULTY.glob("several/*.yaml"),
    *(ROOT / "tests/differential/specs").glob("*.yaml")])
EACH_SENTENCE = [FAULTY / f"{name}.yaml" for name in (
    "ambiguous-one-word-for-two", "dangling-ends-what-it-gives", "dangling-failed-add",
    "dangling-goes-under-its-tags", "dangling-unplugged", "denied-counted-by-add",
    "denied-found-by-what-is-gone", "denied-told-of-what-ended", "double-add-after-timeout",
    "double-remove-not-there", "effects-drain-forgets-what-it-could-not-remove",
    "effects-made-as-if-it-were-there", "interference-closes-the-next-one",
    "leak-broken-keeps-its-number", "leak-counts-before-add", "leak-forgets-on-failure",
    "leak-kept-by-what-is-below", "leak-made-for-good-by-a-second-try",
    "leak-unmap-without-map", "missing-effect-add-after-refusal", "needs-daemon-stopped-first",
    "needs-mount-after-timeout", "poisoned-above-a-child",
    "stranded-allowed-beside-what-is-denied", "stranded-releases-by-another-event",
    "stranded-tries-what-is-gone")]
BOUNDS, FEW_FAILURES = Bounds(), Bounds(callers=2, keys=1, failures=1)
FOUND = ROOT / "tests/gen/engine/found"


def model(path: Path, more: str = "") -> Manager:
    return manager_of(path.read_text(encoding="utf-8") + more, path.name)


def may_have_store(path: Path) -> bool:
    """Some specs use names that managers with a store need for themselves."""
    return search_text(path.name, path.read_text(encoding="utf-8") + WITH_STORE)[1] is not None


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_engines_agree_on_shipped_specs(path: Path) -> None:
    in_both(model(path), replace(BOUNDS, callers=2))


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_engines_agree_on_specs_with_a_store(path: Path) -> None:
    in_both(model(path), replace(BOUNDS, callers=2))


@pytest.mark.parametrize("path", [*SHIPPED, *filter(may_have_store, EACH_SENTENCE)],
                         ids=lambda path: path.stem)
def test_engines_agree_where_the_process_dies(path: Path) -> None:
    in_both(model(path, WITH_STORE), Bounds(callers=2, keys=1), most=2)


@pytest.mark.parametrize("path", EACH_SENTENCE, ids=lambda path: path.stem)
def test_engines_agree_on_a_spec_for_each_sentence(path: Path) -> None:
    in_both(model(path))


@pytest.mark.parametrize(("path", "bounds"), [
    (FOUND / "one-slot-for-two.yaml", BOUNDS),
    (FOUND / "drops-two-references.yaml", BOUNDS),
    (FOUND / "uses-after-its-drop.yaml", BOUNDS),
    (FOUND / "drain-leaves-a-hold.yaml", FEW_FAILURES),
    (FOUND / "drains-a-parent-alone.yaml", FEW_FAILURES),
    (FAULTY / "effects-drain-where-a-child-may-stay.yaml", FEW_FAILURES),
], ids=lambda value: value.stem if isinstance(value, Path) else "")
def test_engines_agree_on_a_spec_for_each_part_of_the_search(path: Path, bounds: Bounds) -> None:
    in_both(model(path), bounds)


@pytest.mark.parametrize(("name", "ids"), [
    ("goes-with-its-root", {"leak", "poisoned"}),
    ("rests-below", {"leak", "poisoned"}),
    ("lets-go-in-parts", {"leak"}),
    ("drain-after-denied", {"denied"}),
    ("makes-to-let-go", {"missing-effect", "leak", "interference", "dangling"}),
    ("no-refusal-of-its-own", {"interference", "leak", "stranded"}),
])
def test_engines_tell_several_findings_of_one_spec(name: str, ids: set[str]) -> None:
    manager, bounds = model(FAULTY / f"several/{name}.yaml"), Bounds(callers=2, keys=1)
    in_both(manager, bounds)
    in_c = explore(manager, bounds, program=program(manager))
    assert words(in_c) == words(explore(manager, bounds))
    assert {f.fault.id for f in in_c.findings} == ids


def test_each_sentence_is_told() -> None:
    with sentences() as told:
        for path in EACH_SENTENCE:
            manager = model(path)
            explore(manager, BOUNDS, program=program(manager))
    assert told.keys() == {*range(len(faults.SENTENCES))}


@pytest.mark.parametrize("bounds", [Bounds(callers=2, keys=1, failures=1), Bounds(failures=0),
                                    Bounds(callers=1), Bounds(callers=2, keys=3),
                                    Bounds(callers=2, states=30)], ids=str)
def test_engines_agree_within_other_bounds(bounds: Bounds) -> None:
    in_both(model(ROOT / "spec/plan9_mount.yaml"), bounds)


@pytest.mark.parametrize("bounds", [Bounds(callers=2, keys=1, failures=1), Bounds(failures=0),
                                    Bounds(callers=2, states=30)], ids=str)
def test_engines_agree_on_crashes_within_other_bounds(bounds: Bounds) -> None:
    in_both(model(ROOT / "spec/plan9_mount.yaml", WITH_STORE), bounds, most=2)


def test_engines_agree_without_reductions() -> None:
    reduced = Reduced(one_root=False, symmetric=False)
    in_both(model(ROOT / "spec/plan9_mount.yaml"), Bounds(callers=2), reduced)
    in_both(model(STORED[1]), Bounds(callers=2), reduced)


@pytest.mark.long
@pytest.mark.parametrize("path", [*SHIPPED, *OTHERS], ids=lambda path: path.stem)
def test_engines_agree(path: Path) -> None:
    in_both(model(path))


@pytest.mark.long
@pytest.mark.parametrize("path", [*filter(may_have_store, [*SHIPPED, *OTHERS])],
                         ids=lambda path: path.stem)
def test_engines_agree_with_a_store(path: Path) -> None:
    in_both(model(path, WITH_STORE), Bounds(callers=2, keys=1))


def words(report: Report) -> list[tuple[object, int]]:
    return [(f.fault, len(f.script)) for f in report.findings]


@pytest.mark.parametrize("path", sorted(FAULTY.glob("unreachable*.yaml")),
                         ids=lambda path: path.stem)
def test_reports_agree_on_rows_that_nothing_takes(path: Path) -> None:
    manager = model(path)
    in_c = explore(manager, BOUNDS, program=program(manager))
    assert words(in_c) == words(explore(manager, BOUNDS))
    assert "unreachable" in {f.fault.id for f in in_c.findings}
    stored, small = model(path, WITH_STORE), Bounds(callers=2, keys=1)
    in_c = explore(stored, small, program=program(stored))
    assert words(in_c) == words(explore(stored, small))


# Faults of the runtime: each is planted in a copy of its sources, and told as a fault of Berth.

HOLD = "a .* counts .* reservations and .* hold it"
PLANTED = [
    ("a child that ends is still counted", "scsi", "core/rows/steps.c",
     "at.level[-1].instance->n_children--;", ";", "a disk counts .* children and has .*"),
    ("a release keeps its hold", "scsi", "core/rows/steps.c", "at.instance->holds--;", ";", HOLD),
    ("a reservation outlives its end", "scsi", "core/execute.c",
     "reservation_remove(operation->call.manager, reservation, type->levels);", ";",
     "the map of reservations counts"),
    ("a use after a release is let through", "scsi", "core/resolve.c",
     "operation_fail(operation, -ECANCELED, (struct where){0});", ";", "should give ECANCELED"),
    ("the fast path keeps a hold that is released", "scsi", "core/fast.c", "seen->holds--;", ";",
     HOLD),
    ("the fast path takes no hold", "shares-by-number", "core/fast.c", "seen->anonymous++;", ";",
     "open leaves another state without a trace"),
    ("the fast path fails", "scsi", "core/fast.c", "fast->code = reservation_make(",
     "fast->code = -ENOMEM; (void)reservation_make(", "reserve gives ENOMEM without a trace, and"),
    ("a root stays locked", "scsi", "core/waiting/queue.h", "root->instance.locked = false;", ";",
     "a disk stays locked"),
    ("a slot that is taken is taken again", "scsi", "base/store/pool.c", "return -EBUSY;", ";",
     "reserve_for_rootfs gives .* and should give"),
    ("a full pool is not full", "scsi", "base/store/pool.c", "if (lowest >= pool->size)",
     "if (lowest > pool->size)", "reserve gives .* and should give"),
    ("a request that finds a pool full keeps its root", "stranded-no-bay-left", "core/execute.c",
     "} else if (operation->called) {",
     "} else if (operation->called || operation->code == -ENOSPC) {",
     "reserve is refused, and yet something changes"),
    ("a reservation is not written", "lamp", "core/stored/collect.c",
     "record_reservation(batch, manager, reservation, 0, false);", ";",
     "a crash has lost the reservation of another caller"),
    ("a hold is not loaded", "lamp", "core/stored/load.c", "instance->holds++;", ";", HOLD),
    ("a hook is called before its intent is durable", "lamp", "core/execute.c",
     "            kept = keep_before(operation, calls ? BEFORE_CALL : BEFORE_DROP);",
     "            kept = calls ? KEPT : keep_before(operation, BEFORE_DROP);",
     "is called before that is durable"),
    ("a lost manager goes on", "lamp", "sched/commit.c", "if (lost < 0 && !stored->lost)",
     "if (0)", "without a store"),
    ("an intent that raises locks nothing", "share", "core/stored/recovery.c",
     "queue_own(operation, instance_as_root(root_of(recovery)));", ";", "."),
    ("an intent that raises nothing locks nothing", "lamp", "core/stored/load.c",
     " || manager->stored->type->settle", "", "a call without an outcome locks no root"),
]


def spec_of(name: str) -> Path:
    [path] = [one for one in [*SHIPPED, *OTHERS, *STORED] if one.stem == name]
    return path


@pytest.mark.parametrize(("name", "where", "old", "new", "told"), [one[1:] for one in PLANTED],
                         ids=[one[0] for one in PLANTED])
def test_a_fault_of_the_runtime_is_seen(name: str, where: str, old: str, new: str, told: str,
                                        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(where, old, new, tmp_path, monkeypatch)
    manager = model(spec_of(name))
    with pytest.raises(BrokenRuntime, match=told):
        explore(manager, Bounds(callers=2), program=program(manager))


def test_what_is_compiled_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BERTH_CACHE", str(tmp_path))
    manager, told = model(ROOT / "spec/plan9.yaml"), list[str]()
    made = program(manager, told.append)
    assert len(told) == 2 and made.parent == tmp_path
    assert program(manager, told.append) == made
    assert len(told) == 2


def test_a_program_of_another_compiler_or_machine_is_not_used(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, cc = list[Path](), tmp_path / "cc"
    monkeypatch.setenv("BERTH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CC", f"{cc} -O0")
    monkeypatch.setattr(build, "_compile", lambda command: Path(
        command[command.index("-o") + 1]).write_bytes(b""))

    def compiled() -> int:
        made.append(program(model(ROOT / "spec/plan9.yaml")))
        return len(set(made))

    cc.write_bytes(b"one")
    cc.chmod(0o755)
    os.utime(cc, ns=(1, 1))
    assert compiled() == 1 and compiled() == 1
    os.utime(cc, ns=(2, 2))
    assert compiled() == 2
    cc.write_bytes(b"other")
    os.utime(cc, ns=(2, 2))
    assert compiled() == 3
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(machine="riscv64"))
    assert compiled() == 4


@pytest.mark.parametrize("compiler", ["/nowhere/cc", "false"])
def test_a_compiler_that_is_of_no_use_is_told(compiler: str, tmp_path: Path,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BERTH_CACHE", str(tmp_path))
    monkeypatch.setenv("CC", compiler)
    with pytest.raises(NoCompiler, match=compiler.rpartition("/")[2]):
        program(model(ROOT / "spec/plan9.yaml"))


@pytest.mark.parametrize(("compiler", "message"), [
    ("'cc", "CC cannot be read: No closing quotation"),
    ("{}", "cc: Exec format error"),
    ("sh {} -o", "sh fails: .*\\ufffd"),
    ("true", "No such file"),
    ("sh -c 'echo ld: final link failed: No space left on device >&2; "
     "echo collect2: error: ld returned 1 exit status >&2; exit 1' {}",
     "final link failed: No space"),
])
def test_each_failure_of_a_compiler_is_told(compiler: str, message: str, tmp_path: Path,
                                            monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "cc"
    script.write_bytes(b"printf 'error: \\377' >&2; exit 1\n")
    script.chmod(0o755)
    monkeypatch.setenv("BERTH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CC", compiler.format(script))
    with pytest.raises(NoCompiler, match=message):
        program(model(ROOT / "spec/plan9.yaml"))


def test_a_compiler_that_may_not_be_run_is_told(tmp_path: Path,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "cc"
    script.touch(mode=0o644)
    monkeypatch.setenv("CC", str(script))
    with pytest.raises(NoCompiler, match="/cc may not be run"):
        program(model(ROOT / "spec/plan9.yaml"))


def test_a_program_that_does_not_run_is_told_and_one_that_reads_nothing(tmp_path: Path) -> None:
    manager, made = model(ROOT / "spec/plan9.yaml"), tmp_path / "search"
    made.write_text("of another machine", encoding="utf-8")
    made.chmod(0o755)
    with pytest.raises(NoCompiler, match="search: Exec format error"):
        explore(manager, BOUNDS, program=made)
    made.write_text("#!/bin/sh\nexec <&- >&-; exit 1\n", encoding="utf-8")
    with pytest.raises(BrokenRuntime, match="ends by itself, with 1"):
        explore(manager, BOUNDS, program=made)


def test_the_folder_of_what_is_kept_may_be_the_current_one(tmp_path: Path,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BERTH_CACHE", ".")
    monkeypatch.setattr(build, "_compile", lambda command: Path(
        command[command.index("-o") + 1]).write_bytes(b""))
    assert program(model(ROOT / "spec/plan9.yaml")).parent == tmp_path


def test_without_sources_there_is_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv("BERTH_RUNTIME", folder)
        with pytest.raises(NoCompiler, match="sources"):
            program(model(ROOT / "spec/plan9.yaml"))
