"""Kills the process of stored managers at every commit and in every hook of random scripts, and
compares what comes back with the model.

Scripts come from the model, which is asked about each request as it is made. For each request, and
each moment in it, one script dies there, recovers, goes on, and lets everything go. The C side is
lives.c: its processes really die, and its backend outlives them. Afterwards that backend must be
empty.
"""
from __future__ import annotations

import argparse
import copy
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("gen", "tests/support", "tests/differential")]

from berthc.emit import c, sim  # noqa: E402
from berthc.model import AssignedKind, Form, Manager  # noqa: E402
from berthc.pipeline import search_text  # noqa: E402
from berthc.sim.server import Simulator  # noqa: E402
from differ import same  # noqa: E402
from programs import build_dir, program  # noqa: E402
from scripts import Request, Writer  # noqa: E402
from shrink import shrink  # noqa: E402
from stored_text import with_store  # noqa: E402

Answer = dict[str, Any]
Effect = tuple[str, str]

WRAPPED = ("berth_sim_run", "berth_sim_hook_called", "berth_sim_settle_called",
           "berth_memory_store_make", "berth_memory_store_functions", "berth_memory_store_free",
           "sim_new", "sim_resize", "sim_free", "berth_store_committed")
EXTRAS = ("die", "lost", "torn", "stale", "effect", "full", "quiet")
ANY = "any"
BATCH = 150  # scripts for one run of the C program


def stored(path: Path) -> Manager:
    """The spec, with a store. Values that a crash loses are looked at no further."""
    _, manager = search_text(path.name, with_store(path.read_text(encoding="utf-8")))
    assert manager is not None, path
    return manager


def command(program: Path, background: bool) -> list[str]:
    """Runs the program. `background`: a thread of the store makes the commits."""
    return [*(("env", "BERTH_BACKGROUND=1") if background else ()), str(program)]


def lives(manager: Manager, folder: Path) -> Path:
    """The program whose processes die."""
    build = build_dir()
    return program(
        folder, "lives", {**c.files(manager), **sim.files(manager)},
        f"-I{ROOT}/runtime/testing", f"-I{ROOT}/contrib/sqlite/include",
        *(f"-Wl,--wrap={name}" for name in WRAPPED), str(ROOT / "tests/killing/lives.c"),
        *(str(build / f"libberth{name}.a") for name in ("-testing", "", "-sqlite")), "-lsqlite3",
    )


class Backend:
    """What is in effect. lives.c does the same, in memory that outlives its processes."""

    def __init__(self, manager: Manager) -> None:
        self.undoes = {hook.name: hook.undoes for hook in manager.hooks if hook.undoes}
        self.asks = {hook.name: hook.asks for hook in manager.hooks if hook.asks}
        self.there: set[Effect] = set()
        self._effects = {name for names in self.undoes.values() for name in names}
        self._outs = {leaf for r in manager.resources for a in r.assigned
                      if a.kind is AssignedKind.HOOK for leaf in a.leaves}
        self._uncertain = 0

    def copy(self) -> Backend:
        other = copy.copy(self)
        other.there = set(self.there)
        return other

    def has(self, hook: str, args: Answer) -> bool:
        return (hook, self._of(args)) in self.there

    def effect(self, call: Answer) -> None:
        of = self._of(call["args"])
        for name in self.undoes.get(call["hook"], ()):
            self.there.discard((name, of))
        if call["hook"] in self._effects:
            self.there.add((call["hook"], of))

    def end(self, call: Answer) -> None:
        """A call has ended. Every other uncertain one has taken effect."""
        self._uncertain += call["outcome"] == "uncertain"
        if call["outcome"] == "ok" or (call["outcome"] == "uncertain" and self._uncertain % 2):
            self.effect(call)

    def _of(self, args: Answer) -> str:
        return json.dumps({name: value for name, value in args.items() if name not in self._outs})


