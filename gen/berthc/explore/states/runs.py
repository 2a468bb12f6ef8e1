"""What operations answered before: a question that was asked of the same tracked state is not put
to the semantics again.

What is true in the backend, and what callers rely on, is no part of the question. Many states
differ in nothing else, so most answers are here. They are kept as a tree: the calls of the
operation, and by their outcomes what follows.
"""
from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Generic, NamedTuple, TypeVar

from berthc.explore.states.backend import Called, Effects, Script
from berthc.semantics import Outcome, Result, Value, World
from berthc.semantics.state import State

T = TypeVar("T")
MOST = 20_000  # entries of a table of what is kept; some kilobytes each
DEATH = 1 << 20  # from here on a number among choices is that of a death
_NO_ARGS: Mapping[str, Value] = {}


class Memo(Generic[T]):
    """What was made before, by what it was made of. A table that is full is emptied: what is in it
    can be made again."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[Hashable, T] = {}

    def get(self, key: Hashable) -> T | None:
        return self._known.get(key)

    def put(self, key: Hashable, value: T) -> T:
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[key] = value
        return value


class Question(NamedTuple):
    """An operation with its arguments, asked of a tracked state. States are never changed in place,
    so each is known by its identity."""

    state: State
    op: str
    config: tuple[Hashable, ...]
    reservation: str | None
    by: Hashable
    at: Hashable
    owner: str = ""


class Answer(NamedTuple):
    """What an operation did. `levels` are the instances of its path afterwards, `ended` those that
    did; `taken` the rows with their outcomes, by identity."""

    result: Result
    world: World
    levels: tuple[int | None, ...]
    ended: tuple[int, ...]
    taken: frozenset[tuple[int, str]]


class Death(NamedTuple):
    """The process dies after so many commits. `hook`: the call that had begun; `late`: it took
    effect."""

    commits: int
    hook: str | None
    late: bool

    @property
    def number(self) -> int:
        return DEATH + 2 * self.commits + self.late


class Way(NamedTuple):
    """One way in which the backend can answer: what was chosen, the calls, and what is true and
    open then, by level of the path. `found`: what was there before of the effects that may be in
    the instance that `create` made. `death`: the process died."""

    chosen: tuple[int, ...]
    called: tuple[Called, ...]
    truth: tuple[int, ...]
    open: tuple[int, ...]
    failures: int
    answer: Answer
    found: int = 0
    death: Death | None = None


class _Call(NamedTuple):
    """The operation calls a hook, for the n-th time; by outcome what follows."""

    hook: str
    nth: int
    after: dict[str, _Call | Answer]


Ask = Callable[[Script], Answer]


def _word(outcome: Outcome) -> str:
    """All of an outcome that the manager hears but the error, which decides nothing."""
    return outcome.kind if outcome.writes == "new" else f"{outcome.kind} {outcome.writes}"


class Runs:
    """The answers of one manager."""

    def __init__(self, hooks: Mapping[str, Effects]) -> None:
        self.asked = 0  # of the semantics
        self._hooks = hooks
        # by the outcome of the call before; "" for the beginning
        self._answers: Memo[dict[str, _Call | Answer]] = Memo()
        self._ways: Memo[tuple[Way, ...]] = Memo()

    def ways(self, question: Question, path: tuple[str, ...], truth: tuple[int, ...],
             open_: tuple[int, ...], clean: bool, ask: Ask) -> tuple[Way, ...]:
        """Every way in which calls can end, where `truth` is true of the instances of the path, and
        `open_` is open; with `clean`, all end ok."""
        key = (question, truth, open_, clean)
        ways = self._ways.get(key)
        if ways is None:
            ways = self._ways.put(key, tuple(self._each(question, path, truth, open_, clean, ask)))
        return ways

    def _each(self, question: Question, path: tuple[str, ...], truth: tuple[int, ...],
              open_: tuple[int, ...], clean: bool, ask: Ask) -> Iterator[Way]:
        by_name = dict(zip(path, truth, strict=True))
        open_by_name = dict(zip(path, open_, strict=True))
        chosen: tuple[int, ...] | None = ()
        while chosen is not None:
            script = Script(self._hooks, by_name, chosen, clean, open_by_name)
            answer = self._known(question, script)
            if answer is None:
                script = Script(self._hooks, by_name, chosen, clean, open_by_name)
                answer = self._keep(question, script, ask(script))
            yield Way(chosen, tuple(script.called), tuple(script.truth[name] for name in path),
                      tuple(script.open[name] for name in path), script.failures, answer)
            chosen = script.following()

    def _known(self, question: Question, script: Script) -> Answer | None:
        """The answer for a backend that follows the script, which is followed as far as the answer
        is known."""
        branch = (self._answers.get(question) or {}).get("")
        while isinstance(branch, _Call):
            branch = branch.after.get(_word(script(branch.hook, branch.nth, _NO_ARGS)))
        return branch

    def _keep(self, question: Question, script: Script, answer: Answer) -> Answer:
        self.asked += 1
        branches = self._answers.get(question) or self._answers.put(question, {})
        key = ""
        for call in script.called:
            branch = branches.setdefault(key, _Call(call.hook, call.nth, {}))
            assert isinstance(branch, _Call)
            branches, key = branch.after, _word(call.ending.outcome)
        branches[key] = answer
        return answer
