"""Which events meet which states: the states that instances of a resource rest in, pushed through
the steps of every operation.

An operation is alone with its root, so what happens between its steps is seen by nobody; what
matters are the states in which it leaves an instance, and those it passes on the way. The analysis
follows both, and takes any hook to end in any way. It knows nothing of other callers but that an
instance may be held by them, and nothing of fields: it may think of more than can happen, never of
less.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from berthc.model import Form, Manager, Operation, Resource, Row, Step, Target

Cell = tuple[str, str]  # state, event
# state in which a chain of rows ends; did all of it end ok?; was anything called?
End = tuple[str, bool, bool]


def cycle(resource: Resource) -> list[tuple[Cell, Target]] | None:
    """A circle of raises: each cell with the target that raises the next one. None where there is
    none."""
    raised: dict[Cell, list[tuple[Cell, Target]]] = {}
    for state in resource.states:
        for row in state.rows:
            for _, target in row.targets():
                if target.raise_event is not None:
                    raised.setdefault((state.name, row.event),
                                      []).append(((target.state, target.raise_event), target))
    done: set[Cell] = set()
    for start in raised:
        path: list[tuple[Cell, Target]] = []
        on_path: dict[Cell, int] = {}
        stack: list[tuple[Cell, Iterator[tuple[Cell, Target]]]] = []
        current: Cell | None = start
        while current is not None:
            if current not in done and current not in on_path:
                on_path[current] = len(stack)
                stack.append((current, iter(raised.get(current, ()))))
            current = None
            while stack and current is None:
                cell, following = stack[-1]
                step = next(following, None)
                if step is None:
                    stack.pop()
                    del on_path[cell]
                    done.add(cell)
                    if path:
                        path.pop()
                elif step[0] in on_path:
                    first = on_path[step[0]]
                    return [(c, t) for (c, _), (_, t) in zip(stack[first:], [*path[first:], step])]
                elif step[0] not in done:
                    path.append(step)
                    current = step[0]
    return None


class Chains:
    """How the rows of a resource end, with all that they raise. The resource has no circle of
    raises."""

    def __init__(self, manager: Manager, resource: Resource) -> None:
        self.resource = resource
        self.cells: dict[Cell, list[Row]] = {}
        for state in resource.states:
            for row in state.rows:
                self.cells.setdefault((state.name, row.event), []).append(row)
        self.hooks = {h.name: h for h in manager.hooks}
        self._ends: dict[Cell, frozenset[End]] = {}

    def ends(self, cell: Cell) -> frozenset[End]:
        """Every way in which the event can end in the state. Raised rows come first, so that no
        recursion is needed."""
        waiting = [cell]
        while waiting:
            top = waiting[-1]
            if top in self._ends:
                waiting.pop()
                continue
            needed = [c for c in self.raised(top) if c not in self._ends]
            if needed:
                waiting.extend(needed)
            else:
                self._ends[top] = frozenset(self._compute(top))
                waiting.pop()
        return self._ends[cell]

    def raised(self, cell: Cell) -> list[Cell]:
        """The cells that a cell's rows raise."""
        return [(t.state, t.raise_event) for row in self.cells.get(cell, ())
                for _, t in row.targets() if t.raise_event is not None]

    def _compute(self, cell: Cell) -> Iterator[End]:
        rows = self.cells.get(cell)
        if not rows:
            yield cell[0], False, False  # a hole: `unhandled` tells; or rejected by `otherwise`
            return
        for row in rows:
            if row.reject is not None:
                yield cell[0], False, False
                continue
            hook = self.hooks.get(row.hook or "")
            if hook is not None and hook.absent is not None:
                yield cell[0], False, False
            for outcome, target in row.targets():
                called = {True} if row.hook is not None else {False}
                if (hook is not None and hook.optional and hook.absent is None
                    and outcome in ("ok", "unknown")):
                    called = {True, False}
                after = (self._ends[(target.state, target.raise_event)] if target.raise_event
                         else frozenset({(target.state, True, False)}))
                for state, ok, more in after:
                    for own in called:
                        yield state, ok and outcome in ("ok", "yes", "no"), own or more


@dataclass
class Flow:
    """What can happen to instances of one resource."""

    resource: Resource
    chains: Chains
    # states that instances rest in, in the order found
    rest: dict[str, None] = field(default_factory=dict)
    # cells that an operation or drain fires, with who does first
    fired: dict[Cell, str] = field(default_factory=dict)
    # cells that are raised, with the first target that does
    raised: dict[Cell, Target] = field(default_factory=dict)
    unheld: dict[str,
                 # states in which an operation leaves a new instance without a holder, with who
                 # does
                 str] = field(default_factory=dict)
    final: frozenset[str] = frozenset()

    def meets(self, cell: Cell) -> bool:
        """Can the event come in the state?"""
        return cell in self.fired or cell in self.raised

    def holes(self) -> list[Cell]:
        """Cells that an event meets and that have neither a row nor `otherwise`."""
        if self.resource.otherwise is not None:
            return []
        return [cell for cell in dict.fromkeys([*self.fired, *self.raised])
                if cell not in self.chains.cells and cell[0] not in self.final]

    @property
    def entered(self) -> set[str]:
        """States that an instance can be in, if only for a moment."""
        out = set(self.rest) | {state for state, _ in self.fired}
        for cell in (*self.fired, *self.raised):
            out.add(cell[0])
            out.update(t.state for row in self.chains.cells.get(cell, ()) for _, t in row.targets())
        return out


