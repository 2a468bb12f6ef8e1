"""The table IR: what the generated source says, as plain data.

Ids are dense and begin at 1, 0 is "none", as in berth/table.h; the lists below hold element 1
first. Names are C identifiers or the spec's words, as each comment says. Whoever wants a changed
table (the mutants) uses `dataclasses.replace` and renders the result.
"""
from __future__ import annotations

from dataclasses import dataclass

from berthc.model import AssignedKind, Form, Type

BYTE = 255


@dataclass(frozen=True)
class Id:
    """One enumerator of an enum of ids: the spec's word and the C identifier."""

    name: str
    c: str


@dataclass(frozen=True)
class Target:
    """Where an outcome leads; state 0: there is no such outcome."""

    state: int = 0
    raises: int = 0


@dataclass(frozen=True)
class Row:
    """`asks`: `ok`, `fail` and `uncertain` are where the answers yes, unknown and no lead."""

    state: int
    event: int
    guard: int = 0  # id in Manager.guards
    hook: int = 0
    reject: str | None = None  # errno name
    ok: Target = Target()
    fail: Target = Target()
    uncertain: Target = Target()
    asks: bool = False

    @property
    def outcomes(self) -> tuple[tuple[str, Target], ...]:
        """(outcome, where it leads) of every outcome that the row has."""
        words = ("yes", "unknown", "no") if self.asks else ("ok", "fail", "uncertain")
        return tuple(
            (w, t)
            for w, t in zip(words, (self.ok, self.fail, self.uncertain), strict=True)
            if t.state
        )


@dataclass(frozen=True)
class Cell:
    """The rows of a state and event: those from row `first` (an id) on that are of both."""

    state: int
    event: int
    first: int


@dataclass(frozen=True)
class State:
    id: Id
    final: bool
    resident: bool


@dataclass(frozen=True)
class Field:
    """A field that callers give, or an option. `default` is an int (bool, integer, index of an
    enum's value) or a text."""

    name: str
    c: str  # enumerator of its number in the source, from 1
    type: Type
    c_type: str
    values: tuple[Id, ...] = ()
    key: bool = False
    required: bool = False
    ignore_case: bool = False
    range: tuple[int, int] | None = None
    max_length: int = 0
    default: int | str = 0
    zero_default: bool = False


@dataclass(frozen=True)
class Part:
    """One digit of a slot. `option` is the id of the option that gives its size, 0: `size` does."""

    name: str
    type: Type
    option: int
    size: int


@dataclass(frozen=True)
class Piece:
    """A piece of a format: `text` as it is, or what the C expression `value` of `type` yields (an
    enum's names are in `values`)."""

    text: str = ""
    value: str = ""
    type: Type | None = None
    values: str = ""


@dataclass(frozen=True)
class FormatText:
    """One alternative of a format. `guard` is a C expression over `options`, None for the last."""

    guard: str | None
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Assigned:
    """A value that the runtime sets. `size` is that of the array of a text, with the NUL, and
    `size_macro` its name; 0 and "" otherwise."""

    name: str
    c: str  # enumerator of its number in the source, from 1
    kind: AssignedKind
    type: Type | None
    indexed: bool = False
    size: int = 0
    size_macro: str = ""
    start: int = 0
    parts: tuple[Part, ...] = ()
    slot: str = ""  # C type of a slot of a pool
    texts: tuple[FormatText, ...] = ()
    hook: int = 0


@dataclass(frozen=True)
class Resource:
    name: str
    c: str  # enumerator
    view: str  # C type
    config: str  # C type
    parent: int
    level: int
    take: int
    drop: int
    initial: int
    otherwise: str | None
    states: tuple[State, ...]
    events: tuple[Id, ...]
    rows: tuple[Row, ...]
    cells: tuple[Cell, ...]
    fields: tuple[Field, ...]
    assigned: tuple[Assigned, ...]
    first_row: int
    functions: dict[str, str]  # names.FIELD_FUNCTIONS to C identifiers

    @property
    def wide(self) -> bool:
        """Are there too many states or rows for a byte?"""
        return len(self.states) > BYTE or len(self.rows) > BYTE

    def plain(self, cell: Cell) -> int:
        """The state that the event of `cell` leads to, with all that it raises, if no row on that
        way has a guard, a hook or a rejection, and the state is not final; else 0."""
        first = {(c.state, c.event): c.first for c in self.cells}
        state, event, seen = cell.state, cell.event, set[tuple[int, int]]()
        while event:
            row = self.rows[first[state, event] - 1] if (state, event) in first else None
            if (
                row is None
                or row.guard
                or row.hook
                or row.reject is not None
                or (state, event) in seen
            ):
                return 0
            seen.add((state, event))
            state, event = row.ok.state, row.ok.raises
        return 0 if self.states[state - 1].final else state


