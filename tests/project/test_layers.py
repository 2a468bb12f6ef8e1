"""The runtime has five floors. A file uses files of floors below, and those before it on its
own."""
from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from installation import BUILD, ROOT

PARTS = BUILD / "libberth-parts.a"  # the same files, each compiled by itself
SRC = ROOT / "runtime/src"
FLOORS = ["base", "model", "core", "sched", "api"]

Symbols = dict[str, tuple[set[str], set[str]]]


def order() -> list[tuple[str, str]]:
    """Folder (a floor, or one of its parts) and name of each file, as library.c has them."""
    return re.findall(r'^#include "src/([\w/]+)/(\w+)\.c"',
                      (ROOT / "runtime/library.c").read_text(encoding="utf-8"),
                      flags=re.M)


def read(lines: Iterable[str]) -> Symbols:
    """What each file of a library defines, and what it takes from others."""
    symbols: Symbols = {}
    for line in lines:
        name, kind, symbol = re.fullmatch(
            r".*?(\w+)\.o:(?:[0-9a-f]+)? *(\w) (.*)", line.strip()
        ).groups()  # type: ignore[union-attr]
        defined, taken = symbols.setdefault(name, (set(), set()))
        (taken if kind in "Uw" else defined).add(symbol)
    return symbols


def symbols_of_parts() -> Symbols:
    """What the files of the runtime define and take, each compiled by itself."""
    listed = subprocess.run(["nm", "--extern-only", "--print-file-name",
                             str(PARTS)],
                            capture_output=True,
                            text=True,
                            check=True)
    return read(listed.stdout.splitlines())


def upward(order: list[str], symbols: Symbols) -> list[str]:
    """Where a file takes something from a file that comes after it."""
    home = {symbol: name for name, (defined, _) in symbols.items() for symbol in defined}
    rank = {name: i for i, name in enumerate(order)}
    return sorted(f"{name}.c takes {symbol} from {home[symbol]}.c"
                  for name, (_, taken) in symbols.items() for symbol in taken
                  if symbol in home and rank[home[symbol]] > rank[name])


def included(folder: Path) -> dict[Path, list[Path]]:
    """Which files below the folder each of them includes; paths from the folder on."""
    return {
        path.relative_to(folder): [
            (path.parent / name).resolve().relative_to(folder)
            for name in re.findall(r'^#include "(.+)"', path.read_text(encoding="utf-8"), re.M)
        ]
        for path in folder.rglob("*.[ch]")
    }


def upward_includes(includes: dict[Path, list[Path]]) -> list[str]:
    """Where a file includes one of a floor above."""
    return sorted(f"{path} includes {target}" for path, targets in includes.items()
                  for target in targets
                  if FLOORS.index(target.parts[0]) > FLOORS.index(path.parts[0]))


def circle(includes: dict[Path, list[Path]]) -> list[str]:
    """Files that include each other in a circle; none if there is no circle."""
    done: set[Path] = set()

    def walk(path: Path, way: list[Path]) -> list[Path]:
        if path in way:
            return way[way.index(path):]
        if path in done:
            return []
        found: list[Path] = next(
            filter(None, (walk(to, [*way, path]) for to in includes[path])), [])
        done.add(path)
        return found

    return [str(path) for path in next(filter(None, (walk(path, []) for path in includes)), [])]


def test_library_c_has_every_file_floor_by_floor() -> None:
    assert sorted(f"{folder}/{name}.c" for folder, name in order()) == sorted(
        str(path.relative_to(SRC)) for path in SRC.rglob("*.c"))
    floors = [FLOORS.index(folder.split("/")[0]) for folder, _ in order()]
    assert floors == sorted(floors)


def crowded(folder: Path) -> list[str]:
    """Folders with more than a dozen files."""
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*")
        if path.is_dir() and sum(not file.is_dir() for file in path.iterdir()) > 12)


def test_no_folder_has_more_than_a_dozen_files(tmp_path: Path) -> None:
    assert crowded(SRC) == []
    (tmp_path / "base/store").mkdir(parents=True)
    for number in range(13):
        (tmp_path / f"base/store/{number}.c").touch()
    assert crowded(tmp_path) == ["base/store"]