@dataclass
class Course:
    """A script, as far as it goes: what the model makes of it, and what the backend has then."""

    manager: Manager
    model: Simulator
    backend: Backend
    lines: list[Request] = field(default_factory=list)
    expected: list[Answer] = field(default_factory=list)
    last: Answer = field(default_factory=dict)
    kills: int = 0
    pending: Answer | None = None
    settled: bool = True  # something was committed since the last death: no intent is left

    @staticmethod
    def begin(manager: Manager) -> Course:
        return Course(manager, Simulator(manager), Backend(manager))

    def fork(self, quiet: bool = False) -> Course:
        lines = [{**line, "quiet": True} for line in self.lines] if quiet else list(self.lines)
        return Course(self.manager, self.model.again(), self.backend.copy(), lines,
                      [] if quiet else list(self.expected), self.last, self.kills,
                      None, self.settled)

    @property
    def state(self) -> Answer:
        state: Answer = self.last["state"]
        return state

    @property
    def empty(self) -> bool:
        return not any(self.state.values())

    def play(self, line: Request) -> Answer:
        """One more line of lives.c."""
        self.lines.append(line)
        request = {name: value for name, value in line.items() if name not in EXTRAS}
        if line["op"] == "restart":
            self.kills += 1
            self.expected.append({"held": self._held(),
                                  "rows": 0 if self.empty and self.settled else None,
                                  "state": self.state})
            return self.last
        if line["op"] in ("crowd", "let_go"):  # the model does not know what comes of it
            self.kills += "die" in line or "in_hook" in line
            self.expected.append({line["op"]: ANY})
            return self.last
        if line["op"] == "holds":
            self.expected.append({"holds": sorted(hook for hook, _ in self.backend.there)})
            return self.last
        answer = self._answer(line, request)
        self.kills += answer["error"] == "EOWNERDEAD"
        if "quiet" not in line:
            self.expected.append(answer)
        if "message" not in answer:
            if answer["error"] == "EOWNERDEAD":
                self.settled = False
            elif self.last and answer["state"] != self.state:
                self.settled = True
            self.last = answer
            for call in answer["calls"]:
                self.backend.end(call)
            if self.pending is not None:  # it has taken effect, and has not ended
                self.backend.effect(self.pending)
                self.pending = None
        return answer

    def _held(self) -> list[int]:
        """Which levels each reservation holds, as bits."""
        assert self.model._world is not None
        state = self.model._world._state
        return [sum(1 << level for level, (held, id_) in enumerate(zip(r.held, r.path))
                    if held and id_ in state.items)
                for r in state.reservations.values()]

    def _answer(self, line: Request, request: Request) -> Answer:
        if "die" not in line:
            answer = self._take(request)[0]
            if "full" in line and answer["error"] == "EIO" and not answer["where"]:
                return {**answer, "error": "EFBIG"}
            return answer
        k = line["die"]
        if any(how in line for how in ("lost", "torn", "stale")):
            return self._lost(request, k)
        model, answer = self._try({**request, "die": k})
        if answer["error"] != "EOWNERDEAD":
            return self._take(request)[0]
        if "effect" in line:
            calls = self.calls(request, k + 1)
            if len(calls) == len(answer["calls"]):  # there is no hook to die in
                return self._lost(request, k + 1)
            self.pending = calls[len(answer["calls"])]
        self.model = model
        return answer

    def _lost(self, request: Request, k: int) -> Answer:
        """The k-th commit is not made: as if the one before were the last, but for a call that has
        ended since."""
        dead = self._try({**request, "die": k})[1]
        if dead["error"] != "EOWNERDEAD":
            return self._take(request)[0]
        before = max(k - 1, 0)
        if before and request["op"] not in ("drain", "recover"):
            return self._take({**request, "refuse": k})[0]
        answer = self._take({**request, "die": before})[0]
        return {**answer, "calls": dead["calls"]}

    def calls(self, request: Request, k: int) -> list[Answer]:
        """The calls that ended before the k-th commit, or all."""
        answer = self._try({**request, "die": k})[1]
        if answer["error"] != "EOWNERDEAD":
            answer = self._try(request)[1]
        calls: list[Answer] = answer.get("calls", [])
        return calls

    def _try(self, request: Request) -> tuple[Simulator, Answer]:
        model = self.model.again()
        return model, model.answer(json.dumps(request).encode())

    def _take(self, request: Request) -> tuple[Answer, Simulator]:
        return self.model.answer(json.dumps(request).encode()), self.model

    # Making requests

    def honest(self, request: Request) -> Request:
        """The request, whose hooks that ask tell what is there."""
        asks = self.backend.asks
        fail = [entry for entry in request.get("fail", ())
                if (entry if isinstance(entry, str) else entry["hook"]) not in asks
                or not isinstance(entry, str) and entry.get("outcome", "unknown") == "unknown"]
        while True:
            request = {name: value for name, value in request.items() if name != "fail"}
            request |= {"fail": fail} if fail else {}
            entry = self._lie(request)
            if entry is None:
                return request
            fail = [entry, *fail]

    def _lie(self, request: Request) -> Request | None:
        backend = self.backend.copy()
        nth: dict[str, int] = {}
        for call in self._try(request)[1].get("calls", ()):
            hook = call["hook"]
            nth[hook] = nth.get(hook, 0) + 1
            if call["outcome"] in ("yes", "no"):
                there = any(backend.has(name, call["args"]) for name in backend.asks[hook])
                if there != (call["outcome"] == "yes"):
                    return {"hook": hook, "nth": nth[hook], "outcome": "yes" if there else "no"}
            backend.end(call)
        return None

    def moments(self, request: Request) -> list[Request]:
        """The request, dying at each moment."""
        found: list[Request] = []
        for k in count():
            answer = self._try({**request, "die": k})[1]
            if answer["error"] != "EOWNERDEAD":
                return found
            if k > 1:
                found.append({**request, "die": k, "lost": True})
                found.append({**request, "die": k, "torn": 1 + k % 2})
            if k:
                found.append({**request, "die": k, "stale": True})
                found.append({**request, "refuse": k})
                found.append({**request, "refuse": k, "full": True})
            found.append({**request, "die": k})
            if k and len(self.calls(request, k + 1)) > len(answer["calls"]):
                found.append({**request, "die": k, "effect": True})
        return []


