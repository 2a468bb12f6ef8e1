"""The simulator's glue: what it forwards, and that any legal spec gives C that compiles."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from emit_c_support import COMPILERS

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "gen"))

from berthc.emit import c, sim  # noqa: E402
from berthc.model import Manager  # noqa: E402
from berthc.names import collisions  # noqa: E402
from berthc.pipeline import compile_text, read_spec  # noqa: E402

FLAGS = (
    "-std=c11",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Wshadow",
    "-Wcast-qual",
    "-Wmissing-prototypes",
    "-Werror",
    "-fsyntax-only",
    f"-I{ROOT}/runtime/include",
    f"-I{ROOT}/runtime/testing/include",
)
SPECS = sorted([*(ROOT / "spec").glob("*.yaml"), *(ROOT / "tests/gen/specs").glob("*.yaml")])

# A manager with no options, no optional hooks, and a resource without fields.
SMALL = """
berth: 1
manager: {manager}
brief: One thing.
backend:
  {group}:
    {hook}: {{on: {resource}, repeatable: true, brief: Do it.}}
resources:
  {resource}:
    brief: The thing.
    holders: {{take: claim, drop: drop}}
    initial: idle
    states:
      idle: {{brief: Nothing yet., on: {{claim: stay, go: {{call: {group}.{hook}, ok: busy, fail: idle}}, drop: gone}}}}
      busy: {{brief: Done., on: {{claim: stay, go: stay, drop: gone}}}}
      gone: {{final: true, brief: No more.}}
operations:
  {reserve}: {{brief: Take it., obtain: [{resource}], gives: reservation}}
  work: {{brief: Do it., with: reservation, do: [{resource}.go]}}
  leave: {{brief: Let go., with: reservation, do: [{resource}.drop], ends: reservation}}
"""


def small(
    manager: str = "tap",
    group: str = "vm",
    hook: str = "run",
    resource: str = "thing",
    reserve: str = "reserve",
) -> Manager:
    result = compile_text(
        "small.yaml",
        SMALL.format(manager=manager, group=group, hook=hook, resource=resource, reserve=reserve),
    )
    assert result.manager is not None, [d.message for d in result.diagnostics]
    assert collisions(result.manager) == []
    return result.manager


def compiles(manager: Manager, folder: Path) -> None:
    for name, text in {**c.files(manager), **sim.files(manager)}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    source = folder / manager.name / f"{manager.name}-sim.c"
    for compiler in COMPILERS:
        run = subprocess.run(
            [compiler, *FLAGS, str(source)], capture_output=True, text=True, check=False
        )
        assert run.stderr == "" and run.returncode == 0


def glue(manager: Manager) -> str:
    (text,) = sim.files(manager).values()
    return text


@pytest.mark.parametrize("word", ("sim", "without", "slot", "tap"))
def test_a_manager_may_be_called_like_a_parameter_of_the_glue(word: str, tmp_path: Path) -> None:
    compiles(small(manager=word), tmp_path)


@pytest.mark.parametrize(
    "changed",
    [
        {"group": "glue", "hook": "create"},
        {"group": "for", "hook": "each"},
        {"resource": "configs"},
        {"resource": "hooks"},
        {"resource": "for"},
        {"group": "new", "hook": "this"},
        {"reserve": "run"},
        {"reserve": "sim_create"},
        {"group": "sim", "hook": "hook_called"},
    ],
    ids=str,
)
def test_hooks_resources_and_operations_may_be_called_like_parts_of_the_glue(
    changed: dict[str, str], tmp_path: Path
) -> None:
    compiles(small(**changed), tmp_path)


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_the_glue_of_each_spec_compiles(spec: Path, tmp_path: Path) -> None:
    manager, _ = read_spec(str(spec))
    assert manager is not None
    compiles(manager, tmp_path)


def test_the_file_is_named_after_the_manager_and_says_where_it_comes_from() -> None:
    files = sim.files(small())
    assert list(files) == ["tap/tap-sim.c"]
    first = files["tap/tap-sim.c"].splitlines()[1]
    assert "small.yaml" in first and "do not edit" in first


def test_only_an_optional_hook_can_be_left_out() -> None:
    manager, _ = read_spec(str(ROOT / "spec/scsi.yaml"))
    assert manager is not None
    text = glue(manager)
    assert (
        "    if (!without[SCSI_HOOK_GUEST_EJECT])\n"
        "        backend.guest.eject = berth_hook_guest_eject;\n" in text
    )
    assert "    backend.vm.add_disk = berth_hook_vm_add_disk;\n" in text
    assert "without[SCSI_HOOK_VM_ADD_DISK]" not in text
    assert (
        "    [SCSI_HOOK_GUEST_EJECT] = {.resource = SCSI_RESOURCE_DISK, .optional = true},\n"
        in text
    )
    assert "    [SCSI_HOOK_GUEST_MOUNT] = {.resource = SCSI_RESOURCE_MOUNT},\n" in text


def test_operations_pass_what_their_form_takes() -> None:
    manager, _ = read_spec(str(ROOT / "spec/scsi.yaml"))
    assert manager is not None
    text = glue(manager)
    assert (
        "return scsi_reserve(manager, given->config[0], given->config[1], given->gives, error);"
        in text
    )
    assert "return scsi_map_to_guest(manager, given->reservation, given->results[0], " \
        "given->result_sizes[0], error);" in " ".join(text.split())
    assert ".lun = (uint8_t)given->slot[1],\n        };\n" in text
    assert "return scsi_reserve_for_rootfs(manager, given->config[0], &slot, error);" in text
    other, _ = read_spec(str(ROOT / "spec/plan9.yaml"))
    assert other is not None
    assert "return plan9_remove_from_vm(manager, given->by_text, error);" in glue(other)


def test_a_manager_without_options_gets_none() -> None:
    text = glue(small())
    assert ".options" not in text and "berth_options" not in text
