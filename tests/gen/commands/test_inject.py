"""`berthc docs --inject`: parts between markers of any file."""
from __future__ import annotations

import os
from pathlib import Path

import pytest
from command_line import ROOT, berthc

SCSI = str(ROOT / "spec/scsi.yaml")
PLAN9 = str(ROOT / "spec/plan9_mount.yaml")


def inject(path: Path, text: str | bytes, *more: str) -> tuple[int, str, str]:
    """Status, text afterwards, messages."""
    data = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(data)
    done = berthc("docs", "--inject", str(path), *more, *([] if more else [SCSI]))
    after = path.read_bytes().decode("utf-8", "surrogateescape")
    return done.returncode, after, done.stderr.replace(f"{path.parent}/", "")


@pytest.mark.parametrize(("before", "prefix"), [
    ("// berthc:text disk", "// "),
    ("\t// berthc:text scsi.disk", "\t// "),
    ("# berthc:text disk", "# "),
    ("    -- berthc:text disk, made by berthc", "    -- "),
    ("/*\n * berthc:text disk", " * "),
    ("  /* berthc:text disk", "   * "),
    ("/** berthc:text disk", " * "),
    ("; berthc:text disk", "; "),
    ("berthc:text disk", ""),
])
def test_text_has_the_prefix_of_its_comment(tmp_path: Path, before: str, prefix: str) -> None:
    tail = "\n".join([f"{prefix}berthc:end", "*/ last line without an end"])
    status, after, said = inject(tmp_path / "a.c", f"first\n{before}\n{prefix}stale\n{tail}")
    assert (status, said) == (0, "")
    assert after.startswith(f"first\n{before}\n{prefix}   o  reserve\n{prefix.rstrip()}") and (
        after.endswith(f"\n{tail}"))
    part = after.removeprefix(f"first\n{before}\n").removesuffix(tail).splitlines()
    assert all(line == line.rstrip() and line.startswith(prefix.rstrip()) for line in part)
    assert max(len(line.expandtabs()) for line in part) <= 79
    assert f"{prefix}| attached |  guest.eject fails: stay" in part and "stale" not in after
    assert inject(tmp_path / "a.c", after)[1] == after, "the same once more"


def test_markdown_has_a_table_a_fence_and_mermaid(tmp_path: Path) -> None:
    kinds = "".join(f"  <!-- berthc:{kind} mount -->\n  <!-- berthc:end -->\n"
                    for kind in ("table", "text", "mermaid"))
    status, after, said = inject(tmp_path / "a.md", f"# Head\n{kinds}Tail.\n")
    assert (status, said) == (0, "")
    table, text, mermaid = (part.split("  <!-- berthc:end -->")[0]
                            for part in after.split(" mount -->\n")[1:])
    assert table.startswith("  | state | `claim` | `mount` | `unmount` |\n  |---|---|---|---|\n")
    assert text.startswith("  ```\n     o  reserve\n") and text.endswith("\n  ```\n")
    assert mermaid.startswith("  ```mermaid\n  stateDiagram-v2\n") and mermaid.endswith("  ```\n")
    assert after.endswith("<!-- berthc:end -->\nTail.\n")


def test_a_table_in_a_comment_is_text_of_eighty_columns(tmp_path: Path) -> None:
    _, after, _ = inject(tmp_path / "a.go", "// berthc:table disk\n// berthc:end\n")
    lines = after.splitlines()
    assert lines[1:3] == ["// reserved", "//   claim   stay"]
    assert "//   detach  guest.eject (ok: ejected, then detach, fail: stay, uncertain:" in lines
    assert max(map(len, lines)) <= 79 and after.isascii()
    assert "// detached (final)" in lines and "// boot (resident)" in lines


def test_line_ends_bytes_and_mode_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.c"
    path.write_bytes(b"")
    path.chmod(0o640)
    before = b"\xef\xbb\xbfx \xff\xe4\r\n/*\r\n * berthc:text mount\r\n * berthc:end\r\n */\n\x0cend"
    status, after, _ = inject(path, before)
    data = path.read_bytes()
    assert status == 0 and data.startswith(before[:before.index(b" * berthc:end")])
    assert data.endswith(b"\r\n * berthc:end\r\n */\n\x0cend") and data.count(b"\r\n") > 20
    assert b"\n" not in data[:-6].replace(b"\r\n", b"").removesuffix(b" */\n\x0c")
    assert path.stat().st_mode & 0o777 == 0o640
    link = tmp_path / "link.c"
    link.symlink_to(path)
    assert berthc("docs", "--inject", str(link), SCSI).returncode == 0 and link.is_symlink()
    assert berthc("docs", "--inject", str(path), "--check", SCSI).returncode == 0


