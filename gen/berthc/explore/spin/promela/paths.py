"""Where an operation finds the instances of its path: by what callers say, by what they hold, or by
a slot."""
from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from berthc.inputs.conditions import fold
from berthc.explore.callers.inputs import Choice
from berthc.explore.spin.promela.ends import Ends
from berthc.model import AssignedKind, Form, Operation, Ref, Resource
from berthc.semantics import Value


class Paths(Ends):
    """The first part of an operation as text."""

    def _resolve(self, op: Operation, part: str) -> Iterator[str]:
        """Loads copies of the path, or `err = 3`: refused, and nothing has happened."""
        if op.form is Form.WITH or part == "releases":
            yield from self._own_path(op)
        else:
            yield from self._choose(op, part)

    def _own_path(self, op: Operation) -> Iterator[str]:
        full = " && ".join(f"hl[c * L + {n}]" for n in range(len(op.path)))
        for n, name in enumerate(op.path):
            w = f"w_{name}"
            yield (f"  k_{name} = 0; i_{name} = 0; w_{name}_new = 0; {w}_st = 0; {w}_an = 0; "
                   f"{w}_gh = 0; {w}_kd = 0; {w}_hl = hl[c * L + "
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
            yield (
                f"  if :: al[c * L + {last}] -> {loads} :: else -> err ="
                f" {4 if op.absent_ok else 3} fi;"
            )
            return
        for n, name in enumerate(op.path):
            above = "0" if n == 0 else f"i_{op.path[n - 1]} * {len(self.keys[name])}"
            make = self._make(op, self.m.resource(name), n == len(op.path) - 1)
            if op.form is Form.OBTAIN:
                make += f"; w_{name}_dead = 0; w_{name}_kd = {self.choices[name][0].kind}"
            yield (
                f"  k_{name} = kx[c * L + {n}] - 1; i_{name} = {above} + k_{name}; o_{name} ="
                f" i_{name};"
            )
            yield (f"  if :: err == 0 && st_{name}[i_{name}] != 0 -> {self._copy(name)} :: err == "
                   f"0 && st_{name}[i_{name}] == 0 -> {make} :: else fi;")

    def _by_slot(self, op: Operation) -> bool:
        return any(a.name == op.by and a.kind is AssignedKind.POOL
                   for a in self.m.resource(op.target).assigned)

    def _own_slot(self, op: Operation) -> Iterator[str]:
        """Where the slot leads that the caller knows: to its own instance, or to what was given the
        slot when that had ended."""
        last, target = len(op.path) - 1, op.target
        own = "0"
        for n, name in enumerate(op.path):
            own = ("kx[c * L] - 1" if n == 0
                   else f"({own}) * {len(self.keys[name])} + kx[c * L + {n}] - 1")
        yield f"  j = 0;\n  if :: al[c * L + {last}] -> j = {own}"
        yield (f"  :: else -> do :: j < {self.count[target]} && (st_{target}[j] == 0 || "
               f"sl_{target}[j] != rs[c * L + {last}]) -> j++ :: else -> break od fi;")
        yield f"  if :: j == {self.count[target]} -> err = {4 if op.absent_ok else 3}"
        yield "  :: else ->"
        below = 1
        for n, name in reversed(list(enumerate(op.path))):
            w = f"w_{name}"
            size = len(self.keys[name])
            yield f"    i_{name} = j / {below}; k_{name} = i_{name} % {size}; {self._copy(name)};"
            yield (
                f"    if :: al[c * L + {n}] == 0 || kx[c * L + {n}] != k_{name} + 1 -> {w}_hl = 0"
                " :: else fi;"
            )
            below *= size
        # below another instance nothing is the caller's own
        for n, (up, name) in enumerate(zip(op.path, op.path[1:], strict=False)):
            yield (
                f"    if :: w_{up}_hl == 0 && kx[c * L + {n}] != k_{up} + 1 -> w_{name}_hl = 0 ::"
                " else fi;"
            )
        yield "  fi; j = 0;"

    def _load(self, op: Operation, n: int, name: str) -> str:
        above = "0" if n == 0 else f"i_{op.path[n - 1]} * {len(self.keys[name])}"
        return f"k_{name} = kx[c * L + {n}] - 1; i_{name} = {above} + k_{name}; {self._copy(name)}"

    def _choose(self, op: Operation, part: str) -> Iterator[str]:
        """Any of what callers say; instances that are not there are made on the copy."""
        allowed: dict[tuple[Choice, ...], bool] = {}
        for combination in product(*(self.choices[name] for name in op.path)):
            allowed[combination] = not self._denied(op, combination)
        known = {(c.resource, c.kind, c.key) for some in self.choices.values() for c in some}
        yield "  if"
        if part == "free":
            for combination in product(*(self.spare[name] for name in op.path)):
                if (any((c.resource, c.kind, c.key) not in known for c in combination)
                    and not self._denied(op, combination)):
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
            compare = ("" if op.form is not Form.OBTAIN
                       else f"if :: kd_{name}[i_{name}] != {w}_kd -> err = 3 :: else fi; ")
            found = "err = 3" if op.form is Form.CREATE and last else f"{compare}{self._copy(name)}"
            yield (
                f"  i_{name} = {above} + k_{name}; o_{name} = i_{name}; {w}_new = 0; {w}_dead = 0;"
                f" {w}_hl = 0; {w}_let = 0;"
            )
            yield (
                f"  if :: err == 0 && st_{name}[i_{name}] != 0 -> {found} :: err == 0 &&"
                f" st_{name}[i_{name}] == 0 -> {make} :: else fi;"
            )

    def _sets(self, combination: tuple[Choice, ...]) -> str:
        return " ".join(
            f"k_{c.resource} = {self.keys[c.resource].index(c.key)}; w_{c.resource}_kd = {c.kind};"
            for c in combination)

    def _make(self, op: Operation, r: Resource, last: bool) -> str:
        w = f"w_{r.name}"
        if op.form is Form.OBTAIN or (op.form is Form.CREATE and last):
            state = op.enter if op.form is Form.CREATE and op.enter is not None else r.initial
            slot = f"; slot_{r.name}()" if r.name in self.slotted or self._may_fill(r.name) else ""
            return (
                f"{w}_new = 1; {w}_st = {self.states[r.name][state]}; {w}_an = 0; {w}_gh = 0{slot}"
            )
        return f"err = {4 if op.absent_ok else 3}"

    def _denied(self, op: Operation, combination: tuple[Choice, ...]) -> bool:
        given = {c.resource: c.fields for c in combination}

        def known(ref: Ref) -> Value | None:
            return (self.options[ref.name] if ref.scope == "option"
                    else given[op.target if ref.scope == "field" else ref.scope][ref.name])

        return any(fold(deny.guard, known) is True for deny in op.deny)
