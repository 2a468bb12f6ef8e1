"""What a spec means, free of YAML and of C.

`load` reads a file into located nodes, `build` turns those into the classes below, and everything downstream (the
static rules, the semantics, the emitters) knows only these classes. All of them are frozen: a model is a value, and
whoever wants a changed one (the mutants, say) uses `dataclasses.replace`.

Names are the spec's own words; C identifiers are made in `names` and nowhere else. Sequences keep the order of the
spec, because tables, diagrams and headers show that order to the reader.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property


@dataclass(frozen=True, order=True)
class Loc:
    """A place in a spec: 1-based line and column; `length` characters are underlined in a message."""

    file: str
    line: int
    column: int
    length: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


NOWHERE = Loc("<built in>", 0, 0)


class Type(Enum):
    """Type of an option, a field or an assigned value. `value` is its word in the spec."""

    BOOL = "bool"
    U8 = "u8"
    U16 = "u16"
    U32 = "u32"
    U64 = "u64"
    I32 = "i32"
    I64 = "i64"
    STRING = "string"
    ENUM = "enum"
    UUID = "uuid"
    LIST = "list"  # of strings; order counts
    SET = "set"  # of strings; neither order nor repetition counts

    @property
    def bits(self) -> int:
        """Width of an integer type; 0 for every other type."""
        return {"u8": 8, "u16": 16, "u32": 32, "u64": 64, "i32": 32, "i64": 64}.get(self.value, 0)

    @property
    def signed(self) -> bool:
        return self in (Type.I32, Type.I64)

    @property
    def limits(self) -> tuple[int, int]:
        """Least and greatest value of an integer type."""
        if self.signed:
            return -(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1
        return 0, (1 << self.bits) - 1


@dataclass(frozen=True)
class Field:
    """An option of the manager, or a field that the caller gives for a resource.

    `default` is a Python bool, int, str (string; for an enum the value's word), or tuple of str (list, set; always
    empty). It is the zero value of the type where the spec names none; for an enum that is the first value.
    `range` is inclusive and None where the whole type is allowed. `max_length` counts bytes without the NUL and is
    None where it is not limited. `required` refuses the empty string, list or set and the nil UUID with EINVAL.
    """

    name: str
    type: Type
    brief: str
    loc: Loc
    values: tuple[str, ...] = ()
    default: object = None
    range: tuple[int, int] | None = None
    max_length: int | None = None
    required: bool = False
    ignore_case: bool = False  # ASCII letters compare equal in either case (string, list, set)


class AssignedKind(Enum):
    COUNTER = "counter"
    UUID = "uuid"
    POOL = "pool"
    FORMAT = "format"
    HOOK = "hook"


@dataclass(frozen=True)
class PoolPart:
    """One digit of a slot: `lun` below 64, or `controller` below the value of the option `controllers`.

    The first part of a pool is the most significant one. Exactly one of `size` and `option` is set.
    """

    name: str
    loc: Loc
    size: int | None = None
    option: str | None = None


@dataclass(frozen=True)
class Ref:
    """A name in a guard, a format or `returns`.

    `scope` is "option", "field" (the instance itself) or the name of a resource on the path; `name` is an option, a
    field, or a leaf of an assigned value (`controller` and `lun`, not `address`).
    """

    scope: str
    name: str
    loc: Loc

    def __str__(self) -> str:
        return f"{self.scope}.{self.name}"


@dataclass(frozen=True)
class Guard:
    """A boolean expression over options and fields.

    `op` is "and" or "or" (two or more `args`), "not" (one arg), "true" (the bool that `ref` names), or one of
    "==", "!=", "<", "<=", ">", ">=" comparing `ref` with `literal` (an int, or an enum value's word; enums have only
    == and !=).
    """

    op: str
    loc: Loc
    args: tuple[Guard, ...] = ()
    ref: Ref | None = None
    literal: int | str | None = None
    text: str = ""  # as the author wrote it; only the outermost guard has it

    def refs(self) -> Iterator[Ref]:
        """Every reference in the expression, left to right."""
        if self.ref is not None:
            yield self.ref
        for arg in self.args:
            yield from arg.refs()


@dataclass(frozen=True)
class FormatText:
    """One alternative of a format: literal text (str) and references, in order; `guard` uses options only."""

    parts: tuple[str | Ref, ...]
    loc: Loc
    guard: Guard | None = None


@dataclass(frozen=True)
class Assigned:
    """A value that the runtime sets.

    counter: `start`; `type` is U64 or STRING (decimal). uuid: `type` is UUID. pool: `parts`, each a leaf of its own
    (see `leaves`). format: `texts`, the last unguarded; `type` is STRING. hook: `hook` is "group.name", whose
    out-value it is; `type` is a bool, integer, UUID or STRING type (then `max_length` is set), zero until that hook has given it.
    """

    name: str
    kind: AssignedKind
    type: Type | None
    brief: str
    loc: Loc
    start: int = 0
    parts: tuple[PoolPart, ...] = ()
    texts: tuple[FormatText, ...] = ()
    hook: str | None = None
    max_length: int | None = None

    @property
    def leaves(self) -> tuple[str, ...]:
        """Names under which the value appears in views, snapshots and references."""
        return tuple(p.name for p in self.parts) if self.kind is AssignedKind.POOL else (self.name,)


@dataclass(frozen=True)
class Target:
    """Where an outcome leads: the next state (the row's own for `stay`) and an event to raise there, or None."""

    state: str
    raise_event: str | None
    loc: Loc
    stay: bool = False  # the author wrote `stay`


@dataclass(frozen=True)
class Row:
    """What one state does with one event, where `guard` holds (None: always; the last row of an event has none).

    One of four forms: `reject` is an errno name, and nothing happens; `call` names a hook ("group.name"), with `ok`,
    `fail` and `uncertain`; `ask` names a hook that asks, with `yes`, `no` and `unknown`; or only `ok` is set.
    """

    state: str
    event: str
    loc: Loc
    guard: Guard | None = None
    call: str | None = None
    ok: Target | None = None
    fail: Target | None = None
    uncertain: Target | None = None  # the `fail` target where the spec leaves it out
    uncertain_given: bool = False  # the spec names it
    reject: str | None = None
    meant: bool = False  # a rejection that is part of the protocol
    ask: str | None = None
    yes: Target | None = None
    no: Target | None = None
    unknown: Target | None = None
    brief: str = ""

    @property
    def hook(self) -> str | None:
        """The hook that the row calls or asks."""
        return self.call or self.ask

    def targets(self) -> tuple[tuple[str, Target], ...]:
        """(outcome, target) of every outcome the row has: of ok, fail, uncertain, or of yes, no, unknown."""
        return self._targets

    @cached_property
    def _targets(self) -> tuple[tuple[str, Target], ...]:
        named = (("ok", self.ok), ("fail", self.fail), ("uncertain", self.uncertain),
                 ("yes", self.yes), ("no", self.no), ("unknown", self.unknown))
        return tuple((name, t) for name, t in named if t is not None)

    def target(self, outcome: str) -> Target:
        """Where an outcome of the row leads. Raises KeyError where the row has no such outcome."""
        for name, target in self._targets:
            if name == outcome:
                return target
        raise KeyError(outcome)


@dataclass(frozen=True)
class State:
    name: str
    brief: str
    loc: Loc
    final: bool = False
    resident: bool = False
    effects: tuple[str, ...] | None = None  # hooks whose effects are in place here, as the author says; None: says nothing
    maybe: tuple[str, ...] = ()  # hooks whose effects may be in place here, as the author says
    rows: tuple[Row, ...] = ()  # in the order of the spec; the rows of one event are next to each other


@dataclass(frozen=True)
class Resource:
    """A type of thing the manager tracks. `parent` is None for a root. `fields` holds the key fields too."""

    name: str
    brief: str
    loc: Loc
    parent: str | None
    key: tuple[str, ...]  # names of fields; empty: at most one under its parent
    fields: tuple[Field, ...]
    assigned: tuple[Assigned, ...]
    take: str | None  # event that a new holder fires
    drop: str | None  # event that a holder fires to let go
    initial: str
    states: tuple[State, ...]
    otherwise: str | None = None  # errno name for the holes of the table; None: a hole is an error

    def field(self, name: str) -> Field:
        return next(f for f in self.fields if f.name == name)

    def state(self, name: str) -> State:
        """The state of that name. Raises KeyError where there is none."""
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, State]:
        return {s.name: s for s in self.states}

    @cached_property
    def events(self) -> tuple[str, ...]:
        """Every event of the resource, in order of first mention: take and drop, then as the rows have them."""
        seen = dict.fromkeys(e for e in (self.take, self.drop) if e)
        for state in self.states:
            seen.update(dict.fromkeys(row.event for row in state.rows))
        return tuple(seen)

    def rows(self, state: str, event: str) -> tuple[Row, ...]:
        """The rows of one cell in the order they are tried; empty where the table has a hole."""
        return self._cells.get((state, event), ())

    @cached_property
    def _cells(self) -> dict[tuple[str, str], tuple[Row, ...]]:
        cells: dict[tuple[str, str], tuple[Row, ...]] = {}
        for state in self.states:
            for row in state.rows:
                cell = (state.name, row.event)
                cells[cell] = (*cells.get(cell, ()), row)
        return cells