class Killer:
    """Makes scripts that die. `rng` decides everything."""

    def __init__(self, manager: Manager, rng: random.Random) -> None:
        self.manager = manager
        self.rng = rng
        self.leaks: list[list[Request]] = []
        self.kept = 0  # scripts at whose end something was still tracked

    def scripts(self) -> Iterator[Course]:
        """One random script, and all that die in it; and some crowds."""
        rng, course = self.rng, Course.begin(self.manager)
        writer = Writer(self.manager, rng, lambda _: {})
        writer.width, writer.peace = rng.choice((1, 2, 2)), rng.choice((0.4, 0.7, 0.95))
        new = writer.new()
        if "message" in course.play(new):
            return
        writer.learn(course.last)
        ways: list[tuple[Course, Request]] = []
        for _ in range(rng.choice((4, 8, 12))):
            request = self._request(writer, course)
            if request is None:
                continue
            ways.append((course.fork(quiet=True), request))
            writer.learn(course.play(request))
        ways.append((course.fork(quiet=True), course.honest({"op": "drain"})))
        yield self._end(course)
        for i, (before, request) in enumerate(ways):
            for dying in before.moments(request):
                dead = before.fork()
                dead.play(dying)
                self._recover(dead)
                if rng.random() < 0.6:  # the caller asks again
                    dead.play(dead.honest({name: value for name, value in request.items()
                                           if name != "fail"}))
                for _, later in ways[i + 1:i + 2]:
                    dead.play(dead.honest(later))
                yield self._end(dead)
        yield from (self.crowd() for _ in range(6))

    def crowd(self) -> Course:
        """Threads that do much at once, and die. What comes back is not known, but that it can be
        let go, and that nothing is left then."""
        rng, course = self.rng, Course.begin(self.manager)
        writer = Writer(self.manager, rng, lambda _: {})
        writer.width = rng.choice((1, 2, 4, 8))
        course.play({"op": "new"})
        threads = [[request for job in range(rng.choice((2, 4, 6)))
                    for request in self._job(writer, course, f"t{thread}-{job}")]
                   for thread in range(rng.choice((2, 4, 4)))]
        how = ({"die": rng.randint(1, 60), "lost": True}, {"die": rng.randint(1, 60)},
               {"die": rng.randint(1, 60), "torn": 2}, {"in_hook": rng.randint(1, 30)})
        course.play({"op": "crowd", "threads": threads, **rng.choice(how)})
        if rng.random() < 0.5:
            course.play({"op": "let_go", **rng.choice(({"die": rng.randint(1, 8)},
                                                       {"in_hook": rng.randint(1, 4)}))})
        course.play({"op": "let_go"})
        course.play({"op": "restart"})
        course.play({"op": "holds"})
        return course

    def _job(self, writer: Writer, course: Course, label: str) -> list[Request]:
        """What one caller does with one reservation, or without."""
        makes = [o for o in self.manager.operations if o.form is not Form.WITH]
        uses = [o for o in self.manager.operations if o.form is Form.WITH]
        first = self.rng.choice(makes)
        job = [writer.operation(first)]
        if self.manager.has_owner(first):
            job[0]["owner"] = label
        if first.gives:
            job[0]["id"] = label
            job += [{"op": o.name, "reservation": label}
                    for o in self.rng.choices(uses, k=self.rng.choice((1, 2, 3)))]
        return [request for request in job if "message" not in course.fork().play(request)]

    def _request(self, writer: Writer, course: Course) -> Request | None:
        request = writer.request([{"op": "new"}])
        if isinstance(request, str) or request["op"] in ("new", "discard"):
            return None
        operation = next((o for o in self.manager.operations if o.name == request["op"]), None)
        if operation is not None and self.manager.has_owner(operation):
            request["owner"] = self.rng.choice("ab")
        if operation is not None and operation.gives and self.rng.random() < 0.15:
            request["id"] = self.rng.choice(("mine", "r1", "r2"))
        if "message" in course.fork().play(request):
            return None
        return course.honest(request)

    def _recover(self, course: Course) -> None:
        """Recovers, and may die in it."""
        request = course.honest({"op": "recover"})
        while self.rng.random() < 0.4 and (moments := course.moments(request)):
            course.play(self.rng.choice(moments))
            request = course.honest({"op": "recover"})
        course.play(request)

    def _end(self, course: Course) -> Course:
        """Lets everything go, and may die in it."""
        course.play({"op": "restart"})
        for attempt in range(6):
            let_go = attempt > 0 or self.rng.random() < 0.7
            ends = [*self._ends(course), *self._drops(course)] if let_go else []
            risk = 0.0 if attempt > 2 else 0.15 if let_go else 0.6
            for request in [*ends, {"op": "drain"}]:
                request = course.honest(request)
                if self.rng.random() < risk and (moments := course.moments(request)):
                    course.play(self.rng.choice(moments))
                    self._recover(course)
                else:
                    course.play(request)
            if course.empty:
                break
        course.play({"op": "restart"})
        course.play({"op": "holds"})
        if course.empty and course.backend.there:
            self.leaks.append(course.lines)
        if not course.empty:  # some instances are for good
            self.kept += 1
            course.play({"op": "discard"})
            course.play({"op": "restart"})
        return course

    def _ends(self, course: Course) -> list[Request]:
        ends = [o for o in self.manager.operations if o.form is Form.WITH and o.ends]
        return [{"op": self.rng.choice(ends).name, "reservation": label}
                for label in course.state["reservations"] if ends]

    def _drops(self, course: Course) -> list[Request]:
        """Each owner lets its references go."""
        found: list[Request] = []
        for operation in self.manager.operations:
            drops = any(step.event == self.manager.resource(step.resource).drop
                        for step in operation.steps)
            if operation.form is not Form.FIND or operation.by or not drops:
                continue
            ways: list[tuple[Request, Answer]] = [({"op": operation.name}, course.state)]
            for name in operation.path:
                keys = self.manager.resource(name).key
                ways = [({**request, name: {key: item[key] for key in keys}}, item)
                        for request, holder in ways for item in holder.get(name, ())]
            found += [{**request, "owner": owner}
                      for request, item in ways for owner in item.get("owners", ())]
        return found


