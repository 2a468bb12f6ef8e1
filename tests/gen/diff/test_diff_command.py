"""`berthc diff` on the command line: what is compared, the verdict, and its exit status."""
from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from command_line import BAD, ROOT, SCSI, berthc

TEXT = (ROOT / SCSI).read_text(encoding="utf-8")
LANTERN = "tests/gen/specs/lantern.yaml"
FAILED = ("fail: attached, uncertain: leaving", "fail: leaving, uncertain: leaving")
SAID = "disk.attached on detach: a failed eject now leads to leaving; it stayed attached"
LEAK = ("fail: lit, uncertain: smoking", "fail: gone, uncertain: smoking")
SEARCH = ("--engine", "python", "--callers", "2", "--keys", "1")


def changed(folder: Path, *pairs: tuple[str, str], name: str = "new.yaml",
            text: str = TEXT) -> str:
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(("pair", "verdict", "status"), [
    (("", ""), "the same", 0),
    (("brief: On the bus.", "brief: It is on the bus."), "cosmetic", 10),
    (("range: [1, 4]", "range: [1, 8]"), "compatible", 11),
    (("raise: detach}, fail: attached", "raise: detach}, fail: leaving"), "changes behaviour", 12),
    (("operations:", "operations:\n  look: {find: disk}"), "breaks the C ABI, not the API", 13),
    (("  reserve_for_rootfs:", "  reserve_for_boot:"), "breaks the C API", 13),
    (("optional: probes", "optional: true"), "compatible", 11),
    (("      needs: vm.add_disk\n      brief: Mount the", "      brief: Mount the"),
     "breaks the backend's contract", 14),
    (("fail: ejected, uncertain: ejected", "fail: ejected, uncertain: nowhere"),
     "makes the checker find something new", 15),
])
def test_the_greatest_verdict_is_the_exit_status(
    pair: tuple[str, str], verdict: str, status: int, tmp_path: Path
) -> None:
    done = berthc("diff", "--no-check", SCSI, changed(tmp_path, pair))
    assert done.stdout.splitlines()[0] == (
        f"{tmp_path}/new.yaml: {verdict} (compared with {SCSI})"), done.stdout
    assert (done.returncode, done.stderr) == (status, "")


def test_a_renamed_event_that_an_intent_may_have_is_a_note(tmp_path: Path) -> None:
    taps = "examples/restart/taps.yaml"
    text = (ROOT / taps).read_text(encoding="utf-8")
    path = changed(tmp_path, ("let_go", "leave"), text=text)
    note = ("note: event tap.leave seems to have been called let_go: earlier names (was_events) let "
            "stores load that have this name")
    assert note in berthc("diff", "--no-check", taps, path).stdout.splitlines()
    told = changed(tmp_path, ("let_go", "leave"),
                   ("    initial:", "    was_events: {leave: let_go}\n    initial:"), text=text)
    assert "note:" not in berthc("diff", "--no-check", taps, told).stdout


def test_a_warning_of_the_new_spec_only_is_a_note(tmp_path: Path) -> None:
    warned = ("options:\n", "options:\n  spare: {type: bool, brief: Nothing reads it.}\n")
    path = changed(tmp_path, warned)
    said = berthc("diff", "--no-check", SCSI, path).stdout
    notes = [line for line in said.splitlines() if "warning[" in line]
    line = 2 + TEXT[:TEXT.index("options:")].count("\n")
    assert notes and notes[0].startswith(f"note: {path}:{line}:3: warning[unused]: ")
    assert "warning[" not in berthc("diff", "--no-check", path, path).stdout
    assert "warning[" not in berthc("diff", "--no-check", path, changed(
        tmp_path, warned, ("brief: On the bus.", "brief: On it."), name="again.yaml")).stdout


def test_a_change_has_its_places_and_operations(tmp_path: Path) -> None:
    path = changed(tmp_path, FAILED)
    done = berthc("diff", "--no-check", SCSI, path)
    assert done.returncode == 12
    line = TEXT[:TEXT.index(FAILED[0])].count("\n") + 1
    assert done.stdout.splitlines()[1:3] == [
        f"  ~ {SAID}",
        f"      {SCSI}:{line} -> {path}:{line}; in unmap_from_guest, drain"]


