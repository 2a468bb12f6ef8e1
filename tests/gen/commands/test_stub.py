"""`berthc gen --stub`: the start of a backend compiles for every spec, and is never written
over."""
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from command_line import BAD, ROOT, SCSI, berthc
from emit_c_support import COMPILERS, INCLUDE, STRICT, run
from programs import build_dir

from berthc.emit.c import files as code
from berthc.emit.stub import files
from berthc.pipeline import compile_text, read_spec

EVERY = sorted(str(p.relative_to(ROOT)) for p in (
    *ROOT.glob("spec/*.yaml"), *ROOT.glob("tests/gen/specs/*.yaml"),
    *ROOT.glob("examples/*/*.yaml")) if not p.is_symlink())

CREATE = """
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "{name}-backend.h"
int main(void)
{{
    {name}_backend backend;
    {name} *made;
    berth_error error;
    memset(&error, 0, sizeof error);
    {name}_backend_fill(&backend, &backend);
    if (backend.ctx != &backend || {name}_create(NULL, &backend, NULL, &made, NULL) != 0)
        return 1;
    {body}
    return {name}_destroy(made, NULL);
}}
"""
NET = """
    uuid_t reservation;
    const net_tap_config tap = {.name = "a"};
    if (net_reserve(made, &tap, reservation, NULL) != 0)
        return 2;
    if (net_open(made, reservation, &error) != -EOPNOTSUPP || strcmp(error.hook, "host.open") != 0)
        return 3;
    if (net_release(made, reservation, NULL) != 0)
        return 4;
"""


def built(compiler: str, folder: Path, spec: str, body: str = "") -> None:
    """The stub with its manager in a program that must run well."""
    manager, _ = read_spec(str(ROOT / spec))
    assert manager is not None
    name = manager.name
    for file, text in (*code(manager).items(), *files(manager).items(),
                       ("main.c", CREATE.format(name=name, body=body))):
        (folder / Path(file).name).write_text(text, encoding="utf-8")
    program = folder / "program"
    run(compiler, *STRICT, f"-I{INCLUDE}", "-o", program, folder / "main.c", folder / f"{name}.c",
        folder / f"{name}-backend.c", build_dir() / "libberth.a", "-pthread", "-luuid")
    assert subprocess.run([program], check=False, timeout=60).returncode == 0


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("spec", EVERY)
def test_the_stub_of_every_spec_is_a_backend(compiler: str, spec: str, tmp_path: Path) -> None:
    built(compiler, tmp_path, spec)


def test_what_calls_a_hook_is_not_supported_yet(tmp_path: Path) -> None:
    built("gcc", tmp_path, "examples/minimal/net.yaml", NET)


def test_no_line_is_too_long_and_every_hook_has_its_contract() -> None:
    for spec in EVERY:
        manager, _ = read_spec(str(ROOT / spec))
        assert manager is not None
        source = files(manager)[f"{manager.name}-backend.c"]
        assert max(map(len, source.splitlines())) <= 100
        settles = manager.store is not None and manager.store.settle is not None
        assert source.count("return -EOPNOTSUPP;") == len(manager.hooks) + settles
        for hook in manager.hooks:
            assert hook.brief.split(".")[0][:40] in " ".join(source.replace(" * ", " ").split())


def test_the_contract_says_where_each_outcome_leads() -> None:
    done = berthc("gen", "--stub", "-o", "-", SCSI)
    assert done.returncode == 0
    assert "reserved on attach  ok: attached; fail: failed; uncertain: suspect" in done.stdout
    assert "suspect on attach  yes: attached; unknown: suspect; no: reserved" in done.stdout
    kitchen = berthc("gen", "--stub", "-o", "-", "tests/gen/specs/kitchen.yaml").stdout
    assert "(a string of fewer than KITCHEN_POT_NOTE_SIZE bytes)" in kitchen


def test_hooks_named_like_functions_of_a_library_step_aside() -> None:
    text = (ROOT / "examples/minimal/net.yaml").read_text(encoding="utf-8")
    text = text.replace("  host:\n    open:", "  pthread:\n    create:").replace(
        "host.open", "pthread.create").replace("host.close", "pthread.close")
    manager = compile_text("net.yaml", text).manager
    assert manager is not None
    source = files(manager)["net-backend.c"]
    assert "static int pthread_create_(void *ctx" in source
    assert "static int pthread_close(void *ctx" in source
    assert ".create = pthread_create_," in source


def test_files_that_are_there_stay(tmp_path: Path) -> None:
    source, header = tmp_path / "net-backend.c", tmp_path / "net-backend.h"
    spec = str(ROOT / "examples/minimal/net.yaml")
    for there in (source, header):
        there.write_text("mine\n", encoding="utf-8")
        done = berthc("gen", "--stub", spec, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == (f"berthc: {there.name}: is there already; nothing is written; "
                               "--force writes over what is there, and your changes are "
                               "lost\n")
        assert [p.read_text(encoding="utf-8") for p in tmp_path.iterdir()] == ["mine\n"]
        there.unlink()
    header.symlink_to("nowhere")
    assert berthc("gen", "--stub", spec, cwd=tmp_path).returncode == 2
    assert not source.exists()


def test_force_writes_over_files_but_not_over_folders(tmp_path: Path) -> None:
    spec = str(ROOT / "examples/minimal/net.yaml")
    (tmp_path / "net-backend.c").write_text("mine\n", encoding="utf-8")
    assert berthc("gen", "--stub", "--force", spec, cwd=tmp_path).returncode == 0
    assert "host_open" in (tmp_path / "net-backend.c").read_text(encoding="utf-8")
    (tmp_path / "net-backend.h").unlink()
    (tmp_path / "net-backend.h").mkdir()
    done = berthc("gen", "--stub", "--force", spec, cwd=tmp_path)
    assert done.returncode == 2 and "net-backend.h: is no file" in done.stderr


def test_names_of_files_and_headers_can_be_chosen(tmp_path: Path) -> None:
    done = berthc("gen", "--stub", "-o", str(tmp_path / "src/hooks.c"), "--header", "disks.h", SCSI)
    assert done.returncode == 0, done.stderr
    assert '#include "hooks.h"' in (tmp_path / "src/hooks.c").read_text(encoding="utf-8")
    assert '#include "disks.h"' in (tmp_path / "src/hooks.h").read_text(encoding="utf-8")


@pytest.mark.parametrize(("args", "says"), [
    (["--check"], "--check does not go with --stub"),
    (["--depfile", "d"], "--depfile does not go with --stub"),
    (["--sim"], "--sim does not go with --stub"),
    (["-o", "scsi.c"], "scsi.h is the manager's header; choose another name"),
    (["-o", "x/y.txt.h"], "the file of C code ends in .c"),
])
def test_what_makes_no_sense_with_a_stub_is_refused(
    args: list[str], says: str, tmp_path: Path
) -> None:
    done = berthc("gen", "--stub", *args, str(ROOT / SCSI), cwd=tmp_path)
    assert done.returncode == 2 and says in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_force_alone_is_refused(tmp_path: Path) -> None:
    done = berthc("gen", "--force", "-o", str(tmp_path), SCSI)
    assert done.returncode == 2 and "--force goes with --stub" in done.stderr


def test_a_wrong_spec_gives_no_stub(tmp_path: Path) -> None:
    done = berthc("gen", "--stub", str(ROOT / BAD), cwd=tmp_path)
    assert done.returncode == 1 and list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = berthc("gen", "--stub", "-o", str(tmp_path / "file/a/b"), SCSI)
    assert done.returncode == 2 and "nothing is written" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
