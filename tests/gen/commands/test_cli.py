"""The command line, run as users run it: exit status, what goes where, and never a traceback."""
from __future__ import annotations

import argparse
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from berthc.cli import main
from command_line import BAD, ENV, ROOT, SCSI, berthc, process
from processes import heed_interrupts

from berthc import arguments, cli
from berthc.commands import generate

COMMANDS = [name for action in arguments.parser([])._actions
            if isinstance(action, argparse._SubParsersAction) for name in action.choices]


@pytest.mark.parametrize("run", [process, berthc])
def test_a_good_spec_is_ok(run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = run("check", "--static", SCSI)
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        done.stdout
        == "spec/scsi.yaml: ok: 2 resources, 13 states, 34 rows, 8 hooks, 4 operations\n"
    )


def test_a_bad_spec_is_reported_on_stderr_with_status_1() -> None:
    done = berthc("check", "--static", BAD)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "tests/gen/bad/unknown-state.yaml:9:35: error[unknown-state]: cup.full on release goes to 'going', which is no state of cup\n"
        " 9 |         on: {hold: stay, release: going}\n"
        "   |                                   ^^^^^\n"
        "  = help: did you mean 'gone'? states of cup: full, gone; or stay\n"
        "berthc: an example and its cure: berthc explain unknown-state\n"
    )


def test_good_and_bad_specs_together_are_all_looked_at() -> None:
    done = berthc("check", "--static", SCSI, BAD, "spec/vpci.yaml")
    assert done.returncode == 1
    assert done.stdout.count(": ok: ") == 2 and "unknown-state" in done.stderr


def test_messages_as_json_go_to_stdout() -> None:
    done = berthc("check", "--static", "--format", "json", BAD)
    assert (done.returncode, done.stderr) == (1, "")
    [message] = json.loads(done.stdout)
    assert {k: message[k] for k in ("id", "severity", "file", "line", "column")} == {
        "id": "unknown-state", "severity": "error", "file": BAD, "line": 9, "column": 35,
    }
    assert berthc("check", "--static", "--format", "json", SCSI).stdout == "[]\n"


def test_standard_input_is_a_dash() -> None:
    good = (ROOT / SCSI).read_text()
    assert berthc("check", "--static", "-", stdin=good).stdout.startswith("<stdin>: ok: ")
    done = berthc("check", "--static", "-", stdin="a: [\n")
    assert done.returncode == 1 and done.stderr.startswith("<stdin>:2:1: error[yaml]")
    assert berthc("check", "--static", "-", "-", stdin=good).returncode == 2


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["frob"],
        ["check"],
        ["check", "--frob", SCSI],
        ["check", "--format", "xml", SCSI],
        ["gen", "--check", "--depfile", "x", SCSI],
        ["sim"],
        ["sim", "-"],
        ["diff", SCSI, SCSI, SCSI],
        ["gen", SCSI, SCSI],
        ["check", "--static", "missing.yaml"],
        ["check", "--static", "spec"],
        ["sim", "missing.yaml"],
    ],
)
def test_bad_usage_has_status_2_and_says_why(args: list[str]) -> None:
    done = berthc(*args)
    assert done.returncode == 2 and done.stderr and not done.stdout


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_command_has_help_with_an_example(command: str) -> None:
    done = berthc(*([command] if command else []), "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"examples?:\n(  .*\n)*?  .*berthc",
                     done.stdout) and max(map(len, done.stdout.splitlines())) <= 120


def test_the_version_is_reported() -> None:
    done = berthc("--version")
    assert done.returncode == 0 and re.fullmatch(r"berthc \d+\.\d+\.\d+\n", done.stdout)


def test_gen_writes_says_what_was_not_checked_and_writes_again_only_what_changed(
    tmp_path: Path) -> None:
    done = berthc("gen", "-o", str(tmp_path), SCSI)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == (
        "berthc: note: checked by the static rules only; berthc check explores interleavings of "
        "callers and failures\n"
    )
    names = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    assert {"scsi/scsi.c", "scsi/scsi.h"} <= set(names)
    before = {name: (tmp_path / name).stat().st_mtime_ns for name in names}
    assert berthc("gen", "-q", "-o", str(tmp_path), SCSI).stderr == ""
    assert {name: (tmp_path / name).stat().st_mtime_ns for name in names} == before