@dataclass(frozen=True)
class Hook:
    """A function of the backend; `name` is "group.name".

    `undoes` names hooks whose effect it takes back; `asks` those of which it says whether one is in effect; `needs` those
    whose effects are in place whenever it is called, and as long as its own is. `together`: the optional hooks with the
    same word are all there or all left out.
    """

    name: str
    on: str
    brief: str
    loc: Loc
    optional: bool = False
    absent: str | None = None  # optional only; errno name that a row calling it rejects with; None: as if it ended ok
    undoes: tuple[str, ...] = ()
    repeatable: bool = False
    together: str | None = None
    asks: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        return self.name.split(".")[0]

    @property
    def short(self) -> str:
        return self.name.split(".")[1]


@dataclass(frozen=True)
class Step:
    """Fire `event` at the instance of `resource` on the operation's path."""

    resource: str
    event: str
    loc: Loc


@dataclass(frozen=True)
class Deny:
    """Policy: refuse the operation with `error` before anything else. `guard` uses options and given fields."""

    guard: Guard
    error: str
    brief: str
    loc: Loc

    @property
    def rule(self) -> str:
        """What errors name it by: its brief, or its condition."""
        return self.brief.rstrip(".") or self.guard.text


class Form(Enum):
    """How an operation gets at its instances."""

    OBTAIN = "obtain"  # find or make each level of the path
    CREATE = "create"  # make one; the levels above it must exist
    FIND = "find"  # find, by keys or by an assigned value
    WITH = "with"  # the path that a reservation pins


