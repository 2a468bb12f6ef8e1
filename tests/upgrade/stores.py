"""Stores that a manager leaves after a random play, and what another version of it makes of them.

The C side is keep.c: a simulator whose store is a file.
"""
from __future__ import annotations

import errno
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("gen", "tests/support", "tests/differential")]

from berthc.diff.loadable import Bar  # noqa: E402
from berthc.emit import c, sim  # noqa: E402
from berthc.model import Manager  # noqa: E402
from berthc.pipeline import search_text  # noqa: E402
from berthc.sim.server import Simulator  # noqa: E402
from berthc.stored.load import Rows, is_same_spec, loaded  # noqa: E402
from berthc.stored.reading import Stored, read_store  # noqa: E402
from berthc.stored.upgrade import Flaw, Refused  # noqa: E402
from programs import build_dir, program  # noqa: E402
from scripts import Request, Writer  # noqa: E402

WRAPPED = ("berth_sim_run", "berth_memory_store_make", "berth_memory_store_functions",
           "berth_memory_store_free", "berth_stored_open")


def stored(text: str, name: str = "spec.yaml") -> Manager:
    """The spec, with a store. Values that a crash loses are looked at no further."""
    _, manager = search_text(name, text + ("" if "\nstore:" in text else "\nstore: true\n"))
    assert manager is not None, name
    return replace(manager, limits=None)  # with limits nobody has an owner


def keeper(manager: Manager, folder: Path) -> Path:
    """The program that keeps its manager in a file."""
    build = build_dir()
    return program(
        folder, "keep", {**c.files(manager), **sim.files(manager)},
        f"-I{ROOT}/runtime/testing", f"-I{ROOT}/contrib/sqlite/include",
        *(f"-Wl,--wrap={name}" for name in WRAPPED), str(ROOT / "tests/upgrade/keep.c"),
        *(str(build / f"libberth{name}.a") for name in ("-testing", "", "-sqlite")), "-lsqlite3",
    )


