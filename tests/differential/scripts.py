"""Random scripts for a manager: lists of requests that drive it into its corners.

Everything comes from the spec: which operations there are, what their fields may hold. A script is
made while one simulator answers it, so that most requests name what is tracked at that moment; the
rest name what is stale, foreign or was never there.
"""
from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

from berthc.errnos import ERRNO_NAMES
from berthc.model import Assigned, AssignedKind, Field, Form, Manager, Operation, Type
from berthc.semantics import WRITES

Request = dict[str, Any]
Script = list[Request | str]
"""Requests; a str is a line that is sent as it is."""

Answer = Callable[[Request | str], dict[str, Any]]

COMMON_ERRORS = ("EIO", "ENODEV", "ETIMEDOUT", "EBUSY", "ENOENT", "ECANCELED", "ENOMEM", "EINVAL")
UUIDS = (
    "u1",
    "u2",
    "u3",
    "u7",
    "nil",
    "6ba7b810-9dad-41d1-80b4-00c04fd430c8",
    "00000000-0000-0000-0000-000000000000",
)
WORDS = ("a", "b", "A", "ab", "é", "x y", 'q"\\', "/dir/é", "0", "nil")

# Lines that are no request, whatever the manager.
NO_REQUESTS = (
    "{",
    "nonsense",
    "[]",
    "1",
    "null",
    '"new"',
    "{}",
    '{"op": 1}',
    '{"op": "no_such_op"}',
    '{"op": null}',
    "{'op': 'new'}",
    '{"op": "new",}',
    '{"op": "new"} x',
    '{"op": "new", "op": "new"}',
    '{"op": "new", "o\\u0070": "new"}',
    "[" * 30 + "]" * 30,
    '{"op": "new" "options": {}}',
    '{"op": "\\ud800"}',
    '{"op": "new", "options": 1}',
    '{"op": "new", "without": "x"}',
    '{"op": "new", "fail": []}',
    '{"op": "drain", "x": 1}',
    '{"op": "discard", "options": {}}',
    '{"op": "discard", "": {}}',
    '{"op": "drain", "fail": {}}',
    '{"op": "drain", "fail": [1]}',
    '{"op": "drain", "fail": ["no.hook"]}',
    '{"op": "new", "options": {"no_such_option": 1}}',
    '{"op": "new", "without": ["no.hook"]}',
    "nan",
    "NaN",
    "-",
    "01",
    '{"op": "new", "": 1}',
)