def calling(manager: Manager) -> dict[tuple[str, str], bool]:
    """For each resource and event: can a row for it, or one that it raises, call a hook?"""
    out: dict[tuple[str, str], bool] = {}
    for resource in manager.resources:
        rows = [row for state in resource.states for row in state.rows]
        calls = {row.event for row in rows if row.hook is not None}
        raising = {(row.event, target.raise_event) for row in rows for _, target in row.targets()
                   if target.raise_event is not None}
        while more := {event for event, raised in raising if raised in calls} - calls:
            calls |= more
        out.update({(resource.name, event): event in calls for event in resource.events})
    return out


def analyse(manager: Manager, resource: Resource, may_call: dict[tuple[str, str], bool]) -> Flow:
    """Runs every operation on a new instance, and then on each resting state that turns up.

    `may_call` says of a resource's event whether it can call a hook.
    What a set of states leads to is the union of what each leads to, so every state is run once.
    """
    flow = Flow(resource, Chains(manager, resource),
                final=frozenset(s.name for s in resource.states if s.final))
    runner = _Runner(flow, may_call)
    operations = [o for o in manager.operations if resource.name in o.path]
    for operation in operations:
        start = runner.made_in(operation)
        if start is not None:
            runner.run(operation, start)
    while runner.waiting:
        state = runner.waiting.pop(0)
        for operation in operations:
            if operation.form is not Form.CREATE or operation.target != resource.name:
                runner.run(operation, state)
        if resource.drop is not None:
            for end, _, _ in sorted(runner.fire(state, resource.drop, f"{manager.name}_drain")):
                runner.come_to_rest(end)
    for operation in operations:
        start = runner.made_in(operation)
        if start is not None and operation.target == resource.name and not operation.gives:
            runner.follow_new(operation, start)
    return flow


class _Runner:
    def __init__(self, flow: Flow, may_call: dict[tuple[str, str], bool]) -> None:
        self.flow, self.may_call = flow, may_call
        self.waiting: list[str] = []

    def made_in(self, operation: Operation) -> str | None:
        """The state in which the operation makes an instance; None where it makes none."""
        if operation.form is Form.OBTAIN:
            return self.flow.resource.initial
        return (operation.enter if operation.form is Form.CREATE
                and operation.target == self.flow.resource.name else None)

    def come_to_rest(self, state: str) -> None:
        if state not in self.flow.rest and state not in self.flow.final:
            self.flow.rest[state] = None
            self.waiting.append(state)

    def fire(self, state: str, event: str, by: str) -> frozenset[End]:
        """Fires an event at a resting state and notes every cell that it reaches."""
        cell = (state, event)
        if cell not in self.flow.fired:
            self.flow.fired[cell] = by
            waiting = [cell]
            while waiting:
                for row in self.flow.chains.cells.get(waiting.pop(), ()):
                    for _, target in row.targets():
                        if (target.raise_event is not None
                            and (target.state, target.raise_event) not in self.flow.raised):
                            self.flow.raised[(target.state, target.raise_event)] = target
                            waiting.append((target.state, target.raise_event))
        return self.flow.chains.ends(cell)

    def run(self, operation: Operation, start: str) -> None:
        """One operation on an instance in one state."""
        resource = self.flow.resource
        by = f"operation {operation.name}"
        here = {(start, False)}
        if operation.gives and resource.take is not None:
            here = {(state, called) for state, ok, called in self.fire(start, resource.take, by)
                    if ok}
        for step in operation.steps:
            here = self.step(step, here, operation, by)
        for state, _ in sorted(here):
            self.come_to_rest(state)

    def step(self, step: Step, here: set[tuple[str, bool]], operation: Operation,
             by: str) -> set[tuple[str, bool]]:
        """The states after a step that ended ok.

        Those in which it leaves the instance when it fails come to rest, unless nothing was called:
        then all is undone.
        """
        resource = self.flow.resource
        if step.resource != resource.name:
            if self.may_call.get((step.resource, step.event), False):
                here = {(state, True) for state, _ in here}
            for state, called in sorted(here):
                if called:
                    self.come_to_rest(state)
            return here
        after: set[tuple[str, bool]] = set()
        for start, before in sorted(here):
            for state, ok, called in sorted(self.fire(start, step.event, by)):
                if not ok and (before or called):
                    self.come_to_rest(state)
                elif ok and state not in self.flow.final:
                    after.add((state, before or called))
        if step.event == resource.drop:
            if operation.form is Form.WITH:
                # The reservation holds it no more: the steps that follow skip it, and so it stays
                # as it is.
                for state, _ in sorted(after | here):
                    self.come_to_rest(state)
                return set()
            after |= here
        return after

    def follow_new(self, operation: Operation, start: str) -> None:
        """Notes where an instance that this operation makes is left with no holder."""
        resource = self.flow.resource
        by = f"operation {operation.name}"
        here = {(start, False)}
        for step in operation.steps:
            if step.resource != resource.name:
                continue
            after: set[tuple[str, bool]] = set()
            for state, before in sorted(here):
                for end, ok, called in sorted(self.flow.chains.ends((state, step.event))):
                    if end in self.flow.final:
                        continue
                    if ok:
                        after.add((end, before or called))
                    elif before or called:
                        self.flow.unheld.setdefault(end, by)
            here = set() if step.event == resource.take else after
        for state, _ in sorted(here):
            self.flow.unheld.setdefault(state, by)
