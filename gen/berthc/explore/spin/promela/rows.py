"""What one state does with one event: the call, its outcomes, what is true in the backend then, and
the slot of a new instance."""
from __future__ import annotations

from collections.abc import Iterator

from berthc.inputs.conditions import fold
from berthc.explore.spin.promela.base import Base
from berthc.explore.states.backend import Effects
from berthc.model import Resource, Row, State, Target


class Rows(Base):
    """Rows as text."""

    def _slot(self, r: Resource) -> Iterator[str]:
        """The lowest free slot for a new instance, or `err = 3`."""
        size, most = self.count[r.name], self.capacity[r.name]
        if r.name in self.slotted:
            yield f"inline slot_{r.name}() {{\n  j = 1; x = 0;"
            yield (f"  do\n  :: x < {size} && sl_{r.name}[x] == j -> j++; x = 0\n  :: x < {size} "
                   f"&& sl_{r.name}[x] != j -> x++\n  :: else -> break\n  od; x = 0;")
            yield f"  if :: j > {most} -> err = 3 :: else -> w_{r.name}_sl = j fi; j = 0\n}}"
        elif self._may_fill(r.name):
            yield f"inline slot_{r.name}() {{\n  j = 0; x = 0;"
            yield (
                f"  do :: x < {size} -> if :: st_{r.name}[x] != 0 -> j++ :: else fi; x++ :: else ->"
                " break od; x = 0;"
            )
            yield f"  if :: j >= {most} -> err = 3 :: else fi; j = 0\n}}"

    def _chain(self, r: Resource) -> Iterator[str]:
        """`ev` and all that it raises, on the copy of an instance; `err` is 1 after a reject that
        is told, 2 after other errors."""
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
                yield (f"    :: {here} -> {self._refuse(False)}" if r.otherwise
                       else f"    :: {here} -> assert(false)  /* a hole */")
            return
        policy = any(row.guard is not None for row in rows)
        kinds = sorted({c.kind for c in self.choices[r.name]})
        for kind in kinds:
            fields = next(c.fields for c in self.choices[r.name] if c.kind == kind)
            row = next(row for row in rows if row.guard is None
                       or fold(row.guard, self._known(r, fields)) is True)
            condition = here if len(kinds) == 1 else f"{here} && {w}_kd == {kind}"
            yield f"    :: {condition} -> {self._row(r, row, policy, w, level)}"

    @staticmethod
    def _refuse(policy: bool) -> str:
        return f"if :: err == 0 -> err = {2 if policy else 1} :: else fi; ev = 0"

    def _ran(self, row: Row, outcome: int) -> str:
        n = next(n for n, other in enumerate(self.rows) if other is row) * 4 + outcome
        return (
            f"c_code {{ if (!ran[{n}]) {{ ran[{n}] = 1; printf(\"ROW {n // 4} {n % 4}\\n\"); }}"
            " }; "
        )

    def _row(self, r: Resource, row: Row, policy: bool, w: str, level: int) -> str:
        if row.reject is not None:
            return self._refuse(policy)
        hook = self.m.hook(row.call) if row.call is not None else None
        assert row.ok is not None
        if hook is None:
            return self._ran(row, 0) + self._go(r, row.ok, w)
        if hook.name in self.without:
            return (self._refuse(True) if hook.absent is not None else self._ran(row, 0)
                    + self._go(r, row.ok, w))
        assert row.fail is not None
        of = self.effects[hook.name]
        uncertain = row.uncertain or row.fail
        failed = "if :: err == 0 -> err = 2 :: else fi; "
        did = self._effect(r, of, w, level)
        out = "called = 1; " + self._double(of, w) + "\n      if"
        said = [f'c_code {{ if (readtrail) printf("CALL {hook.name} {how}\\n"); }}; '
                for how in ("ok 1", "fail 0", "uncertain 1", "uncertain 0")]
        out += f"\n      :: {self._ran(row, 0)}{said[0]}{did}{self._go(r, row.ok, w)}"
        failed += "rough = 1; "
        out += (
            f"\n      :: MAYFAIL -> {self._ran(row, 1)}{said[1]}{failed}{self._go(r, row.fail, w)}"
        )
        out += (
            "\n      :: MAYFAIL ->"
            f" {self._ran(row, 2)}{said[2]}{did}{failed}{self._go(r, uncertain, w)}"
        )
        out += (
            f"\n      :: MAYFAIL -> {self._ran(row, 2)}{said[3]}{failed}{self._go(r, uncertain, w)}"
        )
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
            same = " && ".join(f"kx[x * L + {n}] == k_{up} + 1"
                               for n, up in enumerate(self.m.path(r.name)))
            # what the same request brought about, nobody else relies on
            before = f"gh_{r.name}[i_{r.name}]"
            out += (f"if :: {w}_new == 0 && ({w}_gh & {before} & {of.undoes}) != 0 -> x = 0; do "
                    f":: x < N -> "
                    f"if :: x != c && (rl[x * L + {level}] & {w}_gh & {before} & {of.undoes}) != "
                    f"0 && al[x * L + {level}] && {same} -> "
                    f"found_interference() :: else fi; x++ :: else -> break od; x = 0 :: else fi; "
                    f"{w}_gh = {w}_gh & ~{of.undoes}; ")
        if of.own:
            out += f"{w}_gh = {w}_gh | {of.own}; "
        return out