@dataclass(frozen=True)
class Operation:
    """A function of the public API.

    `path` runs from the root to the resource the operation is about, with nothing left out. The caller gives the
    fields of every level for OBTAIN and CREATE; for FIND without `by` only the key fields of every level count; FIND with `by`
    and WITH take none.
    """

    name: str
    brief: str
    loc: Loc
    form: Form
    path: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    returns: tuple[Ref, ...] = ()  # leaves of assigned values of resources on the path
    deny: tuple[Deny, ...] = ()
    gives: bool = False  # OBTAIN only, then without steps: the caller gets a reservation
    ends: bool = False  # WITH only: the reservation is gone once every step ended ok
    by: str | None = None  # FIND only: an assigned value (no format and no bool) of the last resource on the path
    absent_ok: bool = False  # FIND only: finding nothing is success
    at: str | None = None  # CREATE only: the pool whose slot the caller names
    enter: str | None = None  # CREATE only: the state it is made in

    @property
    def target(self) -> str:
        return self.path[-1]


@dataclass(frozen=True)
class Accept:
    """A finding of the checker that the author knows and takes."""

    finding: str
    why: str
    loc: Loc
    where: str  # "resource.state", "resource.state.event" or "" for all of them
    where_loc: Loc


@dataclass(frozen=True)
class Limit:
    """How many instances of a resource take memory at once, and the bytes of the strings and lists of one (None: by their max_length)."""

    resource: str
    instances: int
    loc: Loc
    text: int | None = None


