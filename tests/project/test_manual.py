"""Completion, asked for in the shells themselves; and manual pages, read by `man`."""
from __future__ import annotations

import os
import pty
import re
import select
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from berthc.manual import roff
from berthc.manual.headers import declared
from installation import ROOT, clean_environment, make

SHARE = {"bash": "bash-completion/completions/berthc", "zsh": "zsh/site-functions/_berthc",
         "fish": "fish/vendor_completions.d/berthc.fish"}


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not here")


@pytest.fixture(scope="module")
def share(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an installation has in `share`."""
    folder = tmp_path_factory.mktemp("share")
    for part in ("commands", "library", "sqlite"):
        subprocess.run([ROOT / "scripts/python", ROOT / "scripts/manual", part, folder],
                       check=True, env=clean_environment({"SOURCE_DATE_EPOCH": "0"}))
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with specs and other things."""
    for name in ("net.yaml", "my spec.yaml", "old.yml", "main.c", "notes.txt"):
        (tmp_path / name).write_text("", encoding="utf-8")
    (tmp_path / "nested").mkdir()
    (tmp_path / "nested/deep.yaml").write_text("", encoding="utf-8")
    return tmp_path


COMPLETED = [
    ("berthc ", {"init", "check", "watch", "gen", "tests", "diagram", "docs", "sim", "explain",
                 "diff", "completion"}, {"--help", "net.yaml"}),
    ("berthc che", {"check"}, {"gen"}),
    ("berthc --v", {"--version"}, {"--help"}),
    ("berthc check --s", {"--states", "--scripts", "--static"}, {"--sim", "--callers"}),
    ("berthc gen --st", {"--stub"}, {"--states", "--static"}),
    ("berthc check --format ", {"text", "json", "sarif"}, {"net.yaml"}),
    ("berthc gen --format ", {"text", "json"}, {"sarif"}),
    ("berthc init --build m", {"make", "meson"}, {"cmake", "main.c"}),
    ("berthc check --engine p", {"python"}, {"c"}),
    ("berthc explain le", {"leak"}, {"double"}),
    ("berthc explain unknown-s", {"unknown-state"}, {"unknown-hook"}),
    ("berthc completion f", {"fish"}, {"bash"}),
    ("berthc check n", {"net.yaml", "nested/"}, {"notes.txt"}),
    ("berthc check -q ", {"net.yaml"}, {"main.c", "check"}),
    ("berthc sim nested/", {"nested/deep.yaml"}, {"net.yaml"}),
    ("berthc gen -o n", {"nested/"}, {"gen"}),
    ("berthc check --scripts n", {"nested/"}, {"net.yaml", "notes.txt"}),
    ("berthc check --callers n", set(), {"net.yaml"}),
]


def bash_words(line: str) -> list[str]:
    """As bash takes a line apart: an equals sign is a word."""
    words = [part for word in line.split(" ") for part in re.split(r"(=)", word)]
    return [word for n, word in enumerate(words) if word or n == len(words) - 1]


def ask_bash(script: Path, folder: Path, words: list[str]) -> set[str]:
    """What the function that bash calls answers."""
    listed = " ".join(shlex.quote(word) for word in words)
    code = (f"source {shlex.quote(str(script))}\nCOMP_WORDS=({listed})\n"
            f"COMP_CWORD={len(words) - 1}\n$(complete -p berthc | sed 's/.*-F //; s/ .*//')\n"
            'printf "%s\\n" "${COMPREPLY[@]}"')
    code = code.replace("$(complete", "eval $(complete")
    done = subprocess.run(["bash", "--norc", "-c", code], cwd=folder, capture_output=True,
                          text=True, check=False, timeout=120)
    assert done.stderr == "", done.stderr
    found = {word for word in done.stdout.splitlines() if word}
    return found | {f"{word}/" for word in found if (folder / word).is_dir()}


@pytest.mark.parametrize(("line", "there", "absent"), COMPLETED)
def test_bash_completes(
    share: Path, folder: Path, line: str, there: set[str], absent: set[str]
) -> None:
    found = ask_bash(share / SHARE["bash"], folder, bash_words(line))
    assert there <= found and not absent & found, found


@pytest.mark.parametrize("words", [
    ["berthc", "check", "--format", "=", "j"], ["berthc", "check", "--format", "=j"[1:]]])
def test_bash_completes_values_behind_an_equals_sign(
    share: Path, folder: Path, words: list[str]
) -> None:
    assert ask_bash(share / SHARE["bash"], folder, words) == {"json"}
    assert ask_bash(share / SHARE["bash"], folder, ["berthc", "check", "--format", "="]) == {
        "text", "json", "sarif"}


def test_bash_keeps_names_with_blanks_whole(share: Path, folder: Path) -> None:
    assert "my spec.yaml" in ask_bash(share / SHARE["bash"], folder, ["berthc", "check", "my"])


@needs("fish")
@pytest.mark.parametrize(("line", "there", "absent"), COMPLETED)
def test_fish_completes(
    share: Path, folder: Path, line: str, there: set[str], absent: set[str]
) -> None:
    done = subprocess.run(
        ["fish", "--no-config", "-c",
         f"source {share / SHARE['fish']}; complete -C {shlex.quote(line)}"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
        env=clean_environment({"HOME": str(folder), "XDG_DATA_HOME": str(folder / ".data")}))
    assert done.stderr == "", done.stderr
    found = {entry.split("\t")[0] for entry in done.stdout.splitlines()}
    assert there <= found and not absent & found, found


def typed(command: list[str], setup: str, line: str, folder: Path, wanted: list[str]) -> str:
    """What an interactive shell shows when a line is typed, and Tab is pressed twice: all that is
    wanted, if it comes in time."""
    child, master = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.environ.update({"TERM": "dumb", "PS1": "> ", "HOME": str(folder), "LC_ALL": "C.UTF-8"})
        os.execvp(command[0], command)
    try:
        os.write(master, f"{setup}; echo re''ady\n".encode())
        _until(master, ["ready"])
        os.write(master, f"{line}\t\t".encode())
        return _until(master, wanted)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(master)


def _until(master: int, wanted: list[str]) -> str:
    """What is written until all that is wanted is there, and for a moment more."""
    end, said = time.monotonic() + 60, ""
    while not all(word in said for word in wanted) and time.monotonic() < end:
        said += _settle(master, 0.1)
    return said + _settle(master, 0.3)


def _settle(master: int, quiet: float) -> str:
    """What is written until nothing has come for a while."""
    said = b""
    while select.select([master], [], [], quiet)[0]:
        try:
            said += os.read(master, 4096)
        except OSError:
            break
    return said.decode("utf-8", "replace")


TYPED = [
    ("berthc chec", ["check "], []),
    ("berthc check --format ", ["json", "sarif", "text"], []),
    ("berthc explain lea", ["leak"], []),
    ("berthc check ne", ["net.yaml", "nested"], ["notes"]),
    ("berthc gen --stu", ["--stub"], []),
    ("berthc check --engine=p", ["--engine=python"], []),
]


@pytest.mark.parametrize(("line", "there", "absent"), TYPED)
def test_an_interactive_bash_completes(
    share: Path, folder: Path, line: str, there: list[str], absent: list[str]
) -> None:
    said = typed(["bash", "--norc", "-i"], f"source {share / SHARE['bash']}", line, folder, there)
    assert all(word in said for word in there) and not any(word in said for word in absent), said


@needs("zsh")
@pytest.mark.parametrize(("line", "there", "absent"), TYPED)
def test_an_interactive_zsh_completes(
    share: Path, folder: Path, line: str, there: list[str], absent: list[str]
) -> None:
    setup = (f"PS1='> '; fpath=({(share / SHARE['zsh']).parent} $fpath); "
             "autoload -U compinit; compinit -u -D")
    said = typed(["zsh", "-f", "-i"], setup, line, folder, there)
    assert all(word in said for word in there) and not any(word in said for word in absent), said


@pytest.mark.parametrize("shell", SHARE)
def test_the_command_prints_what_is_installed(shell: str, share: Path) -> None:
    done = subprocess.run([ROOT / "bin/berthc", "completion", shell], capture_output=True,
                          text=True, check=True, env=clean_environment())
    assert done.stdout == (share / SHARE[shell]).read_text(encoding="utf-8")


@needs("shellcheck")
def test_shellcheck_finds_nothing(share: Path) -> None:
    done = subprocess.run(["shellcheck", "-s", "bash", share / SHARE["bash"]],
                          capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


# Manual pages.


def test_text_is_no_command_of_the_language_of_manual_pages() -> None:
    assert roff.plain(".name\n'word\\") == "\\&.name\n\\&'word\\e"
    assert roff.plain("--check -o a-b -EIO") == "\\-\\-check \\-o a-b \\-EIO"
    assert roff.filled("a\n  b  `c`") == "a b \\fBc\\fR"
    assert roff.comment("0     fine\n-EIO  it does\n      not") == (
        ".TP\n\\fB0\\fR\nfine\n.TP\n\\fB\\-EIO\\fR\nit does not")
    assert roff.comment("  int a;\n  .b") == ".PP\n.EX\nint a;\n\\&.b\n.EE"


def test_declarations_have_the_comment_right_above_them() -> None:
    text = (
        'extern "C" {\n/* Alone. */\n\nint berth_a(void);\n\n/* Two. */\nint berth_b(int x,\n'
        "            int y);\nint berth_c(void);\n\nint berth_d(void);\n\n"
        "/* Inside. */\nstatic inline int berth_e(void)\n{\n    /* x */\n\n    return 0;\n}\n\n"
        "/* A type. */\ntypedef struct berth_t {\n    int a;\n\n    int b;\n} berth_t;\n\n}\n")
    found = list(declared(text))
    assert [(one.names, one.paragraphs) for one in found] == [
        (("berth_a",), ("Alone.",)), (("berth_b", "berth_c"), ("Two.",)),
        (("berth_e",), ("Inside.",)), (("berth_t",), ("A type.",))]
    assert found[2].code == "int berth_e(void);" and found[3].code.endswith("int b;\n} berth_t;")


def pages(share: Path) -> list[Path]:
    return sorted(share.glob("man/man*/*"))


def read(share: Path, name: str) -> str:
    """A page as `man` shows it, on long lines."""
    done = subprocess.run(
        ["man", "-M", share / "man", name], capture_output=True, text=True, check=False,
        env=clean_environment({"MANWIDTH": "200", "LC_ALL": "C.UTF-8", "MAN_KEEP_FORMATTING": ""}))
    assert done.returncode == 0, done.stderr
    return re.sub(".\b", "", done.stdout)


@needs("man")
def test_man_shows_every_page_without_a_warning(share: Path) -> None:
    for page in pages(share):
        done = subprocess.run(["man", "--warnings=w", "-l", page], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, check=False,
                              env=clean_environment({"LC_ALL": "C.UTF-8"}))
        assert (done.returncode, done.stderr) == (0, ""), page


@needs("mandoc")
def test_mandoc_finds_no_fault(share: Path) -> None:
    done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", *pages(share)], capture_output=True,
                          text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs("man")
def test_every_command_and_option_has_its_place(share: Path) -> None:
    def help_of(*words: str) -> str:
        return subprocess.run([ROOT / "bin/berthc", *words, "--help"], capture_output=True,
                              text=True, check=True, env=clean_environment()).stdout

    commands = re.findall(r"^    ([a-z]+) ", help_of(), re.M)
    assert {"check", "gen", "init"} <= set(commands)
    overview = read(share, "berthc")
    for command in commands:
        page = read(share, f"berthc-{command}")
        assert f"berthc-{command}(1)" in overview
        options = set(re.findall(r"^  (?:-\w(?: \w+)?, )?(--[a-z-]+)", help_of(command), re.M))
        assert options and all(re.search(rf"^ +.*{one}\b", page, re.M) for one in options)
        assert "EXAMPLES\n" in page and "EXIT STATUS\n" in page


@needs("man")
def test_every_public_function_has_its_page(share: Path) -> None:
    found = set()
    for header in (*(ROOT / f"runtime/include/berth/{name}.h"
                     for name in ("berth", "backend", "arena", "file", "store")),
                   ROOT / "contrib/sqlite/include/berth_sqlite.h"):
        text = header.read_text(encoding="utf-8")
        code = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        found |= set(re.findall(r"^(?:static inline )?\w[\w *]*?(berth_\w+)\([^)]*\)(?:;|\n\{)",
                                code, re.M))
    assert {"berth_complete", "berth_call_operation", "berth_put_file", "berth_arena_init",
            "berth_store_lost", "berth_sqlite_create"} <= found
    for name in found:
        page = read(share, name)
        assert f"{name}(" in page.split("SYNOPSIS")[1].split("DESCRIPTION")[0]


@needs("man")
def test_the_page_of_the_language_has_its_keys_and_rules(share: Path) -> None:
    page = read(share, "berth.spec")
    assert re.search(r"^ +berth\*: 1$", page, re.M) and re.search(r"^ +brief: a text$", page, re.M)
    language = (ROOT / "docs/language.md").read_text(encoding="utf-8")
    tables = re.findall(r"^\| \**`([a-z_-]+)`\** \|", language, re.M)
    assert len(tables) > 100
    assert [word for word in tables if not re.search(rf"^ +{word}(\*?:|$| )", page, re.M)] == []


@needs("man")
def test_a_page_of_a_function_has_the_text_of_the_header(share: Path) -> None:
    page = read(share, "berth_complete")
    assert "RETURN VALUE\n" in page and re.search(r"^ +-ENOENT *$", page, re.M)
    assert "int berth_complete(berth_token token, int result, const void *out," in page
    assert re.search(r"Threads\s+any, also one that is inside a hook", page)
    hooks = read(share, "BERTH_UNCERTAIN")
    assert re.search(r"return BERTH_PENDING; +not yet known", hooks)
    assert "#define BERTH_PENDING 1" in hooks
    text = read(share, "berth_transition_text")
    assert re.search(r"^ +scsi_reserve: refused: disk", text, re.M)


def test_what_is_installed_is_found_and_taken_away(share: Path, tmp_path: Path) -> None:
    targets = ("install-compiler", "install-docs", "install-sqlite")
    assert make(*targets, f"PREFIX={tmp_path}").returncode == 0
    for path in (one for one in share.rglob("*") if one.is_file()):
        there = tmp_path / "share" / path.relative_to(share)
        dated = re.compile(r"^\.TH (\S+ \d) \S+", re.M)
        assert dated.sub(r"\1", there.read_text(encoding="utf-8")) == dated.sub(
            r"\1", path.read_text(encoding="utf-8"))
    assert (tmp_path / "share/man/man3/berth_complete.3").is_file()
    (tmp_path / "share/man/man1/mine.1").write_text("", encoding="utf-8")
    assert make("uninstall", f"PREFIX={tmp_path}").returncode == 0
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["mine.1"]


def test_a_wrong_call_of_the_script_is_told(tmp_path: Path) -> None:
    done = subprocess.run([ROOT / "scripts/python", ROOT / "scripts/manual", "all", tmp_path],
                          capture_output=True, text=True, check=False, env=clean_environment())
    assert done.returncode == 2 and done.stderr.startswith("usage: scripts/manual")