def test_output_is_the_same_wherever_and_with_whatever_hash_seed_it_is_made(tmp_path: Path) -> None:
    texts = []
    for seed, folder in (("1", tmp_path / "a"), ("2", tmp_path / "b" / "c")):
        code = (
            "import sys; from berthc.cli import main; sys.exit(any(main([c, *sys.argv[1:]]) for c"
            " in ('gen', 'docs', 'diagram')))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, "-q", "-o",
             str(folder), str(ROOT / SCSI)],
            cwd=tmp_path,
            env={
                **ENV, "PYTHONHASHSEED": seed,
                "LC_ALL": "C"
            },
            capture_output=True,
            text=True,
            check=False)
        assert done.returncode == 0, done.stderr
        texts.append({str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*"))
                      if p.is_file()})
    assert texts[0] == texts[1] and texts[0]
    assert not any(str(ROOT).encode() in text for text in texts[0].values())


def test_a_bad_spec_writes_nothing(tmp_path: Path) -> None:
    assert berthc("gen", "-o", str(tmp_path / "out"), BAD, SCSI).returncode == 1
    assert not (tmp_path / "out").exists()


def test_the_drift_check_shows_a_diff_and_the_command_and_writes_nothing(tmp_path: Path) -> None:
    out = str(tmp_path)
    assert berthc("gen", "-q", "-o", out, SCSI).returncode == 0
    done = berthc("gen", "--check", "-o", out, SCSI)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    header = tmp_path / "scsi/scsi.h"
    text = header.read_text()
    header.write_text(text.replace("scsi_create", "scsi_kreate"))
    (tmp_path / "scsi/scsi.c").unlink()
    done = berthc("gen", "--check", "-o", out, SCSI)
    assert done.returncode == 1
    assert re.search(
        r"^\+.*scsi_create", done.stdout, re.M) and re.search(r"^-.*scsi_kreate", done.stdout, re.M)
    assert f"berthc: not up to date: {out}/scsi/scsi.c, {out}/scsi/scsi.h\n" in done.stderr
    assert done.stderr.endswith(f"berthc: renew with: berthc gen -o {out} {SCSI}\n")
    assert "kreate" in header.read_text() and not (tmp_path / "scsi/scsi.c").exists()


def test_the_command_that_renews_renews(tmp_path: Path) -> None:
    done = berthc("gen", "--check", "-o", str(tmp_path / "a b"), SCSI)
    command = done.stderr.rsplit("renew with: ", 1)[1].strip()
    program, *arguments = shlex.split(command)
    assert program == "berthc" and berthc(*arguments).returncode == 0
    assert berthc("gen", "--check", "-o", str(tmp_path / "a b"), SCSI).returncode == 0


def test_the_depfile_names_specs_schema_compiler_and_templates(tmp_path: Path) -> None:
    dep = tmp_path / "scsi.d"
    assert berthc("gen", "-q", "-o", str(tmp_path), "--depfile", str(dep), SCSI).returncode == 0
    rule, *_ = dep.read_text().split("\n\n")
    targets, inputs = rule.replace("\\\n", "").split(":", 1)
    assert {f"{tmp_path}/scsi/scsi.c", f"{tmp_path}/scsi/scsi.h"} <= set(targets.split())
    assert {SCSI, "spec/schema/berth.schema.json", "gen/berthc/spec/build.py",
            "gen/berthc/check/flow.py"} <= set(inputs.split())
    assert any(name.endswith(".j2") for name in inputs.split())


def test_an_output_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = berthc("gen", "-q", "-o", str(tmp_path / "file"), SCSI)
    assert done.returncode == 2 and done.stderr.startswith(f"berthc: {tmp_path}/file")


def test_sim_answers_on_stdout() -> None:
    request = '{"op": "reserve", "disk": {"host_path": "/a"}, "mount": {"partition": 1}}\n'
    done = berthc("sim", SCSI, stdin=request)
    assert done.returncode == 0
    assert json.loads(done.stdout)["returns"] == {"reservation": "r1"}
    assert berthc("sim", BAD, stdin=request).returncode == 1


def test_a_reader_that_goes_away_is_no_error_worth_telling() -> None:
    script = (
        f"{sys.executable} -m berthc check --static --format json tests/gen/bad/several.yaml"
        f" {' '.join([SCSI] * 3)} | true; echo $?"
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=ROOT, env=ENV,
                          check=False)
    assert done.stderr == ""
    requests = (
        f"yes '{{\"op\": \"drain\"}}' | {sys.executable} -m berthc sim {SCSI} | head -n 1"
        " >/dev/null; echo ${PIPESTATUS[1]}"
    )
    done = subprocess.run(["bash", "-c", requests], capture_output=True, text=True, cwd=ROOT,
                          env=ENV, check=False)
    assert (done.stdout.strip(), done.stderr) == ("141", "")