def test_check_names_the_file_and_the_command_and_writes_nothing(tmp_path: Path) -> None:
    one, two = tmp_path / "a b.c", tmp_path / "c.md"
    two.write_text("<!-- berthc:table disk -->\n<!-- berthc:end -->\n")
    assert berthc("docs", "--inject", str(two), SCSI).returncode == 0
    one.write_text("// berthc:text disk\n// stale\n// berthc:end\n")
    done = berthc("docs", "--inject", str(one), "--inject", str(two), "--check", SCSI)
    assert done.returncode == 1 and "-// stale\n" in done.stdout
    assert done.stderr == (
        f"berthc: not up to date: {one}\nberthc: renew with: berthc docs --inject '{one}' "
        f"--inject {two} {SCSI}\n")
    assert "stale" in one.read_text()
    assert berthc("docs", "--inject", str(one), SCSI).returncode == 0
    done = berthc("docs", "--inject", str(one), "--inject", str(two), "--check", SCSI)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


BEGIN, END = "// berthc:text disk\n", "// berthc:end\n"


@pytest.mark.parametrize(("text", "message"), [
    ("int x;\n", "a.c: there is no marker; write two lines such as 'berthc:text RESOURCE' and "),
    (f"x\n{BEGIN}y\n", "a.c:2: berthc:text has no berthc:end after it"),
    (f"{BEGIN}{END}{END}", "a.c:3: berthc:end without a marker that begins"),
    (f"{BEGIN}{BEGIN}{END}{END}",
     "a.c:2: berthc:text before the berthc:end of the marker in line 1"),
    (f"// berthc:tabel disk\n{END}", "a.c:1: there is no berthc:tabel; did you mean 'table'? "
     "markers: berthc:table, berthc:text, berthc:mermaid, berthc:end"),
    (f"// berthc:text dsk\n{END}",
     "a.c:1: there is no resource 'dsk'; did you mean 'disk'? resources: disk, mount"),
    (f"// berthc:text scsi.dsk\n{END}",
     "there is no resource 'scsi.dsk'; did you mean 'scsi.disk'?"),
    (f"// berthc:text\n{END}",
     "a.c:1: berthc:text of which resource? write berthc:text disk; resources: disk, mount"),
    (f"<!-- berthc:text disk\n{END}-->\n",
     "a.c:1: the comment goes on behind this line, where '-->' would end it"),
    (f"/* berthc:text disk */\n{END}",
     "a.c:1: the comment ends in this line, so the part would be none"),
])
def test_a_file_with_wrong_markers_is_refused_and_stays(
    tmp_path: Path, text: str, message: str
) -> None:
    good = tmp_path / "good.c"
    good.write_text(f"{BEGIN}{END}")
    path = tmp_path / "a.c"
    path.write_text(text)
    os.utime(path, (1, 1))
    for more in ((), ("--check",)):
        done = berthc("docs", "--inject", str(good), "--inject", str(path), *more, SCSI)
        said = done.stderr.replace(f"{tmp_path}/", "")
        assert done.returncode == 2 and said.startswith("berthc: ") and message in said, said
    assert path.read_text() == text and path.stat().st_mtime == 1
    assert good.read_text() == f"{BEGIN}{END}", "nothing is written when one of them is wrong"


def test_words_that_are_no_markers_stay(tmp_path: Path) -> None:
    words = "berthc: warning, x.berthc:text disk, see-berthc:end\n"
    _, after, said = inject(tmp_path / "a.c", f"{words}{BEGIN}{END}{words}")
    assert said == "" and after.startswith(words) and after.endswith(words)


def test_a_resource_of_several_specs_is_named_with_its_manager(tmp_path: Path) -> None:
    path = tmp_path / "a.c"
    status, after, said = inject(path, f"// berthc:text mount\n{END}", SCSI, PLAN9)
    assert status == 2 and "several specs have a resource 'mount': write scsi.mount or " in said
    status, after, said = inject(path, f"// berthc:text plan9_mount.mount\n{END}", SCSI, PLAN9)
    assert status == 0 and "reserved" in after


@pytest.mark.parametrize(("options", "message"), [
    (("-o", "x"), "--inject writes its own files; -o goes with pages"),
    (("--depfile", "d"), "--depfile goes with the files of -o, not with --inject")])
def test_what_does_not_go_together(tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    path = tmp_path / "a.c"
    path.write_text(f"{BEGIN}{END}")
    done = berthc("docs", "--inject", str(path), *options, SCSI)
    assert done.returncode == 2 and message in done.stderr
    assert path.read_text() == f"{BEGIN}{END}"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = berthc("docs", "--inject", str(tmp_path / "none.c"), SCSI)
    assert done.returncode == 2 and "none.c: No such file" in done.stderr


def test_a_spec_may_show_its_own_diagram(tmp_path: Path) -> None:
    path = tmp_path / "scsi.yaml"
    path.write_text(f"# berthc:text disk\n# berthc:end\n{Path(SCSI).read_text()}")
    assert berthc("docs", "--inject", str(path), str(path)).returncode == 0
    assert path.read_text().count("\n# | attached |") == 1
    assert berthc("check", "--static", str(path)).returncode == 0
