"""The same question for Spin: the manager, its callers and its backend as a Promela model of its own.

This is a second reading of docs/semantics.md, made of the spec's rows as text; only what callers say (`alphabet`) and what operations are
to them (`contract`) is shared with the search. One process chooses a caller, an operation and the outcomes of its calls; an operation is
one atomic step on copies of the instances of its path, which are written back unless it failed before its first call (S1). Callers and
keys are told apart.

A finding is noted by C code in the verifier, which prints `FOUND id` the first time, and the search does not go on behind it. One verifier
answers every question: its environment says ASK=clean for `denied` (no call fails; this run also learns what others judge by), nothing for
most, ASK=strand for `stranded` and for slots that are kept, ASK=drain for rows that only drain takes, and STOP=id for a trail to one finding
(`verifier` has the C code). Compiling takes longer than most searches. With ASK=strand the search goes on behind findings, but only where no
call fails: a way out of one thing may lead through another.
"""
from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod

from berthc.explore.alphabet import Choice, Valuation, choices, fold
from berthc.explore.backend import Effects, effects
from berthc.explore.bounds import Bounds
from berthc.explore.contract import contract, levels_of, reach_of
from berthc.explore.pools import helpers
from berthc.explore.verifier import FINDINGS, Pooled, Site, Tables, declarations, definitions, promise
from berthc.model import Assigned, AssignedKind, Form, Manager, Operation, Ref, Resource, Row, State, Target
from berthc.semantics import Value

class NotExported(Exception):
    """The model has no words for something in the spec; the text says for what."""


def promela(manager: Manager, root: str, valuation: Valuation, bounds: Bounds) -> str:
    """The model of one root resource with what is below it, for one valuation. Raises NotExported."""
    return "\n".join(_Model(manager, root, valuation, bounds).text()) + "\n"


def rows_of(manager: Manager, root: str) -> list[Row]:
    """The rows in the order of the numbers by which a verifier says that they ran."""
    return [row for r in manager.resources if manager.path(r.name)[0] == root for s in r.states for row in s.rows]