def run(command: Path, file: Path, script: list[Request]) -> list[dict[str, Any]]:
    done = subprocess.run([str(command)], text=True, capture_output=True, timeout=60,
                          input="".join(json.dumps(request) + "\n" for request in script),
                          env={**os.environ, "BERTH_FILE": str(file)}, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@dataclass(frozen=True)
class Kept:
    """A store, and how its manager was made."""

    file: Path
    new: Request
    script: list[Request]
    rows: Stored


@dataclass(frozen=True)
class Verdict:
    """Why a store is refused, as errors of C tell it."""

    code: int
    reason: str
    resource: str = ""
    row: str = ""
    field: str = ""


def plays(manager: Manager, command: Path, rng: random.Random, folder: Path) -> Iterator[Kept]:
    """Stores of random plays. Some end with a process that died."""
    number = 0
    folder.mkdir(exist_ok=True, parents=True)
    while True:
        simulator = Simulator(manager)

        def answer(request: Request | str, simulator: Simulator = simulator) -> dict[str, Any]:
            return simulator.answer(json.dumps(request).encode())

        writer = Writer(manager, rng, answer)
        writer.width, writer.peace = rng.choice((1, 2, 3, 60)), rng.choice((0.5, 0.9))
        new = writer.new()
        script: list[Request | str] = [new]
        given = answer(new)
        if not given["ok"]:
            continue
        writer.learn(given)
        for _ in range(rng.choice((0, 1, 2, 4, 8, 16, 30, 60))):
            request = writer.request(script)
            if not isinstance(request, dict) or request["op"] in ("new", "discard"):
                continue
            if request["op"] == "drain" and rng.random() < 0.7:
                continue
            script.append(writer.with_store(request))
            if rng.random() < 0.04:
                script[-1] = {**request, "die": 1}
            given = answer(script[-1])
            writer.learn(given)
            if given["error"] == "EOWNERDEAD" and rng.random() < 0.5:
                break  # a call may have been under way
        number += 1
        file = folder / f"{number}.db"
        kept = [one for one in script if isinstance(one, dict)]
        run(command, file, kept)
        yield Kept(file, new, kept, read_store(str(file)))


def copied(file: Path, to: Path) -> Path:
    """A store with what belongs to it."""
    for end in ("", "-wal"):
        source = file.with_name(file.name + end)
        if source.exists():
            to.with_name(to.name + end).write_bytes(source.read_bytes())
    return to


def options_of(kept: Kept, old: Manager, new: Manager, rng: random.Random,
               odd: float = 0.03) -> Request:
    """The `new` request for another version: the options and hooks that it had, by today's
    names. With the probability `odd`, something is otherwise."""
    given = {}
    for option in new.options:
        for was in old.options:
            known = was.name == option.name or was.name in option.was
            if known and was.name in kept.new.get("options", {}):
                given[option.name] = kept.new["options"][was.name]
        if rng.random() < odd and option.range is not None:
            given[option.name] = option.range[1]
    gone = {h.name for h in old.hooks if h.name in kept.new.get("without", ())}
    without = [h.name for h in new.hooks if gone.intersection((h.name, *h.was))]
    if rng.random() < odd:
        without = []
    sets = [one for one in new.left_out if set(one) <= set(without)]
    return {"op": "new", "options": given, "without": [h for one in sets for h in one]}


HEADER = (Bar.MANAGER, Bar.OPTION, Bar.WITHOUT, Bar.WITH, Flaw.FORMAT)


def verdict(kept: Kept, new: Manager, request: Request) -> Verdict | Rows:
    """What Python makes of the rows: a refusal as C tells it, or the rows as C has them then."""
    same = is_same_spec(kept.rows, new)
    if kept.rows.damaged:
        return Verdict(errno.EBADMSG, f"the store cannot be {'loaded' if same else 'opened'}")
    try:
        return loaded(kept.rows, new, request["options"], request["without"])
    except Refused as refused:
        r = refused.refusal
    hook = r.bar in (Bar.WITHOUT, Bar.WITH, Bar.INTENT)
    code = errno.EBADMSG if same and r.bar not in HEADER else errno.EINVAL
    return Verdict(code, r.bar.value, r.resource, _cut(r.row), "" if hook else r.name)


def _cut(row: str) -> str:
    """As errors have it: BERTH_ERROR_KEY_SIZE is 96."""
    data = row.encode()
    return row if len(data) < 96 else data[:92].decode(errors="ignore") + "..."


def opened(command: Path, file: Path, request: Request) -> Verdict | dict[str, Any]:
    """What C makes of them: its refusal, or its answer to the request."""
    told = run(command, file, [request])[0]
    if "reason" not in told:
        return told
    return Verdict(told["code"], *(told[name] or "" for name in ("reason", "resource", "key",
                                                                 "field")))


def difference(kept: Kept, new: Manager, command: Path, request: Request) -> str | None:
    """What C and Python do not agree about; None: nothing. The store may be changed."""
    expected = verdict(kept, new, request)
    told = opened(command, kept.file, request)
    after = read_store(str(kept.file))
    if isinstance(expected, Verdict) or isinstance(told, Verdict):
        # C tells of the first bad row, which may come before one that is damaged
        first = (kept.rows.damaged and isinstance(told, Verdict)
                 and told.code in (errno.EBADMSG, errno.EINVAL))
        if told != expected and not first:
            return f"Python: {expected}\nC: {told}"
        if after.tables != kept.rows.tables or (
                expected.code == errno.EINVAL and after.header != kept.rows.header):
            return f"refused with {expected}, and the file has changed"
        return None
    for table, wanted in expected.items():
        if after.tables[table] != wanted:
            return f"{table}: Python has\n{wanted}\nand C\n{after.tables[table]}"
    again = opened(command, kept.file, request)
    if isinstance(again, Verdict) or again["state"] != told["state"]:
        return f"opened again: {again}\nand at first: {told}"
    return None