@dataclass(frozen=True)
class Limits:
    """What the manager's memory is computed from. They change no behaviour but that beyond them there is no memory."""

    resources: tuple[Limit, ...]
    loc: Loc
    reservations: int | None = None

    def of(self, resource: str) -> Limit:
        return next(r for r in self.resources if r.resource == resource)


@dataclass(frozen=True)
class Manager:
    name: str
    brief: str
    file: str  # as given on the command line
    loc: Loc
    options: tuple[Field, ...] = ()
    hooks: tuple[Hook, ...] = ()
    resources: tuple[Resource, ...] = ()  # parents before children
    operations: tuple[Operation, ...] = ()
    accept: tuple[Accept, ...] = field(default=())
    limits: Limits | None = None

    @cached_property
    def by_name(self) -> dict[str, Resource]:
        """The resources by their names."""
        return {r.name: r for r in self.resources}

    def resource(self, name: str) -> Resource:
        """The resource of that name. Raises KeyError where there is none; so do `operation` and
        `hook`."""
        return self.by_name[name]

    def operation(self, name: str) -> Operation:
        return self._operations[name]

    @cached_property
    def _operations(self) -> dict[str, Operation]:
        return {o.name: o for o in self.operations}

    def hook(self, name: str) -> Hook:
        return self._hooks[name]

    @cached_property
    def _hooks(self) -> dict[str, Hook]:
        return {h.name: h for h in self.hooks}

    def option(self, name: str) -> Field:
        return next(o for o in self.options if o.name == name)

    def naming(self, hook: str) -> tuple[Assigned, ...]:
        """The values that a hook gives and that some operation finds by."""
        found = {(o.target, o.by) for o in self.operations if o.by is not None}
        return tuple(a for r in self.resources for a in r.assigned if a.hook == hook and (r.name, a.name) in found)

    @property
    def left_out(self) -> tuple[tuple[str, ...], ...]:
        """The optional hooks, in sets that a backend leaves out whole or not at all, in the order of the spec."""
        sets: dict[tuple[str, str], list[str]] = {}
        for hook in self.hooks:
            if hook.optional:
                sets.setdefault(("word", hook.together) if hook.together else ("hook", hook.name), []).append(hook.name)
        return tuple(tuple(names) for names in sets.values())

    def path(self, name: str) -> tuple[str, ...]:
        """The resource and those above it, root first."""
        up = [name]
        while (parent := self.resource(up[0]).parent) is not None:
            up.insert(0, parent)
        return tuple(up)

    def children(self, name: str) -> tuple[str, ...]:
        return self._below.get(name, ())

    @cached_property
    def _below(self) -> dict[str | None, tuple[str, ...]]:
        below: dict[str | None, list[str]] = {}
        for resource in self.resources:
            below.setdefault(resource.parent, []).append(resource.name)
        return {parent: tuple(names) for parent, names in below.items()}

    @property
    def reservation_path(self) -> tuple[str, ...]:
        """The path that every reservation of this manager pins; empty where it gives none."""
        return next((o.path for o in self.operations if o.gives), ())