def test_a_new_finding_has_its_shortest_script(tmp_path: Path) -> None:
    path = changed(tmp_path, LEAK, text=(ROOT / LANTERN).read_text(encoding="utf-8"))
    done = berthc("diff", *SEARCH, LANTERN, path)
    assert done.returncode == 15
    assert "error[leak]" in done.stdout and "  the shortest script:" in done.stdout
    found = json.loads(berthc("diff", *SEARCH, "--format", "json", LANTERN,
                              path).stdout)["specs"][0]["findings"]
    assert [f["id"] for f in found] == ["leak"] and found[0]["script"][-1]["op"]
    again = changed(tmp_path, LEAK, ("It rains.", "Rain."), name="again.yaml",
                    text=(ROOT / LANTERN).read_text(encoding="utf-8"))
    assert "leak" not in berthc("diff", *SEARCH, path, again).stdout
    back = berthc("diff", *SEARCH, path, LANTERN)
    assert back.returncode == 12 and "leak" not in back.stdout


def test_errors_of_the_new_spec_are_told_beside_the_changes(tmp_path: Path) -> None:
    path = changed(tmp_path, FAILED, ("mount: stay", "mount: nowhere"))
    done = berthc("diff", SCSI, path)
    assert done.returncode == 15
    assert SAID in done.stdout and f"{path}:" in done.stdout
    assert "error[unknown-state]" in done.stdout and "^^^^^^^" in done.stdout
    assert "mount.mounted on mount: now leads to nowhere; it stayed" in done.stdout
    fine = berthc("diff", "--no-check", path, SCSI)
    assert fine.returncode == 12 and "unknown-state" not in fine.stdout


def test_what_is_no_yaml_cannot_be_compared(tmp_path: Path) -> None:
    (tmp_path / "no.yaml").write_text("a: [", encoding="utf-8")
    assert berthc("diff", str(tmp_path / "no.yaml"), SCSI).returncode == 1
    assert berthc("diff", SCSI, str(tmp_path / "no.yaml")).returncode == 15
    assert berthc("diff", SCSI, "missing.yaml").returncode == 2
    assert berthc("diff", BAD, BAD, "--no-check").returncode == 0
    assert berthc("diff", "-", SCSI, stdin=TEXT).returncode == 0
    assert berthc("diff", "-", "-", stdin=TEXT).returncode == 2


def test_json_has_all_that_the_text_has(tmp_path: Path) -> None:
    path = changed(tmp_path, FAILED)
    told = json.loads(berthc("diff", "--no-check", "--format", "json", SCSI, path).stdout)
    assert (told["verdict"], told["status"]) == ("behaviour", 12)
    assert told["specs"][0]["c_api"] == "none"
    [spec] = told["specs"]
    [change] = spec["changes"]
    assert change["sentence"] == SAID and change["operations"] == ["unmap_from_guest", "drain"]
    assert (change["kind"], change["what"], change["name"], change["verdict"]) == (
        "changed", "row", "disk.attached on detach", "behaviour")
    assert change["old"]["file"] == SCSI and change["new"] == {**change["old"], "file": path}
    assert spec["verdicts"] == [
        {"verdict": "behaviour", "status": 12, "why": ["disk.attached on detach"]}]


def test_new_errors_of_operations_are_told(tmp_path: Path) -> None:
    path = changed(tmp_path, ("claim: {reject: EBUSY, brief: The disk is leaving.}",
                              "claim: {reject: EXDEV, brief: The disk is leaving.}"))
    text = berthc("diff", "--no-check", SCSI, path).stdout
    assert ("  reserve can now return EXDEV: The disk is ejected: The disk is leaving.\n"
            in text)
    assert "  reserve no longer returns EBUSY: The disk is ejected: The disk is leaving.\n" in text


