"""A manager as the caller sees it: operations in, answers out."""
from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Any

from berthc.model import Manager, Operation
from berthc.semantics.drain import Drain
from berthc.semantics.journal import DIED, GOOD, Died, Fate, loaded
from berthc.semantics.program import MAX_HOLDERS, Program
from berthc.semantics.recovery import Recovery
from berthc.semantics.result import Fault, Outcome, Outcomes, Refused, Result, all_ok
from berthc.semantics.rows import Rows
from berthc.semantics.run import Arguments, By, Config, Run
from berthc.semantics.state import Item, Reservation, State
from berthc.semantics.values import Value


OWNER = "o"
"""Who a caller is that does not say so."""


class World:
    """One manager with its backend's side left to the caller of each operation.

    Reservations are the labels r1, r2, … in the order given out, other UUIDs u1, u2, … in the order
    made. An argument that no caller of the C API could write (an unknown field, a text where a
    number belongs) raises ValueError; whatever a caller can do wrong is an error in the result.
    """

    __slots__ = ("_program", "_state")

    def __init__(self, manager: Manager, options: Mapping[str, Value] | None = None,
                 without: Collection[str] = (), max_holders: int = MAX_HOLDERS) -> None:
        """`without` names optional hooks that the backend leaves out; an instance may
        have `max_holders` holders. Raises ValueError for an option or hook that is not possible."""
        self._program = Program(manager, options or {}, without, max_holders)
        self._state = State()

    @property
    def manager(self) -> Manager:
        return self._program.manager

    @property
    def options(self) -> Mapping[str, Value]:
        """Every option, defaults filled in."""
        return self._program.options

    @property
    def reservations(self) -> tuple[str, ...]:
        """Those that are valid, oldest first."""
        return tuple(self._state.reservations)

    def run(self, op: str, *, config: Config | None = None, reservation: str | None = None,
            by: By | None = None, at: Mapping[str, int] | None = None,
            outcomes: Outcomes = all_ok, owner: str = OWNER, id: str | None = None,
            fate: Fate = GOOD) -> Result:
        """Runs an operation of the spec.

        `config` has the fields by resource (left out: defaults), `by` the value of a `find … by` (a
        mapping of parts for a pool), `at` the parts of the slot that a `create … at` names. The
        others are for managers with a store: `id` is the label of the reservation that is given;
        it must differ from those that are given out otherwise.
        """
        run = Run(self._program, self._state.copy(), outcomes, self._fate(fate))
        if run.journal is not None:
            run.journal.begin(self._state)
        given = Arguments(config or {}, reservation, by, at, owner, id)
        try:
            return self._run(run, self._program.operations[op], given)
        except Died as died:
            return self._crash(run, died)

    def _run(self, run: Run, op: Operation, given: Arguments) -> Result:
        try:
            returns = run.operation(op, given)
            run.finish()
        except Refused as refused:
            if run.calls:  # S1: without a call nothing has happened, so the draft is dropped
                run.finish()
                self._state = run.state
            return _answer(run, refused.fault, {})
        self._state = run.state
        return _answer(run, None, returns)

    def drain(self, outcomes: Outcomes = all_ok, fate: Fate = GOOD) -> Result:
        """Lets go of everything as if every holder had dropped."""
        drain = Drain(self._program, self._state.copy(), outcomes, self._fate(fate))
        try:
            fault = drain.drain()
        except Died as died:
            return self._crash(drain, died)
        self._state = drain.state
        return _answer(drain, fault, {})

    @property
    def locked(self) -> bool:
        """Does a root wait for recover? Here recover comes first then. A manager lets operations on
        other roots run before it."""
        return bool(self._state.raised)

    def recover(self, outcomes: Outcomes = all_ok, fate: Fate = GOOD) -> Result:
        """Of a manager with a store: goes on where a crash has ended calls."""
        recovery = Recovery(self._program, self._state.copy(), outcomes, fate)
        try:
            fault = recovery.recover()
        except Died as died:
            return self._crash(recovery, died)
        self._state = recovery.state
        return _answer(recovery, fault, {})

    def _fate(self, fate: Fate) -> Fate | None:
        """None: there is no store."""
        if self._state.raised:
            raise ValueError("recover comes first")
        return self._given(fate)

    def _given(self, fate: Fate) -> Fate | None:
        return None if self._program.manager.store is None else fate

    def _crash(self, run: Rows, died: Died) -> Result:
        """The process dies, and the manager is loaded again. Its backend is as it was."""
        if died.begun is not None:
            run.rows.append(died.begun)
        self._state = loaded(self._program, died)
        self._state.hook_calls = run.state.hook_calls
        self._state.hook_news = run.state.hook_news
        self._state.next_uuid = run.state.next_uuid
        return _answer(run, Fault(DIED, {}), {})

    def has_work(self) -> bool:
        """Does some instance rest where its drop would call a hook, and lead to another state when
        that ends ok? Then destroy gives EBUSY."""
        def quietly(_hook: str, _nth: int, _args: Mapping[str, Value]) -> Outcome:
            # a value that names another instance would be no "ends ok"
            return Outcome("ok", writes="nothing")

        return any(Drain(self._program, self._state.copy(), quietly).has_work(item)
                   for item in self._state.items.values())

    def discard(self, fate: Fate = GOOD) -> Result:
        """Forgets everything and calls nothing, also while a root waits for recover."""
        run = Run(self._program, self._state.copy(), all_ok, self._given(fate))
        run.state.forget()
        return self._discard(run)

    def discard_root(self, resource: str, fields: Mapping[str, Value],
                     fate: Fate = GOOD) -> Result:
        """Forgets one root, named by its key fields, and all below it; calls nothing."""
        run = Run(self._program, self._state.copy(), all_ok, self._fate(fate))
        try:
            run.discard(resource, fields)
        except Refused as refused:
            return _answer(run, refused.fault, {})
        return self._discard(run)

    def _discard(self, run: Run) -> Result:
        """One commit."""
        try:
            if run.journal is not None:
                run.journal.begin(self._state)
                run.journal.forget(run.state)
        except Refused as refused:
            return _answer(run, refused.fault, {})
        except Died as died:
            return self._crash(run, died)
        self._state = run.state
        return _answer(run, None, {})

    def clone(self) -> World:
        """Another world in the same state; neither sees what the other does from here on.

        Costs nothing, because operations never change a state in place.
        """
        other = World.__new__(World)
        other._program = self._program
        other._state = self._state
        return other

    def renumbered(self, ids: Mapping[int, int], labels: Mapping[str, str],
                   next_reservation: int) -> World:
        """Another world with the same things under other numbers and names, for searches; see
        `State.renumbered`."""
        other = self.clone()
        other._state = self._state.renumbered(ids, labels, next_reservation)
        return other

    def snapshot(self) -> dict[str, Any]:
        """What is tracked, in the words of the simulator's protocol."""
        shown: dict[str, Any] = {"reservations": list(self._state.reservations)}
        if self._program.manager.store is not None:
            shown["owners"] = {label: r.owner for label, r in self._state.reservations.items()}
            shown["releasing"] = [label for label, r in self._state.reservations.items()
                                  if r.releasing]
        for resource in self._program.manager.resources:
            if resource.parent is None:
                shown[resource.name] = [self._show(item) for item in self._state.children(None)
                                        if item.resource == resource.name]
        return shown

    def _show(self, item: Item) -> dict[str, Any]:
        shown: dict[str, Any] = {name: list(v) if isinstance(v, tuple) else v
                                 for name, v in item.values.items()}
        shown["state"] = item.state
        shown["refs"] = item.refs
        if item.resource in self._program.manager.named_references:
            shown["owners"] = list(item.owners)
        below = list(self._state.children(item.id)) if item.children else []
        for name in self._program.manager.children(item.resource):
            shown[name] = [self._show(child) for child in below if child.resource == name]
        return shown

    def key(self, reservations: Sequence[str] = ()) -> Hashable:
        """Identity of the state: equal keys behave alike from here on, up to names.

        Left out: numbers of counters, UUIDs, out-values of hooks (but not which of them name an
        instance), the names of reservations and the order of creation (which only drain shows, and
        there only as an order). `reservations` are told apart by their place in the sequence, for
        searches whose callers each have one; one that has ended shows as such.
        """
        state = self._state
        below: dict[int | None, set[Hashable]] = {}
        paths: dict[int, Hashable] = {}
        for item in state.items.values():  # parents come first
            above = () if item.parent is None else paths[item.parent]
            paths[item.id] = (above, item.resource, item.key)
        for item in reversed(state.items.values()):
            node = (item.resource, item.key, item.rest, item.slots, item.state, item.anonymous,
                    item.pins, item.named_by, item.owners, frozenset(below.pop(item.id, ())))
            below.setdefault(item.parent, set()).add(node)
        tree = frozenset(below.get(None, ()))
        named = tuple(_holds(state.reservations.get(label), paths) for label in reservations)
        others: dict[Hashable, int] = {}
        for label, reservation in state.reservations.items():
            if label not in reservations:
                holds = _holds(reservation, paths)
                others[holds] = others.get(holds, 0) + 1
        raised = frozenset((paths[i], event) for i, event in state.raised.values())
        return tree, named, frozenset(others.items()), raised


def tracked(world: World) -> State:
    """What a world tracks, for looking only."""
    return world._state  # noqa: SLF001


def _holds(reservation: Reservation | None, paths: Mapping[int, Hashable]) -> Hashable:
    """What a reservation holds, and by its length what it once held; None once it has ended."""
    if reservation is None:
        return None
    holds = tuple(paths.get(id_) if held else False
                  for id_, held in zip(reservation.path, reservation.held, strict=True))
    return (holds, True) if reservation.releasing else holds


def _answer(run: Rows, fault: Fault | None, returns: Mapping[str, Value]) -> Result:
    where = None if fault is None else fault.where
    return Result(None if fault is None else fault.error, where, returns, tuple(run.calls),
                  tuple(run.rows))