@dataclass(frozen=True)
class Guard:
    """A guard of rows of one resource, or of deny entries of one operation: `owner` is its id.
    `expression` is C, `text` the spec's. `c` is the function that asks it, or the rule's number."""

    owner: int
    expression: str
    text: str
    c: str


@dataclass(frozen=True)
class Out:
    """A member of a hook's out-values, and of the view; `size_macro` for a text."""

    name: str
    type: Type
    size_macro: str = ""


@dataclass(frozen=True)
class Hook:
    name: str
    c: str
    resource: int
    optional: bool
    absent: str | None
    asks: bool
    out: str  # C type of its out-values; "" where it has none
    outs: tuple[Out, ...]


@dataclass(frozen=True)
class Step:
    level: int
    resource: int
    event: int


@dataclass(frozen=True)
class Return:
    """A leaf of an assigned value of the level; `type` is STRING for an array of characters, whose
    size `size_macro` names."""

    level: int
    resource: int
    leaf: str
    type: Type
    size_macro: str = ""


@dataclass(frozen=True)
class Deny:
    guard: int  # id in Manager.denials
    error: str
    rule: str  # for people: its brief, or its condition
    c: str  # enumerator of its number in the source, from 1


@dataclass(frozen=True)
class Operation:
    name: str
    c: str
    check: str  # C identifier of the function that checks the arguments
    form: Form
    path: tuple[int, ...]
    gives: bool
    ends: bool
    absent_ok: bool
    by: int
    at: int
    enter: int
    steps: tuple[Step, ...]
    returns: tuple[Return, ...]
    result: str  # C type of what it returns; "" where that is at most one value
    denies: tuple[Deny, ...]
    owned: bool = False  # it takes or drops a reference with an owner's name

    @property
    def is_look_up(self) -> bool:
        """Does it find something, or use a reservation, and change nothing?"""
        return not self.steps and not self.ends and self.form in (Form.FIND, Form.WITH)


@dataclass(frozen=True)
class Limit:
    """Of one resource: instances, bytes of the strings and lists of one, and the slots that each of
    its pools ever touches (as words or nodes)."""

    instances: int
    text: int
    pools: tuple[Pool, ...]


@dataclass(frozen=True)
class Pool:
    """What a pool takes: `words` of 64 slots if it is one leaf, else so many `nodes`."""

    words: int = 0
    nodes: int = 0


@dataclass(frozen=True)
class Limits:
    """`resources` is in the order of Manager.resources; `levels` is the length of a reservation's
    path; `text` that of the options' strings."""

    resources: tuple[Limit, ...]
    reservations: int
    levels: int
    text: int


@dataclass(frozen=True)
class Earlier:
    """An earlier name: `kind` is the word of the C constant, `resource` and `index` are numbers."""

    kind: str
    resource: int
    index: int
    was: str
    name: str | None


@dataclass(frozen=True)
class Store:
    """The manager may have a store. `settle` is the name of the hook that settles, or None."""

    settle: str | None
    spec_hash: int = 0
    earlier: tuple[Earlier, ...] = ()


@dataclass(frozen=True)
class Manager:
    name: str
    file: str  # base name of the spec
    version: int  # of the backend struct
    options: tuple[Field, ...]
    resources: tuple[Resource, ...]
    hooks: tuple[Hook, ...]
    operations: tuple[Operation, ...]
    guards: tuple[Guard, ...]
    denials: tuple[Guard, ...]
    limits: Limits | None = None
    store: Store | None = None
    file_scope: frozenset[
        str
    ] = frozenset()  # the names that parameters and variables must not hide
    together: tuple[tuple[int, ...], ...] = ()  # ids of hooks that a backend leaves out all or none

    def resource(self, number: int) -> Resource:
        return self.resources[number - 1]

    def below(self, number: int) -> list[Resource]:
        """The resources whose parent it is."""
        return [r for r in self.resources if r.parent == number]

    def is_only_child(self, resource: Resource) -> bool:
        """Is it without a key, and no other resource beside it? Its instances then need no hash
        table."""
        return bool(resource.parent) and not any(f.key for f in resource.fields) and len(
            self.below(resource.parent)) == 1

    @property
    def errors(self) -> tuple[str, ...]:
        """The errno names in the tables of rows, resources, hooks and operations, each once."""
        found = [row.reject for r in self.resources for row in r.rows] + [
            r.otherwise for r in self.resources
        ]
        found += [h.absent for h in self.hooks] + [
            d.error for o in self.operations for d in o.denies
        ]
        return tuple(dict.fromkeys(e for e in found if e is not None))