class Writer:
    """Writes scripts for one manager. `rng` decides everything, so that a seed names a script."""

    def __init__(self, manager: Manager, rng: random.Random, answer: Answer) -> None:
        self.manager = manager
        self.rng = rng
        self.answer = answer
        self.given = 0  # reservations given out
        self.state: dict[str, Any] = {}  # as last answered
        self.usual: dict[str, dict[str, Any]] = {}  # fields by resource
        self.wide = False  # many instances rather than many things done to a few: pools fill up
        self.width = 3  # different values of key fields
        self.peace = 0.7  # probability that every call of a request ends ok
        self.died = False  # with a store: the last request died

    def script(self) -> Script:
        """One script; the first request is always `new`."""
        rng = self.rng
        self.wide = rng.random() < 0.03
        self.width = 1000 if self.wide else rng.choice((1, 1, 2, 2, 3))
        self.peace = rng.choice((0.4, 0.7, 0.95))
        length = 150 if self.wide else rng.choice((6, 12, 25, 40))
        script: Script = [self.new()]
        self.learn(self.answer(script[0]))
        while len(script) < length:
            request = self.request(script)
            if self.manager.store is not None and isinstance(request, dict):
                request = self.with_store(request)
            script.append(request)
            self.learn(self.answer(request))
        return script

    def learn(self, answer: dict[str, Any]) -> None:
        self.state = answer.get("state", self.state)
        if (
            answer["error"] is not None
            and "message" not in answer
            and not answer["calls"]
            and self.rng.random() < 0.3
        ):
            self.usual.clear()  # they may be what is refused, for the rest of the script too
        label = str(answer.get("returns", {}).get("reservation", ""))
        if label.startswith("r") and label[1:].isdigit():
            self.given = max(self.given, int(label[1:]))
        self.died = answer["error"] == "EOWNERDEAD"

    def new(self) -> Request:
        rng = self.rng
        request: Request = {"op": "new"}
        options = {
            o.name: self.value(o, bad=0.01) for o in self.manager.options if rng.random() < 0.6
        }
        if options or rng.random() < 0.2:
            request["options"] = options
        without = [name for names in self.manager.left_out if rng.random() < 0.3 for name in names]
        without += [
            h.name for h in self.manager.hooks if h.name not in without and rng.random() < 0.002
        ]
        if without or rng.random() < 0.2:
            request["without"] = without
        return request

    def request(self, before: Script) -> Request | str:
        """The next request of a script."""
        rng = self.rng
        draw = rng.random()
        if draw < 0.015:
            return rng.choice(NO_REQUESTS)
        if self.wide:
            return self.operation(self.choose())
        if draw < 0.035:
            return self.with_faults({"op": "drain"})
        if draw < 0.042:
            return self.with_faults({"op": "discard"})
        if draw < 0.045:
            return self.new()
        if draw < 0.06:
            return self.with_faults(self.discard_root())
        if draw < 0.185 and isinstance(before[-1], dict) and before[-1]["op"] != "new":
            again = copy.deepcopy(before[-1])
            again.pop("fail", None)
            return again
        request = self.with_faults(self.operation(self.choose()))
        return self.spoiled(request) if rng.random() < 0.03 else request

    def with_store(self, request: Request) -> Request:
        """What only managers with a store know: owners, ids, crashes, and recovery after them."""
        rng = self.rng
        if rng.random() < (0.7 if self.died else 0.02):
            request = self.with_faults({"op": "recover"})
            if self.manager.store is not None and self.manager.store.settle is not None:
                if rng.random() < 0.1:
                    request.setdefault("fail", []).append(self.manager.store.settle)
        operation = next((o for o in self.manager.operations if o.name == request["op"]), None)
        if operation is not None and self.manager.has_owner(operation) and rng.random() < 0.7:
            request["owner"] = rng.choice(("a", "b", "b", "é", "o"))
            if rng.random() < 0.03:
                request["owner"] = rng.choice(("", "x" * 255, "é" * 128))
        if operation is not None and operation.gives and rng.random() < 0.15:
            request["id"] = rng.choice(("mine", "r1", "r2", "r3", "nil", "é"))
        if request["op"] != "new" or rng.random() < 0.01:
            if rng.random() < 0.2:
                request["die"] = rng.choice((0, 1, 1, 2, 2, 3, 4))
            if rng.random() < 0.07:
                request["refuse"] = rng.choice((1, 1, 1, 2, 3))
        return request

    def discard_root(self) -> Request:
        """Mostly of one that is there, and seldom of two at once, which is malformed."""
        rng = self.rng
        roots = [r for r in self.manager.resources if r.parent is None]
        root = rng.choice(roots)
        fields = self.fields(root.name) if rng.random() < 0.9 else {}
        if self.state.get(root.name) and rng.random() < 0.8:
            item = rng.choice(self.state[root.name])
            fields |= {key: item[key] for key in root.key}
        request: Request = {"op": "discard", root.name: fields}
        if rng.random() < 0.1:
            request[rng.choice(roots).name] = fields
        return self.spoiled(request) if rng.random() < 0.1 else request

    def choose(self) -> Operation:
        """Which operation comes next: those that let go less often than those that take."""
        useful = [
            o
            for o in self.manager.operations
            if o.form in (Form.OBTAIN, Form.CREATE)
            or (self.state.get("reservations") if o.form is Form.WITH else self.tracked(o.target))
        ]
        if not useful or self.rng.random() < 0.05:
            return self.rng.choice(self.manager.operations)
        return self.rng.choices(useful, [self.weight(o) for o in useful])[0]

    def weight(self, operation: Operation) -> int:
        if self.wide and operation.form is Form.OBTAIN:
            return 20
        return 5 if operation.gives or (operation.form is Form.WITH and not operation.ends) else 2

    def operation(self, operation: Operation) -> Request:
        """A request for one operation."""
        rng = self.rng
        request: Request = {"op": operation.name}
        if operation.form is Form.WITH:
            request["reservation"] = self.reservation()
        elif operation.by is not None:
            assigned = next(
                a
                for a in self.manager.resource(operation.target).assigned
                if a.name == operation.by
            )
            request[operation.by] = self.lookup(operation.target, assigned)
        else:
            keys = self.keys_of_one_that_is_there(operation)
            for name in operation.path:
                fields = {**self.fields(name), **keys.get(name, {})}
                if fields or rng.random() < 0.5:
                    request[name] = fields
        if operation.at is not None:
            request[operation.at] = self.slot(
                next(
                    a
                    for a in self.manager.resource(operation.target).assigned
                    if a.name == operation.at
                )
            )
        return request

    def reservation(self) -> str:
        rng = self.rng
        if rng.random() < 0.03:
            return rng.choice(
                (
                    "nil",
                    "u1",
                    "r0",
                    "r",
                    "",
                    "x",
                    "r01",
                    "r999999",
                    "6ba7b810-9dad-41d1-80b4-00c04fd430c8",
                )
            )
        live = self.state.get("reservations", [])
        if live and rng.random() < 0.9:
            return str(rng.choice(live[-4:]))
        return f"r{rng.randint(1, self.given + 1)}"

    def tracked(self, resource: str) -> list[dict[str, Any]]:
        """The instances of a resource, as the last answer showed them."""
        lists = [self.state]
        for name in self.manager.path(resource):
            lists = [item for holder in lists for item in holder.get(name, [])]
        return lists

    def fields(self, name: str) -> dict[str, Any]:
        """Fields of a resource: as in the rest of the script, but for a key of a few and now and
        then a difference."""
        rng = self.rng
        resource = self.manager.resource(name)
        if name not in self.usual:
            self.usual[name] = {
                f.name: self.value(f, bad=0.005)
                for f in resource.fields
                if f.required or rng.random() < 0.3
            }
        fields = {
            f.name: self.alike(f, self.usual[name][f.name])
            for f in resource.fields
            if f.name in self.usual[name]
        }
        keys = [f for f in resource.fields if f.name in resource.key]
        if len(keys) == len(resource.fields):
            keys = [f for f in keys if f.required] or keys[:1]
        for field in keys:
            fields[field.name] = self.key_value(field)
        if resource.fields and rng.random() < 0.12:
            field = rng.choice(resource.fields)
            fields[field.name] = self.value(field, bad=0.2)
        if fields and rng.random() < 0.02:
            del fields[rng.choice(list(fields))]
        return fields

    def keys_of_one_that_is_there(self, operation: Operation) -> dict[str, dict[str, Any]]:
        """Keys by resource, root first, of an instance and those above it: mostly for operations
        that find, seldom for those that make."""
        keys: dict[str, dict[str, Any]] = {}
        if self.rng.random() > (0.85 if operation.form is Form.FIND else 0.3):
            return keys
        holder = self.state
        for name in operation.path:
            if not holder.get(name):
                break
            holder = self.rng.choice(holder[name])
            keys[name] = {field: holder[field] for field in self.manager.resource(name).key}
        return keys

    def alike(self, field: Field, value: Any) -> Any:
        """A value that counts as equal."""
        if field.type is Type.SET:
            value = [*value, *(value[:1] if self.rng.random() < 0.2 else ())]
            self.rng.shuffle(value)
        if field.ignore_case and self.rng.random() < 0.3:
            return (
                [text.swapcase() if text.isascii() else text for text in value]
                if isinstance(value, list)
                else value.swapcase()
                if value.isascii()
                else value
            )
        return value

    def key_value(self, field: Field) -> Any:
        """One of few values, so that different requests mean the same instance."""
        rng = self.rng
        if rng.random() < 0.02:
            return self.value(field)
        if field.type is Type.UUID:
            return f"u{1 + rng.randrange(self.width)}"
        if field.type is Type.STRING:
            text = f"/k{rng.randrange(self.width)}"
            return text.upper() if field.ignore_case and rng.random() < 0.5 else text
        if field.type.bits:
            low, high = field.range or field.type.limits
            return min(max(low, 0) + rng.randrange(self.width), high)
        return self.value(field)

    def value(self, field: Field, bad: float = 0.03) -> Any:
        """A value of the field's type; with a probability of `bad` one that the manager does not
        take."""
        rng = self.rng
        low, high = field.range or field.type.limits if field.type.bits else (0, 0)
        wrong: list[Any] = []
        right: Callable[[], Any]
        if field.type is Type.BOOL:
            right = lambda: rng.random() < 0.35
        elif field.type is Type.ENUM:
            right = lambda: rng.choice(field.values)
        elif field.type is Type.UUID:
            right = lambda: rng.choice(UUIDS[:4] if field.required else UUIDS)
            wrong = ["nil"]
        elif field.type in (Type.LIST, Type.SET):
            right = lambda: [rng.choice(WORDS[:4]) for _ in range(rng.randrange(4))]
            wrong = [[], ["y" * 300]]
        elif field.type is Type.STRING:
            right = lambda: rng.choice(WORDS)[: field.max_length]
            wrong = ["", "y" * 300, "é" * 40]
        else:
            right = lambda: rng.choice((low, high, min(max(low, 1), high), rng.randint(low, high)))
            wrong = [
                v
                for v in (low - 1, high + 1, 0)
                if field.type.limits[0] <= v <= field.type.limits[1]
            ]
        return rng.choice(wrong) if wrong and rng.random() < bad else right()

    def lookup(self, resource: str, assigned: Assigned) -> Any:
        """What a `find … by` looks for."""
        rng = self.rng
        there = self.tracked(resource)
        if there and rng.random() < 0.8:
            item = rng.choice(there)
            return (
                item[assigned.name]
                if assigned.kind is not AssignedKind.POOL
                else {leaf: item[leaf] for leaf in assigned.leaves}
            )
        if assigned.kind is AssignedKind.POOL:
            return self.slot(assigned)
        if assigned.type is Type.UUID:
            return rng.choice(UUIDS)
        if assigned.kind is AssignedKind.HOOK:
            return self.hook_value(assigned)
        number = (
            assigned.start + rng.randrange(6)
            if rng.random() < 0.95
            else rng.choice((0, (1 << 64) - 1, 1 << 63))
        )
        if assigned.type is Type.STRING:
            return (
                str(number)
                if rng.random() < 0.97
                else rng.choice(("", "00", "-1", "+1", " 0", "0 ", "x", "18446744073709551616"))
            )
        return number

    def hook_value(self, assigned: Assigned) -> Any:
        """One that a hook gave, may have given, or cannot give."""
        assert assigned.type is not None
        rng = self.rng
        if assigned.type is Type.STRING:
            return rng.choice((f"{assigned.name}-{rng.randint(1, 9)}", "", "x", "y" * 300))
        return rng.choice((rng.randint(1, 9), 0, *assigned.type.limits))

    def slot(self, pool: Assigned) -> dict[str, int]:
        rng = self.rng
        slot: dict[str, int] = {}
        for part in pool.parts:
            if rng.random() < 0.9:
                size = part.size if part.size is not None else 2
                slot[part.name] = (
                    rng.choice((0, 0, 1, size - 1, rng.randrange(size)))
                    if rng.random() < 0.95
                    else rng.choice((size, 255))
                )
        return slot

    def with_faults(self, request: Request) -> Request:
        rng = self.rng
        if not self.manager.hooks or rng.random() < self.peace:
            return request
        hooks = [hook.name for hook in self.manager.hooks]
        chosen = (
            rng.sample(hooks, len(hooks))
            if rng.random() < 0.25
            else rng.choices(hooks, k=rng.choice((1, 1, 1, 2, 3)))
        )
        request["fail"] = [self.fault(hook) for hook in chosen]
        return request

    def fault(self, hook: str) -> Any:
        rng = self.rng
        if rng.random() < 0.3:
            return hook
        fault: dict[str, Any] = {"hook": hook}
        if rng.random() < 0.3:
            fault["nth"] = rng.choice((1, 1, 2, 3))
        asks = bool(self.manager.hook(hook).asks)
        if rng.random() < 0.6:
            fault["outcome"] = rng.choice(
                ("no", "no", "yes", "unknown") if asks else ("uncertain", "uncertain", "fail")
            )
        if (
            any(a.hook == hook for r in self.manager.resources for a in r.assigned)
            and rng.random() < 0.6
        ):
            fault["writes"] = rng.choice(WRITES)
            if rng.random() < 0.6:
                fault["outcome"] = "ok"
        if fault.get("outcome") not in ("yes", "no", "ok") and rng.random() < 0.5:
            fault["error"] = rng.choice(COMMON_ERRORS if rng.random() < 0.8 else ERRNO_NAMES)
        return fault

    def spoiled(self, request: Request) -> Request:
        """The request with one thing wrong, often in a way that makes it malformed."""
        rng = self.rng
        request = copy.deepcopy(request)
        places: list[dict[str, Any]] = [request] + [
            v for v in request.values() if isinstance(v, dict)
        ]
        place = rng.choice(places)
        names = [name for name in place if name != "op"]
        what = rng.randrange(4)
        if what == 0 or not names:
            place[
                rng.choice(("x", "Op", "state", "", "é", "reservation", "fail", "options"))
            ] = rng.choice((1, None, "u1", {}, [], "r1", ["vm.no_such_hook"], [{"nth": 1}]))
        elif what == 1:
            del place[rng.choice(names)]
        elif what == 2:
            place[rng.choice(names)] = rng.choice(
                (
                    None,
                    True,
                    -1,
                    256,
                    65536,
                    1 << 32,
                    1 << 63,
                    1 << 64,
                    -(1 << 63),
                    -(1 << 63) - 1,
                    1.0,
                    1e300,
                    "",
                    "nil",
                    "u0",
                    [],
                    [None],
                    {},
                    {"x": 1},
                    "a\u0000b",
                    "u1 ",
                    "U1",
                    "u01",
                )
            )
        else:
            place["fail"] = rng.choice(
                (
                    [{"hook": "x"}],
                    [{}],
                    [None],
                    {},
                    "x",
                    [{"hook": self.manager.hooks[0].name if self.manager.hooks else "", "nth": 0}],
                    [
                        {
                            "hook": self.manager.hooks[0].name if self.manager.hooks else "",
                            "error": "EWOULDNOT",
                        }
                    ],
                    [
                        {
                            "hook": self.manager.hooks[0].name if self.manager.hooks else "",
                            "outcome": "good",
                        }
                    ],
                    [
                        {
                            "hook": self.manager.hooks[0].name if self.manager.hooks else "",
                            "outcome": "ok",
                            "error": "EIO",
                        }
                    ],
                    [
                        {
                            "hook": self.manager.hooks[0].name if self.manager.hooks else "",
                            "writes": "old",
                        }
                    ],
                )
            )
        return request


def scripts(manager: Manager, seed: int, answer: Answer) -> Iterator[Script]:
    """Scripts without end, the same for the same seed; `answer` is asked about each request as it
    is made."""
    rng = random.Random(seed)
    while True:
        yield Writer(manager, random.Random(rng.getrandbits(64)), answer).script()
