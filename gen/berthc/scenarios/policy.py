"""Configs that the `deny` entries of an operation let through."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from berthc.model import Guard, Manager, Operation
from berthc.inputs.values import Value, limits, nth
from berthc.scenarios import inputs
from berthc.semantics.program import compile_guard
from berthc.semantics.values import is_valid

Given = Mapping[str, Mapping[str, Value]]
"""Fields by resource."""

Name = tuple[str, str]
"""Resource and field."""

MOST_TRIES = 5000


class Policy:
    """What one operation refuses with given options. `complete` is False once a search gave up
    before it had tried everything."""

    def __init__(self, manager: Manager, operation: Operation,
                 options: Mapping[str, Value]) -> None:
        self.operation = operation
        self.complete = True
        self.fields = {(name, f.name): f for name in operation.path
                       for f in manager.resource(name).fields}
        tests = [(deny.guard, compile_guard(deny.guard, options)) for deny in operation.deny]
        self.never = any(test is True for _, test in tests)
        self.guards = [guard for guard, test in tests if not isinstance(test, bool)]
        self.options = options
        self.sides: dict[Name, list[Value]] = {}
        for name in operation.path:
            for field, values in inputs.deny_sides(manager, operation, name).items():
                spec = self.fields[name, field]
                ends = limits(spec) if spec.type.bits else ()
                extra: list[Value | None] = [*ends, *(nth(spec, n) for n in (1, 2, 3))]
                found = [*values, *(v for v in [*spec.values, *extra] if v is not None)]
                self.sides[name, field] = [v for v in dict.fromkeys(found) if is_valid(spec, v)]

    def allows(self, given: Given) -> bool:
        return (not self.never
                and all(self._holds(g, lambda name: given[name[0]][name[1]]) is False
                        for g in self.guards))

    def nearest(self, given: Given, fixed: frozenset[Name],
                wanted: Callable[[Given], bool]) -> Given | None:
        """A config like `given` that is let through, the fixed fields as they are; None where there
        is none."""
        if self.never:
            return None
        names = [n for n in self.sides if n not in fixed]
        tries = [0]

        def look(n: int, now: dict[Name, Value]) -> Given | None:
            tries[0] += 1
            if tries[0] > MOST_TRIES:
                self.complete = False
                return None
            held = [self._holds(g,
                                lambda name: now.get(name) if name in open_names
                                else given[name[0]][name[1]]) for g in self.guards]
            if any(one is True for one in held):
                return None
            if n == len(names):
                found = {r: {f: now.get((r, f), v) for f, v in fields.items()}
                         for r, fields in given.items()}
                return found if wanted(found) else None
            usual = given[names[n][0]][names[n][1]]
            for value in [usual, *(v for v in self.sides[names[n]] if v != usual)]:
                answer = look(n + 1, {**now, names[n]: value})
                if answer is not None:
                    return answer
            return None

        open_names = frozenset(names)
        return look(0, {})

    def _holds(self, guard: Guard, look: Callable[[Name], Value | None]) -> bool | None:
        """The guard's value; None where it hangs on what is not chosen yet."""
        if guard.op in ("and", "or"):
            absorbing = guard.op == "or"
            parts = [self._holds(arg, look) for arg in guard.args]
            return (absorbing if any(p is absorbing for p in parts) else None if None in parts
                    else not absorbing)
        if guard.op == "not":
            inner = self._holds(guard.args[0], look)
            return None if inner is None else not inner
        assert guard.ref is not None
        scope, name = guard.ref.scope, guard.ref.name
        value = (self.options[name] if scope == "option"
                 else look((self.operation.target if scope == "field" else scope, name)))
        if value is None:
            return None
        known: Value = value
        test = compile_guard(guard, {name: known} if scope == "option" else {})
        return test if isinstance(test, bool) else test(lambda _scope, _name: known)


def changes(usual: Mapping[str, Value], given: Mapping[str, Value]) -> dict[str, Value]:
    """What a config has that the usual one has not."""
    return {n: v for n, v in given.items() if v != usual[n]}


def same_key(keys: Sequence[str], one: Mapping[str, Value], other: Mapping[str, Value]) -> bool:
    return all(one[k] == other[k] for k in keys)
