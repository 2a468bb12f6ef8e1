"""What an operation does, step by step, and what its caller is afterwards."""
from __future__ import annotations

from collections.abc import Iterator

from berthc.explore.callers.contract import levels_of, relied_levels
from berthc.explore.spin.promela.paths import Paths
from berthc.explore.spin.verifier import promise
from berthc.model import Form, Operation, Resource


class Operations(Paths):
    """Operations as text."""

    def _operation(self, op: Operation) -> Iterator[str]:
        part = self._part(op)
        yield f"inline pick_{op.name}() {{\n  if"
        for n in range(1 if part == "free" else self.callers):
            yield f"  :: {self._may(part, op, n)} -> c = {'N' if part == 'free' else n}"
        yield "  fi\n}"
        yield (
            f"inline op_{op.name}() {{\n  err = 0; bad = 0; called = 0; ev = 0; stolen = 0; quiet ="
            " 0; rough = 0;"
        )
        yield "  before = c_expr { STATE_NODE };"
        yield from self._resolve(op, part)
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
        fit = [str(number) for (path, took), number in self.types.items()
               if self._left(op, path, took) is not None]
        return f"md[{n}] != 0 && ({' || '.join(f'ty[{n}] == {f}' for f in fit) or 'false'})"

    def _gives(self, op: Operation) -> str:
        out = "skip"
        if op.gives:
            for name in op.path:
                take = self.m.resource(name).take
                if take is not None:
                    out += (
                        f"; if :: err == 0 -> ev = {self.events[name][take]}; chain_{name}() ::"
                        " else fi"
                    )
        return out

    def _step(self, op: Operation, part: str, name: str, event: str) -> Iterator[str]:
        r = self.m.resource(name)
        n = op.path.index(name)
        w = f"w_{name}"
        with_ = op.form is Form.WITH
        skip = f"{w}_dead" + (f" || hl[c * L + {n}] == 0" if with_ else "")
        final = (" || ".join(f"{w}_st == {self.states[name][s.name]}" for s in r.states if s.final)
                 or "false")
        yield f"  if\n  :: err == 0 && !({skip}) ->"
        release = ""
        if event == r.drop:
            yield f"    {w}_let = 1;"
            yield from self._others(op, r, n)
            own = "1" if with_ else f"({w}_an > 0 -> 1 : 0)"
            let_go = (f"hl[c * L + {n}] = 0" if with_
                      else f"if :: {w}_an > 0 -> {w}_an--; {w}_went = 1 :: else fi")
            # What is dropped is put back where the operation turns out never to have begun.
            yield (
                f"    if\n    :: others > {own} -> {let_go}; drops = 1\n    :: else -> drops = 0\n "
                "   fi; others = 0;"
            )
            release = f"if :: err == 0 -> {let_go} :: else fi; "
        else:
            yield "    drops = 0;"
        take = f"if :: err == 0 -> {w}_an++ :: else fi; " if event == r.take and not with_ else ""
        yield (
            f"    if\n    :: drops == 0 -> ev = {self.events[name][event]}; chain_{name}();"
            f" {release}{take}"
        )
        yield f"      if :: {final} -> {w}_dead = 2 :: else fi"
        yield "    :: else\n    fi; drops = 0\n  :: else\n  fi;"

    def _others(self, op: Operation, r: Resource, n: int) -> Iterator[str]:
        """Everybody who holds the instance of a level, the caller too."""
        path = self.m.path(r.name)
        yield f"    others = w_{r.name}_an; x = 0;\n    do\n    :: x < N ->"
        yield (f"      if :: md[x] != 0 && ty[x] == 1 && al[x * L + {n}] && hl[x * L + {n}] && "
               f"{self._index('x', path)} == i_{r.name} -> others++ :: else fi; x++")
        yield "    :: else -> break\n    od; x = 0;"
        for child in self.m.children(r.name):
            size = len(self.keys[child])
            there = f"st_{child}[i_{r.name} * {size} + j] != 0"
            if child in op.path:
                there = (f"((i_{r.name} * {size} + j == i_{child} && w_{child}_dead == 0) || "
                         f"(i_{r.name} * {size} + j == i_{child} && w_{child}_dead == 1 && {there})"
                         f" || (i_{r.name} * {size} + j != i_{child} && {there}))")
            yield (
                f"    j = 0; do :: j < {size} -> if :: {there} -> others++ :: else fi; j++ :: else"
                " -> break od; j = 0;"
            )

    def _finish(self, op: Operation, part: str) -> Iterator[str]:
        """Writes back, lets instances end, and sets what the caller is."""
        if part != "free":
            refused = ("err == 1" if part in ("gives", "acquires") or any(True for _ in op.deny)
                       else "err == 1 || err == 3")
            yield f"  if :: CLEAN && ({refused}) -> found_denied() :: else fi;"
        yield "  if\n  :: err == 4 -> err = 0; called = 0  /* nothing there, and that is fine */"
        yield "  :: err == 0 || (called && err != 3) ->"
        for name in op.path:
            w = f"w_{name}"
            slot = f"; sl_{name}[i_{name}] = {w}_sl" if name in self.slotted else ""
            yield (f"    if :: {w}_dead != 1 -> st_{name}[i_{name}] = {w}_st; kd_{name}[i_{name}] "
                   f"= {w}_kd; an_{name}[i_{name}] = {w}_an; "
                   f"gh_{name}[i_{name}] = {w}_gh{slot} :: else fi;")
        if part == "releases":
            yield from self._dropped(op)
        for name in reversed(op.path):
            yield (
                f"    if :: w_{name}_dead == 2 && st_{name}[i_{name}] != 0 -> end_{name}(0) ::"
                " else fi;"
            )
        yield "    skip"
        yield "  :: else ->"
        if op.form is Form.WITH:
            for n, name in enumerate(op.path):
                yield f"    hl[c * L + {n}] = w_{name}_hl;"
        yield "    skip\n  fi;"
        yield from self._caller(op, part)
        yield from self._promises(op)
        yield f"  {self._reset(op)}"
        yield (
            "  quiet = 1; x = 0; do :: x < N -> if :: md[x] != 0 -> quiet = 0 :: else fi; x++ ::"
            " else -> break od; x = 0;"
        )
        yield "  " + "; ".join(f"rest_{r.name}()" for r in self.resources) + ";"
        # Replayed, the verifier says what happened: calls first, then the operation, its caller,
        # and key and kind of each level.
        keys = " ".join("%d/%d" for _ in op.path)
        values = ", ".join(f"k_{name}, w_{name}_kd" for name in op.path)
        yield (
            f"  c_code {{ if (readtrail) printf(\"STEP {op.name} %d {keys}\\n\", c, {values}); }};"
        )
        yield (
            "  c_code { if (is_clean) learn_slots(); if (is_strand && !rough) note_way(before); };"
        )
        yield "  if :: bad == 0 && c_expr { IS_STUCK } -> stop = 1 :: else fi; assert(stop == 0);"
        taking = "false" if part in ("gives", "acquires") else "STRAND && rough == 0"
        yield f"  if :: bad == 0 :: bad != 0 && {taking} -> behind = 1 fi;"
        yield "  c = 0; err = 0; called = 0; bad = 0; rough = 0; before = 0"

    def _promises(self, op: Operation) -> Iterator[str]:
        """What a use leaves where it succeeds: learned where no call fails, else asked for."""
        for n, site in enumerate(self._sites()):
            if site.op != op.name:
                continue
            name = site.resource
            yield (f"  if :: err == 0 && w_{name}_dead == 0 && st_{name}[i_{name}] != 0 -> "
                   f"c_code {{ if (is_clean) learn({promise(n, site)}); }};")
            yield (
                f"    if :: c_expr {{ LACKS_{n} }} -> found_missing_effect() :: else fi\n  ::"
                " else fi;"
            )

    def _dropped(self, op: Operation) -> Iterator[str]:
        """Which of the caller's own references went, and whether one of somebody else's did."""
        drops = levels_of(self.m, op, "drop")
        for n, name in enumerate(op.path):
            if not drops[n]:
                continue
            same = " && ".join(f"kx[x * L + {k}] == k_{up} + 1"
                               for k, up in enumerate(self.m.path(name)))
            went = f"(w_{name}_went || w_{name}_dead == 2)"
            yield f"    if\n    :: {went} && w_{name}_hl == 0 ->"
            yield ("      x = 0; do :: x < N -> "
                   f"if :: x != c && md[x] != 0 && ty[x] != 1 && al[x * L + {n}] && hl[x * L + "
                   f"{n}] && {same} -> "
                   "found_interference() :: else fi; x++ :: else -> break od; x = 0")
            yield f"    :: {went} && w_{name}_hl -> hl[c * L + {n}] = 0\n    :: else\n    fi;"

    def _caller(self, op: Operation, part: str) -> Iterator[str]:
        levels = range(self.depth)
        clear = "; ".join(f"hl[c * L + {n}] = 0; al[c * L + {n}] = 0; kx[c * L + {n}] = 0"
                          for n in levels)
        reached = list(enumerate(op.path[:relied_levels(op)]))
        relies = ("; ".join(f"rl[c * L + {n}] = gh_{name}[i_{name}]" for n, name in reached)
                  or "skip")
        forgets = "; ".join(f"rl[c * L + {n}] = 0" for n, _ in reached) or "skip"
        lets_go = "; ".join(f"rl[c * L + {n}] = 0" for n in levels)
        if self.slotted:
            clear += "; " + "; ".join(f"rs[c * L + {n}] = 0" for n in levels)
        idle = f"md[c] = 0; ty[c] = 0; {clear}"
        if part == "gives":
            sets = "; ".join(
                f"hl[c * L + {n}] = 1; al[c * L + {n}] = 1; kx[c * L + {n}] = k_{name} + 1"
                for n, name in enumerate(op.path))
            yield f"  if :: err == 0 -> md[c] = 1; ty[c] = 1; {sets} :: else fi;"
        elif part == "acquires":
            took = levels_of(self.m, op, "take")
            number = self.types[op.path, took]
            sets = "; ".join(f"hl[c * L + {n}] = {int(took[n])}; al[c * L + {n}] = 1; kx[c * L + "
                             f"{n}] = k_{name} + 1" for n, name in enumerate(op.path))
            dead = " || ".join(f"w_{name}_dead == 2" for name in op.path)
            yield (f"  if :: err == 0 && ({dead}) -> found_dangling() "
                   f":: err == 0 && !({dead}) -> md[c] = 1; ty[c] = {number}; {sets}; {relies} :: "
                   f"else fi;")
        elif part == "uses":
            yield f"  if :: err == 0 -> {relies} :: else -> {forgets} fi;"
        elif part == "ends":
            yield f"  {lets_go}; if :: err == 0 -> {idle} :: else -> md[c] = 3 fi;"
        elif part == "releases":
            dropped = "; ".join(f"hl[c * L + {n}] = 0"
                                for n, drop in enumerate(levels_of(self.m, op, "drop")) if drop)
            parts = "".join(f":: err == 0 && ty[c] == {number} -> md[c] = 3; {dropped}; ty[c] = "
                            f"{self.types[path, left]} "
                            for (path, took), number in self.types.items()
                            if (left := self._left(op, path, took)) is not None and any(left))
            whole = (" || ".join(f"ty[c] == {number}" for (path, took), number in self.types.items()
                                 if (left := self._left(op, path, took)) is not None
                                 and not any(left)) or "false")
            yield (
                f"  {lets_go}; if {parts}:: err == 0 && ({whole}) -> {idle} :: err != 0 -> md[c] ="
                " 3 fi;"
            )

    def _reset(self, op: Operation) -> str:
        return ("; ".join(f"w_{name}_dead = 0; w_{name}_let = 0; w_{name}_hl = 0; w_{name}_new = "
                          f"0; w_{name}_went = 0" for name in op.path) + ";")