def run(command: Sequence[str], manager: Manager, scripts: Sequence[Sequence[Request]]) -> \
        list[list[str]]:
    """What the C program answers to each script."""
    config = {which: {hook.name: list(getattr(hook, which)) for hook in manager.hooks}
              for which in ("undoes", "asks")}
    text = "\n".join([json.dumps(config), "",
                      *(line for script in scripts
                        for line in [*(json.dumps(request) for request in script), ""]), ""])
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False,
                          timeout=900)
    answers: list[list[str]] = [[]]
    for line in done.stdout.decode("utf-8", "replace").removesuffix("\n").split("\n"):
        if line:
            answers[-1].append(line)
        else:
            answers.append([])
    if done.returncode != 0:
        answers[-1].append(f"exit status {done.returncode}: {done.stderr.decode()[-2000:]}")
    return answers + [[]] * (len(scripts) - len(answers))


def _alike(given: str, expected: Answer) -> bool:
    try:
        value = json.loads(given)
    except ValueError:
        return False
    if ANY in expected.values():
        return bool(value.keys() == expected.keys())
    if "holds" in expected:
        return isinstance(value.get("holds"), list) and sorted(value["holds"]) == expected["holds"]
    if "rows" in expected and expected["rows"] is None:
        value["rows"] = None
    return same(json.dumps(value), json.dumps(expected))


def difference(given: Sequence[str], course: Course) -> int | None:
    """The first answer that differs."""
    for i, (left, right) in enumerate(zip(given, course.expected)):
        if left != json.dumps(right, separators=(",", ":"), ensure_ascii=False) and \
                not _alike(left, right):
            return i
    if len(given) == len(course.expected):
        return None
    return min(len(given), len(course.expected))


def replay(manager: Manager, script: Sequence[Request]) -> Course:
    course = Course.begin(manager)
    for line in script:
        course.play(line)
    return course


def differs(command: Sequence[str], manager: Manager, script: Sequence[Request]) -> bool:
    if not script or script[0].get("op") != "new" or any("op" not in line for line in script):
        return False
    try:
        course = replay(manager, script)
    except (KeyError, TypeError):  # it is no script any more
        return False
    return difference(run(command, manager, [script])[0], course) is not None