# revisions of git


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    def git(*arguments: str) -> None:
        in_git(tmp_path, *arguments)

    (tmp_path / "spec").mkdir()
    git("init", "-q", "-b", "main")
    (tmp_path / "spec/disks.yaml").write_text(TEXT, encoding="utf-8")
    (tmp_path / "readme").write_text("no spec", encoding="utf-8")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    git("tag", "first")
    changed(tmp_path / "spec", FAILED, name="disks.yaml")
    git("commit", "-q", "-a", "-m", "second")
    return tmp_path


@pytest.mark.parametrize(("arguments", "status", "first"), [
    (["first:spec/disks.yaml", "spec/disks.yaml"], 12, "spec/disks.yaml: changes behaviour"),
    (["first:spec/disks.yaml", "HEAD:spec/disks.yaml"], 12,
     "HEAD:spec/disks.yaml: changes behaviour"),
    (["spec/disks.yaml"], 0, "spec/disks.yaml: the same (compared with HEAD:spec/disks.yaml)"),
    (["first", "--", "spec/disks.yaml"], 12, "spec/disks.yaml: changes behaviour"),
    (["first", "HEAD", "--", "spec/disks.yaml"], 12, "HEAD:spec/disks.yaml: changes behaviour"),
    (["HEAD", "first", "--", "spec/disks.yaml"], 12, "first:spec/disks.yaml: changes behaviour"),
])
def test_revisions_are_compared(
    arguments: list[str], status: int, first: str, repository: Path
) -> None:
    done = berthc("diff", "--no-check", *arguments, cwd=repository)
    assert (done.returncode, done.stderr) == (status, "")
    assert done.stdout.startswith(first)


def test_a_file_is_named_from_the_folder_where_it_is(repository: Path) -> None:
    for arguments in (["disks.yaml"], ["first", "--", "disks.yaml"],
                      ["first:./disks.yaml", "disks.yaml"],
                      ["first:spec/disks.yaml", "disks.yaml"]):
        done = berthc("diff", "--no-check", *arguments, cwd=repository / "spec")
        assert done.returncode in (0, 12) and done.stderr == "", arguments


def test_a_spec_that_is_new_or_gone_is_told(repository: Path) -> None:
    (repository / "spec/more.yaml").write_text(TEXT, encoding="utf-8")
    new = berthc("diff", "--no-check", "HEAD", "--", "spec/more.yaml", "spec/disks.yaml",
                 cwd=repository)
    assert new.returncode == 11 and "spec/more.yaml is new" in new.stdout
    (repository / "spec/disks.yaml").unlink()
    gone = berthc("diff", "--no-check", "spec/disks.yaml", cwd=repository)
    assert gone.returncode == 13 and "is gone" in gone.stdout


def in_git(folder: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
        check=True, capture_output=True, text=True).stdout.strip()


def test_a_symbolic_link_of_a_revision_is_followed(repository: Path) -> None:
    for name, leads in (("link.yaml", "spec/disks.yaml"), ("folder", "spec"), ("gone.yaml", "none"),
                        ("loop.yaml", "loop.yaml"), ("out.yaml", "/etc/passwd")):
        (repository / name).symlink_to(leads)
    in_git(repository, "add", ".")
    in_git(repository, "commit", "-q", "-m", "links")
    changed(repository / "spec", ("range: [1, 4]", "range: [1, 8]"), name="disks.yaml")
    for arguments in (["link.yaml"], ["HEAD:link.yaml", "link.yaml"], ["HEAD", "--", "link.yaml"],
                      ["folder/disks.yaml"], ["HEAD:folder/disks.yaml", "link.yaml"]):
        done = berthc("diff", "--no-check", *arguments, cwd=repository)
        assert done.returncode == 12 and "hook" not in done.stdout, (arguments, done.stdout)
    for name, where in (("gone", "nowhere"), ("loop", "to itself"), ("out", "out of the repo")):
        done = berthc("diff", f"HEAD:{name}.yaml", "link.yaml", cwd=repository)
        assert done.returncode == 2 and f"that leads {where}" in done.stderr
    done = berthc("check", "gone.yaml", cwd=repository)
    assert "No such file" in done.stderr and "mean 'gone.yaml'" not in done.stderr