class _Model:
    def __init__(self, manager: Manager, root: str, valuation: Valuation, bounds: Bounds) -> None:
        manager = self.m = valuation.applied(manager)
        self.callers = bounds.callers
        self.options = dict(valuation.options)
        self.without = frozenset(valuation.without)
        self.contract = contract(manager, root)
        self.resources = [r for r in manager.resources if manager.path(r.name)[0] == root]
        self.effects: dict[str, Effects] = effects(manager)
        self.choices = {r.name: choices(manager, r, self.options, bounds.keys) for r in self.resources}
        # Who helps those that are stuck by making an instance has a key of its own for it, after the others.
        self.spare = {r.name: choices(manager, r, self.options, bounds.keys + 1) if r.name in helpers(manager) else self.choices[r.name]
                      for r in self.resources}
        self.keys = {name: list(dict.fromkeys(c.key for c in (*some, *self.spare[name]))) for name, some in self.choices.items()}
        self.count = {r.name: prod(len(self.keys[up]) for up in manager.path(r.name)) for r in self.resources}
        self.depth = max(len(manager.path(r.name)) for r in self.resources)
        self.states = {r.name: {s.name: n for n, s in enumerate(r.states, 1)} for r in self.resources}
        self.events = {r.name: {e: n for n, e in enumerate(r.events, 1)} for r in self.resources}
        self.rows = rows_of(manager, root)
        # What a caller with anonymous references holds: the path, and the levels it took.
        self.types = {kind: n for n, kind in enumerate(self._held_at_times(), 2)}
        # Resources looked up by a slot: a caller may remember one that has been given to another instance.
        self.slotted = {o.target for o in manager.operations for a in manager.resource(o.target).assigned
                        if a.kind is AssignedKind.POOL and a.name == o.by}
        self.capacity = {r.name: min((self._slots(a) for a in r.assigned if a.kind is AssignedKind.POOL), default=None)
                         for r in self.resources}
        if any(c.kind is not None and self._cross(r) for r in self.resources for c in self.choices[r.name]):
            raise NotExported("conditions on fields of other resources")
        for op in self.contract.releases:  # a caller's keys are remembered, and nothing else of what it gave
            if op.form is Form.CREATE or op.form is Form.OBTAIN and any(len({c.kind for c in self.choices[name]}) > 1 for name in op.path):
                raise NotExported(f"fields given to operations that let go of what they may have to make, such as {op.name}")

    def _held_at_times(self) -> list[tuple[tuple[str, ...], tuple[bool, ...]]]:
        """The paths that callers hold anonymously and the levels that they have not let go of: at first, and after releases of a part."""
        held = list(dict.fromkeys((o.path, levels_of(self.m, o, "take")) for o in self.contract.acquires))
        for path, took in held:  # which grows meanwhile
            for op in self.contract.releases:
                left = self._left(op, path, took)
                if left is not None and any(left) and (path, left) not in held:
                    held.append((path, left))
        return held

    def _left(self, op: Operation, path: tuple[str, ...], took: tuple[bool, ...]) -> tuple[bool, ...] | None:
        """What a caller has still to let go of after a success of an operation; None when the operation lets go of none of it."""
        drops = (*levels_of(self.m, op, "drop"), *(False for _ in path))
        if path[:len(op.path)] != op.path or not any(d and t for d, t in zip(drops, took, strict=False)):
            return None
        return tuple(t and not d for t, d in zip(took, drops, strict=False))

    def _cross(self, resource: Resource) -> bool:
        return any(ref.scope not in ("option", "field", resource.name)
                   for s in resource.states for row in s.rows if row.guard for ref in row.guard.refs())

    def _slots(self, pool: Assigned) -> int:
        sizes = [self.options[part.option] if part.option is not None else part.size for part in pool.parts]
        return prod(size for size in sizes if isinstance(size, int))

    # The whole

    def text(self) -> Iterator[str]:
        yield f"/* {self.m.name}: {self.callers} callers. Spin checks it: spin -a, cc pan.c, [ASK=clean|strand] pan -E. */"
        yield declarations(self._sites(), [r.name for r in self.resources])
        yield "#define MAYFAIL (behind == 0 && !CLEAN)"
        yield f"#define N {self.callers}"
        yield f"#define L {self.depth}"
        yield "byte md[N], ty[N];  /* 0 idle, 1 holds, 3 lets go; 1 reservation, 2.. what it took */"
        yield "byte hl[N * L], al[N * L], kx[N * L];  /* level held, instance still there, key + 1 */"
        if self.slotted:
            yield "byte rs[N * L];  /* slot + 1 that the caller remembers of an instance that has ended */"
        yield "int rl[N * L];  /* effects at the level that the caller relies on */"
        yield "byte behind;  /* with ASK=strand: behind a finding, or what only a helper does */"
        yield "hidden byte c, x, j, n, err, bad, called, ev, i, drops, others, stolen, quiet, stop, rough;"
        yield "hidden int before;"
        for r in self.resources:
            size = self.count[r.name]
            yield f"byte st_{r.name}[{size}], kd_{r.name}[{size}], an_{r.name}[{size}];\nint gh_{r.name}[{size}];"
            yield (f"hidden byte w_{r.name}_st, w_{r.name}_kd, w_{r.name}_an, w_{r.name}_dead, w_{r.name}_new, w_{r.name}_hl, "
                   f"w_{r.name}_let, w_{r.name}_went, i_{r.name}, o_{r.name}, k_{r.name}, s_{r.name}, f_{r.name}, r_{r.name};")
            yield f"hidden int w_{r.name}_gh;"
            if r.name in self.slotted:
                yield f"byte sl_{r.name}[{size}];  /* slot + 1 */\nhidden byte w_{r.name}_sl;"
        yield definitions(self._tables())
        yield "c_code {\n" + "\n".join(line for r in reversed(self.resources) for line in self._undrained(r)) + "\n}"
        for n, name in enumerate(FINDINGS[:-2]):
            guard = {"dangling": "if :: stolen == 0 -> ", "interference": "stolen = 1; "}.get(name, "")
            close = " :: else fi" if name == "dangling" else ""
            note = f'c_code {{ if (!is_drain && !told[{n}]) {{ told[{n}] = 1; printf("FOUND {name}\\n"); }} }}'
            yield f"inline found_{name}() {{ {guard}bad = 1; {note}; if :: c_expr {{ stops_at_{name} }} -> stop = 1 :: else fi{close} }}"
        for r in self.resources:
            yield from self._slot(r)
            yield from self._chain(r)
            yield from self._end(r)
            yield from self._rest(r)
        for r in reversed(self.resources):  # those below first
            yield from self._drain(r)
        for op in self._operations():
            yield from self._operation(op)
        yield "init {\n  do"
        for op in self._operations():
            yield f"  :: atomic {{ pick_{op.name}(); op_{op.name}() }}"
        yield "  :: c_expr { GONE_ON_FROM } -> skip"
        root = self.resources[0].name
        yield f"  :: atomic {{ DRAIN -> c = N; err = 0; k_{root} = 0;"
        yield (f"     do :: k_{root} < {self.count[root]} -> i_{root} = k_{root}; "
               f"if :: st_{root}[i_{root}] != 0 -> drain_{root}() :: else fi; k_{root}++ :: else -> break od; false }}")
        yield "  od\n}"

    def _operations(self) -> list[Operation]:
        c = self.contract
        return [*c.gives, *c.uses, *c.ends, *c.acquires, *c.releases, *c.free]

    # What the verifier is told

    def _tables(self) -> Tables:
        arrays = ["md", "ty", "hl", "al", "kx", "rl", *(["rs"] if self.slotted else [])]
        for r in self.resources:
            arrays += [f"{kind}_{r.name}" for kind in ("st", "kd", "an", "gh", *(["sl"] if r.name in self.slotted else []))]
        pooled = [Pooled(r.name, self.count[r.name], self._held(r), self._keeps(r))
                  for r in self.resources if self.capacity[r.name] is not None]
        if sum(one.size for one in pooled) > 64:
            raise NotExported("more than 64 instances with slots")
        kinds = 1 + max(c.kind for some in self.choices.values() for c in some)
        return Tables(self.callers, arrays, self._sites(), kinds, {r.name: [s.name for s in r.states] for r in self.resources},
                      {r.name: [self.states[r.name][s.name] for s in r.states if s.resident] for r in self.resources}, pooled)

    def _sites(self) -> list[Site]:
        return [Site(op.name, name) for op in (*self.contract.uses, *self.contract.acquires) for name in op.path]

    def _held(self, r: Resource) -> str:
        """C text: does anybody hold instance number `i`?"""
        path = self.m.path(r.name)
        index = "now.kx[x * L] - 1".replace("L", str(self.depth))
        for n, name in enumerate(path[1:], 1):
            index = f"({index}) * {len(self.keys[name])} + now.kx[x * {self.depth} + {n}] - 1"
        at = f"x * {self.depth} + {len(path) - 1}"
        out = f"        held = now.an_{r.name}[i] != 0;\n        for (x = 0; x < {self.callers}; x++)\n"
        out += f"            held |= now.md[x] != 0 && now.ty[x] == 1 && now.al[{at}] && now.hl[{at}] && {index} == i;\n"
        for child in self.m.children(r.name):
            size = len(self.keys[child])
            out += f"        for (j = 0; j < {size}; j++)\n            held |= now.st_{child}[i * {size} + j] != 0;\n"
        return out

    def _keeps(self, r: Resource) -> list[int]:
        """States where an instance may rest and that a drain in which every call ends ok does not end."""
        final = {s.name for s in r.states if s.final}
        return [self.states[r.name][s.name] for s in r.states if s.resident and self._drained_to(r, s.name, 0)[0] not in final]

    def _part(self, op: Operation) -> str:
        c = self.contract
        return next(p for p in ("gives", "uses", "ends", "acquires", "releases", "free") if op in getattr(c, p))

    # Slots

    def _slot(self, r: Resource) -> Iterator[str]:
        """The lowest free slot for a new instance, or `err = 3`."""
        size, most = self.count[r.name], self.capacity[r.name]
        if r.name in self.slotted:
            yield f"inline slot_{r.name}() {{\n  j = 1; x = 0;"
            yield (f"  do\n  :: x < {size} && sl_{r.name}[x] == j -> j++; x = 0\n  :: x < {size} && sl_{r.name}[x] != j -> x++\n"
                   f"  :: else -> break\n  od; x = 0;")
            yield f"  if :: j > {most} -> err = 3 :: else -> w_{r.name}_sl = j fi; j = 0\n}}"
        elif self._may_fill(r.name):
            yield f"inline slot_{r.name}() {{\n  j = 0; x = 0;"
            yield f"  do :: x < {size} -> if :: st_{r.name}[x] != 0 -> j++ :: else fi; x++ :: else -> break od; x = 0;"
            yield f"  if :: j >= {most} -> err = 3 :: else fi; j = 0\n}}"

    def _may_fill(self, name: str) -> bool:
        most = self.capacity[name]
        return most is not None and most < self.count[name]

    # Rows

    def _chain(self, r: Resource) -> Iterator[str]:
        """`ev` and all that it raises, on the copy of an instance; `err` is 1 after a reject that is told, 2 after other errors."""
        w = f"w_{r.name}"
        level = len(self.m.path(r.name)) - 1
        yield f"inline chain_{r.name}() {{"
        yield "  n = 0;\n  do\n  :: ev == 0 -> break\n  :: else -> n = 1;\n    if"
        for state in r.states:
            for event in r.events:
                yield from self._cell(r, state, event, w, level)
        yield "    fi\n  od\n}"

    def _cell(self, r: Resource, state: State, event: str, w: str, level: int) -> Iterator[str]:
        rows = r.rows(state.name, event)
        here = f"{w}_st == {self.states[r.name][state.name]} && ev == {self.events[r.name][event]}"
        if not rows:
            if not state.final:
                yield f"    :: {here} -> {self._refuse(False)}" if r.otherwise else f"    :: {here} -> assert(false)  /* a hole */"
            return
        policy = any(row.guard is not None for row in rows)
        kinds = sorted({c.kind for c in self.choices[r.name]})
        for kind in kinds:
            fields = next(c.fields for c in self.choices[r.name] if c.kind == kind)
            row = next(row for row in rows if row.guard is None or fold(row.guard, self._known(r, fields)) is True)
            condition = here if len(kinds) == 1 else f"{here} && {w}_kd == {kind}"
            yield f"    :: {condition} -> {self._row(r, row, policy, w, level)}"

    def _known(self, r: Resource, fields: object):  # type: ignore[no-untyped-def]
        values: dict[str, Value] = dict(fields)  # type: ignore[call-overload]

        def known(ref: Ref) -> Value | None:
            return self.options[ref.name] if ref.scope == "option" else values[ref.name]

        return known

    @staticmethod
    def _refuse(policy: bool) -> str:
        return f"if :: err == 0 -> err = {2 if policy else 1} :: else fi; ev = 0"

    def _ran(self, row: Row, outcome: int) -> str:
        n = next(n for n, other in enumerate(self.rows) if other is row) * 4 + outcome
        return f"c_code {{ if (!ran[{n}]) {{ ran[{n}] = 1; printf(\"ROW {n // 4} {n % 4}\\n\"); }} }}; "

    def _row(self, r: Resource, row: Row, policy: bool, w: str, level: int) -> str:
        if row.reject is not None:
            return self._refuse(policy)
        hook = self.m.hook(row.call) if row.call is not None else None
        assert row.ok is not None
        if hook is None:
            return self._ran(row, 0) + self._go(r, row.ok, w)
        if hook.name in self.without:
            return self._refuse(True) if hook.absent is not None else self._ran(row, 0) + self._go(r, row.ok, w)
        assert row.fail is not None
        of = self.effects[hook.name]
        unsure = row.uncertain or row.fail
        failed = "if :: err == 0 -> err = 2 :: else fi; "
        did = self._effect(r, of, w, level)
        out = "called = 1; " + self._double(of, w) + "\n      if"
        said = [f'c_code {{ if (readtrail) printf("CALL {hook.name} {how}\\n"); }}; '
                for how in ("ok 1", "fail 0", "uncertain 1", "uncertain 0")]
        out += f"\n      :: {self._ran(row, 0)}{said[0]}{did}{self._go(r, row.ok, w)}"
        failed += "rough = 1; "
        out += f"\n      :: MAYFAIL -> {self._ran(row, 1)}{said[1]}{failed}{self._go(r, row.fail, w)}"
        out += f"\n      :: MAYFAIL -> {self._ran(row, 2)}{said[2]}{did}{failed}{self._go(r, unsure, w)}"
        out += f"\n      :: MAYFAIL -> {self._ran(row, 2)}{said[3]}{failed}{self._go(r, unsure, w)}"
        return out + "\n      fi"

    def _go(self, r: Resource, target: Target, w: str) -> str:
        raised = self.events[r.name][target.raise_event] if target.raise_event else 0
        return f"{w}_st = {self.states[r.name][target.state]}; ev = {raised}"

    @staticmethod
    def _double(of: Effects, w: str) -> str:
        out = ""
        if not of.repeatable and of.own:
            out += f"if :: ({w}_gh & {of.own}) != 0 -> found_double() :: else fi; "
        if not of.repeatable and of.undoes:
            out += f"if :: ({w}_gh & {of.undoes}) == 0 -> found_double() :: else fi; "
        return out

    def _effect(self, r: Resource, of: Effects, w: str, level: int) -> str:
        """The hook took effect; who else relies on what it took back?"""
        out = ""
        if of.undoes:
            same = " && ".join(f"kx[x * L + {n}] == k_{up} + 1" for n, up in enumerate(self.m.path(r.name)))
            before = f"gh_{r.name}[i_{r.name}]"  # what the same request brought about, nobody else relies on
            out += (f"if :: {w}_new == 0 && ({w}_gh & {before} & {of.undoes}) != 0 -> x = 0; do :: x < N -> "
                    f"if :: x != c && (rl[x * L + {level}] & {w}_gh & {before} & {of.undoes}) != 0 && al[x * L + {level}] && {same} -> "
                    f"found_interference() :: else fi; x++ :: else -> break od; x = 0 :: else fi; {w}_gh = {w}_gh & ~{of.undoes}; ")
        if of.own:
            out += f"{w}_gh = {w}_gh | {of.own}; "
        return out

    # Ends

    def _end(self, r: Resource) -> Iterator[str]:
        """Instance number `i_R` ends: its holders are asked, and all below it ends too (`up`: it went with its parent)."""
        path = self.m.path(r.name)
        level = len(path) - 1
        w = f"w_{r.name}"
        same = " && ".join(f"kx[x * L + {n}] == k_{up} + 1" for n, up in enumerate(path))
        forget = "; ".join(self._forget("x", n) for n in range(level, self.depth))
        yield f"inline end_{r.name}(up) {{"
        yield f"  if :: gh_{r.name}[i_{r.name}] != 0 -> found_leak() :: else fi;"
        # What the same request made is nobody's yet: it goes with the instance above it.
        yield f"  if :: up && !({w}_new && i_{r.name} == o_{r.name}) -> found_dangling() :: else fi;"
        if r.name in self.slotted:
            forget = f"if :: ty[x] != 1 -> rs[x * L + {level}] = sl_{r.name}[i_{r.name}] :: else fi; " + forget
        yield f"  st_{r.name}[i_{r.name}] = 0; kd_{r.name}[i_{r.name}] = 0; an_{r.name}[i_{r.name}] = 0; gh_{r.name}[i_{r.name}] = 0;"
        yield "  x = 0;\n  do\n  :: x < N ->"
        yield f"    if\n    :: al[x * L + {level}] && {same} ->"
        yield (f"      if :: x != c && hl[x * L + {level}] -> found_dangling() :: x == c && {w}_hl && {w}_let == 0 -> found_dangling() "
               f":: else fi;")
        yield f"      {forget}"
        yield "    :: else\n    fi; x++\n  :: else -> break\n  od; x = 0;"
        if r.name in self.slotted:
            yield f"  sl_{r.name}[i_{r.name}] = 0;"
        for child in self.m.children(r.name):
            size = len(self.keys[child])
            yield f"  s_{child} = k_{child}; k_{child} = 0; do :: k_{child} < {size} -> i_{child} = i_{r.name} * {size} + k_{child};"
            yield (f"    if :: st_{child}[i_{child}] != 0 -> end_{child}(1) :: else fi; k_{child}++ :: else -> break od; k_{child} = "
                   f"s_{child}; s_{child} = 0;")
            yield f"  i_{child} = i_{r.name} * {size} + k_{child};"
        yield "}"

    def _forget(self, who: str, level: int) -> str:
        """The caller's instance at a level is gone. Who will look for it by its key remembers that."""
        by_key = any(o.by is None for o in self.contract.releases)
        key = f"if :: ty[{who}] == 1 -> kx[{who} * L + {level}] = 0 :: else fi" if by_key else f"kx[{who} * L + {level}] = 0"
        return f"al[{who} * L + {level}] = 0; rl[{who} * L + {level}] = 0; {key}"

    def _rest(self, r: Resource) -> Iterator[str]:
        """After an operation: what nobody holds must be at home where it rests."""
        path = self.m.path(r.name)
        level = len(path) - 1
        name = r.name
        resident = [self.states[name][s.name] for s in r.states if s.resident]
        at_home = " || ".join(f"st_{name}[i] == {n}" for n in resident) or "false"
        yield f"inline rest_{name}() {{\n  i = 0;\n  do\n  :: i < {self.count[name]} ->\n    if\n    :: st_{name}[i] != 0 ->"
        yield f"      others = an_{name}[i]; drops = 0; x = 0;\n      do\n      :: x < N ->"
        yield f"        if :: md[x] != 0 && al[x * L + {level}] && hl[x * L + {level}] && {self._index('x', path)} == i ->"
        yield ("          if :: ty[x] == 1 -> others++ :: else -> drops++ fi\n        :: else\n        fi; x++\n      :: else -> "
               "break\n      od; x = 0;")
        yield f"      if :: an_{name}[i] > drops -> found_leak() :: else fi;"
        for child in self.m.children(name):
            size = len(self.keys[child])
            yield (f"      j = 0; do :: j < {size} -> if :: st_{child}[i * {size} + j] != 0 -> others++ :: else fi; j++ :: else -> break "
                   f"od; j = 0;")
        yield f"      if :: others == 0 && !({at_home}) -> found_leak() :: else fi;"
        yield f"      if :: quiet && gh_{name}[i] != 0 && c_expr {{ UNDRAINED_{name} }} -> found_leak() :: else fi;"
        yield "      others = 0; drops = 0\n    :: else\n    fi; i++\n  :: else -> break\n  od; i = 0\n}"

    def _undrained(self, r: Resource) -> Iterator[str]:
        """C functions for a drain in which every call ends ok: `left` of a tree has bit 0 when something failed and bit 1 when an instance
        is still there; `undrained` has the effects that are."""
        name, bits = r.name, sum(self.effects[h.name].own for h in self.m.hooks if h.on == r.name)
        yield f"static int blocked_{name}(int i)\n{{\n    int j, below = 0;"
        for child in self.m.children(name):
            size = len(self.keys[child])
            yield f"    for (j = 0; j < {size}; j++)\n        if (now.st_{child}[i * {size} + j] != 0)"
            yield f"            below |= left_{child}(i * {size} + j);"
        yield "    (void)i; (void)j;\n    return below;\n}"
        ends, effects_ = [], []
        for state in r.states:
            for kind in sorted({c.kind for c in self.choices[name]}):
                here = f"now.st_{name}[i] == {self.states[name][state.name]} && now.kd_{name}[i] == {kind}"
                to, refused, kept, added = self._drained(r, state.name, kind)
                ends.append(f"    if ({here})\n        return {int(refused)} | {0 if self.m.resource(name).state(to).final else 2};")
                effects_.append(f"    if ({here})\n        return (now.gh_{name}[i] & {kept & bits}) | {added};")
        yield f"static int left_{name}(int i)\n{{\n    int below = blocked_{name}(i);"
        yield f"    if (below != 0 || {int(r.drop is None)})\n        return below | 2;"
        yield "\n".join(ends) + "\n    return 2;\n}"
        yield f"int undrained_{name}(int i)\n{{\n    if (blocked_{name}(i) != 0 || {int(r.drop is None)})\n        return now.gh_{name}[i];"
        yield "\n".join(effects_) + f"\n    return now.gh_{name}[i];\n}}"

    def _drained(self, r: Resource, state: str, kind: int) -> tuple[str, bool, int, int]:
        """A drain of an instance below which nothing is: its state then, whether it was refused, which effects stay and which are new."""
        fields = next(c.fields for c in self.choices[r.name] if c.kind == kind)
        kept, added = -1, 0
        event = r.drop
        while event is not None:
            row = next((row for row in r.rows(state, event) if row.guard is None or fold(row.guard, self._known(r, fields)) is True), None)
            if row is None or row.ok is None:
                return state, True, kept, added
            hook = self.m.hook(row.call) if row.call is not None else None
            if hook is not None and hook.name in self.without and hook.absent is not None:
                return state, True, kept, added
            if hook is not None and hook.name not in self.without:
                of = self.effects[hook.name]
                kept, added = kept & ~of.undoes, of.after(added)
            state, event = row.ok.state, row.ok.raise_event
        return state, False, kept, added

    def _drained_to(self, r: Resource, state: str, mask: int) -> tuple[str, int]:
        """The state and the effects after a drain of an instance in which every call ends ok."""
        event = r.drop
        while event is not None:
            row = next((row for row in r.rows(state, event) if row.guard is None), None)
            if row is None or row.ok is None:
                break
            if row.call is not None and row.call not in self.without:
                mask = self.effects[row.call].after(mask)
            state, event = row.ok.state, row.ok.raise_event
        return state, mask

    def _drain(self, r: Resource) -> Iterator[str]:
        """Drains instance `i_R` after what is below it; `f_R`: something failed. What it leaves is not looked at, only which rows ran."""
        w, name = f"w_{r.name}", r.name
        yield f"inline drain_{name}() {{\n  f_{name} = 0; r_{name} = 0;"
        for child in self.m.children(name):
            size = len(self.keys[child])
            yield (f"  k_{child} = 0; do :: k_{child} < {size} -> i_{child} = i_{name} * {size} + k_{child}; "
                   f"if :: st_{child}[i_{child}] != 0 -> drain_{child}(); if :: f_{child} -> f_{name} = 1 :: else fi; "
                   f"if :: st_{child}[i_{child}] != 0 -> r_{name} = 1 :: else fi :: else fi; k_{child}++ :: else -> break od;")
        if r.drop is not None:
            final = " || ".join(f"{w}_st == {self.states[name][s.name]}" for s in r.states if s.final) or "false"
            event = self.events[name][r.drop]
            yield f"  if :: f_{name} == 0 && r_{name} == 0 -> {self._copy(name)}; err = 0; ev = {event}; chain_{name}();"
            yield f"    f_{name} = (err != 0 -> 1 : 0); err = 0; if :: {final} -> {w}_st = 0 :: else fi; st_{name}[i_{name}] = {w}_st"
            yield "  :: else fi;"
        yield "  skip\n}"

    def _index(self, who: str, path: tuple[str, ...]) -> str:
        """The number of the instance that a caller's keys lead to."""
        out = f"(kx[{who} * L] - 1)"
        for n, name in enumerate(path[1:], 1):
            out = f"({out} * {len(self.keys[name])} + kx[{who} * L + {n}] - 1)"
        return out

    # Operations

    def _operation(self, op: Operation) -> Iterator[str]:
        part = self._part(op)
        yield f"inline pick_{op.name}() {{\n  if"
        for n in range(1 if part == "free" else self.callers):
            yield f"  :: {self._may(part, op, n)} -> c = {'N' if part == 'free' else n}"
        yield "  fi\n}"
        yield f"inline op_{op.name}() {{\n  err = 0; bad = 0; called = 0; ev = 0; stolen = 0; quiet = 0; rough = 0;"
        yield "  before = c_expr { MOMENT };"
        yield from self._reach(op, part)
        yield f"  if :: err == 0 -> {self._gives(op)}"
        yield "  :: else fi;"
        for step in op.steps:
            yield from self._step(op, part, step.resource, step.event)
        yield from self._finish(op, part)
        yield "}"

    def _may(self, part: str, op: Operation, n: int) -> str:
        if part in ("gives", "acquires"):
            return f"behind == 0 && md[{n}] == 0"
        if part == "free":
            return "true"
        if part == "uses":
            return f"ty[{n}] == 1 && md[{n}] == 1"
        if part == "ends":
            return f"ty[{n}] == 1 && md[{n}] != 0"
        fit = [str(number) for (path, took), number in self.types.items() if self._left(op, path, took) is not None]
        return f"md[{n}] != 0 && ({' || '.join(f'ty[{n}] == {f}' for f in fit) or 'false'})"

    def _reach(self, op: Operation, part: str) -> Iterator[str]:
        """Loads copies of the path, or `err = 3`: refused, and nothing has happened."""
        if op.form is Form.WITH or part == "releases":
            yield from self._own_path(op)
        else:
            yield from self._choose(op, part)

    def _own_path(self, op: Operation) -> Iterator[str]:
        full = " && ".join(f"hl[c * L + {n}]" for n in range(len(op.path)))
        for n, name in enumerate(op.path):
            w = f"w_{name}"
            yield (f"  k_{name} = 0; i_{name} = 0; w_{name}_new = 0; {w}_st = 0; {w}_an = 0; {w}_gh = 0; {w}_kd = 0; {w}_hl = hl[c * L + "
                   f"{n}]; {w}_let = 0; {w}_dead = 1;")
        if op.form is Form.WITH:
            for n, name in enumerate(op.path):
                yield f"  if :: al[c * L + {n}] -> {self._load(op, n, name)} :: else fi;"
            if not op.ends:
                yield f"  if :: !({full}) -> err = 3 :: else fi;"
            return
        if op.by is not None:
            last = len(op.path) - 1
            if op.target in self.slotted and self._by_slot(op):
                yield from self._own_slot(op)
                return
            # a number or a name that was never given to anything else
            loads = " ".join(self._load(op, n, name) + ";" for n, name in enumerate(op.path))
            yield f"  if :: al[c * L + {last}] -> {loads} :: else -> err = {4 if op.absent_ok else 3} fi;"
            return
        for n, name in enumerate(op.path):
            above = "0" if n == 0 else f"i_{op.path[n - 1]} * {len(self.keys[name])}"
            make = self._make(op, self.m.resource(name), n == len(op.path) - 1)
            if op.form is Form.OBTAIN:
                make += f"; w_{name}_dead = 0; w_{name}_kd = {self.choices[name][0].kind}"
            yield f"  k_{name} = kx[c * L + {n}] - 1; i_{name} = {above} + k_{name}; o_{name} = i_{name};"
            yield (f"  if :: err == 0 && st_{name}[i_{name}] != 0 -> {self._copy(name)} :: err == 0 && st_{name}[i_{name}] == 0 -> {make} "
                   f":: else fi;")

    def _by_slot(self, op: Operation) -> bool:
        return any(a.name == op.by and a.kind is AssignedKind.POOL for a in self.m.resource(op.target).assigned)

    def _own_slot(self, op: Operation) -> Iterator[str]:
        """Where the slot leads that the caller knows: to its own instance, or to what was given the slot when that had ended."""
        last, target = len(op.path) - 1, op.target
        own = "0"
        for n, name in enumerate(op.path):
            own = "kx[c * L] - 1" if n == 0 else f"({own}) * {len(self.keys[name])} + kx[c * L + {n}] - 1"
        yield f"  j = 0;\n  if :: al[c * L + {last}] -> j = {own}"
        yield (f"  :: else -> do :: j < {self.count[target]} && (st_{target}[j] == 0 || sl_{target}[j] != rs[c * L + {last}]) -> j++ "
               ":: else -> break od fi;")
        yield f"  if :: j == {self.count[target]} -> err = {4 if op.absent_ok else 3}"
        yield "  :: else ->"
        below = 1
        for n, name in reversed(list(enumerate(op.path))):
            w = f"w_{name}"
            size = len(self.keys[name])
            yield f"    i_{name} = j / {below}; k_{name} = i_{name} % {size}; {self._copy(name)};"
            yield f"    if :: al[c * L + {n}] == 0 || kx[c * L + {n}] != k_{name} + 1 -> {w}_hl = 0 :: else fi;"
            below *= size
        for n, (up, name) in enumerate(zip(op.path, op.path[1:], strict=False)):  # below another instance nothing is the caller's own
            yield f"    if :: w_{up}_hl == 0 && kx[c * L + {n}] != k_{up} + 1 -> w_{name}_hl = 0 :: else fi;"
        yield "  fi; j = 0;"

    def _load(self, op: Operation, n: int, name: str) -> str:
        above = "0" if n == 0 else f"i_{op.path[n - 1]} * {len(self.keys[name])}"
        return f"k_{name} = kx[c * L + {n}] - 1; i_{name} = {above} + k_{name}; {self._copy(name)}"

    def _copy(self, name: str) -> str:
        w = f"w_{name}"
        slot = f"; {w}_sl = sl_{name}[i_{name}]" if name in self.slotted else ""
        return (f"{w}_st = st_{name}[i_{name}]; {w}_kd = kd_{name}[i_{name}]; {w}_an = an_{name}[i_{name}]; {w}_gh = "
                f"gh_{name}[i_{name}]; {w}_dead = 0{slot}")

    def _choose(self, op: Operation, part: str) -> Iterator[str]:
        """Any of what callers say; instances that are not there are made on the copy."""
        allowed: dict[tuple[Choice, ...], bool] = {}
        for combination in product(*(self.choices[name] for name in op.path)):
            allowed[combination] = not self._denied(op, combination)
        known = {(c.resource, c.kind, c.key) for some in self.choices.values() for c in some}
        yield "  if"
        if part == "free":
            for combination in product(*(self.spare[name] for name in op.path)):
                if any((c.resource, c.kind, c.key) not in known for c in combination) and not self._denied(op, combination):
                    yield f"  :: STRAND -> behind = 1; {self._sets(combination)} skip"
        for combination, fine in allowed.items():
            sets = self._sets(combination)
            yield f"  :: {sets if fine else sets + ' err = 3;'}"
        yield "  fi;"
        for n, name in enumerate(op.path):
            r = self.m.resource(name)
            w = f"w_{name}"
            above = "0" if n == 0 else f"i_{op.path[n - 1]} * {len(self.keys[name])}"
            last = n == len(op.path) - 1
            make = self._make(op, r, last)
            compare = "" if op.form is not Form.OBTAIN else f"if :: kd_{name}[i_{name}] != {w}_kd -> err = 3 :: else fi; "
            found = "err = 3" if op.form is Form.CREATE and last else f"{compare}{self._copy(name)}"
            yield f"  i_{name} = {above} + k_{name}; o_{name} = i_{name}; {w}_new = 0; {w}_dead = 0; {w}_hl = 0; {w}_let = 0;"
            yield f"  if :: err == 0 && st_{name}[i_{name}] != 0 -> {found} :: err == 0 && st_{name}[i_{name}] == 0 -> {make} :: else fi;"

    def _sets(self, combination: tuple[Choice, ...]) -> str:
        return " ".join(f"k_{c.resource} = {self.keys[c.resource].index(c.key)}; w_{c.resource}_kd = {c.kind};" for c in combination)

    def _make(self, op: Operation, r: Resource, last: bool) -> str:
        w = f"w_{r.name}"
        if op.form is Form.OBTAIN or (op.form is Form.CREATE and last):
            state = op.enter if op.form is Form.CREATE and op.enter is not None else r.initial
            slot = f"; slot_{r.name}()" if r.name in self.slotted or self._may_fill(r.name) else ""
            return f"{w}_new = 1; {w}_st = {self.states[r.name][state]}; {w}_an = 0; {w}_gh = 0{slot}"
        return f"err = {4 if op.absent_ok else 3}"

    def _denied(self, op: Operation, combination: tuple[Choice, ...]) -> bool:
        given = {c.resource: c.fields for c in combination}

        def known(ref: Ref) -> Value | None:
            return self.options[ref.name] if ref.scope == "option" else given[op.target if ref.scope == "field" else ref.scope][ref.name]

        return any(fold(deny.guard, known) is True for deny in op.deny)

    def _gives(self, op: Operation) -> str:
        out = "skip"
        if op.gives:
            for name in op.path:
                take = self.m.resource(name).take
                if take is not None:
                    out += f"; if :: err == 0 -> ev = {self.events[name][take]}; chain_{name}() :: else fi"
        return out

    def _step(self, op: Operation, part: str, name: str, event: str) -> Iterator[str]:
        r = self.m.resource(name)
        n = op.path.index(name)
        w = f"w_{name}"
        with_ = op.form is Form.WITH
        skip = f"{w}_dead" + (f" || hl[c * L + {n}] == 0" if with_ else "")
        final = " || ".join(f"{w}_st == {self.states[name][s.name]}" for s in r.states if s.final) or "false"
        yield f"  if\n  :: err == 0 && !({skip}) ->"
        release = ""
        if event == r.drop:
            yield f"    {w}_let = 1;"
            yield from self._others(op, r, n)
            own = "1" if with_ else f"({w}_an > 0 -> 1 : 0)"
            let_go = f"hl[c * L + {n}] = 0" if with_ else f"if :: {w}_an > 0 -> {w}_an--; {w}_went = 1 :: else fi"
            # What is dropped is put back where the operation turns out never to have begun.
            yield f"    if\n    :: others > {own} -> {let_go}; drops = 1\n    :: else -> drops = 0\n    fi; others = 0;"
            release = f"if :: err == 0 -> {let_go} :: else fi; "
        else:
            yield "    drops = 0;"
        take = f"if :: err == 0 -> {w}_an++ :: else fi; " if event == r.take and not with_ else ""
        yield f"    if\n    :: drops == 0 -> ev = {self.events[name][event]}; chain_{name}(); {release}{take}"
        yield f"      if :: {final} -> {w}_dead = 2 :: else fi"
        yield "    :: else\n    fi; drops = 0\n  :: else\n  fi;"

    def _others(self, op: Operation, r: Resource, n: int) -> Iterator[str]:
        """Everybody who holds the instance of a level, the caller too."""
        path = self.m.path(r.name)
        yield f"    others = w_{r.name}_an; x = 0;\n    do\n    :: x < N ->"
        yield (f"      if :: md[x] != 0 && ty[x] == 1 && al[x * L + {n}] && hl[x * L + {n}] && {self._index('x', path)} == i_{r.name} -> "
               f"others++ :: else fi; x++")
        yield "    :: else -> break\n    od; x = 0;"
        for child in self.m.children(r.name):
            size = len(self.keys[child])
            there = f"st_{child}[i_{r.name} * {size} + j] != 0"
            if child in op.path:
                there = (f"((i_{r.name} * {size} + j == i_{child} && w_{child}_dead == 0) || "
                         f"(i_{r.name} * {size} + j == i_{child} && w_{child}_dead == 1 && {there})"
                         f" || (i_{r.name} * {size} + j != i_{child} && {there}))")
            yield f"    j = 0; do :: j < {size} -> if :: {there} -> others++ :: else fi; j++ :: else -> break od; j = 0;"

    def _finish(self, op: Operation, part: str) -> Iterator[str]:
        """Writes back, lets instances end, and sets what the caller is."""
        if part != "free":
            told = "err == 1" if part in ("gives", "acquires") or any(True for _ in op.deny) else "err == 1 || err == 3"
            yield f"  if :: CLEAN && ({told}) -> found_denied() :: else fi;"
        yield "  if\n  :: err == 4 -> err = 0; called = 0  /* nothing there, and that is fine */"
        yield "  :: err == 0 || (called && err != 3) ->"
        for name in op.path:
            w = f"w_{name}"
            slot = f"; sl_{name}[i_{name}] = {w}_sl" if name in self.slotted else ""
            yield (f"    if :: {w}_dead != 1 -> st_{name}[i_{name}] = {w}_st; kd_{name}[i_{name}] = {w}_kd; an_{name}[i_{name}] = {w}_an; "
                   f"gh_{name}[i_{name}] = {w}_gh{slot} :: else fi;")
        if part == "releases":
            yield from self._dropped(op)
        for name in reversed(op.path):
            yield f"    if :: w_{name}_dead == 2 && st_{name}[i_{name}] != 0 -> end_{name}(0) :: else fi;"
        yield "    skip"
        yield "  :: else ->"
        if op.form is Form.WITH:
            for n, name in enumerate(op.path):
                yield f"    hl[c * L + {n}] = w_{name}_hl;"
        yield "    skip\n  fi;"
        yield from self._caller(op, part)
        yield from self._promises(op, part)
        yield f"  {self._reset(op)}"
        yield "  quiet = 1; x = 0; do :: x < N -> if :: md[x] != 0 -> quiet = 0 :: else fi; x++ :: else -> break od; x = 0;"
        yield "  " + "; ".join(f"rest_{r.name}()" for r in self.resources) + ";"
        # Replayed, the verifier says what happened: calls first, then the operation, its caller, and key and kind of each level.
        keys = " ".join("%d/%d" for _ in op.path)
        values = ", ".join(f"k_{name}, w_{name}_kd" for name in op.path)
        yield f"  c_code {{ if (readtrail) printf(\"STEP {op.name} %d {keys}\\n\", c, {values}); }};"
        yield "  c_code { if (is_clean) learn_slots(); if (is_strand && !rough) note_way(before); };"
        yield "  if :: bad == 0 && c_expr { IS_STUCK } -> stop = 1 :: else fi; assert(stop == 0);"
        taking = "false" if part in ("gives", "acquires") else "STRAND && rough == 0"
        yield f"  if :: bad == 0 || CLEAN :: bad != 0 && {taking} -> behind = 1 fi;"
        yield "  c = 0; err = 0; called = 0; bad = 0; rough = 0; before = 0"

    def _promises(self, op: Operation, part: str) -> Iterator[str]:
        """What a use leaves where it succeeds: learned where no call fails, else asked for."""
        if part not in ("uses", "acquires"):
            return
        sites = self._sites()
        for name in op.path:
            site = Site(op.name, name)
            n = sites.index(site)
            yield (f"  if :: err == 0 && w_{name}_dead == 0 && st_{name}[i_{name}] != 0 -> "
                   f"c_code {{ if (is_clean) learn({promise(n, site)}); }};")
            yield f"    if :: c_expr {{ LACKS_{n} }} -> found_hollow() :: else fi\n  :: else fi;"

    def _dropped(self, op: Operation) -> Iterator[str]:
        """Which of the caller's own references went, and whether one of somebody else's did."""
        drops = levels_of(self.m, op, "drop")
        for n, name in enumerate(op.path):
            if not drops[n]:
                continue
            same = " && ".join(f"kx[x * L + {k}] == k_{up} + 1" for k, up in enumerate(self.m.path(name)))
            went = f"(w_{name}_went || w_{name}_dead == 2)"
            yield f"    if\n    :: {went} && w_{name}_hl == 0 ->"
            yield ("      x = 0; do :: x < N -> "
                   f"if :: x != c && md[x] != 0 && ty[x] != 1 && al[x * L + {n}] && hl[x * L + {n}] && {same} -> "
                   "found_interference() :: else fi; x++ :: else -> break od; x = 0")
            yield f"    :: {went} && w_{name}_hl -> hl[c * L + {n}] = 0\n    :: else\n    fi;"

    def _caller(self, op: Operation, part: str) -> Iterator[str]:
        levels = range(self.depth)
        clear = "; ".join(f"hl[c * L + {n}] = 0; al[c * L + {n}] = 0; kx[c * L + {n}] = 0" for n in levels)
        reached = list(enumerate(op.path[:reach_of(op)]))
        relies = "; ".join(f"rl[c * L + {n}] = gh_{name}[i_{name}]" for n, name in reached) or "skip"
        forgets = "; ".join(f"rl[c * L + {n}] = 0" for n, _ in reached) or "skip"
        lets_go = "; ".join(f"rl[c * L + {n}] = 0" for n in levels)
        if self.slotted:
            clear += "; " + "; ".join(f"rs[c * L + {n}] = 0" for n in levels)
        idle = f"md[c] = 0; ty[c] = 0; {clear}"
        if part == "gives":
            sets = "; ".join(f"hl[c * L + {n}] = 1; al[c * L + {n}] = 1; kx[c * L + {n}] = k_{name} + 1" for n, name in enumerate(op.path))
            yield f"  if :: err == 0 -> md[c] = 1; ty[c] = 1; {sets} :: else fi;"
        elif part == "acquires":
            took = levels_of(self.m, op, "take")
            number = self.types[op.path, took]
            sets = "; ".join(f"hl[c * L + {n}] = {int(took[n])}; al[c * L + {n}] = 1; kx[c * L + {n}] = k_{name} + 1" for n,
                             name in enumerate(op.path))
            dead = " || ".join(f"w_{name}_dead == 2" for name in op.path)
            yield (f"  if :: err == 0 && ({dead}) -> found_dangling() "
                   f":: err == 0 && !({dead}) -> md[c] = 1; ty[c] = {number}; {sets}; {relies} :: else fi;")
        elif part == "uses":
            yield f"  if :: err == 0 -> {relies} :: else -> {forgets} fi;"
        elif part == "ends":
            yield f"  {lets_go}; if :: err == 0 -> {idle} :: else -> md[c] = 3 fi;"
        elif part == "releases":
            dropped = "; ".join(f"hl[c * L + {n}] = 0" for n, drop in enumerate(levels_of(self.m, op, "drop")) if drop)
            parts = "".join(f":: err == 0 && ty[c] == {number} -> md[c] = 3; {dropped}; ty[c] = {self.types[path, left]} "
                            for (path, took), number in self.types.items()
                            if (left := self._left(op, path, took)) is not None and any(left))
            whole = " || ".join(f"ty[c] == {number}" for (path, took), number in self.types.items()
                                if (left := self._left(op, path, took)) is not None and not any(left)) or "false"
            yield f"  {lets_go}; if {parts}:: err == 0 && ({whole}) -> {idle} :: err != 0 -> md[c] = 3 fi;"

    def _reset(self, op: Operation) -> str:
        return "; ".join(f"w_{name}_dead = 0; w_{name}_let = 0; w_{name}_hl = 0; w_{name}_new = 0; w_{name}_went = 0"
                         for name in op.path) + ";"