def explain(command: Sequence[str], manager: Manager, script: Sequence[Request],
            given: Sequence[str]) -> str:
    """The script, made small, with both answers."""
    plain: list[Any] = [{name: value for name, value in line.items() if name != "quiet"}
                        for line in script]
    if any(line["op"] == "crowd" for line in plain):  # it may go well next time
        return "\n".join([*(json.dumps(line) for line in plain), *(f"  C: {c}" for c in given)])
    chosen = plain if differs(command, manager, plain) else list(script)
    end = time.monotonic() + 60
    small: Any = (shrink(chosen, lambda s: time.monotonic() < end
                         and differs(command, manager, s))  # type: ignore[arg-type]
                  if differs(command, manager, chosen) else chosen)
    course = replay(manager, small)
    given = run(command, manager, [small])[0]
    at = difference(given, course) or 0
    show = [json.dumps(line) for line in small]
    show.append(f"  C:     {given[at] if at < len(given) else 'no answer'}")
    show.append("  model: " + (json.dumps(course.expected[at], separators=(",", ":"))
                               if at < len(course.expected) else "no answer"))
    return "\n".join(show)


@dataclass
class Tally:
    """What a run did."""

    scripts: int = 0
    kills: int = 0
    kept: int = 0
    problem: str | None = None

    def show(self) -> str:
        return f"{self.scripts} scripts, {self.kills} kills, {self.kept} not let go"


def kill(manager: Manager, command: Sequence[str], seed: int, kills: int | None,
         seconds: float | None = None) -> Tally:
    """Kills that often or that long, or until something is wrong. The model makes scripts while
    the C program plays those before them."""
    tally, killer = Tally(), Killer(manager, random.Random(seed))
    end = None if seconds is None else time.monotonic() + seconds

    def enough() -> bool:
        return (kills is not None and tally.kills >= kills) or (
            end is not None and time.monotonic() >= end)

    def check(batch: Sequence[Course], answers: Sequence[Sequence[str]]) -> None:
        for course, given in zip(batch, answers):
            if tally.problem is None and difference(given, course) is not None:
                tally.problem = explain(command, manager, course.lines, given)

    with ThreadPoolExecutor(1) as pool:
        batch: list[Course] = []
        running = None
        while not enough() and tally.problem is None and not killer.leaks:
            for course in killer.scripts():
                batch.append(course)
                tally.scripts += 1
                tally.kills += course.kills
                if enough():
                    break
            if len(batch) >= BATCH or enough() or killer.leaks:
                if running is not None:
                    check(running[0], running[1].result())
                running = batch, pool.submit(run, command, manager, [c.lines for c in batch])
                batch = []
        if running is not None:
            check(running[0], running[1].result())
    tally.kept = killer.kept
    if tally.problem is None and killer.leaks:
        tally.problem = "the backend is not empty after\n" + "\n".join(
            json.dumps(line) for line in killer.leaks[0])
    return tally


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="Kill the process of each SPEC's manager.")
    parser.add_argument("specs", metavar="SPEC", nargs="+", type=Path)
    parser.add_argument("--kills", type=int, default=int(os.environ.get("BERTH_KILLS", "1000")),
                        help="for each spec (1000, or $BERTH_KILLS)")
    parser.add_argument("--seconds", type=float, help="for all specs together, instead of --kills")
    parser.add_argument("--seed", type=int, default=int(os.environ.get("BERTH_SEED", "1")))
    parser.add_argument("--background", action="store_true",
                        help="a thread of the store makes the commits")
    parser.add_argument("--replay", type=Path, help="play this script, and show both answers")
    options = parser.parse_args(arguments)
    status = 0
    for path in options.specs:
        manager = stored(path)
        with tempfile.TemporaryDirectory() as folder:
            run_lives = command(lives(manager, Path(folder)), options.background)
            if options.replay is not None:
                script = [json.loads(line) for line in options.replay.read_text().splitlines()
                          if line.startswith("{")]
                course = replay(manager, script)
                given = run(run_lives, manager, [script])[0]
                for left, right in zip(given, course.expected):
                    print(f"C:     {left}\nmodel: {json.dumps(right, separators=(',', ':'))}")
                status |= difference(given, course) is not None
                continue
            tally = (kill(manager, run_lives, options.seed, options.kills)
                     if options.seconds is None else
                     kill(manager, run_lives, options.seed, None,
                          options.seconds / len(options.specs)))
        print(f"{path}: {tally.show()}", flush=True)
        if tally.problem is not None:
            print(tally.problem)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
