"""Runs of the operations, as one caller meets them: what a sequence diagram tells.

The walk keeps to semantics.md, with the simplification that a diagram wants: one caller, one
instance per level, every hook present, and everybody else's holds summed up as `shared`. From
nothing tracked it tries each operation in each world it can get to, with each outcome of each call.
It gives no answer that anything depends on; a test holds each run against `berthc.semantics`, which
does.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from berthc.model import Form, Manager, Operation, Step

from berthc.emit.diagram.life import FAILURES

Choose = Callable[[int], int]


@dataclass(frozen=True)
class Level:
    """One instance of the path: its state, whether the caller's reservation holds it, and anonymous
    references."""

    state: str
    held: bool = False
    refs: int = 0


@dataclass(frozen=True)
class World:
    """What is tracked, root first (None: nothing), and whether there is a reservation. `shared`:
    others hold it all."""

    levels: tuple[Level | None, ...]
    reservation: bool = False
    shared: bool = False


@dataclass(frozen=True)
class Entry:
    """Something that a run did at one resource.

    kind: "make" and "find" (with the state), "row" (a row ran: event, call and outcome where it has
    a call, old and new state), "reject" (error), "skip" (no hold left), "keep" (somebody else holds
    it; the caller's hold goes), "end" (a final state was reached).
    """

    kind: str
    resource: str
    state: str = ""
    event: str = ""
    call: str = ""
    outcome: str = ""
    after: str = ""
    error: str = ""
    row: int = 0  # position among the rows of the cell


@dataclass(frozen=True)
class Run:
    operation: Operation
    before: World
    after: World
    entries: tuple[Entry, ...]
    error: str = ""  # the hook whose error is returned, or an errno name; empty: it went well
    hook_error: bool = False

    @property
    def calls(self) -> tuple[Entry, ...]:
        return tuple(e for e in self.entries if e.call)


class _Stop(Exception):
    """A step failed: the operation ends here."""


class _Walk:
    """One run; `choose(n)` picks one of n ways where the spec leaves it open (guards, outcomes)."""

    def __init__(
        self,
        manager: Manager,
        operation: Operation,
        path: tuple[str, ...],
        world: World,
        choose: Choose,
    ) -> None:
        self.manager = manager
        self.operation = operation
        self.path = path
        self.before = world
        self.levels = list(world.levels)
        self.choose = choose
        self.entries: list[Entry] = []
        self.error = ""
        self.hook_error = False

    def run(self) -> Run | None:
        """The run, or None where the operation does not apply to this world."""
        if not self._applies():
            return None
        reservation = self.before.reservation
        try:
            self._get_at()
            for step in self.operation.steps:
                self._step(step)
            if self.operation.gives:
                self.levels = [
                    replace(x, held=True) if x is not None else None for x in self.levels
                ]
            reservation = (reservation or self.operation.gives) and not self.operation.ends
        except _Stop:
            pass
        after = World(tuple(self.levels), reservation, self.before.shared)
        if self.error and not any(e.call for e in self.entries):
            after = self.before  # atomic until the first call
        return Run(
            self.operation, self.before, after, tuple(self.entries), self.error, self.hook_error
        )

    def _applies(self) -> bool:
        form, world = self.operation.form, self.before
        if form is Form.WITH:
            begun = any(x is None or not x.held for x in world.levels[:len(self.operation.path)])
            return world.reservation and (self.operation.ends or not begun)
        if form is Form.OBTAIN:
            return not (self.operation.gives and world.reservation)
        last = len(self.operation.path) - 1
        if form is Form.CREATE:
            return all(x is not None for x in world.levels[:last]) and world.levels[last] is None
        return all(x is not None for x in world.levels[:last + 1])

    def _get_at(self) -> None:
        for n, name in enumerate(self.operation.path):
            resource = self.manager.resource(name)
            level = self.levels[n]
            if level is None and self.operation.form is Form.WITH:
                continue  # a reservation never makes anything
            if level is None:
                made = self.operation.enter if self.operation.form is Form.CREATE else None
                level = self.levels[n] = Level(made or resource.initial)
                self.entries.append(Entry("make", name, level.state))
            else:
                self.entries.append(Entry("find", name, level.state))
            if self.operation.gives and resource.take is not None:
                self._event(n, resource.take)

    def _step(self, step: Step) -> None:
        n = self.path.index(step.resource)
        resource = self.manager.resource(step.resource)
        level = self.levels[n]
        if level is None or (self.operation.form is Form.WITH and not level.held):
            self.entries.append(
                Entry("skip", step.resource, "" if level is None else level.state, step.event)
            )
            return
        drops = step.event == resource.drop
        if drops and self._somebody_else(n, level):
            self.entries.append(Entry("keep", step.resource, level.state, step.event))
            self.levels[n] = self._without_hold(level)
            return
        try:
            self._event(n, step.event)
            level = self.levels[n]
            assert level is not None
            if drops:
                self.levels[n] = self._without_hold(level)
            elif step.event == resource.take and self.operation.form is not Form.WITH:
                self.levels[n] = replace(level, refs=level.refs + 1)
        finally:
            level = self.levels[n]
            if level is not None and resource.state(level.state).final:
                self.entries.append(Entry("end", step.resource, level.state))
                self.levels[n] = None

    def _without_hold(self, level: Level) -> Level:
        """Without the caller's own: its reservation's hold, or an anonymous reference."""
        if self.operation.form is Form.WITH:
            return replace(level, held=False)
        return replace(level, refs=max(0, level.refs - 1))

    def _somebody_else(self, n: int, level: Level) -> bool:
        child = n + 1 < len(self.levels) and self.levels[n + 1] is not None
        mine = self.operation.form is Form.WITH
        others = level.refs if mine else max(0, level.refs - 1) + level.held
        return self.before.shared or child or others > 0

    def _event(self, n: int, event: str) -> None:
        level, name = self.levels[n], self.path[n]
        assert level is not None
        resource = self.manager.resource(name)
        rows = resource.rows(level.state, event)
        if not rows:
            self._reject(
                Entry("reject", name, level.state, event, error=resource.otherwise or "no row")
            )
        pick = self.choose(len(rows))
        row = rows[pick]
        if row.reject is not None:
            self._reject(Entry("reject", name, level.state, event, error=row.reject, row=pick))
        targets = row.targets()
        outcome, target = targets[self.choose(3)] if row.hook else targets[0]
        self.entries.append(
            Entry(
                "row",
                name,
                level.state,
                event,
                row.hook or "",
                outcome if row.hook else "",
                target.state,
                row=pick,
            )
        )
        failed = outcome in FAILURES
        if failed and not self.error:
            self.error, self.hook_error = row.hook or "", True
        self.levels[n] = replace(level, state=target.state)
        if target.raise_event is not None:
            self._event(n, target.raise_event)
        if failed:
            raise _Stop

    def _reject(self, entry: Entry) -> None:
        self.entries.append(entry)
        if not self.error:
            self.error = entry.error
        raise _Stop


def runs(manager: Manager, operation: Operation, path: tuple[str, ...], world: World) -> list[Run]:
    """Every run of the operation in the world, the one where all goes well first."""
    done: list[Run] = []
    prefixes: list[list[int]] = [[]]
    while prefixes:
        prefix = prefixes.pop()
        taken: list[tuple[int, int]] = []

        def choose(
            ways: int, prefix: list[int] = prefix, taken: list[tuple[int, int]] = taken
        ) -> int:
            pick = prefix[len(taken)] if len(taken) < len(prefix) else 0
            taken.append((pick, ways))
            return pick

        run = _Walk(manager, operation, path, world, choose).run()
        if run is None:
            return []
        done.append(run)
        for n in reversed(range(len(prefix), len(taken))):
            prefixes += [
                [p for p, _ in taken[:n]] + [other] for other in reversed(range(1, taken[n][1]))
            ]
    return done


def all_runs(manager: Manager, path: tuple[str, ...]) -> list[tuple[int, Run]]:
    """Each run in each world that one caller can get to, with the number of failed calls that led
    to that world.

    Worlds come in order of failures, then of operations: what is shown first is what needs least to
    happen. References are counted up to one; more of them are what `shared` stands for.
    """
    operations = [o for o in manager.operations if path[:len(o.path)] == o.path]
    start = World((None,) * len(path))
    queues: list[list[World]] = [[start]]
    seen: set[World] = set()
    found: list[tuple[int, Run]] = []
    failures = 0
    while failures < len(queues):
        queue = queues[failures]
        while queue:
            world = queue.pop(0)
            if world in seen:
                continue
            seen.add(world)
            for operation in operations:
                for run in runs(manager, operation, path, world):
                    found.append((failures, run))
                    bad = failures + any(e.outcome in FAILURES for e in run.calls)
                    while len(queues) <= bad:
                        queues.append([])
                    if all(x is None or x.refs < 2 for x in run.after.levels):
                        queues[bad].append(run.after)
        failures += 1
    return found