def test_specs_that_were_not_compared_in_full_are_counted(tmp_path: Path) -> None:
    wrong = changed(tmp_path, ("ok: mounted", "ok: mountd"))
    says = "errors: the C API and the errors of operations were not compared"
    one = berthc("diff", "--no-check", SCSI, wrong).stdout
    assert f"note: {wrong} has {says}" in one
    both = berthc("diff", "--no-check", wrong, wrong).stdout
    assert f"note: {wrong} and {wrong} have {says}" in both


def test_a_repository_without_a_working_tree_is_compared(repository: Path) -> None:
    bare = repository / "bare.git"
    in_git(repository, "clone", "-q", "--bare", str(repository), str(bare))
    for arguments in (["first", "HEAD", "--", "spec/disks.yaml"],
                      ["first:./spec/disks.yaml", "HEAD:spec/disks.yaml"]):
        done = berthc("diff", "--no-check", *arguments, cwd=bare)
        assert (done.returncode, done.stderr) == (12, "")


@pytest.mark.parametrize("arguments", [["spec/disks.yaml"], ["HEAD:spec/disks.yaml", "readme"]])
def test_a_lost_object_is_no_file_that_is_gone(arguments: list[str], repository: Path) -> None:
    lost = in_git(repository, "rev-parse", "HEAD:spec/disks.yaml")
    (repository / ".git/objects" / lost[:2] / lost[2:]).unlink()
    done = berthc("diff", *arguments, cwd=repository)
    assert (done.returncode, done.stdout) == (2, "")
    assert "HEAD:spec/disks.yaml: its object is missing in the git repository" in done.stderr


def test_a_file_with_a_colon_in_its_name_wins(repository: Path) -> None:
    changed(repository, ("range: [1, 4]", "range: [1, 8]"), name="first:disks.yaml")
    done = berthc("diff", "--no-check", "spec/disks.yaml", "first:disks.yaml", cwd=repository)
    assert "first:disks.yaml: changes behaviour" in done.stdout and "range" in done.stdout


@pytest.mark.parametrize(("arguments", "message"), [
    (["nowhere:spec/disks.yaml", "spec/disks.yaml"], "git knows no revision nowhere"),
    (["--", "spec/disks.yaml"], "before -- there is one revision, or two"),
    (["nowhere", "--", "spec/disks.yaml"], "git knows no revision nowhere"),
    (["first:disks.yaml", "spec/disks.yaml"], "revision first has no file disks.yaml"),
    (["first:spec", "spec/disks.yaml"], "spec is no file in revision first"),
    (["first", "--", "none.yaml"], "none.yaml: neither first nor the working tree has "
     "such a file"),
    (["first", "HEAD", "--", "none.yaml"], "none.yaml: neither first nor HEAD has such a file"),
    (["spec/discs.yaml"], "such a file; did you mean 'spec/disks.yaml'?"),
    (["first:spec/disks.yaml"], "to be compared with what?"),
    (["first:;id", "spec/disks.yaml"], "revision first has no file ;id"),
    (["--side", "old", "spec/disks.yaml"], "--side goes with --format svg"),
    (["a", "b", "c"], "give OLD and NEW, or one file"),
])
def test_what_git_does_not_have_is_said(
    arguments: list[str], message: str, repository: Path
) -> None:
    done = berthc("diff", *arguments, cwd=repository)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr and "Traceback" not in done.stderr


def test_without_a_repository_and_without_git_the_way_out_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = changed(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    done = berthc("diff", path, cwd=tmp_path)
    assert done.returncode == 2 and "is in no git repository: give two files" in done.stderr
    monkeypatch.setenv("PATH", "")
    done = berthc("diff", "HEAD:new.yaml", "new.yaml", cwd=tmp_path)
    assert done.returncode == 2 and "the program 'git' is missing" in done.stderr