@pytest.mark.parametrize(("command", "status"), [
    (f"check --static {SCSI} >&-", 2),  # the output is lost
    (f"check --static --format json {BAD} >&-", 2),
    (f"check --static {SCSI} 2>&-", 0),
    (f"check --static {BAD} 2>&-", 1),
    (f"check --static {SCSI} <&- >&- 2>&-", 2),
    ("check --static - <&-", 1),
    (f"sim {SCSI} <&-", 0),
    (f"diff {SCSI} {SCSI} >&-", 2),
])
def test_closed_streams_are_empty_ones_but_no_output_is_lost(command: str, status: int) -> None:
    script = f"{sys.executable} -m berthc {command}"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, cwd=ROOT, env=ENV,
                          check=False)
    assert done.returncode == status
    assert "internal error" not in done.stderr and "Traceback" not in done.stderr


def test_a_command_that_prints_nothing_needs_no_output(tmp_path: Path) -> None:
    script = f"{sys.executable} -m berthc gen -q -o {tmp_path} {SCSI} >&-"
    assert subprocess.run(["sh", "-c", script], cwd=ROOT, env=ENV, check=False).returncode == 0
    assert [*tmp_path.rglob("scsi.c")]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize(
    "command", [f"check --static {SCSI}", f"check --static --format json {BAD}", f"sim {SCSI}"])
def test_a_full_disk_is_reported(command: str) -> None:
    script = f"echo '{{}}' | {sys.executable} -m berthc {command} >/dev/full"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, cwd=ROOT, env=ENV,
                          check=False)
    assert (done.returncode, done.stderr) == (2, "berthc: cannot go on: No space left on device\n")


def test_no_encoding_of_the_terminal_stops_a_message(tmp_path: Path) -> None:
    (tmp_path / "é.yaml").write_text("berth: 1\nmanager: né\n", encoding="utf-8")
    env = {**ENV, "PYTHONIOENCODING": "ascii"}
    for form in ("text", "json"):
        done = process("check", "--static", "--format", form, "é.yaml", cwd=tmp_path, env=env)
        assert done.returncode == 1 and "internal error" not in done.stderr
    assert {item["file"] for item in json.loads(done.stdout)} == {"é.yaml"}