def test_every_file_comes_after_those_that_it_calls() -> None:
    symbols = symbols_of_parts()
    names = [name for _, name in order()]
    assert set(symbols) <= set(names) and len(symbols) > len(names) - 5
    assert upward(names, symbols) == []


def test_a_call_of_a_later_file_is_found() -> None:
    symbols = read([
        "lib.a:queue.o:0000000000000010 T queue_leave",
        "lib.a:queue.o:                 U waiters_wake",
        "lib.a:waiters.o:0000000000000000 T waiters_wake",
        "lib.a:waiters.o:                 U queue_leave", "lib.a:waiters.o:                 U abort"
    ])
    assert upward(["queue", "waiters"], symbols) == ["queue.c takes waiters_wake from waiters.c"]


def test_no_file_includes_one_of_a_floor_above() -> None:
    includes = included(SRC)
    assert sum(len(targets) for targets in includes.values()) > 100
    assert upward_includes(includes) == []
    assert circle(includes) == []


def test_an_include_of_a_floor_above_is_found(tmp_path: Path) -> None:
    for name, text in {
            "base/store/map.h": '#include "../../core/queue.h"\n',
            "core/queue.h":
                '#include "ready.h"\n#include "../base/store/map.h"\n#include <stddef.h>\n',
            "core/ready.h": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert upward_includes(included(tmp_path)) == ["base/store/map.h includes core/queue.h"]


def unprefixed(defined: dict[str, set[str]]) -> list[str]:
    """Functions that other files call, and that do not begin with the name of their own."""
    return sorted(f"{name}: {symbol}" for name, symbols in defined.items() for symbol in symbols
                  if not symbol.startswith((f"{name}_", "berth_")))


def inline_functions(header: str) -> set[str]:
    """The functions that a header defines."""
    return set(re.findall(r"^(?:static inline|ALWAYS_INLINE)\b[^=;(]*?(\w+)\(", header, re.M))


def test_each_function_begins_with_the_name_of_its_file() -> None:
    assert unprefixed({name: defined for name, (defined, _) in symbols_of_parts().items()}) == []
    headers = {path.stem: inline_functions(path.read_text(encoding="utf-8"))
               for path in SRC.rglob("*.h")}
    assert len(set().union(*headers.values())) > 50
    assert unprefixed(headers) == []


def test_a_function_without_its_prefix_is_found() -> None:
    header = "static inline bool *map_first(int a)\n{\nALWAYS_INLINE int node_next(void)\n{\n"
    assert unprefixed({"map": inline_functions(header)}) == ["map: node_next"]


def missing(page: str) -> list[str]:
    """Files and functions in code on the page that the runtime does not have."""
    sources = [*SRC.rglob("*.[ch]"), *(ROOT / "runtime/explore").rglob("*.[ch]"),
               *(ROOT / "runtime/include/berth").glob("*.h"), ROOT / "runtime/library.c",
               *(ROOT / "runtime/testing/include/berth").glob("*.h"),
               *(ROOT / "contrib/sqlite/include").glob("*.h")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    code = re.findall(r"`([^`\n]+)`", page)
    files = {name for span in code for name in re.findall(r"^(?:\w+/)*(\w+\.[ch])$", span)}
    functions = {name for span in code for name in re.findall(r"^(\w+)\(\)$", span)}
    specs = "|".join(path.stem for path in (ROOT / "spec").glob("*.yaml"))
    return sorted(files - {path.name for path in sources}) + sorted(
        name for name in functions
        if not re.match(rf"(?:{specs})_", name) and not re.search(rf"\b{name}\(", text))


def test_the_page_of_the_architecture_names_what_the_runtime_has() -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    section = page[page.index("## The runtime"):page.index("## Testing support")]
    assert len(re.findall(r"`\w+\(\)`", section)) > 20
    assert missing(section) == []


def test_what_the_runtime_does_not_have_is_found() -> None:
    assert missing("`queue.c` has `queue_enter()`, `queue_jump()` is in `src/jump.c`") == [
        "jump.c", "queue_jump"
    ]


def test_files_that_include_each_other_are_found() -> None:
    a, b, c = Path("core/a.h"), Path("core/b.h"), Path("core/c.h")
    assert circle({c: [a], a: [b], b: []}) == []
    assert sorted(circle({c: [a], a: [b], b: [a]})) == ["core/a.h", "core/b.h"]
