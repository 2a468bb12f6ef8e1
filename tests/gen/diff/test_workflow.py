"""The script, the workflow and the hooks that review specs: run as GitHub, git and pre-commit
would."""
from __future__ import annotations

import os
import re
import shlex
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from command_line import ROOT

REVIEW = ROOT / "contrib/github/berth-review"
LANTERN = (ROOT / "tests/gen/specs/lantern.yaml").read_text(encoding="utf-8")
BEHAVIOUR = ("light: {reject: EBUSY}", "light: {reject: EIO}")
BROKEN = ("          light: stay\n", "          light: nowhere\n")


class Repository:
    """A repository with a spec, a `gh` that notes what it is asked, and berthc."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tools = folder / ".tools"
        (folder / "spec").mkdir()
        self.tools.mkdir()
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "a")
        self.git("config", "user.email", "a@b")
        self.write(LANTERN)
        self.commit("first")
        self.git("branch", "base")

    def git(self, *arguments: str) -> str:
        return self.run("git", *arguments).stdout

    def write(self, text: str) -> None:
        (self.folder / "spec/lantern.yaml").write_text(text, encoding="utf-8")

    def change(self, *pairs: tuple[str, str]) -> None:
        text = LANTERN
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new)
        self.write(text)

    def commit(self, message: str) -> None:
        self.git("add", "spec")
        self.git("commit", "-q", "-m", message)

    def with_gh(self, status: int = 0) -> None:
        gh = self.tools / "gh"
        gh.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$*\" >>'{self.folder}/asked'\n"
                      "while [ $# -gt 1 ]; do shift; done\n"
                      f"cp \"$1\" '{self.folder}/posted'\nexit {status}\n", encoding="utf-8")
        gh.chmod(gh.stat().st_mode | stat.S_IXUSR)

    def run(self, *command: str | Path, check: bool = True,
            **more: str) -> subprocess.CompletedProcess[str]:
        env = {"HOME": str(self.folder), "PATH": f"{self.tools}:{os.environ['PATH']}",
               "BERTHC": str(ROOT / "bin/berthc"), "GIT_CONFIG_NOSYSTEM": "1",
               "CC": "/none", **more}  # small specs are searched sooner than C is compiled
        done = subprocess.run(list(map(str, command)), cwd=self.folder, env=env, check=False,
                              capture_output=True, text=True)
        assert not check or done.returncode == 0, done.stderr
        return done

    def review(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return self.run(REVIEW, *(arguments or ("-b", "base", "spec/lantern.yaml")), check=False,
                        **more)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def test_without_gh_the_comment_is_printed(repository: Repository) -> None:
    repository.change(BEHAVIOUR)
    done = repository.review()
    assert (done.returncode, done.stderr) == (0, "")
    assert "## spec/lantern.yaml: changes behaviour" in done.stdout
    assert "Compared with `base:spec/lantern.yaml`" in done.stdout


def test_with_gh_the_comment_is_posted(repository: Repository) -> None:
    repository.change(BEHAVIOUR)
    repository.with_gh()
    summary = repository.folder / "summary"
    done = repository.review(GITHUB_REF="refs/pull/7/merge", GITHUB_STEP_SUMMARY=str(summary))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    [asked] = (repository.folder / "asked").read_text().splitlines()
    assert asked.startswith("pr comment 7 --edit-last --body-file ")
    posted = (repository.folder / "posted").read_text(encoding="utf-8")
    assert "## spec/lantern.yaml: changes behaviour" in posted
    assert summary.read_text(encoding="utf-8") == posted


def test_what_cannot_be_posted_is_printed(repository: Repository) -> None:
    repository.change(BEHAVIOUR)
    repository.with_gh(status=1)
    done = repository.review("-b", "base", "-n", "9", "spec/lantern.yaml")
    assert done.returncode == 0 and "changes behaviour" in done.stdout
    assert "not posted" in done.stderr
    assert len((repository.folder / "asked").read_text().splitlines()) == 2


def test_nothing_is_said_where_nothing_changed(repository: Repository) -> None:
    done = repository.review()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_spec_with_an_error_fails_with_its_message(repository: Repository) -> None:
    repository.change(BROKEN)
    done = repository.review()
    assert done.returncode == 1
    assert "makes the checker find something new" in done.stdout
    assert "error[unknown-state]" in done.stderr


def test_a_finding_of_the_comparison_is_told_once(repository: Repository) -> None:
    repository.change(BROKEN)
    done = repository.review()
    assert done.stdout.count("error[unknown-state]") == 1
    assert done.stdout.count("berthc check") == 1
    assert done.stdout.endswith("\n`berthc check` fails: the findings above are all it has.\n")


def test_a_finding_that_is_not_new_is_told_by_the_check(repository: Repository) -> None:
    repository.change(BROKEN)
    repository.commit("broken")
    repository.git("branch", "-f", "base")
    (repository.folder / "spec/lantern.yaml").write_text(
        LANTERN.replace(*BROKEN) + "unknown_key: 1\n", encoding="utf-8")
    done = repository.review()
    beyond = done.stdout.partition("<details open><summary>berthc check also finds</summary>")[2]
    assert done.returncode == 1
    assert done.stdout.count("error[unknown-state]") == beyond.count("error[unknown-state]") == 1
    assert done.stdout.count("error[unknown-key]") == 1 and "unknown_key: 1" not in beyond


def test_generated_files_are_not_called_out_of_date_where_the_spec_has_an_error(
        repository: Repository) -> None:
    repository.change(BROKEN)
    done = repository.review("-b", "base", "-d", "docs -o docs", "spec/lantern.yaml")
    assert done.returncode == 1 and "out of date" not in done.stdout
    assert "berthc docs -o docs --check:\nnot compared: the specs have errors\n" in done.stdout


def test_a_long_section_says_that_it_is_cut(repository: Repository) -> None:
    repository.write(LANTERN + "".join(f"unknown_key_{n}: 1\n" for n in range(60)))
    repository.commit("broken")
    repository.git("branch", "-f", "base")
    cut = repository.review().stdout.partition("berthc check fails")[2]
    assert "…\nThe job has the rest.\n```" in cut


def test_a_missing_compiler_is_named(repository: Repository) -> None:
    done = repository.review(BERTHC="no-berthc")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("berth-review: no-berthc is not found: put it on PATH, or name it in "
                           "BERTHC\n")


def test_files_that_are_out_of_date_fail(repository: Repository) -> None:
    repository.run(ROOT / "bin/berthc", "docs", "-q", "-o", "docs", "spec/lantern.yaml")
    right = repository.review("-b", "base", "-d", "docs -o docs", "spec/lantern.yaml")
    assert (right.returncode, right.stdout) == (0, "")
    repository.change(BEHAVIOUR)
    done = repository.review("-b", "base", "-d", "docs -o docs", "spec/lantern.yaml")
    assert done.returncode == 1
    assert "Generated files are out of date" in done.stdout
    assert "berthc docs -o docs --check:" in done.stderr


@pytest.mark.long
@pytest.mark.parametrize(("least", "status"), [("12", 1), ("13", 0)])
def test_a_verdict_can_fail(least: str, status: int, repository: Repository) -> None:
    repository.change(BEHAVIOUR)
    assert repository.review("-b", "base", "-f", least, "spec/lantern.yaml").returncode == status


@pytest.mark.parametrize("arguments", [[], ["-x"], ["-b", "nowhere", "spec/lantern.yaml"],
                                       ["-b", "base", "spec/none.yaml"]])
def test_bad_usage_has_status_2(arguments: list[str], repository: Repository) -> None:
    done = repository.run(REVIEW, *arguments, check=False)
    assert done.returncode == 2 and done.stderr and not done.stdout


def test_the_workflow_runs_the_script() -> None:
    path = ROOT / "contrib/github/berth.yml"
    workflow: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read", "pull-requests": "write"}
    steps = workflow["jobs"]["review"]["steps"]
    checkout, tools = steps[0], steps[1]
    assert checkout["with"]["fetch-depth"] == 0
    place = tools["with"]["path"]
    [step] = [s for s in steps if "berth-review" in s.get("run", "")]
    script, *specs = shlex.split(step["run"])
    assert (ROOT / script.removeprefix(f"{place}/")).resolve() == REVIEW
    assert (ROOT / step["env"]["BERTHC"].removeprefix(f"{place}/")).exists()
    assert specs == workflow[True]["pull_request"]["paths"]  # YAML 1.1 takes `on` for true


# git


def test_git_shows_specs_as_tables_and_goes_on_after_errors(repository: Repository) -> None:
    repository.run("sh", "-c", "echo 'spec/*.yaml diff=berth' >.gitattributes")
    repository.git("config", "diff.berth.textconv", str(ROOT / "contrib/git/berth-textconv"))
    repository.change(BEHAVIOUR)
    repository.commit("second")
    repository.change(BROKEN)
    repository.commit("third: broken")
    repository.write("a: [")
    repository.commit("fourth: no YAML")
    repository.write(LANTERN)
    repository.commit("fifth")
    first = repository.git("diff", "base", "HEAD~3")
    assert re.search(r"^-\|.*EBUSY", first, flags=re.M) and re.search(r"^\+\|.*EIO", first,
                                                                       flags=re.M)
    log = repository.git("log", "-p", "--format=commit %s")
    for message in ("second", "third: broken", "fourth: no YAML", "fifth"):
        assert f"commit {message}\n" in log
    assert "+          light: nowhere" in log and "+a: [" in log


def test_git_can_show_specs_as_diagrams(repository: Repository) -> None:
    done = repository.run(ROOT / "contrib/git/berth-textconv", "diagram", "spec/lantern.yaml")
    assert "States of lamp" in done.stdout and done.stderr == ""
    assert repository.run(ROOT / "contrib/git/berth-textconv", check=False).returncode == 2


# pre-commit

HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_of_pre_commit_finds_a_broken_spec(
    hook: dict[str, str], repository: Repository
) -> None:
    """As pre-commit runs a script: the entry's first word in the repository of the hook, then the
    names of the files."""
    assert hook["language"] == "script"
    assert re.search(hook["files"], "spec/lantern.yaml")
    assert not re.search(hook["files"], "spec/schema/berth.schema.json")
    program, *words = shlex.split(hook["entry"])
    assert repository.run(ROOT / program, *words, "spec/lantern.yaml").returncode == 0
    repository.change(BROKEN)
    done = repository.run(ROOT / program, *words, "spec/lantern.yaml", check=False)
    assert done.returncode == 1 and "unknown-state" in done.stderr


def test_a_spec_that_is_gone_is_compared_and_not_checked(repository: Repository) -> None:
    (repository.folder / "spec/lantern.yaml").unlink()
    done = repository.review("-b", "base", "-d", "docs -o docs", "spec/lantern.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert "## spec/lantern.yaml: breaks the C API" in done.stdout and "is gone" in done.stdout