def test_files_may_have_any_name(tmp_path: Path) -> None:
    name = os.fsdecode(b"n\xff.yaml")
    (tmp_path / name).write_bytes((ROOT / SCSI).read_bytes())
    for form in ("text", "json"):
        assert process("check", "--static", "--format", form, name, cwd=tmp_path).returncode == 0
    done = berthc("gen", "-q", "-o", "out", "--depfile", "out.d", name, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert b"\nn\xff.yaml:\n" in (tmp_path / "out.d").read_bytes()
    done = berthc("check", "--static", "", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (
        2,
        ": error[file]: cannot read the spec: No such file or directory\n",
    )


def test_other_line_ends_are_a_drift(tmp_path: Path) -> None:
    assert berthc("gen", "-q", "-o", str(tmp_path), SCSI).returncode == 0
    header = tmp_path / "scsi" / "scsi.h"
    header.write_bytes(header.read_bytes().replace(b"\n", b"\r\n"))
    assert berthc("gen", "-q", "--check", "-o", str(tmp_path), SCSI).returncode == 1


def test_interrupting_is_quiet() -> None:
    process = subprocess.Popen([sys.executable, "-m", "berthc", "check", "--static", "-"],
                               stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
                               env=ENV, preexec_fn=heed_interrupts)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert (process.returncode, stderr) == (130, "")


def on_terminal(env: dict[str, str]) -> bytes:
    """What berthc writes when its stderr is a terminal."""
    master, slave = pty.openpty()
    subprocess.run([sys.executable, "-m", "berthc", "check", "--static", BAD], stderr=slave,
                   stdout=subprocess.DEVNULL, cwd=ROOT, env=env, check=False)
    os.close(slave)
    out = os.read(master, 65536)
    os.close(master)
    return out


def test_colours_are_for_terminals_that_want_them() -> None:
    base = {k: v for k, v in ENV.items() if k not in ("NO_COLOR", "TERM")}
    assert b"\x1b[1;31merror[unknown-state]\x1b[0m" in on_terminal({**base, "TERM": "xterm"})
    assert b"\x1b" not in on_terminal({**base, "TERM": "xterm", "NO_COLOR": "1"})
    assert b"\x1b" not in on_terminal({**base, "TERM": "dumb"})
    assert "\x1b" not in process("check", "--static", BAD, env={**base, "TERM": "xterm"}).stderr


def broken(manager: object, **options: object) -> dict[str, str]:
    raise ZeroDivisionError("what\nnow")


def test_a_fault_of_the_compiler_is_one_line_unless_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    module = ModuleType("broken")
    setattr(module, "files", broken)
    monkeypatch.setattr(generate, "emitter", lambda name: module)
    monkeypatch.chdir(ROOT)
    args = ["gen", "-q", "-o", str(tmp_path / "out"), SCSI]
    assert cli.main(args) == 3
    assert capsys.readouterr().err == (
        "berthc: internal error: ZeroDivisionError: what now; please report it "
        "(--debug shows where)\n"
    )
    assert cli.main([*args, "--debug"]) == 3
    assert "Traceback" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_two_specs_of_one_manager_would_write_the_same_files(tmp_path: Path) -> None:
    copy = tmp_path / "copy.yaml"
    copy.write_text((ROOT / SCSI).read_text())
    done = berthc("gen", "-o", str(tmp_path), SCSI, str(copy))
    assert done.returncode == 2 and "two of the specs are of the manager scsi" in done.stderr
    assert berthc("check", "--static", SCSI, str(copy)).returncode == 0


def test_an_incomplete_installation_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from berthc.spec import schema

    monkeypatch.setattr(schema, "_PLACES", ())
    monkeypatch.chdir(ROOT)
    assert cli.main(["check", "--static", SCSI]) == 2
    assert capsys.readouterr(
        ).err == "berthc: berth.schema.json is not installed beside the compiler\n"


def test_without_a_command_the_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    shown = capsys.readouterr()
    assert "gen" in shown.err and "check" in shown.err and shown.out == ""


@pytest.mark.parametrize(("args", "says"), [
    (("chek", SCSI), "berthc: error: there is no command 'chek'; did you mean 'check'? commands: "
     f"{', '.join(COMMANDS)}\nTry 'berthc --help'.\n"),
    (("check", "--format", "jsno", SCSI), "berthc check: error: --format has no value 'jsno'; did "
     "you mean 'json'? values: text, json, sarif\nTry 'berthc check --help'.\n"),
    (("init", "x", "--build", "it's"), "berthc init: error: --build has no value 'it's'; values: "
     "make, cmake, meson\nTry 'berthc init --help'.\n"),
    (("diagram", "-o", "-", "--only", "owner.svg", SCSI), "berthc: --only owner.svg: there is no "
     "such diagram; did you mean 'ownership.svg'? there are: "),
    (("check", "spec/sccsi.yaml"), "spec/sccsi.yaml: error[file]: cannot read the spec: No such "
     "file or directory\n  = help: did you mean 'spec/scsi.yaml'?\n"),
    (("gen", "examples/minimal/net"), "examples/minimal/net: error[file]: cannot read the spec: No "
     "such file or directory\n  = help: did you mean 'examples/minimal/net.yaml'?\n"),
    (("sim", "spec/nothing_like_it.yaml"), "spec/nothing_like_it.yaml: error[file]: cannot read "
     "the spec: No such file or directory\n"),
    (("docs", "spec"), "spec: error[file]: cannot read the spec: Is a directory\n  = help: name a "
     "file in it: plan9.yaml, plan9_mount.yaml, scsi.yaml, vpci.yaml\n"),
    (("docs", "nowhere/scsi.yaml"), "nowhere/scsi.yaml: error[file]: cannot read the spec: No such "
     "file or directory\n"),
    (("check", "--caller", "2", SCSI), "berthc check: error: there is no option '--caller'; did "
     "you mean '--callers'?\nTry 'berthc check --help'.\n"),
    (("check", "--colour", SCSI),
     "berthc check: error: there is no option '--colour'\nTry 'berthc check --help'.\n"),
    (("gen", "--hedaer=x.h", SCSI), "berthc gen: error: there is no option '--hedaer'; did you "
     "mean '--header'?\nTry 'berthc gen --help'.\n"),
    (("explain", "leak", "double"),
     "berthc explain: error: one argument too many: 'double'\nTry 'berthc explain --help'.\n"),
    (("check", "--callers", "0", SCSI), "berthc check: error: argument --callers: must be at least "
     "1\nTry 'berthc check --help'.\n"),
])
def test_a_mistake_on_the_command_line_is_told_in_one_line(
        args: tuple[str, ...], says: str) -> None:
    done = berthc(*args)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == says or says.endswith(": ") and done.stderr.startswith(says)


def test_a_folder_that_cannot_be_made_is_named() -> None:
    done = berthc("gen", "-o", "/proc/none", SCSI)
    assert done.returncode == 2
    assert done.stderr.endswith(
        "berthc: /proc/none/scsi: cannot create this folder: No such file or directory\n")
